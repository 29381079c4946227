"""What people read of a sweep: a row for each combination, and the front of two metrics."""

from collections.abc import Sequence

from tvc.runs.replications import Asked
from tvc.studies.comparison_text import columns, interval_text
from tvc.studies.sweeps import Point, Sweep, front, spell


def sweep_lines(sweep: Sweep, measured_ms: int) -> list[str]:
    """Return the table of a sweep: values varied, then each metric with its interval.

    Parameters
    ----------
    sweep
        What is told of.
    measured_ms
        The time that a replication measures.
    """
    keys = [axis.key for axis in sweep.axes]
    rows = [
        [*_values(point, keys), str(asked), interval_text(found, asked, measured_ms)]
        for asked in sweep.metrics
        for point in sweep.points
        for found in (point.estimates[asked],)
    ]
    return columns([[*keys, "metric", "value (95% interval)"], *rows])


def _values(point: Point, keys: Sequence[str]) -> list[str]:
    return [str(spell(point.values[key])) for key in keys]


def front_lines(
    sweep: Sweep, first: tuple[Asked, bool], second: tuple[Asked, bool], measured_ms: int
) -> list[str]:
    """Return the combinations that no other one beats in both of two metrics.

    Parameters
    ----------
    sweep, first, second
        As `tvc.studies.sweeps.front` takes them.
    measured_ms
        The time that a replication measures.
    """
    kept = front(sweep, first, second)
    keys = [axis.key for axis in sweep.axes]
    sides = [f"{'more' if more else 'less'} {asked}" for asked, more in (first, second)]
    rows = [
        [
            *_values(point, keys),
            interval_text(one, first[0], measured_ms),
            interval_text(other, second[0], measured_ms),
        ]
        for point, one, other in kept
    ]
    return [
        f"Front: {len(kept)} of {len(sweep.points)} combinations that no other beats in both, "
        "by the estimates",
        *(f"  {line}" for line in columns([[*keys, *sides], *rows])),
    ]
