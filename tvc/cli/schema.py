"""``tvc schema``: the JSON Schemas of the files that tvc reads and writes."""

import json
from typing import Annotated

import typer

from tvc.cli.printing import hand_over


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("schema", help="Print a JSON Schema, for editors and other tools.")(schema)


def schema(
    of: Annotated[
        str,
        typer.Argument(
            metavar="[KIND]", help="scenario, policy, report, coverage, lint or mutation."
        ),
    ] = "scenario",
) -> int:
    """Print the schema of scenario files, policy files, or what a command reports."""
    from tvc.domain.words import suggest
    from tvc.workbench.schemas import SCHEMAS

    if of not in SCHEMAS:
        known = ", ".join(SCHEMAS)
        raise typer.BadParameter(f"no schema {of!r}{suggest(of, SCHEMAS)}; known: {known}")
    hand_over(json.dumps(SCHEMAS[of](), indent=2, ensure_ascii=False) + "\n")
    return 0
