"""Judging probes: by the invariants alone, since nobody said what a generated step shall give."""

from collections.abc import Iterable, Iterator

from tvc.authority.decide import LAW, Law
from tvc.domain.cases import Case
from tvc.harness.boundaries.probing import Probe, probe_boundaries
from tvc.harness.boundaries.text import step_text
from tvc.harness.outcomes import Concern, Failure, InvariantResult


def probe_case(
    case: Case, invariants: Iterable[InvariantResult], law: Law = LAW, seed: int = 0
) -> tuple[Probe, ...]:
    """Probe a case that asks for it, by the invariants that its own steps keep.

    Parameters
    ----------
    case
        The case.
    invariants
        What the author's own steps gave. One that they break is reported, or expected, already.
    law, seed
        As for `tvc.timeline.play`.
    """
    if not case.boundaries:
        return ()
    kept = [one.name for one in invariants if one.holds and one.name not in case.breaks]
    return probe_boundaries(case, kept, law, seed)


def generated_failures(probes: Iterable[Probe]) -> Iterator[Failure]:
    """Yield a failure for each broken invariant, at the first generated step that breaks it."""
    found: dict[str, list[tuple[Probe, str]]] = {}
    for probe in probes:
        for broken in probe.breaks:
            found.setdefault(broken.invariant, []).append((probe, broken.message))
    for name, breaking in found.items():
        probe, message = breaking[0]
        more = f" and {len(breaking) - 1} more" if len(breaking) > 1 else ""
        yield Failure(
            Concern.INVARIANT,
            f"invariant {name} is broken by a generated step{more}: {message} "
            f"({step_text(probe)}, {probe.side} {probe.bound.threshold} of {probe.bound.of})",
            probe.step.line,
            probe.step.column,
            probe.after - 1 if probe.after else None,
            invariant=name,
        )
