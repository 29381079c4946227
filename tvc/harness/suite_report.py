"""The report of ``tvc test``: what came of a suite, as findings, for people and for CI servers."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from tvc.domain.words import escape
from tvc.files.faults import Fault
from tvc.harness.boundaries.text import probe_lines
from tvc.harness.excerpts import failure_block, rerun_command
from tvc.harness.formats.findings import Finding, Level, Place, faults_in_files
from tvc.harness.formats.report import VALID_FILES, Check, CheckedFile, Mark, Paint, Report
from tvc.harness.outcomes import (
    NOTHING_EXPECTED,
    CaseResult,
    Concern,
    Failure,
    Outcome,
    SuiteResult,
)
from tvc.harness.suite_rows import suite_document
from tvc.trace.invariants import INVARIANTS

if TYPE_CHECKING:
    from tvc.studies.expectations import StudyJudgement

#: What each rule asks for. A broken invariant has the rule of its own name.
RULES: Final[Mapping[str, str]] = {
    Concern.STEP: "A step is decided as the scenario expects.",
    Concern.AUDIT: "The audit shows what the scenario expects, and never what it rules out.",
    Concern.INVARIANT: "What must hold in every trace holds.",
    Concern.BREAKS: "An invariant that a scenario says it breaks is seen to break.",
    Concern.XFAIL: "A scenario that is known to fail fails.",
    Concern.METRIC: "A metric of a simulated scenario is within its bound.",
    Concern.INTERNAL: "A case runs without an internal error.",
    Concern.NOT_RUNNABLE: "A case can be run by this version.",
    **VALID_FILES,
    **{name: (check.__doc__ or name).splitlines()[0] for name, check in INVARIANTS.items()},
}


class _Told(NamedTuple):
    """How an outcome is told: in which style, at which level, and by which mark of JUnit."""

    style: str
    level: Level | None = None
    mark: str = ""


_TOLD: Final = {
    Outcome.PASSED: _Told("green"),
    Outcome.FAILED: _Told("bold red", Level.ERROR, "failure"),
    Outcome.ERROR: _Told("bold red", Level.ERROR, "error"),
    # Of JUnit's marks, skipped is green.
    Outcome.INCONCLUSIVE: _Told("bold yellow", Level.WARNING, "error"),
    Outcome.SKIPPED: _Told("yellow", Level.INFO, "skipped"),
    Outcome.XFAILED: _Told("yellow", Level.INFO, "skipped"),
}
_LONGEST_OUTCOME: Final = max(map(len, Outcome))


@dataclass(frozen=True)
class SuiteReport(Report):
    """What came of a suite.

    Attributes
    ----------
    suite
        What came of it.
    seed
        The seed of the run.
    overrides
        Files of the policies that stood in for others, by name.
    """

    command: ClassVar[str] = "test"
    schema: ClassVar[str] = "tvc.report/1"
    rules: ClassVar[Mapping[str, str]] = RULES
    fingerprint: ClassVar[str] = "tvcCase/v1"
    runs_cases: ClassVar[bool] = True

    suite: SuiteResult
    seed: int
    overrides: Mapping[str, str]

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Faults of files; where there are any, nothing ran."""
        return self.suite.invalid

    @property
    def findings(self) -> Iterator[Finding]:
        """Each failure, and each case that its file says to skip or to be known to fail."""
        for result in self.suite.results:
            level = _TOLD[result.outcome].level
            # A workload that others run on asks for nothing to be done about it.
            if level is not None and result.note != NOTHING_EXPECTED:
                yield from self._of_case(result, level)

    def _of_case(self, result: CaseResult, level: Level) -> Iterator[Finding]:
        title = noted(result.outcome, id_of(result))
        rerun = f"rerun: {rerun_command(result, self.overrides)}"
        seen: Counter[str] = Counter()
        for failure in result.failures:
            # It is told from others by what is run, whatever is rearranged in the file.
            rule = _rule_of(failure)
            step = "" if failure.step is None else failure.step + 1
            same = f"{result.digest}:{rule}:{step}"
            seen[same] += 1
            yield Finding(
                rule,
                level,
                Place(result.file, failure.line, failure.column),
                escape(failure.message),
                rerun,
                escape(result.name),
                title,
                f"{same}:{seen[same]}",
            )
        if not result.failures:
            place = Place(result.file, result.line, result.column)
            yield Finding("", level, place, escape(result.note), title=title)

    @property
    def summary(self) -> str:
        """What came of it, on one line."""
        return summary_of(self.suite)

    @property
    def whole(self) -> bool:
        """Whether the run came to its end."""
        return not (self.suite.invalid or self.suite.interrupted)

    def document(self) -> dict[str, Any]:
        """Return what ``harness/report.schema.json`` describes."""
        return suite_document(self.suite, self.overrides)

    def _block(self, result: CaseResult, failure: Failure) -> list[str]:
        return failure_block(result, failure, self.lines(result.file), self.overrides)

    def _by_file(self) -> Iterator[tuple[str, list[CaseResult]]]:
        for file, results in groupby(self.suite.results, key=lambda result: result.file):
            yield file, list(results)

    # For people

    def body(self, paint: Paint) -> Iterator[str]:
        """Yield every case by name, what generated steps gave, then each failure with its help."""
        for file, results in self._by_file():
            yield paint(escape(file), "bold")
            for result in results:
                word = paint(f"{result.outcome:<{_LONGEST_OUTCOME}}", _TOLD[result.outcome].style)
                yield f"  {word}  {noted(id_of(result), result.note)}"
                if result.study is not None:
                    yield from (f"    {escape(line)}" for line in study_lines(result.study))
            yield ""
        for result in self.suite.results:
            if result.generated:
                title = f"generated by boundaries: auto, expected by nobody: {escape(result.name)}"
                yield paint(title, "bold")
                yield from (f"  {line}" for line in probe_lines(result.generated))
                yield ""
        for result in self.suite.results:
            heading = f"{result.outcome.upper()} {escape(result.name)}"
            for failure in result.failures:
                yield paint(heading, _TOLD[result.outcome].style)
                yield from self._block(result, failure)
                yield ""

    @property
    def summary_style(self) -> str:
        """The style of the summary: nothing is green where nothing passed."""
        suite = self.suite
        outcomes = {result.outcome for result in suite.results}
        if suite.invalid or suite.interrupted or outcomes & {Outcome.FAILED, Outcome.ERROR}:
            return "bold red"
        return "bold green" if outcomes & {Outcome.PASSED, Outcome.XFAILED} else "bold yellow"

    # For CI servers

    @property
    def properties(self) -> dict[str, str]:
        """What identifies the run."""
        return super().properties | {"seed": str(self.seed)}

    def class_name(self, source: PurePath) -> str:
        """Return the path of a file dotted, which readers show as a tree.

        Examples
        --------
        >>> report = SuiteReport(SuiteResult(), 0, {})
        >>> report.class_name(PurePath("scenarios/seed/expiry.tvc.yaml"))
        'scenarios.seed.expiry'
        """
        parts = [part for part in source.parts if part not in (source.anchor, "..")]
        return re.sub(r"\.tvc\.(yaml|yml|json)$", "", ".".join(parts))

    def checked_files(self) -> Iterator[CheckedFile]:
        """Yield a test suite of JUnit for each file, with a test case for each of its cases."""
        yield from self.invalid_files(in_full=True)
        for file, results in self._by_file():
            yield CheckedFile(file, [self._check(result) for result in results])

    def _check(self, result: CaseResult) -> Check:
        properties = {"seed": str(result.seed)}
        for held in result.policies:
            prefix = f"{held.arm}." if held.arm else ""
            properties |= {f"{prefix}policy": held.name, f"{prefix}policy.digest": held.digest}
        properties |= {"case.digest": result.digest}
        return Check(id_of(result), result.line, self._mark(result), result.seconds, properties)

    def _mark(self, result: CaseResult) -> Mark | None:
        tag = _TOLD[result.outcome].mark
        if not tag:
            return None
        if tag == "skipped":
            return Mark(tag, {"type": result.outcome, "message": result.note})
        first, *others = result.failures
        more = f" (and {len(others)} more)" if others else ""
        attributes = {"type": _type_of(result, first), "message": first.message + more}
        blocks = ([*self._block(result, one), ""] for one in result.failures)
        return Mark(tag, attributes, [line for block in blocks for line in block])


def id_of(result: CaseResult) -> str:
    """Return ``id[values]``: the name without the file."""
    return result.name.removeprefix(f"{result.file}::")


def noted(text: str, note: str) -> str:
    """Append a note where there is one, safe to print."""
    return escape(f"{text}: {note}" if note else text)


def _rule_of(failure: Failure) -> str:
    """Return the name of the invariant that a failure says is broken, else its concern."""
    broken = failure.invariant if failure.concern is Concern.INVARIANT else None
    return broken or str(failure.concern)


def _type_of(result: CaseResult, failure: Failure) -> str:
    """Return the code of a failure: why a step was refused where it was, else what it is about."""
    if failure.concern is Concern.STEP and failure.step is not None:
        reason = result.steps[failure.step].taken.decision.reason
        if reason is not None:
            return str(reason)
    return _rule_of(failure)


def summary_of(suite: SuiteResult) -> str:
    """Say on one line what came of a suite: passed and failed always, the rest where there is any.

    Examples
    --------
    >>> summary_of(SuiteResult())
    '0 passed, 0 failed; nothing ran'
    """
    counts = suite.counts()
    always = ("passed", "failed")
    parts = [f"{count} {name}" for name, count in counts.items() if count or name in always]
    parts += [f"{suite.deselected} deselected"] if suite.deselected else []
    text = ", ".join(parts)
    if suite.invalid:
        text += f"; {faults_in_files(suite.invalid)}, nothing ran"
    elif len(suite.results) == counts["skipped"]:
        text += "; nothing ran"
    text += "; stopped at the first failure" if suite.stopped else ""
    return text + ("; interrupted" if suite.interrupted else "")


def study_lines(study: "StudyJudgement") -> Iterator[str]:
    """Yield what people read of a simulation: each verdict with its estimate, and what it rests on.

    Parameters
    ----------
    study
        What came of it.
    """
    yield from (judgement.sentence for judgement in study.judgements)
    if study.warmup:
        yield study.warmup
    count = len(study.assumptions)
    inputs = "1 input is an assumption" if count == 1 else f"{count} inputs are assumptions"
    yield f"{study.replications} replications, seed {study.seed}; {inputs}"
