"""Workloads that take more than a replication may, and the input that is responsible.

A run that would take hours, or all memory, is refused before it begins, with a sentence that
names the input to change. To run it all the same: ``--unbounded``, ``unbounded=True`` in Python, or
``--tvc-unbounded`` in pytest. A run that would never end is refused all the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import isinf
from typing import Any, Final

from pydantic import BaseModel

from tvc.authority.policy import KNOBS, Policy
from tvc.domain.cost import Cost, expected_cost
from tvc.domain.words import show
from tvc.domain.workload import WorkloadModel, inputs

#: The most that a replication takes unless it is unbounded.
MOST_EVENTS: Final = 50_000_000
MOST_BYTES: Final = 4_000_000_000

_RATES: Final = "rates"


class Excessive(ValueError):
    """A replication would take too much; the message names the input, its value and how much."""


@dataclass(frozen=True, slots=True)
class Excess:
    """What makes a replication take too much.

    Attributes
    ----------
    key
        The input that is responsible: of the workload or, `of_policy`, a knob.
    of_policy
        Which of the two.
    message
        One sentence: the input, its value, what a replication takes and what it may.
    """

    key: str
    of_policy: bool
    message: str


def refuse_excess(workload: WorkloadModel, policy: Policy, unbounded: bool = False) -> None:
    """Refuse a workload that takes too much under a policy; see `find_excess`.

    Raises
    ------
    Excessive
        With the sentence.
    """
    excess = find_excess(workload, policy, unbounded)
    if excess is not None:
        raise Excessive(excess.message)


def find_excess(workload: WorkloadModel, policy: Policy, unbounded: bool = False) -> Excess | None:
    """Find what makes a replication take too much; None where it does not.

    Parameters
    ----------
    workload
        Measured durations must have been read.
    policy
        What holds.
    unbounded
        Whether it may take any number of events and any memory, as long as it ends.

    Examples
    --------
    >>> find_excess(WorkloadModel.model_validate({"users": 1_000_000_000}), Policy()).key
    'users'
    >>> find_excess(WorkloadModel.model_validate({}), Policy()) is None
    True
    """
    cost = expected_cost(workload, policy)
    if _ratio(cost) <= 1 or (unbounded and not isinf(cost.events)):
        return None
    key, of_policy = _responsible(workload, policy)
    value = _spell(workload, policy, key, of_policy)
    return Excess(key, of_policy, f"{key} ({value}): {_say(cost)}")


def _ratio(cost: Cost) -> float:
    return max(cost.events / MOST_EVENTS, cost.memory_bytes / MOST_BYTES)


def _say(cost: Cost) -> str:
    # Estimates are at most: of a million admins hardly any is ever busy, and all of them may be.
    if isinf(cost.events):
        return "the run would never end, since something takes no time and comes again and again"
    if cost.events / MOST_EVENTS >= cost.memory_bytes / MOST_BYTES:
        takes = f"{_rounded(cost.events)} events"
        most = f"{MOST_EVENTS:,} are the most"
    else:
        takes = f"{_rounded(cost.memory_bytes / 1e9)} GB of memory"
        most = f"{MOST_BYTES / 1e9:.0f} GB are the most"
    how = "--unbounded (in pytest --tvc-unbounded)"
    return f"a replication may take up to {takes}, and {most} unless it is run {how}"


def _rounded(number: float) -> str:
    rough = float(f"{number:.2g}")
    if rough >= 1e15:
        return f"{rough:.1e}"
    return f"{rough:,.0f}" if rough >= 10 else f"{rough:g}"


# Who is responsible


def _responsible(workload: WorkloadModel, policy: Policy) -> tuple[str, bool]:
    """Return the input that takes too much by itself or, if none does, that adds most.

    That is the one that is worst beside nothing but defaults, else the one whose default would
    bring the cost down furthest.
    """
    changes = [*_changes(workload, policy)]
    alone = {key: _ratio(expected_cost(*beside)) for key, beside, _ in changes}
    worst = max(alone, key=alone.__getitem__)
    if alone[worst] > 1:
        return worst
    without = {key: _ratio(expected_cost(*others)) for key, _, others in changes}
    return min(without, key=without.__getitem__)


_Pair = tuple[WorkloadModel, Policy]


def _changes(
    workload: WorkloadModel, policy: Policy
) -> Iterator[tuple[tuple[str, bool], _Pair, _Pair]]:
    """Yield each input that is no default: alone beside defaults, and as a default beside all."""
    usual, standard = WorkloadModel.model_validate({}), Policy()
    for key in inputs():
        value, default = _value(workload, key), _value(usual, key)
        if value != default:
            alone, without = _with(usual, key, value), _with(workload, key, default)
            yield (key, False), (alone, standard), (without, policy)
    values, defaults = policy.values(), standard.values()
    for knob in KNOBS:
        value, default = values[knob.key], defaults[knob.key]
        if value != default:
            alone_policy = standard.with_values({knob.key: value})
            without_policy = policy.with_values({knob.key: default})
            yield (knob.key, True), (usual, alone_policy), (workload, without_policy)
    if policy.rates != standard.rates:
        alone_policy = replace(standard, rates=policy.rates)
        without_policy = replace(policy, rates=standard.rates)
        yield (_RATES, True), (usual, alone_policy), (workload, without_policy)


def _value(model: BaseModel, key: str) -> Any:  # noqa: ANN401 - of any input
    for name in key.split("."):
        model = getattr(model, name)
    return model


def _with(workload: BaseModel, key: str, value: Any) -> Any:  # noqa: ANN401 - a model of its type
    name, _, rest = key.partition(".")
    below = _with(getattr(workload, name), rest, value) if rest else value
    return workload.model_copy(update={name: below})


def _spell(workload: WorkloadModel, policy: Policy, key: str, of_policy: bool) -> str:
    if not of_policy:
        plain: Mapping[str, Any] = workload.model_dump()
        *groups, last = key.split(".")
        for group in groups:
            plain = plain[group]
        return _shown(plain[last])
    if key == _RATES:
        return f"{len(policy.rates)} limits"
    knob = next(knob for knob in KNOBS if knob.key == key)
    return knob.format(policy.values()[key])


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(part)}" for key, part in value.items()) + "}"
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else show(value)
