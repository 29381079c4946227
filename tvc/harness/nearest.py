"""The nearest allow: the smallest single change that would turn a denial around.

Each kind of change is tried on the kernel itself, so that an answer is what the law would say
and not a guess: another time, another lifetime, one more permission or level, one other knob.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tvc.authority.decide import LAW, Law, decide
from tvc.authority.durations import format_duration
from tvc.authority.edges import RATE_TURNS, SESSION_TURNS, SIDES, edges
from tvc.authority.policy import KNOBS, RATE_KNOBS, Knob, Policy
from tvc.authority.requests import Kind, Request
from tvc.authority.state import PERMISSIONS, Put, State, apply

#: How far a number is moved before a search gives up: a million, or some thousand days.
_FARTHEST_STEPS = 40

#: Knobs of a rate limit that decide what it remembers, so that no later change of them can be
#: judged by what it remembers now.
_COUNTED_FROM_THE_START = ("window", "scope", "per")


@dataclass(frozen=True, slots=True)
class Change:
    """A change that would have allowed the request.

    Attributes
    ----------
    of
        ``time``, ``lifetime``, ``permission``, ``session`` or ``knob``.
    text
        The change in words.
    """

    of: str
    text: str


@dataclass(frozen=True, slots=True)
class _Question:
    """A request that was denied, with all that the denial depended on."""

    law: Law
    policy: Policy
    state: State
    request: Request
    now_ms: int

    def allowed(
        self,
        *,
        policy: Policy | None = None,
        state: State | None = None,
        request: Request | None = None,
        now_ms: int | None = None,
    ) -> bool:
        """Whether the law allows it with some part changed."""
        return decide(
            self.law,
            policy or self.policy,
            state or self.state,
            request or self.request,
            self.now_ms if now_ms is None else now_ms,
        ).allowed


def nearest_allows(
    policy: Policy, state: State, request: Request, now_ms: int, law: Law = LAW
) -> tuple[Change, ...]:
    """Find, for each kind of change, the smallest one that turns a denial into an allow.

    Parameters
    ----------
    policy, state, request, now_ms, law
        Of the denied request.

    Returns
    -------
    tuple of Change
        At most one of each kind; empty where no single change is enough.
    """
    question = _Question(law, policy, state, request, now_ms)
    searches = (_time, _lifetime, _permission, _session, _knob)
    return tuple(change for search in searches if (change := search(question)) is not None)


# Time


def _time(question: _Question) -> Change | None:
    moments = sorted(
        {edge + tick for edge in _edges(question) for tick in SIDES.values()},
        key=lambda moment: (abs(moment - question.now_ms), moment),
    )
    for moment in moments:
        if moment >= 0 and question.allowed(now_ms=moment):
            apart = format_duration(abs(moment - question.now_ms))
            later = moment > question.now_ms
            return Change("time", f"{apart} {'later' if later else 'earlier'}")
    return None


def _edges(question: _Question) -> Iterator[int]:
    """Yield every reading at which the answer may turn."""
    law, policy, state, request = (
        question.law, question.policy, question.state, question.request
    )  # fmt: skip
    for edge in edges(state, policy):
        theirs = edge.turn not in SESSION_TURNS or edge.subject == request.by
        # What the limits make of their windows together is told by how long there is to wait.
        if theirs and edge.turn not in RATE_TURNS:
            yield edge.reading_ms
    denied = decide(law, policy, state, request, question.now_ms)
    if denied.retry_after_ms is not None:
        yield question.now_ms + denied.retry_after_ms


# The request, and who asks


def _lifetime(question: _Question) -> Change | None:
    request, allowed = question.request, question.policy.lifetime
    asked_ms = request.lifetime_ms
    if request.kind is not Kind.GENERATE or asked_ms is None:
        return None
    around = asked_ms // allowed.step_ms * allowed.step_ms
    candidates = {around, around + allowed.step_ms, allowed.shortest_ms, allowed.longest_ms} - {
        asked_ms
    }
    for lifetime_ms in sorted(candidates, key=lambda other: (abs(other - asked_ms), other)):
        if question.allowed(request=request._replace(lifetime_ms=lifetime_ms)):
            return Change("lifetime", f"lifetime {format_duration(lifetime_ms)}")
    return None


def _acting(question: _Question) -> str | None:
    session = question.state.sessions.get(question.request.by)
    return None if session is None else session.account


def _changed(state: State, *effects: Put) -> State:
    other = state.copy()
    apply(other, effects)
    return other


def _permission(question: _Question) -> Change | None:
    name = _acting(question)
    account = question.state.accounts.get(name or "")
    if account is None:
        return None
    # The variant that reaches fewer subjects is the smaller change.
    for permission in sorted(PERMISSIONS, key=lambda word: word == "manage_mfa"):
        more = account._replace(permissions=account.permissions | {permission})
        if question.allowed(state=_changed(question.state, Put("accounts", name, more))):
            return Change("permission", f"{name} holds {permission}")
    return None


def _session(question: _Question) -> Change | None:
    person = question.request.by
    session = question.state.sessions.get(person)
    if session is None or session.level == "high":
        return None
    raised = Put("sessions", person, session._replace(level="high"))
    if question.allowed(state=_changed(question.state, raised)):
        return Change("session", f"{person} steps up to a high session first")
    return None


# Knobs


def _knob(question: _Question) -> Change | None:
    """Find the knob that flips the denial with the fewest moves; words and switches are one."""
    found: list[tuple[int, str]] = []
    values = question.policy.values()
    rates = [
        (f"rates.{rate.name}.{knob.key}", knob)
        for rate in question.policy.rates
        for knob in RATE_KNOBS
        if knob.key not in _COUNTED_FROM_THE_START
    ]
    for key, knob in [*((knob.key, knob) for knob in KNOBS), *rates]:
        best = _flips(question, key, knob, values[key])
        if best is not None:
            moves, value = best
            found.append((moves, f"{key}: {knob.format(value)} (is {knob.format(values[key])})"))
    if not found:
        return None
    return Change("knob", min(found, key=lambda item: item[0])[1])


def _flips(question: _Question, key: str, knob: Knob, value: Any) -> tuple[int, Any] | None:  # noqa: ANN401
    def flips(other: Any) -> bool:  # noqa: ANN401 - a value of the knob
        policy = question.policy.with_values({key: other})
        return not policy.contradictions() and question.allowed(policy=policy)

    if knob.kind in ("integer", "duration"):
        lifetime_ms = question.request.lifetime_ms or 0
        # A step is met by divisors, which no search by distance finds.
        common_ms = math.gcd(lifetime_ms, value or 0)
        if knob.kind == "duration" and lifetime_ms % (value or 1) and flips(common_ms):
            return 2, common_ms
        return _number_flips(knob, value, flips)
    others: list[Any] = []
    if knob.kind == "boolean":
        others = [not value]
    elif knob.kind == "choice":
        others = [choice for choice in knob.choices if choice != value]
    elif knob.kind == "list":
        others = [tuple(item for item in value if item != left) for left in value]
        others += [(*value, more) for more in knob.choices if more not in value]
    return next(((1, other) for other in others if flips(other)), None)


def _number_flips(knob: Knob, value: int | None, flips: Any) -> tuple[int, Any] | None:  # noqa: ANN401
    """Double the distance in both directions until it flips, then halve back to the edge."""
    if knob.absent is not None and value is not None and flips(None):
        return 1, None
    start = value or 0
    for doubling in range(_FARTHEST_STEPS):
        for sign in (1, -1):
            far = start + sign * (1 << doubling)
            if far >= knob.low and flips(far):
                near = start + sign * (1 << doubling >> 1) if doubling else start
                while abs(far - near) > 1:
                    middle = (far + near) // 2
                    near, far = (near, middle) if flips(middle) else (middle, far)
                return abs(far - start) if knob.kind == "integer" else 2, far
    return None
