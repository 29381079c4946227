"""A long command that is stopped, at whatever moment, says so, leaves nobody and is resumed.

Any outcome is right that is exit 2, or all that an undisturbed run gives: so that it does not
matter how fast the machine is, and when exactly a moment comes.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tvc.domain.workload import inputs

#: Whatever a moment waits for on a machine that is busy.
_PATIENCE_S = 600
#: Time in which workers notice that they are alone.
_NOTICED_S = 10

#: Runs the command as its console script does, and makes a file once interrupts are answered: when
#: the first module is asked for that is not needed for answering them.
LAUNCH = """
import os, signal, sys

# As a terminal has it: what runs in the background may have been told to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Ready:
    def find_spec(self, name, path=None, target=None):
        if name == "tvc.cli.main":
            sys.meta_path.remove(self)
            os.close(os.open(os.environ["READY"], os.O_CREAT | os.O_WRONLY))
        return None

sys.meta_path.insert(0, Ready())
from tvc.cli.entry import main
main()
"""

#: Forks for each command: what takes longest, the import of libraries, is done once.
WARM = f"""
import gc, json, os, sys
import hypothesis, numpy, pandas, pyarrow.parquet, scipy.stats, simpy, tqdm, typer
import tvc.studies.comparison, tvc.studies.tornado, tvc.studies.questions
import tvc.harness.runner, tvc.harness.simulated, tvc.workbench.hunt.search, tvc.world.simulation

# What is there already is not looked through by each of the others when it ends.
gc.freeze()
print("warm", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if not pid:
        os.setsid()
        os.chdir(order["folder"])
        os.environ["READY"] = order["ready"]
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(order[name], os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.argv = ["tvc", *order["words"]]
        exec({LAUNCH!r})
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: bytes
    err: str
    took_s: float


class Launcher:
    """Starts commands, one after the other."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def run(
        self,
        folder: Path,
        words: Sequence[str],
        disturb: Callable[[int], None] = lambda _pid: None,
    ) -> Ended:
        """Run a command to its end, and have it disturbed once interrupts are answered."""
        ready, out, err = (self._scratch / name for name in ("ready", "out", "err"))
        ready.unlink(missing_ok=True)
        pid, wait = self._start(folder, words, ready, out, err)
        until = time.monotonic() + _PATIENCE_S
        while not ready.exists():
            assert time.monotonic() < until, err.read_text()
            time.sleep(0.001)
        began = time.monotonic()
        disturb(pid)
        code = wait()
        took_s = time.monotonic() - began
        assert_nobody_left(pid)
        return Ended(code, out.read_bytes(), err.read_text(), took_s)

    def _start(
        self, folder: Path, words: Sequence[str], ready: Path, out: Path, err: Path
    ) -> tuple[int, Callable[[], int]]:
        raise NotImplementedError


class Cold(Launcher):
    """Starts a Python for each, whose imports are interrupted, too."""

    def _start(self, folder, words, ready, out, err):
        with out.open("wb") as told, err.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-c", LAUNCH, *words],
                cwd=folder,
                env={**os.environ, "READY": str(ready)},
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=said,
                start_new_session=True,
            )
        return process.pid, lambda: process.wait(_PATIENCE_S)


class Warm(Launcher):
    """Forks a Python that has imported what takes long."""

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        self._process = subprocess.Popen(
            [sys.executable, "-c", WARM],
            # A library that starts threads when it is imported would not survive the fork.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout.readline() == "warm\n"

    def _start(self, folder, words, ready, out, err):
        named = {"folder": folder, "ready": ready, "out": out, "err": err}
        order = {name: str(path) for name, path in named.items()} | {"words": list(words)}
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline()), lambda: int(self._process.stdout.readline())

    def close(self) -> None:
        """End the one that forks."""
        self._process.stdin.close()
        self._process.wait(_PATIENCE_S)
        self._process.stdout.close()


def assert_nobody_left(session: int) -> None:
    """Of a session nothing runs any more, or at least not for long."""
    until = time.monotonic() + _NOTICED_S
    while left := _running(session):
        assert time.monotonic() < until, left
        time.sleep(0.02)


def _running(session: int) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if entry.name.isdigit():
                # After the name, which may hold anything: state, parent, group, session.
                _, _, rest = (entry / "stat").read_text().rpartition(") ")
                state, _, _, of = rest.split()[:4]
                if int(of) == session and state not in "ZX":
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
    return found


def send(number: signal.Signals, pid: int) -> None:
    """Send a signal as it comes: Ctrl-C to all that the terminal runs, others to the command."""
    # It may have come to its end meanwhile.
    with suppress(ProcessLookupError):
        if number is signal.SIGINT:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """Starts commands whose libraries are there already."""
    launcher = Warm(tmp_path_factory.mktemp("warm"))
    yield launcher
    launcher.close()


@pytest.fixture
def cold(tmp_path_factory):
    """Starts commands as people do."""
    return Cold(tmp_path_factory.mktemp("cold"))


# What is run

#: All but these have a source, so that few assumptions are left to vary.
_ASSUMED = ("desk.admins", "device.found")
_SOURCES = "".join(f"        {key}: tried\n" for key in inputs() if key not in _ASSUMED)
FILES = {
    "load": f"""\
tvc: 1
scenarios:
  - id: load
    policy: salesforce
    workload:
      users: 100
      horizon: 3d
      drain: 1d
      losses: {{per_user_per_year: 4}}
      sources:
{_SOURCES}
    run: {{replications: 6, seed: 1}}
    expect:
      - {{metric: mean(calls), at_least: 1}}
""",
    "steps": """\
tvc: 1
people: {sam: {role: admin}, ana: {}}
scenarios:
  - id: steps
    cases: [{life: 1h}, {life: 2h}, {life: 3h}]
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: "${life}", save: c1}
      - {at: 5m, do: sign_in, by: ana, code: c1}
      - {at: 23h, do: sign_in, by: ana, code: c1, expect: {deny: code_expired}}
""",
}
_ARMS = ("salesforce", "salesforce,lifetime.max=4h")
_COMPARE = ("compare", *_ARMS, "--on", "load.tvc.yaml", "--metric", "mean(calls)")
_KEPT = ("--results", "kept")


@dataclass(frozen=True)
class Command:
    """A command that takes a while.

    Attributes
    ----------
    words
        Its words.
    output
        The file that it writes, beside what it prints.
    like
        The command that gives the same; itself by default.
    slower
        How many times longer than that it takes at least.
    """

    words: tuple[str, ...]
    output: str | None = None
    like: "Command | None" = None
    slower: float = 1.0

    @property
    def resumes(self) -> bool:
        """Whether it keeps what is finished, and goes on with that."""
        return "--results" in self.words


_SERIAL = Command((*_COMPARE, "-n", "8", *_KEPT))
COMMANDS = {
    "simulate": Command(("simulate", "load.tvc.yaml")),
    "compare": _SERIAL,
    "compare in processes": Command(
        (*_SERIAL.words, "--engine", "processes", "--workers", "2"), like=_SERIAL, slower=4.0
    ),
    "compare --flip": Command((*_COMPARE, "-n", "4", *_KEPT, "--flip", "mean(calls)")),
    "sweep": Command(
        ("sweep", "load.tvc.yaml", "-n", "4", "--vary", "desk.admins=1..3", "--metric",
         "mean(calls)", "-o", "table.csv", *_KEPT),
        "table.csv",
    ),
    "sweep --tornado": Command(("sweep", "load.tvc.yaml", "-n", "4", "--tornado", "mean(calls)",
                                *_KEPT)),
    "sweep --solve": Command(
        ("sweep", "load.tvc.yaml", "-n", "4", "--solve", "desk.admins=1..9", "--for",
         "mean(desk.wait) <= 1h", *_KEPT)
    ),
    "sweep --break-even": Command(
        ("sweep", "load.tvc.yaml", "-n", "4", "--break-even", "mean(calls)", "--input",
         "desk.admins=1..9", "--arms", *_ARMS, *_KEPT)
    ),
    "test": Command(("test", "load.tvc.yaml", "steps.tvc.yaml", "-p", "2", "-f", "json")),
    "hunt": Command(
        ("hunt", "--policy", "salesforce", "--invariant", "expire_now_evicts", "--seed", "4")
    ),
    "mutate": Command(("mutate", "steps.tvc.yaml", "-f", "json", "-p", "2")),
    "init": Command(("init", "strict", "-o", "draft.tvc.yaml", "--time", "1s"), "draft.tvc.yaml"),
}  # fmt: skip


@pytest.fixture
def folders(tmp_path) -> Iterator[Path]:
    """Folders with the files, one after the other."""

    def made() -> Iterator[Path]:
        for number in range(1_000):
            folder = tmp_path / str(number)
            folder.mkdir()
            for name, text in FILES.items():
                (folder / f"{name}.tvc.yaml").write_text(text)
            yield folder

    return made()


def output_of(command: Command, folder: Path) -> bytes | None:
    """Return what stands in the file that the command writes."""
    file = folder / (command.output or "none")
    return file.read_bytes() if file.exists() else None


class Trial:
    """Disturbs a command at moments of its run, and holds what it leaves against one that is not.

    Parameters
    ----------
    launcher, command, folders
        What starts it, the command, and where it is run.
    """

    def __init__(self, launcher: Launcher, command: Command, folders: Iterator[Path]) -> None:
        self._launcher, self._command, self._folders = launcher, command, folders
        folder = next(folders)
        self._like = command.like or command
        self._whole = launcher.run(folder, self._like.words)
        self._output = output_of(command, folder)
        assert self._whole.code in {0, 1, 6}, self._whole.err
        self.codes: list[int] = []

    def run(self, moments: Sequence[tuple[float, signal.Signals]]) -> None:
        """Disturb it at each moment, a share of its run; what is kept is gone on with."""
        command = self._command
        folder = next(self._folders)
        words = command.words
        for share, number in moments:
            if not command.resumes:
                folder = next(self._folders)
            ended = self._launcher.run(folder, words, self._after(share, number))
            self.codes.append(ended.code)
            killed = number is signal.SIGKILL and ended.code == -signal.SIGKILL
            if not killed:
                self._check(ended, folder)
            words = (*command.words, "--resume") if command.resumes else words
        if command.resumes:
            # Where it runs does not matter, not even for what was kept elsewhere.
            whole = self._launcher.run(folder, (*self._like.words, "--resume"))
            self._check(whole, folder, whole=True)

    def _after(self, share: float, number: signal.Signals) -> Callable[[int], None]:
        def disturb(pid: int) -> None:
            time.sleep(share * self._whole.took_s * self._command.slower)
            send(number, pid)

        return disturb

    def _check(self, ended: Ended, folder: Path, whole: bool = False) -> None:
        assert "Traceback" not in ended.err
        if ended.code == 2 and not whole:
            assert "interrupted" in ended.err.lower() + ended.out.decode().lower()
            kept = (folder / "kept" / "manifest.json").exists()
            # Told where the study was begun, and not where all but its last moment was over.
            assert not ("--resume" in ended.err and not kept), ended.err
            return
        assert (ended.code, ended.out) == (self._whole.code, self._whole.out), ended.err
        assert output_of(self._command, folder) == self._output


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_interrupted_exits_2_and_is_resumed_to_the_same_bytes(
    name, warm, folders
):
    trial = Trial(warm, COMMANDS[name], folders)
    moments = random.Random(name)
    first, second = moments.sample(_SIGNALS, 2)
    if name == "compare in processes":
        # Its workers take long to start, so that their end with the command is tried here as well.
        second = signal.SIGKILL
    trial.run([(0.1, first), (moments.uniform(0.2, 0.6), second), (0.9, first)])
    # The first one comes amid the work, however fast the machine has become meanwhile.
    assert 2 in trial.codes


def test_workers_end_when_the_command_is_killed(warm, folders):
    Trial(warm, COMMANDS["test"], folders).run([(0.6, signal.SIGKILL)])


@pytest.mark.parametrize("number", _SIGNALS)
@pytest.mark.parametrize("wait_s", [0.0, 0.05])
def test_an_interrupt_during_the_imports_exits_2_with_a_word(number, wait_s, cold, folders):
    def disturb(pid: int) -> None:
        time.sleep(wait_s)
        send(number, pid)

    ended = cold.run(next(folders), COMMANDS["simulate"].words, disturb)
    assert (ended.code, ended.out, ended.err) == (2, b"", "tvc: interrupted\n")


@pytest.mark.nightly
@pytest.mark.parametrize("number", [*_SIGNALS, signal.SIGKILL])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_disturbed_at_any_moment_is_resumed_to_the_same_bytes(
    name, number, cold, folders
):
    trial = Trial(cold, COMMANDS[name], folders)
    # Four folders, each disturbed again and again.
    for start in range(4):
        trial.run([((start + 4 * step) / 19, number) for step in range(5)])
