"""The report of a sweep: a table of points, and what is to be seen of them."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Final

from tvc.analysis import plots
from tvc.analysis.report.amounts import Scale, along_frame, amount, scale_of
from tvc.analysis.report.evidence import Origin, inputs_section, policies_section, rerun_section
from tvc.analysis.report.headlines import (
    NO_ATTACKERS,
    capital,
    headlines_of,
    joined,
    measured_in,
    name_of,
    unit_beside,
)
from tvc.analysis.report.page import (
    Block,
    Bullets,
    Cell,
    Figure,
    Folded,
    Page,
    Section,
    Table,
    Text,
    pictured,
)
from tvc.authority.durations import format_duration
from tvc.runs.replications import Asked
from tvc.studies.changes import is_knob
from tvc.studies.sweeps import Point, Sweep, front, spell
from tvc.studies.trade_offs import trade_off_frame

if TYPE_CHECKING:
    pass

#: A metric, and whether more of it is better.
Side = tuple[Asked, bool]

#: Two that pull in opposite directions, drawn where nobody names two.
_USUAL: Final = (Asked.read("mean(repeat_calls)"), Asked.read("mean(exposure)"))
#: More policies would make a table that nobody reads.
_MOST_POLICIES: Final = 8


def swept(found: Sweep, sides: Sequence[Side], origin: Origin) -> Page:
    """Return the report of a sweep.

    Parameters
    ----------
    found
        Of what.
    sides
        The two metrics whose front was asked for; none where nobody asked.
    origin
        How it came about.
    """
    keys = [axis.key for axis in found.axes]
    shown = [headline.asked for headline in headlines_of(found.metrics)]
    ms = origin.measured_ms
    lead = (
        _range(found, shown[0], ms),
        f"{origin.study}: {len(found.points)} combinations of {', '.join(keys)}, each of "
        f"{origin.runs} of {format_duration(ms)} on the same people and days. A year is 365 days "
        "like those measured. In brackets 95% intervals, each by itself: of twenty, one may be "
        "wrong. Figures are rounded to what their interval supports.",
    )
    first = found.arms[0]
    return Page(
        f"A sweep of {', '.join(keys)}: {origin.study}",
        _finding(found, sides, shown),
        lead,
        (
            Section("points", "The combinations", tuple(_tables(found, shown, sides, ms))),
            inputs_section({first.name: first.workload}, [key for key in keys if not is_knob(key)]),
            Section("pictures", "Pictures", tuple(_pictures(found, shown, sides, origin))),
            _policies(found),
            rerun_section(origin, found.arms),
        ),
    )


# The finding


def _finding(found: Sweep, sides: Sequence[Side], shown: Sequence[Asked]) -> str:
    if sides:
        kept = front(found, sides[0], sides[1])
        words = " and ".join(f"{'more' if more else 'less'} {name_of(one)}" for one, more in sides)
        return (
            f"{len(kept)} of {len(found.points)} combinations are beaten by no other in both: "
            f"{words}"
        )
    asked = shown[0]
    known = [of for of in found.points if isfinite(of.estimates[asked].value)]
    if not known:
        return f"No combination has a finite value of {name_of(asked)}"
    ends = _ends(known, asked)
    low, high = (point.estimates[asked] for point in ends)
    if low.value == high.value:
        return f"{capital(asked)}: the same at every combination"
    text = f"Least {name_of(asked)} at {_spelt(ends[0])}, most at {_spelt(ends[1])}"
    return f"{text}; their intervals overlap" if low.high >= high.low else text


def _ends(points: Sequence[Point], asked: Asked) -> tuple[Point, Point]:
    def value(point: Point) -> float:
        return point.estimates[asked].value

    return min(points, key=value), max(points, key=value)


def _spelt(point: Point) -> str:
    return ", ".join(f"{key} = {spell(value)}" for key, value in point.values.items())


def _range(found: Sweep, asked: Asked, measured_ms: int) -> str:
    known = [of for of in found.points if isfinite(of.estimates[asked].value)]
    if not known:
        return f"{capital(asked)}: no finite value."
    least, most = (
        (amount(point.estimates[asked], asked, measured_ms), point) for point in _ends(known, asked)
    )
    return (
        f"{capital(asked)}: from {_told(asked, least[0].value, least[0].unit)} "
        f"({least[0].interval}) at {_spelt(least[1])} to "
        f"{_told(asked, most[0].value, most[0].unit)} ({most[0].interval}) at {_spelt(most[1])}."
    )


def _told(asked: Asked, value: str, unit: str) -> str:
    return f"{value} {unit_beside(asked, unit)}".strip()


# Tables


def _tables(
    found: Sweep, shown: Sequence[Asked], sides: Sequence[Side], measured_ms: int
) -> Iterator[Block]:
    yield _table("Every combination, with 95% intervals", found, found.points, shown, measured_ms)
    if len(shown) > 1:
        yield Text("The least and the most of each:")
        yield Bullets(tuple(_range(found, asked, measured_ms) for asked in shown))
    if not any(arm.workload.has_attackers for arm in found.arms):
        yield NO_ATTACKERS
    if sides:
        kept = [point for point, *_ in front(found, sides[0], sides[1])]
        yield _table(
            "The front: combinations that no other beats in both, by the estimates",
            found, kept, [asked for asked, _ in sides], measured_ms,
        )  # fmt: skip
    others = [asked for asked in found.metrics if asked not in shown]
    if others:
        tables = tuple(
            _table(f"{asked}, with 95% intervals", found, found.points, [asked], measured_ms)
            for asked in others
        )
        yield Folded(f"{len(others)} more metrics", tables)


def _table(
    caption: str,
    found: Sweep,
    points: Sequence[Point],
    metrics: Sequence[Asked],
    measured_ms: int,
) -> Table:
    keys = [axis.key for axis in found.axes]

    def cell(point: Point, asked: Asked) -> Cell:
        told = amount(point.estimates[asked], asked, measured_ms)
        return Cell(_told(asked, told.value, told.unit), told.interval, mark="number")

    return Table(
        caption,
        (*keys, *(name_of(asked) for asked in metrics)),
        tuple(
            (
                *(Cell(str(spell(point.values[key])), mark="code") for key in keys),
                *(cell(point, asked) for asked in metrics),
            )
            for point in points
        ),
    )


def _policies(found: Sweep) -> Section:
    keys = [axis.key for axis in found.axes if is_knob(axis.key)]
    if not keys or len(found.arms) <= _MOST_POLICIES:
        arms = found.arms if keys else found.arms[:1]
        names = [arm.name if keys else arm.policy.name for arm in arms]
        return policies_section(dict(zip(names, (arm.policy for arm in arms), strict=True)))
    ends = {arm.name: arm.policy for arm in (found.arms[0], found.arms[-1])}
    section = policies_section(ends)
    text = f"The first and the last of {len(found.arms)} combinations; {joined(keys)} vary."
    return Section(section.name, section.heading, (Text(text), *section.blocks))


# Pictures


def _pictures(
    found: Sweep, shown: Sequence[Asked], sides: Sequence[Side], origin: Origin
) -> Iterator[Figure]:
    if len(found.axes) == 1:
        for asked in shown:
            yield _along(found, asked, origin)
    elif len(found.axes) == 2:
        for asked in shown:
            yield _heat_map(found, asked, origin)
    pair = _pair(found, sides)
    if pair:
        yield _trade_off(found, pair, origin)


def _pair(found: Sweep, sides: Sequence[Side]) -> tuple[Asked, ...]:
    """Return two metrics of which less is better: those of the front, or two to set apart."""
    if sides:
        # Less of both is what the picture is read by.
        return () if any(more for _, more in sides) else tuple(asked for asked, _ in sides)
    if len(found.metrics) == 2:
        return found.metrics
    return _USUAL if all(asked in found.metrics for asked in _USUAL) else ()


def _axis(found: Sweep, asked: Asked, measured_ms: int) -> tuple[Scale, str]:
    """Return what a metric is drawn in, and its name with that unit."""
    sizes = [point.estimates[asked].value for point in found.points]
    largest = max((size for size in sizes if isfinite(size)), default=0.0)
    scale = scale_of(asked, measured_ms, largest)
    return scale, measured_in(asked, scale.unit)


def _along(found: Sweep, asked: Asked, origin: Origin) -> Figure:
    (axis,) = found.axes
    scale, measured = _axis(found, asked, origin.measured_ms)
    points = [
        (str(spell(point.values[axis.key])), point.estimates[asked]) for point in found.points
    ]
    return pictured(
        plots.along(
            along_frame(points, scale.size),
            axis.key,
            measured,
            title=_finding(found, (), [asked]),
        ),
        f"{capital(asked)} at each value of {axis.key}; {origin.runs} at each.",
    )


def _heat_map(found: Sweep, asked: Asked, origin: Origin) -> Figure:
    import pandas as pd

    scale, _ = _axis(found, asked, origin.measured_ms)
    y, x = (axis.key for axis in found.axes)
    name = name_of(asked)
    rows = [
        {
            x: spell(point.values[x]),
            y: spell(point.values[y]),
            name: point.estimates[asked].value / scale.size,
        }
        for point in found.points
    ]
    return pictured(
        plots.heat_map(pd.DataFrame(rows), x, y, name, unit=unit_beside(asked, scale.unit)),
        f"{_finding(found, (), [asked])}; means of {origin.runs} in each cell.",
    )


def _trade_off(found: Sweep, pair: tuple[Asked, ...], origin: Origin) -> Figure:
    first, second = pair
    scales = [_axis(found, asked, origin.measured_ms) for asked in pair]
    frame = trade_off_frame(
        [(_spelt(of), of.estimates[first], of.estimates[second]) for of in found.points],
        scales[0][0].size,
        scales[1][0].size,
    )
    return pictured(
        plots.trade_off(frame, scales[0][1], scales[1][1], "combination"),
        f"What less {name_of(first)} costs in {name_of(second)}, with 95% intervals; "
        f"{origin.runs} of each combination.",
    )
