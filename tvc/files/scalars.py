"""What plain scalars mean, by the YAML 1.2 core schema and nothing beyond it."""

import re
from typing import Final

from tvc.domain.words import show

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
