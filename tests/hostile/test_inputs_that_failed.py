"""Inputs that once failed, each the smallest of its kind, and what is right for them."""

import json
import time
from pathlib import Path

import pytest

from tvc.cli.main import _run

HEAD = "tvc: 1\nscenarios:\n"
TIMELINE = (
    "tvc: 1\npeople: {ana: {}}\nscenarios:\n"
    "  - {id: s, timeline: [{at: 0s, do: sign_in, by: ana, with: authenticator}]}\n"
)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; returns its code, and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = _run(list(words))
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return code, shown.out, shown.err

    return run


def test_a_comparison_before_the_faulty_workload_it_is_on_shows_that_fault(run):
    Path("a.tvc.yaml").write_text(
        f"{HEAD}"
        "  - {id: c, compare: {baseline: {policy: salesforce}, candidate: {policy: strict}, on: w},"
        " expect: [{metric: delta(mean(calls)), at_most: 1, margin: 1}]}\n"
        "  - {id: w, workload: {users: many}}\n"
    )
    code, told, _ = run("test", "a.tvc.yaml")
    assert code == 4
    assert "error: expected a whole number, found 'many'" in told
    assert told.startswith("a.tvc.yaml:4:")


@pytest.mark.parametrize(
    ("workload", "named"),
    [
        ("work: {lasts: {fixed: 0s}}", "work.lasts"),
        (
            "desk: {calls_again: 1, patience: {fixed: 0s}, calls_again_after: {fixed: 0s}}",
            "desk.patience",
        ),
        ("work: {session: 1ms}", "work.session (1ms)"),
        ("horizon: 1000000d", "horizon (1000000d)"),
        ("desk: {admins: 1000000}", "desk.admins (1000000)"),
        ("losses: {per_user_per_year: 1.0e12}", "losses.per_user_per_year (1e+12)"),
        ("attackers: {callers: {per_day: 1.0e9}}", "attackers.callers.per_day (1e+09)"),
    ],
)
def test_a_workload_that_never_ends_or_takes_too_much_is_refused_by_its_input(run, workload, named):
    Path("w.tvc.yaml").write_text(f"{HEAD}  - id: w\n    workload: {{users: 100, {workload}}}\n")
    for words in (["simulate", "w.tvc.yaml"], ["test", "w.tvc.yaml", "--collect-only"]):
        code, _, told = run(*words)
        assert code == 4
        assert "w.tvc.yaml:4:" in told
        assert f"error: {named}" in told


def test_a_session_of_a_millisecond_is_refused_by_the_knob_that_sets_it(run):
    Path("w.tvc.yaml").write_text(
        "tvc: 1\npolicies: {p: {set: {session.max: 1ms}}}\nscenarios:\n"
        "  - {id: w, policy: p, workload: {users: 100}}\n"
    )
    code, _, told = run("simulate", "w.tvc.yaml")
    assert code == 4
    assert "session.max" in told


@pytest.mark.parametrize("length", [400, 5_000, 1_000_000])
def test_a_code_is_no_longer_than_everything_can_carry(run, length):
    Path("p.yaml").write_text(f"policy: p\nextends: salesforce\ncode.length: {length}\n")
    code, _, told = run("policies", "show", "p.yaml")
    assert code == 4
    assert f"p.yaml:3:14: error: code.length: {length} is too high: at most 64" in told


def test_whose_password_is_known_is_read_in_linear_time(run):
    def seconds(people):
        known = "".join(f"  p{number}: {{knows: [ana]}}\n" for number in range(people))
        Path("k.tvc.yaml").write_text(TIMELINE.replace("{ana: {}}", f"\n  ana: {{}}\n{known}"))
        before = time.process_time()
        assert run("test", "k.tvc.yaml", "--collect-only")[0] == 0
        return time.process_time() - before

    seconds(10)
    few, many = seconds(500), seconds(5_000)
    # Ten times as many people; a hundred times as long would be quadratic.
    assert many < 30 * max(few, 0.05)


@pytest.mark.parametrize("option", ["--seed", "--replication"])
def test_a_number_that_nothing_can_hold_is_bad_usage(run, option):
    Path("w.tvc.yaml").write_text(f"{HEAD}  - {{id: w, workload: {{users: 10, horizon: 1d}}}}\n")
    code, _, told = run("simulate", "w.tvc.yaml", option, "9" * 25)
    assert code == 4
    assert option in told


def test_a_manifest_of_five_thousand_nested_lists_is_refused_in_words(run):
    Path("w.tvc.yaml").write_text(f"{HEAD}  - {{id: w, workload: {{users: 10, horizon: 1d}}}}\n")
    Path("r").mkdir()
    deep = "[" * 5_000 + "]" * 5_000
    Path("r", "manifest.json").write_text(f'{{"schema": "tvc.study/2", "tasks": {deep}}}')
    words = ("compare", "salesforce", "strict", "--on", "w.tvc.yaml", "-n", "2", "--resume")
    code, _, told = run(*words, "--results", "r")
    assert code == 4
    assert "manifest.json" in told


def test_a_run_json_with_a_seed_that_nothing_can_hold_is_refused_in_words(run):
    Path("w.tvc.yaml").write_text(f"{HEAD}  - {{id: w, workload: {{users: 10, horizon: 1d}}}}\n")
    assert run("simulate", "w.tvc.yaml", "--results", "r")[0] == 0
    plain = json.loads(Path("r", "run.json").read_text())
    plain["seed"] = 10**25
    Path("r", "run.json").write_text(json.dumps(plain))
    code, _, told = run("simulate", "--rerun", "r/run.json")
    assert code == 4
    assert "seed" in told


@pytest.mark.parametrize(
    "words", [("test", ""), ("lint", ""), ("simulate", ""), ("compare", "a", "b", "--on", "")]
)
def test_an_empty_path_is_bad_usage_and_not_the_whole_folder(run, words):
    Path("a.tvc.yaml").write_text(TIMELINE)
    code, out, told = run(*words)
    assert code == 4
    assert "empty" in told
    assert out == ""


def test_a_report_never_takes_the_place_of_the_scenario_just_tested(run):
    Path("a.tvc.yaml").write_text(TIMELINE)
    code, _, told = run("test", "a.tvc.yaml", "-f", "json:a.tvc.yaml")
    assert code == 4
    assert "a file that the command reads" in told
    assert Path("a.tvc.yaml").read_text() == TIMELINE


def test_a_name_with_a_newline_forges_no_command_in_a_list_of_cases(run):
    Path("x\n::error::y.tvc.yaml").write_text(TIMELINE)
    code, out, _ = run("test", ".", "--collect-only")
    assert code == 0
    assert out.splitlines() == ["x\\n::error::y.tvc.yaml::s"]


@pytest.mark.parametrize("events", ["100", "2000"])
def test_a_hunt_for_long_histories_ends_within_its_time(run, events):
    words = ("hunt", "--policy", "strict", "--invariant", "rate_limit_holds")
    before = time.process_time()
    code, _, told = run(*words, "--events", events, "--time", "1s")
    assert time.process_time() - before < 2 * 1 + 3
    assert code == 0, told
