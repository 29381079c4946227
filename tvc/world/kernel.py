"""The event calendar: SimPy's, in whole milliseconds, with ties broken by who acts.

At one instant clocks are set first, then admins act, then users, then attackers, and among
equals whoever arrived first. SimPy breaks ties by the order in which events were created, which
means nothing to the people of a model; each event here carries its own rank as SimPy's priority.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final, cast

from simpy import Environment
from simpy.events import Event, EventPriority

_ARRIVALS: Final = 1 << 40


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


class Kernel:
    """A calendar of actions.

    Attributes
    ----------
    events : int
        Actions carried out so far.
    """

    __slots__ = ("_env", "events")

    def __init__(self) -> None:
        self._env = Environment()
        self.events = 0

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
        env.schedule(Due(env, at_ms, action), EventPriority(key), at_ms - env._now)

    def run(self, until_ms: int) -> None:
        """Carry out all actions due before an instant, in order."""
        env = self._env
        step, peek = env.step, env.peek
        done = 0
        try:
            while peek() < until_ms:
                step()
                done += 1
        finally:
            self.events += done
