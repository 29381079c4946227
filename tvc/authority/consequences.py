"""What an allowed request brings about, in order, as effects on the state.

The rules say whether; these say what then. Like the rules they are rows of the law, so that a
law without one of them is a value, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tvc.authority import rates
from tvc.authority.checks.generating import rate_key
from tvc.authority.context import Context, Event
from tvc.authority.edges import ends_ms, expiry_ms
from tvc.authority.requests import Kind, Method
from tvc.authority.state import Account, Code, CodeEnd, Put, Session, SessionEnd
from tvc.authority.total import total
from tvc.authority.tuples import builder


@dataclass(frozen=True, slots=True)
class Consequence:
    """One thing that follows when a request is allowed.

    Attributes
    ----------
    id
        ``<request>.<what>``.
    follow
        The function that puts the effects.
    """

    id: str
    follow: Callable[[Context], None]


# Looking a member up in an enumeration is a function call, which a sign-in can do without.
_REPLACED: Final = SessionEnd.REPLACED
_session: Final = builder(Session)


# A generation


def close_codes(c: Context) -> None:
    """Close codes past their end as lapsed and, under ``replace``, the oldest live ones."""
    causes = {code.ordinal: CodeEnd.LAPSED for code in _unended(c) if code not in c.live}
    surplus = len(c.live) - c.policy.code.per_user + 1
    if c.policy.code.on_live == "replace" and surplus > 0:
        causes |= {code.ordinal: CodeEnd.REPLACED for code in c.live[:surplus]}
    c.end_codes(causes)


def issue_code(c: Context) -> None:
    """Give the subject a code, numbered after the last."""
    subject = c.subject or ""
    ordinal = c.state.issued.get(subject, 0) + 1
    code = Code(ordinal, expiry_ms(c.request, c.now_ms), c.policy.code.uses, None)
    kept = next((e.value for e in reversed(c.effects) if e.table == "codes"), c.codes)
    c.put("issued", subject, ordinal)
    c.put("codes", subject, (*kept, code))
    c.code = code


def lift_code_lock(c: Context) -> None:
    """Set the failure counter for codes to zero and lift its lock."""
    key = c.guard_key("code")
    if key in c.state.guards:
        c.put("guards", key, None)


def use_up_approvals(c: Context) -> None:
    """Let every approval of the subject be used up."""
    if c.subject in c.state.approvals:
        c.put("approvals", c.subject, None)


def count_generation(c: Context) -> None:
    """Count the generation for every rate limit."""
    for limit in c.policy.rates:
        key = rate_key(c, limit)
        c.put("rates", key, rates.remember(limit, c.state.rates.get(key, ()), c.now_ms))


# Ends of codes


def _unended(c: Context) -> list[Code]:
    return [code for code in c.codes if code.ended is None]


def _end_all(c: Context) -> dict[int, CodeEnd]:
    causes = {
        code.ordinal: CodeEnd.REVOKED if code in c.live else CodeEnd.LAPSED for code in _unended(c)
    }
    c.end_codes(causes)
    return causes


def expire_codes(c: Context) -> None:
    """End every code of the subject that has not ended, which also brings the methods back."""
    # Sessions go first: the cause that audit gives is the Expire Now, not the end of the code.
    if c.policy.expire.ends_sessions:
        c.end_sessions(SessionEnd.EXPIRE_NOW, {code.ordinal for code in _unended(c)})
    _end_all(c)


def _revoke_live(c: Context) -> None:
    c.end_codes({code.ordinal: CodeEnd.REVOKED for code in c.live})


def end_codes_on_method_sign_in(c: Context) -> None:
    """Revoke live codes after a sign-in by a method, where the policy says so."""
    by_method = c.level is None and c.request.matched is None
    if by_method and "method_sign_in" in c.policy.code.ends_on:
        _revoke_live(c)


def end_codes_on_enroll(c: Context) -> None:
    """Revoke live codes after an enrolment, where the policy says so."""
    if "enroll" in c.policy.code.ends_on:
        _revoke_live(c)


# Sessions


def open_session(c: Context) -> None:
    """Give the person a session on the account in place of any they had."""
    person, subject = c.request.by, c.subject or ""
    c.leave_session(_REPLACED)
    ordinal, expires_ms = (None, None) if c.code is None else (c.code.ordinal, c.code.expires_ms)
    level = c.level or c.presented_level
    session = _session((subject, level, c.now_ms, c.now_ms, ordinal, expires_ms, None))
    c.put("sessions", person, session)
    c.level = level
    if subject != person:
        guests = set(c.state.guests.get(subject, ())) | {person}
        c.put("guests", subject, tuple(sorted(guests)))


def raise_session(c: Context) -> None:
    """Raise the person's session to high."""
    if c.session is not None:
        c.put("sessions", c.request.by, c.session._replace(level="high"))


def close_session(c: Context) -> None:
    """End the person's session at their own wish."""
    c.leave_session(SessionEnd.SIGNED_OUT)
    c.put("sessions", c.request.by, None)


# What is told


def tell_status(c: Context) -> None:
    """Tell until when the subject has a live code, and never the code."""
    c.live_until_ms = max((ends_ms(code, c.policy) for code in c.live), default=None)


# Accounts


def _change(c: Context, account: Account) -> None:
    if c.subject in c.state.accounts:
        c.put("accounts", c.subject, account)


def add_method(c: Context) -> None:
    """Make the person a holder of the method on the account they act as."""
    method, person = c.request.method, c.request.by
    if method is None:
        return
    if c.account.holders(method):
        methods = tuple(
            (enrolled, holders | {person} if enrolled is method else holders)
            for enrolled, holders in c.account.methods
        )
    else:
        methods = (*c.account.methods, (Method(method), frozenset({person})))
    _change(c, c.account._replace(methods=methods))


def remove_method(c: Context) -> None:
    """Remove the method for all its holders."""
    rest = tuple(item for item in c.account.methods if item[0] is not c.request.method)
    _change(c, c.account._replace(methods=rest))


def remember_approval(c: Context) -> None:
    """Keep the newest reading of the acting account's approval of the subject."""
    approver = c.acting or ""
    given = dict(c.state.approvals.get(c.subject or "", ()))
    given[approver] = max(c.now_ms, given.get(approver, c.now_ms))
    c.put("approvals", c.subject, tuple(sorted(given.items())))


def tell_password(c: Context) -> None:
    """Make one person the only one who knows the account's password."""
    _change(c, c.account._replace(known_to=frozenset({c.request.given_to or c.subject or ""})))


def deactivate(c: Context) -> None:
    """Deactivate the account: its sessions and codes end."""
    _change(c, c.account._replace(active=False))
    c.end_sessions(SessionEnd.DEACTIVATED)
    _end_all(c)


def activate(c: Context) -> None:
    """Activate the account."""
    _change(c, c.account._replace(active=True))


def freeze(c: Context) -> None:
    """Freeze the account: its sessions end."""
    _change(c, c.account._replace(frozen=True))
    c.end_sessions(SessionEnd.FROZEN)


def unfreeze(c: Context) -> None:
    """Unfreeze the account."""
    _change(c, c.account._replace(frozen=False))


def unlock(c: Context) -> None:
    """Clear the failure counters and locks of the account."""
    for path in ("methods", "code", "user"):
        if (c.subject or "", path) in c.state.guards:
            c.put("guards", (c.subject or "", path), None)


def lose_device(c: Context) -> None:
    """Let the person be without the device that carries their methods."""
    c.put("lost", c.request.by, True)


def find_device(c: Context) -> None:
    """Give the person their device back."""
    c.put("lost", c.request.by, None)


#: What follows each allowed request, in order.
CONSEQUENCES: Final[dict[Kind, tuple[Consequence, ...]]] = total(
    Kind,
    {
        Kind.GENERATE: (
            Consequence("generate.close_codes", close_codes),
            Consequence("generate.issue_code", issue_code),
            Consequence("generate.lift_code_lock", lift_code_lock),
            Consequence("generate.use_up_approvals", use_up_approvals),
            Consequence("generate.count", count_generation),
        ),
        Kind.EXPIRE: (Consequence("expire.end_codes", expire_codes),),
        Kind.SIGN_IN: (
            Consequence("sign_in.end_codes", end_codes_on_method_sign_in),
            Consequence("sign_in.open_session", open_session),
        ),
        Kind.STEP_UP: (Consequence("step_up.raise_session", raise_session),),
        Kind.USE: (),
        Kind.STATUS: (Consequence("status.tell", tell_status),),
        Kind.REVEAL: (),
        Kind.ENROLL: (
            Consequence("enroll.add_method", add_method),
            Consequence("enroll.end_codes", end_codes_on_enroll),
        ),
        Kind.REMOVE_METHOD: (Consequence("remove_method.remove", remove_method),),
        Kind.APPROVE: (Consequence("approve.remember", remember_approval),),
        Kind.RESET_PASSWORD: (Consequence("reset_password.tell", tell_password),),
        Kind.SIGN_OUT: (Consequence("sign_out.close_session", close_session),),
        Kind.LOSE_DEVICE: (Consequence("lose_device.lose", lose_device),),
        Kind.FIND_DEVICE: (Consequence("find_device.find", find_device),),
        Kind.ACTIVATE: (Consequence("activate.activate", activate),),
        Kind.DEACTIVATE: (Consequence("deactivate.deactivate", deactivate),),
        Kind.FREEZE: (Consequence("freeze.freeze", freeze),),
        Kind.UNFREEZE: (Consequence("unfreeze.unfreeze", unfreeze),),
        Kind.UNLOCK: (Consequence("unlock.clear", unlock),),
    },
)


def lapse_codes(c: Context) -> tuple[tuple[Put, ...], tuple[Event, ...]]:
    """Close, at the end of a run, the subject's codes whose end has passed."""
    c.end_codes({code.ordinal: CodeEnd.LAPSED for code in _unended(c) if code not in c.live})
    return tuple(c.effects), c.ended_codes + c.ended_sessions
