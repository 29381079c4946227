"""The report for code scanning: SARIF 2.1.0, one rule for each thing that lint looks for.

The standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import hashlib
import json
from collections import Counter
from typing import Any, Final

from tvc.domain.words import escape
from tvc.harness.formats.context import INVALID_FILE, portable_path
from tvc.harness.formats.sarif import location_of
from tvc.workbench.lint.findings import Finding, Level
from tvc.workbench.lint.linting import RULES, LintResult
from tvc.workbench.lint.places import BUILT_IN
from tvc.workbench.lint.reports.context import LintContext

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
#: The key of our fingerprints; its number rises when they are made in another way.
_FINGERPRINT: Final = "tvcLint/v1"
_LEVELS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
_DESCRIBED: Final = {INVALID_FILE: "A file is valid.", **RULES}
_INDEX: Final = {rule: index for index, rule in enumerate(_DESCRIBED)}


def render(result: LintResult, context: LintContext) -> str:
    """Render a lint as SARIF.

    Parameters
    ----------
    result
        What was found.
    context
        The version, and where files stand.

    Returns
    -------
    str
        JSON without a character beyond ASCII; one result for each finding and each fault.
    """
    seen: Counter[str] = Counter()
    results = [
        _result(
            INVALID_FILE,
            "error",
            fault.message,
            _locations(fault.file, fault.line, fault.column, context),
        )
        for fault in result.invalid
    ]
    results += [_finding(finding, seen, context) for finding in result.findings]
    run = {
        "tool": {"driver": _driver(context)},
        "invocations": [{"executionSuccessful": not result.invalid}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _driver(context: LintContext) -> dict[str, Any]:
    rules = [{"id": rule, "shortDescription": {"text": text}} for rule, text in _DESCRIBED.items()]
    return {"name": "tvc", "version": context.version, "rules": rules}


def _finding(finding: Finding, seen: Counter[str], context: LintContext) -> dict[str, Any]:
    """Make a result whose fingerprint stays the same when lines move."""
    at = finding.place
    about = f"{finding.about}: " if finding.about else ""
    built_in = at.file.startswith(BUILT_IN)
    file = portable_path(at.file) if built_in else context.source(at.file).as_posix()
    # A case is called by its file, too.
    named = finding.about.removeprefix(f"{at.file}::")
    subject = finding.about if named == finding.about else f"{file}::{named}"
    identity = "\n".join((finding.rule, file, subject, finding.message))
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    seen[digest] += 1
    return _result(
        finding.rule,
        _LEVELS[finding.level],
        f"{about}{finding.message}\n{finding.hint}",
        _locations(at.file, at.line, at.column, context),
    ) | {"partialFingerprints": {_FINGERPRINT: f"{digest}:{seen[digest]}"}}


def _result(rule: str, level: str, message: str, locations: list[dict[str, Any]]) -> dict[str, Any]:
    text = "\n".join(map(escape, message.split("\n")))
    return {
        "ruleId": rule,
        "ruleIndex": _INDEX[rule],
        "level": level,
        "message": {"text": text},
        "locations": locations,
    }


def _locations(file: str, line: int, column: int, context: LintContext) -> list[dict[str, Any]]:
    """Return where something is; nowhere for packaged policies, which no repository has."""
    if file.startswith(BUILT_IN):
        return []
    return [location_of(context.source(file), line, column)]
