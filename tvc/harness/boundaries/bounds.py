"""The bounds that a state holds: readings at which some decision is about to turn."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tvc.authority.policy import Policy, RateLimit
from tvc.authority.state import Session, State
from tvc.files.cases import Clock

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
    found = (
        *_codes(state, policy),
        *_locks(state),
        *_sessions(state, policy),
        *_approvals(state, policy),
        *_rates(state, policy),
    )
    return tuple(dict.fromkeys(found))


def _codes(state: State, policy: Policy) -> Iterator[Bound]:
    for subject, codes in sorted(state.codes.items()):
        for code in codes:
            if code.ended is None:
                end_ms = code.expires_ms + policy.clock.leeway_ms
                yield Bound("code.live", end_ms, (subject, str(code.ordinal)))


def _locks(state: State) -> Iterator[Bound]:
    for key, guard in sorted(state.guards.items()):
        if guard.locked_until_ms is not None:
            yield Bound("lockout.for", guard.locked_until_ms, key)


def _sessions(state: State, policy: Policy) -> Iterator[Bound]:
    for person, session in sorted(state.sessions.items()):
        if session.ended is None:
            for name, end_ms in _ends(session, policy):
                yield Bound(f"session.{name}", end_ms, (person, ""))


def _ends(session: Session, policy: Policy) -> Iterator[tuple[str, int]]:
    rules = policy.session
    if rules.max_ms is not None:
        yield "max", session.started_ms + rules.max_ms
    if rules.idle_ms is not None:
        yield "idle", session.latest_ms + rules.idle_ms
    if rules.ends_with_code and session.code_expires_ms is not None:
        yield "ends_with_code", session.code_expires_ms + policy.clock.leeway_ms


def _approvals(state: State, policy: Policy) -> Iterator[Bound]:
    needed = policy.issuer.approvals
    if not (needed.standard or needed.privileged):
        return
    for subject, given in sorted(state.approvals.items()):
        for account, reading_ms in given:
            end_ms = reading_ms + policy.issuer.approval_valid_ms
            yield Bound("issuer.approval_valid", end_ms, (subject, account))


def _rates(state: State, policy: Policy) -> Iterator[Bound]:
    limits = {limit.name: limit for limit in policy.rates}
    for (name, counted_for), memory in sorted(state.rates.items()):
        threshold, turns = _TURNS[limits[name].window]
        for reading_ms in turns(limits[name], memory):
            yield Bound(threshold, reading_ms, (counted_for, name))


# A limit turns nothing while it is not reached: what is left of a window then changes no answer.


def _rolling(limit: RateLimit, memory: tuple[Any, ...]) -> Iterator[int]:
    if len(memory) >= limit.limit:
        yield memory[-limit.limit] + limit.per_ms


def _clock_hour(limit: RateLimit, memory: tuple[Any, ...]) -> Iterator[int]:
    for window, count in memory:
        if count >= limit.limit:
            yield (window + 1) * limit.per_ms


def _bucket(limit: RateLimit, memory: tuple[Any, ...]) -> Iterator[int]:
    units, reading_ms = memory
    missing = limit.per_ms - units
    if missing > 0:
        yield reading_ms + -(-missing // limit.limit)


_TURNS: Final[dict[str, tuple[str, Callable[[RateLimit, tuple[Any, ...]], Iterator[int]]]]] = {
    "rolling": ("rates.rolling.per", _rolling),
    "clock_hour": ("rates.clock_hour.per", _clock_hour),
    "bucket": ("rates.bucket.token", _bucket),
}


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
