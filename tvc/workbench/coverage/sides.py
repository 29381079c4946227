"""On which side of a policy's thresholds a request came, one tick away at most.

A tick is a millisecond of a time and one of a count. The sides are those of what is measured: an
age, an instant, a number of uses. A count that the law stops at its limit has no side above it.
"""

from collections.abc import Callable, Iterator
from typing import Final

from tvc.authority.checks.asking import signed_in
from tvc.authority.checks.generating import lifetime_allowed, under_rates
from tvc.authority.decide import COMPARISONS
from tvc.authority.edges import SIDES, Turn, window_edges
from tvc.authority.policy import Policy
from tvc.authority.reasons import Reason
from tvc.authority.requests import Request
from tvc.authority.state import State
from tvc.authority.total import total
from tvc.harness.examine import Comparison, Examination, Meeting

#: The threshold that each comparison of the law measures up to, whatever rule makes it; where it
#: goes the other way, by what is left or by when the window began, with -1. None for those that
#: several thresholds are compared with.
_MEASURED: Final = total(
    COMPARISONS,
    {
        "lifetime.short": ("lifetime.min", 1),
        "lifetime.long": ("lifetime.max", 1),
        "codes.full": ("code.per_user", 1),
        "rate.counts": None,
        "rate.full": None,
        "rate.token": None,
        "approval.counts": ("issuer.approval_valid", -1),
        "approval.enough": ("issuer.approvals", 1),
        "code.live": ("code.live", 1),
        "uses.spent": ("code.uses", -1),
        "lockout.reached": ("lockout.failures", 1),
        "lock.holds": ("lockout.for", 1),
        "session.over": None,
    },
)

_SIDES: Final = {ticks: side for side, ticks in SIDES.items()}
_PASSED: Final = "passed"


def sides_met(
    seen: Examination, policy: Policy, state: State, request: Request, now_ms: int
) -> Iterator[tuple[str, str]]:
    """Yield the thresholds that a decision came within a tick of.

    Parameters
    ----------
    seen
        How the decision came about.
    policy, state, request, now_ms
        As for `tvc.authority.decide.decide`; the state is the one before the decision.

    Yields
    ------
    tuple of str
        Name and side.
    """
    for name, ticks in _distances(seen, policy, state, request, now_ms):
        if ticks in _SIDES:
            yield name, _SIDES[ticks]
            if name == "code.live" and policy.clock.leeway_ms:
                yield "clock.leeway", _SIDES[ticks]


#: Names of thresholds, each with how many ticks it is left behind.
Ticks = Iterator[tuple[str, int]]


def _distances(
    seen: Examination, policy: Policy, state: State, request: Request, now_ms: int
) -> Ticks:
    for meeting in seen.meetings:
        yield from _SPECIAL.get(meeting.rule.check, _measure)(meeting, policy, request)
        if meeting.rule.check is under_rates:
            yield from _edges_of_windows(policy, seen, state, now_ms)


def _measure(meeting: Meeting, _policy: Policy, _request: Request) -> Ticks:
    for one in meeting.comparisons:
        found = _MEASURED.get(one.name)
        if found is not None:
            name, way = found
            yield name, way * (one.left - one.right)


def _measure_lifetime(meeting: Meeting, policy: Policy, request: Request) -> Ticks:
    yield from _measure(meeting, policy, request)
    if meeting.verdict in (_PASSED, f"refused: {Reason.LIFETIME_NOT_ON_STEP}"):
        step_ms = policy.lifetime.step_ms
        above = (request.lifetime_ms or 0) % step_ms
        yield "lifetime.step", above
        yield "lifetime.step", above - step_ms


def _measure_session(meeting: Meeting, policy: Policy, _request: Request) -> Ticks:
    """Tell the ends of a session apart, which the law compares alike, by their order."""
    rules = policy.session
    ends = [name for name in ("max", "idle") if getattr(rules, f"{name}_ms") is not None]
    over = [one for one in meeting.comparisons if one.name == "session.over"]
    for name, one in zip(ends, over, strict=False):
        yield f"session.{name}", one.left - one.right
    for one in meeting.comparisons:
        if one.name == "code.live":
            yield "session.ends_with_code", one.left - one.right


def _measure_rates(meeting: Meeting, policy: Policy, _request: Request) -> Ticks:
    """Tell the limits apart by their order; each is done with one comparison of fullness."""
    limits = iter(policy.rates)
    limit = next(limits, None)
    for one in _before_the_wait(meeting):
        if limit is None:
            return
        if one.name == "rate.counts":
            # The window began at `right`: what is one tick too old for it is above its age.
            yield "rates.rolling.per", one.right - one.left
            continue
        if one.name == "rate.full":
            yield f"rates.{limit.window}.limit", one.left - one.right
        limit = next(limits, None)


def _before_the_wait(meeting: Meeting) -> Iterator[Comparison]:
    """Yield what was compared at this instant: a refusal goes on to compare later ones."""
    for one in meeting.comparisons:
        yield one
        if (one.name == "rate.full" and one.holds) or (one.name == "rate.token" and not one.holds):
            return


_SPECIAL: Final[dict[Callable[..., object], Callable[[Meeting, Policy, Request], Ticks]]] = {
    lifetime_allowed: _measure_lifetime,
    signed_in: _measure_session,
    under_rates: _measure_rates,
}


def _edges_of_windows(policy: Policy, seen: Examination, state: State, now_ms: int) -> Ticks:
    """Yield how far it is from the edges of used windows, which no comparison tells."""
    decision = seen.decision
    for limit in policy.rates:
        counted_for = {"subject": decision.subject, "issuer": decision.account}.get(limit.scope)
        memory = state.rates.get((limit.name, counted_for or ""), ())
        for turn, at_ms, alone in window_edges(limit, memory):
            if turn is Turn.WINDOW_ENDS:
                yield "rates.clock_hour.per", now_ms - at_ms
            elif turn is Turn.TOKEN_COMES and alone:
                yield "rates.bucket.token", now_ms - at_ms
