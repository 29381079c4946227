"""``tvc fix``: write missing and changed expectations into scenario files."""

from typing import Annotated

import typer

from tvc.cli.options import Ids, Paths
from tvc.cli.printing import hand_over, tell


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(
        "fix", help="Write what the authority decides where a step expects something else."
    )(fix)


def fix(
    paths: Paths,
    ids: Ids = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the change as a diff, and write nothing.")
    ] = False,
) -> int:
    """Fix files; exits 1 where something fails still or, with --dry-run, would be changed.

    The diff stands alone on standard output; all else on standard error.
    """
    from tvc.harness.collect import Loading, NoSuchPath, find_files, load
    from tvc.harness.exits import Exit
    from tvc.harness.selection import Selection
    from tvc.workbench.fix.fix import fix_file
    from tvc.workbench.fix.telling import exit_of, fixed_lines, sum_line

    try:
        loaded = [load(path, Loading({})) for path in find_files(paths)]
    except NoSuchPath as wrong:
        raise typer.BadParameter(str(wrong)) from None
    faults = [fault for file in loaded if isinstance(file, tuple) for fault in file]
    tell(*faults)
    if faults:
        return int(Exit.INVALID)
    files = [file for file in loaded if not isinstance(file, tuple)]
    for wanted in ids or []:
        alone = Selection(ids=(wanted,))
        if not any(alone.selects(case) for file in files for case in file.cases):
            raise typer.BadParameter(f"--id {wanted}: no scenario has anything of that name")
    selection = Selection(ids=tuple(ids or ()))
    fixed = [fix_file(file, selection) for file in files]
    for one in fixed:
        tell(*fixed_lines(one, dry_run))
        if dry_run:
            hand_over(one.diff())
        elif one.changed:
            one.write()
    tell(f"tvc: {sum_line(fixed, dry_run)}")
    return int(exit_of(fixed, dry_run))
