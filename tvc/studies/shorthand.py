"""Studies in a line: texts, as commands and files have them, instead of the types they stand for.

For people at a keyboard. Everything here runs the same studies as the commands do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tvc.files.policies import load_shipped
from tvc.runs.replications import Asked, Plan, Running
from tvc.studies import comparison, sweeps
from tvc.studies.changes import Ground, check_key, read_arm
from tvc.studies.comparison import Comparison
from tvc.studies.measurements import Measurements, measure_arms
from tvc.studies.sweeps import Axis, Sweep

#: Inputs in the plain form of scenario files.
Workload = Mapping[str, Any]


def compare(  # noqa: PLR0913 - what a comparison is made of, by keyword
    baseline: str,
    candidate: str,
    workload: Workload | None = None,
    metrics: Sequence[str] | None = None,
    *,
    replications: int = 20,
    seed: int = 0,
    workers: int = 1,
    unbounded: bool = False,
) -> Comparison:
    """Compare two arms on the same people and days.

    Parameters
    ----------
    baseline, candidate
        Each a policy, then changes: ``salesforce,lifetime.max=4h,desk.admins=3``.
    workload
        Inputs in the plain form of scenario files; whatever is not said is as shipped.
    metrics
        Such as ``mean(calls)``; by default the mean of every measure, and some more.
    replications, seed
        How many pairs, two at least for an interval, and what they are drawn from.
    workers
        Processes; the answer is the same for any number.
    unbounded
        Run workloads that take more events or memory a replication than is sensible, too.

    Raises
    ------
    UnknownArm, ValueError
        With a sentence about what is wrong with an arm, an input or a metric.

    Examples
    --------
    >>> found = compare("salesforce", "salesforce,lifetime.max=4h", {"users": 300},
    ...                 ["mean(exposure)"], replications=3)
    >>> bool(found["mean(exposure)"].delta.value < 0)
    True
    """
    arms = [
        read_arm(text, workload or {}, Path(), unbounded=unbounded)
        for text in (baseline, candidate)
    ]
    asked = None if metrics is None else _read(metrics)
    return comparison.compare(arms[0], arms[1], asked, _plan(replications, seed, workers))


def measure(  # noqa: PLR0913 - what a study is made of, by keyword
    arms: Mapping[str, str] | Sequence[str],
    workload: Workload | None,
    metrics: Sequence[str],
    *,
    replications: int = 20,
    precision: float | None = None,
    seed: int = 0,
    workers: int = 1,
    unbounded: bool = False,
) -> Measurements:
    """Measure several arms on the same people and days.

    Parameters
    ----------
    arms
        As `compare` takes them; where they have names, by name.
    precision
        With one, no more replications are run than it takes for every interval to reach at most
        this share of its mean to either side: 0.05 asks for plus or minus 5 %.
    workload, metrics, replications, seed, workers, unbounded
        As `compare` takes them; with a precision, ``replications`` is how many are run at most.

    Raises
    ------
    UnknownArm, ValueError
        As `compare` does.

    Examples
    --------
    >>> found = measure({"day": "salesforce", "hour": "salesforce,lifetime.max=1h"},
    ...                 {"users": 300}, ["mean(exposure)", "mean(calls)"], replications=3)
    >>> found.trade_off("mean(exposure)", "mean(calls)")["arm"].tolist()
    ['day', 'hour']
    """
    named = arms if isinstance(arms, Mapping) else {text: text for text in arms}
    read = [
        replace(read_arm(text, workload or {}, Path(), unbounded=unbounded), name=name)
        for name, text in named.items()
    ]
    return measure_arms(read, _read(metrics), _plan(replications, seed, workers, precision))


def sweep(  # noqa: PLR0913 - what a study is made of, by keyword
    policy: str,
    workload: Workload | None,
    vary: Mapping[str, Sequence[object]],
    metrics: Sequence[str],
    *,
    replications: int = 20,
    precision: float | None = None,
    seed: int = 0,
    workers: int = 1,
    unbounded: bool = False,
) -> Sweep:
    """Vary knobs and inputs on the same people and days, in every combination.

    Parameters
    ----------
    policy
        The name of a shipped policy.
    vary
        Values by dotted key, as files spell them: ``{"lifetime.max": ["1h", "4h"]}``.
    workload, metrics, replications, precision, seed, workers, unbounded
        As `measure` takes them.

    Raises
    ------
    LookupError
        If no shipped policy has that name.
    UnknownArm, ValueError
        As `compare` does.

    Examples
    --------
    >>> found = sweep("salesforce", {"users": 300}, {"lifetime.max": ["1h", "24h"]},
    ...               ["mean(exposure)"], replications=3)
    >>> found.frame()["lifetime.max"].tolist()
    ['1h', '24h']
    """
    ground = Ground(load_shipped(policy), workload or {}, Path(), unbounded)
    axes = [Axis(key, tuple(values)) for key, values in vary.items()]
    for axis in axes:
        check_key(axis.key)
    return sweeps.sweep(ground, axes, _read(metrics), _plan(replications, seed, workers, precision))


def _read(metrics: Sequence[str]) -> list[Asked]:
    return [Asked.read(text) for text in metrics]


def _plan(replications: int, seed: int, workers: int, precision: float | None = None) -> Plan:
    running = Running("processes" if workers > 1 else "serial", workers)
    return Plan(replications, seed, running=running, precision=precision)
