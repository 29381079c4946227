"""Named tuples that are built from plain ones have every field, and are built in one module each.

Building one costs no check, not even in debug mode, since a simulated month builds millions: a
field too few or too many shows here, with the line that has it.
"""

import ast
import importlib
from collections import defaultdict
from pathlib import Path

import tvc
from tvc.authority.requests import Kind, Request

ROOT = Path(tvc.__file__).parent


def builders(tree):
    """The names of a module's builders, each with the name of what it builds."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and _makes_builder(node.value):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            found[ast.unparse(target)] = ast.unparse(node.value.args[0])
    return found


def _makes_builder(value):
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "builder"


def built():
    """Yield (module, line, kind, the values as they are written) of every tuple that is built."""
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text("utf-8")
        if "builder(" not in text or path.name == "tuples.py":
            continue
        tree = ast.parse(text)
        name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        kinds = builders(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in kinds:
                kind = getattr(importlib.import_module(name), kinds[ast.unparse(node.func)])
                yield name, node.lineno, kind, node.args[0]


def test_a_tuple_that_is_built_from_plain_values_has_one_for_every_field():
    wrong = []
    for module, line, kind, values in built():
        if not isinstance(values, ast.Tuple):
            wrong.append(f"{module}:{line}: the values of {kind.__name__} are not written out")
        elif any(isinstance(value, ast.Starred) for value in values.elts):
            assert module == "tvc.authority.requests"  # where a test of its own looks
        elif len(values.elts) != len(kind._fields):
            wrong.append(
                f"{module}:{line}: {kind.__name__} has {len(kind._fields)} fields, "
                f"but {len(values.elts)} values are given"
            )
    assert wrong == []


def test_each_kind_of_tuple_is_built_from_plain_values_in_one_module():
    modules = defaultdict(set)
    for module, _, kind, _ in built():
        modules[kind.__name__].add(module)
    assert {kind: found for kind, found in modules.items() if len(found) > 1} == {}
    assert {"Request", "Session", "Account", "Put", "Event", "Decision", "Record"} <= {*modules}


def test_a_request_that_presents_a_code_has_every_field():
    asked = Request(Kind.SIGN_IN, "ana", "ana", given_to="bob")
    assert asked.presenting((1,)) == asked._replace(matched=(1,))
