"""Trade-offs: what less of one metric costs in another, and whom nobody beats in both."""

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

from tvc.authority.durations import HOUR_MS
from tvc.runs.replications import Asked
from tvc.studies.comparison import Estimate

if TYPE_CHECKING:
    import pandas as pd


def unbeaten(costs: Sequence[Sequence[float]]) -> list[int]:
    """Return the places of those that no other one beats: none is as cheap everywhere.

    Parameters
    ----------
    costs
        Of each, the same kinds in the same order; who has no number for one is beaten.

    Examples
    --------
    >>> unbeaten([(1, 5), (2, 2), (3, 2), (2, 2)])
    [0, 1, 3]
    """
    return [
        place
        for place, cost in enumerate(costs)
        if not any(map(isnan, cost)) and not any(_beats(other, cost) for other in costs)
    ]


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return tuple(one) != tuple(other) and all(a <= b for a, b in zip(one, other, strict=True))


def plain_size(asked: Asked) -> float:
    """Return what one of the unit that pictures have is in a metric's own numbers: hours of ms."""
    return float(HOUR_MS) if asked.unit.is_time else 1.0


def trade_off_frame(
    estimates: Sequence[tuple[str, Estimate, Estimate]], x_size: float, y_size: float
) -> "pd.DataFrame":
    """Return named pairs of estimates, and which of them no other one beats in both.

    Parameters
    ----------
    estimates
        Of each arm: its name, and its two metrics, of both of which less is better.
    x_size, y_size
        What one of the unit that is drawn is in the estimates' own numbers; see `plain_size`.

    Returns
    -------
    pandas.DataFrame
        Columns ``arm``, ``x``, ``x_low``, ``x_high``, ``y``, ``y_low``, ``y_high`` and
        ``on_front``: by the estimates alone, so that arms whose intervals overlap may be equally
        good.
    """
    import pandas as pd

    front = unbeaten([(x.value, y.value) for _, x, y in estimates])
    rows = [
        (
            name, x.value / x_size, x.low / x_size, x.high / x_size,
            y.value / y_size, y.low / y_size, y.high / y_size, place in front,
        )
        for place, (name, x, y) in enumerate(estimates)
    ]  # fmt: skip
    columns = ["arm", "x", "x_low", "x_high", "y", "y_low", "y_high", "on_front"]
    return pd.DataFrame(rows, columns=columns)
