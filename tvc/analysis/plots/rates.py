"""Rates: the generations of one user against the limit that they meet."""

from typing import TYPE_CHECKING, Final

import numpy as np

from tvc.analysis.plots.scales import Floats, floats, in_words, need, time_axis
from tvc.analysis.style import CODE, INK, PALE, REFUSED, Picture, no_rows, picture, styled

if TYPE_CHECKING:
    import pandas as pd

_MOST_WINDOWS: Final = 12
_MOST_MARKS: Final = 1_500
_TITLE: Final = "Generations against the limit"
_WINDOWS: Final = {
    "rolling": "Generations within the last {per}",
    "clock_hour": "Generations since the latest multiple of {per}",
    "bucket": "Generations not made up for yet by a bucket that refills {limit} in {per}",
}


@styled
def rate_strip(
    events: "pd.DataFrame",
    limit: int,
    per_ms: int,
    window: str = "rolling",
    *,
    subject: str | None = None,
) -> Picture:
    """Draw the generations of one user's codes against a rate limit.

    Parameters
    ----------
    events
        `Run.events`.
    limit, per_ms, window
        Of the policy's limit: so many in that time, counted ``rolling``, by ``clock_hour`` or by
        a ``bucket``.
    subject
        Whose codes; by default the user who was refused by the limit most often, or for whom
        most were asked for.

    Returns
    -------
    Picture
        Time as the judging clock read it on x, at most twelve windows of it from the first
        refusal by the limit on; on y how many generations count.

    Raises
    ------
    ValueError
        If the window is none of the three.
    """
    if window not in _WINDOWS:
        raise ValueError(f"window {window!r} is none of {', '.join(_WINDOWS)}")
    need(events, "reading_ms", "type", "subject", "reason")
    asked = events[events["type"].isin(["generate.allowed", "generate.denied"])]
    subject = _most_limited(asked) if subject is None else subject
    asked = asked[asked["subject"] == subject]
    if not len(asked):
        return no_rows(_TITLE, "no code was asked for")
    readings = floats(asked["reading_ms"])
    allowed = np.sort(readings[(asked["type"] == "generate.allowed").to_numpy(dtype=bool)])
    limited = np.sort(readings[(asked["reason"] == "rate_limited").to_numpy(dtype=bool)])
    low, high = _span(limited, readings, per_ms)
    per = in_words(per_ms)
    shown = int(((limited >= low) & (limited <= high)).sum())
    times = "once" if shown == 1 else f"{shown:,} times"
    figure = picture(
        f"{subject}: refused by the limit {times}" if shown else f"{subject}: below the limit",
        f"{_WINDOWS[window].format(per=per, limit=limit)}. Above: a diamond is a generation, a "
        "cross one that the limit refuses.",
        height_in=2.5,
    )
    axes = figure.add_subplot()
    unit = time_axis(axes, low, high, "by the clock of the node that judges")
    if window == "clock_hour":
        for edge in np.arange(np.ceil(low / per_ms), np.floor(high / per_ms) + 1):
            axes.axvline(edge * per_ms / unit.ms, color=PALE, lw=0.9)
    near = allowed[(allowed > low - 2 * limit * per_ms) & (allowed <= high)]
    x, y = (
        _bucket(near, limit, per_ms, high)
        if window == "bucket"
        else _counts(near, _over(near, per_ms, window), high)
    )
    axes.fill_between(x / unit.ms, y, color=CODE, alpha=0.18, lw=0)
    axes.plot(x / unit.ms, y, color=CODE, label="counted", lw=1.2)
    axes.axhline(limit, color=INK, lw=1, ls=(0, (4, 3)))
    axes.annotate(
        f"limit {limit}\nin {per}", xy=(1, limit), xycoords=("axes fraction", "data"),
        xytext=(5, 0), textcoords="offset points", va="center", size=8,
    )  # fmt: skip
    for name, at, marker, colour in (
        ("allowed", allowed, "D", CODE), ("refused", limited, "x", REFUSED),
    ):  # fmt: skip
        marks = _thinned(at[(at >= low) & (at <= high)], low, high)
        if not len(marks):
            continue
        axes.plot(
            marks / unit.ms, np.full(len(marks), 1.09), linestyle="none", marker=marker, ms=5.5,
            color=colour, mew=1.6 if marker == "x" else 0, label=name, clip_on=False,
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    axes.set_ylim(0, max(limit, float(y.max(initial=0))) * 1.12)
    axes.set_ylabel("generations that count")
    return figure


def _most_limited(asked: "pd.DataFrame") -> str | None:
    for rows in (asked[asked["reason"] == "rate_limited"], asked):
        counts = rows.groupby("subject", sort=True).size()
        if len(counts):
            return str(counts.idxmax())
    return None


def _span(limited: Floats, readings: Floats, per_ms: int) -> tuple[float, float]:
    """Return what is shown: from a window before the first refusal on."""
    first = float(limited[0]) - 1.25 * per_ms if len(limited) else float(readings.min())
    earliest, latest = float(readings.min()), float(readings.max())
    low = max(first, earliest) - 0.1 * per_ms
    high = min(low + _MOST_WINDOWS * per_ms, latest + 0.25 * per_ms)
    return low, high


def _thinned(at: Floats, low: float, high: float) -> Floats:
    """Leave out what would be drawn at the same spot."""
    _, first = np.unique(((at - low) / (high - low) * _MOST_MARKS).astype(int), return_index=True)
    return at[first]


def _over(allowed: Floats, per_ms: int, window: str) -> Floats:
    """Return when each generation no longer counts."""
    if window == "rolling":
        return allowed + per_ms
    return (np.floor_divide(allowed, per_ms) + 1) * per_ms


def _counts(allowed: Floats, over: Floats, high: float) -> tuple[Floats, Floats]:
    """Return how many generations count, as the points of a line of steps."""
    times = np.concatenate((over, allowed))
    changes = np.concatenate((np.full(len(over), -1.0), np.ones(len(allowed))))
    # What no longer counts at an instant is gone before what is asked at it.
    order = np.argsort(times, kind="stable")
    times, counts = times[order], changes[order].cumsum()
    x = np.concatenate((np.repeat(times, 2)[1:], [max(high, times[-1])])) if len(times) else times
    return x, np.repeat(counts, 2)


def _bucket(allowed: Floats, limit: int, per_ms: int, high: float) -> tuple[Floats, Floats]:
    """Return how many tokens are missing from a bucket, as the points of a line."""
    x, y, missing, latest = [], [], 0.0, -np.inf
    for at in [*allowed, high]:
        left = max(missing - (at - latest) * limit / per_ms, 0.0)
        if missing > left == 0:
            x.append(latest + missing * per_ms / limit)
            y.append(0.0)
        x += [at, at]
        y += [left, left + 1]
        missing, latest = left + 1, at
    return np.array(x[:-1]), np.array(y[:-1])
