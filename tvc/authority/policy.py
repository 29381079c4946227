"""The policy: every place where the law may differ from one organisation to another.

Each knob is a field with its default, its meaning and the *source* of that default: ``seed``
(knowledge article 000382194), ``reading`` (how we read an article that is silent or says it in
two ways) or ``assumption`` (no public source). `KNOBS` lists them all under the dotted keys that
policy files use; files, documents, schemas and explanations are made from that one list.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from tvc.authority.durations import (
    DAY_MS,
    HOUR_MS,
    LONGEST_MS,
    MINUTE_MS,
    format_duration,
)
from tvc.authority.requests import Kind

Level = Literal["standard", "high"]
Tier = Literal["standard", "privileged"]
Window = Literal["rolling", "clock_hour", "bucket"]
Scope = Literal["subject", "issuer", "org"]
Source = Literal["seed", "reading", "assumption"]

#: Alphabets that policy files may name; any other text of two or more characters is itself one.
ALPHABETS: Final = {
    "digits": "0123456789",
    "letters": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "alphanumeric": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "unambiguous": "23456789ABCDEFGHJKLMNPQRSTUVWXYZ",
}

#: Greatest whole number that a knob takes: far above any real policy, and small enough that a
#: slip of the keyboard cannot ask a run for more memory than there is.
HIGHEST: Final = 1_000_000
#: Characters of the longest code: more than anybody reads out, and its odds still fit numbers.
_LONGEST_CODE: Final = 64

#: Requests that may send their subject a notice.
NOTIFIABLE: Final = (
    Kind.GENERATE,
    Kind.EXPIRE,
    Kind.SIGN_IN,
    Kind.STEP_UP,
    Kind.ENROLL,
    Kind.REMOVE_METHOD,
    Kind.APPROVE,
    Kind.RESET_PASSWORD,
)

#: Requests that may end the live codes of the account they concern.
CODE_ENDERS: Final = ("enroll", "method_sign_in")


def _knob(  # noqa: PLR0913 - the columns of the table of knobs, by keyword
    default: Any,  # noqa: ANN401 - a knob's default is of the field's own type
    meaning: str,
    source: Source,
    *,
    absent: str | None = None,
    low: int = 0,
    high: int = HIGHEST,
    among: tuple[str, ...] = (),
) -> Any:  # noqa: ANN401 - stands for the field's own type, as dataclasses.field does
    return field(
        default=default,
        metadata={
            "meaning": meaning,
            "source": source,
            "absent": absent,
            "low": low,
            "high": high,
            "among": among,
        },
    )


@dataclass(frozen=True, slots=True)
class LifetimePolicy:
    """How long a code may be valid."""

    min_ms: int = _knob(HOUR_MS, "shortest lifetime an issuer may choose", "seed", low=1)
    max_ms: int = _knob(DAY_MS, "longest lifetime an issuer may choose", "seed", low=1)
    step_ms: int = _knob(HOUR_MS, "lifetimes are multiples of this", "seed", low=1)

    @property
    def shortest_ms(self) -> int:
        """The shortest lifetime that is allowed: on the step, from the minimum on."""
        return -(-self.min_ms // self.step_ms) * self.step_ms

    @property
    def longest_ms(self) -> int:
        """The longest lifetime that is allowed: on the step, up to the maximum."""
        return self.max_ms // self.step_ms * self.step_ms


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """What a code is, how often it works, and what ends it before its time."""

    length: int = _knob(6, "characters of a code", "assumption", low=1, high=_LONGEST_CODE)
    alphabet: str = _knob(
        ALPHABETS["digits"],
        "characters a code is drawn from: a named set or the characters",
        "assumption",
    )
    uses: int | None = _knob(
        None, "sign-ins a code is good for; its last use ends it", "seed", absent="unlimited", low=1
    )
    per_user: int = _knob(1, "codes a subject may have live at a time", "seed", low=1)
    on_live: Literal["refuse", "replace"] = _knob(
        "refuse",
        "what a generation does when that many are live: refuse, or replace the oldest",
        "reading",
    )
    ends_on: tuple[str, ...] = _knob(
        (),
        "allowed requests that end the account's live codes: enroll, or a sign-in by a method",
        "reading",
        among=CODE_ENDERS,
    )


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A named limit on allowed generations.

    Attributes
    ----------
    name
        Its name in policy files: ``rates.NAME``.
    """

    name: str
    limit: int = _knob(6, "generations allowed in one window", "seed", low=1)
    per_ms: int = _knob(HOUR_MS, "length of the window", "seed", low=1)
    window: Window = _knob(
        "rolling",
        "rolling: any such stretch; clock_hour: multiples of it; bucket: tokens that refill",
        "reading",
    )
    scope: Scope = _knob(
        "subject", "counted per subject, per issuing account, or for the whole organisation", "seed"
    )


@dataclass(frozen=True, slots=True)
class ApprovalsPolicy:
    """How many other accounts must approve a generation, by the subject's tier."""

    standard: int = _knob(0, "approvals needed for a standard-tier subject", "reading")
    privileged: int = _knob(0, "approvals needed for a privileged-tier subject", "reading")


@dataclass(frozen=True, slots=True)
class IssuerPolicy:
    """What is asked of who generates."""

    assurance: Level = _knob("high", "session level needed to generate", "seed")
    self_issue: Literal["allow", "deny"] = _knob(
        "allow", "whether an account may generate for itself", "reading"
    )
    ticket: Literal["optional", "required"] = _knob(
        "optional", "whether a ticket is needed", "reading"
    )
    approvals: ApprovalsPolicy = field(default_factory=ApprovalsPolicy)
    approval_valid_ms: int = _knob(
        15 * MINUTE_MS, "how long an approval counts", "assumption", low=1
    )


@dataclass(frozen=True, slots=True)
class SubjectPolicy:
    """What is asked of whom a code is for."""

    mfa: Literal["required", "any"] = _knob(
        "required", "whether the subject must have multi-factor authentication on", "seed"
    )


@dataclass(frozen=True, slots=True)
class ExpirePolicy:
    """Who may expire a code, and what goes with it."""

    own: bool = _knob(False, "whether users may end their own code", "seed")
    assurance: Level = _knob("standard", "session level needed to expire a code", "reading")
    ends_sessions: bool = _knob(
        False, "whether Expire Now ends the sessions opened with the code", "reading"
    )


@dataclass(frozen=True, slots=True)
class AssurancePolicy:
    """The session level that each way to sign in gives."""

    code: Level = _knob("high", "level of a sign-in by code", "reading")
    authenticator: Level = _knob("high", "level of a sign-in by authenticator", "seed")
    totp: Level = _knob("high", "level of a sign-in by one-time password app", "seed")
    security_key: Level = _knob("high", "level of a sign-in by security key", "seed")
    built_in: Level = _knob("high", "level of a sign-in by built-in authenticator", "seed")
    sms: Level = _knob("high", "level of a sign-in by text message", "assumption")
    email: Level = _knob("high", "level of a sign-in by e-mail", "assumption")
    sso: Level = _knob("standard", "level of a sign-in by single sign-on", "seed")
    password: Level = _knob("standard", "level of a sign-in by password alone", "seed")


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """What a sign-in must present, and what ranks first."""

    precedence: Literal["code_first", "either", "methods_first"] = _knob(
        "code_first",
        "what is accepted while a code is live: the code alone, or methods too",
        "seed",
    )
    return_: Literal["on_end", "on_expire_now"] = _knob(
        "on_end",
        "when the methods return: once no code is live, or only after Expire Now",
        "reading",
    )
    password: Literal["required", "not_with_code"] = _knob(
        "required", "whether the password is asked for beside a code", "seed"
    )
    assurance: AssurancePolicy = field(default_factory=AssurancePolicy)


@dataclass(frozen=True, slots=True)
class EnrollPolicy:
    """What is asked of who changes methods."""

    assurance: Level = _knob(
        "standard", "session level needed to enroll or remove a method", "reading"
    )


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """When a session is over."""

    max_ms: int | None = _knob(
        None, "a session is over this long after its start", "reading", absent="off", low=1
    )
    idle_ms: int | None = _knob(
        None, "a session is over this long after its latest request", "reading", absent="off", low=1
    )
    ends_with_code: bool = _knob(
        False, "whether a session opened with a code is over when the code is", "reading"
    )


@dataclass(frozen=True, slots=True)
class LockoutPolicy:
    """How many consecutive failures lock a path, and for how long."""

    failures: int = _knob(10, "consecutive failures that lock a path", "assumption", low=1)
    for_ms: int = _knob(HOUR_MS, "how long the lock holds", "seed", low=1)
    scope: Literal["path", "user"] = _knob(
        "path", "whether methods and codes have a counter each, or share one", "reading"
    )


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """How tolerant the nodes are of each other's clocks."""

    leeway_ms: int = _knob(0, "a code stays live this long after its expiry", "reading")


@dataclass(frozen=True, slots=True)
class Policy:
    """A complete policy. The default is the article's: ``salesforce``.

    Two policies are equal when their knobs are, whatever their names.

    Examples
    --------
    >>> Policy().lifetime.max_ms == DAY_MS
    True
    >>> Policy("strict").with_values({"lifetime.max": 4 * HOUR_MS}).lifetime.max_ms
    14400000
    """

    name: str = field(default="salesforce", compare=False)
    lifetime: LifetimePolicy = field(default_factory=LifetimePolicy)
    code: CodePolicy = field(default_factory=CodePolicy)
    rates: tuple[RateLimit, ...] = (RateLimit("subject"),)
    issuer: IssuerPolicy = field(default_factory=IssuerPolicy)
    subject: SubjectPolicy = field(default_factory=SubjectPolicy)
    expire: ExpirePolicy = field(default_factory=ExpirePolicy)
    sign_in: SignInPolicy = field(default_factory=SignInPolicy)
    enroll: EnrollPolicy = field(default_factory=EnrollPolicy)
    session: SessionPolicy = field(default_factory=SessionPolicy)
    lockout: LockoutPolicy = field(default_factory=LockoutPolicy)
    notify: tuple[str, ...] = _knob(
        (), "requests that send the subject a notice", "seed", among=tuple(NOTIFIABLE)
    )
    clock: ClockPolicy = field(default_factory=ClockPolicy)

    def values(self) -> dict[str, Any]:
        """Every knob's value under its dotted key, rate limits by name, in a stable order."""
        found = {knob.key: _read(self, knob.path) for knob in KNOBS}
        for rate in self.rates:
            for knob in RATE_KNOBS:
                found[f"rates.{rate.name}.{knob.key}"] = getattr(rate, knob.path[0])
        return found

    def with_values(self, values: Mapping[str, Any], name: str | None = None) -> "Policy":
        """Return this policy with some knobs changed.

        Parameters
        ----------
        values
            New values by dotted key, in the units of the knob (durations in milliseconds).
            ``rates.NAME.limit`` makes a new limit where NAME is new; ``rates.NAME: None``
            removes one.
        name
            The new policy's name; this one's by default.

        Raises
        ------
        KeyError
            If a key is no knob.
        """
        rates = {rate.name: rate for rate in self.rates}
        changed: dict[tuple[str, ...], Any] = {}
        for key, value in values.items():
            if not key.startswith("rates."):
                changed[_BY_KEY[key].path] = value
                continue
            _, rate_name, *rest = key.split(".")
            if not rest:
                rates.pop(rate_name, None)
                continue
            (rate_field,) = _RATE_BY_KEY[".".join(rest)].path
            rates[rate_name] = _written(
                rates.get(rate_name, RateLimit(rate_name)), {(rate_field,): value}
            )
        changed["rates",] = tuple(rates.values())
        changed["name",] = self.name if name is None else name
        made: Policy = _written(self, changed)
        return made

    def contradictions(self) -> list[tuple[tuple[str, ...], str]]:
        """Knob values that no request could ever satisfy together.

        Returns
        -------
        list of (keys, message)
            The dotted keys that contradict each other, and what is wrong.
        """
        life = self.lifetime
        if life.min_ms > life.max_ms:
            return [
                (
                    ("lifetime.min", "lifetime.max"),
                    f"lifetime.min ({format_duration(life.min_ms)}) is longer than "
                    f"lifetime.max ({format_duration(life.max_ms)}): no lifetime is allowed",
                )
            ]
        if life.longest_ms < life.min_ms:
            return [
                (
                    ("lifetime.step", "lifetime.min", "lifetime.max"),
                    f"no multiple of lifetime.step ({format_duration(life.step_ms)}) lies between "
                    f"{format_duration(life.min_ms)} and {format_duration(life.max_ms)}",
                )
            ]
        return []


@dataclass(frozen=True, slots=True)
class Knob:
    """One entry of the table of knobs.

    Attributes
    ----------
    key
        Dotted key in policy files; inside a rate limit, the part after its name.
    path
        Attribute names from the policy to the value.
    kind
        ``duration`` (milliseconds), ``integer``, ``boolean``, ``choice``, ``list`` or ``alphabet``.
    default, meaning, source
        The default value, what it does, and where the default comes from.
    choices
        Permitted words of a ``choice`` or members of a ``list``.
    absent
        The word that files use for None, where None is permitted.
    low, high
        Least value of a number, and greatest whole one.
    """

    key: str
    path: tuple[str, ...]
    kind: Literal["duration", "integer", "boolean", "choice", "list", "alphabet"]
    default: Any
    meaning: str
    source: Source
    choices: tuple[str, ...] = ()
    absent: str | None = None
    low: int = 0
    high: int = HIGHEST

    def accepts(self, value: object) -> bool:
        """Tell whether a value is one that the knob may have, in the units of the policy.

        Examples
        --------
        >>> find_knob("lifetime.max").accepts(DAY_MS), find_knob("lifetime.max").accepts("24h")
        (True, False)
        """
        if value is None:
            return self.absent is not None
        match self.kind:
            case "boolean":
                return isinstance(value, bool)
            case "duration" | "integer":
                most = LONGEST_MS if self.kind == "duration" else self.high
                return type(value) is int and self.low <= value <= most
            case "choice":
                return value in self.choices
            case "list":
                return isinstance(value, tuple) and all(word in self.choices for word in value)
            case "alphabet":
                return isinstance(value, str) and 2 <= len(value) == len(set(value))

    def format(self, value: Any) -> str:  # noqa: ANN401 - of the knob's own type
        """Write a value as policy files do."""
        if value is None:
            return str(self.absent)
        if self.kind == "duration":
            return format_duration(value)
        if self.kind == "boolean":
            return "true" if value else "false"
        if self.kind == "list":
            return "[" + ", ".join(value) + "]"
        if self.kind == "alphabet":
            return next((name for name, text in ALPHABETS.items() if text == value), value)
        return str(value)


def _kind_of(name: str, hint: Any) -> tuple[str, tuple[str, ...]]:  # noqa: ANN401 - a type
    if name.endswith("_ms"):
        return "duration", ()
    if get_origin(hint) is Literal:
        return "choice", get_args(hint)
    if hint is bool:
        return "boolean", ()
    if hint is str:
        return "alphabet", ()
    if get_origin(hint) is tuple:
        return "list", ()
    return "integer", ()


def _knobs_of(owner: type, key: str = "", path: tuple[str, ...] = ()) -> Iterator[Knob]:
    hints = get_type_hints(owner)
    for item in fields(owner):
        hint = hints[item.name]
        here = (*path, item.name)
        dotted = key + item.name.removesuffix("_ms").removesuffix("_")
        if is_dataclass(hint) and isinstance(hint, type):
            yield from _knobs_of(hint, dotted + ".", here)
        elif item.metadata:
            if isinstance(hint, UnionType):
                hint = next(part for part in get_args(hint) if part is not NoneType)
            kind, choices = _kind_of(item.name, hint)
            yield Knob(
                dotted,
                here,
                kind,  # type: ignore[arg-type] # one of the literals, by construction
                item.default,
                item.metadata["meaning"],
                item.metadata["source"],
                choices or item.metadata["among"],
                item.metadata["absent"],
                item.metadata["low"],
                item.metadata["high"],
            )


def _read(owner: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - walks any dataclass
    for name in path:
        owner = getattr(owner, name)
    return owner


def _written(owner: Any, changes: Mapping[tuple[str, ...], Any]) -> Any:  # noqa: ANN401 - as above
    direct = {path[0]: value for path, value in changes.items() if len(path) == 1}
    nested: dict[str, dict[tuple[str, ...], Any]] = {}
    for path, value in changes.items():
        if len(path) > 1:
            nested.setdefault(path[0], {})[path[1:]] = value
    for name, below in nested.items():
        direct[name] = _written(getattr(owner, name), below)
    kept = {item.name: getattr(owner, item.name) for item in fields(owner)}
    return type(owner)(**(kept | direct))


#: Every knob but those of rate limits, in the order of `Policy`.
KNOBS: Final[tuple[Knob, ...]] = tuple(_knobs_of(Policy))
#: The knobs that each rate limit has.
RATE_KNOBS: Final[tuple[Knob, ...]] = tuple(_knobs_of(RateLimit))

_BY_KEY: Final = {knob.key: knob for knob in KNOBS}
_RATE_BY_KEY: Final = {knob.key: knob for knob in RATE_KNOBS}


def find_knob(key: str) -> Knob | None:
    """Find a knob by dotted key, also below ``rates.NAME``; None where there is none.

    Examples
    --------
    >>> find_knob("rates.desk.per").kind
    'duration'
    >>> find_knob("lifetime.mx") is None
    True
    """
    parts = key.split(".")
    if parts[0] == "rates" and len(parts) == 3:
        return _RATE_BY_KEY.get(parts[2])
    return _BY_KEY.get(key)
