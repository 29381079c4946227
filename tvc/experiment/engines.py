"""Engines: where the tasks of a study run. In this process, in others here, or on a cluster.

Results are the same whichever engine runs them and with however many workers: they are kept by
task and handed back in the order of the tasks. A failed task is a result like any other. A worker
that dies takes the tasks with it that it had in hand; these are tried again, and the last try of
a task is alone, so that only the one that kills its worker fails.

Tasks are sent one by one: joblib collects small ones into batches of its own, which would hold
finished results back until their batch is done, and a kill would lose them.
"""

import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import islice
from typing import Any, Final, Literal

from tvc import __version__
from tvc.experiment.tasks import Model, Result, Task, perform

Engine = Literal["serial", "processes", "dask"]
#: What runs tasks: yields those that came to an end, and leaves out those whose worker died.
_Run = Callable[[Sequence[Task]], Generator[Result, None, None]]

#: Tasks that a scheduler is given at a time: enough for any cluster, no graph of megabytes.
_SUBMITTED: Final = 1000
_CONNECT_S: Final = 10


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
    EngineRefused
        If there is no such cluster, it has no workers, or it was lost.
    ValueError
        If two tasks are the same, or the options do not go together.
    """
    run = _find_engine(model, engine, workers, scheduler)
    if len({task.identity for task in tasks}) < len(tasks):
        raise ValueError("two tasks of a study are the same")
    results: dict[str, Result] = {}

    def keep(result: Result) -> None:
        results[result.task.identity] = result
        if on_result is not None:
            on_result(result)

    remaining = list(tasks)
    for trial in range(retries + 1):
        alone = 0 < retries == trial
        for group in [[task] for task in remaining] if alone else [remaining]:
            with closing(run(group)) as finished:
                for result in finished:
                    keep(result)
        remaining = [task for task in remaining if task.identity not in results]
        if not remaining:
            break
    tries = f"each of {retries + 1} tries" if retries else "the only try"
    for task in remaining:
        why = f"the worker that ran it died in {tries}: killed, or out of memory"
        keep(Result(task, {}, why, lost=True))
    return [results[task.identity] for task in tasks]


def _find_engine(model: Model, engine: Engine, workers: int, scheduler: str | None) -> _Run:
    if workers < 1:
        raise ValueError(f"workers: {workers} run nothing; expected one or more")
    if (engine == "dask") != (scheduler is not None):
        raise ValueError("engine dask takes the address of a scheduler, and no other engine does")
    if engine == "processes":
        return partial(_in_processes, model, workers)
    if scheduler is not None:
        return partial(_on_cluster, model, scheduler)
    return partial(_here, model)


def _here(model: Model, tasks: Sequence[Task]) -> Generator[Result, None, None]:
    for task in tasks:
        yield Result(task, *perform(model, task, __version__))


def _in_processes(
    model: Model, workers: int, tasks: Sequence[Task]
) -> Generator[Result, None, None]:
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    waiting = deque(enumerate(tasks))
    # loky starts all that it may have, whether or not there is work for them.
    workers = min(workers, len(tasks))

    def issue() -> Iterator[Any]:
        while waiting:
            place, task = waiting.popleft()
            yield delayed(_numbered)(model, place, task, __version__)

    # joblib runs a single job in this process, where a model that dies would take the study
    # along. A single worker is therefore one of two that never has company.
    jobs, ahead = (workers, 2 * workers) if workers > 1 else (2, 1)
    while waiting:
        parallel = Parallel(
            n_jobs=jobs,
            backend="loky",
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch=ahead,
        )
        try:
            with _closing_quietly(parallel(issue())) as finished:
                for place, outcome in finished:
                    yield Result(tasks[place], *outcome)
        except TerminatedWorkerError:
            # What was issued and did not come back is left out; the rest is issued to others.
            continue


def _numbered(model: Model, place: int, task: Task, version: str) -> tuple[int, Any]:
    return place, perform(model, task, version)


@contextmanager
def _closing_quietly(outcomes: Generator[Any, None, None]) -> Iterator[Iterator[Any]]:
    try:
        yield outcomes
    finally:
        # joblib warns of the work that it gives up, which is what closing is for.
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            outcomes.close()


def _on_cluster(
    model: Model, scheduler: str, tasks: Sequence[Task]
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
        for future in completed:
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
