"""Running a workload under a policy, once."""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tvc.authority.authority import Instant
from tvc.authority.decide import LAW, Law
from tvc.authority.durations import HOUR_MS
from tvc.authority.policy import Policy
from tvc.domain.excess import refuse_excess
from tvc.domain.workload import WorkloadModel
from tvc.files.policies import load_policy_file, load_shipped
from tvc.interrupts import interrupts_noted
from tvc.trace.measures.frames import Frames
from tvc.trace.measures.measured import Measured
from tvc.trace.measures.recorder import Recorder, Window
from tvc.world.inputs import inputs_frame
from tvc.world.streams import Streams
from tvc.world.trace_file import TraceFile
from tvc.world.world import World

if TYPE_CHECKING:
    import pandas as pd

#: Receives the share of the run that is done, from 0 to 1.
Progress = Callable[[float], None]

#: Rows are kept of so many people's incidents; what is measured counts everybody.
_ROWS_OF: Final = 2_000
_STEPS: Final = 200


class NotComplete(RuntimeError):
    """An interrupted run was asked for what only a whole one has."""


@dataclass(frozen=True)
class Run:
    """One run of a workload under a policy.

    Attributes
    ----------
    policy, workload, seed, replication
        What was run; the same again gives the same digest.
    digest
        SHA-256 of every audit record; empty where it was not made.
    kernel_events, incidents
        What the model took, and how often somebody got into trouble.
    window
        What was measured, in true time of the model.
    sampled
        The share of people of whom rows are kept.
    complete
        False where the run was interrupted.
    """

    policy: Policy
    workload: WorkloadModel
    seed: int
    replication: int
    digest: str
    kernel_events: int
    incidents: int
    window: Window
    sampled: float
    complete: bool
    _measured: Measured = field(repr=False)
    _frames: Frames = field(repr=False)

    @property
    def measured(self) -> Measured:
        """What replications are compared by.

        Raises
        ------
        NotComplete
            If the run was interrupted: what it counted by then is in the frames, and is nothing
            to compare.
        """
        if not self.complete:
            raise NotComplete("an interrupted run measured nothing that could be compared")
        return self._measured

    @property
    def codes(self) -> "pd.DataFrame":
        """One row a code of the sampled people."""
        return self._frames.codes

    @property
    def sign_ins(self) -> "pd.DataFrame":
        """Sign-ins of everybody, counted by method, outcome, reason and who."""
        return self._frames.sign_ins

    @property
    def calls(self) -> "pd.DataFrame":
        """One row a call of the sampled people."""
        return self._frames.calls

    @property
    def takeovers(self) -> "pd.DataFrame":
        """One row a pair of an outsider and an account they had access to."""
        return self._frames.takeovers

    @property
    def series(self) -> "pd.DataFrame":
        """What happened in each hour: start_ms, measure, label, value."""
        return self._frames.series

    @property
    def histograms(self) -> "pd.DataFrame":
        """How long spells lasted: measure, low_ms, high_ms, count."""
        return self._frames.histograms

    @property
    def summary(self) -> "pd.DataFrame":
        """One row a metric: metric, where, value, unit, meaning."""
        return self._frames.summary

    @property
    def events(self) -> "pd.DataFrame":
        """The lives of the sampled people, one row a record or call."""
        return self._frames.events

    @cached_property
    def inputs(self) -> "pd.DataFrame":
        """One row an input of the workload: input, value, unit, source, default, meaning."""
        return inputs_frame(self.workload)


def simulate(  # noqa: PLR0913 - what a run is made of, by keyword
    policy: Policy | str = "salesforce",
    workload: WorkloadModel | Mapping[str, Any] | None = None,
    seed: int = 0,
    *,
    replication: int = 0,
    warmup_ms: int = 0,
    sampled: float | None = None,
    trace: Path | None = None,
    hashed: bool = True,
    progress: Progress | None = None,
    law: Law = LAW,
    unbounded: bool = False,
) -> Run:
    """Run a workload under a policy.

    Parameters
    ----------
    policy
        The policy, the name of a shipped one, or the name of a policy file.
    workload
        What happens: a model, or what a scenario file would say, such as
        ``{"users": 5000, "losses": {"per_user_per_year": 0.5}}``. Unchanged defaults by default.
    seed, replication
        Key all randomness. Two policies under one seed meet the same people on the same days.
    warmup_ms
        Time at the start that is not measured.
    sampled
        Share of people of whom rows are kept; by default as many as make a few thousand
        incidents. Whatever is measured counts everybody.
    trace
        A Parquet file for every audit record.
    hashed
        Whether the digest of all audit records is made.
    progress
        Called now and then with the share that is done.
    law
        The law that decides.
    unbounded
        Run it even where that takes more events or memory than is sensible.

    Returns
    -------
    Run
        Nothing of the arguments is changed. An interrupted run (Ctrl-C) is returned as far as it
        came, with ``complete`` False.

    Raises
    ------
    KeyboardInterrupt
        If a second interrupt comes before the first one is answered.
    LookupError
        If no shipped policy has that name.
    pydantic.ValidationError, ValueError
        If the workload is not one.
    tvc.domain.excess.Excessive
        If the run would take too much; the message names the input that is responsible.

    Examples
    --------
    >>> run = simulate("strict", {"users": 200, "horizon": "7d"}, seed=1)
    >>> run.complete
    True
    """
    policy, workload = as_policy(policy), as_workload(workload)
    refuse_excess(workload, policy, unbounded)
    begun = _begin(
        policy, workload, seed, replication, warmup_ms, sampled,
        trace=trace, hashed=hashed, law=law,
    )  # fmt: skip
    try:
        with without_collection():
            complete = _run_or_stop(begun.world, progress)
            measured = begun.finish(complete)
    finally:
        if begun.rows is not None:
            begun.rows.close()
    return begun.run(measured, complete)


def simulate_whole(  # noqa: PLR0913 - as above
    policy: Policy,
    workload: WorkloadModel,
    seed: int,
    *,
    replication: int = 0,
    warmup_ms: int = 0,
    sampled: float | None = None,
    hashed: bool = True,
) -> Run:
    """Run a workload under a policy to its end: for all that counts, keeps or compares.

    What would take too much was refused when the arm was made, and is not looked at again.

    Parameters
    ----------
    policy, workload, seed, replication, warmup_ms, sampled, hashed
        As `simulate` takes them.

    Returns
    -------
    Run
        Complete.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted; what it came to is given up.
    ValueError
        If nothing is left to measure.
    """
    begun = _begin(policy, workload, seed, replication, warmup_ms, sampled, hashed=hashed)
    with without_collection():
        run_to_end(begun.world)
        measured = begun.finish(complete=True)
    return begun.run(measured, complete=True)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A run that has not come to its end."""

    world: World
    policy: Policy
    workload: WorkloadModel
    seed: int
    replication: int
    sampled: float
    rows: TraceFile | None

    def finish(self, complete: bool) -> Measured:
        """Close what is open."""
        world = self.world
        end_ms = world.window.end_ms if complete else world.kernel.now_ms
        world.authority.finish(Instant.of(end_ms))
        if complete:
            world.population.finish()
        world.desk.duty()
        return world.recorder.finish(end_ms, complete)

    def run(self, measured: Measured, complete: bool) -> Run:
        """Return the run, once it is finished."""
        world, recorder = self.world, self.world.recorder
        return Run(
            self.policy, self.workload, self.seed, self.replication, recorder.digest,
            world.kernel.events, world.population.incidents, world.window, self.sampled, complete,
            measured, Frames(recorder),
        )  # fmt: skip


def _begin(  # noqa: PLR0913, PLR0917 - as above
    policy: Policy,
    model: WorkloadModel,
    seed: int,
    replication: int,
    warmup_ms: int,
    sampled: float | None,
    *,
    trace: Path | None = None,
    hashed: bool,
    law: Law = LAW,
) -> _Begun:
    start_ms = model.lead_in + warmup_ms
    horizon_ms = model.lead_in + model.horizon
    if start_ms >= horizon_ms:
        raise ValueError("nothing is left to measure: the warm-up lasts as long as the horizon")
    window = Window(start_ms, horizon_ms, horizon_ms + model.drain)
    share = _share_of_rows(model) if sampled is None else sampled
    streams = Streams(seed, replication)
    rows = None if trace is None else TraceFile(trace)
    recorder = Recorder(
        policy, window, given_sessions=model.desk.admins, rows=rows, hashed=hashed,
    )  # fmt: skip
    world = World(policy, model, law, streams, recorder, window, share)
    return _Begun(world, policy, model, seed, replication, share, rows)


def as_policy(policy: Policy | str) -> Policy:
    """Return a policy that is given as itself, as a shipped one's name or as a file's."""
    if isinstance(policy, Policy):
        return policy
    if Path(policy).suffix in (".yaml", ".yml", ".json"):
        return load_policy_file(Path(policy)).policy
    return load_shipped(policy).policy


def as_workload(workload: WorkloadModel | Mapping[str, Any] | None) -> WorkloadModel:
    """Return a workload that is given as a model or as a scenario file says it."""
    if isinstance(workload, WorkloadModel):
        return workload
    return WorkloadModel.model_validate({} if workload is None else dict(workload))


def _share_of_rows(model: WorkloadModel) -> float:
    expected = model.users * model.losses.per_user_per_year * model.horizon / (365 * 24 * HOUR_MS)
    expected += sum(outage.share * model.users for outage in model.outages)
    return min(1.0, _ROWS_OF / expected) if expected else 1.0


def run_to_end(world: World) -> None:
    """Run to the end of the drain, in one go: each stop costs as much as an event."""
    world.kernel.run_until(world.window.end_ms)


def run_in_steps(world: World) -> Iterator[float]:
    """Run to the end of the drain, and yield the share that is done now and then."""
    end_ms = world.window.end_ms
    step_ms = -(-end_ms // _STEPS)
    for until_ms in range(step_ms, end_ms + step_ms, step_ms):
        world.kernel.run_until(min(until_ms, end_ms))
        yield min(until_ms / end_ms, 1.0)


def _run_or_stop(world: World, progress: Progress | None) -> bool:
    """Run to the end, or between two events to where it is interrupted; return whether whole."""
    with interrupts_noted() as check:
        for share in run_in_steps(world):
            try:
                if progress is not None:
                    progress(share)
                check()
            except KeyboardInterrupt:
                return False
    return True


@contextmanager
def without_collection() -> Iterator[None]:
    """Keep the garbage collector from walking the many small objects of a run.

    A run makes no cycles, which a test holds: reference counts free all that is over.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
