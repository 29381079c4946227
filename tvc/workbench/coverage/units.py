"""What there is to cover: the units of the law, each with a stable id.

The denominator is what some policy and some timeline can reach under a law, not what one policy
can: a knob that nobody turns is a part of the law that nobody tries.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tvc.authority.decide import LAW, Law
from tvc.authority.policy import KNOBS, RATE_KNOBS
from tvc.workbench.recipes.edges import EDGES
from tvc.workbench.recipes.thresholds import THRESHOLDS


class Group(StrEnum):
    """What kind of unit it is, in the order of reports."""

    RULES = "rules"
    REASONS = "reasons"
    THRESHOLDS = "thresholds"
    EDGES = "edges"
    KNOBS = "knobs"


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that a suite can try.

    Attributes
    ----------
    id
        Stable from version to version: ``rule:generate.rate:refused``, ``threshold:code.live:at``.
    group
        What kind of unit it is.
    says
        What it means that it is covered.
    """

    id: str
    group: Group
    says: str


#: Rules that pass nobody.
_NEVER_PASS: Final = ("reveal.never",)
_OUTCOMES: Final = {
    "passed": "a request passes the rule",
    "refused": "the rule refuses a request",
    "allowed": "the rule allows a request at once",
}
_SIDES: Final = {"below": "one tick below", "at": "exactly at", "above": "one tick above"}


def units_of(law: Law = LAW) -> tuple[Unit, ...]:
    """Return every unit of a law, group by group.

    A rule that is met at all is met with an outcome, so that being met is no unit of its own.

    Examples
    --------
    >>> [unit.id for unit in units_of() if unit.id.startswith("rule:reveal")]
    ['rule:reveal.never:refused']
    """
    return (*_rules(law), *_reasons(law), *_thresholds(), *_edges(), *_knobs())


def _rules(law: Law) -> tuple[Unit, ...]:
    found = []
    for rule in law.all_rules():
        outcomes = [] if rule.id in _NEVER_PASS else ["passed"]
        outcomes.append("refused" if rule.refuses else "allowed")
        found += [
            Unit(f"rule:{rule.id}:{outcome}", Group.RULES, _OUTCOMES[outcome])
            for outcome in outcomes
        ]
    return tuple(found)


def _reasons(law: Law) -> tuple[Unit, ...]:
    return tuple(
        Unit(f"reason:{rule.id}:{reason}", Group.REASONS, "the rule refuses with this reason")
        for rule in law.all_rules()
        for reason in rule.refuses
    )


def _thresholds() -> tuple[Unit, ...]:
    return tuple(
        Unit(
            f"threshold:{threshold.name}:{side}",
            Group.THRESHOLDS,
            f"{_SIDES[side]} {threshold.says}",
        )
        for threshold in THRESHOLDS
        for side in threshold.recipes
    )


def _edges() -> tuple[Unit, ...]:
    return tuple(Unit(f"edge:{edge.id}", Group.EDGES, edge.says) for edge in EDGES)


def _knobs() -> tuple[Unit, ...]:
    keys = [(knob.key, knob) for knob in KNOBS]
    keys += [(f"rates.{knob.key}", knob) for knob in RATE_KNOBS]
    return tuple(
        Unit(
            f"knob:{key}",
            Group.KNOBS,
            f"looked at while it is not {knob.format(knob.default)}: {knob.meaning}",
        )
        for key, knob in keys
    )
