"""The thresholds of a policy, each with the timelines that come to its sides.

A tick is a millisecond of a time and one of a count. The sides are those of what is measured: an
age, an instant, a number of uses. A count that the law stops at its limit has no side above it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tvc.authority.durations import HOUR_MS, MINUTE_MS, format_duration
from tvc.authority.edges import SIDES
from tvc.authority.requests import Kind
from tvc.workbench.recipes.recipe import (
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


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number of a policy at which a decision may turn.

    Attributes
    ----------
    name
        The knob, or what of it.
    says
        What the threshold is.
    recipes
        By side on which a request can come: a timeline whose last request comes there.
    """

    name: str
    says: str
    recipes: Mapping[str, Recipe]


def _in_time(name: str, says: str, at_ms: int, make: Callable[[str], Recipe]) -> Threshold:
    """Return a threshold in time, which a timeline comes to that is made for each instant."""
    sides = {side: make(format_duration(at_ms + ticks)) for side, ticks in SIDES.items()}
    return Threshold(name, says, sides)


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


def _signed_in(at: str) -> Recipe:
    return timeline(CODE, sign_in(at, BY_CODE))


def _locked(at: str) -> Recipe:
    return timeline(sign_in("0s", WRONG_PROOF), sign_in(at, BY_METHOD), lockout__failures="1")


def _used_with_code(at: str) -> Recipe:
    steps = (CODE, sign_in("1m", BY_CODE), ask(Kind.USE, at=at, by="ana"))
    return timeline(*steps, session__ends_with_code="true")


_IN_TURN: Final = {"rates__subject__window": "clock_hour"}
_AS_A_BUCKET: Final = {"rates__subject__window": "bucket"}
_ONE_AN_HOUR: Final = {"rates__subject__limit": "1"}
_USED_ONCE: Final = timeline(CODE, sign_in("1m", BY_CODE), code__uses="2")
_FAILED_ONCE: Final = timeline(sign_in("0s", WRONG_PROOF), lockout__failures="2")


def _full(**knobs: str) -> dict[str, Recipe]:
    """Return the sides of a limit of one in an hour."""
    found = {"below": timeline(CODE), "at": generate_again("1m")}
    return {side: recipe.under(**knobs, **_ONE_AN_HOUR) for side, recipe in found.items()}


#: Every threshold there is.
THRESHOLDS: Final = (
    _in_time("lifetime.min", "the shortest lifetime", HOUR_MS, _generated),
    _in_time("lifetime.max", "the longest lifetime", 24 * HOUR_MS, _generated),
    _in_time("lifetime.step", "a multiple of the step of lifetimes", 2 * HOUR_MS, _generated),
    _in_time("code.live", "the end of a code, leeway included", HOUR_MS, _signed_in),
    _in_time("clock.leeway", "the end of a code with a leeway", HOUR_MS + MINUTE_MS,
             lambda at: _signed_in(at).under(clock__leeway="1m")),
    Threshold("code.uses", "the uses that a code is good for",
              {"below": _USED_ONCE, "at": _USED_ONCE.then(sign_in("2m", BY_CODE))}),
    Threshold("code.per_user", "the codes that a subject may have live",
              {"below": timeline(CODE), "at": timeline(CODE, generate("1m"))}),
    _in_time("rates.rolling.per", "the age at which a generation leaves a rolling window",
             HOUR_MS, generate_again),
    Threshold("rates.rolling.limit", "the generations that a rolling window holds", _full()),
    _in_time("rates.clock_hour.per", "the edge between two windows of the clock", HOUR_MS,
             lambda at: generate_again(at).under(**_IN_TURN)),
    Threshold("rates.clock_hour.limit", "the generations that a window of the clock holds",
              _full(**_IN_TURN)),
    _in_time("rates.bucket.token", "the instant at which a bucket has a token again", HOUR_MS,
             lambda at: generate_again(at).under(**_AS_A_BUCKET, **_ONE_AN_HOUR)),
    Threshold("issuer.approvals", "the approvals that a generation needs",
              {"below": timeline(generate(), issuer__approvals__standard="1"),
               "at": approved("1m"),
               "above": approved("1m", "kim lee").among(lee="{role: admin}")}),
    _in_time("issuer.approval_valid", "the age at which an approval lapses", 15 * MINUTE_MS,
             approved),
    Threshold("lockout.failures", "the failures that lock a path",
              {"below": _FAILED_ONCE, "at": _FAILED_ONCE.then(sign_in("1m", WRONG_PROOF))}),
    _in_time("lockout.for", "the end of a lock", HOUR_MS, _locked),
    _in_time("session.max", "the longest a session lasts", HOUR_MS,
             lambda at: used(at).under(session__max="1h")),
    _in_time("session.idle", "the longest a session lasts without a request", HOUR_MS,
             lambda at: used(at).under(session__idle="1h")),
    _in_time("session.ends_with_code", "the end of the code that a session ends with", HOUR_MS,
             _used_with_code),
)  # fmt: skip
