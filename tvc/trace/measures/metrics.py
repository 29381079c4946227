"""Metrics: what a stochastic scenario bounds, such as ``p95(time_to_access)``.

A metric is a function of measures. Each measure has a shape, which decides which functions mean
something for it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tvc.domain.words import list_choices, show, suggest
from tvc.trace.measures.catalogue import (
    MEASURES,
    PAIRED_MEASURES,
    Function,
    Measure,
    Place,
    Shape,
    Unit,
    find_measure,
)

_MEANINGFUL: Final[dict[Shape, tuple[Function, ...]]] = {
    Shape.EVENT: (Function.MEAN, Function.COUNT, Function.P),
    Shape.SPELL: (
        Function.MEAN, Function.MAX, Function.COUNT, Function.PERCENTILE, Function.P,
    ),
    Shape.TOTAL: (Function.MEAN, Function.P),
    Shape.LEVEL: (Function.MEAN, Function.MAX),
    Shape.RATIO: (Function.MEAN,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statistic:
    """A function of one measure, such as ``p95(time_to_access)``.

    Attributes
    ----------
    function
        For `Function.P` the share of replications with at least one; the others are taken in
        each replication and averaged over them.
    measure
        Of what.
    percent
        Which percentile, 1 to 99; None for the other functions.
    """

    function: Function
    measure: Measure
    percent: int | None = None

    @property
    def unit(self) -> Unit:
        """What its value is."""
        fixed = {Function.COUNT: Unit.COUNT, Function.P: Unit.SHARE}
        return fixed.get(self.function, self.measure.unit)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What it is made of."""
        return (self.measure,)

    def __str__(self) -> str:
        name = self.function.value if self.percent is None else f"p{self.percent}"
        return f"{name}({self.measure.name})"

    @property
    def label(self) -> str:
        """What people call it; its text where they call it nothing.

        Examples
        --------
        >>> parse_metric("mean(repeat_calls)").label, parse_metric("p95(time_to_access)").label
        ('repeat calls', 'time to access, 95 % within')
        >>> parse_metric("p(takeover)").label, parse_metric("max(codes.live)").label
        ('the chance of a takeover', 'max(codes.live)')
        """
        measure = self.measure
        match self.function:
            case Function.MEAN if measure.label and measure.shape is not Shape.SPELL:
                return measure.label
            case Function.PERCENTILE if measure.label:
                return f"{measure.label}, {self.percent} % within"
            case Function.P if measure.singular:
                return f"the chance of {measure.singular}"
        return str(self)


@dataclass(frozen=True, slots=True)
class Share:
    """How much of one measure another one is: E[part] / E[whole] over the replications."""

    part: Measure
    whole: Measure

    @property
    def unit(self) -> Unit:
        """What its value is."""
        return Unit.SHARE

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What it is made of."""
        return (self.part, self.whole)

    def __str__(self) -> str:
        return f"share({self.part.name} / {self.whole.name})"


@dataclass(frozen=True, slots=True)
class Delta:
    """The candidate's value less the baseline's, seed by seed, averaged."""

    of: Statistic

    @property
    def unit(self) -> Unit:
        """What its value is; it may be negative."""
        return self.of.unit

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What it is made of."""
        return self.of.measures

    def __str__(self) -> str:
        return f"delta({self.of})"


Metric = Statistic | Share | Delta

#: Percentile that headlines tell of spells.
_TOLD_PERCENT: Final = 95


def headlines(place: Place) -> tuple[Statistic, ...]:
    """Return what is told at a place, in its order."""
    told = [
        (measure.headlines[place], measure)
        for measure in MEASURES.values()
        if place in measure.headlines
    ]
    return tuple(
        Statistic(
            headline.function,
            measure,
            _TOLD_PERCENT if headline.function is Function.PERCENTILE else None,
        )
        for headline, measure in sorted(told, key=lambda one: one[0].rank)
    )


#: A text that is longer is no metric; it is not worth searching.
_LONGEST: Final = 200
_CALL: Final = re.compile(r"\s*([A-Za-z0-9_]+)\s*\((.*)\)\s*", re.ASCII)
_PERCENTILE: Final = re.compile(r"p([1-9][0-9]?)", re.ASCII)
_NAMES: Final = ("mean", "max", "count", "p95", "p", "share", "delta")


def parse_metric(text: str) -> Metric:
    """Read a metric.

    Parameters
    ----------
    text
        ``mean(x)``, ``max(x)``, ``count(x)``, ``p95(x)`` or any other percentile, ``p(x)``,
        ``share(a / b)``, or ``delta(f)`` of any of these but a share.

    Returns
    -------
    Metric
        What is asked for; its text reads back as the same.

    Raises
    ------
    ValueError
        If it is none, or would have no meaning; the message says why.

    Examples
    --------
    >>> str(parse_metric("delta( mean(repeat_calls) )")), parse_metric("p95(desk.wait)").unit
    ('delta(mean(repeat_calls))', <Unit.MS: 'ms'>)
    >>> parse_metric("mean(time_to_acces)")
    Traceback (most recent call last):
    ValueError: unknown measure 'time_to_acces' (did you mean 'time_to_access'?)
    """
    name, inside = _call(text)
    if name == "delta":
        return Delta(_delta_of(inside))
    if name == "share":
        return _share(inside)
    return _statistic(name, inside)


def narrow(metric: Metric, where: Mapping[str, str]) -> str | None:
    """Say why ``where`` can match nothing of a metric; None when it can.

    Of a share only the part is narrowed down, since it is a share *of* the whole.

    Examples
    --------
    >>> narrow(parse_metric("count(generate.denied)"), {"reason": "rate_limited"})
    >>> narrow(parse_metric("count(calls)"), {"reason": "rate_limited"})
    "calls cannot be narrowed down by 'reason'"
    """
    measure = metric.measures[0]
    labels = dict(measure.labels)
    for field, value in where.items():
        if field not in labels:
            guess = suggest(field, labels)
            known = f": {list_choices(labels)}" if labels and not guess else ""
            return f"{measure.name} cannot be narrowed down by {show(field)}{guess}{known}"
        if value not in labels[field]:
            guess = suggest(value, labels[field]) or f": {list_choices(labels[field])}"
            return f"{measure.name} never has the {field} {show(value)}{guess}"
    if "reason" in where and where.get("outcome") == "allow":
        return "what is allowed has no reason: nothing can match"
    return None


def _call(text: str) -> tuple[str, str]:
    call = _CALL.fullmatch(text) if len(text) <= _LONGEST else None
    if call is None:
        raise ValueError(
            f"{show(text)} is no metric: expected a function of a measure, "
            "such as p95(time_to_access) or share(codes.lapsed_unused / codes.generated)"
        )
    return call[1], call[2].strip()


def _delta_of(inside: str) -> Statistic:
    name, innermost = _call(inside)
    if name in ("delta", "share"):
        raise ValueError(
            f"delta takes a value that each replication has, such as mean(calls), not a {name}"
        )
    statistic = _statistic(name, innermost)
    if statistic.measure.name in PAIRED_MEASURES:
        raise ValueError(
            f"{innermost} is of both arms already: {statistic} is expected without delta"
        )
    return statistic


def _share(inside: str) -> Share:
    part, slash, whole = inside.partition("/")
    if not slash:
        raise ValueError(f"share takes two measures: share(a / b), found {show(inside)}")
    share = Share(_measure(part.strip()), _measure(whole.strip()))
    for measure in share.measures:
        if measure.name in PAIRED_MEASURES:
            raise ValueError(f"{measure.name} is of two arms, so there is no share of it")
        if measure.shape not in (Shape.EVENT, Shape.TOTAL):
            raise ValueError(f"{measure.name} does not add up, so there is no share of it")
    if share.part.unit is not share.whole.unit:
        raise ValueError(
            f"share compares like with like: {share.part.name} is in {share.part.unit}, "
            f"{share.whole.name} in {share.whole.unit}"
        )
    return share


def _statistic(name: str, inside: str) -> Statistic:
    percentile = _PERCENTILE.fullmatch(name)
    if percentile is not None:
        function, percent = Function.PERCENTILE, int(percentile[1])
    elif name in (Function.MEAN, Function.MAX, Function.COUNT, Function.P):
        function, percent = Function(name), None
    else:
        guess = suggest(name, _NAMES) or f": {list_choices(_NAMES)}"
        raise ValueError(f"unknown function {show(name)}{guess}")
    measure = _measure(inside)
    meaningful = _MEANINGFUL[measure.shape]
    if function not in meaningful:
        known = [f"{_spelt(other)}({measure.name})" for other in meaningful]
        raise ValueError(f"{name}({measure.name}) has no meaning: {list_choices(known)}")
    return Statistic(function, measure, percent)


def _spelt(function: Function) -> str:
    return "p95" if function is Function.PERCENTILE else function.value


def _measure(name: str) -> Measure:
    measure = find_measure(name)
    if measure is None:
        known = MEASURES | PAIRED_MEASURES
        guess = suggest(name, known) or f": {list_choices(known)}"
        raise ValueError(f"unknown measure {show(name)}{guess}")
    return measure
