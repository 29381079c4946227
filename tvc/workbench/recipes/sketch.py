"""Sketches: timelines at a policy's thresholds that do not say yet what they expect."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from tvc.authority.durations import SECOND_MS, format_duration
from tvc.authority.edges import SIDES
from tvc.authority.policy import Policy
from tvc.authority.requests import Method
from tvc.files.documents import parse_document
from tvc.files.nodes import plain
from tvc.workbench.recipes.recipe import Recipe

Plain = dict[str, Any]

#: More than this many requests of one kind make no scenario that anybody reads.
MOST: Final = 60

#: The keys of a step that name people.
PEOPLE_KEYS: Final = ("by", "for", "given_to")


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

    def among(self, people: Mapping[str, Plain], policy: Policy, mark: str) -> Self:
        """Return the sketch with people, those by another name who are not as the cast has them.

        Parameters
        ----------
        people
            Their entries, by the names that the steps have for them.
        policy
            The policy, whose cast it is.
        mark
            What the other names end in.
        """
        names = {
            name: name if entry == entry_of(name, policy) else f"{name}-{mark}"
            for name, entry in people.items()
        }
        steps = tuple(
            {
                key: names.get(value, value) if key in PEOPLE_KEYS else value
                for key, value in step.items()
            }
            for step in self.steps
        )
        renamed = {}
        for name, entry in people.items():
            knows = [names.get(one, one) for one in entry.get("knows", ())]
            renamed[names[name]] = entry | ({"knows": knows} if knows else {})
        return replace(self, steps=steps, people=renamed)


class Stage:
    """Writes the steps of one timeline, so that only what is tried can be refused.

    Whoever issues a code brings the ticket and the approvals that the policy asks for, and signs
    in again where sessions do not last. Each method adds to the timeline and returns the stage.
    What is not given a time comes first, or a second after what was added before it.

    Parameters
    ----------
    policy
        The policy.

    Examples
    --------
    >>> stage = Stage(Policy()).issue(save="c1").sign_in(code="c1")
    >>> [step["at"] for step in stage.steps]
    ['0s', '1s']
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.steps: list[Plain] = []
        self._next = 0

    def ask(self, kind: str, by: str, at: int | str | None = None, **fields: Any) -> Self:  # noqa: ANN401
        """Add a request; times and lifetimes are milliseconds, or references to a table."""
        said = {name.removesuffix("_"): _said(value) for name, value in fields.items()}
        when = self._when(at)
        if isinstance(when, int):
            self._next = when + SECOND_MS
        self.steps.append({"at": _said(when), "do": kind, "by": by, **said})
        return self

    def issue(  # noqa: PLR0913 - what a generation says
        self,
        subject: str = "ana",
        by: str = "sam",
        at: int | str | None = None,
        *,
        lifetime: int | str | None = None,
        save: str | None = None,
        approvals: int | None = None,
        ticket: str | None = "CASE-1",
        approve_at: int | None = None,
    ) -> Self:
        """Add a generation and all that it needs."""
        at = self._when(at)
        early = approve_at if approve_at is not None else at
        needed = approvals_for(self.policy, subject) if approvals is None else approvals
        for approver in _approvers(by, subject, needed):
            self._keep_awake(approver, early)
            self.ask("approve", approver, early, for_=subject)
        self._keep_awake(by, at)
        fields: Plain = {"lifetime": lifetime or self.policy.lifetime.shortest_ms}
        if ticket is not None and self.policy.issuer.ticket == "required":
            fields["ticket"] = ticket
        if save is not None:
            fields["save"] = save
        return self.ask("generate", by, at, for_=subject, **fields)

    def expire(self, subject: str = "ana", by: str = "sam", at: int | None = None) -> Self:
        """Add an Expire Now."""
        when = self._when(at)
        self._keep_awake(by, when)
        return self.ask("expire", by, when, for_=subject)

    def wake(self, who: str = "ana", at: int | str | None = None) -> Self:
        """Add a sign-in that opens a session of the highest level."""
        return self.sign_in(who, at, with_=strongest(self.policy))

    def sign_in(self, who: str = "ana", at: int | str | None = None, **fields: Any) -> Self:  # noqa: ANN401
        """Add a sign-in."""
        return self.ask("sign_in", who, at, **fields)

    def sketch(
        self, topic: str, id_: str, why: str, rows: Sequence[Plain] = (), audit: str = ""
    ) -> Sketch:
        """Return what was written as a sketch."""
        return Sketch(topic, id_, why, tuple(self.steps), tuple(rows), audit)

    def _when(self, at: int | str | None) -> int | str:
        return self._next if at is None else at

    def _keep_awake(self, who: str, at: int | str) -> None:
        session = self.policy.session
        if at != 0 and (session.max_ms is not None or session.idle_ms is not None):
            self.wake(who, at)


def _said(value: Any) -> Any:  # noqa: ANN401 - what a step says under any key
    return format_duration(value) if isinstance(value, int) else value


def around(threshold_ms: int, *more: int) -> list[int]:
    """Return the instants a tick before, at and after some thresholds, in order."""
    near = {one + tick for one in (threshold_ms, *more) for tick in SIDES.values()}
    return sorted(one for one in near if one >= 0)


def at_rows(threshold_ms: int, *more: int) -> list[Plain]:
    """Return a table whose column ``at`` has the instants around some thresholds."""
    return rows_of("at", around(threshold_ms, *more))


def rows_of(column: str, times_ms: Iterable[int]) -> list[Plain]:
    """Return a table with a column of times."""
    return [{column: format_duration(one)} for one in times_ms]


def strongest(policy: Policy) -> Method:
    """Return a method whose sign-ins have the highest level that any method's have."""
    levels = policy.sign_in.assurance
    high = (method for method in Method if getattr(levels, method) == "high")
    return next(high, Method.AUTHENTICATOR)


def another(policy: Policy) -> Method:
    """Return a method that is not the strongest, which nobody of the cast has alone."""
    return next(method for method in Method if method is not strongest(policy))


def approvals_for(policy: Policy, subject: str) -> int:
    """Return how many approvals a generation for somebody of the cast needs."""
    needed = policy.issuer.approvals
    return needed.privileged if subject == "pia" else needed.standard


def _approvers(by: str, subject: str, count: int) -> list[str]:
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


def sketch_of(  # noqa: PLR0913, PLR0917 - what a sketch says
    recipe: Recipe, topic: str, id_: str, why: str, policy: Policy, mark: str
) -> Sketch:
    """Return the timeline of a recipe as a sketch, to be played under a policy.

    Parameters
    ----------
    recipe
        The recipe; what it expects is left out.
    topic, id_, why
        As in `Sketch`.
    policy, mark
        As in `Sketch.among`.
    """
    document: Any = plain(parse_document(recipe.as_file(), "recipe"))
    (scenario,) = document["scenarios"]
    steps = tuple(
        {key: value for key, value in step.items() if key != "expect"}
        for step in scenario["timeline"]
    )
    named = {step[key] for step in steps for key in PEOPLE_KEYS if key in step}
    people = {name: entry for name, entry in document["people"].items() if name in named}
    sketch = Sketch(topic, id_, why, steps, clocks=document["clocks"])
    return sketch.among(people, policy, mark)
