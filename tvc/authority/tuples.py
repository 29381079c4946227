"""Named tuples, built at the price of plain ones.

The constructor of a `typing.NamedTuple` is a Python function, which costs more than the tuple. A
sign-in builds eight of them, and a simulated month makes millions of sign-ins.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T", bound=tuple[Any, ...])


def builder(kind: type[T]) -> Callable[[tuple[Any, ...]], T]:
    """Return a function from the values of all fields, in order, to a named tuple.

    It counts nothing: a test reads every place that calls one, and wants the values written out
    there. Each kind is built in one module.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> class Point(NamedTuple):
    ...     x: int
    ...     y: int
    >>> builder(Point)((1, 2))
    Point(x=1, y=2)
    """
    return partial(tuple.__new__, kind)
