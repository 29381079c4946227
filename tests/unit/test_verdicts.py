"""Verdicts: when an expectation passes, fails or stays open, and what is said of it."""

import math

import numpy as np
import pytest

from tvc.files.stochastic import ExpectModel, RunModel
from tvc.statistics.asymptotic import Asymptotic, Ratio, half_width
from tvc.statistics.binomial import clopper_pearson, never_seen_bound
from tvc.statistics.confidence_sequences import (
    Bernoulli,
    Bounded,
    bernoulli_log_evidence,
    betting_log_evidence,
)
from tvc.statistics.intervals import SequentialStop, t_interval
from tvc.statistics.looks import looks, next_batch
from tvc.statistics.mser import mser5
from tvc.studies.verdicts import Verdict, bounds_of, judge, needed_replications, refuse

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def _expect(metric, **bound):
    return ExpectModel.model_validate({"metric": metric, **bound})


def _run(least=30, most=800, **errors):
    return RunModel.model_validate({"replications": {"min": least, "max": most}, **errors})


def _judge(expectation, values, run=None, expectations=1):
    return judge(
        expectation,
        values,
        run=run or _run(),
        expectations=expectations,
        bounded=bounds_of(expectation.metric),
    )


def _ask(function, expectation, values, run=None):
    return function(
        expectation,
        values,
        run=run or _run(),
        expectations=1,
        bounded=bounds_of(expectation.metric),
    )


def _events(share, n):
    return [1.0] * round(share * n) + [0.0] * (n - round(share * n))


def _spread(mean, n, deviation=1.0):
    normal = np.random.default_rng(5).normal(size=n)
    return mean + deviation * (normal - normal.mean()) / normal.std()


# Bounds of one side


@pytest.mark.parametrize(
    ("share", "n", "verdict"),
    [
        (0.2, 400, PASS),
        (0.5, 800, PASS),  # a truth on the bound holds, and the margin lets it pass
        (0.9, 400, FAIL),
        (0.55, 100, INCONCLUSIVE),
    ],
)
def test_at_most_fails_above_the_bound_and_passes_below_bound_and_margin(share, n, verdict):
    rarely = _expect("p(takeover)", at_most=0.5, margin=0.1)
    assert _judge(rarely, _events(share, n)).verdict is verdict


def test_without_a_margin_only_what_is_surely_below_the_bound_passes():
    assert _judge(_expect("p(takeover)", at_most=0.5), _events(0.5, 800)).verdict is INCONCLUSIVE
    assert _judge(_expect("p(takeover)", at_most=0.5), _events(0.4, 800)).verdict is PASS


def test_a_mean_surely_between_bound_and_margin_fails():
    near = _expect("mean(calls)", at_most=10, margin=5)
    assert _judge(near, _spread(12, 800)).verdict is FAIL


@pytest.mark.parametrize("mean", [-2.0, -0.2, 0.0, 0.3, 0.9, 1.5, 4.0])
def test_at_least_is_the_mirror_image_of_at_most(mean):
    values = _spread(mean, 60)
    most = _judge(_expect("delta(mean(calls))", at_most=0, margin=0.5), values)
    least = _judge(_expect("delta(mean(calls))", at_least=0, margin=0.5), -values)
    assert most.verdict is least.verdict
    assert most.low == pytest.approx(-least.high)


@pytest.mark.parametrize(
    ("mean", "verdict"), [(2, FAIL), (5, PASS), (8, FAIL), (4.0, PASS), (6.6, INCONCLUSIVE)]
)
def test_between_fails_on_either_side(mean, verdict):
    inside = _expect("mean(calls)", between=[4, 6], margin=0.5)
    assert _judge(inside, _spread(mean, 90)).verdict is verdict


def test_the_false_alarm_is_shared_by_expectations_and_by_the_sides_of_between():
    run, values = _run(false_alarm=1e-3), _spread(10, 60)
    limit = Asymptotic.of(values, tuned_for=30).lower(1e-3)
    shared = Asymptotic.of(values, tuned_for=30).lower(1e-3 / 2)
    bound = (limit + shared) / 2
    alone = _judge(_expect("mean(calls)", at_most=bound), values, run)
    together = _judge(_expect("mean(calls)", at_most=bound), values, run, expectations=2)
    both_sides = _judge(_expect("mean(calls)", between=[0, bound]), values, run)
    assert alone.verdict is FAIL
    assert together.verdict is INCONCLUSIVE
    assert both_sides.verdict is INCONCLUSIVE


def test_the_miss_is_not_shared():
    values, margin = _spread(10, 60), 0.5
    bound = Asymptotic.of(values, tuned_for=30).upper(0.01) - margin + 1e-9
    expectation = _expect("mean(calls)", at_most=bound, margin=margin)
    assert _judge(expectation, values, _run(miss=0.01), expectations=50).verdict is PASS
    assert _judge(expectation, values, _run(miss=0.009)).verdict is INCONCLUSIVE


# Never


def test_equals_zero_fails_at_the_first_event():
    never = _expect("p(takeover)", equals=0)
    found = _judge(never, [0.0] * 7 + [1.0], _run(1, 800))
    assert found.verdict is FAIL
    assert "1 of 8 replications" in found.sentence


def test_equals_zero_passes_with_its_bound_once_the_budget_is_spent():
    never = _expect("p(takeover)", equals=0)
    assert _judge(never, [0.0] * 399, _run(30, 400)).verdict is INCONCLUSIVE
    found = _judge(never, [0.0] * 400, _run(30, 400))
    assert found.verdict is PASS
    assert found.high == pytest.approx(1 - 0.05 ** (1 / 400))
    assert "below 0.0075 at 95%" in found.sentence
    assert "impossible" not in found.sentence
    count = _judge(_expect("count(overstay)", equals=0), [0.0] * 400, _run(30, 400))
    assert (count.verdict, count.high) == (PASS, math.inf)


# Values that are missing, infinite or all alike


def test_one_infinite_value_fails_at_most_and_meets_at_least():
    values = [7_000_000.0] * 39 + [math.inf]
    most = _judge(_expect("p95(time_to_access)", at_most="2h", margin="20m"), values)
    assert (most.verdict, most.estimate) == (FAIL, math.inf)
    assert _judge(_expect("p95(time_to_access)", at_least="1h"), values).verdict is PASS
    inside = _judge(_expect("p95(time_to_access)", between=["1h", "3h"]), values)
    assert inside.verdict is FAIL


def test_infinite_differences_in_both_directions_decide_nothing():
    delta = _expect("delta(p95(time_to_access))", at_most="1h")
    assert _judge(delta, [math.inf, -math.inf] + [0.0] * 40).verdict is INCONCLUSIVE
    assert _judge(delta, [-math.inf] + [0.0] * 40).verdict is PASS


def test_replications_without_a_value_are_left_out_and_counted():
    values = [*_spread(10, 60), *[math.nan] * 20]
    found = _judge(_expect("mean(calls)", at_most=12, margin=1), values)
    assert (found.replications, found.missing, found.verdict) == (60, 20, PASS)
    assert found.sentence.endswith("(20 without a value)")


def test_more_than_one_pair_in_twenty_without_a_value_leaves_a_delta_open():
    delta = _expect("delta(mean(calls))", at_most=12, margin=1)
    assert _judge(delta, [*_spread(0, 95), *[math.nan] * 5]).verdict is PASS
    assert _judge(delta, [*_spread(0, 94), *[math.nan] * 6]).verdict is INCONCLUSIVE


def test_no_value_at_all_decides_nothing():
    found = _judge(_expect("p95(desk.wait)", at_most="1h"), [math.nan] * 40)
    assert (found.verdict, found.replications, found.needed) == (INCONCLUSIVE, 0, None)
    assert "no replication has a value" in found.sentence


def test_values_all_alike_are_judged_once_the_budget_is_spent():
    few = _expect("delta(mean(calls))", at_most=3, margin=1)
    assert _judge(few, [0.0] * 30, _run(30, 90)).verdict is INCONCLUSIVE
    assert _ask(refuse, few, [0.0] * 30, _run(30, 90)) is None
    at_end = _judge(few, [0.0] * 90, _run(30, 90))
    assert (at_end.verdict, at_end.method) == (PASS, "constant value")
    assert _judge(few, [3.5] * 90, _run(30, 90)).verdict is FAIL


def test_one_rare_value_leaves_room_for_many_more_of_its_kind():
    rare = Asymptotic.of([0.0] * 199 + [50.0], tuned_for=30)
    assert rare.upper(0.01) > 50 * clopper_pearson(1, 200, 0.98)[1]


def test_unbounded_values_take_thirty_replications():
    found = _judge(_expect("mean(calls)", at_most=100), _spread(10, 29), _run(20, 800))
    assert (found.verdict, found.needed) == (INCONCLUSIVE, 30)
    assert _judge(_expect("mean(calls)", at_most=100), _spread(10, 30), _run(20)).verdict is PASS


# Shares


def test_a_share_is_the_ratio_of_the_totals_and_not_the_mean_of_the_ratios():
    pairs = np.array([(1.0, 2.0), (30.0, 100.0)] * 40)
    found = _judge(_expect("share(codes.lapsed_unused / codes.generated)", at_most=0.9), pairs)
    assert found.estimate == pytest.approx(31 / 102)
    assert found.verdict is PASS
    assert "asymptotic" in found.method


def test_the_limits_of_a_share_are_where_the_mean_of_part_less_share_of_whole_meets_its_own():
    generator = np.random.default_rng(3)
    whole = generator.poisson(40, 200).astype(float)
    part = generator.binomial(whole.astype(int), 0.3).astype(float)
    ratio = Ratio.of(np.column_stack([part, whole]), tuned_for=30)
    for limit, side in ((ratio.lower(0.01), -1), (ratio.upper(0.01), 1)):
        rest = part - limit * whole
        deviates = rest.mean() / rest.std(ddof=1)
        assert side * -deviates == pytest.approx(
            half_width(200, 0.01, 30, side * ratio.skewness), rel=1e-9
        )


def test_a_share_of_nothing_is_not_judged():
    share = _expect("share(codes.lapsed_unused / codes.generated)", at_most=0.9)
    found = _judge(share, [(0.0, 0.0)] * 50)
    assert found.verdict is INCONCLUSIVE
    assert "nothing to take a share of" in found.sentence


def test_a_share_that_is_the_same_in_all_replications_is_judged_at_the_end():
    share = _expect("share(codes.lapsed_unused / codes.generated)", at_most=0.4)
    pairs = [(float(k), 2.0 * k) for k in range(1, 61)]
    assert _judge(share, pairs, _run(30, 90)).verdict is INCONCLUSIVE
    assert _judge(share, pairs, _run(30, 60)).verdict is FAIL


# Values that cannot be


def test_a_value_beyond_the_ends_is_an_error():
    with pytest.raises(ValueError, match="values from 0 to 1"):
        _judge(_expect("mean(desk.utilisation)", at_most=0.8), [0.5, 1.5])


@pytest.mark.parametrize(
    ("metric", "values"),
    [
        ("mean(calls)", [(1.0, 2.0)] * 40),
        ("share(codes.lapsed_unused / codes.generated)", [1.0] * 40),
    ],
)
def test_pairs_are_for_shares_alone(metric, values):
    with pytest.raises(ValueError, match="a share's pairs"):
        _judge(_expect(metric, at_most=0.8), values)


def test_the_ends_of_a_metric_follow_from_what_it_counts():
    def ends(metric):
        return bounds_of(_expect(metric, at_least=0.5).metric)

    assert ends("p(takeover)") == ends("mean(desk.utilisation)") == (0, 1)
    assert ends("delta(p(takeover))") == (-1, 1)
    assert ends("mean(calls)") is ends("count(calls)") is None
    assert ends("share(codes.lapsed_unused / codes.generated)") is None


# Words


def test_times_are_written_as_files_spell_them():
    fast = _expect("p95(time_to_access)", at_most="2h", margin="20m")
    found = _judge(fast, _spread(5_400_123.4, 60, deviation=60_000))
    assert found.sentence == (
        "p95(time_to_access) passes at most 2h (margin 20m): 1h30m over 60 replications, "
        "surely below 2h20m"
    )
    assert found.low < found.estimate < found.high
    assert found.level == 0.95


def test_the_sentence_of_a_failure_says_what_is_sure():
    found = _judge(_expect("p(takeover)", at_most=0.1), _events(0.9, 40))
    assert found.sentence == (
        "p(takeover) fails at most 0.1: 0.9 over 40 replications, surely above 0.1"
    )


def test_an_open_end_says_what_it_would_need():
    found = _judge(_expect("p(takeover)", at_most=0.5), _events(0.48, 100), _run(30, 100))
    assert found.verdict is INCONCLUSIVE
    assert f"it would need about {found.needed:,} replications" in found.sentence
    on_it = _judge(_expect("p(takeover)", at_most=0.5), _events(0.5, 100), _run(30, 100))
    assert on_it.needed is None
    assert on_it.sentence.endswith("no number of replications would do: a margin would decide it")


# The plan


def test_looks_grow_by_half_and_end_at_the_budget():
    assert looks(_run(20, 100)) == (20, 30, 45, 68, 100)
    assert looks(_run(1, 4)) == (1, 2, 3, 4)
    assert looks(_run(50, 50)) == (50,)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_batches_lead_to_the_same_looks_however_many_replications_come_at_once(step):
    run, done, seen = _run(20, 300), 0, []
    while batch := next_batch(done, run):
        done += min(step, batch)
        if done in looks(run):
            seen.append(done)
    assert seen == list(looks(run))


@pytest.mark.parametrize(
    ("metric", "values", "bound"),
    [
        ("p(takeover)", _events(0.4, 30), {"at_most": 0.5, "margin": 0.02}),
        ("mean(desk.utilisation)", [0.6, 0.7, 0.8] * 10, {"at_most": 0.7, "margin": 0.02}),
        ("mean(calls)", list(_spread(10, 30)), {"at_most": 9.8}),
    ],
)
def test_replications_like_those_run_decide_at_the_needed_number_and_not_before(
    metric, values, bound
):
    expectation = _expect(metric, **bound)
    needed = _ask(needed_replications, expectation, values)
    assert needed > 90
    repeats = -(-needed // 30)
    assert _judge(expectation, values * (repeats + 1)).verdict is not INCONCLUSIVE
    assert _judge(expectation, values * (repeats - 2)).verdict is INCONCLUSIVE


@pytest.mark.parametrize(
    ("expectation", "pilot", "most"),
    [
        (_expect("p(takeover)", at_most=0.001), [0.0] * 30, 800),
        (_expect("mean(calls)", at_most=10, margin=0.01), _spread(10.5, 30), 60),
        (_expect("mean(desk.utilisation)", between=[0.5, 0.51]), [0.4, 0.6] * 20, 800),
    ],
)
def test_a_budget_that_can_only_end_open_is_refused_with_the_number_it_would_need(
    expectation, pilot, most
):
    found = _ask(refuse, expectation, pilot, _run(30, most))
    assert found.verdict is INCONCLUSIVE
    assert found.needed is None or found.needed > most
    assert f"cannot be decided within {most} replications" in found.sentence
    if found.needed is not None:
        assert f"about {found.needed:,} replications" in found.sentence
        assert _ask(refuse, expectation, pilot, _run(30, found.needed)) is None


def test_a_budget_that_a_plausible_mean_would_decide_is_not_refused():
    assert _ask(refuse, _expect("p(takeover)", at_most=0.5), _events(0.5, 30)) is None
    wide = _expect("mean(calls)", at_most=10, margin=1)
    assert _ask(refuse, wide, _spread(10.4, 20), _run(20, 800)) is None
    assert _ask(refuse, wide, _spread(14, 40), _run(20, 800)) is None


def test_a_budget_below_thirty_replications_of_unbounded_values_is_refused():
    for pilot in (_spread(3, 10), [3.0] * 10):
        found = _ask(refuse, _expect("mean(calls)", at_most=100), pilot, _run(10, 20))
        assert (found.verdict, found.needed) == (INCONCLUSIVE, 30)


def test_neither_never_nor_an_infinite_value_is_refused():
    assert _ask(refuse, _expect("p(takeover)", equals=0), [0.0] * 30) is None
    slow = _expect("p95(desk.wait)", at_most="1h")
    assert _ask(refuse, slow, [1.0] * 29 + [math.inf]) is None


# Limits


@pytest.mark.parametrize("alpha", [1e-6, 0.01, 0.3])
def test_a_limit_is_where_the_evidence_reaches_its_error(alpha):
    binary = Bernoulli(30, 80).lower(alpha)
    assert bernoulli_log_evidence(30, 80, binary) == pytest.approx(-math.log(alpha), abs=1e-6)
    values = np.random.default_rng(1).beta(2, 5, 80)
    bounded = Bounded.of(10 * values, 0, 10).lower(alpha) / 10
    assert betting_log_evidence(values, bounded) == pytest.approx(-math.log(alpha), abs=1e-6)


@pytest.mark.parametrize(("hits", "n"), [(1, 1), (1, 40), (9, 30), (30, 30), (400, 800)])
def test_evidence_falls_as_the_mean_that_it_is_against_rises(hits, n):
    means = np.linspace(0, hits / n, 500, endpoint=False)[1:]
    binary = bernoulli_log_evidence(hits, n, means)
    assert (np.diff(binary[binary > math.log(2)]) < 0).all()
    values = _events(hits / n, n)
    betting = np.array([betting_log_evidence(values, mean) for mean in means[::10]])
    assert (np.diff(betting) < 0).all()


def test_limits_of_values_at_an_end_stay_there():
    never, always = Bernoulli(0, 50), Bernoulli(50, 50)
    assert (never.lower(0.01), always.upper(0.01)) == (0, 1)
    assert 0 < never.upper(0.01) < 0.2
    assert 0.8 < always.lower(0.01) < 1
    flat = Bounded.of([0.0] * 50, 0, 1)
    assert flat.lower(0.01) == 0
    assert 0 < flat.upper(0.01) < 0.2


def test_betting_and_binomial_limits_agree_about_what_both_can_judge():
    for hits in (3, 20, 50):
        exact = Bernoulli(hits, 100)
        betting = Bounded.of(_events(hits / 100, 100), 0, 1)
        assert betting.lower(0.01) == pytest.approx(exact.lower(0.01), abs=0.02)
        assert betting.upper(0.01) == pytest.approx(exact.upper(0.01), abs=0.02)


def test_skewness_widens_a_limit_on_its_side_and_narrows_none():
    assert half_width(60, 0.01, 30, 2) > half_width(60, 0.01, 30)
    assert half_width(60, 0.01, 30, -2) == half_width(60, 0.01, 30)
    assert half_width(10**7, 0.01, 30, 2) == pytest.approx(half_width(10**7, 0.01, 30), rel=1e-2)


def test_the_bound_of_what_was_never_seen_is_the_one_sided_limit_of_clopper_and_pearson():
    assert never_seen_bound(60) == pytest.approx(clopper_pearson(0, 60, 0.90)[1])


# Until precise


def test_a_study_is_precise_once_its_interval_stays_narrow():
    values = list(_spread(10, 300))
    stop = SequentialStop(relative_half_width=0.03)
    n = stop.replications(values)
    for size in range(n, n + stop.look_ahead + 1):
        low, high = t_interval(values[:size])
        assert high - low <= 2 * 0.03 * abs(np.mean(values[:size]))
    assert stop.replications(values[: n + stop.look_ahead - 1]) is None
    low, high = t_interval(values[: n - 1])
    assert n == stop.minimum or high - low > 2 * 0.03 * np.mean(values[: n - 1])


def test_a_study_that_never_gets_precise_stops_at_its_maximum():
    stop = SequentialStop(relative_half_width=0.001, maximum=50)
    assert stop.replications(list(_spread(10, 49))) is None
    assert stop.replications(list(_spread(10, 60))) == 50


# Warm-up


def _mser_by_the_formula(series):
    batches = np.asarray(series)[: len(series) // 5 * 5].reshape(-1, 5).mean(axis=1)
    errors = {
        d: ((batches[d:] - batches[d:].mean()) ** 2).sum() / (batches.size - d) ** 2
        for d in range(batches.size - 4)
    }
    return 5 * min(errors, key=errors.get)


@pytest.mark.parametrize("seed", range(5))
def test_the_cut_makes_the_standard_error_least(seed):
    noise = np.random.default_rng(seed).normal(1e6, 1.0, 403)
    series = noise + 20 * np.exp(-np.arange(403) / 15)
    found = mser5(series)
    assert found.cut_index == _mser_by_the_formula(series)
    assert not found.refused
    assert 15 <= found.cut_index <= 150


def test_a_series_that_still_changes_at_its_end_is_refused():
    assert mser5(np.arange(300.0) ** 3).refused
    late = [0.0, 1.0] * 100 + [50.0, 51.0] * 60
    found = mser5(late)
    assert found.refused
    assert "second half" in found.sentence


def test_a_short_series_is_refused_and_a_flat_one_keeps_all():
    assert mser5([1.0] * 49).refused
    assert mser5([1.0] * 100).cut_index == 0
    with pytest.raises(ValueError, match="finite"):
        mser5([math.nan] * 100)
