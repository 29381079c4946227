"""The report for programs: ``tvc.report/1``, described by ``harness/report.schema.json``."""

import json
from typing import Any, Final

from tvc.files.faults import Fault
from tvc.harness.boundaries.text import probe_row
from tvc.harness.excerpts import rerun_command
from tvc.harness.formats.context import ReportContext
from tvc.harness.formats.studies import study_row
from tvc.harness.outcomes import CaseResult, Failure, InvariantResult, StepResult, SuiteResult

#: The version of the form of a report; a reader refuses others.
SCHEMA: Final = "tvc.report/1"


def render(suite: SuiteResult, context: ReportContext) -> str:
    """Render a suite as JSON.

    Parameters
    ----------
    suite
        What came of it.
    context
        The policies that stood in for others, for the rerun commands.

    Returns
    -------
    str
        Holds no time, no machine data and no character beyond ASCII: the same suite gives the
        same bytes everywhere.
    """
    report = {
        "schema": SCHEMA,
        "cases": [_case(result, context) for result in suite.results],
        "summary": suite.counts(),
        "invalid": [_fault(fault) for fault in suite.invalid],
        # A run that was cut short looks whole otherwise.
        "complete": not (suite.interrupted or suite.stopped or suite.invalid),
    }
    return json.dumps(report, indent=2) + "\n"


def _case(result: CaseResult, context: ReportContext) -> dict[str, Any]:
    rerun = rerun_command(result, context.overrides)
    case = {
        "id": result.name,
        "file": result.file,
        "line": result.line,
        "outcome": result.outcome,
        **_policies(result),
        "seed": result.seed,
        "steps": [_step(step) for step in result.steps],
        "invariants": [_invariant(invariant) for invariant in result.invariants],
        "failures": [_failure(failure, rerun) for failure in result.failures],
    }
    if result.generated:
        case["generated"] = [probe_row(probe) for probe in result.generated]
    if result.study is not None:
        case["study"] = study_row(result.study)
    return case


def _policies(result: CaseResult) -> dict[str, Any]:
    """Name the policy that held; a comparison has none, but one for each arm."""
    rows = {held.arm: {"name": held.name, "digest": held.digest} for held in result.policies}
    return {"policy": rows[""]} if "" in rows else {"policy": None, "arms": rows}


def _step(result: StepResult) -> dict[str, Any]:
    step, decision = result.taken.step, result.taken.decision
    return {
        "index": step.index,
        "line": step.line,
        "at_ms": step.at_ms,
        "do": step.request.kind,
        "by": step.request.by,
        "for": step.request.subject,
        "decision": "allow" if decision.allowed else "deny",
        "reason": decision.reason,
        "rule": decision.rule,
        "challenge": decision.challenge,
        "retry_after_ms": decision.retry_after_ms,
        "limit": decision.limit,
        "expected": result.expected,
        "ok": result.ok,
    }


def _invariant(result: InvariantResult) -> dict[str, Any]:
    return {"name": result.name, "holds": result.holds, "step": result.step}


def _failure(failure: Failure, rerun: str) -> dict[str, Any]:
    return {
        "concern": failure.concern,
        "message": failure.message,
        "line": failure.line,
        "column": failure.column,
        "step": failure.step,
        "expected": failure.expected,
        "got": failure.got,
        "rerun": rerun,
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "message": fault.message,
    }
