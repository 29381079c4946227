"""Values of knobs: from the nodes of a policy file to the units of the policy.

What a knob takes is read off the table of knobs alone, so that a new knob is read, checked and
explained without a line here.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tvc.authority.durations import format_duration, parse_duration
from tvc.authority.policy import ALPHABETS, Knob
from tvc.domain.words import list_choices, show, suggest
from tvc.files.documents import MAX_FAULTS
from tvc.files.faults import Fault, InvalidFile
from tvc.files.nodes import Node, Scalar, Sequence

_EXPECTED: Final = {
    "duration": "a duration such as 90s, 4h or 2d",
    "integer": "a whole number",
    "boolean": "true or false",
    "alphabet": f"{', '.join(ALPHABETS)}, or the characters in quotes",
}


def read_value(knob: Knob, key: str, node: Node, file: str) -> Any:  # noqa: ANN401 - the knob's type
    """Read what a policy file gives a knob.

    Parameters
    ----------
    knob
        The entry of the table of knobs.
    key
        Its full dotted key, for messages; differs from ``knob.key`` inside a rate limit.
    node
        What stands in the file.
    file
        The file's name, for messages.

    Returns
    -------
    int, bool, str, tuple of str or None
        The value as `tvc.authority.policy.Policy` holds it: durations in milliseconds, alphabets
        spelt out, lists in the order of the table (their order means nothing, so that files that
        differ in it are equal), None for the knob's absent word and for null.

    Raises
    ------
    InvalidFile
        If the knob does not take it; a list has a fault for each member that is wrong.
    """
    try:
        if isinstance(node, Sequence) and knob.kind == "list":
            return _read_list(knob, key, node, file)
        if not isinstance(node, Scalar) or knob.kind == "list":
            raise _unexpected(knob, node)
        if knob.absent is not None and node.value in (None, knob.absent):
            return None
        return _READERS[knob.kind](knob, node)
    except ValueError as error:
        raise InvalidFile([Fault(file, node.line, node.column, f"{key}: {error}")]) from None


def show_node(node: Node) -> str:
    """Say what stands somewhere, for messages that expected something else."""
    if isinstance(node, Scalar):
        return show(node.value)
    return "a list" if isinstance(node, Sequence) else "a mapping"


def _read_list(knob: Knob, key: str, node: Sequence, file: str) -> tuple[str, ...]:
    first: dict[str, Scalar] = {}
    faults = []
    # A list that goes on has a fault by then, since no word may stand there twice.
    for item in node.items[:MAX_FAULTS]:
        if not isinstance(item, Scalar) or item.value not in knob.choices:
            message = str(_unknown_word(knob, item))
        elif item.text in first:
            message = f"{show(item.text)} is listed twice: also on line {first[item.text].line}"
        else:
            first[item.text] = item
            continue
        faults.append(Fault(file, item.line, item.column, f"{key}: {message}"))
    if faults:
        raise InvalidFile(faults)
    return tuple(sorted(first, key=knob.choices.index))


def _read_duration(knob: Knob, node: Scalar) -> int:
    if node.text.isascii() and node.text.isdecimal():
        raise ValueError(f"{show(node.text)} needs a unit, such as {node.text[:6]}h")
    if not isinstance(node.value, str):
        raise _unexpected(knob, node)
    try:
        duration_ms = parse_duration(node.value)
    except ValueError as error:
        raise ValueError(f"{error}{_or_absent(knob)}") from None
    if duration_ms < knob.low:
        raise ValueError(f"{show(node.text)} is too short: at least {format_duration(knob.low)}")
    return duration_ms


def _read_integer(knob: Knob, node: Scalar) -> int:
    # A boolean is an integer to Python, not to whoever writes a policy.
    if isinstance(node.value, bool) or not isinstance(node.value, int):
        raise _unexpected(knob, node)
    if node.value < knob.low:
        raise ValueError(f"{node.value} is too low: at least {knob.low}")
    if node.value > knob.high:
        raise ValueError(f"{node.value} is too high: at most {knob.high}")
    return node.value


def _read_boolean(knob: Knob, node: Scalar) -> bool:
    if not isinstance(node.value, bool):
        raise _unexpected(knob, node)
    return node.value


def _read_choice(knob: Knob, node: Scalar) -> str:
    if not isinstance(node.value, str):
        raise _unexpected(knob, node)
    if node.value not in knob.choices:
        raise _unknown_word(knob, node)
    return node.value


def _read_alphabet(knob: Knob, node: Scalar) -> str:
    characters = node.value
    if not isinstance(characters, str):
        raise _unexpected(knob, node)
    if characters in ALPHABETS:
        return ALPHABETS[characters]
    shown = show(characters)
    # A misspelt name would make a poor alphabet of its own letters, and nobody would notice.
    if meant := suggest(characters, ALPHABETS):
        raise ValueError(f"unknown alphabet {shown}{meant}")
    if not all(char.isprintable() and not char.isspace() for char in characters):
        raise ValueError(f"{shown} has a character that cannot be read out")
    if len(set(characters)) < len(characters):
        raise ValueError(f"{shown} has a character twice: it would be drawn more often")
    if len(characters) < 2:
        raise ValueError(f"{shown} has fewer than two characters: every code would be the same")
    return characters


_READERS: Final[Mapping[str, Callable[[Knob, Scalar], Any]]] = {
    "duration": _read_duration,
    "integer": _read_integer,
    "boolean": _read_boolean,
    "choice": _read_choice,
    "alphabet": _read_alphabet,
}


def _unexpected(knob: Knob, node: Node) -> ValueError:
    if knob.kind == "choice":
        expected = list_choices(knob.choices)
    elif knob.kind == "list":
        expected = f"expected a list of words such as [{', '.join(knob.choices[:2])}]"
    else:
        expected = f"expected {_EXPECTED[knob.kind]}"
    return ValueError(f"{expected}{_or_absent(knob)}, not {show_node(node)}")


def _unknown_word(knob: Knob, node: Node) -> ValueError:
    if not isinstance(node, Scalar):
        return ValueError(f"{list_choices(knob.choices)}, not {show_node(node)}")
    meant = suggest(node.text, knob.choices)
    return ValueError(f"unknown word {show(node.value)}{meant}, {list_choices(knob.choices)}")


def _or_absent(knob: Knob) -> str:
    return "" if knob.absent is None else f", or {knob.absent}"
