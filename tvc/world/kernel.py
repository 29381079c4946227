"""The event calendar: SimPy's, in whole milliseconds, with ties broken by who acts.

At one instant clocks are set first, then admins act, then users, then attackers, and among
equals whoever arrived first. SimPy breaks ties by the order in which events were created, which
means nothing to the people of a model; each event here carries its own rank as SimPy's priority.
"""

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from enum import IntEnum
from heapq import heappush
from typing import Final

from simpy import Environment
from simpy.events import Event

_ARRIVALS: Final = 1 << 40
#: Before whatever is due at the same instant.
_FIRST: Final = -1

_new: Final = object.__new__


class Rank(IntEnum):
    """Who acts first at one instant."""

    CLOCK = 0
    ADMIN = 1
    USER = 2
    ATTACKER = 3


def tie_key(rank: Rank, arrival: int) -> int:
    """Return the place among simultaneous events: by rank, then by arrival.

    Examples
    --------
    >>> tie_key(Rank.ADMIN, 7) < tie_key(Rank.USER, 0) < tie_key(Rank.USER, 1)
    True
    """
    return rank * _ARRIVALS + arrival


class Due(Event):
    """An action that is due at an instant: the smallest event that SimPy can process.

    Millions of them are made, and a million may be pending, so that it is a few slots that
    `Kernel.at` fills in, and neither a dictionary nor an initialiser.

    Attributes
    ----------
    at_ms
        The instant, in true time.
    """

    __slots__ = ("_ok", "at_ms", "callbacks")

    at_ms: int


#: What is done when it is due; it is told the instant by the event.
Action = Callable[[Due], None]


class _Reached(Exception):
    """The instant up to which the calendar is carried out."""


def _stop(_event: Due) -> None:
    raise _Reached


class Kernel(Environment):
    """A calendar of actions."""

    def __init__(self) -> None:
        super().__init__()
        self._stops = 0

    @property
    def events(self) -> int:
        """Actions carried out so far."""
        # SimPy numbers its events; looking at the next number takes none.
        return next(copy(self._eid)) - self._stops - self.pending

    @property
    def now_ms(self) -> int:
        """The present instant, in true time."""
        return int(self._now)

    @property
    def pending(self) -> int:
        """How many actions are due later."""
        return len(self._queue)

    def at(self, at_ms: int, key: int, action: Action) -> None:
        """Carry out an action at an instant, now or later; ``key`` is a `tie_key`."""
        due = _new(Due)
        due.at_ms = at_ms
        due.callbacks = (action,)  # type: ignore[assignment] # SimPy goes through them once
        due._ok = True
        # As `schedule` has it, but for the call and a delay that would be added to the present.
        heappush(self._queue, (at_ms, key, next(self._eid), due))  # type: ignore[misc]

    def run_until(self, until_ms: int) -> None:
        """Carry out all actions due before an instant, in order."""
        self.at(until_ms, _FIRST, _stop)
        self._stops += 1
        with suppress(_Reached):
            self.run()
