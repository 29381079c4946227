"""Who may issue and end codes, for whom, with what, and whose word they need."""

from collections.abc import Iterator
from typing import Final

from tvc.authority.durations import format_duration
from tvc.authority.policy import Policy
from tvc.workbench.recipes.sketch import MOST, Sketch, Stage, approvals_for, at_rows

_ISSUING: Final = "Who may issue"
_EXPIRING: Final = "Expire Now"


def level(policy: Policy) -> Iterator[Sketch]:
    """Issue from a standard session."""
    why = f"generating needs a session of level {policy.issuer.assurance}; stu's is standard"
    yield Stage(policy).issue(by="stu").sketch(_ISSUING, "level-of-issuer", why)


def own(policy: Policy) -> Iterator[Sketch]:
    """Issue a code for oneself."""
    why = f"a code for oneself: {policy.issuer.self_issue}"
    yield Stage(policy).issue("sam").sketch(_ISSUING, "own-code", why)


def ticket(policy: Policy) -> Iterator[Sketch]:
    """Issue without a ticket."""
    why = f"a ticket is {policy.issuer.ticket}"
    yield Stage(policy).issue(ticket=None).sketch(_ISSUING, "without-a-ticket", why)


def no_mfa(policy: Policy) -> Iterator[Sketch]:
    """Issue for somebody without multi-factor authentication."""
    why = f"multi-factor authentication of the subject: {policy.subject.mfa}; cal has none"
    yield Stage(policy).issue("cal").sketch(_ISSUING, "subject-without-mfa", why)


def approvals(policy: Policy) -> Iterator[Sketch]:
    """Issue with as many approvals as are needed, and with fewer."""
    for subject, tier in (("ana", "standard"), ("pia", "privileged")):
        needed = approvals_for(policy, subject)
        for given in sorted({0, needed // 2, needed - 1, needed} - {-1}):
            if given <= MOST:
                why = f"{needed} approvals are needed for a {tier} account, {given} are given"
                stage = Stage(policy).issue(subject, approvals=given)
                yield stage.sketch(_ISSUING, f"approvals-{tier}-{given}", why)


def lapsed_approval(policy: Policy) -> Iterator[Sketch]:
    """Issue around the instant at which an approval lapses."""
    needed, valid = policy.issuer.approvals, policy.issuer.approval_valid_ms
    if needed.standard or needed.privileged:
        subject = "ana" if needed.standard else "pia"
        why = f"an approval counts for {format_duration(valid)}"
        stage = Stage(policy).issue(subject, at="${at}", approve_at=0)
        yield stage.sketch(_ISSUING, "approval-lapses", why, at_rows(valid))


def expire_own(policy: Policy) -> Iterator[Sketch]:
    """Let a user end their own code."""
    said = "may" if policy.expire.own else "may not"
    stage = Stage(policy).wake().issue(save="c1").ask("expire", "ana", for_="ana")
    stage.sign_in(code="c1")
    yield stage.sketch(_EXPIRING, "expiring-ones-own", f"users {said} end their own code")


def expire_level(policy: Policy) -> Iterator[Sketch]:
    """Expire from a standard session."""
    why = f"Expire Now needs a session of level {policy.expire.assurance}; stu's is standard"
    stage = Stage(policy).issue(save="c1").ask("expire", "stu", for_="ana").sign_in(code="c1")
    yield stage.sketch(_EXPIRING, "level-to-expire", why)


def expire_sessions(policy: Policy) -> Iterator[Sketch]:
    """Use a session after Expire Now."""
    said = "ends" if policy.expire.ends_sessions else "does not end"
    why = f"Expire Now {said} the sessions opened with the code"
    stage = Stage(policy).issue(save="c1").sign_in(code="c1").expire().ask("use", "ana")
    yield stage.sketch(_EXPIRING, "sessions-after-expire-now", why, audit="exactly")
