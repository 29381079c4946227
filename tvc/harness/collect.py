"""Finding scenario files and loading them: one collector for the command and for pytest."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from tvc.files.faults import Fault, InvalidFile
from tvc.files.outputs import note_input
from tvc.files.scenarios import ScenarioFile, load_scenarios
from tvc.harness.sources import real_path

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
    """Return the scenario files at or below some paths, each once, however it is named.

    A folder gives the scenario files below it in order of their names, hidden folders left out;
    a file is taken whatever its name.

    Raises
    ------
    NoSuchPath
        If a path does not exist.
    OSError
        If a folder cannot be read.
    """
    found: dict[Path, Path] = {}
    for given in paths:
        path = Path(given)
        if path.is_dir():
            # Links to folders are not followed; one to a file is a fault where it leads out.
            for folder, folders, names in os.walk(path, onerror=_raise):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(names):
                    if is_scenario_file(name):
                        _add(found, Path(folder, name))
        elif path.exists() or path.is_symlink():
            _add(found, path)
        else:
            raise NoSuchPath(_missing(os.fspath(given)))
    files = tuple(found.values())
    for file in files:
        note_input(file)
    return files


def _add(found: dict[Path, Path], path: Path) -> None:
    """Add a file under the name that it is first met by; a link to a file is a file of its own."""
    found.setdefault(real_path(path), path)


def _raise(error: OSError) -> NoReturn:
    # A folder that cannot be looked into may hold cases that fail.
    raise error


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
