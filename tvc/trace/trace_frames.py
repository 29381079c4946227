"""Frames of a trace, in the shape that runs of a workload have: what pictures are drawn from."""

from typing import TYPE_CHECKING, Any

from tvc.authority.authority import Record
from tvc.trace.rows import field_of
from tvc.trace.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

_EVENTS = ("at_ms", "type", "by", "subject", "reason", "rule", "method", "code", "cause")
_CODES = ("code", "subject", "issuer", "generated_ms", "expires_ms", "ended_ms", "cause")


def event_frame(trace: Trace) -> "pd.DataFrame":
    """Return one row a record.

    Returns
    -------
    pandas.DataFrame
        Columns ``at_ms`` (true time), ``type``, ``by``, ``subject`` (who asked, where the request
        is for nobody else), ``reason``, ``rule``, ``method`` (``code`` where one was presented),
        ``code`` (as ``subject#ordinal``) and ``cause``.
    """
    import pandas as pd

    rows = [_event(record) for record in trace.records]
    frame = pd.DataFrame(rows, columns=list(_EVENTS), dtype=object)
    return frame.astype({"at_ms": "int64"})


def _event(record: Record) -> tuple[Any, ...]:
    asked = record.request
    presented = record.event is None and asked is not None and asked.matched is not None
    method = "code" if presented else field_of(record, "method")
    names = ("by", "subject", "reason", "rule", "code", "cause")
    by, subject, reason, rule, code, cause = (field_of(record, name) for name in names)
    return record.at.true_ms, record.type, by, subject or by, reason, rule, method, code, cause


def code_frame(trace: Trace) -> "pd.DataFrame":
    """Return one row a code.

    Returns
    -------
    pandas.DataFrame
        Columns ``code``, ``subject``, ``issuer``, then in true time ``generated_ms``,
        ``expires_ms`` (with the policy's leeway) and ``ended_ms`` (missing while nothing has
        ended it), and ``cause``. A code that lapsed ended when it did, not when audit noticed.
        The drift of its node's clock is left out.
    """
    import pandas as pd

    rows: dict[str, list[Any]] = {}
    for record in trace.records:
        asked, event, name = record.request, record.event, record.code
        if name is None:
            continue
        if record.type == "generate.allowed":
            assert asked is not None
            assert asked.lifetime_ms is not None
            began_ms = record.at.true_ms
            over_ms = began_ms + asked.lifetime_ms + trace.policy.clock.leeway_ms
            rows[name] = [name, record.subject, record.by, began_ms, over_ms, None, None]
        elif event is not None and event.type == "code.ended" and name in rows:
            ended_ms = rows[name][4] if event.cause == "lapsed" else record.at.true_ms
            rows[name][5:] = ended_ms, event.cause
    frame = pd.DataFrame(list(rows.values()), columns=list(_CODES), dtype=object)
    return frame.astype(dict.fromkeys(("generated_ms", "expires_ms", "ended_ms"), "Int64"))
