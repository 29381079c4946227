"""Where reports go: machine output alone on one stream, people's output on the other."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from tvc.domain.words import suggest
from tvc.files.documents import read_source
from tvc.files.faults import InvalidFile
from tvc.files.outputs import note_output, write_output
from tvc.harness.formats import FORMATS, ReportContext
from tvc.harness.outcomes import SuiteResult
from tvc.harness.runner import Plan
from tvc.harness.sources import Sources


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
        If a format is unknown, or two go to standard output.
    RefusedOutput
        If a file will not do; see `tvc.files.outputs.note_output`.
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
        if output.file is not None:
            note_output(output.file, f"-f {text}")
        elif any(other.file is None for other in found):
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
            write_output(output.file, text)
    (shown,) = [output for output in outputs if output.file is None]
    if shown.format != "pretty":
        stderr.write(FORMATS["pretty"](suite, _context(plan, stderr)))
        stderr.flush()
    stdout.write(FORMATS[shown.format](suite, _context(plan, stdout)))
    stdout.flush()


def _context(plan: Plan, stream: TextIO | None) -> ReportContext:
    from tvc import __version__

    colour = stream is not None and stream.isatty() and not os.environ.get("NO_COLOR")
    sources = Sources(tuple(map(str, plan.files)))
    return ReportContext(
        __version__, plan.seed, dict(plan.loading.overrides), colour, lines_of, sources.place
    )


def lines_of(file: str) -> tuple[str, ...]:
    """Return the lines of a file for excerpts; none where it may not be read, or is not a text."""
    path = Path(file)
    try:
        return _read_lines(path.absolute(), path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return ()


@lru_cache(maxsize=64)
def _read_lines(path: Path, _modified_ns: int) -> tuple[str, ...]:
    """Read once for all excerpts, and again where a notebook has written the file anew."""
    try:
        text = read_source(path).decode("utf-8-sig")
    except (InvalidFile, UnicodeDecodeError):
        return ()
    if "\0" in text:
        return ()
    # Not splitlines, which also splits where YAML does not.
    return tuple(re.split(r"\r\n?|\n", text.removesuffix("\n")))
