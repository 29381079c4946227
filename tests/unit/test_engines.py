"""Engines give the same results wherever and however often they run, and lose none."""

import io
import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tvc.runs import engines, progress
from tvc.runs.engines import EngineRefused, run_tasks
from tvc.runs.study import rerun, run_study
from tvc.runs.tasks import Task, frame_of
from tvc.workers import kill_all


def tasks_of(count=12, **workload):
    return [
        Task.of(
            study="toy",
            arm=arm,
            policy={"lifetime.max": 3_600_000, "notify": ("generate",)},
            workload={"users": users, **workload},
            replication=number,
            seed=7,
        )
        for number in range(count // 2)
        for arm, users in (("baseline", 10), ("candidate", 20))
    ]


def make_toy():
    # Made inside a function, so that workers get it by value and need no module of the tests.
    def toy(task):
        import os
        import signal
        from pathlib import Path

        import numpy as np

        workload = task.workload_values()
        mine = task.replication == 3 and task.arm == "candidate"
        if mine and "marker" in workload:
            marker = Path(workload["marker"])
            if not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        if mine and workload.get("deadly"):
            os._exit(3)
        if mine and workload.get("fails"):
            raise ValueError("no luck")
        generator = np.random.default_rng([task.seed, task.replication])
        draws = generator.exponential(workload["users"], 50)
        row = {"mean": draws.mean(), "calls": int(draws.sum()), "long": bool(draws[0] > 10)}
        row["payload"] = draws[:2].tobytes()
        if task.replication != 1:
            row["wait"] = float(draws.max())
        return row

    return toy


def run(tasks, **options):
    return run_study(make_toy(), tasks, progress=False, **options)


def test_results_are_the_same_for_every_engine_and_number_of_workers():
    tasks = tasks_of(fails=True)
    expected = run(tasks)
    assert len(expected.frame()) == 12
    assert len(expected.failures()) == 1
    for workers in (1, 2, 3):
        found = run(tasks, engine="processes", workers=workers)
        assert found == expected
        pd.testing.assert_frame_equal(found.frame(), expected.frame(), check_exact=True)


def make_meeting():
    def meet(task):
        import os
        import time
        from pathlib import Path

        workload = task.workload_values()
        folder = Path(workload["folder"])
        (folder / str(os.getpid())).touch()
        until = time.monotonic() + 20
        # Nobody goes on before all are there, so that no fast worker does the work of all.
        while len(list(folder.iterdir())) < workload["workers"] and time.monotonic() < until:
            time.sleep(0.01)
        return {"pid": os.getpid()}

    return meet


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_as_many_other_processes_run_tasks_as_are_asked_for(workers, tmp_path):
    tasks = tasks_of(30, folder=str(tmp_path), workers=workers)
    results = run_tasks(make_meeting(), tasks, engine="processes", workers=workers)
    pids = {result.row["pid"] for result in results}
    assert os.getpid() not in pids
    # A single worker may be relieved by the one that stands idle, and has no company.
    assert len(pids) in ({1, 2} if workers == 1 else {workers})


def test_a_single_worker_has_one_task_at_a_time(tmp_path):
    def make():
        def alone(task):
            import time
            from pathlib import Path

            folder = Path(task.workload_values()["folder"])
            mine = folder / f"{task.arm}{task.replication}"
            mine.touch()
            time.sleep(0.02)
            company = len(list(folder.iterdir()))
            mine.unlink()
            return {"running": company}

        return alone

    tasks = tasks_of(folder=str(tmp_path))
    results = run_tasks(make(), tasks, engine="processes", workers=1)
    assert {result.row["running"] for result in results} == {1}


def test_a_worker_killed_once_loses_no_result(tmp_path):
    marker = tmp_path / "killed"
    found = run(tasks_of(marker=str(marker)), engine="processes", workers=2)
    assert marker.exists()
    assert found.failures() == ()
    expected = run(tasks_of(marker=str(marker)))
    assert found == expected


def test_only_the_task_that_always_kills_its_worker_fails():
    found = run(tasks_of(deadly=True), engine="processes", workers=2)
    (failed,) = found.failures()
    assert (failed.task.arm, failed.task.replication) == ("candidate", 3)
    assert failed.failure.startswith("the worker that ran it died in each of 3 tries")
    assert failed.lost
    assert len(found.results) == 12


def test_without_retries_a_lost_task_is_a_failure_and_the_run_goes_on():
    found = run(tasks_of(20, deadly=True), engine="processes", workers=1, retries=0)
    # Results that were on their way when the worker died are lost with it.
    assert ("candidate", 3) in {(one.task.arm, one.task.replication) for one in found.failures()}
    assert found.results[-1].failure == ""
    assert "the only try" in found.failures()[0].failure


def test_a_failure_is_a_row_with_its_places_and_reruns_alone():
    tasks = tasks_of(fails=True)
    study = run(tasks)
    frame = study.frame()
    rows = frame[frame["failure"] != ""].to_dict("records")
    assert len(rows) == 1
    *places, last = rows[0]["failure"].splitlines()
    assert last == "ValueError: no luck"
    assert len(places) == 1
    assert places[0].endswith(" in toy")
    again = rerun(make_toy(), tasks, rows[0])
    assert [again] == [one for one in study.results if one.task == again.task]


def test_each_row_reruns_alone_to_itself():
    tasks = tasks_of()
    study = run(tasks)
    for row, result in zip(study.frame().to_dict("records"), study.results, strict=True):
        assert rerun(make_toy(), tasks, row) == result
    with pytest.raises(LookupError):
        rerun(make_toy(), tasks, {**row, "replication": 99})


def test_a_model_that_exits_ends_its_task_only():
    (result,) = run_tasks(lambda task: sys.exit(task.seed), tasks_of(2)[:1])
    assert result.failure.endswith("SystemExit: 7")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"x": [1]}, "TypeError: the column x holds no scalar, but a value of type list"),
        ({"x": 1 << 63}, "ValueError: the column x holds an integer of more than 64 bits"),
        ({"seed": 1}, "ValueError: a row may not name a column seed, which tells its task"),
    ],
)
def test_a_row_that_no_frame_can_hold_is_a_failure(row, message):
    (result,) = run_tasks(lambda _task: row, tasks_of(2)[:1])
    assert result.failure.endswith(message)


def test_numpy_scalars_are_plain_ones_in_a_row():
    row = {"a": np.int32(3), "b": np.float32(0.5), "c": np.bool_(True), "d": None}
    (result,) = run_tasks(lambda _task: row, tasks_of(2)[:1])
    assert result.row == {"a": 3, "b": 0.5, "c": True}
    assert [type(value) for value in result.row.values()] == [int, float, bool]


def test_a_column_of_several_kinds_is_refused():
    rows = iter([{"x": 1}, {"x": "one"}])
    results = run_tasks(lambda _task: next(rows), tasks_of(2))
    with pytest.raises(ValueError, match="the column x holds values of several kinds: int, str"):
        frame_of(results)


def test_a_worker_of_another_version_fails_its_task(monkeypatch):
    monkeypatch.setattr(engines, "__version__", "0.0.other")
    (result,) = run_tasks(make_toy(), tasks_of(2)[:1])
    assert "the study 0.0.other" in result.failure


@pytest.mark.parametrize("engine", ["serial", "processes"])
def test_what_a_listener_raises_ends_the_run_with_what_it_has_seen(engine):
    seen = []

    def listen(result):
        seen.append(result)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_tasks(make_toy(), tasks_of(30), engine=engine, workers=2, on_result=listen)
    assert len(seen) == 3
    assert len(run_tasks(make_toy(), tasks_of(), engine=engine, workers=2)) == 12


@pytest.mark.parametrize("engine", ["serial", "processes"])
def test_the_first_interrupt_ends_the_run_after_what_has_come(engine):
    seen = []

    def listen(result):
        seen.append(result)
        if len(seen) == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run_tasks(make_toy(), tasks_of(30), engine=engine, workers=2, on_result=listen)
    assert len(seen) == 3


def test_workers_that_stand_idle_are_ended_with_all_others():
    run_tasks(make_toy(), tasks_of(), engine="processes", workers=2)
    assert len(multiprocessing.active_children()) >= 2
    kill_all()
    assert multiprocessing.active_children() == []
    assert len(run_tasks(make_toy(), tasks_of(), engine="processes", workers=2)) == 12


def test_an_interrupt_does_not_wait_for_workers_that_are_at_it():
    def make():
        def slow(_task):
            import time

            time.sleep(60)

        return slow

    # Sent once they have begun, whenever that is: nothing comes back before.
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_tasks(make(), tasks_of(4), engine="processes", workers=2)
    assert time.monotonic() - began < 50


def test_nothing_of_the_caller_is_changed():
    policy, workload = {"notify": ["generate"]}, {"users": {"n": 10}}
    task = Task.of(study="s", arm="a", policy=policy, workload=workload, replication=0, seed=1)
    tasks = [task]

    def greedy(task):
        values = task.workload_values()
        values["users"].clear()
        task.policy_values()["notify"].append("expire")
        return {"left": len(values["users"])}

    run_study(greedy, tasks, progress=False)
    assert (policy, workload) == ({"notify": ["generate"]}, {"users": {"n": 10}})
    assert tasks == [task]
    assert task.workload_values() == workload


def test_tasks_have_identities_of_their_own():
    common = {"policy": {}, "workload": {}, "replication": 0, "seed": 1}
    one = Task.of(study="a/b", arm="c", **common)
    two = Task.of(study="a", arm="b/c", **common)
    other = Task.of(study="a/b", arm="c", **{**common, "workload": {"users": 1}})
    assert len({one.identity, two.identity, other.identity}) == 3
    with pytest.raises(ValueError, match="two tasks of a study are the same"):
        run_tasks(make_toy(), [one, one])


@pytest.mark.parametrize(
    "options", [{"workers": 0}, {"engine": "dask"}, {"scheduler": "tcp://127.0.0.1:1"}]
)
def test_options_that_do_not_go_together_are_refused(options):
    with pytest.raises(ValueError, match=r"workers|scheduler"):
        run_tasks(make_toy(), tasks_of(), **options)


def test_an_engine_that_is_not_installed_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineRefused, match=r"pip install 'tvc\[cluster\]'"):
        run_tasks(make_toy(), tasks_of(), engine="dask", scheduler="tcp://127.0.0.1:1")


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("stream", "shown"), [(_Terminal, True), (io.StringIO, False)])
def test_progress_shows_on_a_terminal_and_nowhere_else(monkeypatch, stream, shown):
    written = stream()
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setattr(progress, "_in_notebook", lambda: False)
    run_study(make_toy(), tasks_of())
    assert ("toy: 12 of 12 replications" in written.getvalue()) is shown
    assert (written.getvalue() == "") is not shown


def test_frames_do_not_depend_on_the_order_of_results():
    tasks = tasks_of()
    frames = [run(chosen).frame() for chosen in (tasks, tasks[::-1])]
    order = ["arm", "replication"]
    first, second = (frame.sort_values(order, ignore_index=True) for frame in frames)
    pd.testing.assert_frame_equal(first, second[first.columns], check_exact=True)


def test_importing_the_engines_imports_nothing_heavy():
    import subprocess

    code = (
        "import sys, tvc.runs.study as s; "
        "print([m for m in ('pandas','numpy','joblib','pyarrow','distributed','tqdm') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path("/")
    )
    assert done.stdout.strip() == "[]"
