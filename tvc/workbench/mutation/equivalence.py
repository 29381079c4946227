"""Changes that nobody could notice, and why: claims about the law, each small enough to check.

They are conservative: where it is not plain that a change makes no difference, it counts as one
that a suite has to notice. `tests/unit/test_mutation.py` hunts for a difference behind each.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final

from tvc.authority.decide import LAW
from tvc.authority.policy import Policy, RateLimit
from tvc.authority.requests import Method

# Policies


def explain_policy(key: str, before: Policy, after: Policy) -> str | None:
    """Say why a change of one knob makes no difference; None where it may make one.

    Parameters
    ----------
    key
        The knob.
    before, after
        The whole policy without and with the change.

    Examples
    --------
    >>> explain_policy("code.length", Policy(), Policy().with_values({"code.length": 7}))
    'what a code is made of changes no decision'
    """
    if key in ("code.length", "code.alphabet"):
        return "what a code is made of changes no decision"
    if key == "issuer.approval_valid" and not any(map(_asks_approval, (before, after))):
        return "no approval is asked for"
    alone = before.sign_in.precedence == "code_first"
    if key == "code.ends_on" and alone and _differ_in(before, after, "method_sign_in"):
        return "under code_first no method signs in while a code is live, so it ends none"
    if key == "expire.ends_sessions" and before.code.uses == 1:
        return "a code for one sign-in has ended by then, so Expire Now finds no session of it"
    if key.startswith("rates."):
        return _explain_limit(key.split(".")[1], before, after)
    return None


def _explain_limit(name: str, before: Policy, after: Policy) -> str | None:
    limits = [_find_limit(name, policy) for policy in (before, after)]
    if all(limit is not None and _is_single(limit) for limit in limits):
        old, new = (limit and replace(limit, window="rolling") for limit in limits)
        if old == new:
            return "with one generation a window, a rolling one and a bucket let the same through"
    if all(_is_idle(name, policy) for policy in (before, after)):
        return "another limit before it always refuses first, and for longer"
    return None


def _find_limit(name: str, policy: Policy) -> RateLimit | None:
    return next((limit for limit in policy.rates if limit.name == name), None)


def _is_single(limit: RateLimit) -> bool:
    return limit.limit == 1 and limit.window in ("rolling", "bucket")


def _is_idle(name: str, policy: Policy) -> bool:
    """Whether a limit is not there, or has no say beside a stricter one that comes before it."""
    limit = _find_limit(name, policy)
    if limit is None:
        return True
    ahead = policy.rates[: policy.rates.index(limit)]
    return any(_is_stricter(other, limit) for other in ahead)


def _is_stricter(other: RateLimit, limit: RateLimit) -> bool:
    return (
        other.window == limit.window == "rolling"
        and other.scope in (limit.scope, "org")
        and other.limit <= limit.limit
        and other.per_ms >= limit.per_ms
    )


def _asks_approval(policy: Policy) -> bool:
    approvals = policy.issuer.approvals
    return bool(approvals.standard or approvals.privileged)


def _differ_in(before: Policy, after: Policy, member: str) -> bool:
    return set(before.code.ends_on) ^ set(after.code.ends_on) == {member}


# The law


@dataclass(frozen=True, slots=True)
class Condition:
    """What a policy must say for a part of the law to matter.

    Attributes
    ----------
    absent
        What is so where no policy says it: the reason why a change of that part is equivalent.
    holds
        Whether a policy says it.
    """

    absent: str
    holds: Callable[[Policy], bool]

    def explain(self, policies: Collection[Policy]) -> str | None:
        """Say that none of some policies says it; None where one does."""
        return None if any(map(self.holds, policies)) else self.absent


def _windows(*windows: str) -> Callable[[Policy], bool]:
    return lambda policy: any(limit.window in windows for limit in policy.rates)


def _weak_level(policy: Policy) -> bool:
    assurance = policy.sign_in.assurance
    return any(getattr(assurance, name) != "high" for name in ("code", *Method))


#: By rule, that a policy has the choice which turns it on.
_TURNED_ON: Final = {
    rule.id: Condition(f"no policy of the suite has {': '.join(rule.asks_if)}", rule.is_on)
    for rule in LAW.all_rules()
    if rule.asks_if is not None
}
CODE_FIRST: Final = _TURNED_ON["sign_in.precedence"]
IDLE: Final = Condition(
    "no policy of the suite has session.idle", lambda policy: policy.session.idle_ms is not None
)
SESSION_ENDS: Final = Condition(
    "no policy of the suite has session.max or session.idle",
    lambda policy: policy.session.max_ms is not None or policy.session.idle_ms is not None,
)
MAX_ENDS: Final = Condition(
    "no policy of the suite has session.max", lambda policy: policy.session.max_ms is not None
)
APPROVALS: Final = Condition("no policy of the suite asks for approvals", _asks_approval)
SEVERAL_USES: Final = Condition(
    "no policy of the suite has code.uses above 1", lambda policy: (policy.code.uses or 0) > 1
)
USES: Final = Condition(
    "no policy of the suite has code.uses", lambda policy: policy.code.uses is not None
)
REFUSE_WHEN_LIVE: Final = _TURNED_ON["generate.one_code"]
REPLACE: Final = Condition(
    "no policy of the suite has code.on_live: replace",
    lambda policy: policy.code.on_live == "replace",
)
REPLACE_SOME: Final = Condition(
    "no policy of the suite has code.on_live: replace with code.per_user above 1",
    lambda policy: policy.code.on_live == "replace" and policy.code.per_user > 1,
)
RATES: Final = Condition(
    "no policy of the suite has a rate limit", lambda policy: bool(policy.rates)
)
SEVERAL_RATES: Final = Condition(
    "no policy of the suite has several rate limits", lambda policy: len(policy.rates) > 1
)
SEVERAL_CODES: Final = Condition(
    "no policy of the suite has code.per_user above 1", lambda policy: policy.code.per_user > 1
)
PINS: Final = Condition(
    "no policy of the suite has sign_in.return: on_expire_now",
    lambda policy: policy.sign_in.return_ == "on_expire_now",
)
PINS_METHODS: Final = Condition(
    "no policy of the suite has sign_in.return: on_expire_now with sign_in.precedence: code_first",
    lambda policy: (
        policy.sign_in.return_ == "on_expire_now" and policy.sign_in.precedence == "code_first"
    ),
)
PER_PATH: Final = Condition(
    "no policy of the suite has lockout.scope: path", lambda policy: policy.lockout.scope == "path"
)
SHARED: Final = Condition(
    "no policy of the suite has lockout.scope: user", lambda policy: policy.lockout.scope == "user"
)
EXPIRE_ENDS_SESSIONS: Final = Condition(
    "no policy of the suite has expire.ends_sessions", lambda policy: policy.expire.ends_sessions
)
SESSIONS_TIED: Final = Condition(
    "no policy of the suite has session.ends_with_code or expire.ends_sessions",
    lambda policy: policy.session.ends_with_code or policy.expire.ends_sessions,
)
NOTIFIES: Final = Condition(
    "no policy of the suite notifies anybody", lambda policy: bool(policy.notify)
)
ENDS_ON_ENROLL: Final = Condition(
    "no policy of the suite has code.ends_on: [enroll]",
    lambda policy: "enroll" in policy.code.ends_on,
)
ENDS_ON_METHOD: Final = Condition(
    "no policy of the suite has code.ends_on: [method_sign_in] and lets a method in beside a code",
    lambda policy: (
        "method_sign_in" in policy.code.ends_on and policy.sign_in.precedence != "code_first"
    ),
)
TOLD: Final = Condition(
    "what a status tells is nothing that a scenario can expect", lambda _policy: False
)

#: When a rule can refuse, a comparison is made, or a consequence does something; those that are
#: not here always matter.
MATTERS: Final = {
    **_TURNED_ON,
    "generate.approval": APPROVALS,
    "generate.rate": RATES,
    "step_up.assurance": Condition(
        "no policy of the suite has a way to sign in that is below high", _weak_level
    ),
    "codes.full": REFUSE_WHEN_LIVE,
    "rate.counts": Condition(
        "no policy of the suite has a rolling rate limit", _windows("rolling")
    ),
    "rate.full": Condition(
        "no policy of the suite has a rate limit but buckets", _windows("rolling", "clock_hour")
    ),
    "rate.token": Condition("no policy of the suite has a bucket", _windows("bucket")),
    "approval.counts": APPROVALS,
    "approval.enough": APPROVALS,
    "uses.spent": USES,
    "session.over": SESSION_ENDS,
    "generate.use_up_approvals": APPROVALS,
    "generate.count": RATES,
    "approve.remember": APPROVALS,
    "sign_in.end_codes": ENDS_ON_METHOD,
    "enroll.end_codes": ENDS_ON_ENROLL,
    "status.tell": TOLD,
}

#: Pairs of neighbours that never both refuse, nor change what the other sees.
COMMUTING: Final = {
    ("generate.subject_known", "generate.subject_active"): "an account that is not there is not "
    "inactive either, so the two never both refuse",
    ("sign_in.known", "sign_in.active"): "an account that is not there is not inactive either, so "
    "the two never both refuse",
    ("expire.subject_known", "expire.scope"): "an account that is not there is not privileged "
    "either, so the two never both refuse",
    ("approve.subject_known", "approve.self"): "one's own account is always there, so the two "
    "never both refuse",
    ("sign_in.verification", "sign_in.precedence"): "one refuses where nothing is presented, the "
    "other where a method is, so the two never both refuse",
    ("sign_in.proof", "sign_in.code"): "one judges methods, the other codes, and a request "
    "presents one of them at most",
}


def explain_swap(first: str, second: str, policies: Collection[Policy]) -> str | None:
    """Say why two neighbouring rules may change places; None where it may make a difference."""
    for rule in (first, second):
        condition = MATTERS.get(rule)
        reason = None if condition is None else condition.explain(policies)
        if reason is not None:
            return f"{rule} never refuses: {reason}"
    return COMMUTING.get((first, second))


def explain_absence(about: str, policies: Collection[Policy]) -> str | None:
    """Say why a part of the law makes no difference under some policies; None where it may."""
    condition = MATTERS.get(about)
    return None if condition is None else condition.explain(policies)
