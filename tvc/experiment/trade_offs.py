"""Trade-offs: what less of one metric costs in another, as pictures draw it."""

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

from tvc.authority.durations import HOUR_MS
from tvc.experiment.comparison import Estimate
from tvc.experiment.replications import Asked

if TYPE_CHECKING:
    import pandas as pd


def trade_off_frame(
    estimates: Sequence[tuple[str, Estimate, Estimate]], x: Asked, y: Asked
) -> "pd.DataFrame":
    """Return named pairs of estimates, and which of them no other one beats in both.

    Parameters
    ----------
    estimates
        Of each arm: its name, and its two metrics.
    x, y
        The metrics; of both, less is better.

    Returns
    -------
    pandas.DataFrame
        Columns ``arm``, ``x``, ``x_low``, ``x_high``, ``y``, ``y_low``, ``y_high`` (times in
        hours) and ``on_front``: by the estimates alone, so that arms whose intervals overlap may
        be equally good.
    """
    import pandas as pd

    scales = [HOUR_MS if side.unit.is_time else 1 for side in (x, y)]
    rows = []
    for name, *pair in estimates:
        row: dict[str, object] = {"arm": name}
        for side, found, scale in zip("xy", pair, scales, strict=True):
            row |= {
                side: found.value / scale,
                f"{side}_low": found.low / scale,
                f"{side}_high": found.high / scale,
            }
        row["on_front"] = not isnan(pair[0].value + pair[1].value) and not any(
            _beats((one.value, other.value), (pair[0].value, pair[1].value))
            for _, one, other in estimates
        )
        rows.append(row)
    sides = [f"{side}{end}" for side in "xy" for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["arm", *sides, "on_front"])


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one != other and one[0] <= other[0] and one[1] <= other[1]
