"""Distributions as functions: inverse, mean and cumulative distribution.

A duration is drawn by one uniform number through the inverse, so that a longer distribution
makes every single duration longer: the two arms of a comparison stay close.
"""

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from math import exp, expm1, lgamma, log, log1p
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Any, Final

from tvc.domain.distributions import (
    Choice,
    Distribution,
    Empirical,
    Exponential,
    Fixed,
    Lognormal,
    Uniform,
)

if TYPE_CHECKING:
    import numpy as np

_NORMAL: Final = NormalDist()
_Z95: Final = _NORMAL.inv_cdf(0.95)
#: The normal quantile is infinite at 0, which a uniform number may be.
_SMALLEST: Final = 2.0**-54


def quantile(distribution: Distribution) -> Callable[[float], int]:
    """Return the inverse: the duration below which a share of the durations are.

    Parameters
    ----------
    distribution
        An `Empirical` must hold its values.

    Returns
    -------
    callable
        From a share in [0, 1) to whole milliseconds, never falling.

    Raises
    ------
    ValueError
        If the values of an `Empirical` have not been read.

    Examples
    --------
    >>> quantile(Uniform(0, 1000))(0.25)
    250
    """
    match distribution:
        case Fixed(value_ms):
            return lambda _share: value_ms
        case Exponential(mean_ms):
            return lambda share: int(0.5 - mean_ms * log1p(-share))
        case Lognormal(median_ms):
            inverse, sigma = _NORMAL.inv_cdf, _sigma(distribution)
            return lambda share: int(0.5 + median_ms * exp(sigma * inverse(share or _SMALLEST)))
        case Uniform(low_ms, high_ms):
            width_ms = high_ms - low_ms
            return lambda share: int(0.5 + low_ms + width_ms * share)
        case Choice(values):
            ordered = sorted(values)
            total = sum(weight for _, weight in ordered)
            reached = list(accumulate(weight / total for _, weight in ordered))
            reached[-1] = 1.0
            return lambda share: ordered[bisect_right(reached, share)][0]
        case Empirical():
            measured = sorted(_measured(distribution))
            return lambda share: measured[int(share * len(measured))]


def mean_ms(distribution: Distribution) -> float:
    """Return the mean, in milliseconds."""
    match distribution:
        case Fixed(value_ms):
            return value_ms
        case Exponential(mean):
            return mean
        case Lognormal(median_ms):
            return median_ms * exp(_sigma(distribution) ** 2 / 2)
        case Uniform(low_ms, high_ms):
            return (low_ms + high_ms) / 2
        case Choice(values):
            total = sum(weight for _, weight in values)
            return sum(value_ms * weight for value_ms, weight in values) / total
        case Empirical():
            return fmean(_measured(distribution))


def limited_mean_ms(distribution: Distribution, limit_ms: float) -> float:
    """Return the mean of what is drawn where whatever is beyond a limit counts as the limit.

    Parameters
    ----------
    distribution
        An `Empirical` must hold its values.
    limit_ms
        Above 0.

    Notes
    -----
    SOURCE: Klugman, Panjer, Willmot (2012), "Loss Models", section 3.1: the limited expected value.

    Examples
    --------
    >>> limited_mean_ms(Uniform(0, 1000), 500)
    375.0
    """
    match distribution:
        case Fixed(value_ms):
            return min(float(value_ms), limit_ms)
        case Exponential(mean):
            return -mean * expm1(-limit_ms / mean)
        case Lognormal(median_ms):
            sigma = _sigma(distribution)
            place = log(limit_ms / median_ms) / sigma
            below = median_ms * exp(sigma**2 / 2) * _NORMAL.cdf(place - sigma)
            return min(below, limit_ms) + limit_ms * _NORMAL.cdf(-place)
        case Uniform(low_ms, high_ms):
            end_ms = min(max(limit_ms, low_ms), high_ms)
            inside = (end_ms - low_ms) * (low_ms + end_ms) / 2
            return (inside + limit_ms * (high_ms - end_ms)) / (high_ms - low_ms)
        case Choice(values):
            total = sum(weight for _, weight in values)
            return sum(min(value_ms, limit_ms) * weight for value_ms, weight in values) / total
        case Empirical():
            return fmean(min(value_ms, limit_ms) for value_ms in _measured(distribution))


def cdf(distribution: Distribution) -> Callable[[float], float]:
    """Return the cumulative distribution: the share of durations of at most so many ms."""
    match distribution:
        case Fixed(value_ms):
            return lambda at_ms: float(at_ms >= value_ms)
        case Exponential(mean):
            return lambda at_ms: 1 - exp(-at_ms / mean) if at_ms > 0 else 0.0
        case Lognormal(median_ms):
            sigma = _sigma(distribution)
            return lambda at_ms: _NORMAL.cdf(log(at_ms / median_ms) / sigma) if at_ms > 0 else 0.0
        case Uniform(low_ms, high_ms):
            return lambda at_ms: min(max((at_ms - low_ms) / (high_ms - low_ms), 0.0), 1.0)
        case Choice(values):
            total = sum(weight for _, weight in values)
            return lambda at_ms: sum(w for value_ms, w in values if value_ms <= at_ms) / total
        case Empirical():
            measured = sorted(_measured(distribution))
            return lambda at_ms: bisect_right(measured, at_ms) / len(measured)


def _sigma(distribution: Lognormal) -> float:
    return log(distribution.p95_ms / distribution.median_ms) / _Z95


def _measured(distribution: Empirical) -> tuple[int, ...]:
    if not distribution.values_ms:
        raise ValueError(f"{distribution.file}: its durations have not been read")
    return distribution.values_ms


def poisson_quantile(mean: float, share: float) -> int:
    """Return the smallest count that a Poisson variable exceeds with at most 1 - share.

    The inverse transform, summing probabilities upwards from far below the mean, where what is
    left out is smaller than a uniform number can tell.

    Parameters
    ----------
    mean
        Not negative.
    share
        In [0, 1).

    Examples
    --------
    >>> poisson_quantile(2.0, 0.5), poisson_quantile(0.0, 0.9)
    (2, 0)
    """
    lowest, reached = _poisson_reached(mean)
    return lowest + bisect_right(reached, share)


def poisson_quantiles(
    mean: float, shares: "np.ndarray[Any, np.dtype[np.float64]]"
) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Return `poisson_quantile` of many shares at once.

    Examples
    --------
    >>> import numpy as np
    >>> poisson_quantiles(2.0, np.array([0.0, 0.5, 0.9])).tolist()
    [0, 2, 4]
    """
    import numpy as np

    lowest, reached = _poisson_reached(mean)
    counts: np.ndarray[Any, np.dtype[np.int64]]
    counts = lowest + np.searchsorted(np.array(reached), shares, side="right")
    return counts


def _poisson_reached(mean: float) -> tuple[int, list[float]]:
    """Return a count and the cumulative distribution from it on, as far as it rises."""
    if mean <= 0:
        return 0, []
    lowest = count = max(0, int(mean - 10 * mean**0.5 - 10))
    probability = exp(count * log(mean) - mean - lgamma(count + 1))
    reached = [probability]
    while True:
        count += 1
        probability *= mean / count
        if count > mean and probability < _SMALLEST * _SMALLEST:
            return lowest, reached
        reached.append(reached[-1] + probability)
