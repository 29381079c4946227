"""What is added to the law and forgotten elsewhere fails when it is imported, by its name.

Each case changes the text of a module as somebody would who adds one thing to it, in a process of
its own, and imports what was not told.
"""

import json
import subprocess
import sys

import pytest

#: Imports modules, each after some changes to the text of others, and tells how that went.
IMPORTING = r"""
import importlib.abc, importlib.machinery, importlib.util, json, sys

class Changed(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        text = self.get_data(self.path).decode("utf-8")
        for before, after in CHANGES[fullname]:
            assert text.count(before) == 1, (fullname, before)
            text = text.replace(before, after)
        return compile(text, self.path, "exec")

class Changing(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if fullname not in CHANGES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        return importlib.util.spec_from_file_location(
            fullname, spec.origin, loader=Changed(fullname, spec.origin)
        )

sys.meta_path.insert(0, Changing())
told = []
for CHANGES, imported in json.load(sys.stdin):
    for name in [name for name in sys.modules if name.split(".")[0] == "tvc"]:
        del sys.modules[name]
    try:
        importlib.import_module(imported)
        told.append("nothing")
    except Exception as error:
        told.append(f"{type(error).__name__}: {error}")
json.dump(told, sys.stdout)
"""

POLICY, REASONS, STATE = "tvc.authority.policy", "tvc.authority.reasons", "tvc.authority.state"


def after(line, more):
    """A change that adds a line after another."""
    kept = line.rstrip("\n")
    return (line, f"{kept}\n{more}{line[len(kept) :]}")


KNOB = {
    POLICY: [
        after(
            '    """What a code is, how often it works, and what ends it before its time."""\n',
            '    fictitious: bool = _knob(False, "whether anything", "assumption")',
        )
    ]
}
RATE_KNOB = {
    POLICY: [after("    name: str\n", '    burst: int = _knob(1, "more at once", "assumption")')]
}
REASON = [after('    CODE_NOT_VIEWABLE = "code_not_viewable"', '    FICTITIOUS = "fictitious"')]
TOLD = [after("    Reason,\n    {", '        Reason.FICTITIOUS: About("Never.", (), None, False),')]
ABOUT_REASON = {REASONS: REASON + TOLD}

#: What is added, what is imported then, and what the failure says.
CASES = {
    "a knob without a recipe": (
        KNOB,
        "tvc.workbench.recipes.knobs",
        "IncompleteTable: no row for 'code.fictitious'",
    ),
    "a knob of rate limits without a recipe": (
        RATE_KNOB,
        "tvc.workbench.recipes.knobs",
        "IncompleteTable: no row for 'rates.burst'",
    ),
    "a kind of window without a wait": (
        {POLICY: [('Literal["rolling", "clock_hour", "bucket"]', 'Literal["rolling", "sliding"]')]},
        "tvc.authority.rates",
        "IncompleteTable: no row for 'sliding'; not on the list: 'clock_hour', 'bucket'",
    ),
    "a reason of which nothing is known": (
        {REASONS: REASON},
        "tvc.authority.reasons",
        "IncompleteTable: no row for Reason.FICTITIOUS",
    ),
    "a reason without a recipe": (
        ABOUT_REASON,
        "tvc.workbench.recipes.refusals",
        "IncompleteTable: no row for Reason.FICTITIOUS",
    ),
    "a reason that nobody in the world reacts to": (
        ABOUT_REASON,
        "tvc.world.reactions",
        "IncompleteTable: no row for Reason.FICTITIOUS",
    ),
    "a reason of which lint does not know when it is unreachable": (
        ABOUT_REASON,
        "tvc.workbench.lint.unreachable",
        "IncompleteTable: no row for Reason.FICTITIOUS",
    ),
    "a measure without a reader": (
        {
            "tvc.trace.measures.catalogue": [
                after("_DECLARED: Final = (", '    Measure("none", Unit.COUNT, _EVENT, "nothing"),')
            ]
        },
        "tvc.trace.measures.catalogue",
        "UnreadableMeasure: nothing reads the measure 'none': it has no `read`",
    ),
    "a field of a code without a meaning": (
        {STATE: [after("    expires_ms: int\n", "    fictitious_ms: int")]},
        "tvc.authority.meaning",
        "IncompleteTable: no row for 'fictitious_ms'",
    ),
    "a field of an account without a meaning": (
        {STATE: [after("    permissions: frozenset[str]\n    tier: str", "    fictitious: int")]},
        "tvc.authority.meaning",
        "IncompleteTable: no row for 'fictitious'",
    ),
    "a table of the state without a meaning": (
        {STATE: [('"approvals", "rates"\n]', '"approvals", "rates", "fictitious"\n]')]},
        "tvc.authority.meaning",
        "IncompleteTable: no row for 'fictitious'",
    ),
    "a kind of value in the state without a meaning": (
        {
            STATE: [
                ("class State:\n", "class Fictitious(NamedTuple):\n    n: int\n\n\nclass State:\n"),
                ("    issued: dict[str, int]\n", "    issued: dict[str, tuple[Fictitious, ...]]\n"),
            ]
        },
        "tvc.authority.meaning",
        "IncompleteTable: no row for <class 'tvc.authority.state.Fictitious'>",
    ),
    "an edge that boundaries know nothing about": (
        {"tvc.authority.edges": [after('    CODE_ENDS = "code_ends"', '    STARTS = "starts"')]},
        "tvc.harness.boundaries.bounds",
        "IncompleteTable: no row for Turn.STARTS",
    ),
    "a request without a shape": (
        {"tvc.authority.requests": [after('    UNLOCK = "unlock"', '    ADOPT = "adopt"')]},
        "tvc.authority.requests",
        "IncompleteTable: no row for Kind.ADOPT",
    ),
    "a comparison that coverage does not measure": (
        {
            "tvc.authority.decide": [
                after('    "code.live": operator.lt,', '    "a.b": operator.lt,')
            ]
        },
        "tvc.workbench.coverage.sides",
        "IncompleteTable: no row for 'a.b'",
    ),
    "an invariant that nobody checks": (
        {"tvc.domain.invariant_names": [after('    "lockout_holds",', '    "all_is_well",')]},
        "tvc.trace.invariants",
        "IncompleteTable: no row for 'all_is_well'",
    ),
}


@pytest.fixture(scope="module")
def told():
    cases = json.dumps([case[:2] for case in CASES.values()])
    command = [sys.executable, "-c", IMPORTING]
    done = subprocess.run(command, input=cases, capture_output=True, text=True, check=True)
    return dict(zip(CASES, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_what_is_forgotten_fails_by_name_when_it_is_imported(case, told):
    assert told[case] == CASES[case][2]
