"""The bounds that a state holds: readings at which some decision is about to turn."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tvc.authority.edges import Turn, edges
from tvc.authority.policy import Policy
from tvc.authority.state import State
from tvc.authority.total import total
from tvc.domain.cases import Clock

#: Of a million: a clock that loses as much stands still.
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Bound:
    """A reading from which on something is otherwise than before.

    Attributes
    ----------
    threshold
        Which threshold of the policy: ``code.live``, ``lockout.for``, as coverage names them.
    reading_ms
        The first reading on its far side.
    key
        Whose it is: the account or person, and what tells it from others of theirs (the code's
        ordinal, the path of a lock, the name of a rate limit, who approved).
    """

    threshold: str
    reading_ms: int
    key: tuple[str, str]

    @property
    def of(self) -> str:
        """Whose it is, for people: ``ana#1`` for a code, ``ana``, ``ana/code``."""
        mark = "#" if self.threshold == "code.live" else "/"
        return mark.join(part for part in self.key if part)


def bounds_of(state: State, policy: Policy) -> tuple[Bound, ...]:
    """Return the bounds of a state under a policy, each once, in a stable order."""
    return tuple(dict.fromkeys(_bounds(state, policy)))


def _bounds(state: State, policy: Policy) -> Iterator[Bound]:
    for edge in edges(state, policy):
        threshold = _THRESHOLDS[edge.turn]
        # A limit turns nothing while it is not reached.
        if threshold is not None and edge.alone:
            yield Bound(threshold, edge.reading_ms, (edge.subject, edge.of))


#: The threshold that each turn is, as coverage names it; None where coverage has none.
_THRESHOLDS: Final[Mapping[Turn, str | None]] = total(
    Turn,
    {
        Turn.CODE_ENDS: "code.live",
        Turn.LOCK_ENDS: "lockout.for",
        Turn.SESSION_TOO_OLD: "session.max",
        Turn.SESSION_IDLE: "session.idle",
        Turn.SESSION_CODE_ENDS: "session.ends_with_code",
        Turn.APPROVAL_LAPSES: "issuer.approval_valid",
        Turn.GENERATION_LEAVES: "rates.rolling.per",
        Turn.WINDOW_BEGINS: None,
        Turn.WINDOW_ENDS: "rates.clock_hour.per",
        Turn.TOKEN_COMES: "rates.bucket.token",
    },
)


def first_at(clock: Clock | None, reading_ms: int) -> int | None:
    """Return the first true time at which a clock shows a reading or a later one.

    Parameters
    ----------
    clock
        The clock; None for one that shows true time.
    reading_ms
        The reading.

    Returns
    -------
    int or None
        May be negative; None for a clock that stands still.

    Examples
    --------
    >>> first_at(Clock("slow", -90_000), 3_600_000)
    3690000
    >>> drifting = Clock("gaining", 0, 20)
    >>> moment = first_at(drifting, 86_400_000)
    >>> moment, drifting.read(moment - 1) < 86_400_000 <= drifting.read(moment)
    (86398273, True)
    """
    if clock is None:
        return reading_ms
    speed = _MILLION + clock.drift_ppm
    if speed <= 0:
        return None
    near_ms = (reading_ms - clock.offset_ms) * _MILLION // speed
    # A reading is rounded down by less than a millisecond, which is less than this of true time.
    around = range(near_ms - _MILLION - 1, near_ms + _MILLION + 2)
    return around[bisect_left(around, reading_ms, key=clock.read)]
