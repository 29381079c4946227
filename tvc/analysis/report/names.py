"""Names without folders: where files lie on a machine is nobody's business who reads a report.

Absolute paths are told from the working folder on, or by the name of the file alone.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tvc.runs.arms import Arm

_ABSOLUTE: Final = re.compile(r"(?:^|(?<=[=,]))/[^,:]+")


def without_folders(text: str) -> str:
    """Return a text of a command line without the folders of the absolute paths in it."""
    return _ABSOLUTE.sub(lambda found: _nearby(Path(found[0])), text)


def _nearby(path: Path) -> str:
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name


def named_without_folders(arms: Sequence[Arm]) -> list[Arm]:
    """Return arms whose names, which still differ, have no folders of absolute paths in them."""
    names = [without_folders(arm.name) for arm in arms]
    if len(set(names)) < len(names):
        names = [f"{name} ({place})" for place, name in enumerate(names, 1)]
    return [replace(arm, name=name) for arm, name in zip(arms, names, strict=True)]
