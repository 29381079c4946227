"""Whatever stops a study, and however often: what is kept is what a replication gives alone."""

import errno
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tvc.domain.workload import WorkloadModel
from tvc.files.policies import load_shipped
from tvc.runs import store as stores
from tvc.runs.arms import Arm, replicate
from tvc.runs.replications import Asked, Plan, Running, keep_together, run_arms
from tvc.runs.store import StoreFull

_WORKLOAD = WorkloadModel.model_validate({
    "users": 20, "horizon": "1d", "drain": "1h", "lead_in": "0s",
    "losses": {"per_user_per_year": 60},
})  # fmt: skip
ARMS = [Arm(name, load_shipped(name).policy, _WORKLOAD) for name in ("salesforce", "strict")]
ASKED = [Asked.read("count(calls)"), Asked.read("count(sign_ins)")]
_REPLICATIONS = 3


@dataclass(frozen=True)
class Fault:
    """What happens to a session.

    Attributes
    ----------
    kind
        One interrupt, two of them, a kill, or no room on the disk.
    share
        How much of an undisturbed session comes before, in calls of functions; on a full disk, how
        many of the writes go well.
    later
        As much again comes before the second interrupt.
    """

    kind: Literal["interrupt", "two interrupts", "kill", "full"]
    share: float
    later: float


FAULTS = st.builds(
    Fault,
    st.sampled_from(["interrupt", "two interrupts", "kill", "full"]),
    st.floats(0, 1),
    # Most often within the replication that the first one lets come to its end.
    st.floats(0, 0.1),
)


class Killed(BaseException):
    """Stands for the end of the process: nothing that is done after it counts."""


class Calls:
    """Counts calls of functions, and does something at some of them."""

    def __init__(self, folder: Path, at: dict[int, str]) -> None:
        self._folder, self._at = folder, at
        self.count = 0
        self.left: Path | None = None

    def see(self, _frame: object, event: str, _argument: object) -> None:
        if event != "call":
            return
        self.count += 1
        match self._at.get(self.count):
            case "interrupt":
                signal.raise_signal(signal.SIGINT)
            case "kill":
                # All that a killed process leaves is what stands in its folder.
                self.left = self._folder.with_name("left")
                if self._folder.exists():
                    shutil.copytree(self._folder, self.left)
                raise Killed


def plan_in(folder: Path) -> Plan:
    return Plan(_REPLICATIONS, seed=1, running=Running(results=folder, resume=True, progress=False))


def session(folder: Path, fault: Fault | None, calls: int) -> int:
    """Run the study as far as it comes; return how many calls it took."""
    at, room = {}, 1_000
    if fault is not None and fault.kind == "full":
        room = int(fault.share * 2 * (_REPLICATIONS * len(ARMS) + 2))
    elif fault is not None:
        first = 1 + int(fault.share * calls)
        at[first] = "kill" if fault.kind == "kill" else "interrupt"
        if fault.kind == "two interrupts":
            at[first + 1 + int(fault.later * calls)] = "interrupt"
    counted = Calls(folder, at)
    real, synced = os.fsync, []

    def fsync(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        before = sys.getprofile()
        sys.setprofile(counted.see)
        try:
            run_arms("study", ARMS, ASKED, plan_in(folder))
        except (KeyboardInterrupt, StoreFull, Killed):
            pass
        except Exception:
            # Extensions make errors of their own of what ends the process.
            if counted.left is None:
                raise
        finally:
            sys.setprofile(before)
    if counted.left is not None:
        shutil.rmtree(folder, ignore_errors=True)
        if counted.left.exists():
            counted.left.rename(folder)
    return counted.count


def numbers_alone(arm: Arm, replication: int) -> dict[str, float]:
    """Return what a replication gives that is run by itself."""
    measured = replicate(arm, 1, replication)
    return {str(asked): asked.numbers(measured)[0] for asked in ASKED}


@pytest.fixture(scope="module")
def alone():
    """What each replication gives by itself, and how many calls the study takes."""
    found = {
        (arm.name, number): numbers_alone(arm, number)
        for arm in ARMS
        for number in range(_REPLICATIONS)
    }
    with TemporaryDirectory() as folder:
        # The first one imports what the others have.
        session(Path(folder) / "first", None, 0)
        calls = session(Path(folder) / "second", None, 0)
    assert len({tuple(row.values()) for row in found.values()}) > _REPLICATIONS
    return found, calls


@pytest.fixture(autouse=True)
def _each_result_a_part(monkeypatch):
    monkeypatch.setattr(stores, "WAIT_S", -1.0)


@settings(max_examples=settings().max_examples // 16)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@example(faults=[Fault("two interrupts", 0.5, later) for later in (0.0, 0.01, 0.02)])
@given(faults=st.lists(FAULTS, min_size=1, max_size=3))
def test_what_is_kept_of_a_study_is_what_each_replication_gives_alone(alone, faults):
    expected, calls = alone
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "kept"
        for fault in faults:
            session(folder, fault, calls)
            opened = keep_together(plan_in(folder), ASKED, ARMS).running.store
            for result in opened.results():
                place = result.task.arm, result.task.replication
                assert (result.failure, dict(result.row)) == ("", expected[place])
            opened.close()
        rows = run_arms("study", ARMS, ASKED, plan_in(folder))
    for arm, found in zip(ARMS, rows, strict=True):
        assert [dict(row) for row in found] == [
            expected[arm.name, number] for number in range(_REPLICATIONS)
        ]
