"""Codes: how many are live, and how long each lies open after its use is over."""

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from tvc.analysis.plots.scales import (
    Floats,
    bin_width,
    coarsen,
    floats,
    in_words,
    need,
    number,
    numbered,
    of_measure,
    steps,
    time_axis,
)
from tvc.analysis.style import CODE, GREY, INK, PALE, Picture, ink, no_rows, picture, styled
from tvc.authority.durations import HOUR_MS

if TYPE_CHECKING:
    import pandas as pd

_MOST_BINS: Final = 700
_MOST_BARS: Final = 160
#: What ends a code, in words, in the order of the bars.
_CAUSES: Final = {
    "lapsed": "lapsed",
    "revoked": "Expire Now",
    "replaced": "replaced",
    "used_up": "used up",
    "live": "still live",
}


@styled
def live_codes(series: "pd.DataFrame") -> Picture:
    """Draw how many codes are live at a time.

    Parameters
    ----------
    series
        `Run.series`.

    Returns
    -------
    Picture
        Codes on y; a long series is averaged over wider bins, with the area up to the
        highest of those that were joined.
    """
    need(series, "start_ms", "measure", "label", "value")
    starts, values = of_measure(series, "codes.live")
    if not len(starts):
        return no_rows("Codes that are live", "the series has no codes.live")
    width = bin_width(starts)
    joined, first = coarsen(starts, _MOST_BINS)
    joined_ms = bin_width(joined) if len(first) > 1 else width
    shown = f"means over {in_words(joined_ms)}"
    if joined_ms > width:
        shown += f", and in the area up to the highest mean of {in_words(width)}"
    mean, highest = float(values.mean()), int(values.argmax())
    figure = picture(
        f"{number(mean)} codes are live on average",
        f"Live codes at a time; {shown}.",
        height_in=2.6,
    )
    axes = figure.add_subplot()
    unit = time_axis(
        axes, float(starts[0]), float(starts[-1] + width), "since the start of measurement"
    )
    sizes = np.diff(first, append=len(values))
    means = np.add.reduceat(values, first) / sizes
    across = joined_ms / unit.ms
    x, y = steps(joined / unit.ms, means, across)
    _, top = steps(joined / unit.ms, np.maximum.reduceat(values, first), across)
    axes.fill_between(x, top, color=CODE, alpha=0.18, lw=0)
    axes.plot(x, y, color=CODE, label="live codes", lw=1.3)
    axes.axhline(mean, color=INK, lw=0.9, ls=(0, (4, 3)))
    axes.annotate(
        f"mean {number(mean)}", xy=(1, mean), xycoords=("axes fraction", "data"), xytext=(5, 0),
        textcoords="offset points", va="center", size=8,
    )  # fmt: skip
    at, peak = (starts[highest] + width / 2) / unit.ms, float(values[highest])
    axes.plot(at, peak, "o", color=CODE, ms=4)
    axes.annotate(
        f"most {number(peak)}", xy=(at, peak), xytext=(0, 5), textcoords="offset points",
        ha="center", size=8, color=ink(CODE),
    )  # fmt: skip
    axes.set_ylim(0, max(peak, 1) * 1.18)
    axes.set_ylabel("live codes")
    return figure


@styled
def exposure(codes: "pd.DataFrame") -> Picture:
    """Draw how long codes are live: while they are used, and idle after that.

    Parameters
    ----------
    codes
        `Run.codes`.

    Returns
    -------
    Picture
        On the left a bar a code (hours), the longest first; many codes are averaged in groups of
        neighbours. On the right all their hours by what ended them.
    """
    need(codes, "exposed_ms", "idle_ms", "cause")
    if not len(codes):
        return no_rows("How long codes are live", "there are no codes")
    exposed, idle = floats(codes["exposed_ms"]) / HOUR_MS, floats(codes["idle_ms"]) / HOUR_MS
    used = exposed - idle
    total, unused = float(exposed.sum()), float(idle.sum())
    share = f"{unused / total:.0%}" if total else "none"
    figure = picture(
        f"{share} of the time that codes are live, nobody needs them",
        f"{number(unused)} of {number(total)} code-hours are idle: after the last rightful use, "
        "or after the device is back.",
        height_in=2.9,
    )
    left, right = figure.subplots(1, 2, width_ratios=(2.1, 1))
    # Codes of the same whole hours stand together, the longest used first.
    order = np.lexsort((used, exposed.round()))[::-1]
    places, groups_used, groups_idle = _groups(used[order], idle[order])
    width = float(places[1] - places[0]) if len(places) > 1 else 1.0
    left.bar(places, groups_used, width, color=CODE, label="in use", lw=0, align="edge")
    left.bar(places, groups_idle, width, groups_used, color=PALE, label="idle", lw=0, align="edge")
    left.set_xlim(0, len(codes))
    left.set_ylim(0, None)
    left.set_title("each code")
    left.set_xlabel("codes, the longest live first")
    left.set_ylabel("hours live")
    left.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    left.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 3, 6, 10]))
    causes = [cause for cause in _CAUSES if (codes["cause"] == cause).any()]
    for place, cause in enumerate(causes):
        where = (codes["cause"] == cause).to_numpy(dtype=bool)
        hours = float(used[where].sum()), float(idle[where].sum())
        right.barh(-place, hours[0], 0.6, color=CODE)
        right.barh(-place, hours[1], 0.6, hours[0], color=PALE)
        right.annotate(
            f"{number(sum(hours))} h, {where.sum():,} code{'' if where.sum() == 1 else 's'}",
            xy=(0, -place + 0.33), xytext=(2, 0), textcoords="offset points", size=7.5,
            va="bottom", color=GREY,
        )  # fmt: skip
    right.set_yticks([-place for place in range(len(causes))], [_CAUSES[one] for one in causes])
    right.set_ylim(-len(causes) + 0.45, 0.75)
    right.set_title("by what ended it")
    right.set_xlabel("code-hours")
    right.grid(visible=False, axis="y")
    right.xaxis.set_major_locator(MaxNLocator(4))
    for axis in (left.xaxis, right.xaxis):
        numbered(axis)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def _groups(used: Floats, idle: Floats) -> tuple[Floats, Floats, Floats]:
    """Return where bars begin, and their means, with neighbours joined when there are many."""
    count = len(used)
    size = -(-count // _MOST_BARS)
    first = np.arange(0, count, size)
    sizes = np.diff(first, append=count)
    return (
        first.astype(np.float64),
        np.add.reduceat(used, first) / sizes,
        np.add.reduceat(idle, first) / sizes,
    )
