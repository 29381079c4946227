"""Rate limits: what fills a window, who is counted, and when there is room again."""

from collections.abc import Iterator
from itertools import count
from typing import Final

from tvc.authority.durations import DAY_MS, HOUR_MS, format_duration
from tvc.authority.policy import Policy, RateLimit
from tvc.workbench.init.sketch import MOST, Sketch, Stage
from tvc.workbench.init.templates.pacing import pace

_TOPIC: Final = "Rate limits"
#: One more than the limits that nobody set but somebody might.
_BUSY: Final = 7


def sketches(policy: Policy) -> Iterator[Sketch]:
    """Yield timelines about each rate limit, and about limits that are not there."""
    for limit in policy.rates:
        if limit.limit <= MOST:
            yield _full(policy, limit)
            yield _refilled(policy, limit)
    gap = pace(policy, _BUSY, ("issuer", "org"))
    if _BUSY * gap < HOUR_MS:
        yield _busy_issuer(policy, gap)
    gap = pace(policy, _BUSY)
    if _BUSY * gap < DAY_MS:
        yield _busy_day(policy, gap)


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
        self.stage.issue(at, subject, by)
        if self._own:
            self.stage.expire(at, subject, by)

    def generate_elsewhere(self, at: int) -> None:
        """Generate for others and by others than the limit is full for."""
        same = "ana" if self._own else next(self._fresh)
        for subject, by in (
            (same, "kim"),
            (next(self._fresh), "sam"),
            (next(self._fresh), "kim"),
        ):
            self.stage.issue(at, subject, by)
            self.stage.expire(at, subject, by)


def _full(policy: Policy, limit: RateLimit) -> Sketch:
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
    return filling.stage.sketch(_TOPIC, f"{_slug(limit)}-full", _why(limit))


def _refilled(policy: Policy, limit: RateLimit) -> Sketch:
    """Fill a window, and once more as much when the last of it is a tick from gone."""
    filling, per = _Filling(policy, limit), limit.per_ms
    for at in (0, per - 1, per):
        for _ in range(limit.limit if at < per else 1):
            filling.generate(at)
    return filling.stage.sketch(_TOPIC, f"{_slug(limit)}-full-again", _why(limit))


def _busy_issuer(policy: Policy, gap: int) -> Sketch:
    stage = Stage(policy)
    for number in range(1, _BUSY + 1):
        stage.issue((number - 1) * gap, f"user{number}")
    why = f"{_BUSY} codes by one issuer within {format_duration(HOUR_MS)}"
    return stage.sketch(_TOPIC, "busy-issuer", why)


def _busy_day(policy: Policy, gap: int) -> Sketch:
    stage = Stage(policy)
    for number in range(_BUSY):
        stage.issue(number * gap)
        stage.expire(number * gap)
    return stage.sketch(_TOPIC, "busy-day", f"{_BUSY} codes for one user within a day")


def _slug(limit: RateLimit) -> str:
    return f"limit-{limit.name}"


def _why(limit: RateLimit) -> str:
    per = format_duration(limit.per_ms)
    return f"{limit.name}: {limit.limit} codes in {per} ({limit.window}), for each {limit.scope}"
