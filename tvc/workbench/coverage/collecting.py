"""Collecting: which units of the law one run covers, found by examining its every decision anew.

The run is over by then, and nothing of it is changed: coverage is one more report.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tvc.authority.authority import Record
from tvc.authority.decide import LAW, Law
from tvc.authority.policy import KNOBS, RATE_KNOBS, Policy
from tvc.authority.requests import Kind
from tvc.authority.state import State
from tvc.harness.examine import Examination, examine
from tvc.timeline import Run
from tvc.workbench.coverage.edges import Walk
from tvc.workbench.coverage.sides import sides_met

#: Knobs that only the drawing of a code looks at.
_DRAWING: Final = ("code.length", "code.alphabet")
_REFUSED: Final = "refused: "
_DEFAULTS: Final = {knob.key: knob.default for knob in KNOBS}
_RATE_DEFAULTS: Final = {knob.key: knob.default for knob in RATE_KNOBS}


def units_covered(run: Run, law: Law = LAW) -> frozenset[str]:
    """Return the ids of the units that a run covers.

    Parameters
    ----------
    run
        A case that was played, whatever came of it.
    law
        The law it was played under.

    Returns
    -------
    frozenset of str
        Ids of `tvc.workbench.coverage.units.units_of`.
    """
    policy = run.trace.policy
    walk = Walk(policy)
    changed = _changed_knobs(policy)
    # Only the rules of the request at hand are watched: the others cost and are not met.
    laws = {
        kind: replace(law, rules={kind: law.rules.get(kind, ())})
        for kind in {taken.step.request.kind for taken in run.taken}
    }
    found: set[str] = set()
    for record, before in run.trace.walk():
        found.update(f"edge:{edge}" for edge in walk.ended(record))
        request = record.request
        if request is not None and record.event is None:
            now_ms = record.at.reading_ms
            seen = examine(policy, before, request, now_ms, laws[request.kind])
            found.update(_units(record, seen, policy, before))
            found.update(f"edge:{edge}" for edge in walk.decided(record, seen, before))
            found.update(changed[key] for key in _looked_at(seen, request.kind) if key in changed)
    return frozenset(found)


def _units(record: Record, seen: Examination, policy: Policy, before: State) -> Iterator[str]:
    for meeting in seen.meetings:
        rule, verdict = meeting.rule.id, meeting.verdict
        if verdict.startswith(_REFUSED):
            yield f"rule:{rule}:refused"
            yield f"reason:{rule}:{verdict.removeprefix(_REFUSED)}"
        else:
            yield f"rule:{rule}:{'passed' if verdict == 'passed' else 'allowed'}"
    if record.request is not None:
        sides = sides_met(seen, policy, before, record.request, record.at.reading_ms)
        yield from (f"threshold:{name}:{side}" for name, side in sides)


def _changed_knobs(policy: Policy) -> dict[str, str]:
    """Return the units of the knobs that are off their defaults, by the key they are read under."""
    found = {}
    for key, value in policy.values().items():
        unit, default = key, _DEFAULTS.get(key)
        if key.startswith("rates."):
            last = key.rpartition(".")[2]
            unit, default = f"rates.{last}", _RATE_DEFAULTS[last]
        if value != default:
            found[key] = f"knob:{unit}"
    return found


def _looked_at(seen: Examination, kind: Kind) -> tuple[str, ...]:
    draws = kind is Kind.GENERATE and seen.decision.allowed
    return seen.knobs + (_DRAWING if draws else ())
