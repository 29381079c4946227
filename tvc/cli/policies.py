"""``tvc policies``: list, show and compare policies."""

from collections.abc import Sequence
from typing import Annotated

import typer

from tvc.cli.common import load_policy
from tvc.cli.printing import say

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
        say(f"{name:<{width}}  {load_shipped(name).why or ''}".rstrip())
    return 0


def show(policy: _Policy) -> int:
    """Print every knob: key, value, origin, the source of a default, meaning."""
    from tvc.files.policy_tables import describe

    merged = load_policy(policy)
    say(f"policy {merged.policy.name}, digest {merged.digest}")
    if merged.why:
        say(merged.why)
    rows = [(row.key, row.value, row.source, row.origin, row.meaning) for row in describe(merged)]
    _print_table(("knob", "value", "source", "origin", "meaning"), rows)
    return 0


def diff(first: _Policy, second: _Policy) -> int:
    """Print the knobs in which two policies differ; exits 0 either way."""
    from tvc.files.policy_tables import difference

    ours, theirs = load_policy(first), load_policy(second)
    rows = difference(ours.policy, theirs.policy)
    if not rows:
        say("no difference: both have the same values")
        return 0
    _print_table(("knob", first, second), rows)
    return 0


def _print_table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]
    for row in (heads, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        say("  ".join(cells).rstrip())
