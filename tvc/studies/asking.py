"""One question to a workload: planned once, then asked once.

A planned question is a value in which nothing is left to decide: the arms, what is measured, which
replications are run and where. Its answer holds the question, so that whoever tells of it needs
nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tvc.runs.arms import Arm
from tvc.runs.replications import Asked, Plan, keep_together
from tvc.studies import questions, tornado
from tvc.studies.changes import make_arm, split_top
from tvc.studies.comparison import default_metrics
from tvc.studies.questions import (
    Bound,
    BreakEven,
    Solution,
    difference_between,
    metric_of,
    read_bound,
)
from tvc.studies.subject import CannotPlan, Subject, about, read_asked, refuse_impossible
from tvc.studies.sweeps import Axis, Sweep, grid, read_axis, read_range, sweep
from tvc.studies.tornado import Tornado

#: What marks a metric of which more is better.
_MORE: Final = "max:"


@dataclass(frozen=True)
class Question:
    """What all questions have.

    Attributes
    ----------
    subject
        What it is asked of.
    plan
        Which replications are run of every arm, and where.
    arms
        Those that the answer is told of.
    """

    subject: Subject
    plan: Plan
    arms: tuple[Arm, ...]

    @property
    def measured_ms(self) -> int:
        """How long a replication measures."""
        return self.arms[0].workload.horizon - self.plan.warmup_ms


# What comes of every combination


@dataclass(frozen=True)
class Varying(Question):
    """The question what comes of every combination of some values.

    Attributes
    ----------
    axes, asked
        What takes which values, and what is measured.
    sides
        The two metrics of the front, each with whether more is better; none without a front.
    """

    axes: tuple[Axis, ...]
    asked: tuple[Asked, ...]
    sides: tuple[tuple[Asked, bool], ...]


@dataclass(frozen=True)
class Varied:
    """Every combination, with what came of it."""

    question: Varying
    found: Sweep

    @property
    def replications(self) -> int:
        """How many were run of each combination."""
        return self.found.replications


def plan_varying(
    subject: Subject, plan: Plan, vary: Sequence[str], metric: Sequence[str], front: str | None
) -> Varying:
    """Plan to vary knobs and inputs.

    Parameters
    ----------
    subject
        What they are varied of.
    plan
        Which replications are run, but for the time that is not measured.
    vary
        ``KEY=VALUES`` each.
    metric
        What is measured; where nothing is said, what a front takes or every measure.
    front
        ``M1,M2``: the combinations that no other beats are wanted; ``max:`` where more is better.

    Raises
    ------
    CannotPlan
        If it cannot be asked so.
    """
    sides = () if front is None else _read_front(front)
    with about("vary"):
        axes = tuple(read_axis(text) for text in vary)
        arms = tuple(arm for _, arm in grid(subject.ground, axes))
    asked = read_asked(metric) or ([] if sides else default_metrics(arms))
    asked += [one for one, _ in sides if one not in asked]
    refuse_impossible(asked, arms)
    return Varying(subject, subject.planned(plan, arms), arms, axes, tuple(asked), sides)


def _read_front(text: str) -> tuple[tuple[Asked, bool], ...]:
    parts = split_top(text)
    if len(parts) != 2:
        raise CannotPlan("expected two metrics, M1,M2", "front", text)
    asked = [read_asked([part.removeprefix(_MORE)], "front")[0] for part in parts]
    return tuple((one, part.startswith(_MORE)) for one, part in zip(asked, parts, strict=True))


# Which assumptions matter


@dataclass(frozen=True)
class Weighing(Question):
    """The question which assumptions matter for a metric."""

    asked: Asked


@dataclass(frozen=True)
class Weighed:
    """The assumptions, halved and doubled."""

    question: Weighing
    found: Tornado

    @property
    def replications(self) -> int:
        """How many were run of each."""
        return self.question.plan.replications


def plan_weighing(subject: Subject, plan: Plan, metric: str) -> Weighing:
    """Plan to halve and double every assumption; see `plan_varying`."""
    (asked,) = read_asked([metric], "tornado")
    arms = (make_arm(subject.policy.policy.name, subject.ground),)
    refuse_impossible([asked], arms)
    return Weighing(subject, subject.planned(plan, arms), arms, asked)


# Where the better of two arms changes


@dataclass(frozen=True)
class Turning(Question):
    """The question at which value of an input the better of two arms changes.

    Attributes
    ----------
    names, axis, asked
        The arms as they are typed, the input with its values, and the metric.
    ends
        Both arms at the lowest value, then at the highest.
    """

    names: tuple[str, str]
    axis: Axis
    asked: Asked
    ends: tuple[Arm, ...]

    def at(self, value: object) -> tuple[Arm, Arm]:
        """Return both arms at a value."""
        return _both_at(self.subject, self.names, self.axis, value)


@dataclass(frozen=True)
class Turned:
    """Where the sign of the difference changes, if it does."""

    question: Turning
    found: BreakEven

    @property
    def replications(self) -> int:
        """How many were run of each arm at each value."""
        return self.question.plan.replications


def plan_turning(
    subject: Subject, plan: Plan, metric: str, value: str, names: tuple[str, str]
) -> Turning:
    """Plan to search a range of an input for a break-even; see `plan_varying`.

    Parameters
    ----------
    subject, plan, metric
        As there.
    value
        ``KEY=LOW..HIGH``.
    names
        Two arms, as they are typed.
    """
    (asked,) = read_asked([metric], "break_even")
    with about("input"):
        axis = read_range(value)
    with about("arms"):
        first, second = (subject.arm(name) for name in names)
    if first.digest == second.digest:
        raise CannotPlan("both are the same", "arms")
    with about("input"):
        ends = tuple(
            arm for at in (0, -1) for arm in _both_at(subject, names, axis, axis.values[at])
        )
    refuse_impossible([asked], ends)
    planned = subject.planned(plan, ends)
    return Turning(subject, planned, (first, second), names, axis, asked, ends)


def _both_at(
    subject: Subject, names: tuple[str, str], axis: Axis, value: object
) -> tuple[Arm, Arm]:
    first, second = (subject.changed_arm(name, axis.key, value) for name in names)
    return first, second


# How many it takes


@dataclass(frozen=True)
class Solving(Question):
    """The question which is the smallest value, or the largest, that keeps a bound.

    Attributes
    ----------
    axis, bound
        The values, and what is to hold.
    """

    axis: Axis
    bound: Bound

    def at(self, value: object) -> Arm:
        """Return the arm at a value."""
        return _arm_at(self.subject, self.axis, value)


@dataclass(frozen=True)
class Solved:
    """The end of the values for which the bound holds."""

    question: Solving
    found: Solution

    @property
    def replications(self) -> int:
        """How many were run at each value."""
        return self.question.plan.replications


def plan_solving(subject: Subject, plan: Plan, values: str, bound: str) -> Solving:
    """Plan to search a range for the end of what keeps a bound; see `plan_varying`.

    Parameters
    ----------
    subject, plan
        As there.
    values
        ``KEY=LOW..HIGH``.
    bound
        Such as ``p95(time_to_access) <= 30m``.
    """
    with about("for", ValueError):
        wanted = read_bound(bound)
    with about("solve"):
        axis = read_range(values)
        ends = tuple(_arm_at(subject, axis, axis.values[at]) for at in (0, -1))
    refuse_impossible([wanted.asked], ends)
    return Solving(subject, subject.planned(plan, ends), ends, axis, wanted)


def _arm_at(subject: Subject, axis: Axis, value: object) -> Arm:
    return make_arm(f"{axis.key}={value}", subject.ground, [(axis.key, value)])


# Asking

Asking = Varying | Weighing | Turning | Solving
Answer = Varied | Weighed | Turned | Solved


def ask(question: Asking) -> Answer:
    """Run what a question takes, and return its answer.

    Raises
    ------
    KeyboardInterrupt
        If it is interrupted; what is finished is kept where the plan says so.
    tvc.runs.store.StoreRefused, tvc.runs.engines.EngineRefused
        If the folder or the engine will not do.
    """
    plan = question.plan
    match question:
        case Varying():
            found = sweep(question.subject.ground, question.axes, question.asked, plan)
            return Varied(question, found)
        case Weighing():
            return Weighed(question, tornado.tornado(question.arms, question.asked, plan))
        case Turning():
            key, asked = question.axis.key, question.asked
            plan = keep_together(plan, [asked], question.ends, f"break-even of {key}")
            difference = difference_between(question.at, asked, plan)
            return Turned(question, questions.break_even(question.axis.values, difference))
        case Solving():
            key, bound = question.axis.key, question.bound
            plan = keep_together(plan, [bound.asked], question.arms, f"solving for {key}")
            metric = metric_of(question.at, bound.asked, plan)
            return Solved(question, questions.solve(question.axis.values, metric, bound))
