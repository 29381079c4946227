"""Histories: who is there, what is asked and when, and how that goes under one law and policy.

A history is a plain value that can be cut, renamed and moved in time. It names codes by the
generation that gave them and draws no secret: which code a handle stands for is known by its
ordinal, so a course of events costs what the kernel costs and little more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tvc.authority.authority import Authority, Instant, Record
from tvc.authority.decide import Decision, Law, decide
from tvc.authority.policy import Policy
from tvc.authority.requests import Kind, Request
from tvc.authority.state import Person, State
from tvc.domain.cases import Clock
from tvc.files.models import WRONG
from tvc.trace.trace import Trace


@dataclass(frozen=True, slots=True)
class Side:
    """What decides in a history: a law under a policy.

    Attributes
    ----------
    law, policy
        What holds.
    name
        What messages and files call it.
    """

    law: Law
    policy: Policy
    name: str


@dataclass(frozen=True, slots=True)
class Event:
    """One request of a history.

    Attributes
    ----------
    at_ms
        True time from the start.
    node
        The clock that judges; None reads true time.
    request
        What is asked; ``matched`` is None, since ``presents`` says which code is meant.
    presents
        The handle of the code that is typed, or ``wrong``; None when none is.
    save
        The handle of the code that is generated.
    """

    at_ms: int
    node: str | None
    request: Request
    presents: str | None = None
    save: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """People, the clocks of nodes, and events in the order of time.

    Examples
    --------
    >>> from tvc.authority.requests import request
    >>> ask = Event(0, None, request("use", "ana"))
    >>> History((Person("ana"),), (), (ask, ask)).up_to(0).events == (ask,)
    True
    """

    people: tuple[Person, ...]
    clocks: tuple[Clock, ...]
    events: tuple[Event, ...]

    def up_to(self, last: int) -> "History":
        """Return the history that ends with the event of that index."""
        return replace(self, events=self.events[: last + 1])

    def with_events(self, events: Sequence[Event]) -> "History":
        """Return the history with other events; a code that none of them gives is a wrong one."""
        saved: set[str] = set()
        kept = []
        for event in events:
            if event.presents is not None and event.presents not in saved:
                event = replace(event, presents=WRONG)  # noqa: PLW2901 - what it presents is gone
            if event.save is not None:
                saved.add(event.save)
            kept.append(event)
        return replace(self, events=tuple(kept))


#: What stands for every secret: nothing is ever compared with it.
_NO_SECRET: Final = "-"


class Course:
    """A history as it unfolds on one side.

    Parameters
    ----------
    side
        What decides.
    people, clocks
        Who is there, and the nodes.

    Attributes
    ----------
    decisions : list of Decision
        One for each event that was taken.
    handles : dict of str to (str, int)
        The subject and ordinal of each saved code.
    """

    __slots__ = ("_authority", "_clocks", "_initial", "_records", "decisions", "firsts", "handles",
                 "now_ms", "side")  # fmt: skip

    def __init__(self, side: Side, people: Sequence[Person], clocks: Sequence[Clock]) -> None:
        self.side = side
        self.now_ms = 0
        self.decisions: list[Decision] = []
        self.firsts: list[int] = []
        self.handles: dict[str, tuple[str, int]] = {}
        self._clocks = {clock.name: clock for clock in clocks}
        self._initial = State.of(people)
        self._records: list[Record] = []
        self._authority = Authority(
            side.policy,
            self._initial.copy(),
            law=side.law,
            sink=self._records.append,
        )

    @property
    def state(self) -> State:
        """The state by now; look, do not keep."""
        return self._authority.state

    def reading(self, at_ms: int, node: str | None) -> int:
        """Return what a node's clock shows at a true time."""
        return at_ms if node is None else self._clocks[node].read(at_ms)

    def request_of(self, event: Event) -> Request:
        """Return the request as the law sees it, with the codes that it matches."""
        if event.presents is None:
            return event.request
        subject = event.request.subject
        if event.request.kind is Kind.STEP_UP:
            session = self.state.sessions.get(event.request.by)
            subject = None if session is None else session.account
        whose, ordinal = self.handles.get(event.presents, (None, 0))
        return event.request.presenting((ordinal,) if whose == subject and whose else ())

    def ask(self, event: Event) -> Decision:
        """Return what would be decided, and change nothing."""
        reading_ms = self.reading(event.at_ms, event.node)
        return decide(
            self.side.law, self.side.policy, self.state, self.request_of(event), reading_ms
        )

    def take(self, event: Event) -> Decision:
        """Let an event happen."""
        self.now_ms = event.at_ms
        self.firsts.append(len(self._records))
        at = Instant(event.at_ms, event.node, self.reading(event.at_ms, event.node))
        decision = self._authority.judge(self.request_of(event), at)
        if event.save is not None and decision.allowed:
            self.handles[event.save] = (decision.subject or "", decision.code or 0)
        self.decisions.append(decision)
        return decision

    def trace(self) -> Trace:
        """End the course and return what happened."""
        self._authority.finish(Instant.of(self.now_ms))
        return Trace(self.side.policy, self._initial, self.state, tuple(self._records))

    def index_of(self, seq: int) -> int | None:
        """Return the event that made a record; None for what the end of the run recorded."""
        last = None
        for index, first in enumerate(self.firsts):
            if first <= seq:
                last = index
        record = self._records[seq]
        return None if record.request is None else last


def unfold(side: Side, history: History) -> Course:
    """Let a whole history happen on one side."""
    course = Course(side, history.people, history.clocks)
    for event in history.events:
        course.take(event)
    return course


def names_in(event: Event) -> Iterator[str]:
    """Yield the people whom an event names."""
    asked = event.request
    yield from (name for name in (asked.by, asked.subject, asked.given_to) if name is not None)
