"""Names that key draws, digests or other people's files never vanish and never change meaning.

``tests/frozen_names.json`` lists them by kind, each with its meaning where that is a value (the
number of an exit code, the default of a knob, the unit of a measure). Here the list is held
against the code, which is asked for its names and never listed again by hand.

A new name joins the list by

    .venv/bin/python tests/unit/test_frozen_names.py

which adds and never removes. Where a name has to go all the same, its line is taken out by hand
in the change that says why.
"""

import json
import sys
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest
import typer

from tvc.authority.authority import RECORD_TYPES
from tvc.authority.decide import LAW
from tvc.authority.policy import KNOBS, RATE_KNOBS
from tvc.authority.reasons import Reason
from tvc.authority.requests import SHAPES, Kind, Method, Proof
from tvc.authority.state import PERMISSIONS, TABLES, CodeEnd, SessionEnd
from tvc.cli.main import app, main
from tvc.domain.invariant_names import INVARIANT_NAMES
from tvc.files.policies import shipped_policies
from tvc.harness import suite_report
from tvc.harness.exits import Exit
from tvc.harness.formats import FORMATS
from tvc.harness.outcomes import Outcome
from tvc.runs.results import FRAMES, RUN_FILE, describe
from tvc.runs.store import MANIFEST
from tvc.trace.measures.catalogue import MEASURES, PAIRED_MEASURES
from tvc.trace.measures.metrics import parse_metric
from tvc.trace.rows import FIELDS
from tvc.workbench.coverage.units import units_of
from tvc.workbench.lint import linting
from tvc.workbench.schemas import SCHEMAS
from tvc.world.simulation import simulate
from tvc.world.streams import Streams

FROZEN = Path(__file__).parents[1] / "frozen_names.json"

#: A run that asks for everything that a workload can hold.
RICH = {
    "users": 60,
    "horizon": "3d",
    "drain": "1d",
    "losses": {"per_user_per_year": 40, "noticed_after": {"fixed": "1h"}},
    "leavers": {"per_user_per_year": 20},
    "outages": [{"at": "8h", "share": 0.5, "lasts": "2h"}],
    "sso": {"share": 0.2},
    "desk": {"admins": 2, "identity_check": "callback", "lifetime": {"fixed": "2h"}},
    "attackers": {
        "callers": {"per_day": 5},
        "guessers": {"per_day": 5, "per_code": 0.5},
        "thieves": {"per_leak": 0.5},
        "malicious_issuer": {"per_year": 100},
    },
    "clocks": {"west": {"offset": "-90s", "drift_ppm": 20}},
}
SCENARIO = """\
tvc: 1
scenarios:
  - id: small
    policy: salesforce
    workload: {users: 30, horizon: 2d, drain: 1d, lead_in: 0s, losses: {per_user_per_year: 30}}
"""


def _law():
    return {
        "rules": [rule.id for rule in LAW.all_rules()],
        "reasons": list(Reason),
        "consequences": [one.id for found in LAW.consequences.values() for one in found],
        "comparisons": list(LAW.comparisons),
        "knobs": [f"{knob.key} = {knob.format(knob.default)}" for knob in KNOBS]
        + [f"rates.NAME.{knob.key}" for knob in RATE_KNOBS],
        "requests": list(Kind),
        "fields of requests": [f"{k} {field}" for k, s in SHAPES.items() for field in s.fields],
        "methods": list(Method),
        "proofs": list(Proof),
        "permissions": list(PERMISSIONS),
        "ends of codes": list(CodeEnd),
        "ends of sessions": list(SessionEnd),
        "types of records": list(RECORD_TYPES),
        "fields of records": list(FIELDS),
        "tables of the state": list(TABLES),
        "invariants": list(INVARIANT_NAMES),
        "shipped policies": list(shipped_policies()),
    }


def _measures():
    everything = {**MEASURES, **PAIRED_MEASURES}
    labels = {
        f"{name} where {label}: {value}"
        for name, measure in everything.items()
        for label, values in measure.labels
        for value in values
    }
    return {
        "measures": [f"{name}: {one.unit}, {one.shape}" for name, one in everything.items()],
        "labels of measures": labels,
        "metrics": list(_spellings(everything)),
    }


def _spellings(measures):
    tried = [f"{function}({name})" for name in measures
             for function in ("mean", "max", "count", "p95", "p50", "p")]  # fmt: skip
    tried += ["share(repeat_calls / calls)", "delta(mean(calls))", "delta(p95(time_to_access))"]
    for text in tried:
        with suppress(ValueError):  # no meaning for that measure
            yield str(parse_metric(text))


def _reports():
    return {
        "exit codes": [f"{code.name} = {int(code)}" for code in Exit],
        "outcomes": list(Outcome),
        "formats": list(FORMATS),
        "rules of SARIF": list(suite_report.RULES),
        "rules of lint": list(linting.RULES),
        "controls": [control.id for control in linting.CONTROLS],
        "units of coverage": [unit.id for unit in units_of(LAW)],
        **{f"keys of schema {kind}": keys_of_schema(make()) for kind, make in SCHEMAS.items()},
    }


def _options():
    def walk(command, path):
        for parameter in command.params:
            for spelling in (*parameter.opts, *parameter.secondary_opts):
                yield f"{path} {spelling}"
        for name, below in getattr(command, "commands", {}).items():
            yield from walk(below, f"{path} {name}")

    return {"options of commands": list(walk(typer.main.get_command(app), "tvc"))}


def _streams_and_runs():
    """Record the names of streams that a rich run takes, and the keys and columns it writes."""
    taken = []
    take = Streams._take

    def recording(self, name):
        taken.append(name)
        return take(self, name)

    with patch.object(Streams, "_take", recording):
        run = simulate("salesforce", RICH, seed=1)
    assert run.complete
    described = describe(run, "a.tvc.yaml::rich")
    for free in ("values", "measurements_ms"):
        described.get("policy", {}).pop(free, None)
    del described["workload"], described["measurements_ms"]
    return {
        "streams": taken,
        f"keys of {RUN_FILE}": keys_of(described),
        "columns of frames": [
            f"{name}.{column}" for name in FRAMES for column in getattr(run, name).columns
        ],
    }


def _studies(folder):
    """Record the keys and columns of what a study writes and prints."""
    import pyarrow.parquet as pq

    file = folder / "small.tvc.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    study = ["--on", str(file), "-n", "2", "--metric", "mean(calls)"]
    results = folder / "results"
    printed = {
        kind: _printed("compare", "salesforce", "strict", *study, "-f", kind, *rest)
        for kind, rest in (("json", ["--results", str(results)]), ("csv", []))
    }
    manifest = json.loads((results / MANIFEST).read_text())
    manifest["arms"] = [dict.fromkeys(arm) for arm in manifest["arms"].values()]
    (part,) = results.glob("part-*.parquet")
    return {
        f"keys of {MANIFEST}": keys_of(manifest),
        "columns of a study": pq.read_schema(part).names,
        "keys of compare": keys_of(json.loads(printed["json"])),
        "columns of compare": printed["csv"].splitlines()[0].split(","),
    }


def _printed(*words):
    out = StringIO()
    with redirect_stdout(out), pytest.raises(SystemExit) as left:
        main(list(words))
    assert left.value.code == 0
    return out.getvalue()


def keys_of(value, path=""):
    """The paths of all keys in what JSON holds; a list is ``[]``."""
    found = []
    for key, below in value.items() if isinstance(value, dict) else ():
        found += [f"{path}{key}", *keys_of(below, f"{path}{key}.")]
    for below in value if isinstance(value, list) else ():
        found += keys_of(below, f"{path.removesuffix('.')}[].")
    return found


def keys_of_schema(schema):
    """The paths of all keys that a JSON Schema allows; ``*`` is any key."""
    found = []

    def walk(node, path, seen):
        if not isinstance(node, dict):
            return
        name = node.get("$ref", "").rpartition("/")[2]
        if name and name not in seen:
            walk(schema["$defs"][name], path, seen | {name})
        for words in ("anyOf", "oneOf", "allOf", "prefixItems"):
            for below in node.get(words, ()):
                walk(
                    below, f"{path.removesuffix('.')}[]." if words == "prefixItems" else path, seen
                )
        for key, below in node.get("properties", {}).items():
            found.append(f"{path}{key}")
            walk(below, f"{path}{key}.", seen)
        walk(node.get("items"), f"{path.removesuffix('.')}[].", seen)
        for below in (
            node.get("additionalProperties"),
            *node.get("patternProperties", {}).values(),
        ):
            walk(below, f"{path}*.", seen)

    walk(schema, "", frozenset())
    return found


def names_of_the_code(folder):
    """Every name by kind, as the code has it now."""
    found = {
        **_law(), **_measures(), **_reports(), **_options(), **_streams_and_runs(),
        **_studies(folder),
    }  # fmt: skip
    return {kind: sorted({str(name) for name in names}) for kind, names in found.items()}


def vanished(frozen, names):
    """What the list holds and the code has not."""
    return [
        f"{kind}: {name}"
        for kind, listed in frozen.items()
        for name in sorted(set(listed) - set(names.get(kind, ())))
    ]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    return names_of_the_code(tmp_path_factory.mktemp("names"))


@pytest.fixture(scope="module")
def frozen():
    return json.loads(FROZEN.read_text(encoding="utf-8"))


def test_no_frozen_name_has_vanished_or_means_something_else(frozen, names):
    assert vanished(frozen, names) == []


def test_every_name_is_frozen_so_that_it_cannot_vanish_later(frozen, names):
    added = vanished(names, frozen)
    assert added == [], "new names are added by: python tests/unit/test_frozen_names.py"


def test_the_list_is_sorted_and_holds_every_kind_of_name(frozen, names):
    assert list(frozen) == sorted(names)
    assert all(listed and listed == sorted(set(listed)) for listed in frozen.values())


def test_a_name_that_vanishes_or_means_something_else_is_told_with_its_kind(names):
    changed = {kind: list(listed) for kind, listed in names.items()}
    changed["reasons"].remove("no_code")
    changed["exit codes"][0] += "0"
    del changed["streams"]
    told = vanished(names, changed)
    assert "reasons: no_code" in told
    assert f"exit codes: {names['exit codes'][0]}" in told
    assert "streams: losses" in told
    assert len(told) == 2 + len(names["streams"])


def test_names_come_from_the_code_and_not_from_a_list(names):
    """Some of each way of asking: constants, schemas, a run's streams, files and commands."""
    assert len(names["streams"]) > 40
    assert {"attackers.callers", "losses", "losses.noticed", "desk.lifetime"} <= {*names["streams"]}
    assert "cases[].steps[].retry_after_ms" in names["keys of schema report"]
    assert "scenarios[].timeline[].do" in names["keys of schema scenario"]
    assert {"tasks", "inputs_digest"} <= {*names["keys of manifest.json"]}
    assert "policy.digest" in names["keys of run.json"]
    assert "tvc test --collect-only" in names["options of commands"]
    assert {"p95(time_to_access)", "share(repeat_calls / calls)"} <= {*names["metrics"]}


def add(folder):
    """Add to the list what the code has and the list has not."""
    listed = json.loads(FROZEN.read_text(encoding="utf-8")) if FROZEN.exists() else {}
    names = names_of_the_code(folder)
    joined = {
        kind: sorted({*listed.get(kind, ()), *names.get(kind, ())})
        for kind in sorted({*listed, *names})
    }
    FROZEN.write_text(json.dumps(joined, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as temporary:
        add(Path(temporary))
    sys.exit()
