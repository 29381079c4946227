"""Mutants of the law: rules dropped and swapped, comparisons turned, consequences left out.

A law is a value, so each is another value. An audit record that is left out is a mutant, too:
what decides and what happens stay, and only what is written down is missing.
"""

import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from tvc.authority.authority import RECORD_TYPES
from tvc.authority.consequences import Consequence
from tvc.authority.decide import LAW, Law
from tvc.authority.policy import Policy
from tvc.authority.rates import Compare
from tvc.authority.requests import SHAPES, Kind
from tvc.authority.rules import Rule
from tvc.domain.cases import Case
from tvc.workbench.mutation.consequence_variants import CONSEQUENCE_VARIANTS
from tvc.workbench.mutation.equivalence import NOTIFIES, explain_absence, explain_swap
from tvc.workbench.mutation.meetings import Meetings
from tvc.workbench.mutation.mutants import NOTHING, Change, Family, Mutant, Silenced, Variant
from tvc.workbench.mutation.rule_variants import RULE_VARIANTS

_SIGNS: Final[dict[Compare, str]] = {
    operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=",
}  # fmt: skip
_AT_EQUAL: Final[dict[Compare, Compare]] = {
    operator.lt: operator.le, operator.le: operator.lt,
    operator.gt: operator.ge, operator.ge: operator.gt,
}  # fmt: skip
_NEGATED: Final[dict[Compare, Compare]] = {
    operator.lt: operator.ge, operator.ge: operator.lt,
    operator.gt: operator.le, operator.le: operator.gt,
}  # fmt: skip

#: Comparisons that the waiting time of a rate limit is computed from: negated, it has no end.
_WAITED_FOR: Final = ("rate.counts", "rate.full", "rate.token")

#: Far more comparisons than any case makes.
_MOST_COMPARISONS: Final = 200_000


class Endless(Exception):
    """A law that comes to no decision."""


@dataclass(frozen=True)
class LawMutant:
    """Another law, or the same law with records left out.

    Attributes
    ----------
    change
        What is changed.
    equivalent
        Why no case could notice the change; None where one could.
    meets_it
        Whether a case looks at what is changed.
    policies
        The policies of the suite.
    law
        The law.
    silenced
        The record types that are left out.
    turned
        The comparison of the law that is another one, by name.
    """

    change: Change
    equivalent: str | None
    meets_it: Callable[[Meetings], bool]
    policies: Collection[Policy]
    law: Law = LAW
    silenced: Silenced = NOTHING
    turned: Mapping[str, Compare] = field(default_factory=dict)

    def meets(self, met: Meetings) -> bool:
        """Whether a case looks at what is changed."""
        return self.meets_it(met)

    def reaches(self, case: Case) -> bool:  # noqa: ARG002 - as every mutant is asked
        """The law is the same for every case."""
        return True

    def sides(self) -> Iterator[tuple[Policy, Law, Policy]]:
        """Yield each policy, with the other law."""
        for policy in self.policies:
            yield policy, self._bounded_law(), policy

    def enter(self, case: Case) -> Variant | None:
        """Return the case under the other law."""
        return Variant(case, self._bounded_law(), self.silenced)

    def _bounded_law(self) -> Law:
        if not self.turned:
            return self.law
        turned = {name: _bounded(compare) for name, compare in self.turned.items()}
        return replace(self.law, comparisons=MappingProxyType({**self.law.comparisons, **turned}))


@dataclass(frozen=True)
class LawGroup:
    """The mutants of one part of the law, ready made."""

    made: list[Mutant] = field(default_factory=list)

    def mutants(self) -> Iterator[Mutant]:
        """Yield the mutants."""
        yield from self.made


def find_groups(policies: Collection[Policy]) -> Sequence[LawGroup]:
    """Make all mutants of the law.

    Parameters
    ----------
    policies
        The policies of the suite: what none of them asks for is equivalent.
    """
    groups: dict[str, LawGroup] = {}
    makers = (_rules_dropped, _rules_varied, _rules_swapped, _compared, _dropped, _varied, _unsaid)
    for maker in makers:
        for mutant in maker(policies):
            groups.setdefault(mutant.change.about, LawGroup()).made.append(mutant)
    return tuple(groups.values())


def _change(about: str, text: str) -> Change:
    return Change(Family.LAW, about, text)


def _name(kind: Kind, rule: Rule | Consequence) -> str:
    """Return a rule's id, with the request that meets it where that is another one."""
    return rule.id if rule.id.startswith(f"{kind}.") else f"{rule.id} of {kind}"


def _with_rules(kind: Kind, rules: Sequence[Rule]) -> Law:
    return replace(LAW, rules=MappingProxyType({**LAW.rules, kind: tuple(rules)}))


def _with_consequences(kind: Kind, consequences: Sequence[Consequence]) -> Law:
    every = {**LAW.consequences, kind: tuple(consequences)}
    return replace(LAW, consequences=MappingProxyType(every))


def _meets_rule(kind: Kind, rule: Rule) -> Callable[[Meetings], bool]:
    return lambda met: (kind, rule.id) in met.rules


def _allows(kind: Kind) -> Callable[[Meetings], bool]:
    type_ = str(kind) if SHAPES[kind].fact else f"{kind}.allowed"
    return lambda met: type_ in met.records


# Rules


def _rules_dropped(policies: Collection[Policy]) -> Iterator[LawMutant]:
    for kind, rules in LAW.rules.items():
        for rule in rules:
            yield LawMutant(
                _change(f"rule {_name(kind, rule)}", "dropped"),
                explain_absence(rule.id, policies),
                _meets_rule(kind, rule),
                policies,
                _with_rules(kind, [one for one in rules if one is not rule]),
            )


def _rules_varied(policies: Collection[Policy]) -> Iterator[LawMutant]:
    for kind, rules in LAW.rules.items():
        for rule in rules:
            for variant in RULE_VARIANTS:
                if variant.about == rule.id:
                    yield LawMutant(
                        _change(f"rule {_name(kind, rule)}", variant.says),
                        None if variant.matters is None else variant.matters.explain(policies),
                        _meets_rule(kind, rule),
                        policies,
                        _with_rules(
                            kind, [variant.of(one) if one is rule else one for one in rules]
                        ),
                    )


def _rules_swapped(policies: Collection[Policy]) -> Iterator[LawMutant]:
    for kind, rules in LAW.rules.items():
        for place, (first, second) in enumerate(pairwise(rules)):
            yield LawMutant(
                _change(f"rule {_name(kind, first)}", f"after {second.id}"),
                explain_swap(first.id, second.id, policies),
                _meets_rule(kind, first),
                policies,
                _with_rules(kind, (*rules[:place], second, first, *rules[place + 2 :])),
            )


# Comparisons


def _compared(policies: Collection[Policy]) -> Iterator[LawMutant]:
    for name, compare in LAW.comparisons.items():
        others = [_AT_EQUAL[compare]]
        others += [_NEGATED[compare]] if name not in _WAITED_FOR else []
        for other in others:
            yield LawMutant(
                _change(f"comparison {name}", f"{_SIGNS[compare]} -> {_SIGNS[other]}"),
                explain_absence(name, policies),
                _makes(name),
                policies,
                turned={name: other},
            )


def _makes(name: str) -> Callable[[Meetings], bool]:
    return lambda met: name in met.comparisons


def _bounded(compare: Compare) -> Compare:
    """Let a comparison give up in the end: a wait may have none under another one."""
    made = 0

    def bounded(left: int, right: int) -> bool:
        nonlocal made
        made += 1
        if made > _MOST_COMPARISONS:
            made = 0
            raise Endless
        return compare(left, right)

    return bounded


# Consequences


def _dropped(policies: Collection[Policy]) -> Iterator[LawMutant]:
    for kind, consequences in LAW.consequences.items():
        for one in consequences:
            # Without a code there is nothing that the authority could show.
            if one.id != "generate.issue_code":
                yield LawMutant(
                    _change(f"consequence {one.id}", "dropped"),
                    explain_absence(one.id, policies),
                    _allows(kind),
                    policies,
                    _with_consequences(kind, [other for other in consequences if other is not one]),
                )


def _varied(policies: Collection[Policy]) -> Iterator[LawMutant]:
    for kind, consequences in LAW.consequences.items():
        for one in consequences:
            for variant in CONSEQUENCE_VARIANTS:
                if variant.about == one.id:
                    yield LawMutant(
                        _change(f"consequence {one.id}", variant.says),
                        None if variant.matters is None else variant.matters.explain(policies),
                        _allows(kind),
                        policies,
                        _with_consequences(
                            kind,
                            [
                                variant.of(other) if other is one else other
                                for other in consequences
                            ],
                        ),
                    )


# Records


def _unsaid(policies: Collection[Policy]) -> Iterator[LawMutant]:
    for type_ in RECORD_TYPES:
        reason = None
        if type_ == "reveal.allowed":
            reason = "a code is never shown again, so there is no such record"
        elif type_ == "notice.sent":
            reason = NOTIFIES.explain(policies)
        yield LawMutant(
            _change(f"record {type_}", "left out"),
            reason,
            _writes(type_),
            policies,
            silenced=frozenset({type_}),
        )


def _writes(type_: str) -> Callable[[Meetings], bool]:
    return lambda met: type_ in met.records
