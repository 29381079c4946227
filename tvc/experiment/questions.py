"""Questions to a workload: which assumptions matter, what would flip a choice, how many it takes.

All are asked with the same people and days at every value, and every answer rests on an interval:
where that leaves something open, the answer says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from math import inf, isinf, isnan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from tvc.experiment.arms import Arm, assumptions
from tvc.experiment.changes import read_value
from tvc.experiment.comparison import LEVEL, Estimate, delta_of, estimate
from tvc.experiment.replications import Asked, Plan, Rows, run_arms
from tvc.experiment.verdicts import bounds_of
from tvc.files.distributions import Choice, Distribution, Empirical
from tvc.files.faults import show
from tvc.files.study import ExpectModel
from tvc.files.workload import WorkloadModel, inputs

#: What assumptions are multiplied by.
FACTORS: Final = (0.5, 2.0)


# Which assumptions matter


@dataclass(frozen=True, slots=True)
class Bar:
    """One assumption, low and high.

    Attributes
    ----------
    key
        Of the input.
    low, high
        Its values as files spell them.
    base, at_low, at_high
        The metric, or the difference between two arms in it: as it is, and at either value.
    change_low, change_high
        How it changes, pair by pair, against as it is. The intervals at either value and of the
        changes hold for all bars together.
    """

    key: str
    low: object
    high: object
    base: Estimate
    at_low: Estimate
    at_high: Estimate
    change_low: Estimate
    change_high: Estimate

    @property
    def swing(self) -> float:
        """The larger change of the two; one without a number is the largest."""
        sizes = [abs(of.value) for of in (self.change_low, self.change_high)]
        return max(inf if isnan(size) else size for size in sizes)


@dataclass(frozen=True, slots=True)
class Tornado:
    """Assumptions by how much they matter.

    Attributes
    ----------
    bars
        The largest swing first.
    not_varied
        Assumptions that have no half and no double: words, lists, zeros, and what is switched off.
    """

    bars: tuple[Bar, ...]
    not_varied: tuple[str, ...]


def tornado(arms: Sequence[Arm], asked: Asked, plan: Plan) -> Tornado:
    """Halve and double each assumption by itself, and see what that does to a metric.

    Numbers are multiplied, probabilities cut at 1, distributions stretched in time.

    Parameters
    ----------
    arms
        One arm, whose metric it is; or two, whose paired difference it is.
    asked
        The metric.
    plan
        Which replications of every variant, and where they are run.
    """
    variants: dict[tuple[str, float], tuple[Arm, ...]] = {}
    for key in assumptions(arms):
        found = {factor: _all_scaled(arms, key, factor) for factor in FACTORS}
        if any(one != tuple(arms) for one in found.values()):
            variants |= {(key, factor): one for factor, one in found.items()}
    named = {arm.name: arm for arm in (*arms, *(arm for of in variants.values() for arm in of))}
    rows = run_arms(f"tornado of {asked}", list(named.values()), [asked], plan)
    by_name = dict(zip(named, rows, strict=True))

    def values(of: Sequence[Arm]) -> NDArray[np.float64]:
        return _values(asked, [by_name[arm.name] for arm in of])

    base, width = values(arms), len(arms)
    # Of many intervals some are wrong by chance: these hold all together, after Bonferroni.
    level = 1 - (1 - LEVEL) / max(len(variants), 1)
    bars = []
    for key in dict.fromkeys(key for key, _ in variants):
        low, high = (variants[key, factor] for factor in FACTORS)
        bars.append(
            Bar(
                key,
                low=_plain_at(low[0].workload, key),
                high=_plain_at(high[0].workload, key),
                base=_estimate(asked, base, width),
                at_low=_estimate(asked, values(low), width, level),
                at_high=_estimate(asked, values(high), width, level),
                change_low=_change(base, values(low), level),
                change_high=_change(base, values(high), level),
            )
        )
    bars.sort(key=lambda bar: (-bar.swing, bar.key))
    varied = {bar.key for bar in bars}
    return Tornado(tuple(bars), tuple(key for key in assumptions(arms) if key not in varied))


def _values(asked: Asked, rows: Rows) -> NDArray[np.float64]:
    """Return the metric of one arm, or candidate less baseline of two."""
    found = [asked.values(of_arm) for of_arm in rows]
    with np.errstate(invalid="ignore"):
        return found[0] if len(found) == 1 else found[1] - found[0]


def _estimate(
    asked: Asked, values: NDArray[np.float64], arms: int, level: float = LEVEL
) -> Estimate:
    ends = bounds_of(asked.metric)
    if ends is not None and arms > 1:
        ends = (ends[0] - ends[1], ends[1] - ends[0])
    return estimate(values, ends, level)


def _change(base: NDArray[np.float64], values: NDArray[np.float64], level: float) -> Estimate:
    with np.errstate(invalid="ignore"):
        return estimate(values - base, level=level)


def _in_use(key: str, arm: Arm) -> bool:
    workload = arm.workload
    group, _, rest = key.partition(".")
    if key.startswith("desk.checks."):
        return key.startswith(f"desk.checks.{workload.desk.identity_check}.")
    if group == "channel" and rest != "by":
        return key.startswith(f"channel.{workload.channel.by}.")
    if group == "attackers":
        return workload.has_attackers
    if group == "notices":
        return bool(arm.policy.notify)
    return True


def _all_scaled(arms: Sequence[Arm], key: str, factor: float) -> tuple[Arm, ...]:
    """Return the arms with an input multiplied, as they are where that cannot be."""
    if not any(_in_use(key, arm) for arm in arms):
        return tuple(arms)
    return tuple(_scaled(arm, key, factor) for arm in arms)


def _scaled(arm: Arm, key: str, factor: float) -> Arm:
    parts = key.split(".")
    value: Any = arm.workload
    for part in parts:
        value = getattr(value, part)
    scaled = scale(value, factor, inputs()[key].unit)
    if scaled is None or scaled == value:
        return arm
    workload = _with(arm.workload, parts, scaled)
    try:
        WorkloadModel.model_validate(workload.model_dump(exclude_none=True))
    except ValidationError:
        return arm
    return replace(arm, name=f"{arm.name} [{key} x{factor:g}]", workload=workload)


def scale(value: Any, factor: float, unit: str) -> Any:  # noqa: ANN401 - of the input's own type
    """Multiply the value of an input; None where it has no multiple.

    Parameters
    ----------
    value
        A number, a duration in milliseconds, or a distribution.
    factor
        By what.
    unit
        That of the input; a probability or a share is cut at 1, days at seven.

    Examples
    --------
    >>> scale(0.7, 2, "probability"), scale(3, 0.5, "people"), scale("voice", 2, "voice or chat")
    (1.0, 2, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, Distribution):
        return _stretched(value, factor)
    if not isinstance(value, int | float):
        return None
    most = 1.0 if unit.startswith(("probability", "share")) else 7.0 if "per week" in unit else None
    found = value * factor if most is None else min(value * factor, most)
    return found if isinstance(value, float) else int(found + 0.5)


def _stretched(value: Distribution, factor: float) -> Distribution:
    def times(number: Any) -> Any:  # noqa: ANN401 - nested tuples of durations
        return round(number * factor)

    match value:
        case Empirical():
            return replace(value, values_ms=tuple(times(each) for each in value.values_ms))
        case Choice():
            return replace(value, values=tuple((times(each), w) for each, w in value.values))
    changes = {item.name: times(getattr(value, item.name)) for item in fields(value)}
    return replace(value, **changes)


def _with(model: Any, parts: Sequence[str], value: object) -> Any:  # noqa: ANN401 - any part
    first, *rest = parts
    below = _with(getattr(model, first), rest, value) if rest else value
    return model.model_copy(update={first: below})


def _plain_at(workload: WorkloadModel, key: str) -> object:
    value: Any = workload.model_dump()
    for part in key.split("."):
        value = value[part]
    return value


# What would flip a choice


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Where the better of two arms changes.

    Attributes
    ----------
    low, high
        The range that was searched, as files spell it.
    at_low, at_high
        The difference at its ends.
    before, after
        The last value found with the sign of the low end and the first one with that of the high
        end; None where the sign does not surely change within the range.
    probes
        Every value that was tried, in rising order, with the difference there.
    """

    low: object
    high: object
    at_low: Estimate
    at_high: Estimate
    before: object | None
    after: object | None
    probes: tuple[tuple[object, Estimate], ...]


def break_even(values: Sequence[object], difference: Callable[[object], Estimate]) -> BreakEven:
    """Find by bisection where the sign of a difference changes.

    Parameters
    ----------
    values
        Of the input, rising.
    difference
        Candidate less baseline at a value.

    Returns
    -------
    BreakEven
        Between `before` and `after` the sign is not sure. A sign that changes several times is
        found at one of these places.

    Examples
    --------
    >>> found = break_even(range(11), lambda x: Estimate(x - 6.5, x - 7.5, x - 5.5, 20, 0))
    >>> found.before, found.after
    (5, 8)
    """
    seen: dict[int, Estimate] = {}

    def at(place: int) -> Estimate:
        if place not in seen:
            seen[place] = difference(values[place])
        return seen[place]

    last = len(values) - 1
    at_low, at_high = at(0), at(last)
    before = after = None
    if at_low.sign * at_high.sign < 0:
        first_other = _first(lambda place: at(place).sign != at_low.sign, 0, last)
        before = values[first_other - 1]
        after = values[_first(lambda place: at(place).sign == at_high.sign, first_other - 1, last)]
    probes = tuple((values[place], seen[place]) for place in sorted(seen))
    return BreakEven(values[0], values[last], at_low, at_high, before, after, probes)


def _first(holds: Callable[[int], bool], false_at: int, true_at: int) -> int:
    """Return the first place where something holds, which it does not at one end."""
    while true_at - false_at > 1:
        middle = (false_at + true_at) // 2
        false_at, true_at = (false_at, middle) if holds(middle) else (middle, true_at)
    return true_at


def difference_between(
    arms: Callable[[object], tuple[Arm, Arm]], asked: Asked, plan: Plan
) -> Callable[[object], Estimate]:
    """Return what tells the paired difference of two arms at a value of an input.

    Parameters
    ----------
    arms
        Baseline and candidate at a value.
    asked, plan
        The metric, and which replications are run.
    """

    def tell(value: object) -> Estimate:
        rows = run_arms(f"break-even of {asked}", arms(value), [asked], plan)
        return delta_of(asked, *(asked.values(of_arm) for of_arm in rows)).delta

    return tell


def metric_of(
    arm: Callable[[object], Arm], asked: Asked, plan: Plan
) -> Callable[[object], Estimate]:
    """Return what tells a metric of an arm at a value of a knob or an input."""

    def tell(value: object) -> Estimate:
        (rows,) = run_arms(f"solving for {asked}", [arm(value)], [asked], plan)
        return estimate(asked.values(rows), bounds_of(asked.metric))

    return tell


# How many it takes


@dataclass(frozen=True, slots=True)
class Bound:
    """A metric that is to be at most, or at least, so much.

    Attributes
    ----------
    asked, at_most
        The metric, and whether the limit is an upper one.
    limit
        Milliseconds where it is a time.
    text
        As it was written.
    """

    asked: Asked
    at_most: bool
    limit: float
    text: str

    def holds(self, found: Estimate) -> bool | None:
        """Tell whether it surely holds, surely does not, or neither."""
        if isinf(found.value):
            return not self.at_most
        if self.at_most:
            return True if found.high <= self.limit else False if found.low > self.limit else None
        return True if found.low >= self.limit else False if found.high < self.limit else None


def read_bound(text: str) -> Bound:
    """Read a bound such as ``p95(time_to_access) <= 30m``.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> bound = read_bound("p95(time_to_access) <= 30m")
    >>> bound.at_most, bound.limit
    (True, 1800000.0)
    """
    sign = next((one for one in ("<=", ">=") if one in text), None)
    if sign is None:
        raise ValueError(f"{show(text)}: expected METRIC <= VALUE or METRIC >= VALUE")
    metric, _, value = text.partition(sign)
    asked = Asked.read(metric.strip())
    kind = "at_most" if sign == "<=" else "at_least"
    told = {"metric": str(asked.metric), kind: read_value(value.strip())}
    try:
        model = ExpectModel.model_validate(told)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ValueError(str(wrong.get("ctx", {}).get("error", wrong["msg"]))) from None
    limit = model.at_most if sign == "<=" else model.at_least
    return Bound(asked, sign == "<=", float(limit or 0.0), text.strip())


@dataclass(frozen=True, slots=True)
class Solution:
    """The end of the values for which a bound holds.

    Attributes
    ----------
    answer
        The smallest value for which it surely holds, or where it fails at the high end, the
        largest one; None where it does so nowhere.
    largest
        Whether it is the largest.
    fails
        The value nearest to the answer for which it surely fails; None without one.
    undecided
        Values tried that are neither.
    probes
        Every value that was tried, in rising order, with the metric there.
    """

    answer: object | None
    largest: bool
    fails: object | None
    undecided: tuple[object, ...]
    probes: tuple[tuple[object, Estimate], ...]


def solve(values: Sequence[object], metric: Callable[[object], Estimate], bound: Bound) -> Solution:
    """Find by bisection for which values a bound holds, which hold from one on, or up to one.

    Parameters
    ----------
    values
        Rising.
    metric
        At a value.
    bound
        What is to hold.

    Examples
    --------
    >>> bound = Bound(Asked.read("mean(calls)"), True, 5.0, "mean(calls) <= 5")
    >>> found = solve(range(1, 21), lambda n: Estimate(30 / n, 29 / n, 31 / n, 20, 0), bound)
    >>> found.answer, found.fails, found.undecided
    (7, 5, (6,))
    """
    seen: dict[int, Estimate] = {}

    def holds(place: int) -> bool | None:
        if place not in seen:
            seen[place] = metric(values[place])
        return bound.holds(seen[place])

    def fails(place: int) -> bool:
        return holds(place) is False

    last = len(values) - 1
    largest = bool(holds(0)) and not holds(last)
    answer = failing = None
    if largest:
        answer = _first(lambda place: not holds(place), 0, last) - 1
        failing = _first(fails, answer, last) if fails(last) else None
    elif holds(last):
        answer = 0 if holds(0) else _first(lambda place: bool(holds(place)), 0, last)
        failing = _first(lambda place: not fails(place), 0, answer) - 1 if fails(0) else None
    tried = {place: bound.holds(seen[place]) for place in sorted(seen)}
    return Solution(
        None if answer is None else values[answer],
        largest,
        None if failing is None else values[failing],
        tuple(values[place] for place, held in tried.items() if held is None),
        tuple((values[place], seen[place]) for place in sorted(seen)),
    )
