"""The results folder of a study: what is finished is kept, whatever happens to the program.

``manifest.json`` says which study it is. Each ``part-*.parquet`` holds finished results and is
named after the SHA-256 of its bytes, so that a torn or changed part is known by its name and
counts for nothing: its replications are run again. Both are written under a temporary name,
brought to the disk, and take their name last.
"""

import errno
import hashlib
import io
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from tvc import __version__
from tvc.domain.words import escape, list_choices, show_path
from tvc.files.json_files import NotJson, read_json
from tvc.files.locks import LOCK_FILE, FolderBusy, FolderLock
from tvc.files.outputs import original_of, part_of
from tvc.runs.tasks import FAILURE, IDENTITY, Result, Scalar, Task, frame_of

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = "tvc.study/2"
#: Its rows do not tell whether they are of whole replications.
_UNSURE: Final = "tvc.study/1"
MANIFEST: Final = "manifest.json"
_DIGITS: Final = 32
_LONGEST_VERSION: Final = 40

#: Results wait this long for others before they are written, and longer as a study grows older
#: (by that share of its age), so that a kill costs little and a long study has few parts.
WAIT_S: Final = 1.0
_WAIT_SHARE: Final = 0.02


class StoreRefused(ValueError):
    """A folder that this study must not be written to; the message says why."""


class StoreFull(OSError):
    """Results could not be written; the message says what is kept."""


class Store:
    """Results of a study on disk; made by `Store.open`.

    As long as it is open, nobody else may write to its folder. A context manager: on leaving,
    whatever the reason, it writes what it still holds.

    Attributes
    ----------
    folder
        Where they are.
    inputs_digest
        Of all that decides the results, as the caller has it.
    """

    def __init__(
        self, folder: Path, inputs_digest: str, tasks: Iterable[Task], lock: FolderLock
    ) -> None:
        self.folder = folder
        self.inputs_digest = inputs_digest
        self._lock = lock
        self._tasks = {task.identity: task for task in tasks}
        self._kept = self._read_parts()
        self._held: list[Result] = []
        self._opened_s = self._written_s = time.monotonic()

    @classmethod
    def open(cls, folder: Path, inputs_digest: str, resume: bool = False) -> "Store":
        """Open a folder for a study, and create it where there is none.

        Parameters
        ----------
        folder
            Missing or empty; with `resume` it may hold results of the same study.
        inputs_digest
            Of all that decides the results but the version of tvc, as
            `tvc.runs.tasks.digest_of` makes one.
        resume
            Go on with what is there.

        Raises
        ------
        StoreRefused
            If the folder holds something else, or holds results and `resume` is not asked for.
        OSError
            If it cannot be read or created.
        """
        if folder.exists() and not folder.is_dir():
            raise StoreRefused(f"{folder} is no folder")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = FolderLock(folder)
        except FolderBusy as why:
            raise StoreRefused(str(why)) from None
        try:
            return cls._open_locked(folder, inputs_digest, resume, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _open_locked(
        cls, folder: Path, inputs_digest: str, resume: bool, lock: FolderLock
    ) -> "Store":
        names = sorted(entry.name for entry in folder.iterdir() if entry.name != LOCK_FILE)
        # What has a temporary name only was being written when the program was ended.
        leftovers = [name for name in names if original_of(name) is not None]
        tasks: tuple[Task, ...] = ()
        if names != leftovers:
            manifest = _read_manifest(folder, names)
            _refuse_other(folder, manifest, inputs_digest, resume)
            tasks = _tasks_of(folder, manifest)
        for name in leftovers:
            (folder / name).unlink(missing_ok=True)
        store = cls(folder, inputs_digest, tasks, lock)
        if not tasks:
            store._write_manifest()
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        wrong: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            # A full disk was told of already, and is no less full now.
            if not isinstance(wrong, StoreFull):
                self.flush()
        finally:
            # A study has several runs, and is at its end with the first that fails.
            if wrong is not None:
                self.close()

    def close(self) -> None:
        """Let others write to the folder; so does forgetting the store."""
        self._lock.release()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks of the study, in its order."""
        return tuple(self._tasks.values())

    def declare(self, tasks: Sequence[Task]) -> None:
        """Add tasks to the study; those that it has stay where they are.

        Raises
        ------
        StoreFull
            If the manifest cannot be written.
        """
        if any(task.identity not in self._tasks for task in tasks):
            self._tasks |= {task.identity: task for task in tasks}
            self._write_manifest()

    def finished(self, task: Task) -> Result | None:
        """Return the result of a task, None where it is to be run; so are those that failed."""
        found = self._kept.get(task.identity)
        return found if found is not None and not found.failure else None

    def add(self, result: Result) -> None:
        """Keep a result of a declared task; it is on disk after a while, or after `flush`.

        Raises
        ------
        StoreFull
            If it cannot be written.
        ValueError
            If it is not complete.
        """
        if not result.complete:
            task = result.task
            raise ValueError(
                f"replication {task.replication} of {task.arm} was interrupted: it is not a result"
            )
        self._held.append(result)
        now_s = time.monotonic()
        if now_s - self._written_s >= WAIT_S + _WAIT_SHARE * (now_s - self._opened_s):
            self.flush()

    def flush(self) -> None:
        """Bring to the disk what is held.

        Raises
        ------
        StoreFull
            If it cannot be written.
        """
        if not self._held:
            return
        content = _to_parquet(self._held)
        digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
        self._write(f"part-{digest}.parquet", content)
        self._kept |= {result.task.identity: result for result in self._held}
        self._held = []
        self._written_s = time.monotonic()

    def results(self) -> list[Result]:
        """Return the results that are on disk, in the order of the tasks."""
        return [self._kept[name] for name in self._tasks if name in self._kept]

    def frame(self) -> "pd.DataFrame":
        """Return the results that are on disk as a frame; see `tvc.runs.tasks.frame_of`."""
        return frame_of(self.results())

    def _write_manifest(self) -> None:
        arms = {
            task.arm_digest: {"policy": task.policy_values(), "workload": task.workload_values()}
            for task in {task.arm_digest: task for task in self.tasks}.values()
        }
        manifest = {
            "schema": SCHEMA,
            "version": __version__,
            "inputs_digest": self.inputs_digest,
            "arms": arms,
            "tasks": [list(task.columns().values()) for task in self.tasks],
        }
        self._write(MANIFEST, json.dumps(manifest, separators=(",", ":")).encode())

    def _write(self, name: str, content: bytes) -> None:
        temporary = part_of(self.folder / name)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / name)
            _sync_folder(self.folder)
        except OSError as why:
            temporary.unlink(missing_ok=True)
            reason = "the disk is full" if why.errno == errno.ENOSPC else str(why)
            raise StoreFull(
                f"{self.folder}: {reason}. {len(self._kept)} of {len(self._tasks)} replications "
                "are kept; make room and go on with --resume"
            ) from why

    def _read_parts(self) -> dict[str, Result]:
        kept: dict[str, Result] = {}
        for path in sorted(self.folder.glob("part-*.parquet")):
            if not path.is_file():
                raise StoreRefused(f"{show_path(path)} is not a file; name another folder")
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()[:_DIGITS]
            # Read once it is known to be ours: of others nobody knows how large they are.
            if digest != path.stem.removeprefix("part-"):
                continue
            content = path.read_bytes()
            for result in _read_part(path, content, self._tasks):
                # A task that failed once and was run again has a result in two parts.
                before = kept.get(result.task.identity)
                if before is None or before.failure:
                    kept[result.task.identity] = result
        return kept


def _sync_folder(folder: Path) -> None:
    # Names are the folder's; Windows has no way to bring them to the disk, and needs none.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# The manifest


def _read_manifest(folder: Path, names: Sequence[str]) -> Mapping[str, Any]:
    if MANIFEST not in names:
        raise StoreRefused(
            f"{folder} holds something else than the results of a study: {list_choices(names)}"
        )
    try:
        manifest = read_json(folder / MANIFEST)
    except NotJson as why:
        raise StoreRefused(f"{folder / MANIFEST} {why}") from None
    if isinstance(manifest, dict) and manifest.get("schema") == _UNSURE:
        raise StoreRefused(
            f"{folder} holds results of an earlier tvc, in which interrupted replications may "
            "stand as whole ones: it is not resumed; name another folder"
        )
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise StoreRefused(f"{folder / MANIFEST} describes no study: its schema is not {SCHEMA}")
    return manifest


def _refuse_other(
    folder: Path, manifest: Mapping[str, Any], inputs_digest: str, resume: bool
) -> None:
    if not resume:
        raise StoreRefused(
            f"{folder} holds results already; go on with --resume, or name another folder"
        )
    if manifest.get("version") != __version__:
        raise StoreRefused(
            f"{folder} holds results of tvc {_version(manifest)}, and this is {__version__}: "
            "they do not mix; name another folder"
        )
    if manifest.get("inputs_digest") != inputs_digest:
        raise StoreRefused(
            f"{folder} holds results of other inputs (policies, workload, seed or run settings "
            "changed): they do not mix; name another folder"
        )


def _version(manifest: Mapping[str, Any]) -> str:
    found = manifest.get("version")
    return escape(found)[:_LONGEST_VERSION] if isinstance(found, str) else "of no version"


def _tasks_of(folder: Path, manifest: Mapping[str, Any]) -> tuple[Task, ...]:
    try:
        arms = manifest["arms"]
        tasks = tuple(
            Task.of(
                study=study,
                arm=arm,
                policy=arms[digest]["policy"],
                workload=arms[digest]["workload"],
                replication=replication,
                seed=seed,
            )
            for study, arm, digest, seed, replication in manifest["tasks"]
        )
        columns = [list(task.columns().values()) for task in tasks]
        whole = all(type(task.seed) is type(task.replication) is int for task in tasks)
        whole &= all(isinstance(task.study, str) and isinstance(task.arm, str) for task in tasks)
    except (AttributeError, KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        raise StoreRefused(f"{folder / MANIFEST} is damaged")
    if columns != manifest["tasks"]:
        raise StoreRefused(f"{folder / MANIFEST} is damaged: its arms are not those of its tasks")
    return tasks


# Parts


def _to_parquet(results: Sequence[Result]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    rows = [result.columns() for result in results]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {}
    for name in names:
        try:
            columns[name] = pa.array([row.get(name) for row in rows])
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            raise ValueError(f"the column {name} holds values of several kinds") from None
    table = pa.table(columns)
    content = io.BytesIO()
    parquet.write_table(table, content)
    return content.getvalue()


def _read_part(path: Path, content: bytes, tasks: Mapping[str, Task]) -> list[Result]:
    """Read a part whose name is that of its bytes, which says nothing of who wrote them."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        # In this thread: one of Arrow's may let go of these bytes when the interpreter is ending
        # already, and brings the process down.
        file = parquet.ParquetFile(pa.BufferReader(content), pre_buffer=False)
        rows = file.read(use_threads=False).to_pylist()
        return list(_results_in(rows, tasks))
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        raise StoreRefused(
            f"{path} holds something else than results of a study: remove it, and its "
            "replications are run again"
        ) from None


def _results_in(rows: Sequence[dict[str, Any]], tasks: Mapping[str, Task]) -> Iterator[Result]:
    by_columns = {tuple(task.columns().values()): task for task in tasks.values()}
    for row in rows:
        task = by_columns.get(tuple(row.pop(name) for name in IDENTITY))
        failure = row.pop(FAILURE)
        if task is None:
            continue
        measured = {name: value for name, value in row.items() if value is not None}
        values = [failure, *measured.values()]
        if not isinstance(failure, str) or not all(isinstance(each, Scalar) for each in values):
            raise TypeError("a result holds scalars")
        yield Result(task, measured, failure)
