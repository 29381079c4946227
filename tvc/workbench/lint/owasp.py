"""Controls of the OWASP Cheat Sheet Series, and of the CISA/FBI advisory on help-desk fraud."""

from collections.abc import Callable
from typing import Final

from tvc.authority.durations import format_duration
from tvc.authority.policy import Policy
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind
from tvc.workbench.lint.controls import (
    Answer,
    Control,
    Evidence,
    Severity,
    always,
    met,
    not_met,
    to_judge,
)
from tvc.workbench.lint.evidence import (
    locked,
    noticed,
    refused,
    reset_then_code,
    session_ended,
    too_long_at_threshold,
)
from tvc.workbench.lint.guessing import code_space
from tvc.workbench.lint.nist import ISSUED_CODES, length_for, notify_knob
from tvc.workbench.lint.remarks import setting

_SERIES: Final = "OWASP Cheat Sheets"
_CHEAT_SHEETS: Final = "Multifactor Authentication, Forgot Password"
_ADVISORY: Final = "AA23-320A"
#: Digits of a code that people type.
_TYPED_DIGITS: Final = range(6, 13)


# Who recovers


def _vouched(policy: Policy) -> Answer:
    approvals = policy.issuer.approvals
    least = min(approvals.standard, approvals.privileged)
    if least:
        return to_judge(
            f"{least} or more other accounts approve each code; how the caller's identity is "
            "checked before that is not in the policy"
        )
    return to_judge(
        "one person of the desk decides alone; how the caller's identity is checked is not in "
        "the policy",
        "issuer.approvals: {standard: 1, privileged: 1}",
    )


def _change_step_up(policy: Policy) -> Answer:
    if policy.enroll.assurance == "standard":
        return not_met("any session may enroll or remove a method", "enroll.assurance: high")
    if policy.sign_in.assurance.code == "high":
        return to_judge(
            "a change of methods asks for a high session, which a sign-in by code gives by "
            "itself: whether the code may stand for a factor that is lost has to be judged"
        )
    return met("a change of methods asks for more than a sign-in by code gives")


def _change_notice(policy: Policy) -> Answer:
    missing = [kind for kind in (Kind.ENROLL, Kind.REMOVE_METHOD) if kind not in policy.notify]
    if missing:
        return not_met(f"nobody is told of {' and '.join(missing)}", notify_knob(policy, *missing))
    return met("notify names enroll and remove_method; by which channel is to check")


# Codes


def _single_use(policy: Policy) -> Answer:
    if policy.code.uses == 1:
        return met("a code is used up by its first use")
    return not_met(f"{setting(policy, 'code.uses')}: a code works again", "code.uses: 1")


def _expires(policy: Policy) -> Answer:
    return met(f"every code ends, after {format_duration(policy.lifetime.longest_ms)} at most")


def _typed_length(policy: Policy) -> Answer:
    if code_space(policy) < ISSUED_CODES:
        length = length_for(policy, ISSUED_CODES)
        return not_met(f"there are only {code_space(policy):,} codes", f"code.length: {length}")
    if policy.code.alphabet.isdigit() and policy.code.length not in _TYPED_DIGITS:
        return not_met(
            f"{policy.code.length} digits are more than people type without mistakes",
            f"code.length: {_TYPED_DIGITS[-1]}",
        )
    return met(f"{policy.code.length} characters, {code_space(policy):,} codes")


def _rate_per_account(policy: Policy) -> Answer:
    if any(limit.scope == "subject" for limit in policy.rates):
        return met("codes are limited for each subject")
    return not_met(
        "codes are not limited for each subject",
        "rates.account: {limit: 6, per: 1h, window: rolling, scope: subject}",
    )


def _flood(policy: Policy) -> Answer:
    if policy.lockout.scope == "user":
        return not_met(
            "wrong codes lock the methods, too: one counter serves both", "lockout.scope: path"
        )
    return to_judge(
        "wrong codes lock codes only; that who knows the password can lock the owner out of the "
        "code has to be judged"
    )


def _no_change_before(policy: Policy) -> Answer:
    if policy.sign_in.precedence == "code_first":
        return to_judge(
            "a code that is generated takes the methods away before anybody has presented it: "
            "the price of suspending a lost device at once",
            "sign_in.precedence: either",
        )
    return met("a code that is generated changes nothing until it is presented")


def _limited_session(policy: Policy) -> Answer:
    if policy.session.ends_with_code:
        return to_judge(
            "a session opened with a code is over when the code is; until then it may do "
            "whatever a session may, not only set up a new method"
        )
    return not_met("a session opened with a code survives it", "session.ends_with_code: true")


def _other_sessions(policy: Policy) -> Answer:
    if policy.expire.ends_sessions or policy.session.ends_with_code:
        return to_judge(
            "Expire Now ends the sessions opened with the code; those opened otherwise, and "
            "those open at a password reset, go on: no knob ends them"
        )
    return not_met("Expire Now ends no session", "expire.ends_sessions: true")


# The advisory


def _desk(policy: Policy) -> Answer:
    ticket = policy.issuer.ticket == "required"
    return to_judge(
        ("a ticket is asked for" if ticket else "no ticket is asked for")
        + "; whether the desk calls back, asks a manager or looks at a face is not in the policy",
        "" if ticket else "issuer.ticket: required",
    )


def _alerts(policy: Policy) -> Answer:
    missing = [kind for kind in (Kind.RESET_PASSWORD, Kind.GENERATE) if kind not in policy.notify]
    return to_judge(
        "the audit shows resets and codes for one account, several issuers, and what was refused "
        "before it was granted; that somebody is alerted is not in the policy"
        + (f", and the subject is not told of {' and '.join(missing)}" if missing else ""),
        notify_knob(policy, *missing) if missing else "",
    )


# The table


def _owasp(
    name: str,
    requirement: str,
    keys: tuple[str, ...],
    judge: Callable[[Policy], Answer],
    shows: Evidence | None = None,
) -> Control:
    identity = f"owasp.{name}"
    return Control(
        identity, _SERIES, _CHEAT_SHEETS, Severity.ADVICE, requirement, keys, judge, shows
    )


def _cisa(
    name: str,
    requirement: str,
    keys: tuple[str, ...],
    judge: Callable[[Policy], Answer],
    shows: Evidence | None = None,
) -> Control:
    return Control(
        f"cisa.aa23-320a.{name}", "CISA/FBI", _ADVISORY, Severity.ADVICE, requirement, keys,
        judge, shows,
    )  # fmt: skip


CONTROLS: Final = (
    _owasp("identity_of_caller",
           "Resetting MFA is possible but no way around it: the desk proves identity with rigour, "
           "or another trusted person vouches.",
           ("issuer.approvals.standard", "issuer.approvals.privileged"), _vouched,
           refused("generate.approval")),
    _owasp("factor_change",
           "A change of factors asks for an existing factor, not for the login session alone.",
           ("enroll.assurance", "sign_in.assurance.code"), _change_step_up,
           refused("enroll.assurance")),
    _owasp("factor_change_notice",
           "A change of factors is told by another channel.",
           ("notify",), _change_notice, noticed(Kind.ENROLL, Kind.REMOVE_METHOD)),
    _owasp("failure_notice",
           "Who fails the second factor is told when, in what browser and from where.",
           (), always(to_judge("notices are sent of allowed requests only; no knob changes it"))),
    _owasp("random_and_bound",
           "Codes come from a cryptographic generator, are bound to one user and stored securely.",
           (), always(to_judge(
               "how your system does it is no matter of a policy; the reference implementation "
               "draws from the operating system and keeps digests bound to the subject"))),
    _owasp("single_use", "A code is good for one use.",
           ("code.uses",), _single_use, refused("sign_in.code", Reason.CODE_USED_UP)),
    _owasp("expires", "A code expires.",
           ("lifetime.max",), _expires, too_long_at_threshold),
    _owasp("length", "A code that people type has 6 to 12 digits, or is worth as much.",
           ("code.length", "code.alphabet"), _typed_length),
    _owasp("rate_limit", "Requests for codes are limited for each account.",
           ("rates",), _rate_per_account, refused("generate.rate")),
    _owasp("lockout_flood", "A flood of requests does not lock the owner out.",
           ("lockout.scope",), _flood, locked("code")),
    _owasp("same_answer", "An unknown account gets the same answer, as fast.",
           (), always(met(
               "an unknown account and a wrong password read the same, whatever the policy; that "
               "they take the same time is to check")),
           refused("sign_in.known")),
    _owasp("no_change_before_code", "Nothing of the account changes before a valid code.",
           ("sign_in.precedence",), _no_change_before),
    _owasp("limited_session", "The session that a code opens is limited to the recovery.",
           ("session.ends_with_code",), _limited_session, session_ended("code_ended")),
    _owasp("other_sessions", "Recovery ends the other sessions.",
           ("expire.ends_sessions", "session.ends_with_code"), _other_sessions,
           session_ended("expire_now")),
    _cisa("desk_identity",
          "The desk never goes by personal data alone: it calls back the number on record, asks a "
          "manager, or compares video and identity card; outsourced desks do the same.",
          ("issuer.ticket",), _desk, refused("generate.ticket")),
    _cisa("alerts",
          "Attackers have the desk reset the password and move MFA: a reset and a code in a short "
          "time, or several issuers for one account, raise an alert.",
          ("notify",), _alerts, reset_then_code),
)  # fmt: skip
