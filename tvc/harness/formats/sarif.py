"""The format for code scanning: SARIF 2.1.0.

The standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import os
from typing import Any, Final
from urllib.parse import quote

from tvc.domain.words import escape
from tvc.harness.formats import json_report
from tvc.harness.formats.findings import Finding, Level, Place
from tvc.harness.formats.report import Report

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}


def render(report: Report) -> str:
    """Render a report as SARIF.

    Returns
    -------
    str
        JSON without a character beyond ASCII; one result for each fault of a file and each
        finding that has a rule.
    """
    rules = [
        {"id": rule, "shortDescription": {"text": text}} for rule, text in report.rules.items()
    ]
    index = {rule: number for number, rule in enumerate(report.rules)}
    run = {
        "tool": {"driver": {"name": "tvc", "version": report.version, "rules": rules}},
        "invocations": [{"executionSuccessful": report.whole}],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, index[finding.rule], report)
            for finding in report.everything()
            if finding.rule
        ],
    }
    return json_report.write({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(finding: Finding, index: int, report: Report) -> dict[str, Any]:
    text = f"{finding.text}\n{finding.help}" if finding.help else finding.text
    result = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.level],
        "message": {"text": "\n".join(map(escape, text.split("\n")))},
        "locations": _locations(finding.place, report),
    }
    if finding.fingerprint:
        result["partialFingerprints"] = {report.fingerprint: finding.fingerprint}
    return result


def _locations(place: Place, report: Report) -> list[dict[str, Any]]:
    """Return where something stands: by a relative URI where that is below the root of sources."""
    source = report.source(place.file)
    if source is None:
        return []
    artifact = {"uri": quote(os.fsencode(source.as_posix())), "uriBaseId": "%SRCROOT%"}
    if source.is_absolute():
        artifact = {"uri": source.as_uri()}
    region = {"startLine": place.line, "startColumn": place.column}
    return [{"physicalLocation": {"artifactLocation": artifact, "region": region}}]
