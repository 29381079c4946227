"""``tvc policies``: list, show and compare policies."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tvc.files.policy_merging import MergedPolicy

_Policy = Annotated[
    str, typer.Argument(metavar="POLICY", help="The name of a shipped policy, or a policy file.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="List, show and compare policies.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command("list", help="The policies that ship with tvc.")(list_policies)
    group.command("show", help="Every value of a policy, with the place it comes from.")(show)
    group.command("diff", help="The values in which two policies differ.")(diff)
    app.add_typer(group, name="policies")


def list_policies() -> int:
    """Print the shipped policies, each with why it is as it is."""
    from tvc.files.policies import load_shipped, shipped_policies

    names = shipped_policies()
    width = max(len(name) for name in names)
    for name in names:
        print(f"{name:<{width}}  {load_shipped(name).why or ''}".rstrip())
    return 0


def show(policy: _Policy) -> int:
    """Print every knob: key, value, origin, the source of a default, meaning."""
    from tvc.files.policy_tables import describe

    merged = _load(policy)
    print(f"policy {merged.policy.name}, digest {merged.digest}")
    if merged.why:
        print(merged.why)
    rows = [(row.key, row.value, row.source, row.origin, row.meaning) for row in describe(merged)]
    _print_table(("knob", "value", "source", "origin", "meaning"), rows)
    return 0


def diff(first: _Policy, second: _Policy) -> int:
    """Print the knobs in which two policies differ; exits 0 either way."""
    from tvc.files.policy_tables import difference

    ours, theirs = _load(first), _load(second)
    rows = difference(ours.policy, theirs.policy)
    if not rows:
        print("no difference: both have the same values")
        return 0
    _print_table(("knob", first, second), rows)
    return 0


def _load(text: str) -> "MergedPolicy":
    from tvc.files.policies import load_policy_file, load_shipped

    if Path(text).suffix in (".yaml", ".yml", ".json") or Path(text).is_file():
        return load_policy_file(Path(text))
    try:
        return load_shipped(text)
    except LookupError as unknown:
        raise typer.BadParameter(str(unknown.args[0])) from None


def _print_table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]
    for row in (heads, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())
