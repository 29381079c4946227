"""The life of a code as a small machine: its states, and what moves it from one to another.

``lapsed`` is a code past its end, by some reading, that nothing has closed yet; ``pinned`` is the
same where the policy keeps the methods away until somebody closes it. Neither is stored: another
node may still read the code as live. ``used_up``, ``replaced``, ``revoked`` and ``closed`` are
ends for good.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tvc.authority.authority import Record
from tvc.authority.checks.asking import signed_in
from tvc.authority.policy import Policy
from tvc.authority.requests import Kind
from tvc.authority.state import CodeEnd, State
from tvc.harness.examine import Examination

#: What moves a code when no request does: the clock, and the end of the run.
CLOCK: Final = "clock"
END: Final = "end"


@dataclass(frozen=True, slots=True)
class Edge:
    """A move of a code.

    Attributes
    ----------
    origin, target
        The state it leaves and the one it comes to.
    by
        The request, `CLOCK` or `END`.
    says
        The same in words.
    """

    origin: str
    target: str
    by: str
    says: str

    @property
    def id(self) -> str:
        """``origin->target:by``."""
        return f"{self.origin}->{self.target}:{self.by}"


#: Every move there is.
EDGES: Final = (
    Edge("none", "live", "generate", "a code is generated"),
    Edge("live", "live", "sign_in", "a sign-in uses the code, which stays live"),
    Edge("live", "live", "step_up", "a step-up uses the code, which stays live"),
    Edge("live", "used_up", "sign_in", "a sign-in is the last use of the code"),
    Edge("live", "used_up", "step_up", "a step-up is the last use of the code"),
    Edge("live", "replaced", "generate", "another generation replaces the code"),
    Edge("live", "revoked", "expire", "Expire Now ends the code"),
    Edge("live", "revoked", "deactivate", "the account is deactivated under a live code"),
    Edge("live", "revoked", "enroll", "an enrolment ends the code"),
    Edge("live", "revoked", "sign_in", "a sign-in by a method ends the code"),
    Edge("live", "lapsed", CLOCK, "a request reads the code as past its end"),
    Edge("live", "pinned", CLOCK, "a request reads the code as past its end, which pins its user"),
    Edge("lapsed", "live", CLOCK, "after one node read it as past its end another reads it live"),
    Edge("pinned", "live", CLOCK, "after it pinned its user on one node another reads it live"),
    Edge("lapsed", "closed", "generate", "a generation closes a lapsed code"),
    Edge("lapsed", "closed", "expire", "Expire Now closes a lapsed code beside a live one"),
    Edge("lapsed", "closed", "deactivate", "the account is deactivated after its code lapsed"),
    Edge("lapsed", "closed", END, "the run ends after the code lapsed"),
    Edge("pinned", "closed", "generate", "a generation closes the code that pins its user"),
    Edge("pinned", "closed", "expire", "Expire Now closes the code that pins its user"),
    Edge("pinned", "closed", "deactivate", "the account of a pinned user is deactivated"),
    Edge("pinned", "closed", END, "the run ends with the user pinned"),
)


class Walk:
    """Follows the codes of one run along the machine, record by record."""

    def __init__(self, policy: Policy) -> None:
        self._over = "pinned" if policy.sign_in.return_ == "on_expire_now" else "lapsed"
        self._past: set[tuple[str, int]] = set()

    def ended(self, record: Record) -> Iterator[str]:
        """Yield the ids of the edges that a ``code.ended`` record shows."""
        event = record.event
        if event is not None and event.type == "code.ended":
            by = END if record.request is None else str(record.request.kind)
            lapsed = event.cause == CodeEnd.LAPSED
            move = f"{self._over}->closed" if lapsed else f"live->{event.cause}"
            yield f"{move}:{by}"

    def decided(self, record: Record, seen: Examination, before: State) -> Iterator[str]:
        """Yield the ids of the edges that a request's own record shows."""
        decision, request = seen.decision, record.request
        if request is None or decision.subject is None:
            return
        if request.kind is Kind.GENERATE and decision.allowed:
            yield "none->live:generate"
        if request.matched is not None and decision.allowed and decision.code is not None:
            ended = {event.code for event in decision.events if event.type == "code.ended"}
            if decision.code not in ended:
                yield f"live->live:{request.kind}"
        yield from self._read(decision.subject, seen, before)

    def _read(self, subject: str, seen: Examination, before: State) -> Iterator[str]:
        """Yield the moves by the clock: which codes a rule read as live, and which not."""
        unended = {
            code.expires_ms: code.ordinal
            for code in before.codes.get(subject, ())
            if code.ended is None
        }
        for meeting in seen.meetings:
            if meeting.rule.check is signed_in:
                continue  # asks for the code of the session, which may be another's
            for one in meeting.comparisons:
                ordinal = unended.get(one.right) if one.name == "code.live" else None
                if ordinal is None:
                    continue
                if not one.holds:
                    self._past.add((subject, ordinal))
                    yield f"live->{self._over}:{CLOCK}"
                elif (subject, ordinal) in self._past:
                    self._past.discard((subject, ordinal))
                    yield f"{self._over}->live:{CLOCK}"
