"""Monitors: what an invariant has to remember of the past, and no more.

An exhaustive search merges histories that have the same future. For that it must know what the
invariant itself could still look at: a few records of the past and their distance from now. The
verdict is always that of the invariant, given those records and the latest ones.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Final

from tvc.authority.authority import Record
from tvc.authority.edges import generated_ends_ms
from tvc.authority.policy import Policy, RateLimit
from tvc.authority.rates import leaves_ms
from tvc.authority.requests import Kind
from tvc.authority.state import State
from tvc.authority.total import total
from tvc.trace.invariants import INVARIANTS

Records = tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Monitor:
    """What an invariant remembers.

    Attributes
    ----------
    keep
        From all records remembered so far, and the latest ones, to those that still matter at a
        true time.
    key
        What is left of the remembered records when equal futures shall look equal.
    thresholds
        True times after which the invariant would judge differently.
    """

    keep: Callable[[Records, Policy, int], Records]
    key: Callable[[Records, State, Policy, int], Hashable]
    thresholds: Callable[[Records, Policy], Iterator[int]]


def _allowed(record: Record, kind: Kind) -> bool:
    return (
        record.event is None
        and record.request is not None
        and record.request.kind is kind
        and record.decision is not None
        and record.decision.allowed
    )


# Invariants that look at one step alone


def _keep_nothing(_records: Records, _policy: Policy, _now_ms: int) -> Records:
    return ()


def _no_key(_records: Records, _state: State, _policy: Policy, _now_ms: int) -> Hashable:
    return None


def _no_thresholds(_records: Records, _policy: Policy) -> Iterator[int]:
    return iter(())


_NOTHING: Final = Monitor(_keep_nothing, _no_key, _no_thresholds)


# Codes that nothing has ended, by true time


def _keep_codes(records: Records, _policy: Policy, _now_ms: int) -> Records:
    kept: dict[str | None, Record] = {}
    for record in records:
        if record.type == "code.ended":
            kept.pop(record.code, None)
        elif _allowed(record, Kind.GENERATE):
            kept[record.code] = record
    return tuple(kept.values())


def _code_end_ms(record: Record, policy: Policy) -> int:
    at_ms, request = record.at.true_ms, record.request
    return at_ms if request is None else generated_ends_ms(request, at_ms, policy)


def _code_key(records: Records, state: State, policy: Policy, now_ms: int) -> Hashable:
    found = set()
    for record in records:
        subject = record.subject or ""
        ordinal = (record.decision and record.decision.code) or 0
        left_ms = max(0, _code_end_ms(record, policy) - now_ms)
        found.add((subject, state.issued.get(subject, 0) - ordinal, left_ms))
    return frozenset(found)


def _code_thresholds(records: Records, policy: Policy) -> Iterator[int]:
    return (_code_end_ms(record, policy) for record in records)


_CODES: Final = Monitor(_keep_codes, _code_key, _code_thresholds)


# Generations within a window, by true time


def _held(policy: Policy) -> list[RateLimit]:
    """Return the limits that `rate_limit_holds` looks at."""
    return [limit for limit in policy.rates if limit.window == "rolling"] or list(policy.rates)


def _keep_recent(records: Records, policy: Policy, now_ms: int) -> Records:
    longest_ms = max((limit.per_ms for limit in _held(policy)), default=0)
    return tuple(
        record
        for record in records
        if _allowed(record, Kind.GENERATE) and now_ms - record.at.true_ms < longest_ms
    )


def _recent_key(records: Records, _state: State, _policy: Policy, now_ms: int) -> Hashable:
    return tuple((record.subject, record.account, now_ms - record.at.true_ms) for record in records)


def _recent_thresholds(records: Records, policy: Policy) -> Iterator[int]:
    for record in records:
        for limit in _held(policy):
            yield leaves_ms(limit, record.at.true_ms)


_RECENT: Final = Monitor(_keep_recent, _recent_key, _recent_thresholds)


# Accounts whose code was expired and that have no new one


def _keep_expired(records: Records, _policy: Policy, _now_ms: int) -> Records:
    kept: dict[str | None, Record] = {}
    for record in records:
        if _allowed(record, Kind.EXPIRE):
            kept[record.subject] = record
        elif _allowed(record, Kind.GENERATE):
            kept.pop(record.subject, None)
    return tuple(kept.values())


def _expired_key(records: Records, _state: State, _policy: Policy, _now_ms: int) -> Hashable:
    return frozenset(record.subject for record in records)


_EXPIRED: Final = Monitor(_keep_expired, _expired_key, _no_thresholds)

#: What each invariant remembers; None for those that cannot be searched exhaustively.
#: `lockout_holds` would have to remember every failure, and no search draws the secrets of
#: `secrets_stay_secret`.
_MONITORS: Final[dict[str, Monitor | None]] = total(
    INVARIANTS,
    {
        "no_use_after_expiry": _CODES,
        "at_most_per_user_live": _CODES,
        "rate_limit_holds": _RECENT,
        "code_outranks_methods": _CODES,
        "no_generation_below_assurance": _NOTHING,
        "inactive_users_get_nothing": _NOTHING,
        "lockout_holds": None,
        "secrets_stay_secret": None,
        "every_code_ends_once": _CODES,
        "every_change_is_audited": _NOTHING,
        "outsiders_stay_out": _NOTHING,
        "outsiders_issue_nothing": _NOTHING,
        "expire_now_evicts": _EXPIRED,
    },
)
#: The invariants that can be searched exhaustively.
MONITORS: Final = {name: one for name, one in _MONITORS.items() if one is not None}
