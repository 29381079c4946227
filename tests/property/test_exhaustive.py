"""The exhaustive hunt merges only what has the same future, and the random one agrees with it."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvc.authority.authority import Instant
from tvc.authority.decide import LAW
from tvc.authority.durations import HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy
from tvc.authority.state import State
from tvc.files.policies import load_shipped, shipped_policies
from tvc.harness.hunt.exhaustive import (
    PEOPLE,
    CannotExhaust,
    _Exhaustive,
    _Place,
    _Step,
    exhaust,
)
from tvc.harness.hunt.goals import Breaks, Differs, Side, look
from tvc.harness.hunt.histories import Course
from tvc.harness.hunt.monitors import MONITORS
from tvc.harness.hunt.moves import Walk
from tvc.harness.hunt.scenes import CLOCKS, Draws, Scene
from tvc.harness.hunt.search import Exhausted, Find, hunt
from tvc.trace.invariants import INVARIANTS
from tvc.trace.trace import Trace

CHANGES = {
    "salesforce": {},
    "either": {"sign_in.precedence": "either", "code.ends_on": ("method_sign_in",)},
    "replace": {"code.on_live": "replace", "clock.leeway": MINUTE_MS},
    "evicting": {"expire.ends_sessions": True, "session.ends_with_code": True},
    "counting": {"lockout.failures": 2, "rates.subject.limit": 1, "code.uses": 1},
    "pinning": {"sign_in.return": "on_expire_now", "session.max": 2 * HOUR_MS},
    "hourly": {"rates.subject.limit": 1, "rates.subject.window": "clock_hour"},
}
POLICIES = {name: Policy(name).with_values(values) for name, values in CHANGES.items()}


def breaks(policy, invariant, law=LAW):
    return Breaks(Side(law, POLICIES[policy], policy), invariant)


def start_of(search):
    states = tuple(State.of(PEOPLE) for _ in search._sides)
    return _Place(states, 0, tuple(() for _ in search._monitors), 0)


def choices_at(search, place):
    """Everything that may come next: when, where and what."""
    return [
        (at_ms, node, offset_ms, asked)
        for at_ms in search._times(place)
        for node, offset_ms in search._offsets
        for asked in search._requests(place.states)
    ]


def take(search, place, choice):
    """Where a choice leads, merging nothing and leaving nothing out, and whether it shows it."""
    at_ms, node, offset_ms, asked = choice
    at = Instant(at_ms, node, at_ms + offset_ms)
    after, shown = search._take(place, _Step(0, at_ms, node, asked), at) or (None, False)
    return after or place._replace(now_ms=at_ms), shown


# Merging


def answers_of(search, place):
    """What every next request leads to, told in what equal futures have in common."""
    found = set()
    for choice in choices_at(search, place):
        at_ms, node, _, asked = choice
        after, shown = take(search, place, choice)
        issued = place.states[0].issued.get(asked.subject, 0)
        code = None if asked.matched is None else tuple(issued - one for one in asked.matched)
        what = (asked.kind, asked.by, asked.subject, asked.method, code)
        found.add((at_ms - place.now_ms, node, what, shown, search._key(after)))
    return found


@pytest.mark.parametrize(
    ("policy", "invariant", "clocks"),
    [
        ("salesforce", "no_use_after_expiry", CLOCKS[:1]),
        ("either", "code_outranks_methods", ()),
        ("replace", "at_most_per_user_live", ()),
        ("counting", "rate_limit_holds", ()),
        ("pinning", "expire_now_evicts", ()),
        ("hourly", "rate_limit_holds", ()),
    ],
)
def test_merged_histories_have_the_same_future(policy, invariant, clocks):
    search = _Exhaustive(breaks(policy, invariant), 4, clocks)
    places = [start_of(search)]
    groups = {}
    for _ in range(2):
        reached = [
            after
            for place in places
            for choice in choices_at(search, place)
            for after, shown in [take(search, place, choice)]
            if not shown
        ]
        for place in reached:
            groups.setdefault(search._key(place), {})[str(place)] = place
        places = [next(iter(group.values())) for group in groups.values()]
    merged = [list(group.values()) for group in groups.values() if len(group) > 1]
    assert merged
    # Of each group the first ones reached and the last: all of them would take minutes.
    for group in merged[:40]:
        first, *others = answers_of(search, group[0]), answers_of(search, group[-1])
        assert all(other == first for other in others)


@cache
def searched(policy, invariant, events):
    return exhaust(breaks(policy, invariant), events=events)


def shortest(policy, invariant, events):
    """How long the shortest violation is; None where there is none."""
    found = searched(policy, invariant, events)
    return len(found.history.events) if isinstance(found, Find) else None


@settings(max_examples=settings().max_examples * 3 // 2)
@given(
    st.sampled_from([*POLICIES]),
    st.sampled_from([*MONITORS]),
    st.lists(st.integers(0, 10**6), min_size=3, max_size=3),
)
def test_no_walk_over_the_lattice_breaks_what_the_search_says_holds(policy, invariant, numbers):
    search = _Exhaustive(breaks(policy, invariant), 3, CLOCKS[:1])
    place = start_of(search)
    for length, number in enumerate(numbers, 1):
        choices = choices_at(search, place)
        place, shown = take(search, place, choices[number % len(choices)])
        if shown:
            known = shortest(policy, invariant, 3)
            assert known is not None
            assert known <= length
            return


# Monitors


@settings(max_examples=settings().max_examples * 3 // 2)
@given(
    st.sampled_from([*POLICIES]),
    st.binary(min_size=Walk.bytes_for(12), max_size=Walk.bytes_for(12)),
)
def test_a_monitor_judges_as_the_invariant_does_on_the_whole_trace(policy, drawn):
    goal = breaks(policy, None)
    draws = Draws(drawn)
    scene = Scene.drawn(draws, goal, 12, False)
    course = Course(goal.side, scene.people, scene.clocks)
    walk = Walk(scene, [course], draws, True)
    for _ in range(12):
        walk.step()
    trace = course.trace()
    for name, monitor in MONITORS.items():
        whole = INVARIANTS[name](trace)
        assert first_shown(name, monitor, course, trace) == (
            None if whole is None else course.index_of(whole.records[-1])
        ), name


def first_shown(name, monitor, course, trace):
    """The first event at which an invariant is broken, as the monitor sees it step by step."""
    state, memory = trace.initial.copy(), ()
    ends = [*course.firsts[1:], None]
    for index, (first, end) in enumerate(zip(course.firsts, ends, strict=True)):
        records = [one for one in trace.records[first:end] if one.request is not None]
        after = Trace(trace.policy, state, state, tuple(records)).rebuilt()
        seen = (*memory, *records)
        if INVARIANTS[name](Trace(trace.policy, state, after, seen)) is not None:
            return index
        memory = monitor.keep(seen, trace.policy, records[0].at.true_ms)
        state = after
    return None


# The two hunts


def agree(policy, invariant, events):
    goal = breaks(policy, invariant)
    known = searched(policy, invariant, events)
    if isinstance(known, Find):
        assert look(goal, known.history) is not None
        assert len(known.history.events) <= events
        found = hunt(goal, events=16, seconds=60, seed=1)
        assert isinstance(found, Find)
    return known


@pytest.mark.parametrize("policy", ["salesforce", "evicting"])
@pytest.mark.parametrize("invariant", MONITORS)
def test_the_random_hunt_finds_what_the_exhaustive_one_finds(policy, invariant):
    agree(policy, invariant, 3)


@pytest.mark.nightly
@pytest.mark.parametrize("policy", shipped_policies())
@pytest.mark.parametrize("invariant", MONITORS)
def test_the_random_hunt_finds_what_five_events_can_show(policy, invariant):
    POLICIES.setdefault(policy, load_shipped(policy).policy)
    agree(policy, invariant, 5)


def test_a_statement_says_how_much_was_looked_at():
    told = []
    none = exhaust(breaks("salesforce", "inactive_users_get_nothing"), events=3, tell=told.append)
    assert isinstance(none, Exhausted)
    assert none.explored.histories is None
    assert 0 < none.explored.states < none.explored.decisions
    assert told[0] == "checks inactive_users_get_nothing"
    assert [line.split(":")[0] for line in told[1:]] == ["1 events", "2 events", "3 events"]


def test_the_first_find_is_a_shortest_one():
    assert shortest("salesforce", "no_use_after_expiry", 3) == 2
    assert shortest("salesforce", "outsiders_issue_nothing", 2) is None
    assert shortest("salesforce", "outsiders_issue_nothing", 3) == 3


def test_two_policies_are_told_apart_exhaustively():
    sides = [Side(LAW, POLICIES[name], name) for name in ("salesforce", "pinning")]
    found = exhaust(Differs(*sides), events=3)
    assert isinstance(found, Find)
    assert look(found.goal, found.history) is not None
    same = exhaust(Differs(sides[0], sides[0]), events=2)
    assert isinstance(same, Exhausted)


def test_what_cannot_be_searched_exhaustively_is_refused():
    with pytest.raises(CannotExhaust, match="lockout_holds cannot"):
        exhaust(breaks("salesforce", "lockout_holds"), events=1)
    later = {**LAW.comparisons, "code.live": lambda now, end: now <= end}
    with pytest.raises(CannotExhaust, match="compares otherwise"):
        exhaust(
            breaks("salesforce", "no_use_after_expiry", LAW.observed(lambda r: r, later)), events=1
        )
