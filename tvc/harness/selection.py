"""Selecting cases: by words of their name, by id, by tag."""

import os.path
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol


class Selectable(Protocol):
    """What selection looks at."""

    @property
    def name(self) -> str:
        """``file::id[values]``."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""


class BadExpression(ValueError):
    """A ``-k`` expression that cannot be read."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cases to run: those that satisfy every criterion given.

    Attributes
    ----------
    words
        A ``-k`` expression: words that a name contains, ``and``, ``or``, ``not``, parentheses.
    ids
        Names of cases, of scenarios (all their cases), or of files; empty for all.
    tags
        Tags of which a case has one; empty for all.
    """

    words: str = ""
    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse words that are no expression.

        Raises
        ------
        BadExpression
            If `words` cannot be read.
        """
        if self.words:
            parse_words(self.words)

    def selects(self, case: Selectable) -> bool:
        """Whether a case is selected."""
        if self.ids and not any(_is_within(case.name, wanted) for wanted in self.ids):
            return False
        if self.tags and not set(self.tags) & set(case.tags):
            return False
        return not self.words or parse_words(self.words)(case.name)


def _is_within(name: str, wanted: str) -> bool:
    wanted, name = _with_plain_path(wanted), _with_plain_path(name)
    return name == wanted or name.startswith((f"{wanted}[", f"{wanted}::"))


def _with_plain_path(name: str) -> str:
    """Spell the file of a name in one way, so that ``./a.tvc.yaml`` is ``a.tvc.yaml``.

    A full path is another way to name what stands in the working folder.
    """
    file, separator, case = name.partition("::")
    return f"{os.path.normpath(Path(file).absolute())}{separator}{case}"


#: More than anybody types, and few enough that nesting them exhausts no stack.
_MOST_WORDS: Final = 200
_TOKEN: Final = re.compile(r"\s*(?:([()])|([^\s()]+))")


def parse_words(text: str) -> Callable[[str], bool]:
    """Read a ``-k`` expression, as pytest writes them.

    Returns
    -------
    callable
        From a name to whether it satisfies the expression. Words match anywhere in the name,
        in any case.

    Raises
    ------
    BadExpression
        If the text is no expression.

    Examples
    --------
    >>> parse_words("lifetime and not (strict or slow)")("lifetime::max[policy=salesforce]")
    True
    """
    tokens = tuple(_TOKEN.findall(text))
    if len(tokens) > _MOST_WORDS:
        raise BadExpression(f"-k: {len(tokens)} words are too many; at most {_MOST_WORDS}")
    return _parse(text, tokens)


def _parse(text: str, tokens: tuple[tuple[str, str], ...]) -> Callable[[str], bool]:
    position = 0

    def peek() -> str:
        return "".join(tokens[position]) if position < len(tokens) else ""

    def take() -> str:
        nonlocal position
        token = peek()
        position += 1
        return token

    def either() -> Callable[[str], bool]:
        parts = [both()]
        while peek() == "or":
            take()
            parts.append(both())
        return lambda name: any(part(name) for part in parts)

    def both() -> Callable[[str], bool]:
        parts = [one()]
        while peek() == "and":
            take()
            parts.append(one())
        return lambda name: all(part(name) for part in parts)

    def one() -> Callable[[str], bool]:
        token = take()
        if token == "not":
            inner = one()
            return lambda name: not inner(name)
        if token == "(":
            inner = either()
            if take() != ")":
                raise BadExpression(f"-k {text!r}: a parenthesis is not closed")
            return inner
        if token in ("", "and", "or", ")"):
            where = f"before {token!r}" if token else "at the end"
            raise BadExpression(f"-k {text!r}: a word is missing {where}")
        word = token.casefold()
        return lambda name: word in name.casefold()

    found = either()
    if position < len(tokens):
        raise BadExpression(f"-k {text!r}: expected 'and' or 'or' before {peek()!r}")
    return found
