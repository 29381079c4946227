"""Levels over time: how many there are of something, integrated bin by bin."""

from math import nan


class Level:
    """A number that changes at instants, and holds in between.

    Parameters
    ----------
    start_ms, end_ms
        The window that is measured.
    bin_ms
        Width of the bins, which begin at ``start_ms``.

    Attributes
    ----------
    highest : int
        The highest level within the window.
    """

    __slots__ = (
        "_bin_ends_ms", "_bin_ms", "_end_ms", "_place", "_since_ms", "_start_ms", "area",
        "highest", "value",
    )  # fmt: skip

    def __init__(self, start_ms: int, end_ms: int, bin_ms: int) -> None:
        self._start_ms = start_ms
        self._end_ms = end_ms
        self._bin_ms = bin_ms
        self._since_ms = start_ms
        # The bin that the latest change fell into; before the window there is none.
        self._place = -1
        self._bin_ends_ms = start_ms
        self.value = 0
        self.highest = 0
        #: Level times milliseconds, by bin.
        self.area = [0] * -(-(end_ms - start_ms) // bin_ms)

    def set(self, at_ms: int, value: int) -> None:
        """Let the level be another from an instant on, which is none before the last one's."""
        since_ms = self._since_ms
        if since_ms < at_ms < self._bin_ends_ms:
            self.area[self._place] += self.value * (at_ms - since_ms)
            self._since_ms = at_ms
        elif since_ms < at_ms:
            if since_ms < self._end_ms:
                # What was reached before the window counts, since it holds into it.
                self.highest = max(self.highest, self.value)
                self._fill(since_ms, min(at_ms, self._end_ms))
            self._since_ms = at_ms
        self.value = value
        if value > self.highest and self._start_ms <= at_ms < self._end_ms:
            self.highest = value

    def _fill(self, from_ms: int, to_ms: int) -> None:
        """Integrate over the ends of bins, and turn to the bin of the latest instant."""
        while True:
            until_ms = min(self._bin_ends_ms, to_ms)
            self.area[self._place] += self.value * (until_ms - from_ms)
            from_ms = until_ms
            if to_ms < self._bin_ends_ms or self._bin_ends_ms == self._end_ms:
                return
            self._place += 1
            self._bin_ends_ms = min(self._bin_ends_ms + self._bin_ms, self._end_ms)

    def total_ms(self) -> int:
        """Return the integral over the window, up to the last change."""
        return sum(self.area)

    def mean(self, until_ms: int) -> float:
        """Return the time average from the window's start to an instant; NaN for no time."""
        length_ms = min(until_ms, self._end_ms) - self._start_ms
        return self.total_ms() / length_ms if length_ms > 0 else nan
