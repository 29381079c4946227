"""The event calendar: SimPy's, in whole milliseconds, with ties broken by who acts.

At one instant clocks are set first, then admins act, then users, then attackers, and among
equals whoever arrived first. SimPy breaks ties by the order in which events were created, which
means nothing to the people of a model; each event here carries its own rank as SimPy's priority.
"""

from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import Any, Final, cast

from simpy import Environment
from simpy.events import Event

_ARRIVALS: Final = 1 << 40
#: Before whatever is due at the same instant.
_FIRST: Final = -1


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

    A million of them may be pending, so their few fields are slots and not a dictionary.

    Attributes
    ----------
    at_ms
        The instant, in true time.
    """

    __slots__ = ("_ok", "_value", "at_ms", "callbacks", "env")

    def __init__(self, env: Environment, at_ms: int, action: "Action") -> None:
        self.env = env
        self.at_ms = at_ms
        self.callbacks = cast(Any, (action,))
        self._ok = True
        self._value = None


#: What is done when it is due; it is told the instant by the event.
Action = Callable[[Due], None]


class _Reached(Exception):
    """The instant up to which the calendar is carried out."""


def _stop(_event: Due) -> None:
    raise _Reached


class Kernel:
    """A calendar of actions."""

    __slots__ = ("_env", "_made", "_schedule")

    def __init__(self) -> None:
        self._env = Environment()
        # SimPy's own type of a priority is called like a function, millions of times.
        self._schedule = cast(Callable[[Due, int, int], None], self._env.schedule)
        self._made = 0

    @property
    def events(self) -> int:
        """Actions carried out so far."""
        return self._made - self.pending

    @property
    def now_ms(self) -> int:
        """The present instant, in true time."""
        return int(self._env.now)

    @property
    def pending(self) -> int:
        """How many actions are due later."""
        return len(self._env._queue)

    def at(self, at_ms: int, key: int, action: Action) -> None:
        """Carry out an action at an instant, now or later; ``key`` is a `tie_key`."""
        env = self._env
        self._made += 1
        self._schedule(Due(env, at_ms, action), key, at_ms - env._now)  # type: ignore[arg-type] # whole milliseconds

    def run(self, until_ms: int) -> None:
        """Carry out all actions due before an instant, in order."""
        env = self._env
        self._schedule(Due(env, until_ms, _stop), _FIRST, until_ms - self.now_ms)
        with suppress(_Reached):
            env.run()
