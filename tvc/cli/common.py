"""What several commands read from their arguments in the same way."""

import os
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

if TYPE_CHECKING:
    from tvc.domain.cases import Case
    from tvc.domain.policies import MergedPolicy
    from tvc.harness.formats import Report
    from tvc.harness.writing import Output


def close_quietly(stream: TextIO) -> None:
    """Let go of a pipe whose reader has seen enough; nothing more can be said to them."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def hand_over_reports(report: "Report", outputs: "Iterable[Output]") -> None:
    """Write the reports that were asked for; the verdict stands, whoever stops reading."""
    from tvc.harness.writing import write_reports

    try:
        write_reports(report, outputs, sys.stdout, sys.stderr)
    except BrokenPipeError:
        close_quietly(sys.stdout)


def refuse_empty(words: Sequence[str]) -> None:
    """Refuse a word that is empty: a variable that is not set, and no name of anything.

    The command would take it for the folder that it runs in, or for nothing said. Only ``-k``
    takes one, for every name.

    Raises
    ------
    typer.BadParameter
        If there is one; or one that holds a NUL, which no file name does.
    """
    for before, word in pairwise(("", *words)):
        name, separator, value = word.partition("=")
        if "\0" in word:
            raise typer.BadParameter(f"{word}: a NUL character can be in no name")
        if not word and before != "-k":
            after = f" after {before}" if before.startswith("-") else ""
            raise typer.BadParameter(f"an empty word{after}: is a variable not set?")
        if separator and not value and name.startswith("--"):
            raise typer.BadParameter(f"{word}: nothing follows: is a variable not set?")


def overrides_of(texts: list[str]) -> dict[str, str]:
    """Read ``--policy NAME=FILE`` options.

    Raises
    ------
    typer.BadParameter
        If one has another form, names a policy twice, or its file does not exist.
    """
    from tvc.files.outputs import note_input

    found: dict[str, str] = {}
    for text in texts:
        name, separator, file = text.partition("=")
        if not (name and separator and file):
            raise typer.BadParameter(f"--policy {text!r}: expected NAME=FILE")
        if name in found:
            raise typer.BadParameter(f"--policy names {name} twice")
        if not Path(file).is_file():
            raise typer.BadParameter(f"--policy {name}: no such file: {file}")
        note_input(file)
        found[name] = file
    return found


def seconds_of(time: str) -> float:
    """Read a ``--time`` option.

    Raises
    ------
    typer.BadParameter
        If it is no duration.
    """
    from tvc.authority.durations import SECOND_MS, parse_duration

    try:
        return parse_duration(time) / SECOND_MS
    except ValueError as wrong:
        raise typer.BadParameter(f"--time: {wrong}") from None


def one_case(text: str, overrides: list[str], unbounded: bool = False) -> "Case":
    """Load the case that ``FILE::id[case]`` names.

    Parameters
    ----------
    text
        The name.
    overrides
        ``--policy`` options.
    unbounded
        Whether a replication may take any number of events and any memory.

    Raises
    ------
    typer.BadParameter
        If there is no such file or case, or several cases have the name.
    InvalidFile
        If the file has faults.
    """
    from tvc.files.case_names import UnknownCase, file_and_id, find_case

    file, case_id = file_and_id(text)
    if not file or not case_id:
        raise typer.BadParameter(f"{text}: expected FILE::id or FILE::id[case]")
    try:
        return find_case(file, case_id, overrides_of(overrides), unbounded)
    except UnknownCase as why:
        raise typer.BadParameter(str(why)) from None


def load_policy(text: str) -> "MergedPolicy":
    """Load a policy by the name of a shipped one, or from a file.

    Raises
    ------
    typer.BadParameter
        If no policy has that name.
    InvalidFile
        If the file has faults.
    """
    from tvc.files.policies import load_policy_file, load_shipped

    if Path(text).suffix in (".yaml", ".yml", ".json") or Path(text).is_file():
        return load_policy_file(Path(text))
    try:
        return load_shipped(text)
    except LookupError as unknown:
        raise typer.BadParameter(str(unknown.args[0])) from None
