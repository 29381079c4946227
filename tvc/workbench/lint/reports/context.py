"""What a report of a lint needs besides what was found, and what several of them say alike."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TextIO

from tvc.workbench.lint.findings import counts
from tvc.workbench.lint.guessing import Bound
from tvc.workbench.lint.linting import LintResult


@dataclass(frozen=True, slots=True)
class LintContext:
    """What a report needs besides what was found.

    Attributes
    ----------
    version
        The version of tvc.
    fail_level
        The level from which on a finding makes lint fail: one of `findings.FAIL_LEVELS`.
    colour
        Whether people's output is coloured.
    lines
        Returns the lines of a file, by its name in the findings; none where it can't be read.
    date
        The date that a report shall bear, as given; None where none was asked for.
    source
        Returns the path by which readers elsewhere know a file; by default its name.
    """

    version: str
    fail_level: str
    colour: bool
    lines: Callable[[str], Sequence[str]]
    date: str | None = None
    source: Callable[[str], PurePath] = PurePath

    def on(self, stream: TextIO) -> "LintContext":
        """Return the context for a stream: in colour on a terminal, unless that is unwanted."""
        return replace(self, colour=stream.isatty() and not os.environ.get("NO_COLOR"))


def summary_of(result: LintResult) -> str:
    """Say on one line what was found and in what.

    Examples
    --------
    >>> summary_of(LintResult())
    '0 errors, 0 warnings, 0 notes in 0 files and 0 policies; nothing was linted'
    """
    if result.invalid:
        files = len({fault.file for fault in result.invalid})
        return f"{_number(len(result.invalid), 'fault')} in {_number(files, 'file')}: not linted"
    found = counts(result.findings)
    nouns = zip(found.values(), ("error", "warning", "note"), strict=True)
    text = ", ".join(_number(count, noun) for count, noun in nouns)
    text += f" in {_number(len(result.files), 'file')} and "
    text += _number(len(result.policies), "policy")
    return text if result.linted else f"{text}; nothing was linted"


def _number(count: int, noun: str) -> str:
    plural = noun.removesuffix("y") + "ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"


def tries_text(bound: Bound) -> str:
    """Write the most tries; ``no limit`` where nothing bounds them."""
    return "no limit" if bound.tries is None else f"{bound.tries:,}"


def chance_text(bound: Bound) -> str:
    """Write a chance, and one in how many it is; a dash where no code is guessed at.

    Examples
    --------
    >>> chance_text(Bound(70, 7e-05)), chance_text(Bound(None, None))
    ('0.007 % (1 in 14,286)', '-')
    """
    if bound.tries is None or bound.chance is None:
        return "-"
    return f"{bound.chance * 100:.2g} % (1 in {1 / bound.chance:,.0f})"
