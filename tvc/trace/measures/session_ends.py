"""When outsiders' sessions are over by time alone, which no record tells."""

from collections.abc import Iterator
from heapq import heappop, heappush

from tvc.authority.edges import unused_session_ms
from tvc.authority.policy import Policy


class SessionEnds:
    """The ends of sessions that are still to come.

    Parameters
    ----------
    policy
        Says how long sessions last.

    Attributes
    ----------
    heap : list of tuple
        By instant; `due` takes from it.
    """

    __slots__ = ("_lasts_ms", "_latest", "heap")

    def __init__(self, policy: Policy) -> None:
        self.heap: list[tuple[int, str, str, int]] = []
        self._lasts_ms = unused_session_ms(policy)
        # Which session of an outsider is the latest: a newer one takes the place of the older.
        self._latest: dict[str, int] = {}

    def opened(self, at_ms: int, outsider: str, account: str) -> None:
        """Note a session that is opened now, in place of the outsider's earlier one."""
        number = self._latest[outsider] = self._latest.get(outsider, 0) + 1
        if self._lasts_ms is not None:
            heappush(self.heap, (at_ms + self._lasts_ms, outsider, account, number))

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
