"""``tvc bench``: measure ourselves against the work that nobody can do without."""

import typer


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="Measure tvc on this machine.", no_args_is_help=True, rich_markup_mode=None
    )
    group.callback()(_group)
    group.command("authority", help="Sign-ins by code beside their bare cryptography.")(authority)
    app.add_typer(group, name="bench")


def _group() -> None:
    """Measure tvc on this machine."""


def authority() -> int:
    """Print sign-ins a second, bare look-ups a second, and the ratio; exit 7 below its gate."""
    from tvc.harness.benchmarks import LEAST_RATIO, bench_authority
    from tvc.harness.exits import Exit

    result = bench_authority()
    for line in result.lines():
        print(line)
    return int(Exit.PASS if result.ratio >= LEAST_RATIO else Exit.GATE_MISSED)
