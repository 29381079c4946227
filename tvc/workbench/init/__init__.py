"""Drafting: a first suite for a policy, which its author has to review."""
