"""How long people wait, as distributions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.ticker import PercentFormatter

from tvc.analysis.plots.scales import Floats, evenly, floats, in_words, log_lengths, need
from tvc.analysis.style import (
    ARMS,
    DASHES,
    PALE,
    Picture,
    label_right,
    no_rows,
    picture,
    styled,
)
from tvc.authority.durations import MINUTE_MS, SECOND_MS
from tvc.trace.measures.catalogue import MEASURES

if TYPE_CHECKING:
    import pandas as pd

_GUIDES: Final = (0.5, 0.95)
_MOST_POINTS: Final = 2_000


@styled
def ecdf(
    histograms: "pd.DataFrame | Mapping[str, pd.DataFrame]", measure: str = "time_to_access"
) -> Picture:
    """Draw what share of spells is over by a length of time, arm by arm.

    Parameters
    ----------
    histograms
        `Run.histograms`, or by the name of each arm. Frames of several runs may be joined.
    measure
        Which of its measures.

    Returns
    -------
    Picture
        Length on x, on a logarithmic scale; what is shorter than a second stands at one second.
        Spells that were unfinished at the end of the run keep a curve below 1.
    """
    arms = dict(histograms) if isinstance(histograms, Mapping) else {"": histograms}
    curves = {}
    for name, frame in arms.items():
        need(frame, "measure", "low_ms", "high_ms", "count")
        rows = frame[(frame["measure"] == measure) & (frame["count"] > 0)]
        if len(rows):
            curves[name] = _curve(floats(rows["high_ms"]), floats(rows["count"]))
    named = MEASURES[measure].axis if measure in MEASURES else measure
    if not curves:
        return no_rows(named[0].upper() + named[1:], f"no spell of {measure}")
    longest = max(float(ends[-1]) for ends, _ in curves.values() if len(ends))
    figure = picture(
        _title(named, curves),
        "The share of spells that are over by then. A curve that stays below 100 % has spells "
        "that were unfinished when the run ended.",
        height_in=3.1,
    )
    axes = figure.add_subplot()
    axes.set_xscale("log")
    low, high = float(SECOND_MS), max(longest * 1.1, 10.0 * MINUTE_MS)
    axes.set_xlim(low, high)
    axes.set_ylim(0, 1.02)
    log_lengths(axes.xaxis, low, high)
    for guide in _GUIDES:
        axes.axhline(guide, color=PALE, lw=0.9, ls=(0, (4, 3)), zorder=1)
    labels = []
    for place, (name, (ends, shares)) in enumerate(curves.items()):
        colour, dash = ARMS[place % len(ARMS)], DASHES[place // len(ARMS) % len(DASHES)]
        x = np.concatenate(([low], np.maximum(ends, low), [high]))
        y = np.concatenate(([0.0], shares, shares[-1:]))
        axes.plot(x, y, color=colour, ls=dash, drawstyle="steps-post", label=name)
        labels.append((float(y[-1]), _label(name, ends, shares), colour))
    label_right(axes, labels)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylabel("spells that are over")
    axes.set_xlabel(f"{named} (log scale)")
    return figure


def _curve(ends_ms: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Return bin ends and the share of all spells that is over by each."""
    finite = np.isfinite(ends_ms)
    ends, place = np.unique(ends_ms[finite], return_inverse=True)
    over = np.bincount(place, weights=counts[finite]).cumsum() / counts.sum()
    kept = np.asarray([*evenly(len(ends), _MOST_POINTS), len(ends) - 1] if len(ends) else [], int)
    return (ends[kept], over[kept]) if len(ends) else (np.array([1.0]), np.array([0.0]))


def _percentile(ends: Floats, shares: Floats, share: float) -> str:
    place = int(np.searchsorted(shares, share - 1e-12))
    return f"by {in_words(float(ends[place]))}" if place < len(ends) else "never"


def _label(name: str, ends: Floats, shares: Floats) -> str:
    middle, late = (_percentile(ends, shares, guide) for guide in _GUIDES)
    text = f"half {middle}, 95% {late}"
    unfinished = 1 - float(shares[-1])
    if unfinished > 1e-9:
        text += f"\n{unfinished:.1%} unfinished"
    return f"{name}\n{text}" if name else text


def _title(named: str, curves: Mapping[str, tuple[Floats, Floats]]) -> str:
    if len(curves) > 1:
        return named[0].upper() + named[1:]
    late = _percentile(*next(iter(curves.values())), _GUIDES[1])
    return f"95% {late}: {named}"
