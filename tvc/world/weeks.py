"""The week: rates that follow its hours, the openings of a desk, and Poisson arrivals.

Rates are constant within an hour of the week, so that expected numbers and the instants at which
they are reached are exact, and arrivals need no thinning.
"""

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from tvc.authority.durations import HOUR_MS
from tvc.domain.quantities import DAYS, HOURS_OF_WEEK
from tvc.domain.sampling import poisson_quantile
from tvc.domain.workload import WorkloadModel
from tvc.world.streams import Stream

if TYPE_CHECKING:
    import numpy as np

WEEK_MS: Final = HOURS_OF_WEEK * HOUR_MS
_COUNT: Final = (1 << 64) - 1
_PER_SLAB: Final = 1 << 24


def week_offset_ms(workload: WorkloadModel) -> int:
    """Return how far into the week a run is at its instant 0, which is before any lead-in."""
    start_ms = (DAYS.index(workload.start.day) * 24 + workload.start.hour) * HOUR_MS
    return (start_ms - workload.lead_in) % (HOURS_OF_WEEK * HOUR_MS)


class WeekRate:
    """A rate by the hour of the week.

    Parameters
    ----------
    per_ms
        Its mean over a week.
    weights
        Of each hour, from the first of Monday on; None for an even rate.
    week_offset_ms
        Where in the week the instant 0 is.
    """

    __slots__ = ("_offset_ms", "_per_week", "_reached", "_weights")

    def __init__(
        self, per_ms: float, weights: tuple[float, ...] | None, week_offset_ms: int
    ) -> None:
        weights = (1.0,) * HOURS_OF_WEEK if weights is None else weights
        total = sum(weights)
        self._weights = [weight / total for weight in weights]
        self._reached = [0.0, *accumulate(self._weights)]
        self._reached[-1] = 1.0
        self._per_week = per_ms * WEEK_MS
        self._offset_ms = week_offset_ms

    def _weeks(self, at_ms: float) -> float:
        """Return how much of the weeks' load is over at an instant, in weeks."""
        weeks, rest_ms = divmod(at_ms + self._offset_ms, WEEK_MS)
        hour, into_ms = divmod(rest_ms, HOUR_MS)
        place = int(hour)
        return weeks + self._reached[place] + self._weights[place] * into_ms / HOUR_MS

    def expected(self, from_ms: int, to_ms: int) -> float:
        """Return the expected number of arrivals between two instants."""
        return self._per_week * (self._weeks(to_ms) - self._weeks(from_ms))

    def instant(self, from_ms: int, to_ms: int, share: float) -> int:
        """Return the instant at which a share of what is expected between two has come.

        Parameters
        ----------
        from_ms, to_ms
            Instants; something must be expected between them.
        share
            In [0, 1).

        Returns
        -------
        int
            At or after ``from_ms`` and before ``to_ms``.
        """
        first = self._weeks(from_ms)
        weeks, rest = divmod(first + share * (self._weeks(to_ms) - first), 1.0)
        place = min(bisect_right(self._reached, rest), HOURS_OF_WEEK) - 1
        weight = self._weights[place]
        into_ms = (rest - self._reached[place]) / weight * HOUR_MS if weight else 0.0
        at_ms = int(weeks * WEEK_MS + place * HOUR_MS + into_ms) - self._offset_ms
        return min(max(at_ms, from_ms), to_ms - 1)

    def instants(
        self, from_ms: int, to_ms: int, shares: "np.ndarray[Any, np.dtype[np.float64]]"
    ) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """Return `instant` of many shares at once, as whole milliseconds."""
        import numpy as np

        reached, weights = np.array(self._reached), np.array(self._weights)
        first = self._weeks(from_ms)
        weeks, rest = np.divmod(first + shares * (self._weeks(to_ms) - first), 1.0)
        place = np.minimum(np.searchsorted(reached, rest, side="right"), HOURS_OF_WEEK) - 1
        weight = weights[place]
        with np.errstate(divide="ignore", invalid="ignore"):
            into_ms = np.where(weight > 0, (rest - reached[place]) / weight * HOUR_MS, 0.0)
        at_ms = (weeks * WEEK_MS + place * HOUR_MS + into_ms).astype(np.int64) - self._offset_ms
        clipped: np.ndarray[Any, np.dtype[np.int64]] = np.clip(at_ms, from_ms, to_ms - 1)
        return clipped


def arrivals(
    rate: WeekRate, stream: Stream, entity: int, from_ms: int, to_ms: int
) -> list[tuple[int, int]]:
    """Draw the arrivals of a Poisson process between two instants.

    Weeks from the instant 0 on are drawn one by one: how many come in a week, and when each does.
    A longer horizon therefore only adds arrivals, and so does a higher rate.

    Parameters
    ----------
    rate
        How often.
    stream, entity
        Whose process it is.
    from_ms, to_ms
        Arrivals at or after the first instant and before the second one.

    Returns
    -------
    list of (int, int)
        Instant and number of each, in order; the number is the same under any rate.
    """
    found = []
    for week in range(from_ms // WEEK_MS, -(-to_ms // WEEK_MS)):
        begins_ms = week * WEEK_MS
        expected = rate.expected(begins_ms, begins_ms + WEEK_MS)
        if expected <= 0:
            continue
        for number in range(poisson_quantile(expected, stream(entity, week, _COUNT))):
            share = stream(entity, week, number)
            at_ms = rate.instant(begins_ms, begins_ms + WEEK_MS, share)
            if from_ms <= at_ms < to_ms:
                found.append((at_ms, week * _PER_SLAB + number))
    return sorted(found)


class Openings:
    """The hours in which a desk is open, week after week.

    Parameters
    ----------
    hours
        Hours of the week, 0 being the first one of Monday; at least one.
    week_offset_ms
        Where in the week the instant 0 is.
    """

    __slots__ = ("_offset_ms", "_open", "_until_change")

    def __init__(self, hours: frozenset[int], week_offset_ms: int) -> None:
        self._open = [hour in hours for hour in range(HOURS_OF_WEEK)]
        self._offset_ms = week_offset_ms
        # From the start of each hour, how many hours until open turns to closed or back.
        self._until_change = [
            next(
                (
                    ahead
                    for ahead in range(1, HOURS_OF_WEEK)
                    if self._open[(hour + ahead) % HOURS_OF_WEEK] != self._open[hour]
                ),
                HOURS_OF_WEEK,
            )
            for hour in range(HOURS_OF_WEEK)
        ]

    def next_open(self, at_ms: int) -> int:
        """Return the first instant from another one on at which the desk is open."""
        hour = (at_ms + self._offset_ms) // HOUR_MS % HOURS_OF_WEEK
        return at_ms if self._open[hour] else self._change(at_ms, hour)

    def closes(self, at_ms: int) -> int:
        """Return when the opening ends that holds an instant; a week on if it never does."""
        return self._change(at_ms, (at_ms + self._offset_ms) // HOUR_MS % HOURS_OF_WEEK)

    def _change(self, at_ms: int, hour: int) -> int:
        into_ms = (at_ms + self._offset_ms) % HOUR_MS
        return at_ms - into_ms + self._until_change[hour] * HOUR_MS
