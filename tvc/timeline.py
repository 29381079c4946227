"""The driver of timelines: plays the steps of a case to the authority, one after the other."""

from dataclasses import dataclass

from tvc.authority.authority import Authority, Instant, Record
from tvc.authority.decide import LAW, Decision, Law
from tvc.authority.secrets import KeyedCodes, Secret
from tvc.authority.state import State
from tvc.domain.cases import Case, Step
from tvc.trace.trace import Trace


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken.

    Attributes
    ----------
    step
        The step.
    decision
        What the authority decided.
    first, end
        The step's records are those numbered from ``first`` up to, not including, ``end``.
    """

    step: Step
    decision: Decision
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Run:
    """A case that was played.

    Attributes
    ----------
    case
        The case.
    taken
        Its steps, in order; every one, whatever the earlier ones gave.
    trace
        What happened.
    handles
        The code that each saved handle stands for, as ``subject#ordinal``; None where its
        generation was refused.
    """

    case: Case
    taken: tuple[Taken, ...]
    trace: Trace
    handles: dict[str, str | None]


def play(case: Case, law: Law = LAW, seed: int = 0) -> Run:
    """Play a case from its first step to its last.

    Parameters
    ----------
    case
        The case.
    law
        The law that the authority applies.
    seed
        Keys the codes that are drawn; decisions do not depend on it.

    Returns
    -------
    Run
        Decisions and trace. Nothing of the case is changed.
    """
    policy = case.policy.policy
    initial = State.of(case.people)
    codes = KeyedCodes(f"{seed}:{case.name}")
    records: list[Record] = []
    authority = Authority(policy, initial.copy(), law=law, draw=codes, sink=records.append)
    # Longer than any code, so that it can match none.
    wrong = Secret("?" * (policy.code.length + 1))
    shown: dict[str, Secret] = {}
    handles: dict[str, str | None] = {}
    taken: list[Taken] = []
    for step in case.steps:
        clock = case.clocks.get(step.node or "")
        reading_ms = step.at_ms if clock is None else clock.read(step.at_ms)
        typed = None if step.presents is None else shown.get(step.presents, wrong).show()
        first = len(records)
        answer = authority.submit(step.request, Instant(step.at_ms, step.node, reading_ms), typed)
        if step.save is not None:
            handles[step.save] = None
            if answer.secret is not None:
                shown[step.save] = answer.secret
                handles[step.save] = f"{answer.decision.subject}#{answer.decision.code}"
        taken.append(Taken(step, answer.decision, first, len(records)))
    authority.finish(Instant.of(case.steps[-1].at_ms if case.steps else 0))
    trace = Trace(policy, initial, authority.state, tuple(records), frozenset(codes.drawn))
    return Run(case, tuple(taken), trace, handles)
