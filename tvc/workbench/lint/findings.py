"""How much findings matter: how many there are of each level, and whether lint fails."""

from collections.abc import Iterable
from typing import Final

from tvc.harness.exits import Exit
from tvc.harness.formats.findings import Finding, Level

#: What ``--fail-level`` takes. ``info`` is not among them: such findings are no reason to stop.
FAIL_LEVELS: Final = (Level.ERROR, Level.WARNING, "never")


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each level, every level named.

    Examples
    --------
    >>> counts([])
    {'error': 0, 'warning': 0, 'info': 0}
    """
    found = {str(level): 0 for level in Level}
    for finding in findings:
        found[finding.level] += 1
    return found


def fails(finding: Finding, fail_level: str) -> bool:
    """Say whether a finding is at or above the level at which lint fails.

    Parameters
    ----------
    finding
        The finding.
    fail_level
        One of `FAIL_LEVELS`.
    """
    levels = list(Level)
    if fail_level not in levels:
        return False
    return levels.index(finding.level) <= levels.index(Level(fail_level))


def exit_of(findings: Iterable[Finding], fail_level: str, linted: int, invalid: bool) -> Exit:
    """Return the exit code of a lint.

    Parameters
    ----------
    findings
        What was found.
    fail_level
        One of `FAIL_LEVELS`.
    linted
        How many scenario files and policies were looked at.
    invalid
        Whether a file had faults, so that nothing was looked at.
    """
    if invalid:
        return Exit.INVALID
    if any(fails(finding, fail_level) for finding in findings):
        return Exit.FAILED
    return Exit.PASS if linted else Exit.NOTHING_RAN
