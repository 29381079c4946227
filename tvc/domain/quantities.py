"""Quantities of workloads: probabilities, rates, spans, and the hours of a week."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    PlainValidator,
    WithJsonSchema,
)

from tvc.domain.distributions import (
    DISTRIBUTION_SCHEMA,
    Distribution,
    parse_distribution,
    spell_distribution,
)
from tvc.domain.fields import Duration, spelt_by
from tvc.domain.words import check_word, show

#: Seeds and replications are from 0 to this.
LARGEST_SEED: Final = 2**63 - 1
#: No sensible number is beyond this; infinity is not one either.
LARGEST: Final = 1e12


def read_number(value: object, lowest: float, highest: float, what: str) -> float:
    """Read a number between two bounds; the message of a ValueError says what was expected."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected {what}, found {show(value)}")
    if not lowest <= value <= highest:
        raise ValueError(f"{show(value)} is out of range: expected {what}")
    return float(value)


def _probability(value: object) -> float:
    return read_number(value, 0, 1, "a probability from 0 to 1")


def _rate(value: object) -> float:
    return read_number(value, 0, LARGEST, "a rate of 0 or more")


def _chance_of_error(value: object) -> float:
    chance = read_number(value, 0, 1, "a probability between 0 and 1")
    if chance in (0, 1):
        raise ValueError(f"{show(value)} cannot be kept: expected a probability between 0 and 1")
    return chance


def _positive(duration_ms: int) -> int:
    if duration_ms == 0:
        raise ValueError("expected a duration above 0s")
    return duration_ms


Probability = Annotated[
    float,
    PlainValidator(_probability),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]
Rate = Annotated[float, PlainValidator(_rate), WithJsonSchema({"type": "number", "minimum": 0})]
ErrorChance = Annotated[
    float,
    PlainValidator(_chance_of_error),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
]
#: A duration above zero, in milliseconds.
Span = Annotated[Duration, AfterValidator(_positive)]
Spread = Annotated[
    Distribution,
    PlainValidator(parse_distribution),
    spelt_by(spell_distribution),
    WithJsonSchema(DISTRIBUTION_SCHEMA),
]

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS_OF_WEEK: Final = 24 * len(DAYS)
_WEEK_HOURS: Final = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d{1,2})-(\d{1,2})", re.ASCII)


def parse_week_hours(text: object) -> frozenset[int]:
    """Read hours of the week.

    Parameters
    ----------
    text
        A day or days from Monday on, and from which hour to which: ``mon-fri 8-18``, ``sat 9-13``.

    Returns
    -------
    frozenset of int
        Hours of the week; 0 is the first hour of Monday, 167 the last one of Sunday.

    Raises
    ------
    ValueError
        If it says no such hours.

    Examples
    --------
    >>> sorted(parse_week_hours("tue 8-10"))
    [32, 33]
    """
    match = _WEEK_HOURS.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"expected hours such as mon-fri 8-18, found {show(text)}")
    first, last = match[1], match[2] or match[1]
    for day in (first, last):
        wrong = check_word("day", day, DAYS)
        if wrong:
            raise ValueError(wrong)
    days = range(DAYS.index(first), DAYS.index(last) + 1)
    hours = range(int(match[3]), int(match[4]))
    if not days or not hours or hours.stop > 24:
        raise ValueError(
            f"{show(text)} holds no hours: days go from mon to sun and hours from 0 to 24; "
            "write what crosses either as two entries"
        )
    return frozenset(24 * day + hour for day in days for hour in hours)


def spell_week(weights: Sequence[float]) -> dict[str, float]:
    """Return the plain form of the weights of a week, from the first hour of Monday on.

    Examples
    --------
    >>> spell_week([float(hour in (8, 9, 32, 33)) for hour in range(HOURS_OF_WEEK)])
    {'mon-tue 8-10': 1.0}
    """
    by_day = [_spans(weights[24 * day : 24 * day + 24]) for day in range(len(DAYS))]
    spelt: dict[str, float] = {}
    first = 0
    while first < len(DAYS):
        last = first
        while last + 1 < len(DAYS) and by_day[last + 1] == by_day[first]:
            last += 1
        days = DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
        for start, end, weight in by_day[first]:
            spelt[f"{days} {start}-{end}"] = weight
        first = last + 1
    return spelt


def _spans(weights: Sequence[float]) -> list[tuple[int, int, float]]:
    """Return (first hour, hour after the last, weight) of each stretch with a weight above 0."""
    spans: list[tuple[int, int, float]] = []
    for hour, weight in enumerate(weights):
        if weight and spans and spans[-1][1:] == (hour, weight):
            spans[-1] = (spans[-1][0], hour + 1, weight)
        elif weight:
            spans.append((hour, hour + 1, weight))
    return spans


def _spell_shifts(hours: frozenset[int]) -> list[str]:
    return list(spell_week([float(hour in hours) for hour in range(HOURS_OF_WEEK)]))


def _read_shifts(value: object) -> frozenset[int]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"expected a list such as [mon-fri 8-18], found {show(value)}")
    return frozenset[int]().union(*map(parse_week_hours, value))


def _read_profile(value: object) -> tuple[float, ...]:
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"expected weights such as {{mon-fri 8-18: 1}}, found {show(value)}")
    weights = dict.fromkeys(range(HOURS_OF_WEEK), 0.0)
    covered: set[int] = set()
    for text, weight in value.items():
        hours = parse_week_hours(text)
        if covered & hours:
            raise ValueError(f"{show(text)} overlaps with what stands before it")
        covered |= hours
        weights.update(
            dict.fromkeys(hours, read_number(weight, 0, LARGEST, "a weight of 0 or more"))
        )
    if not any(weights.values()):
        raise ValueError("one weight at least is above 0")
    return tuple(weights.values())


#: Hours of the week, as `parse_week_hours` returns them.
Shifts = Annotated[
    frozenset[int],
    PlainValidator(_read_shifts),
    spelt_by(_spell_shifts),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "minItems": 1}),
]
#: The weight of each hour of the week, from the first one of Monday on.
Profile = Annotated[
    tuple[float, ...],
    PlainValidator(_read_profile),
    spelt_by(spell_week),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}),
]
