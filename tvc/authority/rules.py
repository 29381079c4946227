"""The law: every rule in the order in which a request meets it.

Each rule is a small function that sees one request in its `Context` and either passes (None),
refuses with a reason, or, for the two rows of the sign-in that need no further proof, allows at
once. The tables of this file are the whole law: read them from top to bottom, and look a function
up, in `tvc.authority.checks`, where its name does not say enough. Quoted sentences are those of
knowledge article 000382194 ("the article"), unless another source is named.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tvc.authority.checks import asking, expiring, generating, signing_in
from tvc.authority.context import Context, Verdict
from tvc.authority.policy import Policy
from tvc.authority.reasons import Reason
from tvc.authority.requests import JUDGED, Kind
from tvc.authority.total import total


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the law.

    Attributes
    ----------
    id
        ``<request>.<name>``, as audit and scenario files write it.
    check
        The function that judges.
    refuses
        The reasons it may refuse with; none for a rule that allows at once.
    says
        The sentence it stands for, and where that comes from.
    asks_if
        The choice that turns the rule on, as (dotted knob, value); None where no single choice
        does. Under any other value of that knob the rule never refuses.
    """

    id: str
    check: Callable[[Context], Verdict]
    refuses: tuple[Reason, ...]
    says: str
    asks_if: tuple[str, str] | None = None

    def is_on(self, policy: Policy) -> bool:
        """Whether a policy has the choice that turns the rule on, if it takes one."""
        return self.asks_if is None or policy.values()[self.asks_if[0]] == self.asks_if[1]


_SESSION = (Reason.NOT_SIGNED_IN, Reason.SESSION_EXPIRED)
_PERMITTED = (Reason.NOT_PERMITTED,)
_STEP_UP = (Reason.STEP_UP_REQUIRED,)
_UNKNOWN = (Reason.NO_SUCH_USER,)
_SIGNED_IN = "Whoever asks is signed in (reading)."
_ISSUER = (
    "A System Administrator, or who holds the permission to manage MFA, generates and expires."
)
_LIFETIME = "The code is valid from 1 to 24 hours, as the administrator sets."


def _session_rule(kind: Kind) -> Rule:
    return Rule(f"{kind}.session", asking.signed_in, _SESSION, _SIGNED_IN)


def _permission_rule(kind: Kind) -> Rule:
    return Rule(f"{kind}.permission", asking.may_manage_mfa, _PERMITTED, _ISSUER)


def _subject_rule(kind: Kind) -> Rule:
    return Rule(f"{kind}.subject_known", asking.known, _UNKNOWN, "A code is for a user of the org.")


#: Sign-in rules 5 to 10, which a step-up meets too.
_VERIFICATION: Final = (
    Rule("sign_in.verification", signing_in.presents_something, (Reason.VERIFICATION_REQUIRED,),
         "A user with MFA verifies their identity at sign-in."),
    Rule("sign_in.precedence", signing_in.code_ranks_first, (Reason.SUPERSEDED_BY_CODE,),
         "The code bypasses any other verification method and is highly prioritized at sign-in.",
         ("sign_in.precedence", "code_first")),
    Rule("sign_in.lockout", signing_in.not_locked_out, (Reason.LOCKED_OUT,),
         "Too many attempts lock verification for about an hour; a code is a way out (000395009)."),
    Rule("sign_in.enrolled", signing_in.method_enrolled, (Reason.METHOD_NOT_ENROLLED,),
         "Only a registered method can be used (reading)."),
    Rule("sign_in.proof", signing_in.method_proved, (Reason.DEVICE_UNAVAILABLE, Reason.WRONG_PROOF),
         "Who lost the device cannot use its methods (reading)."),
    Rule("sign_in.code", signing_in.code_right,
         (Reason.WRONG_CODE, Reason.NO_CODE, Reason.CODE_EXPIRED, Reason.CODE_REVOKED,
          Reason.CODE_REPLACED, Reason.CODE_USED_UP),
         "The code can be used any number of times until it expires."),
)  # fmt: skip

#: The rules of each request, in the order in which it meets them.
RULES: Final[dict[Kind, tuple[Rule, ...]]] = total(JUDGED, {
    Kind.GENERATE: (
        _session_rule(Kind.GENERATE),
        _permission_rule(Kind.GENERATE),
        Rule("generate.assurance", generating.assured_to_generate, _STEP_UP,
             "Without a high-assurance session you are prompted to verify your identity.",
             ("issuer.assurance", "high")),
        _subject_rule(Kind.GENERATE),
        Rule("generate.subject_active", asking.active, (Reason.USER_INACTIVE,),
             "You can't generate a code for an inactive user; a frozen user may have one."),
        Rule("generate.subject_mfa", generating.uses_mfa, (Reason.MFA_NOT_ENABLED,),
             "A code is for a user who has MFA enabled.",
             ("subject.mfa", "required")),
        Rule("generate.scope", asking.in_scope, (Reason.OUT_OF_SCOPE,),
             "A help desk for standard users does not reach privileged ones (reading)."),
        Rule("generate.self_issue", generating.not_for_oneself, (Reason.SELF_ISSUE,),
             "The article is silent on generating for oneself (reading: allowed).",
             ("issuer.self_issue", "deny")),
        Rule("generate.ticket", generating.has_ticket, (Reason.TICKET_MISSING,),
             "The article asks for no ticket (a knob).",
             ("issuer.ticket", "required")),
        Rule("generate.approval", generating.approved, (Reason.APPROVAL_REQUIRED,),
             "The article asks for no second person (a knob)."),
        Rule("generate.lifetime", generating.lifetime_allowed,
             (Reason.LIFETIME_TOO_SHORT, Reason.LIFETIME_TOO_LONG, Reason.LIFETIME_NOT_ON_STEP),
             _LIFETIME),
        Rule("generate.one_code", generating.one_code, (Reason.CODE_ALREADY_LIVE,),
             "A user has one code at a time; expire the old one first.",
             ("code.on_live", "refuse")),
        Rule("generate.rate", generating.under_rates, (Reason.RATE_LIMITED,),
             "Six codes per hour for each user (reading: any rolling hour)."),
    ),
    Kind.EXPIRE: (
        _session_rule(Kind.EXPIRE),
        Rule("expire.permission", expiring.may_expire, _PERMITTED, _ISSUER),
        Rule("expire.assurance", expiring.assured_to_expire, _STEP_UP,
             "The article asks for no step-up here (reading: standard suffices).",
             ("expire.assurance", "high")),
        _subject_rule(Kind.EXPIRE),
        Rule("expire.scope", expiring.expire_in_scope, (Reason.OUT_OF_SCOPE,),
             "A help desk for standard users does not reach privileged ones (reading)."),
        Rule("expire.live", expiring.has_code_to_expire, (Reason.NO_LIVE_CODE,),
             "Expire Now ends a code before its time; there is nothing to end without one."),
    ),
    Kind.SIGN_IN: (
        Rule("sign_in.known", asking.known, _UNKNOWN, "Only users of the org sign in."),
        Rule("sign_in.active", asking.active, (Reason.USER_INACTIVE,),
             "Inactive users do not sign in."),
        Rule("sign_in.frozen", signing_in.not_frozen, (Reason.USER_FROZEN,),
             "Frozen users do not sign in."),
        Rule("sign_in.sso", signing_in.judged_by_provider, (),
             "By single sign-on the identity provider has judged (reading)."),
        Rule("sign_in.password", signing_in.password_known, (Reason.WRONG_PASSWORD,),
             "A code is for multi-factor authentication: it comes beside the password."),
        Rule("sign_in.mfa_off", signing_in.without_mfa, (),
             "Without MFA nothing more is asked for."),
        *_VERIFICATION,
    ),
    Kind.STEP_UP: (
        _session_rule(Kind.STEP_UP),
        *_VERIFICATION,
        Rule("step_up.assurance", signing_in.strong_enough, (Reason.METHOD_TOO_WEAK,),
             "Only a method in the High Assurance column raises a session."),
    ),
    Kind.USE: (_session_rule(Kind.USE),),
    Kind.STATUS: (
        _session_rule(Kind.STATUS), _permission_rule(Kind.STATUS), _subject_rule(Kind.STATUS),
    ),
    Kind.REVEAL: (
        Rule("reveal.never", asking.never_shown_again, (Reason.CODE_NOT_VIEWABLE,),
             "The code is shown once; after Done it can't be viewed again."),
    ),
    Kind.ENROLL: (
        _session_rule(Kind.ENROLL),
        Rule("enroll.assurance", asking.assured_to_change_methods, _STEP_UP,
             "The article is silent on what enrolment asks for (reading: standard suffices).",
             ("enroll.assurance", "high")),
    ),
    Kind.REMOVE_METHOD: (
        _session_rule(Kind.REMOVE_METHOD),
        Rule("remove_method.assurance", asking.assured_to_change_methods, _STEP_UP,
             "The article is silent on what removal asks for (reading: standard suffices).",
             ("enroll.assurance", "high")),
    ),
    Kind.APPROVE: (
        _session_rule(Kind.APPROVE), _permission_rule(Kind.APPROVE), _subject_rule(Kind.APPROVE),
        Rule("approve.self", asking.not_approving_oneself, (Reason.SELF_APPROVAL,),
             "A second person is another person (a knob's rule)."),
    ),
    Kind.RESET_PASSWORD: (
        _session_rule(Kind.RESET_PASSWORD),
        Rule("reset_password.permission", asking.may_reset_passwords, _PERMITTED,
             "Who holds the permission to reset passwords resets them."),
        _subject_rule(Kind.RESET_PASSWORD),
    ),
})  # fmt: skip
