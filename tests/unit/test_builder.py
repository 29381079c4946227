"""The builder makes the same cases as files do, there and back."""

import inspect
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvc.authority.requests import SHAPES
from tvc.files.builder import Scenario
from tvc.files.documents import parse_document
from tvc.files.faults import InvalidFile
from tvc.files.nodes import plain
from tvc.files.scenarios import load_scenarios, read_scenarios
from tvc.files.writing import write_yaml

FULL = """\
tvc: 1
tags: [one]
policies:
  strict-2: {extends: strict, set: {rates.desk: {limit: 4, per: 1d}, rates.subject: off,
    code.uses: 3, notify: [generate], code.alphabet: letters, expire.own: true}}
people:
  sam: {role: admin}
  ana: {methods: [totp, sms], device: lost, tier: privileged}
  tom: {permissions: [manage_mfa_standard], session: high, mfa: false}
  mallory: {role: outsider, knows: [ana, sam]}
clocks:
  west: {offset: -90s, drift_ppm: -20}
  east: {}
scenarios:
  - id: whole
    policy: strict-2
    tags: [two, one]
    why: says it all
    xfail: "a: #b"
    breaks: [rate_limit_holds]
    invariants: [outsiders_stay_out]
    audit:
      match: any_order
      events:
        - {type: generate.allowed, code: c1}
        - {type: code.ended}
      never: [{by: mallory, reason: wrong_proof}]
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, ticket: '007', save: c1}
      - {after: 1m, do: sign_in, by: ana, code: c1, node: west, expect: allow}
      - {after: 1m, do: sign_in, by: mallory, for: ana, with: totp, proof: wrong, expect:
          {deny: superseded_by_code, rule: sign_in.precedence}}
      - {after: 1m, do: sign_in, by: mallory, for: ana, password: wrong,
         expect: {deny: wrong_password}}
      - {at: 1h, do: sign_in, by: tom, via: sso}
      - {at: 1h, do: sign_in, by: ana, expect: {deny: verification_required, challenge: none}}
      - {at: 1h, do: generate, by: sam, for: ana, lifetime: 1h,
         expect: {deny: rate_limited, limit: desk, retry_after: 23h}}
      - {at: 2h, do: reset_password, by: sam, for: ana, given_to: mallory}
      - {at: 2h, do: reset_password, by: sam, for: ana}
      - {at: 2h, do: enroll, by: ana, with: totp}
      - {at: 2h, do: step_up, by: ana, code: wrong, expect: {deny: no_code}}
      - {at: 2h, do: reveal, by: ana, for: ana, expect: {deny: code_not_viewable}}
      - {at: 2h, do: lose_device, by: mallory}
      - {at: 2h, do: freeze, by: sam, for: ana}
  - id: table
    matrix: {policy: [salesforce, strict-2], life: [1h, 2h]}
    invariants: none
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: "${life}"}
"""


def load(text, name="a.tvc.yaml"):
    return read_scenarios(parse_document(text, name), Path(name)).cases


@pytest.fixture(scope="module")
def cases():
    return load(FULL)


def test_a_loaded_case_written_by_the_builder_loads_as_the_same_case(cases):
    for case in cases:
        built = Scenario.from_case(case)
        assert built.case().digest == case.digest
        (loaded,) = load(built.to_yaml())
        assert loaded.digest == case.digest


def test_a_built_scenario_is_the_case_that_its_yaml_loads_as(tmp_path):
    built = (
        Scenario("x", policy="tight")
        .with_policy("tight", {"lifetime.max": "2h"}, extends="strict")
        .person("sam", role="admin")
        .person("ana", device="lost")
        .clock("west", offset="-90s", drift_ppm=20)
        .tags("fast")
        .why("shows all of it: really")
        .breaks("rate_limit_holds")
        .audit({"type": "generate.allowed", "by": "sam"}, never=[{"by": "ana", "node": "west"}])
        .at("0s")
        .generate("sam", for_="ana", lifetime="1h")
        .save("c1")
        .after("5m")
        .node("west")
        .sign_in("ana", code="c1")
        .expect_allow()
        .at("1h")
        .sign_in("ana", with_="totp", proof="wrong")
        .expect_deny("method_not_enrolled", rule="sign_in.enrolled")
    )
    path = tmp_path / "x.tvc.yaml"
    path.write_text(built.to_yaml())
    (loaded,) = load_scenarios(path).cases
    case = built.case(path)
    assert case == loaded
    assert case.digest == loaded.digest
    assert case.policy.policy.lifetime.max_ms == 7_200_000
    assert [step.at_ms for step in case.steps] == [0, 300_000, 3_600_000]


def test_every_request_has_a_method_with_the_fields_of_the_table():
    for kind, shape in SHAPES.items():
        method = getattr(Scenario, kind.value)
        names = [name.removesuffix("_") for name in inspect.signature(method).parameters]
        assert names == ["self", "by", *shape.fields]
        assert method.__doc__ == shape.meaning


def test_each_method_returns_another_scenario_and_leaves_the_first_alone():
    start = Scenario("x").person("ana").at("0s").use("ana")
    one = start.expect_allow()
    other = start.expect_deny("not_signed_in")
    assert start.to_yaml() != one.to_yaml() != other.to_yaml()
    assert not start.case().steps[0].stated
    assert other.case().steps[0].expect.reason == "not_signed_in"


def test_a_table_makes_one_case_a_row():
    built = (
        Scenario("x")
        .person("sam", role="admin")
        .person("ana")
        .table(
            {"policy": "salesforce", "life": "24h", "want": "allow"},
            {"policy": "strict", "life": "5h", "want": {"deny": "lifetime_too_long"}},
        )
        .at("0s")
        .generate("sam", for_="ana", lifetime="${life}", expect="${want}")
    )
    assert [case.id for case in built.cases()] == [
        "x[policy=salesforce,life=24h]",
        "x[policy=strict,life=5h]",
    ]
    with pytest.raises(ValueError, match="x has 2 cases"):
        built.case()


def test_a_matrix_makes_one_case_for_each_combination():
    built = Scenario("x").person("ana").person("bob").matrix(who=["ana", "bob"], when=["0s", "1s"])
    assert len(built.at("${when}").lose_device("${who}").cases()) == 4


MISTAKES = [
    (lambda s: s.at("0s").use("ana", tickt="1"), "unknown key 'tickt'"),
    (lambda s: s.at("0s").generate("ana", lifetim="1h"), "did you mean 'lifetime'"),
    (lambda s: s.step("sing_in", "ana"), "did you mean 'sign_in'"),
    (lambda s: s.save("c1"), "save comes after the request"),
    (lambda s: s.expect_allow(), "expect comes after the request"),
    (lambda s: s.at("0s").use("ana").at("1s").expect_allow(), "expect comes after the request"),
    (lambda s: s.at("0s").use("ana").expect_allow().expect_allow(), "said twice"),
    (lambda s: s.at("0s").at("1s"), "at is said twice"),
    (lambda s: s.person("ana"), "'ana' is among the people already"),
    (lambda s: s.at("0s").use("ana").at("1s").to_yaml(), "no request comes after at"),
]


@pytest.mark.parametrize(("mistake", "words"), MISTAKES, ids=[words for _, words in MISTAKES])
def test_a_mistake_is_refused_where_it_is_made(mistake, words):
    with pytest.raises(ValueError, match=words):
        mistake(Scenario("x").person("ana"))


def test_what_only_the_whole_shows_is_refused_with_the_words_of_files():
    built = Scenario("x").person("ana").use("anna").expect_deny("rate_limited")
    with pytest.raises(InvalidFile) as caught:
        built.cases()
    words = str(caught.value)
    assert "neither at nor after" in words
    assert "did you mean 'ana'?" in words
    assert "never denied with rate_limited" in words


def test_a_simulated_case_has_no_steps_to_build_from():
    (case,) = load("tvc: 1\nscenarios: [{id: x, workload: {}}]\n")
    with pytest.raises(ValueError, match="it has no steps"):
        Scenario.from_case(case)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | TEXT,
    lambda below: st.lists(below) | st.dictionaries(TEXT, below),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["a", "b c", "yes", "1"]), PLAIN, min_size=1))
def test_what_is_written_reads_back_as_it_was(value):
    assert plain(parse_document(write_yaml(value), "x")) == value
