"""Finds as scenario files, which fail where they were found and pass where that is mended.

Of a broken invariant the steps expect what they give in the nearest change that breaks nothing
(see `tvc.harness.hunt.mending`), and the scenario asks for the invariant by name. So the file
fails as long as the policy is as it is, for two reasons where there is such a change and for one
where there is none. Of two sides that differ the steps expect what the first one gives.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tvc.authority.decide import Decision
from tvc.files.builder import Scenario
from tvc.files.cases import ALLOW, AuditExpectation, AuditLine, Case, Expectation, Step
from tvc.files.documents import parse_document
from tvc.files.faults import escape
from tvc.files.models import WRONG
from tvc.files.policy_merging import MergedPolicy, digest_policy
from tvc.files.scenarios import read_scenarios
from tvc.harness.hunt.goals import Breaks, Differs, Goal, Seen, differing
from tvc.harness.hunt.histories import History, unfold
from tvc.harness.hunt.mending import mend
from tvc.trace.invariants import INVARIANTS, applicable
from tvc.trace.rows import field_of
from tvc.trace.trace import Trace

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
    text = yaml_of(goal, seen, history)
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
    side = goal.sides[0]
    told = [
        f"tvc hunt: {goal.text}",
        f"seen at step {seen.step + 1}: {seen.message}",
        *(f"policy {one.name}, digest {digest_policy(one.policy)}" for one in goal.sides),
        *notes,
    ]
    decisions: Sequence[Decision] = unfold(side, history).decisions
    details: tuple[str, ...] = ()
    audit = None
    breaks: tuple[str, ...] = ()
    if isinstance(goal, Breaks):
        mended = mend(goal, seen, history)
        if mended is None:
            told.append("the steps expect what was seen: no single change mends it")
        else:
            told.append(f"the steps expect what they give with {mended.text}")
            decisions = mended.decisions
    elif isinstance(goal, Differs):
        told.append(f"the steps expect what {side.name} gives")
        first, second = (unfold(one, history) for one in goal.sides)
        details = differing(first.decisions[seen.step], second.decisions[seen.step])
        trace = first.trace()
        breaks = tuple(name for name in applicable(side.policy) if INVARIANTS[name](trace))
        audit = None if details else _audit_of(trace)
    case = Case(
        id=scenario_id or _default_id(goal, seen),
        name="",
        file="",
        line=0,
        column=0,
        policy=MergedPolicy(side.policy, {}, ()),
        people=history.people,
        clocks={clock.name: clock for clock in history.clocks},
        steps=tuple(_steps(history, decisions, seen.step, details)),
        audit=audit,
        breaks=breaks,
        invariants=None if seen.invariant is None else (seen.invariant,),
    )
    comments = "".join(f"# {escape(line)}\n" for line in told)
    return comments + Scenario.from_case(case).to_yaml()


def _default_id(goal: Goal, seen: Seen) -> str:
    side = goal.sides[0]
    what = seen.invariant or f"or-{goal.sides[-1].name}"
    words = f"{side.name}-{what}".lower()
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in words).strip("-")


def _steps(
    history: History, decisions: Sequence[Decision], decisive: int, details: tuple[str, ...]
) -> Iterator[Step]:
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
            expect=_expected(decisions[index], details if index == decisive else ()),
            stated=not decisions[index].allowed,
        )


def _expected(decision: Decision, details: tuple[str, ...]) -> Expectation:
    if decision.allowed:
        return ALLOW
    expect = Expectation(allowed=False, reason=decision.reason)
    told = {name: getattr(decision, name) for name in details if name not in ("allowed", "reason")}
    return replace(expect, **told)


def _audit_of(trace: Trace) -> AuditExpectation:
    lines = []
    for record in trace.records:
        said = {name: field_of(record, name) for name in _AUDITED}
        told = {"type": record.type} | {key: text for key, text in said.items() if text is not None}
        lines.append(AuditLine(0, 0, told))
    return AuditExpectation("exactly", tuple(lines), ())
