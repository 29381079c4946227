"""What is shown of one failure: its place in the file, both sides, the records, how to rerun it.

Everything that a file brought along (names, notes, lines of YAML) is escaped before it is shown,
and every text comes as a list of single lines, so that a file cannot forge lines of a report.
"""

import shlex
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from tvc.authority.authority import Record
from tvc.authority.durations import format_duration
from tvc.domain.words import CI_COMMAND, escape
from tvc.files.faults import Fault
from tvc.harness.outcomes import CaseResult, Concern, Failure
from tvc.timeline import Run
from tvc.trace.rows import field_of

_WIDTH: Final = 100
_CUT: Final = "..."
_TAB: Final = " " * 4
_INDENT: Final = "  "
_SHOWN_FIELDS: Final = ("by", "subject", "reason", "method", "code", "cause", "person")
_NO_OVERRIDES: Final[Mapping[str, str]] = MappingProxyType({})


# Lines of the file


def excerpt(  # noqa: PLR0913 - a place, and how much is shown around it
    text_lines: Sequence[str],
    line: int,
    column: int,
    *,
    before: int = 1,
    after: int = 1,
    width: int = _WIDTH,
) -> list[str]:
    r"""Show a place of a file: numbered lines, and a caret below the column.

    Parameters
    ----------
    text_lines
        The lines of the file.
    line, column
        The place, both counted from 1, the column in characters.
    before, after
        How many lines are shown around it.
    width
        Terminal columns for the text of a line; what does not fit is cut, around the caret.

    Returns
    -------
    list of str
        Safe to print; empty where the file has no such line.

    Examples
    --------
    >>> print(*excerpt(["tvc: 1", "peple: {}", "scenarios: []"], 2, 1), sep="\n")
      1 | tvc: 1
      2 | peple: {}
        | ^
      3 | scenarios: []
    """
    if not 1 <= line <= len(text_lines):
        return []
    first = max(1, line - before)
    last = min(len(text_lines), line + after)
    digits = len(str(last))
    shown = []
    for number in range(first, last + 1):
        focus = column if number == line else 1
        text, offset = _cut_line(text_lines[number - 1], focus, width)
        shown.append(f"{_INDENT}{number:>{digits}} | {text}".rstrip())
        if number == line:
            shown.append(f"{_INDENT}{'':>{digits}} | {' ' * offset}^")
    return shown


def fault_excerpt(fault: Fault, lines_of: Callable[[str], Sequence[str]]) -> list[str]:
    """Show the place of a fault; nothing of a file that was refused before it was read.

    Parameters
    ----------
    fault
        The fault.
    lines_of
        Returns the lines of a file by its name; none where it cannot be read.
    """
    return [] if fault.unread else excerpt(lines_of(fault.file), fault.line, fault.column)


def _cut_line(line: str, column: int, width: int) -> tuple[str, int]:
    """Return the part of a line around a column, and how far to the right the column then is."""
    column = min(column, len(line) + 1)
    # Only this stretch can be seen: a line of megabytes is not worth escaping to its end.
    base = max(0, column - 1 - width)
    stretch = line[base : column + width]
    cells = [_cell(char) for char in stretch]
    for order in CI_COMMAND.finditer(stretch):
        cells[order.end() - 1] = f"\\x{ord(order[0][-1]):02x}"
    widths = [_cell_width(cell) for cell in cells]
    focus = column - 1 - base
    start, end = 0, len(cells)
    if len(cells) < len(line) or sum(widths) > width:
        start, end = _window(widths, focus, width - 2 * len(_CUT))
    left = _CUT if base or start else ""
    right = _CUT if base + end < len(line) else ""
    return left + "".join(cells[start:end]) + right, len(left) + sum(widths[start:focus])


def _window(widths: Sequence[int], focus: int, room: int) -> tuple[int, int]:
    """Return from where to where cells are shown: more behind the caret than before it."""
    start = focus
    taken = 0
    while start > 0 and taken + widths[start - 1] <= room // 3:
        start -= 1
        taken += widths[start]
    end = start
    taken = 0
    while end < len(widths) and (end <= focus or taken + widths[end] <= room):
        taken += widths[end]
        end += 1
    while start > 0 and taken + widths[start - 1] <= room:
        start -= 1
        taken += widths[start]
    return start, end


def _cell(char: str) -> str:
    return _TAB if char == "\t" else escape(char)


def _cell_width(cell: str) -> int:
    """Return how many terminal columns a character takes, once it is written as it is shown."""
    if len(cell) != 1:
        return len(cell)
    if unicodedata.category(cell) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(cell) in "WF" else 1


# Records


def record_line(record: Record) -> str:
    """Show an audit record on one line.

    Returns
    -------
    str
        True time, the node's reading where it differs, type, and the fields that tell most.
    """
    when = format_duration(record.at.true_ms)
    if record.at.reading_ms != record.at.true_ms:
        reading = format_duration(record.at.reading_ms)
        when += f" ({escape(record.at.node or 'its clock')} reads {reading})"
    fields = ((name, field_of(record, name)) for name in _SHOWN_FIELDS)
    shown = [f"{name}={escape(value)}" for name, value in fields if value is not None]
    return "  ".join(part for part in (when, record.type, " ".join(shown)) if part)


def last_records(run: Run, step_index: int | None, count: int = 5) -> tuple[Record, ...]:
    """Return the last records up to and including those of a step.

    Parameters
    ----------
    run
        The run.
    step_index
        The step; None for the end of the run, with the lapses that are found there.
    count
        How many at most.
    """
    records = run.trace.records
    end = len(records) if step_index is None else run.taken[step_index].end
    return records[max(0, end - count) : end]


# Failures


def rerun_command(result: CaseResult, overrides: Mapping[str, str]) -> str:
    """Return the command that runs just this case again, quoted for a POSIX shell.

    Parameters
    ----------
    result
        What came of the case.
    overrides
        Files of the policies that stood in for those of the scenario file, by name.
    """
    words = ["--id", result.name]
    words += ["--seed", str(result.seed)] if result.seed else []
    for name, file in sorted(overrides.items()):
        words += ["--policy", f"{name}={file}"]
    # A file whose name looks like an option has to come behind all of them.
    words = [*words, "--", result.file] if result.file.startswith("-") else [result.file, *words]
    return " ".join(["tvc", "test", *map(_quote, words)])


def _quote(word: str) -> str:
    if escape(word) == word:
        return shlex.quote(word)
    orders = {order.end() - 1 for order in CI_COMMAND.finditer(word)}
    cells = (
        _shell_escape(char) if place in orders or not char.isprintable() else _shell_quote(char)
        for place, char in enumerate(word)
    )
    return f"$'{''.join(cells)}'"


def _shell_escape(char: str) -> str:
    """Write a character between $' and ' by its bytes; a name may have some that are no text."""
    handling = "surrogateescape" if "\udc80" <= char <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", handling))


def _shell_quote(char: str) -> str:
    return f"\\{char}" if char in "\\'" else char


def failure_block(
    result: CaseResult,
    failure: Failure,
    lines: Sequence[str],
    overrides: Mapping[str, str] = _NO_OVERRIDES,
) -> list[str]:
    """Show all that helps with one failure.

    Parameters
    ----------
    result
        What came of the case.
    failure
        One of its failures.
    lines
        The lines of the scenario file; empty where it can't be read any more.
    overrides
        As for `rerun_command`.

    Returns
    -------
    list of str
        The place, an excerpt of the file, what was expected beside what came, for a broken
        invariant the steps that show it, the last records, and the command that reruns the case.
    """
    place = f"{result.file}:{failure.line}:{failure.column}"
    shown = [f"{escape(place)}: {_headline(result, failure)}"]
    shown += excerpt(lines, failure.line, failure.column)
    shown += _both_sides(failure)
    if result.run is not None:
        broken = [one for one in result.invariants if one.name == failure.invariant]
        shown += [line for one in broken for line in _stretch(result.run, one.steps)]
        shown += _listed("last records", last_records(result.run, failure.step))
    return [*shown, f"{_INDENT}rerun: {rerun_command(result, overrides)}"]


def _headline(result: CaseResult, failure: Failure) -> str:
    """Say what failed; a step's two sides follow on lines of their own."""
    if failure.concern is not Concern.STEP or failure.step is None:
        return escape(failure.message)
    step = result.steps[failure.step].taken.step
    when = format_duration(step.at_ms)
    return f"step {step.index + 1}, {step.request.kind} at {when}, is not as expected"


def _both_sides(failure: Failure) -> list[str]:
    sides = (("expected:", failure.expected), ("got:", failure.got))
    return [f"{_INDENT}{label:<9} {escape(text)}" for label, text in sides if text is not None]


def _stretch(run: Run, steps: Iterable[int]) -> list[str]:
    """Show the steps that together break an invariant, each by its own record."""
    taken = [run.taken[step] for step in steps]
    if not taken:
        return []
    lines = [
        f"{_INDENT * 2}step {one.step.index + 1} (line {one.step.line}): "
        f"{record_line(run.trace.records[one.first])}"
        for one in taken
    ]
    return [f"{_INDENT}steps that show it:", *lines]


def _listed(title: str, records: Sequence[Record]) -> list[str]:
    if not records:
        return []
    return [f"{_INDENT}{title}:", *(f"{_INDENT * 2}{record_line(one)}" for one in records)]
