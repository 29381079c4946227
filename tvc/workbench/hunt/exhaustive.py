"""The exhaustive hunt: every history of at most K events over a small alphabet, breadth first.

Who: one user, one admin, and one outsider who knows both passwords. What: `generate` (for the
shortest lifetime) and `expire` by the admin or the outsider for either account, a sign-in by any
code that the law still recognises, by a wrong code and by the authenticator, `use`, and
`lose_device`. Everybody may present every code. Where: a node whose clock is right and, if that
is asked for, one that is slow. When: at once, or one tick before, at and after any instant at which
the law, as either node sees it, or the invariant, by true time, could change its answer.

Histories are merged where their futures are the same: where the states have the same `meaning`
and the invariant remembers the same. A request that changes nothing leads nowhere new, because
whatever follows it can follow without it. With one person of each role and two different clocks
there is no further symmetry to use.
"""

import math
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from tvc.authority.authority import Instant, Record
from tvc.authority.decide import COMPARISONS, Decision, decide
from tvc.authority.edges import SIDES, edges_ahead
from tvc.authority.meaning import meaning
from tvc.authority.requests import SHAPES, Kind, Request, request
from tvc.authority.state import Person, State, apply
from tvc.domain.cases import Clock
from tvc.files.models import WRONG
from tvc.trace.invariants import INVARIANTS
from tvc.trace.trace import Trace
from tvc.workbench.hunt.goals import Breaks, Differs, Goal, look
from tvc.workbench.hunt.histories import Course, Event, History, Side
from tvc.workbench.hunt.monitors import MONITORS, Monitor, Records
from tvc.workbench.hunt.scenes import CLOCKS
from tvc.workbench.hunt.search import Exhausted, Explored, Find
from tvc.workbench.hunt.shrinking import LEAST_WORK, Work, shrink

USER, ADMIN, OUTSIDER = "ana", "sam", "mallory"
PEOPLE: Final = (
    Person(USER),
    Person(ADMIN, "admin"),
    Person(OUTSIDER, "outsider", knows=frozenset({USER, ADMIN})),
)
_ACCOUNTS: Final = (USER, ADMIN)
_SIGN_INS: Final = ((USER, USER), (ADMIN, ADMIN), (OUTSIDER, USER), (OUTSIDER, ADMIN))
_METHOD: Final = "authenticator"


class CannotExhaust(ValueError):
    """A goal that cannot be searched exhaustively; the message says why."""


class _Step(NamedTuple):
    """How a state was reached: from which one, and by what."""

    before: int
    at_ms: int
    node: str | None
    request: Request


class _Place(NamedTuple):
    """A state on the way, one a side, with what each monitor remembers."""

    states: tuple[State, ...]
    now_ms: int
    memories: tuple[Records, ...]
    steps: int


def exhaust(
    goal: Goal,
    *,
    events: int,
    seconds: float = math.inf,
    clocks: bool = False,
    tell: Callable[[str], None] = lambda _line: None,
) -> Find | Exhausted:
    """Search every history of at most some events, shortest first.

    Parameters
    ----------
    goal
        A `Breaks` of an invariant in `MONITORS`, or of any; or a `Differs`.
    events
        Longest history.
    seconds
        How long to search at most.
    clocks
        Whether some events are judged by a node whose clock is slow.
    tell
        Is told, after each length, how much was looked at.

    Returns
    -------
    Find or Exhausted
        The first of the shortest finds, shrunk; or how many states and transitions there were,
        and how far the search came if the time ended before it did.

    Raises
    ------
    CannotExhaust
        If the invariant has no monitor, or a law compares otherwise than the article's.
    """
    search = _Exhaustive(goal, events, CLOCKS[:1] if clocks else (), seconds)
    if search.checked:
        tell(f"checks {', '.join(search.checked)}")
    interrupted = False
    try:
        found = search.run(tell)
    except KeyboardInterrupt:
        found, interrupted = None, True
    if found is None:
        return Exhausted(goal, search.explored, interrupted, search.cut_after)
    explored = search.explored
    seen = look(goal, found)
    assert seen is not None  # the monitors judge by the invariants themselves
    work = Work(LEAST_WORK)
    history, seen = shrink(goal, found, seen, work)
    return Find(goal, seen, history, None, explored, shortest=not work.spent)


@dataclass(slots=True)
class _Counts:
    states: int = 1
    transitions: int = 0


class _Exhaustive:
    def __init__(
        self, goal: Goal, events: int, clocks: tuple[Clock, ...], seconds: float = math.inf
    ) -> None:
        for side in goal.sides:
            if dict(side.law.comparisons) != COMPARISONS:
                message = "the law compares otherwise than the article's: states cannot be merged"
                raise CannotExhaust(message)
        self._goal = goal
        self._events = events
        self._clocks = clocks
        self._monitors = _monitors_of(goal)
        self._sides = tuple(_within(side, events) for side in goal.sides)
        self._locks = [side.policy.lockout.failures < events for side in goal.sides]
        self._offsets: tuple[tuple[str | None, int], ...] = (
            (None, 0), *((clock.name, clock.offset_ms) for clock in clocks),
        )  # fmt: skip
        offsets = [offset for _, offset in self._offsets]
        self._ahead_ms, self._behind_ms = max(offsets), max(offsets) - min(offsets)
        self._lifetime_ms = goal.sides[0].policy.lifetime.shortest_ms
        self._steps: list[_Step | None] = [None]
        self._counts = _Counts()
        self._started = time.perf_counter()
        self._ends = self._started + seconds
        self.cut_after: int | None = None

    @property
    def explored(self) -> Explored:
        """How much was looked at so far."""
        seconds = time.perf_counter() - self._started
        return Explored(None, self._counts.transitions, self._counts.states, seconds)

    @property
    def checked(self) -> tuple[str, ...]:
        """The invariants that are looked at."""
        return tuple(name for name, _ in self._monitors)

    def run(self, tell: Callable[[str], None]) -> History | None:
        """Search length by length; return the first history that shows what is hunted."""
        states = tuple(State.of(PEOPLE) for _ in self._sides)
        start = _Place(states, 0, tuple(() for _ in self._monitors), 0)
        known: set[Hashable] = {self._key(start)}
        frontier = [start]
        for length in range(1, self._events + 1):
            following: list[_Place] = []
            last = length == self._events
            for place in frontier:
                if time.perf_counter() >= self._ends:
                    self.cut_after = length - 1
                    return None
                for step, after, shown in self._transitions(place):
                    if shown:
                        return self._history(step)
                    if last or after is None:
                        continue
                    key = self._key(after)
                    if key not in known:
                        known.add(key)
                        following.append(after._replace(steps=len(self._steps)))
                        self._steps.append(step)
                        self._counts.states += 1
            frontier = following
            tell(f"{length} events: {self.explored.text}")
        return None

    # Transitions

    def _transitions(self, place: _Place) -> Iterator[tuple[_Step, _Place | None, bool]]:
        """Yield what may come next: how, where to (None: nowhere new), and whether it shows it."""
        times = self._times(place)
        for at_ms in times:
            for node, offset_ms in self._offsets:
                for asked in self._requests(place.states):
                    # A fact does the same whenever and wherever it happens.
                    if asked.kind is Kind.LOSE_DEVICE and (at_ms, node) != (times[0], None):
                        continue
                    self._counts.transitions += 1
                    step = _Step(place.steps, at_ms, node, asked)
                    taken = self._take(place, step, Instant(at_ms, node, at_ms + offset_ms))
                    if taken is not None:
                        yield step, *taken

    def _take(self, place: _Place, step: _Step, at: Instant) -> tuple[_Place | None, bool] | None:
        decisions = [
            decide(side.law, side.policy, state, step.request, at.reading_ms)
            for side, state in zip(self._sides, place.states, strict=True)
        ]
        if isinstance(self._goal, Differs) and self._goal.apart(*decisions):
            return None, True
        if not any(decision.effects or decision.allowed for decision in decisions):
            return None
        return self._follow(place, step, at, decisions)

    def _follow(
        self, place: _Place, step: _Step, at: Instant, decisions: list[Decision]
    ) -> tuple[_Place | None, bool]:
        states = []
        for state, decision in zip(place.states, decisions, strict=True):
            states.append(state.copy())
            apply(states[-1], decision.effects)
        records = _recorded(step.request, decisions[0], at)
        policy = self._sides[0].policy
        memories = []
        for (name, monitor), memory in zip(self._monitors, place.memories, strict=True):
            seen = (*memory, *records)
            if INVARIANTS[name](Trace(policy, place.states[0], states[0], seen)) is not None:
                return None, True
            memories.append(monitor.keep(seen, policy, at.true_ms))
        for state, locks in zip(states, self._locks, strict=True):
            if not locks:
                # Too few events are left for a lock: counting towards one makes no difference.
                state.guards.clear()
        if (*states,) == place.states and (*memories,) == place.memories:
            return None, False
        return _Place(tuple(states), at.true_ms, tuple(memories), 0), False

    def _times(self, place: _Place) -> list[int]:
        """Return when the next event may happen: at once, and around every threshold."""
        now_ms = place.now_ms
        found = {now_ms}
        for side, state in zip(self._sides, place.states, strict=True):
            for _, offset_ms in self._offsets:
                for reading_ms in edges_ahead(state, side.policy, now_ms + offset_ms):
                    found.update(reading_ms - offset_ms + tick for tick in SIDES.values())
        for (_, monitor), memory in zip(self._monitors, place.memories, strict=True):
            for true_ms in monitor.thresholds(memory, self._sides[0].policy):
                if true_ms > now_ms:
                    found.update(true_ms + tick for tick in SIDES.values())
        return sorted(at_ms for at_ms in found if at_ms >= now_ms)

    def _requests(self, states: tuple[State, ...]) -> Iterator[Request]:
        yield from _ALWAYS
        for by in (ADMIN, OUTSIDER):
            for subject in _ACCOUNTS:
                yield Request(Kind.GENERATE, by, subject, self._lifetime_ms, _TICKET)
        for by, subject in _SIGN_INS:
            known = {code.ordinal for state in states for code in state.codes.get(subject, ())}
            for ordinal in sorted(known):
                yield Request(Kind.SIGN_IN, by, subject, matched=(ordinal,))

    def _key(self, place: _Place) -> Hashable:
        reading_ms = place.now_ms + self._ahead_ms
        meanings = tuple(
            meaning(state, side.policy, reading_ms, self._behind_ms)
            for side, state in zip(self._sides, place.states, strict=True)
        )
        policy, state = self._sides[0].policy, place.states[0]
        remembered = tuple(
            monitor.key(memory, state, policy, place.now_ms)
            for (_, monitor), memory in zip(self._monitors, place.memories, strict=True)
        )
        return meanings, remembered

    def _history(self, last: _Step) -> History:
        """Return the history that ends with a step, with handles for its codes."""
        steps = [last]
        while (before := self._steps[steps[-1].before]) is not None:
            steps.append(before)
        course = Course(self._goal.sides[0], PEOPLE, self._clocks)
        events = []
        for number, step in enumerate(reversed(steps)):
            asked, presents = step.request, None
            if asked.matched is not None:
                wanted = (asked.subject, *asked.matched)
                handles = (handle for handle, code in course.handles.items() if code == wanted)
                presents = next(handles, WRONG)
            save = f"g{number}" if asked.kind is Kind.GENERATE else None
            plain = asked._replace(matched=None)
            events.append(Event(step.at_ms, step.node, plain, presents, save))
            course.take(events[-1])
        return History(PEOPLE, self._clocks, tuple(events))


_TICKET: Final = "T-1"
_ALWAYS: Final = (
    *(request(Kind.EXPIRE, by, subject=of) for by in (ADMIN, OUTSIDER) for of in _ACCOUNTS),
    *(request(Kind.SIGN_IN, by, subject=of).presenting(()) for by, of in _SIGN_INS),
    *(request(Kind.SIGN_IN, by, subject=of, method=_METHOD) for by, of in _SIGN_INS),
    *(request(Kind.USE, by) for by in (USER, ADMIN, OUTSIDER)),
    *(request(Kind.LOSE_DEVICE, by) for by in _ACCOUNTS),
)


def _monitors_of(goal: Goal) -> tuple[tuple[str, Monitor], ...]:
    if not isinstance(goal, Breaks):
        return ()
    missing = [name for name in goal.names if name not in MONITORS]
    if goal.invariant is not None and missing:
        raise CannotExhaust(
            f"{goal.invariant} cannot be searched exhaustively; these can: {', '.join(MONITORS)}"
        )
    return tuple((name, MONITORS[name]) for name in goal.names if name in MONITORS)


def _within(side: Side, events: int) -> Side:
    """Leave out rate limits that so few events cannot reach: they would only tell states apart."""
    unreached = {
        f"rates.{limit.name}": None for limit in side.policy.rates if limit.limit >= events
    }
    return replace(side, policy=side.policy.with_values(unreached))


def _recorded(asked: Request, decision: Decision, at: Instant) -> Records:
    """Return the records of a request, as the authority would make them."""
    answer = "" if SHAPES[asked.kind].fact else ".allowed" if decision.allowed else ".denied"
    own = Record(0, f"{asked.kind}{answer}", at, asked, decision, None, decision.effects)
    return own, *(Record(0, e.type, at, asked, decision, e, ()) for e in decision.events)
