"""A replication that the machine lost is told as that, and one whose model raises as our error."""

import pytest

import tvc
from tvc.runs import engines, spreading
from tvc.runs.tasks import ReplicationFailed, ReplicationLost

SCENARIO = """\
tvc: 1
scenarios:
  - id: w
    workload: {users: 20, horizon: 2d}
    run: {replications: 2}
    expect: [{metric: mean(calls), at_most: 1000, margin: 9}]
"""
DIED = "the worker that ran it died in each of 3 tries: killed, or out of memory"
ON = ("--on", "a.tvc.yaml", "-n", "2", "--metric", "mean(calls)")
ELSEWHERE = ("--engine", "processes", "--workers", "2")
COMPARE = ("compare", "salesforce", "strict", *ON)
SWEEP = ("sweep", "a.tvc.yaml", "-n", "2", "--vary", "desk.admins=2", "--metric", "mean(calls)")


@pytest.fixture(autouse=True)
def _scenario(folder):
    (folder / "a.tvc.yaml").write_text(SCENARIO, "utf-8")


@pytest.fixture
def _deadly(monkeypatch):
    """Let every worker die before it has an answer; `test_engines` lets real ones die."""
    monkeypatch.setattr(engines, "_in_processes", lambda *_: (_ for _ in ()))
    monkeypatch.setattr(spreading, "_WORTH_S", 0.0)


@pytest.fixture
def let_runs_raise(monkeypatch):
    """Let every run of a workload raise, whether it may be partial or not."""

    def let(wrong):
        def simulate(*_args, **_options):
            raise wrong

        for name in ("simulate", "simulate_whole"):
            monkeypatch.setattr(f"tvc.world.simulation.{name}", simulate)

    return let


@pytest.mark.usefixtures("_deadly")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*COMPARE, *ELSEWHERE), f"replication 0 of salesforce failed: {DIED}"),
        ((*COMPARE, *ELSEWHERE, "--flip", "mean(calls)"), "replication 0 of salesforce failed"),
        ((*SWEEP, *ELSEWHERE), f"replication 0 of desk.admins=2 failed: {DIED}"),
    ],
)
def test_a_study_whose_workers_die_says_so_in_one_line_and_exits_4(call, words, told):
    ran = call(*words)
    assert ran.code == 4, ran
    assert ran.out == ""
    assert ran.err.startswith(f"tvc: {told}")
    assert ran.err.count("\n") == 1


@pytest.mark.usefixtures("_deadly")
@pytest.mark.parametrize("fmt", ["pretty", "json", "junit"])
def test_a_case_whose_workers_die_is_inconclusive_and_exits_6(call, fmt):
    ran = call("test", "a.tvc.yaml", "-p", "2", "-f", fmt)
    assert ran.code == 6, ran
    assert f"replication 1 failed: {DIED}" in ran.out
    assert "internal error" not in ran.out + ran.err


@pytest.mark.usefixtures("_deadly")
def test_in_python_the_exception_tells_which_replication_the_machine_lost():
    with pytest.raises(ReplicationLost, match=f"replication 0 of salesforce failed: {DIED}"):
        tvc.compare(
            "salesforce", "strict", {"users": 20, "horizon": "2d"}, ["mean(calls)"],
            replications=2, workers=2,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code"),
    [(COMPARE, 4), (SWEEP, 4), (("simulate", "a.tvc.yaml"), 4), (("test", "a.tvc.yaml"), 6)],
)
def test_memory_that_runs_out_is_told_and_no_error_of_ours(call, let_runs_raise, words, code):
    let_runs_raise(MemoryError)
    ran = call(*words)
    assert ran.code == code, ran
    assert "out of memory" in ran.out + ran.err
    assert "report it" not in ran.out + ran.err


def test_memory_that_runs_out_is_no_error_of_ours_under_pytest_either(run_pytest, let_runs_raise):
    let_runs_raise(MemoryError)
    ran = run_pytest("a.tvc.yaml")
    assert ran.code == 6
    assert "out of memory" in ran.out


@pytest.mark.parametrize("words", [COMPARE, SWEEP, ("test", "a.tvc.yaml")])
def test_a_model_that_raises_is_our_error_told_by_its_place_and_not_its_words(
    call, let_runs_raise, words
):
    let_runs_raise(ZeroDivisionError("secret words"))
    ran = call(*words)
    assert ran.code == 3, ran
    assert "internal error: " in ran.out + ran.err
    assert "ZeroDivisionError" in ran.out + ran.err
    assert "secret words" not in ran.out + ran.err
    if words[0] != "test":
        assert "tvc.runs.arms:" in ran.err
        assert "tvc.cli" not in ran.err


def test_in_python_a_model_that_raises_is_told_whole(let_runs_raise):
    let_runs_raise(ZeroDivisionError("no luck\n1"))
    with pytest.raises(ReplicationFailed, match="ZeroDivisionError: no luck\n1") as caught:
        tvc.compare("salesforce", "strict", {"users": 20}, ["mean(calls)"], replications=2)
    assert not isinstance(caught.value, ReplicationLost)
    assert caught.value.kind == "ZeroDivisionError"


def test_a_process_that_dies_with_its_share_of_a_suite_is_told_and_exits_4(call, monkeypatch):
    def die(_plan):
        from concurrent.futures.process import BrokenProcessPool

        raise BrokenProcessPool

    monkeypatch.setattr("tvc.harness.runner.run", die)
    ran = call("test", "a.tvc.yaml")
    assert ran.code == 4
    assert ran.err.startswith("tvc: a process that had a share of the work died")
