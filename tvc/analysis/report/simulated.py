"""The report of one simulated run."""

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Final

from tvc.analysis import plots
from tvc.analysis.report.amounts import scale_of
from tvc.analysis.report.evidence import Origin, inputs_section, policies_section, rerun_section
from tvc.analysis.report.headlines import (
    CALLS,
    FIRST_CALLS,
    FIRST_CALLS_ARE,
    HEADLINES,
    NO_ATTACKERS,
    REPEAT_CALLS,
)
from tvc.analysis.report.page import (
    Block,
    Cell,
    Figure,
    Folded,
    Page,
    Section,
    Table,
    Text,
    pictured,
)
from tvc.analysis.report.rounding import significant
from tvc.authority.durations import HOUR_MS, format_duration
from tvc.runs.arms import Arm
from tvc.runs.replications import Asked
from tvc.studies.summary_text import spell_value
from tvc.trace.measures.catalogue import Group, Measure, Shape, Unit, grouped
from tvc.world.weeks import week_offset_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tvc.world.simulation import Run

_WEEK_HOURS: Final = 168
#: Of a figure of one run that is told by the year: it has no interval to go by.
_FIGURES: Final = 2
_ONE_RUN: Final = (
    "These figures are of one run, so that none has an interval: another seed gives other "
    "figures. Figures by the year are this run's, scaled and roughly rounded. tvc compare and tvc "
    "sweep run many replications and tell intervals."
)
_BACK: Final = Asked.read("p95(time_to_access)")
_LOCK_OUTS: Final = Asked.read("count(time_to_access)")


def simulated(run: "Run", origin: Origin) -> Page:
    """Return the report of a run that came to its end.

    Parameters
    ----------
    run
        Of what.
    origin
        How it came about.
    """
    arm = Arm(run.policy.name, run.policy, run.workload)
    measured = format_duration(origin.measured_ms)
    lead = (
        f"{run.workload.users:,} users under the policy {run.policy.name} for {measured}: "
        f"{_told(run, CALLS):,.0f} calls to the desk, {_told(run, REPEAT_CALLS):,.0f} of them "
        f"repeat calls; {_hours(run, 'locked_out')} locked-out hours; {_outsiders(run)}.",
        _ONE_RUN,
    )
    return Page(
        f"One simulated run: {origin.study}",
        _finding(run),
        lead,
        (
            _measures(run, origin.measured_ms),
            inputs_section({arm.name: run.workload}),
            Section("pictures", "Pictures of this run", tuple(_pictures(run))),
            policies_section({arm.name: run.policy}),
            rerun_section(origin, [arm], [("digest of the run's records", run.digest)]),
        ),
    )


def _told(run: "Run", asked: Asked) -> float:
    return asked.numbers(run.measured)[0]


def _hours(run: "Run", measure: str) -> str:
    return f"{_told(run, Asked.read(f'mean({measure})')) / HOUR_MS:,.0f}"


def _outsiders(run: "Run") -> str:
    if not run.workload.has_attackers:
        return "no attackers in this workload"
    taken = _told(run, Asked.read("mean(takeover)"))
    return f"{taken:,.0f} takeovers, {_hours(run, 'access')} outsider access-hours"


def _finding(run: "Run") -> str:
    calls, repeat = _told(run, CALLS), _told(run, REPEAT_CALLS)
    lock_outs, back_ms = _told(run, _LOCK_OUTS), _told(run, _BACK)
    parts = []
    if run.workload.has_attackers:
        taken = _told(run, Asked.read("mean(takeover)"))
        parts.append(
            f"outsiders signed in to accounts {_times(taken)}"
            if taken
            else "no outsider signed in to an account"
        )
    if calls:
        parts.append(f"{repeat / calls:.0%} of the calls were from people who had called before")
    if lock_outs and isfinite(back_ms):
        parts.append(f"95% of lock-outs were over within {spell_value(back_ms, Unit.MS)}")
    elif lock_outs:
        parts.append("more than 5% of lock-outs were not over when the run ended")
    text = ", and ".join(parts[:2]) if parts else "nobody called, and nobody was locked out"
    return f"In one run {text}"


def _times(count: float) -> str:
    return "once" if count == 1 else f"{count:,.0f} times"


# Measures


def _measures(run: "Run", measured_ms: int) -> Section:
    blocks: list[Block] = [_headlines(run, measured_ms), Text(FIRST_CALLS_ARE)]
    if not run.workload.has_attackers:
        blocks.append(NO_ATTACKERS)
    every = tuple(
        _group(run, heading, measures, measured_ms)
        for heading, measures in grouped().items()
        if heading != Group.ATTACKERS or run.workload.has_attackers
    )
    return Section(
        "measures", "What came of it", (*blocks, Folded("Every measure of this run", every))
    )


def _headlines(run: "Run", measured_ms: int) -> Table:
    first = _told(run, CALLS) - _told(run, REPEAT_CALLS)
    shown = [
        (FIRST_CALLS, CALLS, first),
        *((each.name, each.asked, _told(run, each.asked)) for each in HEADLINES),
    ]
    if not run.workload.has_attackers:
        shown = [row for row in shown if not row[1].metric.measures[0].by_attackers]
    rows = [
        ("in this run", [f"{_plain(value, asked):,.0f}" for _, asked, value in shown]),
        (
            "about, a year",
            [
                significant(value / scale_of(asked, measured_ms).size, _FIGURES)
                for _, asked, value in shown
            ],
        ),
    ]
    return Table(
        f"Policy {run.policy.name}: one run, no intervals",
        ("how many", *(name for name, _, _ in shown)),
        tuple((Cell(name), *(Cell(text, mark="number") for text in cells)) for name, cells in rows),
    )


def _plain(value: float, asked: Asked) -> float:
    return value / HOUR_MS if asked.unit.is_time else value


def _group(run: "Run", heading: str, measures: Sequence[Measure], measured_ms: int) -> Table:
    return Table(
        heading,
        ("measure", "in this run", "about, a year", "meaning"),
        tuple(row for measure in measures for row in _rows(run, measure, measured_ms)),
    )


def _rows(run: "Run", measure: Measure, measured_ms: int) -> "Iterator[tuple[Cell, ...]]":
    totals = measure.shape is Shape.TOTAL
    summary = run.summary
    metrics = summary["metric"].str.partition("(")[2].str.removesuffix(")")
    own = summary[metrics == measure.name]
    for metric, where, value, unit, meaning in own.itertuples(index=False):
        asked = Asked.read(metric)
        scale = scale_of(asked, measured_ms)
        yearly = "a year" in scale.unit and isfinite(value)
        hours = " h" if asked.unit.is_time else ""
        yield (
            Cell(metric, where, mark="code"),
            Cell(spell_value(value, Unit(unit), total=totals), mark="number"),
            Cell(
                f"{significant(value / scale.size, _FIGURES)}{hours}" if yearly else "",
                mark="number",
            ),
            Cell(meaning),
        )


# Pictures


def _pictures(run: "Run") -> "Iterator[Figure]":
    sampled = "" if run.sampled == 1 else ", of sampled people"
    yield pictured(
        plots.lifelines(run.events, codes=run.codes),
        "A few people to whom the most different things happened within one week.",
    )
    yield pictured(plots.ecdf(run.histograms), "How long people are without access.")
    yield pictured(plots.live_codes(run.series), "Codes that are live at a time.")
    first_hour = (week_offset_ms(run.workload) + run.window.start_ms) // HOUR_MS % _WEEK_HOURS
    yield pictured(
        plots.desk(run.series, first_hour=first_hour), "How many wait, and how busy the desk is."
    )
    yield pictured(plots.denials(run.series), "What was refused, and why.")
    yield pictured(plots.exposure(run.codes), f"How long codes lie open, in use and idle{sampled}.")
    if run.workload.has_attackers:
        yield pictured(plots.outsider_access(run.takeovers), "Outsiders with access to accounts.")
