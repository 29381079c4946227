"""Traces: the audit of a run, and what must hold in it."""
