"""A Dask cluster gives what this process gives, also when its workers die."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from tvc.runs.engines import EngineRefused, run_tasks
from tvc.runs.study import run_study
from tvc.runs.tasks import Task

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

_PATIENCE_S = 30


class Cluster:
    """A scheduler and workers on the loopback interface, each a process of its own."""

    def __init__(self, folder: Path):
        self._file = folder / "scheduler.json"
        self._folder = folder
        self._processes: list[subprocess.Popen] = []
        self.scheduler = self._start("dask_scheduler", "--port", "0")
        self.workers: list[subprocess.Popen] = []
        try:
            self.address = self._wait_for_address()
        except BaseException:
            self.stop()
            raise

    def _wait_for_address(self) -> str:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            # The file is there before anything is in it.
            with suppress(FileNotFoundError, json.JSONDecodeError):
                return json.loads(self._file.read_text())["address"]
            time.sleep(0.02)
        raise TimeoutError("the scheduler did not come up")

    def wait_for_workers(self) -> None:
        """Wait until all have come: a fast one could do the work of all before."""
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=_PATIENCE_S)

    def add_worker(self, nanny: bool = False) -> subprocess.Popen:
        options = ["--nthreads", "1", "--nanny" if nanny else "--no-nanny"]
        options += ["--local-directory", str(self._folder)]
        worker = self._start("dask_worker", *options)
        self.workers.append(worker)
        return worker

    def _start(self, program: str, *options: str) -> subprocess.Popen:
        common = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(self._file)]
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", *common, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            # Half a minute by default, which whoever calls a killed worker may have to wait.
            env={**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s"},
        )
        self._processes.append(process)
        return process

    def stop(self) -> None:
        for process in self._processes:
            # The group, since a nanny has a worker of its own.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for process in self._processes:
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    found = Cluster(tmp_path)
    yield found
    found.stop()


def tasks_of(count, **workload):
    return [
        Task.of(
            study="toy", arm="a", policy={}, workload=workload, replication=number, seed=number % 3
        )
        for number in range(count)
    ]


def make_toy():
    # Made inside a function, so that workers get it by value and need no module of the tests.
    def toy(task):
        import os
        import random
        import signal
        import time
        from pathlib import Path

        workload = task.workload_values()
        if "folder" in workload:
            (Path(workload["folder"]) / str(os.getpid())).touch()
        time.sleep(workload.get("takes_s", 0.0))
        if task.replication == workload.get("deadly"):
            os.kill(os.getpid(), signal.SIGKILL)
        if task.replication == 4:
            raise ValueError("no luck")
        generator = random.Random(f"{task.seed} {task.replication}")
        return {"wait": generator.expovariate(1), "calls": generator.randrange(9)}

    return toy


def run(tasks, **options):
    return run_study(make_toy(), tasks, progress=False, **options)


def test_frames_are_those_of_this_process(cluster, tmp_path):
    pids = tmp_path / "pids"
    pids.mkdir()
    cluster.add_worker()
    cluster.add_worker()
    tasks = tasks_of(40, folder=str(pids), takes_s=0.02)
    found = run(tasks, engine="dask", scheduler=cluster.address)
    ran = {int(entry.name) for entry in pids.iterdir()}
    assert ran <= {worker.pid for worker in cluster.workers}
    expected = run(tasks)
    assert found == expected
    pd.testing.assert_frame_equal(found.frame(), expected.frame(), check_exact=True)


def test_a_worker_killed_amid_the_study_loses_nothing(cluster, tmp_path):
    pids = tmp_path / "pids"
    pids.mkdir()
    cluster.add_worker()
    cluster.add_worker()
    cluster.wait_for_workers()
    tasks = tasks_of(60, folder=str(pids), takes_s=0.03)
    killed = threading.Event()

    def kill() -> None:
        # Once both have begun, one ends.
        until = time.monotonic() + _PATIENCE_S
        while len(list(pids.iterdir())) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(cluster.workers[0].pid, signal.SIGKILL)
        killed.set()

    killer = threading.Thread(target=kill)
    killer.start()
    found = run(tasks, engine="dask", scheduler=cluster.address)
    was_killed = killed.is_set()
    killer.join()
    assert was_killed
    assert cluster.workers[0].wait(_PATIENCE_S) == -signal.SIGKILL
    assert {int(entry.name) for entry in pids.iterdir()} == {w.pid for w in cluster.workers}
    assert found == run(tasks)


def test_only_the_task_that_always_kills_its_worker_fails(cluster):
    # Nannies bring killed workers back.
    cluster.add_worker(nanny=True)
    cluster.add_worker(nanny=True)
    found = run(tasks_of(12, deadly=7), engine="dask", scheduler=cluster.address, retries=1)
    expected = run(tasks_of(12))
    failed = [result.task.replication for result in found.failures()]
    assert failed == [4, 7]
    assert found.failures()[1].failure.startswith("the worker that ran it died in each of 2 tries")
    assert [r.row for r in found.results if r.task.replication not in failed] == [
        r.row for r in expected.results if r.task.replication not in failed
    ]


def test_a_scheduler_that_goes_away_is_told_of_and_what_came_is_kept(cluster):
    cluster.add_worker()
    seen = []

    def listen(result):
        seen.append(result)
        if len(seen) == 3:
            cluster.scheduler.kill()

    with pytest.raises(EngineRefused, match="was lost"):
        run_tasks(
            make_toy(),
            tasks_of(400, takes_s=0.02),
            engine="dask",
            scheduler=cluster.address,
            on_result=listen,
        )
    assert len(seen) >= 3


def test_the_first_interrupt_ends_the_run_after_what_has_come(cluster):
    cluster.add_worker()
    seen = []

    def listen(result):
        seen.append(result)
        if len(seen) == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run_tasks(
            make_toy(),
            tasks_of(40, takes_s=0.02),
            engine="dask",
            scheduler=cluster.address,
            on_result=listen,
        )
    assert len(seen) == 3


def test_an_address_without_a_scheduler_is_told_of():
    with pytest.raises(EngineRefused, match="no Dask scheduler answers at nonsense"):
        run_tasks(make_toy(), tasks_of(2), engine="dask", scheduler="nonsense://x")


def test_a_cluster_without_workers_is_told_of(cluster, monkeypatch):
    monkeypatch.setattr("tvc.runs.engines._CONNECT_S", 1)
    with pytest.raises(EngineRefused, match="has no workers"):
        run_tasks(make_toy(), tasks_of(2), engine="dask", scheduler=cluster.address)
