"""A step with `expect: any` accepts every decision, and nothing takes it for an assertion."""

import json
from functools import partial
from pathlib import Path

import jsonschema
import pytest

from tvc.domain.cases import ANY
from tvc.files.builder import Scenario
from tvc.files.documents import parse_document
from tvc.files.faults import InvalidFile
from tvc.files.nodes import plain
from tvc.files.scenarios import read_scenarios
from tvc.files.schema import scenario_schema
from tvc.harness.explain import explain
from tvc.harness.judge import run_case
from tvc.harness.outcomes import Concern, Outcome
from tvc.timeline import play
from tvc.workbench.fix.fix import fix_file
from tvc.workbench.lint.linting import lint

GENERATE = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1, expect: any}"
ENTER = "{at: 1m, do: sign_in, by: ana, code: c1, expect: any}"
ENTERED = "{at: 1m, do: sign_in, by: ana, code: c1}"


def suite(*steps, extra="", policy="{}"):
    lines = "".join(f"      - {step}\n" for step in steps)
    return (
        f"tvc: 1\npolicies: {{own: {policy}}}\npeople: {{sam: {{role: admin}}, ana: {{}}}}\n"
        f"scenarios:\n  - id: x\n    policy: own\n{extra}    timeline:\n{lines}"
    )


def read(text, **options):
    path = Path("x.tvc.yaml")
    (case,) = read_scenarios(parse_document(text, str(path)), path, **options).cases
    return case


DECISIONS = {
    "allowed": "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, expect: any}",
    "denied": "{at: 0s, do: generate, by: sam, for: ana, lifetime: 99h, expect: any}",
    "a fact": "{at: 0s, do: lose_device, by: ana, expect: any}",
    "never allowed": "{at: 0s, do: reveal, by: ana, for: ana, expect: any}",
}


@pytest.mark.parametrize("kind", DECISIONS)
def test_every_decision_is_accepted(kind):
    result = run_case(read(suite(DECISIONS[kind])))
    assert result.outcome is Outcome.PASSED
    assert result.steps[0].expected == "any"


def test_a_code_whose_generation_was_refused_matches_nothing_when_it_is_typed():
    case = read(suite(GENERATE, ENTER, policy="{issuer.ticket: required}"))
    result = run_case(case)
    assert [str(step.taken.decision.reason) for step in result.steps] == [
        "ticket_missing",
        "no_code",
    ]
    assert result.outcome is Outcome.PASSED


def test_invariants_and_audit_still_judge_such_a_step():
    steps = (GENERATE, "{at: 1m, do: sign_in, by: ana, with: authenticator, expect: any}")
    named = "    invariants: [code_outranks_methods]\n"
    either = suite(*steps, policy="{sign_in.precedence: either}", extra=named)
    (failure,) = run_case(read(either)).failures
    assert failure.concern is Concern.INVARIANT
    never = "    audit: {never: [{type: generate.allowed}]}\n"
    (failure,) = run_case(read(suite(*steps, extra=never))).failures
    assert failure.concern is Concern.AUDIT


def test_it_says_what_is_expected_where_every_step_has_to():
    assert read(suite(GENERATE, ENTER), require_expect=True).steps[0].expect == ANY
    with pytest.raises(InvalidFile, match="must say what it expects"):
        read(suite(GENERATE, ENTERED), require_expect=True)


def test_it_may_stand_in_a_table():
    steps = (GENERATE, '{at: 1m, do: sign_in, by: ana, code: "${code}", expect: "${want}"}')
    rows = "[{code: wrong, want: any}, {code: c1, want: allow}]"
    text = suite(*steps, extra=f"    cases: {rows}\n")
    path = Path("x.tvc.yaml")
    first, second = read_scenarios(parse_document(text, str(path)), path).cases
    assert first.steps[1].expect == ANY
    assert second.steps[1].expect != ANY
    assert first.digest != second.digest


def test_the_builder_writes_and_reads_it():
    built = Scenario("x").person("ana").at("0s").use("ana").expect_any()
    case = built.case()
    assert case.steps[0].expect == ANY
    assert "expect: any" in built.to_yaml()
    assert Scenario.from_case(case).to_yaml() == built.to_yaml()


def test_the_schema_knows_it_and_no_other_word():
    check = partial(jsonschema.validate, schema=scenario_schema())
    check(plain(parse_document(suite(GENERATE), "x")))
    with pytest.raises(jsonschema.ValidationError):
        check(plain(parse_document(suite(GENERATE.replace("any", "anything")), "x")))
    with pytest.raises(InvalidFile, match="expected one of: allow, any"):
        read(suite(GENERATE.replace("any", "deny")))


def test_an_explanation_says_that_the_step_cannot_fail():
    (told,) = [
        line for line in explain(read(suite(GENERATE, ENTER)), 1) if line.startswith("  expected")
    ]
    assert told == "  expected: any, so that this step cannot fail"


def test_the_report_for_programs_says_any(folder, call):
    (folder / "x.tvc.yaml").write_text(suite(GENERATE, ENTERED))
    report = json.loads(call("test", "x.tvc.yaml", "-f", "json").out)
    told = [(step["expected"], step["ok"]) for step in report["cases"][0]["steps"]]
    assert told == [("any", True), ("allow", True)]


def test_a_fix_leaves_it_alone(tmp_path):
    path = tmp_path / "x.tvc.yaml"
    late = "{at: 2h, do: sign_in, by: ana, code: c1}"
    path.write_text(suite(GENERATE, "{at: 1h, do: sign_in, by: ana, code: c1, expect: any}", late))
    fixed = fix_file(read_scenarios(parse_document(path.read_text(), str(path)), path))
    assert len(fixed.changes) == 1
    assert fixed.after.count("expect: any") == 2
    assert "code_expired" in fixed.after


# Lint

MOVED = "{at: 0s, do: lose_device, by: ana}"
AUDITED = "    audit: {events: [{type: generate.allowed}]}\n"


@pytest.mark.parametrize(
    ("steps", "extra", "rules"),
    [
        ((GENERATE, ENTER), "", set()),
        ((GENERATE, ENTERED), "", set()),
        ((GENERATE, ENTER), "    invariants: [outsiders_stay_out]\n", set()),
        ((GENERATE, ENTER), "    invariants: none\n", {"cannot_fail", "unobserved_step"}),
        ((GENERATE, ENTERED), "    invariants: none\n", {"asserts_nothing"}),
        ((GENERATE, f"{ENTERED[:-1]}, expect: allow}}"), "    invariants: none\n", set()),
        ((GENERATE, ENTER), f"    invariants: none\n{AUDITED}", {"unobserved_step"}),
        # What follows a fact and accepts everything does not look at it.
        ((GENERATE, MOVED, ENTER), "", {"unobserved_step"}),
        ((GENERATE, MOVED, ENTERED), "", set()),
    ],
)
def test_lint_takes_it_for_no_assertion(steps, extra, rules, tmp_path):
    path = tmp_path / "x.tvc.yaml"
    path.write_text(suite(*steps, extra=extra))
    found = {one.rule.removeprefix("scenario.") for one in lint([str(path)]).findings}
    assert found == rules


def test_a_control_is_not_shown_by_a_step_that_accepts_every_decision(tmp_path):
    path = tmp_path / "x.tvc.yaml"
    again = "{at: 2m, do: sign_in, by: ana, code: c1, expect: %s}"
    shown = []
    for expect in ("{deny: code_used_up}", "any"):
        path.write_text(suite(GENERATE, ENTERED, again % expect, policy="{code.uses: 1}"))
        policy = tmp_path / "own.policy.yaml"
        policy.write_text("policy: own\nextends: salesforce\ncode.uses: 1\n")
        (report,) = lint([str(path)], [str(policy)], with_controls=True).policies
        (control,) = [one for one in report.controls if one.control.id == "owasp.single_use"]
        shown.append(control.shown is not None)
    assert shown == [True, False]


def test_no_mutant_is_noticed_by_such_a_step():
    from tvc.workbench.knob_moves import with_policy

    case = read(suite(GENERATE, ENTER, policy="{lifetime.max: 1h}"))
    other = with_policy(case, case.policy.policy.with_values({"issuer.ticket": "required"}))
    assert not play(other).taken[0].decision.allowed
    assert run_case(other).outcome is Outcome.PASSED
