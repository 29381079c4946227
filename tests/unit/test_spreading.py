"""Replications spread over processes: the same answer and exception, and no process in vain."""

import os
from pathlib import Path

import pytest

from tvc.harness import runner
from tvc.harness.collect import Loading
from tvc.harness.selection import Selection
from tvc.runs import spreading
from tvc.runs.spreading import one_by_one, spread_over

#: Three looks, a delta beside what differs between two arms, and a warm-up to be found.
SCENARIOS = """\
tvc: 1
scenarios:
  - id: settles
    workload: {users: 200, horizon: 7d, losses: {per_user_per_year: 6}, desk: {admins: 2}}
    run: {replications: {min: 30, max: 100}, seed: 3}
    expect:
      - {metric: mean(calls), between: [23, 27], margin: 3}
  - id: shorter
    compare:
      on: settles
      baseline: {policy: salesforce}
      candidate: {policy: strict}
    run: {replications: {min: 30, max: 45}, seed: 3}
    expect:
      - {metric: p(newly_allowed), equals: 0}
      - {metric: delta(mean(exposure)), at_most: 0h, margin: 8h}
  - id: unsettled
    workload: {users: 100, horizon: 7d}
    run: {replications: {min: 4, max: 8}, warmup: auto}
    expect:
      - {metric: mean(calls), at_most: 9, margin: 1}
"""


@pytest.fixture
def _always_worth_it(monkeypatch):
    monkeypatch.setattr(spreading, "_WORTH_S", 0.0)


def make_work(fails_at=None):
    # Made inside a function, so that workers get it by value and need no module of the tests.
    def work(number):
        import os

        if number == fails_at:
            raise ZeroDivisionError(number)
        return {"number": number, "pid": os.getpid()}

    return work


@pytest.mark.usefixtures("_always_worth_it")
def test_what_comes_back_is_in_order_and_others_did_their_share():
    spread = spread_over(2)
    found = spread(make_work(), range(5, 25)) + spread(make_work(), range(3))
    assert [one["number"] for one in found] == [*range(5, 25), *range(3)]
    # The first told how long one takes; from then on this process only collects.
    assert [one["pid"] == os.getpid() for one in found] == [True] + [False] * 22
    assert spread(make_work(), []) == []


@pytest.mark.usefixtures("_always_worth_it")
@pytest.mark.parametrize("fails_at", [0, 3])
def test_an_exception_is_the_one_that_it_would_have_been_here(fails_at):
    places = []
    for spread in (one_by_one, spread_over(2)):
        with pytest.raises(ZeroDivisionError, match=str(fails_at)) as caught:
            spread(make_work(fails_at), range(6))
        places.append((caught.traceback[-1].name, caught.traceback[-1].lineno))
    assert places[0] == places[1]


def test_little_work_starts_no_process(monkeypatch):
    monkeypatch.setattr(spreading, "run_tasks", None)
    found = spread_over(8)(make_work(), range(30))
    assert {one["pid"] for one in found} == {os.getpid()}


@pytest.mark.usefixtures("_always_worth_it")
def test_a_report_has_the_same_bytes_however_many_processes_share_replications(
    tmp_path, monkeypatch, call
):
    monkeypatch.chdir(tmp_path)
    Path("two.tvc.yaml").write_text(SCENARIOS)
    one = call("test", "two.tvc.yaml", "-f", "json", "-p", "1")
    for expected in ('"replications": 68', "it happened in 30 of 30", "too few to find a warm-up"):
        assert expected in one.out
    assert call("test", "two.tvc.yaml", "-f", "json", "-p", "2").out == one.out


@pytest.mark.parametrize(("files", "each"), [(1, 5), (2, 2), (3, 1)])
def test_processes_beyond_the_files_share_replications(tmp_path, monkeypatch, files, each):
    asked = tmp_path / "asked"

    def guarded(*_case, processes, **_more):
        # Written, since another process asks where there are several files.
        with asked.open("a") as told:
            print(processes, file=told)
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run_guarded", guarded)
    paths = tuple(tmp_path / f"{number}.tvc.yaml" for number in range(files))
    for path in paths:
        path.write_text(SCENARIOS)
    suite = runner.run(runner.Plan(paths, Loading({}, False), Selection("", (), ()), processes=5))
    assert suite.interrupted
    assert asked.read_text().split() == [str(each)] * files
