"""Faults: what is wrong with a file, and exactly where.

A loader collects every fault it can find before it gives up, so that one run shows all there is
to mend.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tvc.domain.words import escape


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something that is wrong at one place of a file.

    Attributes
    ----------
    file
        The file, as the user named it.
    line, column
        Where, both counted from 1; the column counts characters, not bytes.
    message
        What is wrong, and where possible what to write instead, on one line.
    unread
        Whether the file was refused before it was read: nothing of it may be shown then, for it
        may be a link to a file of secrets.
    """

    file: str
    line: int
    column: int
    message: str
    unread: bool = False

    def __str__(self) -> str:
        return f"{escape(self.file)}:{self.line}:{self.column}: error: {self.message}"


class InvalidFile(Exception):
    """A file that cannot be used.

    Attributes
    ----------
    faults : tuple of Fault
        Every fault that was found, in the order of their places; never empty.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(faults))
        if not self.faults:
            raise ValueError("an invalid file has at least one fault")
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)
