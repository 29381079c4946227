"""Metrics: what a stochastic scenario bounds, such as ``p95(time_to_access)``.

A metric is a function of measures. The measures are a closed list; each has a unit, and a kind
that decides which functions mean something for it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind, Method
from tvc.authority.rules import RULES
from tvc.files.faults import list_choices, show, suggest


class Unit(StrEnum):
    """What a number counts. Bounds on the first three are durations, on the others numbers."""

    MS = "ms"
    MINUTES = "minutes"
    HOURS = "hours"
    COUNT = "count"
    SHARE = "share"

    @property
    def is_time(self) -> bool:
        """Whether files write its values as durations."""
        return self in (Unit.MS, Unit.MINUTES, Unit.HOURS)


class Shape(StrEnum):
    """How a measure comes about within one replication."""

    EVENT = "event"  # it happens, and is counted
    SPELL = "spell"  # it happens, and each time takes its time
    TOTAL = "total"  # time adds up over the accounts
    LEVEL = "level"  # it is at some height at any time
    RATIO = "ratio"  # one number a replication, from 0 to 1


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that a replication measures.

    Attributes
    ----------
    name
        As files write it.
    unit, shape
        What its values are, and how they come about.
    meaning
        One line.
    labels
        By field, the values that it can be narrowed down to with ``where``.
    by_attackers
        Whether only attackers can bring it about.
    """

    name: str
    unit: Unit
    shape: Shape
    meaning: str
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    by_attackers: bool = False


def _reasons(kind: Kind) -> tuple[str, ...]:
    refused = {reason for rule in RULES[kind] for reason in rule.refuses}
    return tuple(reason.value for reason in Reason if reason in refused)


_EVENT, _SPELL, _TOTAL = Shape.EVENT, Shape.SPELL, Shape.TOTAL

#: Every measure, by name.
MEASURES: Final[dict[str, Measure]] = {
    measure.name: measure
    for measure in (
        Measure("time_to_access", Unit.MS, _SPELL,
                "from the first refused sign-in of a user to the next allowed one"),
        Measure("locked_out", Unit.HOURS, _TOTAL, "user-hours without access"),
        Measure("calls", Unit.COUNT, _EVENT, "calls to the desk"),
        Measure("repeat_calls", Unit.COUNT, _EVENT, "calls for an incident called about before"),
        Measure("desk.wait", Unit.MS, _SPELL, "from a call to its handling"),
        Measure("desk.abandoned", Unit.COUNT, _EVENT, "callers who gave up waiting"),
        Measure("desk.minutes", Unit.MINUTES, _TOTAL, "time that admins spend on calls"),
        Measure("desk.utilisation", Unit.SHARE, Shape.RATIO, "busy time of the time on duty"),
        Measure("codes.generated", Unit.COUNT, _EVENT, "codes generated"),
        Measure("codes.live", Unit.COUNT, Shape.LEVEL, "codes live at a time"),
        Measure("codes.lapsed_unused", Unit.COUNT, _EVENT, "codes that lapsed without any use"),
        Measure("generate.denied", Unit.COUNT, _EVENT, "generations refused",
                (("reason", _reasons(Kind.GENERATE)),)),
        Measure("exposure", Unit.HOURS, _TOTAL, "code-hours live"),
        Measure("exposure.idle", Unit.HOURS, _TOTAL,
                "code-hours live after the last rightful use or the device's return"),
        Measure("stranded", Unit.HOURS, _TOTAL,
                "user-hours in which a device that is back is refused"),
        Measure("sign_ins", Unit.COUNT, _EVENT, "sign-ins asked for",
                (("method", ("code", *(method.value for method in Method), "sso", "password",
                             "none")),
                 ("outcome", ("allow", "deny")),
                 ("reason", _reasons(Kind.SIGN_IN)))),
        Measure("overstay", Unit.COUNT, _EVENT, "codes accepted after their true expiry"),
        Measure("takeover", Unit.COUNT, _EVENT,
                "pairs of an outsider and an account they signed in to", by_attackers=True),
        Measure("access", Unit.HOURS, _TOTAL,
                "outsider-hours with a known code, a session or a method on an account",
                by_attackers=True),
        Measure("dwell", Unit.MS, _SPELL, "from an outsider's first access until evicted",
                by_attackers=True),
    )
}  # fmt: skip

#: Measures of two arms on the same people, which one run alone does not have.
PAIRED_MEASURES: Final[dict[str, Measure]] = {
    measure.name: measure
    for measure in (
        Measure("newly_allowed", Unit.COUNT, _EVENT,
                "requests that the baseline denies and the candidate allows"),
        Measure("newly_denied", Unit.COUNT, _EVENT,
                "requests that the baseline allows and the candidate denies"),
    )
}  # fmt: skip


class Function(StrEnum):
    """What is made of the values of a measure within one replication."""

    MEAN = "mean"
    MAX = "max"
    COUNT = "count"
    PERCENTILE = "percentile"
    P = "p"


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
    known = MEASURES | PAIRED_MEASURES
    if name not in known:
        guess = suggest(name, known) or f": {list_choices(known)}"
        raise ValueError(f"unknown measure {show(name)}{guess}")
    return known[name]
