"""A JSON Schema of scenario files, for editors: completion, descriptions and early errors.

Made from the same models that read the files. It is looser where JSON Schema cannot say what the
reader checks (is that person in the file?), and it takes ``${x}`` wherever a table may put a
value. ``tvc.schema.json`` beside this module is the copy that editors are pointed to.
"""

from typing import Any, Final

from tvc.domain.fields import NAME_PATTERN
from tvc.domain.policies import NAME_PATTERN as POLICY_PATTERN
from tvc.files.expansion import FIXED_KEYS
from tvc.files.models import STEPS, ClockModel, FileModel, PersonModel, ScenarioModel
from tvc.files.policy_schema import inline_policy_schema
from tvc.files.stochastic import StochasticModel

Schema = dict[str, Any]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE: Final = {"$ref": "#/$defs/Reference"}
#: Parts of a file that stand outside its scenarios, where nothing is substituted.
_OUTSIDE: Final = (PersonModel.__name__, ClockModel.__name__)
#: What is said about a value, rather than what it may be.
_NOTES: Final = ("description", "default")


def scenario_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of a scenario file."""
    file = FileModel.model_json_schema()
    simulated = StochasticModel.model_json_schema()
    parts: dict[str, Schema] = simulated.pop("$defs") | file.pop("$defs")
    scenario = parts[ScenarioModel.__name__]
    scenario["properties"] |= simulated["properties"]
    for name, part in parts.items():
        if name not in _OUTSIDE:
            _take_references(part)
    for model in STEPS.values():
        _tie_keys(parts[model.__name__])
    policies = file["properties"]["policies"]
    policies |= {
        "type": "object",
        "patternProperties": {f"^{POLICY_PATTERN}$": inline_policy_schema()},
    }
    parts["Reference"] = {
        "description": "one value of the scenario's cases or matrix, by its column",
        "type": "string",
        "pattern": r"^\$\{" + NAME_PATTERN[1:-1] + r"\}$",
    }
    whole = {"$schema": _DRAFT, **file, "title": "tvc scenarios", "$defs": parts}
    _tidy(whole)
    return whole


def _take_references(part: Schema) -> None:
    """Let every value below the keys of a part be a reference, too."""
    fixed = FIXED_KEYS if part["title"] == ScenarioModel.__name__ else ()
    for key, value in part.get("properties", {}).items():
        if key not in fixed:
            part["properties"][key] = _or_reference(value)


def _or_reference(value: Schema) -> Schema:
    notes: Schema = {key: value[key] for key in _NOTES if key in value}
    rest = {key: known for key, known in value.items() if key not in _NOTES}
    if "items" in rest:
        rest["items"] = _or_reference(rest["items"])
    # More than one kind of step fits one whose request is a reference.
    choices = rest.pop("oneOf", None) or [rest]
    return {**notes, "anyOf": [*choices, _REFERENCE]}


def _tie_keys(step: Schema) -> None:
    """Say which keys of a step go together."""
    step["oneOf"] = [{"required": ["at"]}, {"required": ["after"]}]
    if "code" in step["properties"]:
        step["not"] = {"required": ["code", "with"]}
        step["dependentRequired"] = {"proof": ["with"]}


def _tidy(node: Any) -> None:  # noqa: ANN401 - any part of a schema
    """Leave out what only repeats the keys, and close tables of names."""
    if isinstance(node, list):
        for item in node:
            _tidy(item)
    elif isinstance(node, dict):
        if isinstance(node.get("title"), str) and node.get("title") != "tvc scenarios":
            del node["title"]
        if node.get("default", "") is None:
            del node["default"]
        if "patternProperties" in node and "additionalProperties" not in node:
            node["additionalProperties"] = False
        for value in node.values():
            _tidy(value)
