"""What the recorder makes of records, checked by hand and by brute force."""

import math
import os
import pickle
import subprocess
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvc.authority.authority import Authority, Instant
from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy
from tvc.authority.requests import Method, Proof, Request, request
from tvc.authority.state import Person, State
from tvc.trace.measures.catalogue import MEASURES
from tvc.trace.measures.codes import Ledger
from tvc.trace.measures.conservation import NotConserved
from tvc.trace.measures.desk import DeskCall
from tvc.trace.measures.frames import Frames
from tvc.trace.measures.histogram import Histogram
from tvc.trace.measures.levels import Level
from tvc.trace.measures.metrics import parse_metric
from tvc.trace.measures.recorder import Recorder, Window
from tvc.world.trace_file import TraceFile

OUTSIDER = "x:thieves:1"


def placed(recorder, at_ms, caller, subject, number):
    call = DeskCall(at_ms, caller, subject, number)
    recorder.call_placed(call)
    return call


class Play:
    """A hand-made run: an authority, its recorder, and requests at instants."""

    def __init__(self, policy=None, window=(0, 2 * DAY_MS, 3 * DAY_MS), rows=None):
        self.policy = policy or Policy()
        people = [
            Person("a1", "admin"), Person("u1"), Person("u2"),
            Person(OUTSIDER, "outsider", knows=frozenset({"u1"})),
        ]  # fmt: skip
        self.recorder = Recorder(self.policy, Window(*window), given_sessions=1, rows=rows)
        for name in ("u1", "u2"):
            self.recorder.watch(name)
        self.authority = Authority(self.policy, State.of(people), sink=self.recorder.sink)
        self.end_ms = window[2]

    def ask(self, at_ms, kind, by, matched=None, skew_ms=0, **fields):
        asked = request(kind, by, **fields)
        if matched is not None:
            asked = Request(asked.kind, by, asked.subject, proof=Proof.RIGHT, matched=matched)
        return self.authority.judge(asked, Instant(at_ms, None, at_ms + skew_ms))

    def code(self, at_ms, subject="u1", hours=1):
        return self.ask(at_ms, "generate", "a1", subject=subject, lifetime_ms=hours * HOUR_MS)

    def use(self, at_ms, by="u1", subject="u1", ordinal=1, **more):
        return self.ask(at_ms, "sign_in", by, (ordinal,), subject=subject, **more)

    def method(self, at_ms, by="u1"):
        return self.ask(at_ms, "sign_in", by, method=Method.AUTHENTICATOR)

    def finish(self):
        self.authority.finish(Instant.of(self.end_ms))
        self.measured = self.recorder.finish(self.end_ms)
        return self

    def value(self, metric, **where):
        return self.measured.value(parse_metric(metric), where)


def test_a_day_with_a_lost_phone_adds_up_as_by_hand():
    play = Play()
    play.ask(0, "lose_device", "u1")
    play.method(10 * MINUTE_MS)
    play.code(20 * MINUTE_MS)
    play.use(25 * MINUTE_MS)
    play.ask(40 * MINUTE_MS, "find_device", "u1")
    play.method(50 * MINUTE_MS)  # refused: the code outranks it
    play.method(80 * MINUTE_MS)  # allowed: the code lapsed just now
    play.finish()
    assert play.value("count(time_to_access)") == 2
    assert play.value("mean(locked_out)") == 15 * MINUTE_MS + 30 * MINUTE_MS
    assert play.value("max(time_to_access)") == 30 * MINUTE_MS
    assert play.value("mean(exposure)") == HOUR_MS
    # Idle from its last use on, which came before the device did.
    assert play.value("mean(exposure.idle)") == 55 * MINUTE_MS
    assert play.value("mean(stranded)") == 30 * MINUTE_MS
    assert play.value("max(codes.live)") == 1
    assert play.value("mean(codes.live)") == pytest.approx(HOUR_MS / (2 * DAY_MS))
    assert play.value("count(sign_ins)", outcome="deny", method="authenticator") == 2
    assert play.value("count(sign_ins)", reason="superseded_by_code") == 1
    assert play.value("p(takeover)") == 0


def test_a_code_that_nobody_used_lapses_unused_and_is_idle_all_its_life():
    play = Play()
    play.code(0)
    play.code(0, "u2", hours=2)
    play.use(MINUTE_MS, "u2", "u2")
    play.finish()
    assert play.value("count(codes.lapsed_unused)") == 1
    assert play.value("mean(exposure)") == 3 * HOUR_MS
    assert play.value("mean(exposure.idle)") == HOUR_MS + 2 * HOUR_MS - MINUTE_MS


def test_a_lockout_that_never_ends_is_infinite_and_counts_as_far_as_it_came():
    play = Play()
    play.ask(0, "lose_device", "u1")
    play.method(DAY_MS)
    play.finish()
    assert play.value("p95(time_to_access)") == math.inf
    assert play.value("mean(locked_out)") == 2 * DAY_MS


def test_what_begins_outside_the_window_does_not_count():
    play = Play(window=(HOUR_MS, 2 * HOUR_MS, DAY_MS))
    play.code(0)
    play.code(2 * HOUR_MS)
    play.ask(2 * HOUR_MS, "lose_device", "u2")
    play.method(3 * HOUR_MS, "u2")
    play.finish()
    assert play.value("count(codes.generated)") == 0
    assert play.value("mean(exposure)") == 0
    assert play.value("count(time_to_access)") == 0
    assert math.isnan(play.value("p95(time_to_access)"))


def test_a_slow_clock_that_accepts_late_is_overstay():
    play = Play()
    play.code(0)
    assert play.use(HOUR_MS, skew_ms=-MINUTE_MS).allowed
    play.finish()
    assert play.value("count(overstay)") == 1


def test_an_outsider_has_access_until_the_last_of_code_session_and_method_is_gone():
    play = Play()
    play.code(0)
    play.recorder.code_learnt(5 * MINUTE_MS, OUTSIDER, "u1", 1)
    play.use(10 * MINUTE_MS, OUTSIDER)
    play.ask(11 * MINUTE_MS, "enroll", OUTSIDER, method="totp")
    play.ask(2 * HOUR_MS, "freeze", "a1", subject="u1")
    play.ask(2 * HOUR_MS, "unfreeze", "a1", subject="u1")
    play.method(3 * HOUR_MS)
    play.ask(4 * HOUR_MS, "remove_method", "u1", method="totp")
    play.finish()
    (pair,) = Frames(play.recorder).takeovers.to_dict("records")
    assert play.value("count(takeover)") == 1
    assert play.value("mean(access)") == 4 * HOUR_MS - 5 * MINUTE_MS
    assert (pair["by"], pair["enrolled"], pair["evicted_by"]) == ("thieves", True, "method_removed")
    assert pair["evicted_ms"] == 4 * HOUR_MS


def test_the_session_of_an_outsider_ends_by_the_policy_alone():
    play = Play(Policy().with_values({"session.max": 30 * MINUTE_MS}))
    play.ask(0, "sign_in", "a1", method="authenticator")
    play.code(0)
    play.recorder.code_learnt(0, OUTSIDER, "u1", 1)
    play.use(50 * MINUTE_MS, OUTSIDER)
    play.finish()
    assert play.value("mean(access)") == 80 * MINUTE_MS


def test_calls_are_counted_by_their_number_and_their_end():
    play = Play()
    recorder = play.recorder
    first = placed(recorder, 0, "u1", "u1", 1)
    second = placed(recorder, MINUTE_MS, "u2", "u2", 2)
    recorder.queue(MINUTE_MS, 1)
    first.answered_ms, first.admin = 0, "a1"
    recorder.busy(0, 1)
    recorder.call_ended(6 * MINUTE_MS, first, "served")
    recorder.busy(6 * MINUTE_MS, 0)
    recorder.call_ended(7 * MINUTE_MS, second, "abandoned")
    recorder.queue(7 * MINUTE_MS, 0)
    recorder.duty(0, 2)
    recorder.duty(HOUR_MS, 0)
    play.finish()
    assert play.value("count(calls)") == 2
    assert play.value("count(repeat_calls)") == 1
    assert play.value("count(desk.abandoned)") == 1
    assert play.value("mean(desk.minutes)") == 6 * MINUTE_MS
    assert play.value("mean(desk.utilisation)") == pytest.approx(0.05)
    assert play.value("count(desk.wait)") == 1
    series = Frames(play.recorder).series
    queue = series[(series.measure == "desk.queue") & (series.start_ms == 0)]
    assert queue.value.item() == pytest.approx(0.1)


def test_every_measure_has_a_value_under_every_function_that_means_something():
    play = Play().finish()
    for name in MEASURES:
        for function in ("mean", "max", "count", "p95", "p"):
            try:
                metric = parse_metric(f"{function}({name})")
            except ValueError:
                continue
            assert isinstance(play.measured.value(metric), float)
    again = pickle.loads(pickle.dumps(play.measured))
    assert again.value(parse_metric("count(calls)")) == 0


def test_frames_have_their_columns_even_without_rows():
    frames = Frames(Play().finish().recorder)
    for name in ("codes", "calls", "takeovers", "sign_ins", "histograms", "events", "summary"):
        frame = getattr(frames, name)
        assert isinstance(frame, pd.DataFrame)
        assert len(frame.columns) >= 4
    assert len(frames.summary) > 20


def test_a_code_that_is_lost_from_the_audit_is_noticed():
    play = Play()
    play.code(0)
    play.authority.state.codes.clear()  # so that its lapse is never recorded
    with pytest.raises(NotConserved, match="0 ends of codes, true time 1"):
        play.finish()


def test_a_call_that_ends_twice_is_noticed():
    play = Play()
    call = placed(play.recorder, 0, "u1", "u1", 1)
    play.recorder.call_ended(1, call, "abandoned")
    play.recorder.call_ended(2, call, "abandoned")
    with pytest.raises(NotConserved, match="1 calls were placed, more ended"):
        play.finish()


# Against brute force


@given(st.lists(st.integers(0, 40 * DAY_MS), min_size=1, max_size=60), st.integers(1, 99))
def test_a_percentile_is_within_a_bin_above_that_of_the_sorted_list(durations_ms, percent):
    histogram = Histogram()
    for duration_ms in durations_ms:
        histogram.add(duration_ms)
    exact_ms = sorted(durations_ms)[-(-percent * len(durations_ms) // 100) - 1]
    found_ms = histogram.percentile(percent)
    assert exact_ms < found_ms <= exact_ms + max(1_000, exact_ms / 2048 + 1_000)
    assert sum(count for _, _, count in histogram.rows()) == len(durations_ms)
    assert histogram.mean_ms == pytest.approx(sum(durations_ms) / len(durations_ms))


CHANGES = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 9)), max_size=30)


@given(CHANGES, st.integers(1, 90))
def test_a_level_is_the_integral_of_its_steps(changes, bin_ms):
    start_ms, end_ms = 100, 400
    level = Level(start_ms, end_ms, bin_ms)
    ordered = sorted(changes, key=lambda change: change[0])
    for at_ms, value in ordered:
        level.set(at_ms, value)
    level.set(500, level.value)

    def at(instant_ms):
        return next((value for at_ms, value in reversed(ordered) if at_ms <= instant_ms), 0)

    held = [at(instant_ms) for instant_ms in range(start_ms, end_ms)]
    assert level.total_ms() == sum(held)
    for place, area in enumerate(level.area):
        assert area == sum(held[place * bin_ms : (place + 1) * bin_ms])


@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 300), st.integers(0, 400)), max_size=20)
)
def test_the_ledger_knows_how_many_codes_are_live_at_any_instant(lives):
    ledger = Ledger(0, 1_000, 1_000, Policy(), lambda *_: None)
    acts = []
    for number, (at_ms, lifetime_ms, after_ms) in enumerate(sorted(lives)):
        acts.append((at_ms, 1, number, lifetime_ms))
        acts.append((at_ms + after_ms, 0, number, 0))
    spans = {}
    for at_ms, opens, number, lifetime_ms in sorted(acts, key=lambda act: (act[0], -act[1])):
        if opens:
            ledger.advance(at_ms)
            ledger.open(f"u{number}", 1, "a1", at_ms, lifetime_ms)
            spans[number] = [at_ms, at_ms + lifetime_ms]
        else:
            ledger.advance(at_ms)
            ledger.end(f"u{number}", 1, at_ms, "revoked")
            spans[number][1] = min(spans[number][1], at_ms)
    assert ledger.finish(2_000) == []
    assert ledger.exposed_ms == sum(end - begin for begin, end in spans.values())
    instants = [sum(begin <= t < end for begin, end in spans.values()) for t in range(1_000)]
    ledger.live.set(2_000, 0)
    assert ledger.live.total_ms() == sum(instants)


# The trace


def test_the_trace_file_holds_every_record_and_takes_its_name_when_closed(tmp_path):
    path = tmp_path / "trace.parquet"
    rows = TraceFile(path)
    play = Play(rows=rows)
    play.code(0)
    play.use(1)
    play.finish()
    assert not path.exists()
    rows.close()
    frame = pd.read_parquet(path)
    assert frame["type"].tolist() == [
        "generate.allowed", "sign_in.allowed", "code.ended",
    ]  # fmt: skip
    assert frame["true_ms"].tolist() == [0, 1, 3 * DAY_MS]


def test_the_digest_is_that_of_the_records_for_any_hash_seed():
    script = (
        "from tvc.world.simulation import simulate;"
        "print(simulate('strict', {'users': 300, 'horizon': '7d'}, 4).digest)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "7")
    }  # fmt: skip
    assert len(found) == 1


def test_another_record_gives_another_digest():
    plain, longer = Play(), Play()
    for play in (plain, longer):
        play.code(0)
    longer.use(1)
    assert plain.finish().recorder.digest != longer.finish().recorder.digest
