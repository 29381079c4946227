"""Durations are whole milliseconds, spelt one way and read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvc.authority.durations import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    UNITS_MS,
    format_duration,
    parse_duration,
)

LONGEST_MS = 1_000_000 * DAY_MS


@given(st.integers(-LONGEST_MS, LONGEST_MS))
def test_what_is_written_is_read_back(duration_ms):
    text = format_duration(duration_ms)
    assert parse_duration(text) == duration_ms
    assert format_duration(parse_duration(text)) == text


@given(
    st.lists(st.sampled_from(list(UNITS_MS)), unique=True, min_size=1),
    st.lists(st.integers(0, 999), min_size=5, max_size=5),
)
def test_units_add_up_from_the_largest_to_the_smallest(units, counts):
    ordered = [unit for unit in UNITS_MS if unit in units]
    parts = list(zip(counts, ordered, strict=False))
    text = "".join(f"{count}{unit}" for count, unit in parts)
    total = sum(count * UNITS_MS[unit] for count, unit in parts)
    assert parse_duration(text) == total
    assert parse_duration(f"-{text}") == -total


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [
        ("0s", 0),
        ("-0s", 0),
        ("0ms", 0),
        ("250ms", 250),
        ("90s", 90 * SECOND_MS),
        ("90m", 90 * MINUTE_MS),
        ("1h30m", 90 * MINUTE_MS),
        ("1d", DAY_MS),
        ("2d", 2 * DAY_MS),
        ("36h", 36 * HOUR_MS),
        ("007s", 7 * SECOND_MS),
        ("-90s", -90 * SECOND_MS),
        ("1m1ms", MINUTE_MS + 1),
        ("1000000d", LONGEST_MS),
    ],
)
def test_durations_are_read(text, duration_ms):
    assert parse_duration(text) == duration_ms


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "0", "5", "s", "h1", "1.5h", "1,5h", "1 h", " 1h", "1h ", "1h 30m", "+1h", "--1h",
        "1H", "1min", "1hour", "1w", "1y", "30m1h", "1s1m", "1h1h", "1ms1s", "1e3s", "1_000s",
        "0x1s", "1h\n", "P1D", "1h30", "nan", "inf",
        "\N{ARABIC-INDIC DIGIT ONE}h", "\N{VULGAR FRACTION ONE HALF}h",
    ],
)  # fmt: skip
def test_what_is_no_duration_is_refused_with_what_was_expected(text):
    with pytest.raises(ValueError, match="is no duration: write whole numbers with units"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text", ["1000001d", "1000000d1ms", "99999999999999999999h", "-1000001d", "9" * 10_000 + "s"]
)
def test_what_is_too_long_is_refused_without_effort(text):
    with pytest.raises(ValueError, match="is too long: at most 1000000d") as refused:
        parse_duration(text)
    assert len(str(refused.value)) < 120


def test_a_long_text_is_not_repeated_in_full():
    with pytest.raises(ValueError, match="is no duration") as refused:
        parse_duration("x" * 100_000)
    assert len(str(refused.value)) < 200


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_refused(text):
    try:
        duration_ms = parse_duration(text)
    except ValueError:
        return
    assert type(duration_ms) is int
    assert parse_duration(format_duration(duration_ms)) == duration_ms


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [
        (0, "0s"),
        (1, "1ms"),
        (HOUR_MS - 1, "59m59s999ms"),
        (DAY_MS, "24h"),
        (2 * DAY_MS - 1, "47h59m59s999ms"),
        (2 * DAY_MS, "2d"),
        (2 * DAY_MS + HOUR_MS, "2d1h"),
        (-HOUR_MS, "-1h"),
    ],
)
def test_durations_are_written_as_people_say_them(duration_ms, text):
    assert format_duration(duration_ms) == text
