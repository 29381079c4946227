"""What measures mean where records alone do not show it: lapses, ends of runs, second sessions."""

import math

import pytest

from tvc.authority.authority import Authority, Instant
from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy
from tvc.authority.requests import Proof, Request, request
from tvc.authority.state import Person, State
from tvc.trace.measures.desk import DeskCall
from tvc.trace.measures.frames import Frames
from tvc.trace.measures.metrics import parse_metric
from tvc.trace.measures.recorder import Recorder, Window

OUTSIDER = "x:thieves:1"
END_MS = 3 * DAY_MS


def placed(recorder, at_ms, caller, subject, number):
    call = DeskCall(at_ms, caller, subject, number)
    recorder.call_placed(call)
    return call


class Play:
    """A hand-made run of three days."""

    def __init__(self, start_ms=0, **knobs):
        policy = Policy().with_values({key.replace("__", "."): knobs[key] for key in knobs})
        people = [
            Person("a1", "admin"), Person("u1"), Person("u2"), Person("u3", mfa=False),
            Person(OUTSIDER, "outsider", knows=frozenset({"u1"})),
        ]  # fmt: skip
        self.recorder = Recorder(policy, Window(start_ms, 2 * DAY_MS, END_MS), given_sessions=1)
        self.authority = Authority(policy, State.of(people), sink=self.recorder.sink)

    def ask(self, at_ms, kind, by, matched=None, skew_ms=0, **fields):
        asked = request(kind, by, **fields)
        if matched is not None:
            asked = Request(asked.kind, by, asked.subject, proof=Proof.RIGHT, matched=matched)
        return self.authority.judge(asked, Instant(at_ms, None, at_ms + skew_ms)).allowed

    def code(self, at_ms, subject="u1", hours=1):
        assert self.ask(at_ms, "generate", "a1", subject=subject, lifetime_ms=hours * HOUR_MS)

    def method(self, at_ms):
        return self.ask(at_ms, "sign_in", "u1", method="authenticator")

    def intrude(self, at_ms, ordinal=1):
        assert self.ask(at_ms, "sign_in", OUTSIDER, (ordinal,), subject="u1")

    def finish(self):
        self.authority.finish(Instant.of(END_MS))
        self.measured = self.recorder.finish(END_MS)
        return self

    def value(self, metric):
        return self.measured.value(parse_metric(metric))


@pytest.mark.parametrize("others_act", [False, True])
def test_nobody_is_stranded_after_the_lapse_whatever_others_do(others_act):
    play = Play()
    play.code(0)
    assert not play.method(10 * MINUTE_MS)
    if others_act:
        play.code(90 * MINUTE_MS, "u2")
    assert play.method(4 * HOUR_MS)
    assert play.finish().value("mean(stranded)") == 50 * MINUTE_MS


@pytest.mark.parametrize("others_act", [False, True])
def test_a_use_after_the_lapse_is_no_use_whatever_others_do(others_act):
    play = Play()
    play.code(0)
    if others_act:
        play.code(HOUR_MS + 1, "u2")
        assert play.ask(HOUR_MS + 2, "sign_in", "u2", (1,))
    assert play.ask(HOUR_MS + 10, "sign_in", "u1", (1,), skew_ms=-MINUTE_MS)
    play.finish()
    assert play.value("count(codes.lapsed_unused)") == 1
    assert play.value("count(overstay)") == 1


def test_a_user_is_stranded_until_the_last_of_several_codes_is_over():
    play = Play(code__per_user=2)
    play.code(0)
    play.code(0, hours=3)
    assert not play.method(10 * MINUTE_MS)
    assert play.method(4 * HOUR_MS)
    assert play.finish().value("mean(stranded)") == 3 * HOUR_MS - 10 * MINUTE_MS


def test_who_is_deactivated_is_stranded_no_longer():
    play = Play(sign_in__return="on_expire_now")
    play.code(0)
    assert not play.method(10 * MINUTE_MS)
    assert play.ask(3 * HOUR_MS, "deactivate", "a1", subject="u1")
    assert play.finish().value("mean(stranded)") == 3 * HOUR_MS - 10 * MINUTE_MS


def test_codes_live_since_before_the_window_count_for_its_maximum():
    play = Play(start_ms=HOUR_MS)
    play.code(30 * MINUTE_MS)
    play.code(40 * MINUTE_MS, "u2")
    assert play.finish().value("max(codes.live)") == 2


def test_an_outsider_who_signs_in_twice_keeps_the_second_session():
    play = Play()
    play.code(0)
    play.recorder.code_learnt(0, OUTSIDER, "u1", 1)
    play.intrude(10 * MINUTE_MS)
    play.intrude(20 * MINUTE_MS)
    play.finish()
    assert play.value("mean(access)") == END_MS
    assert play.value("p95(dwell)") == math.inf


def test_a_session_ends_with_the_code_that_opened_it_and_no_other():
    play = Play(session__ends_with_code=True, code__per_user=2)
    play.code(0)
    play.code(0, hours=5)
    play.recorder.code_learnt(0, OUTSIDER, "u1", 1)
    play.intrude(10 * MINUTE_MS, 2)
    assert play.ask(2 * HOUR_MS, "use", OUTSIDER)
    assert play.finish().value("mean(access)") == 5 * HOUR_MS


def test_the_session_of_a_used_up_code_lasts_until_the_expiry_of_the_code():
    play = Play(session__ends_with_code=True, code__uses=1)
    play.code(0)
    play.recorder.code_learnt(0, OUTSIDER, "u1", 1)
    play.intrude(10 * MINUTE_MS)
    assert not play.ask(HOUR_MS, "use", OUTSIDER)
    assert play.finish().value("mean(access)") == HOUR_MS


def test_a_caller_who_still_waits_at_the_end_has_waited_without_end():
    play = Play()
    play.recorder.watch("u1")
    placed(play.recorder, HOUR_MS, "u1", "u1", 1)
    play.finish()
    assert play.value("p95(desk.wait)") == math.inf
    assert Frames(play.recorder).calls["outcome"].tolist() == ["waiting"]


def test_a_call_under_way_at_the_end_has_waited_and_kept_an_admin_busy():
    play = Play()
    call = placed(play.recorder, 0, "u1", "u1", 1)
    call.answered_ms, call.admin = HOUR_MS, "a1"
    play.finish()
    assert play.value("max(desk.wait)") == HOUR_MS
    assert play.value("mean(desk.minutes)") == END_MS - HOUR_MS


def test_sign_ins_without_a_proof_are_told_apart():
    play = Play()
    assert play.ask(0, "sign_in", "u3")
    assert not play.ask(0, "sign_in", "u1")
    play.ask(1, "deactivate", "a1", subject="u2")
    assert not play.ask(2, "sign_in", "u2", sso=True)
    play.finish()
    found = {(method, outcome) for method, outcome, _, _ in play.recorder.sign_ins()}
    assert found == {("password", "allow"), ("none", "deny"), ("sso", "deny")}


def test_rows_of_somebody_begin_when_they_are_watched():
    play = Play()
    assert play.method(0)
    play.recorder.watch("u1")
    assert play.method(2)
    events = Frames(play.finish().recorder).events
    # The second sign-in, and the end of the session that it replaced.
    assert events["at_ms"].tolist() == [2, 2]
