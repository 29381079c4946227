"""Reports of coverage: a table for people, JSON for gates, and a page that needs no script."""

import html
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from tvc.domain.words import escape
from tvc.files.outputs import note_output
from tvc.harness.formats.context import portable_path
from tvc.harness.writing import BadOutput
from tvc.workbench.coverage.measuring import Coverage, Share
from tvc.workbench.coverage.units import Group, Unit
from tvc.workbench.recipes import recipe_of

#: The version of the form of a JSON report; a reader refuses others.
SCHEMA: Final = "tvc.coverage/1"

_HOW: Final = "missing, each with a timeline that covers it (say what its steps shall give):"


# For people


def render_text(coverage: Coverage) -> str:
    """Render a table of the groups, then what is missing and what to write to cover it."""
    lines = [f"coverage of the law: {_number(sum(coverage.cases.values()), 'case')}"]
    lines[0] += f" in {_number(len(coverage.files), 'file')}"
    lines[0] += "" if coverage.complete else ", of a run that was cut short"
    lines += [_row(group, coverage.share(group)) for group in Group]
    lines.append(_row("all", coverage.share()))
    if coverage.missing:
        lines.append(_HOW)
    for unit in coverage.missing:
        lines.append(f"  {unit.id}  ({unit.says})")
        lines += [f"      {line}" for line in recipe_of(unit.id).lines()]
    return "\n".join(lines) + "\n"


def _row(name: str, share: Share) -> str:
    return f"  {name:<10} {share.covered:>3}/{share.total:<3} {share.percent:>5.1f} %"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


# For programs


def render_json(coverage: Coverage) -> str:
    """Render ``tvc.coverage/1``, described by ``workbench/coverage/coverage.schema.json``.

    Returns
    -------
    str
        Holds no time and no machine data: the same suite gives the same bytes everywhere.
    """
    report = {
        "schema": SCHEMA,
        "complete": coverage.complete,
        "total": _share(coverage.share()),
        "groups": {group: _share(coverage.share(group)) for group in Group},
        "files": [
            {
                "file": portable_path(file),
                "cases": coverage.cases[file],
                "covered": [unit.id for unit in coverage.units if unit.id in ids],
            }
            for file, ids in coverage.files.items()
        ],
        "missing": [_missing(unit) for unit in coverage.missing],
    }
    return json.dumps(report, indent=2) + "\n"


def _share(share: Share) -> dict[str, Any]:
    return {"covered": share.covered, "total": share.total, "percent": share.percent}


def _missing(unit: Unit) -> dict[str, Any]:
    recipe = recipe_of(unit.id)
    return {
        "id": unit.id,
        "group": unit.group,
        "says": unit.says,
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


def render_html(coverage: Coverage) -> str:
    """Render one page of plain tables, which says everything in words."""
    title = "Coverage of the law"
    shares: list[tuple[str, Share]] = [(group, coverage.share(group)) for group in Group]
    shares.append(("all", coverage.share()))
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        "" if coverage.complete else "<p>The run was cut short.</p>",
        *_table(
            "By group",
            ("group", "covered", "of", "percent"),
            ([name, share.covered, share.total, share.percent] for name, share in shares),
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
            yield [unit.id, _number(count, "file"), unit.says]
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

_RENDERS: Final[dict[str, Callable[[Coverage], str]]] = {
    ".json": render_json,
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


def render_for(path: Path, coverage: Coverage) -> str:
    """Render coverage in the format that the file's name says."""
    return _RENDERS[path.suffix.lower()](coverage)
