"""What a study is on: the workload of a scenario, the policies of its file, and how it is run."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tvc.domain.policies import MergedPolicy
from tvc.domain.words import escape
from tvc.files import nodes
from tvc.files.case_names import UnknownCase, find_case, find_workload
from tvc.files.documents import read_document
from tvc.files.policies import PolicyResolver
from tvc.files.stochastic import RunModel, read_stochastic
from tvc.runs.arms import Arm
from tvc.runs.replications import Asked, Plan
from tvc.studies.changes import Ground, UnknownArm, changed_arm, read_arm
from tvc.studies.expectations import NoSteadyState, find_warmup


class CannotPlan(ValueError):
    """A study that cannot be planned as it was asked for; the message says why.

    Attributes
    ----------
    part
        What of the question it is about, such as ``metric`` or ``arms``; empty for all of it.
    given
        What was given there, where the message does not say.
    """

    def __init__(self, why: object, part: str = "", given: str = "") -> None:
        super().__init__(str(why))
        self.part = part
        self.given = given


@contextmanager
def about(part: str, wrong: type[ValueError] = UnknownArm) -> Iterator[None]:
    """Say of which part of a question it is that something cannot be.

    Raises
    ------
    CannotPlan
        In place of what is raised where that part is wrong.
    """
    try:
        yield
    except wrong as why:
        raise CannotPlan(why, part) from None


@dataclass(frozen=True)
class Subject:
    """The workload that a study is on.

    Attributes
    ----------
    name
        ``file::id``.
    policy
        That of the scenario.
    policies
        What names stand for in its file, before those of the package.
    workload
        In the plain form of the file.
    run
        How the scenario is run.
    folder
        Measured durations are read from below it.
    unbounded
        Whether a replication may take any number of events and any memory.
    """

    name: str
    policy: MergedPolicy
    policies: Mapping[str, MergedPolicy]
    workload: Mapping[str, Any]
    run: RunModel
    folder: Path
    unbounded: bool = False

    @property
    def ground(self) -> Ground:
        """What arms of its own policy are made from."""
        return Ground(self.policy, self.workload, self.folder, self.unbounded)

    def arm(self, text: str) -> Arm:
        """Read an arm on this workload; see `tvc.studies.changes.read_arm`."""
        return read_arm(text, self.workload, self.folder, self.policies, unbounded=self.unbounded)

    def changed_arm(self, text: str, key: str, value: object) -> Arm:
        """Read an arm with one more value changed; see `tvc.studies.changes.changed_arm`."""
        ground = (self.workload, self.folder, self.policies)
        return changed_arm(text, key, value, *ground, unbounded=self.unbounded)

    def planned(self, plan: Plan, arms: Sequence[Arm]) -> Plan:
        """Return a plan with the time at the start that these arms need and is not measured.

        Raises
        ------
        CannotPlan
            If none is found.
        """
        if self.run.warmup != "auto":
            return replace(plan, warmup_ms=self.run.warmup)
        looked_at = min(plan.replications, self.run.replications.min)
        try:
            return replace(plan, warmup_ms=find_warmup(arms, looked_at, plan.seed)[0])
        except NoSteadyState as why:
            raise CannotPlan(why) from None


def find_subject(
    file: str, case_id: str, overrides: Mapping[str, str], unbounded: bool = False
) -> Subject:
    """Load the scenario with a workload that a study is on.

    Parameters
    ----------
    file, case_id
        Its name; without an id the file's only one.
    overrides
        Policy files to take in place of the policies of these names.
    unbounded
        Whether a replication may take any number of events and any memory.

    Raises
    ------
    CannotPlan
        If there is none, or it is a comparison or a timeline.
    InvalidFile
        If the file has faults.
    """
    try:
        if case_id:
            case = find_case(file, case_id, overrides, unbounded)
        else:
            case = find_workload(file, overrides, unbounded)
    except UnknownCase as why:
        raise CannotPlan(why) from None
    if "workload" not in case.study:
        text = f"{file}::{case_id}"
        on = case.study.get("compare", {}).get("on")
        raise CannotPlan(
            f"{text} compares two arms, which `tvc test` judges; its workload is {file}::{on}"
            if on
            else f"{text} is a timeline, in which nothing is random: `tvc test` plays it"
        )
    root = read_document(Path(file))
    node = root.get("policies") if isinstance(root, nodes.Mapping) else None
    replaced = {name: Path(other) for name, other in overrides.items()}
    resolver = PolicyResolver(node, Path(file), replaced)
    return Subject(
        escape(case.name),
        case.policy,
        {name: resolver.resolve(name) for name in resolver.names()},
        case.study["workload"],
        read_stochastic(case.study).run,
        Path(file).parent,
        unbounded,
    )


def read_asked(texts: Sequence[str], part: str = "metric") -> list[Asked]:
    """Read metrics of one arm, which a part of a question gives.

    Raises
    ------
    CannotPlan
        If one is none.
    """
    with about(part, ValueError):
        return [Asked.read(text) for text in texts]


def refuse_impossible(asked: Sequence[Asked], arms: Sequence[Arm]) -> None:
    """Refuse metrics that can never be anything.

    Raises
    ------
    CannotPlan
        If only attackers bring it about, and no arm has any.
    """
    attacked = any(arm.workload.has_attackers for arm in arms)
    for one in asked:
        for measure in one.metric.measures:
            if measure.by_attackers and not attacked:
                raise CannotPlan(
                    f"{one}: {measure.name} can never happen: the workload has no attackers"
                )
