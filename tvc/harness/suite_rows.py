"""What programs read of a suite: ``tvc.report/1``, described by ``harness/report.schema.json``."""

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from tvc.harness.boundaries.text import probe_row
from tvc.harness.excerpts import rerun_command
from tvc.harness.formats.json_report import fault_rows, pick
from tvc.harness.outcomes import CaseResult, StepResult, SuiteResult

if TYPE_CHECKING:
    from tvc.studies.expectations import StudyJudgement
    from tvc.studies.verdicts import Judgement


def suite_document(suite: SuiteResult, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Return a suite as plain values.

    Parameters
    ----------
    suite
        What came of it.
    overrides
        Files of the policies that stood in for others, by name, for the rerun commands.
    """
    return {
        "cases": [_case(result, overrides) for result in suite.results],
        "summary": suite.counts(),
        "invalid": fault_rows(suite.invalid),
        # A run that was cut short looks whole otherwise.
        "complete": not (suite.interrupted or suite.stopped or suite.invalid),
    }


def _case(result: CaseResult, overrides: Mapping[str, str]) -> dict[str, Any]:
    rerun = rerun_command(result, overrides)
    case = {
        "id": result.name,
        **pick(result, "file", "line", "outcome"),
        **_policies(result),
        "seed": result.seed,
        "steps": [_step(step) for step in result.steps],
        "invariants": [pick(one, "name", "holds", "step") for one in result.invariants],
        "failures": [
            pick(one, "concern", "message", "line", "column", "step", "expected", "got")
            | {"rerun": rerun}
            for one in result.failures
        ],
    }
    if result.generated:
        case["generated"] = [probe_row(probe) for probe in result.generated]
    if result.study is not None:
        case["study"] = _study(result.study)
    return case


def _policies(result: CaseResult) -> dict[str, Any]:
    """Name the policy that held; a comparison has none, but one for each arm."""
    rows = {held.arm: pick(held, "name", "digest") for held in result.policies}
    return {"policy": rows[""]} if "" in rows else {"policy": None, "arms": rows}


def _step(result: StepResult) -> dict[str, Any]:
    step, decision = result.taken.step, result.taken.decision
    return {
        **pick(step, "index", "line", "at_ms"),
        "do": step.request.kind,
        "by": step.request.by,
        "for": step.request.subject,
        "decision": "allow" if decision.allowed else "deny",
        **pick(decision, "reason", "rule", "challenge", "retry_after_ms", "limit"),
        **pick(result, "expected", "ok"),
    }


def _study(study: "StudyJudgement") -> dict[str, Any]:
    """Return what came of a simulation; numbers that are not finite are null."""
    return {
        **pick(study, "replications", "seed", "warmup_ms"),
        "assumptions": list(study.assumptions),
        "metrics": [_metric(judgement) for judgement in study.judgements],
    }


def _metric(judgement: "Judgement") -> dict[str, Any]:
    numbers = pick(judgement, "estimate", "low", "high")
    return {
        **pick(judgement, "metric", "bound"),
        "verdict": str(judgement.verdict),
        **{name: value if isfinite(value) else None for name, value in numbers.items()},
        **pick(judgement, "level", "method", "replications", "missing", "needed", "sentence"),
    }
