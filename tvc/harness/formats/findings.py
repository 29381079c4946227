"""Findings: what a command has to say about one place of a file."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tvc.domain.words import escape, number_of
from tvc.files.faults import Fault

#: What the faults of a file count as, beside the rules of a command.
INVALID_FILE: Final = "invalid_file"


class Level(StrEnum):
    """How much a finding matters, the most first (closed list)."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file as the user named it, line and column from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a command has to say.

    Attributes
    ----------
    rule
        The id of what is asked for there; empty where nothing is wrong.
    level
        How much it matters.
    place
        Where.
    message
        What is so, on one line.
    help
        What to do about it, on one line; empty where that is plain.
    about
        The policy or the case that it is about; empty where that is the whole file.
    title
        What it is called in a list, if it says more than the rule, such as which case failed.
    fingerprint
        What stays the same when lines move, and is no other finding's; empty where readers have
        to go by the text at its place.
    """

    rule: str
    level: Level
    place: Place
    message: str
    help: str = ""
    about: str = ""
    title: str = ""
    fingerprint: str = ""

    @property
    def text(self) -> str:
        """What is so, and of what."""
        return f"{self.about}: {self.message}" if self.about else self.message


def finding_of(fault: Fault) -> Finding:
    """Return a fault of a file as a finding."""
    place = Place(fault.file, fault.line, fault.column)
    return Finding(INVALID_FILE, Level.ERROR, place, escape(fault.message), title="invalid file")


def faults_in_files(faults: Collection[Fault]) -> str:
    """Say how many faults there are, and in how many files.

    Examples
    --------
    >>> faults_in_files([Fault("a.tvc.yaml", 1, 1, "empty"), Fault("a.tvc.yaml", 2, 1, "odd")])
    '2 faults in 1 file'
    """
    files = len({fault.file for fault in faults})
    return f"{number_of(len(faults), 'fault')} in {number_of(files, 'file')}"
