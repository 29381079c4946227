"""Interrupts, Ctrl-C and for the command SIGTERM too: none is lost, and work stops at good moments.

Python raises KeyboardInterrupt wherever it happens to be. Where that is a callback of the garbage
collector, of which Hypothesis has one, a finalizer, or an extension that turns it into an error of
its own, the exception is dropped, and work goes on as if nobody had asked for anything. Therefore
every interrupt is counted, and what must not go on after one asks here.
"""

import _thread
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

#: What a process leaves with that was interrupted.
CODE: Final = 2
#: As many interrupts in a row leave nothing to wait for.
_AT_ONCE: Final = 3
#: How long after an interrupt was lost it is raised again, which is elsewhere by then.
_AGAIN_S: Final = 0.01


class _State:
    """What was asked of this process; its handlers are called in the main thread only.

    Attributes
    ----------
    taken
        Whether interrupts are handled here for as long as the process lasts.
    thread
        The main one, where they are.
    noting
        How many parts of the work that are under way look for interrupts themselves.
    asked, raised, told
        How many interrupts came, how many of them were raised by the handler, and how many were
        handed to somebody at a good moment.
    """

    # Not a dataclass: interrupts that come before this is imported are not answered.
    def __init__(self) -> None:
        self.taken = False
        self.thread = 0
        self.noting = 0
        self.asked = self.raised = self.told = 0


_state = _State()


def asked() -> bool:
    """Return whether an interrupt came, whatever became of the exception."""
    return _state.asked > 0


def raised() -> int:
    """Return how many interrupts were raised at once, in the middle of whatever was being done.

    What comes to its end although this number grew has swallowed one, and may be half done.
    """
    return _state.raised


def take_over() -> None:
    """Handle SIGINT and SIGTERM alike from now on; what somebody had ignored stays ignored."""
    _state.taken = True
    _state.thread = threading.get_ident()
    sys.unraisablehook = _hear
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)


def let_go() -> None:
    """Ignore what comes from now on: the work is over, and its exit code is known."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def interrupts_noted() -> Iterator[Callable[[], None]]:
    """Note the first interrupt while this lasts, instead of raising it at once.

    A second one is raised at once, for those who cannot wait. One that nobody looked for is raised
    at the end. Where interrupts are handled by somebody else, or in another thread than the main
    one, all stays as it is.

    Yields
    ------
    callable
        To be called at good moments; raises KeyboardInterrupt where one was asked for.
    """
    if threading.current_thread() is not threading.main_thread():
        yield _ignore
        return
    borrowed = not (_state.taken or _state.noting)
    if borrowed:
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield _ignore
            return
        signal.signal(signal.SIGINT, _handle)
    _state.noting += 1
    before = _state.raised
    try:
        _check()
        yield _check
        _check()
    except Exception as error:
        if _state.raised > before:
            # Extensions make errors of their own of what interrupts them.
            raise KeyboardInterrupt from error
        raise
    finally:
        _state.noting -= 1
        if borrowed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _state.asked = _state.raised = _state.told = 0


@contextmanager
def held_back() -> Iterator[None]:
    """Hold interrupts back, and in processes that are started meanwhile until they say otherwise.

    They do so by `leave_to_parent`.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_to_parent() -> None:
    """Let Ctrl-C reach the parent alone, which ends this process; SIGTERM ends it by itself."""
    global _state  # noqa: PLW0603 - a forked process has the state of its parent
    _state = _State()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))


def _handle(_number: int, _frame: FrameType | None) -> None:
    _state.asked += 1
    if _state.taken and _state.asked >= _AT_ONCE:
        os.write(2, b"tvc: interrupted\n")
        os._exit(CODE)
    if _state.asked > 1 or not _state.noting:
        _state.raised += 1
        raise KeyboardInterrupt


def _hear(lost: "sys.UnraisableHookArgs") -> None:
    """Raise an interrupt again that came where nothing can be raised, and say nothing of it."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        threading.Timer(_AGAIN_S, _raise_again).start()
    else:
        sys.__unraisablehook__(lost)


def _raise_again() -> None:
    # The same one: it is counted again when it comes again.
    _state.asked -= 1
    if hasattr(signal, "pthread_kill"):
        # To the thread itself, which may be waiting for something.
        signal.pthread_kill(_state.thread, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _check() -> None:
    if _state.asked > _state.told:
        _state.told = _state.asked
        raise KeyboardInterrupt


def _ignore() -> None:
    pass
