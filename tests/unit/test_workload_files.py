import json
import os
import re
import subprocess
import sys
import warnings
from typing import get_args

import pytest
from pydantic import ValidationError

from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.domain.distributions import (
    Choice,
    Empirical,
    Exponential,
    Fixed,
    Lognormal,
    Uniform,
    parse_distribution,
)
from tvc.domain.fields import Part
from tvc.domain.quantities import HOURS_OF_WEEK, parse_week_hours
from tvc.domain.workload import ASSUMPTION, WorkloadModel, inputs
from tvc.files.empirical import with_measurements
from tvc.files.faults import InvalidFile
from tvc.files.stochastic import (
    StochasticModel,
    check_stochastic,
    override,
    read_stochastic,
)

CAMPAIGN = {
    "id": "calling-campaign",
    "workload": {
        "users": 20000,
        "horizon": "28d",
        "losses": {"per_user_per_year": 0.3},
        "attackers": {"callers": {"per_day": 2}},
    },
    "run": {"replications": {"min": 20, "max": 800}, "seed": 1},
    "expect": [
        {"metric": "p95(time_to_access)", "at_most": "2h", "margin": "20m"},
        {"metric": "p(takeover)", "at_most": 0.5, "margin": 0.1},
    ],
}
COMPARISON = {
    "id": "shorter-codes-pay",
    "compare": {
        "baseline": {"policy": "salesforce"},
        "candidate": {"policy": "strict", "workload": {"desk.identity_check": "callback"}},
        "on": "calling-campaign",
    },
    "expect": [{"metric": "delta(mean(repeat_calls))", "at_most": 30, "margin": 10}],
}
FILE = {scenario["id"]: scenario for scenario in (CAMPAIGN, COMPARISON)}
POLICIES = ("salesforce", "strict")


def faults_of(scenario):
    """What is wrong with the form of a scenario: place and message."""
    with pytest.raises(ValidationError) as caught:
        read_stochastic(scenario)
    return [(error["loc"], error["msg"]) for error in caught.value.errors()]


def only_fault(scenario):
    (fault,) = faults_of(scenario)
    return fault


def problems_of(scenario, *others):
    read_stochastic(scenario)
    return check_stochastic(scenario, FILE | {other["id"]: other for other in others}, POLICIES)


def comparison(**changes):
    return COMPARISON | {"compare": COMPARISON["compare"] | changes}


# The examples of the design


def test_the_calling_campaign_of_the_design_is_valid():
    model = read_stochastic(CAMPAIGN)
    assert model.workload.horizon == 28 * DAY_MS
    assert (model.run.replications.min, model.run.replications.max) == (20, 800)
    assert model.expect[0].at_most == 2 * HOUR_MS
    assert model.expect[0].margin == 20 * MINUTE_MS
    assert problems_of(CAMPAIGN) == []


def test_the_comparison_of_the_design_is_valid():
    assert read_stochastic(COMPARISON).compare.on == "calling-campaign"
    assert problems_of(COMPARISON) == []


# Distributions


@pytest.mark.parametrize(
    ("plain", "distribution"),
    [
        ({"fixed": "5m"}, Fixed(5 * MINUTE_MS)),
        ({"fixed": "0s"}, Fixed(0)),
        ({"exponential": {"mean": "10m"}}, Exponential(10 * MINUTE_MS)),
        (
            {"lognormal": {"median": "5m", "p95": "20m"}},
            Lognormal(5 * MINUTE_MS, 20 * MINUTE_MS),
        ),
        ({"uniform": {"low": "0s", "high": "1h"}}, Uniform(0, HOUR_MS)),
        (
            {"choice": {"1h": 3, "4h": 0.5}},
            Choice(((HOUR_MS, 3.0), (4 * HOUR_MS, 0.5))),
        ),
        ({"empirical": "data/waits.csv"}, Empirical("data/waits.csv")),
    ],
)
def test_every_kind_of_distribution_is_read(plain, distribution):
    assert parse_distribution(plain) == distribution
    assert parse_distribution(distribution) is distribution


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ("5m", r"expected a distribution such as \{fixed: 5m\}, found '5m'"),
        ({}, "expected a distribution"),
        (None, "expected a distribution"),
        ({"fixd": "5m"}, "did you mean 'fixed'"),
        ({"pareto": "5m"}, "expected one of: fixed, exponential"),
        ({"fixed": "5m", "uniform": {}}, "expected one distribution, found fixed and uniform"),
        ({"fixed": 5}, "expected a duration such as 90s"),
        ({"fixed": "-5m"}, "negative"),
        ({"fixed": "1.5h"}, "no duration"),
        ({"exponential": "5m"}, r"expected \{mean: ...\}"),
        ({"exponential": {"mean": "0s"}}, "above 0s"),
        ({"exponential": {"men": "5m"}}, "did you mean 'mean'"),
        ({"lognormal": {"median": "5m"}}, "missing key 'p95'"),
        ({"lognormal": {"median": "0s", "p95": "5m"}}, "above 0s"),
        ({"lognormal": {"median": "5m", "p95": "5m"}}, "p95 is above the median"),
        ({"uniform": {"low": "2h", "high": "2h"}}, "low is below high"),
        ({"choice": {}}, "values by weight"),
        ({"choice": {"1h": 0}}, "a weight is above 0"),
        ({"choice": {"1h": float("nan")}}, "a weight is above 0"),
        ({"choice": {"1h": 10**400}}, "a weight is above 0"),
        ({"choice": {"1h": True}}, "a weight is a number"),
        ({"choice": {"1h": 1, "60m": 1}}, "'60m' is there twice"),
        ({"empirical": "waits.txt"}, "name of a .csv file"),
        ({"empirical": "../waits.csv"}, "not below the scenario file's folder"),
        ({"empirical": "/etc/waits.csv"}, "not below the scenario file's folder"),
        ({"empirical": "C:\\waits.csv"}, "not below the scenario file's folder"),
    ],
)
def test_a_distribution_without_meaning_is_refused_in_plain_words(plain, message):
    with pytest.raises(ValueError, match=message):
        parse_distribution(plain)


# Hours of the week


def test_hours_of_the_week_count_from_monday():
    assert parse_week_hours("mon 0-1") == {0}
    assert parse_week_hours("sun 23-24") == {HOURS_OF_WEEK - 1}
    assert len(parse_week_hours("mon-fri 8-18")) == 50
    assert len(parse_week_hours("mon-sun 0-24")) == HOURS_OF_WEEK


@pytest.mark.parametrize(
    "text",
    ["mon", "mon 8", "mon 18-8", "mon 8-8", "mon 8-25", "fri-mon 8-9", "mo 8-9", "", 8, None],
)
def test_hours_that_do_not_exist_are_refused(text):
    with pytest.raises(ValueError, match=r"hours|unknown day"):
        parse_week_hours(text)


def test_shifts_are_joined_and_a_profile_weighs_every_hour():
    workload = WorkloadModel.model_validate(
        {
            "desk": {"shifts": ["mon-fri 8-18", "fri 16-20"]},
            "losses": {"profile": {"mon-fri 8-18": 3, "sat 9-10": 0.5}},
        }
    )
    assert len(workload.desk.shifts) == 52
    assert len(workload.losses.profile) == HOURS_OF_WEEK
    assert sum(workload.losses.profile) == 150.5


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({"mon 8-10": 1, "mon 9-11": 2}, "overlaps"),
        ({"mon 8-10": 0}, "one weight at least"),
        ({"mon 8-10": -1}, "a weight of 0 or more"),
        ({}, "expected weights"),
    ],
)
def test_a_profile_says_one_thing_of_an_hour_and_something_of_one(profile, message):
    place, text = only_fault({"workload": {"losses": {"profile": profile}}})
    assert place == ("workload", "losses", "profile")
    assert message in text


# The workload


def test_an_empty_workload_has_every_default_and_nobody_attacks():
    workload = read_stochastic({"workload": {}}).workload
    assert workload.users == 1000
    assert workload.desk.handling == Lognormal(5 * MINUTE_MS, 20 * MINUTE_MS)
    assert not workload.has_attackers


def test_a_full_workload_is_valid():
    scenario = {
        "workload": {
            "users": 5,
            "horizon": "7d",
            "drain": "0s",
            "start": {"day": "fri", "hour": 17},
            "desk": {
                "admins": 0,
                "handling": {"fixed": "5m"},
                "lifetime": {"choice": {"1h": 1, "24h": 2}},
                "identity_check": "video",
                "checks": {
                    "video": {"time": {"fixed": "9m"}, "false_accept": 0, "false_reject": 1}
                },
                "patience": {"exponential": {"mean": "5m"}},
                "losses_per_admin_per_year": 1,
            },
            "losses": {"noticed_after": {"fixed": "1h"}},
            "work": {"days_per_week": 7, "starts": {"fixed": "9h"}},
            "device": {"found": 0.5, "expired_afterwards": 1},
            "leavers": {"per_user_per_year": 0},
            "sso": {"share": 0.25},
            "channel": {"by": "mail", "mail": {"leak": 0.5}},
            "attackers": {
                "guessers": {"per_day": 1, "tries": 3},
                "malicious_issuer": {"per_year": 2},
            },
            "notices": {"reported": 0.1},
            "clocks": {
                "west": {
                    "offset": "-90s",
                    "drift_ppm": 20,
                    "steps": [{"at": "1d", "by": "-1h"}],
                    "resync_every": "12h",
                }
            },
            "outages": [{"at": "1d", "share": 0.4, "lasts": "2h"}],
            "every_sign_in": True,
            "sources": {"losses.per_user_per_year": "ticket export 2026", "outages": "status page"},
        },
        "run": {"replications": 50, "warmup": "auto", "false_alarm": 0.001, "miss": 0.1},
        "expect": [{"metric": "count(overstay)", "equals": 0}],
    }
    model = read_stochastic(scenario)
    assert model.run.replications.min == model.run.replications.max == 50
    assert model.workload.clocks["west"].steps[0].by == -HOUR_MS
    assert problems_of(scenario) == []


def test_replacing_one_number_of_a_check_keeps_the_defaults_of_that_check():
    desk = {"checks": {"video": {"false_accept": 0.5}}}
    checks = read_stochastic({"workload": {"desk": desk}}).workload.desk.checks
    assert checks.video == WorkloadModel().desk.checks.video.model_copy(
        update={"false_accept": 0.5}
    )


@pytest.mark.parametrize(
    ("attackers", "channel", "attacked"),
    [
        ({"callers": {"per_day": 0.1}}, {}, True),
        ({"guessers": {"per_day": 1}}, {}, True),
        ({"malicious_issuer": {"per_year": 1}}, {}, True),
        ({"thieves": {"per_leak": 1}}, {}, True),
        ({"thieves": {"per_leak": 1}}, {"voice": {"leak": 0}}, False),
        ({"knows_password": 1}, {}, False),
    ],
)
def test_attackers_are_there_when_a_rate_is_above_zero(attackers, channel, attacked):
    workload = WorkloadModel.model_validate({"attackers": attackers, "channel": channel})
    assert workload.has_attackers is attacked


@pytest.mark.parametrize(
    ("workload", "place", "message"),
    [
        ({"userz": 5}, ("userz",), "Extra inputs"),
        ({"users": 0}, ("users",), "greater than or equal to 1"),
        ({"users": "5"}, ("users",), "valid integer"),
        ({"users": True}, ("users",), "valid integer"),
        ({"horizon": "0s"}, ("horizon",), "above 0s"),
        ({"horizon": 28}, ("horizon",), "no duration"),
        ({"desk": {"shifts": []}}, ("desk", "shifts"), "expected a list such as [mon-fri 8-18]"),
        ({"desk": {"identity_check": "palm"}}, ("desk", "identity_check"), "identity check"),
        ({"desk": {"handling": "5m"}}, ("desk", "handling"), "{fixed: 5m}"),
        ({"desk": {"calls_again": 1.5}}, ("desk", "calls_again"), "a probability from 0 to 1"),
        ({"desk": {"calls_again": True}}, ("desk", "calls_again"), "a probability from 0 to 1"),
        ({"desk": {"calls_again": "0.5"}}, ("desk", "calls_again"), "found '0.5'"),
        ({"losses": {"per_user_per_year": -1}}, ("losses", "per_user_per_year"), "0 or more"),
        (
            {"losses": {"per_user_per_year": float("inf")}},
            ("losses", "per_user_per_year"),
            "0 or more",
        ),
        (
            {"losses": {"per_user_per_year": float("nan")}},
            ("losses", "per_user_per_year"),
            "0 or more",
        ),
        (
            {"losses": {"per_user_per_year": 10**400}},
            ("losses", "per_user_per_year"),
            "0 or more",
        ),
        ({"clocks": {"w": {"resync_every": "0s"}}}, ("clocks", "w", "resync_every"), "above 0s"),
        ({"outages": [{"share": 1}]}, ("outages", 0, "at"), "required"),
        ({"sources": {"users": " "}}, ("sources", "users"), "pattern"),
        ({"desk": None}, ("desk",), "valid dictionary"),
    ],
)
def test_a_wrong_input_is_refused_at_its_place(workload, place, message):
    found, text = only_fault({"workload": workload})
    assert found == ("workload", *place)
    assert message in text


def test_values_that_were_read_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        read_stochastic(CAMPAIGN).workload.users = 1


# What documents itself


def parts(model, seen=None):
    seen = {} if seen is None else seen
    if model not in seen:
        seen[model] = None
        for field in model.model_fields.values():
            for hint in (field.annotation, *get_args(field.annotation)):
                if isinstance(hint, type) and issubclass(hint, Part):
                    parts(hint, seen)
    return seen


def test_every_input_says_what_it_means_in_which_unit_and_where_its_default_is_from():
    for model in parts(WorkloadModel):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
            is_group = field.default_factory is not None
            if not (is_group or field.is_required() or name == "sources"):
                assert field.json_schema_extra["unit"], f"{model.__name__}.{name}"
                assert field.json_schema_extra["source"], f"{model.__name__}.{name}"


def test_defaults_read_back_as_they_are_spelt():
    spelt = {key: found.default for key, found in inputs().items() if found.default is not None}
    assert WorkloadModel.model_validate(override({}, spelt)) == WorkloadModel()


def test_defaults_without_a_source_are_called_assumptions():
    assert inputs()["losses.per_user_per_year"].source == ASSUMPTION
    assert inputs()["desk.handling"].default == {"lognormal": {"median": "5m", "p95": "20m"}}
    assert "sources" not in inputs()


def test_the_json_schema_is_made_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = StochasticModel.model_json_schema()
    assert json.loads(json.dumps(schema))["properties"].keys() == {
        "workload", "run", "expect", "compare",
    }  # fmt: skip


def test_importing_loads_none_of_the_heavy_libraries():
    code = (
        "import sys, tvc.files.stochastic\n"
        "print({'numpy', 'pandas', 'scipy', 'simpy', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# The run


@pytest.mark.parametrize(("warmup", "read"), [("none", 0), ("auto", "auto"), ("7d", 7 * DAY_MS)])
def test_a_warmup_is_none_auto_or_a_duration(warmup, read):
    assert read_stochastic({"workload": {}, "run": {"warmup": warmup}}).run.warmup == read


@pytest.mark.parametrize(
    ("run", "place", "message"),
    [
        ({"warmup": "soon"}, ("warmup",), "none, auto or a duration"),
        ({"warmup": "-1d"}, ("warmup",), "none, auto or a duration"),
        ({"warmup": 7}, ("warmup",), "none, auto or a duration"),
        ({"replications": {"min": 9, "max": 8}}, ("replications",), "min 9 is more than max 8"),
        ({"replications": 0}, ("replications", "min"), "greater than or equal to 1"),
        ({"replications": "many"}, ("replications",), "valid dictionary"),
        ({"replications": True}, ("replications",), "valid dictionary"),
        ({"seed": -1}, ("seed",), "greater than or equal to 0"),
        ({"miss": 0}, ("miss",), "cannot be kept"),
        ({"false_alarm": 1}, ("false_alarm",), "cannot be kept"),
    ],
)
def test_a_run_that_cannot_be_is_refused(run, place, message):
    found, text = faults_of({"workload": {}, "run": run})[0]
    assert found == ("run", *place)
    assert message in text


# Expectations


@pytest.mark.parametrize(
    "expectation",
    [
        {"metric": "count(overstay)", "equals": 0},
        {"metric": "p(overstay)", "equals": 0},
        {"metric": "p(overstay)", "at_most": 0, "margin": 0.1},
        {"metric": "mean(exposure)", "at_most": "400h", "margin": "1h"},
        {"metric": "mean(calls)", "between": [10, 20.5]},
        {"metric": "p95(desk.wait)", "between": ["0s", "5m"], "margin": "10s"},
        {"metric": "share(repeat_calls / calls)", "at_most": 0.2},
        {"metric": "mean(desk.utilisation)", "at_least": 0.2},
        {
            "metric": "count(generate.denied)",
            "at_most": 3,
            "where": {"reason": "code_already_live"},
        },
    ],
)
def test_a_bound_in_the_unit_of_its_metric_is_accepted(expectation):
    scenario = {"id": "x", "workload": {}, "expect": [expectation]}
    assert problems_of(scenario) == []


@pytest.mark.parametrize(
    "expectation",
    [
        {"metric": "delta(p95(desk.wait))", "at_most": "-5m"},
        {"metric": "delta(mean(calls))", "between": [-10, 10]},
        {"metric": "delta(p(time_to_access))", "at_least": -1},
    ],
)
def test_a_difference_may_be_negative(expectation):
    assert problems_of(COMPARISON | {"expect": [expectation]}) == []


@pytest.mark.parametrize(
    ("expectation", "place", "message"),
    [
        ({"metric": "mean(cals)", "at_most": "x"}, ("metric",), "did you mean 'calls'"),
        ({"metric": 5, "at_most": 5}, ("metric",), "expected a metric"),
        ({"metric": "mean(calls)"}, (), "expected one bound"),
        ({"metric": "mean(calls)", "at_most": 5, "at_least": 1}, (), "expected one bound"),
        ({"metric": "p95(desk.wait)", "at_most": 5}, ("at_most",), "is a time"),
        ({"metric": "mean(exposure)", "at_most": 5}, ("at_most",), "is a time"),
        ({"metric": "mean(calls)", "at_most": "5m"}, ("at_most",), "a number, as mean(calls)"),
        ({"metric": "mean(calls)", "at_most": True}, ("at_most",), "a number, as mean(calls)"),
        ({"metric": "mean(calls)", "at_most": 10**400}, ("at_most",), "out of range"),
        ({"metric": "mean(calls)", "at_most": -1}, ("at_most",), "never negative"),
        ({"metric": "p(overstay)", "at_most": 50}, ("at_most",), "from 0 to 1"),
        ({"metric": "p(overstay)", "at_most": 1}, ("at_most",), "nothing is tested"),
        ({"metric": "mean(calls)", "at_least": 0}, ("at_least",), "nothing is tested"),
        ({"metric": "delta(p(calls))", "at_most": 2}, ("at_most",), "from -1 to 1"),
        ({"metric": "mean(calls)", "equals": 0}, ("equals",), "equals can only be 0"),
        ({"metric": "count(calls)", "equals": 3}, ("equals",), "equals can only be 0"),
        ({"metric": "count(calls)", "equals": 0, "margin": 1}, (), "has no margin"),
        ({"metric": "mean(calls)", "between": [5, 5]}, ("between",), "low is below high"),
        ({"metric": "mean(calls)", "between": [5]}, ("between",), "expected [low, high]"),
        ({"metric": "mean(calls)", "at_most": 5, "margin": 0}, ("margin",), "above 0"),
        ({"metric": "p95(desk.wait)", "at_most": "5m", "margin": "-1m"}, ("margin",), "above 0"),
        (
            {"metric": "count(calls)", "at_most": 5, "where": {"reason": "x"}},
            ("where",),
            "cannot be narrowed down",
        ),
    ],
)
def test_an_expectation_that_says_nothing_is_refused(expectation, place, message):
    found, text = only_fault({"workload": {}, "expect": [expectation]})
    assert found == ("expect", 0, *place)
    assert message in text


# What the parts say of each other


@pytest.mark.parametrize("metric", ["p(takeover)", "mean(access)", "max(dwell)"])
def test_nothing_is_expected_of_attackers_who_are_not_there(metric):
    bound = "1h" if "takeover" not in metric else 0.5
    quiet = {"id": "quiet", "workload": {}, "expect": [{"metric": metric, "at_most": bound}]}
    ((place, message),) = problems_of(quiet)
    assert place == ("expect", 0, "metric")
    assert "the workload has no attackers" in message
    attacked = quiet | {"workload": CAMPAIGN["workload"]}
    assert problems_of(attacked) == []


def test_a_comparison_may_bring_the_attackers_by_an_arm():
    quiet = {"id": "quiet", "workload": {}}
    expect = [{"metric": "delta(p(takeover))", "at_most": 0.5}]
    without = comparison(on="quiet") | {"expect": expect}
    assert [place for place, _ in problems_of(without, quiet)] == [("expect", 0, "metric")]
    candidate = {"policy": "strict", "workload": {"attackers.callers.per_day": 1}}
    assert (
        problems_of(comparison(on="quiet", candidate=candidate) | {"expect": expect}, quiet) == []
    )


def test_a_delta_needs_two_arms_and_two_arms_need_a_delta():
    alone = CAMPAIGN | {"expect": [{"metric": "delta(mean(calls))", "at_most": 1}]}
    assert "delta needs two arms" in problems_of(alone)[0][1]
    whose = COMPARISON | {"expect": [{"metric": "mean(calls)", "at_most": 1}]}
    assert "delta(mean(calls))" in problems_of(whose)[0][1]


def test_a_source_is_of_an_input_that_exists():
    scenario = CAMPAIGN | {"workload": {"sources": {"losses.per_user_year": "x", "desk": "x"}}}
    problems = dict(problems_of(scenario | {"expect": []}))
    assert problems.keys() == {
        ("workload", "sources", "losses.per_user_year"),
        ("workload", "sources", "desk"),
    }
    first = problems["workload", "sources", "losses.per_user_year"]
    assert "did you mean 'losses.per_user_per_year'" in first


def test_what_happens_after_the_horizon_is_refused():
    workload = {"horizon": "7d", "outages": [{"at": "1d"}, {"at": "7d"}]}
    scenario = {"id": "x", "workload": workload, "run": {"warmup": "7d"}}
    assert [place for place, _ in problems_of(scenario)] == [
        ("workload", "outages", 1, "at"),
        ("run", "warmup"),
    ]


@pytest.mark.parametrize(
    ("scenario", "places"),
    [
        ({"run": {}}, [("run",)]),
        ({"run": {}, "expect": []}, [("run",), ("expect",)]),
        ({"timeline": [], "expect": []}, [("expect",)]),
        ({"timeline": [], "workload": {}}, [("timeline",)]),
        (COMPARISON | {"workload": {}}, [("workload",)]),
    ],
)
def test_keys_that_do_not_go_together_are_refused(scenario, places):
    found = [place for place, _ in problems_of(scenario) if place[0] != "expect" or place[1:] == ()]
    assert found == places


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ({"on": "calling-campain"}, ("on",), "did you mean 'calling-campaign'"),
        ({"on": "shorter-codes-pay"}, ("on",), "unknown scenario with a workload"),
        ({"baseline": {"policy": "strct"}}, ("baseline", "policy"), "did you mean 'strict'"),
        ({"candidate": {"policy": "salesforce"}}, ("candidate",), "both arms are the same"),
    ],
)
def test_a_comparison_names_what_is_there_and_differs(changes, place, message):
    ((found, text),) = problems_of(comparison(**changes))
    assert found == ("compare", *place)
    assert message in text


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("desk.identity_chek", "callback", "did you mean 'desk.identity_check'"),
        ("desk.identity_check", "calback", "did you mean 'callback'"),
        ("desk.calls_again", 2, "a probability from 0 to 1"),
        ("users.more", 2, "unknown input 'users.more'"),
        ("attackers.callers", {"per_dy": 1}, "unknown"),
        ("users", "many", "'many' does not fit here"),
        ("clocks.west", {"offset": 5}, "no duration"),
    ],
)
def test_a_wrong_change_of_an_arm_is_reported_at_its_key(key, value, message):
    candidate = {"policy": "strict", "workload": {key: value}}
    ((place, text),) = problems_of(comparison(candidate=candidate))
    assert place == ("compare", "candidate", "workload", key)
    assert message in text


def test_whatever_is_wrong_with_the_base_is_not_reported_of_the_comparison():
    broken = CAMPAIGN | {"workload": {"users": 0}}
    assert problems_of(COMPARISON, broken) == []


def test_changes_of_an_arm_leave_the_base_as_it_is():
    base = {"desk": {"admins": 2}}
    assert override(base, {"desk.admins": 9})["desk"]["admins"] == 9
    assert base == {"desk": {"admins": 2}}
    with pytest.raises(ValueError, match=r"unknown input .desk\.admins\.more"):
        override(base, {"desk.admins.more": 1})


def test_a_scenario_of_the_wrong_form_is_not_examined_further():
    assert check_stochastic({"workload": {"users": 0}, "run": 5}, {}) == []


# Measured durations


def measured(folder, name="waits.csv"):
    workload = WorkloadModel.model_validate({"desk": {"handling": {"empirical": name}}})
    return with_measurements(workload, folder)


def faults_of_measured(folder, name="waits.csv"):
    with pytest.raises(InvalidFile) as caught:
        measured(folder, name)
    return [(fault.line, fault.message) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "text", ["duration\n90s\n2m\n", "90s\n2m", "\ufeffDuration\r\n90s\r\n\r\n 2m \r\n"]
)
def test_measured_durations_are_read_with_or_without_a_heading(tmp_path, text):
    (tmp_path / "waits.csv").write_text(text, "utf-8", newline="")
    assert measured(tmp_path).desk.handling == Empirical("waits.csv", (90_000, 120_000))


def test_every_distribution_of_a_workload_may_be_measured_and_the_workload_stays_as_it_is(tmp_path):
    (tmp_path / "waits.csv").write_text("1s\n")
    spread = {"empirical": "waits.csv"}
    workload = WorkloadModel.model_validate(
        {
            "desk": {"patience": spread, "lifetime": spread, "checks": {"video": {"time": spread}}},
            "losses": {"noticed_after": spread},
        }
    )
    before = workload.model_copy(deep=True)
    read = with_measurements(workload, tmp_path)
    assert workload == before
    found = (
        read.desk.patience, read.desk.lifetime, read.desk.checks.video.time,
        read.losses.noticed_after,
    )  # fmt: skip
    assert found == (Empirical("waits.csv", (1_000,)),) * 4
    assert read.desk.handling == workload.desk.handling


def test_each_line_that_is_no_duration_is_reported_at_its_line(tmp_path):
    (tmp_path / "waits.csv").write_text("duration\n90s\nsoon\n-5s\n90\nduration\n")
    first, second, *others = faults_of_measured(tmp_path)
    assert first[0] == 3
    assert "'soon' is no duration" in first[1]
    assert second == (4, "-5s is negative")
    assert [line for line, _ in others] == [5, 6]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no durations"),
        (b"duration\n\n", "holds no durations"),
        (b"\xff\xfe1\x00s\x00", "no text in UTF-8"),
        (b"1s\n" * 3_400_000, "more than 10000000 bytes"),
    ],
    ids=["empty", "only-a-heading", "other-encoding", "giant"],
)
def test_a_file_without_usable_durations_is_reported(tmp_path, content, message):
    (tmp_path / "waits.csv").write_bytes(content)
    ((_, text),) = faults_of_measured(tmp_path)
    assert message in text


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "outside.csv").write_text("1s\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "waits.csv").symlink_to(tmp_path / "outside.csv")
    (inner / "folder").symlink_to(tmp_path)
    for name in ("waits.csv", "folder/outside.csv"):
        ((_, text),) = faults_of_measured(inner, name)
        assert "outside of the scenario's folder" in text


def test_what_is_no_file_is_reported_and_not_waited_for(tmp_path):
    (tmp_path / "one.csv").symlink_to("other.csv")
    (tmp_path / "other.csv").symlink_to("one.csv")
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name, message in (
        ("one.csv", "Too many levels"),
        ("nul\0.csv", "no path of a file"),
        ("folder.csv", "is no file"),
        ("pipe.csv", "is no file"),
        ("gone.csv", "cannot be read: No such file"),
        ("x" * 300 + ".csv", "File name too long"),
    ):
        ((_, text),) = faults_of_measured(tmp_path, name)
        assert re.search(message, text)
