"""Distributions agree with themselves: inverse, mean and cumulative distribution."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from tvc.domain.distributions import (
    Choice,
    Empirical,
    Exponential,
    Fixed,
    Lognormal,
    Uniform,
    parse_distribution,
    spell_distribution,
)
from tvc.domain.sampling import cdf, mean_ms, poisson_quantile, quantile

DISTRIBUTIONS = [
    Fixed(5_000),
    Exponential(60_000),
    Lognormal(300_000, 1_200_000),
    Uniform(1_000, 9_000),
    Choice(((1_000, 3.0), (500, 1.0), (9_000, 0.5))),
    Empirical("x.csv", (3_000, 1_000, 2_000, 2_000)),
]
each = pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda one: type(one).__name__)


@each
def test_the_mean_is_that_of_the_inverse(distribution):
    inverse, steps = quantile(distribution), 200_000
    middles = sum(inverse((place + 0.5) / steps) for place in range(steps)) / steps
    assert middles == pytest.approx(mean_ms(distribution), rel=2e-3, abs=1)


@each
def test_the_share_below_a_quantile_is_the_share_asked_for(distribution):
    inverse, below = quantile(distribution), cdf(distribution)
    for share in (0.01, 0.2, 0.5, 0.9, 0.999):
        at_ms = inverse(share)
        assert below(at_ms - 1) <= share + 1e-3
        assert below(at_ms + 1) >= share - 1e-3


@each
def test_a_larger_share_is_never_a_shorter_duration(distribution):
    inverse = quantile(distribution)
    found = [inverse(place / 1000) for place in range(1000)]
    assert all(one <= other for one, other in pairwise(found))
    assert min(found) >= 0


@each
def test_its_plain_form_reads_back(distribution):
    plain = spell_distribution(distribution)
    expected = Empirical("x.csv") if isinstance(distribution, Empirical) else distribution
    assert parse_distribution(plain) == expected


def test_durations_that_were_not_read_are_an_error():
    for of in (quantile, mean_ms, cdf):
        with pytest.raises(ValueError, match="have not been read"):
            of(Empirical("x.csv"))


@given(st.floats(0.001, 5_000), st.floats(0, 0.999999))
def test_the_poisson_quantile_is_the_smallest_count_that_reaches_the_share(mean, share):
    count = poisson_quantile(mean, share)
    assert poisson.cdf(count, mean) >= share - 1e-9
    assert poisson.cdf(count - 1, mean) <= share + 1e-9
