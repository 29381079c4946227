"""Records by the chunk: hashed, counted and turned into lines a column at a time.

A simulated month makes millions of records. Going through them by columns costs a tenth of what
it costs one by one.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import eq, itemgetter
from typing import Any, Final, Protocol

from tvc.authority.authority import Record

#: What a line of the trace holds, in order. What a request brought about has its cause in place of
#: a reason, whose session it was in place of who asked, and the instant of a lapse as the wait.
#: The method is "code" where one was presented, right or wrong.
LINE: Final = (
    "true_ms", "reading_ms", "node", "type", "by", "subject", "reason", "rule", "method", "code",
    "wait_ms",
)  # fmt: skip
Line = tuple[Any, ...]

_SEPARATOR: Final = "\x1f"
_TYPE, _AT, _REQUEST, _DECISION, _EVENT = (itemgetter(place) for place in range(1, 6))
_BY, _METHOD, _MATCHED, _SSO = map(itemgetter, (1, 5, 7, 9))
_REASON, _RULE, _SUBJECT, _CODE, _WAIT = map(itemgetter, (1, 2, 4, 5, 9))
_CODE_METHOD: Final = "code"
_OUTCOMES: Final = {"sign_in.allowed": "allow", "sign_in.denied": "deny"}


class Hash(Protocol):
    """What digests bytes."""

    def update(self, data: bytes, /) -> None:
        """Digest some more."""
        ...


class Chunk:
    """Some records in the order in which they were made.

    Parameters
    ----------
    records
        At least one.

    Attributes
    ----------
    skewed : bool
        Whether a clock showed another time than the true one.
    """

    __slots__ = (
        "_decisions", "_events", "_matched", "_methods", "_people", "_reasons", "_records",
        "_sso", "_subjects", "_times", "_types", "skewed",
    )  # fmt: skip

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        asked = [record for record in records if record[5] is None]
        self._events = [record for record in records if record[5] is not None]
        requests = list(map(_REQUEST, asked))
        self._decisions = list(map(_DECISION, asked))
        self._times = [record[2][0] for record in asked]
        self._types = list(map(_TYPE, asked))
        self._people = list(map(_BY, requests))
        self._methods = list(map(_METHOD, requests))
        self._matched = list(map(_MATCHED, requests))
        self._sso = list(map(_SSO, requests))
        self._subjects = list(map(_SUBJECT, self._decisions))
        self._reasons = list(map(_REASON, self._decisions))
        self.skewed = any(at[0] != at[2] for at in map(_AT, records))

    def update(self, digest: Hash) -> None:
        """Digest every record: the requests, what they brought about, and how clocks erred."""
        denied = [decision for decision in self._decisions if decision[1] is not None]
        event_times = [record[2][0] for record in self._events]
        events = list(map(_EVENT, self._events))
        for numbers in (
            self._times,
            [code or 0 for code in map(_CODE, self._decisions)],
            [wait_ms or 0 for wait_ms in map(_WAIT, denied)],
            event_times,
            [event[3] or 0 for event in events],
            [event[5] or 0 for event in events],
        ):
            digest.update(array("q", numbers).tobytes())
        for texts in (
            self._types,
            self._people,
            [subject or "" for subject in self._subjects],
            [reason or "" for reason in self._reasons],
            map(_RULE, denied),
            [method or "" for method in self._methods],
            map(_TYPE, self._events),
            [event[1] for event in events],
            [event[2] or "" for event in events],
            [event[4] or "" for event in events],
        ):
            digest.update(_SEPARATOR.join(texts).encode())
        if self.skewed:
            for at in map(_AT, self._records):
                digest.update(f"{at[1]}{_SEPARATOR}{at[2]}".encode())

    def counted(self, start_ms: int, horizon_ms: int, bin_ms: int) -> Counter[tuple[Any, ...]]:
        """Count sign-ins and generations within a window.

        Returns
        -------
        collections.Counter
            By (measure, labels..., bin): sign-ins by method, outcome, reason and who;
            generations that were allowed, and those refused by reason.
        """
        found: Counter[tuple[Any, ...]] = Counter()
        times = self._times
        first = bisect_left(times, start_ms)
        last = bisect_left(times, horizon_ms)
        while first < last:
            # A chunk is short: it lies within a bin or two.
            place = (times[first] - start_ms) // bin_ms
            end = bisect_left(times, start_ms + (place + 1) * bin_ms, first, last)
            self._count(found, place, first, end)
            first = end
        return found

    def _count(self, found: Counter[tuple[Any, ...]], place: int, first: int, end: int) -> None:
        part = slice(first, end)
        kinds = Counter(
            zip(
                self._types[part], self._methods[part], self._reasons[part],
                map(eq, self._people[part], self._subjects[part]), self._matched[part],
                self._sso[part],
                strict=True,
            )
        )  # fmt: skip
        for (kind, method, reason, own, matched, sso), number in kinds.items():
            outcome = _OUTCOMES.get(kind)
            if outcome is not None:
                # A password alone lets in where MFA is off; elsewhere nothing was presented.
                nothing = "sso" if sso else "password" if outcome == "allow" else "none"
                label = _CODE_METHOD if matched is not None else str(method or nothing)
                who = "user" if own else "outsider"
                found["sign_ins", label, outcome, str(reason or ""), who, place] += number
            elif kind == "generate.allowed":
                found["codes.generated", place] += number
            elif kind == "generate.denied":
                found["generate.denied", str(reason), place] += number

    def lines(self, since: Mapping[str, int] | None = None) -> list[Line]:
        """Return the records as lines: all, or those about some people from a number on each."""
        return [
            _line(record)
            for record in self._records
            if since is None or record[0] >= since.get(_subject(record) or "", record[0] + 1)
        ]


def _subject(record: Record) -> str | None:
    event, decision, request = record[5], record[4], record[3]
    if event is not None:
        return event[1]
    subject = None if decision is None else decision[4]
    return subject or (None if request is None else request[1])


def _line(record: Record) -> Line:
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
        _CODE_METHOD if request[7] is not None else request[5], decision[5], decision[9],
    )  # fmt: skip
