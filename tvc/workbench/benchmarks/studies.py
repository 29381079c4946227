"""What a study costs beside its model, on every engine that this machine has.

Every engine runs the same study of a shipped workload, in turn and several times over, so that
what else the machine does meets all of them alike. Each replication says when it began and ended
and where, so that the model's own time is that of the same run, and the rest is the study's.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from tvc.domain.workload import WorkloadModel
from tvc.files.scenarios import load_scenarios
from tvc.runs.arms import Arm
from tvc.runs.engines import Engine
from tvc.runs.replications import Plan, model_and_tasks
from tvc.runs.store import Store
from tvc.runs.study import run_study
from tvc.runs.tasks import Model, Task, digest_of
from tvc.studies.comparison import default_metrics
from tvc.workbench.benchmarks.cluster import has_dask, local_cluster

if TYPE_CHECKING:
    import pandas as pd

#: What two workers should do at least beside one, and Dask beside as many processes.
LEAST_SPEED_UP: Final = 1.7
LEAST_OF_DASK: Final = 0.9
#: Beyond the model, for each replication, at most.
MOST_BEYOND_MS: Final = 20.0

_SCENARIO: Final = Path("scenarios/lost_phones.tvc.yaml")
#: Users of the shipped workload to each of its admins, at any size.
_USERS_PER_ADMIN: Final = 2_500
_SEED: Final = 1
#: A model that took this much longer than its processor time had to share its core.
_SHARED: Final = 1.1

_BEGAN, _ENDED, _CPU, _PID = "began_s", "ended_s", "cpu_s", "pid"
_STAMPS: Final = (_BEGAN, _ENDED, _CPU, _PID)


@dataclass(frozen=True)
class _Stamped:
    """A model whose rows also tell when it ran, how long it took the processor, and where."""

    model: Model

    def __call__(self, task: Task) -> Mapping[str, object]:
        # One clock for all processes of a machine.
        began_s, cpu_s = time.monotonic(), time.process_time()
        row = self.model(task)
        stamps = time.monotonic(), time.process_time() - cpu_s
        return {**row, _BEGAN: began_s, _ENDED: stamps[0], _CPU: stamps[1], _PID: os.getpid()}


@dataclass(frozen=True, slots=True)
class StudyCost:
    """What one run of the study took.

    Attributes
    ----------
    replications, workers
        How many were run, and on how many workers.
    seconds
        From the call to the frame's rows, workers being there already.
    model_s, cpu_s
        Of the model in all replications together: by the clock, and of the processor.
    between_s
        What workers did between one replication and their next, together.
    """

    replications: int
    workers: int
    seconds: float
    model_s: float
    cpu_s: float
    between_s: float

    @property
    def rate(self) -> float:
        """Replications a second."""
        return self.replications / self.seconds

    @property
    def model_ms(self) -> float:
        """The model's own time for each replication."""
        return self.model_s / self.replications * 1e3

    @property
    def cpu_ms(self) -> float:
        """The model's own processor time for each replication."""
        return self.cpu_s / self.replications * 1e3

    @property
    def beyond_ms(self) -> float:
        """Time of a worker that is not the model's, for each replication.

        The beginning and the end of the study are in it, where workers have nothing to do.
        """
        return (self.workers * self.seconds - self.model_s) / self.replications * 1e3

    @property
    def unshared_rate(self) -> float:
        """Replications a second if every worker had had a core to itself."""
        return self.workers / (self.cpu_ms + self.beyond_ms) * 1e3

    @property
    def between_ms(self) -> float:
        """From the end of a replication to the beginning of the worker's next one."""
        return self.between_s / max(self.replications - self.workers, 1) * 1e3


@dataclass(frozen=True, slots=True)
class EngineCost:
    """What the study takes on one engine.

    Attributes
    ----------
    name
        Of the engine, for people.
    start_up_s
        Until its workers had imported what they need; in none of the `runs`.
    runs
        One in each round.
    """

    name: str
    start_up_s: float
    runs: tuple[StudyCost, ...]

    def median(self, what: Callable[[StudyCost], float]) -> float:
        """Return the median over the rounds."""
        return median(map(what, self.runs))


@dataclass(frozen=True, slots=True)
class ExperimentBenchmark:
    """A study on every engine.

    Attributes
    ----------
    users
        Of the workload.
    here, kept, one, two
        In this process, the same with a results folder, and in one and two others.
    dask
        On a cluster of two workers; None where the extra is not installed.
    identical
        Whether all frames of all rounds were the same.
    loads
        How many processes wanted a processor, over a minute, before and after; empty where the
        system does not say.
    """

    users: int
    here: EngineCost
    kept: EngineCost
    one: EngineCost
    two: EngineCost
    dask: EngineCost | None
    identical: bool
    loads: tuple[float, ...]

    @property
    def engines(self) -> tuple[EngineCost, ...]:
        """Those that there are."""
        found = (self.here, self.kept, self.one, self.two)
        return found if self.dask is None else (*found, self.dask)

    def lines(self) -> Iterator[str]:
        """Yield the result as text."""
        rounds, count = len(self.here.runs), self.here.runs[0].replications
        yield (
            f"{_SCENARIO} with {self.users:,} users: {count} replications a study, {rounds} rounds "
            "in turn, medians"
        )
        yield ""
        yield f"{'':<30} replications/s  model ms  its CPU ms  between ms  beyond ms"
        for engine in self.engines:
            yield (
                f"{engine.name:<30} {engine.median(lambda run: run.rate):>14.2f}"
                f"  {engine.median(lambda run: run.model_ms):>8.0f}"
                f"  {engine.median(lambda run: run.cpu_ms):>10.0f}"
                f"  {engine.median(lambda run: run.between_ms):>10.1f}"
                f"  {engine.median(lambda run: run.beyond_ms):>9.1f}"
            )
        yield ""
        yield "between: from the end of a replication to the worker's next one (dispatch, pickling,"
        yield "         the way back, and in one process the disk)"
        yield "beyond:  workers' time that is not the model's, with the study's beginning and end"
        yield ""
        yield from self._goals()
        yield f"frames: {'identical' if self.identical else 'THEY DIFFER'}"
        started = ", ".join(
            f"{engine.name} {engine.start_up_s:.1f} s"
            for engine in self.engines
            if engine.start_up_s
        )
        yield f"start of workers and their imports, in none of these: {started}"
        yield from self._machine()

    def _goals(self) -> Iterator[str]:
        yield from _speeds("2 processes / 1", self.two, self.one, LEAST_SPEED_UP)
        if self.dask is None:
            yield "Dask: the extra `cluster` is not installed"
        else:
            yield from _speeds("Dask / 2 processes", self.dask, self.two, LEAST_OF_DASK)
        worst = max(self.engines, key=lambda engine: engine.median(lambda run: run.beyond_ms))
        beyond_ms = worst.median(lambda run: run.beyond_ms)
        miss = "" if beyond_ms < MOST_BEYOND_MS else ", which it misses here"
        yield (
            f"{'beyond the model, at most':<28} {beyond_ms:>6.1f} ms a replication, {worst.name} "
            f"(goal: below {MOST_BEYOND_MS:g} ms{miss})"
        )

    def _machine(self) -> Iterator[str]:
        if self.loads:
            before, after = self.loads
            yield f"load of the machine: {before:.1f} before, {after:.1f} after"
        shared = [
            engine.name
            for engine in self.engines
            if engine.median(lambda run: run.model_ms / run.cpu_ms) > _SHARED
        ]
        if shared:
            names = "; ".join(shared)
            yield f"others used the processor meanwhile, which spoils the times of: {names}"


def _ratio(one: EngineCost, other: EngineCost, what: Callable[[StudyCost], float]) -> float:
    """Return the median of the ratios in each round, whose studies met the same machine."""
    return median(what(a) / what(b) for a, b in zip(one.runs, other.runs, strict=True))


def _speeds(what: str, one: EngineCost, other: EngineCost, least: float) -> Iterator[str]:
    value = _ratio(one, other, lambda run: run.rate)
    miss = "" if value >= least else ", which it misses here"
    yield f"{what:<28} {value:>6.2f} (goal: at least {least:g}{miss})"
    # What it were on a machine that does nothing else: the goal is judged by the clock.
    unshared = _ratio(one, other, lambda run: run.unshared_rate)
    yield f"{'  with a core to each worker':<28} {unshared:>6.2f}, reckoned from processor time"


# Measuring


def bench_experiment(
    users: int = 50_000, replications: int = 24, rounds: int = 5
) -> ExperimentBenchmark:
    """Run the same study on every engine, in turn.

    Parameters
    ----------
    users
        Of the shipped workload, with admins in proportion.
    replications
        Of each study; an even number keeps two workers busy to the end.
    rounds
        How often each engine has its turn.

    Raises
    ------
    InvalidFile
        If the shipped scenario is not at hand, as it is in a checkout.
    TimeoutError
        If the Dask cluster does not come up.
    """
    loads = _load()
    bench = _Bench(_arm(users), replications)
    with ExitStack() as cluster:
        # A single worker of the engine is one of two: both have the same workers.
        processes = _Place("2 processes", 2, "processes")
        places = [
            _Place("in this process", 1),
            _Place("in this process, kept on disk", 1, kept=True),
            _Place("1 process", 1, "processes"),
            processes,
        ]
        bench.run(places[0])  # imports here are in nobody's time
        start_up_s = {processes.name: bench.time_start(processes)}
        if has_dask():
            began_s = time.monotonic()
            address = cluster.enter_context(local_cluster(2))
            dask = _Place("Dask, 2 workers", 2, "dask", scheduler=address)
            came_up_s = time.monotonic() - began_s
            start_up_s[dask.name] = came_up_s + bench.time_start(dask)
            places.append(dask)
        runs: dict[str, list[StudyCost]] = defaultdict(list)
        for round_ in range(rounds):
            # Each time another one begins, so that none always comes after the same.
            first = round_ % len(places)
            for place in places[first:] + places[:first]:
                runs[place.name].append(bench.run(place))
    here, kept, one, two, *rest = (
        EngineCost(place.name, start_up_s.get(place.name, 0.0), tuple(runs[place.name]))
        for place in places
    )
    return ExperimentBenchmark(
        users,
        here,
        kept,
        one,
        two,
        rest[0] if rest else None,
        identical=bench.identical,
        loads=loads + _load(),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a study runs, and whether its results are kept."""

    name: str
    workers: int
    engine: Engine = "serial"
    scheduler: str | None = None
    kept: bool = False


class _Bench:
    """Runs the same study in one place after another, and compares what comes of it."""

    def __init__(self, arm: Arm, replications: int) -> None:
        plan = Plan(replications, _SEED)
        model, self._tasks = model_and_tasks("bench", [arm], default_metrics([arm]), plan)
        self._model = _Stamped(model)
        self._frame: pd.DataFrame | None = None
        self.identical = True

    def run(self, place: _Place) -> StudyCost:
        """Run the study once, and say what it took."""
        with TemporaryDirectory() as folder:
            began_s = time.monotonic()
            store = Store.open(Path(folder), digest_of(_SEED)) if place.kept else None
            frame = self._run(place, self._tasks, store)
            seconds = time.monotonic() - began_s
        self._compare(frame)
        lanes = [frame] if place.workers == 1 else [lane for _, lane in frame.groupby(_PID)]
        spans_s = sum(float(lane[_ENDED].max() - lane[_BEGAN].min()) for lane in lanes)
        model_s = float((frame[_ENDED] - frame[_BEGAN]).sum())
        cpu_s = float(frame[_CPU].sum())
        return StudyCost(len(frame), place.workers, seconds, model_s, cpu_s, spans_s - model_s)

    def time_start(self, place: _Place) -> float:
        """Return how long it takes until every worker is ready for its first replication."""
        began_s = time.monotonic()
        # So many that none gets all of them before the other is there.
        self._run(place, self._tasks[: 4 * place.workers])
        seconds = time.monotonic() - began_s
        again_s = time.monotonic()
        self._run(place, self._tasks[: 4 * place.workers])
        return max(seconds - (time.monotonic() - again_s), 0.0)

    def _run(
        self, place: _Place, tasks: Sequence[Task], store: Store | None = None
    ) -> "pd.DataFrame":
        study = run_study(
            self._model,
            tasks,
            store=store,
            engine=place.engine,
            workers=place.workers,
            scheduler=place.scheduler,
            progress=False,
        )
        for failed in study.failures():
            raise RuntimeError(failed.failure)
        return study.frame()

    def _compare(self, frame: "pd.DataFrame") -> None:
        measured = frame.drop(columns=[*_STAMPS])
        if self._frame is None:
            self._frame = measured
        self.identical = self.identical and measured.equals(self._frame)


def _arm(users: int) -> Arm:
    (case,) = load_scenarios(_SCENARIO).cases
    workload = dict(case.study["workload"])
    admins = max(users // _USERS_PER_ADMIN, 1)
    resized = workload | {"users": users, "desk": {**workload["desk"], "admins": admins}}
    return Arm("lost-phones", case.policy.policy, WorkloadModel.model_validate(resized))


def _load() -> tuple[float, ...]:
    # Windows has none.
    return (os.getloadavg()[0],) if hasattr(os, "getloadavg") else ()
