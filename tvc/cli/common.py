"""What several commands read from their arguments in the same way."""

import os
import re
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


def file_and_id(text: str) -> tuple[str, str]:
    """Split ``FILE::id[case]``, of which the id may be missing; the file's name may have a ``::``.

    Examples
    --------
    >>> file_and_id("a.tvc.yaml::life[life=1h]"), file_and_id("a.tvc.yaml")
    (('a.tvc.yaml', 'life[life=1h]'), ('a.tvc.yaml', ''))
    """
    places = [found.start() for found in re.finditer("::", text)]
    splits = [(text[:place], text[place + 2 :]) for place in places] + [(text, "")]
    return next((split for split in splits if Path(split[0]).is_file()), splits[0])


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
    from tvc.domain.words import suggest
    from tvc.files.scenarios import load_scenarios

    file, case_id = file_and_id(text)
    if not file or not case_id:
        raise typer.BadParameter(f"{text}: expected FILE::id or FILE::id[case]")
    cases = load_scenarios(Path(file), overrides_of(overrides), unbounded=unbounded).cases
    found = [case for case in cases if case.id == case_id]
    found = found or [case for case in cases if case.id.partition("[")[0] == case_id]
    if not found:
        ids = [case.id for case in cases]
        raise typer.BadParameter(f"{file} has no case {case_id!r}{suggest(case_id, ids)}")
    if len(found) > 1:
        names = ", ".join(case.id for case in found)
        raise typer.BadParameter(f"{case_id} has several cases; name one of: {names}")
    return found[0]


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
