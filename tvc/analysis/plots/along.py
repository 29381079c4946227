"""One result along the values of a knob or an input, each with its interval."""

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from tvc.analysis.plots.scales import evenly, floats, need, numbered, short
from tvc.analysis.style import CODE, INK, REFUSED, Picture, ink, no_rows, picture, styled

if TYPE_CHECKING:
    import pandas as pd

_MOST_VALUES: Final = 300
_MOST_NAMES: Final = 12
_LONGEST: Final = 14


class Limit(NamedTuple):
    """A height that values are read against.

    Attributes
    ----------
    at
        In the unit of the values.
    name
        What it means.
    """

    at: float
    name: str


@styled
def along(
    frame: "pd.DataFrame",
    key: str,
    measured: str,
    *,
    title: str = "",
    limit: Limit | None = None,
) -> Picture:
    """Draw a result at each value of a knob or an input.

    Parameters
    ----------
    frame
        A row a value, in order: ``at`` (the value in words), ``value``, ``low`` and ``high`` (the
        result there, and its interval). What has no finite result leaves a gap, and an interval
        without an end is not drawn.
    key, measured
        What is varied, and what was measured, with its unit.
    title
        The finding; by default only what is drawn.
    limit
        A line that results are read against.

    Returns
    -------
    Picture
        Dots with their intervals; of more values than there is room for, neighbours are joined to
        their mean, with the lowest and highest end of their intervals.
    """
    need(frame, "at", "value", "low", "high")
    title = title or f"{measured} by {key}"
    values = np.where(np.isfinite(floats(frame["value"])), floats(frame["value"]), np.nan)
    if np.isnan(values).all():
        return no_rows(title, f"no value of {key} has a finite result")
    count = len(values)
    shown = min(count, _MOST_VALUES)
    first = np.arange(shown) * count // shown
    known = np.add.reduceat(~np.isnan(values), first, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        heights = np.add.reduceat(np.nan_to_num(values), first) / known
    low = np.minimum.reduceat(floats(frame["low"]), first)
    high = np.maximum.reduceat(floats(frame["high"]), first)
    joined = "" if shown == count else f" {count:,} values are joined to {shown}."
    figure = picture(
        title, f"A dot is the mean at a value of {key}, the line its 95 % interval.{joined}",
        height_in=2.8,
    )  # fmt: skip
    axes = figure.add_subplot()
    places = np.arange(shown)
    sure = np.isfinite(low) & np.isfinite(high) & np.isfinite(heights)
    axes.vlines(places[sure], low[sure], high[sure], color=CODE, lw=2, label="interval")
    axes.plot(places, heights, "o", color=CODE, ms=6 if shown == count else 3, label=measured)
    if limit is not None:
        axes.axhline(limit.at, color=REFUSED, lw=1.1, ls=(0, (4, 3)), label=limit.name)
        axes.annotate(
            limit.name, xy=(1, limit.at), xycoords=("axes fraction", "data"), xytext=(-2, 3),
            textcoords="offset points", ha="right", size=8, color=ink(REFUSED),
        )  # fmt: skip
    elif np.nanmin(heights) >= 0:
        axes.set_ylim(0, None)
    named = list(evenly(shown, _MOST_NAMES))
    texts = frame["at"].iloc[first[named]]
    axes.set_xticks(named, [short(str(text), _LONGEST) for text in texts])
    axes.set_xlim(-0.5, shown - 0.5)
    axes.margins(y=0.12)
    numbered(axes.yaxis)
    axes.set_xlabel(key)
    axes.set_ylabel(short(measured, 40), color=INK)
    return figure
