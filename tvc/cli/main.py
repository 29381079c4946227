"""The command ``tvc``: arguments in, text and an exit code out, no logic of its own."""

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated, NoReturn

import typer

from tvc import __version__
from tvc.cli import bench, explain, policies, schema, testing

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
policies.add_to(app)
schema.add_to(app)
bench.add_to(app)


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
    from tvc.files.faults import InvalidFile

    try:
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as wrong:
        # The public base class of typer's errors does not declare their `show`.
        show: Callable[[], None] = getattr(wrong, "show", partial(print, wrong, file=sys.stderr))
        show()
        return 4
    except InvalidFile as invalid:
        print(invalid, file=sys.stderr)
        return 4
    except (typer.Abort, KeyboardInterrupt):
        print("tvc: interrupted", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"tvc: error: {error.strerror}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        return 4
    return code if isinstance(code, int) else 0
