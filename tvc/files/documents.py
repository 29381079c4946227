"""Documents: a strict YAML 1.2 (or JSON) file as a tree of nodes that know where they stand.

Strict means that a file has one meaning, the one a reader sees: no octal or sexagesimal numbers,
no ``yes`` and ``no``, no duplicate keys, no tags, no merge keys, one document. ruamel.yaml scans
and parses; what its events mean is decided here, so that nothing of a file is ever constructed
but texts, numbers, booleans and nulls. Sizes, depth and aliases have limits: whatever a file
holds, it is either read or refused with a fault, in bounded time.
"""

import codecs
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from ruamel.yaml import events
from ruamel.yaml.error import FileMark, MarkedYAMLError, StreamMark

from tvc.domain.words import escape, show, suggest
from tvc.files.faults import Fault, InvalidFile
from tvc.files.nodes import Mapping, Node, Scalar, Sequence
from tvc.files.one_line import OneLine
from tvc.files.outputs import note_input
from tvc.files.scalars import resolve
from tvc.files.yaml_events import EventSource, explain_error

MIB: Final = 1024 * 1024
MAX_BYTES: Final = 8 * MIB
MAX_NODES: Final = 200_000
MAX_ALIASES: Final = 100
MAX_DEPTH: Final = 64
MAX_FAULTS: Final = 100


# From events to the tree


class _Open:
    """A collection whose end has not been read yet."""

    __slots__ = (
        "anchor", "entries", "height", "in_flow", "items", "key", "keyed", "lines", "mark", "nodes",
    )  # fmt: skip

    def __init__(self, event: events.CollectionStartEvent, nodes: int) -> None:
        self.keyed = isinstance(event, events.MappingStartEvent)
        self.in_flow = bool(event.flow_style)
        self.mark: StreamMark = event.start_mark
        self.anchor: str | None = event.anchor
        self.nodes = nodes
        self.height = 1
        self.key: Scalar | None = None
        self.entries: list[tuple[Scalar, Node]] = []
        self.items: list[Node] = []
        self.lines: dict[str, int] = {}

    @property
    def awaits_key(self) -> bool:
        return self.keyed and self.key is None

    def close(self) -> Node:
        line, column = self.mark.line + 1, self.mark.column + 1
        if self.keyed:
            return Mapping(tuple(self.entries), line, column)
        return Sequence(tuple(self.items), line, column)


_WHOLE_FILE: Final = events.SequenceStartEvent(None, None, True, FileMark("", 0, 0, 0))


class _Anchored(NamedTuple):
    line: int
    node: Node | None
    nodes: int
    height: int


class _Composer:
    """Puts the events of one document together, without recursion, and keeps to the limits."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._faults: list[Fault] = []
        self._open: list[_Open] = [_Open(_WHOLE_FILE, 0)]
        self._anchors: dict[str, _Anchored] = {}
        self._documents = self._nodes = self._aliases = 0

    def compose(self, text: str) -> Node:
        handlers: dict[type, Callable[[Any], None]] = {
            events.DocumentStartEvent: self._start_document,
            events.ScalarEvent: self._scalar,
            events.AliasEvent: self._alias,
            events.SequenceStartEvent: self._start,
            events.MappingStartEvent: self._start,
            events.SequenceEndEvent: self._end,
            events.MappingEndEvent: self._end,
        }
        for event in self._events(text):
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
        root = self._open[0].items
        if not self._faults and (not root or _is_empty(root[0])):
            self._report(None, "the file is empty, or holds nothing but comments")
        if self._faults:
            raise InvalidFile(self._faults)
        return root[0]

    def _events(self, text: str) -> Iterator[events.Event]:
        source = EventSource(text, self._report)
        while True:
            try:
                event = source.get_event()
            except MarkedYAMLError as error:
                self._stop(*explain_error(error, text))
            except (ValueError, OverflowError):
                # From chr(), for \UFFFFFFFF: the only thing the scanner does not check.
                self._stop(source.get_mark(), "this escape stands for no character")
            if event is None:
                return
            yield event

    def _report(self, mark: StreamMark | None, message: str) -> None:
        line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        self._report_at(line, column, message)

    def _report_at(self, line: int, column: int, message: str) -> None:
        self._faults.append(Fault(self._name, line, column, message))
        if len(self._faults) == MAX_FAULTS:
            raise InvalidFile(self._faults)

    def _stop(self, mark: StreamMark | None, message: str) -> NoReturn:
        self._report(mark, message)
        raise InvalidFile(self._faults)

    def _start_document(self, event: events.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop(event.start_mark, "a second document starts here: one file holds one")

    def _start(self, event: events.CollectionStartEvent) -> None:
        mark = event.start_mark
        self._check_depth(mark, 1)
        self._name_anchor(event, None, 0, 0)
        self._open.append(_Open(event, self._nodes))

    def _end(self, _: events.CollectionEndEvent) -> None:
        ended = self._open.pop()
        node = ended.close()
        if ended.anchor is not None:
            nodes = self._nodes - ended.nodes + 1
            self._anchors[ended.anchor] = _Anchored(node.line, node, nodes, ended.height)
        self._add(node, 1, ended.height, ended.mark)

    def _scalar(self, event: events.ScalarEvent) -> None:
        mark = event.start_mark
        node: Node
        if event.style == "whole":
            whole: OneLine = event.value
            self._check_depth(mark, whole.height)
            node, nodes, height = whole.node, whole.nodes, whole.height
            if event.anchor is not None:
                # An anchored node starts at its anchor, however it is read.
                node = replace(node, line=mark.line + 1, column=mark.column + 1)
        else:
            node, nodes, height = self._read_scalar(event), 1, 0
        self._name_anchor(event, node, nodes, height)
        self._add(node, nodes, height, mark)

    def _read_scalar(self, event: events.ScalarEvent) -> Scalar:
        text, mark = event.value, event.start_mark
        value: str | int | float | bool | None = text
        is_plain = event.style is None
        try:
            if event.style == '"':
                value = text = _join_surrogates(text)
            elif is_plain and not self._open[-1].awaits_key:
                value = resolve(text)
        except ValueError as error:
            self._report(mark, str(error))
        return Scalar(value, text, mark.line + 1, mark.column + 1, is_plain)

    def _alias(self, event: events.AliasEvent) -> None:
        mark, name = event.start_mark, show(event.anchor)
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._stop(mark, f"more than {MAX_ALIASES} aliases in a file")
        known = self._anchors.get(event.anchor)
        node: Node = Scalar(None, "", mark.line + 1, mark.column + 1, False)
        if known is None:
            self._report(
                mark, f"no anchor {name} before this alias{suggest(event.anchor, self._anchors)}"
            )
            self._add(node, 1, 0, mark)
        elif known.node is None:
            self._report(
                mark, f"the alias {name} stands inside its own anchor, of line {known.line}"
            )
            self._add(node, 1, 0, mark)
        else:
            self._check_depth(mark, known.height)
            node = replace(known.node, line=mark.line + 1, column=mark.column + 1)
            self._add(node, known.nodes, known.height, mark)

    def _name_anchor(
        self, event: events.NodeEvent, node: Node | None, nodes: int, height: int
    ) -> None:
        if event.anchor is None:
            return
        mark = event.start_mark
        if event.anchor in self._anchors:
            first = self._anchors[event.anchor].line
            self._report(mark, f"the anchor {show(event.anchor)} is on line {first} already")
        self._anchors[event.anchor] = _Anchored(mark.line + 1, node, nodes, height)

    def _check_depth(self, mark: StreamMark, height: int) -> None:
        if len(self._open) - 1 + height > MAX_DEPTH:
            self._stop(mark, f"more than {MAX_DEPTH} collections inside each other")

    def _add(self, node: Node, nodes: int, height: int, mark: StreamMark) -> None:
        parent = self._open[-1]
        if parent.awaits_key:
            parent.key = self._read_key(parent, node, mark)
            return
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._stop(mark, f"more than {MAX_NODES} values in a file, aliases written out")
        parent.height = max(parent.height, height + 1)
        if parent.key is None:
            parent.items.append(node)
        else:
            self._check_space(parent, parent.key, node)
            parent.entries.append((parent.key, node))
            parent.key = None

    def _check_space(self, parent: _Open, key: Scalar, node: Node) -> None:
        """Refuse ``{at:1s}``, which YAML takes for a key ``at:1s`` without a value."""
        if parent.in_flow and _is_empty(node) and key.plain and ":" in key.text:
            self._report_at(key.line, key.column, f"no space behind ':' in {show(key.text)}")

    def _read_key(self, parent: _Open, node: Node, mark: StreamMark) -> Scalar:
        if not isinstance(node, Scalar):
            self._report(mark, "a key must be a text, not a list or a mapping")
            return Scalar("", "", node.line, node.column, False)
        if node.plain and node.text == "<<":
            self._report(mark, "merge keys ('<<') are not allowed: write the entries out")
        elif _is_empty(node):
            self._report(mark, "a key is missing here")
        elif node.text in parent.lines:
            first = parent.lines[node.text]
            self._report(mark, f"the key {show(node.text)} is on line {first} already")
        parent.lines.setdefault(node.text, node.line)
        return node if node.value is node.text else replace(node, value=node.text)


def _is_empty(node: Node) -> bool:
    """Tell whether nothing is written where a value could be."""
    return isinstance(node, Scalar) and node.plain and not node.text


_SURROGATE = re.compile("[\ud800-\udfff]")


def _join_surrogates(text: str) -> str:
    """Make one character of each pair of escapes by which JSON writes those beyond U+FFFF."""
    if _SURROGATE.search(text) is None:
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ValueError("an escape from \\ud800 to \\udfff lacks its other half") from None


# From bytes to text

_FORBIDDEN = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def read_document(path: str | Path) -> Node:
    """Read a file as one document; see `read_source` for which files are opened.

    Raises
    ------
    InvalidFile
        If it cannot be read, or is not a document; with all faults that could be found.
    """
    return parse_document(read_source(path), str(path))


def read_source(path: str | Path) -> bytes:
    """Read a file, if it is one that may be read.

    Only a regular file is opened: a pipe or a device could keep its reader waiting for ever. A
    link is followed as long as it stays in its folder: what a message or an excerpt quotes is
    read by others, and a link in somebody's change may lead to this machine's secrets.

    Raises
    ------
    InvalidFile
        If it cannot be read, or may not be; with one fault.
    """
    name = str(path)
    try:
        return _read_bytes(Path(path), name)
    except (OSError, ValueError) as error:
        # ValueError is for a name with a NUL in it.
        reason = getattr(error, "strerror", None) or str(error)
        _refuse_unread(name, f"this file cannot be read: {escape(reason)}")


def parse_document(text: str | bytes, name: str) -> Node:
    """Read a text as one document.

    Parameters
    ----------
    text
        YAML 1.2 or JSON; bytes are UTF-8, with or without a byte order mark.
    name
        What faults call the file.

    Raises
    ------
    InvalidFile
        If it is no document; with all faults that could be found.
    """
    _check_size(len(text), name)
    decoded = text if isinstance(text, str) else _decode(text, name)
    lines = decoded.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    forbidden = _FORBIDDEN.search(lines)
    if forbidden is not None:
        char = forbidden[0]
        message = (
            "a NUL byte: is this a text file?"
            if char == "\0"
            else f"the character U+{ord(char):04X} is not allowed: write an escape in double quotes"
        )
        _refuse(name, *_place(lines[: forbidden.start()]), message)
    return _Composer(name).compose(lines)


def _read_bytes(path: Path, name: str) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
        _refuse_unread(name, f"this is {kind}, not a file")
    target = Path(os.path.realpath(path))
    if path.is_symlink() and not target.is_relative_to(os.path.realpath(path.parent)):
        _refuse_unread(name, "this link leads out of its folder: name the file that it leads to")
    _check_size(status.st_size, name)
    note_input(target)
    # By its own name: a link may lead elsewhere by now.
    with target.open("rb") as stream:
        # The size is only what it was a moment ago.
        return stream.read(MAX_BYTES + 1)


def _check_size(size: int, name: str) -> None:
    if size > MAX_BYTES:
        _refuse(
            name, 1, 1,
            f"the file has {size / MIB:.1f} MiB, more than the {MAX_BYTES // MIB} MiB allowed",
        )  # fmt: skip


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            _refuse(name, 1, 1, "the file is in UTF-16: save it as UTF-8")
        before = data[: error.start].decode("utf-8")
        _refuse(
            name, *_place(before), f"byte {error.start} (0x{data[error.start]:02x}) is not UTF-8"
        )


def _place(before: str) -> tuple[int, int]:
    """Return the line and the column behind a text."""
    lines = re.split(r"\r\n?|\n", before.removeprefix("\ufeff"))
    return len(lines), len(lines[-1]) + 1


def _refuse(name: str, line: int, column: int, message: str) -> NoReturn:
    raise InvalidFile([Fault(name, line, column, message)])


def _refuse_unread(name: str, message: str) -> NoReturn:
    raise InvalidFile([Fault(name, 1, 1, message, unread=True)])
