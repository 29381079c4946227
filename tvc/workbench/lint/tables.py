"""The table of controls and evidence as a file that an auditor can keep: HTML, CSV or Markdown.

Each form bears the policy's name and digest, the digest of the suite and the version, so that it
can be told later what was judged; a date only where one was asked for.
"""

import csv
import html
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tvc.domain.words import escape
from tvc.harness.formats import json_report
from tvc.workbench.lint.controls import CAUTION, Judged
from tvc.workbench.lint.linting import PolicyReport
from tvc.workbench.lint.report import LintReport, evidence_text, guessing_cells

_HEADS: Final = (
    "control", "source", "clause", "severity", "requirement", "result", "why", "knob", "evidence",
)  # fmt: skip
_GUESSING_HEADS: Final = (
    "path", "tries at", "in any hour", "chance in any hour", "in any day", "chance in any day",
    "because",
)  # fmt: skip
#: What spreadsheets take for the beginning of a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def _row(judged: Judged) -> tuple[str, ...]:
    control, answer = judged.control, judged.answer
    cells = (
        control.id,
        control.source,
        control.clause,
        control.severity,
        control.requirement,
        answer.result,
        answer.why,
        answer.knob,
        evidence_text(judged),
    )
    return tuple(map(escape, cells))


def _facts(policy: PolicyReport, report: LintReport) -> dict[str, str]:
    result = report.result
    facts = {
        "policy": escape(policy.name),
        "policy digest": policy.digest,
        "suite digest": result.suite or "none",
        "cases": str(result.cases),
        "tvc": report.version,
    }
    return facts if report.date is None else facts | {"date": report.date}


def _csv(report: LintReport) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header: tuple[str, ...] = ()
    for policy in report.result.policies:
        facts = _facts(policy, report)
        if not header:
            header = (*facts, *_HEADS)
            writer.writerow(header)
        for judged in policy.controls or ():
            writer.writerow(map(_harmless, (*facts.values(), *_row(judged))))
    return out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _markdown(report: LintReport) -> str:
    lines: list[str] = []
    for policy in report.result.policies:
        lines += [f"# Controls: {_cell(policy.name)}", ""]
        facts = _facts(policy, report)
        lines += [f"- {name}: {_cell(text)}" for name, text in facts.items()]
        lines += ["", CAUTION, "", *_markdown_table(_HEADS, map(_row, policy.controls or ()))]
        lines += ["", "## Guessing, at most", ""]
        lines += [*_markdown_table(_GUESSING_HEADS, map(guessing_cells, policy.guessing)), ""]
    return "\n".join(lines)


def _markdown_table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + " --- |" * len(heads)
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    """Write a text so that Markdown shows it and does nothing else with it."""
    marked = "".join(f"\\{char}" if char in "\\`*_[]<>|#!" else char for char in escape(text))
    return marked.replace("&", "&amp;")


def _html(report: LintReport) -> str:
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        '<head><meta charset="utf-8"><title>Controls</title>',
        "<style>body{font-family:sans-serif}table{border-collapse:collapse;margin:1em 0}"
        "th,td{border:1px solid #999;padding:.3em .5em;text-align:left;vertical-align:top}"
        "</style></head>",
        "<body>",
    ]
    for policy in report.result.policies:
        lines.append(f"<h1>Controls: {_text(policy.name)}</h1>")
        lines.append("<dl>")
        for name, text in _facts(policy, report).items():
            lines.append(f"<dt>{_text(name)}</dt><dd>{_text(text)}</dd>")
        lines += ["</dl>", f"<p>{_text(CAUTION)}</p>"]
        lines += _html_table(_HEADS, map(_row, policy.controls or ()))
        lines.append("<h2>Guessing, at most</h2>")
        lines += _html_table(_GUESSING_HEADS, map(guessing_cells, policy.guessing))
    return "\n".join([*lines, "</body>", "</html>"]) + "\n"


def _html_table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield "<table>"
    yield f"<tr>{''.join(f'<th>{_text(head)}</th>' for head in heads)}</tr>"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>"
    yield "</table>"


def _text(text: str) -> str:
    return html.escape(escape(text))


#: Writes the table, by the ending of the file's name. JSON is the whole report, ``tvc.lint/1``.
TABLES: Final[Mapping[str, Callable[[LintReport], str]]] = MappingProxyType(
    {".html": _html, ".csv": _csv, ".json": json_report.render, ".md": _markdown}
)


def render_table(file: Path, report: LintReport) -> str:
    """Render the controls of every policy in the form that a file's name asks for.

    Raises
    ------
    KeyError
        If its name has none of the endings of `TABLES`.
    """
    return TABLES[file.suffix](report)
