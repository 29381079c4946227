"""Filling sketches in: each is played, and expects from then on what the authority decided."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from tvc.authority.decide import Decision
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind
from tvc.domain.cases import ALLOW, Expectation
from tvc.files.writing import describe_expectation
from tvc.harness.judge import judge_invariants
from tvc.timeline import Run
from tvc.trace.rows import field_of
from tvc.workbench.recipes.sketch import Plain, Sketch

#: What exact audit lines say of a record, and what those about levels say.
_EXACT: Final = ("by", "subject", "reason", "method", "cause", "person")
_LEVELS: Final = ("by", "subject", "method", "level")
_WANT: Final = "want"
_NEVER_SHOWN: Final = {"deny": str(Reason.CODE_NOT_VIEWABLE)}


@dataclass(frozen=True, slots=True)
class Filled:
    """A scenario with its expectations.

    Attributes
    ----------
    sketch
        What it was drawn from.
    said
        What a file says of it, but for its policy.
    """

    sketch: Sketch
    said: Mapping[str, Any]


def bare(sketch: Sketch) -> Plain:
    """Return what a file says of a sketch before it is filled in."""
    said: Plain = {"id": sketch.id, "why": sketch.why}
    if sketch.rows:
        said["cases"] = [dict(row) for row in sketch.rows]
    # A file may not expect that a code is shown again, not even by saying nothing.
    timeline = [
        {**step, "expect": _NEVER_SHOWN} if step["do"] == Kind.REVEAL else dict(step)
        for step in sketch.steps
    ]
    typed = {step.get("code") for step in timeline}
    for step in timeline:
        if step.get("save") not in typed:
            step.pop("save", None)
    return said | {"timeline": timeline}


def fill(sketches: Iterable[Sketch], runs: Iterable[Run]) -> Iterator[Filled]:
    """Fill sketches in.

    Parameters
    ----------
    sketches
        The sketches.
    runs
        What came of their cases, in the same order; a table has as many as it has rows.
    """
    played = iter(runs)
    for sketch in sketches:
        mine = list(islice(played, len(sketch.rows) or 1))
        if sketch.rows and not _are_alike(mine):
            for number, run in enumerate(mine):
                yield _fill_one(_row_alone(sketch, number), [run])
        else:
            yield _fill_one(sketch, mine)


def _are_alike(runs: Sequence[Run]) -> bool:
    """Whether one timeline can say what all rows give, but for its last step."""
    said = [[_expected(taken.decision) for taken in run.taken[:-1]] for run in runs]
    broken = [_broken(run) for run in runs]
    return said.count(said[0]) == len(said) and broken.count(broken[0]) == len(broken)


def _row_alone(sketch: Sketch, number: int) -> Sketch:
    row = {f"${{{column}}}": value for column, value in sketch.rows[number].items()}
    steps = tuple(
        {key: row.get(value, value) for key, value in step.items()} for step in sketch.steps
    )
    return replace(sketch, id=f"{sketch.id}-{number + 1}", steps=steps, rows=())


def _fill_one(sketch: Sketch, runs: Sequence[Run]) -> Filled:
    said, run = bare(sketch), runs[0]
    for step, taken in zip(said["timeline"], run.taken, strict=True):
        expect = _expected(taken.decision)
        if not expect.allowed:
            step["expect"] = describe_expectation(expect)
    if sketch.rows:
        for row, one in zip(said["cases"], runs, strict=True):
            row[_WANT] = describe_expectation(_expected(one.taken[-1].decision))
        said["timeline"][-1]["expect"] = f"${{{_WANT}}}"
    broken = _broken(run)
    if broken:
        said["breaks"] = broken
    if sketch.audit:
        said["audit"] = _audit_of(run, sketch.audit)
    return Filled(sketch, said)


def _expected(decision: Decision) -> Expectation:
    """Expect all that a decision says."""
    if decision.allowed:
        return ALLOW
    return Expectation(
        allowed=False,
        reason=decision.reason,
        rule=decision.rule,
        challenge=decision.challenge,
        retry_after_ms=decision.retry_after_ms,
        limit=decision.limit,
    )


def _broken(run: Run) -> list[str]:
    return [result.name for result in judge_invariants(run) if not result.holds]


def _audit_of(run: Run, what: str) -> Plain:
    exact = what == "exactly"
    lines = []
    for record in run.trace.records:
        if exact or record.type == "sign_in.allowed":
            told = {name: field_of(record, name) for name in (_EXACT if exact else _LEVELS)}
            known = {name: text for name, text in told.items() if text is not None}
            lines.append({"type": record.type} | known)
    return {"match": what if exact else "in_order", "events": lines}
