"""Thresholds: the readings at which a state changes its answers by the clock alone."""

from tvc.authority.edges import SESSION_TURNS, edges, next_window_ms
from tvc.authority.policy import Policy
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
    ahead: set[int] = set()
    over: set[str] = set()
    of_sessions: list[tuple[str, int]] = []
    for turn, at_ms, subject, _, _ in edges(state, policy):
        if turn in SESSION_TURNS:
            of_sessions.append((subject, at_ms))
            if at_ms <= now_ms:
                over.add(subject)
        elif at_ms > now_ms:
            ahead.add(at_ms)
    # Of a session that is over by one of its ends the others say nothing any more.
    ahead.update(at_ms for person, at_ms in of_sessions if person not in over)
    # Where a window begins matters before anything has been counted in it.
    ahead.update(
        next_window_ms(limit, now_ms) for limit in policy.rates if limit.window == "clock_hour"
    )
    return ahead
