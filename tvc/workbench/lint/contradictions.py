"""Knobs of a policy that contradict each other, or of which one leaves nothing to the other."""

from collections.abc import Callable, Iterator
from typing import Final

from tvc.authority.policy import Policy
from tvc.authority.requests import Kind, Method
from tvc.harness.formats.findings import Level
from tvc.workbench.lint.remarks import Remark, setting
from tvc.workbench.lint.unreachable import needed_approvals

#: What gives a level at sign-in and at step-up, and what does at sign-in alone.
_PRESENTED: Final = tuple(f"sign_in.assurance.{way}" for way in ("code", *Method))
_LEVELS: Final = (*_PRESENTED, "sign_in.assurance.sso", "sign_in.assurance.password")
#: Requests that a knob may ask a high session for, and that knob.
_ASSURED: Final = {
    Kind.GENERATE: "issuer.assurance",
    Kind.EXPIRE: "expire.assurance",
    Kind.ENROLL: "enroll.assurance",
    Kind.REMOVE_METHOD: "enroll.assurance",
}


def remark_contradictions(policy: Policy) -> Iterator[Remark]:
    """Yield what there is to say about knobs of a policy that do not go together."""
    for check in _CHECKS:
        yield from check(policy)


def _never_allowed(policy: Policy) -> Iterator[Kind]:
    """Yield the requests that no sign-in leads to; whoever *starts* in a high session is left."""
    values = policy.values()
    if all(values[key] == "standard" for key in _PRESENTED):
        yield Kind.STEP_UP
    if all(values[key] == "standard" for key in _LEVELS):
        yield from (kind for kind, key in _ASSURED.items() if values[key] == "high")


def _nobody_can(policy: Policy) -> Iterator[Remark]:
    never = tuple(_never_allowed(policy))
    for key in dict.fromkeys(_ASSURED.values()):
        kinds = [kind for kind in never if _ASSURED.get(kind) == key]
        if kinds:
            yield Remark(
                "policy.nobody_can",
                Level.ERROR,
                (key, *_LEVELS),
                f"nobody who signs in can {' or '.join(kinds)}: {setting(policy, key)} asks for a "
                "high session, and every way to sign in gives a standard one",
                f"{key}: standard, or a method that gives high",
            )


def _vain_notices(policy: Policy) -> Iterator[Remark]:
    never = set(_never_allowed(policy))
    for name in policy.notify:
        if name in never:
            yield Remark(
                "policy.contradictory",
                Level.WARNING,
                ("notify", "sign_in.assurance.code"),
                f"notify names {name}, which is never allowed to anybody who signs in",
                f"leave {name} out of notify",
            )
        elif name == Kind.APPROVE and not any(needed_approvals(policy)):
            yield Remark(
                "policy.no_effect",
                Level.INFO,
                ("notify", "issuer.approvals.standard", "issuer.approvals.privileged"),
                "notify names approve, but no generation asks for an approval",
                "leave approve out of notify, or ask for approvals",
            )


def _approvals(policy: Policy) -> Iterator[Remark]:
    standard, privileged = needed_approvals(policy)
    default_ms = Policy().issuer.approval_valid_ms
    if privileged < standard:
        yield Remark(
            "policy.contradictory",
            Level.WARNING,
            ("issuer.approvals.privileged", "issuer.approvals.standard"),
            f"{setting(policy, 'issuer.approvals.privileged')} asks for fewer approvals than "
            f"{setting(policy, 'issuer.approvals.standard')}",
            f"issuer.approvals.privileged: {standard}, or more",
        )
    if not standard and not privileged and policy.issuer.approval_valid_ms != default_ms:
        yield Remark(
            "policy.no_effect",
            Level.WARNING,
            ("issuer.approval_valid", "issuer.approvals.standard"),
            f"{setting(policy, 'issuer.approval_valid')} has no effect: no generation asks for an "
            "approval",
            "leave it out, or ask for approvals",
        )


def _ends_on_method(policy: Policy) -> Iterator[Remark]:
    if "method_sign_in" in policy.code.ends_on and policy.sign_in.precedence == "code_first":
        yield Remark(
            "policy.contradictory",
            Level.WARNING,
            ("code.ends_on", "sign_in.precedence"),
            "code.ends_on names method_sign_in, which cannot end a live code under "
            f"{setting(policy, 'sign_in.precedence')}: no method is accepted while one is live",
            "leave method_sign_in out, or set sign_in.precedence: either",
        )


def _return(policy: Policy) -> Iterator[Remark]:
    pinning = policy.sign_in.return_ == "on_expire_now"
    if pinning and policy.sign_in.precedence != "code_first":
        yield Remark(
            "policy.contradictory",
            Level.WARNING,
            ("sign_in.return", "sign_in.precedence"),
            f"{setting(policy, 'sign_in.return')} keeps no method away under "
            f"{setting(policy, 'sign_in.precedence')}: it only changes what the page asks for and "
            "what Expire Now finds",
            "sign_in.return: on_end, or sign_in.precedence: code_first",
        )


def _ends_sessions(policy: Policy) -> Iterator[Remark]:
    if policy.expire.ends_sessions and policy.session.ends_with_code:
        yield Remark(
            "policy.redundant",
            Level.INFO,
            ("expire.ends_sessions", "session.ends_with_code"),
            "expire.ends_sessions ends no session that session.ends_with_code does not end; "
            "only the cause in the audit differs (expire_now, not code_ended)",
            "keep it for the audit's sake, or leave it out",
        )


def _enroll_after_code(policy: Policy) -> Iterator[Remark]:
    if policy.enroll.assurance == "high" and policy.sign_in.assurance.code == "standard":
        yield Remark(
            "policy.contradictory",
            Level.WARNING,
            ("enroll.assurance", "sign_in.assurance.code"),
            f"who signs in by a code cannot enroll a new method: "
            f"{setting(policy, 'sign_in.assurance.code')} stays below "
            f"{setting(policy, 'enroll.assurance')}, and the old device is lost",
            "sign_in.assurance.code: high, or enroll.assurance: standard",
        )


def _expire_own(policy: Policy) -> Iterator[Remark]:
    expire = policy.expire
    low = policy.sign_in.assurance.code == "standard"
    if expire.own and expire.assurance == "high" and low:
        yield Remark(
            "policy.contradictory",
            Level.WARNING,
            ("expire.own", "expire.assurance", "sign_in.assurance.code"),
            f"who signs in by a code cannot expire it: {setting(policy, 'sign_in.assurance.code')} "
            f"stays below {setting(policy, 'expire.assurance')}",
            "expire.assurance: standard",
        )


def _old_codes(policy: Policy) -> Iterator[Remark]:
    code = policy.code
    if code.on_live == "replace" and code.per_user > 1:
        yield Remark(
            "policy.contradictory",
            Level.WARNING,
            ("code.per_user", "code.on_live"),
            f"a new code leaves older ones live: under {setting(policy, 'code.per_user')} "
            f"replace closes the oldest only once {code.per_user} are live",
            "code.per_user: 1, or code.on_live: refuse",
        )


def _spared_password(policy: Policy) -> Iterator[Remark]:
    if policy.sign_in.password == "not_with_code":
        yield Remark(
            "policy.open_door",
            Level.WARNING,
            ("sign_in.password",),
            "anything typed as a code spares the password: an account without MFA then asks for "
            "nothing at all, and anybody can fail on, and lock, the code path of every account",
            "sign_in.password: required",
        )


_CHECKS: Final[tuple[Callable[[Policy], Iterator[Remark]], ...]] = (
    _nobody_can,
    _spared_password,
    _vain_notices,
    _approvals,
    _ends_on_method,
    _return,
    _ends_sessions,
    _enroll_after_code,
    _expire_own,
    _old_codes,
)
