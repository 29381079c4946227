"""Where reports go: machine output alone on one stream, people's output on the other."""

import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, TextIO

from tvc.files.documents import MAX_BYTES
from tvc.files.faults import suggest
from tvc.harness.formats import FORMATS, ReportContext
from tvc.harness.outcomes import SuiteResult
from tvc.harness.runner import Plan

#: What becomes of a name of a file that is not UTF-8: in files as on standard output.
_ERRORS: Final = "backslashreplace"


class BadOutput(ValueError):
    """An option that asks for a report which cannot be served."""


@dataclass(frozen=True, slots=True)
class Output:
    """One report: its format, and the file it goes to; None for standard output."""

    format: str
    file: Path | None


def outputs_of(texts: Iterable[str], known: Iterable[str]) -> tuple[Output, ...]:
    """Read ``-f FORMAT[:FILE]`` options.

    Returns
    -------
    tuple of Output
        With ``pretty`` on standard output where no option sends anything there.

    Raises
    ------
    BadOutput
        If a format is unknown, two go to standard output or to one file, or a file's folder does
        not exist.
    """
    known = tuple(known)
    found: list[Output] = []
    for text in texts:
        name, separator, file = text.partition(":")
        if name not in known:
            raise BadOutput(
                f"-f {text}: no format {name!r}{suggest(name, known)}; known: {', '.join(known)}"
            )
        if separator and not file:
            raise BadOutput(f"-f {text}: a file name is missing after the colon")
        output = Output(name, Path(file) if file else None)
        if output.file is not None and not output.file.parent.is_dir():
            raise BadOutput(f"-f {text}: no such folder: {output.file.parent}")
        if any(other.file == output.file for other in found):
            raise BadOutput(f"-f {text}: two reports cannot go to the same place")
        found.append(output)
    if all(output.file is not None for output in found):
        found.insert(0, Output("pretty", None))
    return tuple(found)


def write_reports(
    suite: SuiteResult, plan: Plan, outputs: Iterable[Output], stdout: TextIO, stderr: TextIO
) -> None:
    """Write every report; people see the failures even when a machine reads standard output.

    Raises
    ------
    OSError
        If a file cannot be written. A file is whole or not there.
    """
    outputs = tuple(outputs)
    for output in outputs:
        if output.file is not None:
            text = FORMATS[output.format](suite, _context(plan, None))
            write_whole(output.file, text)
    (shown,) = [output for output in outputs if output.file is None]
    if shown.format != "pretty":
        stderr.write(FORMATS["pretty"](suite, _context(plan, stderr)))
        stderr.flush()
    stdout.write(FORMATS[shown.format](suite, _context(plan, stdout)))
    stdout.flush()


def _context(plan: Plan, stream: TextIO | None) -> ReportContext:
    from tvc import __version__

    colour = stream is not None and stream.isatty() and not os.environ.get("NO_COLOR")
    return ReportContext(__version__, plan.seed, dict(plan.loading.overrides), colour, lines_of)


def lines_of(file: str) -> tuple[str, ...]:
    """Return the lines of a scenario file for excerpts; none where it cannot be shown.

    A file that was refused for what it is (a pipe, a device, something huge) is not opened here
    either.
    """
    path = Path(file)
    try:
        status = path.stat()
    except (OSError, ValueError):
        return ()
    if not path.is_file() or status.st_size > MAX_BYTES:
        return ()
    return _read_lines(path.resolve(), status.st_mtime_ns)


@lru_cache(maxsize=64)
def _read_lines(path: Path, _modified_ns: int) -> tuple[str, ...]:
    """Read once for all excerpts, and again where a notebook has written the file anew."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ()
    # Not splitlines, which also splits where YAML does not.
    return tuple(re.split(r"\r\n?|\n", text.removesuffix("\n")))


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is whole or not there; a pipe or a device is written to.

    Raises
    ------
    OSError
        If it cannot be written, with the name that was given.
    """
    target = path.resolve() if path.is_symlink() else path
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8", errors=_ERRORS)
        else:
            _replace(target, text)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _replace(target: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors=_ERRORS) as file:
            file.write(text)
        # Temporary files are their owner's alone; a report is as any other new file.
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
