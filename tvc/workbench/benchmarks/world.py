"""The world beside its irreducible parts, and beside the model that one would write first."""

import importlib.util
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from simpy import Environment

from tvc.authority.authority import Authority, Record
from tvc.authority.decide import LAW
from tvc.authority.policy import Policy
from tvc.authority.state import Person, State
from tvc.domain.workload import WorkloadModel
from tvc.trace.measures.recorder import Recorder, Window
from tvc.world.people import Accounts, admin_name
from tvc.world.simulation import as_policy, run_in_steps, simulate_whole, without_collection
from tvc.world.streams import Streams
from tvc.world.world import World

#: What the costs should be at most, beside the parts; and the speed at least, beside the naive.
MOST_RATIO: Final = 2.0
MOST_EVENTS: Final = 15.0
MOST_MEMORY_MB: Final = 300.0
LEAST_SPEED_UP: Final = 20.0

_MONTH: Final = "30d"
_NAIVE: Final = Path("tests/bench/process_per_user.py")
_SEED: Final = 1
#: Of the model beside its parts.
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class ModelCost:
    """What one run of the model took, in a process of its own.

    Attributes
    ----------
    users
        How many there are.
    incidents, events
        How often somebody got into trouble, and how many events the kernel carried out.
    seconds
        Processor time.
    peak_mb
        Of the process, its libraries among it.
    """

    users: int
    incidents: int
    events: int
    seconds: float
    peak_mb: float

    @property
    def events_per_incident(self) -> float:
        """Kernel events for each incident."""
        return self.events / self.incidents

    @property
    def us_per_incident(self) -> float:
        """Microseconds for each incident."""
        return self.seconds / self.incidents * 1e6

    @property
    def us_per_user_day(self) -> float:
        """Microseconds for each user and day of a month."""
        return self.seconds / (self.users * 30) * 1e6


@dataclass(frozen=True, slots=True)
class PartsCost:
    """What a run's decisions alone and its events alone take.

    Attributes
    ----------
    decisions_s
        The trace replayed through the authority.
    loop_s
        As many events of a bare SimPy loop with as many pending.
    requests, pending
        How many were replayed, and how many events were pending at most.
    """

    decisions_s: float
    loop_s: float
    requests: int
    pending: int

    @property
    def seconds(self) -> float:
        """Both together."""
        return self.decisions_s + self.loop_s


@dataclass(frozen=True, slots=True)
class WorldBenchmark:
    """The model at three sizes, its parts, and the naive model.

    Attributes
    ----------
    sizes
        The model at 10^5, 10^6 and 10^7 users, with the same number of incidents for the last
        two.
    parts
        Of the second.
    ratios
        Of the second to its parts, in rounds one after the other: a machine that others share
        is now faster and now slower.
    naive_us_per_user_day
        Of a process per user; None where the checkout's ``tests/bench`` is not at hand.
    ours_us_per_user_day
        Of the same workload.
    """

    sizes: tuple[ModelCost, ...]
    parts: PartsCost
    ratios: tuple[float, ...]
    naive_us_per_user_day: float | None
    ours_us_per_user_day: float

    def lines(self) -> Iterator[str]:
        """Yield the result as text."""
        yield "      users  incidents  events/incident  us/incident   seconds   peak MB"
        for cost in self.sizes:
            yield (
                f"{cost.users:>11,}  {cost.incidents:>9,}  {cost.events_per_incident:>15.1f}"
                f"  {cost.us_per_incident:>11.0f}  {cost.seconds:>8.1f}  {cost.peak_mb:>8.0f}"
            )
        _, million, ten = self.sizes
        parts = self.parts
        yield f"decisions alone  {parts.decisions_s:.1f} s for {parts.requests:,} requests"
        yield f"bare SimPy loop  {parts.loop_s:.1f} s, {parts.pending:,} pending"
        yield _goal("model / its parts", median(self.ratios), MOST_RATIO)
        rounds = ", ".join(f"{ratio:.2f}" for ratio in self.ratios)
        yield f"  the median of {len(self.ratios)} rounds in turn: {rounds}"
        yield _goal("events an incident", million.events_per_incident, MOST_EVENTS)
        yield _goal("peak MB at 10^6", million.peak_mb, MOST_MEMORY_MB)
        yield _goal("10^7 / 10^6 users, time", ten.seconds / million.seconds, 1.3)
        yield _goal("10^7 / 10^6 users, memory", ten.peak_mb / million.peak_mb, 1.3)
        if self.naive_us_per_user_day is None:
            yield f"process per user: {_NAIVE} is not at hand here"
            return
        ours = self.ours_us_per_user_day
        naive = self.naive_us_per_user_day
        yield f"a process per user  {naive:.2f} us a user and day, ours {ours:.3f}"
        faster = naive / ours
        miss = "" if faster >= LEAST_SPEED_UP else ", which it misses here"
        yield f"times faster        {faster:.0f} (goal: at least {LEAST_SPEED_UP:.0f}{miss})"


def _goal(what: str, value: float, most: float) -> str:
    miss = "" if value <= most else ", which it misses here"
    return f"{what:<26} {value:>7.2f} (goal: at most {most:g}{miss})"


def month(users: int, losses_per_year: float, admins: int) -> WorkloadModel:
    """Return an ordinary month of lost devices."""
    return WorkloadModel.model_validate(
        {
            "users": users,
            "horizon": _MONTH,
            "losses": {"per_user_per_year": losses_per_year},
            "desk": {"admins": admins},
        }
    )


def bench_world() -> WorldBenchmark:
    """Measure all in one run, each in a fresh process, one after the other."""
    cases = ((100_000, 1.0, 30), (1_000_000, 1.0, 260), (10_000_000, 0.1, 260))
    small, ten = (_in_a_process(_cost, *cases[place]) for place in (0, 2))
    rounds: list[tuple[ModelCost, PartsCost]] = []
    for _ in range(_ROUNDS):
        rounds.append((_in_a_process(_cost, *cases[1]), _in_a_process(_parts, *cases[1])))
    million, parts = sorted(rounds, key=_ratio)[_ROUNDS // 2]
    naive = _in_a_process(_naive) if _NAIVE.is_file() else None
    ours = _in_a_process(_cost, 200_000, 0.3, 20)
    return WorldBenchmark(
        (small, million, ten),
        parts,
        tuple(map(_ratio, rounds)),
        naive,
        ours.us_per_user_day,
    )


def _ratio(found: tuple[ModelCost, PartsCost]) -> float:
    model, parts = found
    return model.seconds / parts.seconds


def _in_a_process(work: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - of the work
    # Spawned, so that the peak is that of this work alone.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _cost(users: int, losses_per_year: float, admins: int) -> ModelCost:
    workload = month(users, losses_per_year, admins)
    started = time.process_time()
    # As replications are run: all measures, and no trace, neither of rows nor as a digest.
    run = simulate_whole(as_policy("salesforce"), workload, _SEED, sampled=0.0, hashed=False)
    seconds = time.process_time() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return ModelCost(users, run.incidents, run.kernel_events, seconds, peak_mb)


class _Tape(Recorder):
    """Keeps what was asked, to be asked again."""

    def __init__(self, policy: Policy, window: Window, admins: int) -> None:
        super().__init__(policy, window, given_sessions=admins)
        self.records: list[Record] = []

    def sink(self, record: Record) -> None:
        """Keep a record for good."""
        super().sink(record)
        self.records.append(record._replace(decision=None, effects=()))


def _parts(users: int, losses_per_year: float, admins: int) -> PartsCost:
    workload = month(users, losses_per_year, admins)
    policy = Policy()
    window = Window(0, workload.horizon, workload.horizon + workload.drain)
    tape = _Tape(policy, window, admins)
    world = World(policy, workload, LAW, Streams(_SEED), tape, window, 0.0)
    with without_collection():
        pending = max(world.kernel.pending for _ in run_in_steps(world))
        asked = [
            (record.request, record.at, None if record.event is None else record.event.subject)
            for record in tape.records
            if record.event is None or record.request is None
        ]
        tape.records.clear()
        decisions_s = _replay(asked, policy, admins)
        loop_s = _loop(world.kernel.events, pending, window.end_ms)
    requests = sum(request is not None for request, _, _ in asked)
    return PartsCost(decisions_s, loop_s, requests, pending)


def _replay(asked: list[Any], policy: Policy, admins: int) -> float:
    state = State.of([Person(admin_name(index), "admin") for index in range(admins)])
    state.accounts = Accounts(state.accounts)
    authority = Authority(policy, state)
    judge, forget = authority.judge, authority.forget
    started = time.process_time()
    for request, at, forgotten in asked:
        if request is None:
            forget(forgotten, at)
        else:
            judge(request, at)
    return time.process_time() - started


def _loop(events: int, pending: int, end_ms: int) -> float:
    """Carry out empty events, each of which makes the next one; delays are spread evenly."""
    env = Environment()
    delays = [1 + place * 7919 % (2 * end_ms * pending // events) for place in range(9973)]
    left = events

    def again(_event: object) -> None:
        nonlocal left
        left -= 1
        timeout = env.timeout(delays[left % len(delays)])
        timeout.callbacks.append(again)

    for place in range(pending):
        timeout = env.timeout(delays[place % len(delays)])
        timeout.callbacks.append(again)
    started = time.process_time()
    step = env.step
    while left > 0:
        step()
    return time.process_time() - started


def _naive() -> float:
    spec = importlib.util.spec_from_file_location("process_per_user", _NAIVE)
    if spec is None or spec.loader is None:
        raise ImportError(str(_NAIVE))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Its cost grows with users times days, so that a few days tell the rate.
    return float(module.seconds_per_user_day(200_000, 2)) * 1e6
