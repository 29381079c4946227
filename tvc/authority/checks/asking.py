"""Checks of who asks, through which session, and about whom; several requests meet them."""

from tvc.authority.context import Context, Refusal, Verdict
from tvc.authority.reasons import Reason


def signed_in(c: Context) -> Verdict:
    """A session that holds; the request counts for its latest, whatever follows."""
    if c.session is None:
        return Refusal(Reason.NOT_SIGNED_IN)
    if c.over(c.session) is not None:
        return Refusal(Reason.SESSION_EXPIRED)
    if c.policy.session.idle_ms is not None:
        c.session = c.session._replace(latest_ms=c.now_ms)
        c.put("sessions", c.request.by, c.session)
    return None


def may_manage_mfa(c: Context) -> Verdict:
    """The acting account holds manage_mfa, or its variant for standard-tier subjects."""
    if c.permissions.isdisjoint(("manage_mfa", "manage_mfa_standard")):
        return Refusal(Reason.NOT_PERMITTED)
    return None


def may_reset_passwords(c: Context) -> Verdict:
    """The acting account holds reset_passwords."""
    return None if "reset_passwords" in c.permissions else Refusal(Reason.NOT_PERMITTED)


def in_scope(c: Context) -> Verdict:
    """manage_mfa_standard alone does not reach a privileged subject."""
    if c.account.tier == "privileged" and "manage_mfa" not in c.permissions:
        return Refusal(Reason.OUT_OF_SCOPE)
    return None


def assured(c: Context, needed: str) -> Verdict:
    """The session has a level that something asks for."""
    if needed == "high" and (c.session is None or c.session.level != "high"):
        return Refusal(Reason.STEP_UP_REQUIRED)
    return None


def assured_to_change_methods(c: Context) -> Verdict:
    """The session has the level that the policy asks for enrolment and removal."""
    return assured(c, c.policy.enroll.assurance)


def known(c: Context) -> Verdict:
    """The subject has an account."""
    return None if c.subject in c.state.accounts else Refusal(Reason.NO_SUCH_USER)


def active(c: Context) -> Verdict:
    """The subject's account is active."""
    return None if c.account.active else Refusal(Reason.USER_INACTIVE)


def not_approving_oneself(c: Context) -> Verdict:
    """An approval comes from another account than the subject's."""
    return Refusal(Reason.SELF_APPROVAL) if c.acting == c.subject else None


def never_shown_again(c: Context) -> Verdict:  # noqa: ARG001 - it refuses whatever is asked
    """A code is shown once, when it is generated, whoever asks later."""
    return Refusal(Reason.CODE_NOT_VIEWABLE)
