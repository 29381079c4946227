"""Studies in a line run what the commands run, and give the frames that pictures take."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tvc
from tvc.analysis import plots
from tvc.authority.durations import HOUR_MS
from tvc.runs.replications import Asked, Plan, Running, run_arms
from tvc.studies.changes import UnknownArm, read_arm

SMALL = {"users": 400, "horizon": "7d", "losses": {"per_user_per_year": 4}}
BOTH = ["mean(exposure)", "mean(repeat_calls)"]
LIVES = {"day": "salesforce", "hour": "salesforce,lifetime.max=1h"}


@pytest.fixture(scope="module")
def measured():
    return tvc.measure(LIVES, SMALL, BOTH, replications=4, seed=3)


@pytest.fixture(scope="module")
def compared():
    return tvc.compare(*LIVES.values(), SMALL, BOTH, replications=4, seed=3)


@pytest.fixture(scope="module")
def swept():
    lives = {"lifetime.max": ["24h", "1h"]}
    return tvc.sweep("salesforce", SMALL, lives, BOTH, replications=4, seed=3)


def test_arms_measured_compared_and_swept_have_the_same_numbers(measured, compared, swept):
    for metric in BOTH:
        delta = compared[metric]
        assert measured.estimate(metric, "day") == delta.baseline
        assert measured.estimate(metric, "hour") == delta.candidate
        assert measured.delta(metric, "day", "hour") == delta
        in_sweep = swept.frame().query("metric == @metric")["value"].tolist()
        assert in_sweep == [delta.baseline.value, delta.candidate.value]


def test_pairs_are_the_replications_whose_differences_are_estimated(compared):
    pairs = compared.pairs("mean(exposure)")
    assert pairs["replication"].tolist() == [0, 1, 2, 3]
    differences = pairs["candidate"] - pairs["baseline"]
    assert np.isclose(differences.mean(), compared["mean(exposure)"].delta.value)


def test_a_trade_off_has_its_times_in_hours_and_marks_whom_nobody_beats(measured, swept):
    frame = measured.trade_off(*BOTH).set_index("arm")
    exposure = measured.estimate("mean(exposure)", "hour")
    assert frame.loc["hour", "x"] == pytest.approx(exposure.value / HOUR_MS)
    assert frame.loc["hour", "x_high"] == pytest.approx(exposure.high / HOUR_MS)
    assert frame["on_front"].all()  # one is better in exposure, the other in calls
    beaten = measured.trade_off("mean(exposure)", "mean(exposure)").set_index("arm")
    assert beaten["on_front"].to_dict() == {"day": False, "hour": True}
    assert swept.trade_off(*BOTH)["arm"].tolist() == ["24h", "1h"]


def test_pictures_take_the_frames_as_they_are(measured, compared):
    lower = plots.trade_off(measured.trade_off(*BOTH), "code-hours", "calls")
    paired = plots.paired_delta(compared.pairs("mean(repeat_calls)"), measured="calls")
    assert lower.axes
    assert paired.axes


def test_workers_change_no_answer(compared):
    again = tvc.compare(*LIVES.values(), SMALL, BOTH, replications=4, seed=3, workers=2)
    assert again == compared


def test_what_is_asked_wrongly_is_told_in_a_sentence():
    with pytest.raises(UnknownArm, match=r"lifetime\.max"):
        tvc.sweep("salesforce", SMALL, {"lifetime.mx": ["1h"]}, BOTH, replications=2)
    with pytest.raises(UnknownArm, match="salesforce"):
        tvc.measure(["salesfarce"], SMALL, BOTH, replications=2)
    with pytest.raises(ValueError, match="repeat_calls"):
        tvc.compare(*LIVES.values(), SMALL, ["mean(repeat_call)"], replications=2)


def test_a_metric_that_was_not_measured_is_named_with_those_that_were(compared):
    with pytest.raises(LookupError, match=r"mean\(calls\) was not measured; there are mean\(exp"):
        compared["mean(calls)"]


def test_with_a_precision_no_more_is_run_than_every_interval_takes():
    few = tvc.measure(LIVES, SMALL, ["mean(calls)"], replications=200, precision=0.1, seed=3)
    assert 10 < few.replications < 200
    for arm in LIVES:
        found = few.estimate("mean(calls)", arm)
        assert found.high - found.low <= 2 * 0.1 * found.value
    same = tvc.measure(LIVES, SMALL, ["mean(calls)"], replications=few.replications, seed=3)
    assert same.frame().equals(few.frame())


@pytest.mark.parametrize("metric", ["mean(calls)", "p95(desk.wait)"])
def test_what_never_gets_precise_is_run_as_often_as_was_allowed(metric):
    # Where the desk is closed, no call has a wait, and what has no value no interval.
    closed = SMALL | {"desk": {"admins": 0}} if metric.startswith("p95") else SMALL
    lives = {"lifetime.max": ["1h"]}
    found = tvc.sweep("salesforce", closed, lives, [metric], replications=12, precision=0.001)
    assert found.replications == 12


def test_who_stops_when_it_is_precise_goes_on_from_a_folder_to_the_same(tmp_path):
    arms = [read_arm(text, SMALL, Path()) for text in LIVES.values()]
    asked = [Asked.read("mean(calls)")]
    plan = Plan(60, 3, precision=0.15, running=Running(results=tmp_path / "kept"))
    first = run_arms("s", arms, asked, plan)
    again = run_arms("s", arms, asked, replace(plan, running=replace(plan.running, resume=True)))
    assert again == first
    assert len(first[0]) < 60
