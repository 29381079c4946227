"""What an estimate of a metric is on a page: by the year where it adds up, rounded, with a unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf, isnan
from typing import TYPE_CHECKING, Final

from tvc.analysis.report.rounding import Rounded, rounded, significant
from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tvc.runs.replications import Asked
from tvc.studies.comparison import Estimate, adds_up, is_known
from tvc.trace.measures.catalogue import Shape, Unit
from tvc.trace.measures.metrics import Statistic

if TYPE_CHECKING:
    import pandas as pd

YEAR_MS: Final = 365 * DAY_MS
NO_INTERVAL: Final = "no interval"
SAME: Final = "the same in every pair"
ALIKE: Final = "the same in every replication"

#: What times are told in: the first that is not too large.
_TIMES: Final = (
    ("days", DAY_MS, 2 * DAY_MS),
    ("h", HOUR_MS, HOUR_MS),
    ("min", MINUTE_MS, MINUTE_MS),
    ("s", SECOND_MS, 0),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """What a metric is told in.

    Attributes
    ----------
    size
        What one of the unit is in the metric's own numbers.
    unit
        In words; empty for a plain number.
    """

    size: float
    unit: str


@dataclass(frozen=True, slots=True)
class Amount:
    """An estimate as a page tells it.

    Attributes
    ----------
    value
        Rounded, without its unit.
    interval
        ``390 to 422``, or in words why there is none.
    unit
        Of both.
    """

    value: str
    interval: str
    unit: str

    @property
    def text(self) -> str:
        """Everything, on one line."""
        return f"{self.with_unit} ({self.interval})"

    @property
    def with_unit(self) -> str:
        """The value and its unit."""
        close = "" if self.unit == "%" else " "
        return f"{self.value}{close}{self.unit}" if self.unit else self.value


def scale_of(
    asked: Asked, measured_ms: int, size: float = 0.0, *, difference: bool = False
) -> Scale:
    """Return what a metric is told in.

    Parameters
    ----------
    asked
        The metric.
    measured_ms
        The time that a replication measures: what adds up is told by the year.
    size
        Of the values told, which decides the unit of a time that does not add up.
    difference
        Whether differences are told, which of a share are points.

    Examples
    --------
    >>> scale_of(Asked.read("mean(locked_out)"), YEAR_MS).unit
    'hours a year'
    >>> scale_of(Asked.read("p95(desk.wait)"), YEAR_MS, 5_400_000.0).unit
    'h'
    """
    years = measured_ms / YEAR_MS
    metric = asked.metric
    if asked.unit is Unit.SHARE:
        return Scale(0.01, "points" if difference else "%")
    if adds_up(asked):
        return (
            Scale(HOUR_MS * years, "hours a year") if asked.unit.is_time else Scale(years, "a year")
        )
    if not asked.unit.is_time:
        return Scale(1.0, "")
    if isinstance(metric, Statistic) and metric.measure.shape is Shape.TOTAL:
        return Scale(HOUR_MS, "hours")
    unit, length_ms, _ = next(of for of in _TIMES if abs(size) >= of[2])
    return Scale(length_ms, unit)


def amount(found: Estimate, asked: Asked, measured_ms: int, *, difference: bool = False) -> Amount:
    """Return an estimate as a page tells it; see `tvc.analysis.report.rounding`.

    Parameters
    ----------
    found, asked
        The estimate, of which metric.
    measured_ms
        The time that a replication measures.
    difference
        Whether it is a difference, which shows its sign.

    Examples
    --------
    >>> found = Estimate(73.3, 72.1, 74.6, 20, 0)
    >>> amount(found, Asked.read("mean(calls)"), 14 * DAY_MS).text
    '1,910 a year (1,880 to 1,940)'
    """
    if isnan(found.value):
        return Amount("none", NO_INTERVAL, "")
    if isinf(found.value):
        return Amount("not over" if found.value > 0 else "unbounded", NO_INTERVAL, "")
    scale = scale_of(asked, measured_ms, found.value, difference=difference)
    if not is_known(found):
        value = significant(found.value / scale.size, signed=difference)
        return Amount(value, NO_INTERVAL, scale.unit)
    told = _scaled(found, scale, difference)
    interval = f"{told.low} to {told.high}"
    if found.low == found.high:
        interval = SAME if difference else ALIKE
    return Amount(told.value, interval, scale.unit)


def _scaled(found: Estimate, scale: Scale, difference: bool) -> Rounded:
    # Student's interval may go below 0 where no count and no time can.
    low = found.low if difference else max(found.low, 0.0)
    value, low, high = (number / scale.size for number in (found.value, low, found.high))
    return rounded(value, low, high, signed=difference)


def along_frame(points: Sequence[tuple[str, Estimate]], size: float) -> "pd.DataFrame":
    """Return estimates at values as `tvc.analysis.plots.along` draws them.

    Parameters
    ----------
    points
        Each value in words, and the estimate there, in order.
    size
        What one of the unit that is drawn is in the estimates' own numbers.
    """
    import pandas as pd

    rows = [(at, of.value / size, of.low / size, of.high / size) for at, of in points]
    return pd.DataFrame(rows, columns=["at", "value", "low", "high"])
