"""How a run of a workload shows itself in a notebook."""

from collections.abc import Mapping
from math import isinf, isnan
from typing import Final

from tvc.authority.durations import HOUR_MS, format_duration
from tvc.jupyter.tables import table
from tvc.trace.measures.catalogue import Place, Unit
from tvc.trace.measures.metrics import headlines
from tvc.world.simulation import Run

#: Of the digest, as much as tells runs apart; the rest is in `Run.digest`.
_DIGITS: Final = 16


def show_run(run: Run) -> str:
    """Return a run as HTML: its headline measures with units, what was run, and its digest."""
    summary = run.summary
    known: Mapping[str, tuple[float, str, str]] = {
        metric: (value, unit, meaning)
        for metric, where, value, unit, meaning in summary.itertuples(index=False)
        if not where
    }
    metrics = [
        str(told)
        for told in headlines(Place.RUN)
        if run.workload.has_attackers or not told.measure.by_attackers
    ]
    rows = [(metric, *_spelt(*known[metric][:2]), known[metric][2]) for metric in metrics]
    window = run.window
    length = format_duration(window.horizon_ms - window.start_ms)
    interrupted = "" if run.complete else " (interrupted: what had happened by then)"
    caption = (
        f"Policy {run.policy.name}, {run.workload.users:,} users over {length}, "
        f"{run.incidents:,} incidents{interrupted}"
    )
    origin = (
        f"One run (seed {run.seed}, replication {run.replication}), so that no figure has an "
        f"interval. Digest {run.digest[:_DIGITS]}… of {run.kernel_events:,} kernel events."
    )
    shown = table(caption, ("metric", "value", "unit", "meaning"), rows, numbers={1})
    return f"{shown}\n<p>{origin}</p>"


def _spelt(value: float, unit: str) -> tuple[str, str]:
    """Return a value as people read it, and its unit."""
    match Unit(unit):
        case Unit.SHARE:
            factor, shown = 100.0, "%"
        case Unit.COUNT:
            factor, shown = 1.0, ""
        case _:
            factor, shown = 1 / HOUR_MS, "h"
    if isnan(value):
        return "none", ""
    if isinf(value):
        return "not over", ""
    number = value * factor
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}", shown
