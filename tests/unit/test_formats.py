import json
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

import tvc
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind
from tvc.files.faults import Fault
from tvc.files.models import CHALLENGES
from tvc.files.policies import load_shipped
from tvc.files.scenarios import load_scenarios
from tvc.harness.formats import FORMATS
from tvc.harness.formats.findings import Finding, Level, Place
from tvc.harness.formats.report import VALID_FILES, Report
from tvc.harness.judge import run_case
from tvc.harness.outcomes import CaseResult, Concern, Failure, Outcome, SuiteResult
from tvc.harness.runner import run_guarded
from tvc.harness.suite_report import RULES, SuiteReport
from tvc.trace.invariants import INVARIANTS

SCENARIOS = """\
tvc: 1
policies:
  long: {extends: salesforce, set: {code.length: 40, code.alphabet: alphanumeric}}
people:
  sam: {role: admin}
  ana: {role: user}
  mallory: {role: outsider, knows: [ana]}
scenarios:
  - id: holds
    policy: long
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 5m, do: sign_in, by: ana, code: c1}
      - {at: 1h, do: sign_in, by: ana, code: c1, expect: {deny: code_expired}}
  - id: refused
    policy: long
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 10m, do: sign_in, by: ana, with: authenticator}
      - {at: 20m, do: sign_in, by: ana, code: c1, expect: {deny: wrong_code}}
  - id: enters
    policy: long
    invariants: [outsiders_stay_out]
    breaks: [lockout_holds]
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 10m, do: sign_in, by: mallory, for: ana, code: c1}
    audit:
      never: [{type: sign_in.allowed, by: mallory}, {type: generate.allowed}]
  - id: later
    skip: not yet
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h}
  - id: known
    xfail: known for long
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 5m}
  - id: cured
    xfail: thought to fail
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h}
"""
FILE = "scenarios/a.tvc.yaml"
FAULT = Fault("scenarios/b.tvc.yaml", 2, 1, "unknown key 'peple' (did you mean 'people'?)")
HOSTILE = "a\r\n::error::b\x1b[2J\x00\ud800\uffff</testcase>%0A]]>\u202e"
ALL = sorted(FORMATS)


def lines_of(file: str) -> list[str]:
    return {FILE: SCENARIOS, FAULT.file: "tvc: 1\npeple: {}\n"}.get(file, "").splitlines()


@pytest.fixture
def suite(tmp_path, monkeypatch) -> SuiteResult:
    monkeypatch.chdir(tmp_path)
    Path("scenarios").mkdir()
    Path(FILE).write_text(SCENARIOS, encoding="utf-8")
    results = [run_case(case) for case in load_scenarios(Path(FILE), {}).cases]
    results += [
        unplayed(results[0], Outcome.ERROR, Concern.INTERNAL, "internal error: X"),
        unplayed(results[0], Outcome.INCONCLUSIVE, Concern.NOT_RUNNABLE, "cannot be run"),
    ]
    return SuiteResult(tuple(results), deselected=2)


def unplayed(like: CaseResult, outcome: Outcome, concern: Concern, message: str) -> CaseResult:
    return replace(
        like,
        name=f"{FILE}::{outcome}",
        outcome=outcome,
        steps=(),
        invariants=(),
        run=None,
        failures=(Failure(concern, message, 10, 5),),
    )


def hostile(suite: SuiteResult) -> SuiteResult:
    failure = Failure(Concern.AUDIT, HOSTILE, 1, 1, None, HOSTILE, HOSTILE)
    failed = replace(suite.results[-1], name=f"{FILE}::{HOSTILE}", outcome=Outcome.FAILED)
    # A file name that is not UTF-8 comes from the file system with its bytes as these surrogates.
    file = HOSTILE.replace("\ud800", "\udcff")
    skipped = replace(suite.results[3], note=HOSTILE, file=file, name=f"{file}::x")
    fault = Fault(file, 1, 1, HOSTILE)
    return SuiteResult((replace(failed, failures=(failure,)), skipped), (fault,))


def render(name: str, suite: SuiteResult, **changes: object) -> str:
    told = {"seed": 0, "overrides": {}, "version": "9.9", "lines": lines_of} | changes
    return FORMATS[name](SuiteReport(suite, **told))


# Every format


def test_the_suite_of_these_tests_has_every_outcome(suite):
    assert all(suite.counts().values())


@pytest.mark.parametrize("name", ALL)
def test_the_same_suite_gives_the_same_text(name, suite):
    again = tuple(run_case(one.run.case) if one.run else one for one in suite.results)
    assert render(name, suite) == render(name, replace(suite, results=again))


@pytest.mark.parametrize("name", sorted(set(ALL) - {"junit"}))
def test_no_text_depends_on_how_long_a_case_took(name, suite):
    slow = tuple(replace(one, seconds=12.5) for one in suite.results)
    assert render(name, suite) == render(name, replace(suite, results=slow))


@pytest.mark.parametrize("name", ALL)
def test_a_text_ends_with_one_line_feed(name, suite):
    for shown in (suite, SuiteResult(), SuiteResult(invalid=(FAULT,))):
        assert re.search(r"[^\n]\n\Z", render(name, shown))


@pytest.mark.parametrize("name", ALL)
def test_no_code_that_was_drawn_stands_in_any_report(name, suite):
    drawn = {code for one in suite.results if one.run for code in one.run.trace.drawn}
    assert len([code for code in drawn if len(code) == 40]) == 3
    for colour in (False, True):
        text = render(name, suite, colour=colour)
        assert not [code for code in drawn if len(code) == 40 and code in text]


@pytest.mark.parametrize("name", ALL)
def test_faults_of_files_stand_in_every_report(name):
    text = render(name, SuiteResult(invalid=(FAULT,)))
    assert FAULT.file in text
    assert "unknown key" in text


@pytest.mark.parametrize("name", ALL)
def test_every_failing_case_comes_with_the_command_that_reruns_it(name, suite):
    text = render(name, suite)
    for case_id in ("refused", "enters", "cured", "error", "inconclusive"):
        assert f"tvc test {FILE} --id {FILE}::{case_id}" in text


@pytest.mark.parametrize("name", ALL)
def test_whatever_a_file_holds_a_report_can_be_written_as_utf_8(name, suite):
    text = render(name, hostile(suite))
    text.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\uffff]", text)


# A command that overrides nothing


@dataclass(frozen=True)
class Weighed(Report):
    command: ClassVar[str] = "weigh"
    schema: ClassVar[str] = "tvc.weight/1"
    rules: ClassVar[dict[str, str]] = {**VALID_FILES, "heavy": "A file is light."}
    fingerprint: ClassVar[str] = "tvcWeight/v1"

    found: tuple[Finding, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def findings(self):
        return self.found

    @property
    def summary(self):
        return f"{len(self.found)} heavy"

    def document(self):
        return {"heavy": [finding.place.file for finding in self.found]}


def test_a_command_that_has_findings_only_has_every_format():
    place = Place(FILE, 2, 3)
    heavy = Finding("heavy", Level.ERROR, place, "1 kg", "cut it", "ana", fingerprint="f:1")
    light = Finding("heavy", Level.INFO, replace(place, line=4), "1 g", "let it be")
    report = Weighed((heavy, light), version="9.9", lines=lines_of)
    texts = {name: write(report) for name, write in FORMATS.items()}
    assert texts["pretty"].splitlines() == [
        f"{FILE}:2:3: error: ana: 1 kg [heavy]",
        "    cut it",
        f"{FILE}:4:3: info: 1 g [heavy]",
        "    let it be",
        "",
        "2 heavy",
    ]
    assert json.loads(texts["json"]) == {"schema": "tvc.weight/1", "heavy": [FILE, FILE]}
    assert texts["github"].splitlines() == [
        f"::error file={FILE},line=2,col=3,title=heavy::ana: 1 kg%0Acut it",
        f"::notice file={FILE},line=4,col=3,title=heavy::1 g%0Alet it be",
        "::notice title=tvc weigh::2 heavy",
    ]
    (run,) = json.loads(texts["sarif"])["runs"]
    assert [one["level"] for one in run["results"]] == ["error", "note"]
    assert run["results"][0]["partialFingerprints"] == {"tvcWeight/v1": "f:1"}
    assert "partialFingerprints" not in run["results"][1]
    root = ET.fromstring(texts["junit"])
    assert (root.get("name"), root.get("tests"), root.get("failures")) == ("tvc weigh", "2", "1")
    assert root.find(".//failure").text == "error: ana: 1 kg [heavy]\ncut it"
    assert root.find(".//system-out").text == "4:3: info: 1 g [heavy]"


@pytest.mark.parametrize("name", sorted(set(ALL) - {"json"}))
def test_a_command_that_has_findings_only_tells_faults_of_files(name):
    text = FORMATS[name](Weighed((), (FAULT,), lines=lines_of))
    assert FAULT.file in text
    assert "unknown key" in text


# pretty


def test_people_see_every_case_by_name_and_outcome(suite):
    shown = render("pretty", suite).split("\n\n", maxsplit=1)[0].splitlines()
    assert shown == [
        FILE,
        "  passed        holds",
        "  failed        refused",
        "  failed        enters",
        "  skipped       later: not yet",
        "  xfailed       known: known for long",
        "  failed        cured: thought to fail",
        "  error         error",
        "  inconclusive  inconclusive",
    ]


def test_people_find_all_failures_together_behind_the_names(suite):
    blocks = render("pretty", suite).split("\n\n")[1:-1]
    assert [block.splitlines()[0] for block in blocks] == [
        *[f"FAILED {FILE}::refused"] * 2,
        *[f"FAILED {FILE}::enters"] * 4,
        f"FAILED {FILE}::cured",
        f"ERROR {FILE}::error",
        f"INCONCLUSIVE {FILE}::inconclusive",
    ]
    assert all(block.splitlines()[-1].startswith("  rerun: ") for block in blocks)


def test_people_see_what_a_wrong_step_expected_beside_what_it_got(suite):
    text = render("pretty", suite)
    assert "  expected: {deny: wrong_code}\n  got:      allow\n" in text


@pytest.mark.parametrize(
    ("changes", "summary"),
    [
        ({}, "1 passed, 3 failed, 1 error, 1 inconclusive, 1 skipped, 1 xfailed, 2 deselected"),
        ({"results": ()}, "0 passed, 0 failed, 2 deselected; nothing ran"),
        (
            {"results": (), "invalid": (FAULT, FAULT), "deselected": 0},
            "0 passed, 0 failed; 2 faults in 1 file, nothing ran",
        ),
        (
            {"results": (), "interrupted": True, "stopped": True, "deselected": 0},
            "0 passed, 0 failed; nothing ran; stopped at the first failure; interrupted",
        ),
    ],
)
def test_the_last_line_for_people_sums_up(changes, summary, suite):
    assert render("pretty", replace(suite, **changes)).splitlines()[-1] == summary


def test_people_see_the_line_at_fault():
    shown = render("pretty", SuiteResult(invalid=(FAULT,))).splitlines()
    assert shown[:4] == [str(FAULT), "  1 | tvc: 1", "  2 | peple: {}", "    | ^"]


def test_colour_changes_nothing_but_colour(suite):
    plain, coloured = render("pretty", suite), render("pretty", suite, colour=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert "\x1b[1;31mFAILED " in coloured


def test_a_report_without_colour_does_not_load_rich():
    code = (
        "import sys; from tvc.harness.formats import FORMATS;"
        "from tvc.harness.outcomes import SuiteResult;"
        "from tvc.harness.suite_report import SuiteReport;"
        "[render(SuiteReport(SuiteResult(), 0, {})) for render in FORMATS.values()];"
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The policies of a comparison

COMPARISON = """\
tvc: 1
policies:
  short: {extends: strict, set: {lifetime.max: 2h}}
scenarios:
  - id: load
    policy: short
    workload: {users: 100}
  - id: shorter-pays
    compare: {baseline: {policy: strict}, candidate: {policy: short}, on: load}
"""


@pytest.fixture
def comparison(tmp_path) -> SuiteResult:
    """A workload and a comparison of two policies on it, neither of which is the default."""
    file = tmp_path / "comparison.tvc.yaml"
    file.write_text(COMPARISON, encoding="utf-8")
    cases = load_scenarios(file).cases
    return SuiteResult(tuple(run_guarded(case, simulating=True) for case in cases))


def digest_of(suite: SuiteResult, arm: str) -> str:
    (found,) = [held.digest for held in suite.results[1].policies if held.arm == arm]
    return found


def test_json_names_the_policies_of_both_arms_and_none_of_the_comparison_itself(comparison):
    load, compared = json.loads(render("json", comparison))["cases"]
    candidate = {"name": "short", "digest": digest_of(comparison, "candidate")}
    assert load["policy"] == candidate
    assert "arms" not in load
    assert compared["policy"] is None
    assert compared["arms"] == {
        "baseline": {"name": "strict", "digest": load_shipped("strict").digest},
        "candidate": candidate,
    }


def test_junit_names_the_policies_of_both_arms_and_none_of_the_comparison_itself(comparison):
    (_, case) = junit(comparison).iter("testcase")
    assert {item.get("name"): item.get("value") for item in case.iter("property")} == {
        "seed": "0",
        "baseline.policy": "strict",
        "baseline.policy.digest": load_shipped("strict").digest,
        "candidate.policy": "short",
        "candidate.policy.digest": digest_of(comparison, "candidate"),
        "case.digest": comparison.results[1].digest,
    }


@pytest.mark.parametrize("name", ALL)
def test_no_report_names_a_policy_that_nothing_ran_under(name, comparison):
    text = render(name, comparison)
    assert "salesforce" not in text
    assert load_shipped("salesforce").digest not in text


def test_an_error_of_ours_in_a_comparison_names_the_policies_of_its_arms(comparison, monkeypatch):
    monkeypatch.setattr("tvc.harness.simulated.run_simulated", lambda *_: 1 / 0)
    file = comparison.results[1].file
    result = run_guarded(load_scenarios(file).cases[1], simulating=True)
    assert result.outcome is Outcome.ERROR
    assert result.policies == comparison.results[1].policies


@pytest.mark.parametrize(
    "change",
    [
        lambda case: case.update(policy=case["arms"]["baseline"]),
        lambda case: case.pop("arms"),
        lambda case: case["arms"].pop("candidate"),
        lambda case: case["arms"].update(third=case["arms"]["baseline"]),
    ],
)
def test_the_schema_refuses_a_policy_beside_arms_and_neither_of_both(change, comparison, schema):
    report = json.loads(render("json", comparison))
    change(report["cases"][1])
    assert not Draft202012Validator(schema).is_valid(report)


# json


@pytest.fixture(scope="module")
def schema() -> dict:
    path = Path(tvc.__file__).parent / "harness" / "report.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_schema_is_one(schema):
    Draft202012Validator.check_schema(schema)


def test_the_schema_lists_what_the_code_lists(schema):
    listed = {name: part["enum"] for name, part in schema["$defs"].items() if "enum" in part}
    assert listed == {
        "outcome": list(Outcome),
        "concern": list(Concern),
        "decision": ["allow", "deny"],
        "kind": list(Kind),
        "reason": list(Reason),
        "challenge": list(CHALLENGES),
        "invariant_name": list(INVARIANTS),
    }
    assert list(schema["properties"]["summary"]["properties"]) == list(Outcome)


def test_every_object_of_the_schema_is_closed_and_wants_all_its_keys(schema):
    objects = [schema, schema["properties"]["summary"]]
    objects += [part for part in schema["$defs"].values() if part.get("type") == "object"]
    assert len(objects) == 12
    for part in objects:
        assert part["additionalProperties"] is False
        # Only where a scenario asks for them are there arms, generated steps, or a simulation.
        sometimes = ("arms", "generated", "study")
        assert part["required"] == [name for name in part["properties"] if name not in sometimes]


def test_reports_fit_their_schema(suite, schema, comparison):
    validator = Draft202012Validator(schema)
    shown_ones = (suite, SuiteResult(), SuiteResult(invalid=(FAULT,)), hostile(suite), comparison)
    for shown in shown_ones:
        validator.validate(json.loads(render("json", shown)))


def _set(*path: object, to: object):
    def change(report):
        *parents, last = path
        for part in parents:
            report = report[part]
        report[last] = to

    return change


def _drop(*path: object):
    def change(report):
        *parents, last = path
        for part in parents:
            report = report[part]
        del report[last]

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("schema", to="tvc.report/2"),
        _set("more", to=1),
        _drop("invalid"),
        _drop("summary", "xfailed"),
        _set("summary", "passed", to=-1),
        _set("cases", 0, "outcome", to="pass"),
        _set("cases", 0, "outcome", to="failed"),
        _set("cases", 1, "outcome", to="passed"),
        _set("cases", 0, "steps", 0, "decision", to=True),
        _set("cases", 0, "steps", 0, "do", to="guess"),
        _set("cases", 0, "steps", 0, "reason", to="wrong_code"),
        _set("cases", 0, "steps", 2, "reason", to="because"),
        _set("cases", 0, "steps", 2, "reason", to=None),
        _set("cases", 0, "steps", 0, "secret", to="123456"),
        _drop("cases", 0, "steps", 0, "challenge"),
        _set("cases", 0, "invariants", 0, "name", to="all_is_well"),
        _set("cases", 1, "failures", 0, "concern", to="mood"),
        _drop("cases", 1, "failures", 0, "rerun"),
        _set("cases", 0, "line", to=0),
    ],
)
def test_the_schema_refuses_broken_reports(change, suite, schema):
    report = json.loads(render("json", suite))
    change(report)
    assert not Draft202012Validator(schema).is_valid(report)


def test_the_keys_of_a_report_come_in_the_documented_order(suite):
    report = json.loads(render("json", suite))
    case = report["cases"][1]
    assert list(report) == ["schema", "cases", "summary", "invalid", "complete"]
    assert list(case) == [
        "id", "file", "line", "outcome", "policy", "seed", "steps", "invariants", "failures",
    ]  # fmt: skip
    assert list(case["steps"][0]) == [
        "index", "line", "at_ms", "do", "by", "for", "decision", "reason", "rule", "challenge",
        "retry_after_ms", "limit", "expected", "ok",
    ]  # fmt: skip
    assert list(case["invariants"][0]) == ["name", "holds", "step"]
    assert list(case["failures"][0]) == [
        "concern", "message", "line", "column", "step", "expected", "got", "rerun",
    ]  # fmt: skip


def test_a_step_tells_what_was_asked_decided_and_expected(suite):
    step = json.loads(render("json", suite))["cases"][1]["steps"][1]
    assert step == {
        "index": 1,
        "line": 19,
        "at_ms": 600_000,
        "do": "sign_in",
        "by": "ana",
        "for": "ana",
        "decision": "deny",
        "reason": "superseded_by_code",
        "rule": "sign_in.precedence",
        "challenge": None,
        "retry_after_ms": None,
        "limit": None,
        "expected": "allow",
        "ok": False,
    }


def test_the_summary_of_a_report_counts_every_outcome(suite):
    assert json.loads(render("json", suite))["summary"] == suite.counts()


# junit


def junit(suite: SuiteResult, **changes: object) -> ET.Element:
    return ET.fromstring(render("junit", suite, **changes).encode("utf-8"))


def test_junit_has_one_suite_a_file_with_every_case_at_its_line(suite):
    (element,) = junit(suite)
    assert element.attrib["name"] == FILE
    cases = element.findall("testcase")
    assert [case.get("name") for case in cases] == [
        one.name.partition("::")[2] for one in suite.results
    ]
    assert {case.get("classname") for case in cases} == {"scenarios.a"}
    assert cases[1].get("file") == FILE
    assert cases[1].get("line") == "15"


def test_junit_counts_what_it_holds(suite):
    for element in (junit(suite), junit(suite)[0]):
        counts = [element.get(name) for name in ("tests", "failures", "errors", "skipped")]
        assert counts == ["8", "3", "2", "2"]


def test_junit_marks_a_case_that_did_not_pass_once_and_by_its_code(suite):
    marks = {
        case.get("name"): [
            (mark.tag, mark.get("type")) for mark in case if mark.tag != "properties"
        ]
        for case in junit(suite).iter("testcase")
    }
    assert marks == {
        "holds": [],
        "refused": [("failure", "superseded_by_code")],
        "enters": [("failure", "audit")],
        "later": [("skipped", "skipped")],
        "known": [("skipped", "xfailed")],
        "cured": [("failure", "xfail")],
        "error": [("error", "internal")],
        "inconclusive": [("error", "not_runnable")],
    }


def test_junit_names_the_invariant_that_broke(suite):
    result = suite.results[2]
    broken = tuple(one for one in result.failures if one.concern is Concern.INVARIANT)
    shown = SuiteResult((replace(result, failures=broken),))
    assert junit(shown).find(".//failure").get("type") == "outsiders_stay_out"


def test_junit_shows_all_failures_of_a_case_and_says_how_many(suite):
    mark = junit(suite).findall(".//failure")[1]
    assert mark.get("message").endswith(" (and 3 more)")
    assert mark.text.count("  rerun: ") == 4


def test_junit_properties_identify_the_run(suite):
    first = suite.results[0]
    found = {
        item.get("name"): item.get("value") for item in junit(suite, seed=5)[0].iter("property")
    }
    assert found["tvc.version"] == "9.9"
    (held,) = first.policies
    assert found["policy.digest"] == held.digest
    own = junit(suite, seed=5)[0].find("testcase/properties")
    assert {item.get("name"): item.get("value") for item in own} == {
        "seed": "0",
        "policy": "long",
        "policy.digest": held.digest,
        "case.digest": first.digest,
    }
    assert junit(suite, seed=5)[0].find("properties/property[@name='seed']").get("value") == "5"


def test_junit_tells_how_long_cases_took(suite):
    slow = SuiteResult(tuple(replace(one, seconds=0.5) for one in suite.results[:2]))
    (element,) = junit(slow)
    assert element.get("time") == "1.000"
    assert element.find("testcase").get("time") == "0.500"


def test_junit_has_an_error_for_each_fault():
    second = Fault(FAULT.file, 3, 4, "another")
    root = junit(SuiteResult(invalid=(FAULT, second)))
    (element,) = root
    assert element.get("name") == FAULT.file
    assert (root.get("tests"), root.get("errors")) == ("2", "2")
    marks = element.findall("testcase/error")
    assert [mark.get("type") for mark in marks] == ["invalid_file"] * 2
    assert [mark.get("message") for mark in marks] == [FAULT.message, "another"]
    assert [case.get("name") for case in element.findall("testcase")] == [
        f"line 2, column 1: {FAULT.message}",
        "line 3, column 4: another",
    ]


def test_junit_is_xml_whatever_a_file_holds(suite):
    root = junit(hostile(suite))
    assert len(root.findall("testsuite")) == 3
    assert "</testcase>" in root.find(".//failure").get("message")


# github


COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def commands(suite: SuiteResult) -> list[tuple[str, dict[str, str], str]]:
    """Read workflow commands the way GitHub's runner does."""
    found = []
    for line in render("github", suite).splitlines():
        level, properties, message = COMMAND.fullmatch(line).groups()
        pairs = dict(pair.split("=", 1) for pair in properties.split(","))
        found.append(
            (level, {key: unquote(value) for key, value in pairs.items()}, unquote(message))
        )
    return found


def test_github_notes_each_failure_at_its_place_and_each_skip(suite):
    levels = [(level, place.get("title")) for level, place, _ in commands(suite)]
    assert levels == [
        *[("error", "failed: refused")] * 2,
        *[("error", "failed: enters")] * 4,
        ("notice", "skipped: later"),
        ("notice", "xfailed: known"),
        ("error", "failed: cured"),
        ("error", "error: error"),
        ("warning", "inconclusive: inconclusive"),
        ("notice", "tvc test"),
    ]
    _, place, message = commands(suite)[0]
    assert place == {"file": FILE, "line": "19", "col": "9", "title": "failed: refused"}
    assert message.startswith(
        "step 2 sign_in at 10m: expected allow, got {deny: superseded_by_code"
    )
    assert commands(suite)[6][2] == "not yet"


def test_github_is_not_told_of_workloads_that_expect_nothing_themselves(comparison):
    assert set(comparison.counts().values()) == {0, 2}
    ((level, _, message),) = commands(comparison)
    assert (level, message) == ("notice", "0 passed, 0 failed, 2 skipped; nothing ran")


def test_github_gets_an_error_for_each_fault():
    assert commands(SuiteResult(invalid=(FAULT,)))[0] == (
        "error",
        {"file": FAULT.file, "line": "2", "col": "1", "title": "invalid file"},
        FAULT.message,
    )


def test_no_text_of_a_file_becomes_a_command_of_its_own(suite):
    lines = render("github", hostile(suite)).splitlines()
    assert len(lines) == 4
    assert all(COMMAND.fullmatch(line) for line in lines)


def test_github_properties_and_messages_come_back_as_they_were(suite):
    result = replace(suite.results[3], name=f"{FILE}::x[a=1,b=50%:2]", note="100 %, or: none")
    (_, place, message), _ = commands(SuiteResult((result,)))
    assert place["title"] == "skipped: x[a=1,b=50%:2]"
    assert message == "100 %, or: none"


# sarif


def sarif(suite: SuiteResult) -> dict:
    return json.loads(render("sarif", suite))["runs"][0]


def test_sarif_has_a_rule_for_every_concern_and_invariant():
    rules = sarif(SuiteResult())["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    assert set(RULES) == {*Concern, *INVARIANTS, "invalid_file"}
    assert all(rule["shortDescription"]["text"].endswith(".") for rule in rules)


def test_sarif_results_point_to_their_rules_and_places(suite):
    run = sarif(suite)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("step", "error"),
        ("step", "error"),
        ("audit", "error"),
        ("audit", "error"),
        ("breaks", "error"),
        ("outsiders_stay_out", "error"),
        ("xfail", "error"),
        ("internal", "error"),
        ("not_runnable", "warning"),
    ]
    assert run["results"][0]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": FILE, "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 19, "startColumn": 9},
            }
        }
    ]


def test_sarif_fingerprints_tell_failures_apart_and_survive_a_move_in_the_file(suite):
    moved = tuple(
        replace(
            one,
            line=one.line + 7,
            failures=tuple(replace(failure, line=failure.line + 7) for failure in one.failures),
        )
        for one in suite.results
    )
    prints = [result["partialFingerprints"] for result in sarif(suite)["results"]]
    assert prints == [
        result["partialFingerprints"] for result in sarif(replace(suite, results=moved))["results"]
    ]
    texts = [next(iter(one.values())) for one in prints]
    assert len(set(texts)) == len(texts)
    assert texts[0].startswith(suite.results[1].digest)


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a b/é#1.yaml", "a%20b/%C3%A9%231.yaml"),
        ("a:b.yaml", "a%3Ab.yaml"),
        ("./a.yaml", "a.yaml"),
        ("\udcff.yaml", "%FF.yaml"),
    ],
)
def test_sarif_uris_are_relative_and_quoted(file, uri):
    (result,) = sarif(SuiteResult(invalid=(replace(FAULT, file=file),)))["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": uri, "uriBaseId": "%SRCROOT%"}


def test_sarif_says_that_an_interrupted_or_invalid_run_was_not_whole(suite):
    assert sarif(suite)["invocations"] == [{"executionSuccessful": True}]
    for shown in (replace(suite, interrupted=True), SuiteResult(invalid=(FAULT,))):
        assert sarif(shown)["invocations"] == [{"executionSuccessful": False}]
