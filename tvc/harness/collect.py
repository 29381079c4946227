"""Finding scenario files and loading them: one collector for the command and for pytest."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tvc.files.faults import Fault, InvalidFile
from tvc.files.scenarios import ScenarioFile, load_scenarios

#: How scenario files are named.
SUFFIXES: Final = (".tvc.yaml", ".tvc.yml", ".tvc.json")


class NoSuchPath(ValueError):
    """A path that names neither a file nor a folder."""


@dataclass(frozen=True, slots=True)
class Loading:
    """How files are loaded.

    Attributes
    ----------
    overrides
        Policies by name that stand in for those of the files: name to path.
    require_expect
        Whether every step that can be denied must say what it expects.
    unbounded
        Whether a replication may take any number of events and any memory.
    """

    overrides: Mapping[str, str]
    require_expect: bool = False
    unbounded: bool = False


def is_scenario_file(path: str | os.PathLike[str]) -> bool:
    """Whether a path is named as scenario files are."""
    return os.fspath(path).endswith(SUFFIXES)


def find_files(paths: Iterable[str | os.PathLike[str]]) -> tuple[Path, ...]:
    """Return the scenario files at or below some paths, each once.

    A folder gives the scenario files below it in order of their names, hidden folders left out;
    a file is taken whatever its name.

    Raises
    ------
    NoSuchPath
        If a path does not exist.
    """
    found: dict[Path, None] = {}
    for given in paths:
        path = Path(given)
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(names):
                    if is_scenario_file(name):
                        found[Path(folder, name)] = None
        elif path.exists() or path.is_symlink():
            found[path] = None
        else:
            raise NoSuchPath(_missing(os.fspath(given)))
    return tuple(found)


def _missing(path: str) -> str:
    hint = ""
    file, separator, _ = path.partition("::")
    if separator and Path(file).exists():
        hint = f"; to run one case: {file} --id {path!r}"
    return f"no such file or folder: {path}{hint}"


def load(path: Path, loading: Loading) -> ScenarioFile | tuple[Fault, ...]:
    """Load one file; its faults, where it has any, instead."""
    try:
        return load_scenarios(
            path,
            loading.overrides,
            require_expect=loading.require_expect,
            unbounded=loading.unbounded,
        )
    except InvalidFile as invalid:
        return tuple(invalid.faults)
