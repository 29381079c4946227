"""Tasks and results: one replication as a value that runs anywhere, and what came of it."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from numbers import Integral, Real
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tvc import __version__, interrupts

if TYPE_CHECKING:
    import pandas as pd

#: What a column of a row may hold.
Scalar = bool | int | float | str | bytes
#: What a study runs: given a task it returns the row of its result.
Model = Callable[["Task"], Mapping[str, object]]

#: Columns that tell which task a row belongs to; with them it can be run again alone.
IDENTITY: Final = ("study", "arm", "arm_digest", "seed", "replication")
FAILURE: Final = "failure"
_RESERVED: Final = frozenset({*IDENTITY, FAILURE})
#: Of a very deep stack only its end says something.
_PLACES_SHOWN: Final = 20
_INT64: Final = 1 << 63
#: How a place of a failure is told.
_PLACE: Final = re.compile(r"\S+:\d+ in \S+")


def digest_of(value: object) -> str:
    """Return the SHA-256 of a plain value, as hexadecimal digits, by its canonical JSON.

    Raises
    ------
    TypeError, ValueError
        If JSON cannot say it.

    Examples
    --------
    >>> digest_of({"b": (1, 2), "a": 0.5}) == digest_of({"a": 0.5, "b": [1, 2]})
    True
    """
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class Task:
    """One replication of an arm, with all that it takes to run it alone.

    Attributes
    ----------
    study
        Id of the scenario.
    arm
        Name of the arm in it.
    arm_digest
        SHA-256 of policy, workload and this version of tvc, in canonical JSON.
    replication, seed
        Which of the replications under which seed.
    policy, workload
        Plain values in canonical JSON; `policy_values` and `workload_values` read them.
    """

    study: str
    arm: str
    arm_digest: str
    replication: int
    seed: int
    policy: str = field(repr=False)
    workload: str = field(repr=False)

    @classmethod
    def of(  # noqa: PLR0913 - what a task is made of
        cls,
        *,
        study: str,
        arm: str,
        policy: Mapping[str, object],
        workload: Mapping[str, object],
        replication: int,
        seed: int,
    ) -> "Task":
        """Make a task of plain values.

        Raises
        ------
        TypeError, ValueError
            If policy or workload hold what JSON cannot say.

        Examples
        --------
        >>> task = Task.of(study="calls", arm="strict", policy={"lifetime.max": 14400000},
        ...                workload={"users": 100}, replication=3, seed=1)
        >>> task.workload_values()
        {'users': 100}
        """
        content = {"policy": policy, "workload": workload, "version": __version__}
        return cls(
            study,
            arm,
            digest_of(content),
            replication,
            seed,
            _canonical(policy),
            _canonical(workload),
        )

    @cached_property
    def identity(self) -> str:
        """Names this task and no other: study, arm, digest of the arm, seed, replication."""
        # Slashes of the parts are escaped, so that two tasks never share an identity.
        parts = map(str, self.columns().values())
        return "/".join(quote(part, ":[]=,. ", errors="surrogatepass") for part in parts)

    def columns(self) -> dict[str, str | int]:
        """Return the identity columns of its row."""
        return {name: getattr(self, name) for name in IDENTITY}

    def policy_values(self) -> dict[str, Any]:
        """Return the policy's values, a new dictionary each time."""
        values: dict[str, Any] = json.loads(self.policy)
        return values

    def workload_values(self) -> dict[str, Any]:
        """Return the workload's values, a new dictionary each time."""
        values: dict[str, Any] = json.loads(self.workload)
        return values


@dataclass(frozen=True)
class Result:
    """What came of a task: a row, or a failure.

    Attributes
    ----------
    task
        What was run.
    row
        By column a scalar, or bytes; what is missing has no column. Empty after a failure.
    failure
        Where and why it failed: places, type and message of the exception. Empty for a row.
    complete
        False where an interrupt was raised while it ran and did not end it: what stands in it is
        no result, and may be of half a replication.
    lost
        Whether the machine is to blame for the failure, and not the model: the worker died, or
        memory ran out.
    """

    task: Task
    row: Mapping[str, Scalar]
    failure: str = ""
    complete: bool = True
    lost: bool = False

    def columns(self) -> dict[str, Scalar]:
        """Return the whole row: identity, what was measured, failure."""
        return {**self.task.columns(), **self.row, FAILURE: self.failure}


class ReplicationFailed(RuntimeError):
    """A replication failed; the message tells which one, where and why.

    Attributes
    ----------
    which
        The replication, and of which arm.
    places
        Where it failed, from the model on; empty where the machine lost it.
    kind
        The type of the exception; the message of the exception may quote what must stay secret.
    """

    def __init__(self, result: Result) -> None:
        lines = result.failure.splitlines()
        self.places = tuple(takewhile(_PLACE.fullmatch, lines))
        self.kind = lines[len(self.places)].partition(":")[0]
        arm = f" of {result.task.arm}" if result.task.arm else ""
        self.which = f"replication {result.task.replication}{arm}"
        gap = "\n" if self.places else " "
        super().__init__(f"{self.which} failed:{gap}{result.failure}")


class ReplicationLost(ReplicationFailed):
    """The machine lost a replication: its worker died again and again, or memory ran out."""


def failed(result: Result) -> ReplicationFailed:
    """Return the exception that tells of a failed result."""
    return ReplicationLost(result) if result.lost else ReplicationFailed(result)


def perform(model: Model, task: Task, version: str) -> tuple[dict[str, Scalar], str, bool, bool]:
    """Run a task here, and return its row, its failure, and whether it is complete and was lost.

    Parameters
    ----------
    model
        What is run.
    task
        What it is run for.
    version
        Of tvc where the study was started. A worker of another one fails the task, since its
        rows could be others.

    Returns
    -------
    tuple of (dict, str, bool, bool)
        The rest of a `Result`: row or failure is empty.
    """
    raised = interrupts.raised()
    row: dict[str, Scalar] = {}
    failure, lost = "", False
    try:
        if version != __version__:
            raise RuntimeError(f"this worker has tvc {__version__}, the study {version}")
        row = _checked(model(task))
    except MemoryError:
        failure, lost = "out of memory", True
    # A model that asks the process to exit ends its own task, and no study.
    except (Exception, SystemExit) as wrong:
        failure = _describe(wrong)
    return row, failure, interrupts.raised() == raised, lost


def _checked(row: Mapping[str, object]) -> dict[str, Scalar]:
    taken = sorted(_RESERVED.intersection(row))
    if taken:
        raise ValueError(f"a row may not name a column {taken[0]}, which tells its task")
    return {name: _scalar(name, value) for name, value in row.items() if value is not None}


def _scalar(name: str, value: object) -> Scalar:
    if hasattr(value, "item"):  # a scalar of NumPy
        value = value.item()
    match value:
        case bool() | str() | bytes():
            return value
        case Integral():
            number = int(value)
            if not -_INT64 <= number < _INT64:
                raise ValueError(f"the column {name} holds an integer of more than 64 bits")
            return number
        case Real():
            return float(value)
    raise TypeError(
        f"the column {name} holds no scalar, but a value of type {type(value).__name__}"
    )


def _describe(wrong: BaseException) -> str:
    # Without the frame of `perform`; by module, which is the same on every machine.
    places = [
        f"{frame.f_globals.get('__name__', '?')}:{line} in {frame.f_code.co_name}"
        for frame, line in walk_tb(wrong.__traceback__)
    ][1:]
    return "\n".join([*places[-_PLACES_SHOWN:], f"{type(wrong).__name__}: {wrong}"])


def frame_of(results: Iterable[Result]) -> "pd.DataFrame":
    """Return results as a frame, a row each, in their order.

    Returns
    -------
    pandas.DataFrame
        Identity columns, what was measured (in order of first appearance), ``failure`` (empty
        for a row that has none). What a row does not have is missing.

    Raises
    ------
    ValueError
        If a column holds values of several kinds, numbers and texts for one.
    """
    import pandas as pd

    rows = [result.columns() for result in results]
    measured = dict.fromkeys(name for row in rows for name in row if name not in _RESERVED)
    names = (*IDENTITY, *measured, FAILURE)
    columns = {name: _column(name, [row.get(name) for row in rows]) for name in names}
    return pd.DataFrame(columns)


def _column(name: str, values: list[Scalar | None]) -> "pd.Series[Any]":
    import pandas as pd

    kinds = {type(value) for value in values if value is not None}
    missing = None in values
    # Said outright, since what pandas makes of a gap depends on what stands beside it.
    if kinds == {int}:
        return pd.Series(values, dtype="Int64" if missing else "int64")
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean" if missing else "bool")
    if kinds and kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    if len(kinds) > 1:
        found = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(f"the column {name} holds values of several kinds: {found}")
    return pd.Series(values, dtype="object" if kinds == {bytes} or not kinds else None)
