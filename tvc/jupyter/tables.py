"""Plain HTML tables: how values show themselves in a notebook.

Below everything else, so that each class can show what it knows without knowing who looks. The
tables need no style sheet: captions, headings with a scope, and numbers to the right. Every text
is escaped, whatever a file brought along.
"""

from collections.abc import Collection, Iterable, Sequence
from html import escape as _escape_markup
from itertools import islice
from typing import Final

#: Rows that anybody reads in a notebook; what is longer says how many are left out.
MOST_ROWS: Final = 40

_LEFT: Final = ' style="text-align: left"'
_RIGHT: Final = ' style="text-align: right"'


def text(value: object) -> str:
    r"""Return a value as HTML text; what cannot be seen (controls, marks of direction) is spelt.

    Examples
    --------
    >>> text("<b>\x07"), text(None)
    ('&lt;b&gt;\\x07', '')
    """
    said = "" if value is None else str(value)
    if not said.isprintable():
        said = "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
            for char in said
        )
    return _escape_markup(said)


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Collection[int] = (),
    most: int = MOST_ROWS,
) -> str:
    """Return a table with a heading for each column, and the first cell as heading of its row.

    Parameters
    ----------
    caption
        What is seen.
    head
        The names of the columns.
    rows
        Cells, as many as there are columns; None is empty.
    numbers
        The columns that are read as numbers, which stand to the right.
    most
        How many rows are shown before a last one says how many more there are.

    Examples
    --------
    >>> print(table("Codes", ("code", "uses"), [("ana#1", 2), ("ana#2", 0)], numbers={1}, most=1))
    <table>
    <caption style="text-align: left">Codes</caption>
    <thead><tr><th scope="col" style="text-align: left">code</th>\
<th scope="col" style="text-align: right">uses</th></tr></thead>
    <tbody>
    <tr><th scope="row" style="text-align: left">ana#1</th><td style="text-align: right">2</td></tr>
    <tr><td colspan="2" style="text-align: left">… 1 more</td></tr>
    </tbody>
    </table>
    """
    every = iter(rows)
    shown = list(islice(every, most))
    left_out = sum(1 for _ in every)
    body = [f"<tr>{_row(cells, numbers)}</tr>" for cells in shown]
    if left_out:
        body.append(f'<tr><td colspan="{len(head)}"{_LEFT}>… {left_out:,} more</td></tr>')
    names = "".join(
        f'<th scope="col"{_side(place, numbers)}>{text(name)}</th>'
        for place, name in enumerate(head)
    )
    return "\n".join(
        (
            "<table>",
            f"<caption{_LEFT}>{text(caption)}</caption>",
            f"<thead><tr>{names}</tr></thead>",
            "<tbody>",
            *body,
            "</tbody>",
            "</table>",
        )
    )


def facts(caption: str, rows: Iterable[tuple[str, object]]) -> str:
    """Return a table of names and what belongs to each; what is None is left out.

    Examples
    --------
    >>> print(facts("Decision", [("outcome", "denied"), ("limit", None)]))
    <table>
    <caption style="text-align: left">Decision</caption>
    <tbody>
    <tr><th scope="row" style="text-align: left">outcome</th>\
<td style="text-align: left">denied</td></tr>
    </tbody>
    </table>
    """
    body = [f"<tr>{_row(row, ())}</tr>" for row in rows if row[1] is not None]
    return "\n".join(
        (
            "<table>",
            f"<caption{_LEFT}>{text(caption)}</caption>",
            "<tbody>",
            *body,
            "</tbody>",
            "</table>",
        )
    )


def folded(summary: str, inside: str) -> str:
    """Return HTML that is shown when its summary is clicked."""
    return f"<details><summary>{text(summary)}</summary>\n{inside}\n</details>"


def _row(cells: Sequence[object], numbers: Collection[int]) -> str:
    first, *rest = cells
    return f'<th scope="row"{_side(0, numbers)}>{text(first)}</th>' + "".join(
        f"<td{_side(place, numbers)}>{text(cell)}</td>" for place, cell in enumerate(rest, 1)
    )


def _side(place: int, numbers: Collection[int]) -> str:
    return _RIGHT if place in numbers else _LEFT
