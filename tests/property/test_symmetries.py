"""What the law does not look at: when a history begins, and what its people are called."""

import histories as h
from hypothesis import given
from hypothesis import strategies as st

from tvc.authority.decide import LAW, decide
from tvc.authority.state import TABLES, State, apply

#: What is refused with these moves a counter, and so may be refused with another the next time.
COUNTED = {"wrong_code", "wrong_proof", "method_too_weak"}


def replay(policy, state, requests):
    """Put requests, as (request, reading), to the kernel; return its decisions and the end."""
    state, decisions = state.copy(), []
    for asked, now_ms in requests:
        decisions.append(decide(LAW, policy, state, asked, now_ms))
        apply(state, decisions[-1].effects)
    return decisions, state


def said(decision, name=lambda name: name, by_ms=0):
    """What a decision says, told about other names and of other instants."""
    live_until_ms = decision.live_until_ms
    return decision._replace(
        account=None if decision.account is None else name(decision.account),
        subject=None if decision.subject is None else name(decision.subject),
        live_until_ms=None if live_until_ms is None else live_until_ms + by_ms,
        effects=(),
        events=(),
    )


@given(h.policies(), h.clocks(), h.histories(), st.integers(-(10**12), 10**12))
def test_a_history_at_another_time_comes_out_the_same(policy, nodes, moves, shift):
    by_ms = shift * h.shift_unit(policy)
    world = h.World(policy, nodes)
    steps = world.play(moves)
    later, end = replay(
        policy,
        h.shift_state(world.initial, policy, by_ms),
        [(step.request, step.at.reading_ms + by_ms) for step in steps],
    )
    assert [said(step.decision, by_ms=by_ms) for step in steps] == list(map(said, later))
    assert end == h.shift_state(world.state, policy, by_ms)


@given(h.policies(), h.clocks(), h.histories(), st.permutations(h.NAMES))
def test_people_under_other_names_get_the_same_decisions(policy, nodes, moves, others):
    names = dict(zip(h.NAMES, others, strict=True))
    world = h.World(policy, nodes)
    steps = world.play(moves)
    renamed, _ = replay(
        policy,
        State.of(h.rename_people(h.PEOPLE, names.__getitem__)),
        [(h.rename_request(step.request, names.__getitem__), step.at.reading_ms) for step in steps],
    )
    expected = [said(step.decision, names.__getitem__) for step in steps]
    assert expected == list(map(said, renamed))
    for step, decision in zip(steps, renamed, strict=True):
        # Sessions end in the order of names; what ends is the same.
        told = {
            event._replace(
                subject=names[event.subject], person=event.person and names[event.person]
            )
            for event in step.decision.events
        }
        assert told == set(decision.events)


@given(h.policies(), h.clocks(), h.histories())
def test_a_refusal_changes_counters_and_the_latest_request_alone_and_is_repeated(
    policy, nodes, moves
):
    for step in h.World(policy, nodes).play(moves):
        decision = step.decision
        if decision.allowed:
            continue
        after = step.before.copy()
        apply(after, decision.effects)
        may_change = {"guards", "sessions"}
        if decision.rule == "step_up.assurance":
            may_change.add("codes")  # what was presented was right: its use counts
        for table in TABLES:
            if table not in may_change:
                assert getattr(after, table) == getattr(step.before, table)
        for person, session in after.sessions.items():
            was = step.before.sessions[person]
            assert session in (was, was._replace(latest_ms=step.at.reading_ms))
            assert session == was or person == step.request.by
        assert {record.type for record in step.records[1:]} <= {"code.ended"}
        if decision.reason not in COUNTED:
            again = decide(LAW, policy, after, step.request, step.at.reading_ms)
            assert said(again) == said(decision)
