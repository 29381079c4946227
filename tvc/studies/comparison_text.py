"""What people read of a comparison: a finding, then the differences with their intervals."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import isinf, isnan
from typing import Final

from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS, format_duration
from tvc.domain.words import escape
from tvc.runs.arms import Arm, assumptions
from tvc.runs.replications import Asked
from tvc.studies.comparison import Comparison, Delta, Estimate, adds_up, is_known
from tvc.studies.divergence import Divergence
from tvc.studies.summary_text import spell_value
from tvc.trace.measures.catalogue import Place, Shape, Unit
from tvc.trace.measures.metrics import Share, Statistic
from tvc.trace.measures.metrics import headlines as headlines_at

_WEEK_MS: Final = 7 * DAY_MS
_SIGNIFICANT: Final = 3
_SAME: Final = "the same in every pair"
#: Kinds of a difference that are told.
_MOST_TOLD: Final = 3

#: Spells a value of a metric.
Spell = Callable[[float], str]


def speller(asked: Asked, measured_ms: int, *, signed: bool = False, bare: bool = False) -> Spell:
    """Return how values of a metric are spelt: by the week where they add up, with their unit.

    Parameters
    ----------
    asked
        The metric.
    measured_ms
        The time that a replication measures.
    signed
        Whether they are differences, which show their sign.
    bare
        Whether "a week" goes without saying.

    Examples
    --------
    >>> calls = speller(Asked.read("mean(calls)"), 14 * DAY_MS, signed=True)
    >>> calls(25.0), speller(Asked.read("p95(desk.wait)"), DAY_MS)(5_400_000.0)
    ('+12.5 a week', '1h30m')
    """
    weeks = measured_ms / _WEEK_MS if adds_up(asked) else 1.0
    rate = " a week" if adds_up(asked) and not bare else ""

    def spell(value: float) -> str:
        if isnan(value):
            return "none"
        if isinf(value):
            return "not over" if value > 0 else "unbounded"
        number = value / weeks
        sign = "-" if number < 0 else "+" if signed and number > 0 else ""
        return f"{sign}{_spell(abs(number), asked, signed)}{rate}"

    return spell


def _spell(value: float, asked: Asked, signed: bool) -> str:
    unit, metric = asked.unit, asked.metric
    totals = isinstance(metric, Statistic) and metric.measure.shape is Shape.TOTAL
    if unit is Unit.SHARE:
        points = 100 * value
        return f"{points:.2g} points" if signed else f"{points:.3g}%"
    if unit is Unit.COUNT:
        return _figures(value)
    if totals and unit is Unit.HOURS:
        return f"{_figures(value / HOUR_MS)}h"
    if totals and unit is Unit.MINUTES:
        return f"{_figures(value / MINUTE_MS)}m"
    return spell_value(value, Unit.MS)


def _figures(value: float) -> str:
    """Spell a number with as many figures as anybody reads.

    Examples
    --------
    >>> _figures(12345.6), _figures(12.3456), _figures(0.0123456)
    ('12,346', '12.3', '0.0123')
    """
    return f"{value:,.0f}" if value >= 10**_SIGNIFICANT else f"{value:.{_SIGNIFICANT}g}"


def interval_text(found: Estimate, asked: Asked, measured_ms: int, *, signed: bool = False) -> str:
    """Spell an estimate with its interval; what has none says so.

    Examples
    --------
    >>> found = Estimate(25.0, 20.0, 30.0, 10, 0)
    >>> interval_text(found, Asked.read("mean(calls)"), 14 * DAY_MS, signed=True)
    '+12.5 a week (+10 to +15)'
    """
    spell = speller(asked, measured_ms, signed=signed)
    bare = speller(asked, measured_ms, signed=signed, bare=True)
    if not is_known(found):
        return f"{spell(found.value)} (no interval)"
    return f"{spell(found.value)} ({bare(found.low)} to {bare(found.high)})"


def finding(comparison: Comparison, measured_ms: int) -> str:
    """Return the finding: what the candidate surely changes, and what it does not surely."""
    known = {str(delta.asked): delta for delta in comparison.deltas}
    headlines = [(str(told), told.label) for told in headlines_at(Place.FINDING)]
    told = [(known[key], name) for key, name in headlines if key in known]
    told = told or [(delta, str(delta.asked)) for delta in comparison.deltas]
    sure = [_sentence(delta, name, measured_ms) for delta, name in told if delta.delta.sign]
    unsure = [_sentence(delta, name, measured_ms) for delta, name in told if not delta.delta.sign]
    parts = [", ".join(sure) if sure else "no sure difference"]
    if unsure:
        parts.append(f"not surely different: {', '.join(unsure)}")
    return f"{escape(comparison.candidate.name)}: {'; '.join(parts)}."


def _sentence(delta: Delta, name: str, measured_ms: int) -> str:
    if not (delta.delta.value or delta.delta.low):
        return f"{name} (the same in every pair)"
    return f"{name} {interval_text(delta.delta, delta.asked, measured_ms, signed=True)}"


def comparison_lines(comparison: Comparison, measured_ms: int) -> list[str]:
    """Return the finding and the table of differences.

    Parameters
    ----------
    comparison
        What is told of.
    measured_ms
        The time that each replication measures.

    Returns
    -------
    list of str
        Lines of text.
    """
    head = ("", "baseline", "candidate", "difference", "95% interval")
    rows = [head, *(_row(delta, measured_ms) for delta in comparison.deltas)]
    lines = [finding(comparison, measured_ms), "", *columns(rows)]
    lines += ["", *_notes(comparison, measured_ms)]
    return lines


def _row(delta: Delta, measured_ms: int) -> tuple[str, ...]:
    spell = speller(delta.asked, measured_ms)
    change = speller(delta.asked, measured_ms, signed=True)
    told = interval_of(delta, measured_ms)
    return (
        str(delta.asked),
        spell(delta.baseline.value),
        spell(delta.candidate.value),
        change(delta.delta.value),
        told if delta.delta.sign or told == _SAME else f"{told}  (not sure)",
    )


def interval_of(delta: Delta, measured_ms: int) -> str:
    """Spell the interval of a difference, and how many pairs are missing."""
    found = delta.delta
    if not found.value and found.low == found.high:
        return _SAME
    bare = speller(delta.asked, measured_ms, signed=True, bare=True)
    told = f"{bare(found.low)} to {bare(found.high)}" if is_known(found) else "none"
    if found.missing:
        told += f", {found.missing} pairs without a value"
    return told


def _notes(comparison: Comparison, measured_ms: int) -> Iterator[str]:
    yield (
        f"{comparison.replications} replications of {format_duration(measured_ms)}, both arms on "
        f"the same people and days (seed {comparison.seed}). Each interval holds by itself: of "
        "twenty, one may be wrong."
    )
    if any(isinstance(delta.asked.metric, Share) for delta in comparison.deltas):
        yield "A share is of all replications together; its interval is of first order."


def assumptions_line(arms: Sequence[Arm]) -> str:
    """Return how many inputs of some arms have no source."""
    assumed = len(assumptions(arms))
    return f"{assumed} inputs are assumptions (`tvc simulate --inputs` lists them)"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay out rows of text as columns: the first and the last to the left, others to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    last = len(widths) - 1
    return [
        "  ".join(
            f"{text:<{width}}" if place in (0, last) else f"{text:>{width}}"
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def divergence_lines(divergences: Sequence[Divergence]) -> list[str]:
    """Return what differs request by request, over all replications.

    Examples
    --------
    >>> divergence_lines([])
    []
    """
    if not divergences:
        return []
    count = len(divergences)
    total = Counter[str]()
    for divergence in divergences:
        total.update(divergence.counts)
    told = (
        ("newly_allowed", "requests newly allowed"),
        ("newly_denied", "requests newly denied"),
        ("earlier", "users back in earlier"),
        ("later", "users back in later"),
    )
    lines = [f"The same requests, answered differently (over {count} replications)"]
    rows = [(name, f"{total[key]:,}", _most_common(divergences, key)) for key, name in told]
    lines += [f"  {line}" for line in columns(rows)]
    unpaired = [sum(divergence.unpaired[side] for divergence in divergences) for side in (0, 1)]
    if any(unpaired):
        lines.append(
            f"  {unpaired[0]:,} requests of the baseline and {unpaired[1]:,} of the candidate have "
            "no partner at the same instant, since histories had parted: they are in no count"
        )
    return lines


def _most_common(divergences: Sequence[Divergence], difference: str) -> str:
    """Say of which request, and against which reason, most of a difference is."""
    found = Counter[str]()
    for pair in (pair for divergence in divergences for pair in divergence.pairs):
        if pair.difference == difference:
            refused = pair.baseline if pair.candidate.allowed else pair.candidate
            found[f"{refused.kind} {refused.reason}"] += 1
    most = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:_MOST_TOLD]
    return ", ".join(f"{number:,} {name}" for name, number in most)
