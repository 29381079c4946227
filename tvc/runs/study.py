"""Studies: tasks run by an engine, kept in a store where there is one, and read as frames."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tvc import __version__
from tvc.runs.engines import Engine, run_tasks
from tvc.runs.progress import Progress
from tvc.runs.store import Store
from tvc.runs.tasks import IDENTITY, Model, Result, Task, frame_of, perform

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class StudyResult:
    """What came of the tasks of a study.

    Attributes
    ----------
    results
        One for each task, in their order.
    """

    results: tuple[Result, ...]

    def frame(self) -> "pd.DataFrame":
        """Return a row for each task, the failed ones too; see `tvc.runs.tasks.frame_of`."""
        return frame_of(self.results)

    def failures(self) -> tuple[Result, ...]:
        """Return the results of the tasks that failed."""
        return tuple(result for result in self.results if result.failure)


def run_study(  # noqa: PLR0913 - what a study may be told
    model: Model,
    tasks: Sequence[Task],
    *,
    store: Store | None = None,
    engine: Engine = "serial",
    workers: int = 1,
    scheduler: str | None = None,
    retries: int = 2,
    progress: bool = True,
) -> StudyResult:
    """Run the tasks that a store has no result of, and return the results of all.

    Parameters
    ----------
    model, tasks, engine, workers, scheduler, retries
        As `tvc.runs.engines.run_tasks` has them.
    store
        Where results are kept as they come, so that an interrupted study goes on from there.
    progress
        Show a bar where somebody looks.

    Returns
    -------
    StudyResult
        The same for every engine, number of workers, and number of interruptions.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted, within one replication; what is finished is kept.
    tvc.runs.engines.EngineRefused
        If the engine cannot run.
    tvc.runs.store.StoreFull
        If results cannot be written; those that could are kept.
    """
    before = {} if store is None else {task.identity: store.finished(task) for task in tasks}
    done = {name: result for name, result in before.items() if result is not None}
    remaining = [task for task in tasks if task.identity not in done]
    name = tasks[0].study if tasks else ""
    with store or nullcontext(), Progress(name, len(tasks), len(done), shown=progress) as bar:
        if store is not None:
            store.declare(tasks)

        def keep(result: Result) -> None:
            if store is not None:
                store.add(result)
            bar.advance()

        found = run_tasks(
            model,
            remaining,
            engine=engine,
            workers=workers,
            scheduler=scheduler,
            on_result=keep,
            retries=retries,
        )
    done |= {result.task.identity: result for result in found}
    return StudyResult(tuple(done[task.identity] for task in tasks))


def rerun(model: Model, tasks: Sequence[Task], row: Mapping[str, object]) -> Result:
    """Run the task of a row again, alone and in this process.

    Parameters
    ----------
    model
        What the study ran.
    tasks
        Of the study; a store has them, too.
    row
        A row of its frame; the identity columns are enough.

    Raises
    ------
    LookupError
        If the row is of none of the tasks.
    """
    wanted = {name: row.get(name) for name in IDENTITY}
    for task in tasks:
        if task.columns() == wanted:
            return Result(task, *perform(model, task, __version__))
    raise LookupError("the row is of none of these tasks")
