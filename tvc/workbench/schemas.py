"""The JSON Schemas that tvc publishes, by the kind of file."""

import json
from collections.abc import Callable
from importlib import resources
from typing import Any, Final


def _scenario() -> dict[str, Any]:
    from tvc.files.schema import scenario_schema

    return scenario_schema()


def _policy() -> dict[str, Any]:
    from tvc.files.policy_schema import policy_schema

    return policy_schema()


def _report() -> dict[str, Any]:
    return _packaged("harness/report.schema.json")


def _coverage() -> dict[str, Any]:
    return _packaged("workbench/coverage/coverage.schema.json")


def _lint() -> dict[str, Any]:
    return _packaged("workbench/lint/lint.schema.json")


def _mutation() -> dict[str, Any]:
    return _packaged("workbench/mutation/mutation.schema.json")


def _packaged(name: str) -> dict[str, Any]:
    text = resources.files("tvc").joinpath(name).read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


#: Schema makers by kind of file.
SCHEMAS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "scenario": _scenario,
    "policy": _policy,
    "report": _report,
    "coverage": _coverage,
    "lint": _lint,
    "mutation": _mutation,
}
