"""``tvc bench``: measure ourselves against the work that nobody can do without."""

import typer

from tvc.cli.printing import say


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(
        help="Measure tvc on this machine.", no_args_is_help=True, rich_markup_mode=None
    )
    group.callback()(_group)
    group.command("authority", help="Sign-ins by code beside their bare cryptography.")(authority)
    group.command("world", help="The model beside its parts, and a process per user.")(world)
    group.command("crn", help="What common random numbers are worth.")(crn)
    group.command("experiment", help="A study on every engine beside its model.")(experiment)
    app.add_typer(group, name="bench")


def _group() -> None:
    """Measure tvc on this machine."""


def authority() -> int:
    """Print sign-ins a second, bare look-ups a second, and the ratio; times judge nothing."""
    from tvc.workbench.benchmarks.authority import bench_authority

    say(*bench_authority().lines())
    return 0


def world() -> int:
    """Print what the model costs at 10^5 to 10^7 users beside its parts; takes some minutes."""
    from tvc.workbench.benchmarks.world import bench_world

    say(*bench_world().lines())
    return 0


def crn() -> int:
    """Print how much common random numbers cut the variance of a difference."""
    from tvc.workbench.benchmarks.pairs import bench_crn

    say(*bench_crn().lines())
    return 0


def experiment() -> int:
    """Print what a study costs beyond its model on every engine; takes some minutes."""
    from tvc.workbench.benchmarks.studies import bench_experiment

    say(*bench_experiment().lines())
    return 0
