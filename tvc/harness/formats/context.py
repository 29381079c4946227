"""What a report needs to know besides the results, and what several formats say alike."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath
from typing import Final

from tvc.domain.words import escape
from tvc.harness.excerpts import failure_block
from tvc.harness.outcomes import CaseResult, Concern, Failure, SuiteResult

#: What the faults of a file count as, beside the concerns and the invariants.
INVALID_FILE: Final = "invalid_file"


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What a report needs to know besides the results.

    Attributes
    ----------
    version
        The version of tvc.
    seed
        The seed of the run.
    overrides
        Files of the policies that stood in for others, by name.
    colour
        Whether people's output is coloured.
    lines
        Returns the lines of a file, by its name in the results; none where it can't be read.
    source
        Returns the path by which readers elsewhere know a file; by default its name.
    """

    version: str
    seed: int
    overrides: Mapping[str, str]
    colour: bool
    lines: Callable[[str], Sequence[str]]
    source: Callable[[str], PurePath] = PurePath


def by_file(suite: SuiteResult) -> Iterator[tuple[str, list[CaseResult]]]:
    """Yield the results of each file, in the order in which they ran."""
    for file, results in groupby(suite.results, key=lambda result: result.file):
        yield file, list(results)


def id_of(result: CaseResult) -> str:
    """Return ``id[values]``: the name without the file."""
    return result.name.removeprefix(f"{result.file}::")


def rule_of(failure: Failure) -> str:
    """Return the name of the invariant that a failure says is broken, else its concern."""
    broken = failure.invariant if failure.concern is Concern.INVARIANT else None
    return broken or str(failure.concern)


def portable_path(file: str) -> str:
    """Return a file's path with forward slashes, as the readers of reports expect it."""
    return PurePath(file).as_posix()


def block_of(result: CaseResult, failure: Failure, context: ReportContext) -> list[str]:
    """Return the lines that show a failure, with the excerpt of its file."""
    return failure_block(result, failure, context.lines(result.file), context.overrides)


def summary_of(suite: SuiteResult) -> str:
    """Say on one line what came of a suite: passed and failed always, the rest where there is any.

    Examples
    --------
    >>> summary_of(SuiteResult())
    '0 passed, 0 failed; nothing ran'
    """
    counts = suite.counts()
    always = ("passed", "failed")
    parts = [f"{count} {name}" for name, count in counts.items() if count or name in always]
    parts += [f"{suite.deselected} deselected"] if suite.deselected else []
    text = ", ".join(parts)
    if suite.invalid:
        files = len({fault.file for fault in suite.invalid})
        faults = len(suite.invalid)
        text += f"; {_number(faults, 'fault')} in {_number(files, 'file')}, nothing ran"
    elif len(suite.results) == counts["skipped"]:
        text += "; nothing ran"
    text += "; stopped at the first failure" if suite.stopped else ""
    return text + ("; interrupted" if suite.interrupted else "")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def noted(text: str, note: str) -> str:
    """Append a note where there is one, safe to print."""
    return escape(f"{text}: {note}" if note else text)
