"""Editing what a part of the law puts, so that it goes wrong in one way."""

from collections.abc import Callable

from tvc.authority.context import Context, Verdict
from tvc.authority.state import Put, Table

Check = Callable[[Context], Verdict]
Follow = Callable[[Context], None]

#: Returns what is put instead; None for nothing.
Edit = Callable[[Context, Put], Put | None]


def edit_since(c: Context, before: int, edit: Edit) -> None:
    """Edit the effects from a position on."""
    edited = (edit(c, put) for put in c.effects[before:])
    c.effects[before:] = [put for put in edited if put is not None]


def without(table: Table) -> Edit:
    """Leave a table as it is."""
    return lambda _, put: None if put.table == table else put
