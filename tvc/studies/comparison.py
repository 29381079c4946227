"""Comparing two arms: the same people on the same days, and what the candidate changes.

Each replication of both arms is run under one seed, so that chance that both share cancels in
their difference; an interval of the differences is far narrower than two intervals apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isinf, nan
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tvc.runs.arms import Arm
from tvc.runs.replications import Asked, Plan, find_asked, run_arms
from tvc.statistics.binomial import clopper_pearson, never_seen_bound
from tvc.statistics.intervals import t_interval
from tvc.studies.verdicts import bounds_of
from tvc.trace.measures.catalogue import MEASURES, Function, Shape, Unit
from tvc.trace.measures.metrics import Statistic

if TYPE_CHECKING:
    import pandas as pd

#: One value a replication, of baseline and candidate.
Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]
#: Level of the intervals, each by itself.
LEVEL: Final = 0.95
#: Of the pairs, a larger share without a value leaves it open which ones are missing.
MOST_MISSING: Final = 0.05
#: The percentile that is shown beside the mean of a spell.
_PERCENT: Final = 95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over replications.

    Attributes
    ----------
    value
        In milliseconds for times. NaN without any value; infinite where a replication's is.
    low, high
        Student's interval, infinite where nothing is known.
    replications, missing
        Those with a value, which were used, and those without.
    """

    value: float
    low: float
    high: float
    replications: int
    missing: int

    @property
    def sign(self) -> int:
        """1 where it is surely above 0, -1 where it is surely below, 0 where neither is sure."""
        if self.missing > MOST_MISSING * (self.replications + self.missing):
            return 0
        return int(self.low > 0) - int(self.high < 0)


def estimate(
    values: NDArray[np.float64], ends: tuple[float, float] | None = None, level: float = LEVEL
) -> Estimate:
    """Estimate a mean from one value a replication, their number having been fixed beforehand.

    Parameters
    ----------
    values
        Of shape (n,).
    ends
        What no value can be beyond; None where there is no such thing. The interval ends there,
        and that of a share of replications is Clopper and Pearson's. Bounded values that are all
        alike have no spread to go by: another one, as far away as can be, is then taken to be as
        likely as n replications without it allow.
    level
        Of the interval.

    Examples
    --------
    >>> found = estimate(np.array([1.0, 2.0, 3.0, 4.0]))
    >>> found.value, found.sign
    (2.5, 1)
    >>> found = estimate(np.zeros(20), (-1.0, 1.0))
    >>> f"{found.low:.3f} {found.high:.3f}"
    '-0.139 0.139'
    """
    present = values[~np.isnan(values)]
    missing = int(values.size - present.size)
    count = int(present.size)
    if not count:
        return Estimate(nan, -inf, inf, 0, missing)
    if np.isinf(present).any():
        endless = set(present[np.isinf(present)].tolist())
        return Estimate(endless.pop() if len(endless) == 1 else nan, -inf, inf, count, missing)
    mean = float(present.mean())
    low, high = _limits(present, mean, ends, level)
    return Estimate(mean, low, high, count, missing)


def _limits(
    values: NDArray[np.float64], mean: float, ends: tuple[float, float] | None, level: float
) -> tuple[float, float]:
    count = int(values.size)
    if ends == (0.0, 1.0) and np.isin(values, ends).all():
        return clopper_pearson(int(values.sum()), count, level)
    if ends is not None and not np.ptp(values):
        unseen = never_seen_bound(count, level)
        return mean + unseen * (ends[0] - mean), mean + unseen * (ends[1] - mean)
    if count == 1:
        return (-inf, inf) if ends is None else ends
    low, high = t_interval(values.tolist(), level)
    return (low, high) if ends is None else (max(low, ends[0]), min(high, ends[1]))


def difference(
    baseline: NDArray[np.float64], candidate: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return candidate less baseline; two that never end differ by nobody knows how much.

    Examples
    --------
    >>> difference(np.array([1.0, np.inf, 2.0]), np.array([3.0, np.inf, np.inf])).tolist()
    [2.0, nan, inf]
    """
    both = np.isinf(baseline) & np.isinf(candidate)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = candidate - baseline
    found[both] = nan
    return found


@dataclass(frozen=True, slots=True)
class Delta:
    """What the candidate changes about one metric.

    Attributes
    ----------
    asked
        The metric.
    baseline, candidate
        Of each arm.
    delta
        Of the paired differences, candidate less baseline.
    """

    asked: Asked
    baseline: Estimate
    candidate: Estimate
    delta: Estimate


@dataclass(frozen=True)
class Comparison:
    """Two arms compared.

    Attributes
    ----------
    baseline, candidate
        The arms.
    deltas
        In the order in which metrics were asked for.
    replications, seed
        How many pairs, and what they were drawn from.
    warmup_ms
        The time at the start of each that is not measured.
    values
        The pairs themselves, by metric.
    """

    baseline: Arm
    candidate: Arm
    deltas: tuple[Delta, ...]
    replications: int
    seed: int
    warmup_ms: int = 0
    values: Mapping[Asked, Pairs] = field(default_factory=dict, repr=False, compare=False)

    @property
    def measured_ms(self) -> int:
        """How long each replication measures."""
        return self.baseline.workload.horizon - self.warmup_ms

    def __getitem__(self, metric: str) -> Delta:
        """Return what the candidate changes about a metric, by its name.

        Raises
        ------
        LookupError
            If it was not measured.
        """
        asked = find_asked(metric, [delta.asked for delta in self.deltas])
        return next(delta for delta in self.deltas if delta.asked == asked)

    def pairs(self, metric: str) -> "pd.DataFrame":
        """Return every replication of a metric, as `tvc.analysis.plots.paired_delta` draws them.

        Returns
        -------
        pandas.DataFrame
            Columns ``replication``, ``baseline`` and ``candidate`` (times in milliseconds).

        Raises
        ------
        LookupError
            If it was not measured.
        """
        import pandas as pd

        baseline, candidate = self.values[self[metric].asked]
        numbers = range(len(baseline))
        return pd.DataFrame({"replication": numbers, "baseline": baseline, "candidate": candidate})

    def frame(self) -> "pd.DataFrame":
        """Return one row a metric.

        Returns
        -------
        pandas.DataFrame
            Columns ``metric``, ``where``, ``unit``, ``baseline``, ``candidate``, ``delta``,
            ``low`` and ``high`` (of the difference; times in milliseconds) and
            ``replications`` (pairs with a value).
        """
        import pandas as pd

        rows = [
            (
                str(found.asked.metric),
                ", ".join(f"{label}={value}" for label, value in found.asked.where),
                unit_of_numbers(found.asked.unit),
                found.baseline.value,
                found.candidate.value,
                found.delta.value,
                found.delta.low,
                found.delta.high,
                found.delta.replications,
            )
            for found in self.deltas
        ]
        columns = ["metric", "where", "unit", "baseline", "candidate", "delta", "low", "high"]
        return pd.DataFrame(rows, columns=[*columns, "replications"])


def unit_of_numbers(unit: Unit) -> str:
    """Return what the numbers of frames are in: times in milliseconds, all else as it is."""
    return Unit.MS.value if unit.is_time else unit.value


def compare(
    baseline: Arm,
    candidate: Arm,
    metrics: Sequence[Asked] | None,
    plan: Plan,
    *,
    study: str = "compare",
) -> Comparison:
    """Compare two arms on the same people.

    Parameters
    ----------
    baseline, candidate
        The arms; their names differ.
    metrics
        What to compare; None for `default_metrics`.
    plan
        Which pairs of replications, two at least for an interval, and where they are run.
    study
        What tables and progress call it.

    Returns
    -------
    Comparison
        The same for every engine and number of workers.

    Examples
    --------
    >>> from tvc.files.policies import load_shipped
    >>> from tvc.domain.workload import WorkloadModel
    >>> small = WorkloadModel.model_validate({"users": 300, "horizon": "7d"})
    >>> arms = [Arm(name, load_shipped(name).policy, small) for name in ("salesforce", "strict")]
    >>> found = compare(*arms, [Asked.read("mean(exposure)")], Plan(3, seed=1))
    >>> bool(found.deltas[0].delta.value < 0)
    True
    """
    arms = (baseline, candidate)
    asked = tuple(default_metrics(arms) if metrics is None else metrics)
    rows = run_arms(study, arms, asked, plan)
    values = {one: (one.values(rows[0]), one.values(rows[1])) for one in asked}
    deltas = tuple(delta_of(one, *pairs) for one, pairs in values.items())
    return Comparison(baseline, candidate, deltas, len(rows[0]), plan.seed, plan.warmup_ms, values)


def delta_of(asked: Asked, baseline: NDArray[np.float64], candidate: NDArray[np.float64]) -> Delta:
    """Compare the values of two arms, one a replication and paired by it."""
    ends = bounds_of(asked.metric)
    between = None if ends is None else (ends[0] - ends[1], ends[1] - ends[0])
    return Delta(
        asked,
        estimate(baseline, ends),
        estimate(candidate, ends),
        estimate(difference(baseline, candidate), between),
    )


def default_metrics(arms: Sequence[Arm]) -> list[Asked]:
    """Return the mean of every measure, then how long most wait and how likely attackers get in.

    Measures of attackers are among them where one of the arms has any.
    """
    attacked = any(arm.workload.has_attackers for arm in arms)
    means = [
        Asked(Statistic(Function.MEAN, measure))
        for measure in MEASURES.values()
        if attacked or not measure.by_attackers
    ]
    waits = [
        Asked(Statistic(Function.PERCENTILE, measure, _PERCENT))
        for measure in MEASURES.values()
        if measure.shape is Shape.SPELL and not measure.by_attackers
    ]
    chances = [
        Asked(Statistic(Function.P, measure))
        for measure in MEASURES.values()
        if attacked and measure.shape is Shape.EVENT and measure.by_attackers
    ]
    return means + waits + chances


def adds_up(asked: Asked) -> bool:
    """Tell whether a metric grows with the time measured, so that it reads well by the week."""
    metric = asked.metric
    if not isinstance(metric, Statistic):
        return False
    counts = metric.function is Function.COUNT
    totals = metric.function is Function.MEAN
    return counts or (totals and metric.measure.shape in (Shape.EVENT, Shape.TOTAL))


def is_known(of: Estimate) -> bool:
    """Tell whether an estimate is a finite number with an interval."""
    return not (isinf(of.low) or isinf(of.high) or isinf(of.value))
