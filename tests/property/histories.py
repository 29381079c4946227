"""Random policies, clocks and histories, and a world in which a real authority meets them.

A history is a list of *moves*: abstract choices such as "the second nearest threshold, one tick
before it", which the world resolves against the state that it has by then. So histories keep
their meaning while they shrink, and the instants that policies are about are met all the time.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tvc.authority.authority import Authority, Instant, Record
from tvc.authority.decide import LAW, Decision, Law
from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tvc.authority.policy import ALPHABETS, KNOBS, RATE_KNOBS, Knob, Policy, RateLimit
from tvc.authority.requests import SHAPES, Kind, Method, Proof, Request, request
from tvc.authority.state import Person, State
from tvc.domain.cases import Clock
from tvc.trace.trace import Trace

# People

PEOPLE = (
    Person("ana"),
    Person("sam", "admin"),
    Person("mallory", "outsider", knows=frozenset({"ana", "sam", "pia", "cal"})),
    Person("pia", tier="privileged", methods=(Method.SECURITY_KEY, Method.SMS), device_lost=True),
    Person("sue", "admin", session="standard"),
    Person(
        "dee", permissions=frozenset({"manage_mfa_standard", "reset_passwords"}), session="high"
    ),
    Person(
        "bob", methods=(Method.TOTP, Method.EMAIL), session="standard", knows=frozenset({"ana"})
    ),
    Person("cal", mfa=False),
    Person("ian", active=False, session="high"),
    Person("fay", frozen=True),
)
NAMES = tuple(person.name for person in PEOPLE)

# Policies

_MS_VALUES = (HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS, 15 * MINUTE_MS, DAY_MS, MINUTE_MS)
_ALPHABETS = (*ALPHABETS.values(), "01", "#?")


def knob_values(knob: Knob) -> st.SearchStrategy[Any]:
    """Draw a value that a knob takes: small ones and its default above all."""
    if knob.kind == "list":
        return st.lists(st.sampled_from(knob.choices), unique=True, max_size=3).map(tuple)
    values: dict[Any, None] = {knob.default: None}
    if knob.kind == "duration":
        # Shorter windows than this meet the bound on how many a rate limit remembers.
        low = MINUTE_MS if knob in RATE_KNOBS else knob.low
        values |= dict.fromkeys(max(low, value) for value in (*_MS_VALUES, knob.low))
    elif knob.kind == "integer":
        values |= dict.fromkeys(range(knob.low, knob.low + 4))
    elif knob.kind == "boolean":
        values |= {False: None, True: None}
    elif knob.kind == "alphabet":
        values |= dict.fromkeys(_ALPHABETS)
    else:
        values |= dict.fromkeys(knob.choices)
    if knob.absent is not None:
        values[None] = None
    return st.sampled_from(tuple(values))


_VALUES = {knob.key: knob_values(knob) for knob in KNOBS}
_FEW = st.lists(st.sampled_from(KNOBS), unique=True, max_size=8).flatmap(
    lambda knobs: st.fixed_dictionaries({knob.key: _VALUES[knob.key] for knob in knobs})
)
_EVERY = st.fixed_dictionaries(_VALUES)
_LIMITS = st.lists(st.sampled_from(("subject", "desk", "whole")), unique=True, max_size=3).flatmap(
    lambda names: st.fixed_dictionaries(
        {f"rates.{name}.{knob.key}": knob_values(knob) for name in names for knob in RATE_KNOBS}
    )
)
_NO_LIMITS: dict[str, Any] = {"rates.subject": None}
#: So few failures lock that short histories get there.
_FEW_FAILURES = {"lockout.failures": 2}
_DEFAULT_LIFETIMES = {knob.key: knob.default for knob in KNOBS if knob.key.startswith("lifetime.")}


def _policy(values: dict[str, Any], limits: dict[str, Any]) -> Policy:
    policy = Policy("drawn").with_values(values | _NO_LIMITS).with_values(limits)
    return policy.with_values(_DEFAULT_LIFETIMES) if policy.contradictions() else policy


def policies() -> st.SearchStrategy[Policy]:
    """Draw a whole policy without contradictions: a few knobs turned, or every one."""
    strict = _FEW.map(lambda values: _FEW_FAILURES | values)
    return st.builds(_policy, st.one_of(_FEW, strict, strict, _EVERY), _LIMITS)


def busy_policies() -> st.SearchStrategy[Policy]:
    """Draw a policy that hardly asks more of issuers than to keep to rate limits.

    So rate limits and lock-outs are met often.
    """
    open_desk = {
        "code.on_live": "replace",
        "issuer.assurance": "standard",
        "lifetime.min": 1,
        "lifetime.step": 1,
        "session.max": None,
        "session.idle": None,
        "issuer.approvals.standard": 0,
        "issuer.approvals.privileged": 0,
        "issuer.ticket": "optional",
    }
    strict_limits = st.lists(
        st.builds(
            RateLimit,
            st.just(""),
            st.integers(1, 3),
            st.sampled_from((MINUTE_MS, 7 * MINUTE_MS + 1, HOUR_MS, HOUR_MS + 7, 3 * HOUR_MS)),
            st.sampled_from(("rolling", "clock_hour", "bucket")),
            st.sampled_from(("subject", "issuer", "org")),
        ),
        min_size=1,
        max_size=3,
    )

    def build(limits: list[RateLimit], failures: int, for_ms: int, scope: str) -> Policy:
        values: dict[str, Any] = {
            **open_desk,
            "lockout.failures": failures,
            "lockout.for": for_ms,
            "lockout.scope": scope,
        }
        for number, limit in enumerate(limits):
            for knob in RATE_KNOBS:
                values[f"rates.r{number}.{knob.key}"] = getattr(limit, knob.path[0])
        return Policy("busy").with_values(_NO_LIMITS).with_values(values)

    return st.builds(
        build,
        strict_limits,
        st.integers(1, 3),
        st.sampled_from((1, MINUTE_MS, HOUR_MS)),
        st.sampled_from(("path", "user")),
    )


# Clocks

PERFECT = (Clock("true"),)


def clocks() -> st.SearchStrategy[tuple[Clock, ...]]:
    """Draw two or three nodes: one with true time, the others beside it."""
    offsets = st.one_of(
        st.sampled_from((0, 1, -1, -90 * SECOND_MS, 5 * MINUTE_MS, -HOUR_MS, HOUR_MS, 2 * HOUR_MS)),
        st.integers(-2 * HOUR_MS, 2 * HOUR_MS),
    )
    skewed = st.builds(Clock, st.just("skewed"), offsets, st.sampled_from((0, 20, -20, 1000, -999)))
    return st.lists(skewed, min_size=1, max_size=2).map(lambda nodes: (*PERFECT, *nodes))


def first_showing(clock: Clock, reading_ms: int) -> int:
    """Return the first true time at which a clock shows a reading or a later one."""
    true_ms = (reading_ms - clock.offset_ms) * 1_000_000 // (1_000_000 + clock.drift_ppm)
    while clock.read(true_ms) >= reading_ms:
        true_ms -= 1
    while clock.read(true_ms) < reading_ms:
        true_ms += 1
    return true_ms


# Moves


@dataclass(frozen=True)
class Wait:
    """Let a fixed time pass."""

    ms: int


@dataclass(frozen=True)
class Approach:
    """Let time pass until a node is near the threshold that is next, or one of those after it."""

    which: int
    ticks: int
    node: int


@dataclass(frozen=True)
class Ask:
    """Ask something. The number ``how`` chooses among what the world has by then."""

    kind: Kind
    by: str
    subject: str
    how: int = 0


Move = Wait | Approach | Ask

#: Most histories are about few people, so that something comes of them.
_DESK = tuple(
    pair.split()
    for pair in (
        *["sam ana"] * 14, "sue ana", "sue ana", "dee ana", "dee ana", "mallory ana", "mallory ana",
        "sam pia", "sam pia", "dee pia", "sam sam", "sam sam", "sue sue", "dee dee", "ana ana",
        "ana ana", "ana bob", "sam bob", "sam cal", "sam ian", "sam fay", "sam mallory", "sue sam",
    )
)  # fmt: skip
_DOOR = tuple(
    pair.split()
    for pair in (
        *["ana ana"] * 9, *["mallory ana"] * 4, *["sam sam"] * 5, "mallory sam", "pia pia",
        "pia pia", "mallory pia", "bob bob", "bob ana", "cal cal", "mallory cal", "ian ian",
        "fay fay", "sue sue", "sue sue", "dee dee", "sam ana", "mallory mallory",
    )
)  # fmt: skip


class _Digits:
    """A number as a row of choices."""

    def __init__(self, number: int) -> None:
        self._number = number

    def pick(self, among: Sequence[Any]) -> Any:
        """Choose; the first for 0."""
        self._number, place = divmod(self._number, len(among))
        return among[place]


#: A move but for the number that chooses what is left open.
Maker = Callable[[int], Move]


def _ask(kind: Kind, pair: list[str]) -> Maker:
    by, subject = pair
    return lambda how: Ask(kind, by, subject, how)


def _wait(how: int) -> Move:
    digits = _Digits(how)
    moment = digits.pick((*[0] * 12, 1, 1, SECOND_MS, 59_999, 10 * MINUTE_MS, HOUR_MS, DAY_MS))
    if moment:
        return Wait(moment)
    which, ticks = digits.pick((0, 0, 0, 0, 1, 2)), digits.pick((0, 0, -1, -1, 1))
    return Approach(which, ticks, digits.pick((0, 1, 2)))


def _asks(kinds: Sequence[Kind], pairs: Sequence[list[str]]) -> tuple[Maker, ...]:
    return tuple(_ask(kind, pair) for kind in kinds for pair in pairs)


WAIT = (_wait,)
GENERATE = _asks([Kind.GENERATE], _DESK)
EXPIRE = _asks([Kind.EXPIRE], _DESK)
SIGN_IN = _asks([Kind.SIGN_IN], _DOOR)
STEP_UP = _asks([Kind.STEP_UP], _DOOR)
USE = _asks([Kind.USE], _DOOR)
LOOK = _asks([Kind.STATUS, Kind.STATUS, Kind.REVEAL], _DESK)
CHANGE_METHODS = _asks([Kind.ENROLL, Kind.ENROLL, Kind.REMOVE_METHOD], _DOOR)
APPROVE = _asks([Kind.APPROVE], _DESK)
RESET = _asks([Kind.RESET_PASSWORD], _DESK)
PERSON_FACT = _asks([Kind.LOSE_DEVICE, Kind.FIND_DEVICE, Kind.SIGN_OUT], _DOOR)
ACCOUNT_FACT = _asks(
    [*[Kind.ACTIVATE] * 3, *[Kind.UNFREEZE] * 3, Kind.UNLOCK, Kind.DEACTIVATE, Kind.FREEZE], _DESK
)

#: How codes come, are used and go: makers by how often they are drawn.
CODE_MOVES = ((GENERATE, 6), (WAIT, 4), (SIGN_IN, 8), (EXPIRE, 2))
#: Every kind of move. Codes come and go more often than people do.
MOVES = (
    *((GENERATE, 8), (WAIT, 6), (SIGN_IN, 12), (EXPIRE, 2), (STEP_UP, 4), (USE, 2), (LOOK, 2)),
    *((CHANGE_METHODS, 2), (APPROVE, 2), (RESET, 1), (PERSON_FACT, 1), (ACCOUNT_FACT, 1)),
)


def moves(*weighted: tuple[tuple[Maker, ...], int]) -> st.SearchStrategy[Move]:
    """Draw a move from kinds of move by their weights.

    Two numbers are drawn and all else is read off their digits: many moves are made. Both ranges
    are short enough to be drawn from evenly.
    """
    kinds = [makers for makers, weight in weighted for _ in range(weight)]

    def make(which: int, how: int) -> Move:
        digits = _Digits(which)
        maker: Maker = digits.pick(digits.pick(kinds))
        return maker(how)

    return st.builds(make, st.integers(0, 2**16 - 1), st.integers(0, 2**20 - 1))


def histories(*weighted: tuple[tuple[Maker, ...], int]) -> st.SearchStrategy[list[Move]]:
    """Draw a history: moves, in order. Long ones are asked for, since few would come by chance."""
    kinds = [weighted] if weighted else [MOVES, CODE_MOVES]
    lengths = ((1, 10), (30, 60), (40, 80), (50, 100))
    return st.one_of(
        *(
            st.lists(moves(*kind), min_size=shortest, max_size=longest)
            for shortest, longest in lengths
            for kind in kinds
        )
    )


# The world


class Step(NamedTuple):
    """A request that was made, the state before it, and what came of it.

    ``request`` is as the law saw it, with the ordinals of the codes that were matched.
    """

    before: State
    request: Request
    at: Instant
    typed: str | None
    decision: Decision
    secret: str | None
    records: tuple[Record, ...]


def draw_keyed(length: int, alphabet: str, count: int) -> str:
    """Draw a code from its number alone; short ones repeat, as they do at a real desk."""
    number = int.from_bytes(hashlib.sha256(str(count).encode()).digest(), "big")
    text = ""
    for _ in range(length):
        number, place = divmod(number, len(alphabet))
        text += alphabet[place]
    return text


class World:
    """An authority with its people and nodes, to which moves happen."""

    def __init__(
        self,
        policy: Policy,
        nodes: Sequence[Clock] = PERFECT,
        law: Law = LAW,
        people: Sequence[Person] = PEOPLE,
    ) -> None:
        self.policy = policy
        self.nodes = nodes
        self.law = law
        self.initial = State.of(people)
        self.records: list[Record] = []
        self.drawn: list[str] = []
        self.codes: dict[str, list[str]] = {}
        self.true_ms = 0
        self.authority = Authority(
            policy,
            self.initial.copy(),
            law=law,
            draw=self._draw,
            key=b"k",
            sink=self.records.append,
        )

    def _draw(self, length: int, alphabet: str) -> str:
        self.drawn.append(draw_keyed(length, alphabet, len(self.drawn)))
        return self.drawn[-1]

    @property
    def state(self) -> State:
        """The state by now."""
        return self.authority.state

    def instant(self, node: int = 0) -> Instant:
        """Return now, as a node sees it."""
        clock = self.nodes[node % len(self.nodes)]
        return Instant(self.true_ms, clock.name, clock.read(self.true_ms))

    def readings(self) -> list[int]:
        """Return what the nodes show now."""
        return [clock.read(self.true_ms) for clock in self.nodes]

    def take(self, move: Move) -> Step | None:
        """Let a move happen; return the step where something was asked."""
        if isinstance(move, Wait):
            self.true_ms += move.ms
        elif isinstance(move, Approach):
            self._approach(move)
        else:
            return self._ask(move)
        return None

    def play(self, moves: Sequence[Move]) -> list[Step]:
        """Let moves happen; return the steps."""
        return [step for move in moves if (step := self.take(move)) is not None]

    def _approach(self, move: Approach) -> None:
        clock = self.nodes[move.node % len(self.nodes)]
        here = clock.read(self.true_ms)
        near = {at + move.ticks for at in self.thresholds()}
        ahead = sorted(reading_ms for reading_ms in near if reading_ms > here)
        if ahead:
            target = first_showing(clock, ahead[min(move.which, len(ahead) - 1)])
            self.true_ms = max(self.true_ms, target)

    def thresholds(self) -> Iterator[int]:
        """Yield the readings at which something changes by the clock alone."""
        policy, state = self.policy, self.state
        for codes in state.codes.values():
            for code in codes:
                if code.ended is None:
                    yield code.expires_ms
                    yield code.expires_ms + policy.clock.leeway_ms
        for guard in state.guards.values():
            yield guard.locked_until_ms or 0
        for session in state.sessions.values():
            if session.ended is None:
                yield session.started_ms + (policy.session.max_ms or 0)
                yield session.latest_ms + (policy.session.idle_ms or 0)
        for given in state.approvals.values():
            for _, reading_ms in given:
                yield reading_ms + policy.issuer.approval_valid_ms
        limits = {limit.name: limit for limit in policy.rates}
        for (name, _), memory in state.rates.items():
            yield from _openings(limits[name], memory)

    def _ask(self, move: Ask) -> Step:
        kind, shape = move.kind, SHAPES[move.kind]
        how = _Digits(move.how)
        node, presented = how.pick((0, 1, 2)), "method"
        if "code" in shape.fields:
            presented = how.pick((*["code"] * 6, *["method"] * 4, "nothing"))
        given: dict[str, Any] = {}
        if "for" in shape.fields:
            given["subject"] = move.subject
        if "lifetime" in shape.fields:
            given["lifetime_ms"] = self._lifetime(how)
            given["ticket"] = how.pick(("t-1", "t-1", "t-1", "", None))
        if "with" in shape.fields and presented == "method":
            given["method"] = self._method(move, how)
        if "proof" in shape.fields and presented == "method":
            given["proof"] = how.pick((Proof.RIGHT, Proof.RIGHT, Proof.WRONG, Proof.STOLEN))
        if "password" in shape.fields:
            given["password_right"] = how.pick((*[True] * 9, False))
            given["sso"] = how.pick((*[False] * 12, True))
        if "given_to" in shape.fields:
            given["given_to"] = how.pick((None, None, "mallory"))
        asked = request(kind, move.by, **given)
        typed = self._typed(asked, how) if presented == "code" else None
        return self.submit(asked, self.instant(node), typed)

    def submit(self, asked: Request, at: Instant, typed: str | None = None) -> Step:
        """Put a request to the authority."""
        before, first = self.state.copy(), len(self.records)
        answer = self.authority.submit(asked, at, typed)
        records = tuple(self.records[first:])
        secret = None if answer.secret is None else answer.secret.show()
        if secret is not None:
            self.codes.setdefault(asked.subject or "", []).append(secret)
        judged = records[0].request
        assert judged is not None
        return Step(before, judged, at, typed, answer.decision, secret, records)

    def _lifetime(self, how: "_Digits") -> int:
        life = self.policy.lifetime
        shortest = max(-(-life.min_ms // life.step_ms), 1) * life.step_ms
        longest = life.max_ms // life.step_ms * life.step_ms
        near = (longest, min(shortest + life.step_ms, longest))
        beside = (life.min_ms - 1, life.max_ms + 1, shortest + 1, longest + life.step_ms)
        return how.pick((*[shortest] * 12, *near * 2, *beside))

    def _method(self, move: Ask, how: "_Digits") -> Method:
        account = self.state.accounts.get(move.subject)
        enrolled = [method for method, _ in account.methods] if account else []
        some = (Method.AUTHENTICATOR, Method.TOTP, Method.SMS, Method.SECURITY_KEY)
        return how.pick((*enrolled * 4, *some))

    def _typed(self, asked: Request, how: "_Digits") -> str:
        session = self.state.sessions.get(asked.by)
        by_session = None if session is None else session.account
        subject = by_session if asked.kind is Kind.STEP_UP else asked.subject
        codes = self.codes.get(subject or "", [])
        wrong = "?" * (self.policy.code.length + 1)
        return how.pick((*codes[-1:] * 7, *codes[-2:-1] * 2, *codes[-3:-2], wrong, wrong))

    def finish(self) -> Trace:
        """End the run and return its trace."""
        self.authority.finish(Instant.of(self.true_ms))
        return Trace(
            self.policy, self.initial, self.state, tuple(self.records), frozenset(self.drawn)
        )


def _openings(limit: RateLimit, memory: tuple[Any, ...]) -> Iterator[int]:
    if limit.window == "rolling":
        yield from (reading_ms + limit.per_ms for reading_ms in memory)
    elif limit.window == "clock_hour":
        yield from ((window + 1) * limit.per_ms for window, _ in memory)
    else:
        units, reading_ms = memory
        yield reading_ms + -(-(limit.per_ms - units) // limit.limit)


# Histories moved in time and among people


def shift_state(state: State, policy: Policy, by_ms: int) -> State:
    """Return a state all of whose readings are later by as much.

    The shift must be a multiple of `shift_unit`, since hours of the clock do not move.
    """
    limits = {limit.name: limit for limit in policy.rates}
    moved = state.copy()
    moved.sessions = {
        person: session._replace(
            started_ms=session.started_ms + by_ms,
            latest_ms=session.latest_ms + by_ms,
            code_expires_ms=_later(session.code_expires_ms, by_ms),
        )
        for person, session in state.sessions.items()
    }
    moved.codes = {
        subject: tuple(code._replace(expires_ms=code.expires_ms + by_ms) for code in codes)
        for subject, codes in state.codes.items()
    }
    moved.guards = {
        key: guard._replace(locked_until_ms=_later(guard.locked_until_ms, by_ms))
        for key, guard in state.guards.items()
    }
    moved.approvals = {
        subject: tuple((account, reading_ms + by_ms) for account, reading_ms in given)
        for subject, given in state.approvals.items()
    }
    moved.rates = {
        key: _shift_memory(limits[key[0]], memory, by_ms) for key, memory in state.rates.items()
    }
    return moved


def shift_unit(policy: Policy) -> int:
    """Return the shortest shift that keeps every hour of the clock whole."""
    return lcm(*(limit.per_ms for limit in policy.rates if limit.window == "clock_hour"))


def _shift_memory(limit: RateLimit, memory: tuple[Any, ...], by_ms: int) -> tuple[Any, ...]:
    if limit.window == "rolling":
        return tuple(reading_ms + by_ms for reading_ms in memory)
    if limit.window == "clock_hour":
        return tuple((window + by_ms // limit.per_ms, count) for window, count in memory)
    units, reading_ms = memory
    return (units, reading_ms + by_ms)


def _later(instant_ms: int | None, by_ms: int) -> int | None:
    return None if instant_ms is None else instant_ms + by_ms


def rename_people(people: Sequence[Person], rename: Callable[[str], str]) -> tuple[Person, ...]:
    """Return the same people under other names."""
    return tuple(
        Person(
            rename(person.name),
            person.role,
            person.permissions,
            person.tier,
            person.session,
            person.methods,
            person.mfa,
            person.active,
            person.frozen,
            person.device_lost,
            frozenset(map(rename, person.knows)),
        )
        for person in people
    )


def rename_request(asked: Request, rename: Callable[[str], str]) -> Request:
    """Return the same request of and about people under other names."""

    def renamed(name: str | None) -> str | None:
        return None if name is None else rename(name)

    return asked._replace(
        by=rename(asked.by), subject=renamed(asked.subject), given_to=renamed(asked.given_to)
    )
