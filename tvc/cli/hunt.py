"""``tvc hunt``: search for a history that breaks an invariant, or tells two policies apart."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tvc.cli.common import load_policy, seconds_of
from tvc.cli.options import LARGEST_SEED
from tvc.cli.printing import hand_over, show_aside, tell

if TYPE_CHECKING:
    from tvc.workbench.hunt.goals import Goal, Side
    from tvc.workbench.hunt.search import Exhausted, Find

_RANDOM_EVENTS = 16
_EXHAUSTIVE_EVENTS = 5


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(
        "hunt", help="Search for a scenario that breaks an invariant or tells two policies apart."
    )(hunt)


def hunt(  # noqa: PLR0913 - the options of the command
    policy: Annotated[
        str,
        typer.Option("--policy", metavar="POLICY", help="A shipped policy, or a policy file."),
    ] = "salesforce",
    invariant: Annotated[
        str | None,
        typer.Option(
            "--invariant",
            metavar="NAME",
            help="The invariant to break; any that the policy makes true by default.",
        ),
    ] = None,
    differs_from: Annotated[
        str | None,
        typer.Option(
            "--differs-from",
            metavar="POLICY",
            help="Look for a decision in which the two policies differ instead.",
        ),
    ] = None,
    events: Annotated[
        int | None,
        typer.Option(
            "--events", metavar="N", min=1, help="Longest history; 16, or 5 with --exhaustive."
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            "--time",
            metavar="DURATION",
            help="How long to search; 60s, or until all is searched with --exhaustive.",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, max=LARGEST_SEED, help="The same seed finds the same scenario."
        ),
    ] = 0,
    clocks: Annotated[
        bool,
        typer.Option(
            "--clocks",
            help="Let nodes judge whose clocks are wrong, too: asks about the policy's leeway.",
        ),
    ] = False,
    exhaustive: Annotated[
        bool,
        typer.Option(
            "--exhaustive", help="Look at every history of so many events, over a small alphabet."
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="FILE", help="Write the scenario to FILE, not to stdout."),
    ] = None,
) -> int:
    """Search; exits 1 with a scenario file where something is found, 0 where nothing is.

    An exhaustive search that the time ends before everything was looked at exits 6. The scenario
    stands alone on standard output, or in the file; all else on standard error.
    """
    from tvc.files.outputs import note_output, write_output
    from tvc.harness.exits import Exit
    from tvc.harness.formats import FORMATS
    from tvc.workbench.hunt.report import HuntReport
    from tvc.workbench.hunt.search import MOST_EVENTS, Find
    from tvc.workbench.hunt.search import hunt as search

    seconds = seconds_of(time or "60s")
    if seconds <= 0:
        raise typer.BadParameter(f"--time: {time} is no time to search")
    if events is not None and events > MOST_EVENTS:
        raise typer.BadParameter(
            f"--events: {events} is more than {MOST_EVENTS}, the longest history that is searched"
        )
    if output is not None:
        note_output(output, f"-o {output}")
    goal = _goal_of(policy, invariant, differs_from)
    longest = events or (_EXHAUSTIVE_EVENTS if exhaustive else _RANDOM_EVENTS)
    if exhaustive:
        limit = math.inf if time is None else seconds
        result = _exhaust(goal, longest, limit, clocks)
    else:
        result = search(goal, events=longest, seconds=seconds, seed=seed, clocks=clocks)
    report = HuntReport(result, longest if exhaustive else None, output)
    if isinstance(result, Find):
        if output is None:
            hand_over(result.to_yaml())
        else:
            write_output(output, result.to_yaml())
    show_aside(FORMATS["pretty"](report))
    if result.interrupted:
        return int(Exit.INTERRUPTED)
    if isinstance(result, Find):
        return int(Exit.FAILED)
    return int(Exit.PASS if result.cut_after is None else Exit.INCONCLUSIVE)


def _goal_of(policy: str, invariant: str | None, differs_from: str | None) -> "Goal":
    from tvc.domain.invariant_names import INVARIANT_NAMES
    from tvc.domain.words import suggest
    from tvc.workbench.hunt.goals import Breaks, Differs

    if invariant is not None and differs_from is not None:
        raise typer.BadParameter("--invariant and --differs-from together: expected one of them")
    side = _side_of(policy)
    if differs_from is not None:
        return Differs(side, _side_of(differs_from))
    if invariant is not None and invariant not in INVARIANT_NAMES:
        known = ", ".join(INVARIANT_NAMES)
        hint = suggest(invariant, INVARIANT_NAMES)
        raise typer.BadParameter(f"--invariant: no invariant {invariant!r}{hint}; known: {known}")
    return Breaks(side, invariant)


def _side_of(policy: str) -> "Side":
    from tvc.authority.decide import LAW
    from tvc.workbench.hunt.goals import Side

    loaded = load_policy(policy).policy
    return Side(LAW, loaded, loaded.name)


def _exhaust(goal: "Goal", events: int, seconds: float, clocks: bool) -> "Find | Exhausted":
    from tvc.workbench.hunt.exhaustive import CannotExhaust, exhaust

    try:
        return exhaust(
            goal,
            events=events,
            seconds=seconds,
            clocks=clocks,
            tell=lambda line: tell(f"tvc: {line}"),
        )
    except CannotExhaust as why:
        raise typer.BadParameter(f"--exhaustive: {why}") from None
