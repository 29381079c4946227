"""Reactions: what people do about a refusal, reason by reason.

People see the reason and not the rule. Each table says of every reason there is what somebody in
one position does about it, so that a new reason has no place in the world until it has a row.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Final, TypeVar

from tvc.authority.reasons import Reason
from tvc.authority.total import total

R = TypeVar("R")


class AtSignIn(Enum):
    """What a user does whose sign-in was refused."""

    CALL = auto()  # the desk
    TYPE_CODE = auto()  # the page wants the code; without one, call
    DROP_CODE = auto()  # the code is of no use any more; try the device, or call
    LEAVE = auto()  # there is no account to get into


class Help(Enum):
    """What the desk does for a caller, by the refusal that they call about."""

    CODE = auto()
    PASSWORD = auto()
    UNLOCK = auto()
    UNFREEZE = auto()
    FREE_METHODS = auto()  # for those with their device at hand; others need the code


class Remedy(Enum):
    """What somebody signed in does about a refused request before they ask again."""

    NONE = auto()
    SIGN_IN = auto()
    STEP_UP = auto()
    EXPIRE_FIRST = auto()
    TICKET = auto()
    APPROVALS = auto()
    WAIT = auto()
    LONGER = auto()
    SHORTER = auto()
    ON_STEP = auto()
    NO_NEED = auto()  # what was asked for is so already


class Guess(Enum):
    """What a guesser does after a refusal."""

    STOP = auto()
    AGAIN = auto()
    WAIT = auto()


def by_reason(rows: Mapping[R, Iterable[Reason]]) -> Mapping[Reason, R]:
    """Return a reaction for every reason.

    Parameters
    ----------
    rows
        The reasons that lead to each reaction.

    Raises
    ------
    TypeError
        If a reason is in none of the rows, or in two; it is named.
    """
    reactions: dict[Reason, R] = {}
    for reaction, reasons in rows.items():
        for reason in reasons:
            if reason in reactions:
                raise TypeError(f"{reason!r} leads to {reactions[reason]} and to {reaction}")
            reactions[reason] = reaction
    return total(Reason, reactions)


#: What is the matter with the session of somebody who acts.
_SIGN_IN_AGAIN: Final = (Reason.NOT_SIGNED_IN, Reason.SESSION_EXPIRED)
_CODE_IS_OVER: Final = (
    Reason.CODE_EXPIRED, Reason.CODE_REVOKED, Reason.CODE_REPLACED, Reason.CODE_USED_UP,
)  # fmt: skip
#: What a request to issue or end a code needs and cannot be helped to by asking again.
_NOT_FOR_THEM: Final = (
    Reason.NOT_PERMITTED, Reason.MFA_NOT_ENABLED, Reason.OUT_OF_SCOPE, Reason.SELF_ISSUE,
    Reason.SELF_APPROVAL, Reason.CODE_NOT_VIEWABLE, Reason.METHOD_TOO_WEAK,
)  # fmt: skip
_ISSUING: Final = (
    Reason.TICKET_MISSING, Reason.APPROVAL_REQUIRED, Reason.LIFETIME_TOO_SHORT,
    Reason.LIFETIME_TOO_LONG, Reason.LIFETIME_NOT_ON_STEP, Reason.CODE_ALREADY_LIVE,
    Reason.RATE_LIMITED, Reason.NO_LIVE_CODE,
)  # fmt: skip
_METHODS: Final = (
    Reason.VERIFICATION_REQUIRED, Reason.METHOD_NOT_ENROLLED, Reason.DEVICE_UNAVAILABLE,
    Reason.WRONG_PROOF,
)  # fmt: skip

AT_SIGN_IN: Final = by_reason({
    AtSignIn.LEAVE: (Reason.USER_INACTIVE, Reason.NO_SUCH_USER),
    AtSignIn.TYPE_CODE: (Reason.SUPERSEDED_BY_CODE,),
    AtSignIn.DROP_CODE: (Reason.WRONG_CODE, Reason.NO_CODE, *_CODE_IS_OVER),
    AtSignIn.CALL: (
        *_METHODS, Reason.WRONG_PASSWORD, Reason.USER_FROZEN, Reason.LOCKED_OUT, *_SIGN_IN_AGAIN,
        Reason.STEP_UP_REQUIRED, *_NOT_FOR_THEM, *_ISSUING,
    ),
})  # fmt: skip

CALLED_ABOUT: Final = by_reason({
    Help.PASSWORD: (Reason.WRONG_PASSWORD,),
    Help.UNLOCK: (Reason.LOCKED_OUT,),
    Help.UNFREEZE: (Reason.USER_FROZEN,),
    Help.FREE_METHODS: (Reason.SUPERSEDED_BY_CODE,),
    Help.CODE: (
        *_METHODS, Reason.USER_INACTIVE, Reason.NO_SUCH_USER, Reason.WRONG_CODE, Reason.NO_CODE,
        *_CODE_IS_OVER, *_SIGN_IN_AGAIN, Reason.STEP_UP_REQUIRED, *_NOT_FOR_THEM, *_ISSUING,
    ),
})  # fmt: skip

REMEDIES: Final = by_reason({
    Remedy.SIGN_IN: _SIGN_IN_AGAIN,
    Remedy.STEP_UP: (Reason.STEP_UP_REQUIRED,),
    Remedy.EXPIRE_FIRST: (Reason.CODE_ALREADY_LIVE,),
    Remedy.TICKET: (Reason.TICKET_MISSING,),
    Remedy.APPROVALS: (Reason.APPROVAL_REQUIRED,),
    Remedy.WAIT: (Reason.RATE_LIMITED,),
    Remedy.LONGER: (Reason.LIFETIME_TOO_SHORT,),
    Remedy.SHORTER: (Reason.LIFETIME_TOO_LONG,),
    Remedy.ON_STEP: (Reason.LIFETIME_NOT_ON_STEP,),
    Remedy.NO_NEED: (Reason.NO_LIVE_CODE,),
    Remedy.NONE: (
        *_METHODS, Reason.USER_INACTIVE, Reason.NO_SUCH_USER, Reason.WRONG_CODE, Reason.NO_CODE,
        *_CODE_IS_OVER, Reason.WRONG_PASSWORD, Reason.USER_FROZEN, Reason.LOCKED_OUT,
        Reason.SUPERSEDED_BY_CODE, *_NOT_FOR_THEM,
    ),
})  # fmt: skip

AFTER_A_GUESS: Final = by_reason({
    Guess.AGAIN: (Reason.WRONG_CODE,),
    Guess.WAIT: (Reason.LOCKED_OUT,),
    Guess.STOP: (
        *_METHODS, Reason.USER_INACTIVE, Reason.NO_SUCH_USER, Reason.NO_CODE, *_CODE_IS_OVER,
        Reason.WRONG_PASSWORD, Reason.USER_FROZEN, Reason.SUPERSEDED_BY_CODE, *_SIGN_IN_AGAIN,
        Reason.STEP_UP_REQUIRED, *_NOT_FOR_THEM, *_ISSUING,
    ),
})  # fmt: skip
