"""Codes, arrivals, guesses and clocks behave as their closed forms say."""

from math import comb, sqrt
from statistics import fmean, stdev

import formulas
import numpy as np
import pytest
from scipy import stats

from tvc.authority.decide import LAW, Law
from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy
from tvc.files.metrics import parse_metric
from tvc.trace.measures.recorder import NotConserved
from tvc.world.kernel import Kernel, Rank, tie_key
from tvc.world.simulation import simulate

ROOMY = {"admins": 60, "shifts": ["mon-sun 0-24"], "losses_per_admin_per_year": 0,
         "handling": {"fixed": "1m"}}  # fmt: skip
#: Devices lost at an even rate, noticed at once, and back long after the horizon.
STEADY = {
    "users": 20_000, "horizon": "14d", "drain": "3d", "desk": ROOMY,
    "losses": {"per_user_per_year": 2.0, "noticed_after": {"fixed": "1s"}},
    "leavers": {"per_user_per_year": 0},
    "work": {"days_per_week": 1, "code_forgotten": 0},
    "device": {"found": 1, "found_after": {"fixed": "90d"}},
    "start": {"day": "tue"},
}  # fmt: skip


def total(run, metric):
    return run.measured.value(parse_metric(metric))


def z(found, theory):
    return (fmean(found) - theory) / (stdev(found) / sqrt(len(found)))


def test_live_codes_are_those_of_m_g_inf():
    # From Tuesday to Sunday nobody signs in again: one code for each loss, of 24 hours.
    load = STEADY | {"horizon": "6d", "drain": "0s"}
    runs = [
        simulate("salesforce", load, seed, warmup_ms=2 * DAY_MS, sampled=0.0) for seed in range(12)
    ]
    live = [total(run, "mean(codes.live)") for run in runs]
    expected = 2.0 * 20_000 / 365  # a day's losses, each with a life of a day
    assert abs(z(live, expected)) <= 4
    # At an instant the number is Poisson: its variance is its mean.
    instants = [
        run.series.query("measure == 'codes.live'").value.to_numpy()[24::24] for run in runs
    ]
    numbers = np.concatenate(instants)
    spread = numbers.var(ddof=1) / expected
    assert abs(spread - 1) <= 4 * sqrt(2 / len(numbers)) + 0.1


@pytest.mark.parametrize("mean_minutes", [30, 60])
def test_codes_lapse_unused_where_their_delivery_takes_longer_than_they_live(mean_minutes):
    hour = Policy("hour").with_values({"lifetime.max": HOUR_MS})
    load = STEADY | {
        "horizon": "6d", "drain": "0s",
        "channel": {"by": "mail", "mail": {"delay": {"exponential": {"mean": f"{mean_minutes}m"}}}},
    }  # fmt: skip
    load["desk"] = ROOMY | {"calls_again": 0}
    theory = formulas.lapse_share(60, mean_minutes)
    differences = []
    for seed in range(10):
        run = simulate(hour, load, seed, sampled=0.0)
        unused, made = (
            total(run, "count(codes.lapsed_unused)"),
            total(run, "count(codes.generated)"),
        )
        differences.append(unused - theory * made)
        assert made > 300
    # Codes still on their way at the end of the run are not over: a bias of an hour in six days.
    allowance = theory * 2.0 * 20_000 / 365 / 24 * 2
    assert abs(fmean(differences)) <= 4 * stdev(differences) / sqrt(10) + allowance


def test_losses_follow_the_week_as_a_poisson_process_does():
    load = STEADY | {
        "horizon": "28d", "start": {"day": "mon"},
        "losses": {"per_user_per_year": 2.0, "profile": {"mon-fri 8-20": 3, "sat-sun 0-24": 1}},
        "desk": ROOMY | {"admins": 0},
    }  # fmt: skip
    by_hour = np.zeros(168)
    hourly = []
    for seed in range(4):
        series = simulate("salesforce", load, seed, sampled=0.0).series
        values = series.query("measure == 'losses'").value.to_numpy()
        hourly.append(values)
        by_hour += values.reshape(4, 168).sum(axis=0)
    weights = np.array([
        3.0 if hour // 24 < 5 and 8 <= hour % 24 < 20 else float(hour // 24 >= 5)
        for hour in range(168)
    ])  # fmt: skip
    expected = 2.0 * 20_000 / 365 * 7 * 16 * weights / weights.sum()
    assert by_hour[weights == 0].sum() == 0
    found, wanted = by_hour[weights > 0], expected[weights > 0]
    chi = ((found - wanted) ** 2 / wanted).sum()
    assert 1e-5 < stats.chi2.sf(chi, len(found)) < 1 - 1e-5
    assert abs(by_hour.sum() - wanted.sum()) / sqrt(wanted.sum()) <= 4
    busy = np.concatenate([values[8:20] for values in hourly])
    assert busy.var(ddof=1) / busy.mean() == pytest.approx(1, abs=1.0)


def test_guesses_succeed_as_often_as_lock_out_and_code_space_allow():
    # Two digits, ten tries before the path locks for an hour, codes of two hours that are
    # noticed at once: twenty tries at each, no two alike.
    policy = Policy("short").with_values({"code.length": 2, "lifetime.max": 2 * HOUR_MS})
    load = STEADY | {
        "horizon": "6d", "drain": "0s",
        "attackers": {
            "guessers": {"per_code": 1.0, "tries": 1000, "after": {"fixed": "0s"}},
            "knows_password": 1.0, "enrolls_method": 0.0,
        },
        # The user's own sign-in would set the counter to zero; it comes after the code is over.
        "channel": {"by": "mail", "mail": {"delay": {"fixed": "30d"}}},
    }  # fmt: skip
    chance = formulas.guess_chance(100, 20)
    successes = codes = 0
    for seed in range(5):
        run = simulate(policy, load, seed, sampled=0.0)
        codes += total(run, "count(codes.generated)")
        successes += total(run, "count(takeover)")
    assert codes > 1_000
    assert abs(successes - chance * codes) / sqrt(codes * chance * (1 - chance)) <= 4


def test_six_codes_an_hour_bound_what_guessing_gives_in_that_time():
    # Each new code lifts the lock: six codes of ten tries are sixty tries an hour.
    per_code, codes = 10, 6
    space = 10**6
    exact = 1 - comb(space - per_code, 1) ** codes / space**codes
    assert exact == pytest.approx(1 - (1 - formulas.guess_chance(space, per_code)) ** codes)
    assert exact < 60 / space


def test_overstay_follows_the_offsets_of_the_clocks():
    # A code of an hour is presented once, 60 minutes and u seconds after its generation, u even
    # from -60 to 60; one node of two is 30 seconds slow and so accepts until 30 seconds late.
    hour = Policy("hour").with_values({"lifetime.max": HOUR_MS})
    load = STEADY | {
        "horizon": "6d", "drain": "0s",
        "clocks": {"right": {}, "slow": {"offset": "-30s"}},
        "channel": {
            "by": "mail", "mail": {"delay": {"uniform": {"low": "59m", "high": "61m"}}},
        },
    }  # fmt: skip
    load["desk"] = ROOMY | {"calls_again": 0}
    late = made = 0
    for seed in range(8):
        run = simulate(hour, load, seed, sampled=0.0)
        late += total(run, "count(overstay)")
        made += total(run, "count(codes.generated)")
    # Generated by the right clock and judged by the slow one: late by up to 30 of 120 seconds.
    share = 0.25 * 30 / 120
    assert made > 1_000
    # Who is refused calls again at once, so that some codes are second ones: all alike in this.
    assert abs(late - share * made) / sqrt(made * share * (1 - share)) <= 4


def test_without_lazy_expiry_codes_are_used_after_their_end():
    lasting = Law(
        LAW.rules, LAW.consequences, {**LAW.comparisons, "code.live": lambda _now, _end: True}
    )
    load = STEADY | {"horizon": "7d", "work": {"code_forgotten": 0}, "users": 2_000}
    right = simulate("salesforce", load, 1, sampled=0.0)
    assert total(right, "count(overstay)") == 0
    # Codes that never lapse for the authority are over by true time: they are not conserved.
    with pytest.raises(NotConserved):
        simulate("salesforce", load, 1, sampled=0.0, law=lasting)


def test_at_one_instant_admins_act_before_users_and_users_before_attackers():
    order = []
    kernel = Kernel()
    for rank in (Rank.ATTACKER, Rank.USER, Rank.CLOCK, Rank.ADMIN):
        for arrival in (2, 1):
            kernel.at(
                MINUTE_MS, tie_key(rank, arrival),
                lambda event, who=(rank, arrival): order.append((event.at_ms, who)),
            )  # fmt: skip
    kernel.run(HOUR_MS)
    ranks = (Rank.CLOCK, Rank.ADMIN, Rank.USER, Rank.ATTACKER)
    assert order == [(MINUTE_MS, (rank, arrival)) for rank in ranks for arrival in (1, 2)]
    assert kernel.events == 8
