"""The report for GitHub Actions: workflow commands, which become notes beside the lines.

The commands and their escapes: https://docs.github.com/actions/reference/workflow-commands
"""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from tvc.domain.words import escape
from tvc.files.faults import Fault
from tvc.harness.excerpts import rerun_command
from tvc.harness.formats.context import ReportContext, id_of, noted, summary_of
from tvc.harness.outcomes import NOTHING_EXPECTED, CaseResult, Outcome, SuiteResult

_LEVELS: Final = {
    Outcome.FAILED: "error",
    Outcome.ERROR: "error",
    Outcome.INCONCLUSIVE: "warning",
    Outcome.SKIPPED: "notice",
    Outcome.XFAILED: "notice",
}


def render(suite: SuiteResult, context: ReportContext) -> str:
    """Render a suite as workflow commands, one a line.

    Parameters
    ----------
    suite
        What came of it.
    context
        Where files stand, and the policies that stood in for others, for the rerun commands.

    Returns
    -------
    str
        An error for each fault of a file and each failure, a warning for each inconclusive case,
        a notice for each case that its file says to skip or to be known to fail, and one with the
        summary.
    """
    lines = [_fault(fault, context) for fault in suite.invalid]
    for result in suite.results:
        lines += _case(result, context)
    lines.append(command("notice", {"title": "tvc test"}, summary_of(suite)))
    return "\n".join(lines) + "\n"


def _fault(fault: Fault, context: ReportContext) -> str:
    place = place_of(context.source(fault.file), fault.line, fault.column)
    return command("error", place | {"title": "invalid file"}, escape(fault.message))


def _case(result: CaseResult, context: ReportContext) -> Iterator[str]:
    level = _LEVELS.get(result.outcome)
    # A workload that others run on asks for nothing to be done about it.
    if level is None or result.note == NOTHING_EXPECTED:
        return
    source = context.source(result.file)
    title = {"title": noted(result.outcome, id_of(result))}
    for failure in result.failures:
        place = place_of(source, failure.line, failure.column)
        message = f"{escape(failure.message)}\nrerun: {rerun_command(result, context.overrides)}"
        yield command(level, place | title, message)
    if not result.failures:
        place = place_of(source, result.line, result.column)
        yield command(level, place | title, escape(result.note))


def place_of(source: PurePath, line: int, column: int) -> dict[str, str]:
    """Return the properties of a command that say where something stands."""
    return {"file": escape(source.as_posix()), "line": str(line), "col": str(column)}


def command(level: str, properties: dict[str, str], message: str) -> str:
    """Write a workflow command, what would end it early escaped."""
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {shown}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
