"""How comparisons show themselves in a notebook."""

from typing import Final

from tvc.authority.durations import DAY_MS
from tvc.experiment.comparison import Comparison, Delta, is_known
from tvc.experiment.comparison_text import Spell, speller
from tvc.tables import table, text

#: A comparison does not hold how long its replications measured: totals stand as they are, not
#: by the week. To the speller, that is a measured time of one week.
_AS_THEY_ARE_MS: Final = 7 * DAY_MS
#: What the finding tells first, and how much it tells.
_FIRST: Final = (
    "mean(repeat_calls)", "mean(locked_out)", "mean(exposure)", "mean(access)", "p(takeover)",
)  # fmt: skip
_MOST_TOLD: Final = 4


def show_comparison(comparison: Comparison) -> str:
    """Return a comparison as HTML: what surely differs, and each metric with its interval."""
    baseline, candidate = comparison.baseline.name, comparison.candidate.name
    shown = table(
        f"{candidate} against {baseline}",
        ("metric", baseline, candidate, "difference", "95 % interval", "sure"),
        map(_row, comparison.deltas),
        numbers={1, 2, 3},
    )
    note = (
        f"{comparison.replications} replications of both arms on the same people and days (seed "
        f"{comparison.seed}); totals are of one replication. Each interval holds by itself: of "
        "twenty, one may be wrong."
    )
    return f"<p>{text(_finding(comparison))}</p>\n{shown}\n<p>{text(note)}</p>"


def _finding(comparison: Comparison) -> str:
    sure = [delta for delta in comparison.deltas if delta.delta.sign]
    if not sure:
        return f"{comparison.candidate.name}: no metric surely differs."
    told = sorted(sure, key=lambda delta: str(delta.asked) not in _FIRST)[:_MOST_TOLD]
    parts = [f"{delta.asked} {_change(delta)(delta.delta.value)}" for delta in told]
    rest = len(sure) - len(told)
    more = f", and {rest} more" if rest else ""
    return f"{comparison.candidate.name} surely changes {', '.join(parts)}{more}."


def _change(delta: Delta) -> Spell:
    return speller(delta.asked, _AS_THEY_ARE_MS, signed=True, bare=True)


def _row(delta: Delta) -> tuple[str, ...]:
    value = speller(delta.asked, _AS_THEY_ARE_MS, bare=True)
    change = _change(delta)
    found = delta.delta
    same = not found.value and found.low == found.high
    interval = f"{change(found.low)} to {change(found.high)}" if is_known(found) else "none"
    return (
        str(delta.asked),
        value(delta.baseline.value),
        value(delta.candidate.value),
        change(found.value),
        "the same in every pair" if same else interval,
        "yes" if found.sign else "no",
    )
