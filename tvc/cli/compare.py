"""``tvc compare``: two arms on the same people, and what the second changes."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from tvc.cli.common import close_quietly
from tvc.cli.options import Overrides, Unbounded
from tvc.cli.printing import hand_over, say, tell
from tvc.cli.studies import (
    EngineName,
    Html,
    Replications,
    Results,
    Resume,
    Scheduler,
    StudySeed,
    Workers,
    check_html,
    command_line,
    find_subject,
    running_of,
    said_plainly,
    write_html,
)

_HELP = """Compare two arms on the same people and days.

An arm is a policy (the name of a shipped one, of one in the scenario file, or a policy file), then
changes by dotted key to its knobs and to the workload: salesforce,lifetime.max=4h,desk.admins=3.
Values are written as in files, distributions in braces: desk.handling={lognormal: {median: 5m, p95:
20m}}."""


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("compare", help=_HELP)(compare)


def compare(  # noqa: PLR0913 - the options of the command
    context: typer.Context,
    baseline: Annotated[
        str, typer.Argument(metavar="BASELINE", help="An arm: POLICY[,KEY=VALUE...].")
    ],
    candidate: Annotated[
        str, typer.Argument(metavar="CANDIDATE", help="The arm that might replace it.")
    ],
    on: Annotated[
        str,
        typer.Option("--on", metavar="FILE[::id]", help="The scenario whose workload both meet."),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="METRIC",
            help="Compare this only, such as mean(calls). Repeatable; by default every measure.",
        ),
    ] = None,
    replications: Replications = 20,
    seed: StudySeed = None,
    policy: Overrides = None,
    flip: Annotated[
        str | None,
        typer.Option(
            "--flip",
            metavar="METRIC",
            help="Also halve and double each assumption, and say which of them change who is "
            "better by METRIC.",
        ),
    ] = None,
    example: Annotated[
        Path | None,
        typer.Option(
            "--example",
            metavar="DIR",
            help="Write the shortest history that shows each difference as a scenario file.",
        ),
    ] = None,
    max_newly_allowed: Annotated[
        int | None,
        typer.Option(
            "--max-newly-allowed",
            metavar="N",
            min=0,
            help="Exit 7 when the candidate allows more requests that the baseline denies.",
        ),
    ] = None,
    form: Annotated[
        Literal["pretty", "json", "csv"], typer.Option("-f", help="Of standard output.")
    ] = "pretty",
    engine: EngineName = "serial",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    results: Results = None,
    resume: Resume = False,
    unbounded: Unbounded = False,
    html: Html = None,
) -> int:
    """Compare two arms, and say what differs."""
    from tvc.harness.exits import Exit
    from tvc.runs.replications import Plan
    from tvc.studies.compared_text import compared_json, compared_lines
    from tvc.studies.comparing import plan_comparing, run_comparing
    from tvc.studies.examples import write_examples
    from tvc.studies.subject import read_asked

    check_html(html)
    _note_examples(example)
    with said_plainly(context):
        asked = read_asked(metric) if metric else None
        flipped = read_asked([flip], "flip")[0] if flip else None
        running = running_of(engine, workers, scheduler, results, resume)
        of = find_subject(on, policy or [], unbounded, "--on")
        plan = Plan(replications, of.run.seed if seed is None else seed, running=running)
        arms = {"baseline": baseline, "candidate": candidate}
        answer = run_comparing(plan_comparing(of, plan, arms, asked, flipped))
    found = answer.found
    arms_found = (found.baseline, found.candidate)
    written = write_examples(example, answer.divergences, arms_found) if example else []
    try:
        if form == "pretty":
            say(*compared_lines(answer, written))
        elif form == "json":
            hand_over(compared_json(answer))
        else:
            hand_over(found.frame().to_csv(index=False))
    except BrokenPipeError:
        close_quietly(sys.stdout)
    if html is not None:
        from tvc.analysis.report.pages import page_of_comparison

        write_html(page_of_comparison(answer, command_line(context)), html)
    allowed = answer.newly_allowed
    if max_newly_allowed is not None and allowed > max_newly_allowed:
        tell(f"tvc: {allowed} requests are newly allowed, and at most {max_newly_allowed} may be")
        return int(Exit.GATE_MISSED)
    return int(Exit.PASS)


def _note_examples(folder: Path | None) -> None:
    """Note the files that examples may replace: those of an earlier run."""
    from tvc.files.outputs import note_output
    from tvc.studies.examples import example_files

    if folder is None:
        return
    if folder.exists() and not folder.is_dir():
        raise typer.BadParameter(f"--example {folder}: that is a file, and a folder is expected")
    for file in example_files(folder).values() if folder.exists() else ():
        note_output(file, f"--example {folder}")
