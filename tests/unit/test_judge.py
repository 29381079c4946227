"""A case passes when, and only when, all that its file says came true; every other case tells why."""

# ruff: noqa: E501 - the lines of scenario files are as long as they are

import pytest

from tvc.authority.decide import LAW
from tvc.files.documents import parse_document
from tvc.files.scenarios import read_scenarios
from tvc.harness.judge import run_case, step_of
from tvc.harness.outcomes import Concern, Outcome
from tvc.harness.runner import run_guarded

HEAD = """\
tvc: 1
policies:
  three: {set: {rates.subject.limit: 3, code.on_live: replace}}
people:
  sam: {role: admin}
  lee: {role: admin}
  ana: {}
  mallory: {role: outsider, knows: [ana]}
clocks:
  slow: {offset: -90s}
scenarios:
  - id: x
"""
GENERATE = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}"
ENTER = "{at: 5m, do: sign_in, by: ana, code: c1}"


def cases_of(tmp_path, text):
    path = tmp_path / "x.tvc.yaml"
    return read_scenarios(parse_document(text, str(path)), path).cases


@pytest.fixture
def judge(tmp_path):
    """Run one scenario of some steps and more lines."""

    def judge(*steps, more="", law=LAW):
        lines = "".join(f"      - {step}\n" for step in steps)
        (case,) = cases_of(tmp_path, f"{HEAD}{more}    timeline:\n{lines}")
        return run_guarded(case, law)

    return judge


def audit(match="", events=(), never=()):
    lines = f"    audit:\n{f'      match: {match}' if match else ''}\n"
    for key, entries in (("events", events), ("never", never)):
        if entries:
            lines += f"      {key}:\n" + "".join(f"        - {entry}\n" for entry in entries)
    return lines


# Steps

#: A denied step, an expectation of it, and whether that is met.
EXPECTATIONS = [
    ("{deny: superseded_by_code}", True),
    ("{deny: superseded_by_code, rule: sign_in.precedence}", True),
    ("{deny: wrong_proof}", False),
    ("{deny: method_not_enrolled, rule: sign_in.enrolled}", False),
    ("allow", False),
]


@pytest.mark.parametrize(("expect", "met"), EXPECTATIONS)
def test_a_denial_is_compared_by_its_reason_and_rule(judge, expect, met):
    found = judge(
        GENERATE, f"{{at: 1m, do: sign_in, by: ana, with: authenticator, expect: {expect}}}"
    )
    assert found.outcome is (Outcome.PASSED if met else Outcome.FAILED)
    assert found.steps[1].ok is met
    if not met:
        (failure,) = found.failures
        assert failure.concern is Concern.STEP
        assert failure.step == 1
        assert failure.got.startswith("{deny: superseded_by_code")
        assert failure.expected == expect
        # One word never stands for both sides.
        assert f"expected {failure.expected}, got {failure.got}" in failure.message


def test_an_allowed_step_that_should_be_denied_fails(judge):
    found = judge("{at: 0s, do: use, by: sam, expect: {deny: not_signed_in}}")
    (failure,) = found.failures
    assert (failure.expected, failure.got) == ("{deny: not_signed_in}", "allow")


def test_a_step_that_says_nothing_must_be_allowed(judge):
    found = judge("{at: 0s, do: use, by: ana}")
    (failure,) = found.failures
    assert (failure.expected, failure.got) == ("allow", "{deny: not_signed_in, rule: use.session}")


DETAILS = [
    ("{at: 1m, do: sign_in, by: ana, expect: {deny: verification_required, challenge: %s}}", "code", "none"),
    ("{at: 2h, do: sign_in, by: ana, expect: {deny: verification_required, challenge: %s}}", "authenticator", "code"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "right", "wrong"), DETAILS)
def test_a_challenge_is_compared(judge, step, right, wrong):
    assert judge(GENERATE, step % right).outcome is Outcome.PASSED
    (failure,) = judge(GENERATE, step % wrong).failures
    assert f"challenge: {wrong}" in failure.expected
    assert f"challenge: {right}" in failure.got


def test_a_wait_and_a_limit_are_compared(judge):
    steps = [f"{{at: {n}m, do: generate, by: sam, for: ana, lifetime: 1h}}" for n in range(3)]
    denied = (
        "{at: 10m, do: generate, by: sam, for: ana, lifetime: 1h, expect: {deny: rate_limited, %s}}"
    )
    policy = "    policy: three\n"
    right = judge(*steps, denied % "limit: subject, retry_after: 50m", more=policy)
    assert right.outcome is Outcome.PASSED
    (failure,) = judge(*steps, denied % "retry_after: 49m59s999ms", more=policy).failures
    assert "retry_after: 50m" in failure.got
    assert "limit:" not in failure.got


def test_every_step_runs_and_is_reported_whatever_the_earlier_ones_gave(judge):
    found = judge(
        "{at: 0s, do: use, by: ana}",
        "{at: 1s, do: generate, by: ana, for: ana, lifetime: 1h, save: c1}",
        "{at: 2s, do: sign_in, by: ana, code: c1}",
        "{at: 3s, do: use, by: sam}",
    )
    assert [step.ok for step in found.steps] == [False, False, False, True]
    assert [failure.step for failure in found.failures] == [0, 1, 2]
    # The code was refused, so what is typed matches nothing.
    assert found.failures[2].got.startswith("{deny: no_code")


# Audit

EVENTS = ["{type: generate.allowed, by: sam}", "{type: sign_in.allowed, code: c1}"]


@pytest.mark.parametrize(
    ("match", "events", "met"),
    [
        ("in_order", EVENTS, True),
        ("in_order", EVENTS[1:], True),
        ("in_order", EVENTS[::-1], False),
        ("", EVENTS, True),
        ("", EVENTS[::-1], False),
        ("any_order", EVENTS[::-1], True),
        ("any_order", [*EVENTS, EVENTS[0]], False),
        ("exactly", EVENTS, False),
        ("exactly", [*EVENTS, "{type: use.allowed, by: ana}"], True),
        ("exactly", [EVENTS[0], "{type: use.allowed, by: ana}", EVENTS[1]], False),
        ("exactly", [*EVENTS, "{type: use.allowed}", "{type: use.allowed}"], False),
        ("in_order", [EVENTS[0], EVENTS[0]], False),
        ("in_order", ["{type: sign_in.denied, subject: ana}"], False),
    ],
)
def test_audit_lines_are_matched_as_their_mode_says(judge, match, events, met):
    found = judge(GENERATE, ENTER, "{at: 6m, do: use, by: ana}", more=audit(match, events))
    assert found.outcome is (Outcome.PASSED if met else Outcome.FAILED)
    assert [failure.concern for failure in found.failures] == ([] if met else [Concern.AUDIT])


def test_in_any_order_a_loose_line_takes_nothing_from_a_strict_one(judge):
    events = ["{type: use.allowed}", "{type: use.allowed, by: sam}"]
    steps = ["{at: 0s, do: use, by: sam}", "{at: 1s, do: use, by: lee}"]
    assert judge(*steps, more=audit("any_order", events)).outcome is Outcome.PASSED
    assert judge(*steps, more=audit("any_order", events[::-1])).outcome is Outcome.PASSED


def test_in_any_order_a_thousand_lines_are_no_error_of_ours(judge):
    steps = [f"{{at: {n}s, do: use, by: sam}}" for n in range(1_200)]
    found = judge(*steps, more=audit("any_order", ["{type: use.allowed}"] * 1_200))
    assert found.outcome is Outcome.PASSED, found.failures


def test_a_line_that_must_never_come_fails_at_the_step_that_brought_it(judge):
    found = judge(GENERATE, ENTER, more=audit(never=["{type: sign_in.allowed, subject: ana}"]))
    (failure,) = found.failures
    assert (failure.concern, failure.step) == (Concern.AUDIT, 1)
    assert "never" in failure.message
    other = judge(GENERATE, ENTER, more=audit(never=["{type: sign_in.denied, subject: ana}"]))
    assert other.outcome is Outcome.PASSED


def test_a_missing_line_is_pointed_at_where_the_file_has_it(judge):
    events = ["{type: generate.allowed}", "{type: sign_in.denied}"]
    found = judge(GENERATE, ENTER, more=audit(events=events))
    (failure,) = found.failures
    assert failure.line == HEAD.count("\n") + 5
    assert "{type: sign_in.denied}" in failure.message


def test_a_handle_in_the_audit_stands_for_its_own_code_only(judge):
    second = "{at: 10m, do: generate, by: sam, for: ana, lifetime: 1h, save: c2}"
    more = "    policy: three\n"
    end = audit(events=["{type: code.ended, code: %s, cause: replaced}"])
    assert judge(GENERATE, second, more=more + end % "c1").outcome is Outcome.PASSED
    assert judge(GENERATE, second, more=more + end % "c2").outcome is Outcome.FAILED


# Invariants

LATE = "{at: 1h1m, do: sign_in, by: ana, code: c1, node: slow}"


def test_what_the_policy_makes_true_is_checked_without_asking(judge):
    found = judge(GENERATE, LATE)
    (failure,) = found.failures
    assert failure.concern is Concern.INVARIANT
    assert "no_use_after_expiry" in failure.message
    assert failure.step == 1
    assert {one.name: one.holds for one in found.invariants}["no_use_after_expiry"] is False


def test_a_break_that_is_announced_passes_and_one_that_is_not_seen_fails(judge):
    breaks = "    breaks: [no_use_after_expiry]\n"
    assert judge(GENERATE, LATE, more=breaks).outcome is Outcome.PASSED
    (failure,) = judge(GENERATE, ENTER, more=breaks).failures
    assert failure.concern is Concern.BREAKS
    assert "no_use_after_expiry was not seen to break" in failure.message


def test_no_invariant_is_checked_where_the_scenario_says_none(judge):
    found = judge(GENERATE, LATE, more="    invariants: none\n")
    assert (found.outcome, found.invariants) == (Outcome.PASSED, ())


def test_what_no_policy_makes_true_is_checked_on_request_only(judge):
    enter = "{at: 5m, do: sign_in, by: mallory, for: ana, code: c1}"
    assert judge(GENERATE, enter).outcome is Outcome.PASSED
    asked = judge(GENERATE, enter, more="    invariants: [outsiders_stay_out]\n")
    assert "outsiders_stay_out" in asked.failures[0].message


# Skipped, known to fail, failing in here


def test_a_skipped_case_is_not_played(judge):
    found = judge(GENERATE, more='    skip: "later"\n')
    assert (found.outcome, found.note, found.run) == (Outcome.SKIPPED, "later", None)


def test_a_case_known_to_fail_must_fail(judge):
    more = '    xfail: "known"\n'
    known = judge("{at: 0s, do: use, by: ana}", more=more)
    assert (known.outcome, known.failures) == (Outcome.XFAILED, ())
    mended = judge("{at: 0s, do: use, by: sam}", more=more)
    assert mended.outcome is Outcome.FAILED
    assert mended.failures[0].concern is Concern.XFAIL


def test_a_simulation_has_no_steps_to_play_and_never_passes_as_a_timeline(tmp_path):
    text = (
        HEAD
        + "    workload: {users: 10, horizon: 7d}\n    expect: [{metric: mean(calls), at_most: 9, margin: 1}]\n"
    )
    (case,) = cases_of(tmp_path, text)
    found = run_case(case)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.failures


def test_a_law_that_raises_is_an_error_of_that_case_alone(judge):
    from dataclasses import replace

    def explode(_context):
        raise RuntimeError("with words that nobody shall read")

    law = LAW.observed(lambda rule: replace(rule, check=explode), LAW.comparisons)
    found = judge("{at: 0s, do: use, by: sam}", law=law)
    assert found.outcome is Outcome.ERROR
    (failure,) = found.failures
    assert failure.concern is Concern.INTERNAL
    assert "RuntimeError" in failure.message
    assert "nobody shall read" not in failure.message


def test_more_codes_than_the_alphabet_has_are_no_error_of_ours(tmp_path):
    steps = "".join(
        f"      - {{at: {n}s, do: generate, by: sam, for: ana, lifetime: 1h}}\n" for n in range(3)
    )
    text = f"""\
tvc: 1
policies: {{tiny: {{set: {{code.length: 1, code.alphabet: ab, code.on_live: replace}}}}}}
people: {{sam: {{role: admin}}, ana: {{}}}}
scenarios:
  - id: x
    policy: tiny
    timeline:
{steps}"""
    (case,) = cases_of(tmp_path, text)
    assert run_guarded(case).outcome is not Outcome.ERROR


def test_each_record_belongs_to_the_step_that_made_it_and_lapses_at_the_end_to_none(judge):
    found = judge(GENERATE, ENTER, "{at: 2h, do: use, by: ana}")
    records = found.run.trace.records
    assert [step_of(found.run, record.seq) for record in records] == [0, 1, 2, None]
    assert records[-1].type == "code.ended"
