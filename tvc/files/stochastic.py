"""What a stochastic scenario may say: its workload, its run, its expectations, a comparison.

Nothing here simulates. A file is loaded with this module only when it uses one of these keys.
"""

import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from tvc.authority.durations import format_duration, parse_duration
from tvc.domain.fields import Maybe, Name, Part
from tvc.domain.quantities import LARGEST, LARGEST_SEED, ErrorChance, read_number
from tvc.domain.words import check_word, show, suggest
from tvc.domain.workload import WorkloadModel, group, inputs
from tvc.trace.measures.catalogue import PAIRED_MEASURES, Function, Unit
from tvc.trace.measures.metrics import Delta, Metric, Share, Statistic, narrow, parse_metric

#: The keys of a scenario that this module reads.
STOCHASTIC_KEYS: Final = ("workload", "run", "expect", "compare")

#: Keys and indices below a scenario, and what is wrong there.
Problem = tuple[tuple[str | int, ...], str]


# The run


class ReplicationsModel(Part):
    """How many replications: ``min`` for the pilot, and no more than ``max``."""

    min: int = Field(30, description="replications of the pilot", ge=1, le=1_000_000)
    max: int = Field(
        800, description="replications after which the verdict falls", ge=1, le=1_000_000
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is more than max {self.max}")
        return self


def _read_replications(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return {"min": value, "max": value} if is_number else value


def _read_warmup(value: object) -> int | Literal["auto"]:
    if value == "auto":
        return "auto"
    if value == "none":
        return 0
    try:
        warmup_ms = parse_duration(value) if isinstance(value, str) else -1
    except ValueError:
        warmup_ms = -1
    if warmup_ms < 0:
        raise ValueError(f"expected none, auto or a duration such as 7d, found {show(value)}")
    return warmup_ms


class RunModel(Part):
    """How a workload is run."""

    replications: Annotated[
        ReplicationsModel,
        BeforeValidator(_read_replications),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "integer", "minimum": 1},
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"min": {"type": "integer"}, "max": {"type": "integer"}},
                    },
                ]
            }
        ),
    ] = group(ReplicationsModel, "a number, or {min, max} to stop once decided")
    seed: int = Field(
        0, description="what all random numbers are drawn from", ge=0, le=LARGEST_SEED
    )
    warmup: Annotated[
        int | Literal["auto"], PlainValidator(_read_warmup), WithJsonSchema({"type": "string"})
    ] = Field(
        0, description="time at the start that is not measured: none, auto or a duration",
        json_schema_extra={"default": "none"},
    )  # fmt: skip
    false_alarm: ErrorChance = Field(
        1e-6, description="probability of failing what holds; shared by the expectations"
    )
    miss: ErrorChance = Field(0.01, description="probability of passing what fails by the margin")


# The expectations


def _read_metric(value: object) -> Metric:
    if not isinstance(value, str):
        raise ValueError(f"expected a metric such as p95(time_to_access), found {show(value)}")
    return parse_metric(value)


def _in_unit(value: object, metric: Metric) -> float:
    if metric.unit.is_time:
        if not isinstance(value, str):
            raise ValueError(
                f"{metric} is a time: expected a duration such as 2h, found {show(value)}"
            )
        return parse_duration(value)
    return read_number(value, -LARGEST, LARGEST, f"a number, as {metric} is one")


def _within(value: object, metric: Metric) -> float:
    number = _in_unit(value, metric)
    of_one = metric.unit is Unit.SHARE and not isinstance(metric, Share)
    if isinstance(metric, Delta):
        if of_one and abs(number) > 1:
            raise ValueError(f"{metric} is from -1 to 1, found {show(value)}")
    elif number < 0:
        raise ValueError(f"{metric} is never negative, found {show(value)}")
    elif of_one and number > 1:
        raise ValueError(f"{metric} is from 0 to 1, found {show(value)}")
    return number


def _read_bound(value: object, info: ValidationInfo) -> float:
    metric: Metric | None = info.data.get("metric")
    if metric is None:  # it has a fault of its own
        return 0.0
    bound = _within(value, metric)
    if isinstance(metric, Statistic):
        if info.field_name == "at_least" and bound == 0:
            raise ValueError(f"{metric} is always at least that: nothing is tested")
        if info.field_name == "at_most" and metric.function is Function.P and bound == 1:
            raise ValueError(f"{metric} is always at most that: nothing is tested")
    return bound


def _read_zero(value: object, info: ValidationInfo) -> float:
    metric: Metric | None = info.data.get("metric")
    if metric is None:
        return 0.0
    counted = isinstance(metric, Statistic) and metric.function in (Function.P, Function.COUNT)
    if not counted or _in_unit(value, metric) != 0:
        raise ValueError(
            "equals can only be 0, of p(...) or count(...): "
            "for anything else use at_most, at_least or between"
        )
    return 0.0


def _read_range(value: object, info: ValidationInfo) -> tuple[float, float]:
    metric: Metric | None = info.data.get("metric")
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"expected [low, high], found {show(value)}")
    if metric is None:
        return 0.0, 0.0
    low, high = (_within(end, metric) for end in value)
    if low >= high:
        raise ValueError("low is below high in [low, high]")
    return low, high


def _read_margin(value: object, info: ValidationInfo) -> float:
    metric: Metric | None = info.data.get("metric")
    if metric is None:
        return 0.0
    margin = _in_unit(value, metric)
    if margin <= 0:
        raise ValueError(f"a margin is above 0, found {show(value)}")
    return margin


_BOUND_SCHEMA: Final = WithJsonSchema({"type": ["number", "string"]})
#: A bound in the metric's unit: milliseconds where that is a time.
Bound = Annotated[float, PlainValidator(_read_bound), _BOUND_SCHEMA]


class ExpectModel(Part):
    """What a metric is expected to be: a bound of one kind, times as durations."""

    metric: Annotated[Metric, PlainValidator(_read_metric), WithJsonSchema({"type": "string"})] = (
        Field(description="such as p95(time_to_access), p(takeover), delta(mean(calls))")
    )
    at_most: Maybe[Bound] = Field(None, description="an upper bound")
    at_least: Maybe[Bound] = Field(None, description="a lower bound")
    equals: Maybe[Annotated[float, PlainValidator(_read_zero), _BOUND_SCHEMA]] = Field(
        None, description="0: it never happens"
    )
    between: Maybe[
        Annotated[
            tuple[float, float],
            PlainValidator(_read_range),
            WithJsonSchema({
                "type": "array",
                "items": {"type": ["number", "string"]},
                "minItems": 2,
                "maxItems": 2,
            }),
        ]
    ] = Field(None, description="[low, high]")  # fmt: skip
    margin: Maybe[Annotated[float, PlainValidator(_read_margin), _BOUND_SCHEMA]] = Field(
        None, description="how far beyond the bound must surely be found; in the metric's unit"
    )
    where: dict[str, str] = Field(
        {},
        description="narrows a measure down, such as {reason: rate_limited}; the part of a share",
    )

    @field_validator("where")
    @classmethod
    def _can_match(cls, where: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        wrong = narrow(info.data["metric"], where) if "metric" in info.data else None
        if wrong:
            raise ValueError(wrong)
        return where

    @model_validator(mode="after")
    def _has_one_bound(self) -> Self:
        bounds = [self.at_most, self.at_least, self.equals, self.between]
        if sum(bound is not None for bound in bounds) != 1:
            raise ValueError("expected one bound: at_most, at_least, equals or between")
        if self.equals is not None and self.margin is not None:
            raise ValueError("equals: 0 fails at the first event, so it has no margin")
        return self


# The comparison


class ArmModel(Part):
    """A policy with changes to the workload."""

    policy: Name = Field(description="a packaged policy or one of `policies`")
    workload: dict[str, Any] = Field(
        {}, description="inputs that differ, by dotted key: {desk.identity_check: callback}"
    )


class CompareModel(Part):
    """Two arms that meet the same people on the same days."""

    baseline: ArmModel
    candidate: ArmModel
    on: Name = Field(description="the scenario of this file whose workload both arms meet")


class StochasticModel(Part):
    """The stochastic keys of a scenario."""

    workload: Maybe[WorkloadModel] = Field(None, description="the random load on the world")
    run: RunModel = group(RunModel, "how it is run")
    expect: list[ExpectModel] = Field([], description="bounds on metrics")
    compare: Maybe[CompareModel] = Field(None, description="two arms on one workload")


def read_stochastic(scenario: Mapping[str, Any]) -> StochasticModel:
    """Read the stochastic keys of a scenario; the others are left alone.

    Parameters
    ----------
    scenario
        The scenario as ordinary mappings, lists and scalars.

    Raises
    ------
    pydantic.ValidationError
        If one of them has a wrong form; its places are below the scenario.
    """
    return StochasticModel.model_validate(
        {key: scenario[key] for key in STOCHASTIC_KEYS if key in scenario}
    )


def override(workload: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workload in plain form with some inputs changed.

    Parameters
    ----------
    workload
        As in a file; it stays as it is.
    changes
        New values by dotted key.

    Raises
    ------
    ValueError
        If a key leads below something that is no mapping.

    Examples
    --------
    >>> override({"desk": {"admins": 2}}, {"desk.identity_check": "video", "users": 10})
    {'desk': {'admins': 2, 'identity_check': 'video'}, 'users': 10}
    """
    changed: dict[str, Any] = copy.deepcopy(dict(workload))
    for key, value in changes.items():
        *groups, last = key.split(".")
        place = changed
        for part in groups:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise ValueError(f"unknown input {show(key)}{suggest(key, inputs())}")
        place[last] = value
    return changed


# What the parts must say of each other


def check_stochastic(
    scenario: Mapping[str, Any],
    scenarios: Mapping[str, Mapping[str, Any]],
    policies: Collection[str] | None = None,
) -> list[Problem]:
    """Check what the stochastic keys of a scenario must say of each other.

    Parameters
    ----------
    scenario
        A scenario with a stochastic key, in plain form. One whose form is wrong, which
        `read_stochastic` raises for, is not examined.
    scenarios
        All scenarios of the file by id, in plain form; a comparison is ``on`` one of them.
    policies
        The policies that an arm may name; None leaves them unchecked.

    Returns
    -------
    list of tuple
        Each problem's place below the scenario and what is wrong there; none when all is well.
    """
    try:
        model = read_stochastic(scenario)
    except ValidationError:
        return []
    problems = list(_check_form(scenario))
    workloads: list[WorkloadModel] | None = None
    if model.workload is not None:
        problems += _check_workload(model.workload, model.run)
        workloads = [model.workload]
    elif model.compare is not None:
        run = model.run if "run" in scenario else None
        workloads = _check_arms(problems, model.compare, run, scenarios, policies)
    for index, expectation in enumerate(model.expect):
        problem = _judge_metric(expectation.metric, model.compare is not None, workloads)
        if problem:
            problems.append((("expect", index, "metric"), problem))
    return problems


def _check_form(scenario: Mapping[str, Any]) -> Iterator[Problem]:
    if "workload" in scenario and "compare" in scenario:
        yield ("workload",), "a comparison takes the workload of the scenario it is `on`"
    if "workload" not in scenario and "compare" not in scenario:
        for key in ("run", "expect"):
            if key in scenario:
                yield (key,), f"{key} needs a workload or a comparison"
    elif "timeline" in scenario:
        yield ("timeline",), "a scenario has a timeline or a workload, not both"


def _check_workload(workload: WorkloadModel, run: RunModel) -> Iterator[Problem]:
    for key in workload.sources:
        wrong = None if key in inputs() else f"unknown input {show(key)}{suggest(key, inputs())}"
        if wrong:
            yield ("workload", "sources", key), wrong
    yield from _check_horizon(workload, run)


def _check_horizon(workload: WorkloadModel, run: RunModel) -> Iterator[Problem]:
    horizon = f"the horizon of {format_duration(workload.horizon)}"
    for index, outage in enumerate(workload.outages):
        if outage.at >= workload.horizon:
            yield ("workload", "outages", index, "at"), f"the outage begins after {horizon}"
    if run.warmup != "auto" and run.warmup >= workload.horizon:
        yield ("run", "warmup"), f"nothing is left to measure: it lasts as long as {horizon}"


def _check_arms(
    problems: list[Problem],
    compare: CompareModel,
    run: RunModel | None,
    scenarios: Mapping[str, Mapping[str, Any]],
    policies: Collection[str] | None,
) -> list[WorkloadModel] | None:
    """Return the workloads of both arms; None when they cannot be told.

    Parameters
    ----------
    run
        Of the comparison; None takes that of the scenario it is `on`.
    """
    if compare.baseline == compare.candidate:
        problems.append((("compare", "candidate"), "both arms are the same: nothing differs"))
    arms = {"baseline": compare.baseline, "candidate": compare.candidate}
    for name, arm in arms.items():
        wrong = None if policies is None else check_word("policy", arm.policy, policies)
        if wrong:
            problems.append((("compare", name, "policy"), wrong))
    known = [name for name, other in scenarios.items() if other.get("workload") is not None]
    wrong = check_word("scenario with a workload", compare.on, known)
    if wrong:
        problems.append((("compare", "on"), wrong))
        return None
    other = scenarios[compare.on]
    met = _read_met(problems, compare.on, other)
    if met is None:
        return None
    found = []
    for name, arm in arms.items():
        workload = _arm_workload(problems, name, other["workload"], arm.workload)
        if workload is not None:
            problems += _check_arm_horizon(name, arm, workload, run, met)
            found.append(workload)
    return found if len(found) == len(arms) else None


def _read_met(problems: list[Problem], on: str, other: Mapping[str, Any]) -> StochasticModel | None:
    """Read the workload that both arms meet, and its run; None when they cannot be read."""
    try:
        return read_stochastic({key: other[key] for key in ("workload", "run") if key in other})
    except ValidationError:
        # A fault is reported where it stands; what a table fills in is none, there.
        if "cases" in other or "matrix" in other:
            message = (
                f"{show(on)} takes its workload or its run from a table: "
                "expected a scenario that says every value itself"
            )
            problems.append((("compare", "on"), message))
        return None


def _check_arm_horizon(
    name: str, arm: ArmModel, workload: WorkloadModel, run: RunModel | None, met: StochasticModel
) -> Iterator[Problem]:
    """Say what is wrong with the times of an arm, and is not so with those of what it meets."""
    known = [] if met.workload is None else list(_check_horizon(met.workload, met.run))
    for path, message in _check_horizon(workload, run or met.run):
        if (path, message) in known:
            continue
        where, key, *below = path
        if where == "run" and run is not None:
            yield path, message
        elif key in arm.workload:
            yield ("compare", name, "workload", key, *below), message
        else:
            yield ("compare", name, "workload", "horizon"), message


def _arm_workload(
    problems: list[Problem], arm: str, plain: Mapping[str, Any], changes: Mapping[str, Any]
) -> WorkloadModel | None:
    wrong: list[Problem] = []
    for key, value in changes.items():
        place = ("compare", arm, "workload", key)
        unknown = _unknown_input(key)
        if unknown:
            wrong.append((place, unknown))
            continue
        # One by one, so that whatever is wrong is known to be due to this key.
        try:
            WorkloadModel.model_validate(override(plain, {key: value}))
        except ValidationError as error:
            wrong += [(place, _say(details, key)) for details in error.errors()]
        except ValueError as error:
            wrong.append((place, str(error)))
    problems += wrong
    return None if wrong else WorkloadModel.model_validate(override(plain, changes))


def _unknown_input(key: str) -> str | None:
    """Say what is wrong with a key that leads to no input, to no group and to no clock."""
    known = inputs()
    leads = key in known or key.startswith("clocks.") or any(k.startswith(f"{key}.") for k in known)
    return None if leads else f"unknown input {show(key)}{suggest(key, known)}"


def _say(details: ErrorDetails, key: str) -> str:
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "word":
        return check_word(context["what"], str(value), context["words"]) or ""
    if kind == "extra_forbidden":
        return f"unknown input {show(key)}{suggest(key, inputs())}"
    return f"{show(value)} does not fit here"


def _judge_metric(
    metric: Metric, comparing: bool, workloads: list[WorkloadModel] | None
) -> str | None:
    paired = metric.measures[0].name in PAIRED_MEASURES
    if paired and not comparing:
        return f"{metric.measures[0].name} needs two arms: it belongs in a scenario with `compare`"
    if comparing and not isinstance(metric, Delta) and not paired:
        return f"which arm's? In a comparison every metric is a delta: delta({metric})"
    if not comparing and isinstance(metric, Delta):
        return "delta needs two arms: it belongs in a scenario with `compare`"
    attacked = workloads is None or any(workload.has_attackers for workload in workloads)
    for measure in metric.measures:
        if measure.by_attackers and not attacked:
            return f"{measure.name} can never happen: the workload has no attackers"
    return None
