"""Rates, openings and arrivals by the hour of the week."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvc.authority.durations import DAY_MS, HOUR_MS
from tvc.domain.quantities import HOURS_OF_WEEK, parse_week_hours
from tvc.domain.workload import NodeModel
from tvc.world.clocks import NodeClock
from tvc.world.streams import Streams
from tvc.world.weeks import WEEK_MS, Openings, WeekRate, arrivals

WEIGHTS = tuple(float(hour % 24 >= 8) * (1 + hour // 24) for hour in range(HOURS_OF_WEEK))
INSTANTS = st.integers(0, 3 * WEEK_MS)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("offset_ms", [0, 5 * HOUR_MS, 3 * DAY_MS + 7])
def test_a_week_brings_what_the_mean_rate_says_whatever_its_profile(weights, offset_ms):
    rate = WeekRate(1 / HOUR_MS, weights, offset_ms)
    assert rate.expected(11, 11 + WEEK_MS) == pytest.approx(HOURS_OF_WEEK)


@given(INSTANTS, INSTANTS, st.floats(0, 0.999999))
def test_an_instant_is_where_its_share_is_reached(one_ms, other_ms, share):
    rate = WeekRate(1 / HOUR_MS, WEIGHTS, 2 * DAY_MS)
    from_ms, to_ms = sorted((one_ms, other_ms))
    expected = rate.expected(from_ms, to_ms)
    if expected < 0.01:
        return
    at_ms = rate.instant(from_ms, to_ms, share)
    assert from_ms <= at_ms < to_ms
    assert rate.expected(from_ms, at_ms) == pytest.approx(share * expected, abs=1e-5)
    many = rate.instants(from_ms, to_ms, np.array([share, 0.0]))
    assert abs(int(many[0]) - at_ms) <= 1


def test_nothing_arrives_in_an_hour_without_weight():
    rate = WeekRate(200 / WEEK_MS, WEIGHTS, 0)
    found = arrivals(rate, Streams(1).stream("x"), 0, 0, 4 * WEEK_MS)
    assert len(found) > 600
    assert all(at_ms // HOUR_MS % 24 >= 8 for at_ms, _ in found)


def test_a_longer_horizon_and_a_higher_rate_only_add_arrivals():
    stream = Streams(1).stream("x")
    low, high = (WeekRate(n / WEEK_MS, WEIGHTS, 0) for n in (20, 30))
    short = arrivals(low, stream, 7, 0, 9 * DAY_MS)
    longer = arrivals(low, stream, 7, 0, 40 * DAY_MS)
    more = arrivals(high, stream, 7, 0, 40 * DAY_MS)
    assert short == [one for one in longer if one[0] < 9 * DAY_MS]
    assert set(longer) < set(more)


def open_within(openings, end_ms):
    """How long the desk is open from 0 on, opening by opening."""
    total_ms, at_ms = 0, openings.next_open(0)
    while at_ms < end_ms:
        closes_ms = min(openings.closes(at_ms), end_ms)
        total_ms += closes_ms - at_ms
        at_ms = openings.next_open(closes_ms)
    return total_ms


def test_the_desk_opens_and_closes_by_its_hours():
    openings = Openings(parse_week_hours("mon-fri 8-18") | parse_week_hours("sat 9-13"), 0)
    friday_ms, saturday_ms = 4 * DAY_MS, 5 * DAY_MS
    assert openings.next_open(0) == 8 * HOUR_MS
    assert openings.next_open(9 * HOUR_MS + 5) == 9 * HOUR_MS + 5
    assert openings.closes(9 * HOUR_MS + 5) == 18 * HOUR_MS
    assert openings.next_open(friday_ms + 18 * HOUR_MS) == saturday_ms + 9 * HOUR_MS
    assert openings.next_open(saturday_ms + 13 * HOUR_MS) == WEEK_MS + 8 * HOUR_MS
    assert open_within(openings, WEEK_MS) == 54 * HOUR_MS
    assert openings.next_open(saturday_ms) == saturday_ms + 9 * HOUR_MS


def test_a_desk_that_never_closes_is_open_at_any_time():
    openings = Openings(frozenset(range(HOURS_OF_WEEK)), 3 * HOUR_MS)
    assert openings.next_open(12_345) == 12_345
    assert open_within(openings, 3 * WEEK_MS) == 3 * WEEK_MS


def clock(**values):
    return NodeClock(NodeModel.model_validate(values), "west")


def test_a_clock_reads_offset_and_drift():
    assert clock(offset="-90s", drift_ppm=20).read(HOUR_MS) == HOUR_MS - 90_000 + 72


def test_a_clock_that_is_set_keeps_the_step_from_that_instant_on():
    stepped = clock(steps=[{"at": "1h", "by": "-3s"}, {"at": "2h", "by": "1s"}])
    shown = [stepped.read(at_ms) - at_ms for at_ms in (HOUR_MS - 1, HOUR_MS, 2 * HOUR_MS)]
    assert shown == [0, -3_000, -2_000]


def test_a_clock_that_is_set_right_loses_offset_steps_and_drift():
    kept = clock(offset="5s", drift_ppm=1000, resync_every="1h", steps=[{"at": "30m", "by": "7s"}])
    assert kept.read(HOUR_MS - 1) - (HOUR_MS - 1) == 5_000 + 7_000 + 3_599
    assert kept.read(HOUR_MS) == HOUR_MS
    assert kept.read(HOUR_MS + 10_000) == HOUR_MS + 10_010
