"""The format for CI servers: JUnit XML, one test suite a file.

There is no standard, so this keeps to what every reader knows: at most one ``failure``, ``error``
or ``skipped`` a test case.
"""

from collections.abc import Iterable, Mapping
from typing import Final
from xml.etree import ElementTree as ET

from tvc.domain.words import escape
from tvc.harness.formats.report import CheckedFile, Report

_COUNTED: Final = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def render(report: Report) -> str:
    """Render a report as JUnit XML.

    Returns
    -------
    str
        The same for the same result but for the ``time`` attributes, which say how long it took.
    """
    root = ET.Element("testsuites", name="tvc" if report.runs_cases else f"tvc {report.command}")
    for checked in report.checked_files():
        _add_suite(root, checked, report)
    _count(root, report)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _add_suite(root: ET.Element, checked: CheckedFile, report: Report) -> None:
    source = report.source(checked.file)
    file = checked.file if source is None else source.as_posix()
    place = {"classname": file if source is None else report.class_name(source), "file": file}
    attributes = {"name": checked.file, "file": file}
    if report.runs_cases:
        attributes["time"] = f"{sum(check.seconds for check in checked.checks):.3f}"
    suite = _add(root, "testsuite", attributes)
    _add_properties(suite, report.properties)
    for check in checked.checks:
        shown = {"line": str(check.line), "time": f"{check.seconds:.3f}"}
        case = _add(suite, "testcase", {"name": check.name, **place, **shown})
        if check.properties:
            _add_properties(case, check.properties)
        if check.mark is not None:
            _add(case, check.mark.tag, check.mark.attributes, check.mark.lines)
    if checked.counted:
        _count(suite, report)


def _add(
    parent: ET.Element, tag: str, attributes: Mapping[str, str], lines: Iterable[str] = ()
) -> ET.Element:
    """Add an element; all texts go through here, since XML 1.0 forbids characters even escaped."""
    shown = {name: escape(value) for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, shown)
    element.text = "\n".join(map(escape, lines)) or None
    return element


def _add_properties(parent: ET.Element, properties: Mapping[str, str]) -> None:
    holder = _add(parent, "properties", {})
    for name, value in properties.items():
        _add(holder, "property", {"name": name, "value": value})


def _count(element: ET.Element, report: Report) -> None:
    element.set("tests", str(len(list(element.iter("testcase")))))
    for name, tag in _COUNTED.items():
        if tag != "skipped" or report.runs_cases:
            element.set(name, str(len(list(element.iter(tag)))))
