"""``tvc compare`` and ``tvc sweep``: what they print, what they leave with, what they refuse."""

import csv
import io
import json
import shlex
import signal
from pathlib import Path

import pandas as pd
import pytest

from tvc.runs import replications, spreading
from tvc.runs.arms import replicate
from tvc.studies import divergence
from tvc.studies.divergence import diverge_number

LOAD = """\
tvc: 1
policies:
  brief: {extends: salesforce, set: {lifetime.max: 2h}}
scenarios:
  - id: load
    policy: salesforce
    workload:
      users: 400
      horizon: 7d
      losses: {per_user_per_year: 4}
      attackers: {callers: {per_day: 1}}
    run: {replications: 4, seed: 1}
  - id: quiet
    policy: brief
    workload: {users: 300, horizon: 7d}
  - id: arms
    compare: {baseline: {policy: salesforce}, candidate: {policy: brief}, on: load}
  - id: played
    policy: salesforce
    timeline: [{at: 0s, do: lose_device, by: ana}]
people: {ana: {}}
"""
SHORT = "salesforce,lifetime.max=4h"
ON = ("--on", "load.tvc.yaml::load", "-n", "3")


@pytest.fixture(autouse=True)
def load(write):
    """A folder with a load to compare on."""
    write(load=LOAD)


def test_a_comparison_prints_its_finding_its_intervals_its_pairs_and_its_assumptions(call):
    done = call("compare", "salesforce", SHORT, *ON)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == f"load.tvc.yaml::load: salesforce -> {SHORT}"
    assert lines[2].startswith(f"{SHORT}: ")
    assert "code-hours live -" in lines[2]
    assert any(line.startswith("mean(repeat_calls)") for line in lines)
    assert any("requests newly allowed" in line for line in lines)
    assert lines[-1].endswith("inputs are assumptions (`tvc simulate --inputs` lists them)")


def test_a_policy_of_the_scenarios_file_is_an_arm(call):
    done = call("compare", "salesforce", "brief", *ON, "-f", "json", "--metric", "mean(exposure)")
    report = json.loads(done.out)
    assert report["schema"] == "tvc.compare/1"
    assert report["arms"]["candidate"]["name"] == "brief"
    assert report["metrics"][0]["delta"] < 0
    assert report["differences"]["newly_denied"] > 0


def test_numbers_are_the_same_whatever_the_form_and_the_engine(call, monkeypatch):
    # So little work is not worth the start of processes otherwise.
    monkeypatch.setattr(spreading, "_WORTH_S", 0.0)
    words = ("compare", "salesforce", SHORT, *ON)
    report = json.loads(call(*words, "-f", "json").out)
    rows = list(csv.DictReader(io.StringIO(call(*words, "-f", "csv").out)))
    processes = call(*words, "-f", "json", "--engine", "processes", "--workers", "2")
    assert json.loads(processes.out) == report
    assert [row["metric"] for row in rows] == [row["metric"] for row in report["metrics"]]
    for row, told in zip(rows, report["metrics"], strict=True):
        if told["delta"] is not None:
            assert float(row["delta"]) == pytest.approx(told["delta"], rel=1e-12)


def test_another_seed_is_other_people(call):
    words = ("compare", "salesforce", SHORT, *ON, "-f", "json")
    one, same, other = (json.loads(call(*words, "--seed", seed).out) for seed in (1, 1, 2))
    assert one == same
    assert one["metrics"] != other["metrics"]


def test_more_newly_allowed_than_may_be_misses_the_gate(call):
    words = ("compare", "salesforce", SHORT, *ON, "-f", "json")
    allowed = json.loads(call(*words).out)["differences"]["newly_allowed"]
    assert allowed > 0
    missed = call(*words, "--max-newly-allowed", allowed - 1)
    assert missed.code == 7
    assert f"{allowed} requests are newly allowed" in missed.err
    assert call(*words, "--max-newly-allowed", allowed).code == 0


def test_examples_are_scenario_files_that_pass(call):
    done = call("compare", "salesforce", SHORT, *ON, "--example", "shown")
    files = sorted(Path("shown").glob("*.tvc.yaml"))
    assert [file.name.partition(".")[0] for file in files] == [
        "earlier", "later", "newly_allowed", "newly_denied",
    ]  # fmt: skip
    assert all(f"in {file}" in done.out for file in files)
    assert call("test", "shown").code == 0


def test_an_interrupted_study_goes_on_and_a_folder_in_use_is_refused(call):
    words = ("compare", "salesforce", SHORT, *ON, "-f", "json", "--results", "kept")
    first = call(*words)
    assert list(Path("kept").glob("part-*.parquet"))
    refused = call(*words)
    assert (refused.code, "--resume" in refused.err) == (4, True)
    next(Path("kept").glob("part-*")).unlink()
    assert call(*words, "--resume").out == first.out
    other = call("compare", "salesforce", "strict", *ON, "--results", "kept", "--resume")
    assert (other.code, "other inputs" in other.err) == (4, True)


def test_a_study_that_is_interrupted_says_how_to_go_on(call, monkeypatch):
    words = ("compare", "salesforce", SHORT, *ON, "-f", "json", "--results", "kept here")
    numbers = []

    def interrupted(arm, seed, number, warmup_ms):
        numbers.append(number)
        if len(numbers) == 3:
            signal.raise_signal(signal.SIGINT)
        return replicate(arm, seed, number, warmup_ms)

    with monkeypatch.context() as patch:
        patch.setattr(replications, "replicate", interrupted)
        stopped = call(*words)
    assert (stopped.code, stopped.out) == (2, "")
    told, last = stopped.err.splitlines()
    assert last == "tvc: interrupted"
    kept, _, go_on = told.partition("; to go on: ")
    assert kept == "tvc: what is finished is kept in kept here"
    assert shlex.split(go_on) == ["tvc", *words, "--resume"]
    # The one that was under way is whole.
    assert len(pd.read_parquet(next(Path("kept here").glob("part-*")))) == 3
    resumed = call(*words, "--resume")
    assert resumed.code == 0
    assert resumed.out == call(*words[:-2]).out


def test_a_comparison_that_is_interrupted_amid_its_pairs_is_none(call, monkeypatch):
    def interrupted(*words):
        signal.raise_signal(signal.SIGINT)
        return diverge_number(*words)

    monkeypatch.setattr(divergence, "diverge_number", interrupted)
    stopped = call("compare", "salesforce", SHORT, *ON)
    assert (stopped.code, stopped.out, stopped.err) == (2, "", "tvc: interrupted\n")


def test_what_would_flip_the_choice_is_told_beside_the_comparison(call):
    done = call("compare", "salesforce", SHORT, "--on", "load.tvc.yaml::quiet", "-n", "2",
                "--metric", "mean(exposure)", "--flip", "mean(exposure)")  # fmt: skip
    assert done.code == 0
    assert "What would flip the choice by mean(exposure)" in done.out
    assert "assumptions were tried" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("salesforce", "salesforc", *ON), "did you mean 'salesforce'"),
        (("salesforce", "salesforce,lifetme.max=4h", *ON), "did you mean 'lifetime.max'"),
        (("salesforce", "salesforce,desk.admin=4", *ON), "did you mean 'desk.admins'"),
        (("salesforce", "salesforce", *ON), "both arms are the same"),
        (("salesforce", "strict", "--on", "nowhere.tvc.yaml"), "no such file"),
        (("salesforce", "strict", "--on", "load.tvc.yaml"), "several workloads"),
        (("salesforce", "strict", "--on", "load.tvc.yaml::lod"), "did you mean 'load'"),
        (("salesforce", "strict", "--on", "load.tvc.yaml::arms"), "load.tvc.yaml::load"),
        (("salesforce", "strict", "--on", "load.tvc.yaml::played"), "is a timeline"),
        (("salesforce", "strict", *ON, "--metric", "mean(cals)"), "did you mean 'calls'"),
        (("salesforce", "strict", *ON, "--workers", "2"), "--engine processes"),
        (("salesforce", "strict", *ON, "--engine", "dask"), "--scheduler"),
        (("salesforce", "strict", *ON, "--resume"), "--results"),
        (("salesforce", "strict", "--on", "load.tvc.yaml::quiet", "--metric", "p(takeover)"),
         "no attackers"),
    ],
)  # fmt: skip
def test_a_comparison_that_cannot_be_is_refused_with_a_sentence(call, words, said):
    done = call("compare", *words)
    assert (done.code, done.out) == (4, "")
    assert said in " ".join(done.err.split())
    assert "Traceback" not in done.err


# Sweeps


def test_a_sweep_prints_a_row_a_combination_and_writes_the_table(call):
    words = ("sweep", "load.tvc.yaml::load", "--vary", "lifetime.max=4h,24h", "-n", "3",
             "--metric", "mean(exposure)")  # fmt: skip
    done = call(*words, "--vary", "desk.admins=1..2", "-o", "table.csv")
    assert done.code == 0
    rows = list(csv.DictReader(io.StringIO(Path("table.csv").read_text("utf-8"))))
    assert [(row["lifetime.max"], row["desk.admins"]) for row in rows] == [
        ("4h", "1"), ("4h", "2"), ("24h", "1"), ("24h", "2"),
    ]  # fmt: skip
    assert sum("mean(exposure)" in line for line in done.out.splitlines()) == 4
    call(*words, "-o", "table.parquet")
    assert Path("table.parquet").read_bytes()[:4] == b"PAR1"


def test_a_front_says_what_is_less_and_what_is_more(call):
    done = call("sweep", "load.tvc.yaml::load", "--vary", "lifetime.max=4h,24h", "-n", "2",
                "--front", "mean(exposure),max:mean(codes.live)")  # fmt: skip
    assert "Front: 2 of 2 combinations" in done.out
    assert "less mean(exposure)" in done.out
    assert "more mean(codes.live)" in done.out


def test_questions_are_answered_in_their_first_line(call):
    on = ("sweep", "load.tvc.yaml::load", "-n", "3")
    solved = call(*on, "--solve", "desk.admins=1..4", "--for", "mean(desk.wait) <= 1h").out
    assert solved.startswith("desk.admins = 1 is the smallest that surely keeps")
    even = call(*on, "--break-even", "mean(exposure)", "--input", "desk.admins=1..3",
                "--arms", "salesforce", SHORT).out  # fmt: skip
    assert even.startswith(f"None within the range: {SHORT} has less mean(exposure)")
    assert "the same people and days everywhere (seed 1)" in even


def test_a_tornado_names_what_matters(call):
    done = call("sweep", "load.tvc.yaml::quiet", "-n", "2", "--tornado", "mean(sign_ins)")
    assert done.code == 0
    assert done.out.startswith("How mean(sign_ins) changes with each assumption")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say one of --vary, --tornado, --break-even and --solve"),
        (("--vary", "desk.admins=1,2", "--tornado", "mean(calls)"), "say one of"),
        (("--vary", "desk.admin=1,2"), "did you mean 'desk.admins'"),
        (("--vary", "desk.admins=2..1"), "low is below high"),
        (("--vary", "desk.admins=1,2", "--front", "mean(calls)"), "two metrics"),
        (("--vary", "desk.admins=1,2", "-o", "table.txt"), ".csv or .parquet"),
        (("--vary", "horizon=1d,2d"), "stays the file's"),
        (("--solve", "desk.admins=1..3"), "--solve needs --for"),
        (("--solve", "desk.admins=1..3", "--for", "mean(calls)"), "expected METRIC <= VALUE"),
        (("--break-even", "mean(calls)", "--input", "desk.admins=1..2"), "needs --arms"),
        (("--tornado", "mean(calls)", "--for", "mean(calls) <= 3"), "--for goes with --solve"),
        (("--tornado", "delta(mean(calls))"), "name what each arm has"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_with_a_sentence(call, words, said):
    done = call("sweep", "load.tvc.yaml::load", *words)
    assert (done.code, done.out) == (4, "")
    assert said in " ".join(done.err.split())
    assert "Traceback" not in done.err
