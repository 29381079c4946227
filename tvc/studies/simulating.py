"""One replication of a workload: planned once, run once, or run again as it was recorded."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tvc.authority.policy import Policy
from tvc.domain.cases import Case
from tvc.domain.words import escape
from tvc.domain.workload import WorkloadModel
from tvc.files.case_names import UnknownCase, find_case, find_workload
from tvc.files.empirical import with_measurements
from tvc.files.stochastic import read_stochastic
from tvc.runs.results import (
    NotARun,
    Recorded,
    Trace,
    claim_folder,
    read_run,
    rerun,
    versions,
    write_results,
)
from tvc.studies.subject import CannotPlan

if TYPE_CHECKING:
    from tvc.world.simulation import Run

_ONE_RUN = "These figures are of one run, so that none has an interval."
_NOT_JUDGED = "What the scenario expects is not judged here: `tvc test` judges it."
_NO_WARMUP = "`warmup: auto` takes several replications: this run is measured from 0s."

#: Is told how much of a run is done, from 0 to 1.
See = Callable[[float], None]


@dataclass(frozen=True)
class Simulating:
    """One replication in which nothing is left to decide.

    Attributes
    ----------
    name
        What is run, for people.
    policy, workload, seed, replication, warmup_ms
        As `tvc.world.simulation.simulate` takes them.
    results
        The folder that its frames are written to; None where nothing is kept.
    trace
        Which records are kept among them.
    notes
        What its figures do not say, for people.
    """

    name: str
    policy: Policy
    workload: WorkloadModel
    seed: int
    replication: int
    warmup_ms: int
    results: Path | None
    trace: Trace
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Simulated:
    """What came of one replication.

    Attributes
    ----------
    name
        What was run, for people.
    run
        The run; where it was interrupted, as far as it came.
    notes
        What its figures do not say, for people.
    same
        Whether it is the recorded run that it repeats; None where it repeats none.
    """

    name: str
    run: "Run"
    notes: tuple[str, ...]
    same: bool | None = None


def plan_simulating(  # noqa: PLR0913, PLR0917 - what can be asked of a run
    case: Case,
    overrides: Mapping[str, str],
    seed: int | None,
    replication: int,
    results: Path | None,
    trace: Trace,
) -> Simulating:
    """Plan one replication of a case with a workload.

    Parameters
    ----------
    case
        The case.
    overrides
        Policy files in place of the policies of these names, all of which it must have.
    seed
        Instead of the case's own.
    replication, results, trace
        As `Simulating` has them.

    Raises
    ------
    CannotPlan
        If a policy is replaced that the case does not have.
    """
    lineage = {origin.file for origin in case.policy.lineage}
    for name, file in overrides.items():
        if str(Path(file)) not in lineage:
            raise CannotPlan(f"{case.id} has no policy of that name", "policy", name)
    study = read_stochastic(case.study)
    assert study.workload is not None  # what `find_simulated` returns has one
    notes = [_ONE_RUN]
    if study.expect:
        notes.append(_NOT_JUDGED)
    if study.run.warmup == "auto":
        notes.append(_NO_WARMUP)
    return Simulating(
        case.name,
        case.policy.policy,
        with_measurements(study.workload, Path(case.file).parent),
        study.run.seed if seed is None else seed,
        replication,
        0 if study.run.warmup == "auto" else study.run.warmup,
        results,
        trace,
        tuple(notes),
    )


def find_simulated(file: str, case_id: str, overrides: Mapping[str, str], unbounded: bool) -> Case:
    """Load the case with a workload that a name is of; without an id the file's only one.

    Raises
    ------
    CannotPlan
        If there is none, or it is a comparison or a timeline.
    InvalidFile
        If the file has faults.
    """
    try:
        if not case_id:
            return find_workload(file, overrides, unbounded, " to simulate")
        case = find_case(file, case_id, overrides, unbounded)
    except UnknownCase as why:
        raise CannotPlan(why) from None
    text = f"{file}::{case_id}"
    if "compare" in case.study:
        on = f"{file}::{case.study['compare']['on']}"
        raise CannotPlan(f"{text} compares two arms; what they run is {on}")
    if not case.stochastic:
        raise CannotPlan(f"{text} is a timeline, in which nothing is random: `tvc test` plays it")
    return case


def run_simulating(planned: Simulating, see: See) -> Simulated:
    """Run one replication, and write its results where that is planned.

    Raises
    ------
    tvc.runs.results.FolderRefused
        If the folder will not do.
    OSError
        If something cannot be written.
    """
    from tvc.world.simulation import simulate

    with nullcontext() if planned.results is None else claim_folder(planned.results) as claimed:
        run = simulate(
            planned.policy,
            planned.workload,
            planned.seed,
            replication=planned.replication,
            warmup_ms=planned.warmup_ms,
            trace=claimed.trace_part if claimed is not None and planned.trace == "full" else None,
            progress=see,
            unbounded=True,  # what takes too much was refused when the file was read
        )
        if claimed is not None:
            write_results(run, claimed, escape(planned.name), planned.trace)
    return Simulated(planned.name, run, planned.notes)


def plan_again(path: Path) -> Recorded:
    """Read the run that is to be run again.

    Raises
    ------
    CannotPlan
        If the file describes none, or one that was interrupted.
    """
    try:
        recorded = read_run(path)
    except NotARun as why:
        raise CannotPlan(why, "rerun") from None
    if not recorded.complete:
        raise CannotPlan(f"{path} is of an interrupted run: nothing to compare", "rerun")
    return recorded


def run_again(recorded: Recorded, see: See, unbounded: bool) -> Simulated:
    """Run a recorded run again, and say whether it is the same.

    Raises
    ------
    tvc.domain.excess.Excessive
        If it would take too much.
    """
    run = rerun(recorded, see, unbounded)
    same = run.digest == recorded.digest
    notes = (_ONE_RUN, _verdict(recorded, run, same)) if run.complete else (_ONE_RUN,)
    return Simulated(recorded.scenario, run, notes, same)


def _verdict(recorded: Recorded, run: "Run", same: bool) -> str:
    if same:
        return "Identical to the recorded run: every record is the same."
    changed = [
        f"{name} {recorded.versions.get(name, 'unknown')} there and {number} here"
        for name, number in versions().items()
        if recorded.versions.get(name) != number
    ]
    why = "; ".join(changed) or "by the same versions of everything"
    return (
        f"DIFFERENT from the recorded run, whose digest is {recorded.digest}; "
        f"this one's is {run.digest} ({why})."
    )
