"""Outsiders: how long they have access to an account, and what evicts them."""

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tvc.analysis.plots.scales import Floats, evenly, floats, need, number, numbered, time_axis
from tvc.analysis.style import ATTACKER, GREY, INK, PALE, Picture, no_rows, picture, styled
from tvc.authority.durations import HOUR_MS

if TYPE_CHECKING:
    import pandas as pd

_MOST_LANES: Final = 40
#: Fewer bars would be too thick.
_LEAST_ROWS: Final = 4
_LEAST_LANES: Final = 10
_NEVER: Final = "not in the run"
#: What evicts, in words and colours; the last is what is left.
_EVICTED_BY: Final = {
    "code_lapsed": ("code lapsed", "#56B4E9"),
    "code_revoked": ("Expire Now", "#0072B2"),
    "session_ended": ("session ended", "#009E73"),
    "method_removed": ("method removed", "#E69F00"),
    "deactivated": ("account deactivated", "#6A6F76"),
    "": (_NEVER, ATTACKER),
}


@styled
def outsider_access(takeovers: "pd.DataFrame") -> Picture:
    """Draw from when to when outsiders had access, and what evicted them.

    Parameters
    ----------
    takeovers
        `Run.takeovers`.

    Returns
    -------
    Picture
        On the left a bar a pair of outsider and account, from the first access to the eviction
        (with an arrow: not in the run), by first access; of many pairs some, evenly chosen. On
        the right the hours of access of all pairs by what evicted them.
    """
    need(takeovers, "first_access_ms", "signed_in_ms", "enrolled", "access_ms", "evicted_ms",
         "evicted_by")  # fmt: skip
    title = "Outsiders with access to accounts"
    if not len(takeovers):
        return no_rows(title, "no outsider had access to an account")
    began, had = floats(takeovers["first_access_ms"]), floats(takeovers["access_ms"])
    evicted = floats(takeovers["evicted_ms"])
    by = takeovers["evicted_by"].fillna("").map(_family).to_numpy(dtype=object)
    # Who was never evicted had access up to the end of the run.
    end_ms = float(np.nanmax(np.fmax(began + had, evicted)))
    over = np.where(np.isnan(evicted), end_ms, evicted)
    inside = int(np.isnan(evicted).sum())
    order = np.argsort(began, kind="stable")
    chosen = order[list(evenly(len(order), _MOST_LANES))]
    some = "" if len(chosen) == len(order) else f", {len(chosen)} of them evenly chosen"
    figure = picture(
        _title(inside, len(began)),
        f"Pairs of an outsider and an account, by first access{some}. "
        "A dot is the first sign-in; a cross says that they enrolled a method of their own.",
        height_in=1.1 + max(0.085 * len(chosen), 1.5),
    )
    lanes, bars = figure.subplots(1, 2, width_ratios=(1.9, 1))
    first_ms = float(began.min())
    unit = time_axis(
        lanes, first_ms - 0.02 * (end_ms - first_ms), end_ms + 0.03 * (end_ms - first_ms),
        "since the start of measurement",
    )  # fmt: skip
    signed_in = floats(takeovers["signed_in_ms"])
    enrolled = takeovers["enrolled"].to_numpy(dtype=bool)
    height = 0.66
    for lane, place in enumerate(chosen):
        _, colour = _kind(by[place])
        left, right = began[place] / unit.ms, over[place] / unit.ms
        # A moment's access is seen, too.
        least = 0.006 * (lanes.get_xlim()[1] - lanes.get_xlim()[0])
        lanes.barh(-lane, max(right - left, least), height, left, color=colour, lw=0)
        if np.isnan(evicted[place]):
            lanes.plot(right, -lane, ">", color=colour, ms=4, clip_on=False)
        if enrolled[place]:
            lanes.plot(left, -lane, "P", color=INK, ms=5.5, mec="white", mew=0.6)
        elif not np.isnan(signed_in[place]):
            lanes.plot(
                signed_in[place] / unit.ms, -lane, "o", color=INK, ms=4, mec="white", mew=0.6
            )
    lanes.set_ylim(-max(len(chosen), _LEAST_LANES) + 0.3, 0.7)
    lanes.set_yticks([])
    lanes.set_ylabel("pairs of outsider and account")
    lanes.set_title("from first access to eviction")
    lanes.grid(visible=False, axis="y")
    _totals(bars, by, had / HOUR_MS)
    return figure


def _title(inside: int, count: int) -> str:
    if not inside:
        return f"Every outsider is evicted ({count:,} in all)"
    return f"{inside:,} of {count:,} outsiders are not evicted"


def _family(cause: str) -> str:
    """Return what evicts, however a session came to its end: by its limit, a freeze, or a code."""
    return "session_ended" if cause.startswith("session_") else cause


def _kind(cause: str) -> tuple[str, str]:
    return _EVICTED_BY.get(cause, (cause.replace("_", " "), PALE))


def _totals(axes: Axes, by: NDArray[np.object_], had_hours: Floats) -> None:
    import pandas as pd

    places, causes = pd.factorize(by, sort=True)
    hours, counts = np.bincount(places, weights=had_hours), np.bincount(places)
    found = {str(cause): place for place, cause in enumerate(causes)}
    known = [cause for cause in _EVICTED_BY if cause in found]
    others = [cause for cause in found if cause not in _EVICTED_BY]
    names = []
    for place, cause in enumerate(known + others):
        name, colour = _kind(cause)
        total, count = float(hours[found[cause]]), int(counts[found[cause]])
        axes.barh(-place, total, 0.5, color=colour, label=name)
        axes.annotate(
            f"{number(total)} h, {count:,} pair{'' if count == 1 else 's'}",
            xy=(0, -place + 0.27), xytext=(2, 0), textcoords="offset points", va="bottom",
            size=7.5, color=GREY,
        )  # fmt: skip
        names.append(name)
    axes.set_yticks([-place for place in range(len(names))], names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-max(len(names), _LEAST_ROWS) + 0.4, 0.75)
    axes.set_title("evicted by")
    axes.set_xlabel("outsider-hours of access")
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    numbered(axes.xaxis)
