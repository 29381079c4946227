"""``tvc sweep``: knobs and inputs varied on the same people, and questions about them."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    Study,
    StudySeed,
    Workers,
    check_html,
    find_study,
    named_without_folders,
    origin_of,
    read_asked,
    refuse_impossible,
    running_of,
    said_plainly,
    write_html,
)

if TYPE_CHECKING:
    from tvc.analysis.report.evidence import Origin
    from tvc.analysis.report.page import Page
    from tvc.runs.arms import Arm
    from tvc.runs.replications import Asked, Plan
    from tvc.studies.sweeps import Sweep

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

    asked = [bool(one) for one in (vary, tornado, break_even, solve)]
    if sum(asked) != 1:
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
    with said_plainly(context=context):
        running = running_of(engine, workers, scheduler, results, resume)
        study = find_study(scenario, policy or [], unbounded)
        of_seed = study.run.seed if seed is None else seed
        plan = Plan(replications, of_seed, 0, running, precision)
        if vary:
            answer = _vary(study, plan, vary, metric or [], front, output)
        elif tornado:
            answer = _tornado(study, plan, tornado)
        elif break_even and value and arms:
            answer = _break_even(study, plan, break_even, value, arms)
        else:
            answer = _solve(study, plan, solve or "", bound or "")
    try:
        say(*answer.lines)
    except BrokenPipeError:
        close_quietly(sys.stdout)
    if html is not None:
        runs = f"{answer.replications} replications"
        origin = origin_of(context, study.name, plan.seed, answer.measured_ms, runs)
        write_html(answer.page(origin), html)
    return int(Exit.PASS)


@dataclass(frozen=True)
class _Answer:
    """What is printed, how many replications of how long it is of, and how its report is made."""

    lines: list[str]
    replications: int
    measured_ms: int
    page: "Callable[[Origin], Page]"


def _check_companions(
    options: dict[str, object], of: str, said: object, *, needed: bool = False
) -> None:
    for name, given in options.items():
        if given and not said:
            raise typer.BadParameter(f"{name} goes with {of}")
        if needed and said and not given:
            raise typer.BadParameter(f"{of} needs {name}")


def _settled(study: Study, plan: "Plan", arms: "Sequence[Arm]") -> "Plan":
    """Return the plan with the warm-up that these arms take."""
    return replace(plan, warmup_ms=study.warmup_ms(arms, plan.seed, plan.replications))


def _footer(study: Study, plan: "Plan", arms: "Sequence[Arm]") -> list[str]:
    from tvc.authority.durations import format_duration
    from tvc.runs.arms import assumptions

    measured = format_duration(study.measured_ms(arms[0], plan.warmup_ms))
    return [
        "",
        f"{study.name}: {plan.replications} replications of {measured}, the same people and days "
        f"everywhere (seed {plan.seed})",
        f"{len(assumptions(arms))} inputs are assumptions (`tvc simulate --inputs` lists them)",
    ]


def _vary(  # noqa: PLR0913 - as the command takes them
    study: Study,
    plan: "Plan",
    vary: list[str],
    metric: list[str],
    front: str | None,
    output: Path | None,
) -> _Answer:
    from tvc.studies.comparison import default_metrics
    from tvc.studies.sweeps import grid, read_axis
    from tvc.studies.sweeps import sweep as run
    from tvc.studies.sweeps_text import front_lines, sweep_lines

    sides = [] if front is None else _read_front(front)
    with said_plainly("--vary"):
        axes = [read_axis(text) for text in vary]
        arms = [arm for _, arm in grid(study.ground, axes)]
    asked = read_asked(metric) or ([] if sides else default_metrics(arms))
    asked += [one for one, _ in sides if one not in asked]
    refuse_impossible(asked, arms)
    plan = _settled(study, plan, arms)
    found = run(study.ground, axes, asked, plan)
    plan = replace(plan, replications=found.replications)
    measured_ms = study.measured_ms(arms[0], plan.warmup_ms)
    if output is not None:
        _write(found, output)
    lines = sweep_lines(found, measured_ms)
    if sides:
        lines += ["", *front_lines(found, sides[0], sides[1], measured_ms)]

    def page(origin: "Origin") -> "Page":
        from tvc.analysis.report.swept import swept

        return swept(found, sides, origin)

    return _Answer(lines + _footer(study, plan, arms), plan.replications, measured_ms, page)


def _read_front(text: str) -> "list[tuple[Asked, bool]]":
    from tvc.studies.changes import split_top

    parts = split_top(text)
    if len(parts) != 2:
        raise typer.BadParameter(f"--front {text}: expected two metrics, M1,M2")
    return [
        (read_asked([part.removeprefix("max:")], "--front")[0], part.startswith("max:"))
        for part in parts
    ]


def _write(found: "Sweep", output: Path) -> None:
    from tvc.files.outputs import write_output

    frame = found.frame()
    as_csv = output.suffix == ".csv"
    write_output(output, frame.to_csv(index=False) if as_csv else frame.to_parquet(index=False))
    tell(f"tvc: {len(frame)} rows in {output}")


def _tornado(study: Study, plan: "Plan", text: str) -> _Answer:
    from tvc.studies.changes import make_arm
    from tvc.studies.questions_text import tornado_lines
    from tvc.studies.tornado import tornado

    asked = read_asked([text], "--tornado")[0]
    arm = make_arm(study.policy.policy.name, study.ground)
    refuse_impossible([asked], [arm])
    plan = _settled(study, plan, [arm])
    found = tornado([arm], asked, plan)
    measured_ms = study.measured_ms(arm, plan.warmup_ms)
    lines = tornado_lines(found, asked, measured_ms)

    def page(origin: "Origin") -> "Page":
        from tvc.analysis.report.answered import tornado_answered

        return tornado_answered(found, asked, arm, origin)

    return _Answer(lines + _footer(study, plan, [arm]), plan.replications, measured_ms, page)


def _break_even(
    study: Study, plan: "Plan", text: str, value: str, names: tuple[str, str]
) -> _Answer:
    from tvc.runs.replications import keep_together
    from tvc.studies.changes import changed_arm, read_arm
    from tvc.studies.questions import break_even, difference_between
    from tvc.studies.questions_text import break_even_lines
    from tvc.studies.sweeps import read_range

    asked = read_asked([text], "--break-even")[0]
    ground = (study.workload, study.folder, study.policies)
    with said_plainly("--input"):
        axis = read_range(value)
    with said_plainly("--arms"):
        pair = [read_arm(name, *ground, unbounded=study.unbounded) for name in names]
    if pair[0].digest == pair[1].digest:
        raise typer.BadParameter("--arms: both are the same")

    def at(number: object) -> "tuple[Arm, Arm]":
        first, second = (
            changed_arm(name, axis.key, number, *ground, unbounded=study.unbounded)
            for name in names
        )
        return first, second

    with said_plainly("--input"):
        ends = [*at(axis.values[0]), *at(axis.values[-1])]
    refuse_impossible([asked], ends)
    plan = _settled(study, plan, ends)
    plan = keep_together(plan, [asked], ends, f"break-even of {axis.key}")
    found = break_even(axis.values, difference_between(at, asked, plan))
    measured_ms = study.measured_ms(pair[0], plan.warmup_ms)
    lines = break_even_lines(found, axis.key, asked, names, measured_ms)

    def page(origin: "Origin") -> "Page":
        from tvc.analysis.report.answered import break_even_answered

        return break_even_answered(found, axis.key, asked, named_without_folders(pair), origin)

    return _Answer(lines + _footer(study, plan, pair), plan.replications, measured_ms, page)


def _solve(study: Study, plan: "Plan", text: str, bound: str) -> _Answer:
    from tvc.runs.replications import keep_together
    from tvc.studies.changes import make_arm
    from tvc.studies.questions import metric_of, read_bound, solve
    from tvc.studies.questions_text import solution_lines
    from tvc.studies.sweeps import read_range

    try:
        wanted = read_bound(bound)
    except ValueError as wrong:
        raise typer.BadParameter(f"--for: {wrong}") from None
    with said_plainly("--solve"):
        axis = read_range(text)

    def at(number: object) -> "Arm":
        return make_arm(f"{axis.key}={number}", study.ground, [(axis.key, number)])

    with said_plainly("--solve"):
        ends = [at(axis.values[0]), at(axis.values[-1])]
    refuse_impossible([wanted.asked], ends)
    plan = _settled(study, plan, ends)
    plan = keep_together(plan, [wanted.asked], ends, f"solving for {axis.key}")
    found = solve(axis.values, metric_of(at, wanted.asked, plan), wanted)
    measured_ms = study.measured_ms(ends[0], plan.warmup_ms)
    lines = solution_lines(found, axis.key, wanted, measured_ms)

    def page(origin: "Origin") -> "Page":
        from tvc.analysis.report.answered import solved

        return solved(found, axis.key, wanted, ends, origin)

    return _Answer(lines + _footer(study, plan, ends), plan.replications, measured_ms, page)
