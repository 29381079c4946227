"""Sketches: timelines at a policy's thresholds that do not say yet what they expect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tvc.authority.durations import format_duration
from tvc.authority.policy import Policy
from tvc.authority.requests import Method

Plain = dict[str, Any]

#: A tick on either side of a threshold, in milliseconds.
TICKS: Final = (-1, 0, 1)

#: More than this many requests of one kind make no scenario that anybody reads.
MOST: Final = 60


@dataclass(frozen=True, slots=True)
class Sketch:
    """A scenario without its expectations.

    Attributes
    ----------
    topic
        The heading that it stands under.
    id, why
        As in files.
    steps
        In the words of files.
    rows
        The rows of its table, without what is wanted of the last step; none for one timeline.
    audit
        Which records the scenario shall state: none, the levels of sign-ins, or exactly all.
    people, clocks
        Entries of those who are not in the cast.
    """

    topic: str
    id: str
    why: str
    steps: tuple[Plain, ...]
    rows: tuple[Plain, ...] = ()
    audit: str = ""
    people: Mapping[str, Plain] = field(default_factory=dict)
    clocks: Mapping[str, Plain] = field(default_factory=dict)


class Stage:
    """Writes the steps of one timeline, so that only what is tried can be refused.

    Whoever issues a code brings the ticket and the approvals that the policy asks for, and signs
    in again where sessions do not last.

    Parameters
    ----------
    policy
        The policy.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.steps: list[Plain] = []

    def ask(self, at: int | str, kind: str, by: str, **fields: Any) -> None:  # noqa: ANN401
        """Add a request; times and lifetimes are milliseconds, or references to a table."""
        said = {name.removesuffix("_"): value for name, value in fields.items()}
        if isinstance(said.get("lifetime"), int):
            said["lifetime"] = format_duration(said["lifetime"])
        when = format_duration(at) if isinstance(at, int) else at
        self.steps.append({"at": when, "do": kind, "by": by, **said})

    def issue(  # noqa: PLR0913 - what a generation says
        self,
        at: int | str,
        subject: str = "ana",
        by: str = "sam",
        *,
        lifetime: int | str | None = None,
        save: str | None = None,
        approvals: int | None = None,
        ticket: str | None = "CASE-1",
        approve_at: int | None = None,
    ) -> None:
        """Add a generation and all that it needs."""
        early = approve_at if approve_at is not None else at
        needed = approvals_for(self.policy, subject) if approvals is None else approvals
        for approver in approvers(by, subject, needed):
            self._keep_awake(early, approver)
            self.ask(early, "approve", approver, for_=subject)
        self._keep_awake(at, by)
        fields: Plain = {"for": subject, "lifetime": lifetime or shortest(self.policy)}
        if ticket is not None and self.policy.issuer.ticket == "required":
            fields["ticket"] = ticket
        if save is not None:
            fields["save"] = save
        self.ask(at, "generate", by, **fields)

    def expire(self, at: int, subject: str = "ana", by: str = "sam") -> None:
        """Add an Expire Now."""
        self._keep_awake(at, by)
        self.ask(at, "expire", by, for_=subject)

    def wake(self, at: int | str, who: str) -> None:
        """Add a sign-in that opens a session of the highest level."""
        self.ask(at, "sign_in", who, with_=strongest(self.policy))

    def sign_in(self, at: int | str, who: str = "ana", **fields: Any) -> None:  # noqa: ANN401
        """Add a sign-in."""
        self.ask(at, "sign_in", who, **fields)

    def sketch(
        self, topic: str, id_: str, why: str, rows: Sequence[Plain] = (), audit: str = ""
    ) -> Sketch:
        """Return what was written as a sketch."""
        return Sketch(topic, id_, why, tuple(self.steps), tuple(rows), audit)

    def _keep_awake(self, at: int | str, who: str) -> None:
        session = self.policy.session
        if at != 0 and (session.max_ms is not None or session.idle_ms is not None):
            self.wake(at, who)


def around(threshold_ms: int, *more: int) -> list[int]:
    """Return the instants a tick before, at and after some thresholds, in order."""
    return sorted(
        {one + tick for one in (threshold_ms, *more) for tick in TICKS if one + tick >= 0}
    )


def at_rows(times: Sequence[int]) -> list[Plain]:
    """Return a table with a column of instants."""
    return [{"at": format_duration(at)} for at in times]


def shortest(policy: Policy) -> int:
    """Return the shortest lifetime that a policy offers, in milliseconds."""
    life = policy.lifetime
    return -(-life.min_ms // life.step_ms) * life.step_ms


def longest(policy: Policy) -> int:
    """Return the longest lifetime that a policy offers, in milliseconds."""
    return policy.lifetime.max_ms // policy.lifetime.step_ms * policy.lifetime.step_ms


def strongest(policy: Policy) -> Method:
    """Return a method whose sign-ins have the highest level that any method's have."""
    levels = policy.sign_in.assurance
    high = (method for method in Method if getattr(levels, method) == "high")
    return next(high, Method.AUTHENTICATOR)


def approvals_for(policy: Policy, subject: str) -> int:
    """Return how many approvals a generation for somebody of the cast needs."""
    needed = policy.issuer.approvals
    return needed.privileged if subject == "pia" else needed.standard


def approvers(by: str, subject: str, count: int) -> list[str]:
    """Return administrators who are neither issuer nor subject."""
    admins = ["kim", "lee", "sam", *(f"admin{number}" for number in range(1, count + 1))]
    return [admin for admin in admins if admin not in (by, subject)][:count]


_ADMIN: Final[Plain] = {"role": "admin"}
#: What a file says of somebody, by name; whoever is not here is a user like any other.
_CAST: Final[Mapping[str, Plain]] = {
    **dict.fromkeys(("sam", "kim", "lee", "admin"), _ADMIN),
    "stu": _ADMIN | {"session": "standard"},
    "ned": {"session": "standard"},
    "pia": {"tier": "privileged"},
    "cal": {"mfa": False},
    "tom": {"methods": [str(method) for method in Method]},
    "mallory": {"role": "outsider", "knows": ["ana"]},
}


def entry_of(name: str, policy: Policy) -> Plain:
    """Return what a file says of somebody of the cast; a number behind a name counts alike.

    Everybody has a method of the highest level.
    """
    entry, strong = _CAST.get(name.rstrip("0123456789"), {}), strongest(policy)
    usual = strong is Method.AUTHENTICATOR or not {"methods", "mfa"}.isdisjoint(entry)
    return entry | ({} if usual or entry.get("role") == "outsider" else {"methods": [str(strong)]})
