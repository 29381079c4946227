"""The law: every rule in the order in which a request meets it.

Each rule is a small function that sees one request in its `Context` and either passes (None),
refuses with a reason, or, for the two rows of the sign-in that need no further proof, allows at
once. The tables at the end of this file are the whole law: read them from top to bottom, and
look a function up where its name does not say enough. Quoted sentences are those of knowledge
article 000382194 ("the article"), unless another source is named.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tvc.authority import rates
from tvc.authority.context import Context, Refusal, find_method
from tvc.authority.policy import Policy, RateLimit
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind, Proof
from tvc.authority.state import CodeEnd


class Granted:
    """The verdict of a rule that allows at once, so that no later rule is met."""


GRANTED: Final = Granted()
Verdict = Refusal | Granted | None


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


# Sessions and permissions


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


def may_expire(c: Context) -> Verdict:
    """As `may_manage_mfa`; where the policy lets users end their own code they need nothing."""
    return None if _expires_own(c) else may_manage_mfa(c)


def may_reset_passwords(c: Context) -> Verdict:
    """The acting account holds reset_passwords."""
    return None if "reset_passwords" in c.permissions else Refusal(Reason.NOT_PERMITTED)


def in_scope(c: Context) -> Verdict:
    """manage_mfa_standard alone does not reach a privileged subject."""
    if c.account.tier == "privileged" and "manage_mfa" not in c.permissions:
        return Refusal(Reason.OUT_OF_SCOPE)
    return None


def expire_in_scope(c: Context) -> Verdict:
    """As `in_scope`, but not asked of users who end their own code."""
    return None if _expires_own(c) else in_scope(c)


def _expires_own(c: Context) -> bool:
    return c.policy.expire.own and c.acting == c.subject


def _assured(c: Context, needed: str) -> Verdict:
    if needed == "high" and (c.session is None or c.session.level != "high"):
        return Refusal(Reason.STEP_UP_REQUIRED)
    return None


def assured_to_generate(c: Context) -> Verdict:
    """The session has the level that the policy asks of issuers."""
    return _assured(c, c.policy.issuer.assurance)


def assured_to_expire(c: Context) -> Verdict:
    """The session has the level that the policy asks for Expire Now."""
    return _assured(c, c.policy.expire.assurance)


def assured_to_change_methods(c: Context) -> Verdict:
    """The session has the level that the policy asks for enrolment and removal."""
    return _assured(c, c.policy.enroll.assurance)


# The subject of a generation


def known(c: Context) -> Verdict:
    """The subject has an account."""
    return None if c.subject in c.state.accounts else Refusal(Reason.NO_SUCH_USER)


def active(c: Context) -> Verdict:
    """The subject's account is active."""
    return None if c.account.active else Refusal(Reason.USER_INACTIVE)


def not_frozen(c: Context) -> Verdict:
    """The subject's account is not frozen."""
    return Refusal(Reason.USER_FROZEN) if c.account.frozen else None


def uses_mfa(c: Context) -> Verdict:
    """The subject has multi-factor authentication on, where the policy asks for it."""
    if c.policy.subject.mfa == "required" and not c.account.mfa:
        return Refusal(Reason.MFA_NOT_ENABLED)
    return None


def not_for_oneself(c: Context) -> Verdict:
    """Nobody generates for the account they act as, where the policy denies it."""
    if c.policy.issuer.self_issue == "deny" and c.acting == c.subject:
        return Refusal(Reason.SELF_ISSUE)
    return None


def has_ticket(c: Context) -> Verdict:
    """A ticket is named, where the policy asks for one; an empty one is missing."""
    if c.policy.issuer.ticket == "required" and not c.request.ticket:
        return Refusal(Reason.TICKET_MISSING)
    return None


def approved(c: Context) -> Verdict:
    """Enough other accounts approved the subject recently enough."""
    approvals = c.policy.issuer.approvals
    needed = approvals.privileged if c.account.tier == "privileged" else approvals.standard
    if not needed:
        return None
    since_ms = c.now_ms - c.policy.issuer.approval_valid_ms
    counts = c.compare["approval.counts"]
    count = sum(
        account != c.acting and counts(reading_ms, since_ms)
        for account, reading_ms in c.state.approvals.get(c.subject, ())  # type: ignore[arg-type]
    )
    enough = c.compare["approval.enough"](count, needed)
    return None if enough else Refusal(Reason.APPROVAL_REQUIRED)


def lifetime_allowed(c: Context) -> Verdict:
    """The lifetime is neither too short nor too long, and one of the steps."""
    allowed, lifetime_ms = c.policy.lifetime, c.request.lifetime_ms or 0
    if c.compare["lifetime.short"](lifetime_ms, allowed.min_ms):
        return Refusal(Reason.LIFETIME_TOO_SHORT)
    if c.compare["lifetime.long"](lifetime_ms, allowed.max_ms):
        return Refusal(Reason.LIFETIME_TOO_LONG)
    if lifetime_ms % allowed.step_ms:
        return Refusal(Reason.LIFETIME_NOT_ON_STEP)
    return None


def one_code(c: Context) -> Verdict:
    """Fewer codes are live than a subject may have, or the policy replaces the oldest."""
    if c.policy.code.on_live == "replace":
        return None
    full = c.compare["codes.full"](len(c.live), c.policy.code.per_user)
    return Refusal(Reason.CODE_ALREADY_LIVE) if full else None


#: Far more full windows in a row than any memory holds; a bound for laws that never let pass.
_MOST_WAITS: Final = 1_000


def under_rates(c: Context) -> Verdict:
    """No rate limit is reached; of several the first in the file is named."""
    refusing = next((limit.name for limit in c.policy.rates if _rate_wait_ms(c, limit, 0)), None)
    if refusing is None:
        return None
    # Waiting for one limit may end in a window of another that is full already.
    wait_ms = 0
    for _ in range(_MOST_WAITS):
        more_ms = max(_rate_wait_ms(c, limit, wait_ms) for limit in c.policy.rates)
        if not more_ms:
            break
        wait_ms += more_ms
    return Refusal(Reason.RATE_LIMITED, retry_after_ms=wait_ms, limit=refusing)


def _rate_wait_ms(c: Context, limit: RateLimit, after_ms: int) -> int:
    memory = c.state.rates.get(rate_key(c, limit), ())
    return rates.wait_ms(limit, memory, c.now_ms + after_ms, c.compare)


def rate_key(c: Context, limit: RateLimit) -> tuple[str, str]:
    """Return what a rate limit counts this generation for."""
    return limit.name, {"subject": c.subject, "issuer": c.acting}.get(limit.scope) or ""


# Expire Now


def has_code_to_expire(c: Context) -> Verdict:
    """A code is live, or a lapsed one still pins the subject."""
    return None if c.live or c.pinned else Refusal(Reason.NO_LIVE_CODE)


# Signing in


def judged_by_provider(c: Context) -> Verdict:
    """Single sign-on: the identity provider judged."""
    if not c.request.sso:
        return None
    c.level = c.policy.sign_in.assurance.sso
    return GRANTED


def password_known(c: Context) -> Verdict:
    """The person types the account's password, unless the policy spares it beside a code."""
    if c.request.matched is not None and c.policy.sign_in.password == "not_with_code":
        return None
    if c.request.password_right and c.request.by in c.account.known_to:
        return None
    return Refusal(Reason.WRONG_PASSWORD)


def without_mfa(c: Context) -> Verdict:
    """An account without multi-factor authentication asks for nothing more."""
    if c.account.mfa:
        return None
    c.level = c.policy.sign_in.assurance.password
    return GRANTED


def presents_something(c: Context) -> Verdict:
    """A code or a method is presented; else the page asks for what ranks first."""
    if c.request.matched is not None or c.request.method is not None:
        return None
    method = find_method(c.account)
    methods_first = c.policy.sign_in.precedence == "methods_first"
    if (c.live or c.pinned) and not (methods_first and method):
        return Refusal(Reason.VERIFICATION_REQUIRED, challenge="code")
    return Refusal(Reason.VERIFICATION_REQUIRED, challenge=method or "none")


def code_ranks_first(c: Context) -> Verdict:
    """No method is accepted while a code is live or the subject is pinned."""
    if (
        c.request.method is not None
        and c.policy.sign_in.precedence == "code_first"
        and (c.live or c.pinned)
    ):
        return Refusal(Reason.SUPERSEDED_BY_CODE)
    return None


def not_locked_out(c: Context) -> Verdict:
    """The path of what is presented is not locked."""
    guard = c.guard("methods" if c.request.matched is None else "code")
    if guard is None or guard.locked_until_ms is None:
        return None
    if c.compare["lock.holds"](c.now_ms, guard.locked_until_ms):
        return Refusal(Reason.LOCKED_OUT, retry_after_ms=guard.locked_until_ms - c.now_ms)
    return None


def method_enrolled(c: Context) -> Verdict:
    """Somebody holds the presented method on the account."""
    method = c.request.method
    if method is None or c.account.holders(method):
        return None
    return Refusal(Reason.METHOD_NOT_ENROLLED)


def method_proved(c: Context) -> Verdict:
    """The person proves the method: as a holder with the device, or with a stolen proof."""
    method, person = c.request.method, c.request.by
    if method is None:
        return None
    if c.request.proof is not Proof.STOLEN:
        holds = person in c.account.holders(method)
        if holds and person in c.state.lost:
            return Refusal(Reason.DEVICE_UNAVAILABLE)
        if not holds or c.request.proof is Proof.WRONG:
            c.count_failure("methods")
            return Refusal(Reason.WRONG_PROOF)
    c.clear_failures("methods")
    return None


_REFUSED_CODES: Final = {
    None: Refusal(Reason.CODE_EXPIRED),
    CodeEnd.LAPSED: Refusal(Reason.CODE_EXPIRED),
    CodeEnd.REVOKED: Refusal(Reason.CODE_REVOKED),
    CodeEnd.REPLACED: Refusal(Reason.CODE_REPLACED),
    CodeEnd.USED_UP: Refusal(Reason.CODE_USED_UP),
}


def code_right(c: Context) -> Verdict:
    """The presented code is a live one; else the newest of those that are over names its end."""
    matched = c.request.matched
    if matched is None:
        return None
    for code in c.live:
        if code.ordinal in matched:
            c.code = code
            c.clear_failures("code")
            if code.uses_left is not None:
                _count_use(c, code.ordinal, code.uses_left - 1)
            return None
    newest_over = next((code for code in reversed(c.codes) if code not in c.live), None)
    if newest_over is not None and newest_over.ordinal in matched:
        c.code = newest_over
        return _REFUSED_CODES[newest_over.ended]
    if c.live:
        c.count_failure("code")
        return Refusal(Reason.WRONG_CODE)
    return Refusal(Reason.NO_CODE)


def _count_use(c: Context, ordinal: int, uses_left: int) -> None:
    if c.compare["uses.spent"](uses_left, 0):
        c.end_codes({ordinal: CodeEnd.USED_UP})
    else:
        codes = tuple(
            code._replace(uses_left=uses_left) if code.ordinal == ordinal else code
            for code in c.codes
        )
        c.put("codes", c.subject, codes)


def strong_enough(c: Context) -> Verdict:
    """What was presented is good for a high session; its effects stay even if it is not."""
    return None if c.presented_level == "high" else Refusal(Reason.METHOD_TOO_WEAK)


# The rest


def not_approving_oneself(c: Context) -> Verdict:
    """An approval comes from another account than the subject's."""
    return Refusal(Reason.SELF_APPROVAL) if c.acting == c.subject else None


def never_shown_again(c: Context) -> Verdict:  # noqa: ARG001 - it refuses whatever is asked
    """A code is shown once, when it is generated, whoever asks later."""
    return Refusal(Reason.CODE_NOT_VIEWABLE)


# The tables

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
    return Rule(f"{kind}.session", signed_in, _SESSION, _SIGNED_IN)


def _permission_rule(kind: Kind) -> Rule:
    return Rule(f"{kind}.permission", may_manage_mfa, _PERMITTED, _ISSUER)


def _subject_rule(kind: Kind) -> Rule:
    return Rule(f"{kind}.subject_known", known, _UNKNOWN, "A code is for a user of the org.")


#: Sign-in rules 5 to 10, which a step-up meets too.
_VERIFICATION: Final = (
    Rule("sign_in.verification", presents_something, (Reason.VERIFICATION_REQUIRED,),
         "A user with MFA verifies their identity at sign-in."),
    Rule("sign_in.precedence", code_ranks_first, (Reason.SUPERSEDED_BY_CODE,),
         "The code bypasses any other verification method and is highly prioritized at sign-in.",
         ("sign_in.precedence", "code_first")),
    Rule("sign_in.lockout", not_locked_out, (Reason.LOCKED_OUT,),
         "Too many attempts lock verification for about an hour; a code is a way out (000395009)."),
    Rule("sign_in.enrolled", method_enrolled, (Reason.METHOD_NOT_ENROLLED,),
         "Only a registered method can be used (reading)."),
    Rule("sign_in.proof", method_proved, (Reason.DEVICE_UNAVAILABLE, Reason.WRONG_PROOF),
         "Who lost the device cannot use its methods (reading)."),
    Rule("sign_in.code", code_right,
         (Reason.WRONG_CODE, Reason.NO_CODE, Reason.CODE_EXPIRED, Reason.CODE_REVOKED,
          Reason.CODE_REPLACED, Reason.CODE_USED_UP),
         "The code can be used any number of times until it expires."),
)  # fmt: skip

#: The rules of each request, in the order in which it meets them.
RULES: Final[dict[Kind, tuple[Rule, ...]]] = {
    Kind.GENERATE: (
        _session_rule(Kind.GENERATE),
        _permission_rule(Kind.GENERATE),
        Rule("generate.assurance", assured_to_generate, _STEP_UP,
             "Without a high-assurance session you are prompted to verify your identity.",
             ("issuer.assurance", "high")),
        _subject_rule(Kind.GENERATE),
        Rule("generate.subject_active", active, (Reason.USER_INACTIVE,),
             "You can't generate a code for an inactive user; a frozen user may have one."),
        Rule("generate.subject_mfa", uses_mfa, (Reason.MFA_NOT_ENABLED,),
             "A code is for a user who has MFA enabled.",
             ("subject.mfa", "required")),
        Rule("generate.scope", in_scope, (Reason.OUT_OF_SCOPE,),
             "A help desk for standard users does not reach privileged ones (reading)."),
        Rule("generate.self_issue", not_for_oneself, (Reason.SELF_ISSUE,),
             "The article is silent on generating for oneself (reading: allowed).",
             ("issuer.self_issue", "deny")),
        Rule("generate.ticket", has_ticket, (Reason.TICKET_MISSING,),
             "The article asks for no ticket (a knob).",
             ("issuer.ticket", "required")),
        Rule("generate.approval", approved, (Reason.APPROVAL_REQUIRED,),
             "The article asks for no second person (a knob)."),
        Rule("generate.lifetime", lifetime_allowed,
             (Reason.LIFETIME_TOO_SHORT, Reason.LIFETIME_TOO_LONG, Reason.LIFETIME_NOT_ON_STEP),
             _LIFETIME),
        Rule("generate.one_code", one_code, (Reason.CODE_ALREADY_LIVE,),
             "A user has one code at a time; expire the old one first.",
             ("code.on_live", "refuse")),
        Rule("generate.rate", under_rates, (Reason.RATE_LIMITED,),
             "Six codes per hour for each user (reading: any rolling hour)."),
    ),
    Kind.EXPIRE: (
        _session_rule(Kind.EXPIRE),
        Rule("expire.permission", may_expire, _PERMITTED, _ISSUER),
        Rule("expire.assurance", assured_to_expire, _STEP_UP,
             "The article asks for no step-up here (reading: standard suffices).",
             ("expire.assurance", "high")),
        _subject_rule(Kind.EXPIRE),
        Rule("expire.scope", expire_in_scope, (Reason.OUT_OF_SCOPE,),
             "A help desk for standard users does not reach privileged ones (reading)."),
        Rule("expire.live", has_code_to_expire, (Reason.NO_LIVE_CODE,),
             "Expire Now ends a code before its time; there is nothing to end without one."),
    ),
    Kind.SIGN_IN: (
        Rule("sign_in.known", known, _UNKNOWN, "Only users of the org sign in."),
        Rule("sign_in.active", active, (Reason.USER_INACTIVE,), "Inactive users do not sign in."),
        Rule("sign_in.frozen", not_frozen, (Reason.USER_FROZEN,), "Frozen users do not sign in."),
        Rule("sign_in.sso", judged_by_provider, (),
             "By single sign-on the identity provider has judged (reading)."),
        Rule("sign_in.password", password_known, (Reason.WRONG_PASSWORD,),
             "A code is for multi-factor authentication: it comes beside the password."),
        Rule("sign_in.mfa_off", without_mfa, (), "Without MFA nothing more is asked for."),
        *_VERIFICATION,
    ),
    Kind.STEP_UP: (
        _session_rule(Kind.STEP_UP),
        *_VERIFICATION,
        Rule("step_up.assurance", strong_enough, (Reason.METHOD_TOO_WEAK,),
             "Only a method in the High Assurance column raises a session."),
    ),
    Kind.USE: (_session_rule(Kind.USE),),
    Kind.STATUS: (
        _session_rule(Kind.STATUS), _permission_rule(Kind.STATUS), _subject_rule(Kind.STATUS),
    ),
    Kind.REVEAL: (
        Rule("reveal.never", never_shown_again, (Reason.CODE_NOT_VIEWABLE,),
             "The code is shown once; after Done it can't be viewed again."),
    ),
    Kind.ENROLL: (
        _session_rule(Kind.ENROLL),
        Rule("enroll.assurance", assured_to_change_methods, _STEP_UP,
             "The article is silent on what enrolment asks for (reading: standard suffices).",
             ("enroll.assurance", "high")),
    ),
    Kind.REMOVE_METHOD: (
        _session_rule(Kind.REMOVE_METHOD),
        Rule("remove_method.assurance", assured_to_change_methods, _STEP_UP,
             "The article is silent on what removal asks for (reading: standard suffices).",
             ("enroll.assurance", "high")),
    ),
    Kind.APPROVE: (
        _session_rule(Kind.APPROVE), _permission_rule(Kind.APPROVE), _subject_rule(Kind.APPROVE),
        Rule("approve.self", not_approving_oneself, (Reason.SELF_APPROVAL,),
             "A second person is another person (a knob's rule)."),
    ),
    Kind.RESET_PASSWORD: (
        _session_rule(Kind.RESET_PASSWORD),
        Rule("reset_password.permission", may_reset_passwords, _PERMITTED,
             "Who holds the permission to reset passwords resets them."),
        _subject_rule(Kind.RESET_PASSWORD),
    ),
}  # fmt: skip
