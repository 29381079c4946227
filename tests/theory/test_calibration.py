"""Verdicts and intervals err as seldom as they say, found out by judging studies of known truth.

A study draws its replications from a distribution of known mean and is judged at each look until
it is decided. `tolerance` allows a rate four standard errors above its budget.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom

from tvc.files.stochastic import ExpectModel, RunModel
from tvc.statistics.asymptotic import half_width
from tvc.statistics.binomial import clopper_pearson
from tvc.statistics.confidence_sequences import (
    Bernoulli,
    Bounded,
    bernoulli_log_evidence,
    betting_log_evidence,
)
from tvc.statistics.intervals import t_interval
from tvc.statistics.looks import looks
from tvc.studies.verdicts import Verdict, bounds_of, judge
from tvc.trace.measures.metrics import parse_metric

BUDGET = 0.05
MOST = 400
RUN = {"replications": {"min": 30, "max": MOST}}
LOOKS = looks(RunModel.model_validate(RUN))


def tolerance(studies, budget=BUDGET):
    return budget + 4 * math.sqrt(budget * (1 - budget) / studies)


@dataclass(frozen=True)
class Case:
    """A distribution of what a replication gives, and how far a margin reaches."""

    name: str
    metric: str
    mean: float
    margin: float
    draw: Callable[[np.random.Generator, tuple[int, int]], np.ndarray]

    def __str__(self):
        return self.name


def _lognormal(sigma):
    return lambda generator, size: generator.lognormal(0, sigma, size)


def _sparse_differences(different):
    def draw(generator, size):
        sizes = generator.lognormal(0, 0.5, size) * generator.choice([-1, 1], size) + 0.2
        return np.where(generator.random(size) < different, sizes, 0.0)

    return draw


def _sparse_gains(generator, size):
    return np.where(generator.random(size) < 0.05, generator.lognormal(0, 0.5, size), 0.0)


def _changed_events(generator, size):
    return generator.choice([-1.0, 0.0, 1.0], size, p=[0.03, 0.9, 0.07])


#: Of a delta, as its bounds may be negative.
DELTA = "delta(mean(calls))"
ASYMPTOTIC = [
    Case("normal", DELTA, 0.0, 0.2, lambda g, size: g.normal(0, 1, size)),
    Case("lognormal-0.5", DELTA, math.exp(0.125), 0.1, _lognormal(0.5)),
    Case("lognormal-1", DELTA, math.exp(0.5), 0.3, _lognormal(1.0)),
    Case("sparse-deltas", DELTA, 0.02, 0.1, _sparse_differences(0.1)),
    Case("rare-deltas", DELTA, 0.004, 0.1, _sparse_differences(0.02)),
    Case("one-sided-deltas", DELTA, 0.05 * math.exp(0.125), 0.1, _sparse_gains),
]
EXACT = [
    Case("bernoulli-0.3", "p(takeover)", 0.3, 0.1, lambda g, size: g.binomial(1, 0.3, size) * 1.0),
    Case("bernoulli-0.02", "p(takeover)", 0.02, 0.01, lambda g, s: g.binomial(1, 0.02, s) * 1.0),
    Case("beta", "mean(desk.utilisation)", 2 / 7, 0.05, lambda g, size: g.beta(2, 5, size)),
    Case("u-shaped", "mean(desk.utilisation)", 0.1, 0.02, lambda g, s: g.beta(0.02, 0.18, s)),
    Case("changed-events", "delta(p(takeover))", 0.04, 0.1, _changed_events),
]


def _first_verdict(expectation, values, run):
    for n in LOOKS:
        verdict = judge(
            expectation,
            values[:n],
            run=run,
            expectations=1,
            bounded=bounds_of(expectation.metric),
        ).verdict
        if verdict is not Verdict.INCONCLUSIVE:
            break
    return verdict


def _rates(case, studies, seed):
    """Return the rates of false alarms and of misses, each with the truth where it is hardest.

    The other error is allowed next to never, so that no study is decided that way instead. Both
    tails of the distribution are tried: the false alarm is in the lower limit, the miss in the
    upper one; ``at_least`` has them the other way round.
    """
    values = case.draw(np.random.default_rng(seed), (studies, MOST))
    rates = []
    for error, other, bound, wrong in (
        ("false_alarm", "miss", case.mean, Verdict.FAIL),
        ("miss", "false_alarm", case.mean - case.margin, Verdict.PASS),
    ):
        expectation = ExpectModel.model_validate(
            {"metric": case.metric, "at_most": bound, "margin": case.margin}
        )
        run = RunModel.model_validate({**RUN, error: BUDGET, other: 1e-12})
        verdicts = [_first_verdict(expectation, study, run) for study in values]
        rates.append(verdicts.count(wrong) / studies)
    return rates


@pytest.mark.parametrize("case", ASYMPTOTIC, ids=str)
def test_asymptotic_verdicts_err_within_their_budgets(case):
    false_alarms, misses = _rates(case, studies=500, seed=11)
    assert false_alarms <= tolerance(500)
    assert misses <= tolerance(500)


@pytest.mark.nightly
@pytest.mark.parametrize("case", ASYMPTOTIC, ids=str)
def test_asymptotic_verdicts_of_many_studies_err_within_their_budgets(case):
    false_alarms, misses = _rates(case, studies=2000, seed=12)
    assert false_alarms <= tolerance(2000)
    assert misses <= tolerance(2000)


@pytest.mark.nightly
@pytest.mark.parametrize("case", EXACT, ids=str)
def test_exact_verdicts_err_within_their_budgets(case):
    """The same as the evidence of more studies below, by way of the whole judgement."""
    false_alarms, misses = _rates(case, studies=500, seed=12)
    assert false_alarms <= tolerance(500)
    assert misses <= tolerance(500)


@pytest.mark.parametrize("case", EXACT, ids=str)
def test_evidence_for_what_is_not_so_reaches_its_level_within_the_budget(case):
    """A verdict falls when the evidence against the true mean reaches ``1 / budget``."""
    studies = 2000
    values = case.draw(np.random.default_rng(13), (studies, MOST))
    low, high = bounds_of(parse_metric(case.metric))
    unit, mean = (values - low) / (high - low), (case.mean - low) / (high - low)
    alarmed = {"at_most": np.zeros(studies, bool), "at_least": np.zeros(studies, bool)}
    for n in LOOKS:
        for side, seen, truth in (
            ("at_most", unit[:, :n], mean),
            ("at_least", 1 - unit[:, :n], 1 - mean),
        ):
            if case.metric.startswith("p("):
                evidence = bernoulli_log_evidence(seen.sum(axis=1), n, truth)
            else:
                evidence = betting_log_evidence(seen, truth)
            alarmed[side] |= evidence >= -math.log(BUDGET)
    rates = {side: float(wrong.mean()) for side, wrong in alarmed.items()}
    assert max(rates.values()) <= tolerance(studies)


def test_a_binomial_sequence_holds_at_every_replication_at_once():
    studies, n = 1000, np.arange(1, 151)
    for p in (0.05, 0.5):
        hits = (np.random.default_rng(14).random((studies, 150)) < p).cumsum(axis=1)
        above = bernoulli_log_evidence(hits, n, p) >= -math.log(0.025)
        below = bernoulli_log_evidence(n - hits, n, 1 - p) >= -math.log(0.025)
        covered = 1 - float((above | below).any(axis=1).mean())
        assert covered >= 0.95 - (tolerance(studies) - BUDGET)


@pytest.mark.parametrize("kind", ["binomial", "betting"])
def test_intervals_cover_at_a_stopping_time_chosen_to_mislead(kind):
    """Each study stops once its estimate is two standard errors above the truth, or at the end."""
    studies, covered = 400, 0
    generator = np.random.default_rng(15)
    for _ in range(studies):
        if kind == "binomial":
            values, mean = generator.binomial(1, 0.3, 300) * 1.0, 0.3
            deviation = math.sqrt(0.21)
        else:
            values, mean, deviation = generator.beta(2, 5, 300), 2 / 7, math.sqrt(10 / 392)
        n = np.arange(1, 301)
        far = (values.cumsum() / n - mean) * np.sqrt(n) / deviation > 2
        stop = int(far[9:].argmax()) + 10 if far[9:].any() else 300
        seen = values[:stop]
        sequence = (
            Bernoulli(float(seen.sum()), stop) if kind == "binomial" else Bounded.of(seen, 0, 1)
        )
        covered += sequence.lower(0.025) <= mean <= sequence.upper(0.025)
    assert covered / studies >= 0.95 - (tolerance(studies) - BUDGET)


@pytest.mark.parametrize("rare", [False, True], ids=["usual", "rare-part"])
def test_a_shares_limits_hold_at_every_look(rare):
    generator, studies = np.random.default_rng(16), 500
    share = 0.003 if rare else 0.2
    whole = generator.poisson(generator.gamma(4, 5, (studies, MOST)))
    pairs = np.stack([generator.binomial(whole, share), whole], axis=-1).astype(float)
    for side in ("at_most", "at_least"):
        expectation = ExpectModel.model_validate(
            {"metric": "share(codes.lapsed_unused / codes.generated)", side: share, "margin": 0.1}
        )
        run = RunModel.model_validate({**RUN, "false_alarm": BUDGET, "miss": 1e-12})
        verdicts = [_first_verdict(expectation, study, run) for study in pairs]
        assert verdicts.count(Verdict.FAIL) / studies <= tolerance(studies)


def test_the_asymptotic_boundary_holds_for_normal_values_at_every_replication():
    """The boundary itself, at every replication from the 30th on instead of at some looks."""
    studies, n = 2000, np.arange(1, 401)
    values = np.random.default_rng(17).normal(0, 1, (studies, 400))
    means = values.cumsum(axis=1) / n
    widths = np.array([half_width(k, BUDGET, 30) for k in n[29:]])
    assert float((means[:, 29:] > widths).any(axis=1).mean()) <= tolerance(studies)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_t_intervals_of_thirty_cover_nineteen_of_twenty_means(seed):
    samples = np.random.default_rng(seed).normal(5, 2, (3000, 30))
    intervals = [t_interval(sample) for sample in samples]
    covered = np.mean([low <= 5 <= high for low, high in intervals])
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("n", [10, 50])
def test_clopper_pearson_covers_every_probability(n):
    """Summed over all outcomes, so there is no luck in it."""
    intervals = [clopper_pearson(hits, n) for hits in range(n + 1)]
    for p in np.linspace(0.01, 0.99, 50):
        held = [low <= p <= high for low, high in intervals]
        assert binom.pmf(np.flatnonzero(held), n, p).sum() >= 0.95
