"""Rate limits: what fills a window, who is counted, and when there is room again."""

from collections.abc import Collection, Iterator
from itertools import count
from typing import Final

from tvc.authority.durations import DAY_MS, HOUR_MS, format_duration
from tvc.authority.policy import Policy, RateLimit
from tvc.workbench.recipes.sketch import MOST, Sketch, Stage

_TOPIC: Final = "Rate limits"
_SCOPES: Final = ("subject", "issuer", "org")
#: One more than the limits that nobody set but somebody might.
_BUSY: Final = 7


def pace(policy: Policy, count: int, scopes: Collection[str] = _SCOPES) -> int:
    """Return a gap between generations, in milliseconds, that every rate limit lets through.

    Parameters
    ----------
    policy
        The policy.
    count
        How many generations there are.
    scopes
        The scopes in which they count together.

    Examples
    --------
    >>> pace(Policy(), 6), pace(Policy(), 7)
    (1, 600000)
    """
    binding = (one for one in policy.rates if one.limit < count and one.scope in scopes)
    return max((-(-limit.per_ms // limit.limit) for limit in binding), default=1)


def limits(policy: Policy) -> Iterator[Sketch]:
    """Fill the windows of each limit, and those of limits that are not there."""
    for limit in policy.rates:
        if limit.limit <= MOST:
            per = format_duration(limit.per_ms)
            why = f"{limit.name}: {limit.limit} codes in {per} ({limit.window}), "
            why += f"for each {limit.scope}"
            yield _full(policy, limit).sketch(_TOPIC, f"limit-{limit.name}-full", why)
            yield _refilled(policy, limit).sketch(_TOPIC, f"limit-{limit.name}-full-again", why)
    gap = pace(policy, _BUSY, ("issuer", "org"))
    if _BUSY * gap < HOUR_MS:
        stage = Stage(policy)
        for number in range(_BUSY):
            stage.issue(f"user{number + 1}", at=number * gap)
        why = f"{_BUSY} codes by one issuer within {format_duration(HOUR_MS)}"
        yield stage.sketch(_TOPIC, "busy-issuer", why)
    gap = pace(policy, _BUSY)
    if _BUSY * gap < DAY_MS:
        stage = Stage(policy)
        for number in range(_BUSY):
            stage.issue(at=number * gap).expire(at=number * gap)
        yield stage.sketch(_TOPIC, "busy-day", f"{_BUSY} codes for one user within a day")


class _Filling:
    """Generates as often as is asked, with nothing but one limit in the way."""

    def __init__(self, policy: Policy, limit: RateLimit) -> None:
        self.stage = Stage(policy)
        self._own = limit.scope == "subject"
        self._fresh = (f"user{number}" for number in count(1))
        others = [one.limit for one in policy.rates if one.scope == "issuer"]
        self._each = MOST * MOST if limit.scope == "issuer" else min(others, default=MOST)
        self._asked = 0

    def generate(self, at: int) -> None:
        """Generate once more for whom the limit counts."""
        turn = self._asked // self._each
        by = f"admin{turn}" if turn else "sam"
        self._asked += 1
        subject = "ana" if self._own else next(self._fresh)
        self.stage.issue(subject, by, at)
        if self._own:
            self.stage.expire(subject, by, at)

    def generate_elsewhere(self, at: int) -> None:
        """Generate for others and by others than the limit is full for."""
        same = "ana" if self._own else next(self._fresh)
        for subject, by in (
            (same, "kim"),
            (next(self._fresh), "sam"),
            (next(self._fresh), "kim"),
        ):
            self.stage.issue(subject, by, at).expire(subject, by, at)


def _full(policy: Policy, limit: RateLimit) -> Stage:
    """Fill a window that no clock begins, and try again whenever some window has room."""
    filling, start, per = _Filling(policy, limit), limit.per_ms // 2, limit.per_ms
    for _ in range(limit.limit + 1):
        filling.generate(start)
    filling.generate_elsewhere(start)
    token = start + -(-per // limit.limit)
    edge = (start // per + 1) * per
    again = {token - 1, token, edge - 1, edge, start + per - 1, start + per, start + per + 1}
    for at in sorted(one for one in again if one > start):
        filling.generate(at)
    return filling.stage


def _refilled(policy: Policy, limit: RateLimit) -> Stage:
    """Fill a window, and once more as much when the last of it is a tick from gone."""
    filling, per = _Filling(policy, limit), limit.per_ms
    for at in (0, per - 1, per):
        for _ in range(limit.limit if at < per else 1):
            filling.generate(at)
    return filling.stage
