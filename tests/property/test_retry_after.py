"""Who is told to come back after a wait is refused until then, and by that rule no longer."""

from dataclasses import replace

import histories as h
from hypothesis import event, given
from hypothesis import strategies as st

from tvc.authority.decide import LAW, decide

#: Rules that come to an end by the clock alone while somebody waits.
BY_THE_CLOCK = {"generate.session", "generate.approval", "step_up.session", "sign_in.precedence"}


def only(kind, rule_id):
    """Return a law in which requests of one kind meet one rule alone."""
    rule = next(rule for rule in LAW.rules[kind] if rule.id == rule_id)
    return replace(LAW, rules={kind: (rule,)})


def check_waits(policy, steps):
    for step in steps:
        wait_ms = step.decision.retry_after_ms
        if wait_ms is None:
            continue
        rule, now = step.decision.rule, step.at.reading_ms
        event(f"{rule} {step.decision.limit or ''}")
        assert wait_ms > 0
        alone = only(step.request.kind, rule)
        for waited in {0, 1, wait_ms // 2, wait_ms - 1}:
            if waited < wait_ms:
                early = decide(alone, policy, step.before, step.request, now + waited)
                assert early.rule == rule
                assert early.retry_after_ms == wait_ms - waited
                whole = decide(LAW, policy, step.before, step.request, now + waited).rule
                assert whole == rule or whole in BY_THE_CLOCK
        assert decide(alone, policy, step.before, step.request, now + wait_ms).rule is None
        assert decide(LAW, policy, step.before, step.request, now + wait_ms).rule != rule


@given(st.one_of(h.busy_policies(), h.policies()), h.clocks(), h.histories())
def test_the_wait_for_a_rate_limit_or_a_lock_is_exact(policy, nodes, moves):
    check_waits(policy, h.World(policy, nodes).play(moves))


@given(h.busy_policies(), h.clocks(), h.histories(*h.CODE_MOVES))
def test_the_first_limit_in_the_file_that_refuses_is_named(policy, nodes, moves):
    for step in h.World(policy, nodes).play(moves):
        if step.decision.limit is None:
            continue
        refusing = [
            limit.name
            for limit in policy.rates
            if not decide(
                LAW,
                replace(policy, rates=(limit,)),
                step.before,
                step.request,
                step.at.reading_ms,
            ).allowed
        ]
        assert step.decision.limit == refusing[0]
