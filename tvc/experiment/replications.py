"""Replications of several arms on the same people: what was asked for, one row a replication."""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tvc.experiment.arms import Arm, replicate
from tvc.experiment.engines import Engine
from tvc.experiment.statistics.intervals import SequentialStop
from tvc.experiment.store import Store
from tvc.experiment.study import run_study
from tvc.experiment.tasks import Model, Task, digest_of
from tvc.files.metrics import PAIRED_MEASURES, Metric, Share, Statistic, Unit, narrow, parse_metric
from tvc.interrupts import interrupts_noted

if TYPE_CHECKING:
    from tvc.trace.measures.measured import Measured

#: Replications of each arm where nobody says how many.
REPLICATIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A metric of one arm, narrowed down or not.

    Attributes
    ----------
    metric
        A statistic, or a share.
    where
        Labels and their values, in order.
    """

    metric: Statistic | Share
    where: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, text: str) -> "Asked":
        """Read a metric, with what narrows it down in braces: ``count(calls){reason=...}``.

        Raises
        ------
        ValueError
            If it is none, or takes two arms.

        Examples
        --------
        >>> str(Asked.read("mean(generate.denied){reason=rate_limited}"))
        'mean(generate.denied){reason=rate_limited}'
        """
        named, brace, narrowed = text.partition("{")
        metric: Metric = parse_metric(named)
        if not isinstance(metric, Statistic | Share):
            raise ValueError(f"{metric}: name what each arm has, such as {metric.of}")
        paired = [one.name for one in metric.measures if one.name in PAIRED_MEASURES]
        if paired:
            raise ValueError(f"{paired[0]} is of two arms: no arm has it by itself")
        pairs = [part.partition("=") for part in narrowed.rstrip("} ").split(",")] if brace else []
        where = tuple((label.strip(), value.strip()) for label, _, value in pairs)
        wrong = narrow(metric, dict(where))
        if wrong:
            raise ValueError(wrong)
        return cls(metric, where)

    @property
    def unit(self) -> Unit:
        """What its value is."""
        return self.metric.unit

    @property
    def columns(self) -> tuple[str, ...]:
        """Where its numbers stand in a row: one, or the two totals of a share."""
        if isinstance(self.metric, Share):
            return f"{self}: part", f"{self}: whole"
        return (str(self),)

    def __str__(self) -> str:
        narrowed = ",".join(f"{label}={value}" for label, value in self.where)
        return f"{self.metric}{{{narrowed}}}" if narrowed else str(self.metric)

    def numbers(self, measured: "Measured") -> tuple[float, ...]:
        """Return its numbers in one replication, as many as there are columns."""
        where = dict(self.where)
        if isinstance(self.metric, Share):
            parts = self.metric
            return measured.total(parts.part, where), measured.total(parts.whole)
        return (measured.value(self.metric, where),)

    def values(self, rows: Sequence[Mapping[str, object]]) -> NDArray[np.float64]:
        """Return one value a replication.

        Parameters
        ----------
        rows
            Of one arm, in order of the replications.

        Returns
        -------
        numpy.ndarray
            Of shape (n,); times in milliseconds, NaN where there is no value. Of a share, whose
            value belongs to all replications together, each one's first-order contribution
            R + (a - R b) / mean(b), whose mean is R = E[a] / E[b].

        Notes
        -----
        SOURCE: Cochran (1977), "Sampling Techniques", section 6.4: variance of a ratio.
        """
        found = np.array(
            [[row.get(column, nan) for column in self.columns] for row in rows], dtype=float
        )
        if not isinstance(self.metric, Share):
            return found[:, 0]
        part, whole = found.T
        mean = float(whole.mean())
        if not mean:
            return np.full(part.shape, nan)
        ratio = float(part.mean()) / mean
        contributions: NDArray[np.float64] = ratio + (part - ratio * whole) / mean
        return contributions


def find_asked(metric: str, metrics: Sequence[Asked]) -> Asked:
    """Return the metric of a name.

    Raises
    ------
    LookupError
        If it was not measured.
    """
    for asked in metrics:
        if metric == str(asked):
            return asked
    raise LookupError(f"{metric} was not measured; there are {', '.join(map(str, metrics))}")


#: By arm, a row for each replication: number by column of what was asked.
Rows = Sequence[Sequence[Mapping[str, object]]]


#: Replications before the first look at how precise they are.
_PILOT: Final = 10


class ReplicationFailed(RuntimeError):
    """A replication failed; the message tells which one, and where."""


@dataclass(frozen=True)
class Running:
    """How replications are run; none of it changes an answer.

    Attributes
    ----------
    engine, workers, scheduler
        As `tvc.experiment.engines.run_tasks` has them.
    results, resume
        A folder in which finished replications are kept, and whether it goes on with one.
    progress
        Show a bar where somebody looks.
    store
        What `keep_together` opened, which takes the place of `results`.
    """

    engine: Engine = "serial"
    workers: int = 1
    scheduler: str | None = None
    results: Path | None = None
    resume: bool = False
    progress: bool = False
    store: Store | None = None


#: In this process, and nothing is kept.
HERE: Final = Running()


@dataclass(frozen=True)
class Plan:
    """Which replications are run of every arm.

    Attributes
    ----------
    replications
        How many; with `precision`, at most.
    seed, warmup_ms
        What they are drawn from, and the time at the start that is not measured.
    running
        Where.
    precision
        With one, no more replications are run than it takes for every interval to reach at most
        this share of its mean to either side, and to remain so narrow; None fixes their number.
    """

    replications: int
    seed: int
    warmup_ms: int = 0
    running: Running = HERE
    precision: float | None = None


@dataclass(frozen=True)
class _Measuring:
    """Runs a task: the arms by name, what is asked of them, and what is not measured.

    It goes along with every task, and a worker needs one arm of the many: they are packed once,
    and only that one is unpacked.
    """

    packed: Mapping[str, bytes]
    asked: tuple[Asked, ...]
    warmup_ms: int

    def __call__(self, task: Task) -> dict[str, float]:
        # Packed by this program for its own workers; nothing of a results folder is unpacked.
        arm: Arm = pickle.loads(self.packed[task.arm])
        measured = replicate(arm, task.seed, task.replication, warmup_ms=self.warmup_ms)
        return {
            column: number
            for one in self.asked
            for column, number in zip(one.columns, one.numbers(measured), strict=True)
        }


def run_arms(study: str, arms: Sequence[Arm], asked: Sequence[Asked], plan: Plan) -> Rows:
    """Run every arm under the same seed and replications: on the same people and days.

    Parameters
    ----------
    study
        What tables and progress call it.
    arms
        With names that differ.
    asked
        What is kept of each replication.
    plan
        Which replications, and where.

    Returns
    -------
    sequence of sequence of mapping
        In the order of the arms, and of the replications in each.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted, within one replication; what is finished is kept.
    ReplicationFailed
        If one failed.
    tvc.experiment.store.StoreRefused, tvc.experiment.engines.EngineRefused
        If the folder or the engine will not do.
    """
    with interrupts_noted():
        return _run_arms(study, arms, asked, keep_together(plan, asked, arms))


def _run_arms(study: str, arms: Sequence[Arm], asked: Sequence[Asked], plan: Plan) -> Rows:
    if plan.precision is None:
        return _run(study, arms, asked, plan, range(plan.replications))
    least = min(_PILOT, plan.replications)
    stop = SequentialStop(plan.precision, minimum=least, maximum=plan.replications)
    rows: Rows = [[] for _ in arms]
    while not _all_precise(stop, asked, rows):
        done = len(rows[0])
        # As many as depend on the plan alone, so that no count of workers has a say.
        size = min(max(least, done + (done + 1) // 2), plan.replications)
        more = _run(study, arms, asked, plan, range(done, size))
        rows = [[*before, *after] for before, after in zip(rows, more, strict=True)]
    return rows


def _all_precise(stop: SequentialStop, asked: Sequence[Asked], rows: Rows) -> bool:
    """Tell whether nothing gets more precise any more, or no more may be run."""
    if len(rows[0]) >= stop.maximum:
        return True
    if len(rows[0]) < stop.minimum:
        return False
    found = [one.values(of_arm) for of_arm in rows for one in asked]
    # What is no finite number in one replication has no interval that could be narrow.
    return all(
        np.isfinite(values).all() and stop.replications(values.tolist()) is not None
        for values in found
    )


def _run(
    study: str, arms: Sequence[Arm], asked: Sequence[Asked], plan: Plan, numbers: range
) -> Rows:
    model, tasks = model_and_tasks(study, arms, asked, plan, numbers)
    running = plan.running
    found = run_study(
        model,
        tasks,
        store=running.store,
        engine=running.engine,
        workers=running.workers,
        scheduler=running.scheduler,
        progress=running.progress,
    )
    for result in found.failures():
        raise ReplicationFailed(
            f"replication {result.task.replication} of {result.task.arm} failed:\n{result.failure}"
        )
    rows = [result.row for result in found.results]
    return [rows[place :: len(arms)] for place in range(len(arms))]


def model_and_tasks(
    study: str,
    arms: Sequence[Arm],
    asked: Sequence[Asked],
    plan: Plan,
    numbers: Sequence[int] | None = None,
) -> tuple[Model, list[Task]]:
    """Return what `run_arms` runs: the model, and a task for each arm in each replication.

    Parameters
    ----------
    study, arms, asked, plan
        As `run_arms` takes them.
    numbers
        Which replications; None for all of the plan.

    Raises
    ------
    ValueError
        If two arms have the same name.
    """
    packed = {arm.name: pickle.dumps(arm) for arm in arms}
    if len(packed) < len(arms):
        raise ValueError("two arms have the same name")
    model = _Measuring(packed, tuple(asked), plan.warmup_ms)
    if numbers is None:
        numbers = range(plan.replications)
    return model, [_task(study, arm, number, plan) for number in numbers for arm in arms]


def _task(study: str, arm: Arm, number: int, plan: Plan) -> Task:
    # The arm's digest stands for what empirical distributions hold, which the plain form names.
    workload = {
        "workload": arm.workload.model_dump(exclude={"sources"}),
        "warmup_ms": plan.warmup_ms,
        "digest": arm.digest,
    }
    return Task.of(
        study=study,
        arm=arm.name,
        policy=arm.policy.values(),
        workload=workload,
        replication=number,
        seed=plan.seed,
    )


def keep_together(
    plan: Plan, asked: Sequence[Asked], arms: Sequence[Arm], question: str = ""
) -> Plan:
    """Open the results folder of a plan for all that follows, however often `run_arms` is called.

    Parameters
    ----------
    plan
        What is opened already, or keeps nothing, is returned as it is.
    asked, arms, question
        What decides which replications will be run and what is kept of them. A folder that was
        opened for something else is refused.

    Raises
    ------
    tvc.experiment.store.StoreRefused
        If the folder will not do.
    """
    running = plan.running
    if running.store is not None or running.results is None:
        return plan
    named = [[arm.name, arm.digest] for arm in arms]
    measured = [str(one) for one in asked]
    digest = digest_of([
        question, measured, named, plan.replications, plan.precision, plan.seed, plan.warmup_ms,
    ])  # fmt: skip
    store = Store.open(running.results, digest, running.resume)
    return replace(plan, running=replace(running, store=store))
