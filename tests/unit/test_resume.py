"""A study that is killed at any moment goes on to the frames of one that never was."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

#: Prints "ready" once it is about to begin, and writes its frame at the end.
PROGRAM = """
import sys, time
from pathlib import Path
import pandas, pyarrow.parquet
from tvc.runs import store as stores
from tvc.runs.study import run_study
from tvc.runs.tasks import Task

stores.WAIT_S = 0.02

def toy(task):
    import random, time
    time.sleep(0.012)
    if task.replication == 5:
        raise ValueError("no luck")
    generator = random.Random(f"{task.seed} {task.replication} {task.arm}")
    row = {"wait": generator.expovariate(1), "calls": generator.randrange(9)}
    return row | ({"late": generator.random()} if task.replication > 20 else {})

folder, engine, workers, frame = sys.argv[1:]
tasks = [
    Task.of(study="toy", arm=arm, policy={}, workload={"arm": arm}, replication=n, seed=3)
    for n in range(30) for arm in ("baseline", "candidate")
]
print("ready", flush=True)
with stores.Store.open(Path(folder), "0" * 64, resume=True) as store:
    study = run_study(toy, tasks, store=store, engine=engine, workers=int(workers), progress=False)
study.frame().to_parquet(frame)
"""


class Study:
    """Runs the program on one folder, again and again."""

    def __init__(self, folder: Path, engine: str, workers: int):
        self.folder = folder / "results"
        self.frame = folder / "frame.parquet"
        program = folder / "program.py"
        program.write_text(PROGRAM)
        self._command = [
            sys.executable, str(program), str(self.folder), engine, str(workers), str(self.frame),
        ]  # fmt: skip

    def start(self) -> subprocess.Popen:
        process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        assert process.stdout.readline() == b"ready\n"
        return process

    def end(self, process: subprocess.Popen, number: int) -> None:
        os.killpg(process.pid, number)
        process.communicate()

    def wait_for_part(self, process: subprocess.Popen, beyond: int = 0) -> None:
        until = time.monotonic() + 60
        while self.parts() <= beyond and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)

    def parts(self) -> int:
        return len(list(self.folder.glob("part-*.parquet")))

    def finish(self) -> bytes:
        process = self.start()
        _, told = process.communicate()
        assert process.returncode == 0, told.decode()
        return self.frame.read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> bytes:
    return Study(tmp_path_factory.mktemp("undisturbed"), "serial", 1).finish()


@pytest.mark.parametrize(
    ("engine", "workers", "kills", "longest_s"),
    [("serial", 1, 14, 0.12), ("processes", 2, 6, 0.4)],
)
def test_a_study_killed_again_and_again_ends_with_the_same_bytes(
    tmp_path, undisturbed, engine, workers, kills, longest_s
):
    study = Study(tmp_path, engine, workers)
    moments = random.Random(engine)
    parts = [0]
    for number in range(kills):
        process = study.start()
        if number % 2:
            # However slow the machine is, this one comes while results do.
            study.wait_for_part(process, beyond=parts[-1])
            time.sleep(moments.uniform(0, 0.1))
        else:
            time.sleep(moments.uniform(0, longest_s))
        study.end(process, signal.SIGKILL)
        parts.append(study.parts())
    # Some kills came amid the work, and what was finished before them was kept.
    assert parts == sorted(parts)
    assert len(set(parts)) > 2
    assert study.finish() == undisturbed
    assert not list(study.folder.glob(".*"))


@pytest.mark.parametrize(("engine", "workers"), [("serial", 1), ("processes", 2)])
def test_an_interrupt_from_the_keyboard_keeps_what_is_finished(
    tmp_path, undisturbed, engine, workers
):
    study = Study(tmp_path, engine, workers)
    process = study.start()
    study.wait_for_part(process)
    # To the whole group, as a terminal sends it.
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in told
    assert study.parts() >= 1
    assert study.finish() == undisturbed
