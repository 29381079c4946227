"""How policies and decisions show themselves in a notebook."""

from collections.abc import Iterator, Mapping
from typing import Final

from tvc.authority.decide import Decision
from tvc.authority.durations import format_duration
from tvc.authority.policy import RATE_KNOBS, Policy, find_knob
from tvc.jupyter.tables import facts, folded, table

_HEAD: Final = ("knob", "value", "default", "where the default comes from", "meaning")
_NEW: Final = "none"
_REMOVED: Final = "off"


def show_policy(policy: Policy) -> str:
    """Return a policy as HTML: first the knobs that differ from the default, then the others."""
    before = Policy().values()
    changed = list(_changed(policy, before))
    named = {row[0] for row in changed}
    values = policy.values().items()
    rest = [_knob(key, value, before) for key, value in values if key not in named]
    others = table("Knobs at their default", _HEAD, rest, most=len(rest))
    if not changed:
        return folded(f"Policy {policy.name}: every knob is at its default", others)
    count = f"{len(changed)} {'knob differs' if len(changed) == 1 else 'knobs differ'}"
    shown = table(f"Policy {policy.name}: {count} from the default", _HEAD, changed)
    return f"{shown}\n{folded(f'{len(rest)} knobs at their default', others)}"


def _changed(policy: Policy, before: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    for key, value in policy.values().items():
        if key not in before or before[key] != value:
            yield _knob(key, value, before)
    kept = {rate.name for rate in policy.rates}
    for rate in Policy().rates:
        if rate.name not in kept:
            limit, per = RATE_KNOBS[0], format_duration(rate.per_ms)
            yield (
                f"rates.{rate.name}", _REMOVED, f"{rate.limit} in {per}", limit.source,
                limit.meaning,
            )  # fmt: skip


def _knob(key: str, value: object, before: Mapping[str, object]) -> tuple[str, ...]:
    knob = find_knob(key)
    assert knob is not None  # the keys of `Policy.values` are those of the table
    if key in before:
        return key, knob.format(value), knob.format(before[key]), knob.source, knob.meaning
    return key, knob.format(value), _NEW, "", knob.meaning


def show_decision(decision: Decision) -> str:
    """Return a decision as HTML, in words; what does not apply is left out."""
    wait_ms, until_ms = decision.retry_after_ms, decision.live_until_ms
    code = None if decision.code is None else f"{decision.subject}#{decision.code}"
    return facts(
        "Decision",
        [
            ("outcome", "allowed" if decision.allowed else "denied"),
            ("reason", decision.reason),
            ("rule that refused", decision.rule),
            ("what the screen says", decision.message or None),
            ("asked for instead", decision.challenge),
            ("limit that refused", decision.limit),
            ("passes again in", None if wait_ms is None else format_duration(wait_ms)),
            ("acting as", decision.account),
            ("subject", decision.subject),
            ("code", code),
            ("level of the session", decision.level),
            ("live until", None if until_ms is None else format_duration(until_ms)),
            ("also recorded", ", ".join(event.type for event in decision.events) or None),
        ],
    )
