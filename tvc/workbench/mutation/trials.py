"""Running a mutant: which case notices it, and how few it takes to find out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tvc import interrupts
from tvc.domain.cases import Case
from tvc.harness.judge import (
    audit_failures,
    invariant_failures,
    judge_invariants,
    judge_step,
    run_case,
)
from tvc.harness.outcomes import Outcome
from tvc.timeline import Run, play
from tvc.workbench.mutation.law_mutants import Endless
from tvc.workbench.mutation.meetings import Meetings
from tvc.workbench.mutation.mutants import Change, Mutant, Variant


class Status(StrEnum):
    """What came of a mutant (closed list).

    ``killed``: a case fails under it. ``survived``: none does. ``equivalent``: none could.
    ``broken``: it made us fail, which tells nothing of the suite.
    """

    KILLED = "killed"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one mutant.

    Attributes
    ----------
    change
        What was changed.
    status
        What came of it.
    killer
        The case that noticed; None unless it was killed.
    met
        How many cases look at what was changed.
    reason
        Why no case could notice, or what broke; None otherwise.
    offer
        A scenario that tells the mutant from what it was made from, as a file; None where none
        was looked for or found.
    """

    change: Change
    status: Status
    killer: str | None = None
    met: int = 0
    reason: str | None = None
    offer: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A case that passes, with what it meets."""

    case: Case
    met: Meetings


def judge_group(mutants: Sequence[Mutant], subjects: Sequence[Subject], seed: int) -> list[Verdict]:
    """Judge mutants, those cases first that noticed an earlier one of them.

    What notices a mutant depends on the mutants of its group alone, so that the same case is
    named however the work is shared out.
    """
    killers: dict[str, Subject] = {}
    verdicts = []
    for mutant in mutants:
        verdict = _judge(mutant, subjects, killers, seed)
        verdicts.append(verdict)
    return verdicts


def _judge(
    mutant: Mutant, subjects: Sequence[Subject], killers: dict[str, Subject], seed: int
) -> Verdict:
    if mutant.equivalent is not None:
        return Verdict(mutant.change, Status.EQUIVALENT, reason=mutant.equivalent)
    concerned = [one for one in subjects if mutant.meets(one.met) and mutant.reaches(one.case)]
    met = len(concerned)
    names = {one.case.name for one in concerned}
    ahead = [one for name, one in reversed(killers.items()) if name in names]
    rest = [one for one in concerned if one.case.name not in killers]
    for subject in (*ahead, *sorted(rest, key=_cost)):
        name = subject.case.name
        try:
            noticed = notices(mutant, subject.case, seed)
        except Exception as error:
            if interrupts.asked():
                # What an interrupt became on its way says nothing of the mutant.
                raise KeyboardInterrupt from error
            broken = f"{type(error).__name__} in {name}"
            return Verdict(mutant.change, Status.BROKEN, None, met, broken)
        if noticed:
            killers.pop(name, None)
            killers[name] = subject
            return Verdict(mutant.change, Status.KILLED, name, met)
    return Verdict(mutant.change, Status.SURVIVED, None, met)


def _cost(subject: Subject) -> int:
    return len(subject.case.steps)


def notices(mutant: Mutant, case: Case, seed: int = 0) -> bool:
    """Whether a case that passes by itself fails under a mutant."""
    variant = mutant.enter(case)
    if variant is None:
        return False
    try:
        return _fails(variant, seed)
    except Endless:
        # Whoever runs the suite would see it hang.
        return True


def _fails(variant: Variant, seed: int) -> bool:
    if variant.case.boundaries and not variant.silenced:
        return run_case(variant.case, variant.law, seed).outcome is not Outcome.PASSED
    run = play(variant.case, variant.law, seed)
    records = run.trace.records
    if variant.silenced:
        records = tuple(one for one in records if one.type not in variant.silenced)
    # No mutant touches what is drawn, and to look for it everywhere is most of the work.
    trace = replace(run.trace, records=records, drawn=frozenset())
    return _is_unexpected(replace(run, trace=trace))


def _is_unexpected(run: Run) -> bool:
    """Whether a run is not as its case expects; stops at the first thing that is not."""
    if not all(judge_step(taken).ok for taken in run.taken):
        return True
    if next(iter(audit_failures(run)), None) is not None:
        return True
    return next(iter(invariant_failures(run.case, judge_invariants(run))), None) is not None
