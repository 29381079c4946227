"""A results folder keeps what is finished, and mixes it with nothing else."""

import errno
import io
import json
import os
import signal

import pandas as pd
import pytest

from tvc.runs import store as stores
from tvc.runs.store import Store, StoreFull, StoreRefused
from tvc.runs.study import run_study
from tvc.runs.tasks import Result, Task, digest_of

DIGEST = digest_of({"inputs": 1})


def tasks_of(count):
    return [
        Task.of(
            study="toy",
            arm="baseline",
            policy={"lifetime.max": 1},
            workload={"users": 10},
            replication=number,
            seed=7,
        )
        for number in range(count)
    ]


def toy(task):
    number = task.replication
    if number == 2:
        raise ValueError("no luck")
    row = {"calls": number, "mean": number / 3, "worst": float("inf"), "raw": bytes([number])}
    # A gap, a name that comes late, and a column of whole and broken numbers.
    return row | ({"late": "x"} if number == 4 else {"mixed": 1 if number % 2 else 0.5})


def run(tasks, store=None):
    return run_study(toy, tasks, store=store, progress=False)


def bytes_of(frame):
    content = io.BytesIO()
    frame.to_parquet(content, index=False)
    return content.getvalue()


@pytest.fixture
def each_result_a_part(monkeypatch):
    monkeypatch.setattr(stores, "WAIT_S", -1.0)


@pytest.mark.parametrize("stops", [(0,), (3,), (5, 6), (1, 2, 4, 8)])
def test_a_study_run_in_pieces_has_the_bytes_of_an_undisturbed_one(tmp_path, stops):
    tasks = tasks_of(9)
    for number, stop in enumerate(stops):
        run(tasks[:stop], Store.open(tmp_path / "a", DIGEST, resume=number > 0))
    last = Store.open(tmp_path / "a", DIGEST, resume=True)
    resumed = run(tasks, last)
    undisturbed = Store.open(tmp_path / "b", DIGEST)
    expected = run(tasks, undisturbed)
    assert resumed == expected == run(tasks)
    frames = [resumed.frame(), expected.frame(), last.frame(), undisturbed.frame()]
    assert len({bytes_of(frame) for frame in frames}) == 1
    last.close()
    reopened = Store.open(tmp_path / "a", DIGEST, resume=True)
    assert bytes_of(reopened.frame()) == bytes_of(frames[0])
    assert reopened.tasks == tuple(tasks)


def test_what_is_finished_is_not_run_again_but_what_failed_is(tmp_path):
    tasks = tasks_of(5)
    run(tasks, Store.open(tmp_path, DIGEST))
    ran = []

    def other(task):
        ran.append(task.replication)
        return {"calls": task.replication}

    study = run_study(other, tasks, store=Store.open(tmp_path, DIGEST, True), progress=False)
    assert ran == [2]
    assert study.failures() == ()
    # The failure is still in an older part, and is outdone by the result.
    assert not any(found.failure for found in Store.open(tmp_path, DIGEST, True).results())


@pytest.mark.parametrize(("wait_s", "parts"), [(-1.0, 4), (3600.0, 1)])
def test_an_interrupt_leaves_what_is_finished(tmp_path, monkeypatch, wait_s, parts):
    monkeypatch.setattr(stores, "WAIT_S", wait_s)

    def interrupted(task):
        if task.replication == 4:
            raise KeyboardInterrupt
        return {"calls": task.replication}

    with pytest.raises(KeyboardInterrupt):
        run_study(interrupted, tasks_of(9), store=Store.open(tmp_path, DIGEST), progress=False)
    assert len(list(tmp_path.glob("part-*.parquet"))) == parts
    kept = Store.open(tmp_path, DIGEST, resume=True).results()
    assert [result.row["calls"] for result in kept] == [0, 1, 2, 3]


def swallowing(task):
    """Return half a row where it is interrupted, as a model should not."""
    if task.replication == 2:
        try:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            return {"calls": -1}
    return {"calls": task.replication}


def test_what_swallowed_an_interrupt_ends_the_study_and_is_not_kept(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_study(swallowing, tasks_of(5), store=Store.open(tmp_path, DIGEST), progress=False)
    kept = Store.open(tmp_path, DIGEST, resume=True).results()
    assert [result.row["calls"] for result in kept] == [0, 1]


def test_a_store_refuses_what_is_not_complete(tmp_path):
    (task,) = tasks_of(1)
    store = Store.open(tmp_path, DIGEST)
    store.declare([task])
    with pytest.raises(ValueError, match="replication 0 of baseline was interrupted"):
        store.add(Result(task, {"calls": 1}, complete=False))
    store.flush()
    store.close()
    assert Store.open(tmp_path, DIGEST, resume=True).results() == []


def test_the_first_interrupt_ends_a_study_after_the_replication_that_is_under_way(tmp_path):
    def interrupted(task):
        if task.replication == 2:
            signal.raise_signal(signal.SIGINT)
        return {"calls": task.replication}

    with pytest.raises(KeyboardInterrupt):
        run_study(interrupted, tasks_of(5), store=Store.open(tmp_path, DIGEST), progress=False)
    kept = Store.open(tmp_path, DIGEST, resume=True).results()
    assert [result.row["calls"] for result in kept] == [0, 1, 2]


def test_a_folder_that_cannot_tell_interrupted_replications_is_not_resumed(tmp_path):
    run(tasks_of(3), Store.open(tmp_path, DIGEST))
    path = tmp_path / "manifest.json"
    path.write_text(path.read_text().replace("tvc.study/2", "tvc.study/1"))
    with pytest.raises(StoreRefused, match="interrupted replications may stand as whole ones"):
        Store.open(tmp_path, DIGEST, resume=True)


@pytest.mark.usefixtures("each_result_a_part")
@pytest.mark.parametrize("room", [0, 1, 5, 12])
def test_a_full_disk_is_told_of_and_leaves_a_folder_to_go_on_with(tmp_path, monkeypatch, room):
    tasks = tasks_of(9)
    store = Store.open(tmp_path, DIGEST)
    real, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreFull, match=r"the disk is full\. \d of 9 .* go on with --resume"):
        run(tasks, store)
    monkeypatch.setattr(os, "fsync", real)
    assert not list(tmp_path.glob(".*"))
    resumed = run(tasks, Store.open(tmp_path, DIGEST, resume=True))
    assert bytes_of(resumed.frame()) == bytes_of(run(tasks).frame())


@pytest.mark.usefixtures("each_result_a_part")
@pytest.mark.parametrize("damage", ["cut", "changed", "foreign"])
def test_a_damaged_part_counts_for_nothing_and_is_run_again(tmp_path, damage):
    tasks = tasks_of(6)
    expected = run(tasks, Store.open(tmp_path, DIGEST))
    part = sorted(tmp_path.glob("part-*.parquet"))[0]
    content = part.read_bytes()
    if damage == "cut":
        part.write_bytes(content[:-10])
    elif damage == "changed":
        part.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    else:
        part.write_text("nothing of ours")
    store = Store.open(tmp_path, DIGEST, resume=True)
    assert len(store.results()) == 5
    assert run(tasks, store) == expected


def test_what_was_being_written_at_a_kill_is_swept_away(tmp_path):
    (tmp_path / ".manifest.json.0f3a9c77.part").write_text("{")
    (tmp_path / ".tvc.lock").touch()
    Store.open(tmp_path, DIGEST)
    (tmp_path / ".part-0123.parquet.0f3a9c77.part").write_text("half")
    run(tasks_of(3), Store.open(tmp_path, DIGEST, resume=True))
    assert not list(tmp_path.glob(".*"))


def test_results_are_not_overwritten_unasked(tmp_path):
    run(tasks_of(3), Store.open(tmp_path, DIGEST))
    with pytest.raises(StoreRefused, match="holds results already; go on with --resume"):
        Store.open(tmp_path, DIGEST)


def test_other_inputs_are_refused(tmp_path):
    run(tasks_of(3), Store.open(tmp_path, DIGEST))
    with pytest.raises(StoreRefused, match="holds results of other inputs"):
        Store.open(tmp_path, digest_of({"inputs": 2}), resume=True)


def test_another_version_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "__version__", "0.0.other")
    Store.open(tmp_path, DIGEST)
    monkeypatch.undo()
    with pytest.raises(StoreRefused, match=r"holds results of tvc 0\.0\.other"):
        Store.open(tmp_path, DIGEST, resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path, resume):
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(StoreRefused, match=r"something else .*thesis\.doc"):
        Store.open(tmp_path, DIGEST, resume=resume)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.doc"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "results").write_text("")
    with pytest.raises(StoreRefused, match="is no folder"):
        Store.open(tmp_path / "results", DIGEST)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (None, "{", "is no JSON"),
        ("schema", "tvc.run/1", "its schema is not tvc.study/2"),
        ("tasks", [[1]], "is damaged"),
        ("tasks", 5, "is damaged"),
        ("arms", {}, "is damaged"),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path, key, value, message):
    run(tasks_of(3), Store.open(tmp_path, DIGEST))
    path = tmp_path / "manifest.json"
    plain = json.loads(path.read_text())
    path.write_text(value if key is None else json.dumps(plain | {key: value}))
    with pytest.raises(StoreRefused, match=message):
        Store.open(tmp_path, DIGEST, resume=True)


def test_a_manifest_whose_arms_were_changed_is_refused(tmp_path):
    run(tasks_of(3), Store.open(tmp_path, DIGEST))
    path = tmp_path / "manifest.json"
    path.write_text(path.read_text().replace('"users":10', '"users":11'))
    with pytest.raises(StoreRefused, match="its arms are not those of its tasks"):
        Store.open(tmp_path, DIGEST, resume=True)


def test_a_column_of_several_kinds_is_told_by_its_name(tmp_path):
    def wild(task):
        return {"x": "one" if task.replication else 1}

    with pytest.raises(ValueError, match="the column x holds values of several kinds"):
        run_study(wild, tasks_of(2), store=Store.open(tmp_path, DIGEST), progress=False)


def test_numbers_come_back_as_they_were(tmp_path):
    store = Store.open(tmp_path, DIGEST)
    study = run(tasks_of(5), store)
    store.close()
    frame = Store.open(tmp_path, DIGEST, resume=True).frame()
    pd.testing.assert_frame_equal(frame, study.frame(), check_exact=True)
    assert str(frame["calls"].dtype) == "Int64"
    assert frame["worst"].iloc[0] == float("inf")
