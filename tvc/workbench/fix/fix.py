"""Fixing a file: run it, see what it would have to say, and write that only if it comes true."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tvc.domain.cases import ALLOW, Case
from tvc.domain.words import show_path
from tvc.files.documents import parse_document
from tvc.files.faults import InvalidFile
from tvc.files.outputs import replace_file
from tvc.files.scenarios import ScenarioFile, read_scenarios
from tvc.harness.outcomes import Concern, Outcome
from tvc.harness.runner import run_guarded
from tvc.harness.selection import Selection
from tvc.workbench.fix.edits import Editor, Raw, describe
from tvc.workbench.fix.layout import Layout
from tvc.workbench.fix.places import Place, Places
from tvc.workbench.fix.wishes import Change, settle, wishes_of

_JSON: Final = ".json"
_FINE: Final = (Outcome.PASSED, Outcome.XFAILED, Outcome.SKIPPED)


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """Something to tell about a place of a file.

    Attributes
    ----------
    line, column
        Where, both counted from 1.
    text
        What.
    """

    line: int
    column: int
    text: str


@dataclass(frozen=True)
class Fixed:
    """What came of fixing one file.

    Attributes
    ----------
    path
        The file.
    before, after
        Its text, and what it shall be; the same where nothing is to be changed.
    changes
        What is changed.
    left
        What fails still: it is no expectation of a step, or cannot be changed alone.
    broken
        Cases that ended in an error of ours.
    """

    path: Path
    before: str
    after: str
    changes: tuple[Note, ...] = ()
    left: tuple[Note, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything is to be written."""
        return self.before != self.after

    def diff(self) -> str:
        """Return the change as a unified diff; empty where there is none."""
        lines = [text.split("\n") for text in (self.before, self.after)]
        one, two = ([f"{line}\n" for line in part[:-1]] + part[-1:] for part in lines)
        name = show_path(self.path)
        told = difflib.unified_diff(one, two, name, name)
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in told
            if line
        )

    def write(self) -> None:
        """Replace the file, which keeps its mode.

        Raises
        ------
        OSError
            If it cannot be written; it is then as it was.
        """
        mode = self.path.stat().st_mode
        replace_file(self.path, self.after)
        self.path.chmod(mode)


def fix_file(file: ScenarioFile, selection: Selection | None = None, seed: int = 0) -> Fixed:
    """Find out what the expectations of a file have to be; nothing is written.

    Parameters
    ----------
    file
        The file, which has no faults.
    selection
        Which cases to fix; the others still have a say in what they share with these.
    seed
        Keys what is drawn.

    Returns
    -------
    Fixed
        Of which `Fixed.after` loads, asks the same of the same policies, and has no step that
        fails but those told of in `Fixed.left`.
    """
    return _Fixing(file, selection or Selection(), seed).fix()


class _Fixing:
    """The work on one file."""

    def __init__(self, file: ScenarioFile, selection: Selection, seed: int) -> None:
        self._path = file.path
        self._cases = file.cases
        self._seed = seed
        self._chosen = frozenset(
            number for number, case in enumerate(file.cases) if selection.selects(case)
        )
        self._before = file.path.read_bytes().decode("utf-8")
        self._raw = Raw(self._before)
        self._layout = Layout(self._raw.text)
        self._results = [run_guarded(case, seed=seed) for case in file.cases]

    def fix(self) -> Fixed:
        places = Places(self._layout, self._cases)
        changes, conflicts = settle(wishes_of(places, self._results), self._chosen)
        kept = self._verified(changes)
        left = [
            self._note(conflict.place, "left alone: several cases read it and do not agree")
            for conflict in conflicts
        ]
        left += [
            self._note(change.place, f"left alone: cannot be changed by itself: {describe(change)}")
            for change in changes
            if change not in kept
        ]
        told = {step for one in changes for step in one.steps}
        told |= {step for one in conflicts for step in one.steps}
        return Fixed(
            self._path,
            self._before,
            self._edited(kept),
            tuple(self._note(change.place, describe(change)) for change in kept),
            tuple(sorted([*left, *self._others(told)])),
            tuple(
                self._results[number].failures[0].message
                for number in sorted(self._chosen)
                if self._results[number].outcome is Outcome.ERROR
            ),
        )

    def _note(self, place: Place, text: str) -> Note:
        return Note(*self._layout.place_of(place.span.start), text)

    def _others(self, told: set[tuple[int, int]]) -> Iterator[Note]:
        """Yield the failures that no expectation of a step is to blame for."""
        for number in sorted(self._chosen):
            result = self._results[number]
            if result.outcome is not Outcome.FAILED:
                continue
            for failure in result.failures:
                if failure.concern is Concern.STEP and (number, failure.step) in told:
                    continue
                yield Note(failure.line, failure.column, f"not fixable: {failure.message}")

    def _edited(self, changes: Sequence[Change]) -> str:
        editor = Editor(self._layout, self._path.suffix == _JSON)
        return self._raw.edited(editor.edits(changes))

    # Nothing is written that does not come true

    def _verified(self, changes: list[Change]) -> list[Change]:
        """Return the changes that can be made together: all, or as many as go one by one."""
        if not changes or self._holds(changes):
            return changes
        kept: list[Change] = []
        for change in changes:
            if self._holds([*kept, change]):
                kept.append(change)
        return kept

    def _holds(self, changes: Sequence[Change]) -> bool:
        """Whether a text with some changes asks the same, and what was changed is right."""
        text = self._edited(changes)
        try:
            cases = read_scenarios(parse_document(text, str(self._path)), self._path).cases
        except InvalidFile:
            return False
        if len(cases) != len(self._cases):
            return False
        fixed = {step for change in changes for step in change.steps}
        return all(
            _asked(old) == _asked(new) and self._is_better(number, new, fixed)
            for number, (old, new) in enumerate(zip(self._cases, cases, strict=True))
        )

    def _is_better(self, number: int, case: Case, fixed: set[tuple[int, int]]) -> bool:
        before = self._results[number]
        after = run_guarded(case, seed=self._seed)
        if before.outcome in _FINE or after.outcome in _FINE:
            return before.outcome is after.outcome or after.outcome is Outcome.PASSED
        return all(
            new.ok or not (old.ok or (number, old.taken.step.index) in fixed)
            for old, new in zip(before.steps, after.steps, strict=True)
        )


def _asked(case: Case) -> str:
    """Return the digest of a case without what its steps are expected to give."""
    steps = tuple(replace(step, expect=ALLOW, stated=False) for step in case.steps)
    return replace(case, steps=steps).digest
