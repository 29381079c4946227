"""Work that is the same for each replication, spread over processes where that is worth it.

What comes back is the same however it was spread: in the order of the replications, and an
exception is that of the first replication that has one.
"""

import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from tvc.interrupts import interrupts_noted
from tvc.runs.engines import run_tasks
from tvc.runs.tasks import Scalar, Task, failed

T = TypeVar("T")

#: Work that this process would do in less time is not worth the start of others, which takes two
#: seconds or so and is paid once.
_WORTH_S: Final = 4.0
_COLUMN: Final = "packed"


class Spread(Protocol):
    """Does something for each of some replications, and returns what came of it in their order."""

    def __call__(self, work: Callable[[int], T], replications: Sequence[int]) -> list[T]:
        """Return ``work(number)`` for each number."""
        ...


def one_by_one(work: Callable[[int], T], replications: Sequence[int]) -> list[T]:
    """Do it in this process.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted, after the replication that is under way.
    """
    found: list[T] = []
    with interrupts_noted() as check:
        for number in replications:
            found.append(work(number))
            check()
    return found


def spread_over(workers: int) -> Spread:
    """Return what spreads work over so many processes; one is this one.

    What is spread, and what comes of it, must pickle.
    """
    return one_by_one if workers == 1 else _InProcesses(workers)


class _InProcesses:
    """Begins here, and goes on in others if the rest would take long."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._started = False

    def __call__(self, work: Callable[[int], T], replications: Sequence[int]) -> list[T]:
        found: list[T] = []
        rest = list(replications)
        if rest and not self._started:
            began_s = time.monotonic()
            found += one_by_one(work, [rest.pop(0)])
            each_s = time.monotonic() - began_s
            self._started = each_s * len(rest) >= _WORTH_S
        return found + (self._elsewhere(work, rest) if self._started else one_by_one(work, rest))

    def _elsewhere(self, work: Callable[[int], T], replications: Sequence[int]) -> list[T]:
        tasks = [
            Task.of(study="", arm="", policy={}, workload={}, replication=number, seed=0)
            for number in replications
        ]
        results = run_tasks(_Packing(work), tasks, engine="processes", workers=self._workers)
        # What a worker died of, this process would die of, too.
        for one in results:
            if one.lost:
                raise failed(one)
        # One that failed is done again here, so that its exception is what it would have been.
        return [work(one.task.replication) if one.failure else _unpack(one.row) for one in results]


@dataclass(frozen=True)
class _Packing:
    """A model whose row is what the work returned."""

    work: Callable[[int], object]

    def __call__(self, task: Task) -> Mapping[str, object]:
        return {_COLUMN: pickle.dumps(self.work(task.replication))}


def _unpack(row: Mapping[str, Scalar]) -> Any:  # noqa: ANN401 - of the work
    packed = row[_COLUMN]
    assert isinstance(packed, bytes)
    # Packed by this program's own workers a moment ago.
    return pickle.loads(packed)
