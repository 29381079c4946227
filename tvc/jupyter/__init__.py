"""Notebooks: the ``%%scenario`` cell magic and the explorer.

How values show themselves is known to each of them (``_repr_html_``).
"""
