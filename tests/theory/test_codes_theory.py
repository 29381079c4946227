"""Losses arrive, codes live and codes lapse as their closed forms say."""

import numpy as np
import pytest
from formulas import lapse_share, mginf_mean, z_score, z_share
from scipy import stats

from tvc.authority.decide import LAW, Law
from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy
from tvc.trace.measures.conservation import NotConserved
from tvc.trace.measures.metrics import parse_metric
from tvc.trace.measures.recorder import Recorder, Window
from tvc.world.simulation import as_workload, run_to_end, simulate
from tvc.world.streams import Streams
from tvc.world.world import World

#: Devices lost at an even rate, noticed at once, and back long after the end. Nobody waits for
#: the desk, and nobody is at work but for an instant at the start of each Monday.
STEADY = {
    # So many that hardly anybody loses a second device while in trouble, which makes no code.
    "users": 1_000_000, "horizon": "7d", "drain": "0s",
    "losses": {"per_user_per_year": 0.04, "noticed_after": {"fixed": "0s"}},
    "leavers": {"per_user_per_year": 0},
    "work": {
        "days_per_week": 1, "code_forgotten": 0,
        "starts": {"fixed": "0s"}, "lasts": {"fixed": "1h"}, "session": "1h",
    },
    "device": {"found": 1, "found_after": {"fixed": "90d"}},
    "desk": {
        "admins": 60, "shifts": ["mon-sun 0-24"], "losses_per_admin_per_year": 0,
        "handling": {"fixed": "1m"},
    },
}  # fmt: skip
PER_DAY = 0.04 * 1_000_000 / 365


def value(run, metric):
    return run.measured.value(parse_metric(metric))


#: Lives of the same mean of six hours and of very different spread.
LIVES = {
    "fixed": {"fixed": "6h"},
    "uniform": {"uniform": {"low": "0s", "high": "12h"}},
    "exponential": {"exponential": {"mean": "6h"}},
}


@pytest.mark.parametrize("lives", LIVES)
def test_live_codes_are_those_of_m_g_inf_whatever_the_distribution_of_lives(lives):
    free = Policy("free").with_values(
        {"lifetime.min": 1, "lifetime.step": 1, "lifetime.max": 100 * DAY_MS}
    )
    load = STEADY | {
        "losses": STEADY["losses"] | {"per_user_per_year": 0.1},
        "desk": STEADY["desk"] | {"lifetime": LIVES[lives]},
    }
    runs = [simulate(free, load, seed, sampled=0.0) for seed in range(5)]
    # After two days an exponential life of six hours goes on with a chance of one in 3000.
    days = np.array([
        run.series.query("measure == 'codes.live'").value.to_numpy()[48:].reshape(5, 24)
        for run in runs
    ])  # fmt: skip
    theory = mginf_mean(PER_DAY * 0.1 / 0.04, 6 / 24)
    # Days are all but independent: what one leaves to the next is gone in a quarter of it.
    assert abs(z_score(days.mean(axis=2).ravel(), theory)) <= 4


def test_the_number_of_live_codes_at_an_instant_is_poisson():
    day = Policy("day").with_values({"lifetime.max": 6 * HOUR_MS})
    load = STEADY | {"losses": STEADY["losses"] | {"per_user_per_year": 0.02}}
    numbers = []
    for seed in range(8):
        codes = simulate(day, load, seed, sampled=1.0).codes
        begin, end = codes.generated_ms.to_numpy(), codes.expires_ms.to_numpy()
        # Instants a life and more apart share no code.
        instants = np.arange(6 * HOUR_MS, 7 * DAY_MS, 6 * HOUR_MS)[:, None]
        numbers.append(((begin <= instants) & (instants < end)).sum(axis=1))
    numbers = np.concatenate(numbers)
    mean = mginf_mean(PER_DAY / 2, 6 / 24)
    assert abs(numbers.sum() - mean * len(numbers)) / (mean * len(numbers)) ** 0.5 <= 4
    # The variance of a squared standardised Poisson number is 2 + 1 / its mean.
    squares = (numbers - mean) ** 2 / mean
    assert abs(squares.sum() - len(numbers)) / (len(numbers) * (2 + 1 / mean)) ** 0.5 <= 4


@pytest.mark.parametrize("mean_minutes", [20, 60, 180])
def test_codes_lapse_unused_where_their_delivery_takes_longer_than_they_live(mean_minutes):
    hour = Policy("hour").with_values({"lifetime.max": HOUR_MS})
    delay = {"exponential": {"mean": f"{mean_minutes}m"}}
    load = STEADY | {
        # The last delay is over long before the end, so that every code's fate is known.
        "losses": STEADY["losses"] | {"profile": {"mon-wed 0-24": 1}},
        "channel": {"by": "mail", "mail": {"delay": delay}},
    }
    runs = [simulate(hour, load, seed, sampled=0.0) for seed in range(2)]
    # Who is late calls for another code, which is one more trial.
    made = sum(value(run, "count(codes.generated)") for run in runs)
    unused = sum(value(run, "count(codes.lapsed_unused)") for run in runs)
    assert made > 1_000
    assert abs(z_share(unused, made, lapse_share(60, mean_minutes))) <= 4


def test_losses_follow_the_week_as_a_poisson_process_does():
    # Noticed after the end, so that a loss is all that happens.
    load = STEADY | {
        "horizon": "28d",
        "losses": {
            "per_user_per_year": 0.1, "profile": {"mon-fri 8-20": 3, "sat-sun 0-24": 1},
            "noticed_after": {"fixed": "60d"},
        },
    }  # fmt: skip
    weeks = np.array([
        simulate("salesforce", load, seed, sampled=0.0)
        .series.query("measure == 'losses'").value.to_numpy().reshape(4, 168)
        for seed in range(5)
    ]).reshape(20, 168)  # fmt: skip
    weights = np.array([
        3.0 if hour // 24 < 5 and 8 <= hour % 24 < 20 else float(hour // 24 >= 5)
        for hour in range(168)
    ])  # fmt: skip
    expected = 0.1 * 1_000_000 / 365 * 7 * weights / weights.sum()
    assert weeks[:, weights == 0].sum() == 0
    some = weights > 0
    # Over all weeks each hour has its share, and all hours their sum ...
    found, wanted = weeks.sum(axis=0)[some], 20 * expected[some]
    squares = ((found - wanted) ** 2 / wanted).sum()
    assert 1e-5 < stats.chi2.sf(squares, some.sum()) < 1 - 1e-5
    assert abs(found.sum() - wanted.sum()) / wanted.sum() ** 0.5 <= 4
    # ... and each hour of each week varies about it as a Poisson number does.
    errors = (weeks[:, some] - expected[some]) ** 2 / expected[some]
    spread = (20 * (2 + 1 / expected[some]).sum()) ** 0.5
    assert abs((errors - 1).sum()) / spread <= 4


# A law that forgets to compare times

SMALL = STEADY | {
    "users": 2_000, "losses": {"per_user_per_year": 4.0, "noticed_after": {"fixed": "0s"}},
    "work": {"code_forgotten": 0},
}  # fmt: skip
UNENDING = Law(
    LAW.rules, LAW.consequences, {**LAW.comparisons, "code.live": lambda _now, _end: True}
)


def watch(law, seed):
    """Return what a recorder measured under a law without holding it against it, and its digest."""
    policy, workload = Policy("day").with_values({"lifetime.max": 6 * HOUR_MS}), as_workload(SMALL)
    window = Window(0, workload.horizon, workload.horizon + workload.drain)
    recorder = Recorder(policy, window, given_sessions=workload.desk.admins)
    world = World(policy, workload, law, Streams(seed), recorder, window, 0.0)
    run_to_end(world)
    return recorder.finish(window.end_ms, complete=False), recorder.digest


@pytest.mark.parametrize("seed", range(3))
def test_without_lazy_expiry_codes_are_used_after_their_end_and_it_shows(seed):
    overstay, lapsed = parse_metric("count(overstay)"), parse_metric("count(codes.lapsed_unused)")
    right, right_digest = watch(LAW, seed)
    wrong, wrong_digest = watch(UNENDING, seed)
    assert right.value(overstay) == 0
    assert wrong.value(overstay) > 50
    assert right_digest != wrong_digest
    assert right.value(lapsed) == right.value(lapsed)
    # A run of its own accord refuses to measure codes that end by true time and not by audit.
    policy = Policy("day").with_values({"lifetime.max": 6 * HOUR_MS})
    assert simulate(policy, SMALL, seed, sampled=0.0).measured.value(overstay) == 0
    with pytest.raises(NotConserved):
        simulate(policy, SMALL, seed, sampled=0.0, law=UNENDING)


@pytest.mark.parametrize("late_ms", [-1, 0, 1])
def test_a_code_that_arrives_at_the_instant_of_its_end_is_over(late_ms):
    # A code is live while now < end: the one instant that a continuous delay never meets.
    hour = Policy("hour").with_values({"lifetime.max": HOUR_MS})
    delay = {"fixed": f"{60 * MINUTE_MS + late_ms}ms"}
    load = STEADY | {
        "losses": STEADY["losses"] | {"profile": {"tue 0-24": 1}},
        "horizon": "2d", "channel": {"by": "mail", "mail": {"delay": delay}},
    }  # fmt: skip
    run = simulate(hour, load, 1, sampled=0.0)
    used = run.measured.value(
        parse_metric("count(sign_ins)"), {"method": "code", "outcome": "allow"}
    )
    assert (used > 10) == (late_ms < 0)
    assert (used == 0) == (late_ms >= 0)
