"""Arrivals by the hour of the week are a Poisson process with the rate that was asked for."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from tvc.authority.durations import DAY_MS, HOUR_MS
from tvc.domain.quantities import HOURS_OF_WEEK
from tvc.world.streams import Streams
from tvc.world.weeks import WEEK_MS, WeekRate, arrivals

_WEEKS = 40
_ENTITIES = 10
_PER_WEEK = 60.0
#: Where in the week the run starts; not at a full hour, so that hours straddle the slabs.
_OFFSET_MS = 3 * DAY_MS + 5 * HOUR_MS + 1_234_567
#: A single test at this level fails by chance once in a hundred thousand.
_LEVEL = 1e-5
#: Nights are quiet, weekends dead, Mondays busiest.
_WEIGHTS = tuple(
    0.0 if hour >= 5 * 24 else (1.0 if hour % 24 < 8 else 6.0) * (2.0 if hour < 24 else 1.0)
    for hour in range(HOURS_OF_WEEK)
)

profiles = pytest.mark.parametrize("weights", [None, _WEIGHTS], ids=["even", "profile"])
seeds = pytest.mark.parametrize("seed", [0, 1, 2**62])


def draw(seed, weights):
    """Return the rate, and the instants of each entity in weeks of its own."""
    rate = WeekRate(_PER_WEEK / WEEK_MS, weights, _OFFSET_MS)
    stream = Streams(seed).stream("x")
    found = [
        np.array([at_ms for at_ms, _ in arrivals(rate, stream, entity, 0, _WEEKS * WEEK_MS)])
        for entity in range(_ENTITIES)
    ]
    return rate, found


@profiles
@seeds
def test_each_hour_of_the_week_gets_its_share(seed, weights):
    _, found = draw(seed, weights)
    hours = (np.concatenate(found) + _OFFSET_MS) // HOUR_MS % HOURS_OF_WEEK
    counts = np.bincount(hours, minlength=HOURS_OF_WEEK)
    shares = np.array(weights or (1.0,) * HOURS_OF_WEEK)
    expected = _PER_WEEK * _WEEKS * _ENTITIES * shares / shares.sum()
    assert counts[expected == 0].sum() == 0
    some = expected > 0
    assert expected[some].min() > 20  # so that counts are near enough to normal
    # Independent Poisson counts: their squared errors are chi-square with one degree each.
    squares = ((counts - expected)[some] ** 2 / expected[some]).sum()
    assert stats.chi2.sf(squares, some.sum()) > _LEVEL
    assert stats.chi2.cdf(squares, some.sum()) > _LEVEL
    total = expected.sum()
    assert abs(counts.sum() - total) / total**0.5 <= 4


@profiles
@seeds
def test_counts_of_disjoint_spans_vary_as_poisson_counts_and_do_not_depend_on_each_other(
    seed, weights
):
    rate, found = draw(seed, weights)
    # Spans of 25 hours cut through days and through the weeks that are drawn at once.
    edges = np.arange(0, _WEEKS * WEEK_MS, 25 * HOUR_MS)
    expected = np.array([rate.expected(int(one), int(other)) for one, other in pairwise(edges)])
    counts = np.array([np.histogram(instants, edges)[0] for instants in found])
    errors = (counts - expected)[:, expected > 0.5] / np.sqrt(expected[expected > 0.5])
    # The variance of a squared standardised Poisson count is 2 + 1 / its mean.
    spread = np.sqrt((2 + 1 / expected[expected > 0.5]).sum() * _ENTITIES)
    assert abs((errors**2 - 1).sum() / spread) <= 4
    products = errors[:, 1:] * errors[:, :-1]
    assert abs(products.sum() / products.size**0.5) <= 4


@profiles
@seeds
def test_waits_between_arrivals_have_no_memory_once_time_is_measured_by_the_rate(seed, weights):
    rate, found = draw(seed, weights)
    waits = [
        rate.expected(0, int(other)) - rate.expected(0, int(one))
        for instants in found
        for one, other in pairwise(instants)
    ]
    # The last wait of each entity is cut off; of about 2400 others, that moves nothing.
    assert stats.kstest(waits, "expon").pvalue > _LEVEL
