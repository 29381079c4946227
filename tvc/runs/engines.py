"""Engines: where the tasks of a study run. In this process, in others here, or on a cluster.

Results are the same whichever engine runs them and with however many workers: they are kept by
task and handed back in the order of the tasks. A failed task is a result like any other. A worker
that dies takes the tasks with it that it had in hand; these are tried again, and the last try of
a task is alone, so that only the one that kills its worker fails.

Tasks are sent one by one, by loky itself: joblib collects small ones into batches of its own, which
would hold finished results back until their batch is done, and a kill would lose them.

The first interrupt ends a run at the next moment at which nothing is half done: in this process
after the task that is under way, elsewhere at once, where that task is given up. What came until
then was handed over.
"""

import os
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any, Final, Literal

from tvc import __version__
from tvc.interrupts import held_back, interrupts_noted
from tvc.runs.tasks import Model, Result, Task, perform
from tvc.workers import attend

Engine = Literal["serial", "processes", "dask"]
#: What runs tasks: yields those that came to an end, and leaves out those whose worker died.
_Run = Callable[[Sequence[Task]], Generator[Result, None, None]]
#: Raises KeyboardInterrupt where the run shall stop.
_Check = Callable[[], None]

#: Tasks that a scheduler is given at a time: enough for any cluster, no graph of megabytes.
_SUBMITTED: Final = 1000
_CONNECT_S: Final = 10
#: How often those who wait for results look for interrupts.
_WAITS_S: Final = 0.05
#: Those of a cluster are looked for more often: nobody tells of them in between.
_POLLS_S: Final = 0.005
#: How long a worker without work stays, for the next study.
_IDLE_S: Final = 300
#: Replications are many, and each has one processor.
_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class EngineRefused(RuntimeError):
    """An engine cannot run, or was lost on the way; the message says why."""


def run_tasks(  # noqa: PLR0913 - what a run may be told
    model: Model,
    tasks: Sequence[Task],
    *,
    engine: Engine = "serial",
    workers: int = 1,
    scheduler: str | None = None,
    on_result: Callable[[Result], None] | None = None,
    retries: int = 2,
) -> list[Result]:
    """Run tasks and return their results in the order of the tasks.

    Parameters
    ----------
    model
        What is run for each task; for the engines ``processes`` and ``dask`` it must pickle.
    tasks
        Each with an identity of its own.
    engine
        ``serial`` (in this process), ``processes`` (joblib's loky) or ``dask`` (distributed).
    workers
        How many processes; a cluster brings its own, and is waited for while it has none left.
    scheduler
        Address of a Dask scheduler, ``tcp://host:8786``; for ``dask`` only.
    on_result
        Called in this thread with each result once it is there, in no particular order. What it
        raises ends the run.
    retries
        How often a task is tried again after its worker died. With none, tasks fail that
        only stood beside the one that killed it.

    Returns
    -------
    list of Result
        As many as there are tasks.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted, or a task swallowed an interrupt.
    EngineRefused
        If there is no such cluster, it has no workers, or it was lost.
    ValueError
        If two tasks are the same, or the options do not go together.
    """
    find = _find_engine(model, engine, workers, scheduler)
    if len({task.identity for task in tasks}) < len(tasks):
        raise ValueError("two tasks of a study are the same")
    results: dict[str, Result] = {}

    def keep(result: Result) -> None:
        if not result.complete:
            raise KeyboardInterrupt
        results[result.task.identity] = result
        if on_result is not None:
            on_result(result)

    with interrupts_noted() as check:
        _run_all(find(check), tasks, results, keep, check, retries)
    remaining = [task for task in tasks if task.identity not in results]
    tries = f"each of {retries + 1} tries" if retries else "the only try"
    for task in remaining:
        why = f"the worker that ran it died in {tries}: killed, or out of memory"
        keep(Result(task, {}, why, lost=True))
    return [results[task.identity] for task in tasks]


def _run_all(  # noqa: PLR0913, PLR0917 - those of `run_tasks`
    run: _Run,
    tasks: Sequence[Task],
    results: Mapping[str, Result],
    keep: Callable[[Result], None],
    check: _Check,
    retries: int,
) -> None:
    """Run tasks, those whose worker died again, and hand over what came of them."""
    remaining = list(tasks)
    for trial in range(retries + 1):
        alone = 0 < retries == trial
        for group in [[task] for task in remaining] if alone else [remaining]:
            with closing(run(group)) as finished:
                for result in finished:
                    keep(result)
                    check()
        remaining = [task for task in remaining if task.identity not in results]
        if not remaining:
            break


def _find_engine(
    model: Model, engine: Engine, workers: int, scheduler: str | None
) -> Callable[[_Check], _Run]:
    if workers < 1:
        raise ValueError(f"workers: {workers} run nothing; expected one or more")
    if (engine == "dask") != (scheduler is not None):
        raise ValueError("engine dask takes the address of a scheduler, and no other engine does")
    if engine == "processes":
        return lambda check: partial(_in_processes, model, workers, check)
    if scheduler is not None:
        return lambda check: partial(_on_cluster, model, scheduler, check)
    return lambda _check: partial(_here, model)


def _here(model: Model, tasks: Sequence[Task]) -> Generator[Result, None, None]:
    for task in tasks:
        yield Result(task, *perform(model, task, __version__))


def _in_processes(
    model: Model, workers: int, check: _Check, tasks: Sequence[Task]
) -> Generator[Result, None, None]:
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    waiting = deque(tasks)
    # loky starts all that it may have, whether or not there is work for them.
    workers = min(workers, len(tasks))
    while waiting:
        try:
            yield from _by_workers(model, workers, check, waiting)
        except TerminatedWorkerError:
            # What was issued and did not come back is left out; the rest is issued to others.
            continue


def _by_workers(
    model: Model, workers: int, check: _Check, waiting: deque[Task]
) -> Generator[Result, None, None]:
    """Issue tasks to the workers that are there, until none is left or one of them dies."""
    from concurrent.futures import FIRST_COMPLETED, Future, wait

    from joblib.externals.loky import get_reusable_executor

    _start_sweepers()
    with held_back():
        executor = get_reusable_executor(
            workers, timeout=_IDLE_S, initializer=attend, initargs=(os.getpid(),), env=_ENVIRONMENT
        )
    # A single worker never has company: what dies beside it would be left out with it.
    ahead = 2 * workers if workers > 1 else 1
    issued: dict[Future[Any], Task] = {}
    try:
        while waiting or issued:
            with held_back():
                while waiting and len(issued) < ahead:
                    task = waiting.popleft()
                    issued[executor.submit(perform, model, task, __version__)] = task
            done, _ = wait(issued, _WAITS_S, FIRST_COMPLETED)
            if not done:
                check()
            # Those that came before a worker died come first.
            for future in sorted(done, key=lambda one: one.exception() is not None):
                outcome = future.result()
                yield Result(issued.pop(future), *outcome)
    finally:
        if issued:
            # Workers that are still at it would hold the end of this process up.
            with warnings.catch_warnings(action="ignore", category=UserWarning):
                executor.shutdown(wait=True, kill_workers=True)


def _start_sweepers() -> None:
    """Start what sweeps away the leftovers of killed workers, and have it say nothing of them.

    Started later, along with the workers, it would let interrupts through that are held back.
    """
    from multiprocessing import resource_tracker as of_python

    from joblib.externals.loky.backend import resource_tracker as of_loky

    told = "PYTHONWARNINGS"
    before = os.environ.get(told)
    os.environ[told] = "ignore:resource_tracker:UserWarning"
    try:
        of_python.ensure_running()
        of_loky.ensure_running()
    finally:
        del os.environ[told]
        if before is not None:
            os.environ[told] = before


def _on_cluster(
    model: Model, scheduler: str, check: _Check, tasks: Sequence[Task]
) -> Generator[Result, None, None]:
    # By distributed itself: joblib's backend for it never hears of a task that the scheduler gave
    # up after its workers died, and waits for ever.
    distributed = _import_distributed()
    with closing(_connect(distributed, scheduler)) as client:
        places: dict[str, int] = {}
        waiting = iter(enumerate(tasks))

        def submit() -> Iterator[Any]:
            for place, task in waiting:
                future = client.submit(perform, model, task, __version__, pure=False)
                places[future.key] = place
                yield future

        completed = distributed.as_completed(list(islice(submit(), _SUBMITTED)), loop=client.loop)
        while not completed.is_empty():
            while not completed.has_ready():
                check()
                time.sleep(_POLLS_S)
            future = next(completed)
            task = tasks[places.pop(future.key)]
            result = None
            # Fetched here: what goes wrong when as_completed fetches results is logged and lost.
            try:
                result = Result(task, *future.result())
            except distributed.KilledWorker:
                pass
            except Exception as why:
                if future.status != "error":
                    raise EngineRefused(f"the scheduler at {scheduler} was lost") from why
                # It never began: the worker could not read what it was sent.
                result = Result(task, {}, f"{type(why).__name__}: {why}")
            if result is not None:
                yield result
            try:
                completed.update(list(islice(submit(), 1)))
            except Exception as why:
                raise EngineRefused(f"the scheduler at {scheduler} was lost") from why


def _import_distributed() -> Any:  # noqa: ANN401 - a module that is not typed
    try:
        import distributed
    except ImportError:
        raise EngineRefused(
            "the engine dask needs two packages more: pip install 'tvc[cluster]'"
        ) from None
    return distributed


def _connect(distributed: Any, scheduler: str) -> Any:  # noqa: ANN401 - as above
    try:
        client = distributed.Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as why:
        raise EngineRefused(f"no Dask scheduler answers at {scheduler}: {why}") from None
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
    except TimeoutError:
        client.close()
        raise EngineRefused(f"the Dask scheduler at {scheduler} has no workers") from None
    return client
