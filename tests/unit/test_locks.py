"""One writer a folder: the second is refused, and nothing that is left of the first hinders one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tvc.files.locks import LOCK_FILE, FolderBusy, FolderLock
from tvc.runs.store import Store, StoreRefused

SCENARIO = """\
tvc: 1
scenarios:
  - id: w
    workload: {users: USERS, horizon: 7d, lead_in: 0s, losses: {per_user_per_year: 12}}
    expect: [{metric: mean(calls), at_most: 1000000}]
"""
#: Locks a folder, says so, and waits; with a child that outlives it where that is asked for.
HOLDER = """
import os, sys, time
from pathlib import Path
from tvc.files.locks import FolderLock
lock = FolderLock(Path(sys.argv[1]))
child = sys.argv[2:] and os.fork()
if child == 0:
    # It has let go of the lock once it says anything.
    os.write(1, b"locked\\n")
    os.close(1)
    time.sleep(60)
    os._exit(0)
if not child:
    print("locked", flush=True)
time.sleep(60)
"""


def hold(folder, *words):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), *words],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout.readline() == b"locked\n"
    return process


def test_a_folder_has_one_writer_at_a_time(tmp_path):
    with FolderLock(tmp_path) as lock:
        with pytest.raises(FolderBusy, match="is being written to by another run"):
            FolderLock(tmp_path)
        lock.release()
        lock.release()
        other = FolderLock(tmp_path)
    # The end of the first, which had let go already, takes nothing from the second.
    with pytest.raises(FolderBusy):
        FolderLock(tmp_path)
    other.release()
    assert not list(tmp_path.iterdir())


def test_a_lock_that_is_forgotten_is_released(tmp_path):
    FolderLock(tmp_path)
    FolderLock(tmp_path).release()


def test_a_lock_file_that_was_left_over_or_is_a_link_does_no_harm(tmp_path):
    (tmp_path / LOCK_FILE).write_text("left over")
    FolderLock(tmp_path).release()
    (tmp_path / LOCK_FILE).symlink_to("elsewhere")
    with pytest.raises(OSError, match=LOCK_FILE):
        FolderLock(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("words", [(), ("with a child",)])
def test_a_lock_dies_with_its_process_whatever_that_leaves_behind(tmp_path, words):
    process = hold(tmp_path, *words)
    try:
        with pytest.raises(FolderBusy):
            FolderLock(tmp_path)
        process.kill()
        process.wait()
        assert (tmp_path / LOCK_FILE).exists()
        FolderLock(tmp_path).release()
    finally:
        os.killpg(process.pid, signal.SIGKILL) if words else process.kill()
        process.stdout.close()


@pytest.mark.parametrize(
    "words",
    [
        "simulate w.tvc.yaml --results r",
        "compare salesforce strict --on w.tvc.yaml -n 2 --metric mean(calls) --results r",
        "compare salesforce strict --on w.tvc.yaml -n 2 --metric mean(calls) --results r --resume",
        "sweep w.tvc.yaml --vary desk.admins=1,2 -n 2 --metric mean(calls) --results r",
        "sweep w.tvc.yaml --tornado mean(calls) -n 2 --results r",
    ],
)
def test_a_command_refuses_a_folder_that_another_one_writes_to(folder, call, words):
    Path("w.tvc.yaml").write_text(SCENARIO.replace("USERS", "9"))
    Path("r").mkdir()
    with FolderLock(folder / "r"):
        ran = call(*words.split())
        assert ran.code == 4
        assert ran.out == ""
        assert "r is being written to by another run" in " ".join(ran.err.split())
        assert [entry.name for entry in Path("r").iterdir()] == [LOCK_FILE]
    assert call(*words.replace(" --resume", "").split()).code == 0
    assert LOCK_FILE not in {entry.name for entry in Path("r").iterdir()}


def test_two_runs_into_one_folder_at_once_leave_one_whole_result(folder, process):
    Path("w.tvc.yaml").write_text(SCENARIO.replace("USERS", "1000"))
    command = ["simulate", "w.tvc.yaml", "--results", "r", "--trace", "full"]
    both = [
        subprocess.Popen(
            [sys.executable, "-c", "from tvc.cli.main import main; main()", *command],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(2)
    ]
    told = [one.communicate(timeout=120)[1] for one in both]
    codes = sorted(one.returncode for one in both)
    # Where the machine ran one after the other, the second replaces what the first wrote.
    assert codes in ([0, 0], [0, 4]), told
    if codes == [0, 4]:
        assert any("is being written to by another run" in " ".join(one.split()) for one in told)
    assert len(pd.read_parquet("r/trace.parquet")) > 300
    assert not list(Path("r").glob(".*"))
    ran = process("simulate", "--rerun", "r/run.json")
    assert ran.code == 0, ran.err
    assert "Identical" in ran.out


def test_a_store_lets_go_when_it_is_refused_closed_or_at_its_end(tmp_path):
    store = Store.open(tmp_path, "0" * 64)
    with pytest.raises(StoreRefused, match="is being written to"):
        Store.open(tmp_path, "0" * 64, resume=True)
    store.close()
    with pytest.raises(StoreRefused, match="other inputs") as refused:
        Store.open(tmp_path, "1" * 64, resume=True)
    with pytest.raises(KeyboardInterrupt), Store.open(tmp_path, "0" * 64, resume=True) as store:
        raise KeyboardInterrupt
    Store.open(tmp_path, "0" * 64, resume=True).close()
    # Where an exception is kept, so is what it came from.
    assert refused.value
    assert store
