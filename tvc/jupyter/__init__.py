"""Notebooks: how values are shown, the ``%%scenario`` cell magic, and the explorer.

All HTML of values is here; the classes themselves know nothing of it.
"""
