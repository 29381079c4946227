"""Controls: what published guidance asks of a policy, and what a suite shows of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tvc.authority.policy import Policy
from tvc.domain.policies import MergedPolicy
from tvc.harness.formats.findings import Finding, Level
from tvc.timeline import Run
from tvc.workbench.lint.places import Places

#: What every report of controls says.
CAUTION: Final = (
    "Requirements are in our own words, and clause numbers may differ from the final text: NIST "
    "SP 800-63B-4 as read in its second public draft (pages.nist.gov/800-63-4/sp800-63b/events), "
    "the OWASP Cheat Sheet Series, and the CISA/FBI advisory AA23-320A at second hand. Check the "
    "text before quoting it."
)


class Severity(StrEnum):
    """How strongly the source asks (closed list); `UNSTATED` where our notes do not say."""

    SHALL = "shall"
    SHOULD = "should"
    ADVICE = "advice"
    UNSTATED = "strength to check"


class Result(StrEnum):
    """What a policy does about a control (closed list)."""

    MET = "met"
    NOT_MET = "not met"
    JUDGEMENT = "human judgement needed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a policy does about a control.

    Attributes
    ----------
    result
        Whether it meets the control, or a person has to say.
    why
        What of the policy decides it; for human judgement, what has to be judged and why. Of a
        control that is met it also says what a policy cannot tell.
    knob
        What to set, as a policy file spells it; empty where nothing has to be, or can be.
    """

    result: Result
    why: str
    knob: str = ""


#: Finds the step of a run that shows a control at work, by index; None where there is none.
Evidence = Callable[[Run], int | None]


@dataclass(frozen=True, slots=True)
class Control:
    """One thing that published guidance asks for.

    Attributes
    ----------
    id
        Its id, which is the rule of a finding: ``nist.800-63b.4.2.1.1.entropy``.
    source, clause
        The publication, and the clause in it.
    severity
        How strongly it asks.
    requirement
        What it asks for, in our own words.
    keys
        The knobs that decide it; none where no knob does.
    judge
        Says what a policy does about it.
    evidence
        Finds what a run shows of it; None where no run of ours can show anything.
    """

    id: str
    source: str
    clause: str
    severity: Severity
    requirement: str
    keys: tuple[str, ...]
    judge: Callable[[Policy], Answer]
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """Evidence: a case of the suite, by name, and the number of the step in it, from 1."""

    case: str
    step: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A control, what a policy does about it, and the case that shows it; None where none does."""

    control: Control
    answer: Answer
    shown: Shown | None = None


def met(why: str) -> Answer:
    """Answer that a policy meets a control."""
    return Answer(Result.MET, why)


def not_met(why: str, knob: str) -> Answer:
    """Answer that a policy does not meet a control, and which knob would make it."""
    return Answer(Result.NOT_MET, why, knob)


def to_judge(why: str, knob: str = "") -> Answer:
    """Answer that a person has to judge, and which knob would help."""
    return Answer(Result.JUDGEMENT, why, knob)


def always(answer: Answer) -> Callable[[Policy], Answer]:
    """Judge every policy alike: what is asked is no matter of a policy."""
    return lambda _policy: answer


def judge_controls(
    policy: Policy, controls: Iterable[Control], runs: Mapping[str, Run]
) -> tuple[Judged, ...]:
    """Judge a policy by controls.

    Parameters
    ----------
    policy
        The policy.
    controls
        The controls.
    runs
        Passed cases, by name, that ran under this very policy, in the order of the suite. The
        first that shows a control is its evidence.
    """
    return tuple(
        Judged(control, control.judge(policy), _find_evidence(control, runs))
        for control in controls
    )


def _find_evidence(control: Control, runs: Mapping[str, Run]) -> Shown | None:
    if control.evidence is None:
        return None
    for name, run in runs.items():
        step = control.evidence(run)
        if step is not None:
            return Shown(name, step + 1)
    return None


#: None is an error: whether guidance binds an organisation is not for a linter to say.
_LEVELS: Final = {
    Severity.SHALL: Level.WARNING,
    Severity.SHOULD: Level.INFO,
    Severity.ADVICE: Level.INFO,
    Severity.UNSTATED: Level.INFO,
}


def findings_of(merged: MergedPolicy, judged: Iterable[Judged], places: Places) -> list[Finding]:
    """Return a finding for each control that a policy does not meet."""
    return [
        Finding(
            one.control.id,
            _LEVELS[one.control.severity],
            places.of(merged, one.control.keys),
            f"{one.answer.why} ({one.control.source}: {one.control.clause})",
            f"set {one.answer.knob}",
            merged.policy.name,
        )
        for one in judged
        if one.answer.result is Result.NOT_MET
    ]
