"""The kernel and the law as values: nothing is changed, and nothing else is looked at."""

import operator
from dataclasses import replace

import pytest

from tvc.authority.authority import RECORD_TYPES
from tvc.authority.consequences import CONSEQUENCES
from tvc.authority.decide import COMPARISONS, LAW, Decision, decide
from tvc.authority.durations import HOUR_MS
from tvc.authority.policy import Policy
from tvc.authority.reasons import Reason
from tvc.authority.requests import SHAPES, Kind, request
from tvc.authority.state import Person, State, apply

GENERATE = request("generate", "sam", subject="ana", lifetime_ms=HOUR_MS)


def start():
    return State.of([Person("sam", "admin"), Person("ana")])


def test_decide_changes_neither_state_nor_law():
    state, rules = start(), dict(LAW.rules)
    decide(LAW, Policy(), state, GENERATE, 0)
    assert state == start()
    assert dict(LAW.rules) == rules


def test_decide_says_the_same_of_the_same():
    assert decide(LAW, Policy(), start(), GENERATE, 5) == decide(
        LAW, Policy(), start(), GENERATE, 5
    )


def test_only_applied_effects_change_a_state():
    state = start()
    effects = decide(LAW, Policy(), state, GENERATE, 0).effects
    assert state == start()
    apply(state, effects)
    assert state != start()
    assert [code.ordinal for code in state.codes["ana"]] == [1]


def test_names_of_policies_do_not_matter():
    assert decide(LAW, Policy("a"), start(), GENERATE, 0) == decide(
        LAW, Policy("b"), start(), GENERATE, 0
    )


def test_a_decision_says_what_the_screen_shows_and_no_more():
    allowed = decide(LAW, Policy(), start(), GENERATE, 0)
    assert allowed.message == ""
    denied = decide(LAW, Policy(), start(), request("sign_in", "ana").presenting(()), 0)
    assert denied.reason is Reason.NO_CODE
    assert denied.message == "Error: Invalid or expired verification code. Try again."


def test_the_article_s_law_cannot_be_patched():
    with pytest.raises(TypeError):
        LAW.rules[Kind.GENERATE] = ()
    with pytest.raises(TypeError):
        LAW.comparisons["code.live"] = operator.le
    with pytest.raises(AttributeError):
        LAW.rules = {}


def test_a_law_without_a_rule_is_another_law():
    loose = LAW.without("generate.permission")
    asked = request("generate", "ana", subject="ana", lifetime_ms=HOUR_MS)
    state = State.of([Person("ana", session="high")])
    assert decide(LAW, Policy(), state, asked, 0).rule == "generate.permission"
    assert decide(loose, Policy(), state, asked, 0).allowed
    assert {rule.id for rule in LAW.all_rules()} - {rule.id for rule in loose.all_rules()} == {
        "generate.permission"
    }


def test_a_rule_that_two_requests_meet_is_gone_from_both():
    loose = LAW.without("sign_in.lockout")
    for kind in (Kind.SIGN_IN, Kind.STEP_UP):
        assert "sign_in.lockout" in {rule.id for rule in LAW.rules[kind]}
        assert "sign_in.lockout" not in {rule.id for rule in loose.rules[kind]}


@pytest.mark.parametrize("rule_id", ["", "generate", "generate.rat", "SIGN_IN.CODE"])
def test_a_law_without_a_rule_that_there_is_not_is_a_mistake(rule_id):
    with pytest.raises(KeyError) as mistake:
        LAW.without(rule_id)
    assert mistake.value.args == (rule_id,)


def test_another_comparison_moves_an_instant_by_one_tick():
    late = replace(LAW, comparisons={**COMPARISONS, "code.live": operator.le})
    state = start()
    apply(state, decide(LAW, Policy(), state, GENERATE, 0).effects)
    asked = request("sign_in", "ana").presenting((1,))
    assert decide(LAW, Policy(), state, asked, HOUR_MS).reason is Reason.CODE_EXPIRED
    assert decide(late, Policy(), state, asked, HOUR_MS).allowed
    assert not decide(late, Policy(), state, asked, HOUR_MS + 1).allowed


def test_an_observed_law_decides_the_same():
    met = []

    def wrap(rule):
        def check(c):
            met.append(rule.id)
            return rule.check(c)

        return replace(rule, check=check)

    watched = LAW.observed(wrap, COMPARISONS)
    assert decide(watched, Policy(), start(), GENERATE, 0) == decide(
        LAW, Policy(), start(), GENERATE, 0
    )
    assert met == [rule.id for rule in LAW.rules[Kind.GENERATE]]


def test_every_kind_of_request_has_rules_or_is_a_fact_and_says_what_follows():
    for kind, shape in SHAPES.items():
        assert (kind in LAW.rules) != shape.fact
        assert kind in CONSEQUENCES
    assert set(SHAPES) == set(Kind)


def test_every_rule_names_its_request_and_says_what_it_stands_for():
    ids = [rule.id for rule in LAW.all_rules()]
    assert len(ids) == len(set(ids))
    for rule in LAW.all_rules():
        request_name, _, name = rule.id.partition(".")
        assert request_name in set(Kind)
        assert name
        assert rule.says.endswith(".")


def test_every_record_type_is_a_request_with_its_outcome_a_fact_or_what_they_bring_about():
    requests = [kind for kind, shape in SHAPES.items() if not shape.fact]
    facts = [str(kind) for kind, shape in SHAPES.items() if shape.fact]
    outcomes = [f"{kind}.{outcome}" for kind in requests for outcome in ("allowed", "denied")]
    assert set(RECORD_TYPES) == {
        *outcomes, *facts, "code.ended", "session.ended", "notice.sent",
    }  # fmt: skip
    assert len(RECORD_TYPES) == len(set(RECORD_TYPES))


def test_a_decision_is_immutable():
    decision = decide(LAW, Policy(), start(), GENERATE, 0)
    assert isinstance(decision, Decision)
    with pytest.raises(AttributeError):
        decision.allowed = False
