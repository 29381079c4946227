"""What people are told of fixed files, and what that exits with."""

from collections.abc import Iterator, Sequence

from tvc.harness.exits import Exit, strongest
from tvc.workbench.fix.fix import Fixed


def fixed_lines(fixed: Fixed, dry_run: bool) -> Iterator[str]:
    """Yield what is told of one file: what is fixed, what is left, what is broken."""
    said = "would be fixed" if dry_run else "fixed"
    for note in fixed.changes:
        yield f"{fixed.path}:{note.line}:{note.column}: {said}: {note.text}"
    for note in fixed.left:
        yield f"{fixed.path}:{note.line}:{note.column}: {note.text}"
    for message in fixed.broken:
        yield f"{fixed.path}: {message}"


def sum_line(fixed: Sequence[Fixed], dry_run: bool) -> str:
    """Return what is told of all files together."""
    changes = sum(len(one.changes) for one in fixed)
    files = sum(one.changed for one in fixed)
    left = sum(len(one.left) for one in fixed)
    done = "to fix" if dry_run else "fixed"
    fails = f", {left} left alone" if left else ""
    return f"{changes} {done} in {files} of {len(fixed)} files{fails}"


def exit_of(fixed: Sequence[Fixed], dry_run: bool) -> Exit:
    """Return what a command that fixed files exits with."""
    codes = [Exit.PASS]
    if any(one.broken for one in fixed):
        codes.append(Exit.INTERNAL)
    if any(one.left or (dry_run and one.changed) for one in fixed):
        codes.append(Exit.FAILED)
    return strongest(codes)
