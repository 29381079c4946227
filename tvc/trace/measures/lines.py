"""Records as lines of a table."""

from typing import Any, Final

from tvc.authority.authority import Record

#: What a line of the trace holds, in order. What a request brought about has its cause in place of
#: a reason, whose session it was in place of who asked, and the instant of a lapse as the wait.
#: The method is "code" where one was presented, right or wrong.
LINE: Final = (
    "true_ms", "reading_ms", "node", "type", "by", "subject", "reason", "rule", "method", "code",
    "wait_ms",
)  # fmt: skip
Line = tuple[Any, ...]

CODE_METHOD: Final = "code"


def subject_of(record: Record) -> str | None:
    """Return whose record it is: the account it concerns, else who asked."""
    event, decision, request = record[5], record[4], record[3]
    if event is not None:
        return event[1]
    subject = None if decision is None else decision[4]
    return subject or (None if request is None else request[1])


def line_of(record: Record) -> Line:
    """Return a record as a line."""
    _, kind, (true_ms, node, reading_ms), request, decision, event, _ = record
    if event is not None:
        _, subject, cause, code, person, lapsed_ms = event
        return (
            true_ms, reading_ms, node, kind, person, subject, cause, None, None, code, lapsed_ms,
        )  # fmt: skip
    assert request is not None
    assert decision is not None
    return (
        true_ms, reading_ms, node, kind, request[1], decision[4], decision[1], decision[2],
        CODE_METHOD if request[7] is not None else request[5], decision[5], decision[9],
    )  # fmt: skip
