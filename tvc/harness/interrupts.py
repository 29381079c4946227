"""Interrupts that wait for a good moment, and are not lost on the way.

Python raises KeyboardInterrupt wherever it happens to be. Where that is a callback of the garbage
collector, of which Hypothesis has one, or a finalizer, the exception is printed and dropped, and
work goes on as if nobody had asked for anything.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_noted() -> Iterator[Callable[[], None]]:
    """Note the first interrupt while this lasts, instead of raising it at once.

    A second one is raised at once, for those who cannot wait. Where interrupts are not Python's to
    handle, or in another thread than the main one, all stays as it is.

    Yields
    ------
    callable
        To be called at good moments; raises KeyboardInterrupt where one was asked for.
    """
    asked = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    def check() -> None:
        if asked:
            raise KeyboardInterrupt

    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield check
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
