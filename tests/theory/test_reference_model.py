"""The world measures what the model does that one would write first.

Two programs that share nothing but the authority run the same workloads: `tvc.world`, and one with
a process for every user and an event for every sign-in. Every measure that both know has the same
mean: over 30 replications of each, Welch's interval of the difference holds 0. The intervals of
one comparison are simultaneous: together they all hold 0 with a probability of 99.9 %, each being
at the level of 1 - 0.001 / (number of measures).
"""

import sys
from math import isfinite, sqrt
from pathlib import Path
from statistics import fmean, variance

import pytest
from scipy.stats import t as student

from tvc.domain.workload import WorkloadModel
from tvc.trace.measures.metrics import parse_metric
from tvc.world.simulation import as_policy, simulate

sys.path.append(str(Path(__file__).parents[1] / "bench"))

import process_per_user as first

_REPLICATIONS = 30
_MISS = 0.001

_MODEST = {
    "users": 150,
    "horizon": "14d",
    "drain": "5d",
    "losses": {"per_user_per_year": 20.0},
    "desk": {"admins": 2, "losses_per_admin_per_year": 0},
}

#: As many losses as a hundred people have at 20 a year, and fewer days of work without any: those
#: are most of what the other model takes its time for.
_FEW = {"users": 40, "losses.per_user_per_year": 50.0}

_SETTINGS = {
    "strict, called back, by chat": (
        "strict",
        {
            **_FEW,
            "desk.identity_check": "callback",
            "desk.lifetime": {"choice": {"1h": 1, "90m": 1, "8h": 2}},
            "channel.by": "chat",
            "start.day": "wed",
            "losses.profile": {"mon-fri 8-18": 3, "sat-sun 0-24": 1},
        },
    ),
    "one admin, impatient callers, on paper": (
        "salesforce",
        {
            **_FEW,
            "users": 60,
            "desk.admins": 1,
            "desk.shifts": ["mon-fri 9-15"],
            "desk.patience": {"exponential": {"mean": "6m"}},
            "desk.calls_again": 0.6,
            "channel.by": "paper",
            "device.found": 0.8,
            "device.found_after": {"exponential": {"mean": "12h"}},
            "device.expired_afterwards": 0.0,
            "work.lasts": {"uniform": {"low": "3h", "high": "9h"}},
            "lead_in": "2d",
        },
    ),
    "every sign-in an event, many leavers": (
        "salesforce",
        {
            **_FEW,
            "every_sign_in": True,
            "leavers.per_user_per_year": 2.0,
            "work.session": "2h",
            "work.code_forgotten": 0.0,
        },
    ),
}

#: Where the world is known to differ from what it says of itself.
_DEFECTS = {
    "codes are forgotten again and again": (
        {**_FEW, "work.code_forgotten": 0.3, "work.session": "2h"},
        "whether a code is forgotten is drawn anew for each use, but not for each code",
    ),
    "codes are expired while all admins are busy": (
        {
            **_FEW,
            "desk.admins": 1,
            "desk.handling": {"lognormal": {"median": "15m", "p95": "40m"}},
            "desk.shifts": ["mon-fri 9-15"],
            "device.found": 0.7,
            "device.expired_afterwards": 0.9,
            "work.code_forgotten": 0.0,
        },
        "no code is expired afterwards at an instant at which all admins are busy",
    ),
}


def _workload(overrides):
    plain = {
        key: dict(value) if isinstance(value, dict) else value for key, value in _MODEST.items()
    }
    for dotted, value in overrides.items():
        *groups, last = dotted.split(".")
        part = plain
        for group in groups:
            part = part.setdefault(group, {})
        part[last] = value
    return WorkloadModel.model_validate(plain)


def _first_model(policy, workload):
    """Return every measure of each replication of the model with a process a user."""
    return [
        first.ProcessPerUser(as_policy(policy), workload, seed).run()
        for seed in range(_REPLICATIONS)
    ]


def _world(policy, workload, keys):
    """Return some measures of each replication of the world."""
    found = []
    for replication in range(_REPLICATIONS):
        run = simulate(policy, workload, seed=1, replication=replication, sampled=0.0)
        losses = float(run.series.query("measure == 'losses'").value.sum())
        found.append({
            (metric, where): losses if metric == "losses" else _value(run.measured, metric, where)
            for metric, where in keys
        })  # fmt: skip
    return found


def _value(measured, metric, where):
    narrowed = dict(pair.split("=") for pair in where.split(", ")) if where else {}
    return measured.value(parse_metric(metric), narrowed)


def _disagreements(ours, theirs, keys):
    """Return a line for each measure whose interval of the difference of means lacks 0."""
    lines = []
    for key in keys:
        a, b = ([run.get(key, 0.0) for run in runs] for runs in (ours, theirs))
        assert all(map(isfinite, a + b)), f"{key} has no value in some replication"
        difference = fmean(a) - fmean(b)
        half = _half_width(a, b, 1 - _MISS / len(keys))
        if abs(difference) > half:
            lines.append(
                f"{' '.join(key)}: world {fmean(a):.6g}, process per user {fmean(b):.6g}, "
                f"difference {difference:.4g} beyond {half:.4g}"
            )
    return lines


def _half_width(a, b, level):
    """Return half the width of Welch's interval (Welch 1947) of a difference of means."""
    parts = [variance(sample) / len(sample) for sample in (a, b)]
    total = sum(parts)
    if total == 0:
        return 0.0
    freedom = total**2 / sum(part**2 / (_REPLICATIONS - 1) for part in parts)
    return float(student.ppf((1 + level) / 2, freedom)) * sqrt(total)


def _keys_of(runs):
    """Return all that any replication measured: refusals by their reasons, too."""
    return sorted({key for run in runs for key in run})


@pytest.mark.parametrize("name", _SETTINGS)
def test_the_world_measures_what_the_model_with_a_process_a_user_does(name):
    policy, overrides = _SETTINGS[name]
    workload = _workload(overrides)
    theirs = _first_model(policy, workload)
    keys = _keys_of(theirs)
    assert len(keys) > 18
    assert _disagreements(_world(policy, workload, keys), theirs, keys) == []


def test_as_shipped_both_measure_the_same_and_a_desk_that_takes_a_little_longer_is_noticed():
    theirs = _first_model("salesforce", _workload({}))
    keys = _keys_of(theirs)
    assert len(keys) > 18
    assert _disagreements(_world("salesforce", _workload({}), keys), theirs, keys) == []
    slower = _workload({"desk.handling": {"lognormal": {"median": "6m30s", "p95": "26m"}}})
    found = _disagreements(_world("salesforce", slower, keys), theirs, keys)
    assert any("desk.minutes" in line for line in found)


@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param(
            overrides,
            id=name,
        )
        for name, (overrides, reason) in _DEFECTS.items()
    ],
)
def test_the_world_does_what_it_says_where(overrides):
    workload = _workload(overrides)
    theirs = _first_model("salesforce", workload)
    keys = _keys_of(theirs)
    assert _disagreements(_world("salesforce", workload, keys), theirs, keys) == []


@pytest.mark.parametrize("horizon", ["36h", "60h"])
def test_sign_ins_are_counted_on_that_part_of_a_day_which_is_measured(horizon):
    quiet = {
        "horizon": horizon,
        "losses.per_user_per_year": 0,
        "leavers.per_user_per_year": 0,
    }
    counted, carried_out = (
        _value(
            simulate("salesforce", _workload({**quiet, "every_sign_in": each})).measured,
            "mean(sign_ins)",
            "method=authenticator, outcome=allow",
        )
        for each in (False, True)
    )
    assert counted == carried_out > 0


def test_who_has_left_loses_no_device():
    deserted = _workload({"leavers.per_user_per_year": 100_000})
    theirs = first.ProcessPerUser(as_policy("salesforce"), deserted, 0).run()
    run = simulate("salesforce", deserted)
    losses = run.series.query("measure == 'losses'").value.sum()
    assert losses == theirs.get(("losses", ""), 0) == 0


def test_the_first_model_refuses_what_it_leaves_out():
    attacked = _workload({"attackers.callers": {"per_day": 1}})
    with pytest.raises(ValueError, match="has no attackers"):
        first.ProcessPerUser(as_policy("salesforce"), attacked, 0)
