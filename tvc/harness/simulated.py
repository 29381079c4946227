"""Simulated scenarios as cases of a suite: verdicts as outcomes, beside those of timelines."""

from tvc.domain.cases import Case
from tvc.harness.judge import result_of
from tvc.harness.outcomes import NOTHING_EXPECTED, CaseResult, Concern, Failure, Outcome
from tvc.runs.spreading import spread_over
from tvc.runs.tasks import ReplicationLost
from tvc.studies.expectations import NoSteadyState, judge_case
from tvc.studies.verdicts import Verdict

_OUTCOMES = {
    Verdict.PASS: Outcome.PASSED,
    Verdict.FAIL: Outcome.FAILED,
    Verdict.INCONCLUSIVE: Outcome.INCONCLUSIVE,
}


def run_simulated(case: Case, rotation: int = 0, processes: int = 1) -> CaseResult:
    """Simulate a case until its expectations are decided.

    Parameters
    ----------
    case
        A case with a workload or a comparison that is not skipped.
    rotation
        Added to the seed of the file.
    processes
        How many share its replications; the result is the same.

    Returns
    -------
    CaseResult
        One without expectations is skipped: nothing could fail. One that finds no end of its
        warm-up, or whose replications the machine lost, is inconclusive.
    """
    if not case.expected_at:
        return result_of(case, rotation, Outcome.SKIPPED, note=NOTHING_EXPECTED)
    try:
        study = judge_case(case, rotation=rotation, spread=spread_over(processes))
    except (NoSteadyState, ReplicationLost) as why:
        failure = Failure(Concern.NOT_RUNNABLE, str(why), case.line, case.column)
        return result_of(case, rotation, Outcome.INCONCLUSIVE, failures=(failure,))
    failures = tuple(
        Failure(Concern.METRIC, judgement.sentence, line, column, None, judgement.bound)
        for judgement, (line, column) in zip(study.judgements, case.expected_at, strict=True)
        if judgement.verdict is not Verdict.PASS
    )
    outcome = _OUTCOMES[study.verdict]
    if case.xfail is not None:
        outcome, failures = _expected_to_fail(case, outcome, failures)
    return result_of(
        case, study.seed, outcome, failures=failures, note=case.xfail or "", study=study
    )


def _expected_to_fail(
    case: Case, outcome: Outcome, failures: tuple[Failure, ...]
) -> tuple[Outcome, tuple[Failure, ...]]:
    if outcome is Outcome.FAILED:
        return Outcome.XFAILED, ()
    if outcome is Outcome.PASSED:
        message = f"passed, but is marked xfail: {case.xfail}"
        return Outcome.FAILED, (Failure(Concern.XFAIL, message, case.line, case.column),)
    return outcome, failures
