"""An explanation is what the law itself says: it changes nothing and its advice works."""

# ruff: noqa: E501 - the lines of scenario files are as long as they are

from functools import cache
from pathlib import Path

import pytest

from tvc.authority.decide import LAW, decide
from tvc.authority.durations import parse_duration
from tvc.authority.requests import Kind
from tvc.authority.state import Put, apply
from tvc.files.documents import parse_document
from tvc.files.scenarios import load_scenarios, read_scenarios
from tvc.harness.examine import differences, entries_about, examine
from tvc.harness.explain import NoSuchStep, explain
from tvc.harness.nearest import nearest_allows
from tvc.timeline import play

FOLDER = Path(__file__).parents[2] / "scenarios"

HEAD = """\
tvc: 1
policies:
  three: {set: {lockout.failures: 3}}
  two: {set: {rates.subject.limit: 2, code.on_live: replace}}
people:
  sam: {role: admin}
  lee: {role: admin, session: standard}
  pat: {role: user, session: high}
  ana: {}
  gus: {active: false}
clocks:
  west: {offset: -90s}
scenarios:
  - id: x
"""
GENERATE = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}"


@pytest.fixture
def case(tmp_path):
    """A case of some steps."""

    def case(*steps, policy="salesforce"):
        lines = "".join(f"      - {step}\n" for step in steps)
        text = f"{HEAD}    policy: {policy}\n    timeline:\n{lines}"
        path = tmp_path / "x.tvc.yaml"
        return read_scenarios(parse_document(text, str(path)), path).cases[0]

    return case


def explained(case, number=None):
    return "\n".join(explain(case, number))


# The text


def test_a_denial_is_told_with_its_rules_numbers_knobs_and_state(case):
    shown = explained(case(GENERATE, "{at: 1h, do: sign_in, by: ana, code: c1}"))
    head, _, step = shown.partition("\n\n")
    assert "x.tvc.yaml::x" in head
    assert "policy salesforce (" in head
    for words in (
        "step 2, ",
        "at 1h, ana asks to sign_in, for ana, presenting code c1",
        "decision: deny: code_expired by sign_in.code",
        'the screen says: "Error: Invalid or expired verification code. Try again."',
        "expected: allow",
        "rules met, in order:",
        "sign_in.known         passed",
        "sign_in.code          refused: code_expired",
        "code.live: 1h < 1h? no",
        "policy values it looked at:",
        "clock.leeway",
        "state before, about ana:",
        "codes[ana]:",
        "state after: unchanged",
        "nearest allow:",
        "time:       1ms earlier",
    ):
        assert words in step, shown


def test_only_denials_and_surprises_are_told_unless_a_step_is_asked_for(case):
    one = case(
        GENERATE,
        "{at: 1m, do: sign_in, by: ana, code: c1, expect: {deny: wrong_code}}",
        "{at: 2m, do: use, by: ana}",
        "{at: 3m, do: sign_in, by: ana, expect: {deny: verification_required}}",
    )
    shown = explained(one)
    assert [number for number in range(1, 5) if f"step {number}, " in shown] == [2, 4]
    assert "decision: allow, code ana#1" in explained(one, 1)
    assert "issued[ana]: nothing -> 1" in explained(one, 1)
    assert "Every step was allowed" in explained(case(GENERATE))
    for number in (0, 5, -1):
        with pytest.raises(NoSuchStep, match="steps 1 to 4"):
            explained(one, number)


def test_a_rule_that_was_not_reached_is_named_as_such(case):
    shown = explained(case("{at: 0s, do: generate, by: pat, for: ana, lifetime: 1h}"))
    assert "generate.permission  refused: not_permitted" in shown
    assert "not reached: generate.assurance, generate.subject_known" in shown
    assert "permission: pat holds manage_mfa_standard" in shown


def test_a_node_is_told_with_how_far_its_clock_is_off(case):
    shown = explained(case("{at: 1h, do: use, by: ana, node: west}"))
    assert "read by node west, -1m30s from true time" in shown


def test_a_fact_is_told_without_rules(case):
    shown = explained(case("{at: 0s, do: deactivate, by: sam, for: ana}"), 1)
    assert "deactivate is a fact" in shown


@pytest.mark.parametrize(
    ("steps", "policy", "advice"),
    [
        (["{at: 0s, do: generate, by: lee, for: ana, lifetime: 1h}"], "salesforce", "session:    lee steps up"),
        (["{at: 0s, do: generate, by: sam, for: ana, lifetime: 25h}"], "salesforce", "lifetime:   lifetime 24h"),
        (["{at: 0s, do: generate, by: sam, for: ana, lifetime: 90m}"], "salesforce", "lifetime:   lifetime 1h"),
        (["{at: 0s, do: generate, by: sam, for: ana, lifetime: 25h}"], "salesforce", "knob:       lifetime.max: 25h"),
        ([GENERATE, "{at: 10m, do: generate, by: sam, for: ana, lifetime: 1h}"], "salesforce", "time:       50m later"),
        ([GENERATE, "{at: 10m, do: sign_in, by: ana, with: authenticator}"], "salesforce", "sign_in.precedence: either"),
        ([GENERATE.replace("1h", "2h"), *["{at: 1m, do: sign_in, by: ana, code: wrong}"] * 3, "{at: 2m, do: sign_in, by: ana, code: c1}"], "three", "time:       59m later"),
        (["{at: 0s, do: generate, by: sam, for: gus, lifetime: 1h}"], "salesforce", "none: no single change"),
    ],
)  # fmt: skip
def test_the_nearest_allow_is_the_one_a_person_would_name(case, steps, policy, advice):
    one = case(*steps, policy=policy)
    assert advice in explained(one, len(steps))


def test_a_wait_for_a_rate_limit_is_advised(case):
    again = "{at: 10m, do: generate, by: sam, for: ana, lifetime: 1h}"
    one = case(GENERATE, GENERATE.replace("c1", "c2"), again, policy="two")
    assert "time:       50m later" in explained(one, 3)
    assert "rates.subject.limit: 3 (is 2)" in explained(one, 3)


# What holds for every step of the shipped scenarios


@cache
def denials():
    """Every distinct denied step of the shipped scenarios: policy, state before, request, reading."""
    found = {}
    for file in sorted(FOLDER.glob("**/*.tvc.yaml")):
        for case in load_scenarios(file).cases:
            if case.skip is not None or case.stochastic:
                continue
            run = play(case)
            state = run.trace.initial.copy()
            own = {taken.first: taken for taken in run.taken}
            for record in run.trace.records:
                if record.seq in own and not own[record.seq].decision.allowed:
                    decision = own[record.seq].decision
                    key = (
                        decision.rule,
                        decision.reason,
                        record.request.kind,
                        run.trace.policy.name,
                    )
                    found.setdefault(
                        key,
                        (
                            run.trace.policy,
                            state.copy(),
                            record.request,
                            record.at.reading_ms,
                            decision,
                        ),
                    )
                apply(state, record.effects)
    return list(found.values())


@cache
def advice():
    """Every piece of advice, with the denial that it is for."""
    return [
        (change, (policy, state, request, now_ms))
        for policy, state, request, now_ms, _ in denials()
        for change in nearest_allows(policy, state, request, now_ms)
    ]


def test_taking_notes_changes_no_decision_and_no_state():
    assert len(denials()) > 50
    for policy, state, request, now_ms, decision in denials():
        before = state.copy()
        seen = examine(policy, state, request, now_ms)
        assert seen.decision == decision
        assert state == before
        assert seen.meetings[-1].rule.id == decision.rule
        assert seen.meetings[-1].verdict == f"refused: {decision.reason}"
        assert all(meeting.verdict == "passed" for meeting in seen.meetings[:-1])
        ids = [rule.id for rule in LAW.rules[request.kind]]
        assert [m.rule.id for m in seen.meetings] + [rule.id for rule in seen.unmet] == ids
        assert set(seen.knobs) <= set(policy.values())


def test_every_advice_works_when_it_is_followed_and_a_time_is_the_nearest():
    followed = dict.fromkeys(("time", "lifetime", "permission", "session", "knob"), 0)
    for change, denial in advice():
        assert follow(change, *denial), (change, denial[2])
        followed[change.of] += 1
    assert all(followed.values()), followed
    # Time is nearest: no moment a millisecond nearer to the request would do.
    for change, (policy, state, request, now_ms) in advice():
        if change.of == "time":
            nearer_ms = parse_duration(change.text.split()[0]) - 1
            for moment in {now_ms + nearer_ms, max(0, now_ms - nearer_ms)} - {now_ms}:
                assert not decide(LAW, policy, state, request, moment).allowed


def follow(change, policy, state, request, now_ms):
    """Do what an advice says, and return whether the request is allowed then."""
    text = change.text
    if change.of == "time":
        length, direction = text.split()
        now_ms += parse_duration(length) * (1 if direction == "later" else -1)
    elif change.of == "lifetime":
        request = request._replace(lifetime_ms=parse_duration(text.removeprefix("lifetime ")))
    elif change.of == "permission":
        name, _, permission = text.partition(" holds ")
        account = state.accounts[name]
        state = changed(
            state,
            "accounts",
            name,
            account._replace(permissions=account.permissions | {permission}),
        )
    elif change.of == "session":
        person = text.split()[0]
        state = changed(state, "sessions", person, state.sessions[person]._replace(level="high"))
    else:
        key, _, rest = text.partition(": ")
        policy = policy.with_values({key: value_of(key, rest.partition(" (is ")[0])})
    return decide(LAW, policy, state, request, now_ms).allowed


def changed(state, table, key, value):
    other = state.copy()
    apply(other, [Put(table, key, value)])
    return other


def value_of(key, text):
    from tvc.authority.policy import find_knob

    knob = find_knob(key)
    if text == knob.absent:
        return None
    if knob.kind == "duration":
        return parse_duration(text)
    if knob.kind == "integer":
        return int(text)
    if knob.kind == "boolean":
        return text == "true"
    if knob.kind == "list":
        return tuple(word for word in text.strip("[]").split(", ") if word)
    return text


def test_differences_and_entries_name_each_entry_that_they_mean(case):
    run = play(case(GENERATE, "{at: 1m, do: sign_in, by: ana, code: c1}"))
    changes = differences(run.trace.initial, run.trace.final)
    assert {name for name, _, _ in changes} == {
        "codes[ana]", "issued[ana]", "rates[subject/ana]", "sessions[ana]",
    }  # fmt: skip
    assert differences(run.trace.final, run.trace.final) == []
    assert {name for name, _ in entries_about(run.trace.final, {"ana"})} == {
        "accounts[ana]", "codes[ana]", "issued[ana]", "rates[subject/ana]", "sessions[ana]",
    }  # fmt: skip
    assert Kind.GENERATE in LAW.rules
