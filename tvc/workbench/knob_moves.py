"""Moves of knobs: the policies that are one step away from a policy, knob by knob."""

from dataclasses import replace
from typing import Any, Final

from tvc.authority.durations import HOUR_MS, MINUTE_MS
from tvc.authority.policy import RATE_KNOBS, Knob, Policy, RateLimit
from tvc.domain.cases import Case
from tvc.domain.policies import RATES

#: What a number that was not limited becomes.
_FIRST_LIMITS: Final = {"duration": HOUR_MS, "integer": 1}


def moves_of(knob: Knob, value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - the knob's type
    """Return the values that are one step away from a knob's.

    Numbers and durations by the smallest step and by a big one, double or half, both ways, and
    to and from no limit where there can be none; words to each other word; lists by one member.

    Examples
    --------
    >>> from tvc.authority.policy import find_knob
    >>> knob = find_knob("lockout.failures")
    >>> moves_of(knob, 10)
    (11, 9, 20, 5)
    """
    found: list[Any]
    if knob.kind == "choice":
        found = list(knob.choices)
    elif knob.kind == "boolean":
        found = [not value]
    elif knob.kind == "list":
        # In the order of the table, so that the same list is the same value.
        toggled = [{*value} ^ {member} for member in knob.choices]
        found = [tuple(member for member in knob.choices if member in one) for one in toggled]
    elif knob.kind == "alphabet":
        found = [value[:-1]] if len(value) > 2 else []
    elif value is None:
        found = [_FIRST_LIMITS[knob.kind]]
    else:
        found = [value + 1, value - 1, value * 2, value // 2]
        found += [MINUTE_MS] if knob.kind == "duration" and not value else []
        found = [one for one in found if one >= knob.low]
        found += [None] if knob.absent is not None else []
    return tuple(one for one in dict.fromkeys(found) if one != value)


def limit_text(limit: RateLimit) -> str:
    """Write a rate limit as policy files have it, on one line."""
    parts = (f"{knob.key}: {knob.format(getattr(limit, knob.path[0]))}" for knob in RATE_KNOBS)
    return "{" + ", ".join(parts) + "}"


def limit_values(limit: RateLimit) -> dict[str, Any]:
    """Return a rate limit as values for `Policy.with_values`."""
    prefix = f"{RATES}.{limit.name}"
    return {f"{prefix}.{knob.key}": getattr(limit, knob.path[0]) for knob in RATE_KNOBS}


# Sites


def with_policy(case: Case, policy: Policy) -> Case:
    """Return a case as it is under another policy."""
    return replace(case, policy=replace(case.policy, policy=policy))
