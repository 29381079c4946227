"""Drafting a suite: templates first, then what tells the survivors among the mutants apart."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from tvc.domain.cases import Case
from tvc.harness.collect import Loading
from tvc.harness.selection import Selection
from tvc.timeline import play
from tvc.workbench.init.filling import Filled, bare, fill
from tvc.workbench.init.finds import TOPIC, hunt_sketch, recipe_sketches
from tvc.workbench.init.page import Subject, cases_of, write_page
from tvc.workbench.mutation.mutants import Mutant
from tvc.workbench.mutation.scoring import Request, prepare
from tvc.workbench.mutation.trials import Status, judge_group, notices
from tvc.workbench.recipes.knobs import sketches_of
from tvc.workbench.recipes.sketch import Sketch

#: Longest time that one hunt takes, in seconds.
_ONE_HUNT: Final = 10.0


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted suite.

    Attributes
    ----------
    text
        The file.
    scenarios
        How many scenarios it has.
    killed
        How many mutants of the policy it notices.
    equivalent
        How many nobody could notice.
    survivors
        Those that it does not notice, in words.
    """

    text: str
    scenarios: int
    killed: int
    equivalent: int
    survivors: tuple[str, ...]


def draft(
    subject: Subject,
    path: Path,
    *,
    seconds: float = 60.0,
    seed: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> Draft:
    """Draft a suite that passes on a policy and notices every mutant of it.

    Parameters
    ----------
    subject
        The policy.
    path
        Where the suite is to stand, which policies refer to by relative paths.
    seconds
        How long to hunt for what the templates leave; the same draft comes out whatever it is,
        unless it runs out.
    seed
        Keys the hunts.
    tell
        Is told what is going on.

    Returns
    -------
    Draft
        Whose `Draft.survivors` say what is left when the time is over.
    """
    return _Drafting(subject, path, seconds, seed, tell).run()


class _Drafting:
    """The work on one draft."""

    def __init__(
        self, subject: Subject, path: Path, seconds: float, seed: int, tell: Callable[[str], None]
    ) -> None:
        self._subject = subject
        self._path = path
        self._ends = time.perf_counter() + seconds
        self._seed = seed
        self._tell = tell
        self._filled: list[Filled] = []

    def run(self) -> Draft:
        self._filled = self._distinct(self._fill(list(sketches_of(self._subject.policy))))
        survivors, killed, equivalent = self._judge()
        left = self._close(self._try_recipes(survivors))
        killed += len(survivors) - len(left)
        told = tuple(f"{one.change.about}: {one.change.text}" for one in left)
        text = self._text(self._filled, self._comments(killed, equivalent, told))
        return Draft(text, len(self._filled), killed, equivalent, told)

    def _fill(self, sketches: Sequence[Sketch]) -> list[Filled]:
        if not sketches:
            return []
        text = write_page(self._subject, [(sketch, bare(sketch)) for sketch in sketches])
        runs = (play(case) for case in cases_of(text, self._path))
        return list(fill(sketches, runs))

    def _distinct(self, filled: Sequence[Filled]) -> list[Filled]:
        """Leave out what asks the same as something before it: some knobs meet at their values."""
        cases = iter(self._cases(filled))
        seen: set[str] = set()
        kept = []
        for one in filled:
            digests = {case.digest for case in islice(cases, len(one.sketch.rows) or 1)}
            if not digests <= seen:
                kept.append(one)
            seen |= digests
        return kept

    def _text(self, filled: Iterable[Filled], comments: Iterable[str] = ()) -> str:
        return write_page(self._subject, [(one.sketch, one.said) for one in filled], comments)

    def _cases(self, filled: Iterable[Filled]) -> tuple[Case, ...]:
        return cases_of(self._text(filled), self._path)

    # Mutants

    def _judge(self) -> tuple[list[Mutant], int, int]:
        """Return the mutants that survive the templates, and count the others."""
        request = Request((), Loading({}), Selection(), self._seed, policy=self._subject.target)
        bench, _ = prepare(self._cases(self._filled), request)
        survivors, killed, equivalent = [], 0, 0
        for group in bench.groups:
            mutants = list(group.mutants())
            for mutant, verdict in zip(
                mutants, judge_group(mutants, bench.subjects, self._seed), strict=True
            ):
                killed += verdict.status is Status.KILLED
                equivalent += verdict.status is Status.EQUIVALENT
                if verdict.status is Status.SURVIVED:
                    survivors.append(mutant)
        return survivors, killed, equivalent

    def _try_recipes(self, survivors: list[Mutant]) -> list[Mutant]:
        """Take those timelines from the recipes of coverage that notice a survivor."""
        if not survivors:
            return []
        filled = self._fill(list(recipe_sketches(self._subject.policy)))
        for one, case in zip(filled, self._cases(filled), strict=True):
            left = [mutant for mutant in survivors if not notices(mutant, case, self._seed)]
            if len(left) < len(survivors):
                self._filled.append(one)
                survivors = left
        return survivors

    def _close(self, survivors: list[Mutant]) -> list[Mutant]:
        """Hunt for what notices each survivor, until none is left or the time is over."""
        left: list[Mutant] = []
        number = 0
        while survivors:
            mutant, *survivors = survivors
            seconds = min(_ONE_HUNT, self._ends - time.perf_counter())
            self._tell(f"hunting for what notices {mutant.change.about}: {mutant.change.text}")
            found = hunt_sketch(mutant, number + 1, seconds, self._seed) if seconds > 0 else None
            if found is None:
                left.append(mutant)
                continue
            number += 1
            filled = self._fill([found])
            (case,) = self._cases(filled)
            if not notices(mutant, case, self._seed):
                left.append(mutant)
                continue
            self._filled += filled
            survivors = [one for one in survivors if not notices(one, case, self._seed)]
        return left

    # Words

    def _comments(self, killed: int, equivalent: int, survivors: Sequence[str]) -> list[str]:
        subject = self._subject
        found = [
            f"A first suite for policy '{subject.name}', digest {subject.merged.digest}.",
            "Every scenario passes: it says what the policy does. Whether that is what it should",
            "do is yours to say. Take the REVIEW mark off what you have looked at.",
            f"Of the changes of one knob, {killed} make some scenario fail; {equivalent} nobody",
            f"could notice. `tvc mutate FILE --policy {subject.target}` lists them.",
        ]
        if survivors:
            found += ["Nothing was found in time that notices these:"]
            found += [f"  {survivor}" for survivor in survivors]
        if any(one.sketch.topic == TOPIC for one in self._filled):
            found += [f"What stands under '{TOPIC}' was searched for, not thought of."]
        return found
