"""The report for CI servers: JUnit XML, one test suite a file.

A finding at or above the fail level is a failed test case, so that the server and the exit code
say the same; the others are the output of a test case that passes.
"""

from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree as ET

from tvc.harness.formats.junit import add_element, fault_name
from tvc.workbench.lint.findings import Finding, fails
from tvc.workbench.lint.linting import LintResult
from tvc.workbench.lint.places import BUILT_IN
from tvc.workbench.lint.reports.context import LintContext


def render(result: LintResult, context: LintContext) -> str:
    """Render a lint as JUnit XML.

    Parameters
    ----------
    result
        What was found.
    context
        The version for the properties, the fail level, and where files stand.
    """
    root = ET.Element("testsuites", name="tvc lint")
    for file, faults in groupby(result.invalid, key=lambda fault: str(fault.file)):
        suite = _suite(root, file, context)
        for fault in faults:
            case = _case(suite, fault_name(fault), fault.line)
            add_element(
                case, "error", {"type": "invalid_file", "message": fault.message}, [str(fault)]
            )
    by_file: dict[str, list[Finding]] = {
        file: [] for file in (*result.files, *(policy.place.file for policy in result.policies))
    }
    for finding in result.findings:
        by_file.setdefault(finding.place.file, []).append(finding)
    for file, findings in by_file.items():
        _add_file(_suite(root, file, context), findings, context)
    _count(root)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _add_file(suite: ET.Element, findings: Iterable[Finding], context: LintContext) -> None:
    notes: list[str] = []
    failed = False
    for finding in findings:
        at = finding.place
        if not fails(finding, context.fail_level):
            notes.append(f"{at.line}:{at.column}: {_text(finding)}")
            continue
        failed = True
        case = _case(suite, f"{finding.rule} {at.line}:{at.column}", at.line)
        attributes = {"type": finding.rule, "message": finding.message}
        add_element(case, "failure", attributes, [_text(finding), finding.hint])
    if notes or not failed:
        case = _case(suite, "lint", 1)
        if notes:
            add_element(case, "system-out", {}, notes)
    _count(suite)


def _text(finding: Finding) -> str:
    about = f"{finding.about}: " if finding.about else ""
    return f"{finding.level}: {about}{finding.message} [{finding.rule}]"


def _suite(root: ET.Element, file: str, context: LintContext) -> ET.Element:
    source = file if file.startswith(BUILT_IN) else context.source(file).as_posix()
    suite = add_element(root, "testsuite", {"name": file, "file": source})
    properties = add_element(suite, "properties", {})
    add_element(properties, "property", {"name": "tvc.version", "value": context.version})
    return suite


def _case(suite: ET.Element, name: str, line: int) -> ET.Element:
    file = suite.attrib["file"]
    place = {"name": name, "classname": file, "file": file, "line": str(line), "time": "0.000"}
    return add_element(suite, "testcase", place)


def _count(element: ET.Element) -> None:
    element.set("tests", str(len(list(element.iter("testcase")))))
    for name, tag in (("failures", "failure"), ("errors", "error")):
        element.set(name, str(len(list(element.iter(tag)))))
