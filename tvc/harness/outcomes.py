"""What came of a case: its outcome, what each step gave, and why it failed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tvc.harness.boundaries.probing import Probe
from tvc.timeline import Run, Taken

if TYPE_CHECKING:
    from tvc.studies.expectations import StudyJudgement

#: Why a workload that is there for others to run on, and expects nothing itself, is skipped.
NOTHING_EXPECTED: Final = "nothing is expected of it; `tvc simulate` runs it"


class Outcome(StrEnum):
    """How a case ended (closed list); a failed expectation is never the same as our error."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"
    XFAILED = "xfailed"


class Concern(StrEnum):
    """What a failure is about."""

    STEP = "step"
    AUDIT = "audit"
    INVARIANT = "invariant"
    BREAKS = "breaks"
    XFAIL = "xfail"
    METRIC = "metric"
    INTERNAL = "internal"
    NOT_RUNNABLE = "not_runnable"


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that was not as the scenario says.

    Attributes
    ----------
    concern
        What it is about.
    message
        What was expected and what came, on one line.
    line, column
        Where in the scenario file, from 1.
    step
        Index of the step; None where it is about the whole case.
    expected, got
        The two sides, where there are two, in the words of scenario files.
    invariant
        The invariant that is broken, or was not seen to break; None where it is about none.
    """

    concern: Concern
    message: str
    line: int
    column: int
    step: int | None = None
    expected: str | None = None
    got: str | None = None
    invariant: str | None = None


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step, what the authority decided, and whether that was expected."""

    taken: Taken
    ok: bool
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class InvariantResult:
    """Whether an invariant held in a case.

    Attributes
    ----------
    name
        Its name.
    holds
        Whether it held.
    step
        Index of the step at which it broke; None where it held or no one step is to blame.
    message
        How it broke; empty where it held.
    steps
        All steps that together show the breach.
    """

    name: str
    holds: bool
    step: int | None = None
    message: str = ""
    steps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldPolicy:
    """A policy that a case is run under.

    Attributes
    ----------
    arm
        ``baseline`` or ``candidate`` of a comparison; empty where there is but one policy.
    name, digest
        Which it is.
    """

    arm: str
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case.

    Attributes
    ----------
    name
        ``file::id[values]``, which selects the case again.
    file, line, column
        Where it stands.
    outcome
        How it ended.
    policies
        What it is run under: one policy, or those of the two arms of a comparison.
    digest
        The digest of the case's content.
    seed
        The seed it ran under.
    steps, invariants
        What each step and invariant gave.
    generated
        What the steps gave that ``boundaries: auto`` generated; no expectation judges them.
    failures
        Why it failed, in order of the file; empty unless it did.
    note
        Why it was skipped, or is expected to fail.
    tags
        Its tags.
    run
        The run itself, for excerpts and explanations; None where it did not run.
    study
        What came of the simulation; None for a timeline.
    seconds
        How long it took, for reports only.
    """

    name: str
    file: str
    line: int
    column: int
    outcome: Outcome
    policies: tuple[HeldPolicy, ...]
    digest: str
    seed: int
    steps: tuple[StepResult, ...] = ()
    invariants: tuple[InvariantResult, ...] = ()
    generated: tuple[Probe, ...] = ()
    failures: tuple[Failure, ...] = ()
    note: str = ""
    tags: tuple[str, ...] = ()
    run: Run | None = None
    study: "StudyJudgement | None" = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What came of all selected cases.

    Attributes
    ----------
    results
        In the order of the files.
    invalid
        Faults of files; where there are any, nothing ran.
    deselected
        How many cases a filter left out.
    interrupted
        Whether the run was interrupted before its end.
    stopped
        Whether it stopped at the first failure because that was asked for.
    """

    results: tuple[CaseResult, ...] = ()
    invalid: tuple[Any, ...] = ()
    deselected: int = 0
    interrupted: bool = False
    stopped: bool = False

    def counts(self) -> dict[str, int]:
        """Return how many cases ended in each outcome, every outcome named."""
        found = {str(outcome): 0 for outcome in Outcome}
        for result in self.results:
            found[result.outcome] += 1
        return found
