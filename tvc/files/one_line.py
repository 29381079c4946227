"""Collections on one line, read quickly: the form of nearly all of a scenario file.

The scanner of ruamel.yaml takes some six times as long for the same lines, and reading is most of
what ``tvc test`` does. It still reads all that is not plainly simple, and reports every fault.
"""

import re
from typing import Final

from tvc.files.nodes import Mapping, Node, Scalar, Sequence
from tvc.files.scalars import resolve

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


class Doubt(ValueError):
    """The text is not of the simple form that `OneLine` reads."""


class OneLine:
    """Reads ``{at: 0s, do: sign_in, expect: {deny: no_code}}``: a collection on one line.

    Nearly all of a scenario file is of this form, and one match per entry reads it several times
    faster than the scanner's tokens do. Whatever is not plainly simple (an escape, an anchor, a
    tag, a duplicate key, an odd number) raises `Doubt` and is left to the scanner, which knows
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
            raise Doubt

    def _collection(self, start: int, depth: int) -> tuple[Node, int]:
        """Read the collection whose bracket is at an index; return it and the index behind."""
        if depth > _DEEPEST_ON_A_LINE:
            raise Doubt
        self.height = max(self.height, depth)
        keyed = self._text[start] == "{"
        closer = "}" if keyed else "]"
        entries: dict[str, tuple[Scalar, Node]] = {}
        items: list[Node] = []
        position, delimiter = start + 1, ","
        while delimiter == ",":
            match = _PIECE.match(self._text, position)
            if match is None or self.nodes > _MOST_ON_A_LINE:
                raise Doubt
            if not (entries or items) and match[0].lstrip(" ") == closer:
                position, delimiter = match.end(), closer
                break
            value, position, delimiter = self._value(match, depth)
            if keyed:
                key = self._key(match)
                if key.text in entries:
                    raise Doubt
                entries[key.text] = (key, value)
            elif match[1] is None and match[2] is None:
                items.append(value)
            else:
                raise Doubt
        if delimiter != closer:
            raise Doubt
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
        raise Doubt

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
            raise Doubt
        self.nodes += 1
        return node, match.end(), delimiter

    def _nested(self, start: int, depth: int) -> tuple[Node, int, str]:
        node, end = self._collection(start, depth + 1)
        after = _AFTER_NESTED.match(self._text, end)
        if after is None:
            raise Doubt
        return node, after.end(), after[1]
