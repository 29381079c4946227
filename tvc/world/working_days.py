"""When users sign in: at the start of a working day, and again when a session is over.

A user's day is two keyed draws, its start and its length; the sign-ins of the day follow from
them. They are the same whether the user is simulated or only counted, and under every policy
whose sessions are as long.
"""

from typing import Final

from tvc.authority.durations import DAY_MS
from tvc.authority.policy import Policy
from tvc.domain.sampling import quantile
from tvc.domain.workload import WorkModel
from tvc.world.draws import Draws

_NEARLY_ALWAYS: Final = 1 - 1e-9

#: A user's working day: which day it is, and the instants at which it begins and ends. A day off
#: ends when it begins.
Shift = tuple[int, int, int]

NO_SHIFT: Final[Shift] = (-1, -1, -1)


class WorkingDays:
    """The working days of every user.

    Parameters
    ----------
    work
        When work starts, how long it lasts, and how long a session does.
    policy
        Its ``session.max`` may end sessions sooner.
    draws
        Of the run.
    week_offset_ms
        Where in the week the run starts.

    Attributes
    ----------
    session_ms : int
        Time between two sign-ins of a day.
    """

    __slots__ = (
        "_days_per_week", "_first_day", "_lasts", "_offset_ms", "_starts", "session_ms",
    )  # fmt: skip

    def __init__(self, work: WorkModel, policy: Policy, draws: Draws, week_offset_ms: int) -> None:
        self._days_per_week = work.days_per_week
        self._starts = draws.starts
        self._lasts = draws.lasts
        self._offset_ms = week_offset_ms
        longest_ms = policy.session.max_ms
        self.session_ms = work.session if longest_ms is None else min(work.session, longest_ms)
        latest_ms = quantile(work.starts)(_NEARLY_ALWAYS) + quantile(work.lasts)(_NEARLY_ALWAYS)
        # How many days back a day may begin that still goes on.
        self._first_day = -(latest_ms // DAY_MS)

    def day_of(self, at_ms: int) -> int:
        """Return the day, counted from the Monday of the week in which the run starts."""
        return (at_ms + self._offset_ms) // DAY_MS

    def midnight_ms(self, day: int) -> int:
        """Return the instant at which a day begins."""
        return day * DAY_MS - self._offset_ms

    def is_working_day(self, day: int) -> bool:
        """Whether users work on a day."""
        return day % 7 < self._days_per_week

    def shift(self, user: int, day: int) -> Shift:
        """Return a user's working day."""
        start_ms = day * DAY_MS - self._offset_ms
        if day % 7 >= self._days_per_week:
            return day, start_ms, start_ms
        start_ms += self._starts(user, day, 0)
        return day, start_ms, start_ms + self._lasts(user, day, 0)

    def sign_ins(self, user: int, day: int) -> range:
        """Return the instants at which a user signs in on a day; none on a day off."""
        _, start_ms, end_ms = self.shift(user, day)
        return range(start_ms, end_ms, self.session_ms)

    def number_from(self, shift: Shift, at_ms: int) -> int:
        """Return how often a user signs in on a working day at or after an instant.

        Examples
        --------
        >>> from tvc.domain.workload import WorkloadModel
        >>> from tvc.world.draws import Draws
        >>> from tvc.world.streams import Streams
        >>> company = WorkloadModel(users=1, work={"session": "2h"})
        >>> days = WorkingDays(company.work, Policy(), Draws(company, Streams(1), 0.0), 0)
        >>> [days.number_from((0, 0, 8 * 3_600_000), at_ms) for at_ms in (0, 1, 8 * 3_600_000)]
        [4, 3, 0]
        """
        _, start_ms, end_ms = shift
        session_ms = self.session_ms
        if at_ms > start_ms:
            start_ms += -(-(at_ms - start_ms) // session_ms) * session_ms
        return -((start_ms - end_ms) // session_ms) if start_ms < end_ms else 0

    def next_sign_in(self, user: int, after_ms: int, known: Shift) -> tuple[int, Shift]:
        """Return the first instant after another one at which a user signs in.

        Parameters
        ----------
        user
            Who.
        after_ms
            The other instant.
        known
            The user's working day that was looked at last, which need not be drawn again;
            `NO_SHIFT` where there is none.

        Returns
        -------
        tuple of (int, Shift)
            The instant, and the working day that it lies in.
        """
        known_day, start_ms, end_ms = known
        session_ms = self.session_ms
        if start_ms <= after_ms < end_ms:
            next_ms = after_ms + session_ms - (after_ms - start_ms) % session_ms
            if next_ms < end_ms:
                return next_ms, known
            day = known_day + 1
        else:
            # The first one that may go on at the instant.
            day = max((after_ms + self._offset_ms) // DAY_MS + self._first_day, 0)
            if day == known_day:
                if start_ms > after_ms:
                    return start_ms, known
                day += 1
        while True:
            shift = self.shift(user, day)
            _, start_ms, end_ms = shift
            if start_ms < end_ms:
                if start_ms > after_ms:
                    return start_ms, shift
                next_ms = after_ms + session_ms - (after_ms - start_ms) % session_ms
                if next_ms < end_ms:
                    return next_ms, shift
            day += 1

    def works_at(self, user: int, at_ms: int) -> bool:
        """Whether a user is at work at an instant."""
        today = self.day_of(at_ms)
        for day in range(max(today + self._first_day, 0), today + 1):
            _, start_ms, end_ms = self.shift(user, day)
            if start_ms <= at_ms < end_ms:
                return True
        return False
