"""Decisions turn by time at edges alone, each edge turns one, and the law's short cuts agree."""

from dataclasses import replace

import histories as h
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tvc.authority.decide import COMPARISONS, LAW, decide
from tvc.authority.durations import HOUR_MS, MINUTE_MS
from tvc.authority.edges import (
    SESSION_TURNS,
    Turn,
    edges,
    is_live,
    live_codes,
    session_end,
    session_ends_ms,
)
from tvc.authority.policy import Policy
from tvc.authority.requests import SHAPES, Kind, Method, request
from tvc.authority.state import Code, Guard, Session, State, apply

POLICIES = st.one_of(h.busy_policies(), h.policies())
#: Each example looks at many requests and readings.
FEWER = settings(max_examples=settings().max_examples // 3)


def left_by(policy, nodes, moves):
    """The state that a history leaves."""
    world = h.World(policy, nodes)
    world.play(moves)
    return world.state


# Nothing turns but at an edge


def requests_about(state):
    """Requests of every kind, by and for those whom the state knows something about."""
    knows = (state.codes, state.approvals, dict(state.guards.keys()), {"pia": None})
    subjects = tuple(dict.fromkeys(name for table in knows for name in table))
    for kind, shape in SHAPES.items():
        for by in ("sam", "ana", "mallory", *state.sessions):
            for subject in subjects if "for" in shape.fields else (None,):
                given = {"lifetime_ms": HOUR_MS} if "lifetime" in shape.fields else {}
                given |= {"method": Method.TOTP} if "with" in shape.required else {}
                asked = request(kind, by, subject=subject, **given)
                yield asked
                if "code" in shape.fields:
                    yield asked._replace(method=Method.AUTHENTICATOR)
                    session = state.sessions.get(by)
                    account = session.account if session and subject is None else subject
                    yield asked.presenting(())
                    for code in state.codes.get(account, ()):
                        yield asked.presenting((code.ordinal,))


def instants_in(value):
    """Every number in a value of the state, some of which are readings."""
    if isinstance(value, tuple):
        for part in value:
            yield from instants_in(part)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value


def near(state, policy):
    """Readings at which something might turn: any number of the state and durations of the policy.

    The edges are not asked.
    """
    tables = (getattr(state, table) for table in state.__slots__)
    instants = {one for table in tables for value in table.values() for one in instants_in(value)}
    lengths = {0, policy.clock.leeway_ms, policy.issuer.approval_valid_ms}
    lengths |= {policy.session.max_ms or 0, policy.session.idle_ms or 0}
    found = {one + length for one in instants for length in lengths}
    for limit in policy.rates:
        found |= {one + limit.per_ms for one in instants}
        found |= {(one + more) * limit.per_ms for one in instants for more in (0, 1)}
        found |= {one + -(-limit.per_ms // limit.limit) for one in instants}
    return sorted(found | {one + 1 for one in found})


def told(decision):
    """A decision without what goes along with the clock: its waits and the values it puts."""
    put = tuple((put.table, put.key, put.value is None) for put in decision.effects)
    return decision._replace(retry_after_ms=None, effects=put)


@FEWER
@given(POLICIES, h.clocks(), h.histories(), st.lists(st.integers(0, 2**32), min_size=40))
def test_a_decision_turns_by_time_at_an_edge_alone(policy, nodes, moves, numbers):
    state = left_by(policy, nodes, moves)
    known = {edge.reading_ms for edge in edges(state, policy)}
    readings, asked = near(state, policy), [*requests_about(state)]
    for number in numbers:
        which, what = divmod(number, len(asked))
        at_ms = readings[which % len(readings)]
        if at_ms in known:
            continue
        early, late = (
            told(decide(LAW, policy, state, asked[what], ms)) for ms in (at_ms - 1, at_ms)
        )
        assert early == late, at_ms


# Every edge turns something


def only(kind, rule_id, *consequences):
    """A law in which requests of one kind meet one rule, and few things follow."""
    return replace(
        LAW,
        rules={kind: tuple(rule for rule in LAW.rules[kind] if rule.id == rule_id)},
        consequences={kind: tuple(one for one in LAW.consequences[kind] if one.id in consequences)},
    )


def answers(law, policy, state, asked, at_ms):
    return [decide(law, policy, state, asked, ms).allowed for ms in (at_ms - 1, at_ms)]


def code_turns(edge, state, policy):
    (code,) = (one for one in state.codes[edge.subject] if str(one.ordinal) == edge.of)
    alone, law = State(), only(Kind.STATUS, "", "status.tell")
    alone.codes[edge.subject] = (code,)
    told_ms = [
        decide(law, policy, alone, request("status", "sam", subject=edge.subject), ms).live_until_ms
        for ms in (edge.reading_ms - 1, edge.reading_ms)
    ]
    assert told_ms == [edge.reading_ms, None]


def lock_turns(edge, state, policy):
    asked = request("sign_in", "ana", subject=edge.subject)
    asked = asked.presenting(()) if edge.of == "code" else asked._replace(method=Method.TOTP)
    law = only(Kind.SIGN_IN, "sign_in.lockout")
    assert answers(law, policy, state, asked, edge.reading_ms) == [False, True]


def session_turns(edge, state, policy):
    knobs = {
        Turn.SESSION_TOO_OLD: ("session.max", None),
        Turn.SESSION_IDLE: ("session.idle", None),
        Turn.SESSION_CODE_ENDS: ("session.ends_with_code", False),
    }
    del knobs[edge.turn]
    policy = policy.with_values(dict(knobs.values()))
    law = only(Kind.USE, "use.session")
    asked = request("use", edge.subject)
    assert answers(law, policy, state, asked, edge.reading_ms) == [True, False]


def approval_turns(edge, state, policy):
    policy = policy.with_values({"issuer.approvals.standard": 1, "issuer.approvals.privileged": 1})
    alone = State()
    given = state.approvals[edge.subject]
    alone.approvals[edge.subject] = tuple(one for one in given if one[0] == edge.of)
    law = only(Kind.GENERATE, "generate.approval")
    asked = request("generate", "nobody", subject=edge.subject, lifetime_ms=HOUR_MS)
    assert answers(law, policy, alone, asked, edge.reading_ms) == [True, False]


def let_through(policy, state, asked, at_ms):
    """How many generations in a row a rate limit lets pass at a reading."""
    law, state = only(Kind.GENERATE, "generate.rate", "generate.count"), state.copy()
    for count in range(policy.rates[0].limit + 1):
        decision = decide(law, policy, state, asked, at_ms)
        if not decision.allowed:
            return count
        apply(state, decision.effects)
    raise AssertionError("more than the limit")


def limit_turns(edge, state, policy):
    (limit,) = (limit for limit in policy.rates if limit.name == edge.of)
    policy = replace(policy, rates=(limit,))
    memory = state.rates[limit.name, edge.subject]
    asked = request("generate", "it", subject=edge.subject, lifetime_ms=HOUR_MS)
    memories = [memory] if limit.window == "bucket" else [(one,) for one in memory]
    if edge.turn is Turn.GENERATION_LEAVES and edge.alone:
        memories = [memory]
    turned = []
    for kept in memories:
        alone = State()
        alone.sessions["it"] = Session(edge.subject, "high", 0, 0, None, None, None)
        alone.rates[limit.name, edge.subject] = kept
        before, after = (
            let_through(policy, alone, asked, ms) for ms in (edge.reading_ms - 1, edge.reading_ms)
        )
        turned.append(before > after if edge.turn is Turn.WINDOW_BEGINS else before < after)
        if edge.turn is Turn.GENERATION_LEAVES and edge.alone:
            assert before == 0
    assert any(turned)


PROBES = {
    Turn.CODE_ENDS: code_turns,
    Turn.LOCK_ENDS: lock_turns,
    **dict.fromkeys(SESSION_TURNS, session_turns),
    Turn.APPROVAL_LAPSES: approval_turns,
    **dict.fromkeys(
        (Turn.GENERATION_LEAVES, Turn.WINDOW_BEGINS, Turn.WINDOW_ENDS, Turn.TOKEN_COMES),
        limit_turns,
    ),
}


def test_every_turn_there_is_is_yielded_and_turns_something():
    limits = {
        f"rates.{window}.{key}": value
        for window in ("rolling", "clock_hour", "bucket")
        for key, value in (("window", window), ("limit", 2))
    }
    policy = Policy().with_values(
        limits
        | {"session.max": 8 * HOUR_MS, "session.idle": HOUR_MS, "session.ends_with_code": True}
        | {"issuer.approvals.standard": 1, "clock.leeway": MINUTE_MS}
    )
    state = State()
    state.codes["ana"] = (Code(1, HOUR_MS, None, None),)
    state.guards["ana", "code"] = Guard(0, HOUR_MS)
    state.sessions["ana"] = Session("ana", "high", 0, 0, 1, HOUR_MS, None)
    state.approvals["ana"] = (("kim", 0),)
    state.rates["rolling", "ana"] = (1, 2)
    state.rates["clock_hour", "ana"] = ((0, 1), (3, 2))
    state.rates["bucket", "ana"] = (HOUR_MS // 2, 7)
    found = [*edges(state, policy)]
    assert {edge.turn for edge in found} == {*Turn}
    assert {edge.alone for edge in found} == {True, False}
    for edge in found:
        PROBES[edge.turn](edge, state, policy)


# Together, and what the law writes out for itself


@FEWER
@given(POLICIES, h.clocks(), h.histories())
def test_something_turns_at_every_edge_and_the_law_writes_out_the_same(policy, nodes, moves):
    state = left_by(policy, nodes, moves)
    found = [*edges(state, policy)]
    for edge in found:
        event(edge.turn)
        PROBES[edge.turn](edge, state, policy)
    for now_ms in {edge.reading_ms + tick for edge in found for tick in (-1, 0, 1)}:
        for codes in state.codes.values():
            live = [code for code in codes if is_live(code, policy, now_ms)]
            assert live_codes(codes, policy, now_ms, COMPARISONS) == live
        for session in state.sessions.values():
            ends = session_ends_ms(session, policy)
            passed = (SESSION_TURNS[turn] for turn, at_ms in ends if now_ms >= at_ms)
            end = session.ended or next(passed, None)
            assert session_end(session, policy, now_ms, COMPARISONS) == end
