"""When outsiders' sessions are over by time alone, which no record tells."""

from collections.abc import Iterator
from heapq import heappop, heappush

from tvc.authority.policy import SessionPolicy


class SessionEnds:
    """The ends of sessions that are still to come.

    Parameters
    ----------
    session
        What the policy says of sessions.

    Attributes
    ----------
    heap : list of tuple
        By instant; `due` takes from it.
    """

    __slots__ = ("_latest", "_limits_ms", "heap")

    def __init__(self, session: SessionPolicy) -> None:
        self.heap: list[tuple[int, str, str, int]] = []
        self._limits_ms = [ms for ms in (session.max_ms, session.idle_ms) if ms is not None]
        # Which session of an outsider is the latest: a newer one takes the place of the older.
        self._latest: dict[str, int] = {}

    def opened(self, at_ms: int, outsider: str, account: str) -> None:
        """Note a session that is opened now, in place of the outsider's earlier one."""
        number = self._latest[outsider] = self._latest.get(outsider, 0) + 1
        if self._limits_ms:
            heappush(self.heap, (at_ms + min(self._limits_ms), outsider, account, number))

    def end_at(self, at_ms: int, outsider: str, account: str) -> None:
        """Let the session that an outsider has now be over at an instant."""
        heappush(self.heap, (at_ms, outsider, account, self._latest[outsider]))

    def due(self, at_ms: int) -> Iterator[tuple[int, str, str]]:
        """Yield (instant, outsider, account) of the sessions that are over by an instant."""
        heap = self.heap
        while heap and heap[0][0] <= at_ms:
            over_ms, outsider, account, number = heappop(heap)
            if self._latest.get(outsider) == number:
                yield over_ms, outsider, account
