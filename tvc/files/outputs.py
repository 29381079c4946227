"""Writing files: each is whole or not there, and none takes the place of what a command reads.

A command says where its reports go before it reads anything, and every file that is read is noted
where it is opened, also one that only another file names. Whichever comes second is refused, so
that a slip on the command line (`-f json:a.tvc.yaml`) costs nobody a file. Files are the same by
what they are, not by what they are called: through links, hard links and other spellings, too.
"""

import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tvc.domain.words import escape, show_path

_PART: Final = ".part"


class RefusedOutput(Exception):
    """An output that would take the place of an input, or of another output; the message says so.

    Not a ValueError: what reads a file must not take this for a fault of the file.
    """


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that a command will write.

    Attributes
    ----------
    path
        Where.
    option
        What asked for it, as it stands on the command line, such as ``--html report.html``.
    """

    path: Path
    option: str


@dataclass(slots=True)
class _Noted:
    """What one command reads and writes."""

    inputs: list[Path] = field(default_factory=list)
    outputs: list[OutputFile] = field(default_factory=list)


_NOTED: ContextVar[_Noted | None] = ContextVar("_NOTED", default=None)


@contextmanager
def files_noted(outputs: Iterable[OutputFile] = ()) -> Iterator[None]:
    """Note what is read and written while this lasts; outside of it nothing is compared.

    Parameters
    ----------
    outputs
        What is known already, where a process does a part of another one's work.
    """
    token = _NOTED.set(_Noted(outputs=list(outputs)))
    try:
        yield
    finally:
        _NOTED.reset(token)


def noted_outputs() -> tuple[OutputFile, ...]:
    """Return the outputs that were noted."""
    noted = _NOTED.get()
    return () if noted is None else tuple(noted.outputs)


def note_input(path: str | os.PathLike[str]) -> None:
    """Note a file that is read.

    Raises
    ------
    RefusedOutput
        If it was noted as an output.
    """
    noted = _NOTED.get()
    if noted is None:
        return
    place = Path(path)
    for output in noted.outputs:
        if _are_same(output.path, place):
            raise _over_input(output, place)
    noted.inputs.append(place)


def note_output(path: Path, option: str) -> None:
    """Note a file that will be written, before it takes long to find out what to write.

    Parameters
    ----------
    path, option
        As `OutputFile` has them.

    Raises
    ------
    RefusedOutput
        If it was noted as an input, or as another output; if it is a folder or a link that leads
        nowhere, or its own folder is not there or not to be written to.
    """
    said = escape(option)
    if path.is_dir():
        raise RefusedOutput(f"{said}: that is a folder, and a file is expected")
    if path.is_symlink() and Path(os.path.realpath(path)).is_symlink():
        raise RefusedOutput(f"{said}: that link leads to itself")
    if not path.parent.is_dir():
        raise RefusedOutput(f"{said}: no such folder: {show_path(path.parent)}")
    if not path.exists() and not os.access(path.parent, os.W_OK):
        raise RefusedOutput(f"{said}: the folder cannot be written to: {show_path(path.parent)}")
    noted = _NOTED.get()
    if noted is None:
        return
    output = OutputFile(path, option)
    _refuse_inputs(noted, output)
    for other in noted.outputs:
        if _are_same(other.path, path):
            raise RefusedOutput(
                f"{said}: two reports cannot go to the same place, and this is that "
                f"of {escape(other.option)}"
            )
    noted.outputs.append(output)


def _refuse_inputs(noted: _Noted, output: OutputFile) -> None:
    for place in noted.inputs:
        if _are_same(output.path, place):
            raise _over_input(output, place)


def _over_input(output: OutputFile, place: Path) -> RefusedOutput:
    return RefusedOutput(
        f"{escape(output.option)}: this would take the place of a file that the command reads: "
        f"{show_path(place)}"
    )


def _are_same(one: Path, other: Path) -> bool:
    try:
        if one.exists() and other.exists():
            return one.samefile(other)
        # What is not there yet is the same where its name ends up in the same folder.
        return os.path.realpath(one) == os.path.realpath(other)
    except (OSError, ValueError):  # ValueError is for a NUL in a name
        return False


# Writing


def part_of(path: Path) -> Path:
    """Return a temporary name beside a file, which no other process and no other call has."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{_PART}")


def original_of(name: str) -> str | None:
    """Return the name of the file that a temporary name is for; None where it is not one.

    Examples
    --------
    >>> original_of(".run.json.0f3a9c77.part"), original_of("run.json")
    ('run.json', None)
    """
    stem, separator, _ = name.removeprefix(".").removesuffix(_PART).rpartition(".")
    return stem if separator and name.startswith(".") and name.endswith(_PART) else None


def write_output(path: Path, content: str | bytes) -> None:
    """Write a file that a command was asked for.

    Parameters
    ----------
    path
        A file, which is then whole or as it was; what a link leads to; a pipe or a device.
    content
        A text is written in UTF-8.

    Raises
    ------
    RefusedOutput
        If the command has read the file.
    OSError
        If it cannot be written, with the name that was given.
    """
    noted = _NOTED.get()
    if noted is not None:
        _refuse_inputs(noted, OutputFile(path, str(path)))
    replace_file(path, content)


def replace_file(path: Path, content: str | bytes) -> None:
    """Write a file though it may have been read, as `write_output` does otherwise.

    Raises
    ------
    OSError
        If it cannot be written, with the name that was given.
    """
    # A name of a file that is not UTF-8 is told in files as on standard output.
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    try:
        if target.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(target, data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _replace(target: Path, data: bytes) -> None:
    part = part_of(target)
    try:
        with part.open("xb") as file:
            file.write(data)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
