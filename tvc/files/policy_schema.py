"""A JSON Schema of policy files, for editors: completion, descriptions and early errors.

Made from the table of knobs, like the reader. It is looser where JSON Schema cannot say what the
reader checks: contradictions, what is inherited, lower bounds of durations.
"""

from collections.abc import Iterable
from typing import Any, Final

from tvc.authority.durations import UNITS_MS
from tvc.authority.policy import ALPHABETS, KNOBS, RATE_KNOBS, Knob
from tvc.domain.policies import RATES
from tvc.files.policy_documents import GROUPS, HEADER, NAME_PATTERN, REMOVED

Schema = dict[str, Any]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_DURATION: Final = "^(?=[0-9])" + "".join(f"([0-9]+{unit})?" for unit in UNITS_MS) + "$"


def policy_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of a policy file."""
    return {
        "$schema": _DRAFT,
        "title": "tvc policy",
        **_document(HEADER),
        "required": ["policy"],
    }


def inline_policy_schema() -> Schema:
    """Return the JSON Schema of an entry under ``policies:`` of a scenario file."""
    return _document(name for name in HEADER if name != "policy")


def _document(header: Iterable[str]) -> Schema:
    words: Schema = {
        "policy": {"type": "string", "pattern": f"^{NAME_PATTERN}$"},
        "extends": {"type": "string", "minLength": 1},
        "why": {"type": "string", "minLength": 1},
        "set": _group(""),
    }
    group = _group("")
    group["properties"] = {
        name: {"description": HEADER[name], **words[name]} for name in header
    } | group["properties"]
    return group


def _group(prefix: str) -> Schema:
    """Describe a group: what is below it may be dotted, nested, or both."""
    properties: Schema = {}
    for knob in KNOBS:
        if knob.key.startswith(prefix):
            properties[knob.key.removeprefix(prefix)] = _knob(knob)
    for name in GROUPS:
        if name.startswith(prefix):
            properties[name.removeprefix(prefix)] = (
                _closed({}, _limits("")) if name == RATES else _group(f"{name}.")
            )
    return _closed(properties, {} if prefix else _limits(rf"{RATES}\."))


def _limits(prefix: str) -> Schema:
    """Describe rate limits by pattern of their keys, below a prefix of that pattern."""
    knobs = {knob.key: _knob(knob) for knob in RATE_KNOBS}
    removed = {"const": REMOVED, "description": "removes an inherited limit"}
    limits: Schema = {
        f"^{prefix}{NAME_PATTERN}$": {
            "description": "a named limit on allowed generations",
            "anyOf": [_closed(knobs, {}), removed],
        }
    }
    for key, knob in knobs.items():
        limits[rf"^{prefix}{NAME_PATTERN}\.{key}$"] = knob
    return limits


def _closed(properties: Schema, patterns: Schema) -> Schema:
    closed: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if patterns:
        closed["patternProperties"] = patterns
    return closed


def _knob(knob: Knob) -> Schema:
    value = _value(knob)
    if knob.absent is not None:
        value = {"anyOf": [value, {"enum": [knob.absent, None]}]}
    default: Any = knob.default
    if knob.kind in ("duration", "alphabet") or default is None:
        default = knob.format(default)
    elif knob.kind == "list":
        default = list(default)
    return {"description": f"{knob.meaning} ({knob.source})", "default": default, **value}


def _value(knob: Knob) -> Schema:
    words = [str(choice) for choice in knob.choices]
    kinds: dict[str, Schema] = {
        "duration": {"type": "string", "pattern": _DURATION},
        "integer": {"type": "integer", "minimum": knob.low, "maximum": knob.high},
        "boolean": {"type": "boolean"},
        "choice": {"enum": words},
        "list": {"type": "array", "items": {"enum": words}, "uniqueItems": True},
        "alphabet": {"type": "string", "minLength": 2, "examples": list(ALPHABETS)},
    }
    return kinds[knob.kind]
