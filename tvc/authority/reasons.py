"""Why a request is denied: a closed list, and the words that the person at the screen sees.

A *reason* is for administrators, audit and tests. A person at the screen sees the *public message*
and what they are asked for next (the decision's challenge), and from these alone can tell:

- A visitor who does not get past the password can tell nothing of an account: that it is unknown,
  inactive or frozen reads as a wrong password does. A page that shows a code again says no to all.
- A visitor who gets past it cannot tell one code that is refused from another: a wrong code, a
  lapsed, revoked, replaced or used-up one, and any code where there is none read the same, as the
  article on verification errors words it (knowledge article 000395187).
- They *can* tell whether a code is live (or lapsed and pinned), in three ways. Presenting nothing,
  they are asked for the code and not for a method; not so under ``sign_in.precedence:
  methods_first`` while a method is enrolled. Presenting a method, they read the message of
  `Reason.SUPERSEDED_BY_CODE`; under ``code_first`` alone. Presenting wrong codes, they are locked
  out, since these count as failures only while a code is live; so not for a pinned one.
- Under ``sign_in.password: not_with_code`` everybody who presents a code gets past the password:
  without knowing it they can tell an account that can be signed in to from one that cannot, and,
  by the lock-out, whether a code is live.

A step-up tells the holder of the session the same three things. Those who may manage codes learn
of them by what they may ask (`Reason.CODE_ALREADY_LIVE`, `Reason.NO_LIVE_CODE`, ``status``), and
so do users of their own where ``expire.own`` lets them end it. How long an answer takes is no part
of this.
"""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

from tvc.authority.total import total


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


#: What a refusal may tell besides its reason, in the words of scenario files.
DETAILS: Final = ("challenge", "retry_after", "limit")


class About(NamedTuple):
    """What is to be known about a reason.

    Attributes
    ----------
    message
        What the screen says. Reasons that would tell a visitor something about an account share
        a message with those that would not.
    details
        Which of `DETAILS` a refusal with this reason tells.
    path
        The path of the sign-in, ``methods`` or ``code``, that was found not to be locked before
        this is said; None where no path was looked at, or a locked one was found.
    is_failure
        Whether it counts for the lock of that path.
    """

    message: str
    details: tuple[str, ...]
    path: Literal["methods", "code"] | None
    is_failure: bool


_INVALID_CODE: Final = "Error: Invalid or expired verification code. Try again."
_INVALID_LOGIN: Final = "Please check your username and password."
_NO_ACCESS: Final = "You do not have access to this page."

#: Each reason with all that is to be known about it.
ABOUT: Final = total(
    Reason,
    {
        Reason.NOT_SIGNED_IN: About("Please log in.", (), None, False),
        Reason.SESSION_EXPIRED: About(
            "Your session has ended. Please log in again.", (), None, False
        ),
        Reason.NOT_PERMITTED: About(_NO_ACCESS, (), None, False),
        Reason.STEP_UP_REQUIRED: About("Verify your identity to continue.", (), None, False),
        Reason.NO_SUCH_USER: About(_INVALID_LOGIN, (), None, False),
        Reason.USER_INACTIVE: About(_INVALID_LOGIN, (), None, False),
        Reason.USER_FROZEN: About(_INVALID_LOGIN, (), None, False),
        Reason.MFA_NOT_ENABLED: About(
            "This user does not use multi-factor authentication.", (), None, False
        ),
        Reason.OUT_OF_SCOPE: About(_NO_ACCESS, (), None, False),
        Reason.SELF_ISSUE: About("You can't generate a code for yourself.", (), None, False),
        Reason.TICKET_MISSING: About("Enter the number of the ticket.", (), None, False),
        Reason.APPROVAL_REQUIRED: About(
            "Another administrator has to approve first.", (), None, False
        ),
        Reason.LIFETIME_TOO_SHORT: About(
            "Choose a longer time until the code expires.", (), None, False
        ),
        Reason.LIFETIME_TOO_LONG: About(
            "Choose a shorter time until the code expires.", (), None, False
        ),
        Reason.LIFETIME_NOT_ON_STEP: About(
            "Choose one of the offered times until the code expires.", (), None, False
        ),
        Reason.CODE_ALREADY_LIVE: About(
            "This user has a valid code. Expire it before you generate another.", (), None, False
        ),
        Reason.RATE_LIMITED: About(
            "Too many codes were generated. Try again later.", ("retry_after", "limit"), None, False
        ),
        Reason.NO_LIVE_CODE: About("This user has no valid code.", (), None, False),
        Reason.WRONG_PASSWORD: About(_INVALID_LOGIN, (), None, False),
        Reason.VERIFICATION_REQUIRED: About("Verify your identity.", ("challenge",), None, False),
        Reason.SUPERSEDED_BY_CODE: About(
            "Enter the temporary verification code from your administrator.", (), None, False
        ),
        Reason.LOCKED_OUT: About(
            "Error: You've exceeded the allowed number of attempts.", ("retry_after",), None, False
        ),
        Reason.METHOD_NOT_ENROLLED: About(
            "This verification method can't be used.", (), "methods", False
        ),
        Reason.DEVICE_UNAVAILABLE: About(
            "This verification method can't be used.", (), "methods", False
        ),
        Reason.WRONG_PROOF: About(_INVALID_CODE, (), "methods", True),
        Reason.WRONG_CODE: About(_INVALID_CODE, (), "code", True),
        Reason.NO_CODE: About(_INVALID_CODE, (), "code", False),
        Reason.CODE_EXPIRED: About(_INVALID_CODE, (), "code", False),
        Reason.CODE_REVOKED: About(_INVALID_CODE, (), "code", False),
        Reason.CODE_REPLACED: About(_INVALID_CODE, (), "code", False),
        Reason.CODE_USED_UP: About(_INVALID_CODE, (), "code", False),
        Reason.METHOD_TOO_WEAK: About("Use a stronger verification method.", (), None, False),
        Reason.SELF_APPROVAL: About("Another administrator has to approve this.", (), None, False),
        Reason.CODE_NOT_VIEWABLE: About(
            "A code is shown once, when it is generated.", (), None, False
        ),
    },
)

#: What the screen says, reason by reason.
PUBLIC_MESSAGES: Final = {reason: about.message for reason, about in ABOUT.items()}
