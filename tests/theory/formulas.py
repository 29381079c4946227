"""Formulas of queues, lives and guesses that simulations are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp
from statistics import fmean, stdev

#: Longer queues than this are left out of sums over them: their chance is below rounding.
_LONGEST = 2_000


def z_score(found: Sequence[float], theory: float) -> float:
    """Return how many standard errors the mean of independent replications is off a theory.

    The standard error is the replications' own.
    """
    return (fmean(found) - theory) * len(found) ** 0.5 / stdev(found)


def z_share(successes: float, trials: float, chance: float) -> float:
    """Return how many standard deviations a number of successes is off its expectation.

    Also where the outcome of one trial decides whether there is another: what is won beyond the
    expectation is then a martingale, of the same variance for each trial.
    """
    return (successes - trials * chance) / (trials * chance * (1 - chance)) ** 0.5


# Queues; arrivals, service and patience are rates per unit of time


def erlang_b(servers: int, load: float) -> float:
    """Return the share that finds all servers busy in M/M/c/c (Erlang 1917), by its recursion."""
    blocked = 1.0
    for server in range(1, servers + 1):
        blocked = load * blocked / (server + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Return the share that waits in M/M/c (Erlang 1917); load is arrivals by service."""
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1 - blocked))


def mmc_mean_wait(arrivals: float, service: float, servers: int) -> float:
    """Return the mean wait in M/M/c, of those who need not wait too."""
    return erlang_c(servers, arrivals / service) / (servers * service - arrivals)


@dataclass(frozen=True, slots=True)
class Impatient:
    """What comes of M/M/c+M.

    Attributes
    ----------
    abandoned
        Share of callers that gives up.
    served_mean_wait
        Mean wait of those who are served.
    busy
        Mean share of servers that are busy.
    """

    abandoned: float
    served_mean_wait: float
    busy: float


def mmcm(arrivals: float, service: float, servers: int, patience: float) -> Impatient:
    """Return what comes of M/M/c+M (Palm 1957; Garnett, Mandelbaum, Reiman 2002).

    Who finds k callers waiting is next in turn after k + 1 departures, of one who is served or
    gives up. The last departures but k happen at the rate ``servers * service + k * patience``,
    and the caller's own giving up competes with each at the rate ``patience``: the factors
    telescope, and how long a stage takes does not depend on who ended it.
    """
    capacity = servers * service
    weights = [1.0]
    for n in range(1, servers + _LONGEST):
        leaving = min(n, servers) * service + max(n - servers, 0) * patience
        weights.append(weights[-1] * arrivals / leaving)
    total = sum(weights)
    served = sum(weights[:servers])
    waited = stages = 0.0
    for k, weight in enumerate(weights[servers:]):
        stages += 1 / (capacity + (k + 1) * patience)
        chance = capacity / (capacity + (k + 1) * patience)
        served += weight * chance
        waited += weight * chance * stages
    return Impatient(
        abandoned=1 - served / total,
        served_mean_wait=waited / served,
        busy=arrivals * served / total / capacity,
    )


def mginf_mean(arrivals: float, mean_life: float) -> float:
    """Return the mean number alive in M/G/inf, which is also its variance.

    SOURCE: Palm 1943; the number is Poisson whatever the distribution of lives.
    """
    return arrivals * mean_life


# Codes


def lapse_share(lifetime: float, mean_delay: float) -> float:
    """Return the share of codes that lapse before an exponential delay is over."""
    return exp(-lifetime / mean_delay)


def guesses_in_life(life: float, before_lock: int, locked: float, tries: int) -> int:
    """Return how many guesses a lock-out leaves in a code's life, begun at its start.

    So many at once lock the path, and again whenever the lock is over while the code is live.
    """
    return min(tries, before_lock * ceil(life / locked))


def guess_chance(space: int, guesses: int) -> float:
    """Return the chance that one of some guesses, no two alike, is the code."""
    return min(guesses / space, 1.0)


def wrong_guesses(space: int, guesses: int) -> float:
    """Return how many guesses, no two alike, are wrong on average before one is right."""
    # The right one is the (k + 1)-th, for each k alike; who stops first has made all in vain.
    return sum(min(k, guesses) for k in range(space)) / space


def late_share(offsets: Sequence[float], spread: float) -> float:
    """Return the share of codes that are accepted after their true end.

    Each code is presented once, at an instant that is even within ``spread`` before and after
    its end. The node that generates it and the node that judges it are any two, all alike, and
    clocks are off by ``offsets``: a code outlives its end by how far the first is ahead of the
    second.
    """
    overlaps = [min(max(made - judged, 0.0), spread) for made in offsets for judged in offsets]
    return fmean(overlaps) / (2 * spread)


def early_share(offsets: Sequence[float], spread: float) -> float:
    """Return the share of codes that are refused before their true end; see `late_share`."""
    return late_share([-offset for offset in offsets], spread)
