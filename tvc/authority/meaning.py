"""The meaning of a state: what is left of it when all that can make no difference is gone.

Two states that mean the same have the same future: to any sequence of requests, at the same
times from now on, a policy gives the same answers in both. A search that visits states can visit
one of them for all. Instants become distances from now, codes are counted from the newest, and
what no node can see any more (an old failure lock, an approval that has lapsed, a generation
that has left its window) is forgotten.
"""

from collections.abc import Hashable, Iterator
from typing import Any

from tvc.authority.policy import Policy, RateLimit
from tvc.authority.rates import bucket_level
from tvc.authority.state import Code, Session, State


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
    return (
        frozenset(state.accounts.items()),
        frozenset(state.lost),
        frozenset((person, seen.session(one)) for person, one in state.sessions.items()),
        frozenset((name, seen.codes(name, codes)) for name, codes in state.codes.items()),
        frozenset(seen.guards()),
        frozenset(seen.approvals()),
        frozenset(seen.rates()),
    )


class _View:
    """A state seen from now, by clocks of which the slowest reads `floor_ms`."""

    def __init__(self, state: State, policy: Policy, now_ms: int, floor_ms: int) -> None:
        self.state = state
        self.policy = policy
        self.now_ms = now_ms
        self.floor_ms = floor_ms

    def ahead(self, instant_ms: int) -> int | None:
        """Return the distance to an instant; None when every clock has passed it."""
        return instant_ms - self.now_ms if instant_ms > self.floor_ms else None

    def session(self, session: Session) -> Hashable:
        """Return what matters of a session; one that is over for every clock is just over."""
        rules, leeway_ms = self.policy.session, self.policy.clock.leeway_ms
        ends: list[int] = []
        if rules.max_ms is not None:
            ends.append(session.started_ms + rules.max_ms)
        if rules.idle_ms is not None:
            ends.append(session.latest_ms + rules.idle_ms)
        if rules.ends_with_code and session.code_expires_ms is not None:
            ends.append(session.code_expires_ms + leeway_ms)
        if session.ended is not None or any(end_ms <= self.floor_ms for end_ms in ends):
            return "over"
        return session.account, session.level, tuple(map(self.ahead, ends)), self._tie(session)

    def _tie(self, session: Session) -> int | None:
        """Return which code can still take the session with it, counted from the newest."""
        tied = self.policy.session.ends_with_code or self.policy.expire.ends_sessions
        codes = self.state.codes.get(session.account, ())
        if tied and any(code.ended is None and code.ordinal == session.code for code in codes):
            return self._rank(session.account, session.code or 0)
        return None

    def _rank(self, account: str, ordinal: int) -> int:
        return self.state.issued.get(account, 0) - ordinal

    def codes(self, account: str, codes: tuple[Code, ...]) -> Hashable:
        """Return each code's place from the newest, its distance to its end, and its uses."""
        leeway_ms = self.policy.clock.leeway_ms
        return tuple(
            (self._rank(account, code.ordinal), code.ended)
            if code.ended is not None
            else (
                self._rank(account, code.ordinal),
                self.ahead(code.expires_ms + leeway_ms),
                code.uses_left,
            )
            for code in codes
        )

    def guards(self) -> Iterator[Hashable]:
        """Yield counters that count something and locks that some clock has not passed."""
        for key, guard in self.state.guards.items():
            lock = None if guard.locked_until_ms is None else self.ahead(guard.locked_until_ms)
            if guard.failures or lock is not None:
                yield key, guard.failures, lock

    def approvals(self) -> Iterator[Hashable]:
        """Yield approvals that still count, where the policy asks for any."""
        needed = self.policy.issuer.approvals
        if not (needed.standard or needed.privileged):
            return
        valid_ms = self.policy.issuer.approval_valid_ms
        for subject, given in self.state.approvals.items():
            for account, reading_ms in given:
                ahead_ms = self.ahead(reading_ms + valid_ms)
                if ahead_ms is not None:
                    yield subject, account, ahead_ms

    def rates(self) -> Iterator[Hashable]:
        """Yield what each limit still remembers, and where clock windows stand."""
        limits = {limit.name: limit for limit in self.policy.rates}
        for limit in limits.values():
            if limit.window == "clock_hour":
                yield limit.name, self.now_ms % limit.per_ms
        for (name, counted_for), memory in self.state.rates.items():
            limit = limits[name]
            kept = _REMEMBERED[limit.window](self, limit, memory)
            if kept:
                yield name, counted_for, kept

    def _rolling(self, limit: RateLimit, memory: tuple[Any, ...]) -> tuple[Any, ...]:
        ahead = (self.ahead(reading_ms + limit.per_ms) for reading_ms in memory)
        return tuple(distance for distance in ahead if distance is not None)

    def _clock_hour(self, limit: RateLimit, memory: tuple[Any, ...]) -> tuple[Any, ...]:
        here, oldest = self.now_ms // limit.per_ms, self.floor_ms // limit.per_ms
        return tuple((window - here, count) for window, count in memory if window >= oldest)

    def _bucket(self, limit: RateLimit, memory: tuple[Any, ...]) -> tuple[Any, ...]:
        units, reading_ms = bucket_level(limit, memory, self.floor_ms)
        if units == limit.limit * limit.per_ms and reading_ms == self.floor_ms:
            return ()
        return units, reading_ms - self.now_ms


_REMEMBERED = {
    "rolling": _View._rolling,
    "clock_hour": _View._clock_hour,
    "bucket": _View._bucket,
}
