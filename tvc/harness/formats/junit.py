"""The report for CI servers: JUnit XML, one test suite a file.

There is no standard, so this keeps to what every reader knows: at most one ``failure``, ``error``
or ``skipped`` a test case. An inconclusive case is an error there, since a skipped one is green.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import PurePath
from typing import Final
from xml.etree import ElementTree as ET

from tvc.domain.words import escape
from tvc.files.faults import Fault
from tvc.harness.excerpts import fault_excerpt
from tvc.harness.formats.context import (
    INVALID_FILE,
    ReportContext,
    block_of,
    by_file,
    id_of,
    rule_of,
)
from tvc.harness.outcomes import CaseResult, Concern, Failure, Outcome, SuiteResult

_ELEMENTS: Final = {
    Outcome.FAILED: "failure",
    Outcome.ERROR: "error",
    Outcome.INCONCLUSIVE: "error",
    Outcome.SKIPPED: "skipped",
    Outcome.XFAILED: "skipped",
}
_COUNTED: Final = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def render(suite: SuiteResult, context: ReportContext) -> str:
    """Render a suite as JUnit XML.

    Parameters
    ----------
    suite
        What came of it.
    context
        Version and seed for the properties, the files' lines, and where they stand.

    Returns
    -------
    str
        The same for the same suite but for the ``time`` attributes, which say how long it took.
    """
    root = ET.Element("testsuites", name="tvc")
    for file, faults in groupby(suite.invalid, key=lambda fault: str(fault.file)):
        _add_invalid(root, file, list(faults), context)
    for file, results in by_file(suite):
        _add_suite(root, file, results, context)
    _count(root)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def add_element(
    parent: ET.Element, tag: str, attributes: Mapping[str, str], lines: Iterable[str] = ()
) -> ET.Element:
    """Add an element; all texts go through here, since XML 1.0 forbids characters even escaped."""
    shown = {name: escape(value) for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, shown)
    element.text = "\n".join(map(escape, lines)) or None
    return element


def _add_properties(parent: ET.Element, properties: Mapping[str, str]) -> None:
    holder = add_element(parent, "properties", {})
    for name, value in properties.items():
        add_element(holder, "property", {"name": name, "value": value})


def _add_suite(
    root: ET.Element, file: str, results: list[CaseResult], context: ReportContext
) -> None:
    seconds = sum(result.seconds for result in results)
    element = _suite(root, file, f"{seconds:.3f}", context)
    for result in results:
        _add_case(element, result, context)
    _count(element)


def _suite(root: ET.Element, file: str, time: str, context: ReportContext) -> ET.Element:
    source = context.source(file).as_posix()
    element = add_element(root, "testsuite", {"name": file, "file": source, "time": time})
    _add_properties(element, {"tvc.version": context.version, "seed": str(context.seed)})
    return element


def _place(file: str, line: int, context: ReportContext) -> dict[str, str]:
    source = context.source(file)
    return {"classname": _class_name(source), "file": source.as_posix(), "line": str(line)}


def _add_case(parent: ET.Element, result: CaseResult, context: ReportContext) -> None:
    element = add_element(
        parent,
        "testcase",
        {
            "name": id_of(result),
            **_place(result.file, result.line, context),
            "time": f"{result.seconds:.3f}",
        },
    )
    _add_properties(
        element,
        {
            "seed": str(result.seed),
            **_policies(result),
            "case.digest": result.digest,
        },
    )
    tag = _ELEMENTS.get(result.outcome)
    if tag == "skipped":
        add_element(element, tag, {"type": result.outcome, "message": result.note})
    elif tag is not None:
        _add_problem(element, tag, result, context)


def _policies(result: CaseResult) -> dict[str, str]:
    """Name the policy that held, or those of both arms of a comparison."""
    found: dict[str, str] = {}
    for held in result.policies:
        prefix = f"{held.arm}." if held.arm else ""
        found |= {f"{prefix}policy": held.name, f"{prefix}policy.digest": held.digest}
    return found


def _add_problem(parent: ET.Element, tag: str, result: CaseResult, context: ReportContext) -> None:
    first, *others = result.failures
    more = f" (and {len(others)} more)" if others else ""
    blocks = [[*block_of(result, one, context), ""] for one in result.failures]
    attributes = {"type": _type_of(result, first), "message": first.message + more}
    add_element(parent, tag, attributes, [line for block in blocks for line in block])


def _type_of(result: CaseResult, failure: Failure) -> str:
    """Return the code of a failure: why a step was refused where it was, else what it is about."""
    if failure.concern is Concern.STEP and failure.step is not None:
        reason = result.steps[failure.step].taken.decision.reason
        if reason is not None:
            return str(reason)
    return rule_of(failure)


def _add_invalid(
    root: ET.Element, file: str, faults: Iterable[Fault], context: ReportContext
) -> None:
    element = _suite(root, file, "0.000", context)
    for fault in faults:
        attributes = {
            "name": fault_name(fault),
            **_place(file, fault.line, context),
            "time": "0.000",
        }
        case = add_element(element, "testcase", attributes)
        shown = [str(fault), *fault_excerpt(fault, context.lines)]
        add_element(case, "error", {"type": INVALID_FILE, "message": fault.message}, shown)
    _count(element)


def fault_name(fault: Fault) -> str:
    """Name a fault as a test case: CI servers list the names of those that failed, and no more."""
    return f"line {fault.line}, column {fault.column}: {fault.message}"


def _class_name(path: PurePath) -> str:
    """Return a path dotted, which readers show as a tree.

    Examples
    --------
    >>> _class_name(PurePath("scenarios/seed/expiry.tvc.yaml"))
    'scenarios.seed.expiry'
    """
    parts = [part for part in path.parts if part not in (path.anchor, "..")]
    return re.sub(r"\.tvc\.(yaml|yml|json)$", "", ".".join(parts))


def _count(element: ET.Element) -> None:
    element.set("tests", str(len(list(element.iter("testcase")))))
    for name, tag in _COUNTED.items():
        element.set(name, str(len(list(element.iter(tag)))))
