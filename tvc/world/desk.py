"""The help desk: callers wait in one line, and admins serve them one after the other.

Only calls are in the line. Whoever finds the desk closed calls when it opens; whoever has waited
too long gives up, and may call again. An admin who cannot act, having lost a device of their
own, sits out while the others go on.
"""

from collections import deque
from functools import partial
from heapq import heappop, heappush
from typing import Final

from tvc.authority.durations import HOUR_MS
from tvc.trace.measures.desk import DeskCall
from tvc.world.issuing import Admin, Case, Outcome, Setting, expire
from tvc.world.kernel import Due, Rank, tie_key
from tvc.world.ports import Caller
from tvc.world.weeks import Openings, week_offset_ms

#: How long an admin who cannot sign in sits out before trying again.
_PAUSE_MS: Final = HOUR_MS

_DONE: Final = Outcome.DONE
_UNABLE: Final = Outcome.UNABLE
_WITHOUT_HELP: Final = frozenset((Outcome.REJECTED, Outcome.REFUSED, Outcome.UNABLE))
_ENDS: Final = {
    Outcome.DONE: "served",
    Outcome.WAITING: "served",
    Outcome.REJECTED: "rejected",
    Outcome.REFUSED: "refused",
    Outcome.UNABLE: "refused",
}


class Call(DeskCall):
    """One call, from its placing to its end; the recorder keeps it while it lasts.

    Attributes
    ----------
    party
        Who calls.
    answered, left
        Whether an admin has taken it, and whether the caller has hung up.
    """

    __slots__ = ("_desk", "answered", "left", "party")

    def __init__(self, desk: "Desk", party: Caller, at_ms: int) -> None:
        DeskCall.__init__(self, at_ms, party.person, party.subject, party.calls)
        self._desk = desk
        self.party = party
        self.left = False
        self.answered = False

    def give_up(self, event: Due) -> None:
        """Hang up, unless somebody answered meanwhile."""
        if not self.left and not self.answered:
            self._desk.lose(self, event.at_ms)


class Desk:
    """The desk of one run.

    Parameters
    ----------
    world
        Where it stands.
    """

    __slots__ = (
        "_admins", "_busy", "_free", "_left", "_line", "_openings", "_waiting", "_waking", "_world",
    )  # fmt: skip

    def __init__(self, world: Setting) -> None:
        self._world = world
        self._openings = Openings(world.workload.desk.shifts, week_offset_ms(world.workload))
        self._admins = [Admin(world, index) for index in range(world.workload.desk.admins)]
        # A heap of their indices: numbers are compared faster than admins.
        self._free = list(range(len(self._admins)))
        self._line: deque[Call] = deque()
        self._waiting = 0
        self._left = 0
        self._busy = 0
        self._waking = False

    # Callers

    def receive(self, caller: Caller, now_ms: int) -> None:
        """Take a call now or, where the desk is closed, when it opens."""
        open_ms = self._openings.next_open(now_ms)
        if open_ms > now_ms:
            self._world.kernel.at(open_ms, caller.key, partial(self._receive_later, caller))
        else:
            self._place(caller, now_ms)

    def _receive_later(self, caller: Caller, event: Due) -> None:
        if caller.wants_desk:
            self._place(caller, event.at_ms)

    def _place(self, caller: Caller, now_ms: int) -> None:
        world = self._world
        caller.calls += 1
        call = Call(self, caller, now_ms)
        world.recorder.call_placed(call)
        caller.call = call
        admin = None if self._waiting else self._pick(caller)
        if admin is not None:
            self._answer(call, admin, now_ms)
            return
        self._line.append(call)
        self._waiting += 1
        world.recorder.queue(now_ms, self._waiting)
        patience_ms = world.draws.patience(caller.entity, caller.number, caller.calls)
        world.kernel.at(now_ms + patience_ms, caller.key, call.give_up)

    def lose(self, call: Call, now_ms: int) -> None:
        """Let a caller hang up who has waited too long."""
        self._drop(call, now_ms)
        call.party.unserved(now_ms)

    def hang_up(self, caller: Caller, now_ms: int) -> None:
        """End the call of somebody who needs no help any more."""
        call = caller.call
        caller.call = None
        if isinstance(call, Call) and not call.left:
            if call.answered:
                call.left = True
            else:
                self._drop(call, now_ms)

    def _drop(self, call: Call, now_ms: int) -> None:
        call.left = True
        call.party.call = None
        self._waiting -= 1
        self._left += 1
        recorder = self._world.recorder
        recorder.call_ended(now_ms, call, "abandoned")
        recorder.queue(now_ms, self._waiting)
        if self._left > 1000 and self._left > len(self._line) // 2:
            self._line = deque(waiting for waiting in self._line if not waiting.left)
            self._left = 0

    # Admins

    def _pick(self, caller: Caller) -> Admin | None:
        """Take the first admin who is free and is not the caller."""
        free = self._free
        if not free:
            return None
        index = heappop(free)
        admin = self._admins[index]
        if admin.name != caller.person:
            return admin
        other = self._admins[heappop(free)] if free else None
        heappush(free, index)
        return other

    def _answer(self, call: Call, admin: Admin, now_ms: int) -> None:
        call.answered = True
        self._busy += 1
        world, caller = self._world, call.party
        call.answered_ms = now_ms
        call.admin = admin.name
        world.recorder.busy(now_ms, self._busy)
        draws = world.draws
        duration_ms = draws.handling(caller.entity, caller.number, caller.calls)
        if draws.check_time is not None:
            duration_ms += draws.check_time(caller.entity, caller.number, caller.calls)
        complete = partial(self._complete, call, admin)
        world.kernel.at(now_ms + duration_ms, admin.key, complete)

    def _complete(self, call: Call, admin: Admin, event: Due) -> None:
        world, caller = self._world, call.party
        now_ms = event.at_ms
        caller.call = None
        if call.left:
            # They hung up while they were served; the time was spent all the same.
            outcome = _DONE
        elif not self._passes(caller):
            outcome = Outcome.REJECTED
        else:
            outcome = Case(world, admin, caller, self._asked_ms(caller)).work(now_ms)
        idle: Admin | None = admin
        while outcome is _UNABLE and idle is not None:
            world.kernel.at(now_ms + _PAUSE_MS, idle.key, partial(self._resume, idle))
            idle = self._pick(caller)
            if idle is not None:
                outcome = Case(world, idle, caller, self._asked_ms(caller)).work(now_ms)
        world.recorder.call_ended(now_ms, call, _ENDS[outcome])
        if outcome in _WITHOUT_HELP:
            caller.unserved(now_ms)
        self._busy -= 1
        world.recorder.busy(now_ms, self._busy)
        if idle is not None:
            heappush(self._free, idle.index)
            if self._waiting:
                self._serve(now_ms)

    def _passes(self, caller: Caller) -> bool:
        draws = self._world.draws
        if caller.rightful:
            return not draws.false_reject(caller.entity, caller.number, caller.calls)
        return draws.false_accept(caller.entity, caller.number, caller.calls)

    def _asked_ms(self, caller: Caller) -> int:
        lifetime = self._world.draws.lifetime
        if lifetime is None:
            return self._world.policy.lifetime.max_ms
        return lifetime(caller.entity, caller.number, caller.calls)

    def _resume(self, admin: Admin, event: Due) -> None:
        heappush(self._free, admin.index)
        self._serve(event.at_ms)

    def _serve(self, now_ms: int) -> None:
        """Answer who waits, as long as the desk is open and somebody is free."""
        if not self._waiting or not self._free:
            return
        open_ms = self._openings.next_open(now_ms)
        if open_ms > now_ms:
            if not self._waking:
                self._waking = True
                self._world.kernel.at(open_ms, tie_key(Rank.ADMIN, 0), self._open)
            return
        line = self._line
        while self._waiting:
            call = line[0]
            admin = None if call.left else self._pick(call.party)
            if admin is None and not call.left:
                return
            line.popleft()
            if admin is None:
                self._left -= 1
                continue
            self._waiting -= 1
            self._world.recorder.queue(now_ms, self._waiting)
            self._answer(call, admin, now_ms)

    def _open(self, event: Due) -> None:
        self._waking = False
        self._serve(event.at_ms)

    # What is done without a call

    def expire_afterwards(self, caller: Caller, now_ms: int) -> None:
        """Let an admin expire the code of a caller whose device is back, while the desk is open."""
        open_ms = self._openings.next_open(now_ms)
        if open_ms > now_ms:
            expire_later = partial(self._expire_later, caller.person, caller.entity)
            self._world.kernel.at(open_ms, tie_key(Rank.ADMIN, 0), expire_later)
        else:
            self._expire(caller.person, caller.entity, now_ms)

    def _expire_later(self, subject: str, entity: int, event: Due) -> None:
        self._expire(subject, entity, event.at_ms)

    def _expire(self, subject: str, entity: int, now_ms: int) -> None:
        world = self._world
        codes = world.authority.state.codes.get(subject)
        if codes and codes[-1].ended is None and world.workload.desk.admins:
            # It takes no call, and so none of the time of those who are on one.
            admin = self._admins[self._free[0] if self._free else 0]
            expire(admin, subject, entity, now_ms)

    def duty(self) -> None:
        """Tell the recorder when how many admins were on duty, which no event has to do."""
        recorder, openings = self._world.recorder, self._openings
        at_ms, end_ms = openings.next_open(0), self._world.window.end_ms
        while at_ms < end_ms:
            closes_ms = openings.closes(at_ms)
            recorder.duty(at_ms, self._world.workload.desk.admins)
            if closes_ms >= end_ms:
                break
            recorder.duty(closes_ms, 0)
            at_ms = openings.next_open(closes_ms)
