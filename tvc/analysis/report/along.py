"""A picture of one result along the values of a knob or an input, each with its interval."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tvc.analysis.plots.scales import evenly, numbered, short
from tvc.analysis.style import CODE, INK, REFUSED, Picture, ink, no_rows, picture, styled
from tvc.experiment.comparison import Estimate, is_known

_MOST_NAMES = 12
_LONGEST = 14


class Mark(NamedTuple):
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
def along(  # noqa: PLR0913 - what is drawn, and the words around it
    title: str,
    points: Sequence[tuple[str, Estimate]],
    *,
    key: str,
    measured: str,
    size: float = 1.0,
    mark: Mark | None = None,
) -> Picture:
    """Draw a result at each value of a knob or an input.

    Parameters
    ----------
    title
        The finding.
    points
        Each value in words, and the estimate there, in order. What has no finite value leaves a
        gap, and an interval without an end is not drawn.
    key, measured
        What is varied, and what was measured, with its unit.
    size
        What one of that unit is in the estimates' own numbers.
    mark
        A line that values are read against, such as a limit.
    """
    known = [place for place, (_, found) in enumerate(points) if np.isfinite(found.value)]
    if not known:
        return no_rows(title, "no value has a finite result")
    figure = picture(
        title, f"A dot is the mean at one value of {key}, the line its 95 % interval.",
        height_in=2.8,
    )  # fmt: skip
    axes = figure.add_subplot()
    for place in known:
        found = points[place][1]
        if is_known(found):
            axes.plot([place, place], [found.low / size, found.high / size], color=CODE, lw=2)
    heights = [points[place][1].value / size for place in known]
    axes.plot(known, heights, "o", color=CODE, ms=6, label=measured)
    if mark is not None:
        axes.axhline(mark.at / size, color=REFUSED, lw=1.1, ls=(0, (4, 3)))
        axes.annotate(
            mark.name, xy=(1, mark.at / size), xycoords=("axes fraction", "data"), xytext=(-2, 3),
            textcoords="offset points", ha="right", size=8, color=ink(REFUSED),
        )  # fmt: skip
    elif min(heights) >= 0:
        axes.set_ylim(0, None)
    named = list(evenly(len(points), _MOST_NAMES))
    axes.set_xticks(named, [short(points[place][0], _LONGEST) for place in named])
    axes.set_xlim(-0.5, len(points) - 0.5)
    axes.margins(y=0.12)
    numbered(axes.yaxis)
    axes.set_xlabel(key)
    axes.set_ylabel(short(measured, 40), color=INK)
    return figure
