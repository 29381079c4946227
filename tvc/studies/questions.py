"""Questions to a workload: what would flip a choice between two arms, and how many it takes.

All are asked with the same people and days at every value, and every answer rests on an interval:
where that leaves something open, the answer says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isinf

from pydantic import ValidationError

from tvc.domain.words import show
from tvc.files.stochastic import ExpectModel
from tvc.runs.arms import Arm
from tvc.runs.replications import Asked, Plan, run_arms
from tvc.studies.changes import read_value
from tvc.studies.comparison import Estimate, delta_of, estimate
from tvc.studies.verdicts import bounds_of

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
