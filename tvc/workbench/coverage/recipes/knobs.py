"""Recipes for knobs off their defaults."""

from typing import Final

from tvc.authority.decide import LAW
from tvc.authority.policy import KNOBS, RATE_KNOBS
from tvc.authority.requests import Kind
from tvc.authority.total import total
from tvc.workbench.coverage.recipes.recipe import (
    BY_CODE,
    BY_METHOD,
    CODE,
    WRONG_PROOF,
    Recipe,
    allowed,
    generate,
    sign_in,
    timeline,
)
from tvc.workbench.coverage.recipes.rules import AT_ONCE, NO_MFA, reason_recipe
from tvc.workbench.coverage.recipes.thresholds import approved, generate_again, used


def knob_recipe(key: str) -> Recipe:
    """Return a timeline in which a knob is looked at while it is off its default."""
    value, recipe = _KNOBS.get(key) or _turning_on(key)
    key = key.replace("rates.", "rates.subject.")
    return recipe.under(**{key: value})


def _turning_on(key: str) -> tuple[str, Recipe]:
    """Return the value of a knob that turns a rule on, and a timeline in which it refuses."""
    for rule in LAW.all_rules():
        if rule.asks_if is not None and rule.asks_if[0] == key:
            return rule.asks_if[1], reason_recipe(rule.id, rule.refuses[0])
    raise KeyError(key)


_ISSUED: Final = timeline(CODE)
_USED: Final = used("1m")
_WITH: Final = timeline(sign_in("0s", BY_METHOD))
_FAILED: Final = timeline(sign_in("0s", WRONG_PROOF))


def _with(method: str) -> Recipe:
    step = sign_in("0s", f", with: {method}")
    return timeline(step).among(ana=f"{{methods: [{method}]}}")


#: A value off its default for each knob, and a timeline in which that value is looked at.
_ROWS: Final = {
    "lifetime.min": ("30m", _ISSUED),
    "lifetime.max": ("12h", _ISSUED),
    "lifetime.step": ("30m", _ISSUED),
    "code.length": ("8", _ISSUED),
    "code.alphabet": ("letters", _ISSUED),
    "code.uses": ("3", _ISSUED),
    "code.per_user": ("2", _ISSUED),
    "code.on_live": ("replace", _ISSUED),
    "code.ends_on": ("[enroll]", allowed(Kind.ENROLL)),
    "issuer.assurance": ("standard", _ISSUED),
    "issuer.self_issue": ("deny", _ISSUED),
    "issuer.ticket": ("required", timeline(generate(more=", ticket: INC-1"))),
    "issuer.approvals.standard": ("1", approved("1m")),
    "issuer.approvals.privileged": (
        "1",
        approved("1m").among(ana="{tier: privileged}"),
    ),
    "issuer.approval_valid": ("5m", approved("1m")),
    "subject.mfa": ("any", _ISSUED.among(**NO_MFA)),
    "expire.own": ("true", allowed(Kind.EXPIRE)),
    "expire.assurance": ("high", allowed(Kind.EXPIRE)),
    "expire.ends_sessions": ("true", allowed(Kind.EXPIRE)),
    "sign_in.precedence": ("either", timeline(CODE, sign_in("1m", BY_METHOD))),
    "sign_in.return": ("on_expire_now", _WITH),
    "sign_in.password": (
        "not_with_code",
        timeline(CODE, sign_in("1m", f"{BY_CODE}, password: wrong")),
    ),
    "sign_in.assurance.code": ("standard", timeline(CODE, sign_in("1m", BY_CODE))),
    **{
        f"sign_in.assurance.{method}": ("standard", _with(method))
        for method in ("authenticator", "totp", "security_key", "built_in", "sms", "email")
    },
    "sign_in.assurance.sso": ("high", AT_ONCE["sign_in.sso"]),
    "sign_in.assurance.password": ("high", AT_ONCE["sign_in.mfa_off"]),
    "enroll.assurance": ("high", allowed(Kind.ENROLL)),
    "session.max": ("8h", _USED),
    "session.idle": ("30m", _USED),
    "session.ends_with_code": ("true", _USED),
    "lockout.failures": ("3", _FAILED),
    "lockout.for": ("30m", _FAILED.under(lockout__failures="1")),
    "lockout.scope": ("user", _FAILED),
    "notify": ("[generate]", _ISSUED),
    "clock.leeway": ("1m", timeline(CODE, sign_in("1h", BY_CODE))),
    "rates.limit": ("3", _ISSUED),
    "rates.per": ("2h", generate_again("1m")),
    "rates.window": ("bucket", _ISSUED),
    "rates.scope": ("org", _ISSUED),
}
#: Knobs that a rule names as what turns it on: a timeline in which the rule refuses looks at them.
_TURN_ON: Final = frozenset(rule.asks_if[0] for rule in LAW.all_rules() if rule.asks_if)
_KEYS: Final = (*(knob.key for knob in KNOBS), *(f"rates.{knob.key}" for knob in RATE_KNOBS))
_KNOBS: Final[dict[str, tuple[str, Recipe]]] = total(
    (key for key in _KEYS if key in _ROWS or key not in _TURN_ON), _ROWS
)
