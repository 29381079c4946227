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
from tvc.domain.cases import Case
from tvc.interrupts import interrupts_noted
from tvc.workbench.hunt.goals import Goal, Seen
from tvc.workbench.hunt.histories import Course, History
from tvc.workbench.hunt.moves import Walk
from tvc.workbench.hunt.scenes import Draws, Scene
from tvc.workbench.hunt.shrinking import LEAST_WORK, Work, shrink
from tvc.workbench.hunt.writing import case_of, yaml_of

#: Draws in one run of Hypothesis, and histories for which one draw is good.
_BATCH: Final = 20
_PIECES: Final = 12

#: Most bytes that Hypothesis is asked for at once; it refuses 8 KiB.
_MOST_BYTES: Final = 4_096

#: The longest history that is searched.
MOST_EVENTS: Final = 2_000

#: Histories in which every clock is right, before others come in.
_TRUE_AT_FIRST: Final = 1_500

#: Histories in which a find that needed a wrong clock is looked for with right ones, and what
#: drawing and playing one costs for each event.
_TWINS: Final = 800
_DRAW: Final = 6

#: Work that is done on a find, for each second that the search may take: about half of one.
_WORK_A_SECOND: Final = 50_000


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
    shortest
        Whether everything was tried to make it shorter; else the time did not allow it.
    """

    goal: Goal
    seen: Seen
    history: History
    seed: int | None
    explored: Explored
    interrupted: bool = False
    shortest: bool = True

    @property
    def case(self) -> Case:
        """The find as a case that fails on the bad side; see `tvc.workbench.hunt.writing`."""
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
        if not self.shortest:
            yield NOT_SHORTEST


#: What is told of a find that was not made as short as can be.
NOT_SHORTEST: Final = "the time ended before the scenario was as short as can be"


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
    cut_after
        Where the time ended before an exhaustive search did, the longest length of which every
        history was looked at.
    """

    goal: Goal
    explored: Explored
    interrupted: bool = False
    cut_after: int | None = None


def hunt(
    goal: Goal, *, events: int = 16, seconds: float = 60.0, seed: int = 0, clocks: bool = False
) -> Find | Exhausted:
    """Search for a history that shows what is hunted.

    Parameters
    ----------
    goal
        A `tvc.workbench.hunt.goals.Breaks` or `Differs`.
    events
        Longest history, at most `MOST_EVENTS`.
    seconds
        How long to search. Shrinking comes on top: as much work as takes about half as long.
    seed
        The same seed finds the same history, unless the time runs out first.
    clocks
        Whether some events are judged by nodes whose clocks are wrong.

    Returns
    -------
    Find or Exhausted
        A find is shrunk.
    """
    interrupted = False
    with interrupts_noted() as check:
        search = _Search(goal, events, seconds, seed, clocks, check)
        try:
            search.run()
        except KeyboardInterrupt:
            interrupted = True
    if search.found is None:
        return Exhausted(goal, search.explored, interrupted)
    history, seen = search.found
    shortest = not search.work.spent
    return Find(goal, seen, history, seed, search.explored, interrupted, shortest)


def find(goal: Goal, *, events: int, seconds: float, seed: int) -> Find | None:
    """Hunt as a part of other work, which an interrupt is for: return a find, or None.

    Some differences show only by wrong clocks, so those are let in after true ones.

    Parameters
    ----------
    goal, events, seconds, seed
        As for `hunt`.

    Raises
    ------
    KeyboardInterrupt
        If somebody stopped the hunt.
    """
    result = hunt(goal, events=events, seconds=seconds, seed=seed, clocks=True)
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
        clocks: bool,
        check: Callable[[], None],
    ) -> None:
        self._goal = goal
        self._events = events
        self._seed = seed
        self._clocks = clocks
        self._check = check
        self._started = time.perf_counter()
        self._seconds = seconds
        self._ends = math.inf
        self._histories = self._decisions = 0
        self._states: set[int] = set()
        self.found: tuple[History, Seen] | None = None
        self.work = Work(max(LEAST_WORK, int(_WORK_A_SECOND * seconds)))
        self._bytes = Walk.bytes_for(events)

    @property
    def explored(self) -> Explored:
        """How much was looked at so far."""
        seconds = time.perf_counter() - self._started
        return Explored(self._histories, self._decisions, len(self._states), seconds)

    def run(self) -> None:
        """Search until something is found, and make it simple, or until the time is over."""
        for draws in self._draws("any"):
            if not self._histories:
                # The first draws load the modules that make them, which is no time of searching.
                self._ends = time.perf_counter() + self._seconds
            # Clocks that are wrong explain much, so what needs none of them is looked for first.
            wrong_clocks = self._clocks and self._histories >= _TRUE_AT_FIRST
            scene = Scene.drawn(draws, self._goal, self._events, wrong_clocks)
            self.found = self._play(draws, scene)
            if self.found is not None:
                # From here on work is bounded and not time, so that the same find always comes
                # to the same end.
                self._ends = math.inf
                self.found = shrink(self._goal, *self.found, self.work, self._check)
                self._try_true_clocks(*self.found)
                return

    def _try_true_clocks(self, history: History, seen: Seen) -> None:
        """Look whether the same steps show the same thing where every clock is right."""
        if not history.clocks:
            return
        for draws in islice(self._draws("alike"), _TWINS):
            scene = Scene.like(draws, history, self._events)
            if not self.work.take(_DRAW * scene.longest):
                return
            twin = self._play(draws, scene)
            if twin is not None and twin[1].invariant == seen.invariant:
                self.found = shrink(self._goal, *twin, self.work, self._check)
                return

    def _draws(self, purpose: str) -> Iterator[Draws]:
        """Yield choices for one history after the other, until the time is over."""
        for number in count():
            for drawn in _drawn(f"{self._seed}:{purpose}:{number}", self._bytes):
                self._check()
                if self._over:
                    return
                yield Draws(drawn)

    @property
    def _over(self) -> bool:
        return time.perf_counter() >= self._ends

    def _play(self, draws: Draws, scene: Scene) -> tuple[History, Seen] | None:
        courses = [Course(side, scene.people, scene.clocks) for side in self._goal.sides]
        walk = Walk(scene, courses, draws, self._goal.free)
        for _ in range(scene.longest):
            walk.step()
            self._decisions += 1
            self._note(courses[0], scene)
            if self._goal.seen_last(courses) or self._over:
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
    forgets it after a batch. A long history is put together from several draws.
    """
    from hypothesis import HealthCheck, Phase, configuration, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    length = min(size * max(1, min(_PIECES, _MOST_BYTES // size)), _MOST_BYTES)
    drawn: list[bytes] = []

    @seeded(int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big"))
    @settings(
        database=None,
        deadline=None,
        max_examples=_BATCH,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.binary(min_size=length, max_size=length))
    def draw(one: bytes) -> None:
        drawn.append(one)

    # Hypothesis keeps notes beside whatever is run; a hunt shall leave nothing but its file.
    with tempfile.TemporaryDirectory() as scratch:
        configuration.set_hypothesis_home_dir(scratch)
        try:
            draw()
        finally:
            configuration.set_hypothesis_home_dir(None)
    stream = b"".join(drawn)
    for start in range(0, len(stream) - size + 1, size):
        yield stream[start : start + size]
