"""Controls of NIST SP 800-63B-4, chapter 4 and the clauses it rests on.

A code that a help desk reads out is none of the recovery methods that the publication lists, so
its limits for saved and for issued codes bind only where an organisation files the code under
one of them. Where a policy keeps such a limit anyway that is said; where it does not, a person
has to judge whether it applies.
"""

import math
from collections.abc import Callable
from typing import Final

from tvc.authority.durations import DAY_MS, MINUTE_MS, format_duration
from tvc.authority.edges import life_ms
from tvc.authority.policy import Policy
from tvc.authority.reasons import PUBLIC_MESSAGES, Reason
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
    allowed,
    expired_at_threshold,
    locked,
    noticed,
    refused,
    right_code_without_password,
    stolen_method_refused,
    too_long_at_threshold,
)
from tvc.workbench.lint.guessing import code_space, tries_per_code
from tvc.workbench.lint.remarks import setting

_SOURCE: Final = "NIST SP 800-63B-4"
_PREFIX: Final = "nist.800-63b"

#: Bits of a saved recovery code, and codes of an issued one.
SAVED_BITS: Final = 64
ISSUED_CODES: Final = 10**6
#: Consecutive failures after which an authenticator is out of use.
MOST_FAILURES: Final = 100
#: Longest life of an issued recovery code, by the channel it is sent through.
LONGEST_BY_CHANNEL: Final = {
    "text message or voice": 10 * MINUTE_MS,
    "e-mail": DAY_MS,
    "post within the contiguous US": 21 * DAY_MS,
    "post to elsewhere": 30 * DAY_MS,
}


def length_for(policy: Policy, codes: int) -> int:
    """Return how many characters of the policy's alphabet make at least so many codes.

    Examples
    --------
    >>> length_for(Policy(), 10**6), length_for(Policy(), 2**64)
    (6, 20)
    """
    length = 1
    while len(policy.code.alphabet) ** length < codes:
        length += 1
    return length


def _bits_text(policy: Policy) -> str:
    return f"a code has {math.log2(code_space(policy)):.1f} bits"


# Codes


def _saved_entropy(policy: Policy) -> Answer:
    if code_space(policy) >= 2**SAVED_BITS:
        return met(f"{_bits_text(policy)}; that it comes from an approved generator is to check")
    return to_judge(
        f"{_bits_text(policy)}, fewer than {SAVED_BITS}: this applies if the code counts as a "
        "saved recovery code, and a short-lived one that the desk gives out need not",
        f"code.length: {length_for(policy, 2**SAVED_BITS)}",
    )


def _saved_once(policy: Policy) -> Answer:
    once = policy.code.uses == 1
    return to_judge(
        ("a used code is invalid, but no new one is issued by itself"
         if once else f"{setting(policy, 'code.uses')}: a used code stays valid")
        + "; this applies if the code counts as a saved recovery code",
        "" if once else "code.uses: 1",
    )  # fmt: skip


def _saved_notice(policy: Policy) -> Answer:
    if Kind.GENERATE in policy.notify:
        return met("notify names generate; that it reaches the right addresses is to check")
    return to_judge(
        "nobody is told that a code was generated; this applies if the code counts as a saved "
        "recovery code",
        notify_knob(policy, Kind.GENERATE),
    )


def _issued_length(policy: Policy) -> Answer:
    if code_space(policy) >= ISSUED_CODES:
        return met(f"there are {code_space(policy):,} codes")
    length = length_for(policy, ISSUED_CODES)
    return not_met(f"there are only {code_space(policy):,} codes", f"code.length: {length}")


def _issued_life(policy: Policy) -> Answer:
    most_ms = life_ms(policy.lifetime.longest_ms, policy)
    shown = format_duration(most_ms)
    fits = [channel for channel, fit_ms in LONGEST_BY_CHANNEL.items() if most_ms <= fit_ms]
    if len(fits) == len(LONGEST_BY_CHANNEL):
        return met(f"a code lives {shown} at most, short enough for every channel")
    shortest = format_duration(min(LONGEST_BY_CHANNEL.values()))
    leeway = ", clock.leeway: 0s" if policy.clock.leeway_ms else ""
    channels = f"for {', '.join(fits)}" if fits else "for no channel"
    return to_judge(
        f"a code lives {shown} at most, short enough {channels} only: whether it counts as an "
        "issued recovery code, and how it is sent, is not in the policy",
        f"lifetime: {{min: {shortest}, max: {shortest}, step: {shortest}}}{leeway}",
    )


# Recovery


def _two_factors(policy: Policy) -> Answer:
    if policy.sign_in.password == "required":
        return met("a code signs in beside the password only")
    return not_met("a code signs in alone", "sign_in.password: required")


def _top_tier(policy: Policy) -> Answer:
    needed = policy.issuer.approvals.privileged
    asked = f"{needed} approvals are asked for" if needed else "no approval is asked for"
    return to_judge(
        f"no knob keeps privileged subjects from having a code ({asked}): accounts at the top "
        "level have to be kept out by permission or by procedure"
    )


def _recovery_notice(policy: Policy) -> Answer:
    if Kind.SIGN_IN in policy.notify:
        return met(
            "notify names sign_in; that every address is told, and how to repudiate, is to check"
        )
    return not_met("nobody is told that a code was used", notify_knob(policy, Kind.SIGN_IN))


def notify_knob(policy: Policy, *kinds: Kind) -> str:
    """Write the list ``notify`` with some more requests in it."""
    names = dict.fromkeys((*policy.notify, *kinds))
    return f"notify: [{', '.join(names)}]"


# Authenticators


def _code_failures(policy: Policy) -> Answer:
    tries = tries_per_code(policy)
    if tries <= MOST_FAILURES:
        return met(f"at most {tries} tries at one code fail before it is over")
    failures = policy.lockout.failures
    rounds = tries // failures
    if rounds <= MOST_FAILURES:
        knob = f"lockout.failures: {MOST_FAILURES // rounds}"
    else:
        life = format_duration(life_ms(policy.lifetime.longest_ms, policy))
        knob = f"lockout: {{failures: {min(failures, MOST_FAILURES)}, for: {life}}}"
    return not_met(
        f"{tries} tries at one code can fail in a row: {failures} before each of the {rounds} "
        "locks of its life",
        knob,
    )


def _method_failures(policy: Policy) -> Answer:
    lock = policy.lockout
    if lock.failures > MOST_FAILURES:
        return not_met(
            f"{lock.failures} failures in a row pass before anything happens",
            f"lockout.failures: {MOST_FAILURES}",
        )
    return to_judge(
        f"after {lock.failures} failures a lock of {format_duration(lock.for_ms)} ends by itself "
        "and the count begins anew; that a method is disabled for good and bound again is no "
        "matter of the policy"
    )


def _suspended(policy: Policy) -> Answer:
    if policy.sign_in.precedence != "code_first":
        return not_met(
            "the methods of a lost device are accepted while a code is live",
            "sign_in: {precedence: code_first, return: on_expire_now}",
        )
    if policy.sign_in.return_ == "on_expire_now":
        return met("methods are refused from the generation of a code until Expire Now")
    return to_judge(
        "methods are refused only while a code is live, and return when it is over; whether the "
        "lost one is removed by then is not in the policy",
        "sign_in.return: on_expire_now",
    )


def _expired_unusable(policy: Policy) -> Answer:
    if policy.clock.leeway_ms:
        return to_judge(
            f"{setting(policy, 'clock.leeway')} keeps a code usable that long after its expiry: "
            "whether the clocks need it has to be judged",
            "clock.leeway: 0s",
        )
    return met("a code is refused from its expiry on, by the clock of the node that judges")


def _expired_message(_policy: Policy) -> Answer:
    text = PUBLIC_MESSAGES[Reason.CODE_EXPIRED]
    return to_judge(
        f"the page says {text!r} for a lapsed and for a wrong code: it names expiry as one of two "
        "causes, so that visitors learn less; no knob changes it"
    )


def _weak_email(policy: Policy) -> Answer:
    if policy.sign_in.assurance.email == "high":
        return not_met(
            "a sign-in by e-mail gives a high session", "sign_in.assurance.email: standard"
        )
    return to_judge(
        "a sign-in by e-mail gives a standard session; that nobody enrolls it at all is no knob"
    )


# The table

_SHALL: Final = Severity.SHALL
_SHOULD: Final = Severity.SHOULD
_UNSTATED: Final = Severity.UNSTATED


def _nist(  # noqa: PLR0913, PLR0917 - the columns of the table
    clause: str,
    name: str,
    severity: Severity,
    requirement: str,
    keys: tuple[str, ...],
    judge: Callable[[Policy], Answer],
    shows: Evidence | None = None,
) -> Control:
    identity = f"{_PREFIX}.{clause.partition(',')[0]}.{name}"
    return Control(identity, _SOURCE, clause, severity, requirement, keys, judge, shows)


CONTROLS: Final = (
    _nist("4.2.1", "risk_analysis", _SHALL,
          "A way to recover that is not on the list, such as a help desk, rests on a documented "
          "analysis of its risk.",
          (), always(to_judge(
              "a document outside the policy; the guessing table, the findings and a suite that "
              "passes are material for it"))),
    _nist("4.2.1.1", "entropy", _SHALL,
          f"A saved recovery code has at least {SAVED_BITS} bits from an approved generator.",
          ("code.length", "code.alphabet"), _saved_entropy),
    _nist("4.2.1.1, 3.1.1.2", "hashed", _SHALL,
          "Of a saved recovery code only a hash by an approved one-way function is kept.",
          (), always(to_judge(
              "how your system stores codes is no matter of a policy; the reference "
              "implementation keeps HMAC-SHA-256 digests only"))),
    _nist("4.2.1.1", "used_once", _SHALL,
          "A saved recovery code that was used is invalid, and a new one takes its place.",
          ("code.uses",), _saved_once, refused("sign_in.code", Reason.CODE_USED_UP)),
    _nist("4.2.1.1, 4.6", "replacement_notice", _SHALL,
          "Whoever is given another saved recovery code is told so.",
          ("notify",), _saved_notice, noticed(Kind.GENERATE)),
    _nist("4.2.1.2", "length", _SHALL,
          "An issued recovery code is worth six decimal digits or more.",
          ("code.length", "code.alphabet"), _issued_length),
    _nist("4.2.1.2", "lifetime", _SHALL,
          "An issued recovery code dies soon: after 10 minutes by text or voice, 24 hours by "
          "e-mail, 21 or 30 days by post.",
          ("lifetime.max", "clock.leeway"), _issued_life, too_long_at_threshold),
    _nist("4.2.1.2", "address", _SHALL,
          "The address that a recovery code is sent to was confirmed by a code as strong, and "
          "two or more are possible.",
          (), always(to_judge("to which addresses codes go is not in the policy"))),
    _nist("4.2.2.2", "two_factors", _SHALL,
          "At AAL2 a recovery code comes with a second code or another bound factor, or identity "
          "is proved anew: never alone.",
          ("sign_in.password",), _two_factors, right_code_without_password),
    _nist("4.2.2.3", "top_level", _SHALL,
          "At AAL3 with IAL3 recovery compares a biometric on site; a desk's code is not enough.",
          ("issuer.approvals.privileged",), _top_tier),
    _nist("4.2.3, 4.6", "notice", _SHALL,
          "Every recovery is told to all notification addresses, with a way to repudiate it.",
          ("notify",), _recovery_notice, noticed(Kind.SIGN_IN)),
    _nist("3.2.2", "code_failures", _SHALL,
          f"After {MOST_FAILURES} failures in a row, at most, a code is out of use.",
          ("lockout.failures", "lockout.for", "lifetime.max"), _code_failures, locked("code")),
    _nist("3.2.2", "method_failures", _SHALL,
          f"After {MOST_FAILURES} failures in a row, at most, a method is out of use until it is "
          "bound again.",
          ("lockout.failures",), _method_failures, locked("methods")),
    _nist("3.2.2", "success_clears", _SHOULD,
          "A success sets the count of failures to zero.",
          (), always(met("a success sets the count of its path to zero, whatever the policy"))),
    _nist("4.3", "lost_suspended", _SHALL,
          "A lost authenticator is suspended or invalidated promptly.",
          ("sign_in.precedence", "sign_in.return"), _suspended, stolen_method_refused),
    _nist("4.4", "expired_unusable", _UNSTATED,
          "An authenticator that has expired cannot be used.",
          ("clock.leeway",), _expired_unusable, expired_at_threshold),
    _nist("4.4", "expired_message", _SHOULD,
          "Who presents an expired authenticator learns that it has expired.",
          (), _expired_message, refused("sign_in.code", Reason.CODE_EXPIRED)),
    _nist("4.1", "records", _UNSTATED,
          "Of every authenticator ever bound there is a record with date and time, and preferably "
          "of where from.",
          (), always(met(
              "every generation and every enrolment is recorded with its instant, whatever the "
              "policy; network addresses are to be recorded elsewhere")),
          allowed(Kind.GENERATE, Kind.ENROLL)),
    _nist("3.1.3.1", "email", _UNSTATED,
          "E-mail is no out-of-band authenticator; recovery codes may come by it.",
          ("sign_in.assurance.email",), _weak_email),
)  # fmt: skip
