import csv
import io
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from operator import ge, gt
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import tvc
from tvc.authority import rates
from tvc.authority.authority import Authority, Instant
from tvc.authority.decide import LAW, decide
from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy, RateLimit, find_knob
from tvc.authority.reasons import PUBLIC_MESSAGES, Reason
from tvc.authority.requests import request
from tvc.authority.state import Person, State
from tvc.files.documents import parse_document
from tvc.files.policies import (
    PolicyResolver,
    load_policy_file,
    load_shipped,
    shipped_policies,
)
from tvc.files.policy_documents import read_policy
from tvc.files.scenarios import load_scenarios
from tvc.harness.formats import FORMATS
from tvc.harness.formats.findings import Level
from tvc.harness.judge import run_case
from tvc.workbench.lint.contradictions import remark_contradictions
from tvc.workbench.lint.controls import Result, judge_controls
from tvc.workbench.lint.findings import exit_of, fails
from tvc.workbench.lint.generations import most_generations
from tvc.workbench.lint.guessing import guessing
from tvc.workbench.lint.idle_limits import _reaches_first, remark_thresholds
from tvc.workbench.lint.linting import CONTROLS, RULES, LintResult, lint
from tvc.workbench.lint.places import Places
from tvc.workbench.lint.report import report_of
from tvc.workbench.lint.tables import TABLES, render_table
from tvc.workbench.lint.unreachable import UNREACHABLE, remark_unreachable, unreachable_reasons

SCENARIOS = Path(__file__).parents[2] / "scenarios"
HEAD = """\
tvc: 1
people:
  sam: {role: admin}
  ana: {}
"""
BY_METHOD = "{at: 9h, do: sign_in, by: ana, with: authenticator, expect: allow}"
GENERATE = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}"
USED = "{at: 1m, do: sign_in, by: ana, code: c1}"


def rules_in(text, folder, *policies):
    path = folder / "a.tvc.yaml"
    path.write_text(text, "utf-8")
    return [finding.rule for finding in lint([str(path)], policies).findings]


def scenario(*steps, id_="one", extra=""):
    lines = "".join(f"      - {step}\n" for step in steps)
    return f"  - id: {id_}\n{extra}    timeline:\n{lines}"


def suite(*scenarios, head=HEAD):
    return f"{head}scenarios:\n{''.join(scenarios)}"


def policy(**settings):
    """A policy with some knobs changed, as a policy file would: ``lifetime__max="4h"``."""
    text = "\n".join(f"  {key.replace('__', '.')}: {value}" for key, value in settings.items())
    node = parse_document(f"p:\n  extends: salesforce\n{text}\n", "p.tvc.yaml")
    return PolicyResolver(node, Path("p.tvc.yaml")).resolve("p")


def with_knob(base, knob):
    """A policy with what a control advises, read as a policy file writes it."""
    document = read_policy(parse_document(f"{{{knob}}}", "p.tvc.yaml"), "p.tvc.yaml", "p")
    assert not document.faults
    return base.with_values({key: one.value for key, one in document.settings.items()})


# Scenarios


AUDITED = "    audit: {events: [{type: unlock, subject: ana}]}\n"
SCENARIO_RULES = {
    "scenario.unused_person": (
        suite(scenario(GENERATE, USED), head=f"{HEAD}  eve: {{}}\n"),
        suite(
            scenario(
                GENERATE, USED, "{at: 1h, do: reset_password, by: sam, for: ana, given_to: eve}"
            ),
            head=f"{HEAD}  eve: {{}}\n",
        ),
    ),
    "scenario.unused_clock": (
        suite(scenario(GENERATE, USED), head=f"{HEAD}clocks: {{west: {{offset: 1s}}}}\n"),
        suite(
            scenario(GENERATE, "{at: 1m, do: sign_in, by: ana, code: c1, node: west}"),
            head=f"{HEAD}clocks: {{west: {{offset: 1s}}}}\n",
        ),
    ),
    "scenario.unused_policy": (
        suite(scenario(GENERATE, USED), head=f"{HEAD}policies: {{short: {{lifetime.max: 4h}}}}\n"),
        suite(
            scenario(GENERATE, USED, extra="    policy: shorter\n"),
            head=f"{HEAD}policies:\n  short: {{lifetime.max: 4h}}\n"
            "  shorter: {extends: short, lifetime.max: 2h}\n",
        ),
    ),
    "scenario.unused_handle": (
        suite(scenario(GENERATE)),
        # One row of the table presents it.
        suite(
            "  - id: one\n"
            "    cases: [{code: c1, want: allow}, {code: wrong, want: {deny: wrong_code}}]\n"
            f"    timeline:\n      - {GENERATE}\n"
            '      - {at: 1m, do: sign_in, by: ana, code: "${code}", expect: "${want}"}\n'
        ),
    ),
    "scenario.unobserved_step": (
        suite(scenario(GENERATE, USED, "{at: 2m, do: unlock, by: sam, for: ana}")),
        suite(scenario(GENERATE, USED, "{at: 2m, do: unlock, by: sam, for: ana}", extra=AUDITED)),
    ),
    "scenario.asserts_nothing": (
        suite(scenario(GENERATE, USED, extra="    invariants: none\n")),
        suite(scenario(GENERATE, USED)),
    ),
    "scenario.cannot_fail": (
        suite(scenario("{at: 0s, do: lose_device, by: ana}")),
        suite(scenario("{at: 0s, do: lose_device, by: ana}", "{at: 1m, do: use, by: sam}")),
    ),
    "scenario.duplicate_case": (
        suite(scenario(GENERATE, USED), scenario(GENERATE, USED, id_="two")),
        suite(scenario(GENERATE, USED), scenario(GENERATE, BY_METHOD, id_="two")),
    ),
    "scenario.loose_reason": (
        suite(
            scenario(
                "{at: 0s, do: use, by: ana, expect: {deny: not_signed_in}}",
                extra="    audit: {events: [{reason: not_signed_in}]}\n",
            )
        ),
        suite(
            scenario(
                "{at: 0s, do: use, by: ana, expect: {deny: not_signed_in}}",
                extra="    audit: {events: [{type: use.denied, reason: not_signed_in}]}\n",
            )
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", SCENARIO_RULES)
def test_a_scenario_rule_fires_and_leaves_a_near_miss_alone(rule, tmp_path):
    fires, misses = SCENARIO_RULES[rule]
    assert rule in rules_in(fires, tmp_path)
    assert rule not in rules_in(misses, tmp_path)


def test_every_scenario_rule_is_tested():
    assert set(SCENARIO_RULES) == {rule for rule in RULES if rule.startswith("scenario.")}


def test_a_name_is_blamed_at_its_key_and_a_handle_at_its_save(tmp_path):
    path = tmp_path / "a.tvc.yaml"
    path.write_text(suite(scenario(GENERATE), head=f"{HEAD}  eve: {{}}\n"), "utf-8")
    places = {found.rule: found.place for found in lint([str(path)]).findings}
    assert (places["scenario.unused_person"].line, places["scenario.unused_person"].column) == (
        5,
        3,
    )
    handle = places["scenario.unused_handle"]
    line = path.read_text("utf-8").splitlines()[handle.line - 1]
    assert line[handle.column - 1 :].startswith("c1")


def test_a_person_is_used_by_audit_alone_and_by_skipped_scenarios(tmp_path):
    head = f"{HEAD}  eve: {{}}\n  bob: {{}}\n"
    text = suite(
        scenario(
            GENERATE, USED, extra="    audit: {never: [{type: session.ended, person: eve}]}\n"
        ),
        scenario("{at: 0s, do: sign_in, by: bob}", id_="two", extra="    skip: later\n"),
        head=head,
    )
    assert "scenario.unused_person" not in rules_in(text, tmp_path)


FACT = "{at: 2m, do: unlock, by: sam, for: ana}"
FREEZE = "{at: 2m, do: freeze, by: sam, for: ana}"


@pytest.mark.parametrize(
    ("steps", "observed"),
    [
        ([FREEZE, "{at: 3m, do: use, by: ana, expect: {deny: session_expired}}"], True),
        ([FREEZE, "{at: 3m, do: use, by: ana}"], True),
        ([FREEZE, "{at: 3m, do: use, by: bob}"], False),
        # That another's lock holds on may be the point.
        ([FACT, "{at: 3m, do: use, by: bob, expect: allow}"], True),
        ([FACT, "{at: 3m, do: unlock, by: sam, for: ana}"], False),
        (["{at: 2m, do: lose_device, by: ana}"], False),
    ],
)
def test_a_fact_is_observed_by_what_follows_about_its_people(steps, observed, tmp_path):
    head = f"{HEAD}  bob: {{session: high}}\n"
    text = suite(scenario(GENERATE, USED, *steps), head=head)
    assert ("scenario.unobserved_step" not in rules_in(text, tmp_path)) is observed


def test_a_fact_is_observed_in_the_session_of_an_intruder(tmp_path):
    text = suite(
        scenario(
            GENERATE,
            "{at: 1m, do: sign_in, by: mallory, for: ana, code: c1}",
            FREEZE,
            "{at: 3m, do: use, by: mallory}",
        ),
        head=f"{HEAD}  mallory: {{role: outsider, knows: [ana]}}\n",
    )
    assert "scenario.unobserved_step" not in rules_in(text, tmp_path)


@pytest.mark.parametrize(
    "extra",
    [
        "    audit: {match: exactly, events: [{type: generate.allowed}]}\n",
        "    audit: {never: [{type: code.ended, subject: ana}]}\n",
        "    audit: {never: [{by: sam}]}\n",
        "    invariants: [expire_now_evicts]\n",
    ],
)
def test_a_fact_is_observed_by_what_asks_for_its_traces(extra, tmp_path):
    text = suite(
        scenario(GENERATE, USED, "{at: 2m, do: deactivate, by: sam, for: ana}", extra=extra)
    )
    assert "scenario.unobserved_step" not in rules_in(text, tmp_path)


def test_a_fact_is_not_observed_by_an_audit_of_others(tmp_path):
    audit = "    audit: {events: [{type: generate.allowed}]}\n"
    assert "scenario.unobserved_step" in rules_in(
        suite(scenario(GENERATE, USED, FACT, extra=audit)), tmp_path
    )


def test_rows_of_one_table_that_want_the_same_are_told_once(tmp_path):
    rows = "  - id: one\n    invariants: none\n    matrix: {life: [1h, 2h, 3h]}\n    timeline:\n"
    step = '      - {at: 0s, do: generate, by: sam, for: ana, lifetime: "${life}", save: c1}\n'
    assert Counter(rules_in(suite(rows + step), tmp_path)) == {
        "scenario.asserts_nothing": 1,
        "scenario.unused_handle": 1,
    }


WORKLOAD = "    workload: {users: 100, horizon: 7d, losses: {per_user_per_year: 0.3}}\n"
EXPECT = "    expect: [{metric: p95(time_to_access), at_most: 2h, margin: 20m}]\n"


def test_a_simulation_asserts_something_or_serves_a_comparison(tmp_path):
    alone = f"tvc: 1\nscenarios:\n  - id: a\n{WORKLOAD}"
    compared = (
        f"{alone}  - id: b\n"
        "    compare: {baseline: {policy: salesforce}, candidate: {policy: strict}, on: a}\n"
        "    expect: [{metric: delta(mean(calls)), at_most: 30, margin: 10}]\n"
    )
    assert "scenario.asserts_nothing" in rules_in(alone, tmp_path)
    assert "scenario.asserts_nothing" not in rules_in(alone + EXPECT, tmp_path)
    assert "scenario.asserts_nothing" not in rules_in(compared, tmp_path)


def test_overlapping_rows_of_two_tables_are_a_note_and_copies_a_warning(tmp_path):
    table = (
        "  - id: {}\n    matrix: {{life: [{}]}}\n    timeline:\n"
        '      - {{at: 0s, do: generate, by: sam, for: ana, lifetime: "${{life}}"}}\n'
    )
    rows = suite(table.format("a", "1h, 2h"), table.format("b", "2h, 3h"))
    copies = suite(scenario(GENERATE), scenario(GENERATE, id_="two"))
    for text, level in ((rows, Level.INFO), (copies, Level.WARNING)):
        path = tmp_path / "a.tvc.yaml"
        path.write_text(text, "utf-8")
        found = [one for one in lint([str(path)]).findings if one.rule == "scenario.duplicate_case"]
        assert [one.level for one in found] == [level]


def test_a_duplicate_is_found_across_files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.tvc.yaml").write_text(suite(scenario(GENERATE, USED)), "utf-8")
    (found,) = lint([str(tmp_path)]).findings
    assert found.rule == "scenario.duplicate_case"
    assert found.place.file.endswith("b.tvc.yaml")
    assert "a.tvc.yaml:6" in found.message


# Policies


REMARKS = {
    "idle as long as max": (
        "policy.cannot_bind",
        {"session__max": "1h", "session__idle": "1h"},
        {"session__max": "1h", "session__idle": "59m"},
    ),
    "max off the step": (
        "policy.cannot_bind",
        {"lifetime__max": "90m"},
        {"lifetime__max": "90m", "lifetime__step": "30m"},
    ),
    "min off the step": (
        "policy.cannot_bind",
        {"lifetime__min": "90m"},
        {"lifetime__min": "2h"},
    ),
    "a limit that another reaches first": (
        "policy.cannot_bind",
        {"rates__day": "{limit: 200, per: 1d}"},
        {"rates__day": "{limit: 20, per: 1d}"},
    ),
    "a limit of issuers is not reached by one of subjects": (
        "policy.cannot_bind",
        {"rates__all": "{limit: 3, per: 1h, scope: org}"},
        {"rates__all": "{limit: 9, per: 1h, scope: issuer}"},
    ),
    "as many failures as codes": (
        "policy.lock_too_late",
        {"code__length": 1},
        {"code__length": 2},
    ),
    "leeway of a lifetime": (
        "policy.leeway_too_long",
        {"clock__leeway": "1h"},
        {"clock__leeway": "59m"},
    ),
    "a limit above what lapses": (
        "policy.early_end_only",
        {},
        {"lifetime": "{min: 5m, step: 5m}"},
    ),
    "a limit above what is used up": (
        "policy.early_end_only",
        {},
        {"code__uses": 1},
    ),
    "codes end by a method that is never accepted": (
        "policy.contradictory",
        {"code__ends_on": "[method_sign_in]"},
        {"code__ends_on": "[method_sign_in]", "sign_in__precedence": "either"},
    ),
    "methods that were never away return": (
        "policy.contradictory",
        {"sign_in__return": "on_expire_now", "sign_in__precedence": "either"},
        {"sign_in__return": "on_expire_now"},
    ),
    "sessions end twice": (
        "policy.redundant",
        {"expire__ends_sessions": "true", "session__ends_with_code": "true"},
        {"session__ends_with_code": "true"},
    ),
    "a code that cannot enroll": (
        "policy.contradictory",
        {"enroll__assurance": "high", "sign_in__assurance__code": "standard"},
        {"enroll__assurance": "high"},
    ),
    "a code that cannot expire itself": (
        "policy.contradictory",
        {
            "expire__own": "true",
            "expire__assurance": "high",
            "sign_in__assurance__code": "standard",
        },
        {"expire__own": "true", "sign_in__assurance__code": "standard"},
    ),
    "fewer approvals for the privileged": (
        "policy.contradictory",
        {"issuer__approvals__standard": 1},
        {"issuer__approvals": "{standard: 1, privileged: 1}"},
    ),
    "approvals that nobody asks for are valid": (
        "policy.no_effect",
        {"issuer__approval_valid": "5m"},
        {"issuer__approval_valid": "5m", "issuer__approvals__privileged": 1},
    ),
    "approvals that nobody asks for are told": (
        "policy.no_effect",
        {"notify": "[approve]"},
        {"notify": "[approve]", "issuer__approvals__privileged": 1},
    ),
    "a code spares the password": (
        "policy.open_door",
        {"sign_in__password": "not_with_code"},
        {"sign_in__password": "required"},
    ),
    "replacing leaves older codes": (
        "policy.contradictory",
        {"code__per_user": 2, "code__on_live": "replace"},
        {"code__per_user": 2},
    ),
}  # fmt: skip
LOW = {
    f"sign_in__assurance__{way}": "standard"
    for way in ("code", "authenticator", "totp", "security_key", "built_in", "sms", "email")
}
REMARKS["nobody can generate"] = (
    "policy.nobody_can",
    LOW,
    LOW | {"sign_in__assurance__totp": "high"},
)
REMARKS["who comes by single sign-on can generate"] = (
    "policy.nobody_can",
    LOW,
    LOW | {"sign_in__assurance__sso": "high"},
)
REMARKS["nobody is told of step-ups"] = (
    "policy.contradictory",
    LOW | {"notify": "[step_up]"},
    LOW | {"notify": "[generate]", "sign_in__assurance__password": "high"},
)


def remarks_on(merged):
    found = merged.policy
    yield from remark_contradictions(found)
    yield from remark_thresholds(found)
    yield from remark_unreachable(found)


@pytest.mark.parametrize("name", REMARKS)
def test_a_policy_rule_fires_and_leaves_a_near_miss_alone(name):
    rule, fires, misses = REMARKS[name]
    assert rule in [remark.rule for remark in remarks_on(policy(**fires))]
    assert rule not in [remark.rule for remark in remarks_on(policy(**misses))]


def test_every_policy_rule_is_tested():
    tested = {rule for rule, _, _ in REMARKS.values()} | {"policy.unreachable_reason"}
    assert tested == {rule for rule in RULES if rule.startswith("policy.")}


@pytest.mark.parametrize("name", REMARKS)
def test_a_remark_names_knobs_that_there_are(name):
    merged = policy(**REMARKS[name][1])
    for remark in remarks_on(merged):
        for key in remark.keys:
            assert find_knob(key) is not None or key == "rates"


REACHES = {
    Reason.STEP_UP_REQUIRED: {"issuer__assurance": "high"},
    Reason.MFA_NOT_ENABLED: {"subject__mfa": "required"},
    Reason.SELF_ISSUE: {"issuer__self_issue": "deny"},
    Reason.TICKET_MISSING: {"issuer__ticket": "required"},
    Reason.APPROVAL_REQUIRED: {"issuer__approvals__privileged": 1},
    Reason.LIFETIME_NOT_ON_STEP: {"lifetime__step": "2ms", "lifetime__min": "2ms"},
    Reason.CODE_ALREADY_LIVE: {"code__on_live": "refuse"},
    Reason.RATE_LIMITED: {"rates__subject__limit": 1},
    Reason.SUPERSEDED_BY_CODE: {"sign_in__precedence": "code_first"},
    Reason.CODE_REPLACED: {"code__on_live": "replace"},
    Reason.CODE_USED_UP: {"code__uses": 3},
    Reason.METHOD_TOO_WEAK: {"sign_in__assurance__email": "standard"},
}
HIDES = {
    Reason.STEP_UP_REQUIRED: {"issuer__assurance": "standard"},
    Reason.MFA_NOT_ENABLED: {"subject__mfa": "any"},
    Reason.SELF_ISSUE: {"issuer__self_issue": "allow"},
    Reason.TICKET_MISSING: {"issuer__ticket": "optional"},
    Reason.APPROVAL_REQUIRED: {},
    Reason.LIFETIME_NOT_ON_STEP: {"lifetime__step": "1ms"},
    Reason.CODE_ALREADY_LIVE: {"code__on_live": "replace"},
    Reason.RATE_LIMITED: {"rates__subject": "off"},
    Reason.SUPERSEDED_BY_CODE: {"sign_in__precedence": "methods_first"},
    Reason.CODE_REPLACED: {"code__on_live": "refuse"},
    Reason.CODE_USED_UP: {"code__uses": "unlimited"},
    Reason.METHOD_TOO_WEAK: {},
}


@pytest.mark.parametrize("entry", UNREACHABLE, ids=lambda entry: entry.reason)
def test_a_reason_is_unreachable_by_its_knob_alone(entry):
    reaches, hides = REACHES.get(entry.reason), HIDES.get(entry.reason)
    if reaches is None:
        (rule,) = [rule for rule in LAW.all_rules() if entry.reason in rule.refuses]
        key, value = rule.asks_if
        reaches = {key: value}
        hides = {key: next(word for word in find_knob(key).choices if word != value)}
    assert entry.holds(policy(**hides).policy)
    assert not entry.holds(policy(**reaches).policy)


@cache
def shipped_runs():
    """The cases that ship, played."""
    files = sorted(SCENARIOS.glob("*.tvc.yaml"))
    cases = [case for file in files for case in load_scenarios(file).cases]
    return [(case, run_case(case)) for case in cases if not case.stochastic]


def test_no_shipped_case_is_refused_with_a_reason_that_is_called_unreachable():
    for case, result in shipped_runs():
        if result.run is not None:
            given_reasons = {taken.decision.reason for taken in result.run.taken}
            assert given_reasons.isdisjoint(unreachable_reasons(case.policy.policy)), case.name


def test_every_reason_that_is_called_unreachable_is_given_by_another_policy():
    seen = {
        taken.decision.reason
        for _, result in shipped_runs()
        if result.run is not None
        for taken in result.run.taken
    }
    assert {entry.reason for entry in UNREACHABLE} <= seen


# Rate limits

COMPARE = {"rate.counts": gt, "rate.full": ge, "rate.token": ge}
SMALL = st.builds(
    RateLimit,
    name=st.just("a"),
    limit=st.integers(1, 4),
    per_ms=st.integers(1, 9),
    window=st.sampled_from(("rolling", "clock_hour", "bucket")),
)


@given(SMALL, st.integers(1, 20))
def test_most_generations_are_what_an_eager_issuer_gets(limit, stretch_ms):
    best = 0
    for start_ms in range(limit.per_ms):
        memory, count = (), 0
        for now_ms in range(start_ms, start_ms + stretch_ms):
            while not rates.wait_ms(limit, memory, now_ms, COMPARE):
                memory = rates.remember(limit, memory, now_ms)
                count += 1
        best = max(best, count)
    assert most_generations(limit, stretch_ms) == best


ALL_SMALL = [
    RateLimit("a", limit, per_ms, window)
    for limit in (1, 2, 3, 6)
    for per_ms in (1, 2, 3, 5, 6)
    for window in ("rolling", "clock_hour", "bucket")
]
DOMINATED = [
    (limit, other) for limit in ALL_SMALL for other in ALL_SMALL if _reaches_first(other, limit)
]


@given(st.sampled_from(DOMINATED), st.lists(st.integers(0, 3), max_size=40))
def test_a_limit_that_cannot_bind_changes_no_decision(pair, waits):
    limit, other = pair
    memory, other_memory, now_ms = (), (), 0
    for wait_ms in waits:
        now_ms += wait_ms
        if rates.wait_ms(other, other_memory, now_ms, COMPARE):
            continue
        assert not rates.wait_ms(limit, memory, now_ms, COMPARE)
        memory = rates.remember(limit, memory, now_ms)
        other_memory = rates.remember(other, other_memory, now_ms)


def test_of_two_equal_limits_the_later_one_is_to_spare():
    twice = policy(rates__again="{limit: 6, per: 1h}").policy
    (remark,) = [one for one in remark_thresholds(twice) if one.rule == "policy.cannot_bind"]
    assert remark.keys[0] == "rates.again.limit"


# Guessing


def guess_eagerly(found, hours):
    """Count the tries of one who has codes generated as often as the law lets them; by time."""
    state = State.of([Person("sam", "admin"), Person("ana")])
    authority = Authority(found, state, draw=lambda length, _alphabet: "1" * length)
    guess = request("sign_in", "ana")
    generate = request("generate", "sam", subject="ana", lifetime_ms=found.lifetime.max_ms)
    expire = request("expire", "sam", subject="ana")
    tries = []
    authority.submit(generate, Instant.of(-2 * HOUR_MS))
    for now_ms in range(0, hours * HOUR_MS, 5 * MINUTE_MS):
        at = Instant.of(now_ms)
        while True:
            reason = authority.submit(guess, at, "?").decision.reason
            if reason is Reason.WRONG_CODE:
                tries.append(now_ms)
                continue
            kept = authority.state.copy()
            authority.submit(expire, at)
            if not authority.submit(generate, at).decision.allowed:
                # Who knows the limit does not end a code that cannot be followed by another.
                authority.state = kept
                break
    return tries


EXACT = {
    "salesforce": ({}, 70, 1680),
    "strict": ({"lifetime__max": "4h", "rates__subject__limit": 3}, 40, 960),
    "quick lock": ({"lockout": "{failures: 3, for: 15m}"}, 30, 720),
    "bucket": ({"rates__subject__window": "bucket"}, 120, 1730),
}


@pytest.mark.parametrize("name", EXACT)
def test_tries_are_what_the_law_lets_an_eager_guesser_have(name):
    settings, hour, day = EXACT[name]
    found = policy(**settings).policy
    row = next(row for row in guessing(found) if row.scope == "one account")
    assert (row.hour.tries, row.day.tries) == (hour, day)
    tries = guess_eagerly(found, 30)
    for stretch_ms, bound in ((HOUR_MS, hour), (DAY_MS, day)):
        most = max(sum(start <= at < start + stretch_ms for at in tries) for start in set(tries))
        assert most <= bound
        assert most == bound or name == "bucket"


@pytest.mark.parametrize(
    "settings",
    [
        {"rates__subject__window": "clock_hour"},
        {"lifetime": "{max: 1h}"},
        {"lockout__for": "2h"},
        {"code__on_live": "replace"},
        {"code__per_user": 2},
        {"lockout__scope": "user"},
        {"rates__all": "{limit: 4, per: 2h, scope: org}"},
    ],
)
def test_no_guesser_has_more_tries_than_is_told(settings):
    found = policy(**settings).policy
    row = next(row for row in guessing(found) if row.scope == "one account")
    tries = guess_eagerly(found, 30)
    for stretch_ms, bound in ((HOUR_MS, row.hour.tries), (DAY_MS, row.day.tries)):
        most = max(sum(start <= at < start + stretch_ms for at in tries) for start in set(tries))
        assert bound / 3 <= most <= bound


def test_chances_are_tries_by_codes_and_never_more_than_one():
    rows = {row.scope: row for row in guessing(Policy()) if row.path == "code"}
    assert rows["one code"].hour.chance == 10 / 10**6
    assert rows["one account"].hour.chance == 70 / 10**6
    two = guessing(policy(code__per_user=2, code__length=4).policy)
    assert two[1].day.chance == pytest.approx(2 * two[1].day.tries / 10**4)
    assert guessing(policy(code__length=2).policy)[1].day.chance == 1.0


def test_a_path_without_codes_has_no_chance_and_no_limit_no_bound():
    methods = next(row for row in guessing(Policy()) if row.path == "methods")
    assert (methods.hour.tries, methods.hour.chance) == (10, None)
    unlimited = guessing(policy(rates__subject="off").policy)[1]
    assert (unlimited.hour.tries, unlimited.day.chance) == (None, None)


def test_one_counter_for_both_paths_is_told_as_one():
    rows = guessing(policy(lockout__scope="user").policy)
    assert {row.path for row in rows} == {"code and methods"}


def test_scopes_beyond_one_account_are_told_where_a_limit_has_them():
    assert {row.scope for row in guessing(Policy())} == {"one code", "one account"}
    desk = guessing(policy(rates__desk="{limit: 40, per: 1d, scope: issuer}").policy)
    (row,) = [row for row in desk if row.scope == "one issuer"]
    assert row.day.tries == 40 * 240


# Controls


def judged(found, runs=()):
    return {one.control.id: one for one in judge_controls(found, CONTROLS, dict(runs))}


BOTH = {
    "nist.800-63b.4.2.1.2.length": ({"code__length": 6}, {"code__length": 5}),
    "nist.800-63b.4.2.2.2.two_factors": ({}, {"sign_in__password": "not_with_code"}),
    "nist.800-63b.4.2.3.notice": ({"notify": "[sign_in]"}, {"notify": "[generate]"}),
    "nist.800-63b.3.2.2.code_failures": (
        {"lockout__failures": 100, "lockout__for": "24h"},
        {"lockout__failures": 100, "lockout__for": "23h"},
    ),
    "nist.800-63b.4.3.lost_suspended": (
        {"sign_in__return": "on_expire_now"},
        {"sign_in__precedence": "either"},
    ),
    "owasp.factor_change": (
        {"enroll__assurance": "high", "sign_in__assurance__code": "standard"},
        {},
    ),
    "owasp.factor_change_notice": (
        {"notify": "[enroll, remove_method]"},
        {"notify": "[enroll]"},
    ),
    "owasp.single_use": ({"code__uses": 1}, {"code__uses": 2}),
    "owasp.length": ({"code__length": 12}, {"code__length": 13}),
    "owasp.rate_limit": ({}, {"rates__subject__scope": "org"}),
}
MET_OR_JUDGED = {
    "nist.800-63b.4.2.1.1.entropy": ({"code__length": 20}, {"code__length": 19}),
    "nist.800-63b.4.2.1.1.replacement_notice": ({"notify": "[generate]"}, {}),
    "nist.800-63b.4.2.1.2.lifetime": (
        {"lifetime": "{min: 10m, max: 10m, step: 10m}"},
        {"lifetime": "{min: 10m, max: 10m, step: 10m}", "clock__leeway": "1ms"},
    ),
    "nist.800-63b.4.4.expired_unusable": ({}, {"clock__leeway": "1ms"}),
    "owasp.no_change_before_code": ({"sign_in__precedence": "either"}, {}),
}
JUDGED_OR_NOT = {
    "nist.800-63b.3.2.2.method_failures": (
        {"lockout__failures": 100},
        {"lockout__failures": 101},
    ),
    "nist.800-63b.3.1.3.1.email": ({"sign_in__assurance__email": "standard"}, {}),
    "owasp.factor_change": ({"enroll__assurance": "high"}, {}),
    "owasp.lockout_flood": ({}, {"lockout__scope": "user"}),
    "owasp.limited_session": ({"session__ends_with_code": "true"}, {}),
    "owasp.other_sessions": ({"expire__ends_sessions": "true"}, {}),
}


@pytest.mark.parametrize(
    ("id_", "settings", "result"),
    [
        (id_, settings, result)
        for table, results in (
            (BOTH, (Result.MET, Result.NOT_MET)),
            (MET_OR_JUDGED, (Result.MET, Result.JUDGEMENT)),
            (JUDGED_OR_NOT, (Result.JUDGEMENT, Result.NOT_MET)),
        )
        for id_, pair in table.items()
        for settings, result in zip(pair, results, strict=True)
    ],
)
def test_a_control_tells_a_policy_that_meets_it_from_a_near_miss(id_, settings, result):
    assert judged(policy(**settings).policy)[id_].answer.result is result


#: Controls that every policy meets, or that a person has to judge whatever the policy.
FIXED = {
    "nist.800-63b.4.2.1.risk_analysis",
    "nist.800-63b.4.2.1.1.hashed",
    "nist.800-63b.4.2.1.1.used_once",
    "nist.800-63b.4.2.1.2.address",
    "nist.800-63b.4.2.2.3.top_level",
    "nist.800-63b.3.2.2.success_clears",
    "nist.800-63b.4.4.expired_message",
    "nist.800-63b.4.1.records",
    "owasp.identity_of_caller",
    "owasp.failure_notice",
    "owasp.random_and_bound",
    "owasp.expires",
    "owasp.same_answer",
    "cisa.aa23-320a.desk_identity",
    "cisa.aa23-320a.alerts",
}


def test_every_control_is_tested_or_the_same_for_every_policy():
    assert {control.id for control in CONTROLS} == {*BOTH, *MET_OR_JUDGED, *JUDGED_OR_NOT, *FIXED}


POLICIES = [
    {},
    {"code__length": 3},
    {"code__length": 40, "code__alphabet": "digits"},
    {"lockout__failures": 500, "lockout__for": "1s"},
    {"lockout__failures": 60, "lockout__for": "1m"},
    {"sign_in__password": "not_with_code", "sign_in__precedence": "either"},
    {"rates__subject": "off", "lockout__scope": "user"},
    {"notify": "[expire]", "clock__leeway": "2h"},
]


@pytest.mark.parametrize("settings", POLICIES)
def test_the_knob_that_a_control_names_makes_a_policy_meet_it(settings):
    found = policy(**settings).policy
    for id_, one in judged(found).items():
        if one.answer.knob:
            mended = judged(with_knob(found, one.answer.knob))[id_].answer
            assert mended.result is not Result.NOT_MET, id_
            assert mended.result is Result.MET or not mended.knob, id_


def test_a_control_says_all_that_an_auditor_asks():
    assert len({control.id for control in CONTROLS}) == len(CONTROLS)
    for control in CONTROLS:
        assert control.source
        assert control.clause
        assert control.requirement.endswith(".")
        assert all(find_knob(key) or key == "rates" for key in control.keys)
        answer = control.judge(Policy())
        assert answer.why
        assert answer.knob or answer.result is not Result.NOT_MET


def test_an_unknown_account_and_a_wrong_password_read_the_same():
    assert PUBLIC_MESSAGES[Reason.NO_SUCH_USER] == PUBLIC_MESSAGES[Reason.WRONG_PASSWORD]


def runs_under(name):
    digest = load_shipped(name).digest
    return {
        case.name: result.run
        for case, result in shipped_runs()
        if case.policy.digest == digest and result.run is not None and not case.breaks
    }


def test_evidence_is_the_step_at_which_the_rule_refuses():
    runs = runs_under("salesforce")
    found = judged(Policy(), runs)

    def step(id_):
        shown = found[id_].shown
        return runs[shown.case].taken[shown.step - 1]

    assert step("owasp.rate_limit").decision.reason is Reason.RATE_LIMITED
    assert step("nist.800-63b.3.2.2.code_failures").decision.reason is Reason.LOCKED_OUT
    assert step("nist.800-63b.3.2.2.code_failures").step.presents
    assert step("nist.800-63b.3.2.2.method_failures").step.request.method
    assert step("nist.800-63b.4.2.2.2.two_factors").decision.rule == "sign_in.password"
    too_long = step("nist.800-63b.4.2.1.2.lifetime")
    assert 0 < too_long.step.request.lifetime_ms - DAY_MS <= HOUR_MS
    assert step("nist.800-63b.4.4.expired_unusable").decision.reason is Reason.CODE_EXPIRED
    assert found["owasp.single_use"].shown is None


def file_of(folder, text, name="a"):
    path = folder / f"{name}.tvc.yaml"
    path.write_text(text, "utf-8")
    return str(path)


LOCKING = scenario(
    "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h}",
    "{at: 1h, do: generate, by: sam, for: ana, lifetime: 25h, expect: {deny: lifetime_too_long}}",
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (suite(LOCKING), True),
        (suite(LOCKING.replace("    timeline", "    policy: other\n    timeline"),
               head=f"{HEAD}policies: {{other: {{code.uses: 3}}}}\n"), False),
        (suite(LOCKING.replace("    timeline", "    xfail: known\n    timeline")), False),
        (suite(LOCKING.replace("    timeline", "    skip: later\n    timeline")), False),
        (suite(LOCKING.replace("lifetime_too_long", "lifetime_too_short")), False),
        (suite(LOCKING.replace("25h", "26h")), False),
    ],
)  # fmt: skip
def test_evidence_is_of_passing_cases_under_the_very_policy_at_the_threshold(text, found, tmp_path):
    (report,) = lint([file_of(tmp_path, text)], ["salesforce"], with_controls=True).policies
    (control,) = [one for one in report.controls if one.control.id == "owasp.expires"]
    assert (control.shown is not None) is found


SHOWING = {
    "owasp.factor_change_notice": (
        "{notify: [enroll]}",
        GENERATE,
        USED,
        "{at: 2m, do: enroll, by: ana, with: totp}",
    ),
    "owasp.other_sessions": (
        "{expire.ends_sessions: true}",
        GENERATE,
        USED,
        "{at: 2m, do: expire, by: sam, for: ana}",
    ),
    "owasp.single_use": (
        "{code.uses: 1}",
        GENERATE,
        USED,
        "{at: 2m, do: sign_in, by: ana, code: c1, expect: {deny: code_used_up}}",
    ),
    "nist.800-63b.4.3.lost_suspended": (
        "{}",
        GENERATE,
        "{at: 1m, do: sign_in, by: ana, with: authenticator, proof: stolen, "
        "expect: {deny: superseded_by_code}}",
    ),
    "cisa.aa23-320a.alerts": (
        "{}",
        "{at: 0s, do: reset_password, by: sam, for: ana}",
        GENERATE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("id_", SHOWING)
def test_what_shows_a_control_is_its_last_step(id_, tmp_path):
    own, *steps = SHOWING[id_]
    text = suite(
        scenario(*steps, extra="    policy: own\n"), head=f"{HEAD}policies: {{own: {own}}}\n"
    )
    (report,) = lint([file_of(tmp_path, text)], ["own"], with_controls=True).policies
    (control,) = [one for one in report.controls if one.control.id == id_]
    assert control.shown.step == len(steps)
    (before,) = lint(
        [file_of(tmp_path, text.replace(f"      - {steps[-1]}\n", ""))], ["own"], with_controls=True
    ).policies
    (control,) = [one for one in before.controls if one.control.id == id_]
    assert control.shown is None


# Places


OWN = """\
policy: mine
extends: strict
why: to be linted
session: {max: 1h, idle: 2h}
"""


def test_a_knob_is_blamed_where_the_policy_sets_it(tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN, "utf-8")
    result = lint([str(tmp_path / "mine.yaml")])
    (found,) = [one for one in result.findings if one.rule == "policy.cannot_bind"]
    assert (found.place.line, found.place.column, found.about) == (4, 20, "mine")
    (parent,) = [one for one in result.findings if one.rule == "policy.redundant"]
    assert parent.place.file == "built in: strict"
    assert result.policies[0].place.line == 1


def test_what_nobody_set_is_blamed_at_the_head_of_the_policy(tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN, "utf-8")
    (found,) = [
        one
        for one in lint([str(tmp_path / "mine.yaml")]).findings
        if one.rule == "owasp.single_use"
    ]
    assert found.place == Places().of(load_policy_file(tmp_path / "mine.yaml"), ())
    assert found.place.line == 1


def test_the_base_is_shown_where_its_file_states_a_knob():
    place = Places().of(load_shipped("salesforce"), ["lockout.failures"])
    text = (Path(tvc.__file__).parent / "policies" / "salesforce.yaml").read_text("utf-8")
    assert text.splitlines()[place.line - 1][place.column - 1 :].startswith("failures: 10")


def test_a_policy_of_a_scenario_file_is_noted_for_what_it_does_itself(tmp_path):
    head = (
        f"{HEAD}policies:\n"
        "  pinned: {sign_in.return: on_expire_now, sign_in.precedence: either}\n"
        "  child: {extends: pinned, lifetime.max: 4h}\n"
    )
    path = file_of(
        tmp_path,
        suite(
            scenario(GENERATE, USED, extra="    policy: pinned\n"),
            scenario(GENERATE, USED, id_="two", extra="    policy: child\n"),
            head=head,
        ),
    )
    found = [one for one in lint([path]).findings if one.rule.startswith("policy.")]
    assert [(one.rule, one.level, one.about) for one in found] == [
        ("policy.contradictory", Level.INFO, "pinned")
    ]
    assert lint([path]).policies == ()
    asked = lint([path], ["pinned"])
    again = [one for one in asked.findings if one.rule == "policy.contradictory"]
    assert [one.level for one in again] == [Level.WARNING]
    assert [report.name for report in asked.policies] == ["pinned"]


def test_a_policy_named_twice_is_looked_at_once(tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN, "utf-8")
    path = str(tmp_path / "mine.yaml")
    assert len(lint([path], [path, "strict", "strict"]).policies) == 2


# What ships


def test_what_ships_has_neither_errors_nor_warnings_of_its_own():
    result = lint([str(SCENARIOS)], shipped_policies())
    bad = [
        one
        for one in result.findings
        if one.level is not Level.INFO and not one.rule.startswith("nist.")
    ]
    assert bad == []
    assert not any(one.level is Level.ERROR for one in result.findings)


# Reports


def sample(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(OWN, "utf-8")
    text = suite(
        scenario(GENERATE, "{at: 2m, do: unlock, by: sam, for: ana}"),
        scenario("{at: 0s, do: lose_device, by: ana}", id_="two"),
    )
    Path("a.tvc.yaml").write_text(text, "utf-8")
    return lint(["a.tvc.yaml", "mine.yaml"], ["salesforce"], with_controls=True)


def schema():
    text = (Path(tvc.__file__).parent / "workbench" / "lint" / "lint.schema.json").read_text(
        "utf-8"
    )
    return Draft202012Validator(json.loads(text))


def test_the_json_report_is_as_its_schema_says(tmp_path, monkeypatch):
    result = sample(tmp_path, monkeypatch)
    for some in (result, LintResult(), lint(["a.tvc.yaml"], ["salesforce"])):
        report = json.loads(FORMATS["json"](report_of(some)))
        schema().validate(report)
    report = json.loads(FORMATS["json"](report_of(result)))
    assert report["summary"]["error"] == 1
    assert report["suite"]["digest"] == result.suite
    assert report["date"] is None


def test_junit_fails_what_the_exit_code_fails(tmp_path, monkeypatch):
    result = sample(tmp_path, monkeypatch)
    for level in ("error", "warning", "never"):
        root = ET.fromstring(FORMATS["junit"](report_of(result, level)))
        failing = sum(fails(one, level) for one in result.findings)
        assert len(list(root.iter("failure"))) == failing == int(root.get("failures"))
        assert bool(failing) == (exit_of(result.findings, level, result.linted, False) == 1)
        assert {one.get("name") for one in root} == {
            "a.tvc.yaml", "mine.yaml", "built in: salesforce", "built in: strict",
        }  # fmt: skip


def test_sarif_describes_every_rule_and_places_what_the_repository_has(tmp_path, monkeypatch):
    result = sample(tmp_path, monkeypatch)
    (run,) = json.loads(FORMATS["sarif"](report_of(result)))["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(run["results"]) == len(result.findings)
    for one in run["results"]:
        assert rules[one["ruleIndex"]] == one["ruleId"]
    located = [one for one in run["results"] if one["locations"]]
    assert 0 < len(located) < len(run["results"])
    prints = [one["partialFingerprints"]["tvcLint/v1"] for one in run["results"]]
    assert len(set(prints)) == len(prints)


def test_github_has_a_command_for_each_finding_and_the_summary(tmp_path, monkeypatch):
    result = sample(tmp_path, monkeypatch)
    lines = FORMATS["github"](report_of(result)).splitlines()
    assert len(lines) == len(result.findings) + 1
    assert Counter(re.match("::([a-z]+) ", line)[1] for line in lines)["error"] == 1
    assert "file=a.tvc.yaml,line=" in lines[0]


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_a_file_cannot_forge_lines_of_a_report(form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "a\n::error::b\x1b[2J.tvc.yaml"
    Path(name).write_text(suite(scenario(GENERATE, FACT)), "utf-8")
    text = FORMATS[form](report_of(lint([name])))
    assert "\x1b" not in text
    assert "\n::error::b" not in text
    if form == "junit":
        ET.fromstring(text)


@pytest.mark.parametrize("ending", TABLES)
def test_a_table_of_controls_names_policy_suite_version_and_every_control(
    ending, tmp_path, monkeypatch
):
    result = sample(tmp_path, monkeypatch)
    text = render_table(Path(f"x{ending}"), replace(report_of(result), version="9.9"))
    for report in result.policies:
        assert report.digest in text
    assert result.suite in text
    assert "9.9" in text
    for control in CONTROLS:
        assert control.id.replace("_", "\\_" if ending == ".md" else "_") in text
    assert "Check the text" in text or ending == ".csv"
    assert "2026-01-31" not in text
    dated = report_of(result, date="2026-01-31")
    assert "2026-01-31" in render_table(Path(f"x{ending}"), dated)


def test_a_csv_table_has_a_row_for_each_control_and_no_formula(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "=cmd.tvc.yaml"
    Path(name).write_text(suite(LOCKING), "utf-8")
    result = lint([name], ["salesforce"], with_controls=True)
    rows = list(csv.DictReader(io.StringIO(render_table(Path("x.csv"), report_of(result)))))
    assert [row["control"] for row in rows] == [control.id for control in CONTROLS]
    evidence = {row["evidence"] for row in rows} - {"none"}
    assert evidence
    assert all(text.startswith("'=cmd") for text in evidence)


def test_html_and_markdown_show_names_as_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "<script>|[x](y).tvc.yaml"
    Path(name).write_text(suite(LOCKING), "utf-8")
    result = lint([name], ["salesforce"], with_controls=True)
    assert "<script>" not in render_table(Path("x.html"), report_of(result))
    assert "&lt;script&gt;" in render_table(Path("x.html"), report_of(result))
    markdown = render_table(Path("x.md"), report_of(result))
    assert "<script>|" not in markdown.replace("\\<", "").replace("\\>", "")
    assert "\\<script\\>\\|\\[x\\]" in markdown


def test_a_suite_digest_is_of_cases_and_not_of_folders(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        file_of(folder, suite(scenario(GENERATE, USED)))
    assert lint([str(first)]).suite == lint([str(second)]).suite
    file_of(second, suite(scenario(GENERATE, BY_METHOD)))
    assert lint([str(first)]).suite != lint([str(second)]).suite
    assert lint([], ["salesforce"]).suite is None


# The command


CLEAN = suite(scenario(GENERATE, USED))
NOTED = suite(scenario(GENERATE))
WARNED = SCENARIO_RULES["scenario.unobserved_step"][0]
FAILED = SCENARIO_RULES["scenario.cannot_fail"][0]


@pytest.mark.parametrize(
    ("text", "level", "code"),
    [
        (CLEAN, "warning", 0),
        (NOTED, "warning", 0),
        (WARNED, "error", 0),
        (WARNED, "warning", 1),
        (WARNED, "never", 0),
        (FAILED, "error", 1),
        (FAILED, "never", 0),
        ("tvc: 1\nscenaros: []\n", "never", 4),
    ],
)
def test_the_exit_code_goes_by_the_fail_level(text, level, code, write, call):
    write(a=text)
    assert call("lint", "a.tvc.yaml", "--fail-level", level).code == code


@pytest.mark.usefixtures("folder")
def test_a_folder_without_files_is_nothing_linted(call):
    assert call("lint", ".").code == 5


@pytest.mark.parametrize(
    "words",
    [
        ["lint"],
        ["lint", "missing.tvc.yaml"],
        ["lint", "--policy", "stricter"],
        ["lint", "a.tvc.yaml", "--fail-level", "info"],
        ["lint", "a.tvc.yaml", "-f", "yaml"],
        ["lint", "a.tvc.yaml", "--controls"],
        ["lint", "a.tvc.yaml", "--policy", "strict", "--controls=x.pdf"],
        ["lint", "a.tvc.yaml", "--policy", "strict", "--controls=no/x.csv"],
        ["lint", "a.tvc.yaml", "--policy", "strict", "--controls=x.csv", "--controls=x.csv"],
        ["lint", "a.tvc.yaml", "--policy", "strict", "--controls-date", "today"],
    ],
)
def test_bad_usage_is_exit_code_4(words, write, call):
    write(a=CLEAN)
    ran = call(*words)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err


def test_an_unknown_policy_is_guessed_at_but_faults_come_first(write, call):
    write(a=CLEAN, b="tvc: 1\nscenaros: []\n")
    assert "did you mean 'strict'" in call("lint", "a.tvc.yaml", "--policy", "strit").err
    ran = call("lint", "b.tvc.yaml", "--policy", "mine")
    assert ran.code == 4
    assert "scenaros" in ran.out


def test_machine_output_stands_alone_and_people_see_the_rest(write, call):
    write(a=WARNED)
    ran = call("lint", "a.tvc.yaml", "-f", "json")
    schema().validate(json.loads(ran.out))
    assert "scenario.unobserved_step" in ran.err


def test_controls_are_printed_on_request_and_written_to_files(write, call):
    write(a=CLEAN)
    assert "controls of" not in call("lint", "a.tvc.yaml", "--policy", "strict").out
    assert "controls of strict" in call("lint", "--policy", "strict", "--controls").out
    names = [f"x{ending}" for ending in TABLES]
    words = [f"--controls={name}" for name in names]
    ran = call("lint", "a.tvc.yaml", "--policy", "strict", *words, "--controls-date", "2026-01-31")
    assert ran.code == 0
    for name in names:
        assert "2026-01-31" in Path(name).read_text("utf-8")
    schema().validate(json.loads(Path("x.json").read_text("utf-8")))


def test_guessing_is_told_of_each_policy(call):
    shown = call("lint", "--policy", "salesforce").out
    assert "70" in shown
    assert "1 in 14,286" in shown


def test_a_fault_of_a_file_is_in_every_format(write, call):
    write(a="tvc: 1\nscenaros: []\n")
    for form in FORMATS:
        ran = call("lint", "a.tvc.yaml", "-f", form)
        assert ran.code == 4
        assert "scenaros" in ran.out


def test_the_same_files_give_the_same_bytes_whatever_the_hash_seed(write):
    write(a=WARNED, b=NOTED)
    words = "import sys; from tvc.cli.main import main; main(sys.argv[1:])"
    first, second = (
        subprocess.run(
            [sys.executable, "-c", words, "lint", ".", "--policy", "strict", "-f", "sarif"],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            check=False,
        ).stdout
        for seed in ("1", "2")
    )
    assert first == second != b""


def test_the_open_door_is_open_on_the_law_itself():
    spared = Policy().with_values({"sign_in.password": "not_with_code"})
    state = State.of([Person("cyd", mfa=False), Person("mallory", "outsider")])
    anything = request("sign_in", "mallory", subject="cyd").presenting(())
    assert decide(LAW, spared, state, anything, 0).allowed
    assert not decide(LAW, Policy(), state, anything, 0).allowed
