"""The tree that a document is read into: nodes that know where they stand."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, a number, a boolean or null.

    Attributes
    ----------
    value
        What it means by the YAML 1.2 core schema. The value of a key is its text.
    text
        What is written, without quotes and with escapes resolved.
    line, column
        Where it starts, both counted from 1.
    plain
        Whether it stands without quotes.
    """

    value: str | int | float | bool | None
    text: str
    line: int
    column: int
    plain: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    items: tuple["Node", ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Entries in the order of the file; no two keys have the same text."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    line: int
    column: int

    def keys(self) -> tuple[str, ...]:
        """Return the texts of the keys, in the order of the file."""
        return tuple(key.text for key, _ in self.entries)

    def get(self, key: str) -> "Node | None":
        """Return the node of a key; None when the key is not there."""
        return next((node for known, node in self.entries if known.text == key), None)


Node = Scalar | Sequence | Mapping


def plain(node: Node) -> object:
    """Return what a node means as ordinary lists, dictionaries and scalars."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key.text: plain(value) for key, value in node.entries}


def locate(node: Node, path: Iterable[str | int], key: bool = False) -> tuple[int, int]:
    """Find where something stands.

    Parameters
    ----------
    node
        The tree to look in.
    path
        Keys and indices from the root, such as the ``loc`` of a pydantic error. A part that is
        not there is passed over: it is either a missing field, whose place is that of its
        parent, or the name of a type that pydantic tried, which no file contains.
    key
        Whether the place of the last key is wanted rather than that of its value.

    Returns
    -------
    tuple of int
        Line and column, both counted from 1.
    """
    place = (node.line, node.column)
    for part in path:
        found = _step(node, part)
        if found is not None:
            known, node = found
            place = (known.line, known.column) if key else (node.line, node.column)
    return place


def _step(node: Node, part: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, Mapping):
        return next((entry for entry in node.entries if entry[0].text == str(part)), None)
    if isinstance(node, Sequence) and isinstance(part, int) and 0 <= part < len(node.items):
        return node.items[part], node.items[part]
    return None
