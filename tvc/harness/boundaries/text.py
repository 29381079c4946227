"""Showing probes: clearly as what nobody wrote, and in the words of scenario files."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from tvc.authority.decide import Decision
from tvc.authority.durations import format_duration
from tvc.domain.words import escape
from tvc.files.writing import describe_step
from tvc.harness.boundaries.probing import Probe


def step_text(probe: Probe) -> str:
    """Write a probe's step on one line, its time included."""
    said = {**describe_step(probe.step)}
    return "{" + ", ".join(f"{key}: {value}" for key, value in said.items()) + "}"


def probe_lines(probes: Iterable[Probe]) -> Iterator[str]:
    """Yield a line for each request at each bound, with what its sides gave.

    Examples of a line: ``at 1h code.live of ana#1 {do: sign_in, by: ana, code: c1}: below allow,
    at deny code_expired, above deny code_expired``.
    """
    for _, group in groupby(probes, key=_bound_key):
        together = list(group)
        requests = dict.fromkeys(map(_request_text, together))
        for text in requests:
            alike = [probe for probe in together if _request_text(probe) == text]
            gave = ", ".join(f"{probe.side} {_answer(probe)}" for probe in alike)
            yield escape(f"{_place(alike[0])} {text}: {gave}")


def _bound_key(probe: Probe) -> tuple[object, ...]:
    return probe.after, probe.bound, probe.step.node


def _place(probe: Probe) -> str:
    when = format_duration(probe.bound.reading_ms)
    clock = "" if probe.step.node is None else f" on {probe.step.node}"
    return f"at {when}{clock}, {probe.bound.threshold} of {probe.bound.of}:"


def _request_text(probe: Probe) -> str:
    said = {**describe_step(probe.step)}
    shown = ", ".join(f"{key}: {said[key]}" for key in said if key not in ("at", "node"))
    return f"{{{shown}}}" + (" after an expire" if probe.expires_first else "")


def _answer(probe: Probe) -> str:
    text = _decision_text(probe.decision)
    broken = ", ".join(one.invariant for one in probe.breaks)
    return f"{text} (BREAKS {broken})" if broken else text


def _decision_text(decision: Decision) -> str:
    return "allow" if decision.allowed else f"deny {decision.reason}"


def probe_row(probe: Probe) -> dict[str, Any]:
    """Return a probe as plain values, for the JSON report."""
    decision = probe.decision
    return {
        "after_step": probe.after - 1 if probe.after else None,
        "threshold": probe.bound.threshold,
        "of": probe.bound.of,
        "side": probe.side,
        "at_ms": probe.step.at_ms,
        "step": describe_step(probe.step),
        "expires_first": probe.expires_first,
        "decision": "allow" if decision.allowed else "deny",
        "reason": decision.reason,
        "rule": decision.rule,
        "challenge": decision.challenge,
        "retry_after_ms": decision.retry_after_ms,
        "limit": decision.limit,
        "breaks": [one.invariant for one in probe.breaks],
    }
