"""What a policy may say, as types, and what is wrong with it in words.

The models have a field for every knob and are made from the table of knobs alone, so that a new
knob is read, checked, explained and offered by editors without a line here.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    create_model,
)
from pydantic_core import ErrorDetails, PydanticKnownError

from tvc.authority.durations import format_duration, parse_duration
from tvc.authority.policy import ALPHABETS, KNOBS, RATE_KNOBS, Knob, find_knob
from tvc.domain.fields import DURATION_PATTERN, Maybe, OneOf, Part
from tvc.domain.policies import HEADER, NAME_PATTERN, explain_name
from tvc.domain.words import list_choices, show, suggest
from tvc.files.documents import MAX_FAULTS
from tvc.files.nodes import Mapping, Node, Scalar, Sequence, plain
from tvc.files.wording import Path, Report, report_errors


def _read_duration(value: object) -> int:
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    return parse_duration(value)


def _read_alphabet(characters: str) -> str:
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


def _read_line(text: str) -> str:
    if not text.strip().isprintable():
        raise ValueError("expected one line of printable characters")
    return text.strip()


def _type_of(knob: Knob) -> Any:  # noqa: ANN401 - a type that is only known when it runs
    words = tuple(map(str, knob.choices))
    hint: Any
    match knob.kind:
        case "duration":
            hint = Annotated[int, Field(ge=knob.low), BeforeValidator(_read_duration)]
        case "integer":
            hint = Annotated[int, Field(ge=knob.low, le=knob.high)]
        case "boolean":
            hint = bool
        case "choice":
            hint = Annotated[str, OneOf("word", words)]
        case "list":
            # The order of a list means nothing: files that differ in it are equal.
            in_order = AfterValidator(lambda given: tuple(sorted(given, key=words.index)))
            hint = Annotated[list[Annotated[str, OneOf("word", words)]], in_order]
        case "alphabet":
            hint = Annotated[str, AfterValidator(_read_alphabet)]
    if knob.absent is None:
        return hint
    return Annotated[hint | None, BeforeValidator(lambda x: None if x == knob.absent else x)]


def _tell_editors(knob: Knob, told: dict[str, Any]) -> None:
    """Put what a file may say for a knob in place of what it is once it is read."""
    words = list(map(str, knob.choices))
    kinds: dict[str, dict[str, Any]] = {
        "duration": {"type": "string", "pattern": DURATION_PATTERN},
        "integer": {"type": "integer", "minimum": knob.low, "maximum": knob.high},
        "boolean": {"type": "boolean"},
        "choice": {"enum": words},
        "list": {"type": "array", "items": {"enum": words}, "uniqueItems": True},
        "alphabet": {"type": "string", "minLength": 2, "examples": list(ALPHABETS)},
    }
    value, default = kinds[knob.kind], knob.default
    if knob.absent is not None:
        value = {"anyOf": [value, {"enum": [knob.absent, None]}]}
    if knob.kind in ("duration", "alphabet") or default is None:
        default = knob.format(default)
    elif knob.kind == "list":
        default = list(default)
    told.clear()
    told |= {"description": f"{knob.meaning} ({knob.source})", "default": default, **value}


def model_of(name: str, knobs: tuple[Knob, ...]) -> type[Part]:
    """Return the model of some knobs: a field for each, all of which may be left out.

    Examples
    --------
    >>> knob = replace(KNOBS[0], key="code.for", absent="never")
    >>> model_of("Example", (knob,)).model_validate({"code.for": "never"})
    Example(code.for=None)
    """
    fields: dict[str, Any] = {
        knob.key: (_type_of(knob), Field(None, json_schema_extra=partial(_tell_editors, knob)))
        for knob in knobs
    }
    return create_model(name, __base__=Part, **fields)


#: Every knob but those of rate limits, by dotted key.
KnobsModel: Final = model_of("KnobsModel", KNOBS)
#: The knobs of one rate limit.
RateModel: Final = model_of("RateModel", RATE_KNOBS)
_Filled = Annotated[str, StringConstraints(min_length=1)]


class HeaderModel(Part):
    """What a policy document says of itself, beside its knobs."""

    policy: Maybe[Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN}$")]] = Field(
        None, description=HEADER["policy"]
    )
    extends: Maybe[_Filled] = Field(None, description=HEADER["extends"])
    why: Maybe[Annotated[_Filled, AfterValidator(_read_line)]] = Field(
        None, description=HEADER["why"]
    )


def read_field(report: Report, dotted: str, node: Node) -> tuple[Any, bool]:
    """Read what a policy document gives one key; what is wrong with it is reported.

    Each by itself, since one that is wrong leaves the others right.

    Parameters
    ----------
    report
        Where the faults go.
    dotted
        The key of a knob, also below ``rates.NAME``, or of the head of the document.
    node
        What stands in the file.

    Returns
    -------
    tuple
        The value in the units of the policy, and whether it is right.
    """
    knob = find_knob(dotted)
    name = dotted if knob is None else knob.key
    model = HeaderModel if knob is None else RateModel if knob in RATE_KNOBS else KnobsModel
    if isinstance(node, Sequence):
        # A list that goes on has a fault by then, since no word may stand there twice.
        node = replace(node, items=node.items[:MAX_FAULTS])
    twice = list(_repeats(knob, node))
    for item, first in twice:
        message = f"{show(item.text)} is listed twice: also on line {first.line}"
        report.add(item, f"{dotted}: {message}")
    try:
        found = model.model_validate({name: plain(node)})
    except ValidationError as error:
        entry = Mapping(((Scalar(name, name, node.line, node.column, True), node),), 1, 1)
        report_errors(report, error, entry, model, partial(_word, dotted, knob, node))
        return None, False
    return found.__dict__[name], not twice


def _repeats(knob: Knob | None, node: Node) -> Iterator[tuple[Scalar, Scalar]]:
    """List the words of a list that stand there already, each with the first."""
    first: dict[str, Scalar] = {}
    if knob is not None and knob.kind == "list" and isinstance(node, Sequence):
        known = [i for i in node.items if isinstance(i, Scalar) and i.value in knob.choices]
        yield from ((i, first[i.text]) for i in known if first.setdefault(i.text, i) is not i)


_EXPECTED: Final = {
    "duration": "expected a duration such as 90s, 4h or 2d",
    "integer": "expected a whole number",
    "boolean": "expected true or false",
    "alphabet": f"expected {', '.join(ALPHABETS)}, or the characters in quotes",
}


def _word(
    dotted: str, knob: Knob | None, node: Node, details: ErrorDetails, location: Path, _: object
) -> str:
    """Say what is wrong with what a key is given; of a list, with the item at the location."""
    kind, value = details["type"], details["input"]
    if kind == "string_pattern_mismatch" and value:
        return explain_name("policy", value)
    inside = len(location) > 1
    at = node.items[int(location[1])] if inside and isinstance(node, Sequence) else node
    text = at.text if isinstance(at, Scalar) else ""
    or_absent = f", or {knob.absent}" if knob is not None and knob.absent is not None else ""
    if knob is not None and knob.kind == "duration" and text.isascii() and text.isdecimal():
        problem = f"{show(text)} needs a unit, such as {text[:6]}h"
    elif kind == "value_error":
        problem = f"{details['ctx']['error']}{or_absent}"
    elif knob is None:
        problem = f"expected a text, not {show(value)}"
    elif kind == "greater_than_equal" and knob.kind == "duration":
        problem = f"{show(text)} is too short: at least {format_duration(knob.low)}"
    elif kind == "greater_than_equal":
        problem = f"{value} is too low: at least {knob.low}"
    elif kind == "less_than_equal":
        problem = f"{value} is too high: at most {knob.high}"
    elif kind == "word" and (isinstance(value, str) or (inside and isinstance(at, Scalar))):
        guess = suggest(text, knob.choices)
        problem = f"unknown word {show(value)}{guess}, {list_choices(knob.choices)}"
    elif kind == "list_type":
        some = ", ".join(knob.choices[:2])
        problem = f"expected a list of words such as [{some}]{or_absent}, not {show(value)}"
    else:
        expected = _EXPECTED.get(knob.kind, list_choices(knob.choices))
        problem = f"{expected}{'' if inside else or_absent}, not {show(value)}"
    return f"{dotted}: {problem}"
