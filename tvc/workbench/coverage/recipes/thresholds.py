"""Recipes for the three sides of each threshold."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tvc.authority.durations import HOUR_MS, MINUTE_MS, format_duration
from tvc.authority.requests import Kind
from tvc.authority.total import total
from tvc.workbench.coverage.recipes.recipe import (
    BY_CODE,
    BY_METHOD,
    CODE,
    WRONG_PROOF,
    Recipe,
    ask,
    generate,
    sign_in,
    timeline,
)
from tvc.workbench.coverage.thresholds import THRESHOLDS

_TICKS: Final = {"below": -1, "at": 0, "above": 1}


def threshold_recipe(name: str, side: str) -> Recipe:
    """Return a timeline whose last request comes one tick below, at, or above a threshold."""
    return _THRESHOLDS[name](side)


def _at_time(base_ms: int, make: Callable[[str], Recipe]) -> Callable[[str], Recipe]:
    return lambda side: make(format_duration(base_ms + _TICKS[side]))


def generate_again(at: str) -> Recipe:
    """Generate again, with nothing but the rate limit in the way."""
    return timeline(CODE, generate(at), code__on_live="replace")


def approved(at: str, approvers: str = "kim") -> Recipe:
    """Generate after some approvals, where one is needed."""
    asked = [ask(Kind.APPROVE, at="0s", by=approver) for approver in approvers.split()]
    return timeline(*asked, generate(at), issuer__approvals__standard="1")


def used(at: str) -> Recipe:
    """Use a session that began at the start."""
    return timeline(ask(Kind.USE, at=at))


def _generated(lifetime: str) -> Recipe:
    return timeline(generate().replace("1h", lifetime))


#: Thresholds in time: where they lie, and the timeline that comes to them.
_BY_TIME: Final[dict[str, tuple[int, Callable[[str], Recipe]]]] = {
    "lifetime.min": (HOUR_MS, _generated),
    "lifetime.max": (24 * HOUR_MS, _generated),
    "lifetime.step": (2 * HOUR_MS, _generated),
    "code.live": (HOUR_MS, lambda at: timeline(CODE, sign_in(at, BY_CODE))),
    "clock.leeway": (
        HOUR_MS + MINUTE_MS,
        lambda at: timeline(CODE, sign_in(at, BY_CODE), clock__leeway="1m"),
    ),
    "rates.rolling.per": (HOUR_MS, generate_again),
    "rates.clock_hour.per": (
        HOUR_MS,
        lambda at: generate_again(at).under(rates__subject__window="clock_hour"),
    ),
    "rates.bucket.token": (
        HOUR_MS,
        lambda at: generate_again(at).under(
            rates__subject__window="bucket", rates__subject__limit="1"
        ),
    ),
    "issuer.approval_valid": (15 * MINUTE_MS, approved),
    "lockout.for": (
        HOUR_MS,
        lambda at: timeline(
            sign_in("0s", WRONG_PROOF), sign_in(at, BY_METHOD), lockout__failures="1"
        ),
    ),
    "session.max": (HOUR_MS, lambda at: used(at).under(session__max="1h")),
    "session.idle": (HOUR_MS, lambda at: used(at).under(session__idle="1h")),
    "session.ends_with_code": (
        HOUR_MS,
        lambda at: timeline(
            CODE,
            sign_in("1m", BY_CODE),
            ask(Kind.USE, at=at, by="ana"),
            session__ends_with_code="true",
        ),
    ),
}

_ONE_AN_HOUR: Final = {"rates__subject__limit": "1"}
_TWO_USES: Final = {"code__uses": "2"}
_TWO_FAILURES: Final = {"lockout__failures": "2"}

#: Thresholds of a count, by side.
_BY_COUNT: Final[dict[str, dict[str, Recipe]]] = {
    "code.uses": {
        "below": timeline(CODE, sign_in("1m", BY_CODE), **_TWO_USES),
        "at": timeline(CODE, sign_in("1m", BY_CODE), sign_in("2m", BY_CODE), **_TWO_USES),
    },
    "code.per_user": {"below": timeline(CODE), "at": timeline(CODE, generate("1m"))},
    "rates.rolling.limit": {
        "below": timeline(CODE, **_ONE_AN_HOUR),
        "at": generate_again("1m").under(**_ONE_AN_HOUR),
    },
    "rates.clock_hour.limit": {
        "below": timeline(CODE, rates__subject__window="clock_hour", **_ONE_AN_HOUR),
        "at": generate_again("1m").under(rates__subject__window="clock_hour", **_ONE_AN_HOUR),
    },
    "issuer.approvals": {
        "below": timeline(generate(), issuer__approvals__standard="1"),
        "at": approved("1m"),
        "above": replace(approved("1m", "kim lee"), people={"lee": "{role: admin}"}),
    },
    "lockout.failures": {
        "below": timeline(sign_in("0s", WRONG_PROOF), **_TWO_FAILURES),
        "at": timeline(sign_in("0s", WRONG_PROOF), sign_in("1m", WRONG_PROOF), **_TWO_FAILURES),
    },
}

_THRESHOLDS: Final[dict[str, Callable[[str], Recipe]]] = total(
    (threshold.name for threshold in THRESHOLDS),
    {
        **{name: _at_time(base_ms, make) for name, (base_ms, make) in _BY_TIME.items()},
        **{name: recipes.__getitem__ for name, recipes in _BY_COUNT.items()},
    },
)
