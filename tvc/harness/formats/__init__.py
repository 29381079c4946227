"""Report formats: each turns what came of a suite into one text, the same for the same suite."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tvc.harness.formats import github, json_report, junit, pretty, sarif
from tvc.harness.formats.context import ReportContext
from tvc.harness.outcomes import SuiteResult

__all__ = ["FORMATS", "Render", "ReportContext"]

#: Renders a suite as a text that ends with a line feed, or is empty.
Render = Callable[[SuiteResult, ReportContext], str]

#: Every format by the name that ``-f`` takes.
FORMATS: Final[Mapping[str, Render]] = MappingProxyType(
    {
        "pretty": pretty.render,
        "json": json_report.render,
        "junit": junit.render,
        "github": github.render,
        "sarif": sarif.render,
    }
)
