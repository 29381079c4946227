"""What pictures share: columns of frames, axes of time, and lengths of time in words."""

from collections.abc import Sequence
from math import isinf
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, MultipleLocator, NullLocator
from numpy.typing import NDArray

from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tvc.domain.words import show

if TYPE_CHECKING:
    import pandas as pd

#: An array of floats; NaN where there is no value.
Floats = NDArray[np.float64]

_MINUS: Final = "\N{MINUS SIGN}"
_MOST_TICKS: Final = 9
_STEPS: Final = {
    DAY_MS: (1, 2, 7, 14, 28, 91, 182, 364, 728, 1820),
    HOUR_MS: (1, 2, 3, 6, 12, 24),
}


class TimeUnit(NamedTuple):
    """A unit of an axis of time."""

    name: str
    ms: int


_UNITS: Final = (
    TimeUnit("days", DAY_MS),
    TimeUnit("hours", HOUR_MS),
    TimeUnit("minutes", MINUTE_MS),
    TimeUnit("seconds", SECOND_MS),
)


def need(frame: "pd.DataFrame", *columns: str) -> None:
    """Refuse a frame that lacks a column.

    Raises
    ------
    ValueError
        Names what is missing and what there is.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        has = ", ".join(map(str, frame.columns)) or "none"
        raise ValueError(f"the frame has no column {show(missing[0])}; its columns: {has}")


def floats(values: "pd.Series") -> Floats:
    """Return a column as floats; NaN where it has no value."""
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def time_unit(span_ms: float) -> TimeUnit:
    """Return the unit in which a span of time is best shown.

    Examples
    --------
    >>> time_unit(28 * 86_400_000).name, time_unit(7_200_000).name
    ('days', 'minutes')
    """
    return next((unit for unit in _UNITS if span_ms >= 2.5 * unit.ms), _UNITS[-1])


def time_axis(axes: Axes, low_ms: float, high_ms: float, after: str) -> TimeUnit:
    """Make x an axis of time, with ticks at whole units and its name.

    Parameters
    ----------
    axes
        Where; its x is in the unit that is returned.
    low_ms, high_ms
        What x reaches over; an hour to either side of a single instant.
    after
        From when time is counted.
    """
    if high_ms <= low_ms:
        low_ms, high_ms = low_ms - HOUR_MS, high_ms + HOUR_MS
    unit = time_unit(high_ms - low_ms)
    low, high = low_ms / unit.ms, high_ms / unit.ms
    axes.set_xlim(low, high)
    step = next((one for one in _STEPS.get(unit.ms, ()) if (high - low) / one <= _MOST_TICKS), None)
    if step is not None:
        axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.set_xlabel(f"{unit.name} {after}")
    return unit


#: Lengths at which people think of time.
_LENGTHS: Final = (
    SECOND_MS, 10 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, DAY_MS,
    7 * DAY_MS, 28 * DAY_MS, 364 * DAY_MS,
)  # fmt: skip


def log_lengths(axis: Axis, low_ms: float, high_ms: float) -> None:
    """Put ticks of a logarithmic axis in milliseconds at lengths that people know."""
    ticks = [length for length in _LENGTHS if low_ms <= length <= high_ms]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda ms, _: in_words(ms)))


def in_words(length_ms: float) -> str:
    """Return a length of time as people say it, to two digits or so.

    Examples
    --------
    >>> in_words(1_094_000), in_words(5_400_000), in_words(86_400_000), in_words(400)
    ('18 min', '1.5 h', '24 h', '0.4 s')
    >>> in_words(9.5 * 86_400_000), in_words(0)
    ('9.5 d', '0 s')
    """
    for name, ms, least in (
        ("d", DAY_MS, 2), ("h", HOUR_MS, 1), ("min", MINUTE_MS, 1), ("s", SECOND_MS, 0),
    ):  # fmt: skip
        if abs(length_ms) >= least * ms:
            number = length_ms / ms
            digits = 1 if abs(number) < 10 and round(number, 1) % 1 else 0
            return f"{number:,.{digits}f} {name}".replace("-", _MINUS)
    raise AssertionError("every length has at least no seconds")


def number(value: float) -> str:
    """Return a number to about three digits, or as infinite.

    Examples
    --------
    >>> number(12345.6), number(3.14159), number(0.00123), number(20.0)
    ('12,346', '3.14', '0.00123', '20')
    """
    if isinf(value):
        return "\N{INFINITY}" if value > 0 else f"{_MINUS}\N{INFINITY}"
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return text.replace("-", _MINUS) if value < 0 else text


def numbered(axis: Axis) -> None:
    """Write large numbers of an axis as thousands and millions, never as powers of ten."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))


def _tick(value: float) -> str:
    """Return the number of a tick.

    Examples
    --------
    >>> [_tick(value) for value in (0.05, 5000, 60_000, 12_000_000)]
    ['0.05', '5,000', '60k', '12M']
    """
    _, size, letter = next((of for of in _SIZES if abs(value) >= of[0]), _SIZES[-1])
    return f"{value / size:,.6g}{letter}".replace("-", _MINUS)


#: From which number on it is written in which size.
_SIZES: Final = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"), (0.0, 1.0, ""))


def coarsen(starts_ms: Floats, most: int) -> tuple[Floats, NDArray[np.intp]]:
    """Join neighbouring bins of a series so that only so many are left.

    Parameters
    ----------
    starts_ms
        Ascending starts of bins of one width.
    most
        How many bins may be left.

    Returns
    -------
    tuple
        Starts of the joined bins, and where each begins in the series (for ``reduceat``).
    """
    width_ms = bin_width(starts_ms)
    # Whole days, or parts of one that divide it, so that a day looks like a day.
    joined_ms = next(
        (
            ms
            for ms in (width_ms, 2 * HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS, 28 * DAY_MS)
            if ms >= width_ms and np.ptp(starts_ms) / ms < most
        ),
        np.ptp(starts_ms) / most + width_ms,
    )
    places = np.floor_divide(starts_ms, joined_ms)
    first = np.flatnonzero(np.diff(places, prepend=places[0] - 1))
    return places[first] * joined_ms, first


def bin_width(starts_ms: Floats) -> float:
    """Return the width of the bins of a series; an hour where there is one bin alone."""
    return float(starts_ms[1] - starts_ms[0]) if len(starts_ms) > 1 else float(HOUR_MS)


def of_measure(series: "pd.DataFrame", measure: str, label: str = "") -> tuple[Floats, Floats]:
    """Return the starts (ms) and values of one measure of ``Run.series``, by time.

    Several values of one bin, of several labels or runs, are averaged over runs only where
    ``label`` names one; a measure without labels has the label ''.
    """
    rows = series.loc[(series["measure"] == measure) & (series["label"] == label)]
    means = rows.groupby("start_ms", sort=True)["value"].mean()
    return means.index.to_numpy(dtype=np.float64), means.to_numpy(dtype=np.float64)


def steps(starts: Floats, values: Floats, width: float) -> tuple[Floats, Floats]:
    """Return bins as the points of a line of steps."""
    edges = np.append(starts, starts[-1:] + width)
    return np.repeat(edges, 2)[1:-1], np.repeat(values, 2)


def short(text: str, most: int) -> str:
    """Cut a text to a width.

    Examples
    --------
    >>> short("desk.checks.callback.false_accept", 20)
    'desk.checks.callbac…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def evenly(count: int, most: int) -> Sequence[int]:
    """Return at most so many places out of many, evenly spaced, the first and last among them."""
    if count <= most:
        return range(count)
    return [place * (count - 1) // (most - 1) for place in range(most)]
