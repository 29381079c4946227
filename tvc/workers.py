"""Worker processes: none outlives the process that it works for."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from tvc import interrupts

if TYPE_CHECKING:
    from concurrent.futures import Future
    from multiprocessing.process import BaseProcess

T = TypeVar("T")
R = TypeVar("R")

#: How often a worker looks whether its parent is still there.
_LOOKS_S: Final = 0.2
#: How often a process that waits for its workers looks for interrupts.
_WAITS_S: Final = 0.05


def share(
    work: Callable[[T], R],
    items: Sequence[T],
    processes: int,
    keep: Callable[[R], None],
    setup: Callable[[], None] | None = None,
) -> None:
    """Do something for each of some items, in other processes.

    Parameters
    ----------
    work
        What is done; like items and results it must pickle.
    items
        In their order.
    processes
        How many processes share them.
    keep
        Called here with what comes of each item, in their order.
    setup
        Called first in each of the processes.

    Raises
    ------
    KeyboardInterrupt
        If somebody stopped it. What was being done is given up.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    # Named, since what another version of Python takes instead need not be a child of this one.
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    others = set(active_children())
    with interrupts.interrupts_noted() as check:
        pool = ProcessPoolExecutor(processes, context, _begin, (os.getpid(), setup))
        try:
            with interrupts.held_back():
                futures = [pool.submit(work, item) for item in items]
            for future in futures:
                keep(_result_of(future, check))
        except BaseException:
            for worker in set(active_children()) - others:
                _kill(worker)
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _result_of(future: "Future[R]", check: Callable[[], None]) -> R:
    while True:
        check()
        try:
            return future.result(timeout=_WAITS_S)
        except TimeoutError:
            if future.done():
                raise  # that of the work


def _begin(parent: int, setup: Callable[[], None] | None) -> None:
    attend(parent)
    if setup is not None:
        setup()


def attend(parent: int) -> None:
    """Make this process a worker: interrupts are its parent's, and it ends when that one does.

    Parameters
    ----------
    parent
        The process that started this one.
    """
    interrupts.leave_to_parent()
    # Windows never gives a process another parent, so that nothing could be told from it.
    if os.name == "posix":
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOKS_S)
    # Not in good order: nobody waits for what this process would still do or write.
    os._exit(interrupts.CODE)


def kill_all() -> None:
    """End every process that this one has started and not awaited."""
    # What was never imported has started none.
    started = sys.modules.get("multiprocessing")
    if started is not None:
        children = started.active_children()
        for child in children:
            _kill(child)
        for child in children:
            child.join()


def _kill(process: "BaseProcess") -> None:
    # Not by its own method, which workers of loky do not have.
    if process.pid is not None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
