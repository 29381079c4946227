"""States that mean the same have the same future."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvc.authority.authority import Authority, Instant
from tvc.authority.decide import LAW, decide
from tvc.authority.durations import HOUR_MS, MINUTE_MS
from tvc.authority.meaning import meaning
from tvc.authority.policy import Policy
from tvc.authority.requests import request
from tvc.authority.state import Guard, Person, State, apply

PEOPLE = (
    Person("sam", "admin"),
    Person("kim", "admin"),
    Person("ana"),
    Person("mallory", "outsider", knows=frozenset({"ana"})),
)

POLICIES = tuple(
    Policy().with_values(values)
    for values in (
        {},
        {"rates.subject.limit": 2, "lockout.failures": 2, "lockout.for": 30 * MINUTE_MS},
        {"rates.subject.window": "clock_hour", "rates.subject.limit": 2},
        {"rates.subject.window": "bucket", "rates.subject.limit": 2, "code.uses": 2},
        {"session.max": 2 * HOUR_MS, "session.idle": HOUR_MS, "clock.leeway": MINUTE_MS},
        {"session.ends_with_code": True, "sign_in.return": "on_expire_now"},
        {"issuer.approvals.standard": 1, "code.on_live": "replace", "lockout.scope": "user"},
        {"expire.ends_sessions": True, "code.per_user": 2, "sign_in.precedence": "either"},
    )
)

ALPHABET = (
    request("generate", "sam", subject="ana", lifetime_ms=HOUR_MS),
    request("generate", "sam", subject="ana", lifetime_ms=2 * HOUR_MS),
    request("expire", "sam", subject="ana"),
    request("approve", "kim", subject="ana"),
    request("sign_in", "ana"),
    request("sign_in", "ana", method="authenticator"),
    request("sign_in", "mallory", subject="ana", method="authenticator"),
    request("use", "ana"),
    request("use", "sam"),
    request("sign_out", "ana"),
    request("freeze", "sam", subject="ana"),
    request("unfreeze", "sam", subject="ana"),
    request("sign_in", "sam", method="authenticator"),
)
ASKED = st.sampled_from(ALPHABET)
CODES = st.sampled_from((None, "newest", "wrong"))
WAITS = st.sampled_from(
    (0, 1, *(n * MINUTE_MS for n in (1, 15, 30, 120)), HOUR_MS - 1, HOUR_MS, HOUR_MS + 1)
)
STEPS = st.lists(st.tuples(ASKED, CODES, WAITS), max_size=12)


class Desk:
    """An authority whose newest code is remembered, as its subject would."""

    def __init__(self, policy, state, now_ms):
        self.authority = Authority(policy, state)
        self.now_ms = now_ms
        self.newest = None

    def take(self, steps):
        given = []
        for asked, code, wait_ms in steps:
            self.now_ms += wait_ms
            typed = None
            if asked.kind == "sign_in" and asked.method is None and code is not None:
                typed = "wrong" if code == "wrong" or self.newest is None else self.newest
            answer = self.authority.submit(asked, Instant.of(self.now_ms), typed)
            if answer.secret is not None:
                self.newest = answer.secret.show()
            given.append(answer.decision)
        return given


def verdicts(decisions):
    return [(one.allowed, one.reason, one.rule, one.retry_after_ms) for one in decisions]


@settings(max_examples=200)
@given(st.sampled_from(POLICIES), STEPS, st.integers(0, 50).map(lambda hours: hours * HOUR_MS))
def test_a_history_means_the_same_whenever_it_happened(policy, steps, later_ms):
    early, late = (Desk(policy, State.of(PEOPLE), start_ms) for start_ms in (0, later_ms))
    for desk in (early, late):
        for person in ("sam", "kim"):
            method = request("sign_in", person, method="authenticator")
            desk.authority.submit(method, Instant.of(desk.now_ms))
        desk.take(steps)
    assert meaning(early.authority.state, policy, early.now_ms) == meaning(
        late.authority.state, policy, late.now_ms
    )


PAUSES_MS = (0, MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS)
MOST_PAIRS = 60


def moves(state):
    """Every request of the alphabet; a code is told by its place from the newest."""
    newest = state.issued.get("ana", 0)
    for asked in ALPHABET:
        yield asked
        if asked.kind == "sign_in" and asked.method is None:
            yield asked.presenting(())
            yield asked.presenting((newest,))


def taken(policy, state, now_ms, asked):
    """What a request gives, and the state after it."""
    decision = decide(LAW, policy, state, asked, now_ms)
    after = state.copy()
    apply(after, decision.effects)
    return verdicts([decision]), after


def pairs_that_mean_the_same(policy):
    """Different states, reached by different histories of two events, with one meaning."""
    first = {}
    level = [(State.of(PEOPLE), 0)]
    for _ in range(2):
        level = [
            (taken(policy, state, now_ms + pause_ms, asked)[1], now_ms + pause_ms)
            for state, now_ms in level
            for pause_ms in PAUSES_MS
            for asked in moves(state)
        ]
        for state, now_ms in level:
            known = first.setdefault(meaning(state, policy, now_ms), (state, now_ms))
            if known[0] != state:
                yield known, (state, now_ms)


@pytest.mark.parametrize("policy", POLICIES, ids=range(len(POLICIES)))
def test_states_that_mean_the_same_answer_alike_and_go_on_meaning_the_same(policy):
    # One step is enough: what holds of every step holds, step by step, of every future.
    compared = 0
    pairs = list(pairs_that_mean_the_same(policy))
    for (one, one_ms), (other, other_ms) in pairs[:: max(1, len(pairs) // MOST_PAIRS)]:
        compared += 1
        for pause_ms in PAUSES_MS:
            for asked, same in zip(moves(one), moves(other), strict=True):
                given, after = taken(policy, one, one_ms + pause_ms, asked)
                also, beside = taken(policy, other, other_ms + pause_ms, same)
                assert given == also, asked
                assert meaning(after, policy, one_ms + pause_ms) == meaning(
                    beside, policy, other_ms + pause_ms
                ), asked
    assert compared >= MOST_PAIRS


def test_a_forgotten_past_leaves_no_trace_in_the_meaning():
    fresh, worn = (Desk(Policy(), State.of(PEOPLE), 0) for _ in range(2))
    worn.take(
        [
            (request("generate", "sam", subject="ana", lifetime_ms=HOUR_MS), None, 0),
            (request("expire", "sam", subject="ana"), None, 0),
        ]
    )
    now_ms = 10 * HOUR_MS
    worn.authority.state.codes.clear()
    assert worn.authority.state != fresh.authority.state
    assert meaning(worn.authority.state, Policy(), now_ms) == meaning(
        fresh.authority.state, Policy(), now_ms
    )


def test_a_lock_that_a_slower_node_still_sees_is_part_of_the_meaning():
    locked, free = State.of(PEOPLE), State.of(PEOPLE)
    locked.guards["ana", "code"] = Guard(0, HOUR_MS)
    assert meaning(locked, Policy(), HOUR_MS) == meaning(free, Policy(), HOUR_MS)
    assert meaning(locked, Policy(), HOUR_MS, behind_ms=1) != meaning(
        free, Policy(), HOUR_MS, behind_ms=1
    )
