"""How often something happens, from a number of replications fixed beforehand."""

from scipy.stats import binomtest


def clopper_pearson(events: int, replications: int, level: float = 0.95) -> tuple[float, float]:
    """Return an exact interval for a probability.

    It is exact for a number of replications fixed beforehand. One that stopped once something
    was seen needs `~tvc.statistics.confidence_sequences.Bernoulli`.

    Parameters
    ----------
    events
        Replications in which it happened.
    replications
        How many there were, at least one.
    level
        Least probability that the interval holds the truth.

    Returns
    -------
    tuple of float
        Lower and upper limit.

    Notes
    -----
    SOURCE: Clopper & Pearson (1934), "The use of confidence or fiducial limits illustrated in
    the case of the binomial", Biometrika 26.

    Examples
    --------
    >>> low, high = clopper_pearson(3, 100)
    >>> f"{low:.4f} {high:.4f}"
    '0.0062 0.0852'
    """
    interval = binomtest(events, replications).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)


def never_seen_bound(replications: int, level: float = 0.95) -> float:
    """Return how probable something may still be that no replication saw.

    It is the one-sided limit of Clopper and Pearson without any event: the probability p with
    ``(1 - p) ** replications == 1 - level``, near ``3 / replications``.

    Parameters
    ----------
    replications
        How many did not see it, at least one.
    level
        Least probability that the truth is not above the bound.

    Examples
    --------
    >>> f"{never_seen_bound(4000):.5f}"
    '0.00075'
    """
    if replications < 1:
        raise ValueError("nothing is known without a replication")
    return float(1.0 - (1.0 - level) ** (1.0 / replications))
