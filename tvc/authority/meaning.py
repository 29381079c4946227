"""The meaning of a state: what is left of it when all that can make no difference is gone.

Two states that mean the same have the same future: to any sequence of requests, at the same
times from now on, a policy gives the same answers in both. A search that visits states can visit
one of them for all. Instants become distances from now, codes are counted from the newest, and
what no node can see any more (an old failure lock, an approval that has lapsed, a generation
that has left its window) is forgotten.

Every table of the state, and every field of every value in one, has a row here that says what is
left of it. A field without a row fails when this module is imported: two states that differ in
it alone would count as one, although they decide differently.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, Final, get_args

from tvc.authority.edges import (
    approval_lapses_ms,
    asks_for_approval,
    ends_ms,
    lock_ends_ms,
    session_ends_ms,
)
from tvc.authority.policy import Policy, RateLimit, Window
from tvc.authority.rates import Memory, bucket_level, leaves_ms, window_begins_ms, window_of
from tvc.authority.state import TABLES, VALUES, Account, Code, Guard, Session, State, Table
from tvc.authority.total import total


def meaning(state: State, policy: Policy, now_ms: int, behind_ms: int = 0) -> Hashable:
    """Return a value that is equal for two states exactly when this says they mean the same.

    Parameters
    ----------
    state
        The state.
    policy
        The policy that goes on holding.
    now_ms
        The reading of the fastest clock.
    behind_ms
        How far another node's clock may be behind it, now and later; 0 with one clock.

    Returns
    -------
    hashable
        For sets and dictionaries; it has no other use.

    Notes
    -----
    The law must be one whose comparisons are the article's: a mutant that counts a lock one tick
    longer also remembers it one tick longer.

    Examples
    --------
    >>> from tvc.authority.state import Guard
    >>> early, late = State(), State()
    >>> early.guards["ana", "code"] = Guard(1, 5_000)
    >>> late.guards["ana", "code"] = Guard(1, 65_000)
    >>> meaning(early, Policy(), 4_000) == meaning(late, Policy(), 64_000)
    True
    """
    seen = _View(state, policy, now_ms, now_ms - behind_ms)
    return tuple(frozenset(left(seen)) for left in _TABLES.values())


class _View:
    """A state seen from now, by clocks of which the slowest reads `floor_ms`."""

    __slots__ = ("floor_ms", "now_ms", "policy", "state")

    def __init__(self, state: State, policy: Policy, now_ms: int, floor_ms: int) -> None:
        self.state = state
        self.policy = policy
        self.now_ms = now_ms
        self.floor_ms = floor_ms

    def ahead(self, instant_ms: int) -> int | None:
        """Return the distance to an instant; None when every clock has passed it."""
        return instant_ms - self.now_ms if instant_ms > self.floor_ms else None

    def rank(self, account: str, ordinal: int) -> int:
        """Return a code's place, counted from the newest of the account."""
        return self.state.issued.get(account, 0) - ordinal


# What is left of the values, field by field

#: What is left of a value that belongs to somebody.
Left = Callable[[_View, str, Any], Hashable]


def _left(kind: type[Any], kept: tuple[str, ...], told: Mapping[tuple[str, ...], Left]) -> Left:
    """Say what is left of a kind of value.

    Parameters
    ----------
    kind
        The named tuple.
    kept
        Fields that are kept as they are.
    told
        By the other fields, what is left of them.
    """
    others = [field for fields in told for field in fields]
    total(kind._fields, dict.fromkeys((*kept, *others)))
    parts = tuple(told.values())
    if not told:
        return lambda _seen, _owner, value: value
    if not kept:
        return lambda seen, owner, value: tuple([part(seen, owner, value) for part in parts])
    whole = attrgetter(*kept)
    return lambda seen, owner, value: (whole(value), *[part(seen, owner, value) for part in parts])


def _session_ends(seen: _View, _person: str, session: Session) -> tuple[int | None, ...]:
    return tuple([seen.ahead(at_ms) for _, at_ms in session_ends_ms(session, seen.policy)])


def _tie(seen: _View, _person: str, session: Session) -> int | None:
    """Return which code can still take the session with it, counted from the newest."""
    tied = seen.policy.session.ends_with_code or seen.policy.expire.ends_sessions
    codes = seen.state.codes.get(session.account, ())
    if tied and any(code.ended is None and code.ordinal == session.code for code in codes):
        return seen.rank(session.account, session.code or 0)
    return None


def _rank(seen: _View, account: str, code: Code) -> int:
    return seen.rank(account, code.ordinal)


def _code_end(seen: _View, _account: str, code: Code) -> Hashable:
    return seen.ahead(ends_ms(code, seen.policy)) if code.ended is None else code.ended


def _uses_left(_seen: _View, _account: str, code: Code) -> int | None:
    return code.uses_left if code.ended is None else None


def _lock(seen: _View, _account: str, guard: Guard) -> int | None:
    at_ms = lock_ends_ms(guard)
    return None if at_ms is None else seen.ahead(at_ms)


_VALUES: Final[Mapping[type[Any], Left]] = total(
    VALUES,
    {
        Account: _left(
            Account,
            ("permissions", "tier", "mfa", "active", "frozen", "methods", "known_to"),
            {},
        ),
        Session: _left(
            Session,
            ("account", "level", "ended"),
            {("started_ms", "latest_ms", "code_expires_ms"): _session_ends, ("code",): _tie},
        ),
        Code: _left(
            Code,
            (),
            {("ordinal",): _rank, ("expires_ms", "ended"): _code_end, ("uses_left",): _uses_left},
        ),
        Guard: _left(Guard, ("failures",), {("locked_until_ms",): _lock}),
    },
)


# What is left of the tables


def _accounts(seen: _View) -> Iterator[Hashable]:
    left = _VALUES[Account]
    for name, account in seen.state.accounts.items():
        yield name, left(seen, name, account)


def _lost(seen: _View) -> Iterable[Hashable]:
    return seen.state.lost


def _sessions(seen: _View) -> Iterator[Hashable]:
    """Yield the sessions; one that is over for every clock is just over."""
    left = _VALUES[Session]
    for person, session in seen.state.sessions.items():
        over = session.ended is not None or None in _session_ends(seen, person, session)
        yield person, "over" if over else left(seen, person, session)


def _codes(seen: _View) -> Iterator[Hashable]:
    left = _VALUES[Code]
    for account, codes in seen.state.codes.items():
        yield account, tuple([left(seen, account, code) for code in codes])


def _guards(seen: _View) -> Iterator[Hashable]:
    """Yield counters that count something and locks that some clock has not passed."""
    left = _VALUES[Guard]
    for key, guard in seen.state.guards.items():
        if guard.failures or _lock(seen, key[0], guard) is not None:
            yield key, left(seen, key[0], guard)


def _approvals(seen: _View) -> Iterator[Hashable]:
    """Yield approvals that still count, where the policy asks for any."""
    if not asks_for_approval(seen.policy):
        return
    for subject, given in seen.state.approvals.items():
        for account, reading_ms in given:
            ahead_ms = seen.ahead(approval_lapses_ms(reading_ms, seen.policy))
            if ahead_ms is not None:
                yield subject, account, ahead_ms


def _rates(seen: _View) -> Iterator[Hashable]:
    """Yield what each limit still remembers, and where clock windows stand."""
    limits = {limit.name: limit for limit in seen.policy.rates}
    for limit in limits.values():
        if limit.window == "clock_hour":
            here_ms = window_begins_ms(limit, window_of(limit, seen.now_ms))
            yield limit.name, seen.now_ms - here_ms
    for (name, counted_for), memory in seen.state.rates.items():
        limit = limits[name]
        kept = _REMEMBERED[limit.window](seen, limit, memory)
        if kept:
            yield name, counted_for, kept


def _rolling(seen: _View, limit: RateLimit, memory: Memory) -> tuple[Any, ...]:
    ahead = (seen.ahead(leaves_ms(limit, reading_ms)) for reading_ms in memory)
    return tuple(distance for distance in ahead if distance is not None)


def _clock_hour(seen: _View, limit: RateLimit, memory: Memory) -> tuple[Any, ...]:
    here, oldest = window_of(limit, seen.now_ms), window_of(limit, seen.floor_ms)
    return tuple((window - here, count) for window, count in memory if window >= oldest)


def _bucket(seen: _View, limit: RateLimit, memory: Memory) -> tuple[Any, ...]:
    units, reading_ms = bucket_level(limit, memory, seen.floor_ms)
    if units == limit.limit * limit.per_ms and reading_ms == seen.floor_ms:
        return ()
    return units, reading_ms - seen.now_ms


_REMEMBERED: Final[Mapping[str, Callable[[_View, RateLimit, Memory], tuple[Any, ...]]]] = total(
    get_args(Window), {"rolling": _rolling, "clock_hour": _clock_hour, "bucket": _bucket}
)


def _told_elsewhere(_seen: _View) -> Iterable[Hashable]:
    return ()


_TABLES: Final[Mapping[Table, Callable[[_View], Iterable[Hashable]]]] = total(
    TABLES,
    {
        "accounts": _accounts,
        "lost": _lost,
        "sessions": _sessions,
        "guests": _told_elsewhere,  # an index into sessions
        "codes": _codes,
        "issued": _told_elsewhere,  # codes count from the newest
        "guards": _guards,
        "approvals": _approvals,
        "rates": _rates,
    },
)
