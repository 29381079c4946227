"""Scenario files: from a file to cases that can be run, or to all that is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from tvc.authority.state import Person
from tvc.domain.cases import Arm, Case, Clock, Step
from tvc.domain.fields import Part
from tvc.domain.policies import MergedPolicy
from tvc.domain.words import show
from tvc.files import nodes
from tvc.files.audit_checks import check_audit
from tvc.files.checks import (
    Cast,
    Progress,
    check_form,
    check_person,
    check_repeats,
    check_stated,
    check_step,
)
from tvc.files.conversion import convert_audit, convert_clock, convert_person, convert_step
from tvc.files.documents import read_document
from tvc.files.expansion import MAX_STEPS, Variant, count_steps, expand
from tvc.files.faults import InvalidFile
from tvc.files.models import (
    STOCHASTIC_KEYS,
    TIMELINE,
    TIMELINE_TYPE,
    FileModel,
    ScenarioModel,
    StepModel,
)
from tvc.files.nodes import Node, Scalar, Sequence, locate, plain
from tvc.files.policies import PolicyResolver
from tvc.files.wording import Report, report_errors

if TYPE_CHECKING:
    from tvc.domain.excess import Excess
    from tvc.domain.workload import WorkloadModel

M = TypeVar("M", bound=Part)

#: What stands for a required value that is wrong, so that the rest can be read.
_STAND_INS: Final[dict[str, Any]] = {"tvc": 1, "scenarios": [], "id": "x"}


@dataclass(frozen=True)
class ScenarioFile:
    """A scenario file that has no faults.

    Attributes
    ----------
    path
        Where it was read.
    cases
        All cases, in the order of the file.
    """

    path: Path
    cases: tuple[Case, ...]


def load_scenarios(
    path: Path | str,
    overrides: Mapping[str, Path | str] | None = None,
    require_expect: bool = False,
    unbounded: bool = False,
) -> ScenarioFile:
    """Read a scenario file.

    Parameters
    ----------
    path
        The file.
    overrides
        Policy files to take in place of the policies of these names.
    require_expect
        Whether every request must say what it expects; by default one that does not must be
        allowed.
    unbounded
        Whether a replication may take any number of events and any memory.

    Raises
    ------
    InvalidFile
        With every fault of the file.
    """
    place = Path(path)
    return read_scenarios(read_document(place), place, overrides, require_expect, unbounded)


def read_scenarios(
    root: Node,
    path: Path,
    overrides: Mapping[str, Path | str] | None = None,
    require_expect: bool = False,
    unbounded: bool = False,
) -> ScenarioFile:
    """Read a document as a scenario file; see `load_scenarios`.

    Parameters
    ----------
    root
        The document.
    path
        What the file is called, and whose folder the files that it refers to must stay under.
    overrides, require_expect, unbounded
        As for `load_scenarios`.

    Raises
    ------
    InvalidFile
        With every fault of the document.
    """
    report = Report(str(path))
    if not isinstance(root, nodes.Mapping):
        report.add(root, f"expected a mapping with tvc: 1 and scenarios, found {show(plain(root))}")
        raise InvalidFile(report.faults)
    cases = _Reader(report, root, path, overrides, require_expect, unbounded).read()
    if report.faults:
        raise InvalidFile(report.faults)
    return ScenarioFile(path, tuple(cases))


class _Reader:
    """Reads one document; what all its scenarios share is read once."""

    def __init__(  # noqa: PLR0913, PLR0917 - as `read_scenarios` takes them
        self,
        report: Report,
        root: nodes.Mapping,
        path: Path,
        overrides: Mapping[str, Path | str] | None,
        require_expect: bool,
        unbounded: bool,
    ) -> None:
        replacements = {name: Path(file) for name, file in (overrides or {}).items()}
        self._report = report
        self._root = root
        self._file = str(path)
        self._folder = path.parent
        self._require_expect = require_expect
        self._unbounded = unbounded
        self._policies = PolicyResolver(root.get("policies"), path, replacements)
        report.extend(self._policies.faults)
        self._people: dict[str, Person | None] = {}
        self._clocks: dict[str, Clock | None] = {}
        self._tags: tuple[str, ...] = ()
        self._read_head()

    def _read_head(self) -> None:
        data: dict[str, Any] = {
            key.text: [] if key.text == "scenarios" else plain(value)
            for key, value in self._root.entries
        }
        head = _read_part(self._report, self._root, FileModel, data)
        # Who is in the file with a faulty entry may be named all the same.
        self._people = dict.fromkeys(_keys(self._root.get("people")))
        self._clocks = dict.fromkeys(_keys(self._root.get("clocks")))
        if head is None:
            return
        for name, person in head.people.items():
            self._people[name] = convert_person(name, person)
        for name, clock in head.clocks.items():
            self._clocks[name] = convert_clock(name, clock)
        self._tags = tuple(head.tags)
        check_repeats(self._report, self._root, head.tags, "tags")
        people = self._root.get("people")
        if people is not None:
            for name, person in head.people.items():
                check_person(self._report, people, name, person, self._people)

    def read(self) -> list[Case]:
        """Read every scenario."""
        scenarios = self._root.get("scenarios")
        if scenarios is None:
            return []
        if not isinstance(scenarios, Sequence) or not scenarios.items:
            self._report.add(scenarios, "expected a list of one or more scenarios")
            return []
        cases: list[tuple[Case, Node]] = []
        room = MAX_STEPS
        ids: dict[str, Scalar] = {}
        for node in scenarios.items:
            if not isinstance(node, nodes.Mapping):
                self._report.add(node, f"expected a scenario, found {show(plain(node))}")
                continue
            id_ = node.get("id")
            if isinstance(id_, Scalar) and ids.setdefault(id_.text, id_) is not id_:
                message = f"the id {show(id_.text)} is on line {ids[id_.text].line} already"
                self._report.add(id_, message)
            variants = expand(self._report, node, room)
            room -= sum(count_steps(variant.node) for variant in variants)
            for variant in variants:
                if self._report.is_full:
                    return []
                case = self._read_case(variant)
                if case is not None:
                    cases.append((case, variant.node))
        # A study refers to scenarios before and behind it: it is put together of what is right.
        if self._report.faults:
            return []
        return [self._with_arms(case, node) if case.study else case for case, node in cases]

    def _read_case(self, variant: Variant) -> Case | None:
        node = variant.node
        data: dict[str, Any] = {
            key.text: None if key.text == "timeline" else plain(value)
            for key, value in node.entries
        }
        model = _read_part(self._report, node, ScenarioModel, data)
        policy = self._resolve(node, model)
        cast = Cast(self._people, self._clocks, policy)
        steps = self._read_timeline(node.get("timeline"), cast)
        if model is None:
            return None
        check_form(self._report, node, model)
        study: dict[str, Any] = {key: data[key] for key in STOCHASTIC_KEYS if key in data}
        if study:
            self._check_study(node, data)
        if steps and model.audit is not None:
            check_audit(self._report, node, model.audit, steps, cast)
        if policy is None or steps is None or self._report.faults:
            return None
        case_id = model.id + variant.label
        return Case(
            id=case_id,
            name=f"{self._file}::{case_id}",
            file=self._file,
            line=node.line,
            column=node.column,
            policy=policy,
            people=tuple(person for person in self._people.values() if person),
            clocks={name: clock for name, clock in self._clocks.items() if clock},
            steps=tuple(steps),
            audit=None if model.audit is None else convert_audit(node, model.audit),
            breaks=tuple(model.breaks),
            invariants=None if model.invariants is None else _listed(model.invariants),
            tags=tuple(dict.fromkeys((*self._tags, *model.tags))),
            boundaries=model.boundaries is not None,
            skip=model.skip,
            xfail=model.xfail,
            values={column: plain(value) for column, value in variant.values.items()},
            study=study,
            expected_at=tuple(
                locate(node, ("expect", place)) for place in range(len(study.get("expect", ())))
            ),
        )

    def _check_study(self, node: Node, data: Mapping[str, Any]) -> None:
        # Only files that simulate pay for the models of a workload.
        from tvc.files import stochastic

        try:
            model = stochastic.read_stochastic(data)
        except ValidationError as error:
            report_errors(self._report, error, node, stochastic.StochasticModel)
        else:
            if model.workload is not None:
                self._measured(model.workload)
        others = self._scenarios_by_id
        for path, message in stochastic.check_stochastic(data, others, self._policies.names()):
            self._report.add(node, message, *path, key=len(path) == 1)

    def _with_arms(self, case: Case, node: Node) -> Case:
        """Add its arms to a study; a comparison takes how its workload is run, too."""
        from tvc.files.stochastic import override

        compare = case.study.get("compare")
        if compare is None:
            arm = Arm("", case.policy, case.study["workload"])
            self._check_arm(arm, node)
            return replace(case, arms=(arm,))
        other = self._scenarios_by_id[compare["on"]]
        run = {"run": other["run"]} if "run" in other else {}
        study = {**run, **case.study}
        arms = tuple(
            Arm(
                name,
                self._policies.resolve(compare[name]["policy"]),
                override(other["workload"], compare[name].get("workload", {})),
            )
            for name in ("baseline", "candidate")
        )
        for arm in arms:
            self._check_arm(arm, node)
        return replace(case, study=study, arms=arms)

    def _check_arm(self, arm: Arm, node: Node) -> None:
        """Report an arm whose replications would take too much, before anything runs."""
        from tvc.domain.excess import find_excess
        from tvc.domain.workload import WorkloadModel

        workload = self._measured(WorkloadModel.model_validate(arm.workload))
        if workload is None:
            return
        excess = find_excess(workload, arm.policy.policy, self._unbounded)
        if excess is not None:
            self._report.add(node, excess.message, *_place_of(excess, arm, node))

    def _measured(self, workload: "WorkloadModel") -> "WorkloadModel | None":
        """Read the files of measured durations; report what is wrong with them."""
        from tvc.files.empirical import with_measurements

        try:
            return with_measurements(workload, self._folder)
        except InvalidFile as error:
            self._report.extend(error.faults)
            return None

    @cached_property
    def _scenarios_by_id(self) -> dict[str, dict[str, Any]]:
        scenarios = plain(self._root).get("scenarios")  # type: ignore[attr-defined] # a mapping
        return {
            scenario["id"]: scenario
            for scenario in scenarios
            if isinstance(scenario, dict) and isinstance(scenario.get("id"), str)
        }

    def _resolve(self, node: Node, model: ScenarioModel | None) -> MergedPolicy | None:
        if model is None:
            return None
        try:
            return self._policies.resolve(model.policy)
        except LookupError as error:
            self._report.add(node, str(error), "policy")
        except InvalidFile:
            # Its faults are reported with the policies of the file.
            pass
        return None

    def _read_timeline(self, timeline: Node | None, cast: Cast) -> list[Step] | None:
        """Read the steps; None where some are wrong."""
        if timeline is None:
            return []
        if not isinstance(timeline, Sequence) or not timeline.items:
            self._report.add(timeline, "expected a list of one or more steps")
            return None
        data = [plain(item) for item in timeline.items]
        progress = Progress()
        steps: list[Step] = []
        models = self._read_steps(timeline, data)
        for index, (node, model) in enumerate(zip(timeline.items, models, strict=True)):
            if model is None:
                progress.skip(data[index])
                continue
            check_step(self._report, node, model, cast, progress)
            if self._require_expect:
                check_stated(self._report, node, model)
            if progress.now_ms is not None:
                steps.append(convert_step(index, node, model, progress.now_ms))
        return steps if len(steps) == len(models) else None

    def _read_steps(self, timeline: Sequence, data: list[object]) -> list[StepModel | None]:
        try:
            return list(TIMELINE.validate_python(data))
        except ValidationError as error:
            paths = report_errors(self._report, error, timeline, TIMELINE_TYPE)
        wrong = {path[0] for path in paths}
        rest = iter(TIMELINE.validate_python([d for i, d in enumerate(data) if i not in wrong]))
        return [None if index in wrong else next(rest) for index in range(len(data))]


def _read_part(report: Report, node: Node, model: type[M], data: dict[str, Any]) -> M | None:
    """Read a mapping; report what is wrong and read the rest, if that can be."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        paths = report_errors(report, error, node, model)
    for path in paths:
        first, *rest = map(str, path)
        entries = data.get(first)
        if first in ("people", "clocks") and rest and isinstance(entries, dict):
            entries.pop(rest[0], None)
        elif first in _STAND_INS:
            data[first] = _STAND_INS[first]
        else:
            data.pop(first, None)
    try:
        return model.model_validate(data)
    except ValidationError:
        return None


def _place_of(excess: "Excess", arm: Arm, node: Node) -> tuple[str, ...]:
    """Return where a scenario says what makes it take too much."""
    if not arm.name:
        return ("policy",) if excess.of_policy else ("workload", *excess.key.split("."))
    if excess.of_policy:
        return "compare", arm.name, "policy"
    changed = ("compare", arm.name, "workload", excess.key)
    return changed if locate(node, changed) != locate(node, changed[:-1]) else ("compare", "on")


def _listed(invariants: str | list[str]) -> tuple[str, ...]:
    return () if isinstance(invariants, str) else tuple(invariants)


def _keys(node: Node | None) -> tuple[str, ...]:
    return node.keys() if isinstance(node, nodes.Mapping) else ()
