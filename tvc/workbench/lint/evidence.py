"""Evidence: steps of played cases that show a control at work, by looking at decisions.

A step of which every decision is accepted shows nothing: it would be as right without the control.
"""

from collections.abc import Callable, Iterator

from tvc.authority.authority import Record
from tvc.authority.edges import generated_ends_ms
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind, Proof
from tvc.domain.cases import ANY
from tvc.harness.judge import step_of
from tvc.timeline import Run, Taken
from tvc.workbench.lint.controls import Evidence


def _first(shows: Callable[[Taken], bool]) -> Evidence:
    return lambda run: next((taken.step.index for taken in _judged(run) if shows(taken)), None)


def _judged(run: Run) -> Iterator[Taken]:
    return (taken for taken in run.taken if taken.step.expect != ANY)


def _judged_step(run: Run, record: Record) -> int | None:
    """Return the step that made a record; None where that accepts every decision."""
    index = step_of(run, record.seq)
    return None if index is None or run.case.steps[index].expect == ANY else index


def refused(rule: str, *reasons: Reason) -> Evidence:
    """Return evidence that a rule refuses, with one of some reasons where any are named."""

    def shows(taken: Taken) -> bool:
        decision = taken.decision
        return decision.rule == rule and (not reasons or decision.reason in reasons)

    return _first(shows)


def allowed(*kinds: Kind) -> Evidence:
    """Return evidence that a request of one of some kinds is allowed."""
    return _first(lambda taken: taken.decision.allowed and taken.step.request.kind in kinds)


def noticed(*kinds: Kind) -> Evidence:
    """Return evidence that the subject of an allowed request is sent a notice."""

    def shows(run: Run) -> int | None:
        for record in run.trace.records:
            asked = record.request
            if record.type == "notice.sent" and asked is not None and asked.kind in kinds:
                shown = _judged_step(run, record)
                if shown is not None:
                    return shown
        return None

    return shows


def session_ended(cause: str) -> Evidence:
    """Return evidence that a request ends a session for a cause."""

    def shows(run: Run) -> int | None:
        for record in run.trace.records:
            if record.type == "session.ended" and record.event and record.event.cause == cause:
                shown = _judged_step(run, record)
                if shown is not None:
                    return shown
        return None

    return shows


def locked(path: str) -> Evidence:
    """Return evidence that a path is locked: ``code`` or ``methods``.

    Nothing but as many failures as the policy bears locks a path, and every run begins without
    any; so the first refusal for a lock shows that count, too.
    """

    def shows(taken: Taken) -> bool:
        by_code = taken.step.presents is not None
        return taken.decision.reason is Reason.LOCKED_OUT and by_code == (path == "code")

    return _first(shows)


def too_long_at_threshold(run: Run) -> int | None:
    """Show a lifetime refused that is at most one step longer than the longest allowed."""
    life = run.trace.policy.lifetime
    for taken in _judged(run):
        asked_ms = taken.step.request.lifetime_ms or 0
        near = asked_ms - life.max_ms <= life.step_ms
        if taken.decision.reason is Reason.LIFETIME_TOO_LONG and near:
            return taken.step.index
    return None


def expired_at_threshold(run: Run) -> int | None:
    """Show a code refused as expired at the very reading at which it ends."""
    ends: dict[tuple[str | None, int | None], int] = {}
    for record in _own_records(run):
        decision, asked = record.decision, record.request
        if decision is None or asked is None:
            continue
        code = (decision.subject, decision.code)
        if asked.kind is Kind.GENERATE and decision.allowed:
            ends[code] = generated_ends_ms(asked, record.at.reading_ms, run.trace.policy)
        elif decision.reason is Reason.CODE_EXPIRED and ends.get(code) == record.at.reading_ms:
            shown = _judged_step(run, record)
            if shown is not None:
                return shown
    return None


def _own_records(run: Run) -> Iterator[Record]:
    return (record for record in run.trace.records if record.event is None)


def right_code_without_password(run: Run) -> int | None:
    """Show a sign-in refused for the password although a generated code was presented."""
    for taken in _judged(run):
        presented = taken.step.presents
        handle = run.handles.get(presented or "")
        if taken.decision.reason is Reason.WRONG_PASSWORD and handle is not None:
            return taken.step.index
    return None


def stolen_method_refused(run: Run) -> int | None:
    """Show a method refused, with a proof that is good, because a code is live."""
    for taken in _judged(run):
        asked = taken.step.request
        if taken.decision.reason is Reason.SUPERSEDED_BY_CODE and asked.proof is Proof.STOLEN:
            return taken.step.index
    return None


def reset_then_code(run: Run) -> int | None:
    """Show a password reset and a code generated for the same account, in either order."""
    seen: dict[str | None, Kind] = {}
    for taken in _judged(run):
        kind, decision = taken.step.request.kind, taken.decision
        if not decision.allowed or kind not in (Kind.RESET_PASSWORD, Kind.GENERATE):
            continue
        if seen.setdefault(decision.subject, kind) is not kind:
            return taken.step.index
    return None
