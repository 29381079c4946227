"""How traces show themselves in a notebook."""

from tvc.authority.authority import Record
from tvc.authority.durations import format_duration
from tvc.jupyter.tables import MOST_ROWS, table
from tvc.trace.rows import field_of
from tvc.trace.trace import Trace

#: What tells most of a record, beside its time and type.
_COLUMNS = ("by", "subject", "reason", "rule", "method", "code", "cause")


def show_trace(trace: Trace, most: int = MOST_ROWS) -> str:
    """Return a trace as HTML: a row a record, the first of them; of codes only their ordinals.

    Parameters
    ----------
    trace
        The trace.
    most
        How many records are shown.
    """
    count = len(trace.records)
    noun = "record" if count == 1 else "records"
    return table(
        f"Trace: {count:,} {noun} under the policy {trace.policy.name}",
        ("at", "type", *_COLUMNS),
        ((_when(record), record.type, *_fields(record)) for record in trace.records),
        most=most,
    )


def _when(record: Record) -> str:
    when = format_duration(record.at.true_ms)
    if record.at.reading_ms == record.at.true_ms:
        return when
    return f"{when} ({record.at.node or 'its clock'} reads {format_duration(record.at.reading_ms)})"


def _fields(record: Record) -> list[str | None]:
    return [field_of(record, name) for name in _COLUMNS]
