"""What people read of one run: its measures, and the inputs that they rest on."""

from collections.abc import Iterator, Sequence
from math import isinf, isnan
from typing import TYPE_CHECKING, Final

from tvc.authority.durations import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    format_duration,
)
from tvc.domain.words import escape
from tvc.domain.workload import ASSUMPTION
from tvc.trace.measures.catalogue import Group, Measure, Shape, Unit, grouped

if TYPE_CHECKING:
    import pandas as pd

    from tvc.studies.simulating import Simulated
    from tvc.world.simulation import Run

_NOTHING: Final = "none"
#: What is longer pushes its own source to the right, and no other.
_WIDEST_VALUE: Final = 40
#: A row of the text: name, value, meaning.
_Row = tuple[str, str, str]


def summary_lines(run: "Run", reached_ms: int | None = None) -> list[str]:
    """Return the summary of a run as lines of text.

    Parameters
    ----------
    run
        What is told of.
    reached_ms
        How far an interrupted run came, in true time from the start of measurement; None where
        nobody knows.

    Returns
    -------
    list of str
        What was measured, then every measure with its unit under a heading; an empty line
        between them.
    """
    lines = list(_measured_lines(run, reached_ms))
    by_measure: dict[str, list[tuple[str, str, float, str]]] = {}
    for metric, where, value, unit, meaning in run.summary.itertuples(index=False):
        function, _, name = metric.removesuffix(")").partition("(")
        known = by_measure.setdefault(name, [])
        known.append((where or function, meaning if not known else "", value, unit))
    for heading, measures in grouped().items():
        if heading == Group.ATTACKERS and not run.workload.has_attackers:
            lines += ["", "Attackers: none in this workload"]
            continue
        rows = [row for measure in measures for row in _rows_of(measure, by_measure[measure.name])]
        lines += ["", heading, *_table(rows)]
    return lines


def _measured_lines(run: "Run", reached_ms: int | None) -> Iterator[str]:
    workload, window = run.workload, run.window
    length_ms, drain_ms = window.horizon_ms - window.start_ms, window.end_ms - window.horizon_ms
    if not run.complete:
        where = "" if reached_ms is None else f" at {format_duration(reached_ms)}"
        yield (
            f"INTERRUPTED{where} of {format_duration(length_ms + drain_ms)}: "
            "what follows counts what had happened by then"
        )
    before_ms = window.start_ms
    yield (
        f"measured   {format_duration(length_ms)}"
        + (f" after {format_duration(before_ms)} that are not measured" if before_ms else "")
        + (f", and {format_duration(drain_ms)} more for what began in them" if drain_ms else "")
    )
    yield f"users      {workload.users:,}, with {run.incidents:,} incidents"
    yield f"run        seed {run.seed}, replication {run.replication}: one run, no intervals"
    yield f"digest     {run.digest} of {run.kernel_events:,} kernel events"
    if run.sampled < 1:
        yield f"rows       kept of {_share(run.sampled)} of the people; measures count everybody"


def _rows_of(measure: Measure, found: Sequence[tuple[str, str, float, str]]) -> Iterator[_Row]:
    """Return a measure's rows: its own, and below it its functions or its labels."""
    is_level = measure.shape is Shape.LEVEL
    totals = measure.shape is Shape.TOTAL
    first, *rest = found
    _, meaning, value, unit = first
    if is_level:
        # Nothing is counted of a level, so that all of its functions stand below its name.
        yield measure.name, "", meaning
        rest = list(found)
    else:
        yield measure.name, spell_value(value, Unit(unit), total=totals), meaning
    if measure.shape is Shape.SPELL and not value:
        return
    # The longest comes last, after the percentiles.
    for label, _, number, its_unit in sorted(rest, key=lambda row: row[0] == "max"):
        yield f"  {_label(label)}", spell_value(number, Unit(its_unit), total=totals), ""


def _label(where: str) -> str:
    """Spell ``method=code, outcome=deny, reason=code_expired`` as people say it."""
    if "=" not in where:
        return where
    parts = dict(part.split("=", 1) for part in where.split(", "))
    words = {"allow": "allowed", "deny": "denied"}
    return ", ".join(words.get(value, value) for value in parts.values())


def spell_value(value: float, unit: Unit, *, total: bool = False) -> str:
    """Spell a value of a measure with its unit.

    Parameters
    ----------
    value
        Milliseconds for times, otherwise a plain number; NaN where there is none, infinite where
        it is longer than the run.
    unit
        What it counts.
    total
        Whether it is a time that adds up over people, which is better read in hours than in days.

    Examples
    --------
    >>> spell_value(4_320_000, Unit.MS), spell_value(90_000_000_000, Unit.HOURS, total=True)
    ('1h12m', '25,000h')
    >>> spell_value(1234567, Unit.COUNT), spell_value(0.0396, Unit.SHARE)
    ('1,234,567', '4.0%')
    >>> spell_value(float("inf"), Unit.MS), spell_value(float("nan"), Unit.MS)
    ('not over', 'none')
    """
    if isnan(value):
        return _NOTHING
    if isinf(value):
        return "not over"
    match unit:
        case Unit.SHARE:
            text = _share(value)
        case Unit.COUNT:
            text = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
        case Unit.MINUTES if total:
            text = f"{value / MINUTE_MS:,.0f}m"
        case Unit.HOURS if total:
            text = f"{value / HOUR_MS:,.0f}h"
        case _:
            text = _rounded(value)
    return text


def _share(share: float) -> str:
    return f"{100 * share:.1f}%"


def _rounded(value_ms: float) -> str:
    """Spell a time in its two largest units, as precisely as anybody reads it."""
    steps = ((2 * DAY_MS, HOUR_MS), (HOUR_MS, MINUTE_MS), (SECOND_MS, SECOND_MS), (0, 1))
    step = next(step for least, step in steps if value_ms >= least)
    return format_duration(round(value_ms / step) * step)


def _table(rows: Sequence[_Row]) -> list[str]:
    names = max(len(name) for name, _, _ in rows)
    values = max(len(value) for _, value, _ in rows)
    return [
        f"  {name:<{names}}  {value:>{values}}  {meaning}".rstrip() for name, value, meaning in rows
    ]


def simulated_lines(answer: "Simulated", share: float, every_input: bool = False) -> list[str]:
    """Return what people read of one replication.

    Parameters
    ----------
    answer
        What came of it.
    share
        How much of it was done, from 0 to 1.
    every_input
        Whether inputs are listed, too, that are as shipped.
    """
    run = answer.run
    reached_ms = int(share * run.window.end_ms) - run.window.start_ms
    return [
        f"{answer.name}, policy {run.policy.name}",
        *summary_lines(run, max(reached_ms, 0)),
        "",
        *inputs_lines(run, every_input),
        "",
        *answer.notes,
    ]


def inputs_lines(run: "Run", every: bool = False) -> list[str]:
    """Return the inputs of a run as lines of text, each beside where it comes from.

    Parameters
    ----------
    run
        Whose workload.
    every
        Whether those are listed, too, that are as shipped; otherwise they are counted.
    """
    inputs = run.inputs
    given = ~inputs["default"] | inputs["input"].isin(run.workload.sources)
    lines = ["Inputs of the file", *_inputs_table(inputs[given])]
    shipped = inputs[~given]
    assumed = shipped["source"] == ASSUMPTION
    if every:
        lines += ["", "Shipped defaults", *_inputs_table(shipped)]
    lines += ["", f"{assumed.sum()} other inputs are shipped defaults: {ASSUMPTION}"]
    if not every:
        lines[-1] += " (--inputs lists them)"
    return lines


def _inputs_table(inputs: "pd.DataFrame") -> list[str]:
    if inputs.empty:
        return ["  none: all are as shipped"]
    columns = (inputs["input"], inputs["value"], inputs["unit"], inputs["source"])
    rows = [
        (key, escape(value), escape(f"{unit}: {source}"))
        for key, value, unit, source in zip(*columns, strict=True)
    ]
    names = max(len(name) for name, _, _ in rows)
    values = min(max(len(value) for _, value, _ in rows), _WIDEST_VALUE)
    return [f"  {name:<{names}}  {value:<{values}}  {origin}" for name, value, origin in rows]
