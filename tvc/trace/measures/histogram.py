"""Histograms of durations with fixed bins, fine enough to take percentiles from."""

from math import inf, nan
from typing import Final

#: Bins are one second wide up to here; the width doubles with every octave beyond.
_FINE: Final = 4096
_OCTAVE: Final = _FINE // 2


class Histogram:
    """Counts of durations; a percentile is off by a bin, at most a second or 1 in 2048.

    Attributes
    ----------
    count : int
        Durations added, unfinished ones among them.
    unfinished : int
        Those of which only a lower bound is known.
    total_ms : int
        Their sum; of unfinished ones as far as they are known.
    longest_ms : int
        The longest finished one.

    Examples
    --------
    >>> spells = Histogram()
    >>> for minutes in (1, 2, 3, 4):
    ...     spells.add(minutes * 60_000)
    >>> spells.percentile(50), spells.mean_ms
    (121000.0, 150000.0)
    """

    __slots__ = ("_bins", "count", "longest_ms", "total_ms", "unfinished")

    def __init__(self) -> None:
        self._bins: dict[int, int] = {}
        self.count = 0
        self.unfinished = 0
        self.total_ms = 0
        self.longest_ms = 0

    def add(self, duration_ms: int) -> None:
        """Add a duration, not negative."""
        seconds = duration_ms // 1000
        place = seconds if seconds < _FINE else _octave_place(seconds)
        bins = self._bins
        bins[place] = bins.get(place, 0) + 1
        self.count += 1
        self.total_ms += duration_ms
        self.longest_ms = max(self.longest_ms, duration_ms)

    def add_unfinished(self, so_far_ms: int) -> None:
        """Add a duration that has not come to its end."""
        self.count += 1
        self.unfinished += 1
        self.total_ms += so_far_ms

    @property
    def mean_ms(self) -> float:
        """The mean, with unfinished ones as far as they are known; NaN when there are none."""
        return self.total_ms / self.count if self.count else nan

    @property
    def max_ms(self) -> float:
        """The longest; infinite when one is unfinished, NaN when there are none."""
        if self.unfinished:
            return inf
        return float(self.longest_ms) if self.count else nan

    def percentile(self, percent: int) -> float:
        """Return the ceil(percent/100 n)-th smallest, as its bin's upper edge in milliseconds.

        Unfinished ones are infinite; NaN when there are none at all.
        """
        if not self.count:
            return nan
        wanted = -(-percent * self.count // 100)
        if wanted > self.count - self.unfinished:
            return inf
        reached = 0
        for place in sorted(self._bins):
            reached += self._bins[place]
            if reached >= wanted:
                break
        return float(_edges(place)[1])

    def rows(self) -> list[tuple[int, float, int]]:
        """Return (lower edge ms, upper edge ms, count) of each bin that is not empty, in order.

        The last row, with an infinite upper edge, holds the unfinished ones.
        """
        found: list[tuple[int, float, int]] = [
            (*_edges(place), self._bins[place]) for place in sorted(self._bins)
        ]
        if self.unfinished:
            found.append((0, inf, self.unfinished))
        return found


def _octave_place(seconds: int) -> int:
    """Return the bin of a whole number of seconds that is too long for the fine ones."""
    octave = seconds.bit_length() - _FINE.bit_length() + 1
    return _FINE + (octave - 1) * _OCTAVE + (seconds >> octave) - _OCTAVE


def _edges(place: int) -> tuple[int, int]:
    """Return where a bin begins and ends, in milliseconds."""
    if place < _FINE:
        return place * 1000, (place + 1) * 1000
    octave, within = divmod(place - _FINE, _OCTAVE)
    width = 2 << octave
    begin = (within + _OCTAVE) * width
    return begin * 1000, (begin + width) * 1000
