"""When a sequential run is looked at: the same sizes however many workers run it."""

from tvc.files.stochastic import RunModel


def looks(run: RunModel) -> tuple[int, ...]:
    """Return after how many replications a run is judged.

    First after the pilot of ``min``, then each time half as many were added, last after ``max``.
    The sizes depend on the file alone; where they depended on which worker was done first, so
    would the verdict.

    Examples
    --------
    >>> looks(RunModel.model_validate({"replications": {"min": 30, "max": 200}}))
    (30, 45, 68, 102, 153, 200)
    """
    sizes = [run.replications.min]
    while sizes[-1] < run.replications.max:
        sizes.append(min(sizes[-1] + (sizes[-1] + 1) // 2, run.replications.max))
    return tuple(sizes)


def next_batch(done: int, run: RunModel) -> int:
    """Return how many replications to add before the next look; 0 when none is left.

    Parameters
    ----------
    done
        Replications run so far. A run resumed between two looks goes on to the next one.
    run
        How the workload is run.

    Examples
    --------
    >>> run = RunModel.model_validate({"replications": {"min": 30, "max": 200}})
    >>> [next_batch(done, run) for done in (0, 30, 40, 153, 200)]
    [30, 15, 5, 47, 0]
    """
    return next((size - done for size in looks(run) if size > done), 0)
