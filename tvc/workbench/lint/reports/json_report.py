"""The report for programs: ``tvc.lint/1``, described by ``workbench/lint/lint.schema.json``."""

import json
from typing import Any, Final

from tvc.files.faults import Fault
from tvc.workbench.lint.controls import CAUTION, Judged
from tvc.workbench.lint.findings import Finding, counts
from tvc.workbench.lint.guessing import Bound, Guessing
from tvc.workbench.lint.linting import LintResult, PolicyReport
from tvc.workbench.lint.reports.context import LintContext

#: The version of the form of a report; a reader refuses others.
SCHEMA: Final = "tvc.lint/1"


def render(result: LintResult, context: LintContext) -> str:
    """Render a lint as JSON.

    Parameters
    ----------
    result
        What was found.
    context
        The version, and the date where one was asked for.

    Returns
    -------
    str
        Holds no time, no machine data and no character beyond ASCII: the same files give the
        same bytes everywhere.
    """
    report = {
        "schema": SCHEMA,
        "version": context.version,
        "date": context.date,
        "caution": CAUTION,
        "findings": [_finding(finding) for finding in result.findings],
        "policies": [_policy(policy) for policy in result.policies],
        "suite": {"files": list(result.files), "cases": result.cases, "digest": result.suite},
        "summary": counts(result.findings),
        "invalid": [_fault(fault) for fault in result.invalid],
    }
    return json.dumps(report, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "level": finding.level,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "message": finding.message,
        "hint": finding.hint,
        "about": finding.about or None,
    }


def _policy(policy: PolicyReport) -> dict[str, Any]:
    controls = policy.controls
    return {
        "name": policy.name,
        "digest": policy.digest,
        "file": policy.place.file,
        "line": policy.place.line,
        "guessing": [_guessing(row) for row in policy.guessing],
        "controls": None if controls is None else [_control(judged) for judged in controls],
    }


def _guessing(row: Guessing) -> dict[str, Any]:
    return {
        "path": row.path,
        "scope": row.scope,
        "hour": _bound(row.hour),
        "day": _bound(row.day),
        "because": row.because,
    }


def _bound(bound: Bound) -> dict[str, Any]:
    return {"tries": bound.tries, "chance": bound.chance}


def _control(judged: Judged) -> dict[str, Any]:
    control, answer, shown = judged.control, judged.answer, judged.shown
    return {
        "id": control.id,
        "source": control.source,
        "clause": control.clause,
        "severity": control.severity,
        "requirement": control.requirement,
        "result": answer.result,
        "why": answer.why,
        "knob": answer.knob or None,
        "evidence": None if shown is None else {"case": shown.case, "step": shown.step},
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "message": fault.message,
    }
