"""Choices: what one costs in the other, and how a measure changes over a grid."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes

from tvc.analysis.plots.names import tell_apart
from tvc.analysis.plots.scales import Floats, evenly, floats, need, number, short
from tvc.analysis.style import (
    CODE,
    GREY,
    INK,
    PAGE,
    Picture,
    ink,
    is_light,
    no_rows,
    picture,
    styled,
)
from tvc.authority.durations import parse_duration

if TYPE_CHECKING:
    import pandas as pd

_MOST_POINTS: Final = 300
_MOST_NAMES: Final = 12
_MOST_LETTERS: Final = 34
_MOST_CELLS: Final = 24
_MOST_NUMBERS: Final = 12


@styled
def trade_off(frame: "pd.DataFrame", x: str, y: str, label: str = "arm") -> Picture:
    """Draw arms by two measures, with the front of those that none beats in both.

    Parameters
    ----------
    frame
        A row an arm: ``x``, ``x_low``, ``x_high``, ``y``, ``y_low``, ``y_high`` (value and
        interval), ``arm`` and ``on_front``. What is infinite cannot be drawn and is left out, as
        is the interval of what is known without one.
    x, y
        What the two measures are, with their units; for both less is better.
    label
        What a point is.

    Returns
    -------
    Picture
        Points with intervals, those on the front named, by what tells them apart where their
        names are long; many others as a density.
    """
    import pandas as pd

    need(frame, "x", "x_low", "x_high", "y", "y_low", "y_high", "arm", "on_front")
    known = frame[np.isfinite(floats(frame["x"])) & np.isfinite(floats(frame["y"]))]
    title = f"What less of one costs in the other, by {label}"
    if not len(known):
        return no_rows(title, f"no {label} has a finite value of both")
    on_front = known["on_front"].to_numpy(dtype=bool)
    front = known[on_front].sort_values(["x", "y"], kind="stable")
    others = known[~on_front]
    named = front.iloc[list(evenly(len(front), _MOST_NAMES))].assign(best=True)
    if len(others) + len(named) <= _MOST_NAMES:
        named = pd.concat([named, others.assign(best=False)])
    names = tell_apart([str(arm) for arm in named["arm"]], _MOST_LETTERS)
    figure = picture(
        _front_title(len(front), len(known), label),
        f"Each point is one {label} with the intervals of both values; the line joins those "
        f"that no other one beats in both. Nearer to the lower left is better. {names.note}",
        height_in=3.6,
    )
    axes = figure.add_subplot()
    if len(others) > _MOST_POINTS:
        axes.hexbin(
            floats(others["x"]), floats(others["y"]), gridsize=45, mincnt=1, bins="log",
            cmap="Greys", alpha=0.5, lw=0, zorder=1,
        )  # fmt: skip
    elif len(others):
        _points(axes, others, GREY, 4)
    axes.step(
        floats(front["x"]), floats(front["y"]), where="post", color=CODE, lw=1.1, alpha=0.7,
        label="front",
    )  # fmt: skip
    if len(front) <= _MOST_POINTS:
        _points(axes, front, CODE, 6)
    axes.margins(x=0.12, y=0.12)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    points = named if len(others) > _MOST_POINTS else pd.concat([named, others])
    _name(
        axes,
        list(zip(named["x"], named["y"], names.written, named["best"], strict=True)),
        list(zip(points["x"], points["y"], strict=True)),
    )
    return figure


def _front_title(best: int, count: int, label: str) -> str:
    if count == 1:
        return f"One {label} has a value of both"
    return f"{best} of {count:,} are not beaten in both measures"


#: The axes in points, about; a letter of a name in points; and where a name may stand.
_AXES_PT: Final = (450.0, 215.0)
_LETTER_PT: Final = (4.9, 10.0)
_SPOTS: Final = ((6, 6), (6, -6), (-6, 6), (-6, -6), (10, 15), (-10, 15), (10, -15), (-10, -15))


def _name(
    axes: Axes,
    names: Sequence[tuple[float, float, str, bool]],
    points: Sequence[tuple[float, float]],
) -> None:
    """Name points where the names cover neither one another nor other points."""
    limits = np.array([axes.get_xlim(), axes.get_ylim()])
    scale = np.asarray(_AXES_PT) / np.ptp(limits, axis=1)
    taken: list[Floats] = []
    dots = (np.asarray(points, dtype=np.float64) - limits[:, 0]) * scale
    for x, y, text, best in names:
        at = (np.array([x, y]) - limits[:, 0]) * scale
        size = np.array([len(text) * _LETTER_PT[0], _LETTER_PT[1]])
        for spot in _SPOTS:
            low = at + spot - size * [spot[0] < 0, 0.5]
            box = np.array([low, low + size])
            inside = (box[0] >= 0).all() and (box[1] <= _AXES_PT).all()
            covers = ((dots > box[0] - 3) & (dots < box[1] + 3)).all(axis=1).any()
            meets = any((box[0] < other[1]).all() and (other[0] < box[1]).all() for other in taken)
            if inside and not covers and not meets:
                taken.append(box)
                axes.annotate(
                    text, xy=(x, y), xytext=spot, textcoords="offset points", size=8,
                    ha="left" if spot[0] > 0 else "right", va="center", zorder=5,
                    color=ink(CODE) if best else GREY,
                )  # fmt: skip
                break


def _points(axes: Axes, rows: "pd.DataFrame", colour: str, size: float) -> None:
    # Without an end an interval is not drawn.
    spans = [
        np.nan_to_num(
            np.abs([floats(rows[at] - rows[f"{at}_low"]), floats(rows[f"{at}_high"] - rows[at])]),
            posinf=0.0,
        )
        for at in ("x", "y")
    ]
    axes.errorbar(
        floats(rows["x"]), floats(rows["y"]), xerr=spans[0], yerr=spans[1], fmt="o", ms=size,
        color=colour, ecolor=colour, elinewidth=0.9, capsize=0, alpha=0.9, zorder=3,
    )  # fmt: skip


@styled
def heat_map(frame: "pd.DataFrame", x: str, y: str, value: str, *, unit: str = "") -> Picture:
    """Draw a measure over a grid of two inputs.

    Parameters
    ----------
    frame
        A row a combination, as `Sweep.frame` gives them for one metric.
    x, y
        Columns of the inputs; numbers and durations are put in order, all else stays as it comes.
    value
        Column of the measure. Rows of one cell are averaged; of more than 24 values of an input
        24 are shown, evenly chosen.
    unit
        Of the measure.

    Returns
    -------
    Picture
        Cells, coloured, with their numbers where there is room for them.
    """
    need(frame, x, y, value)
    named = f"{value} ({unit})" if unit else value
    title = f"{value} by {x} and {y}"
    if not np.isfinite(floats(frame[value])).any():
        return no_rows(title, f"no combination has a finite {value}")
    means = frame.groupby([y, x], sort=False)[value].mean()
    columns, rows = (_in_order(list(frame[key].unique())) for key in (x, y))
    cells = means.unstack().reindex(index=rows, columns=columns).to_numpy(dtype=np.float64)
    finite = np.where(np.isfinite(cells), cells, np.nan)
    known = means[np.isfinite(means)]
    low, high = float(known.min()), float(known.max())
    endless = ", and \N{INFINITY} is one without an end" if np.isinf(cells).any() else ""
    figure = picture(
        title,
        f"Means of the rows of a cell: from {number(low)} to {number(high)}"
        f"{' ' + unit if unit else ''}. An empty cell has no value{endless}.",
        height_in=1.1 + min(0.36 * len(rows) + 0.4, 4.2),
    )
    axes = figure.add_subplot()
    image = axes.imshow(finite, cmap="cividis_r", aspect="auto", origin="lower")
    if len(columns) <= _MOST_NUMBERS and len(rows) <= _MOST_NUMBERS:
        shades = image.to_rgba(finite)
        for (row, column), cell in np.ndenumerate(cells):
            if np.isnan(cell):
                continue
            dark = np.isinf(cell) or is_light(shades[row, column, :3])
            axes.text(
                column, row, number(float(cell)), ha="center", va="center", size=8,
                color=INK if dark else PAGE,
            )  # fmt: skip
    axes.set_xticks(range(len(columns)), [short(str(one), 12) for one in columns])
    axes.set_yticks(range(len(rows)), [short(str(one), 18) for one in rows])
    if len(columns) > _MOST_NUMBERS:
        axes.tick_params(axis="x", rotation=90)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    bar = figure.colorbar(image, ax=axes, pad=0.02, fraction=0.05)
    bar.set_label(named)
    bar.outline.set_visible(False)
    return figure


def _in_order(values: list[object]) -> list[object]:
    """Return at most so many values as fit, ascending where they are numbers or durations."""
    sizes = [_size(value) for value in values]
    if all(size is not None for size in sizes):
        order = np.argsort(np.asarray(sizes, dtype=np.float64), kind="stable")
        values = [values[int(place)] for place in order]
    return [values[place] for place in evenly(len(values), _MOST_CELLS)]


def _size(value: object) -> float | None:
    if isinstance(value, int | float | np.number):
        return float(value)
    try:
        return float(parse_duration(str(value)))
    except ValueError:
        return None
