"""Mutants: one change each of a policy or of the law, as values; nothing is ever patched."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from tvc.authority.decide import LAW, Law
from tvc.authority.policy import Policy
from tvc.domain.cases import Case
from tvc.domain.policies import Origin
from tvc.workbench.mutation.meetings import Meetings

#: Audit record types that a mutant leaves out; none for most.
Silenced = frozenset[str]
NOTHING: Final[Silenced] = frozenset()


class Family(StrEnum):
    """What a mutant changes."""

    POLICY = "policy"
    LAW = "law"


@dataclass(frozen=True, slots=True)
class Change:
    """What a mutant changes, in words.

    Attributes
    ----------
    family
        Whether the policy or the law is changed.
    about
        The knob, rule, comparison, consequence or record type.
    text
        What becomes of it.
    policy
        The name of the policy; None for the law.
    origin
        Where the value stands that is changed; None for the law.
    """

    family: Family
    about: str
    text: str
    policy: str | None = None
    origin: Origin | None = None

    @property
    def id(self) -> str:
        """A name for the mutant, unique in a study and the same in every run."""
        where = "law" if self.origin is None else f"{self.origin}::{self.policy}"
        return f"{where} {self.about}: {self.text}"


@dataclass(frozen=True, slots=True)
class Variant:
    """A case under a mutant: another policy in it, or another law, or records left out."""

    case: Case
    law: Law = LAW
    silenced: Silenced = NOTHING


class Mutant(Protocol):
    """One change."""

    @property
    def change(self) -> Change:
        """What is changed."""

    @property
    def equivalent(self) -> str | None:
        """Why no case whatever could notice the change; None where one could."""

    @property
    def silenced(self) -> Silenced:
        """Record types that are left out; none for most."""

    def meets(self, met: Meetings) -> bool:
        """Whether a case looks at what is changed; one that does not cannot notice."""

    def reaches(self, case: Case) -> bool:
        """Whether the change is one of what holds in a case."""

    def enter(self, case: Case) -> Variant | None:
        """Return a case that it reaches, under it; None where its policy contradicts itself."""

    def sides(self) -> Iterator[tuple[Policy, Law, Policy]]:
        """Yield a policy, and beside it what holds under the mutant: its law and policy."""


class Group(Protocol):
    """The mutants of one thing: they tend to be noticed by the same cases, and are made late."""

    def mutants(self) -> Iterator[Mutant]:
        """Make the mutants."""


def distinct(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """Return policies without those that say the same as an earlier one."""
    return tuple(dict.fromkeys(policies))
