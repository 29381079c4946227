"""The report for GitHub Actions: workflow commands, which become notes beside the lines.

The commands and their escapes: https://docs.github.com/actions/reference/workflow-commands
"""

from typing import Final

from tvc.domain.words import escape
from tvc.harness.formats.github import command, place_of
from tvc.workbench.lint.findings import Finding, Level
from tvc.workbench.lint.linting import LintResult
from tvc.workbench.lint.places import BUILT_IN
from tvc.workbench.lint.reports.context import LintContext, summary_of

_COMMANDS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "notice"}


def render(result: LintResult, context: LintContext) -> str:
    """Render a lint as workflow commands, one a line.

    Parameters
    ----------
    result
        What was found.
    context
        Where files stand.

    Returns
    -------
    str
        An error for each fault of a file; an error, warning or notice for each finding; a notice
        with the summary.
    """
    lines = [
        command(
            "error",
            _place(fault.file, fault.line, fault.column, context) | {"title": "invalid file"},
            escape(fault.message),
        )
        for fault in result.invalid
    ]
    lines += [_finding(finding, context) for finding in result.findings]
    lines.append(command("notice", {"title": "tvc lint"}, summary_of(result)))
    return "\n".join(lines) + "\n"


def _finding(finding: Finding, context: LintContext) -> str:
    at = finding.place
    about = f"{finding.about}: " if finding.about else ""
    message = f"{escape(about + finding.message)}\n{escape(finding.hint)}"
    properties = _place(at.file, at.line, at.column, context) | {"title": finding.rule}
    return command(_COMMANDS[finding.level], properties, message)


def _place(file: str, line: int, column: int, context: LintContext) -> dict[str, str]:
    if file.startswith(BUILT_IN):  # no file of the repository
        return {}
    return place_of(context.source(file), line, column)
