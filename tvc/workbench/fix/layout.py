"""Layout: from where to where each value of a file stands.

The nodes of `tvc.files.documents` know where they start, which is all that a message needs. To
change one value and nothing else, its end is needed, too. The events of ruamel.yaml tell both;
what a file means is still decided by `tvc.files.documents`, which read it before.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from ruamel.yaml import YAML, events

_ANCHOR: Final = re.compile(r"&\S+\s*")
_COMMENT: Final = re.compile(r"(?:(?<=\s)|^)#[^\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Span:
    """A value of a file, and where it stands.

    Attributes
    ----------
    start, end : int
        Its text is that between the two; an anchor before it is left out, as is white space
        behind it.
    in_flow
        Whether it is a collection in brackets.
    text
        What a scalar means; None for collections.
    items, entries
        What a sequence or a mapping holds.
    """

    start: int
    end: int
    in_flow: bool = False
    text: str | None = None
    items: tuple["Span", ...] = ()
    entries: tuple[tuple["Span", "Span"], ...] = ()

    def entry(self, key: str) -> tuple["Span", "Span"] | None:
        """Return the spans of a key and of its value; None when the key is not there."""
        return next((entry for entry in self.entries if entry[0].text == key), None)


class Layout:
    r"""Where everything stands in a document.

    Parameters
    ----------
    text
        A document that `tvc.files.documents` reads; its lines end in a line feed alone.

    Examples
    --------
    >>> layout = Layout("a: {b: c}  # why\n")
    >>> span = layout.at(1, 4)
    >>> layout.text[span.start : span.end], layout.end_of_line(span.end)
    ('{b: c}', 16)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._scalars: list[Span] = []
        self._places: dict[tuple[int, int], Span] = {}
        self._anchors: dict[str, Span] = {}
        self._aliases: dict[Span, Span] = {}
        stream = YAML(typ="safe", pure=True).parse(text)
        kept = (
            one for one in stream if isinstance(one, events.NodeEvent | events.CollectionEndEvent)
        )
        self.root = self._compose(next(kept), kept)

    def at(self, line: int, column: int) -> Span:
        """Return the collection that starts at a place, counted from 1; see `meant`.

        Raises
        ------
        KeyError
            If there is none.
        """
        return self.meant(self._places[line, column])

    def meant(self, span: Span) -> Span:
        """Return what an alias stands for; any other value is meant itself."""
        return self._aliases.get(span, span)

    def place_of(self, index: int) -> tuple[int, int]:
        """Return the line and the column of an index, counted from 1."""
        before = self.text[:index]
        return before.count("\n") + 1, index - before.rfind("\n")

    def end_of_line(self, index: int) -> int:
        """Return where the line ends that an index is on; lines inside a text go on."""
        while True:
            end = self.text.find("\n", index)
            end = len(self.text) if end < 0 else end
            inside = next((one for one in self._long if one.start < end < one.end), None)
            if inside is None:
                return end
            index = inside.end

    def comments(self, start: int, end: int) -> list[str]:
        """Return the comments between two indices."""
        return [
            match[0]
            for match in _COMMENT.finditer(self.text, start, end)
            if not any(one.start <= match.start() < one.end for one in self._scalars)
        ]

    @cached_property
    def _long(self) -> list[Span]:
        return [one for one in self._scalars if "\n" in self.text[one.start : one.end]]

    def _compose(self, event: Any, rest: Iterator[Any]) -> Span:  # noqa: ANN401 - as ruamel's are
        start = event.start_mark.index
        anchor = _ANCHOR.match(self.text, start) if event.anchor is not None else None
        inner = anchor.end() if anchor is not None else start
        if isinstance(event, events.AliasEvent):
            span = Span(start, event.end_mark.index)
            self._aliases[span] = self._anchors[event.anchor]
        elif isinstance(event, events.ScalarEvent):
            span = Span(inner, self._trimmed(inner, event.end_mark.index), text=event.value)
            self._scalars.append(span)
        else:
            span = self._collection(event, inner, rest)
        if anchor is not None:
            self._anchors[event.anchor] = span
        if span.text is None:
            self._places[event.start_mark.line + 1, event.start_mark.column + 1] = span
        return span

    def _collection(self, event: Any, start: int, rest: Iterator[Any]) -> Span:  # noqa: ANN401
        parts: list[Span] = []
        for below in rest:
            if isinstance(below, events.CollectionEndEvent):
                break
            parts.append(self._compose(below, rest))
        in_flow = bool(event.flow_style)
        # The end of a block is only noticed where the next one starts.
        end = below.end_mark.index if in_flow or not parts else parts[-1].end
        if isinstance(event, events.SequenceStartEvent):
            return Span(start, end, in_flow, items=tuple(parts))
        entries = tuple(zip(parts[::2], parts[1::2], strict=True))
        return Span(start, end, in_flow, entries=entries)

    def _trimmed(self, start: int, end: int) -> int:
        return start + len(self.text[start:end].rstrip())
