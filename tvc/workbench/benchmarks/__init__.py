"""Benchmarks: what a model and a study cost beside the work that nobody can do without."""
