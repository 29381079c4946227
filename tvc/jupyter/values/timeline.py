"""How a case that was played shows itself in a notebook."""

from tvc.authority.durations import format_duration
from tvc.jupyter.tables import MOST_ROWS, table
from tvc.timeline import Run, Taken


def show_run(run: Run, most: int = MOST_ROWS) -> str:
    """Return a run as HTML: a row a step, with what was decided.

    Parameters
    ----------
    run
        The run.
    most
        How many steps are shown.
    """
    count = len(run.taken)
    return table(
        f"{run.case.id}: {count:,} {'step' if count == 1 else 'steps'} under the policy "
        f"{run.case.policy.policy.name}",
        ("step", "at", "request", "by", "for", "presents", "decision", "reason", "rule"),
        map(_row, run.taken),
        most=most,
    )


def _row(taken: Taken) -> tuple[object, ...]:
    step, decision = taken.step, taken.decision
    asked = step.request
    return (
        step.index + 1,
        format_duration(step.at_ms),
        asked.kind,
        asked.by,
        asked.subject if asked.subject != asked.by else None,
        f"code {step.presents}" if step.presents is not None else asked.method,
        "allow" if decision.allowed else "deny",
        decision.reason,
        decision.rule,
    )
