"""Clocks: how wrong those of nodes are, and how late codes are accepted for that."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from tvc.analysis.plots.scales import Floats, floats, in_words, need, numbered, time_axis, time_unit
from tvc.analysis.style import (
    ARMS,
    DASHES,
    INK,
    REFUSED,
    Picture,
    label_right,
    no_rows,
    picture,
    styled,
)

if TYPE_CHECKING:
    import pandas as pd

_POINTS: Final = 1_200
_BINS: Final = 40
_LATE: Final = "Codes accepted after their expiry"


@styled
def clock_readings(nodes: Mapping[str, Callable[[int], int]], horizon_ms: int) -> Picture:
    """Draw how far the clock of each node is ahead of true time.

    Parameters
    ----------
    nodes
        By name, what a clock reads (ms) at an instant of true time (ms), such as
        `NodeClock.read`.
    horizon_ms
        Up to when, itself not included.

    Returns
    -------
    Picture
        True time on x, reading less true time on y.

    Raises
    ------
    ValueError
        If the horizon is not after the start.
    """
    if horizon_ms <= 0:
        raise ValueError(f"horizon_ms is {horizon_ms}: it has to be above 0")
    if not nodes:
        return no_rows("How wrong the clocks are", "there are no nodes")
    instants = np.unique(np.linspace(0, horizon_ms - 1, _POINTS).astype(np.int64))
    errors: dict[str, Floats] = {
        name: np.array([read(int(at)) - int(at) for at in instants], dtype=np.float64)
        for name, read in nodes.items()
    }
    worst = max(errors, key=lambda name: float(np.abs(errors[name]).max()))
    at = int(np.abs(errors[worst]).argmax())
    figure = picture(
        _wrong(worst, float(errors[worst][at])),
        "How far each clock is ahead of true time (below zero: behind it).",
        height_in=2.7,
    )
    axes = figure.add_subplot()
    across = time_axis(axes, 0, horizon_ms, "of true time since the start")
    upright = time_unit(max(float(np.ptp(list(errors.values()))), 2.5))
    axes.axhline(0, color=INK, lw=0.9, ls=(0, (4, 3)))
    labels = []
    for place, (name, error) in enumerate(errors.items()):
        colour, dash = ARMS[place % len(ARMS)], DASHES[place // len(ARMS) % len(DASHES)]
        axes.plot(instants / across.ms, error / upright.ms, color=colour, ls=dash, label=name)
        labels.append((float(error[-1]) / upright.ms, name, colour))
    label_right(axes, labels)
    axes.set_ylabel(f"{upright.name} ahead")
    return figure


def _wrong(name: str, error_ms: float) -> str:
    if error_ms == 0:
        return "All clocks read true time"
    side = "ahead" if error_ms > 0 else "behind"
    return f"{name} is up to {in_words(abs(error_ms))} {side}"


@styled
def overstay(events: "pd.DataFrame", codes: "pd.DataFrame") -> Picture:
    """Draw how long after their true expiry codes were still accepted.

    Parameters
    ----------
    events
        `Run.events`.
    codes
        `Run.codes` of the same run.

    Returns
    -------
    Picture
        A histogram of sign-ins by a code after the end of its lifetime by true time, within the
        policy's leeway or beyond it.
    """
    need(events, "at_ms", "type", "code")
    need(codes, "code", "expires_ms")
    accepted = events[(events["type"] == "sign_in.allowed") & events["code"].notna()]
    expiry = codes.drop_duplicates("code").set_index("code")["expires_ms"]
    late_ms = floats(accepted["at_ms"]) - floats(accepted["code"].map(expiry).astype("Float64"))
    judged = int(np.isfinite(late_ms).sum())
    late_ms = late_ms[late_ms >= 0]
    if not len(late_ms):
        return no_rows(_LATE, f"none of {judged:,} sign-ins by code was after its expiry")
    unit = time_unit(float(late_ms.max()))
    figure = picture(
        f"{len(late_ms):,} of {judged:,} sign-ins by code came after its expiry",
        "By true time: how long after the end of its lifetime a code was still accepted.",
        height_in=2.5,
    )
    axes = figure.add_subplot()
    top = max(float(late_ms.max()), 1.0) / unit.ms
    counts, edges = np.histogram(late_ms / unit.ms, bins=_BINS, range=(0, top))
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=REFUSED, lw=0.5, ec="white")
    for name, value, height in (
        ("half", float(np.median(late_ms)), 0.94), ("latest", float(late_ms.max()), 0.94),
    ):  # fmt: skip
        if name == "latest" and len(late_ms) == 1:
            continue
        axes.axvline(value / unit.ms, color=INK, lw=0.9, ls=(0, (4, 3)))
        axes.annotate(
            f"{name} within {in_words(value)}" if name == "half" else f"{name} {in_words(value)}",
            xy=(value / unit.ms, height), xycoords=("data", "axes fraction"),
            xytext=(4 if name == "half" else -4, 0), textcoords="offset points",
            ha="left" if name == "half" else "right", size=8,
        )  # fmt: skip
    axes.set_xlim(0, top * 1.02)
    axes.set_ylim(0, counts.max() * 1.2)
    axes.set_xlabel(f"{unit.name} after the expiry of the code")
    axes.set_ylabel("sign-ins accepted")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    numbered(axes.yaxis)
    return figure
