"""Wishes: what each place of a file would have to say for each case that reads it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tvc.authority.decide import Decision
from tvc.domain.cases import ALLOW, Expectation
from tvc.files.writing import describe_expectation
from tvc.harness.outcomes import CaseResult, Outcome, StepResult
from tvc.workbench.fix.places import Form, Place, Places

#: Outcomes of cases that ran to be judged by their expectations.
JUDGED: Final = (Outcome.PASSED, Outcome.FAILED)


@dataclass(frozen=True, slots=True)
class Wish:
    """What one step of one case wants a place to say.

    Attributes
    ----------
    place
        The place.
    new
        An expectation, or the value of a part of one; None where the place is right as it is.
    old
        What it says.
    case, step
        The number of the case in its file, and of the step in the case.
    """

    place: Place
    new: Expectation | str | None
    old: Expectation | str
    case: int
    step: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a place shall say instead; see `Wish`."""

    place: Place
    new: Expectation | str
    old: Expectation | str
    steps: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that several cases read and want to say different things."""

    place: Place
    steps: frozenset[tuple[int, int]]


def expectation_of(decision: Decision, old: Expectation) -> Expectation:
    """Say what was decided, in as much detail as was asked for: reason and rule always."""
    if decision.allowed:
        return ALLOW
    return Expectation(
        allowed=False,
        reason=decision.reason,
        rule=decision.rule,
        challenge=None if old.challenge is None else decision.challenge,
        retry_after_ms=None if old.retry_after_ms is None else decision.retry_after_ms,
        limit=None if old.limit is None else decision.limit,
    )


def parts_of(expect: Expectation) -> dict[str, str]:
    """Return the parts of an expected refusal by the keys that files have for them."""
    told = describe_expectation(expect)
    return {} if isinstance(told, str) else told


def wishes_of(places: Places, results: Iterable[CaseResult]) -> Iterator[Wish]:
    """Yield what the steps of the judged cases want, those that are right included."""
    for number, result in enumerate(results):
        if result.outcome in JUDGED and result.run is not None:
            for step in result.steps:
                said = places.said(result.run.case, step.taken.step)
                yield from _wish(said.whole, said.parts, number, step)


def _wish(whole: Place, parts: dict[str, Place], case: int, result: StepResult) -> Iterator[Wish]:
    step = result.taken.step
    old, number = step.expect, step.index
    new = expectation_of(result.taken.decision, old)
    before, after = parts_of(old), parts_of(new)
    if result.ok:
        yield Wish(whole, None, old, case, number)
    elif not parts or not before.keys() <= after.keys():
        yield Wish(whole, new, old, case, number)
        return
    else:
        yield Wish(whole, None, old, case, number)
    for name, place in parts.items():
        same = result.ok or before[name] == after[name]
        yield Wish(place, None if same else after[name], before[name], case, number)


def settle(wishes: Iterable[Wish], chosen: frozenset[int]) -> tuple[list[Change], list[Conflict]]:
    """Say which places to change, and at which the cases do not agree.

    Parameters
    ----------
    wishes
        What all cases want.
    chosen
        The numbers of the cases that shall be fixed; the others still have their say.
    """
    by_place: dict[Place, list[Wish]] = {}
    for wish in wishes:
        by_place.setdefault(wish.place, []).append(wish)
    changes, conflicts = [], []
    for place, all_of_it in by_place.items():
        wanted = [wish for wish in all_of_it if wish.new is not None]
        steps = frozenset((wish.case, wish.step) for wish in wanted)
        if not any(case in chosen for case, _ in steps):
            continue
        new, old = wanted[0].new, wanted[0].old
        assert new is not None  # that is how they were chosen
        if all(wish.new == new for wish in all_of_it):
            changes.append(Change(place, new, old, steps))
        else:
            conflicts.append(Conflict(place, steps))
    return changes, conflicts


def was_text(change: Change) -> str:
    """Return what stood at a place, for the remark behind it."""
    if change.place.form is Form.MISSING:
        return "allow, unsaid"
    return spell(change.old)


def spell(value: Expectation | str) -> str:
    """Write an expectation on one line, as a list of its parts."""
    if isinstance(value, str):
        return value
    told = describe_expectation(value)
    if isinstance(told, str):
        return told
    return "{" + ", ".join(f"{key}: {text}" for key, text in told.items()) + "}"
