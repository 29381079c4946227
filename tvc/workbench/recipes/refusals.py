"""Recipes for the rules and the reasons that they refuse with."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tvc.authority.decide import LAW
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind
from tvc.authority.total import total
from tvc.workbench.recipes.recipe import (
    BY_CODE,
    BY_METHOD,
    CODE,
    SAYS,
    WRONG_PROOF,
    Recipe,
    allowed,
    ask,
    denied,
    generate,
    sign_in,
    timeline,
)


def _kind_of(rule_id: str) -> Kind:
    """Return the first request that meets the rule; others share it."""
    for kind, rules in LAW.rules.items():
        if any(rule.id == rule_id for rule in rules):
            return kind
    raise KeyError(rule_id)


def rule_recipe(rule_id: str, outcome: str) -> Recipe:
    """Return a timeline whose last request a rule passes, refuses or allows at once."""
    kind = _kind_of(rule_id)
    if outcome == "allowed":
        return AT_ONCE[rule_id]
    if outcome == "passed":
        return allowed(kind)
    (rule,) = [rule for rule in LAW.rules[kind] if rule.id == rule_id]
    return reason_recipe(rule_id, rule.refuses[0])


#: An account without multi-factor authentication.
NO_MFA: Final = {"ana": "{mfa: false}"}
#: Sign-ins that need no further proof, by the rule that says so.
AT_ONCE: Final = total(
    (rule.id for rule in LAW.all_rules() if not rule.refuses),
    {
        "sign_in.sso": timeline(sign_in("0s", ", via: sso")),
        "sign_in.mfa_off": timeline(sign_in("0s")).among(**NO_MFA),
    },
)


def reason_recipe(rule_id: str, reason: str) -> Recipe:
    """Return a timeline whose last request a rule refuses with a reason."""
    found = _REFUSALS[Reason(reason)]
    if not isinstance(found, Recipe):
        found = found(_kind_of(rule_id))
    *before, last = found.steps
    return replace(found, steps=(*before, last.removesuffix("}") + denied(reason) + "}"))


def _not_permitted(kind: Kind) -> Recipe:
    says = SAYS[kind].replace("ana", "sam")
    return timeline(ask(kind, by="ana", says=says)).among(ana="{session: standard}")


def _unknown(kind: Kind) -> Recipe:
    says = SAYS[kind].replace("ana", "mallory")
    return timeline(ask(kind, by="mallory" if kind is Kind.SIGN_IN else "sam", says=says))


def _own(kind: Kind) -> str:
    return ask(kind, says=SAYS[kind].replace("ana", "sam"))


def _step_up_required(kind: Kind) -> Recipe:
    asked = timeline(ask(kind)).among(sam="{role: admin, session: standard}")
    if kind is Kind.GENERATE:
        return asked
    part = "expire" if kind is Kind.EXPIRE else "enroll"
    return asked.under(**{f"{part}__assurance": "high"})


def _by_ana(kind: Kind, ana: str) -> Recipe:
    """Ask for ana, or as ana where the request is a sign-in, being what she is."""
    by = "ana" if kind is Kind.SIGN_IN else "sam"
    return timeline(ask(kind, by=by)).among(ana=ana)


_STANDARD_DESK: Final = {
    "sam": "{role: admin, permissions: [manage_mfa_standard]}",
    "ana": "{tier: privileged}",
}

#: How each reason comes; by the kind of request where several kinds meet it.
_REFUSALS: Final[dict[Reason, Recipe | Callable[[Kind], Recipe]]] = total(
    Reason,
    {
        Reason.NOT_SIGNED_IN: lambda kind: timeline(ask(kind, by="ana")),
        Reason.SESSION_EXPIRED: lambda kind: timeline(ask(kind, at="1h"), session__max="1h"),
        Reason.NOT_PERMITTED: _not_permitted,
        Reason.STEP_UP_REQUIRED: _step_up_required,
        Reason.NO_SUCH_USER: _unknown,
        Reason.USER_INACTIVE: lambda kind: _by_ana(kind, "{active: false}"),
        Reason.OUT_OF_SCOPE: lambda kind: timeline(ask(kind)).among(**_STANDARD_DESK),
        Reason.USER_FROZEN: _by_ana(Kind.SIGN_IN, "{frozen: true}"),
        Reason.MFA_NOT_ENABLED: _by_ana(Kind.GENERATE, "{mfa: false}"),
        Reason.SELF_ISSUE: timeline(_own(Kind.GENERATE), issuer__self_issue="deny"),
        Reason.TICKET_MISSING: timeline(generate(), issuer__ticket="required"),
        Reason.APPROVAL_REQUIRED: timeline(generate(), issuer__approvals__standard="1"),
        Reason.LIFETIME_TOO_SHORT: timeline(generate().replace("1h", "59m")),
        Reason.LIFETIME_TOO_LONG: timeline(generate().replace("1h", "25h")),
        Reason.LIFETIME_NOT_ON_STEP: timeline(generate().replace("1h", "1h30m")),
        Reason.CODE_ALREADY_LIVE: timeline(CODE, generate("1m")),
        Reason.RATE_LIMITED: timeline(
            CODE, generate("1m"), rates__subject__limit="1", code__on_live="replace"
        ),
        Reason.NO_LIVE_CODE: timeline(ask(Kind.EXPIRE)),
        Reason.WRONG_PASSWORD: timeline(sign_in("0s", BY_METHOD + ", password: wrong")),
        Reason.VERIFICATION_REQUIRED: timeline(sign_in("0s")),
        Reason.SUPERSEDED_BY_CODE: timeline(CODE, sign_in("1m", BY_METHOD)),
        Reason.LOCKED_OUT: timeline(
            sign_in("0s", WRONG_PROOF), sign_in("1m", BY_METHOD), lockout__failures="1"
        ),
        Reason.METHOD_NOT_ENROLLED: timeline(sign_in("0s", ", with: totp")),
        Reason.DEVICE_UNAVAILABLE: _by_ana(Kind.SIGN_IN, "{device: lost}"),
        Reason.WRONG_PROOF: timeline(sign_in("0s", BY_METHOD + ", proof: wrong")),
        Reason.WRONG_CODE: timeline(CODE, sign_in("1m", ", code: wrong")),
        Reason.NO_CODE: timeline(sign_in("0s", ", code: wrong")),
        Reason.CODE_EXPIRED: timeline(CODE, sign_in("1h", BY_CODE)),
        Reason.CODE_REVOKED: timeline(CODE, ask(Kind.EXPIRE), sign_in("2m", BY_CODE)),
        Reason.CODE_REPLACED: timeline(
            CODE, generate("1m"), sign_in("2m", BY_CODE), code__on_live="replace"
        ),
        Reason.CODE_USED_UP: timeline(
            CODE, sign_in("1m", BY_CODE), sign_in("2m", BY_CODE), code__uses="1"
        ),
        Reason.METHOD_TOO_WEAK: timeline(
            ask(Kind.STEP_UP, says=", with: sms"),
            sign_in__assurance__sms="standard",
        ).among(sam="{role: admin, methods: [sms]}"),
        Reason.SELF_APPROVAL: timeline(_own(Kind.APPROVE)),
        Reason.CODE_NOT_VIEWABLE: timeline(ask(Kind.REVEAL)),
    },
)
