"""Temporary verification codes: a reference implementation and a policy test harness."""

__version__ = "0.1.0"
