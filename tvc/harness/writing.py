"""Where reports go: machine output alone on one stream, people's output on the other."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from tvc.domain.words import suggest
from tvc.files.outputs import note_output, write_output
from tvc.harness.formats import FORMATS, Report


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
    report: Report, outputs: Iterable[Output], stdout: TextIO, stderr: TextIO
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
            write_output(output.file, FORMATS[output.format](report))
    (shown,) = [output for output in outputs if output.file is None]
    if shown.format != "pretty":
        _write(report, "pretty", stderr)
    _write(report, shown.format, stdout)


def _write(report: Report, name: str, stream: TextIO) -> None:
    """Write to a stream: in colour on a terminal, unless that is unwanted."""
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    stream.write(FORMATS[name](replace(report, colour=colour)))
    stream.flush()
