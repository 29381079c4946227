"""Records as rows: flat, versioned and free of secrets, for files and reports."""

from typing import Any, Final

from tvc.authority.authority import Record

#: The version of the form of a row; a reader refuses others.
SCHEMA: Final = "tvc.trace/1"

#: The fields that audit lines of scenario files may name, beside ``type``.
FIELDS: Final = (
    "by", "subject", "account", "reason", "rule", "method", "code", "cause", "person", "node",
    "level", "limit", "challenge",
)  # fmt: skip


def field_of(record: Record, name: str) -> str | None:
    """Return one of `FIELDS` of a record as text; None where it has none."""
    if name == "node":
        return record.at.node
    if name in ("cause", "person"):
        value = None if record.event is None else getattr(record.event, name)
    elif name in ("rule", "level", "limit", "challenge"):
        own = record.event is None and record.decision is not None
        value = getattr(record.decision, name) if own else None
    else:
        value = getattr(record, name)
    return None if value is None else str(value)


def row_of(record: Record) -> dict[str, Any]:
    """Return a record as a row of plain values; what a record does not have is left out.

    Returns
    -------
    dict
        ``seq``, ``type``, ``at_ms`` (true time), ``node``, ``reading_ms``, the fields of
        `FIELDS`, ``retry_after_ms``, ``lapsed_at_ms`` and ``effects`` (table, key, value).
    """
    row: dict[str, Any] = {
        "seq": record.seq,
        "type": record.type,
        "at_ms": record.at.true_ms,
        "reading_ms": record.at.reading_ms,
    }
    row |= {name: field_of(record, name) for name in FIELDS}
    if record.event is None and record.decision is not None:
        row["retry_after_ms"] = record.decision.retry_after_ms
    if record.event is not None:
        row["lapsed_at_ms"] = record.event.at_ms
    row = {name: value for name, value in row.items() if value is not None}
    row["effects"] = [
        [put.table, plain_value(put.key), plain_value(put.value)] for put in record.effects
    ]
    return row


def plain_value(value: Any) -> Any:  # noqa: ANN401 - any value of a table
    """Return a value of a state's table as plain dicts, lists, numbers and text."""
    if isinstance(value, frozenset):
        return sorted(value)
    if hasattr(value, "_asdict"):
        return {name: plain_value(item) for name, item in value._asdict().items()}
    if isinstance(value, tuple):
        return [plain_value(item) for item in value]
    return value if value is None or isinstance(value, bool | int) else str(value)
