"""Along which edges of its life (`tvc.workbench.recipes.edges`) each code of a run moves."""

from collections.abc import Iterator

from tvc.authority.authority import Record
from tvc.authority.checks.asking import signed_in
from tvc.authority.policy import Policy
from tvc.authority.requests import Kind
from tvc.authority.state import CodeEnd, State
from tvc.harness.examine import Examination


class Walk:
    """Follows the codes of one run along the machine, record by record."""

    def __init__(self, policy: Policy) -> None:
        self._over = "pinned" if policy.sign_in.return_ == "on_expire_now" else "lapsed"
        self._past: set[tuple[str, int]] = set()

    def ended(self, record: Record) -> Iterator[str]:
        """Yield the ids of the edges that a ``code.ended`` record shows."""
        event = record.event
        if event is not None and event.type == "code.ended":
            by = "end" if record.request is None else str(record.request.kind)
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
                    yield f"live->{self._over}:clock"
                elif (subject, ordinal) in self._past:
                    self._past.discard((subject, ordinal))
                    yield f"{self._over}->live:clock"
