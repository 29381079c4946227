"""What reports say of files: where they stand below the root of the sources, and their lines.

A report is read elsewhere than where it was made: what it says of a file must not depend on the
folder in which the command ran, or on how the file was named.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePath

from tvc.files.documents import read_source
from tvc.files.faults import InvalidFile


@dataclass(frozen=True)
class Sources:
    """The sources that some files belong to.

    Attributes
    ----------
    files
        The files, as they were named.
    """

    files: tuple[str, ...]

    @cached_property
    def root(self) -> Path:
        """The workspace of GitHub Actions, else the repository, else the working folder.

        The working folder says which, and where it is in neither, the first of the files.
        """
        starts = [Path.cwd(), *(real_path(file).parent for file in self.files[:1])]
        workspace = os.environ.get("GITHUB_WORKSPACE")
        if workspace:
            root = Path(os.path.realpath(workspace))
            if any(start.is_relative_to(root) for start in starts):
                return root
        return next((root for start in starts for root in _repositories(start)), starts[0])

    def place(self, file: str) -> PurePath:
        """Return the path of a file below the root; its full path where it stands elsewhere.

        Links among its folders are followed, since the repository knows no path behind them.
        """
        real = real_path(file)
        return real.relative_to(self.root) if real.is_relative_to(self.root) else real


def real_path(file: str | os.PathLike[str]) -> Path:
    """Return the full path of a file: links among its folders are followed, the file is not."""
    path = Path(file)
    return Path(os.path.realpath(path.parent), path.name)


def _repositories(folder: Path) -> Iterator[Path]:
    """Yield the repositories that a folder is in; of a work tree ``.git`` is a file."""
    return (place for place in (folder, *folder.parents) if (place / ".git").exists())


def lines_of(file: str) -> tuple[str, ...]:
    """Return the lines of a file for excerpts; none where it may not be read, or is not a text."""
    path = Path(file)
    try:
        return _read_lines(path.absolute(), path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return ()


@lru_cache(maxsize=64)
def _read_lines(path: Path, _modified_ns: int) -> tuple[str, ...]:
    """Read once for all excerpts, and again where a notebook has written the file anew."""
    try:
        text = read_source(path).decode("utf-8-sig")
    except (InvalidFile, UnicodeDecodeError):
        return ()
    if "\0" in text:
        return ()
    # Not splitlines, which also splits where YAML does not.
    return tuple(re.split(r"\r\n?|\n", text.removesuffix("\n")))
