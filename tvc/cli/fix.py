"""``tvc fix``: write missing and changed expectations into scenario files."""

from typing import TYPE_CHECKING, Annotated

import typer

from tvc.cli.options import Ids, Paths
from tvc.cli.printing import hand_over, tell

if TYPE_CHECKING:
    from tvc.workbench.fix.fix import Fixed


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
        _tell(one, dry_run)
        if dry_run:
            hand_over(one.diff())
        elif one.changed:
            one.write()
    _sum_up(fixed, dry_run)
    return int(_exit_of(fixed, dry_run))


def _tell(fixed: "Fixed", dry_run: bool) -> None:
    said = "would be fixed" if dry_run else "fixed"
    for note in fixed.changes:
        tell(f"{fixed.path}:{note.line}:{note.column}: {said}: {note.text}")
    for note in fixed.left:
        tell(f"{fixed.path}:{note.line}:{note.column}: {note.text}")
    for message in fixed.broken:
        tell(f"{fixed.path}: {message}")


def _sum_up(fixed: "list[Fixed]", dry_run: bool) -> None:
    changes = sum(len(one.changes) for one in fixed)
    files = sum(one.changed for one in fixed)
    left = sum(len(one.left) for one in fixed)
    done = "to fix" if dry_run else "fixed"
    fails = f", {left} left alone" if left else ""
    tell(f"tvc: {changes} {done} in {files} of {len(fixed)} files{fails}")


def _exit_of(fixed: "list[Fixed]", dry_run: bool) -> int:
    from tvc.harness.exits import Exit, strongest

    codes = [Exit.PASS]
    if any(one.broken for one in fixed):
        codes.append(Exit.INTERNAL)
    if any(one.left or (dry_run and one.changed) for one in fixed):
        codes.append(Exit.FAILED)
    return strongest(codes)
