"""The law agrees, decision by decision, with a second one written down from its description."""

from pathlib import Path

import histories as h
import naive
import pytest
from hypothesis import given, settings

from tvc.authority.authority import Authority, Instant
from tvc.authority.decide import LAW
from tvc.authority.requests import Kind
from tvc.authority.secrets import KeyedCodes
from tvc.authority.state import State
from tvc.files.documents import parse_document
from tvc.files.scenarios import read_scenarios
from tvc.workbench.recipes.refusals import reason_recipe

#: Every rule with each of its reasons.
REFUSALS = [(rule.id, reason) for rule in LAW.all_rules() for reason in rule.refuses]


def agree(policy, nodes, moves):
    world, desk = h.World(policy, nodes), naive.NaiveDesk(policy, h.PEOPLE)
    for move in moves:
        step = world.take(move)
        if step is None:
            continue
        ended, notices = len(desk.ended), desk.notices
        verdict = desk.judge(step.request, step.typed, step.at.reading_ms)
        decision = step.decision
        assert (verdict.rule, verdict.reason) == (decision.rule, decision.reason)
        assert verdict.challenge == decision.challenge
        assert verdict.limit == decision.limit
        assert verdict.level == decision.level
        assert verdict.code == decision.code
        assert verdict.live_until_ms == decision.live_until_ms
        if decision.rule == "sign_in.lockout":
            assert verdict.retry_after_ms == decision.retry_after_ms
        assert desk.ended[ended:] == [
            (record.event.subject, record.event.code, record.event.cause)
            for record in step.records
            if record.type == "code.ended"
        ]
        sent = [record for record in step.records if record.type == "notice.sent"]
        assert desk.notices - notices == len(sent)
        if step.request.kind is Kind.GENERATE and decision.allowed:
            desk.accounts[step.request.subject].codes[-1].text = step.secret
    check_end(world, desk)


def check_end(world, desk):
    """At the end of a run, codes that are past their end by true time lapse on record."""
    before, leeway_ms = len(world.records), world.policy.clock.leeway_ms
    expected = {
        (name, code.ordinal, "lapsed", code.expires + leeway_ms)
        for name, account in desk.accounts.items()
        for code in account.codes
        if code.end is None and world.true_ms >= code.expires + leeway_ms
    }
    lapses = [r.event for r in world.finish().records[before:] if r.type == "code.ended"]
    assert {(one.subject, one.code, one.cause, one.at_ms) for one in lapses} == expected
    assert len(lapses) == len(expected)


@settings(max_examples=settings().max_examples * 2)
@given(h.policies(), h.clocks(), h.histories())
def test_every_decision_is_the_one_the_description_asks_for(policy, nodes, moves):
    agree(policy, nodes, moves)


@given(
    h.busy_policies(),
    h.clocks(),
    h.histories(*h.CODE_MOVES),
)
def test_rate_limits_and_locks_are_those_of_the_description(policy, nodes, moves):
    agree(policy, nodes, moves)


@pytest.mark.parametrize(("rule", "reason"), REFUSALS, ids=map(":".join, REFUSALS))
def test_every_refusal_of_the_law_is_one_of_the_description(rule, reason):
    # What is drawn seldom meets a rule that takes a rare account under a rare policy.
    text = reason_recipe(rule, reason).as_file()
    (case,) = read_scenarios(parse_document(text, "x.tvc.yaml"), Path("x.tvc.yaml")).cases
    policy = case.policy.policy
    desk = naive.NaiveDesk(policy, case.people)
    authority = Authority(policy, State.of(case.people), draw=KeyedCodes(rule))
    shown = {}
    for step in case.steps:
        typed = None if step.presents is None else shown.get(step.presents, "wrong")
        answer = authority.submit(step.request, Instant.of(step.at_ms), typed)
        verdict = desk.judge(step.request, typed, step.at_ms)
        assert (verdict.rule, verdict.reason) == (answer.decision.rule, answer.decision.reason)
        if answer.secret is not None:
            shown[step.save] = answer.secret.show()
            desk.accounts[step.request.subject].codes[-1].text = shown[step.save]
    assert (verdict.rule, verdict.reason) == (rule, reason)
