"""The reports of questions: what matters, where a choice flips, how many it takes."""

from collections.abc import Sequence

from tvc.analysis import plots
from tvc.analysis.plots import Limit
from tvc.analysis.report.amounts import along_frame, amount, scale_of
from tvc.analysis.report.evidence import Origin, inputs_section, policies_section, rerun_section
from tvc.analysis.report.flips import HOW, tornado_figure, tornado_tables
from tvc.analysis.report.headlines import measured_in, name_of
from tvc.analysis.report.page import Block, Cell, Figure, Page, Section, Table, Text, pictured
from tvc.authority.durations import format_duration
from tvc.runs.arms import Arm
from tvc.runs.replications import Asked
from tvc.studies.changes import is_knob
from tvc.studies.comparison import Estimate, adds_up
from tvc.studies.questions import Bound, BreakEven, Solution
from tvc.studies.questions_text import break_even_lines, one_line, solution_lines
from tvc.studies.tornado import Tornado

_WORDS = {True: "holds", False: "fails", None: "undecided"}
_MONOTONE = "Values between those tried were not run: the metric is taken to be monotone."


def tornado_answered(found: Tornado, asked: Asked, arm: Arm, origin: Origin) -> Page:
    """Return the report of which assumptions matter to a metric."""
    ms = origin.measured_ms
    name = name_of(asked)
    moving = [bar for bar in found.bars if bar.change_low.sign or bar.change_high.sign]
    heading = (
        f"{len(moving)} of {len(found.bars)} assumptions surely move {name}, most of all "
        f"{moving[0].key}"
        if moving
        else f"No assumption surely moves {name} when it is halved or doubled"
    )
    as_it_is = f"As it is: {amount(found.bars[0].base, asked, ms).text}. " if found.bars else ""
    picture = tornado_figure(found, asked, ms, origin.runs, difference=False)
    return Page(
        f"Which assumptions matter to {asked}: {origin.study}",
        heading,
        (f"{as_it_is}{HOW}", _what(origin)),
        (
            Section("assumptions", "What moves it", (picture, *tornado_tables(found, asked, ms))),
            *_rest([arm], origin),
        ),
    )


def break_even_answered(
    found: BreakEven, key: str, asked: Asked, arms: Sequence[Arm], origin: Origin
) -> Page:
    """Return the report of at which value of an input the better of two arms changes."""
    ms = origin.measured_ms
    names = (arms[0].name, arms[1].name)
    heading = break_even_lines(found, key, asked, names, ms)[0].replace(str(asked), name_of(asked))
    rows = tuple(
        (Cell(f"{key} = {one_line(value)}", mark="code"), *_cells(of, asked, ms, difference=True),
         Cell(_better(of, names)))
        for value, of in found.probes
    )  # fmt: skip
    table = Table(
        f"Difference in {name_of(asked)}, {names[1]} less {names[0]}",
        ("value tried", "difference", "95% interval", "surely less of it"),
        rows,
    )
    scale = scale_of(asked, ms, max((abs(of.value) for _, of in found.probes)), difference=True)
    measured = f"difference in {measured_in(asked, scale.unit)}"
    picture = _picture(
        heading, found.probes, key, measured, scale.size, Limit(0.0, "no difference"), origin
    )
    return Page(
        f"Where the better arm changes: {origin.study}",
        heading,
        (
            f"Between {key} = {one_line(found.low)} and {one_line(found.high)} the value was "
            "looked for by halving the range. A choice may flip more than once; this is one place.",
            _what(origin),
        ),
        (
            Section("values", "The values tried", (table, picture)),
            *_rest(arms, origin, [key]),
        ),
    )


def _better(of: Estimate, names: tuple[str, str]) -> str:
    return {1: names[0], -1: names[1], 0: "neither"}[of.sign]


def solved(found: Solution, key: str, bound: Bound, arms: Sequence[Arm], origin: Origin) -> Page:
    """Return the report of the smallest, or largest, value for which a bound holds."""
    ms = origin.measured_ms
    asked = bound.asked
    heading = solution_lines(found, key, bound, ms)[0]
    rows = tuple(
        (Cell(f"{key} = {one_line(value)}", mark="code"), *_cells(of, asked, ms),
         Cell(_WORDS[bound.holds(of)]))
        for value, of in found.probes
    )  # fmt: skip
    table = Table(
        f"{asked} at each value tried",
        ("value tried", name_of(asked), "95% interval", bound.text),
        rows,
    )
    scale = scale_of(asked, ms, bound.limit)
    measured = measured_in(asked, scale.unit)
    limit = Limit(bound.limit / scale.size, bound.text)
    picture = _picture(heading, found.probes, key, measured, scale.size, limit, origin)
    undecided: tuple[Block, ...] = ()
    if found.undecided:
        values = ", ".join(map(one_line, found.undecided))
        undecided = (Text(f"Undecided at {values}: more replications (-n) would tell."),)
    return Page(
        f"What keeps {bound.text}: {origin.study}",
        heading,
        (f"{_MONOTONE}{_each(bound, ms)}", _what(origin)),
        (
            Section("values", "The values tried", (table, *undecided, picture)),
            *_rest(arms, origin, [key]),
        ),
    )


def _each(bound: Bound, measured_ms: int) -> str:
    """Say of how long the limit is, where the metric adds up: pages tell that by the year."""
    if not adds_up(bound.asked):
        return ""
    limit = amount(Estimate(bound.limit, bound.limit, bound.limit, 1, 0), bound.asked, measured_ms)
    return f" The limit is of {format_duration(measured_ms)}: {limit.with_unit}."


def _cells(
    of: Estimate, asked: Asked, measured_ms: int, *, difference: bool = False
) -> tuple[Cell, Cell]:
    told = amount(of, asked, measured_ms, difference=difference)
    return Cell(told.with_unit, mark="number"), Cell(told.interval, mark="number")


def _picture(  # noqa: PLR0913, PLR0917 - what is drawn, and the words around it
    heading: str,
    probes: Sequence[tuple[object, Estimate]],
    key: str,
    measured: str,
    size: float,
    limit: Limit,
    origin: Origin,
) -> Figure:
    frame = along_frame([(one_line(value), of) for value, of in probes], size)
    return pictured(
        plots.along(frame, key, measured, title=heading, limit=limit),
        f"{measured}, at each value tried of {key}; {origin.runs} at each.",
    )


def _what(origin: Origin) -> str:
    return (
        f"{origin.study}: {origin.runs} of {format_duration(origin.measured_ms)} at each value, "
        "on the same people and days everywhere. A year is 365 days like those measured. In "
        "brackets 95% intervals; figures are rounded to what their interval supports."
    )


def _rest(arms: Sequence[Arm], origin: Origin, varied: Sequence[str] = ()) -> tuple[Section, ...]:
    inputs = [key for key in varied if not is_knob(key)]
    return (
        inputs_section({arm.name: arm.workload for arm in arms}, inputs),
        policies_section({arm.name: arm.policy for arm in arms}),
        rerun_section(origin, arms),
    )
