"""Temporary verification codes: a reference implementation and a policy test harness."""
