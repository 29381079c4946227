"""Explaining a step: the rules met, the values compared, the state around it, the nearest allow."""

from collections.abc import Iterator
from typing import Any

from tvc.authority.decide import LAW, Law
from tvc.authority.durations import format_duration
from tvc.authority.policy import find_knob
from tvc.authority.requests import SHAPES, Kind
from tvc.authority.state import State, apply
from tvc.domain.cases import ANY, Case
from tvc.harness.examine import Comparison, Examination, differences, entries_about, examine
from tvc.harness.judge import judge_step
from tvc.harness.nearest import nearest_allows
from tvc.timeline import Run, Taken, play
from tvc.trace.rows import plain_value

#: Comparisons of counts; all others compare instants or durations.
_COUNTS = frozenset(
    {"codes.full", "rate.full", "rate.token", "approval.enough", "uses.spent", "lockout.reached"}
)


class NoSuchStep(ValueError):
    """A step number that the case does not have."""


def explain(case: Case, number: int | None = None, law: Law = LAW, seed: int = 0) -> Iterator[str]:
    """Explain one step of a case, or all that were denied or not as expected.

    Parameters
    ----------
    case
        The case.
    number
        The step, counted from 1; None for every step that was denied, or was not as expected.
    law, seed
        As for a run.

    Yields
    ------
    str
        Lines of text.

    Raises
    ------
    NoSuchStep
        If the case has no step of that number.
    """
    if number is not None and not 1 <= number <= len(case.steps):
        raise NoSuchStep(f"{case.name} has steps 1 to {len(case.steps)}, not {number}")
    yield f"{case.name}"
    if case.stochastic:
        yield "A simulation has no steps to explain."
        return
    run = play(case, law, seed)
    yield f"policy {case.policy.policy.name} ({case.policy.digest[:12]})"
    shown = 0
    for taken in run.taken:
        wanted = number is None and (not taken.decision.allowed or not judge_step(taken).ok)
        if wanted or number == taken.step.index + 1:
            shown += 1
            yield ""
            yield from _explain_step(run, taken, law)
    if not shown:
        yield ""
        yield "Every step was allowed, as expected. Use --step N to explain one of them."


def _explain_step(run: Run, taken: Taken, law: Law) -> Iterator[str]:
    case, step = run.case, taken.step
    record = run.trace.records[taken.first]
    request = record.request
    if request is None:
        return
    before = _state_before(run, taken)
    seen = examine(run.trace.policy, before, request, record.at.reading_ms, law)
    yield f"step {step.index + 1}, {case.file}:{step.line}: {_step_text(taken)}"
    if step.node is not None:
        apart = format_duration(record.at.reading_ms - record.at.true_ms)
        yield f"  read by node {step.node}, {apart} from true time"
    result = judge_step(taken)
    yield f"  decision: {_decision_text(seen)}"
    if seen.decision.message:
        yield f'  the screen says: "{seen.decision.message}"'
    if step.expect == ANY:
        yield "  expected: any, so that this step cannot fail"
    elif not result.ok:
        yield f"  expected: {result.expected}"
    yield from _rules(seen, request.kind)
    yield from _knobs(case, seen)
    yield from _states(before, taken, {step.request.by, seen.decision.subject or ""})
    if not seen.decision.allowed:
        yield "  nearest allow:"
        changes = nearest_allows(run.trace.policy, before, request, record.at.reading_ms, law)
        for change in changes:
            yield f"    {change.of + ':':<12}{change.text}"
        if not changes:
            yield "    none: no single change of time, lifetime, permission or knob is enough"


def _state_before(run: Run, taken: Taken) -> State:
    state = run.trace.initial.copy()
    for record in run.trace.records[: taken.first]:
        apply(state, record.effects)
    return state


def _step_text(taken: Taken) -> str:
    step, request = taken.step, taken.step.request
    parts = [f"at {format_duration(step.at_ms)}, {request.by} asks to {request.kind}"]
    if SHAPES[request.kind].fact:
        parts = [f"at {format_duration(step.at_ms)}, {request.kind} by {request.by}"]
    if request.subject is not None:
        parts.append(f"for {request.subject}")
    if request.lifetime_ms is not None:
        parts.append(f"lifetime {format_duration(request.lifetime_ms)}")
    if step.presents is not None:
        parts.append(f"presenting code {step.presents}")
    if request.method is not None:
        parts.append(f"with {request.method}")
    return ", ".join(parts)


def _decision_text(seen: Examination) -> str:
    decision = seen.decision
    if decision.allowed:
        code = f", code {decision.subject}#{decision.code}" if decision.code else ""
        return f"allow{code}"
    parts = [f"deny: {decision.reason} by {decision.rule}"]
    if decision.challenge is not None:
        parts.append(f"challenge {decision.challenge}")
    if decision.limit is not None:
        parts.append(f"limit {decision.limit}")
    if decision.retry_after_ms is not None:
        parts.append(f"retry after {format_duration(decision.retry_after_ms)}")
    return ", ".join(parts)


def _rules(seen: Examination, kind: Kind) -> Iterator[str]:
    if not seen.meetings:
        yield f"  rules: none; {kind} is a fact" if SHAPES[kind].fact else "  rules: none"
        return
    yield "  rules met, in order:"
    width = max(len(meeting.rule.id) for meeting in seen.meetings)
    for meeting in seen.meetings:
        yield f"    {meeting.rule.id:<{width}}  {meeting.verdict}"
        for comparison in dict.fromkeys(meeting.comparisons):
            yield f"    {'':<{width}}    {_comparison_text(comparison)}"
    last = seen.meetings[-1]
    if last.verdict != "passed":
        yield f"    {'':<{width}}    {last.rule.says}"
    if seen.unmet:
        yield f"    not reached: {', '.join(rule.id for rule in seen.unmet)}"


def _comparison_text(comparison: Comparison) -> str:
    def text(number: int) -> str:
        return str(number) if comparison.name in _COUNTS else format_duration(number)

    answer = "yes" if comparison.holds else "no"
    return (
        f"{comparison.name}: {text(comparison.left)} {comparison.sign} "
        f"{text(comparison.right)}? {answer}"
    )


def _knobs(case: Case, seen: Examination) -> Iterator[str]:
    values = case.policy.policy.values()
    rows = [(key, values[key]) for key in seen.knobs if key in values]
    if not rows:
        return
    yield "  policy values it looked at:"
    texts = [(key, _knob_text(key, value), str(case.policy.origins[key])) for key, value in rows]
    key_width = max(len(key) for key, _, _ in texts)
    value_width = max(len(value) for _, value, _ in texts)
    for key, value, origin in texts:
        yield f"    {key:<{key_width}}  {value:<{value_width}}  {origin}"


def _knob_text(key: str, value: Any) -> str:  # noqa: ANN401 - of the knob's own type
    knob = find_knob(key)
    return str(value) if knob is None else knob.format(value)


def _states(before: State, taken: Taken, names: set[str]) -> Iterator[str]:
    yield f"  state before, about {' and '.join(sorted(name for name in names if name))}:"
    for name, value in entries_about(before, names):
        yield f"    {name}: {_entry_text(value)}"
    after = before.copy()
    apply(after, taken.decision.effects)
    changes = differences(before, after)
    yield "  state after:" if changes else "  state after: unchanged"
    for name, old, new in changes:
        yield f"    {name}: {_entry_text(old)} -> {_entry_text(new)}"


def _entry_text(value: Any) -> str:  # noqa: ANN401 - any value of a table
    """Write an entry of a state on one line, instants as durations from the start."""
    return _text(plain_value(value), "")


def _text(value: Any, name: str) -> str:  # noqa: ANN401 - plain values
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        shown = {key: item for key, item in value.items() if item not in (None, [], False)}
        return "{" + ", ".join(f"{key}: {_text(item, key)}" for key, item in shown.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_text(item, name) for item in value) + "]"
    if name.endswith("_ms") and isinstance(value, int):
        return format_duration(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
