"""Mending: the single changes under which a find passes, each of them tried.

A knob is tried at its default and at the values one step away, as mutants are made; of two sides
that differ, the knobs in which they do are tried on the second at their values on the first. What
counts is that the written case passes. A change under which everything is decided as before is
left out all the same: the invariant asks for less then, and the hole is as it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from tvc.authority.policy import Knob, Policy, find_knob
from tvc.domain.cases import Case
from tvc.domain.policies import RATES
from tvc.files.policy_documents import REMOVED
from tvc.harness.judge import run_case
from tvc.harness.outcomes import Outcome
from tvc.workbench.hunt.goals import Differs, Goal, Seen
from tvc.workbench.hunt.histories import Course, History, Side, unfold
from tvc.workbench.knob_moves import limit_text, limit_values, moves_of, with_policy

#: Most events that are looked at in all trials together.
_MOST_EVENTS: Final = 30_000

#: Durations one tick away are no values that anybody sets.
_LEAST_STEP_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Mend:
    """A change under which a find passes.

    Attributes
    ----------
    text
        The change: a knob and its value, or the clocks.
    earlier
        The number of the first step, before the deciding one and of somebody with an account,
        that is then decided otherwise; None where there is none, so that what is right goes on.
    """

    text: str
    earlier: int | None = None


@dataclass(frozen=True, slots=True)
class _Change:
    text: str
    key: str
    policy: Policy
    true_clocks: bool = False


def mends(goal: Goal, seen: Seen, history: History, case: Case) -> tuple[Mend, ...] | None:
    """Find the single changes under which a find passes.

    Parameters
    ----------
    goal, seen
        What was hunted and seen.
    history
        The history that shows it.
    case
        The case that is written of it.

    Returns
    -------
    tuple of Mend or None
        Of each knob the first value that is enough, in the order of the policy; None where the
        history is too long to try any.
    """
    side = goal.sides[-1]
    changes = list(_changes(goal, history))
    if len(changes) * len(history.events) > _MOST_EVENTS:
        return None
    before = unfold(side, history)
    found: dict[str, Mend] = {}
    for change in changes:
        if change.key in found:
            continue
        played = _with_true_clocks(history) if change.true_clocks else history
        after = unfold(replace(side, policy=change.policy), played)
        if after.decisions == before.decisions:
            continue
        if run_case(_changed(case, change), side.law).outcome is Outcome.PASSED:
            earlier = _changed_before(seen.step, history, before, after)
            found[change.key] = Mend(change.text, earlier)
    return tuple(found.values())


def _with_true_clocks(history: History) -> History:
    return history.with_events([replace(event, node=None) for event in history.events])


def _changed(case: Case, change: _Change) -> Case:
    changed = with_policy(case, change.policy)
    if not change.true_clocks:
        return changed
    steps = tuple(replace(step, node=None) for step in changed.steps)
    return replace(changed, steps=steps, clocks={})


def _changed_before(last: int, history: History, before: Course, after: Course) -> int | None:
    """Return the number of the first earlier step of an insider that is decided otherwise."""
    insiders = {person.name for person in history.people if person.role != "outsider"}
    pairs = zip(history.events[:last], before.decisions, after.decisions, strict=False)
    for number, (event, one, other) in enumerate(pairs, 1):
        same = (one.allowed, one.reason) == (other.allowed, other.reason)
        if not same and event.request.by in insiders:
            return number
    return None


# What is tried


def _changes(goal: Goal, history: History) -> Iterator[_Change]:
    side = goal.sides[-1]
    values = _differing(*goal.sides) if isinstance(goal, Differs) else _moved(side)
    for text, key, changed in values:
        policy = side.policy.with_values(changed)
        if not policy.contradictions():
            yield _Change(text, key, policy)
    if history.clocks:
        yield _Change("the clocks of the nodes right", "", side.policy, true_clocks=True)


#: A change in words, the knob or rate limit that it is of, and the new values.
_Values = tuple[str, str, dict[str, Any]]


def _moved(side: Side) -> Iterator[_Values]:
    """Yield each knob at its default and one step away."""
    for key, value in side.policy.values().items():
        knob = find_knob(key)
        if knob is not None:
            for new in dict.fromkeys((knob.default, *moves_of(knob, value))):
                if new != value and not _is_tick(knob, value, new):
                    yield f"{key}: {knob.format(new)}", key, {key: new}


def _is_tick(knob: Knob, value: Any, new: Any) -> bool:  # noqa: ANN401 - the knob's type
    timed = knob.kind == "duration" and value is not None and new is not None
    return timed and abs(new - value) < _LEAST_STEP_MS


def _differing(first: Side, second: Side) -> Iterator[_Values]:
    """Yield the knobs and rate limits in which two policies differ, as the first has them."""
    ours, theirs = first.policy.values(), second.policy.values()
    for key, value in ours.items():
        knob = find_knob(key)
        if knob is not None and key in theirs and theirs[key] != value:
            yield f"{key}: {knob.format(value)}", key, {key: value}
    limits = {limit.name: limit for limit in first.policy.rates}
    others = {limit.name for limit in second.policy.rates}
    for name in sorted(limits.keys() ^ others):
        key = f"{RATES}.{name}"
        limit = limits.get(name)
        if limit is None:
            yield f"{key}: {REMOVED}", key, {key: None}
        else:
            yield f"{key}: {limit_text(limit)}", key, limit_values(limit)
