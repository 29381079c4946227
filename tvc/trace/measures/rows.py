"""The rows that a run keeps: of the people it watches, and of everybody in a file."""

from typing import Any, Final, Protocol

from tvc.authority.authority import Record
from tvc.trace.measures.codes import LedgerCode, code_row
from tvc.trace.measures.desk import DeskCall, call_row
from tvc.trace.measures.lines import Line, line_of, subject_of

#: Lines are written to a file so many at a time.
_BLOCK: Final = 4096


class LineSink(Protocol):
    """Something that receives the lines of every record."""

    def write(self, lines: list[Line]) -> None:
        """Take lines, in order."""
        ...


class Rows:
    """Rows of the records, codes and calls of those who are watched.

    Parameters
    ----------
    origin_ms
        The instant that codes and calls are counted from.
    file
        Receives every record.

    Attributes
    ----------
    events, codes, calls : list of tuple
        In the order in which they were kept.
    """

    def __init__(self, origin_ms: int, file: LineSink | None) -> None:
        self._origin_ms = origin_ms
        self._file = file
        self._lines: list[Line] = []
        self._watched: set[str] = set()
        self.events: list[Line] = []
        self.codes: list[tuple[Any, ...]] = []
        self.calls: list[tuple[Any, ...]] = []

    @property
    def wants_records(self) -> bool:
        """Whether records are to be kept: somebody is watched, or there is a file."""
        return self._file is not None or bool(self._watched)

    def watch(self, person: str) -> None:
        """Keep rows of somebody, from now on."""
        self._watched.add(person)

    def record(self, record: Record) -> None:
        """Keep a record."""
        line = line_of(record)
        if subject_of(record) in self._watched:
            self.events.append(line)
        if self._file is not None:
            self._lines.append(line)
            if len(self._lines) >= _BLOCK:
                self.flush()

    def flush(self) -> None:
        """Write to the file what is due to it."""
        if self._file is not None and self._lines:
            self._file.write(self._lines)
            self._lines.clear()

    def code(self, code: LedgerCode, at_ms: int, cause: str) -> None:
        """Keep a code that has ended, or that lives at the end of the run."""
        if code.subject in self._watched:
            self.codes.append(code_row(code, at_ms, cause, self._origin_ms))

    def call(self, call: DeskCall, at_ms: int, outcome: str) -> None:
        """Keep a call that has ended, or that waits at the end of the run."""
        if call.subject not in self._watched:
            return
        self.calls.append(call_row(call, at_ms, outcome, self._origin_ms))
        steps = [(call.placed_ms, "call.placed"), (call.answered_ms, "call.answered")]
        if outcome != "waiting":
            steps.append((at_ms, f"call.{outcome}"))
        for step_ms, kind in steps:
            if step_ms is not None:
                self.events.append((
                    step_ms, step_ms, None, kind, call.caller, call.subject, *(None,) * 5,
                ))  # fmt: skip
