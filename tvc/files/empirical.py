"""Durations that were measured, from CSV files beside the scenario file."""

import os
from dataclasses import replace
from pathlib import Path
from stat import S_ISREG
from typing import Final, TypeVar

from tvc.authority.durations import parse_duration
from tvc.domain.distributions import Empirical
from tvc.domain.fields import Part
from tvc.domain.workload import WorkloadModel
from tvc.files.faults import Fault, InvalidFile
from tvc.files.outputs import note_input

#: The heading that a file may have, and the largest file that is read.
HEADING: Final = "duration"
_LARGEST_BYTES: Final = 10_000_000
_MOST_FAULTS: Final = 20

P = TypeVar("P", bound=Part)


def with_measurements(workload: WorkloadModel, folder: Path) -> WorkloadModel:
    """Return a workload with the values of every empirical distribution read.

    Parameters
    ----------
    workload
        It stays as it is.
    folder
        Of the scenario file; no file outside of it is read.

    Raises
    ------
    InvalidFile
        With every fault of the first file that has any: it is missing, too large or outside
        of the folder, or a line is no duration such as ``90s``.
    """
    return _filled(workload, folder)


def _filled(part: P, folder: Path) -> P:
    changed: dict[str, object] = {}
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Empirical):
            values_ms = read_durations(folder / value.file, folder)
            changed[name] = replace(value, values_ms=values_ms)
        elif isinstance(value, Part):
            filled = _filled(value, folder)
            if filled is not value:
                changed[name] = filled
    return part.model_copy(update=changed) if changed else part


def read_durations(path: Path, folder: Path) -> tuple[int, ...]:
    """Read a file of one duration a line, in milliseconds; the first line may be a heading.

    Raises
    ------
    InvalidFile
        With every fault.
    """
    name, lines = str(path), _read_lines(path, folder)
    values: list[int] = []
    faults: set[Fault] = set()
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or (number == 1 and text.lower() == HEADING):
            continue
        try:
            value_ms = parse_duration(text)
        except ValueError as error:
            faults.add(Fault(name, number, 1, str(error)))
        else:
            if value_ms < 0:
                faults.add(Fault(name, number, 1, f"{text} is negative"))
            values.append(value_ms)
        if len(faults) >= _MOST_FAULTS:
            break
    if not faults and not values:
        faults.add(Fault(name, 1, 1, "holds no durations: expected one a line, such as 90s"))
    if faults:
        raise InvalidFile(faults)
    return tuple(values)


def _read_lines(path: Path, folder: Path) -> list[str]:
    try:
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(os.path.realpath(folder)):
            raise _unusable(path, "the file lies outside of the scenario's folder")
        status = path.stat()
        # A pipe among the files would be waited for without end.
        if not S_ISREG(status.st_mode):
            raise _unusable(path, "is no file")
        if status.st_size > _LARGEST_BYTES:
            raise _unusable(path, f"more than {_LARGEST_BYTES} bytes")
        note_input(target)
        # By its own name: a link may lead elsewhere by now.
        return target.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _unusable(path, "is no text in UTF-8") from None
    except ValueError:  # a NUL
        raise _unusable(path, "is no path of a file") from None


def _unusable(path: Path, message: str) -> InvalidFile:
    return InvalidFile({Fault(str(path), 1, 1, message, unread=True)})
