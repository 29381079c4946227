"""``tvc init``: draft a suite for a policy."""

from pathlib import Path
from typing import Annotated

import typer

from tvc.cli.common import load_policy, seconds_of
from tvc.cli.options import Seed
from tvc.cli.printing import hand_over, tell


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("init", help="Draft a suite for a policy, which notices every change of a knob.")(
        init
    )


def init(
    policy: Annotated[
        str,
        typer.Argument(metavar="POLICY", help="The name of a shipped policy, or a policy file."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="FILE", help="Write the suite to FILE, not to stdout."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
    time: Annotated[
        str,
        typer.Option(
            "--time", metavar="DURATION", help="How long to hunt for what templates leave."
        ),
    ] = "60s",
    seed: Seed = 0,
) -> int:
    """Draft; exits 6 where some change is left that nothing was found to notice."""
    from tvc.files.outputs import note_output, write_output
    from tvc.harness.exits import Exit
    from tvc.workbench.init.draft import draft
    from tvc.workbench.init.page import Subject

    if output is not None:
        if output.suffix == ".json":
            raise typer.BadParameter("-o: a draft has comments, which JSON has not: name it .yaml")
        if (output.exists() or output.is_symlink()) and not force:
            raise typer.BadParameter(f"-o: {output} is there already; --force replaces it")
        note_output(output, f"-o {output}")
    seconds = seconds_of(time)
    path = output or Path(f"{Path(policy).name.partition('.')[0]}.tvc.yaml")
    subject = Subject.of(policy, load_policy(policy), path.parent)
    made = draft(subject, path, seconds=seconds, seed=seed, tell=_tell)
    if output is None:
        hand_over(made.text)
    else:
        write_output(output, made.text)
    where = "" if output is None else f"; written to {output}"
    _tell(
        f"{made.scenarios} scenarios notice {made.killed} changes of '{subject.name}'; "
        f"{made.equivalent} nobody could notice{where}"
    )
    for survivor in made.survivors:
        _tell(f"not noticed: {survivor}")
    return int(Exit.INCONCLUSIVE if made.survivors else Exit.PASS)


def _tell(line: str) -> None:
    tell(f"tvc: {line}")
