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
from tvc.files.excess import refuse_excess
from tvc.files.policies import load_policy_file, load_shipped
from tvc.files.workload import WorkloadModel
from tvc.trace.measures.frames import Frames
from tvc.trace.measures.measured import Measured
from tvc.trace.measures.recorder import Recorder, Window
from tvc.trace.measures.trace_file import TraceFile
from tvc.world.attackers import Attackers
from tvc.world.desk import Desk
from tvc.world.inputs import inputs_frame
from tvc.world.population import Population
from tvc.world.streams import Streams
from tvc.world.world import World

if TYPE_CHECKING:
    import pandas as pd

#: Receives the share of the run that is done, from 0 to 1.
Progress = Callable[[float], None]

#: Rows are kept of so many people's incidents; what is measured counts everybody.
_ROWS_OF: Final = 2_000
_STEPS: Final = 200


@dataclass(frozen=True)
class Run:
    """One run of a workload under a policy.

    Attributes
    ----------
    policy, workload, seed, replication
        What was run; the same again gives the same digest.
    measured
        What replications are compared by.
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
    measured: Measured
    digest: str
    kernel_events: int
    incidents: int
    window: Window
    sampled: float
    complete: bool
    _frames: Frames = field(repr=False)

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

    def _repr_html_(self) -> str:
        from tvc.world.showing import show_run

        return show_run(self)


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
    LookupError
        If no shipped policy has that name.
    pydantic.ValidationError, ValueError
        If the workload is not one.
    tvc.files.excess.Excessive
        If the run would take too much; the message names the input that is responsible.

    Examples
    --------
    >>> run = simulate("strict", {"users": 200, "horizon": "7d"}, seed=1)
    >>> run.complete
    True
    """
    policy = as_policy(policy)
    model = as_workload(workload)
    refuse_excess(model, policy, unbounded)
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
    world = assemble(policy, model, law, streams, recorder, window, share)
    try:
        with without_collection():
            complete = run_to_end(world, progress)
            measured = _finish(world, complete)
    finally:
        if rows is not None:
            rows.close()
    return Run(
        policy, model, seed, replication, measured, recorder.digest, world.kernel.events,
        world.incidents, window, share, complete, recorder.frames(),
    )  # fmt: skip


def assemble(  # noqa: PLR0913, PLR0917 - each is a part that a run is put together from
    policy: Policy,
    workload: WorkloadModel,
    law: Law,
    streams: Streams,
    recorder: Recorder,
    window: Window,
    sampled: float,
) -> World:
    """Put a world together, ready to run; see `World`."""
    world = World(policy, workload, law, streams, recorder, window, sampled)
    world.desk = Desk(world)
    world.population = Population(world, streams)
    world.attackers = Attackers(world, streams)
    return world


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


def run_to_end(world: World, progress: Progress | None) -> bool:
    """Run to the end of the drain; return False where the user interrupted it."""
    end_ms = world.window.end_ms
    # Each stop of the kernel costs as much as an event, which tells in small runs.
    step_ms = end_ms if progress is None else -(-end_ms // _STEPS)
    try:
        for until_ms in range(step_ms, end_ms + step_ms, step_ms):
            world.kernel.run_until(min(until_ms, end_ms))
            if progress is not None:
                progress(min(until_ms / end_ms, 1.0))
    except KeyboardInterrupt:
        return False
    return True


def _finish(world: World, complete: bool) -> Measured:
    end_ms = world.window.end_ms if complete else world.kernel.now_ms
    world.authority.finish(Instant.of(end_ms))
    if complete:
        world.population.finish()
    world.desk.duty()
    return world.recorder.finish(end_ms, complete)


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
