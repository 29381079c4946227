"""A comparison of two arms with all that is asked beside it: planned once, then run once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from tvc.runs.arms import Arm
from tvc.runs.replications import Asked, Plan, keep_together
from tvc.runs.spreading import spread_over
from tvc.studies import divergence, tornado
from tvc.studies.comparison import Comparison, compare, default_metrics
from tvc.studies.divergence import Divergence
from tvc.studies.subject import CannotPlan, Subject, about, refuse_impossible
from tvc.studies.tornado import Tornado

#: Replications whose histories are kept to look for examples: what each holds is large.
_SEARCHED: Final = 5


@dataclass(frozen=True)
class Comparing:
    """A comparison in which nothing is left to decide.

    Attributes
    ----------
    subject
        Whose workload both arms meet.
    plan
        Which pairs of replications are run, and where.
    baseline, candidate
        The arms.
    asked
        What is compared.
    flipped
        The metric whose sign assumptions may flip; None where that is not asked.
    """

    subject: Subject
    plan: Plan
    baseline: Arm
    candidate: Arm
    asked: tuple[Asked, ...]
    flipped: Asked | None


@dataclass(frozen=True)
class Compared:
    """What came of a comparison.

    Attributes
    ----------
    planned
        What was asked.
    found
        The metrics of both arms, and their differences.
    divergences
        What was decided otherwise, by replication.
    bars
        The assumptions halved and doubled, where that was asked.
    """

    planned: Comparing
    found: Comparison
    divergences: tuple[Divergence, ...]
    bars: Tornado | None

    @property
    def newly_allowed(self) -> int:
        """How many requests the candidate allows that the baseline denies."""
        return sum(of.counts["newly_allowed"] for of in self.divergences)


def plan_comparing(
    subject: Subject,
    plan: Plan,
    arms: Mapping[str, str],
    metrics: Sequence[Asked] | None,
    flipped: Asked | None,
) -> Comparing:
    """Plan a comparison.

    Parameters
    ----------
    subject
        Whose workload both arms meet.
    plan
        Which replications are run, but for the time that is not measured.
    arms
        ``baseline`` and ``candidate``, as they are typed.
    metrics
        What is compared; every measure where nothing is said.
    flipped
        The metric whose sign assumptions may flip.

    Raises
    ------
    CannotPlan
        If it cannot be compared so.
    """
    found = []
    for side, text in arms.items():
        with about(side):
            found.append(subject.arm(text))
    baseline, candidate = found
    if baseline.digest == candidate.digest:
        raise CannotPlan("both arms are the same: nothing differs")
    refuse_impossible([*(metrics or ()), *([flipped] if flipped else ())], found)
    planned = subject.planned(plan, found)
    asked = tuple(metrics or default_metrics(found))
    return Comparing(subject, planned, baseline, candidate, asked, flipped)


def run_comparing(planned: Comparing) -> Compared:
    """Run what a comparison takes.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted; what is finished is kept where the plan says so.
    tvc.runs.store.StoreRefused, tvc.runs.engines.EngineRefused
        If the folder or the engine will not do.
    """
    arms = (planned.baseline, planned.candidate)
    # The comparison decides what the folder is for; what would flip it may be asked later.
    plan = keep_together(planned.plan, planned.asked, arms)
    found = compare(*arms, planned.asked, plan, study=planned.subject.name)
    differ = partial(divergence.diverge_number, arms, plan.seed, plan.warmup_ms, _SEARCHED)
    spread = spread_over(plan.running.workers)
    divergences = tuple(spread(differ, range(plan.replications)))
    bars = None if planned.flipped is None else tornado.tornado(arms, planned.flipped, plan)
    return Compared(planned, found, divergences, bars)
