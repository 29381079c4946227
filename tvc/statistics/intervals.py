"""The interval of a mean for a fixed number of replications, and replications until precise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

#: From this many replications on, the look-ahead grows with their number.
_LOOK_AHEAD_GROWS_FROM = 100


def t_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Return Student's interval of a mean.

    Parameters
    ----------
    values
        One finite number a replication, at least two; their number was fixed beforehand.
    level
        Probability that the interval holds the mean, were the values normal.

    Returns
    -------
    tuple of float
        Lower and upper limit, in the unit of the values.

    Raises
    ------
    ValueError
        If there are fewer than two values.

    Notes
    -----
    SOURCE: Student (1908), "The probable error of a mean", Biometrika 6.

    Examples
    --------
    >>> low, high = t_interval([1.0, 2.0, 3.0, 4.0])
    >>> f"{low:.3f} {high:.3f}"
    '0.446 4.554'
    """
    numbers = np.asarray(values, dtype=float)
    if numbers.size < 2:
        raise ValueError("one replication says nothing of the spread: an interval needs two")
    half = _half_width(float(numbers.std(ddof=1)), numbers.size, level)
    mean = float(numbers.mean())
    return mean - half, mean + half


def _half_width(deviation: float, n: int, level: float) -> float:
    return float(student.isf((1 - level) / 2, n - 1)) * deviation / math.sqrt(n)


@dataclass(frozen=True, slots=True)
class SequentialStop:
    """Run until the interval of a mean is narrow, for studies whose cost nobody fixed.

    The half-width of Student's interval is to be at most ``relative_half_width`` of the mean, and
    to remain so over the next replications, since an early narrow interval is often luck. A
    verdict must not rest on this: looking until one likes what one sees makes the interval cover
    less than its level, the more so with a small ``minimum``.

    Attributes
    ----------
    relative_half_width
        Above 0; 0.05 asks for plus or minus 5 % of the mean.
    level
        Of the interval.
    look_ahead
        For how many further replications it has to remain narrow. From 100 replications on it
        grows with them, so that it stays as hard to pass by luck.
    minimum, maximum
        Never fewer and never more replications than these.

    Notes
    -----
    SOURCE: Hoad, Robinson & Davies (2010), "Automated selection of the number of replications for
    a discrete-event simulation", Journal of the Operational Research Society 61; their least
    number is 3, ours is larger since sequential stopping covers too little from so few.

    Examples
    --------
    >>> stop = SequentialStop(relative_half_width=0.1, maximum=100)
    >>> stop.replications([10.0, 11.0] * 4), stop.replications([10.0, 11.0] * 10)
    (None, 10)
    """

    relative_half_width: float
    level: float = 0.95
    look_ahead: int = 5
    minimum: int = 10
    maximum: int = 1000

    def __post_init__(self) -> None:
        if not self.relative_half_width > 0:
            raise ValueError("the relative half-width is above 0")
        if not 2 <= self.minimum <= self.maximum:
            raise ValueError("expected 2 <= minimum <= maximum")

    def replications(self, values: Sequence[float]) -> int | None:
        """Return after how many replications it was precise; None while it is not surely so.

        Parameters
        ----------
        values
            One finite number a replication, in order. As the look-ahead was run, too, there is
            no reason to leave it out of what is reported.

        Returns
        -------
        int or None
            The first number from which on the interval remained narrow, or ``maximum`` once so
            many were run in vain; None when more are wanted.
        """
        numbers = np.asarray(values, dtype=float)[: self.maximum]
        since: int | None = None
        for n in range(self.minimum, numbers.size + 1):
            deviation = float(numbers[:n].std(ddof=1))
            half = _half_width(deviation, n, self.level)
            if half > self.relative_half_width * abs(float(numbers[:n].mean())):
                since = None
                continue
            since = n if since is None else since
            if n >= since + self._ahead(since):
                return since
        return self.maximum if numbers.size == self.maximum else None

    def _ahead(self, n: int) -> int:
        if n <= _LOOK_AHEAD_GROWS_FROM:
            return self.look_ahead
        return self.look_ahead * n // _LOOK_AHEAD_GROWS_FROM
