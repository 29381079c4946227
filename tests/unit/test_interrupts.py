"""An interrupt waits for a good moment, is never lost, and comes at once the second time."""

import gc
import signal
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from tvc.authority.decide import LAW
from tvc.authority.policy import Policy
from tvc.interrupts import held_back, interrupts_noted, raised
from tvc.workbench.hunt import search, shrinking
from tvc.workbench.hunt.goals import Breaks, Side
from tvc.workbench.hunt.search import Exhausted, Find, find, hunt

GOAL = Breaks(Side(LAW, Policy(), "salesforce"), "inactive_users_get_nothing")


@pytest.fixture(autouse=True)
def _as_python_has_it():
    """Interrupts are Python's to handle here, whoever runs the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt():
    signal.raise_signal(signal.SIGINT)


def test_the_first_interrupt_waits_until_it_is_asked_for():
    with interrupts_noted() as check:
        check()
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            check()


def test_the_second_interrupt_comes_at_once():
    came = []

    def work():
        with interrupts_noted():
            for number in ("first", "second"):
                interrupt()
                came.append(number)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert came == ["first"]


def test_an_interrupt_that_nobody_asked_for_is_raised_at_the_end():
    with pytest.raises(KeyboardInterrupt), interrupts_noted():
        interrupt()


def test_an_interrupt_that_somebody_swallowed_is_raised_at_the_next_good_moment():
    before = raised()
    with interrupts_noted() as check:
        interrupt()
        with suppress(KeyboardInterrupt):
            interrupt()
        assert raised() == before + 1
        with pytest.raises(KeyboardInterrupt):
            check()


def test_what_an_extension_makes_of_an_interrupt_is_an_interrupt():
    def work():
        with interrupts_noted():
            interrupt()
            try:
                interrupt()
            except KeyboardInterrupt as wrong:
                raise ImportError("cannot load") from wrong

    with pytest.raises(KeyboardInterrupt):
        work()


def test_parts_of_the_work_note_one_interrupt_together():
    with interrupts_noted() as check:
        with suppress(KeyboardInterrupt), interrupts_noted() as inner:
            interrupt()
            inner()
        # Who stopped for it has said so; the next one is a second one.
        check()
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        with pytest.raises(KeyboardInterrupt):
            check()


def test_interrupts_are_held_back_for_a_moment_and_not_lost():
    came = []

    def work():
        with held_back():
            interrupt()
            came.append("held back")
        came.append("on")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert came == ["held back"]


def test_an_interrupt_that_comes_during_a_collection_of_garbage_is_not_lost(recwarn):
    def interrupting(phase, _info):
        if phase == "start":
            interrupt()

    with interrupts_noted() as check:
        gc.callbacks.append(interrupting)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(interrupting)
        with pytest.raises(KeyboardInterrupt):
            check()
    assert not recwarn.list


def test_an_interrupt_that_comes_in_a_finalizer_is_raised_after_it_and_leaves_no_noise():
    program = """
import signal, time
from tvc.interrupts import raised, take_over

class Ends:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

take_over()
Ends()
print("went on")
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("raised", raised())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\nraised 2\n", "")


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None], ids=["ignored", "another"])
def test_who_handles_interrupts_otherwise_keeps_doing_so(handler):
    signal.signal(signal.SIGINT, handler)
    with interrupts_noted() as check:
        assert signal.getsignal(signal.SIGINT) is handler
        interrupt()
        interrupt()
        check()
    assert signal.getsignal(signal.SIGINT) is handler


def test_afterwards_interrupts_are_handled_as_before_whatever_happened():
    for what in ("nothing", "an interrupt"):
        try:
            with interrupts_noted() as check:
                if what == "an interrupt":
                    interrupt()
                check()
        except KeyboardInterrupt:
            assert what == "an interrupt"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_thread_works_without():
    found = []

    def work():
        with interrupts_noted() as check:
            found.append(check())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [None]


@pytest.fixture
def _interrupted_while_drawing(monkeypatch):
    draw = search._drawn

    def drawn(key, size):
        interrupt()
        yield from draw(key, size)

    monkeypatch.setattr(search, "_drawn", drawn)


@pytest.mark.usefixtures("_interrupted_while_drawing")
def test_a_hunt_stops_before_the_next_history_and_says_how_far_it_came():
    result = hunt(GOAL, seconds=60)
    assert isinstance(result, Exhausted)
    assert result.interrupted
    assert result.explored.histories == 0


@pytest.mark.usefixtures("_interrupted_while_drawing")
def test_what_hunts_as_a_part_of_other_work_is_stopped_as_a_whole():
    with pytest.raises(KeyboardInterrupt):
        find(GOAL, events=4, seconds=60, seed=0)


def test_what_was_found_is_kept_when_it_cannot_be_made_shorter_any_more(monkeypatch):
    played = []

    def look(*words):
        played.append(words)
        interrupt()
        return real(*words)

    real = shrinking.look
    monkeypatch.setattr(shrinking, "look", look)
    result = hunt(Breaks(GOAL.side, "expire_now_evicts"), seconds=60, seed=4)
    assert isinstance(result, Find)
    assert result.interrupted
    assert len(played) == 1
