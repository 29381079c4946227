"""What matters: which input moves a result, and what a change does pair by pair."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from tvc.analysis.plots.scales import floats, need, number, numbered, short
from tvc.analysis.style import (
    CODE,
    DEVICE,
    GREY,
    INK,
    METHOD,
    PALE,
    REFUSED,
    WIDTH_IN,
    Picture,
    ink,
    no_rows,
    picture,
    styled,
)
from tvc.statistics.intervals import t_interval

if TYPE_CHECKING:
    import pandas as pd

_MOST_INPUTS: Final = 15
_MOST_PAIRS: Final = 80
_BINS: Final = 60
_NAME: Final = 18
#: How far the bar of an infinite result reaches, in lengths of the longest finite one.
_BEYOND: Final = 1.25
#: A letter of a name, about.
_LETTER_PT: Final = 5.0


@styled
def tornado(frame: "pd.DataFrame", *, measured: str = "result") -> Picture:
    """Draw how far each input moves a result, the one that moves it most on top.

    Parameters
    ----------
    frame
        A row an input: ``input``, ``low_value``, ``high_value`` (what it is set to), ``at_low``,
        ``at_high``, ``base`` (the result at either, and as it is); optionally ``break_even``, the
        value of the input at which a result that is a difference is zero. A bar that ends at
        infinity is the longest, and says so.
    measured
        What the result is, with its unit.

    Returns
    -------
    Picture
        Bars from the base to the result at either value of the input, at most fifteen. Inputs
        that move nothing have no bar, and are counted.
    """
    import pandas as pd

    need(frame, "input", "low_value", "high_value", "at_low", "at_high", "base")
    base_of, at_low, at_high = (floats(frame[name]) for name in ("base", "at_low", "at_high"))
    base_of = np.where(np.isinf(base_of), np.nan, base_of)
    swing = np.fmax(np.abs(at_low - base_of), np.abs(at_high - base_of))
    order = np.argsort(-np.nan_to_num(swing, nan=-1), kind="stable")
    order = order[~np.isnan(swing[order])]
    if not len(order):
        return no_rows("Which inputs matter", "no input has a result that is finite as it is")
    still = int((swing == 0).sum())
    order = order[swing[order] > 0][:_MOST_INPUTS]
    if not len(order):
        return no_rows("Which inputs matter", f"none of {still:,} moves the result")
    rows = frame.iloc[order]
    first = str(rows["input"].iloc[0])
    moving = len(frame) - still
    some = "" if len(order) == moving else f" The {len(order)} of {moving:,} that move most."
    some += f" {still:,} more {'does' if still == 1 else 'do'} not move it at all." if still else ""
    has_break = "break_even" in frame.columns and rows["break_even"].notna().any()
    mark = " A diamond: at this value of the input the difference is zero." if has_break else ""
    figure = picture(
        f"{short(first, 36)} moves the result most",
        f"Each input by itself at its low and at its high value, written at the ends.{some}{mark}",
        height_in=0.9 + 0.36 * len(rows),
    )
    axes = figure.add_subplot()
    inputs = [short(str(name), 34) for name in rows["input"]]
    base = float(base_of[order[0]])
    finite = swing[order][np.isfinite(swing[order])]
    beyond = _BEYOND * float(finite.max(initial=0)) or 1.0
    for place, row in enumerate(order):
        ends = (
            _end(at_low[row], frame["low_value"].iloc[row], DEVICE, base, beyond),
            _end(at_high[row], frame["high_value"].iloc[row], CODE, base, beyond),
        )
        # At the same end the longer bar lies below.
        for at, value, colour in sorted(ends, key=lambda end: -abs(np.nan_to_num(end[0] - base))):
            if np.isnan(at) or at == base:
                continue
            axes.barh(-place, at - base, 0.62, base, color=colour, label=value)
        _name_ends(axes, place, base, ends)
        if has_break:
            zero = min(at_low[row], at_high[row]) <= 0 <= max(at_low[row], at_high[row])
            even = frame["break_even"].iloc[row]
            if zero and not pd.isna(even):
                axes.plot(0, -place, "D", color=REFUSED, ms=6, mec="white", zorder=5)
                axes.annotate(
                    f"even at {short(_spelt(even), 12)}", xy=(0, -place + 0.3), xytext=(0, 0),
                    textcoords="offset points", ha="center", va="bottom", size=7,
                    color=ink(REFUSED), weight="bold", zorder=6,
                )  # fmt: skip
    axes.axvline(base, color=INK, lw=1)
    if has_break:
        axes.axvline(0, color=REFUSED, lw=0.9, ls=(0, (4, 3)), zorder=1)
    axes.annotate(
        f"as it is: {number(base)}", xy=(base, 1), xycoords=("data", "axes fraction"),
        xytext=(0, 3), textcoords="offset points", ha="center", size=8,
    )  # fmt: skip
    axes.set_yticks([-place for place in range(len(rows))], inputs)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-len(rows) + 0.4, 0.65)
    names = [text.get_text() for text in axes.texts]
    # Room for the longest value at either side, in shares of what the names of inputs leave.
    longest = min(max(map(len, names)), _NAME)
    left_pt = 72 * WIDTH_IN - 50 - _LETTER_PT * max(len(name) for name in inputs)
    share = min(_LETTER_PT * longest / left_pt, 0.35)
    axes.margins(x=0.03 + share / (1 - 2 * share))
    axes.set_xlabel(measured)
    axes.grid(visible=False, axis="y")
    return figure


def _end(
    at: float, value: object, colour: str, base: float, beyond: float
) -> tuple[float, str, str]:
    """Return where a bar ends, what is written there, and its colour."""
    text = short(_spelt(value), _NAME)
    if np.isinf(at):
        return base + np.sign(at) * beyond, f"{text}: {number(at)}", colour
    return at, text, colour


def _spelt(value: object) -> str:
    """Spell a value of an input; of a distribution what tells it from its half and its double."""
    match value:
        case {"fixed": length}:
            return str(length)
        case {"exponential": {"mean": mean}}:
            return f"mean {mean}"
        case {"lognormal": {"median": median}}:
            return f"median {median}"
        case {"uniform": {"low": low, "high": high}}:
            return f"{low} to {high}"
        case float():
            return number(value)
    return str(value)


def _name_ends(axes: Axes, place: int, base: float, ends: Sequence[tuple[float, str, str]]) -> None:
    """Write the values of the input at the ends of its bar, never two in one spot."""
    signs = [np.sign(at - base) for at, _, _ in ends]
    same_side = signs[0] * signs[1] > 0
    for (at, value, colour), (other, _, _) in zip(ends, reversed(ends), strict=True):
        if np.isnan(at):
            continue
        right = at > base or (at == base and other < base)
        # The shorter of two bars on one side is named across the base.
        across = same_side and abs(at - base) < abs(other - base)
        spot, right = (base, not right) if across else (at, right)
        axes.annotate(
            value, xy=(spot, -place), xytext=(4 if right else -4, 0),
            textcoords="offset points", ha="left" if right else "right", va="center", size=7.5,
            color=ink(colour),
        )  # fmt: skip


@styled
def paired_delta(frame: "pd.DataFrame", *, measured: str = "result") -> Picture:
    """Draw what a change does, replication by replication.

    Parameters
    ----------
    frame
        A row a pair: ``replication``, ``baseline``, ``candidate``. A pair that lacks either has
        no difference.
    measured
        What was measured, with its unit.

    Returns
    -------
    Picture
        Candidate less baseline on x: a dot a pair, in order (many pairs as a histogram), and
        their mean with Student's 95 % interval.
    """
    need(frame, "replication", "baseline", "candidate")
    found = floats(frame["candidate"]) - floats(frame["baseline"])
    deltas = np.sort(found[np.isfinite(found)])
    if not len(deltas):
        return no_rows("Candidate less baseline", "no pair has a difference")
    mean = float(deltas.mean())
    low, high = t_interval(list(deltas)) if len(deltas) > 1 else (mean, mean)
    below, above = int((deltas < 0).sum()), int((deltas > 0).sum())
    lost = len(found) - len(deltas)
    figure = picture(
        f"The candidate is lower in {below:,} of {len(deltas):,} pairs, higher in {above:,}",
        "Both arms meet the same people on the same days; a dot is one pair. "
        + ("" if len(deltas) > 1 else "One pair alone has no interval. ")
        + (f"{lost:,} pairs have no difference." if lost else ""),
        height_in=2.9,
    )
    summary, pairs = figure.subplots(2, 1, sharex=True, height_ratios=(1, 3.2))
    for axes in (summary, pairs):
        axes.axvline(0, color=INK, lw=1)
    summary.plot([low, high], [0, 0], color=INK, lw=5, alpha=0.35, solid_capstyle="butt")
    summary.plot(mean, 0, "D", color=INK, ms=7)
    text = f"mean {number(mean)}"
    text += f"   95 % interval {number(low)} to {number(high)}" if len(deltas) > 1 else ""
    summary.set_title(text, size=8.5)
    summary.set_ylim(-1, 1)
    summary.set_yticks([])
    summary.spines["left"].set_visible(False)
    summary.tick_params(axis="x", length=0)
    pairs.axvspan(low, high, color=INK, alpha=0.07, lw=0)
    if len(deltas) <= _MOST_PAIRS:
        colours = np.where(deltas < 0, METHOD, np.where(deltas > 0, DEVICE, GREY))
        places = np.arange(1, len(deltas) + 1)
        pairs.hlines(places, 0, deltas, colors=PALE, lw=1)
        pairs.scatter(deltas, places, c=list(colours), s=20, zorder=3, label="pairs")
        pairs.set_ylabel("pairs, in order")
        pairs.set_ylim(0.3, len(deltas) + 0.7)
        pairs.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    else:
        counts, edges = np.histogram(deltas, bins=_BINS)
        middles = (edges[:-1] + edges[1:]) / 2
        pairs.bar(
            middles, counts, np.diff(edges), color=list(np.where(middles < 0, METHOD, DEVICE)),
            label="pairs",
        )  # fmt: skip
        pairs.set_ylabel("pairs")
        numbered(pairs.yaxis)
    pairs.margins(x=0.08)
    pairs.set_xlabel(f"candidate less baseline: {measured}")
    return figure
