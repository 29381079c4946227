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

    __slots__ = ("_bin_ms", "_end_ms", "_since_ms", "_start_ms", "area", "highest", "value")

    def __init__(self, start_ms: int, end_ms: int, bin_ms: int) -> None:
        self._start_ms = start_ms
        self._end_ms = end_ms
        self._bin_ms = bin_ms
        self._since_ms = start_ms
        self.value = 0
        self.highest = 0
        #: Level times milliseconds, by bin.
        self.area = [0] * -(-(end_ms - start_ms) // bin_ms)

    def change(self, at_ms: int, by: int) -> None:
        """Let the level change at an instant, which is none before the last one's."""
        self.set(at_ms, self.value + by)

    def set(self, at_ms: int, value: int) -> None:
        """Let the level be another from an instant on."""
        since_ms = self._since_ms
        if at_ms > since_ms:
            if self.value and since_ms < self._end_ms:
                self._integrate(since_ms, min(at_ms, self._end_ms))
            self._since_ms = at_ms
        self.value = value
        if value > self.highest and self._start_ms <= at_ms < self._end_ms:
            self.highest = value

    def _integrate(self, from_ms: int, to_ms: int) -> None:
        width_ms, start_ms, value, area = self._bin_ms, self._start_ms, self.value, self.area
        if value > self.highest:
            self.highest = value  # it held when the window began
        place = (from_ms - start_ms) // width_ms
        last = (to_ms - 1 - start_ms) // width_ms
        if place == last:
            area[place] += value * (to_ms - from_ms)
            return
        area[place] += value * (start_ms + (place + 1) * width_ms - from_ms)
        for full in range(place + 1, last):
            area[full] += value * width_ms
        area[last] += value * (to_ms - start_ms - last * width_ms)

    def total_ms(self) -> int:
        """Return the integral over the window, up to the last change."""
        return sum(self.area)

    def mean(self, until_ms: int) -> float:
        """Return the time average from the window's start to an instant; NaN for no time."""
        length_ms = min(until_ms, self._end_ms) - self._start_ms
        return self.total_ms() / length_ms if length_ms > 0 else nan
