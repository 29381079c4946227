"""How comparisons show themselves in a notebook."""

from tvc.jupyter.tables import table, text
from tvc.studies.comparison import Comparison, Delta
from tvc.studies.comparison_text import finding, interval_of, speller


def show_comparison(comparison: Comparison) -> str:
    """Return a comparison as HTML: what surely differs, and each metric with its interval."""
    baseline, candidate = comparison.baseline.name, comparison.candidate.name
    measured_ms = comparison.measured_ms
    shown = table(
        f"{candidate} against {baseline}",
        ("metric", baseline, candidate, "difference", "95 % interval", "sure"),
        [_row(delta, measured_ms) for delta in comparison.deltas],
        numbers={1, 2, 3},
    )
    note = (
        f"{comparison.replications} replications of both arms on the same people and days (seed "
        f"{comparison.seed}). Each interval holds by itself: of twenty, one may be wrong."
    )
    return f"<p>{text(finding(comparison, measured_ms))}</p>\n{shown}\n<p>{text(note)}</p>"


def _row(delta: Delta, measured_ms: int) -> tuple[str, ...]:
    value = speller(delta.asked, measured_ms)
    change = speller(delta.asked, measured_ms, signed=True)
    return (
        str(delta.asked),
        value(delta.baseline.value),
        value(delta.candidate.value),
        change(delta.delta.value),
        interval_of(delta, measured_ms),
        "yes" if delta.delta.sign else "no",
    )
