"""The process of the command: interrupts are answered from its first import to its last moment.

What is imported here is what the handlers need and little more: all else is imported once they
are in place.
"""

import sys
from typing import NoReturn

from tvc import interrupts


def main() -> NoReturn:
    """Run the command with the words of the process, and leave with its exit code."""
    try:
        code = _run()
        interrupts.let_go()
    except KeyboardInterrupt:
        # A second one, while the first was answered; with a third one nothing is waited for.
        code = _interrupted()
        interrupts.let_go()
    if interrupts.asked():
        from tvc.workers import kill_all

        kill_all()
    sys.exit(code)


def _run() -> int:
    try:
        interrupts.take_over()
        from tvc.cli.main import main as run

        run()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    except KeyboardInterrupt:
        return _interrupted()
    except Exception:
        # Extensions make errors of their own of what interrupts their import.
        if not interrupts.asked():
            raise
        return _interrupted()
    # One that was lost on its way ends the command like any other, if late.
    return _interrupted() if interrupts.asked() and code != interrupts.CODE else code


def _interrupted() -> int:
    print("tvc: interrupted", file=sys.stderr)
    return interrupts.CODE
