"""Events of a YAML text: the parser of ruamel.yaml, what it may not do, and its errors in words."""

import re
from collections.abc import Callable
from typing import Any, Final

from ruamel.yaml import tokens
from ruamel.yaml.error import FileMark, MarkedYAMLError, StreamMark
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import Reader
from ruamel.yaml.scanner import Scanner

from tvc.domain.words import escape, show
from tvc.files.one_line import OneLine

_TAG = re.compile(r"![^\s\0,\[\]{}]*")
_REST_OF_LINE = re.compile(r"[^\n\0]*")
_YAML_1_2 = re.compile(r"%YAML[ ]+1\.2[ ]*(?:[ ]#.*)?")


class _WholeToken(tokens.ScalarToken):
    __slots__ = ()
    id = "<whole>"


class EventSource(Reader, Scanner, Parser):
    """The event parser of ruamel.yaml alone: no resolver, no constructor, no comments.

    Tags and directives are reported and then passed over, so that one reading finds them all;
    a collection on one line that `OneLine` can read becomes a scalar event of style ``whole``.
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
            whole = OneLine(self.buffer, self.pointer, self.line + 1, self.column + 1)
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


def explain_error(error: MarkedYAMLError, text: str) -> tuple[StreamMark | None, str]:
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
