"""Two arms on the same people: what differs is the candidate's doing, and nothing else."""

from math import inf, isinf, nan
from pathlib import Path

import numpy as np
import pytest

from tvc.authority.policy import KNOBS
from tvc.domain.distributions import spell_distribution
from tvc.domain.workload import inputs
from tvc.runs.arms import replicate
from tvc.runs.replications import Asked, Plan, Running, run_arms
from tvc.runs.store import StoreRefused
from tvc.runs.tasks import ReplicationFailed
from tvc.studies.changes import UnknownArm, known_keys, read_arm, split_top
from tvc.studies.comparison import compare, default_metrics, difference, estimate
from tvc.studies.comparison_text import comparison_lines, finding
from tvc.trace.measures.catalogue import MEASURES
from tvc.trace.measures.metrics import parse_metric

DAY_MS = 86_400_000
SMALL = {"users": 800, "horizon": "14d", "losses": {"per_user_per_year": 2.0}}
#: Ten users without a method all day; nobody waits, and nothing else happens.
BY_HAND = {
    "users": 10,
    "horizon": "24h",
    "drain": "24h",
    "losses": {"per_user_per_year": 0.0},
    "leavers": {"per_user_per_year": 0.0},
    "outages": [{"at": "8h", "share": 1.0, "lasts": "20h"}],
    "work": {"starts": {"fixed": "9h"}, "code_forgotten": 0.0},
    "channel": {"voice": {"delay": {"fixed": "30s"}}},
    "device": {"expired_afterwards": 0.0},
    "desk": {"admins": 10, "handling": {"fixed": "10m"}, "losses_per_admin_per_year": 0.0},
}
ATTACKED = SMALL | {"attackers": {"callers": {"per_day": 1}}}


def arm(text, workload=SMALL):
    return read_arm(text, workload, Path())


def asked(*texts):
    return [Asked.read(text) for text in texts]


# Arms


def test_no_key_is_a_knob_and_an_input():
    assert not {knob.key for knob in KNOBS} & set(inputs())
    assert len(set(known_keys())) == len(known_keys())


def test_an_arm_changes_its_policy_and_its_workload_and_not_what_it_was_made_from():
    workload = {"users": 100, "desk": {"admins": 1}}
    found = arm("strict,lifetime.max=2h,desk.admins=7,desk.handling={fixed: 1m}", workload)
    assert found.policy.lifetime.max_ms == 2 * 3_600_000
    assert found.workload.desk.admins == 7
    assert spell_distribution(found.workload.desk.handling) == {"fixed": "1m"}
    assert workload == {"users": 100, "desk": {"admins": 1}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("salesforc", "did you mean 'salesforce'"),
        ("salesforce,lifetme.max=4h", "did you mean 'lifetime.max'"),
        ("salesforce,desk.admin=3", "did you mean 'desk.admins'"),
        ("salesforce,desk.identity_check=calback", "did you mean 'callback'"),
        ("salesforce,lifetime.max=30m", "lifetime.min (1h) is longer than lifetime.max (30m)"),
        ("salesforce,desk.admins=some", "a whole number"),
        ("salesforce,desk.admins=-1", "at least 0"),
        ("salesforce,desk.calls_again=2", "a probability from 0 to 1"),
        ("salesforce,every_sign_in=2", "true or false"),
        ("salesforce,desk.admins=1,desk.admins=2", "given twice"),
        ("salesforce,desk.admins", "expected KEY=VALUE"),
        ("salesforce,desk.admins=[", "never closed"),
        ("salesforce,horizon=3d", "stays the file's"),
        ("lifetime.max=4h", "begins with a policy"),
        ("none.yaml", "no such policy file"),
    ],
)
def test_an_arm_that_cannot_be_is_refused_with_a_sentence(text, said):
    with pytest.raises(UnknownArm) as refused:
        arm(text)
    assert said in str(refused.value)


def test_separators_inside_of_brackets_and_quotes_separate_nothing():
    assert split_top("a={b: [1, 2]},c='x,y'") == ["a={b: [1, 2]}", "c='x,y'"]


# Pairs


def test_arms_that_differ_by_name_alone_differ_in_nothing():
    found = compare(arm("salesforce"), arm("salesforce,desk.admins=3"), None, Plan(4, seed=3))
    assert [delta.asked for delta in found.deltas] == default_metrics([arm("salesforce")])
    for delta in found.deltas:
        assert repr(delta.baseline) == repr(delta.candidate)  # NaN is as good as NaN
        assert delta.delta.value == 0 or delta.delta.missing == 4, delta.asked
        assert delta.delta.sign == 0


def test_ten_minutes_more_at_the_desk_are_ten_minutes_more_without_access():
    metrics = asked("mean(time_to_access)", "mean(locked_out)", "mean(calls)")
    arms = arm("salesforce", BY_HAND), arm("salesforce,desk.handling={fixed: 20m}", BY_HAND)
    access, locked_out, calls = compare(*arms, metrics, Plan(3, seed=1)).deltas
    assert (access.baseline.value, access.candidate.value) == (630_000, 1_230_000)
    assert (access.delta.value, access.delta.low, access.delta.high) == (600_000,) * 3
    assert locked_out.delta.value == 10 * 600_000
    assert (calls.baseline.value, calls.delta.value) == (10, 0)


def test_the_pairs_are_those_of_the_seed_and_the_replications():
    metrics = asked("mean(calls)", "mean(exposure)")
    arms = arm("salesforce"), arm("strict")
    found = compare(*arms, metrics, Plan(3, seed=7))
    for delta in found.deltas:
        values = [
            [replicate(of, 7, number).value(delta.asked.metric) for number in range(3)]
            for of in arms
        ]
        assert delta.baseline.value == pytest.approx(np.mean(values[0]), rel=1e-12)
        assert delta.delta.value == pytest.approx(np.mean(np.subtract(*values[::-1])), rel=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pairing_on_the_same_people_makes_the_interval_of_a_difference_narrow(seed):
    arms = arm("salesforce"), arm("salesforce,lifetime.max=4h")
    (one,) = asked("mean(calls)")
    rows = run_arms("x", arms, [one], Plan(12, seed))
    first, second = (one.values(of_arm) for of_arm in rows)
    paired = np.var(difference(first, second), ddof=1)
    apart = np.var(first, ddof=1) + np.var(second, ddof=1)
    assert paired < apart / 2


def test_a_share_is_the_ratio_of_totals_and_its_parts_average_to_it():
    (one,) = asked("share(repeat_calls / calls)")
    (rows,) = run_arms("x", [arm("salesforce")], [one], Plan(6, seed=1))
    part, whole = (sum(row[column] for row in rows) for column in one.columns)
    assert 0 < part < whole
    assert one.values(rows).mean() == pytest.approx(part / whole, rel=1e-12)


def test_what_is_narrowed_down_is_narrowed_down():
    everything, some = asked("mean(generate.denied)", "mean(generate.denied){reason=rate_limited}")
    policy = "salesforce,rates.subject.limit=1,rates.subject.per=2d"
    (rows,) = run_arms("x", [arm(policy)], [everything, some], Plan(3, seed=1))
    assert 0 < some.values(rows).sum() < everything.values(rows).sum()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mean(cals)", "did you mean 'calls'"),
        ("delta(mean(calls))", "name what each arm has"),
        ("count(newly_allowed)", "of two arms"),
        ("mean(calls){reason=x}", "cannot be narrowed down"),
    ],
)
def test_a_metric_that_no_arm_has_is_refused(text, said):
    with pytest.raises(ValueError, match=r".") as refused:
        Asked.read(text)
    assert said in str(refused.value)


# Estimates


def test_a_value_that_never_ends_leaves_no_interval_and_no_sign():
    found = estimate(np.array([1.0, 2.0, inf]))
    assert isinf(found.value)
    assert (found.low, found.high, found.sign) == (-inf, inf, 0)


def test_pairs_without_a_value_are_counted_and_leave_the_sign_open():
    few, many = np.full(40, 3.0), np.full(40, 3.0)
    few[0] = many[:3] = nan
    few[1], many[4] = 3.5, 3.5
    assert (estimate(few).missing, estimate(few).sign) == (1, 1)
    assert (estimate(many).missing, estimate(many).sign) == (3, 0)


def test_nothing_is_known_from_one_replication_and_from_none():
    assert estimate(np.array([5.0])).sign == estimate(np.array([nan])).sign == 0


def test_a_share_of_replications_stays_between_0_and_1_and_is_never_sure_without_spread():
    for ones in range(6):
        values = np.array([1.0] * ones + [0.0] * (5 - ones))
        found = estimate(values, (0.0, 1.0))
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high
    assert estimate(np.zeros(5), (-1.0, 1.0)).high > 0.4


def test_two_that_never_end_differ_by_nobody_knows_how_much():
    found = difference(np.array([inf, inf, 1.0]), np.array([inf, 1.0, inf]))
    assert np.isnan(found[0])
    assert found[1:].tolist() == [-inf, inf]


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_of_a_difference_covers_the_truth_as_often_as_it_says(seed):
    generator = np.random.default_rng(seed)
    covered, trials = 0, 600
    for _ in range(trials):
        shared = generator.exponential(5, 20)
        pair = shared, shared + generator.normal(0.7, 1.0, 20)
        found = estimate(difference(*pair))
        covered += found.low <= 0.7 <= found.high
    assert abs(covered - 0.95 * trials) <= 4 * (trials * 0.95 * 0.05) ** 0.5


# Frames and text


def test_the_frame_has_a_row_a_metric_and_times_in_milliseconds():
    found = compare(arm("salesforce"), arm("strict"), None, Plan(2, seed=1)).frame()
    assert list(found.columns) == [
        "metric", "where", "unit", "baseline", "candidate", "delta", "low", "high", "replications",
    ]  # fmt: skip
    units = dict(zip(found["metric"], found["unit"], strict=True))
    assert units["mean(exposure)"] == units["p95(desk.wait)"] == "ms"
    assert units["mean(calls)"] == "count"


def test_every_measure_is_compared_and_those_of_attackers_where_somebody_attacks():
    quiet = {str(one) for one in default_metrics([arm("salesforce")])}
    attacked = {str(one) for one in default_metrics([arm("salesforce", ATTACKED)])}
    assert {f"mean({name})" for name in MEASURES} | {"p(takeover)"} <= attacked
    assert set(attacked - quiet) == {
        "mean(takeover)", "mean(access)", "mean(dwell)", "p(takeover)",
    }  # fmt: skip
    assert all(parse_metric(text) for text in attacked)


def test_the_finding_tells_what_is_sure_from_what_is_not_and_says_it_by_the_week():
    arms = arm("salesforce", ATTACKED), arm("salesforce,lifetime.max=4h", ATTACKED)
    found = compare(*arms, None, Plan(10, seed=1))
    text = finding(found, 14 * DAY_MS)
    sure, _, unsure = text.partition("not surely different")
    by_name = {str(delta.asked): delta for delta in found.deltas}
    assert by_name["mean(exposure)"].delta.sign == -1
    assert "code-hours live -" in sure
    assert ("the chance of a takeover" in unsure) == (by_name["p(takeover)"].delta.sign == 0)
    hours = by_name["mean(exposure)"].delta.value / 3_600_000 / 2
    assert f"{abs(hours):.3g}"[:3].rstrip(".") in sure.replace(",", "")
    lines = comparison_lines(found, 14 * DAY_MS)
    assert all(any(line.startswith(name) for line in lines) for name in by_name)


# Engines and folders


def test_processes_give_what_this_process_gives():
    arms = arm("salesforce"), arm("strict")
    here = compare(*arms, None, Plan(3, seed=1))
    there = compare(*arms, None, Plan(3, seed=1, running=Running("processes", 2)))
    assert here.frame().equals(there.frame())


def test_a_folder_goes_on_where_it_was_left_and_takes_no_other_study(tmp_path):
    arms = arm("salesforce"), arm("strict")
    metrics = asked("mean(calls)")
    folder = tmp_path / "study"
    first = compare(*arms, metrics, Plan(3, 1, running=Running(results=folder)))
    next(folder.glob("part-*")).unlink()
    again = Plan(3, 1, running=Running(results=folder, resume=True))
    assert compare(*arms, metrics, again).frame().equals(first.frame())
    with pytest.raises(StoreRefused):
        compare(*arms, asked("mean(exposure)"), again)
    with pytest.raises(StoreRefused):
        compare(*arms, metrics, Plan(3, 1, running=Running(results=folder)))


def test_a_replication_that_fails_is_named(monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError("out of paper")

    monkeypatch.setattr("tvc.runs.replications.replicate", fail)
    with pytest.raises(ReplicationFailed, match="replication 0 of salesforce failed"):
        run_arms("x", [arm("salesforce")], asked("mean(calls)"), Plan(2, seed=1))
