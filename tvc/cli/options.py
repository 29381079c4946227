"""Options that several commands have, spelt and explained alike."""

from itertools import takewhile
from typing import Annotated, Any, ClassVar, Final

import typer
from typer.core import TyperCommand

#: More processes than any machine has use for, and fewer than bring one down.
MOST_PROCESSES: Final = 1_000

Paths = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Scenario files (*.tvc.yaml) or folders.")
]
Words = Annotated[
    str, typer.Option("-k", metavar="EXPR", help="Only cases whose name satisfies EXPR.")
]
Ids = Annotated[
    list[str] | None,
    typer.Option("--id", metavar="FILE::id[case]", help="Only this case. Repeatable."),
]
Tags = Annotated[
    list[str] | None, typer.Option("-t", metavar="TAG", help="Only cases with TAG. Repeatable.")
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "-f",
        metavar="FORMAT[:FILE]",
        help="pretty, json, junit, github or sarif, to stdout or to FILE. Repeatable.",
    ),
]
#: That of `tvc.domain.quantities`, which help need not load.
LARGEST_SEED: Final = 2**63 - 1
Seed = Annotated[
    int,
    typer.Option(
        "--seed", metavar="N", min=0, max=LARGEST_SEED, help="Keys everything that is drawn."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="NAME=FILE",
        help="Run with the policy file FILE wherever a scenario says NAME. Repeatable.",
    ),
]

Unbounded = Annotated[
    bool,
    typer.Option(
        "--unbounded",
        help="Run workloads that take more events or memory a replication than is sensible, too.",
    ),
]


class FlagOrFileCommand(TyperCommand):
    """A command with an option that stands alone or takes a file: ``--flag``, ``--flag=FILE``.

    Typer has flags and options with a value, and nothing between; the form with a file is given
    the name of a hidden option of its own, ``--flag-file``.
    """

    flag: ClassVar[str]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own
        """Read the words; those behind ``--`` are no options."""
        options = list(takewhile(lambda word: word != "--", args))
        spelt = [word.replace(f"{self.flag}=", f"{self.flag}-file=", 1) for word in options]
        return super().parse_args(ctx, [*spelt, *args[len(options) :]])
