"""Rate limits against a clerk who keeps every reading that there ever was."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvc.authority.decide import COMPARISONS
from tvc.authority.durations import HOUR_MS, MINUTE_MS
from tvc.authority.policy import RateLimit
from tvc.authority.rates import REMEMBERED_WINDOWS, remember, wait_ms

WINDOWS = ("rolling", "clock_hour", "bucket")
limits = st.builds(
    RateLimit,
    st.just("desk"),
    st.integers(1, 4),
    st.integers(1, 20),
    st.sampled_from(WINDOWS),
)
#: Readings run backwards as often as not.
readings = st.lists(st.integers(-60, 60), max_size=40)


def is_full(limit, taken, now):
    """Say whether a limit refuses, by its description and all generations so far."""
    if limit.window == "rolling":
        return sum(reading > now - limit.per_ms for reading in taken) >= limit.limit
    if limit.window == "clock_hour":
        same = [reading for reading in taken if reading // limit.per_ms == now // limit.per_ms]
        return len(same) >= limit.limit
    tokens, newest = Fraction(limit.limit), min([now, *taken])
    for reading in taken:
        tokens = refill(limit, tokens, reading - newest) - 1
        newest = max(newest, reading)
    return refill(limit, tokens, now - newest) < 1


def refill(limit, tokens, passed):
    if passed <= 0:
        return tokens
    return min(Fraction(limit.limit), tokens + Fraction(passed * limit.limit, limit.per_ms))


def play(limit, asked):
    """Ask at each reading; yield (reading, memory before, generations allowed before)."""
    memory, taken = (), []
    for now in asked:
        yield now, memory, tuple(taken)
        if not wait_ms(limit, memory, now, COMPARISONS):
            memory = remember(limit, memory, now)
            taken.append(now)


@given(limits, readings)
def test_a_limit_refuses_exactly_what_all_readings_together_forbid(limit, asked):
    for now, memory, taken in play(limit, asked):
        assert (wait_ms(limit, memory, now, COMPARISONS) > 0) == is_full(limit, taken, now)


@given(limits, readings)
def test_the_wait_is_the_smallest_after_which_a_limit_lets_one_through(limit, asked):
    for now, memory, taken in play(limit, asked):
        wait = wait_ms(limit, memory, now, COMPARISONS)
        assert all(is_full(limit, taken, now + waited) for waited in range(wait))
        assert not is_full(limit, taken, now + wait)


@given(limits, readings)
def test_memory_stays_bounded_and_in_whole_numbers(limit, asked):
    most = {"rolling": limit.limit, "clock_hour": REMEMBERED_WINDOWS + 1, "bucket": 2}
    for _, memory, taken in play(limit, asked):
        assert len(memory) <= most[limit.window]
        assert bool(memory) == bool(taken)
        flat = [number for item in memory for number in (item if type(item) is tuple else (item,))]
        assert all(type(number) is int for number in flat)


@given(limits, readings)
def test_what_was_asked_in_vain_leaves_no_trace(limit, asked):
    (*_, (now, memory, taken)) = play(limit, [*asked, 0])
    again = ()
    for reading in taken:
        again = remember(limit, again, reading)
    assert again == memory
    assert wait_ms(limit, again, now, COMPARISONS) == wait_ms(limit, memory, now, COMPARISONS)


@pytest.mark.parametrize("window", WINDOWS)
def test_an_unused_limit_is_open_at_any_reading(window):
    limit = RateLimit("desk", 1, HOUR_MS, window)
    for now in (-HOUR_MS, -1, 0, 1, 10**15):
        assert wait_ms(limit, (), now, COMPARISONS) == 0


def after(limit, *taken):
    memory = ()
    for reading in taken:
        memory = remember(limit, memory, reading)
    return memory


def test_a_rolling_generation_counts_until_it_is_as_old_as_the_window():
    limit = RateLimit("subject", 1, HOUR_MS)
    memory = after(limit, 0)
    assert wait_ms(limit, memory, HOUR_MS - 1, COMPARISONS) == 1
    assert wait_ms(limit, memory, HOUR_MS, COMPARISONS) == 0


def test_a_rolling_generation_ahead_of_now_counts():
    limit = RateLimit("subject", 1, HOUR_MS)
    memory = after(limit, 2 * HOUR_MS)
    assert wait_ms(limit, memory, 0, COMPARISONS) == 3 * HOUR_MS


def test_clock_hours_let_twice_the_limit_through_around_the_stroke():
    limit = RateLimit("subject", 6, HOUR_MS, "clock_hour")
    memory = after(limit, *[HOUR_MS - 1] * 6)
    assert wait_ms(limit, memory, HOUR_MS - 1, COMPARISONS) == 1
    assert wait_ms(limit, memory, HOUR_MS, COMPARISONS) == 0
    memory = after(limit, *[HOUR_MS - 1] * 6, *[HOUR_MS] * 6)
    assert wait_ms(limit, memory, HOUR_MS, COMPARISONS) == HOUR_MS


def test_the_wait_for_a_clock_hour_skips_hours_that_are_full_already():
    limit = RateLimit("subject", 1, HOUR_MS, "clock_hour")
    memory = after(limit, 0, HOUR_MS, 2 * HOUR_MS)
    assert wait_ms(limit, memory, MINUTE_MS, COMPARISONS) == 3 * HOUR_MS - MINUTE_MS


def test_a_clock_hour_before_the_beginning_is_an_hour_of_its_own():
    limit = RateLimit("subject", 1, HOUR_MS, "clock_hour")
    assert wait_ms(limit, after(limit, -1), 0, COMPARISONS) == 0
    assert wait_ms(limit, after(limit, -1), -HOUR_MS, COMPARISONS) == HOUR_MS


def test_a_full_bucket_lets_its_tokens_through_at_once_and_refills_evenly():
    limit = RateLimit("subject", 6, HOUR_MS, "bucket")
    memory = after(limit, *[0] * 6)
    assert wait_ms(limit, memory, 0, COMPARISONS) == 10 * MINUTE_MS
    assert wait_ms(limit, memory, 10 * MINUTE_MS - 1, COMPARISONS) == 1
    assert wait_ms(limit, memory, 10 * MINUTE_MS, COMPARISONS) == 0


def test_a_bucket_never_holds_more_than_its_limit():
    limit = RateLimit("subject", 2, HOUR_MS, "bucket")
    memory = after(limit, 0, 100 * HOUR_MS, 100 * HOUR_MS)
    assert wait_ms(limit, memory, 100 * HOUR_MS, COMPARISONS) == 30 * MINUTE_MS


def test_a_backward_reading_refills_no_bucket():
    limit = RateLimit("subject", 1, HOUR_MS, "bucket")
    memory = after(limit, 2 * HOUR_MS)
    assert wait_ms(limit, memory, 0, COMPARISONS) == 3 * HOUR_MS
    # Going back and forth refills nothing twice.
    assert wait_ms(limit, memory, 2 * HOUR_MS + 30 * MINUTE_MS, COMPARISONS) == 30 * MINUTE_MS


def test_a_bucket_refills_without_rounding_where_tokens_do_not_divide_the_window():
    limit = RateLimit("subject", 7, 10, "bucket")
    memory = after(limit, *[0] * 7)
    assert [wait_ms(limit, memory, now, COMPARISONS) for now in range(4)] == [2, 1, 0, 0]
    memory = remember(limit, memory, 2)
    # 1.4 tokens came in 2 ms; one was taken, and 0.6 more take 0.86 ms.
    assert wait_ms(limit, memory, 2, COMPARISONS) == 1
