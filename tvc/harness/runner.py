"""Running a suite: load every file, select, and run each case, on one core or several."""

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

from tvc.authority.decide import LAW, Law
from tvc.files.cases import Case
from tvc.files.faults import Fault
from tvc.files.scenarios import ScenarioFile
from tvc.harness.collect import Loading, load
from tvc.harness.judge import run_case
from tvc.harness.outcomes import CaseResult, Concern, Failure, Outcome, SuiteResult
from tvc.harness.selection import Selection


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run and how.

    Attributes
    ----------
    files
        The scenario files.
    loading, selection
        How they are loaded and which of their cases are run.
    seed
        Keys what is drawn.
    processes
        How many processes share the files.
    stop_at_failure
        Whether the first failure ends the run.
    """

    files: tuple[Path, ...]
    loading: Loading
    selection: Selection
    seed: int = 0
    processes: int = 1
    stop_at_failure: bool = False


def run(plan: Plan) -> SuiteResult:
    """Run a suite.

    Every file is loaded before the first case runs: where one has faults, nothing runs.

    Raises
    ------
    BadExpression
        If the selection's words cannot be read.
    """
    if plan.processes > 1 and len(plan.files) > 1:
        return _run_in_processes(plan)
    loaded = [load(path, plan.loading) for path in plan.files]
    return _run_loaded(plan, loaded)


def collect(plan: Plan) -> tuple[list[Case], SuiteResult]:
    """Return the selected cases of a suite without running them, and its faults."""
    loaded = [load(path, plan.loading) for path in plan.files]
    cases, deselected = _selected(plan, loaded)
    return cases, SuiteResult(invalid=_faults(loaded), deselected=deselected)


Loaded = Sequence[ScenarioFile | tuple[Fault, ...]]


def _faults(loaded: Loaded) -> tuple[Fault, ...]:
    return tuple(fault for file in loaded if isinstance(file, tuple) for fault in file)


def _selected(plan: Plan, loaded: Loaded) -> tuple[list[Case], int]:
    cases = [case for file in loaded if not isinstance(file, tuple) for case in file.cases]
    chosen = [case for case in cases if plan.selection.selects(case)]
    return chosen, len(cases) - len(chosen)


def _run_loaded(plan: Plan, loaded: Loaded) -> SuiteResult:
    cases, deselected = _selected(plan, loaded)
    faults = _faults(loaded)
    if faults:
        return SuiteResult(invalid=faults, deselected=deselected)
    results: list[CaseResult] = []
    interrupted = stopped = False
    try:
        for case in cases:
            results.append(run_guarded(case, LAW, plan.seed))
            if plan.stop_at_failure and results[-1].outcome in (Outcome.FAILED, Outcome.ERROR):
                stopped = True
                break
    except KeyboardInterrupt:
        interrupted = True
    return SuiteResult(tuple(results), (), deselected, interrupted, stopped)


def run_guarded(case: Case, law: Law = LAW, seed: int = 0) -> CaseResult:
    """Run a case; an exception of ours becomes the outcome ``error`` of that case alone."""
    started = time.perf_counter()
    try:
        result = run_case(case, law, seed)
    except Exception as error:
        where = _where(error)
        message = f"internal error: {type(error).__name__}{where}; please report it"
        result = CaseResult(
            case.name,
            case.file,
            case.line,
            case.column,
            Outcome.ERROR,
            case.policy.policy.name,
            case.policy.digest,
            case.digest,
            seed,
            failures=(Failure(Concern.INTERNAL, message, case.line, case.column),),
            tags=case.tags,
        )
    return replace(result, seconds=time.perf_counter() - started)


def _where(error: Exception) -> str:
    """Name the place, and not the message: that might quote what must stay secret."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _run_file(plan: Plan, path: Path) -> SuiteResult:
    return _run_loaded(plan, [load(path, plan.loading)])


def _run_in_processes(plan: Plan) -> SuiteResult:
    """Give each process whole files: reading them is most of the work.

    A file is run before the others are known to be free of faults; where one is not, what ran is
    thrown away, which nobody can tell from its not having run.
    """
    from concurrent.futures import ProcessPoolExecutor

    parts: list[SuiteResult] = []
    interrupted = False
    pool = ProcessPoolExecutor(min(plan.processes, len(plan.files)), initializer=_leave_interrupts)
    try:
        for part in pool.map(_run_file, repeat(plan), plan.files):
            parts.append(part)
            if part.stopped:
                break
    except KeyboardInterrupt:
        interrupted = True
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    faults = tuple(fault for part in parts for fault in part.invalid)
    return SuiteResult(
        () if faults else tuple(result for part in parts for result in part.results),
        faults,
        sum(part.deselected for part in parts),
        interrupted,
        any(part.stopped for part in parts),
    )


def _leave_interrupts() -> None:
    """Let Ctrl-C reach the parent alone, which ends the others in good order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
