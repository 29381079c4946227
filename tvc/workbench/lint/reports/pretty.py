"""The report for people: findings by file, then what guessers are allowed, then the controls."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final

from tvc.domain.words import escape
from tvc.harness.excerpts import fault_excerpt
from tvc.workbench.lint.controls import CAUTION, Judged, Result
from tvc.workbench.lint.findings import Finding, Level, fails
from tvc.workbench.lint.linting import LintResult, PolicyReport
from tvc.workbench.lint.reports.context import LintContext, chance_text, summary_of, tries_text

_STYLES: Final = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.INFO: "cyan"}
_RESULT_STYLES: Final = {
    Result.MET: "green",
    Result.NOT_MET: "red",
    Result.JUDGEMENT: "yellow",
}

#: Gives a text a rich style, or leaves it as it is.
Paint = Callable[[str, str], str]


def render(result: LintResult, context: LintContext) -> str:
    """Render a lint for people.

    Parameters
    ----------
    result
        What was found.
    context
        The files' lines, and whether there is colour.

    Returns
    -------
    str
        The faults of files; the findings, each with its hint; what each policy allows who
        guesses; its controls, where they were asked for; the summary.
    """
    paint = _painter(context.colour)
    lines: list[str] = []
    for fault in result.invalid:
        lines += [paint(escape(str(fault)), "bold red")]
        lines += [*fault_excerpt(fault, context.lines), ""]
    for _, findings in groupby(result.findings, key=lambda finding: finding.place.file):
        for finding in findings:
            lines += _finding(finding, paint)
        lines.append("")
    for policy in result.policies:
        lines += [*_guessing(policy, paint), ""]
        if policy.controls is not None:
            lines += [*_controls(policy, policy.controls, result, context, paint), ""]
    failed = bool(result.invalid) or any(
        fails(finding, context.fail_level) for finding in result.findings
    )
    lines.append(paint(summary_of(result), "bold red" if failed else "bold green"))
    return "\n".join(lines) + "\n"


def _painter(colour: bool) -> Paint:
    if not colour:
        return lambda text, _style: text
    from rich.color import ColorSystem
    from rich.style import Style

    # A style by itself looks at no terminal and no environment: the same lint, the same text.
    return lambda text, style: Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


def _finding(finding: Finding, paint: Paint) -> Iterator[str]:
    at = finding.place
    where = escape(f"{at.file}:{at.line}:{at.column}")
    level = paint(finding.level, _STYLES[finding.level])
    about = f"{escape(finding.about)}: " if _is_policy(finding) else ""
    yield f"{where}: {level}: {about}{escape(finding.message)} [{finding.rule}]"
    yield f"    {escape(finding.hint)}"


def _is_policy(finding: Finding) -> bool:
    """Whether the place alone does not tell which policy is meant: knobs are inherited."""
    return bool(finding.about) and not finding.rule.startswith("scenario.")


def _guessing(policy: PolicyReport, paint: Paint) -> Iterator[str]:
    yield paint(f"guessing under {escape(policy.name)}, at most", "bold")
    heads = ("path", "tries at", "in any hour", "chance", "in any day", "chance", "because")
    rows = [
        (
            row.path,
            row.scope,
            tries_text(row.hour),
            chance_text(row.hour),
            tries_text(row.day),
            chance_text(row.day),
            row.because,
        )
        for row in policy.guessing
    ]
    widths = [max(len(row[place]) for row in (heads, *rows)) for place in range(len(heads))]
    for row in (heads, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _controls(
    policy: PolicyReport,
    controls: tuple[Judged, ...],
    result: LintResult,
    context: LintContext,
    paint: Paint,
) -> Iterator[str]:
    yield paint(f"controls of {escape(policy.name)}, digest {policy.digest}", "bold")
    suite = f"suite digest {result.suite}" if result.suite else "no suite"
    yield f"  {suite}, tvc {context.version}" + (f", {context.date}" if context.date else "")
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


def evidence_text(judged: Judged) -> str:
    """Name the case, and the step in it, that shows a control; ``none`` where none does."""
    if judged.shown is None:
        return "none"
    return escape(f"{judged.shown.case}, step {judged.shown.step}")
