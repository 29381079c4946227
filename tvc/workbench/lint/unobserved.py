"""Steps that nothing in a case could tell from their not having happened."""

from collections.abc import Iterator

from tvc.authority.requests import SHAPES
from tvc.domain.cases import ANY, AuditLine, Case, Step
from tvc.timeline import Taken, play


def unobserved_steps(case: Case) -> Iterator[Step]:
    """Yield the steps of a case that assert nothing and after which nothing looks.

    A fact is always allowed, and of a step that expects ``any`` every decision is accepted; every
    other step without ``expect`` asserts that it is allowed. A step that expects ``any`` can still
    break an invariant, so it is looked at where any is checked. Something looks when, later, a
    step that asserts something is by, for, or in the session of one of the step's people; when one
    about anybody states what it expects, since that others are *not* affected may be the point;
    and when an audit line could fit what the step records.
    """
    idle = [step for step in case.steps if _is_idle(step, case)]
    if not idle or _named_by_invariants(case):
        return
    taken = play(case).taken
    for step in idle:
        names = {step.request.by, step.request.subject} - {None}
        later = taken[step.index + 1 :]
        if not any(_looks(other, names) for other in later) and not _audited(case, step):
            yield step


def _is_idle(step: Step, case: Case) -> bool:
    return SHAPES[step.request.kind].fact or (step.expect == ANY and case.invariants == ())


def _named_by_invariants(case: Case) -> bool:
    """Whether invariants are named, so that the fact may be what makes them break or hold."""
    return bool(case.breaks or case.invariants)


def _looks(taken: Taken, names: set[str | None]) -> bool:
    asked = taken.step.request
    if not taken.step.asserts:
        return False
    met = {asked.by, asked.subject, taken.decision.account, taken.decision.subject}
    return taken.step.stated or not met.isdisjoint(names)


def _audited(case: Case, step: Step) -> bool:
    if case.audit is None:
        return False
    if case.audit.match == "exactly":
        return True
    return any(_fits(line, step) for line in (*case.audit.events, *case.audit.never))


def _fits(line: AuditLine, step: Step) -> bool:
    type_ = line.fields.get("type")
    own = type_ is None or type_.partition(".")[0] == step.request.kind
    if not own and type_ not in ("code.ended", "session.ended"):
        return False
    asked = step.request
    by, subject = line.fields.get("by"), line.fields.get("subject")
    return by in (None, asked.by) and subject in (None, asked.subject, asked.by)
