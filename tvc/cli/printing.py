"""Everything that the command prints goes through here, so that nothing forges a line.

A line may quote anything: the name of a file, what a file says, what somebody typed. It is escaped
as it is printed, whether or not those who made it thought of that.
"""

import sys

from tvc.domain.words import escape


def say(*lines: object) -> None:
    """Print lines on standard output, for those who asked.

    Raises
    ------
    BrokenPipeError
        If nobody reads any more.
    """
    for line in lines:
        print(escape(str(line)))
    sys.stdout.flush()


def tell(*lines: object) -> None:
    """Print lines on standard error, for people who watch."""
    for line in lines:
        print(escape(str(line)), file=sys.stderr)


def hand_over(text: str) -> None:
    """Print a report, or a file, on standard output as it is; what made it has escaped its parts.

    Raises
    ------
    BrokenPipeError
        If nobody reads any more.
    """
    sys.stdout.write(text)
    sys.stdout.flush()


def show_aside(text: str) -> None:
    """Print a report for people on standard error as it is, where standard output has another."""
    sys.stderr.write(text)
    sys.stderr.flush()
