"""Checks of a sign-in; a step-up meets those of what is presented."""

from typing import Final

from tvc.authority.context import GRANTED, Context, Refusal, Verdict, find_method
from tvc.authority.reasons import Reason
from tvc.authority.requests import Proof
from tvc.authority.state import CodeEnd


def not_frozen(c: Context) -> Verdict:
    """The subject's account is not frozen."""
    return Refusal(Reason.USER_FROZEN) if c.account.frozen else None


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
