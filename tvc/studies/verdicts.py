"""Verdicts: what the replications of a run say of an expectation.

The replication is the independent unit. Two errors are kept apart:

- *false alarm*: failing what holds. The expectations of a scenario share it equally.
- *miss*: passing what fails by the margin. Each expectation has it for itself.

``at_most: b`` with margin m **fails** once the mean is surely above b (its lower limit at the false
alarm is above b), **passes** once it is surely below b + m (its upper limit at the miss is below
b + m), and is **inconclusive** before. Without a margin it passes only once it is surely below b
itself, so that a truth on the bound is never decided. Where both can be said, the truth is
between b and b + m, and it fails. ``at_least`` is the mirror image; ``between`` is both, and its
two sides share the false alarm.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tvc.files.stochastic import ExpectModel, RunModel
from tvc.statistics.asymptotic import FEWEST, Asymptotic, Ratio
from tvc.statistics.binomial import never_seen_bound
from tvc.statistics.confidence_sequences import Bernoulli, Bounded, MeanSequence
from tvc.statistics.decisions import Demand, Verdict
from tvc.statistics.intervals import t_interval
from tvc.studies.verdict_text import Judgement, spell_bound, spell_value
from tvc.trace.measures.catalogue import Function, Shape
from tvc.trace.measures.metrics import Delta, Metric, Share, Statistic

__all__ = ["Judgement", "Verdict", "bounds_of", "judge", "needed_replications", "refuse"]

#: Level of the intervals that are shown; verdicts rest on the errors that the run allows.
LEVEL: Final = 0.95
#: Of a comparison's pairs, a larger share without a value leaves it open which ones are missing.
_MOST_MISSING: Final = 0.05


def bounds_of(metric: Metric) -> tuple[float, float] | None:
    """Return the ends that no replication's value can be beyond; None where there are none.

    Examples
    --------
    >>> from tvc.trace.measures.metrics import parse_metric
    >>> bounds_of(parse_metric("p(takeover)")), bounds_of(parse_metric("delta(p(takeover))"))
    ((0.0, 1.0), (-1.0, 1.0))
    >>> bounds_of(parse_metric("mean(calls)"))
    """
    of = metric.of if isinstance(metric, Delta) else metric
    if not isinstance(of, Statistic):
        return None
    if of.function is not Function.P and of.measure.shape is not Shape.RATIO:
        return None
    return (-1.0, 1.0) if isinstance(metric, Delta) else (0.0, 1.0)


def judge(
    expectation: ExpectModel,
    values: ArrayLike,
    *,
    run: RunModel,
    expectations: int,
    bounded: tuple[float, float] | None,
) -> Judgement:
    """Judge an expectation by the replications run so far.

    Parameters
    ----------
    expectation
        The metric and its bound.
    values
        One number a replication in the unit of the bound: milliseconds for times, the difference
        candidate less baseline for a delta, 0 or 1 for ``p(...)``; of shape (n,). NaN means no
        value, infinity a percentile that falls on something unfinished. For a share, pairs of
        totals (part, whole), of shape (n, 2).
    run
        The errors allowed, and after how many replications the verdict falls.
    expectations
        How many expectations the scenario has; they share the false alarm.
    bounded
        Ends that no value can be beyond, as `bounds_of` tells; None where there are none.

    Returns
    -------
    Judgement
        A verdict that may be given at any look, since the limits hold at all of them at once.

    Raises
    ------
    ValueError
        If the values have another shape, or one is beyond the ends.

    Examples
    --------
    >>> rarely = {"metric": "p(takeover)", "at_most": 0.5, "margin": 0.1}
    >>> found = judge(ExpectModel.model_validate(rarely), [0, 1, 0, 0] * 25, run=RunModel(),
    ...               expectations=1, bounded=(0, 1))
    >>> print(found.sentence)
    p(takeover) passes at most 0.5 (margin 0.1): 0.25 over 100 replications, surely below 0.6
    """
    case = _Case.of(expectation, values, run, expectations, bounded)
    for rule in (_without_values, _without_pairs, _never, _infinite):
        judgement = rule(case)
        if judgement is not None:
            return judgement
    return _by_limits(case)


def needed_replications(
    expectation: ExpectModel,
    values: ArrayLike,
    *,
    run: RunModel,
    expectations: int,
    bounded: tuple[float, float] | None,
) -> int | None:
    """Return how many replications would decide, were all like those run.

    The projection repeats the values seen: the same mean, the same spread. A truth that is not
    the estimate may take more or fewer.

    Parameters
    ----------
    expectation, values, run, expectations, bounded
        As for `judge`.

    Returns
    -------
    int or None
        The least number that gives a verdict; None when a billion does not.

    Examples
    --------
    >>> even = ExpectModel.model_validate({"metric": "p(takeover)", "at_most": 0.5, "margin": 0.01})
    >>> needed_replications(even, [0, 1] * 15, run=RunModel(), expectations=1, bounded=(0, 1))
    47674
    """
    case = _Case.of(expectation, values, run, expectations, bounded)
    if not case.rests_on_limits:
        return None
    return case.demand.needed(case.sequence(), case.done)


def refuse(
    expectation: ExpectModel,
    values: ArrayLike,
    *,
    run: RunModel,
    expectations: int,
    bounded: tuple[float, float] | None,
) -> Judgement | None:
    """Refuse a budget that can only end inconclusive.

    Parameters
    ----------
    expectation, values, run, expectations, bounded
        As for `judge`; the values are those of the pilot, or of any later look.

    Returns
    -------
    Judgement or None
        Inconclusive, with the number of replications it would need; None while the budget may
        suffice.

    Notes
    -----
    The limits after ``max`` replications are projected to be as far from the mean as if the
    replications run were repeated until then. The budget is refused when no mean that is
    plausible by now, within an interval of 95 %, would then pass, and one equal to the estimate
    would not fail either. So what would have passed is refused with a probability of about 5 % at
    most, however small the pilot; what would have failed may be refused while that is not yet to
    be seen.
    """
    case = _Case.of(expectation, values, run, expectations, bounded)
    if not case.rests_on_limits or case.is_last:
        return None
    sequence = case.sequence()
    last = case.run.replications.max
    end = sequence.projected(last * case.done / (case.done + case.missing))
    if end.trusted and case.demand.may_be_decided(_plausible(case, sequence), end):
        return None
    if not end.trusted and last >= FEWEST:  # constant values are judged at the end
        return None
    varied = sequence.projected(FEWEST).trusted
    needed = case.demand.needed(sequence, max(FEWEST, case.done)) if varied else FEWEST
    sentence = (
        f"{case.metric} {case.bound} cannot be decided within {last} replications"
        f": {case.say(sequence.estimate)} over {case.done}; {_say_needed(case, needed)}"
    )
    return replace(case.judgement(Verdict.INCONCLUSIVE, sentence, sequence), needed=needed)


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """An expectation with the values that it is judged by."""

    metric: Metric
    bound: str
    demand: Demand
    never: bool
    used: NDArray[np.float64]
    missing: int
    run: RunModel
    bounded: tuple[float, float] | None

    @classmethod
    def of(
        cls,
        expectation: ExpectModel,
        values: ArrayLike,
        run: RunModel,
        expectations: int,
        bounded: tuple[float, float] | None,
    ) -> "_Case":
        if expectations < 1:
            raise ValueError("a judged expectation is at least one of its scenario")
        metric = expectation.metric
        numbers = np.asarray(values, dtype=float)
        shape = (numbers.shape[0], 2) if isinstance(metric, Share) else (numbers.size,)
        if numbers.shape != shape:
            raise ValueError(f"{metric}: expected one value a replication, or a share's pairs")
        absent = np.isnan(numbers) if numbers.ndim == 1 else np.isnan(numbers).any(axis=1)
        least, most = expectation.between or (expectation.at_least, expectation.at_most)
        sides = 2 if expectation.between is not None else 1
        return cls(
            metric=metric,
            bound=spell_bound(expectation),
            demand=Demand(
                least=least,
                most=most,
                margin=expectation.margin or 0.0,
                false_alarm=run.false_alarm / (expectations * sides),
                miss=run.miss,
            ),
            never=expectation.equals is not None,
            used=numbers[~absent],
            missing=int(absent.sum()),
            run=run,
            bounded=bounded,
        )

    @property
    def is_last(self) -> bool:
        return self.done + self.missing >= self.run.replications.max

    @property
    def done(self) -> int:
        """Replications with a value."""
        return int(self.used.shape[0])

    @property
    def rests_on_limits(self) -> bool:
        """Whether no rule but that of the limits applies."""
        return not self.never and self.has_value and bool(np.isfinite(self.used).all())

    @property
    def has_value(self) -> bool:
        """Whether there is anything to judge by: of a share, a whole that is not 0."""
        return self.done > 0 and (self.used.ndim == 1 or bool(self.used[:, 1].any()))

    def sequence(self) -> MeanSequence:
        tuned_for = max(FEWEST, self.run.replications.min)
        if self.used.ndim == 2:
            return Ratio.of(self.used, tuned_for)
        if self.bounded is None:
            return Asymptotic.of(self.used, tuned_for)
        if self.bounded == (0, 1) and np.isin(self.used, (0.0, 1.0)).all():
            return Bernoulli(float(self.used.sum()), self.used.size)
        return Bounded.of(self.used, *self.bounded)

    def say(self, value: float) -> str:
        return spell_value(value, self.metric)

    def judgement(
        self,
        verdict: Verdict,
        sentence: str,
        sequence: MeanSequence | None = None,
        *,
        estimate: float = math.nan,
        method: str = "none",
    ) -> Judgement:
        low, high = -math.inf, math.inf
        if sequence is not None:
            estimate, method = sequence.estimate, sequence.method
            if sequence.trusted:
                low, high = sequence.lower((1 - LEVEL) / 2), sequence.upper((1 - LEVEL) / 2)
        if not isinstance(self.metric, Delta):
            low = max(low, 0.0)  # no measure is negative
        if self.missing:
            sentence += f" ({self.missing} without a value)"
        return Judgement(
            metric=str(self.metric),
            bound=self.bound,
            estimate=estimate,
            low=low,
            high=high,
            level=LEVEL,
            method=method,
            replications=self.done,
            missing=self.missing,
            verdict=verdict,
            sentence=sentence,
        )


# The rules, in this order


def _without_values(case: _Case) -> Judgement | None:
    if case.has_value:
        return None
    what = "there is nothing to take a share of" if case.done else "no replication has a value"
    return case.judgement(
        Verdict.INCONCLUSIVE, f"{case.metric} {case.bound} cannot be judged: {what}"
    )


def _without_pairs(case: _Case) -> Judgement | None:
    pairs = case.done + case.missing
    if not isinstance(case.metric, Delta) or case.missing <= _MOST_MISSING * pairs:
        return None
    sentence = (
        f"{case.metric} {case.bound} cannot be judged: {case.missing} of {pairs} pairs have no "
        f"value, more than {_MOST_MISSING:.0%}"
    )
    estimate = float(case.used.mean()) if np.isfinite(case.used).all() else math.nan
    return case.judgement(Verdict.INCONCLUSIVE, sentence, estimate=estimate)


def _never(case: _Case) -> Judgement | None:
    if not case.never:
        return None
    n, events = case.done, int(np.count_nonzero(case.used))
    estimate, bound = float(case.used.mean()), never_seen_bound(n, LEVEL)
    method = "first event"
    if events:
        sentence = f"{case.metric} {case.bound} fails: it happened in {events} of {n} replications"
        return case.judgement(Verdict.FAIL, sentence, estimate=estimate, method=method)
    seen = f"in none of {n} replications: its probability is below {bound:.2g} at {LEVEL:.0%}"
    if case.is_last:
        sentence = f"{case.metric} passes {case.bound}: it happened {seen}"
        found = case.judgement(Verdict.PASS, sentence, estimate=estimate, method=method)
    else:
        sentence = f"{case.metric} {case.bound} is undecided so far: it happened {seen}"
        found = case.judgement(Verdict.INCONCLUSIVE, sentence, estimate=estimate, method=method)
    # Of a count, nothing is known but how often it is above 0.
    of_p = isinstance(case.metric, Statistic) and case.metric.function is Function.P
    return replace(found, high=bound) if of_p else found


def _infinite(case: _Case) -> Judgement | None:
    """Judge by values that are infinite: with one of them, so is the mean."""
    endless = case.used[np.isinf(case.used)]
    if endless.size == 0:
        return None
    estimate = float(endless[0]) if (endless == endless[0]).all() else math.nan
    told = f"in {endless.size} of {case.done} replications it is infinite"
    if math.isnan(estimate):
        verdict, told = Verdict.INCONCLUSIVE, f"{told}, in both directions"
    elif (case.demand.most if estimate > 0 else case.demand.least) is not None:
        verdict = Verdict.FAIL
    else:
        verdict = Verdict.PASS
    sentence = f"{_headline(case, verdict)}: {told}"
    return case.judgement(verdict, sentence, estimate=estimate, method="infinite value")


def _by_limits(case: _Case) -> Judgement:
    sequence = case.sequence()
    if not sequence.trusted:
        return _too_few(case, sequence)
    verdict = case.demand.decide(sequence)
    over = f"{case.say(sequence.estimate)} over {case.done} replications"
    needed = None
    if verdict is Verdict.FAIL:
        reason = f"{over}, surely {_forbidden(case, sequence)}"
    elif verdict is Verdict.PASS:
        reason = f"{over}, surely {_allowed(case)}"
    else:
        low, high = sequence.lower(case.run.miss), sequence.upper(case.run.miss)
        reason = f"{over}, may be from {case.say(low)} to {case.say(high)}"
        if case.is_last:
            needed = case.demand.needed(sequence, case.done)
            reason += f"; {_say_needed(case, needed)}"
    sentence = f"{_headline(case, verdict)}: {reason}"
    return replace(case.judgement(verdict, sentence, sequence), needed=needed)


def _too_few(case: _Case, sequence: MeanSequence) -> Judgement:
    n = case.done
    if n < FEWEST:
        sentence = (
            f"{_headline(case, Verdict.INCONCLUSIVE)}: {case.say(sequence.estimate)} over {n} "
            f"replications; without known ends it takes {FEWEST} with a value"
        )
        return replace(case.judgement(Verdict.INCONCLUSIVE, sentence, sequence), needed=FEWEST)
    # No spread was seen, so no limit can be told. The whole budget decides; what it cannot
    # exclude is said, as it is of what never happened.
    same = f"{case.say(sequence.estimate)} in each of {n} replications"
    if not case.is_last:
        sentence = f"{_headline(case, Verdict.INCONCLUSIVE)}: {same}"
        return case.judgement(Verdict.INCONCLUSIVE, sentence, sequence)
    above = case.demand.most is not None and sequence.estimate > case.demand.most
    below = case.demand.least is not None and sequence.estimate < case.demand.least
    verdict = Verdict.FAIL if above or below else Verdict.PASS
    sentence = (
        f"{_headline(case, verdict)}: {same}; another value has a probability below "
        f"{never_seen_bound(n, LEVEL):.2g} at {LEVEL:.0%}"
    )
    return replace(case.judgement(verdict, sentence, sequence), method="constant value")


def _plausible(case: _Case, sequence: MeanSequence) -> tuple[float, float]:
    """Return the lowest and the highest mean that the replications so far suggest."""
    if sequence.trusted:
        return sequence.lower((1 - LEVEL) / 2), sequence.upper((1 - LEVEL) / 2)
    if case.used.ndim == 1 and case.done > 1:
        return t_interval(case.used.tolist(), LEVEL)
    return -math.inf, math.inf


# Words


def _headline(case: _Case, verdict: Verdict) -> str:
    if verdict is Verdict.INCONCLUSIVE:
        return f"{case.metric} {case.bound} is undecided"
    return f"{case.metric} {'passes' if verdict is Verdict.PASS else 'fails'} {case.bound}"


def _forbidden(case: _Case, sequence: MeanSequence) -> str:
    above = case.demand.is_above(sequence)
    end = case.demand.most if above else case.demand.least
    return f"{'above' if above else 'below'} {case.say(end or 0.0)}"


def _allowed(case: _Case) -> str:
    demand = case.demand
    most = None if demand.most is None else case.say(demand.most + demand.margin)
    least = None if demand.least is None else case.say(demand.least - demand.margin)
    if most is not None and least is not None:
        return f"between {least} and {most}"
    return f"below {most}" if most is not None else f"above {least}"


def _say_needed(case: _Case, needed: int | None) -> str:
    if needed is not None:
        return f"it would need about {needed:,} replications"
    advice = "" if case.demand.margin else ": a margin would decide it"
    return f"no number of replications would do{advice}"
