"""What a hunt is after: a broken invariant, or a decision in which two sides differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tvc.authority.decide import Decision
from tvc.trace.invariants import INVARIANTS, applicable
from tvc.workbench.hunt.histories import Course, History, Side, unfold

__all__ = ["Breaks", "Differs", "Goal", "Seen", "Side"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a hunt was after, as one history shows it.

    Attributes
    ----------
    message
        What happened, in a sentence.
    step
        Index of the decisive event.
    invariant
        The invariant that is broken; None where two sides differ.
    """

    message: str
    step: int
    invariant: str | None = None


class Goal(Protocol):
    """What a hunt is after.

    Attributes
    ----------
    sides
        On which sides a history has to be played; the first is the one that a find is about.
    free
        Whether histories may give people what nobody should have: stolen proofs, and single
        sign-on as somebody else.
    """

    @property
    def sides(self) -> tuple[Side, ...]:
        """On which sides a history has to be played."""

    @property
    def free(self) -> bool:
        """Whether stolen proofs and foreign single sign-on are allowed."""

    @property
    def text(self) -> str:
        """What is hunted, in words."""

    def seen_last(self, courses: Sequence[Course]) -> bool:
        """Whether the latest event already shows it, as far as a glance tells."""

    def seen(self, courses: Sequence[Course]) -> Seen | None:
        """Say whether ended courses, one a side, show it."""


@dataclass(frozen=True, slots=True)
class Breaks:
    """An invariant is broken on a side.

    Stolen proofs are left out: whoever has one is let in by the letter of the law, and would be
    the shortest answer to every question about outsiders.

    Parameters
    ----------
    side
        The law and policy.
    invariant
        Its name; None stands for any that the policy makes true.
    """

    side: Side
    invariant: str | None = None

    def __post_init__(self) -> None:
        if self.invariant is not None and self.invariant not in INVARIANTS:
            raise ValueError(f"unknown invariant {self.invariant!r}")

    @property
    def sides(self) -> tuple[Side, ...]:
        """The one side."""
        return (self.side,)

    @property
    def free(self) -> bool:
        """Nobody is given what nobody should have."""
        return False

    @property
    def names(self) -> tuple[str, ...]:
        """The invariants of which one is to be broken."""
        return applicable(self.side.policy) if self.invariant is None else (self.invariant,)

    @property
    def text(self) -> str:
        """What is hunted, in words."""
        what = self.invariant or "an invariant that the policy makes true"
        return f"{self.side.name} breaks {what}"

    def seen_last(self, courses: Sequence[Course]) -> bool:  # noqa: ARG002 - the end tells
        """Invariants are checked once, at the end."""
        return False

    def seen(self, courses: Sequence[Course]) -> Seen | None:
        """Check the invariants on the trace."""
        (course,) = courses
        if not course.decisions:
            return None
        trace = course.trace()
        for name in self.names:
            breach = INVARIANTS[name](trace)
            if breach is not None:
                last = course.index_of(breach.records[-1]) if breach.records else None
                step = len(course.decisions) - 1 if last is None else last
                return Seen(breach.message, step, name)
        return None


#: What two decisions are compared in: all that an expectation can say.
_COMPARED: Final = ("allowed", "reason", "rule", "limit", "retry_after_ms", "challenge")


def differing(ours: Decision, theirs: Decision) -> tuple[str, ...]:
    """Return in what two decisions differ, as far as an expectation could say it."""
    return tuple(name for name in _COMPARED if getattr(ours, name) != getattr(theirs, name))


@dataclass(frozen=True, slots=True)
class Differs:
    """Two sides decide one event of the same history differently.

    Parameters
    ----------
    first, second
        The sides; a find passes as a test of the first and fails on the second.
    audit
        Whether a difference in what audit records beside the decision counts, too.
    """

    first: Side
    second: Side
    audit: bool = False

    @property
    def sides(self) -> tuple[Side, ...]:
        """Both sides."""
        return (self.first, self.second)

    @property
    def free(self) -> bool:
        """Every request that can be written may tell the two apart."""
        return True

    @property
    def text(self) -> str:
        """What is hunted, in words."""
        return f"{self.first.name} and {self.second.name} decide differently"

    def seen_last(self, courses: Sequence[Course]) -> bool:
        """Whether the latest decisions differ."""
        ours, theirs = (course.decisions[-1] for course in courses)
        return self.apart(ours, theirs)

    def apart(self, ours: Decision, theirs: Decision) -> bool:
        """Whether two decisions differ in what counts."""
        return bool(differing(ours, theirs)) or (self.audit and _audited(ours) != _audited(theirs))

    def seen(self, courses: Sequence[Course]) -> Seen | None:
        """Find the first event that is decided differently."""
        ours, theirs = courses
        pairs = zip(ours.decisions, theirs.decisions, strict=True)
        for step, (one, other) in enumerate(pairs):
            if self.apart(one, other):
                said = f"{self.first.name}: {_text(one, other)}"
                return Seen(f"{said}; {self.second.name}: {_text(other, one)}", step)
        return None


def _audited(decision: Decision) -> list[tuple[str | None, ...]]:
    """Return what audit lines could say of the records that a request brought about."""
    return [(event.type, event.subject, event.cause, event.person) for event in decision.events]


def _text(decision: Decision, other: Decision) -> str:
    """Say what a decision is, with the details in which it differs from the other."""
    if not differing(decision, other):
        return "audit " + (", ".join(f"{e.type} {e.subject}" for e in decision.events) or "nothing")
    if decision.allowed:
        return "allow"
    said = [f"deny {decision.reason}"]
    for name in differing(decision, other):
        value = getattr(decision, name)
        if name not in ("allowed", "reason") and value is not None:
            said.append(f"{name} {value}")
    return ", ".join(said)


def look(goal: Goal, history: History) -> Seen | None:
    """Play a history on every side of a goal and say whether it shows what is hunted."""
    return goal.seen([unfold(side, history) for side in goal.sides])
