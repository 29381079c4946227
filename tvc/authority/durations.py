"""Durations: whole milliseconds, written as ``90s``, ``1h30m``, ``2d`` or ``250ms``.

Time is integer everywhere. A float would make an instant such as "exactly at expiry" a matter
of rounding, and that instant is the one that policies are about.
"""

import re
from typing import Final

MS: Final = 1
SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

UNITS_MS: Final = {"d": DAY_MS, "h": HOUR_MS, "m": MINUTE_MS, "s": SECOND_MS, "ms": MS}

_PART = re.compile(r"(\d+)(ms|d|h|m|s)", re.ASCII)
#: No duration is longer.
LONGEST_MS: Final = 1_000_000 * DAY_MS


def parse_duration(text: str) -> int:
    """Read a duration.

    Parameters
    ----------
    text
        Whole numbers with units from the largest to the smallest, each unit at most once, with
        an optional minus sign in front: ``1h30m``, ``-90s``. A bare ``0`` needs a unit too.

    Returns
    -------
    int
        The duration in milliseconds.

    Raises
    ------
    ValueError
        If the text is no duration; the message says what is wrong and what was expected.

    Examples
    --------
    >>> parse_duration("1h30m")
    5400000
    >>> parse_duration("-90s")
    -90000
    >>> parse_duration("1.5h")
    Traceback (most recent call last):
    ValueError: '1.5h' is no duration: write whole numbers with units, such as 90s, 1h30m, 2d, 250ms
    """
    digits = text[1:] if text.startswith("-") else text
    total, position, seen = 0, 0, 0
    order = list(UNITS_MS)
    while position < len(digits):
        part = _PART.match(digits, position)
        if part is None or order.index(part[2]) < seen:
            break
        if len(part[1]) > len(str(LONGEST_MS)):
            raise ValueError(f"{_short(text)} is too long: at most {LONGEST_MS // DAY_MS}d")
        total += int(part[1]) * UNITS_MS[part[2]]
        seen = order.index(part[2]) + 1
        position = part.end()
    if position == 0 or position < len(digits):
        raise ValueError(
            f"{_short(text)} is no duration: "
            "write whole numbers with units, such as 90s, 1h30m, 2d, 250ms"
        )
    if total > LONGEST_MS:
        raise ValueError(f"{_short(text)} is too long: at most {LONGEST_MS // DAY_MS}d")
    return -total if text.startswith("-") else total


def format_duration(duration_ms: int) -> str:
    """Write a duration the way files spell it; ``parse_duration`` reads it back.

    Days appear from two days on, since people say 24 hours and 36 hours of codes.

    Examples
    --------
    >>> format_duration(5_400_000), format_duration(-90_000), format_duration(0)
    ('1h30m', '-1m30s', '0s')
    >>> format_duration(3_599_999), format_duration(DAY_MS), format_duration(28 * DAY_MS)
    ('59m59s999ms', '24h', '28d')
    """
    if duration_ms == 0:
        return "0s"
    rest = abs(duration_ms)
    text = "-" if duration_ms < 0 else ""
    for unit, size in UNITS_MS.items():
        if unit == "d" and rest < 2 * DAY_MS:
            continue
        count, rest = divmod(rest, size)
        if count:
            text += f"{count}{unit}"
    return text


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
