"""The kernel is a function: of its arguments alone, and the same when somebody takes notes."""

import histories as h
from hypothesis import given

from tvc.authority.decide import LAW, decide
from tvc.authority.policy import Policy, find_knob
from tvc.authority.state import State, apply
from tvc.harness.examine import examine


@given(h.policies(), h.clocks(), h.histories())
def test_decide_depends_on_its_arguments_alone_and_effects_tell_all(policy, nodes, moves):
    world = h.World(policy, nodes)
    state, values = State.of(h.PEOPLE), policy.values()
    for step in world.play(moves):
        assert state == step.before
        first = decide(LAW, policy, state, step.request, step.at.reading_ms)
        second = decide(LAW, policy, state.copy(), step.request, step.at.reading_ms)
        assert first == second == step.decision
        assert state == step.before
        apply(state, first.effects)
    assert state == world.state
    assert hash(state) == hash(world.state)
    assert policy.values() == values


@given(h.policies(), h.clocks(), h.histories())
def test_an_examined_request_gets_the_very_decision_it_gets_unexamined(policy, nodes, moves):
    for step in h.World(policy, nodes).play(moves):
        seen = examine(policy, step.before, step.request, step.at.reading_ms)
        assert seen.decision == step.decision
        met = [meeting.rule.id for meeting in seen.meetings]
        assert [*met, *(rule.id for rule in seen.unmet)] == [
            rule.id for rule in LAW.rules.get(step.request.kind, ())
        ]
        if step.decision.rule is not None:
            assert met[-1] == step.decision.rule
            assert seen.meetings[-1].verdict == f"refused: {step.decision.reason}"
        assert all(meeting.verdict == "passed" for meeting in seen.meetings[:-1])
        assert all(find_knob(key) is not None for key in seen.knobs)
        # Knobs that were not looked at do not matter.
        read = {key: value for key, value in policy.values().items() if key in seen.knobs}
        other = Policy("other").with_values({"rates.subject": None})
        limits = {f"rates.{limit.name}.limit": limit.limit for limit in policy.rates}
        other = other.with_values(limits | read)
        assert decide(LAW, other, step.before, step.request, step.at.reading_ms) == step.decision
