"""The report of ``tvc hunt``: what was found, or how much was looked at; the find is a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tvc.domain.words import escape, number_of
from tvc.harness.formats.report import Paint, Report
from tvc.workbench.hunt.search import NOT_SHORTEST, Exhausted, Find


@dataclass(frozen=True)
class HuntReport(Report):
    """What came of a hunt.

    Attributes
    ----------
    result
        What came of it.
    longest
        The most events of an exhaustive search; None for a random one.
    file
        Where a find is written to; None where it is printed.
    """

    result: Find | Exhausted
    longest: int | None = None
    file: Path | None = None

    def text(self, paint: Paint) -> Iterator[str]:  # noqa: ARG002 - it has no colour
        """Yield lines that stand beside a find, or in its place."""
        result = self.result
        lines = _found(result, self.file) if isinstance(result, Find) else self._nothing(result)
        yield from (escape(f"tvc: {line}") for line in lines)

    def _nothing(self, result: Exhausted) -> Iterator[str]:
        explored = f"{result.explored.text}, {result.explored.seconds:.1f} s"
        if result.interrupted:
            yield f"interrupted; explored so far: {explored}"
        elif self.longest is None:
            yield f"not found: {result.goal.text}; explored: {explored}"
        elif result.cut_after is None:
            none = f"none with at most {self.longest} events"
            yield f"{none}: {result.goal.text}; explored: {explored}"
        else:
            none = f"none with at most {result.cut_after} events, of {self.longest}"
            yield (
                f"the time ended before the search: {none}: {result.goal.text}; "
                f"explored: {explored}"
            )


def _found(found: Find, file: Path | None) -> Iterator[str]:
    yield f"{found.goal.text}: {found.seen.message}"
    events = number_of(len(found.history.events), "event")
    where = "" if file is None else f"; written to {file}"
    seconds = f"{found.explored.seconds:.1f} s"
    yield f"found in {seconds} after {found.explored.text}; {events}{where}"
    if found.interrupted:
        yield "interrupted: a simpler history may show the same"
    elif not found.shortest:
        yield f"{NOT_SHORTEST}; more --time may shorten it"
