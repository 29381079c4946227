"""Who may issue and end codes, for whom, with what, and whose word they need."""

from collections.abc import Iterator
from typing import Final

from tvc.authority.durations import SECOND_MS, format_duration
from tvc.authority.policy import Policy
from tvc.workbench.init.sketch import MOST, Sketch, Stage, approvals_for, around, at_rows

_ISSUING: Final = "Who may issue"
_EXPIRING: Final = "Expire Now"


def sketches(policy: Policy) -> Iterator[Sketch]:
    """Yield timelines about issuing and expiring."""
    yield _level(policy)
    yield _own(policy)
    yield _ticket(policy)
    yield _no_mfa(policy)
    for subject in ("ana", "pia"):
        yield from _approvals(policy, subject)
    if policy.issuer.approvals.standard or policy.issuer.approvals.privileged:
        yield _lapsed_approval(policy)
    yield _expire_own(policy)
    yield _expire_level(policy)
    yield _expire_sessions(policy)


def _level(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.issue(0, by="stu")
    why = f"generating needs a session of level {policy.issuer.assurance}; stu's is standard"
    return stage.sketch(_ISSUING, "level-of-issuer", why)


def _own(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.issue(0, "sam", "sam")
    why = f"a code for oneself: {policy.issuer.self_issue}"
    return stage.sketch(_ISSUING, "own-code", why)


def _ticket(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.issue(0, ticket=None)
    return stage.sketch(_ISSUING, "without-a-ticket", f"a ticket is {policy.issuer.ticket}")


def _no_mfa(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.issue(0, "cal")
    why = f"multi-factor authentication of the subject: {policy.subject.mfa}; cal has none"
    return stage.sketch(_ISSUING, "subject-without-mfa", why)


def _approvals(policy: Policy, subject: str) -> Iterator[Sketch]:
    needed = approvals_for(policy, subject)
    tier = "privileged" if subject == "pia" else "standard"
    for given in sorted({0, needed // 2, needed - 1, needed} - {-1}):
        if given <= MOST:
            stage = Stage(policy)
            stage.issue(0, subject, approvals=given)
            why = f"{needed} approvals are needed for a {tier} account, {given} are given"
            yield stage.sketch(_ISSUING, f"approvals-{tier}-{given}", why)


def _lapsed_approval(policy: Policy) -> Sketch:
    subject = "ana" if policy.issuer.approvals.standard else "pia"
    valid = policy.issuer.approval_valid_ms
    stage = Stage(policy)
    stage.issue("${at}", subject, approve_at=0)
    why = f"an approval counts for {format_duration(valid)}"
    return stage.sketch(_ISSUING, "approval-lapses", why, at_rows(around(valid)))


def _expire_own(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.wake(0, "ana")
    stage.issue(SECOND_MS, save="c1")
    stage.ask(2 * SECOND_MS, "expire", "ana", for_="ana")
    stage.sign_in(3 * SECOND_MS, code="c1")
    said = "may" if policy.expire.own else "may not"
    return stage.sketch(_EXPIRING, "expiring-ones-own", f"users {said} end their own code")


def _expire_level(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.issue(0, save="c1")
    stage.ask(SECOND_MS, "expire", "stu", for_="ana")
    stage.sign_in(2 * SECOND_MS, code="c1")
    why = f"Expire Now needs a session of level {policy.expire.assurance}; stu's is standard"
    return stage.sketch(_EXPIRING, "level-to-expire", why)


def _expire_sessions(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.issue(0, save="c1")
    stage.sign_in(SECOND_MS, code="c1")
    stage.expire(2 * SECOND_MS)
    stage.ask(3 * SECOND_MS, "use", "ana")
    said = "ends" if policy.expire.ends_sessions else "does not end"
    why = f"Expire Now {said} the sessions opened with the code"
    return stage.sketch(_EXPIRING, "sessions-after-expire-now", why, audit="exactly")
