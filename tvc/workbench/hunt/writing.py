"""Finds as scenario files, which fail where they were found and pass where that is mended.

Of the steps only the deciding one is held to anything: that an invariant stays whole, which the
scenario names, or that a decision is that of the first of two sides. Of all others every decision
is accepted, so that no mend is kept out for what it changes on the way. A comment names the
changes that make the file pass (see `tvc.workbench.hunt.mending`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from tvc.authority.decide import Decision
from tvc.domain.cases import ALLOW, ANY, AuditExpectation, AuditLine, Case, Expectation, Step
from tvc.domain.policies import MergedPolicy, digest_policy
from tvc.domain.words import escape
from tvc.files.builder import Scenario
from tvc.files.documents import parse_document
from tvc.files.models import WRONG
from tvc.files.scenarios import read_scenarios
from tvc.harness.judge import run_case
from tvc.harness.outcomes import Outcome
from tvc.trace.invariants import INVARIANTS, applicable
from tvc.trace.rows import field_of
from tvc.workbench.hunt.goals import Differs, Goal, Seen, differing
from tvc.workbench.hunt.histories import Course, History, Side, unfold
from tvc.workbench.hunt.mending import Mend, mends
from tvc.workbench.knob_moves import with_policy

_AUDITED: Final = ("by", "subject", "reason", "cause", "person")


def case_of(goal: Goal, seen: Seen, history: History) -> Case:
    """Return a find as the case that its file holds.

    Parameters
    ----------
    goal, seen
        What was hunted and seen.
    history
        The history that shows it.
    """
    file = Path(f"{_default_id(goal, seen)}.tvc.yaml")
    text = Scenario.from_case(_written(goal, seen, history)).to_yaml()
    (case,) = read_scenarios(parse_document(text, str(file)), file).cases
    return case


def yaml_of(
    goal: Goal,
    seen: Seen,
    history: History,
    notes: Iterable[str] = (),
    scenario_id: str | None = None,
) -> str:
    """Write a find as a scenario file.

    Parameters
    ----------
    goal, seen, history
        As for `case_of`.
    notes
        More lines for the comment at the top.
    scenario_id
        The scenario's id; by default it is made of what was hunted.
    """
    case = _written(goal, seen, history, scenario_id)
    told = [
        f"tvc hunt: {goal.text}",
        f"seen at step {seen.step + 1}: {seen.message}",
        *(f"policy {one.name}, digest {digest_policy(one.policy)}" for one in goal.sides),
        *notes,
        *_mended(mends(goal, seen, history, case)),
    ]
    comments = "".join(f"# {escape(line)}\n" for line in told)
    return comments + Scenario.from_case(case).to_yaml()


def _mended(found: tuple[Mend, ...] | None) -> Iterator[str]:
    """Say which changes make the file pass, those that touch nothing else first."""
    if found is None:
        yield "no change of a knob was tried: the timeline is too long"
        return
    closing = [one for one in found if one.earlier is None]
    yield from (f"passes with {one.text}" for one in closing)
    if not closing:
        yield "no change of one knob mends it and leaves the earlier steps as they are"
    for one in found:
        if one.earlier is not None:
            yield f"passes with {one.text}, which changes step {one.earlier} already"


def _written(goal: Goal, seen: Seen, history: History, scenario_id: str | None = None) -> Case:
    """Make the case of a find."""
    side = goal.sides[0]
    case = Case(
        id=scenario_id or _default_id(goal, seen),
        name="",
        file="",
        line=0,
        column=0,
        policy=MergedPolicy(side.policy, {}, ()),
        people=history.people,
        clocks={clock.name: clock for clock in history.clocks},
        steps=tuple(_steps(history)),
        invariants=None if seen.invariant is None else (seen.invariant,),
    )
    return _telling_apart(case, goal, seen, history) if isinstance(goal, Differs) else case


def _telling_apart(case: Case, goal: Differs, seen: Seen, history: History) -> Case:
    """Let a case expect what the first side gives at the step at which the two differ."""
    first, second = (unfold(one, history) for one in goal.sides)
    ours, theirs = (course.decisions[seen.step] for course in (first, second))
    details = differing(ours, theirs)
    steps = list(case.steps)
    steps[seen.step] = replace(steps[seen.step], expect=_expected(ours, details))
    case = replace(case, steps=tuple(steps))
    # The file is about a decision and has to pass, whatever else the first side breaks.
    trace = first.trace()
    if any(INVARIANTS[name](trace) for name in applicable(goal.first.policy)):
        case = replace(case, invariants=())
    if details:
        return case
    audits = _audits(first, second, seen.step)
    return next(
        asking
        for asking in (replace(case, audit=audit) for audit in audits)
        if _tells(asking, goal.first, goal.second)
    )


def _tells(case: Case, first: Side, second: Side) -> bool:
    """Whether a case passes on the first side and fails on the second."""
    passes, other = (
        run_case(with_policy(case, one.policy), one.law).outcome is Outcome.PASSED
        for one in (first, second)
    )
    return passes and not other


def _default_id(goal: Goal, seen: Seen) -> str:
    side = goal.sides[0]
    what = seen.invariant or f"or-{goal.sides[-1].name}"
    words = f"{side.name}-{what}".lower()
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in words).strip("-")


def _steps(history: History) -> Iterator[Step]:
    """Yield the steps; handles are numbered, and codes that nobody presents have none."""
    presented = {event.presents for event in history.events} - {None}
    saved = [event.save for event in history.events if event.save in presented]
    handles = {handle: f"c{number}" for number, handle in enumerate(saved, 1)}
    for index, event in enumerate(history.events):
        presents = event.presents
        yield Step(
            index=index,
            line=0,
            column=0,
            at_ms=event.at_ms,
            node=event.node,
            request=event.request,
            presents=presents if presents in (None, WRONG) else handles[presents],
            save=handles.get(event.save),
            expect=ANY,
            stated=True,
        )


def _expected(decision: Decision, details: tuple[str, ...]) -> Expectation:
    if decision.allowed:
        return ALLOW
    expect = Expectation(allowed=False, reason=decision.reason)
    told = {name: getattr(decision, name) for name in details if name not in ("allowed", "reason")}
    return replace(expect, **told)


# What only audit tells


def _audits(first: Course, second: Course, step: int) -> Iterator[AuditExpectation]:
    """Yield ways to tell two courses apart by audit, those that ask for the least first."""
    ours, theirs = (_lines(course, step) for course in (first, second))
    yield AuditExpectation("in_order", ours, ())
    yield AuditExpectation("in_order", (), tuple(line for line in theirs if line not in ours))
    yield AuditExpectation("exactly", _lines(first), ())


def _lines(course: Course, step: int | None = None) -> tuple[AuditLine, ...]:
    """Return what audit has of one step, or of the whole course."""
    lines = []
    for record in course.trace().records:
        if step in (None, course.index_of(record.seq)):
            said = {name: field_of(record, name) for name in _AUDITED}
            told = {name: text for name, text in said.items() if text is not None}
            lines.append(AuditLine(0, 0, {"type": record.type} | told))
    return tuple(lines)
