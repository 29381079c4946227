"""Reports of a lint, by the formats of ``tvc test``, and the table of controls for an auditor."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tvc.workbench.lint.linting import LintResult
from tvc.workbench.lint.reports import github, json_report, junit, pretty, sarif
from tvc.workbench.lint.reports.context import LintContext

__all__ = ["FORMATS", "LintContext", "Render"]

#: Renders a lint as a text that ends with a line feed.
Render = Callable[[LintResult, LintContext], str]

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
