"""What common random numbers are worth: the spread of a difference with and without them."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import variance
from typing import Final

from tvc.files.scenarios import load_scenarios
from tvc.runs.arms import Arm, arms_of, replicate
from tvc.trace.measures.metrics import Statistic, parse_metric

#: By how much the variance should be cut at least.
LEAST_CUT: Final = 4.0

_SCENARIO: Final = Path("scenarios/outage_monday.tvc.yaml")
_METRICS: Final = ("mean(calls)", "mean(locked_out)", "mean(exposure)")
#: Codes of half the lifetime: the same people call, and codes lie exposed for less.
_SHORTER: Final = {"lifetime.max": 12 * 3_600_000}
#: The metric that shorter codes cannot raise.
_FALLS: Final = "mean(exposure)"


@dataclass(frozen=True, slots=True)
class Pairs:
    """The differences that a policy makes, under common and under independent seeds.

    Attributes
    ----------
    metric
        Of which the differences are.
    paired, independent
        In the metric's unit.
    """

    metric: str
    paired: tuple[float, ...]
    independent: tuple[float, ...]

    @property
    def cut(self) -> float:
        """How many times smaller the variance is under common random numbers."""
        spread = variance(self.paired)
        return variance(self.independent) / spread if spread else inf

    @property
    def wrong_signs(self) -> int:
        """In how many seeds the difference is above 0."""
        return sum(difference > 0 for difference in self.paired)


@dataclass(frozen=True, slots=True)
class PairsBenchmark:
    """A policy's differences on the shipped outage, metric by metric."""

    pairs: tuple[Pairs, ...]

    def lines(self) -> Iterator[str]:
        """Yield the result as text."""
        yield f"codes of at most 12h less those of 24h, on {_SCENARIO}"
        for one in self.pairs:
            miss = "" if one.cut >= LEAST_CUT else ", which it misses here"
            goal = f"(goal: at least {LEAST_CUT:g}{miss})"
            yield f"{one.metric:<18} variance cut {one.cut:>6.1f} times {goal}"
            if one.metric == _FALLS:
                seeds = len(one.paired)
                yield f"{'':<18} rises in {one.wrong_signs} of {seeds} seeds (goal: 0)"


def bench_crn(seeds: int = 200) -> PairsBenchmark:
    """Measure the variance of a policy's differences with and without common random numbers.

    Raises
    ------
    InvalidFile
        If the shipped scenario is not at hand, as it is in a checkout.
    """
    (case,) = load_scenarios(_SCENARIO).cases
    (today,) = arms_of(case)
    shorter = Arm("shorter", today.policy.with_values(_SHORTER, "shorter"), today.workload)
    before = [replicate(today, seed, 0) for seed in range(seeds)]
    after = [replicate(shorter, seed, 0) for seed in range(2 * seeds)]
    found = []
    for metric in _METRICS:
        statistic = parse_metric(metric)
        assert isinstance(statistic, Statistic)
        old = [one.value(statistic) for one in before]
        new = [one.value(statistic) for one in after]
        found.append(Pairs(metric, _less(new[:seeds], old), _less(new[seeds:], old)))
    return PairsBenchmark(tuple(found))


def _less(candidate: list[float], baseline: list[float]) -> tuple[float, ...]:
    return tuple(after - before for after, before in zip(candidate, baseline, strict=True))
