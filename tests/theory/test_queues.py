"""The desk is the queue that textbooks describe: M/M/c, with giving up M/M/c+M, and Ciw's."""

from statistics import fmean, stdev

import ciw
import pytest
from formulas import erlang_c, mmc_mean_wait, mmcm, z_score

from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy
from tvc.trace.measures.metrics import parse_metric
from tvc.world.simulation import simulate

#: So many that hardly anybody loses a second device while in trouble, which makes no call.
USERS = 1_000_000
SERVICE_MS = 10 * MINUTE_MS
PATIENCE_MS = 5 * MINUTE_MS
#: Codes outlast every run: nobody calls a second time because a code has lapsed.
LASTING = Policy("lasting").with_values({"lifetime.max": 100 * DAY_MS})


def workload(per_hour, admins, horizon_days, patience="1000d"):
    """Return a desk that never closes, whose callers come one by one and call once.

    They notice a loss at once, on any day. Otherwise they sign in when a Monday begins, and never
    in the first week, in which whoever gave up stays away.
    """
    return {
        "users": USERS, "horizon": f"{horizon_days}d", "drain": "0s",
        "losses": {
            "per_user_per_year": per_hour * 24 * 365 / USERS, "noticed_after": {"fixed": "0s"},
        },
        "leavers": {"per_user_per_year": 0},
        "work": {
            "days_per_week": 1, "code_forgotten": 0,
            "starts": {"fixed": "0s"}, "lasts": {"fixed": "1h"}, "session": "1h",
        },
        "device": {"found": 1, "found_after": {"fixed": "90d"}},
        "desk": {
            "admins": admins, "shifts": ["mon-sun 0-24"], "losses_per_admin_per_year": 0,
            "handling": {"exponential": {"mean": "10m"}}, "calls_again": 0,
            "patience": patience if isinstance(patience, dict) else {"fixed": patience},
        },
    }  # fmt: skip


def value(run, metric):
    return run.measured.value(parse_metric(metric))


#: A queue of one server and one of several, busy enough to wait and quick to forget its start.
QUEUES = [(4.0, 1), (13.0, 3)]
SEEDS = range(14)
#: So long that the empty queue of the first few hours takes less than 1 % off the mean wait.
DAYS = 14


def assert_mean(values, theory, what):
    z = z_score(values, theory)
    assert abs(z) <= 4, f"{what}: {fmean(values):.6g} instead of {theory:.6g}, z {z:.1f}"


# What is asked of the same runs is asked in one test: several could be spread over processes, which
# would each make the runs anew.


@pytest.mark.parametrize(("per_hour", "admins"), QUEUES, ids=["one admin", "three admins"])
def test_calls_waits_and_busy_admins_are_those_of_m_m_c_and_of_the_same_queue_in_ciw(
    per_hour, admins
):
    load = workload(per_hour, admins, DAYS)
    runs = [simulate(LASTING, load, seed, sampled=1.0, hashed=False) for seed in SEEDS]

    # Everybody calls once.
    assert all(value(run, "count(repeat_calls)") == 0 for run in runs)
    calls = [value(run, "count(calls)") for run in runs]
    assert min(calls) > 300
    assert_mean(calls, per_hour * 24 * DAYS, "calls")

    waits = [value(run, "mean(desk.wait)") for run in runs]
    busy = [value(run, "mean(desk.utilisation)") for run in runs]
    answered = [run.calls[run.calls.outcome != "waiting"] for run in runs]
    waiting = [float((calls.waited_ms > 0).mean()) for calls in answered]
    assert_mean(waits, mmc_mean_wait(per_hour / HOUR_MS, 1 / SERVICE_MS, admins), "mean wait")
    assert_mean(waiting, erlang_c(admins, per_hour / 6), "share that waits at all")
    assert_mean(busy, per_hour / 6 / admins, "utilisation")

    ciw_waits, ciw_busy = zip(*(in_ciw(per_hour, admins, seed) for seed in SEEDS), strict=True)
    for what, ours, theirs in (
        ("mean wait in hours", [wait / HOUR_MS for wait in waits], ciw_waits),
        ("utilisation", busy, ciw_busy),
    ):
        error = ((stdev(ours) ** 2 + stdev(theirs) ** 2) / len(SEEDS)) ** 0.5
        assert abs(fmean(ours) - fmean(theirs)) / error <= 4, what


def in_ciw(per_hour, admins, seed):
    """Return the mean wait in hours and the utilisation of that queue in Ciw."""
    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(per_hour)],
        service_distributions=[ciw.dists.Exponential(6.0)],
        number_of_servers=[admins],
    )
    simulation = ciw.Simulation(network)
    end = DAYS * 24.0
    simulation.simulate_until_max_time(end)
    records = simulation.get_all_records()
    # Who is being served at the end has no record yet: leave the last hours out.
    until = end - 6
    served = sum(
        min(one.service_end_date, until) - one.service_start_date
        for one in records
        if one.service_start_date < until
    )
    return fmean(one.waiting_time for one in records), served / (admins * until)


@pytest.mark.parametrize(
    ("per_hour", "admins", "seeds"), [(20.0, 3, 12), (4.0, 1, 24)], ids=["overloaded", "one admin"]
)
def test_who_gives_up_who_is_served_and_busy_admins_are_those_of_m_m_c_m(per_hour, admins, seeds):
    # A queue this impatient forgets that it began empty within a few minutes of the week.
    load = workload(per_hour, admins, 7, {"exponential": {"mean": "5m"}})
    theory = mmcm(per_hour / HOUR_MS, 1 / SERVICE_MS, admins, 1 / PATIENCE_MS)
    runs = [simulate(LASTING, load, seed, sampled=0.0, hashed=False) for seed in range(seeds)]

    lost = [value(run, "count(desk.abandoned)") for run in runs]
    calls = [value(run, "count(calls)") for run in runs]
    # A ratio estimator: the difference has the mean 0, which a mean of ratios has not quite.
    found = [gone - theory.abandoned * called for gone, called in zip(lost, calls, strict=True)]
    assert sum(lost) > 1_000
    assert_mean(found, 0.0, "those who give up beyond their share")
    waits = [value(run, "mean(desk.wait)") for run in runs]
    busy = [value(run, "mean(desk.utilisation)") for run in runs]
    assert_mean(waits, theory.served_mean_wait, "mean wait of who is served")
    assert_mean(busy, theory.busy, "utilisation")
