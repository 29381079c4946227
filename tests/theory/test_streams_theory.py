"""Draws are uniform, and independent across neighbouring keys."""

import numpy as np
import pytest
from scipy import stats

from tvc.world.streams import Streams

_N = 40_000
#: A single test at this level fails by chance once in a hundred thousand.
_LEVEL = 1e-5


def by_entity(seed, name="x"):
    stream = Streams(seed).stream(name)
    return np.array([stream(entity) for entity in range(_N)])


def by_incident(seed):
    stream = Streams(seed).stream("x")
    return np.array([stream(7, incident) for incident in range(_N)])


def by_attempt(seed):
    stream = Streams(seed).stream("x")
    return np.array([stream(7, 3, attempt) for attempt in range(_N)])


def by_block(seed):
    return Streams(seed).screen("x").block(0, 0, _N)


def by_slab(seed):
    screen = Streams(seed).screen("x")
    return np.array([screen.at(slab, 12) for slab in range(4_000)])


ways = pytest.mark.parametrize("draw", [by_entity, by_incident, by_attempt, by_block, by_slab])
seeds = pytest.mark.parametrize("seed", [0, 1, 2**62])


@ways
@seeds
def test_draws_are_uniform(draw, seed):
    numbers = draw(seed)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.bincount((numbers * 256).astype(int), minlength=256)
    assert stats.chisquare(counts).pvalue > _LEVEL
    assert stats.kstest(numbers, "uniform").pvalue > _LEVEL


@ways
@seeds
def test_neighbouring_draws_are_not_correlated(draw, seed):
    numbers = draw(seed) - 0.5
    for lag in (1, 2, 3, 64):
        products = numbers[lag:] * numbers[:-lag] * 12
        assert abs(products.mean() * np.sqrt(len(products))) < 4.5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (by_entity(1), by_entity(2)),
        (by_entity(1, "x"), by_entity(1, "y")),
        (by_entity(1), by_incident(1)),
        (by_incident(1), by_attempt(1)),
        (by_block(1), by_block(2)),
        (by_block(1), by_entity(1)),
    ],
    ids=["seeds", "names", "entity-incident", "incident-attempt", "screens", "screen-stream"],
)
def test_streams_are_not_correlated_with_each_other(one, other):
    products = (one - 0.5) * (other - 0.5) * 12
    assert abs(products.mean() * np.sqrt(_N)) < 4.5
