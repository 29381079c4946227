"""The desk as callers meet it: calls, waits, and how busy its admins are."""

from typing import Any, Final

from tvc.trace.measures.histogram import Histogram
from tvc.trace.measures.levels import Level

OUTCOMES: Final = ("served", "rejected", "refused", "abandoned")

CALL_COLUMNS = (
    "caller", "subject", "placed_ms", "number", "outcome", "waited_ms", "handled_ms", "admin",
)  # fmt: skip


class DeskCall:
    """A call under way; what the model holds while it lasts.

    Attributes
    ----------
    placed_ms, answered_ms
        When, the latter None while nobody has taken it.
    caller, subject
        Who calls, and for whose account.
    number
        Which call of the incident, from 1 on.
    admin
        Who took it.
    """

    __slots__ = ("admin", "answered_ms", "caller", "number", "placed_ms", "subject")

    def __init__(self, at_ms: int, caller: str, subject: str, number: int) -> None:
        self.placed_ms = at_ms
        self.caller = caller
        self.subject = subject
        self.number = number
        self.answered_ms: int | None = None
        self.admin = ""


class DeskBook:
    """Calls of a run, counted where they are placed within the window.

    Parameters
    ----------
    start_ms, horizon_ms, bin_ms
        The window, and the width of its bins.

    Attributes
    ----------
    wait : Histogram
        From placing to answering; of callers who wait at the end, unfinished.
    queue, busy, duty : Level
        Callers waiting, admins on a call, admins on duty.
    calls, repeat_calls, abandoned, handled_ms : int
        Over the calls that are counted.
    placed : int
        All calls of the run.
    calls_by_bin, abandoned_by_bin : list of int
        When calls were placed, and when callers gave up, within the window.
    open : dict of DeskCall
        Those under way, in the order in which they were placed; the values mean nothing.
    ends : dict of str to int
        How they ended.
    """

    def __init__(self, start_ms: int, horizon_ms: int, bin_ms: int) -> None:
        self._start_ms = start_ms
        self._horizon_ms = horizon_ms
        self._bin_ms = bin_ms
        self.calls_by_bin = [0] * -(-(horizon_ms - start_ms) // bin_ms)
        self.abandoned_by_bin = self.calls_by_bin.copy()
        self.wait = Histogram()
        self.queue = Level(start_ms, horizon_ms, bin_ms)
        self.busy = Level(start_ms, horizon_ms, bin_ms)
        self.duty = Level(start_ms, horizon_ms, bin_ms)
        self.calls = 0
        self.repeat_calls = 0
        self.abandoned = 0
        self.handled_ms = 0
        self.placed = 0
        self.open: dict[DeskCall, None] = {}
        self.ends = dict.fromkeys(OUTCOMES, 0)

    def place(self, call: DeskCall) -> None:
        """Take a call."""
        self.placed += 1
        self.open[call] = None
        placed_ms = call.placed_ms
        if self._start_ms <= placed_ms < self._horizon_ms:
            self.calls_by_bin[(placed_ms - self._start_ms) // self._bin_ms] += 1
            self.calls += 1
            if call.number > 1:
                self.repeat_calls += 1

    def end(self, call: DeskCall, at_ms: int, outcome: str) -> None:
        """End a call."""
        self.ends[outcome] += 1
        self.open.pop(call, None)
        if outcome == "abandoned" and self._start_ms <= at_ms < self._horizon_ms:
            self.abandoned_by_bin[(at_ms - self._start_ms) // self._bin_ms] += 1
        if self._start_ms <= call.placed_ms < self._horizon_ms:
            if call.answered_ms is None:
                self.abandoned += 1
            else:
                self.wait.add(call.answered_ms - call.placed_ms)
                self.handled_ms += at_ms - call.answered_ms

    def finish(self, at_ms: int) -> None:
        """Count the calls that are under way at the end as far as they came."""
        for call in self.open:
            if self._start_ms <= call.placed_ms < self._horizon_ms:
                if call.answered_ms is None:
                    self.wait.add_unfinished(at_ms - call.placed_ms)
                else:
                    self.wait.add(call.answered_ms - call.placed_ms)
                    self.handled_ms += at_ms - call.answered_ms

    def utilisation(self) -> float:
        """Return busy time by time on duty; more than 1 where calls outlast the opening hours."""
        duty_ms = self.duty.total_ms()
        return self.busy.total_ms() / duty_ms if duty_ms else float("nan")


def call_row(call: DeskCall, at_ms: int | None, outcome: str, origin_ms: int) -> tuple[Any, ...]:
    """Return the row of a call that ended, or waits at the end of the run."""
    answered_ms = call.answered_ms
    waited_until_ms = at_ms if answered_ms is None else answered_ms
    return (
        call.caller, call.subject, call.placed_ms - origin_ms, call.number, outcome,
        None if waited_until_ms is None else waited_until_ms - call.placed_ms,
        None if answered_ms is None or at_ms is None else at_ms - answered_ms, call.admin,
    )  # fmt: skip
