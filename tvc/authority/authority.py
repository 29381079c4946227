"""The authority: a thin shell around the kernel that holds a state, secrets and a sink."""

from collections.abc import Callable
from threading import get_ident
from typing import Any, Final, NamedTuple, NoReturn

from tvc.authority.consequences import lapse_codes
from tvc.authority.context import Context, Event
from tvc.authority.decide import LAW, Decision, Law, decide
from tvc.authority.policy import Policy
from tvc.authority.reasons import Reason
from tvc.authority.requests import SHAPES, Kind, Method, Request
from tvc.authority.secrets import CodeSource, NeverStored, Secret, digest, draw_code, new_key, same
from tvc.authority.state import Put, State, apply
from tvc.authority.tuples import builder

_TYPES: Final = {
    (kind, allowed): str(kind) if shape.fact else f"{kind}.{'allowed' if allowed else 'denied'}"
    for kind, shape in SHAPES.items()
    for allowed in (True, False)
}

#: Every type of audit record, in the order of the requests. The list is closed.
RECORD_TYPES: Final = (
    *dict.fromkeys(_TYPES.values()),
    "code.ended",
    "session.ended",
    "notice.sent",
)

# Looking a member up in an enumeration is a function call, which a sign-in can do without.
_GENERATE: Final = Kind.GENERATE
_STEP_UP: Final = Kind.STEP_UP
_NONE: Final[dict[int, bytes]] = {}

#: No thread's number: stands for the owner's while the authority judges.
_NOBODY: Final = -1


class Instant(NamedTuple):
    """A moment as a node sees it: true time, the node's name, and its clock's reading."""

    true_ms: int
    node: str | None
    reading_ms: int

    @classmethod
    def of(cls, true_ms: int) -> "Instant":
        """Return a moment read by a perfect clock."""
        return cls(true_ms, None, true_ms)


class Record(NamedTuple):
    """One audit record: a request with its decision, or something that a request brought about.

    Attributes
    ----------
    seq
        Its number in the run, from 0.
    type
        One of `RECORD_TYPES`.
    at
        When.
    request, decision
        Of the request's own record, and of those that it brought about; None for lapses that
        are recorded at the end of a run.
    event
        What was brought about; None in the request's own record.
    effects
        What changed in the state; only in one record of a request.
    """

    seq: int
    type: str
    at: Instant
    request: Request | None
    decision: Decision | None
    event: Event | None
    effects: tuple[Put, ...]

    @property
    def by(self) -> str | None:
        """Who asked."""
        return None if self.request is None else self.request.by

    @property
    def subject(self) -> str | None:
        """The account it concerns."""
        if self.event is not None:
            return self.event.subject
        return None if self.decision is None else self.decision.subject

    @property
    def account(self) -> str | None:
        """The account that the person acted as."""
        return None if self.decision is None else self.decision.account

    @property
    def reason(self) -> Reason | None:
        """Why a request was denied."""
        return None if self.decision is None or self.event else self.decision.reason

    @property
    def method(self) -> Method | None:
        """The method presented, enrolled or removed."""
        return None if self.request is None or self.event else self.request.method

    @property
    def code(self) -> str | None:
        """The code it concerns, as ``subject#ordinal``."""
        source = self.event or self.decision
        if source is None or source.code is None:
            return None
        return f"{source.subject}#{source.code}"


class Answer(NamedTuple):
    """What the authority returns: its decision and, once, the code it generated."""

    decision: Decision
    secret: Secret | None


Sink = Callable[[Record], None]

_record: Final = builder(Record)
_answer: Final = builder(Answer)


def _discard(_record: Record) -> None:
    """Keep no audit."""


class Authority(NeverStored):
    """The system that generates, expires and verifies.

    It belongs to the thread that made it. A request of another thread is refused, since a lock
    would cost every request several times what this check does, and simulations make millions of
    requests in one thread; see the second example for a way to share one. A request that the
    sink, the source of codes or the law makes while it judges is refused, too: each request is
    judged, carried out and recorded whole before the next. Its state is for its thread alone.

    It holds the key and the digests of codes, and refuses to be pickled or copied.

    Parameters
    ----------
    policy
        The policy it applies.
    state
        The state it starts from, and changes.
    law
        The law it applies; the article's by default.
    draw
        Where codes come from; the operating system's generator by default, another for runs
        that shall come out the same.
    key
        The key of its digests; a fresh one by default.
    sink
        What receives each audit record; audit is output, never state.

    Examples
    --------
    >>> from tvc.authority.requests import request
    >>> from tvc.authority.state import Person
    >>> desk = Authority(Policy(), State.of([Person("sam", "admin"), Person("ana")]))
    >>> ask = request("generate", "sam", subject="ana", lifetime_ms=3_600_000)
    >>> answer = desk.submit(ask, Instant.of(0))
    >>> answer
    Answer(decision=..., secret=<code>)
    >>> enter = request("sign_in", "ana")
    >>> desk.submit(enter, Instant.of(3_599_999), answer.secret.show()).decision.allowed
    True
    >>> desk.submit(enter, Instant.of(3_600_000), answer.secret.show()).decision.reason
    <Reason.CODE_EXPIRED: 'code_expired'>

    Many threads share an authority by asking it in one of their own:

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(max_workers=1) as pool:
    ...     desk = pool.submit(Authority, Policy(), State.of([Person("ana")])).result()
    ...     pool.submit(desk.submit, enter, Instant.of(0)).result().decision.challenge
    <Method.AUTHENTICATOR: 'authenticator'>
    """

    __slots__ = (
        "_digests", "_draw", "_idle_for", "_key", "_owner", "_records", "_sink",
        "law", "policy", "state",
    )  # fmt: skip

    _WHY = "an authority holds the key and the digests of its codes and is never stored"

    def __init__(  # noqa: PLR0913 - each is a part that callers inject
        self,
        policy: Policy,
        state: State,
        *,
        law: Law = LAW,
        draw: CodeSource = draw_code,
        key: bytes | None = None,
        sink: Sink = _discard,
    ) -> None:
        self.law = law
        self.policy = policy
        self.state = state
        self._draw = draw
        self._key = new_key() if key is None else key
        self._sink = sink
        self._digests: dict[str, dict[int, bytes]] = {}
        self._records = 0
        self._owner = get_ident()
        # Whose request may come next: the owner's, or nobody's while one is judged.
        self._idle_for = self._owner

    def submit(self, request: Request, at: Instant, typed: str | None = None) -> Answer:
        """Judge a request, carry out its effects and record it.

        Parameters
        ----------
        request
            What is asked.
        at
            When, and by which node's clock.
        typed
            What was typed into the code field; None when no code is presented.

        Returns
        -------
        Answer
            The decision, with the new code when one was generated. No later request shows it.

        Raises
        ------
        ValueError
            If the request claims by itself to match a code.
        RuntimeError
            If another thread asks than the one that made the authority, or the authority is
            judging already.
        """
        # Written out, here and below: a call for it would cost more than the check.
        thread = get_ident()
        if self._idle_for != thread:
            self._refuse(thread)
        self._idle_for = _NOBODY
        try:
            if typed is not None:
                request = request.presenting(self._matching(request, typed))
            elif request.matched is not None:
                raise ValueError("which codes a secret matches is for the authority to find out")
            decision = decide(self.law, self.policy, self.state, request, at.reading_ms)
            secret = None
            if request.kind is _GENERATE and decision.allowed:
                # Drawn before anything changes: without a code there is no generation.
                secret = Secret(self._draw(self.policy.code.length, self.policy.code.alphabet))
            self._carry_out(decision, request, at)
            if secret is not None:
                self._keep_digest(decision, secret)
            return _answer((decision, secret))
        finally:
            self._idle_for = thread

    def judge(self, request: Request, at: Instant) -> Decision:
        """Judge a request in which presented codes stand as ordinals; no secret is drawn or needed.

        For searches and replays, which know the codes by their numbers. What people type goes to
        `submit`, and whose requests are refused is told there.
        """
        thread = get_ident()
        if self._idle_for != thread:
            self._refuse(thread)
        self._idle_for = _NOBODY
        try:
            decision = decide(self.law, self.policy, self.state, request, at.reading_ms)
            self._carry_out(decision, request, at)
            return decision
        finally:
            self._idle_for = thread

    def _refuse(self, thread: int) -> NoReturn:
        """Say why a request cannot be taken now."""
        if thread != self._owner:
            raise RuntimeError("an authority is asked by the thread that made it, and by no other")
        raise RuntimeError(
            "the authority is judging a request already: what it calls meanwhile must not ask it"
        )

    def _carry_out(self, decision: Decision, request: Request, at: Instant) -> None:
        effects = decision.effects
        apply(self.state, effects)
        kind_type = _TYPES[request.kind, decision.allowed]
        self._sink(_record((self._records, kind_type, at, request, decision, None, effects)))
        self._records += 1
        for event in decision.events:
            self._sink(_record((self._records, event.type, at, request, decision, event, ())))
            self._records += 1

    def finish(self, at: Instant) -> None:
        """Record, at the end of a run, the lapses that nothing has recorded yet."""
        for subject in sorted(self.state.codes):
            self._record_lapses(subject, at)

    def forget(self, subject: str, at: Instant) -> None:
        """Record the lapses of a subject's codes, then drop all that is known of them.

        For simulations of more people than memory holds: the end of one person's part of a run.
        Whoever calls this sees to it that nothing forgotten could still decide anything.
        """
        self._record_lapses(subject, at)
        state = self.state
        by_person: tuple[dict[str, Any], ...] = (
            state.accounts, state.lost, state.sessions, state.guests, state.codes, state.issued,
            state.approvals, self._digests,
        )  # fmt: skip
        for table in by_person:
            table.pop(subject, None)
        for path in ("methods", "code", "user"):
            state.guards.pop((subject, path), None)
        for rate in self.policy.rates:
            if rate.scope == "subject":
                state.rates.pop((rate.name, subject), None)

    def _record_lapses(self, subject: str, at: Instant) -> None:
        thread = get_ident()
        if self._idle_for != thread:
            self._refuse(thread)
        self._idle_for = _NOBODY
        try:
            effects, events = lapse_codes(
                Context(
                    self.law.comparisons,
                    self.policy,
                    self.state,
                    Request(Kind.EXPIRE, "", subject),
                    at.reading_ms,
                )
            )
            apply(self.state, effects)
            for event in events:
                self._sink(Record(self._records, event.type, at, None, None, event, effects))
                self._records += 1
                effects = ()
        finally:
            self._idle_for = thread

    def _keep_digest(self, decision: Decision, secret: Secret) -> None:
        """Keep the digests of the subject's codes that can still be recognised."""
        subject = decision.subject or ""
        known = self._digests.get(subject, _NONE)
        presented = {code.ordinal for code in self.state.codes[subject]}
        kept = {ordinal: stored for ordinal, stored in known.items() if ordinal in presented}
        kept[decision.code or 0] = digest(self._key, subject, secret.show())
        self._digests[subject] = kept

    def _matching(self, request: Request, typed: str) -> tuple[int, ...]:
        subject = request.subject
        if request.kind is _STEP_UP:
            session = self.state.sessions.get(request.by)
            subject = None if session is None else session.account
        presented = digest(self._key, subject or "", typed)
        # Every candidate is compared, so that the time tells nothing of which one matched.
        matched: tuple[int, ...] = ()
        for ordinal, stored in self._digests.get(subject or "", _NONE).items():
            if same(stored, presented):
                matched += (ordinal,)
        return matched
