"""One writer a folder: a lock that ends with the process that holds it, however that ends.

The operating system keeps the lock, on a file of the folder. What a killed process leaves is a
file that nobody has locked, and that hinders nobody.
"""

import os
import sys
import weakref
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tvc.domain.words import show_path
from tvc.interrupts import held_back

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


#: The file that is locked; it is there while somebody writes.
LOCK_FILE: Final = ".tvc.lock"
_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


class FolderBusy(ValueError):
    """A folder that somebody else writes to; the message says so."""


class FolderLock:
    """The right to write to a folder, until it is released, forgotten, or the process ends.

    A context manager, which releases it.

    Parameters
    ----------
    folder
        A folder that exists.

    Raises
    ------
    FolderBusy
        If somebody has the lock, in this process or another.
    OSError
        If the folder cannot be written to, or its file system knows no locks.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK_FILE
        # An interrupt in between would leave a lock that nobody can release.
        with held_back():
            self._descriptor = _acquire(path)
            self._end = weakref.finalize(self, _release, self._descriptor, path)
            _HELD.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        wrong: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let others write; once is enough, and more does no harm."""
        with held_back():
            self._end()

    def leave_to_parent(self) -> None:
        """Let go of the lock in a forked child, which has a part in it, and is no writer."""
        if self._end.detach() is not None:
            os.close(self._descriptor)


_HELD: Final[weakref.WeakSet[FolderLock]] = weakref.WeakSet()


def _leave_all_to_parent() -> None:
    for lock in list(_HELD):
        lock.leave_to_parent()


if hasattr(os, "register_at_fork"):
    # A child that outlives its parent would keep the lock.
    os.register_at_fork(after_in_child=_leave_all_to_parent)


def _acquire(path: Path) -> int:
    while True:
        descriptor = os.open(path, _FLAGS, 0o666)
        try:
            _lock(descriptor)
        except (BlockingIOError, PermissionError):
            os.close(descriptor)
            raise FolderBusy(
                f"{show_path(path.parent)} is being written to by another run: wait until it has "
                "ended, or name another folder"
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise OSError(error.errno, error.strerror, str(path)) from None
        if _is_at(descriptor, path):
            return descriptor
        # The holder before us removed the file between our two steps.
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _release(descriptor: int, path: Path) -> None:
    ours = _is_at(descriptor, path)
    if sys.platform == "win32":
        # A file that is open cannot be removed there.
        os.close(descriptor)
    if ours:
        with suppress(OSError):
            path.unlink()
    if sys.platform != "win32":
        os.close(descriptor)
