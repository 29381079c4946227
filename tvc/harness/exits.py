"""Exit codes, the same for the command and for pytest."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from tvc.harness.outcomes import Outcome, SuiteResult


class Exit(IntEnum):
    """What a process tells its caller."""

    PASS = 0
    FAILED = 1
    INTERRUPTED = 2
    INTERNAL = 3
    INVALID = 4
    NOTHING_RAN = 5
    INCONCLUSIVE = 6
    GATE_MISSED = 7


#: Which code is told where several apply, the strongest first.
PRECEDENCE: Final = (
    Exit.INTERNAL,
    Exit.INTERRUPTED,
    Exit.INVALID,
    Exit.FAILED,
    Exit.INCONCLUSIVE,
    Exit.GATE_MISSED,
    Exit.NOTHING_RAN,
    Exit.PASS,
)

_BY_OUTCOME: Final = {
    Outcome.PASSED: Exit.PASS,
    Outcome.XFAILED: Exit.PASS,
    Outcome.FAILED: Exit.FAILED,
    Outcome.ERROR: Exit.INTERNAL,
    Outcome.INCONCLUSIVE: Exit.INCONCLUSIVE,
}


def strongest(codes: Iterable[Exit]) -> Exit:
    """Return the code that takes precedence; `Exit.NOTHING_RAN` where there is none.

    Examples
    --------
    >>> strongest([Exit.PASS, Exit.INCONCLUSIVE, Exit.FAILED])
    <Exit.FAILED: 1>
    """
    return min(codes, key=PRECEDENCE.index, default=Exit.NOTHING_RAN)


def code_of(outcome: Outcome) -> Exit | None:
    """Return what one case's outcome asks for; None for a skipped case, which did not run."""
    return _BY_OUTCOME.get(outcome)


def exit_of(suite: SuiteResult, allow_empty: bool = False) -> Exit:
    """Return the exit code of a suite.

    Parameters
    ----------
    suite
        What came of it.
    allow_empty
        Whether it is fine that nothing ran.
    """
    codes = [code for result in suite.results if (code := code_of(result.outcome)) is not None]
    if suite.interrupted:
        codes.append(Exit.INTERRUPTED)
    if suite.invalid:
        codes.append(Exit.INVALID)
    if not codes:
        return Exit.PASS if allow_empty else Exit.NOTHING_RAN
    return strongest(codes)
