"""The random hunt: Hypothesis draws, histories are played, the first find is shrunk."""

import hashlib
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Final

from tvc.authority.meaning import meaning
from tvc.files.cases import Case
from tvc.harness.hunt.goals import Goal, Seen
from tvc.harness.hunt.histories import Course, History
from tvc.harness.hunt.moves import Walk
from tvc.harness.hunt.scenes import Draws, Scene
from tvc.harness.hunt.shrinking import shrink
from tvc.harness.hunt.writing import case_of, yaml_of
from tvc.interrupts import interrupts_noted

#: Draws in one run of Hypothesis, and histories for which one draw is good.
_BATCH: Final = 20
_PIECES: Final = 12

#: Histories in which every clock is right, before others come in.
_TRUE_AT_FIRST: Final = 1_500

#: Histories in which a find that needed a wrong clock is looked for with right ones.
_TWINS: Final = 800


@dataclass(frozen=True, slots=True)
class Explored:
    """How much was looked at.

    Attributes
    ----------
    histories
        Histories played; None in an exhaustive search, which goes from state to state.
    decisions
        Requests judged.
    states
        Distinct states met, by their meaning.
    seconds
        How long it took; no part of any file.
    """

    histories: int | None
    decisions: int
    states: int
    seconds: float

    @property
    def text(self) -> str:
        """The numbers in words, without the time."""
        if self.histories is None:
            return f"{self.states} states, {self.decisions} transitions"
        return f"{self.histories} histories, {self.decisions} decisions, {self.states} states"


@dataclass(frozen=True)
class Find:
    """A history that shows what was hunted, as short as it could be made.

    Attributes
    ----------
    goal, seen
        What was hunted and what was seen.
    history
        The history.
    seed
        Under which seed it was found; None for an exhaustive search.
    explored
        How much was looked at until then.
    interrupted
        Whether somebody stopped the hunt while the history was made short.
    """

    goal: Goal
    seen: Seen
    history: History
    seed: int | None
    explored: Explored
    interrupted: bool = False

    @property
    def case(self) -> Case:
        """The find as a case that fails on the bad side; see `tvc.harness.hunt.writing`."""
        return case_of(self.goal, self.seen, self.history)

    def to_yaml(self, scenario_id: str | None = None) -> str:
        """Write the find as a scenario file.

        Parameters
        ----------
        scenario_id
            Its id; by default it is made of what was hunted.
        """
        return yaml_of(self.goal, self.seen, self.history, self._notes(), scenario_id)

    def _notes(self) -> Iterator[str]:
        by = "by exhaustive search" if self.seed is None else f"under seed {self.seed}"
        yield f"found {by} after {self.explored.text}"


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Nothing was found.

    Attributes
    ----------
    goal
        What was hunted.
    explored
        How much was looked at.
    interrupted
        Whether somebody stopped the hunt.
    """

    goal: Goal
    explored: Explored
    interrupted: bool = False


def hunt(
    goal: Goal, *, events: int = 16, seconds: float = 60.0, seed: int = 0, true_clocks: bool = False
) -> Find | Exhausted:
    """Search for a history that shows what is hunted.

    Parameters
    ----------
    goal
        A `tvc.harness.hunt.goals.Breaks` or `Differs`.
    events
        Longest history.
    seconds
        How long to search. Shrinking comes on top, in bounded work.
    seed
        The same seed finds the same history, unless the time runs out first.
    true_clocks
        Whether every clock is right; by default some events are judged by nodes that are not.

    Returns
    -------
    Find or Exhausted
        A find is shrunk.
    """
    interrupted = False
    with interrupts_noted() as check:
        search = _Search(goal, events, seconds, seed, true_clocks, check)
        try:
            search.run()
        except KeyboardInterrupt:
            interrupted = True
    if search.found is None:
        return Exhausted(goal, search.explored, interrupted)
    history, seen = search.found
    return Find(goal, seen, history, seed, search.explored, interrupted)


def find(goal: Goal, *, events: int, seconds: float, seed: int) -> Find | None:
    """Hunt as a part of other work, which an interrupt is for: return a find, or None.

    Parameters
    ----------
    goal, events, seconds, seed
        As for `hunt`.

    Raises
    ------
    KeyboardInterrupt
        If somebody stopped the hunt.
    """
    result = hunt(goal, events=events, seconds=seconds, seed=seed)
    if result.interrupted:
        raise KeyboardInterrupt
    return result if isinstance(result, Find) else None


class _Search:
    """One hunt: what it has looked at, and what it has found."""

    def __init__(  # noqa: PLR0913, PLR0917 - those of `hunt`
        self,
        goal: Goal,
        events: int,
        seconds: float,
        seed: int,
        true_clocks: bool,
        check: Callable[[], None],
    ) -> None:
        self._goal = goal
        self._events = events
        self._seed = seed
        self._true_clocks = true_clocks
        self._check = check
        self._started = time.perf_counter()
        self._ends = self._started + seconds
        self._histories = self._decisions = 0
        self._states: set[int] = set()
        self.found: tuple[History, Seen] | None = None
        self._bytes = Walk.bytes_for(events)

    @property
    def explored(self) -> Explored:
        """How much was looked at so far."""
        seconds = time.perf_counter() - self._started
        return Explored(self._histories, self._decisions, len(self._states), seconds)

    def run(self) -> None:
        """Search until something is found, and make it simple, or until the time is over."""
        for draws in self._draws("any", self._ends):
            # Clocks that are wrong explain much, so what needs none of them is looked for first.
            true_clocks = self._true_clocks or self._histories < _TRUE_AT_FIRST
            scene = Scene.drawn(draws, self._goal, self._events, true_clocks)
            self.found = self._play(draws, scene)
            if self.found is not None:
                self.found = shrink(self._goal, *self.found, self._check)
                self._try_true_clocks(*self.found)
                return

    def _try_true_clocks(self, history: History, seen: Seen) -> None:
        """Look whether the same steps show the same thing where every clock is right."""
        if not history.clocks:
            return
        # Bounded by work alone, so that the same find always comes to the same end.
        for draws in islice(self._draws("alike", math.inf), _TWINS):
            twin = self._play(draws, Scene.like(draws, history, self._events))
            if twin is not None and twin[1].invariant == seen.invariant:
                self.found = shrink(self._goal, *twin, self._check)
                return

    def _draws(self, purpose: str, ends: float) -> Iterator[Draws]:
        """Yield choices for one history after the other, until the time is over."""
        for number in count():
            for drawn in _drawn(f"{self._seed}:{purpose}:{number}", self._bytes):
                self._check()
                if time.perf_counter() >= ends:
                    return
                yield Draws(drawn)

    def _play(self, draws: Draws, scene: Scene) -> tuple[History, Seen] | None:
        courses = [Course(side, scene.people, scene.clocks) for side in self._goal.sides]
        walk = Walk(scene, courses, draws, self._goal.free)
        for _ in range(scene.longest):
            walk.step()
            self._decisions += 1
            self._note(courses[0], scene)
            if self._goal.seen_last(courses):
                break
        self._histories += 1
        seen = self._goal.seen(courses)
        if seen is None:
            return None
        history = History(scene.people, scene.clocks, tuple(walk.events))
        return history.up_to(seen.step), seen

    def _note(self, course: Course, scene: Scene) -> None:
        now_ms = course.now_ms + scene.ahead_ms
        self._states.add(hash(meaning(course.state, course.side.policy, now_ms, scene.behind_ms)))


def _drawn(key: str, size: int) -> Iterator[bytes]:
    """Let Hypothesis draw bytes for a batch of histories.

    They are drawn before they are used, in pieces of one fixed length: so nothing that is drawn
    depends on the modules around, and Hypothesis, which remembers all that it drew in a run,
    forgets it after a batch.
    """
    from hypothesis import HealthCheck, Phase, configuration, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    pieces: list[bytes] = []

    @seeded(int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big"))
    @settings(
        database=None,
        deadline=None,
        max_examples=_BATCH,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.binary(min_size=size * _PIECES, max_size=size * _PIECES))
    def draw(drawn: bytes) -> None:
        pieces.extend(drawn[start : start + size] for start in range(0, len(drawn), size))

    # Hypothesis keeps notes beside whatever is run; a hunt shall leave nothing but its file.
    with tempfile.TemporaryDirectory() as scratch:
        configuration.set_hypothesis_home_dir(scratch)
        try:
            draw()
        finally:
            configuration.set_hypothesis_home_dir(None)
    yield from pieces
