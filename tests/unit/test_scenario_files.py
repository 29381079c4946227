"""Scenario files become cases: complete, named, and the same however they are written."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tvc.authority.requests import SHAPES, Kind, Method, Proof
from tvc.domain.cases import Clock
from tvc.domain.invariant_names import BY_POLICY, INVARIANT_NAMES, ON_REQUEST
from tvc.files.checks import REFUSALS
from tvc.files.documents import parse_document
from tvc.files.faults import InvalidFile
from tvc.files.models import FIELDS, RULE_IDS, STEPS
from tvc.files.nodes import plain
from tvc.files.scenarios import load_scenarios, read_scenarios
from tvc.files.schema import scenario_schema

DESIGN = """\
# yaml-language-server: $schema=./tvc.schema.json
tvc: 1
tags: [precedence]
policies:
  short: {extends: salesforce, set: {lifetime.max: 4h}}
people:
  sam: {role: admin}
  ana: {role: user}
  mallory: {role: outsider, knows: [ana]}
clocks:
  west: {offset: -90s, drift_ppm: 20}
scenarios:
  - id: expires-on-the-dot
    policy: salesforce
    tags: [boundary]
    timeline:                              # a step without `expect` must be allowed
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 10m, do: sign_in, by: ana, with: authenticator, expect: {deny: superseded_by_code}}
      - {after: 5m, do: sign_in, by: mallory, for: ana, code: wrong, expect: {deny: wrong_code}}
      - {at: 1h, do: sign_in, by: ana, code: c1, expect: {deny: code_expired, rule: sign_in.code}}
    audit:
      match: in_order
      events: [{type: generate.allowed, by: sam, subject: ana}]
      never: [{type: sign_in.allowed, subject: ana, method: authenticator}]
  - id: expire-now-does-not-evict
    policy: salesforce
    breaks: []
    invariants: [outsiders_stay_out]
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 4h, save: c1}
      - {at: 5m, do: sign_in, by: mallory, for: ana, code: c1, node: west}
      - {at: 6m, do: enroll, by: mallory, with: totp}
      - {at: 30m, do: expire, by: sam, for: ana}
      - {at: 31m, do: use, by: mallory}
      - {at: 1d, do: sign_in, by: mallory, for: ana, with: totp, proof: stolen, password: wrong}
  - id: lifetime-boundaries
    invariants: none
    cases:
      - {policy: salesforce, life: 24h, want: allow}
      - {policy: short, life: 4h, want: allow}
      - {policy: short, life: 5h, want: {deny: lifetime_too_long}}
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: "${life}", expect: "${want}"}
  - id: calling-campaign
    workload: {users: 20000, horizon: 28d, attackers: {callers: {per_day: 2}}}
    run: {replications: {min: 20, max: 800}, seed: 1}
    expect:
      - {metric: p95(time_to_access), at_most: 2h, margin: 20m}
      - {metric: p(takeover), at_most: 0.5, margin: 0.1}
  - id: shorter-codes-pay
    compare:
      baseline: {policy: salesforce}
      candidate: {policy: short, workload: {desk.identity_check: callback}}
      on: calling-campaign
    expect: [{metric: delta(mean(repeat_calls)), at_most: 30, margin: 10}]
"""
PEOPLE = "tvc: 1\npeople: {sam: {role: admin}, ana: {}}\nscenarios:\n"


def load(text, name="a.tvc.yaml"):
    return read_scenarios(parse_document(text, name), Path(name)).cases


def by_id(text):
    return {case.id: case for case in load(text)}


@pytest.fixture(scope="module")
def cases():
    return by_id(DESIGN)


def test_a_case_has_all_that_a_driver_needs(cases):
    case = cases["expires-on-the-dot"]
    assert case.name == "a.tvc.yaml::expires-on-the-dot"
    assert (case.file, case.line, case.column) == ("a.tvc.yaml", 13, 5)
    assert case.policy.policy.name == "salesforce"
    assert [(person.name, person.role) for person in case.people] == [
        ("sam", "admin"),
        ("ana", "user"),
        ("mallory", "outsider"),
    ]
    assert case.people[2].knows == {"ana"}
    assert case.clocks == {"west": Clock("west", -90_000, 20)}
    assert case.tags == ("precedence", "boundary")
    assert (case.breaks, case.invariants, case.skip, case.xfail) == ((), None, None, None)
    assert not case.stochastic


def test_a_step_is_a_request_at_a_time_from_the_start_and_knows_its_place(cases):
    first, second, third, last = cases["expires-on-the-dot"].steps
    assert [step.at_ms for step in (first, second, third, last)] == [
        0, 600_000, 900_000, 3_600_000,
    ]  # fmt: skip
    assert (first.index, first.line, first.column) == (0, 17, 9)
    assert first.request.kind is Kind.GENERATE
    assert (first.request.by, first.request.subject, first.request.lifetime_ms) == (
        "sam", "ana", 3_600_000,
    )  # fmt: skip
    assert (first.save, first.presents, first.stated, first.expect.allowed) == (
        "c1", None, False, True,
    )  # fmt: skip
    assert second.request.method is Method.AUTHENTICATOR
    assert second.request.subject == "ana"
    assert third.presents == "wrong"
    assert last.presents == "c1"
    assert (last.stated, last.expect.reason, last.expect.rule) == (
        True, "code_expired", "sign_in.code",
    )  # fmt: skip
    assert all(step.request.matched is None for step in (first, second, third, last))


def test_a_step_says_what_is_presented_and_by_which_clock_it_is_judged(cases):
    steps = cases["expire-now-does-not-evict"].steps
    assert steps[1].node == "west"
    assert steps[5].request.proof is Proof.STOLEN
    assert not steps[5].request.password_right
    assert cases["expire-now-does-not-evict"].invariants == ("outsiders_stay_out",)


def test_audit_lines_keep_their_keys_and_places(cases):
    audit = cases["expires-on-the-dot"].audit
    assert audit.match == "in_order"
    (event,), (never,) = audit.events, audit.never
    assert event.fields == {"type": "generate.allowed", "by": "sam", "subject": "ana"}
    assert (event.line, event.column) == (23, 16)
    assert never.fields["method"] == "authenticator"


def test_a_table_makes_a_case_of_each_row_named_by_its_scalars_but_want(cases):
    ids = [
        "lifetime-boundaries[policy=salesforce,life=24h]",
        "lifetime-boundaries[policy=short,life=4h]",
        "lifetime-boundaries[policy=short,life=5h]",
    ]
    assert [name for name in cases if name.startswith("lifetime")] == ids
    last = cases[ids[2]]
    assert last.policy.policy.lifetime.max_ms == 4 * 3_600_000
    assert last.steps[0].request.lifetime_ms == 5 * 3_600_000
    assert last.steps[0].expect.reason == "lifetime_too_long"
    assert last.values == {
        "policy": "short", "life": "5h", "want": {"deny": "lifetime_too_long"},
    }  # fmt: skip
    assert last.invariants == ()


def test_a_simulated_scenario_is_a_case_without_steps(cases):
    assert cases["calling-campaign"].stochastic
    assert cases["calling-campaign"].steps == ()
    assert cases["calling-campaign"].study["workload"]["users"] == 20_000
    assert cases["calling-campaign"].digest != cases["shorter-codes-pay"].digest


def test_case_ids_survive_another_order_of_rows_and_of_keys_in_later_rows():
    table = (
        "  - id: x\n    cases: [{0}, {1}]\n"
        "    timeline: [{{at: '${{a}}', do: use, by: '${{b}}'}}]\n"
    )
    one = by_id(PEOPLE + table.format("{a: 0s, b: ana}", "{b: sam, a: 1s}"))
    other = by_id(PEOPLE + table.format("{a: 1s, b: sam}", "{a: 0s, b: ana}"))
    assert set(one) == set(other) == {"x[a=0s,b=ana]", "x[a=1s,b=sam]"}
    assert one["x[a=1s,b=sam]"].digest == other["x[a=1s,b=sam]"].digest


def test_a_matrix_is_the_product_of_its_axes_in_declared_order():
    text = (
        "  - id: x\n    matrix: {b: [ana, sam], a: [0s, 1s]}\n"
        "    timeline: [{at: '${a}', do: use, by: '${b}'}]\n"
    )
    assert list(by_id(PEOPLE + text)) == [
        "x[b=ana,a=0s]", "x[b=ana,a=1s]", "x[b=sam,a=0s]", "x[b=sam,a=1s]",
    ]  # fmt: skip


def test_a_value_that_is_no_word_is_quoted_in_the_case_id():
    text = (
        "  - id: x\n    cases: [{t: 'a], b'}, {t: ''}]\n    timeline:\n"
        "      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, ticket: '${t}'}\n"
    )
    assert list(by_id(PEOPLE + text)) == ['x[t="a], b"]', 'x[t=""]']


def test_a_whole_step_or_list_may_come_from_a_table():
    text = (
        "  - id: x\n    cases: [{name: one, steps: [{at: 0s, do: use, by: sam}], why: because}]\n"
        "    timeline: '${steps}'\n    skip: '${why}'\n    tags: ['${name}']\n"
    )
    (case,) = load(PEOPLE + text)
    assert case.id == "x[name=one,why=because]"
    assert (case.skip, case.tags, len(case.steps)) == ("because", ("one",), 1)


def test_a_scenario_without_policy_is_run_under_salesforce():
    (case,) = load(PEOPLE + "  - id: x\n    timeline: [{at: 0s, do: use, by: sam}]\n")
    assert case.policy.policy.name == "salesforce"


SPELLINGS = [
    "  - id: x\n    timeline: [{at: 1h, do: use, by: sam}, {at: 1h30m, do: use, by: sam}]\n",
    "  - id: y\n    # a comment\n    why: because\n    policy: salesforce\n    timeline:\n"
    "      - by: sam\n        do: 'use'\n        at: 60m\n        expect: allow\n"
    "      - {after: 1800s, do: use, by: sam}\n",
    "  - id: z\n    cases: [{t: 1h}]\n"
    "    timeline: [{at: '${t}', do: use, by: sam}, {after: 30m, do: use, by: sam}]\n",
]


def test_the_digest_ignores_names_format_and_comments():
    assert len({load(PEOPLE + text)[0].digest for text in SPELLINGS}) == 1


OTHERS = [
    ("lifetime: 1h", "lifetime: 2h"),
    ("policy: salesforce\n    tags", "policy: short\n    tags"),
    ("at: 10m", "at: 9m"),
    ("by: ana, code: c1", "by: ana, node: west, code: c1"),
    (", rule: sign_in.code", ""),
    ("knows: [ana]", "knows: [ana, sam]"),
    ("drift_ppm: 20", "drift_ppm: 21"),
    ("match: in_order", "match: any_order"),
    ("    tags: [boundary]\n", "    tags: [boundary]\n    breaks: [rate_limit_holds]\n"),
    ("    tags: [boundary]\n", "    tags: [boundary]\n    invariants: none\n"),
    ("    tags: [boundary]\n", "    tags: [boundary]\n    skip: later\n"),
    ("    tags: [boundary]\n", "    tags: [other]\n"),
]


@pytest.mark.parametrize(("old", "new"), OTHERS)
def test_the_digest_tells_cases_that_ask_something_else_apart(old, new, cases):
    assert old in DESIGN
    other = by_id(DESIGN.replace(old, new, 1))["expires-on-the-dot"]
    assert other.digest != cases["expires-on-the-dot"].digest


def test_an_override_takes_the_place_of_a_policy(tmp_path):
    path, policy = tmp_path / "a.tvc.yaml", tmp_path / "other.yaml"
    path.write_text(PEOPLE + "  - id: x\n    timeline: [{at: 0s, do: use, by: sam}]\n")
    policy.write_text("policy: other\nlifetime: {max: 2h}\n")
    (case,) = load_scenarios(path, {"salesforce": policy}).cases
    assert case.policy.policy.lifetime.max_ms == 7_200_000


def test_a_faulty_override_is_a_fault(tmp_path):
    path, policy = tmp_path / "a.tvc.yaml", tmp_path / "other.yaml"
    path.write_text(PEOPLE + "  - id: x\n    timeline: [{at: 0s, do: use, by: sam}]\n")
    policy.write_text("policy: other\nlifetme: {max: 2h}\n")
    with pytest.raises(InvalidFile) as caught:
        load_scenarios(path, {"salesforce": policy})
    assert [fault.file for fault in caught.value.faults] == [str(policy)]


def test_a_drifting_clock_rounds_down_as_readings_do():
    assert Clock("west", -90_000, 20).read(3_600_000) == 3_600_000 - 90_000 + 72
    assert Clock("slow", 0, -35).read(1) == 0
    assert Clock("true").read(5) == 5


def test_json_is_read_as_yaml_is():
    text = DESIGN.split("  - id: calling", maxsplit=1)[0]
    assert by_id(json.dumps(plain(parse_document(text, "x")))).keys() == by_id(text).keys()


# Tables that must keep up with the authority


def test_every_field_and_request_of_the_authority_has_its_model():
    assert set(STEPS) == set(Kind)
    for kind, shape in SHAPES.items():
        model = STEPS[kind]
        assert set(shape.fields) <= set(model.model_fields) & set(FIELDS)
        required = {name for name, field in model.model_fields.items() if field.is_required()}
        assert required == {"do", "by", *shape.required}
        assert model.__doc__ == shape.meaning


def test_every_refusal_of_the_law_can_be_expected():
    assert REFUSALS["reveal"] == {"code_not_viewable": ("reveal.never",)}
    assert REFUSALS["step_up"]["locked_out"] == ("sign_in.lockout",)
    assert all(not REFUSALS[kind] for kind, shape in SHAPES.items() if shape.fact)
    rules = {
        rule for refusals in REFUSALS.values() for found in refusals.values() for rule in found
    }
    assert set(RULE_IDS) - rules == {"sign_in.sso", "sign_in.mfa_off"}


def test_invariants_are_split_by_who_asks_for_them():
    assert not set(BY_POLICY) & set(ON_REQUEST)
    assert BY_POLICY + ON_REQUEST == INVARIANT_NAMES
    assert len(INVARIANT_NAMES) == 13


# The schema


def validator():
    return jsonschema.Draft202012Validator(scenario_schema())


def test_the_schema_is_one_and_accepts_a_valid_file():
    jsonschema.Draft202012Validator.check_schema(scenario_schema())
    assert list(validator().iter_errors(plain(parse_document(DESIGN, "x")))) == []


REFUSED_BY_SCHEMA = [
    ("tvc: 1", "tvc: 2"),
    ("role: admin", "role: admn"),
    ("offset: -90s", "offset: 90"),
    ("do: enroll", "do: enrol"),
    ("lifetime: 4h", "lifetim: 4h"),
    ("lifetime: 4h", "lifetime: 4"),
    ("deny: superseded_by_code", "deny: superseded"),
    ("rule: sign_in.code", "rule: sign_in.codes"),
    ("{at: 31m, do", "{do"),
    ("{at: 31m, do", "{at: 31m, after: 1m, do"),
    ("code: wrong", "code: wrong, with: totp"),
    ("invariants: none", "invariants: non"),
    ("lifetime.max: 4h", "lifetime.mx: 4h"),
    ("users: 20000", "user: 20000"),
    ("by: sam", "by: 'a b'"),
]


@pytest.mark.parametrize(("old", "new"), REFUSED_BY_SCHEMA)
def test_the_schema_refuses_what_the_reader_does(old, new):
    assert old in DESIGN
    text = DESIGN.replace(old, new)
    assert list(validator().iter_errors(plain(parse_document(text, "x"))))
    with pytest.raises(InvalidFile):
        load(text)


def test_the_schema_describes_each_request_in_the_words_of_the_table():
    parts = scenario_schema()["$defs"]
    for kind, shape in SHAPES.items():
        assert parts[STEPS[kind].__name__]["description"] == shape.meaning


# What loading costs


def test_loading_a_timeline_imports_nothing_heavy(tmp_path):
    path = tmp_path / "a.tvc.yaml"
    path.write_text(PEOPLE + "  - id: x\n    timeline: [{at: 0s, do: use, by: sam}]\n")
    program = (
        "import sys\n"
        "from tvc.files.scenarios import load_scenarios\n"
        f"load_scenarios({str(path)!r})\n"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'simpy', 'scipy', 'rich', 'typer'}\n"
        "print(sorted(heavy & set(sys.modules)), 'tvc.files.stochastic' in sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.split("\n")[0] == "[] False"
