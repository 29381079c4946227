"""The format for GitHub Actions: workflow commands, which become notes beside the lines.

The commands and their escapes: https://docs.github.com/actions/reference/workflow-commands
"""

from collections.abc import Mapping
from typing import Final

from tvc.domain.words import escape
from tvc.harness.formats.findings import Finding, Level
from tvc.harness.formats.report import Report

_COMMANDS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "notice"}


def render(report: Report) -> str:
    """Render a report as workflow commands, one a line.

    Returns
    -------
    str
        An error, warning or notice for each fault of a file and each finding; a notice with the
        summary.
    """
    lines = [_finding(finding, report) for finding in report.everything()]
    lines.append(_command("notice", {"title": f"tvc {report.command}"}, report.summary))
    return "\n".join(lines) + "\n"


def _finding(finding: Finding, report: Report) -> str:
    at = finding.place
    properties = {"line": str(at.line), "col": str(at.column)}
    source = report.source(at.file)
    properties = {} if source is None else {"file": escape(source.as_posix()), **properties}
    properties["title"] = finding.title or finding.rule
    # A title of its own says already what it is about.
    message = escape(finding.message if finding.title else finding.text)
    message += f"\n{escape(finding.help)}" if finding.help else ""
    return _command(_COMMANDS[finding.level], properties, message)


def _command(level: str, properties: Mapping[str, str], message: str) -> str:
    """Write a workflow command, what would end it early escaped."""
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {shown}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
