"""What a suite lacks: for each survivor the shortest scenario that tells it from the original."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tvc.authority.decide import LAW, Law
from tvc.authority.policy import Policy
from tvc.domain.cases import AuditExpectation, AuditLine, Case
from tvc.domain.words import escape
from tvc.files.builder import Scenario
from tvc.timeline import play
from tvc.workbench.hunt.goals import Differs, Side
from tvc.workbench.hunt.search import Find, find
from tvc.workbench.mutation.law_mutants import Endless
from tvc.workbench.mutation.mutants import Mutant
from tvc.workbench.mutation.trials import Subject

#: Longest history that is looked at. Seven generations and their ends are the longest needed.
_MOST_EVENTS: Final = 16

#: Most policies in which a difference is looked for.
_MOST_POLICIES: Final = 6


def find_offer(
    mutant: Mutant, subjects: Sequence[Subject], seconds: float, seed: int = 0
) -> str | None:
    """Look for a scenario that passes as things are and fails under a mutant.

    Parameters
    ----------
    mutant
        The mutant.
    subjects
        The cases of the suite.
    seconds
        How long to look at most.
    seed
        Keys the search.

    Returns
    -------
    str or None
        The text of a scenario file; None where the time ran out.
    """
    if mutant.silenced:
        return _ask_for_record(min(mutant.silenced), subjects)
    sides = list(mutant.sides())[:_MOST_POLICIES]
    for place, side in enumerate(sides):
        share = seconds / 2 if place == 0 and len(sides) > 1 else seconds / len(sides)
        try:
            found = tell_apart(side, share, seed)
        except Endless:
            return None
        if found is not None:
            return f"# no case noticed: {escape(mutant.change.id)}\n{found.to_yaml()}"
    return None


def tell_apart(side: tuple[Policy, Law, Policy], seconds: float, seed: int) -> Find | None:
    """Look for a history in which a mutant decides or records otherwise than the original.

    Parameters
    ----------
    side
        One of `Mutant.sides`: a policy, the mutant's law, and its policy.
    seconds
        How long to look at most.
    seed
        Keys the search.
    """
    policy, law, changed = side
    original = Side(LAW, policy, policy.name)
    mutant = Side(law, changed, f"{policy.name}-changed")
    goal = Differs(original, mutant, audit=True)
    return find(goal, events=_MOST_EVENTS, seconds=seconds, seed=seed)


def _ask_for_record(type_: str, subjects: Sequence[Subject]) -> str | None:
    """Ask for a record where the suite lets one be written without looking."""
    writing = [one.case for one in subjects if type_ in one.met.records]
    shortest = min(writing, key=lambda case: len(case.steps), default=None)
    if shortest is None:
        return None
    records = play(shortest).trace.records
    place, record = next(item for item in enumerate(records) if item[1].type == type_)
    told = {"type": type_, "by": record.by, "subject": record.subject}
    line = AuditLine(0, 0, {name: text for name, text in told.items() if text is not None})
    case = replace(
        shortest,
        id=f"{type_.replace('.', '-').replace('_', '-')}-is-recorded",
        steps=shortest.steps[: _steps_until(shortest, place)],
        audit=AuditExpectation("in_order", (line,), ()),
        # What the whole case shows need not show in a part of it.
        breaks=(),
        invariants=(),
    )
    return f"# no case looks for {type_}\n{Scenario.from_case(case).to_yaml()}"


def _steps_until(case: Case, record: int) -> int:
    """Count the steps up to the one that writes a record."""
    return sum(taken.first <= record for taken in play(case).taken)
