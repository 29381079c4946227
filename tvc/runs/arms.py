"""Arms: a policy with a workload, and the replications that are run of it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tvc import __version__
from tvc.authority.policy import Policy
from tvc.domain import cases
from tvc.domain.workload import WorkloadModel, inputs
from tvc.files.empirical import with_measurements

if TYPE_CHECKING:
    from tvc.trace.measures.measured import Measured


@dataclass(frozen=True)
class Arm:
    """What replications are run of; a value, and small enough to send to another process.

    Attributes
    ----------
    name
        What reports call it.
    policy, workload
        What holds, and what happens.
    """

    name: str
    policy: Policy
    workload: WorkloadModel

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that decides its replications, this version of tvc included."""
        content = {
            "version": __version__,
            "policy": {key: _plain(value) for key, value in self.policy.values().items()},
            "workload": self.workload.model_dump(exclude={"sources"}),
            "measured": _measured_values(self.workload),
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _measured_values(workload: WorkloadModel) -> str:
    """Return what the empirical distributions hold, which files only name."""
    return hashlib.sha256(repr(workload).encode()).hexdigest()


def arms_of(case: cases.Case) -> tuple[Arm, ...]:
    """Return the arms of a simulated case, measured durations read from beside its file.

    Raises
    ------
    InvalidFile
        If a file of measured durations has faults.
    """
    folder = Path(case.file).parent
    return tuple(
        Arm(
            arm.name,
            arm.policy.policy,
            with_measurements(WorkloadModel.model_validate(arm.workload), folder),
        )
        for arm in case.arms
    )


def replicate(arm: Arm, seed: int, replication: int, warmup_ms: int = 0) -> "Measured":
    """Run one replication of an arm and return what it measured.

    Two arms under one seed and replication meet the same people on the same days.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted: what it came to is no result.
    """
    from tvc.world.simulation import simulate_whole

    return simulate_whole(
        arm.policy,
        arm.workload,
        seed,
        replication=replication,
        warmup_ms=warmup_ms,
        sampled=0.0,
        hashed=False,
    ).measured


def assumptions(arms: Sequence[Arm]) -> list[str]:
    """Return the inputs that have no source in one arm at least, in the order of the model."""
    from tvc.world.inputs import unsourced

    found = [unsourced(arm.workload) for arm in arms]
    return [key for key in inputs() if any(key in keys for keys in found)]
