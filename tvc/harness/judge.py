"""Judging a run: steps against expectations, audit against its lines, invariants against all."""

from bisect import bisect_right
from collections.abc import Iterator

from tvc.authority.authority import Record
from tvc.authority.decide import LAW, Decision, Law
from tvc.authority.durations import format_duration
from tvc.domain.cases import ANY, ANYTHING, AuditExpectation, AuditLine, Case, Expectation
from tvc.harness.generated_steps import generated_failures, probe_case
from tvc.harness.outcomes import (
    CaseResult,
    Concern,
    Failure,
    HeldPolicy,
    InvariantResult,
    Outcome,
    StepResult,
)
from tvc.timeline import Run, Taken, play
from tvc.trace.invariants import INVARIANTS, applicable
from tvc.trace.rows import field_of


def run_case(case: Case, law: Law = LAW, seed: int = 0) -> CaseResult:
    """Play a case and judge it.

    Parameters
    ----------
    case
        The case; a skipped one is not played, and one that is simulated has no steps to play.
    law
        The law that the authority applies.
    seed
        Keys what is drawn.

    Returns
    -------
    CaseResult
        With ``run`` set where the case was played.
    """
    if case.skip is not None:
        return result_of(case, seed, Outcome.SKIPPED, note=case.skip)
    if case.stochastic:
        message = "this scenario is simulated: it has no timeline that could be looked at"
        failure = Failure(Concern.NOT_RUNNABLE, message, case.line, case.column)
        return result_of(case, seed, Outcome.INCONCLUSIVE, failures=(failure,))
    run = play(case, law, seed)
    steps = tuple(judge_step(taken) for taken in run.taken)
    invariants = judge_invariants(run)
    generated = probe_case(case, invariants, law, seed)
    failures = (
        *_step_failures(steps),
        *audit_failures(run),
        *invariant_failures(case, invariants),
        *generated_failures(generated),
    )
    outcome = Outcome.FAILED if failures else Outcome.PASSED
    if case.xfail is not None:
        if failures:
            outcome, failures = Outcome.XFAILED, ()
        else:
            message = f"passed, but is marked xfail: {case.xfail}"
            outcome = Outcome.FAILED
            failures = (Failure(Concern.XFAIL, message, case.line, case.column),)
    return result_of(
        case,
        seed,
        outcome,
        steps=steps,
        invariants=invariants,
        generated=generated,
        failures=failures,
        note=case.xfail or "",
        run=run,
    )


def result_of(case: Case, seed: int, outcome: Outcome, **parts: object) -> CaseResult:
    """Return what came of a case; what its outcome rests on is given by name."""
    return CaseResult(
        case.name,
        case.file,
        case.line,
        case.column,
        outcome,
        tuple(
            HeldPolicy(arm, held.policy.name, held.digest) for arm, held in case.policies.items()
        ),
        case.digest,
        seed,
        tags=case.tags,
        **parts,  # type: ignore[arg-type] # the optional fields of the result, by name
    )


# Steps


def judge_step(taken: Taken) -> StepResult:
    """Compare what a step gave with what was expected of it."""
    expect, decision = taken.step.expect, taken.decision
    return StepResult(
        taken, _as_expected(expect, decision), _expected_text(expect), _got_text(expect, decision)
    )


def _as_expected(expect: Expectation, decision: Decision) -> bool:
    if expect == ANY:
        return True
    if expect.allowed or decision.allowed:
        return expect.allowed == decision.allowed
    pairs = (
        (expect.reason, decision.reason),
        (expect.rule, decision.rule),
        (expect.challenge, decision.challenge),
        (expect.retry_after_ms, decision.retry_after_ms),
        (expect.limit, decision.limit),
    )
    return all(wanted is None or wanted == got for wanted, got in pairs)


def _expected_text(expect: Expectation) -> str:
    if expect == ANY:
        return ANYTHING
    if expect.allowed:
        return "allow"
    return _denial(
        expect.reason, expect.rule, expect.challenge, expect.limit, expect.retry_after_ms
    )


def _got_text(expect: Expectation, decision: Decision) -> str:
    """Describe a decision; the parts that nobody asked for only where they tell something."""
    if decision.allowed:
        return "allow"
    return _denial(
        decision.reason,
        decision.rule,
        decision.challenge if expect.challenge is not None else None,
        decision.limit if expect.limit is not None else None,
        decision.retry_after_ms if expect.retry_after_ms is not None else None,
    )


def _denial(
    reason: str | None,
    rule: str | None,
    challenge: str | None,
    limit: str | None,
    retry_after_ms: int | None,
) -> str:
    parts = [f"deny: {reason}"]
    parts += [f"rule: {rule}"] if rule is not None else []
    parts += [f"challenge: {challenge}"] if challenge is not None else []
    parts += [f"limit: {limit}"] if limit is not None else []
    if retry_after_ms is not None:
        parts.append(f"retry_after: {format_duration(retry_after_ms)}")
    return "{" + ", ".join(parts) + "}"


def _step_failures(steps: tuple[StepResult, ...]) -> Iterator[Failure]:
    for result in steps:
        if not result.ok:
            step = result.taken.step
            yield Failure(
                Concern.STEP,
                f"step {step.index + 1} {step.request.kind} at {format_duration(step.at_ms)}: "
                f"expected {result.expected}, got {result.got}",
                step.line,
                step.column,
                step.index,
                result.expected,
                result.got,
            )


# Audit


def audit_failures(run: Run) -> Iterator[Failure]:
    """Yield what the audit shows and must not, or lacks and must show."""
    audit = run.case.audit
    if audit is None:
        return
    records = run.trace.records
    for line in audit.never:
        hit = next((record for record in records if _matches(line, record, run)), None)
        if hit is not None:
            step = step_of(run, hit.seq)
            at = "at the end" if step is None else f"at step {step + 1}"
            message = f"audit has {_line_text(line)} {at}, which must never come"
            yield Failure(Concern.AUDIT, message, line.line, line.column, step)
    yield from _MATCHES[audit.match](audit, run)


def _in_order(audit: AuditExpectation, run: Run) -> Iterator[Failure]:
    position = 0
    records = run.trace.records
    for line in audit.events:
        found = next(
            (
                place
                for place in range(position, len(records))
                if _matches(line, records[place], run)
            ),
            None,
        )
        if found is None:
            after = "" if position == 0 else f" after {_record_text(records[position - 1])}"
            yield _missing(line, after)
        else:
            position = found + 1


def _exactly(audit: AuditExpectation, run: Run) -> Iterator[Failure]:
    records = run.trace.records
    for line, record in zip(audit.events, records, strict=False):
        if not _matches(line, record, run):
            message = f"audit: expected {_line_text(line)}, got {_record_text(record)}"
            step = step_of(run, record.seq)
            yield Failure(Concern.AUDIT, message, line.line, line.column, step)
            return
    if len(audit.events) > len(records):
        yield _missing(audit.events[len(records)], "")
    elif len(records) > len(audit.events):
        extra = records[len(audit.events)]
        last = audit.events[-1] if audit.events else run.case
        message = f"audit: unexpected {_record_text(extra)} after the last expected line"
        yield Failure(Concern.AUDIT, message, last.line, last.column, step_of(run, extra.seq))


def _any_order(audit: AuditExpectation, run: Run) -> Iterator[Failure]:
    """Match lines to distinct records, so that a loose line steals none from a strict one."""
    records = run.trace.records
    wanted = [
        [place for place, record in enumerate(records) if _matches(line, record, run)]
        for line in audit.events
    ]
    holder: dict[int, int] = {}
    for line in range(len(audit.events)):
        if not _settle(line, wanted, holder):
            yield _missing(audit.events[line], "")


def _settle(line: int, wanted: list[list[int]], holder: dict[int, int]) -> bool:
    """Find a record for a line, moving others along an augmenting path where that helps.

    Kuhn's algorithm for bipartite matching, breadth first; ``holder`` maps records to lines.
    """
    reached_from: dict[int, int] = {}
    held = {other: place for place, other in holder.items()}
    queue = [line]
    for other in queue:
        for place in wanted[other]:
            if place in reached_from:
                continue
            reached_from[place] = other
            if place in holder:
                queue.append(holder[place])
                continue
            step: int | None = place
            while step is not None:
                mover = reached_from[step]
                holder[step] = mover
                step = held.get(mover)
            return True
    return False


_MATCHES = {"in_order": _in_order, "exactly": _exactly, "any_order": _any_order}


def _missing(line: AuditLine, where: str) -> Failure:
    message = f"audit has no {_line_text(line)}{where}"
    return Failure(Concern.AUDIT, message, line.line, line.column)


def _matches(line: AuditLine, record: Record, run: Run) -> bool:
    for name, wanted in line.fields.items():
        if name == "type":
            got: str | None = record.type
        else:
            got = field_of(record, name)
            if name == "code":
                wanted = run.handles.get(wanted) or wanted  # noqa: PLW2901 - a handle's code
        if got != wanted:
            return False
    return True


def _line_text(line: AuditLine) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in line.fields.items()) + "}"


def _record_text(record: Record) -> str:
    shown = {"type": record.type} | {
        name: value
        for name in ("by", "subject", "reason", "method", "code", "cause", "person")
        if (value := field_of(record, name)) is not None
    }
    return "{" + ", ".join(f"{name}: {value}" for name, value in shown.items()) + "}"


def step_of(run: Run, seq: int) -> int | None:
    """Return the index of the step that made a record; None for lapses found at the end."""
    place = bisect_right([taken.first for taken in run.taken], seq) - 1
    if place < 0 or seq >= run.taken[place].end:
        return None
    return run.taken[place].step.index


# Invariants


def judge_invariants(run: Run) -> tuple[InvariantResult, ...]:
    """Check the invariants that the policy makes true and those that the case names."""
    case = run.case
    if case.invariants == ():
        return ()
    names = {*applicable(run.trace.policy), *(case.invariants or ()), *case.breaks}
    return tuple(_judge_invariant(run, name) for name in INVARIANTS if name in names)


def _judge_invariant(run: Run, name: str) -> InvariantResult:
    breach = INVARIANTS[name](run.trace)
    if breach is None:
        return InvariantResult(name, True)
    found = [step_of(run, seq) for seq in breach.records]
    steps = tuple(dict.fromkeys(step for step in found if step is not None))
    return InvariantResult(name, False, found[-1] if found else None, breach.message, steps)


def invariant_failures(case: Case, results: tuple[InvariantResult, ...]) -> Iterator[Failure]:
    """Yield the invariants that broke unannounced, and those that did not break as announced."""
    for result in results:
        if not result.holds and result.name not in case.breaks:
            line, column = case.line, case.column
            if result.step is not None:
                line, column = case.steps[result.step].line, case.steps[result.step].column
            at = ", ".join(str(step + 1) for step in result.steps)
            shown = f" (step{'s' if len(result.steps) > 1 else ''} {at})" if at else ""
            message = f"invariant {result.name} is broken: {result.message}{shown}"
            yield Failure(
                Concern.INVARIANT, message, line, column, result.step, invariant=result.name
            )
        elif result.holds and result.name in case.breaks:
            message = f"breaks: {result.name} was not seen to break"
            yield Failure(Concern.BREAKS, message, case.line, case.column, invariant=result.name)
