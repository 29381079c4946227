"""Formats: each turns what a command found into one text, the same for the same result."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tvc.harness.formats import github, json_report, junit, sarif, text
from tvc.harness.formats.report import Report

__all__ = ["FORMATS", "Report"]

#: Every format by the name that ``-f`` takes; each text ends with a line feed.
FORMATS: Final[Mapping[str, Callable[[Report], str]]] = MappingProxyType(
    {
        "pretty": text.render,
        "json": json_report.render,
        "junit": junit.render,
        "github": github.render,
        "sarif": sarif.render,
    }
)
