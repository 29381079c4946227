"""When users sign in, against the plain list of all sign-ins of all days."""

from hypothesis import given
from hypothesis import strategies as st

from tvc.authority.durations import DAY_MS, HOUR_MS
from tvc.authority.policy import Policy
from tvc.domain.workload import WorkloadModel
from tvc.world.draws import Draws
from tvc.world.streams import Streams
from tvc.world.working_days import NO_SHIFT, WorkingDays

_DAYS = 16
COMPANY = WorkloadModel.model_validate({
    "users": 50,
    "work": {"session": "3h", "lasts": {"uniform": {"low": "1h", "high": "9h"}}},
})  # fmt: skip


def working_days(seed):
    return WorkingDays(COMPANY.work, Policy(), Draws(COMPANY, Streams(seed), 0.0), 5 * HOUR_MS)


USERS = st.integers(0, 49)
INSTANTS = st.integers(0, 6 * DAY_MS)


@given(st.integers(0, 5), USERS, INSTANTS, st.integers(0, 8))
def test_the_next_sign_in_is_the_first_of_all_whichever_day_was_looked_at(seed, user, at_ms, day):
    days = working_days(seed)
    every = sorted(ms for of in range(_DAYS) for ms in days.sign_ins(user, of))
    first = next(ms for ms in every if ms > at_ms)
    for known in (NO_SHIFT, days.shift(user, day)):
        found_ms, shift = days.next_sign_in(user, at_ms, known)
        assert found_ms == first
        assert shift == days.shift(user, days.day_of(found_ms))


@given(st.integers(0, 5), USERS, INSTANTS, st.integers(0, 8))
def test_sign_ins_left_of_a_day_are_counted_as_they_are_listed(seed, user, at_ms, day):
    days = working_days(seed)
    listed = [ms for ms in days.sign_ins(user, day) if ms >= at_ms]
    assert days.number_from(days.shift(user, day), at_ms) == len(listed)
