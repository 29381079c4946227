"""Runs: replications of arms on an engine, and the folders that keep their results."""
