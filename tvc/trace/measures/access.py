"""What outsiders have on accounts: a known live code, a session, an enrolled method.

Access is the union of the three. It begins with the first of them and is over, for then, when
the last is gone; the outsider is evicted when it does not come back.
"""

from collections.abc import Callable
from typing import Any

from tvc.trace.measures.histogram import Histogram
from tvc.trace.measures.levels import Level


class Access:
    """What one outsider has on one account.

    Attributes
    ----------
    outsider, account, kind
        Who, on which account, and by which kind of attack.
    first_ms
        When they first had anything.
    signed_in_ms
        When they were first let in; None if never.
    via
        The code through which they opened the session; None where it was by other means.
    enrolled
        Whether they ever enrolled a method.
    had_ms
        How long they had something, before what they have now.
    """

    __slots__ = (
        "account", "codes", "enrolled", "first_ms", "had_ms", "kind", "lost_by", "lost_ms",
        "methods", "outsider", "session", "signed_in_ms", "since_ms", "via",
    )  # fmt: skip

    def __init__(self, outsider: str, account: str, kind: str, at_ms: int) -> None:
        self.outsider = outsider
        self.account = account
        self.kind = kind
        self.first_ms = at_ms
        self.since_ms: int | None = None
        self.signed_in_ms: int | None = None
        self.enrolled = False
        self.had_ms = 0
        self.codes: set[int] = set()
        self.session = False
        self.via: int | None = None
        self.methods: set[str] = set()
        self.lost_ms: int | None = None
        self.lost_by = ""

    @property
    def has_any(self) -> bool:
        """Whether they have anything at present."""
        return self.session or bool(self.codes) or bool(self.methods)


ACCESS_COLUMNS = (
    "outsider", "account", "by", "first_access_ms", "signed_in_ms", "enrolled", "access_ms",
    "evicted_ms", "evicted_by",
)  # fmt: skip


def _kind_of(outsider: str) -> str:
    """Return what kind of attacker somebody is, which is part of the names of simulated ones."""
    _, _, kind = outsider.partition(":")
    return kind.partition(":")[0] or "outsider"


class AccessBook:
    """All pairs of an outsider and an account, and sums over them.

    Parameters
    ----------
    start_ms, horizon_ms, bin_ms
        Pairs that begin within the window are counted.

    Attributes
    ----------
    pairs : dict of str to dict of str to Access
        By account and outsider; only where somebody ever had anything.
    level : Level
        Pairs with access at present.
    dwell : Histogram
        How long each stretch of access was.
    takeovers, access_ms : int
        Pairs that signed in, and how long pairs had access.
    """

    def __init__(self, start_ms: int, horizon_ms: int, bin_ms: int) -> None:
        self._start_ms = start_ms
        self._horizon_ms = horizon_ms
        self.pairs: dict[str, dict[str, Access]] = {}
        self.level = Level(start_ms, horizon_ms, bin_ms)
        self.dwell = Histogram()
        self.takeovers = 0
        self.access_ms = 0
        self.rows: list[tuple[Any, ...]] = []

    def gain(
        self, at_ms: int, outsider: str, account: str, give: Callable[[Access], None]
    ) -> Access:
        """Let an outsider come to have something on an account."""
        pairs = self.pairs.setdefault(account, {})
        access = pairs.get(outsider)
        if access is None:
            access = pairs[outsider] = Access(outsider, account, _kind_of(outsider), at_ms)
        give(access)
        if access.since_ms is None and access.has_any:
            access.since_ms = at_ms
            self.level.set(at_ms, self.level.value + 1)
        return access

    def signed_in(self, at_ms: int, access: Access) -> None:
        """Note that an outsider was let in."""
        if access.signed_in_ms is None:
            access.signed_in_ms = at_ms
            if self._counts(access):
                self.takeovers += 1

    def lose(
        self, at_ms: int, account: str, by: str, take: Callable[[Access], None],
        outsider: str | None = None,
    ) -> None:  # fmt: skip
        """Let outsiders lose something on an account: one of them, or all."""
        for access in self.pairs.get(account, {}).values():
            if outsider is None or access.outsider == outsider:
                take(access)
                if access.since_ms is not None and not access.has_any:
                    self._close(access, at_ms)
                    access.lost_ms, access.lost_by = at_ms, by

    def _close(self, access: Access, at_ms: int) -> None:
        stretch_ms = at_ms - (access.since_ms or 0)
        access.since_ms = None
        access.had_ms += stretch_ms
        self.level.set(at_ms, self.level.value - 1)
        if self._counts(access):
            self.access_ms += stretch_ms
            self.dwell.add(stretch_ms)

    def _counts(self, access: Access) -> bool:
        return self._start_ms <= access.first_ms < self._horizon_ms

    def drop(self, account: str, origin_ms: int) -> None:
        """Forget an account on which nobody has anything."""
        for access in self.pairs.pop(account, {}).values():
            self._keep(access, origin_ms)

    def _keep(self, access: Access, origin_ms: int) -> None:
        def shifted(at_ms: int | None) -> int | None:
            return None if at_ms is None else at_ms - origin_ms

        evicted = access.since_ms is None and access.lost_ms is not None
        self.rows.append((
            access.outsider, access.account, access.kind, shifted(access.first_ms),
            shifted(access.signed_in_ms), access.enrolled, access.had_ms,
            shifted(access.lost_ms) if evicted else None, access.lost_by if evicted else "",
        ))  # fmt: skip

    def finish(self, at_ms: int, origin_ms: int) -> None:
        """Count what is left at the end as far as it came."""
        for account in sorted(self.pairs):
            for access in self.pairs[account].values():
                if access.since_ms is not None:
                    so_far_ms = at_ms - access.since_ms
                    access.had_ms += so_far_ms
                    if self._counts(access):
                        self.access_ms += so_far_ms
                        self.dwell.add_unfinished(so_far_ms)
                self._keep(access, origin_ms)
        self.pairs.clear()
