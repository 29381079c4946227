"""The format for programs: a document of the command's own, described by its JSON Schema."""

import json
from collections.abc import Iterable
from typing import Any

from tvc.files.faults import Fault
from tvc.harness.formats.report import Report


def render(report: Report) -> str:
    """Render a report as JSON.

    Returns
    -------
    str
        Holds no time, no machine data and no character beyond ASCII: the same result gives the
        same bytes everywhere.
    """
    return write({"schema": report.schema, **report.document()})


def write(document: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Write plain values as JSON."""
    return json.dumps(document, indent=2) + "\n"


def pick(value: object, *names: str) -> dict[str, Any]:
    """Return some attributes of a value by their names, in that order.

    Examples
    --------
    >>> pick(3 + 4j, "imag", "real")
    {'imag': 4.0, 'real': 3.0}
    """
    return {name: getattr(value, name) for name in names}


def fault_rows(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    """Return what programs read of faults of files."""
    return [pick(fault, "file", "line", "column", "message") for fault in faults]
