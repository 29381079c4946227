"""The clock of a node is the clock of timelines, until it is set."""

from hypothesis import given
from hypothesis import strategies as st

from tvc.authority.durations import DAY_MS, HOUR_MS, format_duration
from tvc.domain.cases import Clock
from tvc.domain.workload import NodeModel
from tvc.world.clocks import NodeClock

INSTANTS = st.integers(0, 400 * DAY_MS)
OFFSETS = st.integers(-DAY_MS, DAY_MS)
DRIFTS = st.integers(-1_000_000, 1_000_000)


def clock(offset_ms, drift_ppm, **values):
    offset = format_duration(offset_ms)
    model = NodeModel.model_validate({"offset": offset, "drift_ppm": drift_ppm, **values})
    return NodeClock(model, "west")


@given(OFFSETS, DRIFTS, INSTANTS)
def test_a_clock_that_is_never_set_reads_as_in_a_timeline(offset_ms, drift_ppm, at_ms):
    plain = Clock("west", offset_ms, drift_ppm)
    assert clock(offset_ms, drift_ppm).read(at_ms) == plain.read(at_ms)


@given(OFFSETS, DRIFTS, INSTANTS, st.integers(1, 30 * DAY_MS))
def test_a_clock_set_right_is_off_by_the_drift_since_then_alone(
    offset_ms, drift_ppm, at_ms, every_ms
):
    kept = clock(offset_ms, drift_ppm, resync_every=format_duration(every_ms))
    since_ms = at_ms % every_ms
    first = offset_ms if at_ms < every_ms else 0
    assert kept.read(at_ms) - at_ms == first + since_ms * drift_ppm // 1_000_000


def test_steps_count_from_the_latest_resync_on_in_whatever_order_they_are_written():
    steps = [
        {"at": "150m", "by": "1s"},
        {"at": "2h", "by": "10s"},
        {"at": "119m", "by": "100s"},
        {"at": "150m", "by": "2s"},
    ]
    kept = clock(0, 0, resync_every="1h", steps=steps)
    shown = {minute: kept.read(minute * 60_000) - minute * 60_000 for minute in (118, 119, 120)}
    assert shown == {118: 0, 119: 100_000, 120: 10_000}
    assert kept.read(150 * 60_000) - 150 * 60_000 == 13_000
    assert kept.read(3 * HOUR_MS) == 3 * HOUR_MS


@given(st.lists(INSTANTS, max_size=20))
def test_a_reading_does_not_depend_on_earlier_readings(instants):
    values = {"resync_every": "5h", "steps": [{"at": "7h", "by": "-3s"}]}
    used = clock(5_000, 700, **values)
    assert [used.read(at_ms) for at_ms in instants] == [
        clock(5_000, 700, **values).read(at_ms) for at_ms in instants
    ]
