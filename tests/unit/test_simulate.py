"""A run of a workload: what people read of it, what is kept, and that it is the same again."""

# ruff: noqa: E501 - the lines of scenario files are as long as they are

import json
import os
import pickle
import pty
import re
import select
import signal
import subprocess
import sys
import termios
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import tvc
from tvc.authority.policy import KNOBS, Policy
from tvc.domain.distributions import Empirical
from tvc.domain.workload import WorkloadModel
from tvc.files.policies import load_shipped, shipped_policies
from tvc.files.scenarios import load_scenarios
from tvc.files.stochastic import read_stochastic
from tvc.runs.arms import Arm, replicate
from tvc.runs.replications import Asked, Plan, run_arms
from tvc.runs.results import (
    FRAMES,
    FolderRefused,
    NotARun,
    claim_folder,
    describe,
    policy_from_values,
    read_run,
    rerun,
    write_results,
)
from tvc.studies.divergence import diverge
from tvc.studies.expectations import find_warmup
from tvc.studies.summary_text import inputs_lines, spell_value, summary_lines
from tvc.trace.measures.catalogue import MEASURES, Unit, grouped
from tvc.world.kernel import Kernel
from tvc.world.simulation import NotComplete, as_workload, simulate

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHIPPED = [
    "lost_phones", "outage_monday", "renewal_day", "calling_campaign", "drifting_clocks", "leavers",
]  # fmt: skip

#: Ten users whose methods fail all day on a Monday; all else is fixed, or never happens.
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
    "sources": {"users": "counted", "desk.handling": "measured in 2026"},
}
#: Enough of everything for a digest to depend on.
BUSY = {
    "users": 300,
    "horizon": "7d",
    "losses": {"per_user_per_year": 15.0},
    "attackers": {"callers": {"per_day": 2.0}},
    "clocks": {"west": {"offset": "-90s", "drift_ppm": 20}},
}

FILE = """\
tvc: 1
policies:
  short: {set: {lifetime.max: 2h}}
people: {sam: {role: admin}, ana: {}}
scenarios:
  - id: month
    policy: short
    workload:
      users: 200
      horizon: 7d
      losses: {per_user_per_year: 10}
      sources: {users: "HR, 2026"}
    run: {seed: 7}
    expect: [{metric: mean(calls), at_most: 1000, margin: 10}]
"""
TIMELINE = """\
  - id: steps
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h}
"""
COMPARISON = """\
  - id: versus
    compare: {baseline: {policy: salesforce}, candidate: {policy: strict}, on: month}
    expect: [{metric: delta(mean(calls)), at_most: 1000, margin: 10}]
"""
SECOND = """\
  - id: quarter
    workload: {users: 100, horizon: 30d}
"""
LONG = """\
tvc: 1
scenarios:
  - id: long
    workload: {users: 300000, horizon: 90d, attackers: {callers: {per_day: 20}}}
"""


@pytest.fixture(scope="module")
def busy():
    return simulate("salesforce", BUSY, seed=3)


def row_of(text, name):
    """The first row of a name: the words after it."""
    return re.search(rf"^ *{re.escape(name)}  +(.*)$", text, re.MULTILINE)[1].split("  ")[0]


# What people read


def test_the_summary_of_a_run_that_can_be_worked_out_by_hand_says_what_it_comes_to():
    # All sign in at 9, are told by an admin each until 9:10, and have the code half a minute later.
    text = "\n".join(summary_lines(simulate("salesforce", BY_HAND)))
    spells, _, rest = text.partition("locked_out")
    assert row_of(spells, "time_to_access") == "10"
    assert row_of(spells, "mean") == "10m30s"
    assert row_of(spells, "max") == "10m30s"
    assert row_of(rest, "calls") == "10"
    assert row_of(rest, "desk.minutes") == "100m"
    # 100 minutes of ten admins' ten hours
    assert row_of(rest, "desk.utilisation") == "1.7%"
    assert row_of(rest, "codes.generated") == "10"
    assert row_of(rest, "exposure") == "240h"
    assert row_of(rest, "authenticator, denied, device_unavailable") == "10"
    assert "users      10, with 10 incidents" in text
    assert "measured   24h, and 24h more for what began in them" in text
    assert "Attackers: none in this workload" in text


def test_every_measure_has_its_place_in_the_summary(busy):
    text = "\n".join(summary_lines(busy))
    assert sorted(one.name for group in grouped().values() for one in group) == sorted(MEASURES)
    for heading, measures in grouped().items():
        assert f"\n{heading}\n" in text
        for measure in measures:
            assert re.search(
                rf"^  {re.escape(measure.name)} .*{re.escape(measure.meaning)}$", text, re.M
            )
    assert busy.digest in text


@pytest.mark.parametrize(
    ("value", "unit", "total", "text"),
    [
        (4_321_000, Unit.MS, False, "1h12m"),
        (90_000, Unit.MS, False, "1m30s"),
        (999, Unit.MS, False, "999ms"),
        (3_599_900, Unit.MS, False, "1h"),
        (200_000_000, Unit.MS, False, "2d8h"),
        (36_000_000_000, Unit.HOURS, True, "10,000h"),
        (90_000_000, Unit.MINUTES, True, "1,500m"),
        (1_234_567, Unit.COUNT, False, "1,234,567"),
        (6.183, Unit.COUNT, False, "6.18"),
        (0.0396, Unit.SHARE, False, "4.0%"),
        (float("nan"), Unit.MS, False, "none"),
        (float("inf"), Unit.MS, False, "not over"),
    ],
)
def test_values_are_spelt_with_their_unit(value, unit, total, text):
    assert spell_value(value, unit, total=total) == text


def test_inputs_stand_beside_their_source_and_what_is_left_is_counted_as_assumed():
    run = simulate("salesforce", BY_HAND)
    lines = inputs_lines(run)
    text = "\n".join(lines)
    assert re.search(r"^  desk\.handling +\{fixed: 10m\} +.*: measured in 2026$", text, re.M)
    assert re.search(r"^  desk\.admins +10 +people: assumption$", text, re.M)
    # A source speaks for a shipped default, too.
    assert re.search(r"^  users +10 +people: counted$", text, re.M)
    counted = int(re.search(r"^(\d+) other inputs are shipped defaults: assumption", text, re.M)[1])
    every = inputs_lines(run, every=True)
    listed = every[every.index("Shipped defaults") + 1 : -2]
    assert counted == sum(line.endswith(": assumption") for line in listed) > 40
    assert len(listed) + len(lines) - 3 == len(run.inputs)


# What is kept


def keep(run, folder, scenario, **words):
    with claim_folder(folder) as claimed:
        write_results(run, claimed, scenario, **words)


def claim(folder):
    with claim_folder(folder):
        pass


def test_the_results_hold_every_frame_and_enough_to_run_it_again(busy, tmp_path):
    folder = tmp_path / "deep" / "results"
    keep(busy, folder, "a.tvc.yaml::busy")
    assert {file.name for file in folder.iterdir()} == {
        "run.json", *(f"{name}.parquet" for name in FRAMES)
    }  # fmt: skip
    for name in FRAMES:
        written, held = pd.read_parquet(folder / f"{name}.parquet"), getattr(busy, name)
        assert list(written.columns) == list(held.columns), name
        assert len(written) == len(held) > 0, name
    recorded = read_run(folder / "run.json")
    assert recorded.workload == busy.workload
    assert (recorded.policy, recorded.policy.name) == (busy.policy, "salesforce")
    assert recorded.complete
    assert rerun(recorded).digest == recorded.digest == busy.digest


def test_a_run_with_measured_durations_runs_again_without_their_file(tmp_path):
    spread = Empirical("calls.csv", (60_000, 120_000, 600_000))
    workload = {**BUSY, "desk": {"handling": spread, "approval": spread}}
    run = simulate("strict", workload, seed=2, warmup_ms=86_400_000)
    keep(run, tmp_path, "measured")
    recorded = read_run(tmp_path / "run.json")
    assert recorded.workload.desk.handling == spread
    assert recorded.warmup_ms == 86_400_000
    assert rerun(recorded).digest == run.digest


def test_the_command_reads_measured_durations_once_and_reruns_without_them(folder, call):
    (folder / "calls.csv").write_text("duration\n4m\n5m\n20m\n")
    given = FILE.replace(
        "horizon: 7d", "horizon: 7d\n      desk: {handling: {empirical: calls.csv}}"
    )
    (folder / "a.tvc.yaml").write_text(given)
    ran = call("simulate", "a.tvc.yaml", "--results", "r")
    assert ran.code == 0, ran.err
    (folder / "calls.csv").unlink()
    assert "Identical" in call("simulate", "--rerun", "r/run.json").out
    gone = call("simulate", "a.tvc.yaml")
    assert gone.code == 4
    assert "calls.csv" in gone.err


@pytest.mark.parametrize("name", shipped_policies())
def test_a_policy_survives_its_way_through_json(name):
    policy = load_shipped(name).policy
    values = json.loads(json.dumps(policy.values()))
    again = policy_from_values(name, values)
    assert again == policy
    assert [rate.name for rate in again.rates] == [rate.name for rate in policy.rates]
    assert len(values) >= len(KNOBS)


def test_results_replace_earlier_ones_and_what_a_killed_run_left(busy, tmp_path):
    keep(busy, tmp_path, "first")
    (tmp_path / ".calls.parquet.0f3a9c77.part").write_text("half")
    (tmp_path / "..trace.parquet.0f3a9c77.part.51b2e809.part").write_text("half")
    (tmp_path / ".run.json.0f3a9c77.part").write_text("{")
    (tmp_path / ".tvc.lock").touch()
    keep(busy, tmp_path, "second", trace="none")
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"run.json", *(f"{name}.parquet" for name in FRAMES if name != "events")}
    assert read_run(tmp_path / "run.json").scenario == "second"


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FolderRefused, match=r"notes\.txt"):
        claim(tmp_path)
    with pytest.raises(FolderRefused, match="no folder"):
        claim(tmp_path / "notes.txt")
    other = tmp_path / "other"
    other.mkdir()
    for schema in ("tvc.study/1", "tvc.run/1"):
        (other / "run.json").write_text(json.dumps({"schema": schema}))
        (other / "codes.parquet").write_text("theirs")
        if schema == "tvc.run/1":
            claim(other)
        else:
            with pytest.raises(FolderRefused, match="schema"):
                claim(other)
    assert (other / "codes.parquet").read_text() == "theirs"
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "tvc.run/2"},
        {"policy": {"name": "x", "digest": "0", "values": {}}},
        {"policy": {"name": "x"}},
        {"workload": {"users": -1}},
        {"workload": {"desk": {"handling": {"empirical": "gone.csv"}}}},
        {"measurements_ms": []},
        {"seed": "many"},
        {"versions": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_run_file_that_does_not_hold_together_is_refused_in_words(busy, tmp_path, change):
    file = tmp_path / "run.json"
    file.write_text(json.dumps(describe(busy, "busy") | change))
    with pytest.raises(NotARun, match=r"run\.json"):
        read_run(file)


def test_a_policy_that_was_changed_in_a_run_file_is_noticed(busy, tmp_path):
    plain = describe(busy, "busy")
    plain["policy"]["values"] |= {"lifetime.max": 3_600_000}
    file = tmp_path / "run.json"
    file.write_text(json.dumps(plain))
    with pytest.raises(NotARun, match="digest"):
        read_run(file)


# The same again


def python(code, *words, **changes):
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        env={**os.environ, **changes}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout.strip()


AGAIN = """
import pickle, sys, tvc
policy, workload, seed = pickle.load(open(sys.argv[1], "rb"))
print(tvc.simulate(policy, workload, seed).digest)
"""


def test_the_same_inputs_give_the_same_digest_in_any_process_whatever_its_hash_seed(busy, tmp_path):
    file = tmp_path / "inputs.pickle"
    file.write_bytes(pickle.dumps((busy.policy, busy.workload, busy.seed)))
    digests = {python(AGAIN, file, PYTHONHASHSEED=seed) for seed in ("0", "1234")}
    assert digests == {busy.digest}
    assert simulate("salesforce", BUSY, seed=4).digest != busy.digest
    assert simulate("salesforce", BUSY, seed=3, replication=1).digest != busy.digest


def test_a_run_without_a_digest_measures_the_same(busy):
    run = simulate("salesforce", BUSY, seed=busy.seed, hashed=False)
    assert not run.digest
    assert run.summary.equals(busy.summary)
    assert run.series.equals(busy.series)
    assert run.histograms.equals(busy.histograms)
    assert run.kernel_events == busy.kernel_events


def test_the_package_offers_its_names_and_stays_light_until_they_are_used():
    assert tvc.simulate is simulate
    assert tvc.Policy is Policy
    with pytest.raises(AttributeError, match="simulat"):
        _ = tvc.simulat
    heavy = "import sys, tvc; tvc.Policy; print({'numpy', 'pandas', 'simpy', 'pydantic'} & set(sys.modules))"
    assert python(heavy) == "set()"


# The command


@pytest.fixture
def month(folder):
    (folder / "a.tvc.yaml").write_text(FILE + TIMELINE + COMPARISON)
    return folder


def test_the_only_workload_of_a_file_needs_no_name(month, call):
    ran = call("simulate", "a.tvc.yaml")
    assert ran.code == 0
    assert ran.err == ""
    assert ran.out.startswith("a.tvc.yaml::month, policy short\n")
    assert "seed 7, replication 0: one run, no intervals" in ran.out
    assert "people: HR, 2026" in ran.out
    assert "is not judged here: `tvc test` judges it" in ran.out
    assert call("simulate", "a.tvc.yaml::month").out == ran.out
    other = call("simulate", "a.tvc.yaml", "--seed", "8", "--replication", "2")
    assert "seed 8, replication 2" in other.out
    assert list(month.iterdir()) == [month / "a.tvc.yaml"], "nothing is written unless asked for"


def test_a_policy_file_takes_the_place_of_the_policy(month, call):
    (month / "p.yaml").write_text("policy: mine\nlifetime.max: 1h\n")
    ran = call("simulate", "a.tvc.yaml", "--policy", "short=p.yaml")
    assert ran.code == 0
    assert "policy mine" in ran.out
    assert ran.out != call("simulate", "a.tvc.yaml").out


def test_results_rerun_identically_by_the_command_and_a_changed_digest_is_told(month, call):
    ran = call("simulate", "a.tvc.yaml", "--results", "r", "--trace", "full")
    assert ran.code == 0
    assert ran.err == "tvc: results in r\n"
    trace = pd.read_parquet(month / "r" / "trace.parquet")
    assert {"generate.allowed", "sign_in.denied"} <= set(trace["type"])
    (month / "a.tvc.yaml").unlink()
    again = call("simulate", "--rerun", "r/run.json")
    assert again.code == 0
    assert "Identical to the recorded run" in again.out
    file = month / "r" / "run.json"
    plain = json.loads(file.read_text())
    plain["digest"], plain["versions"]["numpy"] = "0" * 64, "1.0"
    file.write_text(json.dumps(plain))
    other = call("simulate", "--rerun", "r/run.json")
    assert other.code == 1
    assert "DIFFERENT from the recorded run" in other.out
    assert "numpy 1.0 there and" in other.out
    file.write_text(json.dumps(plain | {"complete": False}))
    refused = call("simulate", "--rerun", "r/run.json")
    assert refused.code == 4
    assert "interrupted run" in " ".join(refused.err.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "what to simulate?"),
        (["gone.tvc.yaml"], "gone.tvc.yaml"),
        (["a.tvc.yaml::mont"], "did you mean 'month'?"),
        (["a.tvc.yaml::steps"], "is a timeline"),
        (["a.tvc.yaml::versus"], "a.tvc.yaml::month"),
        (["a.tvc.yaml", "--policy", "short=gone.yaml"], "no such file"),
        (["a.tvc.yaml", "--policy", "strict=p.yaml"], "no policy of that name"),
        (["a.tvc.yaml", "--seed", "-1"], "--seed"),
        (["a.tvc.yaml", "--trace", "full"], "--results"),
        (["a.tvc.yaml", "--results", "a.tvc.yaml"], "no folder"),
        (["a.tvc.yaml", "--results", "."], "something else"),
        (["a.tvc.yaml", "--rerun", "r/run.json"], "--rerun"),
        (["--rerun", "gone.json"], "gone.json"),
        (["--rerun", "a.tvc.yaml"], "no JSON"),
        (["steps.tvc.yaml"], "no scenario with a workload"),
        (["two.tvc.yaml"], "two.tvc.yaml::month, two.tvc.yaml::quarter"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else "",
)
def test_what_cannot_be_simulated_exits_4_with_a_sentence(month, call, words, said):
    (month / "p.yaml").write_text("policy: mine\n")
    (month / "two.tvc.yaml").write_text(FILE + SECOND)
    (month / "steps.tvc.yaml").write_text(
        "tvc: 1\npeople: {sam: {role: admin}, ana: {}}\nscenarios:\n" + TIMELINE
    )
    ran = call("simulate", *words)
    assert ran.code == 4, ran
    assert ran.out == ""
    assert said in " ".join(ran.err.replace("│", " ").split()), ran.err
    assert "Traceback" not in ran.err


def test_a_wrong_value_of_a_workload_is_told_with_its_place(folder, process):
    (folder / "bad.tvc.yaml").write_text(FILE.replace("users: 200", "users: none"))
    ran = process("simulate", "bad.tvc.yaml")
    assert ran.code == 4
    assert ran.out == ""
    assert re.match(r"bad\.tvc\.yaml:9:14: error: ", ran.err), ran.err
    assert "Traceback" not in ran.err


def until(controller, pattern):
    """Read a terminal until a pattern has been shown."""
    shown = b""
    while not re.search(pattern, shown):
        assert select.select([controller], [], [], 60)[0], shown
        shown += os.read(controller, 4096)


def test_ctrl_c_leaves_a_partial_result_and_exits_2(folder):
    (folder / "long.tvc.yaml").write_text(LONG)
    command = [sys.executable, "-c", "from tvc.cli.entry import main; main()"]
    controller, terminal = pty.openpty()
    # A bar as wide as a terminal of no width would not be seen.
    termios.tcsetwinsize(terminal, (25, 80))
    child = subprocess.Popen(
        [*command, "simulate", "long.tvc.yaml", "--results", "r"],
        cwd=folder, stdout=subprocess.PIPE, stderr=terminal, text=True,
    )  # fmt: skip
    os.close(terminal)
    try:
        until(controller, rb"[1-9]%")
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
    finally:
        child.kill()
        os.close(controller)
    assert child.returncode == 2
    assert re.search(r"^INTERRUPTED at \w+ of 97d: what follows counts", out, re.M)
    assert int(row_of(out, "calls").replace(",", "")) > 0
    described = json.loads((folder / "r" / "run.json").read_text())
    assert described["complete"] is False
    assert len(pd.read_parquet(folder / "r" / "codes.parquet")) > 0


def test_an_interrupted_run_has_nothing_to_compare():
    def stop(share):
        if share > 0.5:
            raise KeyboardInterrupt

    run = simulate("salesforce", BY_HAND, progress=stop)
    assert not run.complete
    assert len(run.summary) > 0
    with pytest.raises(NotComplete):
        run.measured  # noqa: B018 - asking is what is refused


@pytest.mark.parametrize("what", ["replicate", "diverge", "warm-up", "a sweep's arms"])
def test_all_that_counts_or_compares_raises_when_it_is_interrupted(monkeypatch, what):
    def interrupted(*_):
        raise KeyboardInterrupt

    arm = Arm("one", Policy(), as_workload(BY_HAND))
    asked = [Asked.read("count(calls)")]
    work = {
        "replicate": lambda: replicate(arm, 1, 0),
        "diverge": lambda: diverge(arm, replace(arm, name="other"), seed=1, replication=0),
        "warm-up": lambda: find_warmup([arm], 2, 1),
        "a sweep's arms": lambda: run_arms("study", [arm], asked, Plan(2, 1)),
    }[what]
    monkeypatch.setattr(Kernel, "run_until", interrupted)
    with pytest.raises(KeyboardInterrupt):
        work()


def test_a_reader_who_has_seen_enough_causes_no_noise(month):
    command = f"'{sys.executable}' -c 'from tvc.cli.entry import main; main()' simulate a.tvc.yaml --inputs"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} | head -c 1"],
        cwd=month, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "a", "")


# The shipped workloads


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_workload_runs_and_is_expected_something_of(name):
    file = load_scenarios(SCENARIOS / f"{name}.tvc.yaml")
    for case in file.cases:
        study = read_stochastic(case.study)
        assert len(study.expect) >= 1
        assert (study.run.replications.min, study.run.seed) == (20, 1)
        if study.workload is not None:
            run = simulate(case.policy.policy, study.workload, study.run.seed)
            assert run.complete
            assert run.incidents > 20


def test_no_shipped_workload_claims_a_source_for_an_input_that_it_does_not_set():
    for name in SHIPPED:
        for case in load_scenarios(SCENARIOS / f"{name}.tvc.yaml").cases:
            workload = case.study.get("workload", {})
            for key in WorkloadModel.model_validate(workload).sources:
                part = workload
                for word in key.split("."):
                    assert word in part, (name, key)
                    part = part[word]
