"""Measures: what a run comes to, streamed from its records in bounded memory."""
