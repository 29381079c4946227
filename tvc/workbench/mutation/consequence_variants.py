"""Consequences that are wrong in one way: a lock that is not lifted, a code that is not closed.

As with the rules, a variant makes the consequence from the one of the law; dropping one needs no
code of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tvc.authority.consequences import Consequence
from tvc.authority.context import Context
from tvc.authority.state import Code, CodeEnd, Guard, Put, Session, SessionEnd
from tvc.workbench.mutation.editing import Edit, Follow, edit_since, without
from tvc.workbench.mutation.equivalence import (
    APPROVALS,
    EXPIRE_ENDS_SESSIONS,
    MAX_ENDS,
    PER_PATH,
    REPLACE,
    REPLACE_SOME,
    SESSIONS_TIED,
    SEVERAL_CODES,
    SEVERAL_RATES,
    SHARED,
    USES,
    Condition,
)


@dataclass(frozen=True, slots=True)
class ConsequenceVariant:
    """A consequence that is wrong in one way; see `RuleVariant`."""

    about: str
    says: str
    make: Callable[[Follow], Follow]
    matters: Condition | None = None

    def of(self, consequence: Consequence) -> Consequence:
        """Return the consequence, wrong."""
        return Consequence(consequence.id, self.make(consequence.follow))


def _followed(edit: Edit) -> Callable[[Follow], Follow]:
    """Edit what a consequence puts."""

    def make(original: Follow) -> Follow:
        def follow(c: Context) -> None:
            before = len(c.effects)
            original(c)
            edit_since(c, before, edit)

        return follow

    return make


def _rather(follow: Follow) -> Callable[[Follow], Follow]:
    return lambda _: follow


def _unended(c: Context) -> list[Code]:
    return [code for code in c.codes if code.ended is None]


def _close_lapsed(c: Context) -> None:
    c.end_codes({code.ordinal: CodeEnd.LAPSED for code in _unended(c) if code not in c.live})


def _close_all(c: Context) -> None:
    """Close the codes that are live, too, even if the subject may have more."""
    cause = CodeEnd.REPLACED
    causes = {one.ordinal: cause if one in c.live else CodeEnd.LAPSED for one in _unended(c)}
    c.end_codes(causes)


def _replace_newest(c: Context) -> None:
    causes = {code.ordinal: CodeEnd.LAPSED for code in _unended(c) if code not in c.live}
    surplus = len(c.live) - c.policy.code.per_user + 1
    if c.policy.code.on_live == "replace" and surplus > 0:
        causes |= {code.ordinal: CodeEnd.REPLACED for code in c.live[-surplus:]}
    c.end_codes(causes)


def _only_replace(c: Context) -> None:
    surplus = len(c.live) - c.policy.code.per_user + 1
    if c.policy.code.on_live == "replace" and surplus > 0:
        c.end_codes({code.ordinal: CodeEnd.REPLACED for code in c.live[:surplus]})


def _unlimited_uses(_: Context, put: Put) -> Put:
    if put.table == "codes":
        codes: tuple[Code, ...] = put.value
        return put._replace(value=(*codes[:-1], codes[-1]._replace(uses_left=None)))
    return put


def _longest_life(c: Context, put: Put) -> Put:
    if put.table == "codes":
        codes: tuple[Code, ...] = put.value
        end_ms = c.now_ms + c.policy.lifetime.max_ms
        return put._replace(value=(*codes[:-1], codes[-1]._replace(expires_ms=end_ms)))
    return put


def _lift_both_locks(original: Follow) -> Follow:
    def follow(c: Context) -> None:
        original(c)
        if c.guard("methods") is not None:
            c.put("guards", c.guard_key("methods"), None)

    return follow


def _keep_lock(c: Context, put: Put) -> Put | None:
    """Set the counter to zero without lifting the lock."""
    guard: Guard | None = c.state.guards.get(put.key)
    if guard is None or guard.locked_until_ms is None:
        return put
    return put._replace(value=Guard(0, guard.locked_until_ms))


def _keep_counter(c: Context, put: Put) -> Put | None:
    """Lift the lock without setting the counter to zero."""
    guard: Guard | None = c.state.guards.get(put.key)
    if guard is None or not guard.failures:
        return put
    return put._replace(value=Guard(guard.failures, None))


def _first_limit_only(c: Context, put: Put) -> Put | None:
    return put if c.policy.rates and put.key[0] == c.policy.rates[0].name else None


def _expire_with(
    cause: CodeEnd, *, live_only: bool = False, all_sessions: bool = False
) -> Callable[[Follow], Follow]:
    """Expire as the law does, with another cause, fewer codes or more sessions."""

    def follow(c: Context) -> None:
        codes = [code for code in _unended(c) if code in c.live or not live_only]
        if c.policy.expire.ends_sessions:
            tied = None if all_sessions else {code.ordinal for code in codes}
            c.end_sessions(SessionEnd.EXPIRE_NOW, tied)
        live = CodeEnd.REVOKED
        c.end_codes({code.ordinal: live if code in c.live else cause for code in codes})

    return _rather(follow)


def _untied(_: Context, put: Put) -> Put:
    if put.table == "sessions":
        return put._replace(value=put.value._replace(code=None, code_expires_ms=None))
    return put


def _restarted(c: Context, put: Put) -> Put:
    return put._replace(value=put.value._replace(started_ms=c.now_ms))


def _tied_to_code(c: Context, put: Put) -> Put:
    if c.code is None:
        return put
    tied: Session = put.value
    return put._replace(value=tied._replace(code=c.code.ordinal, code_expires_ms=c.code.expires_ms))


def _sessions_stay(original: Follow) -> Follow:
    """Do as the law does, but let the sessions on the account be."""

    def follow(c: Context) -> None:
        before = len(c.effects)
        original(c)
        edit_since(c, before, without("sessions"))
        c.ended_sessions = ()

    return follow


def _codes_stay(original: Follow) -> Follow:
    def follow(c: Context) -> None:
        before = len(c.effects)
        original(c)
        edit_since(c, before, without("codes"))
        c.ended_codes = ()

    return follow


def _one_path_stays(path: str) -> Callable[[Follow], Follow]:
    return _followed(lambda _, put: None if put.key[1] == path else put)


def _keep_oldest_reading(c: Context, put: Put) -> Put:
    known = dict(c.state.approvals.get(c.subject or "", ()))
    return put._replace(value=tuple(sorted({**dict(put.value), **known}.items())))


def _others_still_know(c: Context, put: Put) -> Put:
    known = put.value.known_to | c.account.known_to
    return put._replace(value=put.value._replace(known_to=known))


def _only_holder(c: Context, put: Put) -> Put:
    """Let the person hold the method in place of those who did."""
    methods = tuple(
        (method, frozenset({c.request.by}) if method is c.request.method else holders)
        for method, holders in put.value.methods
    )
    return put._replace(value=put.value._replace(methods=methods))


def _only_own_holding(c: Context, put: Put) -> Put:
    """Remove the method for the person who asks, and leave it to its other holders."""
    left = tuple(
        (method, holders - {c.request.by} if method is c.request.method else holders)
        for method, holders in c.account.methods
    )
    kept = tuple((method, holders) for method, holders in left if holders)
    return put._replace(value=put.value._replace(methods=kept))


#: Consequences that are wrong in one way.
CONSEQUENCE_VARIANTS: Final = (
    ConsequenceVariant("generate.close_codes", "closes no lapsed code", _rather(_only_replace)),
    ConsequenceVariant(
        "generate.close_codes", "replaces no code", _rather(_close_lapsed), REPLACE
    ),
    ConsequenceVariant(
        "generate.close_codes", "replaces the newest code", _rather(_replace_newest), REPLACE_SOME
    ),
    ConsequenceVariant(
        "generate.close_codes", "closes every code", _rather(_close_all), SEVERAL_CODES
    ),
    ConsequenceVariant("generate.issue_code", "limits no uses", _followed(_unlimited_uses), USES),
    ConsequenceVariant(
        "generate.issue_code", "gives the longest lifetime", _followed(_longest_life)
    ),
    ConsequenceVariant("generate.lift_code_lock", "lifts both locks", _lift_both_locks, PER_PATH),
    ConsequenceVariant("generate.lift_code_lock", "leaves the lock", _followed(_keep_lock)),
    ConsequenceVariant("generate.lift_code_lock", "leaves the counter", _followed(_keep_counter)),
    ConsequenceVariant(
        "generate.count", "counts for the first limit only", _followed(_first_limit_only),
        SEVERAL_RATES,
    ),
    ConsequenceVariant(
        "expire.end_codes", "revokes what has lapsed", _expire_with(CodeEnd.REVOKED)
    ),
    ConsequenceVariant(
        "expire.end_codes", "ends live codes only", _expire_with(CodeEnd.LAPSED, live_only=True)
    ),
    ConsequenceVariant(
        "expire.end_codes", "ends no session", _sessions_stay, SESSIONS_TIED
    ),
    ConsequenceVariant(
        "expire.end_codes", "ends every session on the account",
        _expire_with(CodeEnd.LAPSED, all_sessions=True), EXPIRE_ENDS_SESSIONS,
    ),
    ConsequenceVariant(
        "sign_in.open_session", "ties no session to its code", _followed(_untied)
    ),
    ConsequenceVariant(
        "sign_in.open_session", "remembers no guest", _followed(without("guests"))
    ),
    ConsequenceVariant(
        "step_up.raise_session", "starts the session anew", _followed(_restarted), MAX_ENDS
    ),
    ConsequenceVariant(
        "step_up.raise_session", "ties the session to the code", _followed(_tied_to_code)
    ),
    ConsequenceVariant("deactivate.deactivate", "ends no session", _sessions_stay),
    ConsequenceVariant("deactivate.deactivate", "ends no code", _codes_stay),
    ConsequenceVariant("freeze.freeze", "ends no session", _sessions_stay),
    ConsequenceVariant(
        "unlock.clear", "leaves methods locked", _one_path_stays("methods"), PER_PATH
    ),
    ConsequenceVariant("unlock.clear", "leaves codes locked", _one_path_stays("code"), PER_PATH),
    ConsequenceVariant("unlock.clear", "leaves a shared lock", _one_path_stays("user"), SHARED),
    ConsequenceVariant(
        "approve.remember", "keeps the oldest reading", _followed(_keep_oldest_reading), APPROVALS
    ),
    ConsequenceVariant(
        "reset_password.tell", "lets the others know it still", _followed(_others_still_know)
    ),
    ConsequenceVariant("enroll.add_method", "takes it from others", _followed(_only_holder)),
    ConsequenceVariant(
        "remove_method.remove", "leaves it to others", _followed(_only_own_holding)
    ),
)  # fmt: skip
