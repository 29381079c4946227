"""Why a request is denied: a closed list, and the words that the person at the screen sees.

A *reason* is for administrators, audit and tests. A person at the screen sees the *public message*
and what they are asked for next (the decision's challenge), and from these alone can tell:

- Whoever does not get past the password can tell nothing of an account: that it is unknown,
  inactive or frozen reads as a wrong password does. A page that shows a code again says no to all.
- Whoever gets past it cannot tell one code that is refused from another: a wrong code, a lapsed,
  revoked, replaced or used-up one, and any code where there is none read the same, as the article
  on verification errors words it (knowledge article 000395187).
- They *can* tell whether a code is live (or lapsed and pinned), in three ways. Presenting nothing,
  they are asked for the code and not for a method; not so under ``sign_in.precedence:
  methods_first`` while a method is enrolled. Presenting a method, they read the message of
  `Reason.SUPERSEDED_BY_CODE`; under ``code_first`` alone. Presenting wrong codes, they are locked
  out, since these count as failures only while a code is live; so not for a pinned one.
- Under ``sign_in.password: not_with_code`` everybody who presents a code gets past the password:
  without knowing it they can tell an account that can be signed in to from one that cannot, and,
  by the lock-out, whether a code is live.

A step-up tells whoever holds the session the same three things. Those who may manage codes learn
of them by what they may ask (`Reason.CODE_ALREADY_LIVE`, `Reason.NO_LIVE_CODE`, ``status``), and
so do users of their own where ``expire.own`` lets them end it. How long an answer takes is no part
of this.
"""

from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """The reason a request was denied with. Each belongs to one or more rules of the law."""

    NOT_SIGNED_IN = "not_signed_in"
    SESSION_EXPIRED = "session_expired"
    NOT_PERMITTED = "not_permitted"
    STEP_UP_REQUIRED = "step_up_required"
    NO_SUCH_USER = "no_such_user"
    USER_INACTIVE = "user_inactive"
    USER_FROZEN = "user_frozen"
    MFA_NOT_ENABLED = "mfa_not_enabled"
    OUT_OF_SCOPE = "out_of_scope"
    SELF_ISSUE = "self_issue"
    TICKET_MISSING = "ticket_missing"
    APPROVAL_REQUIRED = "approval_required"
    LIFETIME_TOO_SHORT = "lifetime_too_short"
    LIFETIME_TOO_LONG = "lifetime_too_long"
    LIFETIME_NOT_ON_STEP = "lifetime_not_on_step"
    CODE_ALREADY_LIVE = "code_already_live"
    RATE_LIMITED = "rate_limited"
    NO_LIVE_CODE = "no_live_code"
    WRONG_PASSWORD = "wrong_password"
    VERIFICATION_REQUIRED = "verification_required"
    SUPERSEDED_BY_CODE = "superseded_by_code"
    LOCKED_OUT = "locked_out"
    METHOD_NOT_ENROLLED = "method_not_enrolled"
    DEVICE_UNAVAILABLE = "device_unavailable"
    WRONG_PROOF = "wrong_proof"
    WRONG_CODE = "wrong_code"
    NO_CODE = "no_code"
    CODE_EXPIRED = "code_expired"
    CODE_REVOKED = "code_revoked"
    CODE_REPLACED = "code_replaced"
    CODE_USED_UP = "code_used_up"
    METHOD_TOO_WEAK = "method_too_weak"
    SELF_APPROVAL = "self_approval"
    CODE_NOT_VIEWABLE = "code_not_viewable"


_INVALID_CODE: Final = "Error: Invalid or expired verification code. Try again."
_INVALID_LOGIN: Final = "Please check your username and password."
_NO_ACCESS: Final = "You do not have access to this page."

#: What the screen says, reason by reason. Reasons that would tell whoever lacks the password
#: something about an account share a message, and so do all those of a code that is refused.
PUBLIC_MESSAGES: Final[dict[Reason, str]] = {
    Reason.NOT_SIGNED_IN: "Please log in.",
    Reason.SESSION_EXPIRED: "Your session has ended. Please log in again.",
    Reason.NOT_PERMITTED: _NO_ACCESS,
    Reason.STEP_UP_REQUIRED: "Verify your identity to continue.",
    Reason.NO_SUCH_USER: _INVALID_LOGIN,
    Reason.USER_INACTIVE: _INVALID_LOGIN,
    Reason.USER_FROZEN: _INVALID_LOGIN,
    Reason.MFA_NOT_ENABLED: "This user does not use multi-factor authentication.",
    Reason.OUT_OF_SCOPE: _NO_ACCESS,
    Reason.SELF_ISSUE: "You can't generate a code for yourself.",
    Reason.TICKET_MISSING: "Enter the number of the ticket.",
    Reason.APPROVAL_REQUIRED: "Another administrator has to approve first.",
    Reason.LIFETIME_TOO_SHORT: "Choose a longer time until the code expires.",
    Reason.LIFETIME_TOO_LONG: "Choose a shorter time until the code expires.",
    Reason.LIFETIME_NOT_ON_STEP: "Choose one of the offered times until the code expires.",
    Reason.CODE_ALREADY_LIVE: "This user has a valid code. Expire it before you generate another.",
    Reason.RATE_LIMITED: "Too many codes were generated. Try again later.",
    Reason.NO_LIVE_CODE: "This user has no valid code.",
    Reason.WRONG_PASSWORD: _INVALID_LOGIN,
    Reason.VERIFICATION_REQUIRED: "Verify your identity.",
    Reason.SUPERSEDED_BY_CODE: "Enter the temporary verification code from your administrator.",
    Reason.LOCKED_OUT: "Error: You've exceeded the allowed number of attempts.",
    Reason.METHOD_NOT_ENROLLED: "This verification method can't be used.",
    Reason.DEVICE_UNAVAILABLE: "This verification method can't be used.",
    Reason.WRONG_PROOF: _INVALID_CODE,
    Reason.WRONG_CODE: _INVALID_CODE,
    Reason.NO_CODE: _INVALID_CODE,
    Reason.CODE_EXPIRED: _INVALID_CODE,
    Reason.CODE_REVOKED: _INVALID_CODE,
    Reason.CODE_REPLACED: _INVALID_CODE,
    Reason.CODE_USED_UP: _INVALID_CODE,
    Reason.METHOD_TOO_WEAK: "Use a stronger verification method.",
    Reason.SELF_APPROVAL: "Another administrator has to approve this.",
    Reason.CODE_NOT_VIEWABLE: "A code is shown once, when it is generated.",
}
