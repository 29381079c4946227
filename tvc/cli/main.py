"""The command ``tvc``: arguments in, text and an exit code out, no logic of its own."""

import io
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Annotated, Any, NoReturn, TextIO

import typer

from tvc import __version__, interrupts
from tvc.cli import (
    bench,
    compare,
    explain,
    fix,
    hunt,
    init,
    lint,
    mutate,
    policies,
    schema,
    simulate,
    sweep,
    testing,
)
from tvc.cli.common import close_quietly, refuse_empty
from tvc.cli.printing import tell
from tvc.domain.words import escape
from tvc.files.outputs import files_noted

app = typer.Typer(
    name="tvc",
    help="What happens if we change our MFA recovery policy? Try it before the help desk does.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
testing.add_to(app)
explain.add_to(app)
simulate.add_to(app)
compare.add_to(app)
sweep.add_to(app)
policies.add_to(app)
schema.add_to(app)
bench.add_to(app)
hunt.add_to(app)
mutate.add_to(app)
lint.add_to(app)
init.add_to(app)
fix.add_to(app)


_NUL = "an argument holds a NUL character, which no name and no file has"


_NO_THREAD = "can't start new thread"
#: The exit of `tvc.harness.exits` where the machine will not do; said without loading that.
_NO_MEANS = 4


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tvc {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command and leave with its exit code.

    Parameters
    ----------
    arguments
        The words after the command's name; those of the process by default.
    """
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    sys.stdout, sys.stderr = _ready(sys.stdout), _ready(sys.stderr)
    words = sys.argv[1:] if arguments is None else arguments
    if any("\0" in word for word in words):
        return _answer(typer.BadParameter(_NUL))
    # Not by calling `app`, which has its own way with interrupts and closed pipes.
    command = typer.main.get_command(app)
    try:
        refuse_empty(words)
        with files_noted(), command.make_context("tvc", list(words), obj=tuple(words)) as context:
            code = command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as leaving:
        return leaving.exit_code
    except (Exception, KeyboardInterrupt) as error:
        try:
            return _answer(error)
        except (MemoryError, ImportError, OSError, SystemError):
            # Not even what it takes to tell of it can be had; that is no verdict either.
            with suppress(OSError):
                os.write(2, b"tvc: the machine has no memory or no files left\n")
            return _NO_MEANS
    return code if isinstance(code, int) else 0


def _ready(stream: TextIO | None) -> TextIO:
    """Return a stream that takes every character; None is one that the caller closed."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - for good
    if isinstance(stream, io.TextIOWrapper):
        if stream is sys.__stderr__:
            heedless = io.BufferedWriter(_Heedless(stream.fileno(), "w", closefd=False))
            stream = io.TextIOWrapper(heedless, stream.encoding, line_buffering=True)
        stream.reconfigure(errors="backslashreplace")
    return stream


class _Heedless(io.FileIO):
    """Standard error that drops what it cannot take: that nobody reads it changes no answer."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - as its base has it
        """Write, and say that all is written."""
        try:
            return super().write(data) or len(data)
        except OSError:
            return len(data)


def _answer(error: BaseException) -> int:
    """Tell a person what went wrong, and return the exit code that tells their machine."""
    from tvc.files.faults import InvalidFile
    from tvc.files.outputs import RefusedOutput
    from tvc.harness.exits import Exit
    from tvc.runs.tasks import ReplicationFailed, ReplicationLost

    code = Exit.INVALID
    if interrupts.asked():
        # Whatever it became on its way.
        error = KeyboardInterrupt()
    match error:
        case typer.TyperException():
            _escape_message(error)
            # The public base class of typer's errors does not declare their `show`.
            show: Callable[[], None] = getattr(error, "show", partial(_complain, error))
            show()
        case InvalidFile():
            tell(*error.faults)
        case typer.Abort() | KeyboardInterrupt():
            _complain("interrupted")
            code = Exit.INTERRUPTED
        case BrokenPipeError():
            close_quietly(sys.stdout)
            code = Exit.PASS
        case RefusedOutput() | ReplicationLost():
            _complain(error)
        case _ if (told := _of_the_machine(error)) is not None:
            _complain(told)
        case ReplicationFailed():
            # Of the model, and not of who waited for it.
            tell(*error.places)
            _complain(f"internal error: {error.which}: {error.kind}; please report it")
            code = Exit.INTERNAL
        case _:
            # The places only: a message might quote what must stay secret.
            traceback.print_tb(error.__traceback__)
            _complain(f"internal error: {type(error).__name__}; please report it")
            code = Exit.INTERNAL
    return int(code)


def _of_the_machine(error: BaseException) -> str | None:
    """Return what the machine lacks, where that is to blame; None where we are."""
    from concurrent.futures import BrokenExecutor

    match error:
        case OSError():
            told = error.strerror or error
            place = "" if error.filename is None else f": {escape(str(error.filename))}"
            return f"{told}{place}"
        case MemoryError():
            return "out of memory"
        case ImportError() if not (error.name or "").startswith("tvc"):
            return f"a package that is needed cannot be loaded: {_first_cause(error)}"
        case RuntimeError() if str(error) == _NO_THREAD:
            return "the machine starts no more threads"
        case BrokenExecutor():
            return "a process that had a share of the work died: killed, or out of memory"
    return None


def _escape_message(error: typer.TyperException) -> None:
    """Make safe what a usage error quotes; the help of a command has lines of its own."""
    context = getattr(error, "ctx", None)
    message = getattr(error, "message", None)
    if isinstance(message, str) and (context is None or message != context.get_help()):
        error.message = escape(message)


def _first_cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).partition("\n")[0]


def _complain(message: object) -> None:
    tell(f"tvc: {message}")
