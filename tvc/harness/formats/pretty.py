"""The report for people: every case by name, then each failure with all that helps with it."""

from collections.abc import Callable, Iterator
from typing import Final

from tvc.files.faults import Fault, escape
from tvc.harness.excerpts import excerpt
from tvc.harness.formats.context import ReportContext, block_of, by_file, id_of, noted, summary_of
from tvc.harness.outcomes import CaseResult, Outcome, SuiteResult

_STYLES: Final = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.ERROR: "bold red",
    Outcome.INCONCLUSIVE: "bold yellow",
    Outcome.SKIPPED: "yellow",
    Outcome.XFAILED: "yellow",
}
_LONGEST_OUTCOME: Final = max(map(len, Outcome))

#: Gives a text a rich style, or leaves it as it is.
Paint = Callable[[str, str], str]


def render(suite: SuiteResult, context: ReportContext) -> str:
    """Render a suite for people.

    Parameters
    ----------
    suite
        What came of it.
    context
        The files' lines, and whether there is colour.

    Returns
    -------
    str
        The faults of files; each case's outcome and name, file by file; the failures once more,
        each with its excerpt, records and rerun command; the summary.
    """
    paint = _painter(context.colour)
    lines = [
        *_faults(suite, context, paint),
        *_names(suite, paint),
        *_failures(suite, context, paint),
        paint(summary_of(suite), _summary_style(suite)),
    ]
    return "\n".join(lines) + "\n"


def _painter(colour: bool) -> Paint:
    if not colour:
        return lambda text, _style: text
    from rich.color import ColorSystem
    from rich.style import Style

    # A style by itself looks at no terminal and no environment: the same suite, the same text.
    return lambda text, style: Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


def _faults(suite: SuiteResult, context: ReportContext, paint: Paint) -> Iterator[str]:
    for fault in suite.invalid:
        yield from _fault(fault, context, paint)
        yield ""


def _fault(fault: Fault, context: ReportContext, paint: Paint) -> Iterator[str]:
    yield paint(escape(str(fault)), "bold red")
    yield from excerpt(context.lines(fault.file), fault.line, fault.column)


def _names(suite: SuiteResult, paint: Paint) -> Iterator[str]:
    for file, results in by_file(suite):
        yield paint(escape(file), "bold")
        for result in results:
            word = paint(f"{result.outcome:<{_LONGEST_OUTCOME}}", _STYLES[result.outcome])
            yield f"  {word}  {noted(id_of(result), result.note)}"
        yield ""


def _failures(suite: SuiteResult, context: ReportContext, paint: Paint) -> Iterator[str]:
    for result in suite.results:
        for failure in result.failures:
            yield _heading(result, paint)
            yield from block_of(result, failure, context)
            yield ""


def _heading(result: CaseResult, paint: Paint) -> str:
    return paint(f"{result.outcome.upper()} {escape(result.name)}", _STYLES[result.outcome])


def _summary_style(suite: SuiteResult) -> str:
    outcomes = {result.outcome for result in suite.results}
    if suite.invalid or suite.interrupted or outcomes & {Outcome.FAILED, Outcome.ERROR}:
        return "bold red"
    return "bold green" if outcomes & {Outcome.PASSED, Outcome.XFAILED} else "bold yellow"
