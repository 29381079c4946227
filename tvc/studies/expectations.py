"""Judging a simulated scenario: replications until its expectations are decided.

Whether to stop is asked only after numbers of replications that the file alone fixes, so that no
count of workers and no chance of timing has a say in a verdict.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import nan
from typing import TYPE_CHECKING, Final

from tvc.authority.durations import DAY_MS, format_duration
from tvc.domain import cases
from tvc.files.stochastic import ExpectModel, RunModel, read_stochastic
from tvc.runs.arms import Arm, arms_of, assumptions, replicate
from tvc.runs.spreading import Spread, one_by_one
from tvc.statistics.looks import next_batch
from tvc.statistics.mser import mser5
from tvc.studies.divergence import Divergence, diverge_number, paired_value
from tvc.studies.verdicts import Judgement, Verdict, bounds_of, judge, refuse
from tvc.trace.measures.catalogue import PAIRED_MEASURES
from tvc.trace.measures.metrics import Delta, Metric, Share

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tvc.trace.measures.measured import Measured

_MOST_SEEDS: Final = 1 << 63
#: What must have settled where a run is to be in its steady state.
_SETTLING: Final = ("codes.live", "locked_out")


@dataclass(frozen=True, slots=True)
class StudyJudgement:
    """What came of a simulated scenario.

    Attributes
    ----------
    judgements
        One for each expectation, in order of the file.
    replications
        How many were run of each arm.
    seed
        What they were drawn from.
    warmup_ms, warmup
        What was not measured at the start, and why; empty where nothing was cut.
    assumptions
        Inputs without a source.
    """

    judgements: tuple[Judgement, ...]
    replications: int
    seed: int
    warmup_ms: int
    warmup: str
    assumptions: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict on all expectations together: fail before inconclusive before pass."""
        found = {judgement.verdict for judgement in self.judgements}
        for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
            if verdict in found:
                return verdict
        return Verdict.PASS


def judge_case(
    case: cases.Case, *, rotation: int = 0, spread: Spread = one_by_one
) -> StudyJudgement:
    """Run a simulated scenario until its expectations are decided, or its budget is spent.

    Parameters
    ----------
    case
        A case with a workload or a comparison.
    rotation
        Added to the seed of the file: another number tries the scenario on other people.
    spread
        How its replications are spread over processes, which has no say in what comes of them.

    Returns
    -------
    StudyJudgement
        A case without expectations is run for its pilot, and has no judgements.

    Raises
    ------
    InvalidFile
        If a file of measured durations has faults.
    """
    study = read_stochastic(case.study)
    arms = arms_of(case)
    seed = (study.run.seed + rotation) % _MOST_SEEDS
    warmup_ms, told = _warmup(arms, study.run, seed, spread)
    measured: list[list[Measured]] = [[] for _ in arms]
    divergences: list[Divergence] = []
    pairs = any(_is_paired(expectation.metric) for expectation in study.expect)
    found: tuple[_Found, ...] = ()
    while True:
        done = len(measured[0])
        batch = next_batch(done, study.run)
        if not batch:
            break
        numbers = range(done, done + batch)
        for place, arm in enumerate(arms):
            measured[place] += spread(partial(_measure, arm, seed, warmup_ms), numbers)
        if pairs:
            divergences += spread(partial(diverge_number, arms, seed, warmup_ms, 0), numbers)
        found = tuple(_judge_all(study.expect, measured, divergences, study.run, found))
        if all(one.final for one in found):
            break
    judgements = tuple(one.judgement for one in found)
    return StudyJudgement(
        judgements, len(measured[0]), seed, warmup_ms, told, tuple(assumptions(arms))
    )


def _measure(arm: Arm, seed: int, warmup_ms: int, number: int) -> "Measured":
    return replicate(arm, seed, number, warmup_ms)


@dataclass(frozen=True, slots=True)
class _Found:
    """A judgement, and whether more replications would change nothing."""

    judgement: Judgement
    final: bool


def values_of(
    expectation: ExpectModel,
    measured: Sequence[Sequence["Measured"]],
    divergences: Sequence[Divergence] = (),
) -> list[float] | list[tuple[float, float]]:
    """Return the values of a metric, one a replication.

    Parameters
    ----------
    expectation
        The metric, and what narrows it down.
    measured
        By arm, what each replication measured; a delta takes the second less the first.
    divergences
        What differs between the arms in each replication, for metrics of both arms.

    Returns
    -------
    list
        Numbers, or pairs (part, whole) for a share.
    """
    metric, where = expectation.metric, expectation.where
    if isinstance(metric, Delta):
        baseline, candidate = measured
        return [
            _difference(second.value(metric.of, where), first.value(metric.of, where))
            for first, second in zip(baseline, candidate, strict=True)
        ]
    if isinstance(metric, Share):
        return [(of.total(metric.part, where), of.total(metric.whole)) for of in measured[0]]
    if _is_paired(metric):
        return [paired_value(of, metric) for of in divergences]
    return [of.value(metric, where) for of in measured[0]]


def _is_paired(metric: Metric) -> bool:
    return any(measure.name in PAIRED_MEASURES for measure in metric.measures)


def _difference(candidate: float, baseline: float) -> float:
    # Two that never end differ by nobody knows how much.
    return nan if candidate == baseline == float("inf") else candidate - baseline


def _judge_all(
    expectations: Sequence[ExpectModel],
    measured: Sequence[Sequence["Measured"]],
    divergences: Sequence[Divergence],
    run: RunModel,
    before: Sequence[_Found],
) -> Iterable[_Found]:
    for place, expectation in enumerate(expectations):
        # What is decided stays decided: its limits held at every look.
        if before and before[place].final:
            yield before[place]
            continue
        values = values_of(expectation, measured, divergences)
        bounded = bounds_of(expectation.metric)
        count = len(expectations)
        found = judge(expectation, values, run=run, expectations=count, bounded=bounded)
        final = found.verdict is not Verdict.INCONCLUSIVE
        if not final:
            refused = refuse(expectation, values, run=run, expectations=count, bounded=bounded)
            final = refused is not None
            found = refused or found
        if expectation.where:
            narrowed = ", ".join(f"{label}={value}" for label, value in expectation.where.items())
            found = replace(found, metric=f"{found.metric}{{{narrowed}}}")
        yield _Found(found, final)


def _warmup(arms: Sequence[Arm], run: RunModel, seed: int, spread: Spread) -> tuple[int, str]:
    """Return what is not measured at the start, and what to say of it."""
    if run.warmup == 0:
        return 0, ""
    if run.warmup != "auto":
        return run.warmup, f"the first {format_duration(run.warmup)} are not measured"
    return find_warmup(arms, run.replications.min, seed, spread)


class NoSteadyState(Exception):
    """A run shows no end of its warm-up."""


def find_warmup(
    arms: Sequence[Arm], replications: int, seed: int, spread: Spread = one_by_one
) -> tuple[int, str]:
    """Find how long an empty start disturbs a run, by MSER-5 on its live codes and its queue.

    The hourly series are averaged over the pilot's replications first, as Welch does, and then by
    the day, less what each day of the week differs by in the second half: the rhythm of the week
    is no warm-up, and a quiet weekend at the end would look like the end of one. The arm and the
    series that need longest decide for both arms.

    Returns
    -------
    tuple of (int, str)
        The warm-up in milliseconds, and what to say of it.

    Raises
    ------
    NoSteadyState
        If the best cut lies in the second half: the horizon is too short, or the load grows.

    Notes
    -----
    SOURCE: Welch (1983), "The statistical analysis of simulation results", in: The computer
    performance modeling handbook; and the sources of `tvc.statistics.mser.mser5`.
    """
    longest_ms, told = 0, "warm-up: none is needed (MSER-5)"
    for arm in arms:
        series = spread(partial(_settling, arm, seed), range(replications))
        for place, measure in enumerate(_SETTLING):
            columns = [of[place] for of in series]
            mean = sum(columns[1:], columns[0]) / len(columns)
            found = mser5([float(value) for value in _without_weekdays(mean)])
            if found.refused:
                raise NoSteadyState(
                    f"warmup: auto, {measure} by the day, less the rhythm of the week: "
                    f"{found.sentence}"
                )
            if found.cut_index * DAY_MS > longest_ms:
                longest_ms = found.cut_index * DAY_MS
                told = (
                    f"warm-up: the first {format_duration(longest_ms)} are cut, which {measure} "
                    "takes to settle (MSER-5)"
                )
    return longest_ms, told


def _without_weekdays(hourly: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the mean of each day, less what its day of the week differs by late in the run."""
    import numpy as np

    days: NDArray[np.float64] = hourly[: len(hourly) // 24 * 24].reshape(-1, 24).mean(axis=1)
    weekdays = np.arange(len(days)) % 7
    late = slice(len(days) // 2, None)
    if len(days[late]) < 7:
        return days
    usual = [days[late][weekdays[late] == weekday].mean() for weekday in range(7)]
    settled: NDArray[np.float64] = days - np.array(usual)[weekdays] + days[late].mean()
    return settled


def _settling(arm: Arm, seed: int, number: int) -> list["NDArray[np.float64]"]:
    from tvc.world.simulation import simulate_whole

    run = simulate_whole(arm.policy, arm.workload, seed, replication=number, sampled=0.0)
    frame = run.series
    return [frame.loc[frame["measure"] == one, "value"].to_numpy(float) for one in _SETTLING]
