"""What a run comes to: its counts, spells, levels and ratios, by the names of the measures."""

from typing import TYPE_CHECKING

from tvc.trace.measures.measured import Measured

if TYPE_CHECKING:
    from tvc.trace.measures.recorder import Recorder


def totals(recorder: "Recorder", at_ms: int) -> Measured:
    """Return what a recorder has measured when everything is closed.

    Parameters
    ----------
    recorder
        Of the run.
    at_ms
        The end of the run.
    """
    desk, ledger, lockouts = recorder.desk, recorder.ledger, recorder.lockouts
    until_ms = min(at_ms, recorder.window.horizon_ms)
    sums = {
        "locked_out": lockouts.time_to_access.total_ms,
        "calls": desk.calls,
        "repeat_calls": desk.repeat_calls,
        "desk.abandoned": desk.abandoned,
        "desk.minutes": desk.handled_ms,
        "codes.generated": ledger.generated,
        "codes.lapsed_unused": ledger.lapsed_unused,
        "exposure": ledger.exposed_ms,
        "exposure.idle": ledger.idle_ms,
        "stranded": lockouts.stranded_ms,
        "overstay": ledger.overstay,
        "takeover": recorder.access.takeovers,
        "access": recorder.access.access_ms,
    }
    counts: dict[str, dict[tuple[str, ...], float]] = {
        name: {(): float(total)} for name, total in sums.items()
    }
    sign_ins: dict[tuple[str, ...], float] = {}
    for (method, outcome, reason, _), number in recorder.sign_ins().items():
        key = (method, outcome, reason)
        sign_ins[key] = sign_ins.get(key, 0) + number
    counts["sign_ins"] = sign_ins
    counts["generate.denied"] = {
        (str(labels[0]),): float(sum(bins))
        for (measure, *labels), bins in recorder.series.items()
        if measure == "generate.denied"
    }
    return Measured(
        counts,
        {
            "time_to_access": lockouts.time_to_access,
            "desk.wait": desk.wait,
            "dwell": recorder.access.dwell,
        },
        {"codes.live": (ledger.live.mean(until_ms), float(ledger.live.highest))},
        {"desk.utilisation": desk.utilisation()},
    )
