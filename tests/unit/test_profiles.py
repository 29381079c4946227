"""How deep a property test goes is the profile's to say: everyday, or nightly."""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]


def pinned(path):
    """Yield the lines at which a module asks for a number of examples whatever the profile says."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "max_examples":
            asks_profile = any(isinstance(part, ast.Call) for part in ast.walk(node.value))
            if not asks_profile:
                yield node.value.lineno


def test_no_property_test_pins_how_many_examples_it_takes():
    paths = [path for path in TESTS.rglob("*.py") if path != TESTS / "conftest.py"]
    assert len(paths) > 50
    assert [f"{path.name}:{line}" for path in paths for line in pinned(path)] == []
