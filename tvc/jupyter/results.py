"""What came of the scenarios of a cell, as a notebook shows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tvc.authority.durations import format_duration
from tvc.domain.words import escape, number_of
from tvc.harness.excerpts import failure_block
from tvc.harness.outcomes import CaseResult, InvariantResult, Outcome, StepResult, SuiteResult
from tvc.harness.suite_report import id_of, noted, study_lines, summary_of
from tvc.jupyter.tables import table, text
from tvc.timeline import Run

if TYPE_CHECKING:
    from tvc.analysis.style import Picture
    from tvc.studies.expectations import StudyJudgement

#: Pictures of a cell; a matrix has many cases that look alike.
MOST_PICTURES: Final = 3
_MOST_LANES: Final = 12
_STEPS: Final = (
    "line", "at", "request", "by", "for", "presents", "decision", "expected", "as expected",
)  # fmt: skip


@dataclass(frozen=True)
class CellResult:
    """What came of the scenarios of a cell.

    Attributes
    ----------
    cases
        What came of each case, in order of the cell.
    lines
        The lines of the cell, for excerpts.
    """

    cases: tuple[CaseResult, ...]
    lines: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every case passed, or failed as it was expected to."""
        good = (Outcome.PASSED, Outcome.XFAILED, Outcome.SKIPPED)
        return all(case.outcome in good for case in self.cases)

    def pictures(self) -> list["Picture"]:
        """Draw the lives of the people of the first few timelines."""
        runs = [case.run for case in self.cases if case.run is not None]
        return [_lifelines(run) for run in runs[:MOST_PICTURES]]

    def __repr__(self) -> str:
        return "\n".join(_text_lines(self))

    def _repr_html_(self) -> str:
        parts = [part for case in self.cases for part in _shown(case, self.lines)]
        return "\n".join([*parts, f"<p>{text(_summary(self))}</p>"])


def _summary(result: CellResult) -> str:
    return summary_of(SuiteResult(result.cases))


def _text_lines(result: CellResult) -> Iterator[str]:
    for case in result.cases:
        yield f"{case.outcome}  {noted(id_of(case), case.note)}"
        if case.study is not None:
            yield from (f"  {escape(line)}" for line in study_lines(case.study))
        yield from (line for block in _failures(case, result.lines) for line in block)
    yield _summary(result)


def _failures(case: CaseResult, lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield what the command says of each failure, but for how to run a file again."""
    for failure in case.failures:
        yield failure_block(case, failure, lines)[:-1]


def _shown(case: CaseResult, lines: Sequence[str]) -> Iterator[str]:
    outcome = str(case.outcome).upper()
    title = noted(id_of(case), case.note)
    yield f"<p><strong>{outcome}</strong> {text(title)} ({text(_policies(case))})</p>"
    if case.steps:
        yield table(
            f"{id_of(case)}: {number_of(len(case.steps), 'step')}", _STEPS, map(_step, case.steps)
        )
    if case.study is not None:
        yield _study(case.study)
    for block in _failures(case, lines):
        yield f"<pre>{'<br>'.join(map(text, block))}</pre>"
    if case.invariants:
        yield f"<p>{text(_invariants(case.invariants))}</p>"


def _policies(case: CaseResult) -> str:
    return ", ".join(f"{held.arm or 'policy'} {held.name}" for held in case.policies)


def _step(result: StepResult) -> tuple[object, ...]:
    step = result.taken.step
    asked = step.request
    return (
        step.line,
        format_duration(step.at_ms),
        asked.kind,
        asked.by,
        asked.subject if asked.subject != asked.by else None,
        f"code {step.presents}" if step.presents is not None else asked.method,
        result.got,
        result.expected,
        "yes" if result.ok else "NO",
    )


def _study(study: "StudyJudgement") -> str:
    rows = ((one.verdict, one.metric, one.bound, one.sentence) for one in study.judgements)
    rests_on = list(study_lines(study))[len(study.judgements) :]
    shown = table("Verdicts", ("verdict", "metric", "expected", "what was seen"), rows)
    return f"{shown}\n<p>{text('; '.join(rests_on))}</p>"


def _invariants(invariants: Sequence[InvariantResult]) -> str:
    broken = [f"{one.name} ({one.message})" for one in invariants if not one.holds]
    held = [one.name for one in invariants if one.holds]
    parts = [f"broken: {', '.join(broken)}"] if broken else []
    parts += [f"held: {', '.join(held)}"] if held else []
    return f"Invariants {'; '.join(parts)}."


def _lifelines(run: Run) -> "Picture":
    from tvc.analysis import plots
    from tvc.trace.measures.traces import frames_of

    frames = frames_of(run.trace)
    people = _concerned(run, set(frames.events["subject"].dropna()))
    return plots.lifelines(frames.events, people, codes=frames.codes)


def _concerned(run: Run, subjects: set[str]) -> list[str]:
    """Return whose lives are drawn: those whom codes concern, else everybody who asks."""
    named = [person.name for person in run.case.people if person.name in subjects]
    of_codes = {
        record.subject for record in run.trace.records if record.type.startswith("generate.")
    }
    return ([name for name in named if name in of_codes] or named)[:_MOST_LANES]
