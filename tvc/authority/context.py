"""One request before the law: what the rules may ask, and the effects they have had so far."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tvc.authority.edges import ends_ms, live_codes, lock_until_ms, session_end
from tvc.authority.policy import Policy
from tvc.authority.rates import Compare
from tvc.authority.reasons import Reason
from tvc.authority.requests import SHAPES, Kind, Method, Request
from tvc.authority.state import (
    Account,
    Code,
    CodeEnd,
    Guard,
    Put,
    Session,
    SessionEnd,
    State,
    Table,
)
from tvc.authority.tuples import builder

#: What an unknown account looks like to a rule that is met without the one that refuses it.
NOBODY: Final = Account(frozenset(), "standard", False, True, False, (), frozenset())

_BY_SESSION: Final = frozenset(kind for kind, shape in SHAPES.items() if shape.by_session)
_ON_OWN_ACCOUNT: Final = frozenset({Kind.STEP_UP, Kind.ENROLL, Kind.REMOVE_METHOD})


class Refusal(NamedTuple):
    """A rule's no.

    Attributes
    ----------
    reason
        Why.
    challenge
        What the person is asked for: ``code``, a method, ``none``; None when nothing is asked.
    retry_after_ms
        The smallest wait after which this rule would pass if nothing else happened.
    limit
        The name of the rate limit that refuses.
    """

    reason: Reason
    challenge: str | None = None
    retry_after_ms: int | None = None
    limit: str | None = None


class Granted:
    """The verdict of a rule that allows at once, so that no later rule is met."""


GRANTED: Final = Granted()
Verdict = Refusal | Granted | None


class Event(NamedTuple):
    """Something that a request brought about and that audit records on its own.

    ``type`` is ``code.ended``, ``session.ended`` or ``notice.sent``. ``at_ms`` is the instant a
    code lapsed, by the reading of the node that generated it.
    """

    type: str
    subject: str
    cause: str | None = None
    code: int | None = None
    person: str | None = None
    at_ms: int | None = None


_event: Final = builder(Event)
_put: Final = builder(Put)


class Context:
    """A request, the state and the policy it meets, and a reading of the clock.

    Rules and consequences see nothing else. They never touch the state: what shall change is
    collected in `effects`, and what audit shall say beyond the request's own record in `events`.

    Attributes
    ----------
    acting : str or None
        The account whose session ``by`` holds; None for requests that need no session.
    subject : str or None
        The account the request is for: the acting one for step-up and methods.
    account : Account
        The subject's account; `NOBODY` where there is none.
    code : Code or None
        The code that was presented and recognised, or generated.
    level : str or None
        The level that a rule which allows at once gives the session.
    live_until_ms : int or None
        What a ``status`` tells.
    """

    __slots__ = (
        "_live", "account", "acting", "code", "compare", "effects", "ended_codes",
        "ended_sessions", "level", "live_until_ms", "now_ms", "policy", "request", "session",
        "state", "subject",
    )  # fmt: skip

    def __init__(
        self,
        compare: Mapping[str, Compare],
        policy: Policy,
        state: State,
        request: Request,
        now_ms: int,
    ) -> None:
        self.compare = compare
        self.policy = policy
        self.state = state
        self.request = request
        self.now_ms = now_ms
        self.effects: list[Put] = []
        self.ended_codes: tuple[Event, ...] = ()
        self.ended_sessions: tuple[Event, ...] = ()
        self.code: Code | None = None
        self.level: str | None = None
        self.live_until_ms: int | None = None
        self.acting: str | None = None
        self.session: Session | None = None
        self._live: list[Code] | None = None
        kind = request.kind
        if kind in _BY_SESSION:
            self.session = state.sessions.get(request.by)
            if self.session is not None:
                self.acting = self.session.account
        self.subject = self.acting if kind in _ON_OWN_ACCOUNT else request.subject
        self.account = state.accounts.get(self.subject, NOBODY)  # type: ignore[arg-type]

    # What is so

    def guard(self, path: str) -> Guard | None:
        """Return the failure counter and lock of a path; None where nothing is counted."""
        guards = self.state.guards
        return guards.get(self.guard_key(path)) if guards else None

    @property
    def permissions(self) -> frozenset[str]:
        """The permissions of the acting account."""
        return self.state.accounts.get(self.acting, NOBODY).permissions  # type: ignore[arg-type]

    @property
    def codes(self) -> tuple[Code, ...]:
        """The subject's codes: those not ended and the newest ended one, oldest first."""
        return self.state.codes.get(self.subject, ())  # type: ignore[arg-type]

    @property
    def live(self) -> list[Code]:
        """The subject's codes that are live by this reading, oldest first."""
        live = self._live
        if live is None:
            live = self._live = live_codes(self.codes, self.policy, self.now_ms, self.compare)
        return live

    @property
    def pinned(self) -> bool:
        """Whether a lapsed code keeps the methods away until somebody closes it."""
        return self.policy.sign_in.return_ == "on_expire_now" and any(
            code.ended is None and code not in self.live for code in self.codes
        )

    @property
    def presented_level(self) -> str:
        """The session level that what is presented is good for."""
        assurance = self.policy.sign_in.assurance
        if self.request.matched is not None:
            return assurance.code
        return getattr(assurance, self.request.method or "password")  # type: ignore[no-any-return]

    def over(self, session: Session) -> SessionEnd | None:
        """Say what ended a session, by this reading; None while it holds."""
        return session_end(session, self.policy, self.now_ms, self.compare)

    def guard_key(self, path: str) -> tuple[str, str]:
        """Return where the failures of a path are counted for the subject."""
        shared = self.policy.lockout.scope == "user"
        return (self.subject or "", "user" if shared else path)

    # What changes

    def put(self, table: Table, key: Any, value: Any) -> None:  # noqa: ANN401 - as the table's
        """Let an entry of a table take a value, or go where it is None."""
        self.effects.append(_put((table, key, value)))

    def session_now(self, person: str) -> Session | None:
        """Return a person's session as the effects so far leave it."""
        for table, key, value in reversed(self.effects):
            if table == "sessions" and key == person:
                return value  # type: ignore[no-any-return]
        return self.state.sessions.get(person)

    def count_failure(self, path: str) -> None:
        """Count a failure; the one that reaches the limit locks the path."""
        failures, locked_until_ms = self.guard(path) or (0, None)
        failures += 1
        if self.compare["lockout.reached"](failures, self.policy.lockout.failures):
            failures, locked_until_ms = 0, lock_until_ms(self.policy, self.now_ms)
        self.put("guards", self.guard_key(path), Guard(failures, locked_until_ms))

    def clear_failures(self, path: str) -> None:
        """Set a counter to zero; a lock stays, for nodes whose clock is behind."""
        guard = self.guard(path)
        if guard is not None and guard.failures:
            kept = None if guard.locked_until_ms is None else Guard(0, guard.locked_until_ms)
            self.put("guards", self.guard_key(path), kept)

    def end_codes(self, causes: Mapping[int, CodeEnd]) -> None:
        """Close some of the subject's codes and, where the policy says so, their sessions.

        Only the newest ended code is kept: an older one is not recognised any more.
        """
        if not causes:
            return
        kept: list[Code] = []
        for code in self.codes:
            cause = causes.get(code.ordinal)
            if cause is not None:
                lapse_ms = ends_ms(code, self.policy) if cause is CodeEnd.LAPSED else None
                event = Event("code.ended", self.subject or "", cause, code.ordinal, at_ms=lapse_ms)
                self.ended_codes += (event,)
            kept.append(code if cause is None else code._replace(ended=cause))
        newest = max((code.ordinal for code in kept if code.ended), default=0)
        kept = [code for code in kept if code.ended is None or code.ordinal == newest]
        self.put("codes", self.subject, tuple(kept))
        if self.policy.session.ends_with_code:
            over = {ordinal for ordinal, cause in causes.items() if cause is not CodeEnd.USED_UP}
            self.end_sessions(SessionEnd.CODE_ENDED, over)

    def end_sessions(self, cause: SessionEnd, codes: set[int] | None = None) -> None:
        """End the sessions on the subject's account: all, or those opened with some codes.

        One that is over by the clock already keeps that as its cause.
        """
        subject = self.subject or ""
        for person in (subject, *self.state.guests.get(subject, ())):
            session = self.session_now(person)
            if session is None or session.account != subject or session.ended is not None:
                continue
            if codes is None or session.code in codes:
                why = self.over(session) or cause
                self.put("sessions", person, session._replace(ended=why))
                event = Event("session.ended", subject, why, session.code, person)
                self.ended_sessions += (event,)

    def leave_session(self, cause: SessionEnd) -> None:
        """Record that the session of ``by`` gives way; one already over keeps its own cause."""
        person = self.request.by
        session = self.session_now(person) if self.effects else self.state.sessions.get(person)
        if session is None:
            return
        if session.account != person:
            guests = self.state.guests.get(session.account, ())
            rest = tuple(guest for guest in guests if guest != person)
            self.put("guests", session.account, rest or None)
        if session.ended is None:
            cause = self.over(session) or cause
            event = _event(("session.ended", session.account, cause, session.code, person, None))
            self.ended_sessions += (event,)


def find_method(account: Account) -> Method | None:
    """Return the first enrolled method, which a sign-in page asks for."""
    return account.methods[0][0] if account.methods else None
