"""Generated steps show what lies around a threshold; the invariants alone judge them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tvc.authority.decide import COMPARISONS, LAW
from tvc.domain.cases import Clock
from tvc.files.builder import Scenario
from tvc.files.documents import parse_document
from tvc.files.faults import InvalidFile
from tvc.files.scenarios import read_scenarios
from tvc.harness.boundaries.bounds import first_at
from tvc.harness.boundaries.text import probe_lines, step_text
from tvc.harness.formats import FORMATS
from tvc.harness.judge import run_case
from tvc.harness.outcomes import Concern, Outcome, SuiteResult
from tvc.harness.suite_report import SuiteReport
from tvc.workbench.schemas import SCHEMAS

GENERATE = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}"
BY_METHOD = "{at: 0s, do: sign_in, by: ana, with: authenticator}"
WRONG = BY_METHOD.replace("}", ", proof: wrong, expect: {deny: wrong_proof}}")
#: A law under which a code works for a millisecond too long.
LATE = replace(LAW, comparisons={**COMPARISONS, "code.live": lambda now, end: now <= end})


def render(name, suite):
    return FORMATS[name](SuiteReport(suite, 0, {}, lines=lambda _file: ()))


def case_of(*steps, keys="boundaries: auto", clocks="", people="ana: {}", **knobs):
    """A case with generated steps; two underscores in a knob's name stand for a dot."""
    changes = ", ".join(f"{key.replace('__', '.')}: {value}" for key, value in knobs.items())
    text = (
        f"tvc: 1\npolicies: {{mine: {{extends: salesforce, set: {{{changes}}}}}}}\n"
        f"people: {{sam: {{role: admin}}, kim: {{role: admin}}, {people}}}\n"
        f"clocks: {{{clocks}}}\n"
        f"scenarios:\n  - id: x\n    policy: mine\n    {keys}\n    timeline:\n"
    ) + "".join(f"      - {step}\n" for step in steps)
    (case,) = read_scenarios(parse_document(text, "x"), Path("x.tvc.yaml")).cases
    return case


def probed(*steps, **more):
    return run_case(case_of(*steps, **more)).generated


def shown(*steps, threshold, node=None, **more):
    """What the requests at one threshold gave on its three sides, one line a request."""
    probes = [
        probe
        for probe in probed(*steps, **more)
        if probe.bound.threshold == threshold and probe.step.node == node
    ]
    return [line.partition(": ")[2] for line in probe_lines(probes)]


# What is tried


def test_nothing_is_generated_where_nobody_asks():
    assert probed(GENERATE, keys="why: x") == ()


def test_the_end_of_a_code_is_met_by_code_by_method_and_by_the_issuer():
    assert shown(GENERATE, threshold="code.live") == [
        "{do: sign_in, by: ana, code: c1}: "
        "below allow, at deny code_expired, above deny code_expired",
        "{do: sign_in, by: ana, with: authenticator}: "
        "below deny superseded_by_code, at allow, above allow",
        "{do: generate, by: sam, for: ana, lifetime: 1h}: "
        "below deny code_already_live, at allow, above allow",
    ]


def test_whoever_signed_in_to_the_account_meets_the_end_of_its_code():
    visit = "{at: 1m, do: sign_in, by: mallory, for: ana, code: c1}"
    people = "ana: {}, mallory: {role: outsider, knows: [ana]}"
    lines = shown(GENERATE, visit, people=people, threshold="code.live")
    assert any(line.startswith("{do: sign_in, by: mallory, for: ana, code: c1}") for line in lines)


def test_a_code_without_a_handle_can_be_typed_all_the_same():
    steps = (GENERATE.replace(", save: c1", ""), "{at: 1m, do: use, by: sam}")
    (first, *_) = shown(*steps, threshold="code.live")
    assert first.startswith("{do: sign_in, by: ana, code: (step 1)}: below allow, at deny")


def test_leeway_moves_the_end_of_a_code():
    probes = probed(GENERATE, clock__leeway="1m")
    assert {probe.step.at_ms for probe in probes} == {3_659_999, 3_660_000, 3_660_001}


AGAIN = GENERATE.replace(", save: c1", "")
THRESHOLDS = {
    "lockout.for": (
        [WRONG],
        {"lockout__failures": "1"},
        ["{do: sign_in, by: ana, with: authenticator}: "
         "below deny locked_out, at allow, above allow"],
    ),
    "session.max": (
        [BY_METHOD, "{at: 1m, do: sign_out, by: sam}",
         "{at: 1m, do: sign_out, by: kim}"],
        {"session__max": "1h"},
        ["{do: use, by: ana}: below allow, at deny session_expired, above deny session_expired"],
    ),
    "session.idle": (
        ["{at: 0s, do: sign_out, by: kim}", "{at: 20m, do: use, by: sam}"],
        {"session__idle": "30m"},
        ["{do: use, by: sam}: below allow, at deny session_expired, above deny session_expired"],
    ),
    "session.ends_with_code": (
        [GENERATE, "{at: 1m, do: sign_in, by: ana, code: c1}"],
        {"session__ends_with_code": "true"},
        ["{do: use, by: ana}: below allow, at deny session_expired, above deny session_expired"],
    ),
    "issuer.approval_valid": (
        ["{at: 0s, do: approve, by: kim, for: ana}"],
        {"issuer__approvals__standard": "1", "issuer__ticket": "required"},
        ["{do: generate, by: sam, for: ana, lifetime: 1h, ticket: boundaries}: "
         "below allow, at deny approval_required, above deny approval_required"],
    ),
    "rates.rolling.per": (
        [AGAIN],
        {"rates__subject__limit": "1"},
        ["{do: generate, by: sam, for: ana, lifetime: 1h} after an expire: "
         "below deny rate_limited, at allow, above allow"],
    ),
    "rates.clock_hour.per": (
        [AGAIN.replace("0s", "59m")],
        {"rates__subject__limit": "1", "rates__subject__window": "clock_hour"},
        ["{do: generate, by: sam, for: ana, lifetime: 1h} after an expire: "
         "below deny rate_limited, at allow, above allow"],
    ),
    "rates.bucket.token": (
        [AGAIN],
        {"rates__subject__limit": "1", "rates__subject__per": "30m",
         "rates__subject__window": "bucket"},
        ["{do: generate, by: sam, for: ana, lifetime: 1h} after an expire: "
         "below deny rate_limited, at allow, above allow"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_every_kind_of_threshold_turns_between_its_sides(threshold):
    steps, knobs, lines = THRESHOLDS[threshold]
    assert shown(*steps, threshold=threshold, **knobs) == lines


@pytest.mark.parametrize("window", ["rolling", "clock_hour", "bucket"])
def test_a_limit_that_is_not_reached_has_no_edge(window):
    probes = probed(AGAIN, rates__subject__window=window)
    assert {probe.bound.threshold for probe in probes} == {"code.live"}


@pytest.mark.parametrize("scope", ["issuer", "org"])
def test_a_limit_of_issuers_or_of_all_is_met_by_the_generation_that_it_counted(scope):
    lines = shown(
        AGAIN,
        threshold="rates.rolling.per",
        rates__subject__limit="1",
        rates__subject__scope=scope,
    )
    assert lines == THRESHOLDS["rates.rolling.per"][2]


def test_one_counter_for_both_paths_is_met_on_both():
    lines = shown(WRONG, threshold="lockout.for", lockout__failures="1", lockout__scope="user")
    assert [line.partition("}")[0] for line in lines] == [
        "{do: sign_in, by: ana, with: authenticator",
        "{do: sign_in, by: ana, code: wrong",
    ]


def test_what_a_later_step_takes_away_is_no_threshold_any_more():
    expire = "{at: 30m, do: expire, by: sam, for: ana}"
    assert probed(GENERATE, expire) == ()


def test_a_threshold_at_the_instant_of_a_step_is_met_before_it():
    expire = "{at: 1h, do: expire, by: sam, for: ana, expect: {deny: no_live_code}}"
    sides = [(probe.side, probe.after) for probe in probed(GENERATE, expire)]
    assert set(sides) == {("below", 1), ("at", 1), ("above", 2)}


def test_a_session_may_end_before_the_first_step():
    probes = probed("{at: 2h, do: lose_device, by: ana}", session__max="1h")
    assert {(probe.after, probe.step.at_ms) for probe in probes} == {
        (0, 3_599_999), (0, 3_600_000), (0, 3_600_001),
    }  # fmt: skip


# On other clocks


def test_each_node_of_the_file_meets_the_threshold_by_its_own_clock():
    probes = probed(
        GENERATE,
        clocks="slow: {offset: -90s}, fast: {drift_ppm: 1000}",
        keys="boundaries: auto\n    breaks: [no_use_after_expiry]",
    )
    times = {}
    for probe in probes:
        times.setdefault(probe.step.node, set()).add(probe.step.at_ms)
    assert times == {
        None: {3_599_999, 3_600_000, 3_600_001},
        "slow": {3_689_999, 3_690_000, 3_690_001},
        "fast": {3_596_403, 3_596_404, 3_596_405},
    }


@given(
    st.integers(-(10**7), 10**7),
    st.integers(-999_990, 1_000_000),
    st.integers(-(10**9), 10**9),
)
def test_the_first_time_at_which_a_clock_shows_a_reading_is_found(offset, drift, reading):
    clock = Clock("c", offset, drift)
    at = first_at(clock, reading)
    assert clock.read(at - 1) < reading <= clock.read(at)


def test_a_clock_that_stands_still_shows_no_later_reading():
    assert first_at(Clock("dead", 0, -1_000_000), 1) is None
    assert {p.step.node for p in probed(GENERATE, clocks="dead: {drift_ppm: -1000000}")} == {None}


# Who judges


def test_generated_steps_disturb_nothing_of_the_authors():
    steps = (GENERATE, "{at: 1m, do: sign_in, by: ana, code: c1}", "{at: 2h, do: use, by: ana}")
    with_, without = run_case(case_of(*steps)), run_case(case_of(*steps, keys="why: x"))
    assert with_.generated
    assert with_.steps == without.steps
    assert with_.run.trace.records == without.run.trace.records
    assert with_.invariants == without.invariants


def test_whatever_a_generated_step_gives_the_case_passes_while_the_invariants_hold():
    result = run_case(case_of(GENERATE))
    assert {probe.decision.allowed for probe in result.generated} == {True, False}
    assert result.outcome is Outcome.PASSED


def test_a_slow_node_that_accepts_late_fails_the_case():
    result = run_case(case_of(GENERATE, clocks="slow: {offset: -90s}"))
    assert result.outcome is Outcome.FAILED
    (failure,) = result.failures
    assert (failure.concern, failure.invariant) == (Concern.INVARIANT, "no_use_after_expiry")
    assert "is broken by a generated step: ana#1 was accepted 89999 ms" in failure.message
    assert "do: sign_in, by: ana, code: c1, node: slow}" in failure.message
    assert failure.line == result.steps[0].taken.step.line


def test_a_case_that_says_what_breaks_is_not_told_again():
    slow = "{at: 1h1m, do: sign_in, by: ana, code: c1, node: slow}"
    keys = "boundaries: auto\n    breaks: [no_use_after_expiry]"
    result = run_case(case_of(GENERATE, slow, clocks="slow: {offset: -90s}", keys=keys))
    assert result.failures == ()
    assert not [probe for probe in result.generated if probe.breaks]


def test_a_generated_step_does_not_show_what_the_author_says_breaks():
    keys = "boundaries: auto\n    breaks: [no_use_after_expiry]"
    result = run_case(case_of(GENERATE, clocks="slow: {offset: -90s}", keys=keys))
    assert [failure.concern for failure in result.failures] == [Concern.BREAKS]


def test_a_law_off_by_one_is_found_by_a_timeline_that_never_comes_near():
    assert run_case(case_of(GENERATE, keys="why: x"), LATE).outcome is Outcome.PASSED
    result = run_case(case_of(GENERATE), LATE)
    assert result.outcome is Outcome.FAILED
    (breaking,) = [probe for probe in result.generated if probe.breaks]
    assert step_text(breaking) == "{at: 1h, do: sign_in, by: ana, code: c1}"
    assert breaking.side == "at"


@pytest.mark.parametrize("rule", [rule.id for rule in LAW.all_rules()])
def test_a_law_without_a_rule_can_be_probed_too(rule):
    steps = [step.replace("ana", "mallory") for step in (GENERATE, BY_METHOD, WRONG)]
    steps = [step.partition(", expect")[0].rstrip("}") + "}" for step in (GENERATE, *steps)]
    steps[1] = steps[1].replace("c1", "c2")
    people = "ana: {}, mallory: {role: outsider}"
    case = case_of(*steps, people=people, lockout__failures="1", session__idle="10m")
    assert run_case(case, LAW.without(rule)).generated


def test_a_case_that_is_known_to_fail_may_fail_by_a_generated_step():
    keys = "boundaries: auto\n    xfail: one clock is slow"
    assert run_case(case_of(GENERATE, clocks="s: {offset: -1s}", keys=keys)).outcome == "xfailed"


def test_the_same_case_gives_the_same_steps_each_time():
    case = case_of(GENERATE, clocks="slow: {offset: -90s}", session__idle="10m")
    assert run_case(case).generated == run_case(case).generated


# Files


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("boundaries: none", "unknown boundaries 'none': expected auto"),
        ("boundaries:", "unknown boundaries null: expected auto"),
        ("boundaries: auto\n    invariants: none", "nothing judges the steps"),
    ],
)
def test_what_can_mean_nothing_is_refused(keys, message):
    with pytest.raises(InvalidFile, match=message):
        case_of(GENERATE, keys=keys)


def test_a_workload_has_no_boundaries():
    text = (
        "tvc: 1\nscenarios:\n  - id: x\n    boundaries: auto\n"
        "    workload: {users: 100, horizon: 7d, losses: {per_user_per_year: 0.3}}\n"
        "    expect: [{metric: p95(time_to_access), at_most: 2h, margin: 20m}]\n"
    )
    with pytest.raises(InvalidFile, match="boundaries belong to a timeline, not to a workload"):
        read_scenarios(parse_document(text, "x"), Path("x"))


def test_asking_for_boundaries_is_a_part_of_the_case():
    with_, without = case_of(GENERATE), case_of(GENERATE, keys="why: x")
    assert with_.digest != without.digest
    assert replace(with_, boundaries=False).digest == without.digest


def test_the_builder_says_the_same():
    scenario = Scenario("x").person("sam", role="admin").person("ana").boundaries()
    scenario = scenario.at("0s").generate("sam", for_="ana", lifetime="1h")
    case = scenario.case()
    assert case.boundaries
    assert Scenario.from_case(case).case().digest == case.digest


# Reports


def suite(**more):
    return SuiteResult((run_case(case_of(GENERATE, **more)),))


@pytest.mark.parametrize("clocks", ["", "slow: {offset: -90s}"])
def test_the_json_report_has_generated_steps_apart_and_fits_its_schema(clocks):
    report = json.loads(render("json", suite(clocks=clocks)))
    Draft202012Validator(SCHEMAS["report"]()).validate(report)
    (case,) = report["cases"]
    assert len(case["steps"]) == 1
    assert {one["after_step"] for one in case["generated"]} == {0}
    broken = [name for one in case["generated"] for name in one["breaks"]]
    assert broken == (["no_use_after_expiry"] if clocks else [])


def test_a_case_that_asks_for_none_has_no_such_key():
    (case,) = json.loads(render("json", suite(keys="why: x")))["cases"]
    assert "generated" not in case


def test_people_see_generated_steps_in_a_place_of_their_own():
    names, generated, *_ = render("pretty", suite()).split("\n\n")
    assert "generated" not in names
    assert generated.splitlines()[:2] == [
        "generated by boundaries: auto, expected by nobody: x.tvc.yaml::x",
        "  at 1h, code.live of ana#1: {do: sign_in, by: ana, code: c1}: "
        "below allow, at deny code_expired, above deny code_expired",
    ]


def test_people_see_which_generated_step_breaks_what():
    text = render("pretty", suite(clocks="slow: {offset: -90s}"))
    assert "below allow (BREAKS no_use_after_expiry), at deny code_expired" in text


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_tell_of_a_generated_failure(name):
    text = render(name, suite(clocks="slow: {offset: -90s}"))
    assert "no_use_after_expiry" in text
