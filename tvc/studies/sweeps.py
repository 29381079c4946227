"""Sweeps: every combination of some knobs and inputs, all on the same people and days."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tvc.authority.durations import MINUTE_MS, SECOND_MS, format_duration, parse_duration
from tvc.domain.words import show
from tvc.files.outputs import write_output
from tvc.runs.arms import Arm
from tvc.runs.replications import Asked, Plan, find_asked, run_arms
from tvc.studies.changes import Ground, UnknownArm, check_key, make_arm, read_value, split_top
from tvc.studies.comparison import Estimate, estimate, unit_of_numbers
from tvc.studies.trade_offs import plain_size, trade_off_frame, unbeaten
from tvc.studies.verdicts import bounds_of

if TYPE_CHECKING:
    import pandas as pd

#: A grid of more points is refused: it would take longer than anybody waits.
MOST_POINTS: Final = 2_000
#: Steps into which a range is divided that is not of whole numbers.
_STEPS: Final = 64
_RANGE: Final = ".."


@dataclass(frozen=True, slots=True)
class Axis:
    """A knob or an input, and the values that it takes.

    Attributes
    ----------
    key
        Dotted.
    values
        In the plain form of files; none twice.
    """

    key: str
    values: tuple[Any, ...]


def read_axis(text: str) -> Axis:
    """Read ``KEY=VALUE,VALUE,...`` or ``KEY=LOW..HIGH`` of whole numbers, ends included.

    Raises
    ------
    UnknownArm
        If it has another form, or the key is neither a knob nor an input.

    Examples
    --------
    >>> read_axis("desk.admins=4..6").values, read_axis("lifetime.max=1h,4h").values
    ((4, 5, 6), ('1h', '4h'))
    """
    key, values = _key_and_values(text)
    if _RANGE in values:
        found = values_between(values)
        if not all(isinstance(value, int) for value in found):
            raise UnknownArm(f"{key}: a range is of whole numbers here; list the values otherwise")
    else:
        found = [read_value(part) for part in split_top(values)]
    if any(one in found[:place] for place, one in enumerate(found)):
        raise UnknownArm(f"{key}: a value stands there twice")
    return Axis(key, tuple(found))


def read_range(text: str) -> Axis:
    """Read ``KEY=LOW..HIGH``: whole numbers, or a range of durations or numbers in 64 steps.

    Raises
    ------
    UnknownArm
        As `read_axis` does.

    Examples
    --------
    >>> axis = read_range("work.session=1h..9h")
    >>> axis.values[0], axis.values[-1], len(axis.values)
    ('1h', '9h', 65)
    """
    key, values = _key_and_values(text)
    if _RANGE not in values:
        raise UnknownArm(f"{key}: expected a range LOW..HIGH, found {show(values)}")
    return Axis(key, tuple(values_between(values)))


def _key_and_values(text: str) -> tuple[str, str]:
    key, separator, values = (part.strip() for part in text.partition("="))
    if not (key and separator and values):
        raise UnknownArm(f"{show(text)}: expected KEY=VALUES such as lifetime.max=1h,4h")
    check_key(key)
    return key, values


def values_between(text: str) -> list[Any]:
    """Return the values of a range, in rising order; see `read_range`.

    Raises
    ------
    UnknownArm
        If its ends are not of a kind, or not in order.

    Examples
    --------
    >>> values_between("0.25..0.5")[:2]
    [0.25, 0.253906]
    """
    low, high = (read_value(part) for part in text.split(_RANGE, 1))
    if isinstance(low, str) and isinstance(high, str):
        return _durations_between(low, high)
    for end in (low, high):
        if isinstance(end, bool) or not isinstance(end, int | float):
            raise UnknownArm(f"{show(text)}: a range has a number or a duration at both ends")
    if low >= high:
        raise UnknownArm(f"{show(text)}: low is below high in LOW..HIGH")
    if isinstance(low, int) and isinstance(high, int):
        if high - low >= MOST_POINTS:
            raise UnknownArm(f"{show(text)} is of more than {MOST_POINTS} numbers")
        return list(range(low, high + 1))
    step = (high - low) / _STEPS
    return list(dict.fromkeys(float(f"{low + place * step:.6g}") for place in range(_STEPS + 1)))


def _durations_between(low: str, high: str) -> list[Any]:
    try:
        low_ms, high_ms = parse_duration(low), parse_duration(high)
    except ValueError as wrong:
        raise UnknownArm(str(wrong)) from None
    if low_ms >= high_ms:
        raise UnknownArm(f"{show(f'{low}..{high}')}: low is below high in LOW..HIGH")
    # As round as the ends are: nobody sets a lifetime of 3h7m30s.
    grain_ms = next(
        (g for g in (MINUTE_MS, SECOND_MS) if not (low_ms % g or high_ms % g)),
        1,
    )
    found = [
        low_ms + (high_ms - low_ms) * place // _STEPS // grain_ms * grain_ms
        for place in range(_STEPS)
    ]
    return [format_duration(value_ms) for value_ms in dict.fromkeys([*found, high_ms])]


@dataclass(frozen=True)
class Point:
    """A combination, and what came of it.

    Attributes
    ----------
    values
        By key of the axes.
    estimates
        Of each metric.
    """

    values: Mapping[str, Any]
    estimates: Mapping[Asked, Estimate]


@dataclass(frozen=True)
class Sweep:
    """A swept grid.

    Attributes
    ----------
    axes, metrics, points
        What was varied, what was measured, and each combination in the order of the axes.
    arms
        The arm of each point.
    replications, seed
        Of each.
    """

    axes: tuple[Axis, ...]
    metrics: tuple[Asked, ...]
    points: tuple[Point, ...]
    arms: tuple[Arm, ...]
    replications: int
    seed: int

    def frame(self) -> "pd.DataFrame":
        """Return one row a combination and metric.

        Returns
        -------
        pandas.DataFrame
            A column for each varied key (its values as files spell them), then ``metric``,
            ``unit``, ``value``, ``low``, ``high`` (times in milliseconds) and ``replications``.
        """
        import pandas as pd

        rows = [
            (
                *(spell(point.values[axis.key]) for axis in self.axes),
                str(asked),
                unit_of_numbers(asked.unit),
                found.value,
                found.low,
                found.high,
                found.replications,
            )
            for point in self.points
            for asked, found in point.estimates.items()
        ]
        keys = [axis.key for axis in self.axes]
        columns = [*keys, "metric", "unit", "value", "low", "high", "replications"]
        return pd.DataFrame(rows, columns=columns)

    def write(self, output: Path) -> int:
        """Write the frame to a file, as CSV or Parquet by its name; return how many rows."""
        frame = self.frame()
        as_csv = output.suffix == ".csv"
        write_output(output, frame.to_csv(index=False) if as_csv else frame.to_parquet(index=False))
        return len(frame)

    def trade_off(self, x: str, y: str) -> "pd.DataFrame":
        """Return one row a combination, as `tvc.analysis.plots.trade_off` draws them.

        Parameters
        ----------
        x, y
            Two of the metrics; of both, less is better.

        Returns
        -------
        pandas.DataFrame
            As `tvc.studies.trade_offs.trade_off_frame` has it, times in hours; each
            combination is called by its values.
        """
        first, second = find_asked(x, self.metrics), find_asked(y, self.metrics)
        estimates = [
            (
                ", ".join(str(spell(value)) for value in point.values.values()),
                point.estimates[first],
                point.estimates[second],
            )
            for point in self.points
        ]
        return trade_off_frame(estimates, plain_size(first), plain_size(second))


def spell(value: object) -> Any:  # noqa: ANN401 - a scalar, as files spell it
    """Return a value as a cell of a table: numbers stay numbers, the rest is text."""
    if isinstance(value, bool | list | dict):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def sweep(ground: Ground, axes: Sequence[Axis], metrics: Sequence[Asked], plan: Plan) -> Sweep:
    """Run every combination of the axes under the same seed and replications.

    Parameters
    ----------
    ground
        What is varied.
    axes
        What takes which values.
    metrics
        What is measured.
    plan
        Which replications of every combination, and where they are run.

    Raises
    ------
    UnknownArm
        If a combination cannot be, or there are too many.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tvc.files.policies import load_shipped
    >>> found = sweep(Ground(load_shipped("salesforce"), {"users": 300, "horizon": "7d"}, Path()),
    ...               [read_axis("lifetime.max=1h,24h")], [Asked.read("mean(exposure)")],
    ...               Plan(3, seed=1))
    >>> low, high = found.frame()["value"]
    >>> bool(low < high)
    True
    """
    combinations = grid(ground, axes)
    arms = [arm for _, arm in combinations]
    rows = run_arms("sweep", arms, metrics, plan)
    points = tuple(
        Point(values, {one: estimate(one.values(of_arm), bounds_of(one.metric)) for one in metrics})
        for (values, _), of_arm in zip(combinations, rows, strict=True)
    )
    return Sweep(tuple(axes), tuple(metrics), points, tuple(arms), len(rows[0]), plan.seed)


def grid(ground: Ground, axes: Sequence[Axis]) -> list[tuple[dict[str, Any], Arm]]:
    """Return each combination with its arm, the last axis varying fastest.

    Raises
    ------
    UnknownArm
        As `sweep` does.
    """
    keys = [axis.key for axis in axes]
    for key, other in pairwise(sorted(keys)):
        if key == other:
            raise UnknownArm(f"{key} is varied twice")
    count = 1
    for axis in axes:
        count *= len(axis.values)
    if count > MOST_POINTS:
        raise UnknownArm(f"{count:,} combinations are more than {MOST_POINTS:,}")
    return list(_grid(ground, axes))


def _grid(ground: Ground, axes: Sequence[Axis]) -> Iterator[tuple[dict[str, Any], Arm]]:
    for combination in product(*(axis.values for axis in axes)):
        values = dict(zip((axis.key for axis in axes), combination, strict=True))
        name = ",".join(f"{key}={spell(value)}" for key, value in values.items())
        yield values, make_arm(name, ground, values.items())


def front(
    sweep: Sweep, first: tuple[Asked, bool], second: tuple[Asked, bool]
) -> list[tuple[Point, Estimate, Estimate]]:
    """Return the points that no other one beats in both of two metrics.

    Parameters
    ----------
    sweep
        Whose points.
    first, second
        Each a metric, and whether more of it is better.

    Returns
    -------
    list of tuple
        Point and both estimates, by the first metric from its best on. By the estimates alone:
        points whose intervals overlap may be equally good.
    """
    found = [
        (point, point.estimates[first[0]], point.estimates[second[0]]) for point in sweep.points
    ]
    costs = [
        tuple(
            -of.value if more else of.value
            for of, (_, more) in zip(estimates, (first, second), strict=True)
        )
        for _, *estimates in found
    ]
    return [found[place] for place in sorted(unbeaten(costs), key=lambda place: costs[place])]
