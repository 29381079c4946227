"""Knobs: for each a timeline that reads it off its default, and those that notice a change of it.

Templates notice a change under any policy, at the thresholds that it gives them. A knob that
turns a rule on needs no row here: the timeline in which the rule refuses does for both.
"""

from collections.abc import Callable, Iterator
from typing import Final

from tvc.authority.decide import LAW
from tvc.authority.policy import KNOBS, RATE_KNOBS, Policy, find_knob
from tvc.authority.requests import Kind
from tvc.authority.total import total
from tvc.workbench.recipes.recipe import (
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
from tvc.workbench.recipes.refusals import AT_ONCE, NO_MFA, reason_recipe
from tvc.workbench.recipes.sketch import Sketch, sketch_of
from tvc.workbench.recipes.templates import codes, issuing, rates, sessions, sign_ins
from tvc.workbench.recipes.thresholds import approved, generate_again, used

_ISSUED: Final = timeline(CODE)
_USED: Final = used("1m")
_WITH: Final = timeline(sign_in("0s", BY_METHOD))
_FAILED: Final = timeline(sign_in("0s", WRONG_PROOF))
_WITH_CODE: Final = timeline(CODE, sign_in("1m", BY_CODE))


def _with(method: str) -> Recipe:
    step = sign_in("0s", f", with: {method}")
    return timeline(step).among(ana=f"{{methods: [{method}]}}")


#: A value off its default, a timeline in which that value is looked at, and the templates that
#: notice a change, in the order of drafts; none for what only the drawing of a code reads, since
#: no file says the code.
_Row = tuple[str, Recipe, *tuple[Callable[[Policy], Iterator[Sketch]], ...]]

_ROWS: Final[dict[str, _Row]] = {
    "lifetime.min": ("30m", _ISSUED, codes.lifetimes),
    "lifetime.max": ("12h", _ISSUED, codes.lifetimes),
    "lifetime.step": ("30m", _ISSUED, codes.lifetimes),
    "clock.leeway": ("1m", timeline(CODE, sign_in("1h", BY_CODE)), codes.end),
    "code.length": ("8", _ISSUED),
    "code.alphabet": ("letters", _ISSUED),
    "code.uses": ("3", _ISSUED, codes.uses),
    "code.per_user": ("2", _ISSUED, codes.several),
    "code.on_live": ("replace", _ISSUED, codes.several),
    "code.ends_on": ("[enroll]", allowed(Kind.ENROLL), codes.ended),
    "rates.limit": ("3", _ISSUED, rates.limits),
    "rates.per": ("2h", generate_again("1m"), rates.limits),
    "rates.window": ("bucket", _ISSUED, rates.limits),
    "rates.scope": ("org", _ISSUED, rates.limits),
    "issuer.assurance": ("standard", _ISSUED, issuing.level),
    "issuer.self_issue": ("deny", _ISSUED, issuing.own),
    "issuer.ticket": ("required", timeline(generate(more=", ticket: INC-1")), issuing.ticket),
    "subject.mfa": ("any", _ISSUED.among(**NO_MFA), issuing.no_mfa),
    "issuer.approvals.standard": ("1", approved("1m"), issuing.approvals),
    "issuer.approvals.privileged": (
        "1",
        approved("1m").among(ana="{tier: privileged}"),
        issuing.approvals,
    ),
    "issuer.approval_valid": ("5m", approved("1m"), issuing.lapsed_approval),
    "expire.own": ("true", allowed(Kind.EXPIRE), issuing.expire_own),
    "expire.assurance": ("high", allowed(Kind.EXPIRE), issuing.expire_level),
    "expire.ends_sessions": ("true", allowed(Kind.EXPIRE), issuing.expire_sessions),
    "sign_in.precedence": (
        "either",
        timeline(CODE, sign_in("1m", BY_METHOD)),
        sign_ins.precedence,
    ),
    "sign_in.return": ("on_expire_now", _WITH, sign_ins.return_),
    "sign_in.password": (
        "not_with_code",
        timeline(CODE, sign_in("1m", f"{BY_CODE}, password: wrong")),
        sign_ins.password,
    ),
    "sign_in.assurance.code": ("standard", _WITH_CODE, sign_ins.levels),
    **{
        f"sign_in.assurance.{method}": ("standard", _with(method), sign_ins.levels)
        for method in ("authenticator", "totp", "security_key", "built_in", "sms", "email")
    },
    "sign_in.assurance.sso": ("high", AT_ONCE["sign_in.sso"], sign_ins.levels),
    "sign_in.assurance.password": ("high", AT_ONCE["sign_in.mfa_off"], sign_ins.levels),
    "lockout.failures": ("3", _FAILED, sign_ins.lockout),
    "lockout.for": ("30m", _FAILED.under(lockout__failures="1"), sign_ins.lockout),
    "lockout.scope": ("user", _FAILED, sign_ins.lockout),
    "enroll.assurance": ("high", allowed(Kind.ENROLL), sessions.enroll_level),
    "session.max": ("8h", _USED, sessions.longest),
    "session.idle": ("30m", _USED, sessions.idle),
    "session.ends_with_code": ("true", _USED, sessions.with_code),
    "notify": ("[generate]", _ISSUED, sessions.notices),
}
#: Rules that a knob turns on, by the knob.
_TURNED_ON: Final = {rule.asks_if[0]: rule for rule in LAW.all_rules() if rule.asks_if}
_KEYS: Final = (*(knob.key for knob in KNOBS), *(f"rates.{knob.key}" for knob in RATE_KNOBS))
_KNOBS: Final = total((key for key in _KEYS if key in _ROWS or key not in _TURNED_ON), _ROWS)


def knob_recipe(key: str) -> Recipe:
    """Return a timeline in which a knob is looked at while it is off its default."""
    if key in _KNOBS:
        value, recipe, *_ = _KNOBS[key]
    else:
        value, recipe = _turning_on(key)
    return recipe.under(**{key.replace("rates.", "rates.subject."): value})


def _turning_on(key: str) -> tuple[str, Recipe]:
    """Return the value of a knob that turns a rule on, and a timeline in which it refuses."""
    rule = _TURNED_ON[key]
    assert rule.asks_if is not None
    return rule.asks_if[1], reason_recipe(rule.id, rule.refuses[0])


def sketches_of(policy: Policy) -> Iterator[Sketch]:
    """Yield timelines that notice a change of any knob of a policy, topic by topic."""
    templates = dict.fromkeys(template for _, _, *each in _KNOBS.values() for template in each)
    for template in templates:
        yield from template(policy)
    yield from (_refused(key, policy) for key in _KEYS if key not in _KNOBS)


def _refused(key: str, policy: Policy) -> Sketch:
    """Ask for what a rule refuses where a knob turns it on."""
    knob = find_knob(key)
    assert knob is not None
    why = f"{knob.meaning}: {knob.format(policy.values()[key])}"
    slug = key.replace(".", "-").replace("_", "-")
    return sketch_of(_turning_on(key)[1], "Other choices", slug, why, policy, slug)
