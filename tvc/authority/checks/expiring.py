"""Checks of an Expire Now."""

from tvc.authority.checks.asking import assured, in_scope, may_manage_mfa
from tvc.authority.context import Context, Refusal, Verdict
from tvc.authority.reasons import Reason


def may_expire(c: Context) -> Verdict:
    """As `may_manage_mfa`; where the policy lets users end their own code they need nothing."""
    return None if _expires_own(c) else may_manage_mfa(c)


def expire_in_scope(c: Context) -> Verdict:
    """As `in_scope`, but not asked of users who end their own code."""
    return None if _expires_own(c) else in_scope(c)


def assured_to_expire(c: Context) -> Verdict:
    """The session has the level that the policy asks for Expire Now."""
    return assured(c, c.policy.expire.assurance)


def _expires_own(c: Context) -> bool:
    return c.policy.expire.own and c.acting == c.subject


def has_code_to_expire(c: Context) -> Verdict:
    """A code is live, or a lapsed one still pins the subject."""
    return None if c.live or c.pinned else Refusal(Reason.NO_LIVE_CODE)
