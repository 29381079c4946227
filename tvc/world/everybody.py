"""Everybody who is in no trouble: their sign-ins are counted, or each made an event.

Counting is exact in distribution. How often a user signs in on a day depends on the length of the
working day alone, and users are alike, so that the number of those who sign in at least k times
is binomial for each k. Days of which only a part is measured are gone through user by user.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from math import exp
from typing import Final, Protocol

from tvc.authority.durations import DAY_MS
from tvc.authority.requests import Kind, Method, Request
from tvc.domain.sampling import cdf
from tvc.world.kernel import Due, Rank, tie_key
from tvc.world.people import user_name
from tvc.world.ports import Crowd, Ground
from tvc.world.streams import Streams
from tvc.world.working_days import Shift

_YEAR_DAYS: Final = 365
_METHOD: Final = Method.AUTHENTICATOR


class Opened(Protocol):
    """What the crowd sees of somebody in trouble.

    Attributes
    ----------
    opened_ms
        Since when.
    """

    opened_ms: int


class Setting(Ground, Protocol):
    """What the crowd sees of its surroundings.

    Attributes
    ----------
    population
        What it is a part of.
    open
        Who is in trouble, and so no part of the crowd, by person.
    """

    @property
    def population(self) -> Crowd: ...  # noqa: D102 - above
    @property
    def open(self) -> Mapping[str, Opened]: ...  # noqa: D102


class Everybody:
    """The crowd of one run.

    Parameters
    ----------
    world
        Where they live.
    streams
        Of the run.
    """

    __slots__ = ("_closed_today", "_counted", "_screen", "_simulated", "_today", "_world")

    def __init__(self, world: Setting, streams: Streams) -> None:
        self._world = world
        self._screen = streams.screen("sign_ins.ordinary")
        days = world.days.day_of(world.window.end_ms) + 2
        # By day: users who are simulated, and sign-ins of theirs before and after that.
        self._simulated = [0] * days
        self._counted = [0] * days
        self._closed_today: set[int] = set()
        self._today = -1
        if world.workload.every_sign_in:
            world.kernel.at(0, tie_key(Rank.CLOCK, 2), partial(self._begin_day, 0))

    # Who is in trouble is none of the crowd

    def leaves_crowd(self, user: int, now_ms: int) -> Shift:
        """Let a user be simulated from now on; earlier sign-ins of the day are counted.

        Returns
        -------
        Shift
            The user's working day.
        """
        days = self._world.days
        today = self._turn_to(now_ms)
        shift = days.shift(user, today)
        left = days.number_from(shift, now_ms)
        if user in self._closed_today:
            # The rest of the day was counted when an earlier trouble was over.
            self._counted[today] -= left
        else:
            self._counted[today] += days.number_from(shift, shift[1]) - left
            self._simulated[today] += 1
        return shift

    def joins_crowd(self, user: int, shift: Shift, opened_ms: int, now_ms: int) -> None:
        """Let a user be counted again, from now on.

        Parameters
        ----------
        user
            Who.
        shift
            The user's working day that was looked at last.
        opened_ms, now_ms
            Since when the user was simulated, and until when.
        """
        days = self._world.days
        today = self._turn_to(now_ms)
        for day in range(days.day_of(opened_ms) + 1, today + 1):
            self._simulated[day] += 1
        if shift[0] != today:
            shift = days.shift(user, today)
        self._counted[today] += days.number_from(shift, now_ms + 1)
        self._closed_today.add(user)

    def _turn_to(self, now_ms: int) -> int:
        today = self._world.days.day_of(now_ms)
        if today != self._today:
            self._today = today
            self._closed_today.clear()
        return today

    # Counting

    def count(self) -> None:
        """Tell the recorder of the sign-ins that were not carried out."""
        world = self._world
        if world.workload.every_sign_in:
            return
        window, days = world.window, world.days
        for incident in world.open.values():
            for day in range(days.day_of(incident.opened_ms) + 1, len(self._simulated)):
                self._simulated[day] += 1
        share = world.workload.sso.share
        by_sso = self._screen.binomial(0, 0, world.workload.users, share)
        present = [world.workload.users - by_sso, by_sso]
        staying = exp(-world.workload.leavers.per_user_per_year / _YEAR_DAYS)
        for day in range(days.day_of(window.horizon_ms - 1) + 1):
            midnight_ms = days.midnight_ms(day)
            if midnight_ms > 0:
                present = [
                    self._screen.binomial(day, 1 + place, users, staying)
                    for place, users in enumerate(present)
                ]
            whole = window.start_ms <= midnight_ms and midnight_ms + DAY_MS <= window.horizon_ms
            if days.is_working_day(day) and not whole:
                self._count_one_by_one(day)
            elif days.is_working_day(day):
                ordinary = max(present[0] - self._simulated[day], 0)
                number = self._sign_ins(day, 8, ordinary) + self._counted[day]
                world.recorder.counted_sign_ins(midnight_ms, _METHOD.value, number)
                by_sso = self._sign_ins(day, 1 << 10, present[1])
                if by_sso:
                    world.recorder.counted_sign_ins(midnight_ms, "sso", by_sso)

    def _count_one_by_one(self, day: int) -> None:
        """Count a day of which only a part is measured, user by user.

        Users who are in trouble on such a day are counted as if they were not.
        """
        world = self._world
        window, leaves_ms = world.window, world.population.leaves_ms
        counts = {"sso": 0, _METHOD.value: 0}
        for user in range(world.workload.users):
            method = "sso" if world.draws.sso(user, 0, 0) else _METHOD.value
            counts[method] += sum(
                window.start_ms <= at_ms < window.horizon_ms and at_ms < leaves_ms(user)
                for at_ms in world.days.sign_ins(user, day)
            )
        for method, number in counts.items():
            if number:
                world.recorder.counted_sign_ins(window.start_ms, method, number)

    def _sign_ins(self, day: int, first: int, users: int) -> int:
        """Draw how often some users sign in on a day: the number with at least k, for each k."""
        world = self._world
        share_below = cdf(world.workload.work.lasts)
        session_ms = world.days.session_ms
        total, reached, k = 0, 1.0, 0
        while users:
            # The k-th sign-in is k sessions after the start, if work lasts longer than that.
            longer = 1 - share_below(k * session_ms)
            users = self._screen.binomial(day, first + k, users, min(longer / reached, 1.0))
            total += users
            reached = longer
            k += 1
            if longer <= 0:
                break
        return total

    # Each an event

    def _begin_day(self, day: int, event: Due) -> None:
        """Line up all sign-ins of a day, and have the first one come."""
        world = self._world
        coming = sorted(
            (at_ms, user)
            for user in range(world.workload.users)
            for at_ms in world.days.sign_ins(user, day)
            if at_ms >= event.at_ms
        )
        line = iter(coming)
        self._next(line)
        # Days of the week in which the run starts may have begun before it.
        midnight_ms = max(world.days.midnight_ms(day + 1), 0)
        if midnight_ms < world.window.horizon_ms:
            key = tie_key(Rank.CLOCK, 2)
            world.kernel.at(midnight_ms, key, partial(self._begin_day, day + 1))

    def _next(self, line: Iterator[tuple[int, int]]) -> None:
        coming = next(line, None)
        if coming is not None:
            at_ms, user = coming
            sign_in = partial(self._sign_in, user, line)
            self._world.kernel.at(at_ms, tie_key(Rank.USER, 1), sign_in)

    def _sign_in(self, user: int, line: Iterator[tuple[int, int]], event: Due) -> None:
        world = self._world
        name, now_ms = user_name(user), event.at_ms
        if name not in world.open and world.population.leaves_ms(user) > now_ms:
            if world.draws.sso(user, 0, 0):
                request = Request(Kind.SIGN_IN, name, name, sso=True)
            else:
                request = Request(Kind.SIGN_IN, name, name, method=_METHOD)
            decision = world.ask(request, now_ms, user)
            if not decision.allowed:
                world.population.refused(user, decision.reason, now_ms)
        self._next(line)
