"""The driver of scenario timelines."""
