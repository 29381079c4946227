"""Distributions of durations, as files spell them: ``{lognormal: {median: 5m, p95: 20m}}``.

These are values only. They are drawn from elsewhere, so that a file can be read and checked
without numpy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from tvc.authority.durations import format_duration, parse_duration
from tvc.domain.words import list_choices, show, suggest

_HEAVIEST: Final = 1e9


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same duration, in milliseconds; it may be 0."""

    value_ms: int


@dataclass(frozen=True, slots=True)
class Exponential:
    """Durations without memory; their mean in milliseconds, above 0."""

    mean_ms: int


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Durations with a long tail: the median and the 95th percentile above it, in milliseconds."""

    median_ms: int
    p95_ms: int


@dataclass(frozen=True, slots=True)
class Uniform:
    """Any duration from low to high alike, in milliseconds; low is below high."""

    low_ms: int
    high_ms: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Some durations by weight.

    Attributes
    ----------
    values
        Each duration in milliseconds with its weight, which is above 0; in the order of the
        file, none twice. The weights need not add up to 1.
    """

    values: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Empirical:
    """Durations that were measured.

    Attributes
    ----------
    file
        A CSV file below the scenario file's folder, as the scenario file names it.
    values_ms
        Its durations in milliseconds; empty until `tvc.files.empirical` has read them.
    """

    file: str
    values_ms: tuple[int, ...] = ()


Distribution = Fixed | Exponential | Lognormal | Uniform | Choice | Empirical


def parse_distribution(value: object) -> Distribution:
    """Read a distribution from the plain form that a file gives it.

    Parameters
    ----------
    value
        A mapping with exactly one key, the kind; a distribution is returned as it is.

    Returns
    -------
    Distribution
        Its durations in milliseconds.

    Raises
    ------
    ValueError
        If it is none; the message says what is wrong and what was expected.

    Examples
    --------
    >>> parse_distribution({"lognormal": {"median": "5m", "p95": "20m"}})
    Lognormal(median_ms=300000, p95_ms=1200000)
    >>> parse_distribution({"fixd": "5m"})
    Traceback (most recent call last):
    ValueError: unknown distribution 'fixd' (did you mean 'fixed'?)
    >>> parse_distribution("5m")
    Traceback (most recent call last):
    ValueError: expected a distribution such as {fixed: 5m}, found '5m'
    """
    if isinstance(value, Distribution):
        return value
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"expected a distribution such as {{fixed: 5m}}, found {show(value)}")
    unknown = next((kind for kind in value if kind not in _READERS), None)
    if unknown is not None:
        guess = suggest(str(unknown), _READERS)
        raise ValueError(
            f"unknown distribution {show(unknown)}{guess or ': ' + list_choices(_READERS)}"
        )
    if len(value) > 1:
        raise ValueError(f"expected one distribution, found {' and '.join(value)}")
    ((kind, content),) = value.items()
    return _READERS[kind](content)


def spell_distribution(distribution: Distribution) -> dict[str, Any]:
    """Return the plain form in which files write a distribution; `parse_distribution` reads it.

    Examples
    --------
    >>> spell_distribution(Uniform(0, 60_000))
    {'uniform': {'low': '0s', 'high': '1m'}}
    """
    text = format_duration
    match distribution:
        case Fixed(value_ms):
            return {"fixed": text(value_ms)}
        case Exponential(mean_ms):
            return {"exponential": {"mean": text(mean_ms)}}
        case Lognormal(median_ms, p95_ms):
            return {"lognormal": {"median": text(median_ms), "p95": text(p95_ms)}}
        case Uniform(low_ms, high_ms):
            return {"uniform": {"low": text(low_ms), "high": text(high_ms)}}
        case Choice(values):
            return {"choice": {text(value_ms): weight for value_ms, weight in values}}
        case Empirical():
            return {"empirical": distribution.file}


def _fixed(content: object) -> Fixed:
    return Fixed(_duration("fixed", content))


def _exponential(content: object) -> Exponential:
    (mean_ms,) = _durations("exponential", content, "mean")
    if mean_ms == 0:
        raise ValueError("the mean of an exponential distribution is above 0s")
    return Exponential(mean_ms)


def _lognormal(content: object) -> Lognormal:
    median_ms, p95_ms = _durations("lognormal", content, "median", "p95")
    if median_ms == 0:
        raise ValueError("the median of a lognormal distribution is above 0s")
    if p95_ms <= median_ms:
        raise ValueError(
            "p95 is above the median: 95 % of the durations are below it; "
            f"found median {format_duration(median_ms)}, p95 {format_duration(p95_ms)}"
        )
    return Lognormal(median_ms, p95_ms)


def _uniform(content: object) -> Uniform:
    low_ms, high_ms = _durations("uniform", content, "low", "high")
    if low_ms >= high_ms:
        raise ValueError(
            f"low is below high; found low {format_duration(low_ms)}, "
            f"high {format_duration(high_ms)}"
        )
    return Uniform(low_ms, high_ms)


def _choice(content: object) -> Choice:
    if not isinstance(content, Mapping) or not content:
        raise ValueError(
            f"choice: expected {{1h: 3, 4h: 1}}, values by weight, found {show(content)}"
        )
    weights: dict[int, float] = {}
    for text, weight in content.items():
        duration_ms = _duration("choice", text)
        if duration_ms in weights:
            raise ValueError(f"choice: {show(text)} is there twice")
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise ValueError(f"choice: a weight is a number, found {show(weight)}")
        if not 0 < weight <= _HEAVIEST:
            raise ValueError(f"choice: a weight is above 0 and no giant, found {show(weight)}")
        weights[duration_ms] = float(weight)
    return Choice(tuple(weights.items()))


def _empirical(content: object) -> Empirical:
    if not isinstance(content, str) or not content.endswith(".csv"):
        raise ValueError(f"empirical: expected the name of a .csv file, found {show(content)}")
    # Whoever opens the file checks again where it leads; this is said early and at its place.
    path = PurePosixPath(content)
    if path.is_absolute() or ".." in path.parts or "\\" in content or ":" in content:
        raise ValueError(
            f"empirical: {show(content)} is not below the scenario file's folder; "
            "write a relative path with / and without .."
        )
    return Empirical(content)


_READERS: Final[dict[str, Callable[[object], Distribution]]] = {
    "fixed": _fixed,
    "exponential": _exponential,
    "lognormal": _lognormal,
    "uniform": _uniform,
    "choice": _choice,
    "empirical": _empirical,
}


def _duration(what: str, text: object) -> int:
    if not isinstance(text, str):
        raise ValueError(f"{what}: expected a duration such as 90s or 1h30m, found {show(text)}")
    duration_ms = parse_duration(text)
    if duration_ms < 0:
        raise ValueError(f"{what}: {show(text)} is negative")
    return duration_ms


def _durations(kind: str, content: object, *keys: str) -> tuple[int, ...]:
    form = "{" + ", ".join(f"{key}: ..." for key in keys) + "}"
    if not isinstance(content, Mapping):
        raise ValueError(f"{kind}: expected {form}, found {show(content)}")
    for key in content:
        if key not in keys:
            raise ValueError(f"{kind}: unknown key {show(key)}{suggest(str(key), keys)}")
    for key in keys:
        if key not in content:
            raise ValueError(f"{kind}: missing key {show(key)}: expected {form}")
    return tuple(_duration(key, content[key]) for key in keys)


_TIME: Final[dict[str, Any]] = {"type": "string"}


def _group(*keys: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict.fromkeys(keys, _TIME),
        "required": list(keys),
        "additionalProperties": False,
    }


#: The JSON Schema of a distribution.
DISTRIBUTION_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        "fixed": _TIME,
        "exponential": _group("mean"),
        "lognormal": _group("median", "p95"),
        "uniform": _group("low", "high"),
        "choice": {"type": "object", "additionalProperties": {"type": "number"}},
        "empirical": {"type": "string", "pattern": r"\.csv$"},
    },
}
