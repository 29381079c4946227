"""What is refused, and why; and for how long a device that is back is of no use."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from tvc.analysis.plots.scales import (
    Floats,
    TimeUnit,
    evenly,
    floats,
    need,
    number,
    numbered,
    time_axis,
)
from tvc.analysis.style import (
    DEVICE,
    GREY,
    KINDS,
    PALE,
    Picture,
    ink,
    label_right,
    no_rows,
    picture,
    styled,
)
from tvc.authority.durations import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    import pandas as pd

_DENIALS: Final = {
    "sign_ins.denied": "sign-ins of users refused",
    "generate.denied": "codes refused to admins",
}
_TOP: Final = 4
_MOST_BARS: Final = 100
_MOST_DOTS: Final = 200
_OTHERS: Final = "other reasons"
_SQUARE: Final = "\N{BLACK SQUARE}"
_WIDTHS: Final = {"day": DAY_MS, "week": 7 * DAY_MS, "4 weeks": 28 * DAY_MS, "year": 364 * DAY_MS}


@styled
def denials(series: "pd.DataFrame") -> Picture:
    """Draw how many requests are refused on each day, by reason.

    Parameters
    ----------
    series
        `Run.series`.

    Returns
    -------
    Picture
        Stacked bars of a day (of weeks, where there are many days), the most frequent reason at
        the bottom; sign-ins above, generations below.
    """
    need(series, "start_ms", "measure", "label", "value")
    refused = series[series["measure"].isin(list(_DENIALS)) & (series["value"] > 0)]
    measures = [name for name in _DENIALS if (refused["measure"] == name).any()]
    if not measures:
        return no_rows("What is refused", "nothing was refused")
    starts = floats(series["start_ms"])
    low, high = float(starts.min()), float(starts.max())
    named, width = next(
        (one for one in _WIDTHS.items() if (high - low) / one[1] < _MOST_BARS),
        list(_WIDTHS.items())[-1],
    )
    high = low + (np.floor((high - low) / width) + 1) * width
    totals = refused.groupby(["measure", "label"], sort=True)["value"].sum()
    most = totals.sort_values(ascending=False, kind="stable")
    figure = picture(
        f"Most often refused: {_words(str(most.index[0][1]))} ({most.iloc[0]:,.0f} times)",
        f"Requests refused each {named}, by reason; the number is the total.",
        height_in=0.5 + 1.9 * len(measures),
    )
    rows = figure.subplots(len(measures), 1, sharex=True, squeeze=False)[:, 0]
    for axes, measure in zip(rows, measures, strict=True):
        unit = time_axis(axes, low, high, "since the start of measurement")
        of_measure = refused[refused["measure"] == measure]
        bins = ((floats(of_measure["start_ms"]) - low) // width).astype(int)
        by_reason = _stacks(
            of_measure["label"].to_numpy(dtype=object), bins, floats(of_measure["value"]),
            round((high - low) / width),
        )  # fmt: skip
        _stack(axes, by_reason, low, float(width), unit)
        axes.set_title(_DENIALS[measure])
        axes.set_ylabel(f"refused a {named}")
        axes.label_outer()
    figure.align_ylabels(list(rows))
    return figure


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _stacks(reasons: object, bins: object, values: Floats, count: int) -> dict[str, Floats]:
    """Return the bars of the most frequent reasons, in order, and of all others together."""
    import pandas as pd

    table = (
        pd.DataFrame({"reason": reasons, "bin": bins, "value": values})
        .pivot_table(index="bin", columns="reason", values="value", aggfunc="sum", fill_value=0)
        .reindex(range(count), fill_value=0)
    )
    order = table.sum().sort_values(ascending=False, kind="stable").index
    # One that is left over has a name of its own.
    top = order if len(order) == _TOP + 1 else order[:_TOP]
    stacks = {str(reason): table[reason].to_numpy(dtype=np.float64) for reason in top}
    if len(order) > len(top):
        rest = table[order[len(top) :]].sum(axis=1)
        stacks[_OTHERS] = rest.to_numpy(dtype=np.float64)
    return stacks


def _stack(
    axes: Axes, stacks: Mapping[str, Floats], low: float, width: float, unit: TimeUnit
) -> None:
    count = len(next(iter(stacks.values())))
    left = (low + np.arange(count) * width) / unit.ms
    base = np.zeros(count)
    labels = []
    for place, (reason, values) in enumerate(stacks.items()):
        colour = PALE if reason == _OTHERS else KINDS[place]
        axes.bar(
            left, values, width / unit.ms, base, color=colour, align="edge", edgecolor="white",
            lw=0.4, label=reason,
        )  # fmt: skip
        labels.append((reason, float(values.sum()), colour))
        base = base + values
    axes.set_ylim(0, max(float(base.max()) * 1.08, 1))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    numbered(axes.yaxis)
    # A key in the order of the stack, in the middle of the height.
    middle = axes.get_ylim()[1] / 2
    order = np.arange(len(labels)) * 1e-6
    label_right(
        axes,
        [
            (middle + float(rank), f"{_SQUARE} {_words(reason)} {total:,.0f}", colour)
            for rank, (reason, total, colour) in zip(order, labels, strict=True)
        ],
        leaders=False,
    )


@styled
def stranded(summaries: "pd.DataFrame | Mapping[str, pd.DataFrame]") -> Picture:
    """Draw for how long users have their device back and are refused it, arm by arm.

    Parameters
    ----------
    summaries
        `Run.summary`, or by the name of each arm. Summaries of several replications may be
        joined: the bar is their mean, and each is a dot.

    Returns
    -------
    Picture
        Bars of user-hours.
    """
    arms = dict(summaries) if isinstance(summaries, Mapping) else {"": summaries}
    hours = {}
    for name, frame in arms.items():
        need(frame, "metric", "value")
        found = floats(frame.loc[frame["metric"] == "mean(stranded)", "value"]) / HOUR_MS
        if len(found):
            hours[name] = found
    if not hours:
        return no_rows("Stranded users", "no summary has mean(stranded)")
    means = {name: float(found.mean()) for name, found in hours.items()}
    figure = picture(
        "Stranded: the device is back, and a live code refuses it",
        "User-hours from the first refusal of a device that is back until it works again; "
        "a dot is a replication, the bar their mean.",
        height_in=0.9 + 0.42 * len(hours),
    )
    axes = figure.add_subplot()
    highest = max(float(found.max()) for found in hours.values())
    for place, (name, found) in enumerate(hours.items()):
        axes.barh(-place, means[name], 0.62, color=DEVICE, label=name)
        if len(found) > 1:
            dots = np.sort(found)[list(evenly(len(found), _MOST_DOTS))]
            axes.plot(dots, np.full(len(dots), -place), "o", color=GREY, ms=3, alpha=0.6)
        axes.annotate(
            f"{number(means[name])} h", xy=(found.max(), -place), xytext=(6, 0), weight="bold",
            textcoords="offset points", va="center", size=8, color=ink(DEVICE),
        )  # fmt: skip
    axes.set_yticks([-place for place in range(len(hours))], list(hours))
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, max(highest * 1.14, 1))
    axes.set_xlabel("user-hours stranded in a run")
    numbered(axes.xaxis)
    axes.set_ylabel("arm" if len(hours) > 1 else "")
    axes.grid(visible=False, axis="y")
    return figure
