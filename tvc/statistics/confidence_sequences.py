"""Limits of a mean that hold however often one looks, where values cannot be beyond known ends.

A limit at error ``alpha`` is on the wrong side of the mean at *any* number of replications with
probability at most ``alpha``, so a run may stop whenever its limits decide. Each rests on a
process that bets against "the mean is at most m", starts at 1 and has no gain to expect while
that is true: by Ville's inequality it ever reaches ``1 / alpha`` with probability at most
``alpha``. All are symmetric in the replications: their order cannot matter.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import betaincc, betaln, xlog1py, xlogy

Floats = NDArray[np.float64]

#: Shares of what can be lost that are put at stake, each with an equal part of the money. Whatever
#: share would have been best, one of them is within a factor of two of it, or of what it spares.
_STAKES: Final[Floats] = np.array(
    [*(2.0**-power for power in range(12, 0, -1)), *(1 - 2.0**-power for power in range(2, 7))]
)
#: Jeffreys's prior: rare events are as much expected as frequent ones.
_PRIOR: Final = 0.5
#: Means nearer to an end than this are not told from it.
_NEAREST: Final = 1e-12


class MeanSequence(Protocol):
    """What a run of replications says of a mean.

    Attributes
    ----------
    method
        How the limits come about, for people.
    estimate
        The mean so far, in the unit of the values.
    trusted
        Whether there are enough replications for the limits to mean something.
    """

    @property
    def method(self) -> str: ...  # noqa: D102 - described with the class

    @property
    def estimate(self) -> float: ...  # noqa: D102 - described with the class

    @property
    def trusted(self) -> bool: ...  # noqa: D102 - described with the class

    def lower(self, alpha: float) -> float:
        """Return the limit that the mean is below with probability at most ``alpha``, ever."""

    def upper(self, alpha: float) -> float:
        """Return the limit that the mean is above with probability at most ``alpha``, ever."""

    def projected(self, replications: float) -> Self:
        """Return what as many replications would say, were they all like those run."""


def bernoulli_log_evidence(successes: ArrayLike, replications: ArrayLike, p: ArrayLike) -> Floats:
    """Return the logarithm of the evidence that an event is more probable than ``p``.

    Parameters
    ----------
    successes, replications
        In how many of how many replications it happened, each time with the same probability.
    p
        Between 0 and 1, both excluded.

    Returns
    -------
    ndarray
        Of the shape that the arguments broadcast to. While the event has a probability of ``p``
        or less, it ever reaches ``log(1 / alpha)`` with probability at most ``alpha``.

    Notes
    -----
    The likelihood ratio against ``p``, averaged over what exceeds it with Jeffreys's prior.
    SOURCE: Robbins (1970), "Statistical methods related to the law of the iterated logarithm",
    Annals of Mathematical Statistics 41; the beta-binomial mixture and its one-sided form in
    Howard, Ramdas, McAuliffe & Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic
    confidence sequences", Annals of Statistics 49.
    """
    hits, runs, bound = (np.asarray(part, dtype=float) for part in (successes, replications, p))
    a, b = hits + _PRIOR, runs - hits + _PRIOR
    with np.errstate(divide="ignore"):  # the logarithm of a tail too small to be a number
        average = betaln(a, b) + np.log(betaincc(a, b, bound))
    prior = betaln(_PRIOR, _PRIOR) + np.log(betaincc(_PRIOR, _PRIOR, bound))
    at_bound = xlogy(hits, bound) + xlog1py(runs - hits, -bound)
    return np.asarray(average - prior - at_bound, dtype=float)


def betting_log_evidence(values: ArrayLike, mean: float, weights: ArrayLike = 1.0) -> Floats:
    """Return the logarithm of the evidence that a mean of values from 0 to 1 exceeds ``mean``.

    Parameters
    ----------
    values
        From 0 to 1, of shape (..., n): one a replication along the last axis.
    mean
        Between 0 and 1, both excluded.
    weights
        How many times each value counts.

    Returns
    -------
    ndarray
        Of shape (...): the capital of somebody who bets on it, starting from 1. While the mean is
        ``mean`` or less, it ever reaches ``log(1 / alpha)`` with probability at most ``alpha``.

    Notes
    -----
    ``sum over stakes c of prod(1 + c * (x / mean - 1)) / (number of stakes)``: fixed stakes side
    by side instead of one that is adapted as values come in. The bet is on both far and near
    alternatives, and the order of the values does not count.
    SOURCE: Waudby-Smith & Ramdas (2024), "Estimating means of bounded random variables by
    betting", Journal of the Royal Statistical Society B 86, on the capital process and on
    betting with a diversified portfolio of stakes.
    """
    gain = np.asarray(values, dtype=float)[..., np.newaxis, :] / mean - 1
    growth = np.log1p(_STAKES[:, np.newaxis] * gain)
    capital = (growth * np.asarray(weights, dtype=float)).sum(axis=-1)
    most = capital.max(axis=-1, keepdims=True)  # scipy's logsumexp is slow where this is called
    total = np.exp(capital - most).sum(axis=-1) / _STAKES.size
    return np.asarray(most[..., 0] + np.log(total), dtype=float)


def _least_mean(evidence: Callable[[float], float], estimate: float, alpha: float) -> float:
    """Return the least mean whose evidence of being exceeded is below ``1 / alpha``."""
    missing = -math.log(alpha)
    if estimate <= _NEAREST or evidence(_NEAREST) <= missing:
        return 0.0
    # Nothing is gained by betting against the estimate itself, so there is a root below it.
    below = min(estimate, 1 - _NEAREST)
    if evidence(below) >= missing:
        return below
    return float(brentq(lambda mean: evidence(mean) - missing, _NEAREST, below, xtol=1e-13))


@dataclass(frozen=True, slots=True)
class Bernoulli:
    """The probability of an event that each replication shows or does not.

    Attributes
    ----------
    successes, replications
        In how many of how many it happened; fractions occur only in what is projected.

    Examples
    --------
    >>> takeovers = Bernoulli(successes=40, replications=100)
    >>> f"{takeovers.lower(0.025):.3f} {takeovers.estimate} {takeovers.upper(0.025):.3f}"
    '0.245 0.4 0.567'
    """

    successes: float
    replications: float

    method = "exact binomial sequence"
    trusted = True

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.replications or self.replications < 1:
            raise ValueError("expected 0 <= successes <= replications, and a replication")

    @property
    def estimate(self) -> float:
        """The share of replications with the event."""
        return self.successes / self.replications

    def lower(self, alpha: float) -> float:
        """Return the limit that the probability is below with probability at most ``alpha``."""

        def evidence(p: float) -> float:
            return float(bernoulli_log_evidence(self.successes, self.replications, p))

        return _least_mean(evidence, self.estimate, alpha)

    def upper(self, alpha: float) -> float:
        """Return the limit that the probability is above with probability at most ``alpha``."""
        failures = Bernoulli(self.replications - self.successes, self.replications)
        return 1 - failures.lower(alpha)

    def projected(self, replications: float) -> "Bernoulli":
        """Return what as many replications would say, were they all like those run."""
        return Bernoulli(self.estimate * replications, replications)


@dataclass(frozen=True, slots=True, eq=False)
class Bounded:
    """The mean of values that cannot be beyond known ends.

    Attributes
    ----------
    values
        The different values, from ``low`` to ``high``, of shape (k,).
    counts
        How many replications had each, of shape (k,).
    low, high
        The ends.

    Examples
    --------
    >>> busy = Bounded.of([0.7, 0.75, 0.8, 0.72, 0.78] * 20, 0.0, 1.0)
    >>> f"{busy.lower(0.025):.3f} {busy.estimate:.3f} {busy.upper(0.025):.3f}"
    '0.711 0.750 0.765'
    """

    values: Floats
    counts: Floats
    low: float
    high: float

    method = "betting sequence"
    trusted = True

    @classmethod
    def of(cls, values: ArrayLike, low: float, high: float) -> "Bounded":
        """Take one value a replication.

        Raises
        ------
        ValueError
            If a value is beyond the ends, as nothing could then be said.
        """
        different, counts = np.unique(np.asarray(values, dtype=float), return_counts=True)
        if different.size == 0 or not low <= different[0] <= different[-1] <= high:
            raise ValueError(f"expected values from {low:g} to {high:g}")
        return cls(different, counts.astype(float), low, high)

    @property
    def estimate(self) -> float:
        """The mean of the values."""
        return float(np.average(self.values, weights=self.counts))

    def lower(self, alpha: float) -> float:
        """Return the limit that the mean is below with probability at most ``alpha``, ever."""
        return self.low + (self.high - self.low) * self._least_mean(alpha, mirrored=False)

    def upper(self, alpha: float) -> float:
        """Return the limit that the mean is above with probability at most ``alpha``, ever."""
        return self.high - (self.high - self.low) * self._least_mean(alpha, mirrored=True)

    def _least_mean(self, alpha: float, *, mirrored: bool) -> float:
        unit = (self.values - self.low) / (self.high - self.low)
        unit = 1 - unit if mirrored else unit

        def evidence(mean: float) -> float:
            return float(betting_log_evidence(unit, mean, self.counts))

        return _least_mean(evidence, float(np.average(unit, weights=self.counts)), alpha)

    def projected(self, replications: float) -> "Bounded":
        """Return what as many replications would say, were they all like those run."""
        counts: NDArray[Any] = self.counts * (replications / self.counts.sum())
        return Bounded(self.values, counts, self.low, self.high)
