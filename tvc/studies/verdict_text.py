"""Judgements: what is said of an expectation, in numbers and in words."""

import math
from dataclasses import dataclass

from tvc.authority.durations import MINUTE_MS, format_duration
from tvc.files.stochastic import ExpectModel
from tvc.statistics.decisions import Verdict
from tvc.trace.measures.metrics import Metric


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the replications say of one expectation.

    Attributes
    ----------
    metric, bound
        As files write them: ``p(takeover)``, ``at most 0.5 (margin 0.1)``.
    estimate
        The metric over the replications, milliseconds where it is a time; NaN without any value.
    low, high
        Interval around the estimate in the same unit, valid however often one looked; infinite
        where nothing is known.
    level
        Of the interval.
    method
        Where limits and verdict come from.
    replications, missing
        Those with a value, which were used, and those without.
    verdict
        Pass, fail or inconclusive.
    sentence
        The same for people, with the reason.
    needed
        Replications that would decide, were all like those run: told when a budget is refused
        or spent without a verdict, and where a least number is required. None otherwise, or
        where no number would do.
    """

    metric: str
    bound: str
    estimate: float
    low: float
    high: float
    level: float
    method: str
    replications: int
    missing: int
    verdict: Verdict
    sentence: str
    needed: int | None = None


def spell_bound(expectation: ExpectModel) -> str:
    """Write the bound of an expectation for people.

    Examples
    --------
    >>> spell_bound(ExpectModel.model_validate(
    ...     {"metric": "p95(time_to_access)", "at_most": "2h", "margin": "20m"}))
    'at most 2h (margin 20m)'
    """

    def say(value: float) -> str:
        return spell_value(value, expectation.metric)

    if expectation.equals is not None:
        return "equals 0"
    if expectation.between is not None:
        text = f"between {say(expectation.between[0])} and {say(expectation.between[1])}"
    elif expectation.at_most is not None:
        text = f"at most {say(expectation.at_most)}"
    else:
        text = f"at least {say(expectation.at_least or 0.0)}"
    return text if expectation.margin is None else f"{text} (margin {say(expectation.margin)})"


def spell_value(value: float, metric: Metric) -> str:
    """Write a value of a metric for people: times as durations, no more digits than are read.

    Examples
    --------
    >>> from tvc.trace.measures.metrics import parse_metric
    >>> calls, wait = parse_metric("mean(calls)"), parse_metric("p95(desk.wait)")
    >>> spell_value(12.34567, calls), spell_value(5_400_123.4, wait), spell_value(31.4, wait)
    ('12.35', '1h30m', '31ms')
    """
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    if not metric.unit.is_time:
        return f"{value:.4g}"
    # Nobody reads the milliseconds of an hour.
    grain_ms = 1000 if abs(value) >= MINUTE_MS and value % 1000 else 1
    return format_duration(round(value / grain_ms) * grain_ms)
