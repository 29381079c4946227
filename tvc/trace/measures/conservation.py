"""What is opened ends once: checked at the end of every run that was not interrupted."""

from tvc.trace.measures.codes import Ledger
from tvc.trace.measures.desk import DeskBook


class NotConserved(AssertionError):
    """Something was opened that never ended, or ended twice."""


def check_codes(ledger: Ledger, live: int, audited: int, skewed: bool) -> None:
    """Check that every code is over or live, and that audit has the same ends as true time.

    Parameters
    ----------
    ledger
        The codes by true time.
    live
        How many are left at the end.
    audited
        How many ends of codes are among the records.
    skewed
        Whether a clock was wrong: it may hold for live what true time has ended, or not.

    Raises
    ------
    NotConserved
        With the numbers that do not add up.
    """
    ended = sum(ledger.ends.values())
    if ledger.all_generated != ended + live or live != ledger.live.value:
        raise NotConserved(
            f"{ledger.all_generated} codes were generated, {ended} are over and {live} live"
        )
    if (audited != ended and not skewed) or audited > ledger.all_generated:
        raise NotConserved(f"audit has {audited} ends of codes, true time {ended}")


def check_calls(desk: DeskBook) -> None:
    """Check that every call has ended or is under way.

    Raises
    ------
    NotConserved
        With the numbers that do not add up.
    """
    if desk.placed != sum(desk.ends.values()) + len(desk.open):
        raise NotConserved(f"{desk.placed} calls were placed, more ended: {desk.ends}")


def check_sessions(opened: int, ended: int) -> None:
    """Check that no more sessions ended than were opened.

    Raises
    ------
    NotConserved
        With the numbers that do not add up.
    """
    if ended > opened:
        raise NotConserved(f"{opened} sessions were opened, {ended} ended")
