"""What must hold in every trace, whatever happened: each invariant is one small function.

They judge by true time and by what was recorded, not by what the law computed, so that they can
find a law, a policy or a clock at fault. A function answers None, or the `Breach` with the few
records that together show it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tvc.authority.authority import Record
from tvc.authority.edges import generated_ends_ms, lock_until_ms
from tvc.authority.policy import Policy, RateLimit
from tvc.authority.reasons import ABOUT, Reason
from tvc.authority.requests import SHAPES, Kind, Proof
from tvc.authority.state import Session
from tvc.authority.total import total
from tvc.domain.invariant_names import INVARIANT_NAMES, ON_REQUEST
from tvc.trace.trace import Trace


@dataclass(frozen=True, slots=True)
class Breach:
    """How an invariant was broken.

    Attributes
    ----------
    message
        What happened, in a sentence.
    records
        Sequence numbers of the records that show it, the decisive one last; empty when the
        trace as a whole does.
    """

    message: str
    records: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Life:
    """A generated code by true time: from its generation until its expiry, if nothing ends it."""

    born: Record
    ends_ms: int


def _allowed(record: Record, *kinds: Kind) -> bool:
    """Whether this is the own record of an allowed request of one of these kinds."""
    return (
        record.event is None
        and record.request is not None
        and record.decision is not None
        and record.decision.allowed
        and (not kinds or record.request.kind in kinds)
    )


def _lives(trace: Trace) -> Iterator[tuple[Record, dict[str, _Life]]]:
    """Yield each record with the codes not ended before it, by id."""
    lives: dict[str, _Life] = {}
    for record in trace.records:
        yield record, lives
        if record.type == "code.ended":
            lives.pop(record.code or "", None)
        elif _allowed(record, Kind.GENERATE) and record.request is not None:
            ends_ms = generated_ends_ms(record.request, record.at.true_ms, trace.policy)
            lives[record.code or ""] = _Life(record, ends_ms)


def _accepts_proof(record: Record) -> bool:
    """Whether what was presented was right, even where it was too weak for a step-up."""
    if record.request is None or record.request.kind not in (Kind.SIGN_IN, Kind.STEP_UP):
        return False
    return _allowed(record) or (record.event is None and record.reason is Reason.METHOD_TOO_WEAK)


def no_use_after_expiry(trace: Trace) -> Breach | None:
    """No code is accepted from its true generation plus lifetime plus leeway on."""
    for record, lives in _lives(trace):
        life = lives.get(record.code or "")
        if life and _accepts_proof(record) and record.at.true_ms >= life.ends_ms:
            late_ms = record.at.true_ms - life.ends_ms
            return Breach(
                f"{record.code} was accepted {late_ms} ms after its true expiry",
                (life.born.seq, record.seq),
            )
    return None


def at_most_per_user_live(trace: Trace) -> Breach | None:
    """A subject never has more live codes than the policy allows."""
    for record, lives in _lives(trace):
        if not _allowed(record, Kind.GENERATE):
            continue
        # Codes that this generation closes are recorded after it.
        closing = {event.code for event in (record.decision.events if record.decision else ())}
        live = [
            life.born.seq
            for life in lives.values()
            if life.born.subject == record.subject
            and life.ends_ms > record.at.true_ms
            and (life.born.decision is None or life.born.decision.code not in closing)
        ]
        if len(live) + 1 > trace.policy.code.per_user:
            return Breach(
                f"{record.subject} has {len(live) + 1} live codes; "
                f"the policy allows {trace.policy.code.per_user}",
                (*live, record.seq),
            )
    return None


def rate_limit_holds(trace: Trace) -> Breach | None:
    """No stretch of true time as long as a window holds more generations than its limit.

    Where the policy has rolling limits it is those that are held to this; the other windows let
    more through by design.
    """
    rates = trace.policy.rates
    for limit in [rate for rate in rates if rate.window == "rolling"] or rates:
        found = _over_limit(trace, limit)
        if found:
            return found
    return None


def _over_limit(trace: Trace, limit: RateLimit) -> Breach | None:
    generations: dict[str | None, list[Record]] = {}
    for record in trace.records:
        if _allowed(record, Kind.GENERATE):
            keys = {"subject": record.subject, "issuer": record.account}
            recent = generations.setdefault(keys.get(limit.scope), [])
            recent.append(record)
            first = recent[-limit.limit - 1] if len(recent) > limit.limit else None
            if first and record.at.true_ms - first.at.true_ms < limit.per_ms:
                stretch = tuple(one.seq for one in recent[-limit.limit - 1 :])
                return Breach(
                    f"{limit.limit + 1} generations within "
                    f"{record.at.true_ms - first.at.true_ms} ms; rates.{limit.name} allows "
                    f"{limit.limit} in {limit.per_ms} ms",
                    stretch,
                )
    return None


def code_outranks_methods(trace: Trace) -> Breach | None:
    """No method is accepted while a code is live, or pins its subject."""
    pins = trace.policy.sign_in.return_ == "on_expire_now"
    for record, lives in _lives(trace):
        request = record.request
        if request is None or request.method is None or request.sso or not _accepts_proof(record):
            continue
        account = trace.initial.accounts.get(record.subject or "")
        if account is None or (not account.mfa and request.kind is Kind.SIGN_IN):
            continue
        for code, life in lives.items():
            live = life.ends_ms > record.at.true_ms or pins
            if life.born.subject == record.subject and live:
                return Breach(
                    f"{request.method} was accepted while {code} was "
                    f"{'live' if life.ends_ms > record.at.true_ms else 'not closed'}",
                    (life.born.seq, record.seq),
                )
    return None


def no_generation_below_assurance(trace: Trace) -> Breach | None:
    """No code is generated through a session below the level that the policy asks for."""
    for record, state in trace.walk():
        if _allowed(record, Kind.GENERATE):
            session: Session | None = state.sessions.get(record.by or "")
            if session is None or session.level != "high":
                level = "no" if session is None else f"a {session.level}"
                return Breach(f"{record.code} was generated through {level} session", (record.seq,))
    return None


def inactive_users_get_nothing(trace: Trace) -> Breach | None:
    """No code for an inactive account, no sign-in to it, and nothing done as it."""
    for record, state in trace.walk():
        if not _allowed(record) or record.request is None:
            continue
        concerned = [record.account]
        if record.request.kind in (Kind.GENERATE, Kind.SIGN_IN):
            concerned.append(record.subject)
        for name in concerned:
            account = state.accounts.get(name or "")
            if account is not None and not account.active:
                return Breach(f"{record.type} for the inactive account {name}", (record.seq,))
    return None


def lockout_holds(trace: Trace) -> Breach | None:
    """While failures have a path locked, by true time, nothing on it is judged."""
    rules = trace.policy.lockout
    counts: dict[tuple[str | None, str], list[int]] = {}
    locks: dict[tuple[str | None, str], tuple[int, tuple[int, ...]]] = {}
    for record in trace.records:
        if record.event is not None or record.request is None:
            continue
        if record.request.kind is Kind.UNLOCK or _allowed(record, Kind.GENERATE):
            lifted = ("code", "methods") if record.request.kind is Kind.UNLOCK else ("code",)
            for path in lifted:
                counts.pop((record.subject, _path(path, rules.scope)), None)
                locks.pop((record.subject, _path(path, rules.scope)), None)
            continue
        judged = _judged_path(record, trace)
        if judged is None:
            continue
        key = (record.subject, _path(judged, rules.scope))
        until_ms, seqs = locks.get(key, (record.at.true_ms, ()))
        if record.at.true_ms < until_ms:
            left_ms = until_ms - record.at.true_ms
            return Breach(
                f"{record.subject}'s {key[1]} path was judged {left_ms} ms before its lock ended",
                (*seqs, record.seq),
            )
        if _accepts_proof(record):
            counts.pop(key, None)
        if record.reason is None or not ABOUT[record.reason].is_failure:
            continue
        failures = counts.setdefault(key, [])
        failures.append(record.seq)
        if len(failures) >= rules.failures:
            until_ms = lock_until_ms(trace.policy, record.at.true_ms)
            locks[key] = (until_ms, tuple(counts.pop(key)))
    return None


def _path(path: str, scope: str) -> str:
    return "user" if scope == "user" else path


def _judged_path(record: Record, trace: Trace) -> str | None:
    """Return the path on which something was judged; None where nothing was."""
    said = None if record.reason is None else ABOUT[record.reason].path
    if said is not None:
        return said
    request = record.request
    if request is None or request.sso or not _accepts_proof(record):
        return None
    account = trace.initial.accounts.get(record.subject or "")
    if account is None or (not account.mfa and request.kind is Kind.SIGN_IN):
        return None
    return "code" if request.matched is not None else "methods" if request.method else None


def secrets_stay_secret(trace: Trace) -> Breach | None:
    """No code that was drawn stands in any record or in the final state."""
    drawn = trace.drawn
    if not drawn:
        return None
    for record in trace.records:
        if not drawn.isdisjoint(_texts(record)):
            return Breach(f"{record.type} carries a code", (record.seq,))
    tables = (getattr(trace.final, table) for table in trace.final.__slots__)
    if any(not drawn.isdisjoint(_texts(tuple(table.items()))) for table in tables):
        return Breach("the state carries a code")
    return None


_LEAST_GLUED: Final = 6
_NOT_OF_A_WORD: Final = re.compile(r"[^0-9A-Za-z]+")


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - walks any value
    if isinstance(value, str):
        yield from (value, *value.split())
        # A code may be glued to other text; a short one cannot be told from any number there.
        yield from (part for part in _NOT_OF_A_WORD.split(value) if len(part) >= _LEAST_GLUED)
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, tuple | list | frozenset | set):
        for item in value:
            yield from _texts(item)


def every_code_ends_once(trace: Trace) -> Breach | None:
    """Generated codes are those live at the end plus those that ended, each once."""
    open_codes: dict[str, int] = {}
    for record in trace.records:
        code = record.code or ""
        if _allowed(record, Kind.GENERATE):
            open_codes[code] = record.seq
        elif record.type == "code.ended" and open_codes.pop(code, None) is None:
            return Breach(f"{code} ended without having been live", (record.seq,))
    live = {
        f"{subject}#{code.ordinal}"
        for subject, codes in trace.final.codes.items()
        for code in codes
        if code.ended is None
    }
    for code in sorted(live ^ set(open_codes)):
        return Breach(
            f"{code} is {'live' if code in live else 'gone'} at the end, which no record says",
            tuple(seq for seq in (open_codes.get(code),) if seq is not None),
        )
    return None


def every_change_is_audited(trace: Trace) -> Breach | None:
    """The state rebuilt from the records is the final one."""
    if trace.rebuilt() == trace.final:
        return None
    return Breach("the records do not add up to the final state")


def outsiders_stay_out(trace: Trace) -> Breach | None:
    """Nobody without an account signs in to one."""
    for record in trace.records:
        if _allowed(record, Kind.SIGN_IN) and trace.is_outsider(record.by):
            return Breach(f"{record.by} signed in to {record.subject}", (record.seq,))
    return None


def outsiders_issue_nothing(trace: Trace) -> Breach | None:
    """Nobody without an account generates a code."""
    entered: dict[str | None, int] = {}
    for record in trace.records:
        if not trace.is_outsider(record.by):
            continue
        if _allowed(record, Kind.SIGN_IN):
            entered[record.by] = record.seq
        elif _allowed(record, Kind.GENERATE):
            how = tuple(seq for seq in (entered.get(record.by),) if seq is not None)
            return Breach(
                f"{record.by} generated {record.code} as {record.account}", (*how, record.seq)
            )
    return None


def expire_now_evicts(trace: Trace) -> Breach | None:
    """From an Expire Now to the next generation nothing of an outsider works on the account."""
    expired: dict[str | None, int] = {}
    for record in trace.records:
        if _allowed(record) and trace.is_outsider(record.by):
            worked_on = _worked_on(record)
            if worked_on in expired:
                return Breach(
                    f"{record.by} still reached {worked_on} after its Expire Now",
                    (expired[worked_on], record.seq),
                )
        if _allowed(record, Kind.EXPIRE):
            expired[record.subject] = record.seq
        elif _allowed(record, Kind.GENERATE):
            expired.pop(record.subject, None)
    return None


def _worked_on(record: Record) -> str | None:
    """Return the account on which a session was used, or which a method opened."""
    request = record.request
    if request is None:
        return None
    if SHAPES[request.kind].by_session:
        return record.account
    # A stolen proof is nobody's enrolled method.
    own = request.method is not None and request.proof is not Proof.STOLEN
    return record.subject if own and request.kind is Kind.SIGN_IN else None


Check = Callable[[Trace], Breach | None]

#: Every invariant by name, in the order in which they are reported.
INVARIANTS: Final[dict[str, Check]] = total(
    INVARIANT_NAMES,
    {
        check.__name__: check
        for check in (
            no_use_after_expiry,
            at_most_per_user_live,
            rate_limit_holds,
            code_outranks_methods,
            no_generation_below_assurance,
            inactive_users_get_nothing,
            lockout_holds,
            secrets_stay_secret,
            every_code_ends_once,
            every_change_is_audited,
            outsiders_stay_out,
            outsiders_issue_nothing,
            expire_now_evicts,
        )
    },
)


def applicable(policy: Policy) -> tuple[str, ...]:
    """Return the names of the invariants that a policy makes true by itself.

    Examples
    --------
    >>> "code_outranks_methods" in applicable(Policy())
    True
    >>> either = Policy().with_values({"sign_in.precedence": "either"})
    >>> "code_outranks_methods" in applicable(either)
    False
    """
    not_true = set(ON_REQUEST)
    if policy.sign_in.precedence != "code_first":
        not_true.add("code_outranks_methods")
    if policy.issuer.assurance != "high":
        not_true.add("no_generation_below_assurance")
    if not any(limit.window == "rolling" for limit in policy.rates):
        not_true.add("rate_limit_holds")
    return tuple(name for name in INVARIANTS if name not in not_true)
