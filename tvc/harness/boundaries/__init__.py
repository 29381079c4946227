"""Boundaries: the steps that an author did not think of, one tick around every threshold."""
