"""Formulas of queues that simulations are compared with."""

from math import exp, factorial


def erlang_c(servers: int, load: float) -> float:
    """Return the probability of waiting in M/M/c (Erlang 1917); load is arrivals by service."""
    terms = [load**k / factorial(k) for k in range(servers)]
    last = load**servers / factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


def mmc_mean_wait(arrivals: float, service: float, servers: int) -> float:
    """Return the mean wait of M/M/c; rates per unit of time."""
    load = arrivals / service
    return erlang_c(servers, load) / (servers * service - arrivals)


def mmcm_abandoned(arrivals: float, service: float, servers: int, patience: float) -> float:
    """Return the share that gives up in M/M/c+M (Palm 1957; Garnett, Mandelbaum, Reiman 2002).

    From the stationary distribution of the birth and death process: who waits gives up at the
    rate ``patience``.
    """
    weights = [1.0]
    for n in range(1, 400):
        leaving = min(n, servers) * service + max(n - servers, 0) * patience
        weights.append(weights[-1] * arrivals / leaving)
    total = sum(weights)
    waiting = sum(max(n - servers, 0) * weight for n, weight in enumerate(weights)) / total
    return patience * waiting / arrivals


def guess_chance(space: int, guesses: int) -> float:
    """Return the chance that one of some guesses, no two alike, is the code."""
    return min(guesses / space, 1.0)


def lapse_share(lifetime: float, mean_delay: float) -> float:
    """Return the share of codes that lapse before an exponential delay is over."""
    return exp(-lifetime / mean_delay)
