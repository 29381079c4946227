"""The report of a comparison of two arms."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from tvc.analysis import plots
from tvc.analysis.report.amounts import SAME, amount, scale_of
from tvc.analysis.report.evidence import Origin, inputs_section, policies_section, rerun_section
from tvc.analysis.report.flips import flip_section, no_flip_section
from tvc.analysis.report.headlines import (
    CALLS,
    FIRST_CALLS,
    FIRST_CALLS_ARE,
    NO_ATTACKERS,
    REPEAT_CALLS,
    Headline,
    capital,
    headlines_of,
    joined,
    measured_in,
    name_of,
    unit_beside,
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
from tvc.authority.durations import format_duration
from tvc.runs.replications import Asked
from tvc.studies.comparison import Comparison, Delta, Estimate, delta_of
from tvc.studies.divergence import DIFFERENCES, Divergence
from tvc.studies.tornado import Tornado
from tvc.trace.measures.metrics import Statistic
from tvc.world.simulation import simulate_whole

if TYPE_CHECKING:
    from tvc.world.simulation import Run

_TAKEOVERS: Final = Asked.read("mean(takeover)")
_STRANDED: Final = Asked.read("mean(stranded)")
_DIFFERENCES: Final = {
    "newly_allowed": "requests newly allowed",
    "newly_denied": "requests newly denied",
    "earlier": "users back in earlier",
    "later": "users back in later",
}


def compared(
    found: Comparison,
    divergences: Sequence[Divergence],
    origin: Origin,
    flip: tuple[Asked, Tornado] | None = None,
) -> Page:
    """Return the report of a comparison.

    One replication of both arms is run again, for the pictures of what is within it.

    Parameters
    ----------
    found
        The comparison, its pairs among it.
    divergences
        What differs request by request.
    origin
        How it came about.
    flip
        What each assumption does to the difference, in which metric; None where nobody asked.
    """
    arms = (found.baseline, found.candidate)
    headlines = headlines_of(delta.asked for delta in found.deltas)
    deltas = {delta.asked: delta for delta in found.deltas}
    chosen = [deltas[headline.asked] for headline in headlines]
    ms = origin.measured_ms
    lead = (
        _figures(chosen, ms),
        f"{origin.study}: {origin.runs} of {format_duration(ms)}, both arms on the same people "
        "and days. A year is 365 days like those measured. In brackets 95% intervals, each by "
        "itself: of twenty, one may be wrong. Figures are rounded to what their interval "
        "supports.",
    )
    headline = _headline(headlines, deltas, flip)
    flips = (
        no_flip_section(origin.command("--flip", str(headline)))
        if flip is None
        else flip_section(flip[1], flip[0], ms, origin.runs)
    )
    pictures = _pictures(found, headline, origin)
    return Page(
        f"Two arms compared: {origin.study}",
        _finding(found, headlines, deltas),
        lead,
        (
            Section("arms", "The arms", tuple(_arms(found, headlines, ms))),
            flips,
            _requests(divergences),
            inputs_section({arm.name: arm.workload for arm in arms}),
            Section("pictures", "Pictures", tuple(pictures)),
            policies_section({arm.name: arm.policy for arm in arms}),
            rerun_section(origin, arms),
        ),
    )


# The finding


def _finding(
    found: Comparison, headlines: Sequence[Headline], deltas: Mapping[Asked, Delta]
) -> str:
    words: dict[str, list[str]] = {}
    for headline in headlines:
        sign = deltas[headline.asked].delta.sign
        if sign:
            words.setdefault(headline.less if sign < 0 else headline.more, []).append(headline.name)
    if not words:
        return (
            f"No sure difference between {found.baseline.name} and {found.candidate.name} in "
            f"{joined([headline.name for headline in headlines])}"
        )
    told = "; ".join(f"{word} {joined(names)}" for word, names in words.items())
    return f"{found.candidate.name} instead of {found.baseline.name}: {told}"


def _figures(deltas: Sequence[Delta], measured_ms: int) -> str:
    sure = [_sentence(delta, measured_ms) for delta in deltas if delta.delta.sign]
    unsure = [_sentence(delta, measured_ms) for delta in deltas if not delta.delta.sign]
    parts = [f"Surely different: {'; '.join(sure)}."] if sure else []
    parts += [f"Not surely different: {'; '.join(unsure)}."] if unsure else []
    return " ".join(parts)


def _sentence(delta: Delta, measured_ms: int) -> str:
    told = amount(delta.delta, delta.asked, measured_ms, difference=True)
    name = name_of(delta.asked)
    if told.interval == SAME:
        return f"{name} {SAME}"
    value = f"{told.value} {unit_beside(delta.asked, told.unit)}".strip()
    return f"{name} {value} ({told.interval})"


# The arms


def _arms(found: Comparison, headlines: Sequence[Headline], measured_ms: int) -> Iterator[Block]:
    deltas = {delta.asked: delta for delta in found.deltas}
    columns = [(headline.name, deltas[headline.asked]) for headline in headlines]
    first_calls = _first_calls(found)
    if first_calls is not None:
        columns.insert(0, (FIRST_CALLS, first_calls))
    yearly = all("a year" in scale_of(delta.asked, measured_ms).unit for _, delta in columns)

    def row(name: str, role: str, side: str, *, difference: bool = False) -> tuple[Cell, ...]:
        cells = (
            _cell(getattr(delta, side), delta.asked, measured_ms, difference, bare=yearly)
            for _, delta in columns
        )
        return Cell(name, role), *cells

    yield Table(
        "The arms, by the year, with 95% intervals" if yearly else "The arms, with 95% intervals",
        ("arm", *(name for name, _ in columns)),
        (
            row(found.baseline.name, "baseline", "baseline"),
            row(found.candidate.name, "candidate", "candidate"),
            row("difference", "candidate less baseline", "delta", difference=True),
        ),
    )
    if first_calls is not None:
        yield Text(FIRST_CALLS_ARE)
    if not any(arm.workload.has_attackers for arm in (found.baseline, found.candidate)):
        yield NO_ATTACKERS
    if len(found.deltas) > len(headlines):
        table = _every(found, measured_ms)
        yield Folded(f"All {len(found.deltas)} metrics that were compared", (table,))


def _first_calls(found: Comparison) -> Delta | None:
    if CALLS not in found.values or REPEAT_CALLS not in found.values:
        return None
    calls, repeated = found.values[CALLS], found.values[REPEAT_CALLS]
    return delta_of(CALLS, calls[0] - repeated[0], calls[1] - repeated[1])


def _cell(
    of: Estimate, asked: Asked, measured_ms: int, difference: bool = False, *, bare: bool = False
) -> Cell:
    told = amount(of, asked, measured_ms, difference=difference)
    unsure = difference and not of.sign and told.interval != SAME
    return Cell(
        told.value if bare else told.with_unit,
        told.interval,
        note="not sure" if unsure else "",
        mark="number",
    )


def _every(found: Comparison, measured_ms: int) -> Table:
    return Table(
        "Every metric that was compared, with 95% intervals",
        ("metric", "baseline", "candidate", "difference"),
        tuple(
            (
                Cell(str(delta.asked), _meaning(delta.asked), mark="code"),
                _cell(delta.baseline, delta.asked, measured_ms),
                _cell(delta.candidate, delta.asked, measured_ms),
                _cell(delta.delta, delta.asked, measured_ms, True),
            )
            for delta in found.deltas
        ),
    )


def _meaning(asked: Asked) -> str:
    return asked.metric.measure.meaning if isinstance(asked.metric, Statistic) else ""


def _requests(divergences: Sequence[Divergence]) -> Section:
    counts = {name: sum(of.counts[name] for of in divergences) for name in DIFFERENCES}
    unpaired = [sum(of.unpaired[side] for of in divergences) for side in (0, 1)]
    table = Table(
        f"The same requests, answered differently, in all {len(divergences)} replications",
        ("what differs", "how often"),
        tuple(
            (Cell(_DIFFERENCES[name]), Cell(f"{count:,}", mark="number"))
            for name, count in counts.items()
        ),
    )
    text = (
        f"{unpaired[0]:,} requests of the baseline and {unpaired[1]:,} of the candidate have no "
        "partner at the same instant, since histories had parted: they are in no count."
    )
    return Section("requests", "Request by request", (table, Text(text)))


# The pictures


def _headline(
    headlines: Sequence[Headline],
    deltas: Mapping[Asked, Delta],
    flip: tuple[Asked, Tornado] | None,
) -> Asked:
    """Return the metric whose pairs are drawn: what was asked about, else what surely differs."""
    asked = [headline.asked for headline in headlines]
    if flip is not None and flip[0] in asked:
        return flip[0]
    # Takeovers first: where they differ, nothing matters more.
    ordered = sorted(asked, key=lambda one: one != _TAKEOVERS)
    return next((one for one in ordered if deltas[one].delta.sign), ordered[0])


def _pictures(found: Comparison, headline: Asked, origin: Origin) -> Iterator[Figure]:
    yield _pairs(found, headline, origin)
    runs = {
        arm.name: simulate_whole(
            arm.policy, arm.workload, origin.seed, replication=0, warmup_ms=found.warmup_ms
        )
        for arm in (found.baseline, found.candidate)
    }
    yield pictured(
        plots.ecdf({name: run.histograms for name, run in runs.items()}),
        "How long people are without access in either arm, in replication 0 alone.",
    )
    for name, run in runs.items():
        yield pictured(
            plots.exposure(run.codes),
            f"{name}: how long codes lie open, in use and idle, in replication 0 alone"
            f"{'' if run.sampled == 1 else ', of sampled people'}.",
        )
    yield _stranded(found, runs, origin.runs)


def _pairs(found: Comparison, asked: Asked, origin: Origin) -> Figure:
    change = found[str(asked)].delta.value
    scale = scale_of(asked, origin.measured_ms, change, difference=True)
    frame = found.pairs(str(asked))
    frame[["baseline", "candidate"]] /= scale.size
    return pictured(
        plots.paired_delta(frame, measured=measured_in(asked, scale.unit)),
        f"{capital(asked)}, pair by pair: {found.candidate.name} less {found.baseline.name}, in "
        f"{origin.runs}.",
    )


def _stranded(found: Comparison, runs: Mapping[str, "Run"], all_runs: str) -> Figure:
    import pandas as pd

    summaries: dict[str, pd.DataFrame] = {name: run.summary for name, run in runs.items()}
    which = "replication 0 alone"
    if _STRANDED in found.values:
        summaries = {
            name: pd.DataFrame({"metric": str(_STRANDED), "value": values})
            for name, values in zip(runs, found.values[_STRANDED], strict=True)
        }
        which = all_runs
    return pictured(
        plots.stranded(summaries),
        f"How long users whose device is back are refused it, in {which}.",
    )
