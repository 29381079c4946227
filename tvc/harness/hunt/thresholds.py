"""Thresholds: the readings at which a state changes its answers by the clock alone."""

from collections.abc import Iterator
from typing import Any

from tvc.authority.policy import Policy, RateLimit
from tvc.authority.state import State


def thresholds(state: State, policy: Policy, now_ms: int) -> set[int]:
    """Return the readings after now at which some answer of the law changes by itself.

    Parameters
    ----------
    state, policy
        What has been, and what holds.
    now_ms
        The earliest reading of interest.

    Returns
    -------
    set of int
        Ends of codes, locks, sessions and approvals, and the edges of rate windows: each the
        first reading of the new answer.

    Examples
    --------
    >>> from tvc.authority.state import Code
    >>> state = State()
    >>> state.codes["ana"] = (Code(1, 3_600_000, None, None),)
    >>> thresholds(state, Policy(), 0)
    {3600000}
    """
    found = {
        *_codes(state, policy),
        *_sessions(state, policy, now_ms),
        *_rates(state, policy, now_ms),
    }
    found.update(
        guard.locked_until_ms
        for guard in state.guards.values()
        if guard.locked_until_ms is not None
    )
    if policy.issuer.approvals.standard or policy.issuer.approvals.privileged:
        valid_ms = policy.issuer.approval_valid_ms
        found.update(
            reading_ms + valid_ms for given in state.approvals.values() for _, reading_ms in given
        )
    return {at_ms for at_ms in found if at_ms > now_ms}


def _codes(state: State, policy: Policy) -> Iterator[int]:
    for codes in state.codes.values():
        for code in codes:
            if code.ended is None:
                yield code.expires_ms + policy.clock.leeway_ms


def _sessions(state: State, policy: Policy, now_ms: int) -> Iterator[int]:
    rules = policy.session
    for session in state.sessions.values():
        ends = []
        if rules.max_ms is not None:
            ends.append(session.started_ms + rules.max_ms)
        if rules.idle_ms is not None:
            ends.append(session.latest_ms + rules.idle_ms)
        if rules.ends_with_code and session.code_expires_ms is not None:
            ends.append(session.code_expires_ms + policy.clock.leeway_ms)
        # Of a session that is over by one of them the others say nothing any more.
        if session.ended is None and all(end_ms > now_ms for end_ms in ends):
            yield from ends


def _rates(state: State, policy: Policy, now_ms: int) -> Iterator[int]:
    limits = {limit.name: limit for limit in policy.rates}
    for limit in policy.rates:
        if limit.window == "clock_hour":
            # Where a window begins matters before anything has been counted in it.
            yield (now_ms // limit.per_ms + 1) * limit.per_ms
    for (name, _), memory in state.rates.items():
        if name in limits:
            yield from _openings(limits[name], memory)


def _openings(limit: RateLimit, memory: tuple[Any, ...]) -> Iterator[int]:
    if limit.window == "rolling":
        yield from (reading_ms + limit.per_ms for reading_ms in memory)
    elif limit.window == "clock_hour":
        yield from ((window + 1) * limit.per_ms for window, _ in memory)
    else:
        units, reading_ms = memory
        for tokens in range(1, limit.limit + 1):
            missing = tokens * limit.per_ms - units
            if missing > 0:
                yield reading_ms + -(-missing // limit.limit)
