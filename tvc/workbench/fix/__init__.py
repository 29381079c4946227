"""Fixing: missing and changed expectations written in place, everything else byte for byte."""
