"""The report of coverage: a table for people, JSON for gates, and a page that needs no script."""

import html
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, ClassVar, Final

from tvc.domain.words import escape, number_of
from tvc.files.outputs import note_output
from tvc.harness.formats import json_report
from tvc.harness.formats.json_report import pick
from tvc.harness.formats.report import Paint, Report
from tvc.harness.writing import BadOutput
from tvc.workbench.coverage.measuring import Coverage, Share
from tvc.workbench.coverage.units import Group, Unit
from tvc.workbench.recipes import recipe_of

_HOW: Final = "missing, each with a timeline that covers it (say what its steps shall give):"


@dataclass(frozen=True)
class CoverageReport(Report):
    """What a suite covers of the law: a table for people, JSON for gates."""

    schema: ClassVar[str] = "tvc.coverage/1"

    coverage: Coverage

    def text(self, paint: Paint) -> Iterator[str]:  # noqa: ARG002 - it has no colour
        """Yield a table of the groups, then what is missing and what to write to cover it."""
        coverage = self.coverage
        cut_short = "" if coverage.complete else ", of a run that was cut short"
        cases = number_of(sum(coverage.cases.values()), "case")
        yield f"coverage of the law: {cases} in {number_of(len(coverage.files), 'file')}{cut_short}"
        for name, share in _shares(coverage):
            yield f"  {name:<10} {share.covered:>3}/{share.total:<3} {share.percent:>5.1f} %"
        if coverage.missing:
            yield _HOW
        for unit in coverage.missing:
            yield f"  {unit.id}  ({unit.says})"
            yield from (f"      {line}" for line in recipe_of(unit.id).lines())

    def document(self) -> dict[str, Any]:
        """Return what ``workbench/coverage/coverage.schema.json`` describes."""
        coverage = self.coverage
        *groups, (_, total) = _shares(coverage)
        return {
            "complete": coverage.complete,
            "total": pick(total, "covered", "total", "percent"),
            "groups": {name: pick(one, "covered", "total", "percent") for name, one in groups},
            "files": [
                {
                    "file": PurePath(file).as_posix(),
                    "cases": coverage.cases[file],
                    "covered": [unit.id for unit in coverage.units if unit.id in ids],
                }
                for file, ids in coverage.files.items()
            ],
            "missing": [_missing(unit) for unit in coverage.missing],
        }


def _shares(coverage: Coverage) -> list[tuple[str, Share]]:
    """Return the share of each group, then of all together."""
    return [*((group, coverage.share(group)) for group in Group), ("all", coverage.share())]


def _missing(unit: Unit) -> dict[str, Any]:
    recipe = recipe_of(unit.id)
    return {
        **pick(unit, "id", "group", "says"),
        "set": dict(recipe.knobs),
        "people": dict(recipe.people),
        "clocks": dict(recipe.clocks),
        "timeline": list(recipe.steps),
    }


# As a page

_STYLE: Final = (
    "body{font:16px/1.4 sans-serif;margin:2em}"
    "table{border-collapse:collapse;margin:1em 0}"
    "th,td{border:1px solid #999;padding:.2em .6em;text-align:left;vertical-align:top}"
    ".missing{background:#fdd}pre{margin:0;white-space:pre-wrap}"
)


def render_html(report: CoverageReport) -> str:
    """Render one page of plain tables, which says everything in words."""
    title = "Coverage of the law"
    coverage = report.coverage
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        "" if coverage.complete else "<p>The run was cut short.</p>",
        *_table(
            "By group",
            ("group", "covered", "of", "percent"),
            (
                [name, share.covered, share.total, share.percent]
                for name, share in _shares(coverage)
            ),
        ),
        *_table(
            "By file",
            ("file", "cases", "units covered"),
            ([file, coverage.cases[file], len(ids)] for file, ids in coverage.files.items()),
        ),
        *_table("Unit by unit", ("unit", "covered by", "what it is, and how"), _units(coverage)),
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


class _Lines(list[str]):
    """Lines of a file, which a page shows as they are."""


def _units(coverage: Coverage) -> Iterator[list[object]]:
    for unit in coverage.units:
        count = sum(unit.id in ids for ids in coverage.files.values())
        if count:
            yield [unit.id, number_of(count, "file"), unit.says]
        else:
            yield [unit.id, "missing", _Lines([unit.says, *recipe_of(unit.id).lines()])]


def _table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    yield f"<h2>{caption}</h2>"
    yield "<table><thead><tr>"
    yield "".join(f'<th scope="col">{head}</th>' for head in heads)
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = list(row)
        mark = ' class="missing"' if "missing" in cells else ""
        yield f"<tr{mark}>" + "".join(f"<td>{_cell(cell)}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, _Lines):
        return "<pre>" + html.escape("\n".join(value)) + "</pre>"
    return html.escape(escape(str(value)))


# Files

_RENDERS: Final[dict[str, Callable[[CoverageReport], str]]] = {
    ".json": json_report.render,
    ".html": render_html,
}


def check_files(names: Iterable[str]) -> tuple[Path, ...]:
    """Return the files that reports of coverage shall go to.

    Parameters
    ----------
    names
        Files whose names end in ``.json`` or ``.html``.

    Raises
    ------
    BadOutput
        If a name ends otherwise.
    RefusedOutput
        If a file will not do; see `tvc.files.outputs.note_output`.
    """
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if path.suffix.lower() not in _RENDERS:
            raise BadOutput(f"--coverage={name}: expected a name that ends in .json or .html")
        note_output(path, f"--coverage={name}")
        found.append(path)
    return tuple(found)


def render_for(path: Path, report: CoverageReport) -> str:
    """Render coverage in the format that the file's name says."""
    return _RENDERS[path.suffix.lower()](report)
