"""A JSON Schema of policy files, for editors: completion, descriptions and early errors.

Made from the same models that read the files; here a knob may also stand below its groups. It is
looser where JSON Schema cannot say what the reader checks: contradictions, what is inherited,
lower bounds of durations.
"""

from typing import Any, Final

from tvc.domain.fields import Part
from tvc.domain.policies import HEADER, NAME_PATTERN, RATES
from tvc.files.policy_documents import GROUPS, REMOVED
from tvc.files.policy_model import HeaderModel, KnobsModel, RateModel

Schema = dict[str, Any]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
#: What a field may say, in the order that it is read in.
_ORDER: Final = (
    "description", "default", "type", "pattern", "minimum", "maximum", "enum", "items",
    "uniqueItems", "minLength", "examples", "anyOf",
)  # fmt: skip


def policy_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of a policy file."""
    return {
        "$schema": _DRAFT,
        "title": "tvc policy",
        **_document(_fields(HeaderModel)),
        "required": ["policy"],
    }


def inline_policy_schema() -> Schema:
    """Return the JSON Schema of an entry under ``policies:`` of a scenario file."""
    header = _fields(HeaderModel)
    return _document({name: header[name] for name in header if name != "policy"})


def _document(header: Schema) -> Schema:
    group = _group("", _fields(KnobsModel))
    below: Schema = {"set": {"description": HEADER["set"], **group}}
    return {**group, "properties": header | below | group["properties"]}


def _fields(model: type[Part]) -> Schema:
    found = model.model_json_schema()["properties"]
    return {name: _in_order(field) for name, field in found.items()}


def _in_order(field: Schema) -> Schema:
    known = {part: field[part] for part in _ORDER if field.get(part) is not None}
    if "anyOf" in known:
        known["anyOf"] = [_in_order(choice) for choice in known["anyOf"]]
    return known


def _group(prefix: str, knobs: Schema) -> Schema:
    """Describe a group: what is below it may be dotted, nested, or both."""
    groups = {
        name: _closed({}, _limits("")) if name == RATES else _group(f"{name}.", knobs)
        for name in GROUPS
        if name.startswith(prefix)
    }
    inside = {key: knob for key, knob in knobs.items() if key.startswith(prefix)}
    properties = {key.removeprefix(prefix): part for key, part in (inside | groups).items()}
    return _closed(properties, {} if prefix else _limits(rf"{RATES}\."))


def _limits(prefix: str) -> Schema:
    """Describe rate limits by pattern of their keys, below a prefix of that pattern."""
    knobs = _fields(RateModel)
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
