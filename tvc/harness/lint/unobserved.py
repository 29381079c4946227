"""Facts that nothing in a case could tell from their not having happened."""

from collections.abc import Iterator

from tvc.authority.requests import SHAPES
from tvc.files.cases import AuditLine, Case, Step
from tvc.timeline.driver import Taken, play


def unobserved_facts(case: Case) -> Iterator[Step]:
    """Yield the facts of a case after which nothing looks.

    A fact is always allowed, so that it asserts nothing by itself; every other step without
    ``expect`` asserts that it is allowed. Something looks when, later, a step that the law judges
    is by, for, or in the session of one of the fact's people, whatever is expected of it; when one
    about anybody states what it expects, since that others are *not* affected may be the point;
    and when an audit line could fit what the fact records.
    """
    facts = [step for step in case.steps if SHAPES[step.request.kind].fact]
    if not facts or _named_by_invariants(case):
        return
    taken = play(case).taken
    for fact in facts:
        names = {fact.request.by, fact.request.subject} - {None}
        later = taken[fact.index + 1 :]
        if not any(_looks(other, names) for other in later) and not _audited(case, fact):
            yield fact


def _named_by_invariants(case: Case) -> bool:
    """Whether invariants are named, so that the fact may be what makes them break or hold."""
    return bool(case.breaks or case.invariants)


def _looks(taken: Taken, names: set[str | None]) -> bool:
    asked = taken.step.request
    if SHAPES[asked.kind].fact:
        return False
    met = {asked.by, asked.subject, taken.decision.account, taken.decision.subject}
    return taken.step.stated or not met.isdisjoint(names)


def _audited(case: Case, fact: Step) -> bool:
    if case.audit is None:
        return False
    if case.audit.match == "exactly":
        return True
    return any(_fits(line, fact) for line in (*case.audit.events, *case.audit.never))


def _fits(line: AuditLine, fact: Step) -> bool:
    type_ = line.fields.get("type")
    own = type_ is None or type_ == fact.request.kind
    if not own and type_ not in ("code.ended", "session.ended"):
        return False
    asked = fact.request
    by, subject = line.fields.get("by"), line.fields.get("subject")
    return by in (None, asked.by) and subject in (None, asked.subject, asked.by)
