"""Which reasons a policy never refuses with, by one small predicate a reason."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from tvc.authority.decide import LAW
from tvc.authority.policy import Policy
from tvc.authority.reasons import Reason
from tvc.authority.requests import Method
from tvc.authority.total import total
from tvc.harness.formats.findings import Level
from tvc.workbench.lint.remarks import Remark


class Unreachable(NamedTuple):
    """When a reason cannot come.

    Attributes
    ----------
    reason
        The reason.
    holds
        Whether a policy makes it unreachable.
    keys
        The knobs that decide it.
    because
        Why, on one line.
    """

    reason: Reason
    holds: Callable[[Policy], bool]
    keys: tuple[str, ...]
    because: str


def _no_step_up_asked(policy: Policy) -> bool:
    asking = (policy.issuer, policy.expire, policy.enroll)
    return all(part.assurance == "standard" for part in asking)


def _all_high(policy: Policy) -> bool:
    assurance = policy.sign_in.assurance
    return all(getattr(assurance, way) == "high" for way in ("code", *Method))


def _every_lifetime_on_step(policy: Policy) -> bool:
    # A policy whose one lifetime is no multiple of the step is refused when it is read.
    life = policy.lifetime
    return life.step_ms == 1 or life.min_ms == life.max_ms


#: By reason, the rule that a single choice turns on, where no other rule gives that reason.
_TURNED_ON: Final = {
    reason: rule
    for rule in LAW.all_rules()
    for reason in rule.refuses
    if rule.asks_if and sum(reason in other.refuses for other in LAW.all_rules()) == 1
}


def _turned_off(reason: Reason, because: str) -> Unreachable:
    """Return when a reason cannot come whose one rule a single choice turns on."""
    rule = _TURNED_ON[reason]
    keys = rule.asks_if[:1] if rule.asks_if else ()
    return Unreachable(reason, lambda policy: not rule.is_on(policy), keys, because)


_TOLD: Final = (
    Unreachable(
        Reason.STEP_UP_REQUIRED,
        _no_step_up_asked,
        ("issuer.assurance", "expire.assurance", "enroll.assurance"),
        "a standard session is enough for everything",
    ),
    _turned_off(Reason.MFA_NOT_ENABLED, "a subject without MFA may have a code, too"),
    _turned_off(Reason.SELF_ISSUE, "an account may generate for itself"),
    _turned_off(Reason.TICKET_MISSING, "no ticket is asked for"),
    Unreachable(
        Reason.APPROVAL_REQUIRED,
        lambda policy: not any(needed_approvals(policy)),
        ("issuer.approvals.standard", "issuer.approvals.privileged"),
        "no approval is asked for",
    ),
    Unreachable(
        Reason.LIFETIME_NOT_ON_STEP,
        _every_lifetime_on_step,
        ("lifetime.step",),
        "every lifetime that is neither too short nor too long is on the step",
    ),
    _turned_off(Reason.CODE_ALREADY_LIVE, "a new code replaces the oldest"),
    Unreachable(
        Reason.RATE_LIMITED,
        lambda policy: not policy.rates,
        ("rates",),
        "there is no rate limit",
    ),
    _turned_off(Reason.SUPERSEDED_BY_CODE, "methods are accepted while a code is live"),
    Unreachable(
        Reason.CODE_REPLACED,
        lambda policy: policy.code.on_live == "refuse",
        ("code.on_live",),
        "no code is ever replaced",
    ),
    Unreachable(
        Reason.CODE_USED_UP,
        lambda policy: policy.code.uses is None,
        ("code.uses",),
        "a code is good for any number of uses",
    ),
    Unreachable(
        Reason.METHOD_TOO_WEAK,
        _all_high,
        ("sign_in.assurance.code", *(f"sign_in.assurance.{method}" for method in Method)),
        "whatever can be presented is good for a high session",
    ),
)
#: Every reason that some policy makes unreachable; the others come under any policy.
UNREACHABLE: Final = (
    *_TOLD,
    *(
        _turned_off(reason, f"the policy turns {rule.id} off")
        for reason, rule in _TURNED_ON.items()
        if all(entry.reason is not reason for entry in _TOLD)
    ),
)

#: The reasons that come under any policy.
ALWAYS: Final = (
    Reason.NOT_SIGNED_IN,
    Reason.SESSION_EXPIRED,
    Reason.NOT_PERMITTED,
    Reason.NO_SUCH_USER,
    Reason.USER_INACTIVE,
    Reason.USER_FROZEN,
    Reason.OUT_OF_SCOPE,
    Reason.LIFETIME_TOO_SHORT,
    Reason.LIFETIME_TOO_LONG,
    Reason.NO_LIVE_CODE,
    Reason.WRONG_PASSWORD,
    Reason.VERIFICATION_REQUIRED,
    Reason.LOCKED_OUT,
    Reason.METHOD_NOT_ENROLLED,
    Reason.DEVICE_UNAVAILABLE,
    Reason.WRONG_PROOF,
    Reason.WRONG_CODE,
    Reason.NO_CODE,
    Reason.CODE_EXPIRED,
    Reason.CODE_REVOKED,
    Reason.SELF_APPROVAL,
    Reason.CODE_NOT_VIEWABLE,
)
total(Reason, dict.fromkeys((*(entry.reason for entry in UNREACHABLE), *ALWAYS)))


def needed_approvals(policy: Policy) -> tuple[int, int]:
    """Return how many approvals a standard and a privileged subject need."""
    approvals = policy.issuer.approvals
    return approvals.standard, approvals.privileged


def unreachable_reasons(policy: Policy) -> tuple[Reason, ...]:
    """Return the reasons that a policy never refuses with.

    Examples
    --------
    >>> Reason.TICKET_MISSING in unreachable_reasons(Policy())
    True
    >>> ticketed = Policy().with_values({"issuer.ticket": "required"})
    >>> Reason.TICKET_MISSING in unreachable_reasons(ticketed)
    False
    """
    return tuple(entry.reason for entry in UNREACHABLE if entry.holds(policy))


def remark_unreachable(policy: Policy) -> Iterator[Remark]:
    """Yield a note for each reason that the policy makes unreachable."""
    for entry in UNREACHABLE:
        if entry.holds(policy):
            yield Remark(
                "policy.unreachable_reason",
                Level.INFO,
                entry.keys,
                f"nothing is ever refused with {entry.reason}: {entry.because}",
                f"a knob that decides it: {', '.join(entry.keys[:3])}",
            )
