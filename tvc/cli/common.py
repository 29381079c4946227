"""What several commands read from their arguments in the same way."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

if TYPE_CHECKING:
    from tvc.files.cases import Case
    from tvc.files.policy_merging import MergedPolicy


def close_quietly(stream: TextIO) -> None:
    """Let go of a pipe whose reader has seen enough; nothing more can be said to them."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def overrides_of(texts: list[str]) -> dict[str, str]:
    """Read ``--policy NAME=FILE`` options.

    Raises
    ------
    typer.BadParameter
        If one has another form, names a policy twice, or its file does not exist.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, separator, file = text.partition("=")
        if not (name and separator and file):
            raise typer.BadParameter(f"--policy {text!r}: expected NAME=FILE")
        if name in found:
            raise typer.BadParameter(f"--policy names {name} twice")
        if not Path(file).is_file():
            raise typer.BadParameter(f"--policy {name}: no such file: {file}")
        found[name] = file
    return found


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
    from tvc.files.faults import suggest
    from tvc.files.scenarios import load_scenarios

    file, separator, case_id = text.partition("::")
    if not separator or not case_id:
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
