"""Probing: each request at each bound, one tick before, at and after it, on every clock.

A probe is tried after the author's steps so far and before the next one, on a copy: the author's
own timeline never sees it. What it gives is shown and not trusted; only the invariants judge it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tvc.authority.decide import LAW, Decision, Law
from tvc.authority.edges import SIDES
from tvc.authority.requests import Kind, request
from tvc.authority.state import State, apply
from tvc.domain.cases import ALLOW, Case, Clock, Step
from tvc.harness.boundaries.bounds import Bound, bounds_of, first_at
from tvc.harness.boundaries.requests import Asking, Scene
from tvc.timeline import Run, play
from tvc.trace.invariants import INVARIANTS


@dataclass(frozen=True, slots=True)
class Breaking:
    """An invariant that a probe breaks, and how."""

    invariant: str
    message: str


@dataclass(frozen=True, slots=True)
class Probe:
    """A generated step, and what the authority decided.

    Attributes
    ----------
    bound, side
        Which bound it comes to, and on which side of it.
    after
        How many of the author's steps come before it.
    step
        The step; it stands nowhere, so its place is that of the author's step before it.
    expires_first
        Whether an Expire Now was generated just before it.
    decision
        What the authority decided.
    breaks
        The invariants that it breaks.
    """

    bound: Bound
    side: str
    after: int
    step: Step
    expires_first: bool
    decision: Decision
    breaks: tuple[Breaking, ...]


def probe_boundaries(
    case: Case, invariants: Iterable[str], law: Law = LAW, seed: int = 0
) -> tuple[Probe, ...]:
    """Try what a case leaves out around every bound that its policy makes reachable in it.

    Parameters
    ----------
    case
        A timeline; not changed.
    invariants
        Names of those to check; the ones that the author's own steps break tell nothing here.
    law, seed
        As for `tvc.timeline.play`.

    Returns
    -------
    tuple of Probe
        In order of the author's steps, and of the bounds after each.
    """
    case = _with_handles(case)
    tries = _Tries(case, tuple(invariants), law, seed)
    run = play(case, law, seed)
    handles = {code: handle for handle, code in run.handles.items() if code is not None}
    clocks: tuple[Clock | None, ...] = (None, *case.clocks.values())
    probes: dict[tuple[object, ...], Probe] = {}
    for count, state in _moments(run):
        scene = Scene(case, run.taken[:count], state, handles)
        from_ms = case.steps[count - 1].at_ms if count else 0
        until_ms = case.steps[count].at_ms if count < len(case.steps) else None
        for bound in bounds_of(state, run.trace.policy):
            askings = tuple(scene.asked_at(bound))
            for clock, side, at_ms in _instants(bound, clocks, from_ms, until_ms):
                for asking in askings:
                    # A bound at the instant of an author's step is met before that step.
                    key = (bound, side, clock and clock.name, asking)
                    if key not in probes:
                        step = _step(case, count, at_ms, clock, asking)
                        probes[key] = tries.probe(bound, side, step, asking)
    return tuple(probes.values())


def _with_handles(case: Case) -> Case:
    """Give every generated code a handle, one that no file can have, so that it can be typed."""
    steps = tuple(
        replace(step, save=f"(step {step.index + 1})")
        if step.request.kind is Kind.GENERATE and step.save is None
        else step
        for step in case.steps
    )
    return replace(case, steps=steps)


def _moments(run: Run) -> Iterator[tuple[int, State]]:
    """Yield how many steps are taken, and the state then: one object that goes on changing."""
    state = run.trace.initial.copy()
    yield 0, state
    for count, taken in enumerate(run.taken, 1):
        for record in run.trace.records[taken.first : taken.end]:
            apply(state, record.effects)
        yield count, state


def _instants(
    bound: Bound, clocks: Iterable[Clock | None], from_ms: int, until_ms: int | None
) -> Iterator[tuple[Clock | None, str, int]]:
    """Yield the true times around a bound, by each clock, at which the state is this one."""
    for clock in clocks:
        at_ms = first_at(clock, bound.reading_ms)
        for side, ticks in SIDES.items():
            if at_ms is None:
                continue
            moment_ms = at_ms + ticks
            if moment_ms >= from_ms and (until_ms is None or moment_ms <= until_ms):
                yield clock, side, moment_ms


def _step(case: Case, count: int, at_ms: int, clock: Clock | None, asking: Asking) -> Step:
    before = case.steps[count - 1] if count else case
    return Step(
        index=count,
        line=before.line,
        column=before.column,
        at_ms=at_ms,
        node=None if clock is None else clock.name,
        request=asking.request,
        presents=asking.presents,
        save=None,
        expect=ALLOW,
        stated=False,
    )


@dataclass(frozen=True, slots=True)
class _Tries:
    """Plays the author's steps so far and one probe, each time from a fresh start: the copy."""

    case: Case
    invariants: tuple[str, ...]
    law: Law
    seed: int

    def probe(self, bound: Bound, side: str, step: Step, asking: Asking) -> Probe:
        """Try one step."""
        steps = [*self.case.steps[: step.index], step]
        if asking.expires_first:
            ends = request(Kind.EXPIRE, step.request.by, subject=step.request.subject)
            steps[-1:] = [replace(step, request=ends), replace(step, index=step.index + 1)]
        run = play(replace(self.case, steps=tuple(steps)), self.law, self.seed)
        found = ((name, INVARIANTS[name](run.trace)) for name in self.invariants)
        breaks = tuple(Breaking(name, breach.message) for name, breach in found if breach)
        decision = run.taken[-1].decision
        return Probe(bound, side, step.index, step, asking.expires_first, decision, breaks)
