"""Edits: changes as replacements of pieces of a text, with a remark at the end of each line."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from tvc.domain.cases import Expectation
from tvc.files.writing import write_yaml
from tvc.workbench.fix.layout import Layout, Span
from tvc.workbench.fix.places import Form, Place
from tvc.workbench.fix.wishes import Change, parts_of, spell, was_text

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_MARK: Final = "# REVIEW: was "


@dataclass(frozen=True, slots=True, order=True)
class _Edit:
    start: int
    end: int
    text: str


class Editor:
    """Says by which replacements changes come into a text.

    Parameters
    ----------
    layout
        Where everything stands.
    as_json
        Whether the text is JSON, which has no comments and wants every word in quotes.
    """

    def __init__(self, layout: Layout, as_json: bool) -> None:
        self._layout = layout
        self._as_json = as_json
        self._edits: list[_Edit] = []
        self._lines: list[_Edit] = []
        self._moved: dict[int, list[str]] = {}
        self._was: dict[int, list[str]] = {}

    def edits(self, changes: Sequence[Change]) -> list[tuple[int, int, str]]:
        """Return what to replace so that some changes are made; see `Raw.edited`."""
        for change in changes:
            self._add(change)
        remarks = [_Edit(at, at, self._remark(at)) for at in {**self._moved, **self._was}]
        # At the end of one line, what is added to it comes before what comes below it.
        edits = sorted(self._edits) + sorted(remarks) + sorted(self._lines)
        edits.sort(key=lambda edit: edit.start)
        return [(edit.start, edit.end, edit.text) for edit in edits]

    def _remark(self, at: int) -> str:
        was = self._was.get(at, ())
        review = [_MARK + "; ".join(was)] if was else []
        return "".join(f"  {comment}" for comment in (*self._moved.get(at, ()), *review))

    def _mark(self, index: int, was: str) -> None:
        if not self._as_json:
            self._was.setdefault(self._layout.end_of_line(index), []).append(was)

    def _add(self, change: Change) -> None:
        place, new = change.place, change.new
        span = place.span
        if place.form is Form.MISSING:
            self._insert(span, change)
        elif isinstance(new, str):
            self._edits.append(_Edit(span.start, span.end, self._word(new)))
            self._mark(span.end, was_text(change))
        elif self._keeps_lines(span, new, change.old):
            self._change_parts(span, new, change.old)
        else:
            self._replace(place, new)
            self._mark(span.end, was_text(change))

    # A step that says nothing yet

    def _insert(self, step: Span, change: Change) -> None:
        assert isinstance(change.new, Expectation)  # a step is missing no part of one
        said = self._key("expect", self._flow(change.new))
        last = step.entries[-1][1].end
        if step.in_flow:
            self._edits.append(_Edit(last, last, f", {said}"))
            self._mark(last, was_text(change))
        else:
            self._add_line(step, last, said, was_text(change))

    def _add_line(self, block: Span, index: int, said: str, was: str) -> None:
        _, column = self._layout.place_of(block.start)
        at = self._layout.end_of_line(index)
        self._lines.append(_Edit(at, at, f"\n{' ' * (column - 1)}{said}  {_MARK}{was}"))

    # An expectation that stays as it is laid out

    def _keeps_lines(self, span: Span, new: Expectation, old: Expectation | str) -> bool:
        assert isinstance(old, Expectation)  # both are whole, or both are parts
        if not span.entries or not parts_of(old).keys() <= parts_of(new).keys():
            return False
        return not span.in_flow or "\n" in self._layout.text[span.start : span.end]

    def _change_parts(self, span: Span, new: Expectation, old: Expectation | str) -> None:
        assert isinstance(old, Expectation)
        before, after = parts_of(old), parts_of(new)
        for key, value in span.entries:
            name = str(key.text)
            if before[name] != after[name]:
                self._edits.append(_Edit(value.start, value.end, self._word(after[name])))
                self._mark(value.end, before[name])
            if name == "deny" and "rule" not in before:
                self._add_rule(span, value, after["rule"])

    def _add_rule(self, span: Span, reason: Span, rule: str) -> None:
        said = self._key("rule", self._word(rule))
        if span.in_flow:
            self._edits.append(_Edit(reason.end, reason.end, f", {said}"))
            self._mark(reason.end, "without rule")
        else:
            self._add_line(span, reason.end, said, "without rule")

    # An expectation that is written anew

    def _replace(self, place: Place, new: Expectation) -> None:
        span, said = place.span, self._flow(new)
        if place.key is not None and span.entries and not span.in_flow:
            # A block stands below its key; what replaces it stands behind the key.
            start = self._layout.text.index(":", place.key.end) + 1
            comments = self._layout.comments(start, span.end)
            self._edits.append(_Edit(start, span.end, "  ".join([f" {said}", *comments])))
            return
        self._edits.append(_Edit(span.start, span.end, said))
        comments = self._layout.comments(span.start, span.end)
        if comments:
            self._moved.setdefault(self._layout.end_of_line(span.end), []).extend(comments)

    # Words

    def _flow(self, expect: Expectation) -> str:
        if expect.allowed:
            return self._word("allow")
        told = [self._key(key, self._word(text)) for key, text in parts_of(expect).items()]
        return "{" + ", ".join(told) + "}"

    def _key(self, key: str, value: str) -> str:
        return f"{json.dumps(key) if self._as_json else key}: {value}"

    def _word(self, text: str) -> str:
        if self._as_json:
            return json.dumps(text)
        return write_yaml({"k": text}).removeprefix("k: ").removesuffix("\n")


# Line ends


class Raw:
    r"""A text as it is in its file, and as `tvc.files.documents` reads it.

    Parameters
    ----------
    raw
        The text of the file, with its byte order mark and its line ends.

    Attributes
    ----------
    text
        The same without a mark, with lines that end alike.

    Examples
    --------
    >>> raw = Raw("a\r\nb\n")
    >>> raw.text, raw.edited([(2, 2, "new\n")])
    ('a\nb\n', 'a\r\nnew\r\nb\n')
    """

    def __init__(self, raw: str) -> None:
        self._raw = raw
        lines = _LINE_END.sub("\n", raw.removeprefix("\ufeff")).split("\n")
        self.text = "\n".join(lines)
        ends = _LINE_END.findall(raw)
        self._end = ends[0] if ends else "\n"
        mark = len(raw) - len(raw.removeprefix("\ufeff"))
        lengths = [len(line) for line in lines[:-1]]
        self._starts = list(accumulate((length + 1 for length in lengths), initial=0))
        sizes = (length + len(end) for length, end in zip(lengths, ends, strict=True))
        self._raw_starts = list(accumulate(sizes, initial=mark))

    def edited(self, edits: Iterable[tuple[int, int, str]]) -> str:
        """Return the text of the file with pieces replaced, everything else byte for byte.

        Parameters
        ----------
        edits
            From where to where in `text`, and what stands there instead; in order.
        """
        pieces, done = [], 0
        for start, end, text in edits:
            pieces += [self._raw[done : self._index(start)], text.replace("\n", self._end)]
            done = self._index(end)
        return "".join([*pieces, self._raw[done:]])

    def _index(self, index: int) -> int:
        line = bisect_right(self._starts, index) - 1
        return self._raw_starts[line] + index - self._starts[line]


def describe(change: Change) -> str:
    """Say on one line what a change does."""
    return f"{was_text(change)} -> {spell(change.new)}"
