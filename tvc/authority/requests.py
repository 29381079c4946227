"""Requests: all that anybody can ask of the authority, and the facts that befall its people.

A request names people and what they present; it never holds a secret. What was typed into the
code field goes to the authority beside the request, and the request that the law judges says
only *which of the subject's codes it matched* (`Request.matched`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from tvc.authority.total import total
from tvc.authority.tuples import builder


class Kind(StrEnum):
    """What is asked. The first group meets rules; facts are always allowed."""

    GENERATE = "generate"
    EXPIRE = "expire"
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    USE = "use"
    STATUS = "status"
    REVEAL = "reveal"
    ENROLL = "enroll"
    REMOVE_METHOD = "remove_method"
    APPROVE = "approve"
    RESET_PASSWORD = "reset_password"
    SIGN_OUT = "sign_out"
    LOSE_DEVICE = "lose_device"
    FIND_DEVICE = "find_device"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    UNLOCK = "unlock"


class Method(StrEnum):
    """A verification method that can be enrolled on an account (closed list)."""

    AUTHENTICATOR = "authenticator"
    TOTP = "totp"
    SECURITY_KEY = "security_key"
    BUILT_IN = "built_in"
    SMS = "sms"
    EMAIL = "email"


class Proof(StrEnum):
    """How well the person can prove a method: as its holder, wrongly, or with a stolen proof."""

    RIGHT = "right"
    WRONG = "wrong"
    STOLEN = "stolen"


class Request(NamedTuple):
    """One request of one person.

    A named tuple, since a simulated month makes millions of them; build one with `request`,
    which checks that the fields fit the kind.

    Attributes
    ----------
    kind
        What is asked.
    by
        The person who asks. They act as the account of their session.
    subject
        The account it is for (``for`` in scenario files).
    lifetime_ms
        How long a generated code shall live.
    ticket
        Reference to the case that the issuer works on; empty is missing.
    method
        The verification method presented, enrolled or removed.
    proof
        What the person can show for the method.
    matched
        None when no code is presented; else the ordinals of the subject's codes that the
        presented secret matches, in practice none or one.
    password_right
        Whether the person types the password they know, or a wrong one.
    sso
        Whether they come by single sign-on.
    given_to
        The person who is told a reset password.
    """

    kind: Kind
    by: str
    subject: str | None = None
    lifetime_ms: int | None = None
    ticket: str | None = None
    method: Method | None = None
    proof: Proof = Proof.RIGHT
    matched: tuple[int, ...] | None = None
    password_right: bool = True
    sso: bool = False
    given_to: str | None = None

    def presenting(self, matched: tuple[int, ...]) -> "Request":
        """Return this request with a code presented that matches some of the subject's."""
        return _request((*self[:_MATCHED], matched, *self[_MATCHED + 1 :]))


_request: Final = builder(Request)
_MATCHED: Final = Request._fields.index("matched")
_RIGHT: Final = Proof.RIGHT


def plain_request(  # noqa: PLR0913, PLR0917 - the fields of a request
    kind: Kind,
    by: str,
    subject: str | None = None,
    method: Method | None = None,
    matched: tuple[int, ...] | None = None,
    lifetime_ms: int | None = None,
    ticket: str | None = None,
) -> Request:
    """Make a request of somebody who makes no mistake, and whose program makes none.

    Nothing is checked: a simulated month makes millions of them. `request` is for all else.

    Examples
    --------
    >>> plain_request(Kind.USE, "ana") == request("use", "ana")
    True
    """
    return _request((
        kind, by, subject, lifetime_ms, ticket, method, _RIGHT, matched, True, False, None,
    ))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """Which fields a kind of request takes, in the words of scenario files.

    Attributes
    ----------
    meaning
        One line for schemas, completions and error messages.
    required, optional
        The fields besides ``by``, which every request has.
    by_session
        Whether it is judged through the person's session and counts for its latest request.
    fact
        Whether it is a fact, which is always allowed.
    """

    meaning: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    by_session: bool = False
    fact: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields besides ``by``: the required ones first."""
        return self.required + self.optional


SHAPES: Final[dict[Kind, Shape]] = total(
    Kind,
    {
        Kind.GENERATE: Shape(
            "An issuer generates a code for a subject.", ("for", "lifetime"), ("ticket",), True
        ),
        Kind.EXPIRE: Shape("Expire Now: an issuer ends the subject's code.", ("for",), (), True),
        Kind.SIGN_IN: Shape(
            "A person signs in to an account, their own by default.",
            (),
            ("for", "code", "with", "proof", "password", "via"),
        ),
        Kind.STEP_UP: Shape(
            "A person verifies again to raise their session to high assurance.",
            (),
            ("code", "with", "proof"),
            True,
        ),
        Kind.USE: Shape("A person uses their session; shows whether it holds.", (), (), True),
        Kind.STATUS: Shape("An issuer asks whether a subject has a code.", ("for",), (), True),
        Kind.REVEAL: Shape("Somebody asks to see a code again.", ("for",)),
        Kind.ENROLL: Shape(
            "A person enrolls a method of theirs on the account they act as.", ("with",), (), True
        ),
        Kind.REMOVE_METHOD: Shape(
            "A person removes a method from the account they act as.", ("with",), (), True
        ),
        Kind.APPROVE: Shape(
            "An issuer approves that a code is generated for a subject.", ("for",), (), True
        ),
        Kind.RESET_PASSWORD: Shape(
            "The desk resets a password and tells it to a person.", ("for",), ("given_to",), True
        ),
        Kind.SIGN_OUT: Shape("A person ends their session.", fact=True),
        Kind.LOSE_DEVICE: Shape("A person loses the device that carries their methods.", fact=True),
        Kind.FIND_DEVICE: Shape("A person has their device back.", fact=True),
        Kind.ACTIVATE: Shape("An account is activated.", ("for",), fact=True),
        Kind.DEACTIVATE: Shape(
            "An account is deactivated: its codes and sessions end.", ("for",), fact=True
        ),
        Kind.FREEZE: Shape("An account is frozen: its sessions end.", ("for",), fact=True),
        Kind.UNFREEZE: Shape("An account is no longer frozen.", ("for",), fact=True),
        Kind.UNLOCK: Shape(
            "Failure counters and locks of an account are cleared.", ("for",), fact=True
        ),
    },
)

#: The kinds that meet rules: all but facts.
JUDGED: Final = tuple(kind for kind, shape in SHAPES.items() if not shape.fact)


def request(  # noqa: PLR0913 - the fields of a request, by keyword
    kind: Kind | str,
    by: str,
    *,
    subject: str | None = None,
    lifetime_ms: int | None = None,
    ticket: str | None = None,
    method: Method | str | None = None,
    proof: Proof | str = Proof.RIGHT,
    password_right: bool = True,
    sso: bool = False,
    given_to: str | None = None,
) -> Request:
    """Make a request, refusing what its kind does not take.

    Raises
    ------
    ValueError
        If the kind, method or proof is unknown, a required field is missing, or a field is
        given that the kind does not take.

    Examples
    --------
    >>> request("generate", "sam", subject="ana", lifetime_ms=3_600_000).kind
    <Kind.GENERATE: 'generate'>
    >>> request("use", "ana", ticket="INC1")
    Traceback (most recent call last):
    ValueError: use takes no ticket
    """
    kind = Kind(kind)
    shape = SHAPES[kind]
    given = {
        "for": subject is not None,
        "lifetime": lifetime_ms is not None,
        "ticket": ticket is not None,
        "with": method is not None,
        "proof": proof != Proof.RIGHT,
        "password": not password_right,
        "via": sso,
        "given_to": given_to is not None,
    }
    for field, present in given.items():
        if present and field not in shape.fields:
            raise ValueError(f"{kind} takes no {field}")
        if not present and field in shape.required:
            raise ValueError(f"{kind} needs {field}")
    if kind is Kind.SIGN_IN and subject is None:
        subject = by
    if kind is Kind.RESET_PASSWORD and given_to is None:
        given_to = subject
    return Request(
        kind,
        by,
        subject,
        lifetime_ms,
        ticket,
        None if method is None else Method(method),
        Proof(proof),
        None,
        password_right,
        sso,
        given_to,
    )
