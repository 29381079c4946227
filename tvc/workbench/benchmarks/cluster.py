"""A Dask scheduler and workers on this machine, each a process, started by their own programs."""

import importlib
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

_PATIENCE_S: Final = 60.0


def has_dask() -> bool:
    """Tell whether the extra ``cluster`` is installed."""
    return importlib.util.find_spec("distributed") is not None


@contextmanager
def local_cluster(workers: int) -> Iterator[str]:
    """Start a scheduler and workers of one thread each on the loopback interface.

    Parameters
    ----------
    workers
        How many.

    Yields
    ------
    str
        The scheduler's address. On leaving all of them are ended.

    Raises
    ------
    TimeoutError
        If they do not come up within a minute.
    """
    with TemporaryDirectory() as folder:
        told = Path(folder) / "scheduler.json"
        started = [_start("dask_scheduler", told, "--port", "0")]
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", folder)
        try:
            address = _wait_for_address(told)
            started += [_start("dask_worker", told, *options) for _ in range(workers)]
            _wait_for_workers(address, workers)
            yield address
        finally:
            for process in started:
                process.kill()
            for process in started:
                process.wait()


def _start(program: str, told: Path, *options: str) -> subprocess.Popen[bytes]:
    common = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(told))
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{program}", *common, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _wait_for_address(told: Path) -> str:
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        try:
            return str(json.loads(told.read_text("utf-8"))["address"])
        except (OSError, ValueError):  # not there yet, or half written
            time.sleep(0.05)
    raise TimeoutError("the Dask scheduler did not come up")


def _wait_for_workers(address: str, workers: int) -> None:
    # By name, since the package is not typed.
    distributed: Any = importlib.import_module("distributed")
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=_PATIENCE_S)
