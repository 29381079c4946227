"""``tvc sweep``: knobs and inputs varied on the same people, and questions about them."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tvc.cli.common import close_quietly
from tvc.cli.options import Overrides, Unbounded
from tvc.cli.printing import say, tell
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

_HELP = """Vary knobs and inputs of a workload on the same people and days, or ask a question of it.

Keys are dotted: knobs of the policy (lifetime.max) and inputs of the workload (desk.admins).
One of --vary, --tornado, --break-even and --solve says what is asked."""


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("sweep", help=_HELP)(sweep)


def sweep(  # noqa: PLR0913 - the options of the command
    context: typer.Context,
    scenario: Annotated[
        str, typer.Argument(metavar="FILE[::id]", help="A scenario with a workload.")
    ],
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="KEY=VALUES",
            help="lifetime.max=1h,4h,24h or desk.admins=4..16. Repeatable: every combination.",
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="METRIC",
            help="Measure this, such as p95(time_to_access). Repeatable.",
        ),
    ] = None,
    front: Annotated[
        str | None,
        typer.Option(
            "--front",
            metavar="M1,M2",
            help="The combinations that no other beats in both metrics; less is better, but for "
            "max:METRIC.",
        ),
    ] = None,
    tornado: Annotated[
        str | None,
        typer.Option(
            "--tornado", metavar="METRIC", help="Which assumptions matter, halved and doubled."
        ),
    ] = None,
    break_even: Annotated[
        str | None,
        typer.Option(
            "--break-even",
            metavar="METRIC",
            help="At which value of --input the better of --arms changes.",
        ),
    ] = None,
    value: Annotated[
        str | None,
        typer.Option("--input", metavar="KEY=LOW..HIGH", help="For --break-even."),
    ] = None,
    arms: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--arms", metavar="A B", help="For --break-even: arms, as `tvc compare` takes them."
        ),
    ] = None,
    solve: Annotated[
        str | None,
        typer.Option(
            "--solve",
            metavar="KEY=LOW..HIGH",
            help="The smallest value (the largest, where it fails beyond) that keeps --for.",
        ),
    ] = None,
    bound: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="BOUND", help="For --solve: 'p95(time_to_access) <= 30m', or >=."
        ),
    ] = None,
    replications: Replications = 20,
    precision: Annotated[
        float | None,
        typer.Option(
            "--precision",
            metavar="SHARE",
            min=0.001,
            max=1.0,
            help="With --vary: run no more than it takes for each interval to reach at most this "
            "share of its mean to either side; -n is then the most.",
        ),
    ] = None,
    seed: StudySeed = None,
    policy: Overrides = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="FILE", help="Write the table to FILE.csv or FILE.parquet."),
    ] = None,
    engine: EngineName = "serial",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    results: Results = None,
    resume: Resume = False,
    unbounded: Unbounded = False,
    html: Html = None,
) -> int:
    """Answer one question about a workload."""
    from tvc.files.outputs import note_output
    from tvc.harness.exits import Exit
    from tvc.runs.replications import Plan
    from tvc.studies import asking
    from tvc.studies.asking_text import answer_lines

    if sum(bool(one) for one in (vary, tornado, break_even, solve)) != 1:
        raise typer.BadParameter("say one of --vary, --tornado, --break-even and --solve")
    _check_companions(
        {"--metric": metric, "--front": front, "-o": output, "--precision": precision},
        "--vary",
        vary,
    )
    _check_companions({"--input": value, "--arms": arms}, "--break-even", break_even, needed=True)
    _check_companions({"--for": bound}, "--solve", solve, needed=True)
    if output is not None and output.suffix not in (".csv", ".parquet"):
        raise typer.BadParameter(f"-o {output}: expected a name that ends in .csv or .parquet")
    if output is not None:
        note_output(output, f"-o {output}")
    check_html(html)
    with said_plainly(context):
        running = running_of(engine, workers, scheduler, results, resume)
        of = find_subject(scenario, policy or [], unbounded)
        plan = Plan(replications, of.run.seed if seed is None else seed, 0, running, precision)
        question: asking.Asking
        if vary:
            question = asking.plan_varying(of, plan, vary, metric or [], front)
        elif tornado:
            question = asking.plan_weighing(of, plan, tornado)
        elif break_even:
            question = asking.plan_turning(of, plan, break_even, value or "", arms or ("", ""))
        else:
            question = asking.plan_solving(of, plan, solve or "", bound or "")
        answer = asking.ask(question)
        if output is not None and isinstance(answer, asking.Varied):
            tell(f"tvc: {answer.found.write(output)} rows in {output}")
    try:
        say(*answer_lines(answer))
    except BrokenPipeError:
        close_quietly(sys.stdout)
    if html is not None:
        from tvc.analysis.report.pages import page_of_answer

        write_html(page_of_answer(answer, command_line(context)), html)
    return int(Exit.PASS)


def _check_companions(
    options: dict[str, object], of: str, said: object, *, needed: bool = False
) -> None:
    for name, given in options.items():
        if given and not said:
            raise typer.BadParameter(f"{name} goes with {of}")
        if needed and said and not given:
            raise typer.BadParameter(f"{of} needs {name}")
