"""The desk is the queue that textbooks describe: M/M/c, with giving up M/M/c+M, and Ciw's."""

from math import sqrt
from statistics import fmean, stdev

import ciw
import formulas
import pytest

from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy
from tvc.files.metrics import parse_metric
from tvc.world.simulation import simulate

SERVICE_MS = 10 * MINUTE_MS
HORIZON_DAYS = 14
#: Codes that outlast the horizon and let a device through that is back: everybody calls once.
PATIENT = Policy("patient").with_values(
    {
        "lifetime.max": 100 * DAY_MS, "lifetime.step": DAY_MS, "lifetime.min": DAY_MS,
        "sign_in.precedence": "either",
    }
)  # fmt: skip


def workload(arrivals_per_hour, admins, patience="4000d"):
    """Return a desk that never closes, whose callers come one by one, all alike, and once."""
    # So many that hardly anybody loses a second device while the first one is gone.
    users = 100_000
    return {
        "users": users, "horizon": f"{HORIZON_DAYS}d", "drain": "3d",
        "losses": {
            "per_user_per_year": arrivals_per_hour * 24 * 365 / users,
            "noticed_after": {"fixed": "1s"},
        },
        "leavers": {"per_user_per_year": 0},
        "work": {"code_forgotten": 0},
        "device": {"found": 1, "found_after": {"fixed": "12h"}},
        "desk": {
            "admins": admins, "shifts": ["mon-sun 0-24"], "losses_per_admin_per_year": 0,
            "handling": {"exponential": {"mean": "10m"}}, "calls_again": 0,
            "patience": patience if isinstance(patience, dict) else {"fixed": patience},
        },
    }  # fmt: skip


def measure(load, *metrics, seeds=10):
    runs = [simulate(PATIENT, load, seed, warmup_ms=DAY_MS, sampled=0.0) for seed in range(seeds)]
    return [[run.measured.value(parse_metric(metric)) for run in runs] for metric in metrics]


def z(found, theory):
    return (fmean(found) - theory) / (stdev(found) / sqrt(len(found)))


@pytest.mark.parametrize(("per_hour", "admins"), [(4.2, 1), (15.0, 3)])
def test_waits_and_utilisation_are_those_of_m_m_c(per_hour, admins):
    waits, busy, calls = measure(
        workload(per_hour, admins), "mean(desk.wait)", "mean(desk.utilisation)", "count(calls)"
    )
    rate, service = per_hour / HOUR_MS, 1 / SERVICE_MS
    assert abs(z(calls, per_hour * 24 * (HORIZON_DAYS - 1))) <= 4
    assert abs(z(waits, formulas.mmc_mean_wait(rate, service, admins))) <= 4
    assert abs(z(busy, rate / service / admins)) <= 4


def test_the_share_that_gives_up_is_that_of_m_m_c_m():
    # Who gives up tries again at the next working day, which is another call: count first calls.
    load = workload(20.0, 3, {"exponential": {"mean": "5m"}})
    load["work"]["days_per_week"] = 1
    load["start"] = {"day": "tue"}
    load["horizon"], load["drain"] = "6d", "0s"
    abandoned, calls = [], []
    for seed in range(20):
        measured = simulate(PATIENT, load, seed, warmup_ms=DAY_MS, sampled=0.0).measured
        abandoned.append(measured.value(parse_metric("count(desk.abandoned)")))
        calls.append(measured.value(parse_metric("count(calls)")))
    share = formulas.mmcm_abandoned(20.0 / HOUR_MS, 1 / SERVICE_MS, 3, 1 / (5 * MINUTE_MS))
    differences = [lost - share * called for lost, called in zip(abandoned, calls, strict=True)]
    assert fmean(abandoned) > 100
    assert abs(z(differences, 0.0)) <= 4


def test_the_same_queue_in_ciw_agrees_within_the_intervals():
    per_hour, admins = 15.0, 3
    waits, busy = measure(workload(per_hour, admins), "mean(desk.wait)", "mean(desk.utilisation)")
    theirs, their_busy = [], []
    for seed in range(10):
        ciw.seed(seed)
        network = ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(per_hour)],
            service_distributions=[ciw.dists.Exponential(6.0)],
            number_of_servers=[admins],
        )
        simulation = ciw.Simulation(network)
        simulation.simulate_until_max_time(HORIZON_DAYS * 24)
        records = [one for one in simulation.get_all_records() if one.arrival_date >= 24]
        theirs.append(fmean(one.waiting_time for one in records) * HOUR_MS)
        served = sum(one.service_time for one in records)
        their_busy.append(served / (admins * (HORIZON_DAYS - 1) * 24))
    for ours, other in ((waits, theirs), (busy, their_busy)):
        spread = sqrt((stdev(ours) ** 2 + stdev(other) ** 2) / 10)
        assert abs(fmean(ours) - fmean(other)) / spread <= 4
