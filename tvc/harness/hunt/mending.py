"""Mending: the smallest change under which a history breaks nothing any more.

A file that a hunt writes has to say what its steps shall give, and for the step that breaks an
invariant that is not what the bad policy gives. So the article's law, knobs at their default,
right clocks and other values of knobs are tried, in that order, on the very same history.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from tvc.authority.decide import LAW, Decision
from tvc.authority.durations import HOUR_MS
from tvc.authority.policy import Knob, Policy, find_knob
from tvc.harness.hunt.goals import Breaks, Seen
from tvc.harness.hunt.histories import History, Side, unfold
from tvc.trace.invariants import INVARIANTS, applicable


@dataclass(frozen=True, slots=True)
class Mended:
    """A history as it goes where nothing is broken.

    Attributes
    ----------
    text
        What has to change for that.
    decisions
        What the steps give then.
    """

    text: str
    decisions: tuple[Decision, ...]


def mend(goal: Breaks, seen: Seen, history: History) -> Mended | None:
    """Find the smallest change under which a history breaks nothing.

    Parameters
    ----------
    goal, seen
        What was hunted and seen.
    history
        The history that shows it.

    Returns
    -------
    Mended or None
        Of the changes that refuse the decisive step, the first that changes the fewest decisions;
        None where no single change does.
    """
    bad = unfold(goal.side, history).decisions
    best: tuple[int, Mended] | None = None
    for text, side, changed in _changes(goal.side, history):
        course = unfold(side, changed)
        trace = course.trace()
        names = {*applicable(side.policy), seen.invariant or ""} & {*INVARIANTS}
        if any(INVARIANTS[name](trace) is not None for name in names):
            continue
        same_law = side.law is goal.side.law
        if same_law and not _differ(bad[seen.step], course.decisions[seen.step]):
            # The invariant asks for less now; the policy still does what it did.
            continue
        pairs = zip(bad, course.decisions, strict=True)
        moved = sum(_differ(one, other) for one, other in pairs)
        if best is None or moved < best[0]:
            best = moved, Mended(text, tuple(course.decisions))
            if moved <= 1:
                break
    return None if best is None else best[1]


def _differ(one: Decision, other: Decision) -> bool:
    return (one.allowed, one.reason) != (other.allowed, other.reason)


def _changes(side: Side, history: History) -> Iterator[tuple[str, Side, History]]:
    if side.law is not LAW:
        yield "the article's law", replace(side, law=LAW), history
    defaults: list[tuple[str, Knob, Any]] = []
    others: list[tuple[str, Knob, Any]] = []
    for key, value in side.policy.values().items():
        knob = find_knob(key)
        if knob is None:
            continue
        if value != knob.default:
            defaults.append((key, knob, knob.default))
        others += [(key, knob, other) for other in _other_values(knob, value)]
    yield from _knob_changes(side, history, defaults)
    if history.clocks:
        true = history.with_events([replace(event, node=None) for event in history.events])
        yield "the clocks of the nodes right", side, true
    yield from _knob_changes(side, history, others)


def _knob_changes(
    side: Side, history: History, values: list[tuple[str, Knob, Any]]
) -> Iterator[tuple[str, Side, History]]:
    for key, knob, value in values:
        policy: Policy = side.policy.with_values({key: value})
        if not policy.contradictions():
            yield f"{key}: {knob.format(value)}", replace(side, policy=policy), history


#: What to try for a duration that is off.
_TRIED_MS: Final = HOUR_MS


def _other_values(knob: Knob, value: Any) -> Iterator[Any]:  # noqa: ANN401 - the knob's type
    if knob.kind == "boolean":
        yield not value
    elif knob.kind == "choice":
        yield from (choice for choice in knob.choices if choice != value)
    elif knob.kind == "list":
        yield from ((*value, more) for more in knob.choices if more not in value)
    elif knob.kind == "integer":
        yield from (number for number in (1, 2) if number >= knob.low and number != value)
    elif knob.kind == "duration" and value is None:
        yield _TRIED_MS
