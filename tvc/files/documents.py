"""Documents: a strict YAML 1.2 (or JSON) file as a tree of nodes that know where they stand.

Strict means that a file has one meaning, the one a reader sees: no octal or sexagesimal numbers,
no ``yes`` and ``no``, no duplicate keys, no tags, no merge keys, one document. ruamel.yaml scans
and parses; what its events mean is decided here, so that nothing of a file is ever constructed
but texts, numbers, booleans and nulls. Sizes, depth and aliases have limits: whatever a file
holds, it is either read or refused with a fault, in bounded time.
"""

import codecs
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from ruamel.yaml import events, tokens
from ruamel.yaml.error import FileMark, MarkedYAMLError, StreamMark
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import Reader
from ruamel.yaml.scanner import Scanner

from tvc.files.faults import Fault, InvalidFile, escape, show, suggest

MIB: Final = 1024 * 1024
MAX_BYTES: Final = 8 * MIB
MAX_NODES: Final = 200_000
MAX_ALIASES: Final = 100
MAX_DEPTH: Final = 64
MAX_FAULTS: Final = 100


# The tree


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


# Plain scalars

_NUMBER_START: Final = frozenset("0123456789+-.")
_WORDS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MOST_DIGITS: Final = 18


def resolve(text: str) -> str | int | float | bool | None:
    """Say what a plain scalar means by the YAML 1.2 core schema.

    Numbers whose meaning depends on who reads them are refused rather than guessed: ``012345``
    is 5349 to YAML 1.1 and 12345 to YAML 1.2, and was most likely meant as a text.

    Raises
    ------
    ValueError
        If it is such a number; the message says what to do.
    """
    if text[:1] not in _NUMBER_START:
        return _WORDS.get(text, text) if len(text) <= len("false") else text
    if _FLOAT.fullmatch(text):
        return _number(text)
    if _BASED.fullmatch(text):
        raise ValueError(f"{show(text)} is an octal or hexadecimal number: {_QUOTE}")
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{show(text)} is not a finite number: {_QUOTE}")
    return text


_QUOTE: Final = "write it in decimal, or in quotes if a text is meant"


def _number(text: str) -> int | float:
    if _LEADING_ZERO.match(text):
        raise ValueError(
            f"{show(text)} has a leading zero: leave it out, or write quotes if a text is meant"
        )
    if _INTEGER.fullmatch(text):
        if len(text) > _MOST_DIGITS + 1:
            raise ValueError(f"{show(text)} is too large a number: write quotes if a text is meant")
        return int(text)
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{show(text)} is too large a number: write quotes if a text is meant")
    return number


# The main form, quickly

_PIECE = re.compile(
    r"""[ ]*+
    (?: ([A-Za-z_][A-Za-z0-9_.-]{0,99}+):[ ]++ | "([^"\\\n]{0,99}+)":[ ]*+ )?+
    (?: (-?+[A-Za-z0-9_+./][A-Za-z0-9_+./()%-]*+(?:[ ]++[A-Za-z0-9_+./()%-]++)*+)
      | "([^"\\\n]*+)" | '([^'\n]*+)' )?+
    [ ]*+ ([,\]}\[{])""",
    re.VERBOSE,
)
_AFTER_NESTED = re.compile(r"[ ]*+([,\]}])")
_AFTER_WHOLE = re.compile(r"[ ]*+[,\]}\n\0]|[ ]++#")
_DEEPEST_ON_A_LINE: Final = 8
_MOST_ON_A_LINE: Final = 10_000


class _Doubt(ValueError):
    """The text is not of the simple form that `_Line` reads."""


class _Line:
    """Reads ``{at: 0s, do: sign_in, expect: {deny: no_code}}``: a collection on one line.

    Nearly all of a scenario file is of this form, and one match per entry reads it several times
    faster than the scanner's tokens do. Whatever is not plainly simple (an escape, an anchor, a
    tag, a duplicate key, an odd number) raises `_Doubt` and is left to the scanner, which knows
    all of YAML and where faults are reported. What is accepted here means the same there.
    """

    __slots__ = ("_column", "_line", "_text", "end", "height", "node", "nodes")

    def __init__(self, text: str, start: int, line: int, column: int) -> None:
        self._text = text
        self._line = line
        self._column = column - start
        self.nodes = 0
        self.height = 0
        self.node, self.end = self._collection(start, 1)
        if _AFTER_WHOLE.match(text, self.end) is None:
            raise _Doubt

    def _collection(self, start: int, depth: int) -> tuple[Node, int]:
        """Read the collection whose bracket is at an index; return it and the index behind."""
        if depth > _DEEPEST_ON_A_LINE:
            raise _Doubt
        self.height = max(self.height, depth)
        keyed = self._text[start] == "{"
        closer = "}" if keyed else "]"
        entries: dict[str, tuple[Scalar, Node]] = {}
        items: list[Node] = []
        position, delimiter = start + 1, ","
        while delimiter == ",":
            match = _PIECE.match(self._text, position)
            if match is None or self.nodes > _MOST_ON_A_LINE:
                raise _Doubt
            if not (entries or items) and match[0].lstrip(" ") == closer:
                position, delimiter = match.end(), closer
                break
            value, position, delimiter = self._value(match, depth)
            if keyed:
                key = self._key(match)
                if key.text in entries:
                    raise _Doubt
                entries[key.text] = (key, value)
            elif match[1] is None and match[2] is None:
                items.append(value)
            else:
                raise _Doubt
        if delimiter != closer:
            raise _Doubt
        self.nodes += 1
        column = self._column + start
        if keyed:
            return Mapping(tuple(entries.values()), self._line, column), position
        return Sequence(tuple(items), self._line, column), position

    def _key(self, match: re.Match[str]) -> Scalar:
        if (text := match[1]) is not None:
            return Scalar(text, text, self._line, self._column + match.start(1), True)
        if (text := match[2]) is not None:
            return Scalar(text, text, self._line, self._column + match.start(2) - 1, False)
        raise _Doubt

    def _value(self, match: re.Match[str], depth: int) -> tuple[Node, int, str]:
        """Return a value, the index behind its delimiter and the delimiter."""
        word, double, single, delimiter = match.group(3, 4, 5, 6)
        if word is not None:
            column = self._column + match.start(3)
            node: Node = Scalar(resolve(word), word, self._line, column, True)
        elif double is not None:
            column = self._column + match.start(4) - 1
            node = Scalar(double, double, self._line, column, False)
        elif single is not None:
            column = self._column + match.start(5) - 1
            node = Scalar(single, single, self._line, column, False)
        elif delimiter in "[{":
            return self._nested(match.end() - 1, depth)
        else:
            raise _Doubt
        self.nodes += 1
        return node, match.end(), delimiter

    def _nested(self, start: int, depth: int) -> tuple[Node, int, str]:
        node, end = self._collection(start, depth + 1)
        after = _AFTER_NESTED.match(self._text, end)
        if after is None:
            raise _Doubt
        return node, after.end(), after[1]


# ruamel.yaml, and what it may not do

_TAG = re.compile(r"![^\s\0,\[\]{}]*")
_REST_OF_LINE = re.compile(r"[^\n\0]*")
_YAML_1_2 = re.compile(r"%YAML[ ]+1\.2[ ]*(?:[ ]#.*)?")


class _WholeToken(tokens.ScalarToken):
    __slots__ = ()
    id = "<whole>"


class _Source(Reader, Scanner, Parser):
    """The event parser of ruamel.yaml alone: no resolver, no constructor, no comments.

    Tags and directives are reported and then passed over, so that one reading finds them all;
    a collection on one line that `_Line` can read becomes a scalar event of style ``whole``.
    """

    processing_version = (1, 2)
    comment_handling = None
    # The base classes find each other through properties, at every character.
    reader: Any = None
    scanner: Any = None
    resolver: Any = None

    def __init__(self, text: str, report: Callable[[StreamMark, str], None]) -> None:
        self.reader = self.scanner = self.resolver = self
        self._report = report
        Reader.__init__(self, text, loader=self)
        Scanner.__init__(self, loader=self)
        Parser.__init__(self, loader=self)

    def fetch_flow_mapping_start(self) -> None:
        """Fetch ``{``, or all that it opens."""
        if not self._fetch_whole():
            super().fetch_flow_mapping_start()

    def fetch_flow_sequence_start(self) -> None:
        """Fetch ``[``, or all that it opens."""
        if not self._fetch_whole():
            super().fetch_flow_sequence_start()

    def _fetch_whole(self) -> bool:
        try:
            whole = _Line(self.buffer, self.pointer, self.line + 1, self.column + 1)
        except ValueError:
            return False
        self.save_possible_simple_key()
        self.allow_simple_key = False
        start_mark = self.get_mark()
        length = whole.end - self.pointer
        self.pointer += length
        self.index += length
        self.column += length
        self.tokens.append(_WholeToken(whole, False, start_mark, self.get_mark(), style="whole"))
        return True

    def get_mark(self) -> FileMark:
        """Return where the reader is, without the text around it."""
        return FileMark(self.name, self.index, self.line, self.column)

    def scan_tag(self) -> tokens.TagToken:
        """Report a tag, whatever its form, and go on as if it were ``!``."""
        start_mark, text = self._take(_TAG)
        self._report(start_mark, f"the tag {show(text)} is not allowed: values are read as written")
        return tokens.TagToken((None, "!"), start_mark, self.get_mark())

    def scan_directive(self) -> tokens.DirectiveToken:
        """Report a directive, unless it is ``%YAML 1.2``, and go on without it."""
        start_mark, text = self._take(_REST_OF_LINE)
        if not _YAML_1_2.fullmatch(text):
            self._report(
                start_mark, f"{show(text)} is not allowed: the only directive is '%YAML 1.2'"
            )
        return tokens.DirectiveToken("", None, start_mark, self.get_mark())

    def _take(self, pattern: re.Pattern[str]) -> tuple[StreamMark, str]:
        start_mark = self.get_mark()
        match = pattern.match(self.buffer, self.pointer)
        text = match[0] if match else ""
        self.forward(len(text))
        return start_mark, text


_NAMES: Final = {
    "<scalar>": "a text",
    "<whole>": "a list or a mapping",
    "?": "a key",
    "-": "a list item",
    "<block mapping start>": "a mapping",
    "<block sequence start>": "a list",
    "<block end>": "the end of the block",
    "<stream end>": "the end of the file",
    "<document start>": "'---'",
    "<document end>": "'...'",
    "<directive>": "a directive",
    "<alias>": "an alias",
    "<anchor>": "an anchor",
    "<tag>": "a tag",
}

#: What ruamel.yaml says (a part of it), what is said instead, and whether the place to look at is
#: where the construct began rather than where reading it failed.
_PROBLEMS: Final = (
    ("found character '\\t'", "a tab is not allowed here: use spaces", False),
    ("cannot start any token", "a value cannot start with {found}: put it in quotes", False),
    ("could not find expected ':'", "expected 'key: value' here, but no ': ' follows", True),
    ("sequence entries are not", "a list item cannot start here: give it its own line", False),
    ("mapping keys are not", "a key cannot start here: give it its own line", False),
    (
        "mapping values are not",
        "a ': ' is not allowed here: put the text in quotes, or check the indentation",
        False,
    ),
    ("unexpected end of stream", "this quote is never closed", True),
    ("unexpected document separator", "this quote is never closed", True),
    (
        "unknown escape character",
        "a backslash and {found} make no escape: write two backslashes for one",
        False,
    ),
    ("hexdecimal numbers", "a hexadecimal digit is missing: \\xNN, \\uNNNN, \\UNNNNNNNN", False),
    ("found unexpected ':'", "a text with ':' needs quotes here", False),
    (
        "expected alphabetic or numeric",
        "'&' and '*' start anchors and aliases: put a text that starts with them in quotes",
        True,
    ),
    ("chomping or indentation", "nothing but a comment may follow '|' or '>' here", False),
    ("a comment or a line break", "nothing but a comment may follow '|' or '>' here", False),
    ("in the range 1-9", "the indentation after '|' or '>' is a digit from 1 to 9", False),
    ("more indented follow up", "the first lines of this text differ in indentation", True),
    (
        "expected '<document start>'",
        "expected '---' or the end of the document, found {found}: check the indentation",
        False,
    ),
    ("after document end marker", "nothing but a comment may follow '...'", False),
    ("expected the node content", "expected a value, found {found}", False),
    (
        "expected <block end>",
        "{found} cannot stand here: check the quotes and the indentation since line {line}",
        False,
    ),
    (
        "expected ',' or ",
        "expected ',' or {closer} to go on with what opens on line {line}, found {found}",
        False,
    ),
)  # fmt: skip
_FOUND = re.compile(r"(?:found|got|character) \(?(?:character )?'(.+?)'(?:,\))?(?: that.*)?$")


def _explain(error: MarkedYAMLError, text: str) -> tuple[StreamMark | None, str]:
    """Say in words of the file, not of the parser, what is wrong and where."""
    problem = error.problem or error.context or "this is no YAML"
    where = error.problem_mark or error.context_mark
    start = error.context_mark or where
    found = _FOUND.search(problem)
    name = found[1] if found else "something else"
    closer = "']'" if "']'" in problem else "'}'"
    if "expected ',' or " in problem and name == "<stream end>":
        return start, f"the bracket that opens here is never closed by {closer}"
    if where is not None and text[where.index - 1 : where.index + 1] == "${":
        return where, 'a substitution inside { } or [ ] needs quotes: "${...}"'
    for said, message, at_start in _PROBLEMS:
        if said in problem:
            line = start.line + 1 if start else 1
            named = _NAMES.get(name, f"'{name}'")
            return (start if at_start else where), message.format(
                found=named, line=line, closer=closer
            )
    return where, escape(problem)


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
        source = _Source(text, self._report)
        while True:
            try:
                event = source.get_event()
            except MarkedYAMLError as error:
                self._stop(*_explain(error, text))
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
            whole: _Line = event.value
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
    """Read a file as one document.

    Only a regular file is opened: a pipe or a device could keep its reader waiting for ever.

    Raises
    ------
    InvalidFile
        If it cannot be read, or is not a document; with all faults that could be found.
    """
    name = str(path)
    try:
        data = _read_bytes(Path(path), name)
    except (OSError, ValueError) as error:
        # ValueError is for a name with a NUL in it.
        reason = getattr(error, "strerror", None) or str(error)
        _refuse(name, 1, 1, f"this file cannot be read: {escape(reason)}")
    return parse_document(data, name)


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
        _refuse(name, 1, 1, f"this is {kind}, not a file")
    _check_size(status.st_size, name)
    with path.open("rb") as stream:
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
