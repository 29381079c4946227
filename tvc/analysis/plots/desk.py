"""The desk: how many callers wait, and how busy the admins are."""

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, PercentFormatter
from numpy.typing import NDArray

from tvc.analysis.plots.scales import (
    Floats,
    TimeUnit,
    bin_width,
    coarsen,
    in_words,
    need,
    number,
    numbered,
    of_measure,
    steps,
    time_axis,
)
from tvc.analysis.style import CODE, DESK, INK, Picture, ink, no_rows, picture, styled
from tvc.authority.durations import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    import pandas as pd

_MOST_BINS: Final = 60
_WEEK_HOURS: Final = 168
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_AFTER: Final = "since the start of measurement"


@styled
def desk(series: "pd.DataFrame", *, first_hour: int = 0) -> Picture:
    """Draw the queue and the utilisation of the desk.

    Parameters
    ----------
    series
        `Run.series`.
    first_hour
        The hour of the week at which measurement starts, 0 for Monday at 0:00.

    Returns
    -------
    Picture
        Left, over time: means, and above them the highest bin. Right, where the series is of a
        week or more, by the hour of the week. Above, callers who wait; below, busy admins as a
        share of those on duty (none, where nobody is on duty).
    """
    need(series, "start_ms", "measure", "label", "value")
    starts, queue = of_measure(series, "desk.queue")
    _, busy = of_measure(series, "desk.busy")
    _, duty = of_measure(series, "desk.duty")
    if not len(starts) or len(busy) != len(starts) or len(duty) != len(starts):
        return no_rows("The desk", "the series has no desk.queue, desk.busy and desk.duty")
    width = bin_width(starts)
    share = busy.sum() / duty.sum() if duty.sum() else np.nan
    joined, first = coarsen(starts, _MOST_BINS)
    joined_width = bin_width(joined) if len(first) > 1 else width * len(starts)
    weekly = len(starts) * width >= _WEEK_HOURS * HOUR_MS
    joins = weekly or joined_width > width
    figure = picture(
        "The desk is never on duty"
        if np.isnan(share)
        else f"Admins are busy {share:.0%} of their time on duty",
        f"Lines are means: over {in_words(joined_width)}"
        + (" on the left, over all weeks on the right. " if weekly else ". ")
        + (f"The pale area reaches up to the highest mean of {in_words(width)}." if joins else ""),
        height_in=3.9,
    )
    grid = figure.subplots(2, 1 + weekly, sharex="col", sharey="row", squeeze=False)
    waiting, using = grid[:, 0]
    unit = time_axis(using, float(starts[0]), float(starts[-1] + width), _AFTER)
    sizes = np.diff(first, append=len(starts))
    hourly = _ratio(busy, duty)
    shown = joined / unit.ms, joined_width / unit.ms
    _line(waiting, *shown, np.add.reduceat(queue, first) / sizes, np.maximum.reduceat(queue, first),
          CODE)  # fmt: skip
    _line(using, *shown, _ratio(np.add.reduceat(busy, first), np.add.reduceat(duty, first)),
          np.fmax.reduceat(hourly, first), DESK)  # fmt: skip
    _name(waiting, using)
    if weekly:
        waiting.set_title("over time")
        hours = ((starts // HOUR_MS + first_hour) % _WEEK_HOURS).astype(int)
        _by_hour(grid[0, 1], grid[1, 1], hours, queue, busy, duty)
    figure.align_ylabels([waiting, using])
    _mark_busiest(waiting, starts, queue, width, unit)
    return figure


def _by_hour(  # noqa: PLR0913, PLR0917 - two axes, and what is drawn on them
    waiting: Axes, using: Axes, hours: NDArray[np.int_], queue: Floats, busy: Floats, duty: Floats
) -> None:
    present, inverse, counts = np.unique(hours, return_inverse=True, return_counts=True)

    def total(values: Floats) -> Floats:
        return np.bincount(inverse, weights=values).astype(np.float64)

    def highest(values: Floats) -> Floats:
        most = np.full(len(present), np.nan)
        np.fmax.at(most, inverse, values)
        return most

    place = present.astype(np.float64), 1.0
    _line(waiting, *place, total(queue) / counts, highest(queue), CODE)
    _line(using, *place, _ratio(total(busy), total(duty)), highest(_ratio(busy, duty)), DESK)
    waiting.set_title("by the hour of the week")
    using.axhline(1, color=INK, lw=0.8, ls=(0, (4, 3)))
    day = DAY_MS // HOUR_MS
    using.set_xlim(0, _WEEK_HOURS)
    using.xaxis.set_major_locator(FixedLocator([day * place for place in range(len(_DAYS))]))
    using.set_xticklabels(_DAYS, ha="left")
    using.set_xlabel("hour of the week, days from midnight")


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratio: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return ratio


def _line(  # noqa: PLR0913, PLR0917 - a line and the area above it
    axes: Axes, starts: Floats, width: float, means: Floats, highest: Floats, colour: str
) -> None:
    x, top = steps(starts, highest, width)
    _, y = steps(starts, means, width)
    axes.fill_between(x, np.nan_to_num(y), top, color=colour, alpha=0.25, lw=0)
    axes.plot(x, y, color=ink(colour), lw=1.4, label="mean")


def _mark_busiest(axes: Axes, starts: Floats, queue: Floats, width: float, unit: TimeUnit) -> None:
    place = int(queue.argmax())
    if queue[place] <= 0:
        return
    at = (starts[place] + width / 2) / unit.ms
    low, high = axes.get_xlim()
    side = "right" if at > (low + high) / 2 else "left"
    axes.annotate(
        f"most {number(float(queue[place]))}", xy=(at, queue[place]),
        xytext=(-5 if side == "right" else 5, 2), textcoords="offset points", ha=side, size=8,
        color=ink(CODE),
    )  # fmt: skip


def _name(waiting: Axes, using: Axes) -> None:
    waiting.set_ylabel("callers waiting")
    waiting.set_ylim(0, max(waiting.get_ylim()[1] * 1.1, 0.1))
    numbered(waiting.yaxis)
    using.set_ylabel("busy share of duty")
    using.set_ylim(0, 1.05)
    using.yaxis.set_major_formatter(PercentFormatter(1))
    using.axhline(1, color=INK, lw=0.8, ls=(0, (4, 3)))
