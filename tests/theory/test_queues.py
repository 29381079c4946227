"""The desk is the queue that textbooks describe: M/M/c, with giving up M/M/c+M, and Ciw's."""

from statistics import fmean, stdev

import ciw
import pytest
from formulas import erlang_c, mmc_mean_wait, mmcm, z_score

from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy
from tvc.files.metrics import parse_metric
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


@pytest.fixture(scope="module", params=QUEUES, ids=["one admin", "three admins"])
def desk(request):
    """Return arrivals by the hour, admins, and runs of that desk."""
    per_hour, admins = request.param
    load = workload(per_hour, admins, DAYS)
    runs = [simulate(LASTING, load, seed, sampled=1.0) for seed in SEEDS]
    return per_hour, admins, runs


def test_everybody_calls_once(desk):
    per_hour, _, runs = desk
    assert all(value(run, "count(repeat_calls)") == 0 for run in runs)
    calls = [value(run, "count(calls)") for run in runs]
    assert abs(z_score(calls, per_hour * 24 * DAYS)) <= 4
    assert min(calls) > 300


def test_waits_are_those_of_m_m_c(desk):
    per_hour, admins, runs = desk
    waits = [value(run, "mean(desk.wait)") for run in runs]
    assert abs(z_score(waits, mmc_mean_wait(per_hour / HOUR_MS, 1 / SERVICE_MS, admins))) <= 4


def test_who_waits_at_all_is_the_share_of_erlang_c(desk):
    per_hour, admins, runs = desk
    theory = erlang_c(admins, per_hour / 6)
    answered = [run.calls[run.calls.outcome != "waiting"] for run in runs]
    shares = [float((calls.waited_ms > 0).mean()) for calls in answered]
    assert abs(z_score(shares, theory)) <= 4


def test_admins_are_as_busy_as_the_load_makes_them(desk):
    per_hour, admins, runs = desk
    busy = [value(run, "mean(desk.utilisation)") for run in runs]
    assert abs(z_score(busy, per_hour / 6 / admins)) <= 4


def test_the_same_queue_in_ciw_waits_as_long_and_is_as_busy(desk):
    per_hour, admins, runs = desk
    ours = {
        "wait": [value(run, "mean(desk.wait)") / HOUR_MS for run in runs],
        "busy": [value(run, "mean(desk.utilisation)") for run in runs],
    }
    theirs = {"wait": [], "busy": []}
    for seed in SEEDS:
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
        theirs["wait"].append(fmean(one.waiting_time for one in records))
        # Who is being served at the end has no record yet: leave the last hours out.
        until = end - 6
        served = sum(
            min(one.service_end_date, until) - one.service_start_date
            for one in records
            if one.service_start_date < until
        )
        theirs["busy"].append(served / (admins * until))
    for what, values in ours.items():
        error = ((stdev(values) ** 2 + stdev(theirs[what]) ** 2) / len(SEEDS)) ** 0.5
        assert abs(fmean(values) - fmean(theirs[what])) / error <= 4, what


@pytest.fixture(scope="module", params=[(20.0, 3), (4.0, 1)], ids=["overloaded", "one admin"])
def impatient(request):
    """Return what theory says of a desk whose callers give up, and runs of it."""
    per_hour, admins = request.param
    # A queue this impatient forgets that it began empty within a few minutes of the week.
    load = workload(per_hour, admins, 7, {"exponential": {"mean": "5m"}})
    theory = mmcm(per_hour / HOUR_MS, 1 / SERVICE_MS, admins, 1 / PATIENCE_MS)
    seeds = range(12 if per_hour > 10 else 24)
    return theory, [simulate(LASTING, load, seed, sampled=0.0) for seed in seeds]


def test_the_share_that_gives_up_is_that_of_m_m_c_m(impatient):
    theory, runs = impatient
    lost = [value(run, "count(desk.abandoned)") for run in runs]
    calls = [value(run, "count(calls)") for run in runs]
    # A ratio estimator: the difference has the mean 0, which a mean of ratios has not quite.
    found = [gone - theory.abandoned * called for gone, called in zip(lost, calls, strict=True)]
    assert sum(lost) > 1_000
    assert abs(z_score(found, 0.0)) <= 4


def test_who_is_served_has_waited_as_in_m_m_c_m(impatient):
    theory, runs = impatient
    waits = [value(run, "mean(desk.wait)") for run in runs]
    assert abs(z_score(waits, theory.served_mean_wait)) <= 4


def test_admins_are_spared_whoever_gives_up(impatient):
    theory, runs = impatient
    busy = [value(run, "mean(desk.utilisation)") for run in runs]
    assert abs(z_score(busy, theory.busy)) <= 4
