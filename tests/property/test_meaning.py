"""States that mean the same have the same future."""

from itertools import islice, zip_longest
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvc.authority.authority import Authority, Instant
from tvc.authority.decide import LAW, decide
from tvc.authority.durations import HOUR_MS, MINUTE_MS
from tvc.authority.meaning import meaning
from tvc.authority.policy import ALPHABETS, KNOBS, RATE_KNOBS, Policy
from tvc.authority.requests import request
from tvc.authority.state import TABLES, Guard, Person, State, apply

PEOPLE = (
    Person("sam", "admin"),
    Person("kim", "admin"),
    Person("ana"),
    Person("mallory", "outsider", knows=frozenset({"ana"})),
)

#: Knobs that say nothing in a short history unless others say more than their defaults do.
TOGETHER = {
    "code.on_live": {"rates.subject.limit": 2},
    "code.per_user": {"expire.ends_sessions": True},
    "issuer.approvals.privileged": {"issuer.approvals.standard": 1},
    "issuer.approval_valid": {"issuer.approvals.standard": 1},
    "expire.ends_sessions": {"sign_in.precedence": "either"},
    "session.max": {"clock.leeway": MINUTE_MS, "session.idle": HOUR_MS},
    "session.ends_with_code": {"sign_in.return": "on_expire_now"},
    "lockout.for": {"lockout.failures": 1},
    "lockout.scope": {"lockout.failures": 2},
    **{f"rates.subject.{key}": {"rates.subject.limit": 1} for key in ("per", "window", "scope")},
}


def others(knob, value):
    """Values of a knob besides the one it has: each word, and one of any other kind."""
    if knob.kind == "choice":
        return [choice for choice in knob.choices if choice != value]
    if knob.kind == "list":
        return [knob.choices]
    if knob.kind == "boolean":
        return [not value]
    if knob.kind == "alphabet":
        return [next(letters for letters in ALPHABETS.values() if letters != value)]
    if knob.kind == "duration":
        return [next(ms for ms in (HOUR_MS, 15 * MINUTE_MS) if ms != value)]
    return [1 if value != 1 else 2]


def policies():
    """Yield policies by name: for each knob there is one that has it off its default."""
    yield "as it is", Policy()
    held = Policy().values()
    knobs = [(knob.key, knob) for knob in KNOBS]
    knobs += [(f"rates.subject.{knob.key}", knob) for knob in RATE_KNOBS]
    for key, knob in knobs:
        for value in others(knob, held[key]):
            values = {**TOGETHER.get(key, {}), key: value}
            yield f"{key}: {knob.format(value)}", Policy().with_values(values)


POLICIES = dict(policies())

ALPHABET = (
    request("generate", "sam", subject="ana", lifetime_ms=HOUR_MS),
    request("generate", "sam", subject="ana", lifetime_ms=2 * HOUR_MS),
    request("expire", "sam", subject="ana"),
    request("expire", "ana", subject="ana"),
    request("approve", "kim", subject="ana"),
    request("sign_in", "ana"),
    request("sign_in", "ana", method="authenticator"),
    request("sign_in", "mallory", subject="ana"),
    request("sign_in", "mallory", subject="ana", method="authenticator"),
    request("step_up", "ana"),
    request("enroll", "ana", method="totp"),
    request("use", "ana"),
    request("use", "sam"),
    request("sign_out", "ana"),
    request("freeze", "sam", subject="ana"),
    request("unfreeze", "sam", subject="ana"),
    request("deactivate", "sam", subject="ana"),
    request("unlock", "sam", subject="ana"),
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
            if asked.kind in {"sign_in", "step_up"} and asked.method is None and code is not None:
                typed = "wrong" if code == "wrong" or self.newest is None else self.newest
            answer = self.authority.submit(asked, Instant.of(self.now_ms), typed)
            if answer.secret is not None:
                self.newest = answer.secret.show()
            given.append(answer.decision)
        return given


def verdicts(decisions):
    return [(one.allowed, one.reason, one.rule, one.retry_after_ms) for one in decisions]


@given(
    st.sampled_from([*POLICIES.values()]),
    STEPS,
    st.integers(0, 50).map(lambda hours: hours * HOUR_MS),
)
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


PAUSES_MS = (0, 30 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS)
#: How many histories of two events are followed further, and how many pairs compared.
FOLLOWED = settings().max_examples // 50
PAIRS = settings().max_examples // 12


def moves(state):
    """Every request of the alphabet; a code is told by its place from the newest."""
    newest = state.issued.get("ana", 0)
    for asked in ALPHABET:
        yield asked
        if asked.kind in {"sign_in", "step_up"} and asked.method is None:
            yield asked.presenting(())
            yield asked.presenting((newest,))


def taken(policy, state, now_ms, asked):
    """What a request gives, and the state after it."""
    decision = decide(LAW, policy, state, asked, now_ms)
    after = state.copy()
    apply(after, decision.effects)
    return verdicts([decision]), after


def after(policy, level, pauses_ms):
    """The different states, each with its reading, that one event more leads to."""
    return list(
        dict.fromkeys(
            (taken(policy, state, now_ms + pause_ms, asked)[1], now_ms + pause_ms)
            for state, now_ms in level
            for pause_ms in pauses_ms
            for asked in moves(state)
        )
    )


def reached(policy, draw):
    """States that histories of three events lead to: every one of two, and some of three."""
    one = after(policy, [(State.of(PEOPLE), 0)], (0,))
    two = after(policy, one, PAUSES_MS)
    return [*one, *two, *after(policy, draw.sample(two, min(FOLLOWED, len(two))), PAUSES_MS)]


def differences(one, other):
    """Yield in what two states differ: tables, with the fields of values in both."""
    for table in TABLES:
        before, behind = getattr(one, table), getattr(other, table)
        for key in before.keys() | behind.keys():
            if before.get(key) != behind.get(key):
                yield table, *fields_that_differ(before.get(key), behind.get(key))


def fields_that_differ(one, other):
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        names = getattr(one, "_fields", range(len(one)))
        for name, left, right in zip(names, one, other, strict=True):
            if left != right:
                yield name, *fields_that_differ(left, right)


def pairs_that_mean_the_same(policy, draw):
    """Some pairs of a state and a reading with one meaning, as many ways as may be to differ."""
    first, ways = {}, {}
    for state, now_ms in reached(policy, draw):
        known = first.setdefault(meaning(state, policy, now_ms), (state, now_ms))
        if known != (state, now_ms):
            way = (known[1] == now_ms, frozenset(differences(known[0], state)))
            ways.setdefault(way, []).append((known, (state, now_ms)))
    alike = list(ways.values())
    draw.shuffle(alike)
    turns = (pair for turn in zip_longest(*alike) for pair in turn if pair is not None)
    return [*islice(turns, PAIRS)]


@pytest.mark.parametrize("name", POLICIES)
def test_states_that_mean_the_same_answer_alike_and_go_on_meaning_the_same(name):
    # One step is enough: what holds of every step holds, step by step, of every future.
    policy, draw = POLICIES[name], Random(name)
    pairs = pairs_that_mean_the_same(policy, draw)
    assert len(pairs) == PAIRS
    for (one, one_ms), (other, other_ms) in pairs:
        for pause_ms in PAUSES_MS:
            for asked, same in zip(moves(one), moves(other), strict=True):
                given, after = taken(policy, one, one_ms + pause_ms, asked)
                also, beside = taken(policy, other, other_ms + pause_ms, same)
                assert given == also, asked
                assert meaning(after, policy, one_ms + pause_ms) == meaning(
                    beside, policy, other_ms + pause_ms
                ), asked


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
