"""The ledger of codes: when each was live by true time, who used it, and how it was over.

The authority compares times when somebody acts and records a lapse late or never. The ledger
keeps a heap of true expiries instead, and closes codes as time passes them.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from tvc.authority.edges import over_ms
from tvc.authority.policy import Policy
from tvc.trace.measures.levels import Level

#: Receives the account and the instant at which a code of it is over, and how.
Over = Callable[[str, "LedgerCode", int, str], None]


class LedgerCode:
    """A live code.

    Attributes
    ----------
    subject, ordinal, issuer
        Whose, which, and by whom.
    generated_ms, lifetime_ms, expires_ms, lapses_ms
        In true time; ``lapses_ms`` has the policy's leeway.
    uses, misuses
        Sign-ins by its subject, and by others.
    first_use_ms, last_use_ms
        By its subject.
    returned_ms
        When the subject's device came back while it was live.
    """

    __slots__ = (
        "expires_ms", "first_use_ms", "generated_ms", "issuer", "lapses_ms", "last_use_ms",
        "lifetime_ms", "live", "misuses", "ordinal", "returned_ms", "subject", "uses",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to know of a new code
        self, subject: str, ordinal: int, issuer: str, at_ms: int, lifetime_ms: int, policy: Policy
    ) -> None:
        self.subject = subject
        self.ordinal = ordinal
        self.issuer = issuer
        self.generated_ms = at_ms
        self.lifetime_ms = lifetime_ms
        self.expires_ms = at_ms + lifetime_ms
        self.lapses_ms = over_ms(self.expires_ms, policy)
        self.uses = 0
        self.misuses = 0
        self.first_use_ms: int | None = None
        self.last_use_ms: int | None = None
        self.returned_ms: int | None = None
        self.live = True

    def __lt__(self, other: "LedgerCode") -> bool:
        return (self.subject, self.ordinal) < (other.subject, other.ordinal)

    def idle_ms(self, over_ms: int) -> int:
        """Return how long it was live after its last rightful use or the device's return."""
        needed_until_ms = self.generated_ms if self.last_use_ms is None else self.last_use_ms
        if self.returned_ms is not None:
            needed_until_ms = min(needed_until_ms, self.returned_ms)
        return max(over_ms - max(needed_until_ms, self.generated_ms), 0)


class Ledger:
    """All live codes of a run, and sums over those that are over.

    Parameters
    ----------
    start_ms, horizon_ms
        Codes generated within are counted.
    bin_ms
        Width of the bins of the number of live codes.
    policy
        Says how long a code stays live after its expiry.
    over
        Told when a code is over.

    Attributes
    ----------
    live : Level
        The number of live codes.
    generated, lapsed_unused, exposed_ms, idle_ms : int
        Over the codes that are counted.
    ends : dict of str to int
        Over all codes of the run: how many are over by each cause.
    all_generated : int
        All codes of the run.
    overstay : int
        Sign-ins and step-ups, within the window, by a code that was over.
    lapses : list of (int, LedgerCode)
        A heap of true expiries; `advance` takes from it.
    """

    def __init__(
        self, start_ms: int, horizon_ms: int, bin_ms: int, policy: Policy, over: Over
    ) -> None:
        self._start_ms = start_ms
        self._horizon_ms = horizon_ms
        self._policy = policy
        self._over = over
        self._by_subject: dict[str, list[LedgerCode]] = {}
        self.lapses: list[tuple[int, LedgerCode]] = []
        self.live = Level(start_ms, horizon_ms, bin_ms)
        self.generated = 0
        self.lapsed_unused = 0
        self.exposed_ms = 0
        self.idle_ms = 0
        self.overstay = 0
        self.all_generated = 0
        self.ends: dict[str, int] = {}

    def open(self, subject: str, ordinal: int, issuer: str, at_ms: int, lifetime_ms: int) -> None:
        """Enter a code that is generated now; all that lapsed before has to be closed."""
        code = LedgerCode(subject, ordinal, issuer, at_ms, lifetime_ms, self._policy)
        heappush(self.lapses, (code.lapses_ms, code))
        codes = self._by_subject.get(subject)
        if codes is None:
            self._by_subject[subject] = [code]
        else:
            codes.append(code)
        self.all_generated += 1
        if self._start_ms <= at_ms < self._horizon_ms:
            self.generated += 1
        self.live.set(at_ms, self.live.value + 1)

    def find(self, subject: str, ordinal: int) -> LedgerCode | None:
        """Return a code that has not been closed; None for any other."""
        for code in self._by_subject.get(subject, ()):
            if code.ordinal == ordinal:
                return code
        return None

    def of(self, subject: str) -> list[LedgerCode]:
        """Return the codes of a subject that have not been closed."""
        return self._by_subject.get(subject, [])

    def use(self, subject: str, ordinal: int, at_ms: int, *, own: bool) -> None:
        """Note that a code let somebody in: its subject, or another one."""
        code = self.find(subject, ordinal)
        if (code is None or at_ms >= code.expires_ms) and (
            self._start_ms <= at_ms < self._horizon_ms
        ):
            self.overstay += 1
        if code is None:
            return
        if own:
            code.uses += 1
            if code.first_use_ms is None:
                code.first_use_ms = at_ms
            code.last_use_ms = at_ms
        else:
            code.misuses += 1

    def device_found(self, subject: str, at_ms: int) -> None:
        """Note that from now on a subject could do without the codes that they have."""
        for code in self.of(subject):
            if code.returned_ms is None:
                code.returned_ms = at_ms

    def advance(self, at_ms: int) -> None:
        """Close the codes that have lapsed by an instant."""
        lapses = self.lapses
        while lapses and lapses[0][0] <= at_ms:
            lapses_ms, code = heappop(lapses)
            if code.live:
                self._close(code, lapses_ms, "lapsed")

    def end(self, subject: str, ordinal: int, at_ms: int, cause: str) -> None:
        """Close a code that was ended before its time, if it has not lapsed."""
        code = self.find(subject, ordinal)
        if code is not None:
            self._close(code, at_ms, cause)

    def _close(self, code: LedgerCode, at_ms: int, cause: str) -> None:
        code.live = False
        codes = self._by_subject[code.subject]
        if len(codes) == 1:
            del self._by_subject[code.subject]
        else:
            codes.remove(code)
        self.live.set(at_ms, self.live.value - 1)
        self.ends[cause] = self.ends.get(cause, 0) + 1
        self._count(code, at_ms, cause)
        self._over(code.subject, code, at_ms, cause)

    def _count(self, code: LedgerCode, over_ms: int, cause: str) -> None:
        if self._start_ms <= code.generated_ms < self._horizon_ms:
            self.exposed_ms += over_ms - code.generated_ms
            self.idle_ms += code.idle_ms(over_ms)
            if cause == "lapsed" and not code.uses and not code.misuses:
                self.lapsed_unused += 1

    def finish(self, at_ms: int) -> list[LedgerCode]:
        """Close what has lapsed, count what is live so far, and return it."""
        self.advance(at_ms)
        left = sorted(code for codes in self._by_subject.values() for code in codes)
        for code in left:
            self._count(code, at_ms, "live")
        return left


def code_row(code: LedgerCode, over_ms: int, cause: str, origin_ms: int) -> tuple[Any, ...]:
    """Return the row of a code that is over, or live at the end; times from the origin on."""

    def shifted(at_ms: int | None) -> int | None:
        return None if at_ms is None else at_ms - origin_ms

    return (
        f"{code.subject}#{code.ordinal}", code.subject, code.issuer, shifted(code.generated_ms),
        code.lifetime_ms, shifted(code.expires_ms), None if cause == "live" else shifted(over_ms),
        cause, code.uses, code.misuses, shifted(code.first_use_ms), shifted(code.last_use_ms),
        over_ms - code.generated_ms, code.idle_ms(over_ms),
    )  # fmt: skip


CODE_COLUMNS = (
    "code", "subject", "issuer", "generated_ms", "lifetime_ms", "expires_ms", "ended_ms", "cause",
    "uses", "misuses", "first_use_ms", "last_use_ms", "exposed_ms", "idle_ms",
)  # fmt: skip
