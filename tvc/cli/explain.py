"""``tvc explain``: say why a step was decided as it was."""

from typing import Annotated

import typer

from tvc.cli.options import Overrides
from tvc.cli.printing import say


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("explain", help="Say why a step was decided as it was, and what would allow it.")(
        explain
    )


def explain(
    case: Annotated[str, typer.Argument(metavar="FILE::id[case]", help="The case to explain.")],
    step: Annotated[
        int | None,
        typer.Option("--step", metavar="N", help="Only step N, counted from 1."),
    ] = None,
    policy: Overrides = None,
) -> int:
    """Print the rules met, the values compared, the state around, and the nearest allow."""
    from tvc.cli.common import one_case
    from tvc.harness.explain import NoSuchStep
    from tvc.harness.explain import explain as explained

    found = one_case(case, policy or [])
    try:
        for line in explained(found, step):
            say(line)
    except NoSuchStep as wrong:
        raise typer.BadParameter(f"--step: {wrong}") from None
    return 0
