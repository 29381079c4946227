"""The report of ``tvc lint``: findings, what guessers are allowed, and the controls."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, ClassVar, Final

from tvc.domain.words import escape, number_of
from tvc.files.faults import Fault
from tvc.harness.formats.findings import Finding, faults_in_files
from tvc.harness.formats.json_report import fault_rows, pick
from tvc.harness.formats.report import VALID_FILES, Paint, Report
from tvc.harness.sources import Sources
from tvc.workbench.lint.controls import CAUTION, Judged, Result
from tvc.workbench.lint.findings import counts, fails
from tvc.workbench.lint.guessing import Bound, Guessing
from tvc.workbench.lint.linting import RULES, LintResult, PolicyReport
from tvc.workbench.lint.places import BUILT_IN

_RESULT_STYLES: Final = {
    Result.MET: "green",
    Result.NOT_MET: "red",
    Result.JUDGEMENT: "yellow",
}


@dataclass(frozen=True)
class LintReport(Report):
    """What came of a lint.

    Attributes
    ----------
    result
        What was found.
    fail_level
        The level from which on a finding makes lint fail: one of `findings.FAIL_LEVELS`.
    date
        The date that the report shall bear, as given; None where none was asked for.
    """

    command: ClassVar[str] = "lint"
    schema: ClassVar[str] = "tvc.lint/1"
    rules: ClassVar[Mapping[str, str]] = {**VALID_FILES, **RULES}
    fingerprint: ClassVar[str] = "tvcLint/v1"

    result: LintResult
    fail_level: str = "error"
    date: str | None = None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Faults of files; where there are any, nothing was linted."""
        return self.result.invalid

    @property
    def findings(self) -> Iterator[Finding]:
        """What was found, with fingerprints that stay the same when lines move."""
        seen: Counter[str] = Counter()
        for finding in self.result.findings:
            name = finding.place.file
            file = (self.source(name) or PurePath(name)).as_posix()
            # A case is called by its file, too.
            named = finding.about.removeprefix(f"{name}::")
            subject = finding.about if named == finding.about else f"{file}::{named}"
            identity = "\n".join((finding.rule, file, subject, finding.message))
            digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
            seen[digest] += 1
            yield replace(finding, fingerprint=f"{digest}:{seen[digest]}")

    @property
    def files(self) -> Iterable[str]:
        """The scenario files, then those of the policies."""
        return (*self.result.files, *(policy.place.file for policy in self.result.policies))

    def fails(self, finding: Finding) -> bool:
        """Say whether a finding is at or above the level at which lint fails."""
        return fails(finding, self.fail_level)

    @property
    def summary(self) -> str:
        """What was found and in what, on one line.

        Examples
        --------
        >>> LintReport(LintResult()).summary
        '0 errors, 0 warnings, 0 notes in 0 files and 0 policies; nothing was linted'
        """
        result = self.result
        if result.invalid:
            return f"{faults_in_files(result.invalid)}: not linted"
        nouns = zip(counts(result.findings).values(), ("error", "warning", "note"), strict=True)
        text = ", ".join(number_of(count, noun) for count, noun in nouns)
        text += f" in {number_of(len(result.files), 'file')}"
        text += f" and {number_of(len(result.policies), 'policy')}"
        return text if result.linted else f"{text}; nothing was linted"

    # For people

    def body(self, paint: Paint) -> Iterator[str]:
        """Yield the findings, what each policy allows who guesses, and the controls asked for."""
        yield from super().body(paint)
        for policy in self.result.policies:
            yield paint(f"guessing under {escape(policy.name)}, at most", "bold")
            yield from _guessing_lines(policy)
            yield ""
            if policy.controls is not None:
                yield from self._controls(policy, policy.controls, paint)
                yield ""

    def _controls(
        self, policy: PolicyReport, controls: Iterable[Judged], paint: Paint
    ) -> Iterator[str]:
        yield paint(f"controls of {escape(policy.name)}, digest {policy.digest}", "bold")
        suite = f"suite digest {self.result.suite}" if self.result.suite else "no suite"
        yield f"  {suite}, tvc {self.version}" + (f", {self.date}" if self.date else "")
        yield f"  {CAUTION}"
        for judged in controls:
            control, answer = judged.control, judged.answer
            word = paint(f"{answer.result}", _RESULT_STYLES[answer.result])
            yield f"  {word}: {control.source} {control.clause} ({control.severity}) [{control.id}]"
            yield f"    {control.requirement}"
            yield f"    {escape(answer.why)}"
            if answer.knob:
                yield f"    knob: {escape(answer.knob)}"
            yield f"    evidence: {evidence_text(judged)}"

    # For programs

    def document(self) -> dict[str, Any]:
        """Return what ``workbench/lint/lint.schema.json`` describes."""
        result = self.result
        return {
            "version": self.version,
            "date": self.date,
            "caution": CAUTION,
            "findings": [
                pick(one, "rule", "level")
                | pick(one.place, "file", "line", "column")
                | {"message": one.message, "hint": one.help, "about": one.about or None}
                for one in result.findings
            ],
            "policies": [_policy(policy) for policy in result.policies],
            "suite": {"files": list(result.files), "cases": result.cases, "digest": result.suite},
            "summary": counts(result.findings),
            "invalid": fault_rows(result.invalid),
        }


def report_of(result: LintResult, fail_level: str = "error", date: str | None = None) -> LintReport:
    """Return the report of a lint of files of a repository.

    Parameters
    ----------
    result, fail_level, date
        As for `LintReport`.
    """
    sources = Sources((*result.files, *(fault.file for fault in result.invalid)))

    def place(file: str) -> PurePath | None:
        # Packaged policies are in no repository.
        return None if file.startswith(BUILT_IN) else sources.place(file)

    return LintReport(result, fail_level, date, source=place)


def _policy(policy: PolicyReport) -> dict[str, Any]:
    controls = policy.controls
    return {
        **pick(policy, "name", "digest"),
        **pick(policy.place, "file", "line"),
        "guessing": [
            pick(row, "path", "scope")
            | {"hour": pick(row.hour, "tries", "chance"), "day": pick(row.day, "tries", "chance")}
            | {"because": row.because}
            for row in policy.guessing
        ],
        "controls": None if controls is None else [_control(judged) for judged in controls],
    }


def _control(judged: Judged) -> dict[str, Any]:
    shown = judged.shown
    return {
        **pick(judged.control, "id", "source", "clause", "severity", "requirement"),
        **pick(judged.answer, "result", "why"),
        "knob": judged.answer.knob or None,
        "evidence": None if shown is None else pick(shown, "case", "step"),
    }


# Cells of tables


def guessing_cells(row: Guessing) -> tuple[str, ...]:
    """Return a row of the table of what guessers are allowed."""
    bounds = (text(bound) for bound in (row.hour, row.day) for text in (_tries, _chance))
    return (row.path, row.scope, *bounds, row.because)


def _guessing_lines(policy: PolicyReport) -> Iterator[str]:
    heads = ("path", "tries at", "in any hour", "chance", "in any day", "chance", "because")
    rows = (heads, *map(guessing_cells, policy.guessing))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _tries(bound: Bound) -> str:
    """Write the most tries; ``no limit`` where nothing bounds them."""
    return "no limit" if bound.tries is None else f"{bound.tries:,}"


def _chance(bound: Bound) -> str:
    """Write a chance, and one in how many it is; a dash where no code is guessed at.

    Examples
    --------
    >>> _chance(Bound(70, 7e-05)), _chance(Bound(None, None))
    ('0.007 % (1 in 14,286)', '-')
    """
    if bound.tries is None or bound.chance is None:
        return "-"
    return f"{bound.chance * 100:.2g} % (1 in {1 / bound.chance:,.0f})"


def evidence_text(judged: Judged) -> str:
    """Name the case, and the step in it, that shows a control; ``none`` where none does."""
    if judged.shown is None:
        return "none"
    return escape(f"{judged.shown.case}, step {judged.shown.step}")
