"""Tables with a row for each member of a closed list, checked when they are made."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class IncompleteTable(TypeError):
    """A table that lacks a row, or has one for what is not on its list."""


def total(members: Iterable[K], rows: Mapping[K, V]) -> dict[K, V]:
    """Return a table that has a row for every member of a list and no other row.

    A table made so at the top of a module fails when the module is imported, once a member is
    added that the table was not told about.

    Parameters
    ----------
    members
        The closed list: an enumeration, the keys of another table, the fields of a value.
    rows
        What stands for each member.

    Raises
    ------
    IncompleteTable
        Naming the members without a row, and the rows that are no member's.

    Examples
    --------
    >>> total(("max", "idle"), {"max": 1, "idle": 2})
    {'max': 1, 'idle': 2}
    >>> total(("max", "idle"), {"max": 1, "idel": 2})
    Traceback (most recent call last):
    tvc.authority.total.IncompleteTable: no row for 'idle'; not on the list: 'idel'
    """
    wanted = dict.fromkeys(members)
    missing = [_name(member) for member in wanted if member not in rows]
    unknown = [_name(key) for key in rows if key not in wanted]
    faults = []
    if missing:
        faults.append(f"no row for {', '.join(missing)}")
    if unknown:
        faults.append(f"not on the list: {', '.join(unknown)}")
    if faults:
        raise IncompleteTable("; ".join(faults))
    return dict(rows)


def _name(member: object) -> str:
    kind = type(member)
    return f"{kind.__name__}.{member.name}" if isinstance(member, Enum) else repr(member)
