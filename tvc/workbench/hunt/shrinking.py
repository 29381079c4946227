"""Shrinking: the same finding in fewer events, with fewer people, at round times.

Every proposal is played, and taken when it is simpler and still shows what was hunted. What is
simpler is one total order, so shrinking ends; it is bounded by work and not by time, so that the
same find always shrinks to the same file, on a busy machine, too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, format_duration
from tvc.authority.requests import SHAPES, Kind, Proof
from tvc.authority.state import Person
from tvc.files.models import WRONG
from tvc.workbench.hunt.goals import Goal, Seen, look
from tvc.workbench.hunt.histories import Event, History, names_in
from tvc.workbench.hunt.scenes import PEOPLE

#: What making a proposal and playing it cost, for each event.
_PROPOSE: Final = 1
_PLAY: Final = 3

#: Stretches of fewer events than this are tried at every place.
_CLOSE: Final = 16

_RANKS: Final = {name: rank for rank, name in enumerate(PEOPLE)}
_UNITS_MS: Final = (DAY_MS, HOUR_MS, 30 * MINUTE_MS, 10 * MINUTE_MS, MINUTE_MS, SECOND_MS)

#: Facts that can be so from the start, and how a person says it.
_FROM_START: Final = {
    Kind.DEACTIVATE: {"active": False},
    Kind.FREEZE: {"frozen": True},
    Kind.LOSE_DEVICE: {"device_lost": True},
}


@dataclass(slots=True)
class Work:
    """How much may still be done after something was found.

    Attributes
    ----------
    left
        In events that are looked at, of which a processor does some 100,000 a second.

    Examples
    --------
    >>> work = Work(3)
    >>> work.take(2), work.take(2), work.spent
    (True, False, True)
    """

    left: int

    def take(self, events: int) -> bool:
        """Take a part of what is left; say whether there was as much."""
        self.left -= events
        return self.left >= 0

    @property
    def spent(self) -> bool:
        """Whether there was less than was needed."""
        return self.left < 0


#: Enough for any find of a dozen events, which takes some 20,000.
LEAST_WORK: Final = 50_000


def shrink(
    goal: Goal,
    history: History,
    seen: Seen,
    work: Work,
    check: Callable[[], None] = lambda: None,
) -> tuple[History, Seen]:
    """Return the simplest history that can be found to show what this one shows.

    Parameters
    ----------
    goal
        What is hunted.
    history, seen
        A history that shows it, and what it shows.
    work
        How much may be done; is used up.
    check
        Called before each proposal is played; may raise.

    Returns
    -------
    history, seen
        As simple as could be made.
    """
    best, best_seen = history.up_to(seen.step), seen
    cost = _cost(best)
    improved = True
    while improved:
        improved = False
        for propose in _PASSES:
            proposals = propose(best)
            while (proposal := next(proposals, None)) is not None:
                if not work.take(_PROPOSE * len(proposal.events)):
                    return best, best_seen
                proposal = _used_only(proposal)
                if _cost(proposal) >= cost or not _can_be_written(proposal):
                    continue
                if not work.take(_PLAY * len(proposal.events) * len(goal.sides)):
                    return best, best_seen
                check()
                found = look(goal, proposal)
                if found is None or found.invariant != seen.invariant:
                    continue
                best, best_seen = _used_only(proposal.up_to(found.step)), found
                cost = _cost(best)
                proposals = propose(best)
                improved = True
    return best, best_seen


def _cost(history: History) -> tuple[object, ...]:
    """Return what is compared: events, people, nodes, what is said of each, then times."""
    nodes = [event.node for event in history.events if event.node is not None]
    times = [event.at_ms for event in history.events]
    return (
        len(history.events),
        len(history.people),
        len(history.clocks),
        len(nodes),
        sum(map(_said_of, history.people)),
        sum(map(_asked_in, history.events)),
        sum(event.request.lifetime_ms or 0 for event in history.events),
        [_RANKS[name] for event in history.events for name in names_in(event)],
        sum(len(format_duration(at_ms)) for at_ms in times),
        sum(times),
        times,
    )


def _said_of(person: Person) -> int:
    plain = Person(person.name, person.role)
    told = (
        person.permissions, person.tier, person.session, person.mfa, person.active, person.frozen,
        person.device_lost,
    )  # fmt: skip
    usual = (
        plain.permissions, plain.tier, plain.session, plain.mfa, plain.active, plain.frozen,
        plain.device_lost,
    )  # fmt: skip
    differing = sum(one != other for one, other in zip(told, usual, strict=True))
    return 10 * differing + len(person.knows) + len(person.methods or ())


def _asked_in(event: Event) -> int:
    asked = event.request
    said = (
        asked.ticket is not None,
        asked.proof is not Proof.RIGHT,
        not asked.password_right,
        asked.sso,
        asked.given_to is not None and asked.given_to != asked.subject,
        asked.method is not None,
        event.presents not in (None, WRONG),
        event.presents == WRONG,
        asked.kind is Kind.GENERATE,
        asked.subject is not None and asked.subject != asked.by,
    )
    return sum(said)


def _used_only(history: History) -> History:
    """Leave out people, nodes and knowledge that no event needs."""
    accounts = {person.name for person in history.people if person.role != "outsider"}
    named = {name for event in history.events for name in names_in(event)}
    nodes = {event.node for event in history.events}
    people = tuple(
        replace(person, knows=person.knows & named & accounts) if person.knows else person
        for person in history.people
        if person.name in named
    )
    clocks = tuple(clock for clock in history.clocks if clock.name in nodes)
    return replace(history, people=people, clocks=clocks)


def _can_be_written(history: History) -> bool:
    """Whether a file may say it: facts befall accounts, and outsiders have none."""
    accounts = {person.name for person in history.people if person.role != "outsider"}
    asked = [event.request for event in history.events if SHAPES[event.request.kind].fact]
    return all(one.subject is None or one.subject in accounts for one in asked)


# Proposals


def _fewer_events(history: History) -> Iterator[History]:
    """Leave out stretches of events, long ones first."""
    count = len(history.events)
    length = count // 2 or 1
    while True:
        # Long stretches overlap by halves or more, which leaves the most work for short ones.
        for start in range(0, count - length + 1, length // _CLOSE or 1):
            rest = history.events[:start] + history.events[start + length :]
            if rest:
                yield history.with_events(rest)
        if length == 1:
            break
        length //= 2
    for first in range(count):
        for second in range(first + 2, count):
            kept = [e for at, e in enumerate(history.events) if at not in (first, second)]
            if kept:
                yield history.with_events(kept)


def _from_the_start(history: History) -> Iterator[History]:
    """Let a fact be so from the start."""
    for index, event in enumerate(history.events):
        change = _FROM_START.get(event.request.kind)
        if change is None:
            continue
        name = event.request.subject or event.request.by
        people = tuple(
            replace(person, **change) if person.name == name else person  # type: ignore[arg-type]
            for person in history.people
        )
        rest = history.events[:index] + history.events[index + 1 :]
        if rest:
            yield replace(history.with_events(rest), people=people)


def _fewer_nodes(history: History) -> Iterator[History]:
    """Read true time, everywhere or in one event."""
    if history.clocks:
        yield history.with_events([replace(event, node=None) for event in history.events])
    for clock in history.clocks:
        yield history.with_events(
            [replace(e, node=None) if e.node == clock.name else e for e in history.events]
        )
    for index, event in enumerate(history.events):
        if event.node is not None:
            yield _with_event(history, index, replace(event, node=None))


def _fewer_people(history: History) -> Iterator[History]:
    """Let somebody plainer take a person's part, everywhere or in one event."""
    for person in reversed(history.people):
        for other in PEOPLE:
            if other == person.name or _RANKS[other] > _RANKS[person.name]:
                continue
            yield _renamed(history, person.name, other)
    for index, event in enumerate(history.events):
        for name in dict.fromkeys(names_in(event)):
            for plainer in history.people:
                if _RANKS[plainer.name] < _RANKS[name]:
                    yield _with_event(history, index, _rename(event, name, plainer.name))


def _renamed(history: History, name: str, other: str) -> History:
    there = {person.name for person in history.people}
    people = []
    for person in history.people:
        knows = frozenset(other if known == name else known for known in person.knows)
        if person.name != name:
            people.append(replace(person, knows=knows - {person.name}))
        elif other not in there:
            plain = PEOPLE[other]
            people.append(replace(plain, knows=knows - {other}))
    events = [_rename(event, name, other) for event in history.events]
    return replace(history, people=tuple(people)).with_events(events)


def _rename(event: Event, name: str, other: str) -> Event:
    def renamed(person: str | None) -> str | None:
        return other if person == name else person

    asked = event.request
    plain = asked._replace(
        by=renamed(asked.by) or "",
        subject=renamed(asked.subject),
        given_to=renamed(asked.given_to),
    )
    return replace(event, request=plain)


def _plainer_people(history: History) -> Iterator[History]:
    """Let people be as most are."""
    for index, person in enumerate(history.people):
        plain = Person(person.name, person.role)
        for field in ("permissions", "session", "tier", "mfa", "active", "frozen", "device_lost",
                      "methods"):  # fmt: skip
            if getattr(person, field) != getattr(plain, field):
                usual = {field: getattr(plain, field)}
                yield _with_person(history, index, replace(person, **usual))
        for known in sorted(person.knows):
            yield _with_person(history, index, replace(person, knows=person.knows - {known}))
        for method in person.methods or ():
            fewer = tuple(one for one in person.methods or () if one is not method)
            yield _with_person(history, index, replace(person, methods=fewer))


def _plainer_requests(history: History) -> Iterator[History]:
    """Ask for less, for the shortest lifetime, and as oneself."""
    lifetimes = sorted({e.request.lifetime_ms for e in history.events if e.request.lifetime_ms})
    for index, event in enumerate(history.events):
        asked = event.request
        changes: list[dict[str, object]] = [
            {"ticket": None}, {"proof": Proof.RIGHT}, {"password_right": True}, {"sso": False},
        ]  # fmt: skip
        if asked.kind is Kind.RESET_PASSWORD:
            changes.append({"given_to": asked.subject})
        if asked.kind in (Kind.SIGN_IN, Kind.STEP_UP):
            changes.append({"method": None, "proof": Proof.RIGHT})
        if asked.kind is Kind.SIGN_IN:
            changes.append({"subject": asked.by})
        if asked.kind is Kind.GENERATE:
            shorter = (*lifetimes, HOUR_MS)
            changes += [{"lifetime_ms": ms} for ms in shorter if ms < (asked.lifetime_ms or 0)]
        for change in changes:
            plainer = asked._replace(**change)  # type: ignore[arg-type] # fields by name
            if plainer != asked:
                yield history.with_events(
                    [
                        replace(e, request=plainer) if e.request == asked else e
                        for e in history.events
                    ]
                )
                yield _with_event(history, index, replace(event, request=plainer))
        if event.presents is not None:
            yield _with_event(history, index, replace(event, presents=WRONG))
            yield _with_event(history, index, replace(event, presents=None))


def _rounder_times(history: History) -> Iterator[History]:
    """Let events happen together, or at round times, or all later ones earlier."""
    times = sorted({event.at_ms for event in history.events})
    for before_ms, at_ms in pairwise([0, *times]):
        for target_ms in _rounder(at_ms, before_ms):
            less_ms = at_ms - target_ms
            yield _retimed(history, {ms: ms - less_ms for ms in times if ms >= at_ms})
    for place, at_ms in enumerate(times):
        before_ms = times[place - 1] if place else 0
        after_ms = times[place + 1] if place + 1 < len(times) else at_ms + HOUR_MS
        for target_ms in _rounder(at_ms, before_ms, after_ms):
            yield _retimed(history, {at_ms: target_ms})
    for index, event in enumerate(history.events):
        neighbours = [history.events[at].at_ms for at in (index - 1, index + 1)
                      if 0 <= at < len(history.events)]  # fmt: skip
        for at_ms in neighbours:
            yield _with_event(history, index, replace(event, at_ms=at_ms))


def _rounder(at_ms: int, low_ms: int, high_ms: int | None = None) -> Sequence[int]:
    """Return times between two others that are said in fewer words, the shortest first."""
    found = {0, low_ms, *_UNITS_MS}
    for unit_ms in _UNITS_MS:
        found |= {at_ms // unit_ms * unit_ms, -(-at_ms // unit_ms) * unit_ms}
        found.add(low_ms + unit_ms)
    top_ms = at_ms if high_ms is None else high_ms
    inside = {time_ms for time_ms in found if low_ms <= time_ms <= top_ms} - {at_ms}
    return sorted(inside, key=lambda time_ms: (len(format_duration(time_ms)), time_ms))


def _retimed(history: History, times: Mapping[int, int]) -> History:
    return history.with_events(
        [replace(event, at_ms=times.get(event.at_ms, event.at_ms)) for event in history.events]
    )


def _with_event(history: History, index: int, event: Event) -> History:
    events = list(history.events)
    events[index] = event
    return history.with_events(events)


def _with_person(history: History, index: int, person: Person) -> History:
    people = list(history.people)
    people[index] = person
    return replace(history, people=tuple(people))


_PASSES: Final[tuple[Callable[[History], Iterator[History]], ...]] = (
    _fewer_events,
    _from_the_start,
    _fewer_nodes,
    _fewer_people,
    _plainer_people,
    _plainer_requests,
    _rounder_times,
)
