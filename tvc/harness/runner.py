"""Running a suite: load every file, select, and run each case, on one core or several."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tvc import interrupts
from tvc.authority.decide import LAW, Law
from tvc.domain.cases import Case
from tvc.files.faults import Fault
from tvc.files.outputs import OutputFile, files_noted, noted_outputs
from tvc.files.scenarios import ScenarioFile
from tvc.harness.collect import Loading, load
from tvc.harness.judge import result_of, run_case
from tvc.harness.outcomes import CaseResult, Concern, Failure, Outcome, SuiteResult
from tvc.harness.selection import Selection
from tvc.workers import share


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
        How many processes share the files; where these are fewer, several share the replications
        of a simulated case.
    stop_at_failure
        Whether the first failure ends the run.
    """

    files: tuple[Path, ...]
    loading: Loading
    selection: Selection
    seed: int = 0
    processes: int = 1
    stop_at_failure: bool = False


class NothingAnswers(ValueError):
    """An option that names something no file has, beside others that do."""


def run(plan: Plan) -> SuiteResult:
    """Run a suite.

    Every file is loaded before the first case runs: where one has faults, nothing runs.

    Raises
    ------
    NothingAnswers
        If an id, a tag or the name of a policy is found in no file though cases are selected.
    """
    if plan.processes > 1 and len(plan.files) > 1:
        parts = _run_in_processes(plan)
        suite = _joined(parts)
        if suite.results:
            _refuse_unanswered(plan, suite, frozenset().union(*(part.answered for part in parts)))
        return suite
    return _run_loaded(plan, [load(path, plan.loading) for path in plan.files]).suite


def collect(plan: Plan) -> tuple[list[Case], SuiteResult]:
    """Return the selected cases of a suite without running them, and its faults.

    Raises
    ------
    NothingAnswers
        As for `run`.
    """
    loaded = [load(path, plan.loading) for path in plan.files]
    cases, deselected = _selected(plan, loaded)
    suite = SuiteResult(invalid=_faults(loaded), deselected=deselected)
    if cases and not suite.invalid:
        _refuse_unanswered(plan, suite, _answered(plan, loaded))
    return cases, suite


Loaded = Sequence[ScenarioFile | tuple[Fault, ...]]


def _faults(loaded: Loaded) -> tuple[Fault, ...]:
    return tuple(fault for file in loaded if isinstance(file, tuple) for fault in file)


def _selected(plan: Plan, loaded: Loaded) -> tuple[list[Case], int]:
    cases = [case for file in loaded if not isinstance(file, tuple) for case in file.cases]
    chosen = [case for case in cases if plan.selection.selects(case)]
    return chosen, len(cases) - len(chosen)


@dataclass(frozen=True, slots=True)
class _Part:
    """What came of some files of a suite, and which of the options their cases answer to."""

    suite: SuiteResult
    answered: frozenset[str]


def _options(plan: Plan) -> dict[str, Callable[[Case], bool]]:
    """Return each option that must be answered by some case, with how a case answers it."""
    options: dict[str, Callable[[Case], bool]] = {}
    for wanted in plan.selection.ids:
        options[f"--id {wanted}"] = Selection(ids=(wanted,)).selects
    for tag in plan.selection.tags:
        options[f"-t {tag}"] = Selection(tags=(tag,)).selects
    for name, file in plan.loading.overrides.items():
        options[f"--policy {name}"] = partial(_is_built_on, str(Path(file)))
    return options


def _is_built_on(file: str, case: Case) -> bool:
    return any(origin.file == file for held in case.policies.values() for origin in held.lineage)


def _answered(plan: Plan, loaded: Loaded) -> frozenset[str]:
    cases = [case for file in loaded if not isinstance(file, tuple) for case in file.cases]
    return frozenset(
        option for option, answers in _options(plan).items() if any(map(answers, cases))
    )


def _refuse_unanswered(plan: Plan, suite: SuiteResult, answered: frozenset[str]) -> None:
    if suite.invalid or suite.interrupted:
        return
    for option in _options(plan):
        if option not in answered:
            raise NothingAnswers(f"{option}: no scenario has anything of that name")


def _run_loaded(plan: Plan, loaded: Loaded) -> _Part:
    cases, deselected = _selected(plan, loaded)
    faults = _faults(loaded)
    answered = _answered(plan, loaded)
    if faults:
        return _Part(SuiteResult(invalid=faults, deselected=deselected), answered)
    if cases and len(loaded) == len(plan.files):
        _refuse_unanswered(plan, SuiteResult(), answered)
    results: list[CaseResult] = []
    interrupted = stopped = False
    try:
        for case in cases:
            found = run_guarded(case, LAW, plan.seed, simulating=True, processes=plan.processes)
            results.append(found)
            if plan.stop_at_failure and results[-1].outcome in (Outcome.FAILED, Outcome.ERROR):
                stopped = True
                break
    except KeyboardInterrupt:
        interrupted = True
    return _Part(SuiteResult(tuple(results), (), deselected, interrupted, stopped), answered)


def run_guarded(
    case: Case, law: Law = LAW, seed: int = 0, *, simulating: bool = False, processes: int = 1
) -> CaseResult:
    """Run a case; an exception of ours becomes the outcome ``error`` of that case alone.

    Simulations are run where that is asked for; what looks at steps has no use for them.
    Of these, as many processes share the replications.
    """
    started = time.perf_counter()
    try:
        if simulating and case.stochastic and case.skip is None:
            # Only files that simulate pay for the model.
            from tvc.harness.simulated import run_simulated

            result = run_simulated(case, seed, processes)
        else:
            result = run_case(case, law, seed)
    except MemoryError:
        # The machine's fault and not ours, so that there is nothing to report.
        result = _unjudged(case, seed, Outcome.INCONCLUSIVE, Concern.NOT_RUNNABLE, "out of memory")
    except Exception as error:
        if interrupts.asked():
            # What an interrupt became on its way is no fault of the case.
            raise KeyboardInterrupt from error
        message = f"internal error: {type(error).__name__}{_where(error)}; please report it"
        result = _unjudged(case, seed, Outcome.ERROR, Concern.INTERNAL, message)
    return replace(result, seconds=time.perf_counter() - started)


def _unjudged(
    case: Case, seed: int, outcome: Outcome, concern: Concern, message: str
) -> CaseResult:
    failure = Failure(concern, message, case.line, case.column)
    return result_of(case, seed, outcome, failures=(failure,))


def _where(error: Exception) -> str:
    """Name the place, and not the message: that might quote what must stay secret."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _run_file(plan: Plan, outputs: Sequence[OutputFile], path: Path) -> _Part:
    with files_noted(outputs):
        return _run_loaded(plan, [load(path, plan.loading)])


def _run_in_processes(plan: Plan) -> list[_Part]:
    """Give each process whole files: reading them is most of the work.

    A file is run before the others are known to be free of faults; where one is not, what ran is
    thrown away, which nobody can tell from its not having run.
    """
    parts: list[_Part] = []
    each = replace(plan, processes=max(1, plan.processes // len(plan.files)))
    processes = min(plan.processes, len(plan.files))
    try:
        share(partial(_run_file, each, noted_outputs()), plan.files, processes, parts.append)
    except KeyboardInterrupt:
        parts.append(_Part(SuiteResult(interrupted=True), frozenset()))
    return parts


def _joined(parts: Sequence[_Part]) -> SuiteResult:
    """Put the parts together as if one process had run them, up to the first that stopped."""
    suites = [part.suite for part in parts]
    faults = tuple(fault for suite in suites for fault in suite.invalid)
    stop = next((place for place, suite in enumerate(suites) if suite.stopped), len(suites))
    kept = () if faults else suites[: stop + 1]
    return SuiteResult(
        tuple(result for suite in kept for result in suite.results),
        faults,
        sum(suite.deselected for suite in suites),
        any(suite.interrupted for suite in suites),
        stop < len(suites) and not faults,
    )
