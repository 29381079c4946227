"""The report for code scanning: SARIF 2.1.0, one rule for each concern and invariant.

The standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from tvc.domain.words import escape
from tvc.files.faults import Fault
from tvc.harness.excerpts import rerun_command
from tvc.harness.formats.context import INVALID_FILE, ReportContext, rule_of
from tvc.harness.outcomes import CaseResult, Concern, Failure, Outcome, SuiteResult
from tvc.trace.invariants import INVARIANTS

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
#: The key of our fingerprints; its number rises when they are made in another way.
_FINGERPRINT: Final = "tvcCase/v1"

#: What each rule asks for. A broken invariant has the rule of its own name.
RULES: Final[dict[str, str]] = {
    Concern.STEP: "A step is decided as the scenario expects.",
    Concern.AUDIT: "The audit shows what the scenario expects, and never what it rules out.",
    Concern.INVARIANT: "What must hold in every trace holds.",
    Concern.BREAKS: "An invariant that a scenario says it breaks is seen to break.",
    Concern.XFAIL: "A scenario that is known to fail fails.",
    Concern.METRIC: "A metric of a simulated scenario is within its bound.",
    Concern.INTERNAL: "A case runs without an internal error.",
    Concern.NOT_RUNNABLE: "A case can be run by this version.",
    INVALID_FILE: "A file is valid.",
    **{name: (check.__doc__ or name).splitlines()[0] for name, check in INVARIANTS.items()},
}
_INDEX: Final = {rule: index for index, rule in enumerate(RULES)}


def render(suite: SuiteResult, context: ReportContext) -> str:
    """Render a suite as SARIF.

    Parameters
    ----------
    suite
        What came of it.
    context
        The version, where files stand, and the policies that stood in for others.

    Returns
    -------
    str
        JSON without a character beyond ASCII; one result for each failure and each fault.
    """
    results = [_fault_result(fault, context) for fault in suite.invalid]
    for case in suite.results:
        results += _case_results(case, context)
    run = {
        "tool": {"driver": _driver(context)},
        "invocations": [{"executionSuccessful": not (suite.invalid or suite.interrupted)}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _driver(context: ReportContext) -> dict[str, Any]:
    rules = [{"id": rule, "shortDescription": {"text": text}} for rule, text in RULES.items()]
    return {"name": "tvc", "version": context.version, "rules": rules}


def _case_results(case: CaseResult, context: ReportContext) -> Iterator[dict[str, Any]]:
    rerun = rerun_command(case, context.overrides)
    seen: Counter[str] = Counter()
    for failure in case.failures:
        rule = rule_of(failure)
        identity = _identity(case, failure, rule)
        seen[identity] += 1
        yield _result(
            rule,
            "warning" if case.outcome is Outcome.INCONCLUSIVE else "error",
            f"{escape(case.name)}: {escape(failure.message)}\nrerun: {rerun}",
            location_of(context.source(case.file), failure.line, failure.column),
            f"{identity}:{seen[identity]}",
        )


def _identity(case: CaseResult, failure: Failure, rule: str) -> str:
    """Tell a failure from others by what is run: it stays the same when the file is rearranged."""
    step = "" if failure.step is None else failure.step + 1
    return f"{case.digest}:{rule}:{step}"


def _fault_result(fault: Fault, context: ReportContext) -> dict[str, Any]:
    location = location_of(context.source(fault.file), fault.line, fault.column)
    return _result(INVALID_FILE, "error", escape(fault.message), location)


def _result(
    rule: str, level: str, message: str, location: dict[str, Any], fingerprint: str | None = None
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": _INDEX[rule],
        "level": level,
        "message": {"text": message},
        "locations": [location],
    }
    # A fault has no case that could identify it: readers then go by the text at its place.
    if fingerprint is not None:
        result["partialFingerprints"] = {_FINGERPRINT: fingerprint}
    return result


def location_of(source: PurePath, line: int, column: int) -> dict[str, Any]:
    """Return where something stands: by a relative URI where that is below the root of the sources.

    Parameters
    ----------
    source
        The path from the root of the sources, or the full path of what stands elsewhere.
    line, column
        The place in the file, both from 1.
    """
    path = quote(os.fsencode(source.as_posix()))
    artifact = {"uri": path, "uriBaseId": "%SRCROOT%"}
    if source.is_absolute():
        artifact = {"uri": source.as_uri()}
    region = {"startLine": line, "startColumn": column}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}
