"""The state of the authority: plain tables of immutable values.

A `State` is a few dictionaries whose values never change, so that a copy is as many shallow
copies, two states compare by content, and an effect is one assignment to one table. `apply` is
the only function that changes a state. Codes stand in it by ordinal (``ana#2``); their digests
live with the authority and are no part of what is compared.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple, get_args, get_type_hints

from tvc.authority.policy import Level, Tier
from tvc.authority.requests import Method

Role = Literal["user", "admin", "outsider"]
Permission = Literal["manage_mfa", "manage_mfa_standard", "reset_passwords"]
PERMISSIONS: Final[tuple[str, ...]] = get_args(Permission)
ADMIN_PERMISSIONS: Final = frozenset({"manage_mfa", "reset_passwords"})


class CodeEnd(StrEnum):
    """How a code ended."""

    LAPSED = "lapsed"
    REVOKED = "revoked"
    REPLACED = "replaced"
    USED_UP = "used_up"


class SessionEnd(StrEnum):
    """How a session ended."""

    SIGNED_OUT = "signed_out"
    REPLACED = "replaced"
    MAX = "max"
    IDLE = "idle"
    CODE_ENDED = "code_ended"
    EXPIRE_NOW = "expire_now"
    DEACTIVATED = "deactivated"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the start of a run, in the words of scenario files.

    Attributes
    ----------
    name
        Their name, which is also their account's.
    role
        ``user``, ``admin`` (holds `ADMIN_PERMISSIONS`, starts in a high session) or ``outsider``
        (has no account).
    permissions, session, methods
        What they hold at the start; None stands for what their role implies.
    tier, mfa, active, frozen
        Properties of their account.
    device_lost
        Whether the one device that carries all their methods is lost.
    knows
        Accounts whose password they know besides their own.
    """

    name: str
    role: Role = "user"
    permissions: frozenset[str] | None = None
    tier: Tier = "standard"
    session: Level | Literal["none"] | None = None
    methods: tuple[Method, ...] | None = None
    mfa: bool = True
    active: bool = True
    frozen: bool = False
    device_lost: bool = False
    knows: frozenset[str] = frozenset()


class Account(NamedTuple):
    """An account as the authority knows it.

    ``methods`` are pairs (method, holders) in order of enrolment; ``known_to`` are the persons
    who know its password.
    """

    permissions: frozenset[str]
    tier: str
    mfa: bool
    active: bool
    frozen: bool
    methods: tuple[tuple[Method, frozenset[str]], ...]
    known_to: frozenset[str]

    def holders(self, method: Method) -> frozenset[str]:
        """Who holds a method here; nobody where it is not enrolled."""
        for enrolled, holders in self.methods:
            if enrolled is method:
                return holders
        return frozenset()


class Code(NamedTuple):
    """A code that has not ended, or the newest of those that have.

    ``expires_ms`` is a reading of the node that generated it; ``uses_left`` is None where uses
    are not counted; ``ended`` is None until something closes the code. A lapse by the clock
    alone closes nothing.
    """

    ordinal: int
    expires_ms: int
    uses_left: int | None
    ended: CodeEnd | None


class Session(NamedTuple):
    """What an allowed sign-in gave a person; it stays, ended, until another one takes its place."""

    account: str
    level: str
    started_ms: int
    latest_ms: int
    code: int | None
    code_expires_ms: int | None
    ended: SessionEnd | None


class Guard(NamedTuple):
    """The failure counter and the lock of one path to an account."""

    failures: int
    locked_until_ms: int | None


Table = Literal[
    "accounts", "lost", "sessions", "guests", "codes", "issued", "guards", "approvals", "rates"
]
TABLES: Final[tuple[Table, ...]] = get_args(Table)


class Put(NamedTuple):
    """An effect: a table's entry takes a value, or goes where the value is None."""

    table: Table
    key: Any
    value: Any


class State:
    """All that the law remembers between two requests.

    Attributes
    ----------
    accounts : dict of str to Account
    lost : dict of str to True
        Persons whose device is lost.
    sessions : dict of str to Session
        By person.
    guests : dict of str to tuple of str
        By account, the other persons whose session is on it: an index into ``sessions``.
    codes : dict of str to tuple of Code
        By subject: those not ended and the newest ended one, in order of generation.
    issued : dict of str to int
        By subject, how many codes were ever generated; the next ordinal is one more.
    guards : dict of (str, str) to Guard
        By account and path.
    approvals : dict of str to tuple of (str, int)
        By subject: approving account and the newest reading of its approval.
    rates : dict of (str, str) to tuple
        By limit and what it counts for; see `tvc.authority.rates`.
    """

    __slots__ = TABLES

    accounts: dict[str, Account]
    lost: dict[str, bool]
    sessions: dict[str, Session]
    guests: dict[str, tuple[str, ...]]
    codes: dict[str, tuple[Code, ...]]
    issued: dict[str, int]
    guards: dict[tuple[str, str], Guard]
    approvals: dict[str, tuple[tuple[str, int], ...]]
    rates: dict[tuple[str, str], tuple[Any, ...]]

    def __init__(self) -> None:
        for table in TABLES:
            setattr(self, table, {})

    @classmethod
    def of(cls, people: Iterable[Person]) -> "State":
        """Build the state in which a run begins, at reading 0.

        Examples
        --------
        >>> state = State.of([Person("sam", "admin"), Person("mallory", "outsider")])
        >>> state.sessions["sam"].level, sorted(state.accounts)
        ('high', ['sam'])
        """
        state = cls()
        everyone = tuple(people)
        # Gathered once: each person would look through all others, and there may be a million.
        knowing: dict[str, set[str]] = {}
        for person in everyone:
            for known in person.knows:
                knowing.setdefault(known, set()).add(person.name)
        for person in everyone:
            if person.device_lost:
                state.lost[person.name] = True
            if person.role != "outsider":
                state.accounts[person.name] = account_of(person, knowing.get(person.name, ()))
                session = initial_session(person)
                if session is not None:
                    state.sessions[person.name] = session
        return state

    def copy(self) -> "State":
        """Return an independent copy; costs one shallow copy a table."""
        other = State.__new__(State)
        for table in TABLES:
            setattr(other, table, getattr(self, table).copy())
        return other

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        return all(getattr(self, table) == getattr(other, table) for table in TABLES)

    def __hash__(self) -> int:
        return hash(tuple(frozenset(getattr(self, table).items()) for table in TABLES))

    def __repr__(self) -> str:
        filled = (f"{table}={getattr(self, table)!r}" for table in TABLES if getattr(self, table))
        return f"State({', '.join(filled)})"


def _values_in(hint: Any) -> Iterator[type[Any]]:  # noqa: ANN401 - walks any type
    if isinstance(hint, type) and hasattr(hint, "_fields"):
        yield hint
    for part in get_args(hint):
        yield from _values_in(part)


#: Every kind of value that stands in a table of the state and has fields of its own.
VALUES: Final[tuple[type[Any], ...]] = tuple(
    dict.fromkeys(kind for hint in get_type_hints(State).values() for kind in _values_in(hint))
)


def account_of(person: Person, knowing: Iterable[str]) -> Account:
    """Return the account a person starts with, its password known to some others."""
    methods = (Method.AUTHENTICATOR,) if person.methods is None else person.methods
    permissions = person.permissions
    if permissions is None:
        permissions = ADMIN_PERMISSIONS if person.role == "admin" else frozenset()
    return Account(
        permissions,
        person.tier,
        person.mfa,
        person.active,
        person.frozen,
        tuple((method, frozenset({person.name})) for method in methods),
        frozenset((*knowing, person.name)),
    )


def initial_session(person: Person) -> Session | None:
    """Return the session a person starts in: a given one, begun at reading 0, or none."""
    level = person.session or ("high" if person.role == "admin" else "none")
    if level == "none":
        return None
    ended = None
    if not person.active:
        ended = SessionEnd.DEACTIVATED
    elif person.frozen:
        ended = SessionEnd.FROZEN
    return Session(person.name, level, 0, 0, None, None, ended)


def apply(state: State, effects: Iterable[Put]) -> None:
    """Carry out effects, in order. Nothing else changes a state."""
    for table, key, value in effects:
        entries = getattr(state, table)
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = value
