"""A cell that holds a scenario: read as the file it could be, and run in place."""

from pathlib import Path
from typing import Final

from tvc.domain.cases import Case
from tvc.domain.words import escape
from tvc.files import nodes
from tvc.files.documents import parse_document
from tvc.files.faults import InvalidFile
from tvc.files.models import FileModel
from tvc.files.scenarios import read_scenarios
from tvc.harness.excerpts import fault_excerpt
from tvc.harness.runner import run_guarded
from tvc.jupyter.results import CellResult

#: What faults and names of cases call the file.
CELL: Final = "cell"

#: Keys of a file that a single scenario may have beside its own. Tags are its own already.
_HEAD: Final = frozenset(FileModel.model_fields) - {"tvc", "scenarios", "tags"}


def read_cell(text: str) -> tuple[Case, ...]:
    r"""Read the text of a cell.

    Parameters
    ----------
    text
        A scenario file, or a single scenario with its ``policies``, ``people`` and ``clocks``
        beside it: then ``tvc: 1`` and ``scenarios`` go without saying, and so may its ``id``.

    Returns
    -------
    tuple of Case
        In order of the cell. Files that it refers to stand below the working directory.

    Raises
    ------
    InvalidFile
        With every fault, in lines of the cell.

    Examples
    --------
    >>> (case,) = read_cell("people: {ana: {}}\ntimeline: [{at: 0s, do: lose_device, by: ana}]")
    >>> case.name, case.line
    ('cell::cell', 1)
    """
    return read_scenarios(_whole_file(parse_document(text, CELL)), Path(CELL)).cases


def run_cell(text: str, first_line: str) -> CellResult:
    """Run every case of a cell; see `read_cell`.

    Parameters
    ----------
    text
        The cell, but for its first line.
    first_line
        The line of the magic, which counts where lines are numbered, as it does on the screen.

    Raises
    ------
    InvalidFile
        If it has faults; then nothing runs.
    """
    cases = read_cell(f"\n{text}")
    results = tuple(run_guarded(case, simulating=True) for case in cases)
    return CellResult(results, _lines(text, first_line))


def fault_text(invalid: InvalidFile, text: str, first_line: str) -> str:
    """Return what the command says of the faults of a file, each with the lines around it.

    Parameters
    ----------
    invalid
        The faults.
    text, first_line
        As for `run_cell`.
    """
    lines = _lines(text, first_line)
    blocks = (
        "\n".join(
            (escape(str(fault)), *fault_excerpt(fault, lambda file: lines if file == CELL else ()))
        )
        for fault in invalid.faults
    )
    return "\n\n".join(blocks)


def _lines(text: str, first_line: str) -> tuple[str, ...]:
    """Return the lines of a cell as the reader of documents counts them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    return (first_line, *lines)


def _whole_file(root: nodes.Node) -> nodes.Node:
    """Return a document with what a single scenario leaves out, every node at its own place."""
    if not isinstance(root, nodes.Mapping) or not {"tvc", "scenarios"}.isdisjoint(root.keys()):
        return root
    head = [entry for entry in root.entries if entry[0].text in _HEAD]
    own = [entry for entry in root.entries if entry[0].text not in _HEAD]
    line, column = root.line, root.column
    if root.get("id") is None:
        own.insert(0, (_key("id", root), nodes.Scalar(CELL, CELL, line, column, True)))
    scenario = nodes.Mapping(tuple(own), line, column)
    version = (_key("tvc", root), nodes.Scalar(1, "1", line, column, True))
    scenarios = (_key("scenarios", root), nodes.Sequence((scenario,), line, column))
    return nodes.Mapping((version, *head, scenarios), line, column)


def _key(text: str, root: nodes.Mapping) -> nodes.Scalar:
    return nodes.Scalar(text, text, root.line, root.column, True)
