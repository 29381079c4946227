"""When a state turns by time alone, and when a code is live, a lock holds, a session is over.

Nobody else adds up times. A decision about a state is the same from one reading to the next
unless the later one is an *edge*: the first reading at which something that the state remembers
is otherwise. The law, the search for the nearest allow, hunts, boundaries and coverage, the
meaning of a state and the invariants all take their times from here, so that whatever is to turn
in another way enters here alone.

Times are readings of one clock; by true time the same functions tell when something turns for a
perfect clock.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from tvc.authority.policy import Policy, RateLimit
from tvc.authority.rates import (
    Compare,
    Memory,
    leaves_ms,
    token_ms,
    window_begins_ms,
    window_of,
)
from tvc.authority.requests import Request
from tvc.authority.state import Code, Guard, Session, SessionEnd, State
from tvc.authority.tuples import builder

#: The readings around an edge, in ticks from it: the last before, the first after, and one more.
SIDES: Final = {"below": -1, "at": 0, "above": 1}


class Turn(StrEnum):
    """What turns at an edge."""

    CODE_ENDS = "code_ends"
    LOCK_ENDS = "lock_ends"
    SESSION_TOO_OLD = "session_too_old"
    SESSION_IDLE = "session_idle"
    SESSION_CODE_ENDS = "session_code_ends"
    APPROVAL_LAPSES = "approval_lapses"
    GENERATION_LEAVES = "generation_leaves"
    WINDOW_BEGINS = "window_begins"
    WINDOW_ENDS = "window_ends"
    TOKEN_COMES = "token_comes"


#: How a session ends at its edges.
SESSION_TURNS: Final = {
    Turn.SESSION_TOO_OLD: SessionEnd.MAX,
    Turn.SESSION_IDLE: SessionEnd.IDLE,
    Turn.SESSION_CODE_ENDS: SessionEnd.CODE_ENDED,
}
#: The edges of rate limits.
RATE_TURNS: Final = frozenset(
    {Turn.GENERATION_LEAVES, Turn.WINDOW_BEGINS, Turn.WINDOW_ENDS, Turn.TOKEN_COMES}
)


class Edge(NamedTuple):
    """A reading from which on something is otherwise than before.

    Attributes
    ----------
    turn
        What turns.
    reading_ms
        The first reading on the far side.
    subject
        Whose it is: the account of a code, a lock or an approval, the person of a session, what a
        rate limit counts for.
    of
        What tells it from others of theirs: the ordinal of a code, the path of a lock, who
        approved, the name of a limit; empty for a session.
    alone
        Whether it turns a decision by itself. A window that is not full has edges, too: they
        turn how many more generations it lets pass.
    """

    turn: Turn
    reading_ms: int
    subject: str
    of: str
    alone: bool = True


_edge: Final = builder(Edge)


def edges(state: State, policy: Policy) -> Iterator[Edge]:
    """Yield every edge of a state under a policy, past ones too, in a stable order.

    Parameters
    ----------
    state, policy
        What has been, and what holds.

    Yields
    ------
    Edge
        Of codes, locks, sessions, approvals and rate limits, in this order. What turns at one
        may make no difference, where another thing decides already.

    Examples
    --------
    >>> state = State()
    >>> state.codes["ana"] = (Code(1, 3_600_000, None, None),)
    >>> [(edge.turn.value, edge.reading_ms, edge.of) for edge in edges(state, Policy())]
    [('code_ends', 3600000, '1')]
    """
    yield from _of_codes(state, policy)
    yield from _of_locks(state)
    yield from _of_sessions(state, policy)
    yield from _of_approvals(state, policy)
    yield from _of_rates(state, policy)


def edges_ahead(state: State, policy: Policy, now_ms: int) -> set[int]:
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
        The edges of the state but those of sessions that are over already, and where the next
        window of the clock begins.

    Examples
    --------
    >>> state = State()
    >>> state.codes["ana"] = (Code(1, 3_600_000, None, None),)
    >>> edges_ahead(state, Policy(), 0)
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
        window_begins_ms(limit, window_of(limit, now_ms) + 1)
        for limit in policy.rates
        if limit.window == "clock_hour"
    )
    return ahead


def _of_codes(state: State, policy: Policy) -> Iterator[Edge]:
    for subject, codes in sorted(state.codes.items()):
        for code in codes:
            if code.ended is None:
                at_ms = ends_ms(code, policy)
                yield _edge((Turn.CODE_ENDS, at_ms, subject, str(code.ordinal), True))


def _of_locks(state: State) -> Iterator[Edge]:
    for (subject, path), guard in sorted(state.guards.items()):
        at_ms = lock_ends_ms(guard)
        if at_ms is not None:
            yield _edge((Turn.LOCK_ENDS, at_ms, subject, path, True))


def _of_sessions(state: State, policy: Policy) -> Iterator[Edge]:
    for person, session in sorted(state.sessions.items()):
        if session.ended is None:
            for turn, at_ms in session_ends_ms(session, policy):
                yield _edge((turn, at_ms, person, "", True))


def _of_approvals(state: State, policy: Policy) -> Iterator[Edge]:
    if not asks_for_approval(policy):
        return
    for subject, given in sorted(state.approvals.items()):
        for account, reading_ms in given:
            at_ms = approval_lapses_ms(reading_ms, policy)
            yield _edge((Turn.APPROVAL_LAPSES, at_ms, subject, account, True))


def _of_rates(state: State, policy: Policy) -> Iterator[Edge]:
    limits = {limit.name: limit for limit in policy.rates}
    for (name, counted_for), memory in sorted(state.rates.items()):
        if name in limits:
            for turn, at_ms, alone in window_edges(limits[name], memory):
                yield _edge((turn, at_ms, counted_for, name, alone))


# Codes


def expiry_ms(request: Request, now_ms: int) -> int:
    """Return the expiry of a code that a request for one gets at a reading."""
    return now_ms + (request.lifetime_ms or 0)


def life_ms(lifetime_ms: int, policy: Policy) -> int:
    """Return how long a code of some lifetime is live, if nothing ends it before."""
    return lifetime_ms + policy.clock.leeway_ms


def over_ms(expires_ms: int, policy: Policy) -> int:
    """Return the first reading at which a code of some expiry is over."""
    return expires_ms + policy.clock.leeway_ms


def ends_ms(code: Code, policy: Policy) -> int:
    """Return the first reading at which a code is over, if nothing ends it before."""
    return over_ms(code.expires_ms, policy)


def generated_ends_ms(request: Request, at_ms: int, policy: Policy) -> int:
    """Return when the code is over that a request got at some time, if nothing ends it before."""
    return over_ms(expiry_ms(request, at_ms), policy)


def is_live(code: Code, policy: Policy, now_ms: int) -> bool:
    """Whether a code has not ended and its end has not come, by a reading.

    Examples
    --------
    >>> code = Code(1, 3_600_000, None, None)
    >>> is_live(code, Policy(), 3_599_999), is_live(code, Policy(), 3_600_000)
    (True, False)
    """
    return code.ended is None and now_ms < ends_ms(code, policy)


def live_codes(
    codes: Iterable[Code], policy: Policy, now_ms: int, compare: Mapping[str, Compare]
) -> list[Code]:
    """Return the codes that a law holds for live: `is_live` with its comparison, for every request.

    The difference is taken on the side of the reading, once for all codes.
    """
    limit_ms = now_ms - policy.clock.leeway_ms
    holds = compare["code.live"]
    return [code for code in codes if code.ended is None and holds(limit_ms, code.expires_ms)]


# Sessions and locks


def session_ends_ms(session: Session, policy: Policy) -> Iterator[tuple[Turn, int]]:
    """Yield the readings from which on a session is over, each for a reason of its own.

    A knob that is off gives none. Whether the session has ended otherwise is not asked.
    """
    rules = policy.session
    if rules.max_ms is not None:
        yield Turn.SESSION_TOO_OLD, session.started_ms + rules.max_ms
    if rules.idle_ms is not None:
        yield Turn.SESSION_IDLE, session.latest_ms + rules.idle_ms
    if rules.ends_with_code and session.code_expires_ms is not None:
        yield Turn.SESSION_CODE_ENDS, over_ms(session.code_expires_ms, policy)


def unused_session_ms(policy: Policy) -> int | None:
    """Return how long a session lasts in which nothing is asked; None where it does not end.

    A code that the session ends with is not thought of.

    Examples
    --------
    >>> unused_session_ms(Policy().with_values({"session.max": 9_000, "session.idle": 4_000}))
    4000
    """
    begun = Session("", "", 0, 0, None, None, None)
    return min((at_ms for _, at_ms in session_ends_ms(begun, policy)), default=None)


def session_end(
    session: Session, policy: Policy, now_ms: int, compare: Mapping[str, Compare]
) -> SessionEnd | None:
    """Say what ended a session, by a reading and a law's comparisons; None while it holds.

    This is `session_ends_ms` written out, for every request: a property test holds it to that.
    """
    if session.ended is not None:
        return session.ended
    rules, passed = policy.session, compare["session.over"]
    if rules.max_ms is not None and passed(now_ms, session.started_ms + rules.max_ms):
        return SessionEnd.MAX
    if rules.idle_ms is not None and passed(now_ms, session.latest_ms + rules.idle_ms):
        return SessionEnd.IDLE
    if rules.ends_with_code and session.code_expires_ms is not None:
        end_ms = over_ms(session.code_expires_ms, policy)
        if not compare["code.live"](now_ms, end_ms):
            return SessionEnd.CODE_ENDED
    return None


def lock_ends_ms(guard: Guard) -> int | None:
    """Return the first reading at which a path is not locked any more; None without a lock."""
    return guard.locked_until_ms


def lock_until_ms(policy: Policy, now_ms: int) -> int:
    """Return the end of a lock that begins at a reading."""
    return now_ms + policy.lockout.for_ms


# Approvals and rate limits


def asks_for_approval(policy: Policy) -> bool:
    """Whether any subject needs an approval; else nothing turns when one lapses."""
    needed = policy.issuer.approvals
    return bool(needed.standard or needed.privileged)


def approval_lapses_ms(reading_ms: int, policy: Policy) -> int:
    """Return the first reading at which an approval of some reading counts no more."""
    return reading_ms + policy.issuer.approval_valid_ms


def window_edges(limit: RateLimit, memory: Memory) -> Iterator[tuple[Turn, int, bool]]:
    """Yield the edges of a rate limit's memory: what turns, when, and whether by itself."""
    if limit.window == "rolling":
        for place, reading_ms in enumerate(memory, limit.limit - len(memory)):
            # The one whose leaving makes room is `limit` from the end.
            yield Turn.GENERATION_LEAVES, leaves_ms(limit, reading_ms), place == 0
    elif limit.window == "clock_hour":
        for window, count in memory:
            full = count >= limit.limit
            if full:
                # Met by a node that is behind the one that filled it.
                yield Turn.WINDOW_BEGINS, window_begins_ms(limit, window), True
            yield Turn.WINDOW_ENDS, window_begins_ms(limit, window + 1), full
    elif memory:
        for tokens in range(1, limit.limit + 1):
            at_ms = token_ms(limit, memory, tokens)
            if at_ms is not None:
                yield Turn.TOKEN_COMES, at_ms, tokens == 1


def memory_ms(policy: Policy) -> int:
    """Return how long after the last request about somebody all that is known of them matters."""
    remembered = [limit.per_ms for limit in policy.rates]
    remembered += [policy.lockout.for_ms, policy.issuer.approval_valid_ms]
    return max(remembered) + life_ms(policy.lifetime.max_ms, policy)
