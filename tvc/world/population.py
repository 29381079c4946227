"""The population: who is hit and when, and the sign-ins of everybody else.

Who loses a device is screened for all users at once, a slab of weeks at a time, so that a user
to whom nothing happens costs one uniform number and no memory. Their sign-ins change nothing
in the state; they are counted, exactly as often as they would happen, and not carried out.
"""

from collections.abc import Iterator
from functools import partial
from math import exp, log1p
from typing import Final, Protocol

import numpy as np

from tvc.authority.durations import DAY_MS
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind, Request
from tvc.domain.sampling import poisson_quantiles
from tvc.world import everybody
from tvc.world.draws import ADMINS
from tvc.world.everybody import Everybody
from tvc.world.kernel import Due, Kernel, Rank, tie_key
from tvc.world.people import admin_name, user_name
from tvc.world.streams import Streams
from tvc.world.users import Cause, Incident
from tvc.world.users import Setting as UserSetting
from tvc.world.weeks import WeekRate, arrivals, week_offset_ms
from tvc.world.working_days import NO_SHIFT

_YEAR_MS: Final = 365 * DAY_MS
#: Losses are screened this far ahead; aligned to the start, so that a longer horizon only adds.
_SLAB_MS: Final = 28 * DAY_MS
#: Users screened at a time: what the screen holds in memory.
_CHUNK: Final = 1 << 18
#: Incidents are numbered by what they spring from: (slab, loss), an outage, or a disturbance.
_LOSSES_A_SLAB: Final = 1 << 10
_OUTAGES: Final = 1 << 40
_DISTURBANCES: Final = 1 << 41

_ARRIVALS: Final = tie_key(Rank.USER, 0)
_NEVER_MS: Final = 1 << 62


class Setting(UserSetting, everybody.Setting, Protocol):
    """What the population sees of its surroundings: what its users see, and the crowd."""

    @property
    def population(self) -> "Population": ...  # noqa: D102 - itself
    @property
    def open(self) -> dict[str, Incident]: ...  # noqa: D102 - who is in trouble, by person


class Population:
    """All users of one run, and the admins as people with devices.

    Parameters
    ----------
    world
        Where they live.
    streams
        Of the run, for who is hit.

    Attributes
    ----------
    incidents : int
        How often somebody got into trouble.
    """

    def __init__(self, world: Setting, streams: Streams) -> None:
        self._world = world
        workload = world.workload
        losses = workload.losses
        self._rate = WeekRate(
            losses.per_user_per_year / _YEAR_MS, losses.profile, week_offset_ms(workload)
        )
        self._screen = streams.screen("losses")
        self._when = streams.stream("losses.when")
        self._admin_losses = streams.stream("losses.admins")
        self._outages = streams.screen("outages")
        self._leaves_per_ms = workload.leavers.per_user_per_year / _YEAR_MS
        self.incidents = 0
        self._slab = -1
        self._coming: Iterator[tuple[int, int, int]] = iter(())
        self._arrived = 0
        self._everybody = Everybody(world, streams)
        self._schedule_next()
        self._schedule_admins()
        for index, outage in enumerate(workload.outages):
            at_ms = outage.at + workload.lead_in
            world.kernel.at(at_ms, tie_key(Rank.CLOCK, 1), partial(self._strand, index))

    # Losses

    def _schedule_next(self) -> None:
        """Have the next loss come; only one is pending at a time."""
        while True:
            coming = next(self._coming, None)
            if coming is not None:
                at_ms, user, number = coming
                self._world.kernel.at(at_ms, _ARRIVALS, partial(self._arrive, user, number))
                return
            self._slab += 1
            if self._slab * _SLAB_MS >= self._world.window.horizon_ms:
                return
            self._coming = self._screen_slab(self._slab)

    def _screen_slab(self, slab: int) -> Iterator[tuple[int, int, int]]:
        """Return (instant, user, incident) of each loss in a slab, by instant and then by user."""
        from_ms = slab * _SLAB_MS
        expected = self._rate.expected(from_ms, from_ms + _SLAB_MS)
        nothing = exp(-expected)
        users: list[int] = []
        numbers: list[int] = []
        total = self._world.workload.users if expected else 0
        for first in range(0, total, _CHUNK):
            uniforms = self._screen.block(slab, first, min(_CHUNK, total - first))
            hit = np.flatnonzero(uniforms >= nothing)
            losses = poisson_quantiles(expected, uniforms[hit])
            users += np.repeat(first + hit, losses).tolist()
            numbers += [number for several in losses.tolist() for number in range(several)]
        incidents = [slab * _LOSSES_A_SLAB + number for number in numbers]
        shares = np.array(list(map(self._when, users, incidents)))
        instants = self._rate.instants(from_ms, from_ms + _SLAB_MS, shares)
        order = np.lexsort((np.array(users, dtype=np.int64), instants))
        order = order[instants[order] < self._world.window.horizon_ms]
        return zip(
            instants[order].tolist(),
            np.array(users, dtype=np.int64)[order].tolist(),
            np.array(incidents, dtype=np.int64)[order].tolist(),
            strict=True,
        )

    def _arrive(self, user: int, number: int, event: Due) -> None:
        now_ms = event.at_ms
        self._lose(user, number, now_ms)
        self._world.people.tidy(now_ms)
        self._schedule_next()

    def _lose(self, user: int, number: int, now_ms: int) -> None:
        world = self._world
        name = user_name(user)
        leaves_ms = self.leaves_ms(user)
        if leaves_ms <= now_ms:
            return
        world.recorder.loss(now_ms)
        if world.draws.sso(user, 0, 0):
            return
        incident = world.open.get(name)
        fresh = incident is None
        if incident is None:
            incident = self._open(user, name, number, Cause.LOSS, now_ms, leaves_ms)
        if fresh or incident.device_usable:
            incident.lose_device(now_ms, number)
        if fresh:
            if world.draws.noticed_after is None:
                incident.plan(now_ms)
            else:
                incident.notice(now_ms + world.draws.noticed_after(user, number, 0))

    def _open(  # noqa: PLR0913, PLR0917 - who, which, when
        self, user: int, name: str, number: int, cause: Cause, now_ms: int, leaves_ms: int
    ) -> Incident:
        world = self._world
        self._arrived += 1
        self.incidents += 1
        incident = Incident(world, name, user, number, cause, self._arrived)
        world.open[name] = incident
        if user < ADMINS:
            world.people.recall(user, name)
            if world.draws.sampled(user, 0, 0):
                world.recorder.watch(name)
            incident.shift = self._everybody.leaves_crowd(user, now_ms)
            if leaves_ms < world.window.end_ms:
                world.kernel.at(max(leaves_ms, now_ms), incident.key, partial(self._leave, user))
        return incident

    def _schedule_admins(self) -> None:
        world = self._world
        rate = WeekRate(world.workload.desk.losses_per_admin_per_year / _YEAR_MS, None, 0)
        for index in range(world.workload.desk.admins):
            happens = arrivals(rate, self._admin_losses, index, 0, world.window.horizon_ms)
            for at_ms, number in happens:
                lose = partial(self._lose_as_admin, index, number)
                world.kernel.at(at_ms, tie_key(Rank.ADMIN, index), lose)

    def _lose_as_admin(self, index: int, number: int, event: Due) -> None:
        world = self._world
        now_ms = event.at_ms
        name = admin_name(index)
        if name not in world.open:
            incident = self._open(ADMINS + index, name, number, Cause.LOSS, now_ms, _NEVER_MS)
            incident.lose_device(now_ms, number)
            incident.plan(now_ms)

    def disturb(self, user: int, now_ms: int) -> None:
        """Let a user come upon what others did to the account, at their next sign-in."""
        world = self._world
        name = user_name(user)
        leaves_ms = self.leaves_ms(user)
        if name not in world.open and not world.draws.sso(user, 0, 0) and now_ms < leaves_ms:
            number = _DISTURBANCES + now_ms
            incident = self._open(user, name, number, Cause.DISTURBED, now_ms, leaves_ms)
            incident.plan(now_ms)

    def refused(self, user: int, reason: Reason | None, now_ms: int) -> None:
        """Let a user who was refused, with nothing the matter so far, call the desk."""
        incident = self._open(
            user, user_name(user), _DISTURBANCES + now_ms, Cause.DISTURBED, now_ms,
            self.leaves_ms(user),
        )  # fmt: skip
        incident.be_refused(reason, now_ms)

    def closed(self, incident: Incident, now_ms: int) -> None:
        """Let a user go back to the crowd."""
        if incident.entity < ADMINS:
            self._world.people.let_go(incident.person, now_ms)
            self._everybody.joins_crowd(incident.entity, incident.shift, incident.opened_ms, now_ms)

    def finish(self) -> None:
        """Count the sign-ins of everybody who was in no trouble."""
        self._everybody.count()

    # Outages

    def _strand(self, index: int, event: Due) -> None:
        """Take their methods from a share of the users, until the outage is over.

        Only who signs in meanwhile comes to know of it. They are held as numbers until then.
        """
        world = self._world
        outage = world.workload.outages[index]
        now_ms = event.at_ms
        ends_ms = now_ms + outage.lasts
        total = world.workload.users
        users = np.empty(total, dtype=np.int64)
        instants = np.empty(total, dtype=np.int64)
        found = 0
        next_sign_in, sso = world.days.next_sign_in, world.draws.sso
        for first in range(0, total, _CHUNK):
            uniforms = self._outages.block(index, first, min(_CHUNK, total - first))
            for place in np.flatnonzero(uniforms < outage.share).tolist():
                user = first + place
                at_ms, _ = next_sign_in(user, now_ms, NO_SHIFT)
                if at_ms < ends_ms and not sso(user, 0, 0):
                    users[found], instants[found] = user, at_ms
                    found += 1
        order = np.lexsort((users[:found], instants[:found]))
        stranded = _Stranded(self, index, users[order], instants[order])
        stranded.schedule()
        world.kernel.at(ends_ms, tie_key(Rank.CLOCK, 1), stranded.end)

    def strand(self, user: int, index: int, now_ms: int) -> Incident | None:
        """Let a user meet an outage at a sign-in; None where they have other trouble already."""
        name = user_name(user)
        leaves_ms = self.leaves_ms(user)
        if name in self._world.open or leaves_ms <= now_ms:
            return None
        incident = self._open(user, name, _OUTAGES + index, Cause.OUTAGE, now_ms, leaves_ms)
        # Drawn again by who plans anything: a million may wait at once, and each day takes room.
        incident.shift = NO_SHIFT
        incident.strand(now_ms)
        incident.sign_in(now_ms)
        return incident

    @property
    def kernel(self) -> Kernel:
        """The calendar of the run."""
        return self._world.kernel

    # Leavers

    def leaves_ms(self, user: int) -> int:
        """Return the instant at which a user leaves the company: one exponential draw."""
        if not self._leaves_per_ms:
            return _NEVER_MS
        return int(-log1p(-self._world.draws.leaves(user)) / self._leaves_per_ms)

    def _leave(self, user: int, event: Due) -> None:
        """Leave; the account is deactivated some time later."""
        world = self._world
        name = user_name(user)
        now_ms = event.at_ms
        world.people.hold(user, name)
        incident = world.open.get(name)
        if incident is not None:
            incident.leave(now_ms)
        wait_ms = world.draws.deactivated_after(user, 0, 0)
        world.kernel.at(
            now_ms + wait_ms, tie_key(Rank.ADMIN, 0), partial(self._deactivate, user, name)
        )

    def _deactivate(self, user: int, name: str, event: Due) -> None:
        world = self._world
        now_ms = event.at_ms
        fact = Request(Kind.DEACTIVATE, "a1", name)
        world.ask(fact, now_ms, user)
        world.people.release(name, now_ms)


class _Stranded:
    """The users who meet an outage, in the order in which they do."""

    __slots__ = ("_incidents", "_index", "_instants", "_next", "_population", "_users")

    def __init__(
        self, population: Population, index: int, users: np.ndarray, instants: np.ndarray
    ) -> None:
        self._population = population
        self._index = index
        self._users = users
        self._instants = instants
        self._next = 0
        self._incidents: list[Incident] = []

    def schedule(self) -> None:
        """Have the next one come; only one is pending at a time."""
        if self._next < len(self._users):
            kernel = self._population.kernel
            kernel.at(int(self._instants[self._next]), _ARRIVALS, self._meet)

    def _meet(self, _event: Due) -> None:
        population = self._population
        user, at_ms = int(self._users[self._next]), int(self._instants[self._next])
        incident = population.strand(user, self._index, at_ms)
        if incident is not None and not incident.closed:
            self._incidents.append(incident)
        self._next += 1
        self.schedule()

    def end(self, event: Due) -> None:
        """Give everybody their methods back."""
        now_ms = event.at_ms
        for incident in self._incidents:
            incident.restore(now_ms)
        self._incidents.clear()
