"""The kernel: one pure function from a law, a policy, a state and a request to a decision."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, NamedTuple

from tvc.authority.consequences import CONSEQUENCES, Consequence
from tvc.authority.context import Context, Event, Refusal
from tvc.authority.policy import Policy
from tvc.authority.rates import Compare
from tvc.authority.reasons import PUBLIC_MESSAGES, Reason
from tvc.authority.requests import Kind, Request
from tvc.authority.rules import RULES, Rule
from tvc.authority.state import Put, State
from tvc.authority.tuples import builder

#: How the law compares. Every instant is half-open: a code is live *until* its expiry, a lock
#: holds *until* its end, a generation counts *while* it is younger than the window.
COMPARISONS: Final[dict[str, Compare]] = {
    "lifetime.short": operator.lt,
    "lifetime.long": operator.gt,
    "codes.full": operator.ge,
    "rate.counts": operator.gt,
    "rate.full": operator.ge,
    "rate.token": operator.ge,
    "approval.counts": operator.gt,
    "approval.enough": operator.ge,
    "code.live": operator.lt,
    "uses.spent": operator.le,
    "lockout.reached": operator.ge,
    "lock.holds": operator.lt,
    "session.over": operator.ge,
}


@dataclass(frozen=True)
class Law:
    """The rules of each request, what follows when it is allowed, and how numbers compare.

    A law is a value: another one, such as a mutant for a test of a test suite, is made from it
    and never patched into it.
    """

    rules: Mapping[Kind, tuple[Rule, ...]]
    consequences: Mapping[Kind, tuple[Consequence, ...]]
    comparisons: Mapping[str, Compare]

    def all_rules(self) -> tuple[Rule, ...]:
        """Every rule once, in the order of the requests."""
        return tuple({rule.id: rule for rules in self.rules.values() for rule in rules}.values())

    def without(self, rule_id: str) -> "Law":
        """Return the law without one rule, in every request that meets it.

        Raises
        ------
        KeyError
            If no rule has that id.
        """
        if all(rule.id != rule_id for rule in self.all_rules()):
            raise KeyError(rule_id)
        return replace(
            self,
            rules=MappingProxyType(
                {
                    kind: tuple(rule for rule in rules if rule.id != rule_id)
                    for kind, rules in self.rules.items()
                }
            ),
        )

    def observed(self, wrap_rule: Callable[[Rule], Rule], compare: Mapping[str, Compare]) -> "Law":
        """Return the law with every rule wrapped and other comparisons, for explanations."""
        return Law(
            {kind: tuple(map(wrap_rule, rules)) for kind, rules in self.rules.items()},
            self.consequences,
            compare,
        )


#: The law of knowledge article 000382194.
LAW: Final = Law(
    MappingProxyType(RULES), MappingProxyType(CONSEQUENCES), MappingProxyType(COMPARISONS)
)


class Decision(NamedTuple):
    """What the law says to one request.

    Attributes
    ----------
    allowed
        Whether it is allowed.
    reason, rule
        Why not, and the id of the rule that refused; None when allowed.
    account
        The account that the person acted as; None where the request needs no session.
    subject
        The account the request was for.
    code
        Ordinal of the code that was generated, or presented and recognised.
    level
        Level of the session that a sign-in opened.
    challenge
        What the person is asked for; None unless asked.
    limit, retry_after_ms
        Which rate limit refused, and the smallest wait after which the rule would pass.
    live_until_ms
        For an allowed ``status``: until when the subject has a live code; None when there is none.
    effects
        What changes in the state.
    events
        What audit records besides the request.
    """

    allowed: bool
    reason: Reason | None
    rule: str | None
    account: str | None
    subject: str | None
    code: int | None
    level: str | None
    challenge: str | None
    limit: str | None
    retry_after_ms: int | None
    live_until_ms: int | None
    effects: tuple[Put, ...]
    events: tuple[Event, ...]

    @property
    def message(self) -> str:
        """What the screen says; reveals less than the reason."""
        return "" if self.reason is None else PUBLIC_MESSAGES[self.reason]


_decision: Final = builder(Decision)
_NO_REFUSAL: Final = (None, None, None, None)


def decide(law: Law, policy: Policy, state: State, request: Request, now_ms: int) -> Decision:
    """Judge one request. Changes nothing and depends on nothing but its arguments.

    Parameters
    ----------
    law, policy
        What holds.
    state
        What has been; not changed.
    request
        What is asked. A presented code stands in it as the ordinals that it matches.
    now_ms
        The reading of the node that judges.

    Returns
    -------
    Decision
        The first refusal, or the consequences of allowing.

    Examples
    --------
    >>> from tvc.authority.requests import request
    >>> from tvc.authority.state import Person, State
    >>> state = State.of([Person("sam", "admin"), Person("ana")])
    >>> ask = request("generate", "sam", subject="ana", lifetime_ms=25 * 3_600_000)
    >>> decide(LAW, Policy(), state, ask, 0).reason
    <Reason.LIFETIME_TOO_LONG: 'lifetime_too_long'>
    """
    c = Context(law.comparisons, policy, state, request, now_ms)
    kind = request.kind
    refusal: Refusal | None = None
    refused_by = None
    for rule in law.rules.get(kind, ()):
        verdict = rule.check(c)
        if verdict is not None:
            if isinstance(verdict, Refusal):
                refusal, refused_by = verdict, rule.id
            break
    if refusal is None:
        for consequence in law.consequences[kind]:
            consequence.follow(c)
    reason, challenge, retry_after_ms, limit = refusal or _NO_REFUSAL
    events = c.ended_codes + c.ended_sessions
    if refusal is None and policy.notify and kind in policy.notify and c.subject is not None:
        events += (Event("notice.sent", c.subject),)
    return _decision(
        (
            refusal is None,
            reason,
            refused_by,
            c.acting,
            c.subject,
            None if c.code is None else c.code.ordinal,
            None if refusal is not None else c.level,
            challenge,
            limit,
            retry_after_ms,
            c.live_until_ms,
            tuple(c.effects),
            events,
        )
    )
