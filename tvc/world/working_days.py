"""When users sign in: at the start of a working day, and again when a session is over.

A user's day is two keyed draws, its start and its length; the sign-ins of the day follow from
them. They are the same whether the user is simulated or only counted, and under every policy
whose sessions are as long.
"""

from typing import Final

from tvc.authority.durations import DAY_MS
from tvc.authority.policy import Policy
from tvc.files.workload import WorkModel
from tvc.world.draws import Draws
from tvc.world.sampling import quantile

_NEARLY_ALWAYS: Final = 1 - 1e-9


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

    def hours(self, user: int, day: int) -> tuple[int, int]:
        """Return the instants at which a user's working day begins and ends."""
        start_ms = day * DAY_MS - self._offset_ms + self._starts(user, day, 0)
        return start_ms, start_ms + self._lasts(user, day, 0)

    def sign_ins(self, user: int, day: int) -> range:
        """Return the instants at which a user signs in on a day; none on a day off."""
        if not self.is_working_day(day):
            return range(0)
        start_ms, end_ms = self.hours(user, day)
        return range(start_ms, end_ms, self.session_ms)

    def earliest_day(self, at_ms: int) -> int:
        """Return the first day that may go on at an instant."""
        return max((at_ms + self._offset_ms) // DAY_MS + self._first_day, 0)

    def next_sign_in(self, user: int, after_ms: int, day: int) -> tuple[int, int, int]:
        """Return the first instant after another one at which a user signs in.

        Parameters
        ----------
        user
            Who.
        after_ms
            The other instant.
        day
            The first day that is looked at: `earliest_day`, or the one after the day on which
            the user has signed in for the last time.

        Returns
        -------
        tuple of (int, int, int)
            The instant, when the working day that it lies in ends, and which day that is.
        """
        offset_ms, session_ms = self._offset_ms, self.session_ms
        while True:
            if day % 7 < self._days_per_week:
                start_ms = day * DAY_MS - offset_ms + self._starts(user, day, 0)
                end_ms = start_ms + self._lasts(user, day, 0)
                if start_ms > after_ms:
                    return start_ms, end_ms, day
                next_ms = after_ms + session_ms - (after_ms - start_ms) % session_ms
                if next_ms < end_ms:
                    return next_ms, end_ms, day
            day += 1

    def works_at(self, user: int, at_ms: int) -> bool:
        """Whether a user is at work at an instant."""
        today = self.day_of(at_ms)
        for day in range(max(today + self._first_day, 0), today + 1):
            if self.is_working_day(day):
                start_ms, end_ms = self.hours(user, day)
                if start_ms <= at_ms < end_ms:
                    return True
        return False
