"""``tvc compare``: two arms on the same people, and what the second changes."""

import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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
    Study,
    StudySeed,
    Workers,
    check_html,
    find_study,
    named_without_folders,
    origin_of,
    plain_number,
    read_asked,
    refuse_impossible,
    running_of,
    said_plainly,
    write_html,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tvc.analysis.report.page import Page
    from tvc.runs.arms import Arm
    from tvc.runs.replications import Asked
    from tvc.studies.comparison import Comparison
    from tvc.studies.divergence import Divergence
    from tvc.studies.tornado import Tornado

SCHEMA = "tvc.compare/1"
#: Replications whose histories are kept to look for examples: what each holds is large.
_SEARCHED = 5
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
    from tvc.domain.words import escape
    from tvc.harness.exits import Exit
    from tvc.runs.replications import Plan, keep_together
    from tvc.runs.spreading import spread_over
    from tvc.studies.comparison import compare as run
    from tvc.studies.comparison import default_metrics
    from tvc.studies.divergence import diverge_number

    check_html(html)
    _note_examples(example)
    asked = read_asked(metric) if metric else None
    flipped = read_asked([flip], "--flip")[0] if flip else None
    with said_plainly(context=context):
        running = running_of(engine, workers, scheduler, results, resume)
        study = find_study(on, policy or [], unbounded, of="--on")
        arms = _read_arms(study, {"BASELINE": baseline, "CANDIDATE": candidate})
        refuse_impossible([*(asked or ()), *([flipped] if flipped else ())], arms)
        of_seed = study.run.seed if seed is None else seed
        warmup_ms = study.warmup_ms(arms, of_seed, replications)
        asked = asked or default_metrics(arms)
        # The comparison decides what the folder is for; what would flip it may be asked later.
        plan = keep_together(Plan(replications, of_seed, warmup_ms, running), asked, arms)
        found = run(arms[0], arms[1], asked, plan, study=escape(study.name))
        differ = partial(diverge_number, arms, of_seed, warmup_ms, _SEARCHED)
        divergences = spread_over(workers)(differ, range(replications))
        flips: list[str] = []
        bars: Tornado | None = None
        if flipped is not None:
            from tvc.studies.questions_text import flip_lines
            from tvc.studies.tornado import tornado

            bars = tornado(arms, flipped, plan)
            flips = flip_lines(bars, flipped, study.measured_ms(arms[0], warmup_ms))
    written = [] if example is None else _write_examples(example, divergences, found)
    allowed = sum(of.counts["newly_allowed"] for of in divergences)
    missed = max_newly_allowed is not None and allowed > max_newly_allowed
    try:
        if form == "pretty":
            say(*_pretty(study, found, divergences, flips, written, warmup_ms))
        elif form == "json":
            hand_over(_json(study, found, divergences))
        else:
            hand_over(found.frame().to_csv(index=False))
    except BrokenPipeError:
        close_quietly(sys.stdout)
    if html is not None:
        answered = None if flipped is None or bars is None else (flipped, bars)
        write_html(_page(context, study, found, divergences, answered), html)
    if missed:
        tell(f"tvc: {allowed} requests are newly allowed, and at most {max_newly_allowed} may be")
    return int(Exit.GATE_MISSED if missed else Exit.PASS)


def _read_arms(study: Study, texts: "Mapping[str, str]") -> "list[Arm]":
    """Read the arms that two arguments spell, by the names of the arguments."""
    from tvc.studies.changes import read_arm

    ground = (study.workload, study.folder, study.policies)
    arms = []
    for argument, text in texts.items():
        with said_plainly(argument):
            arms.append(read_arm(text, *ground, unbounded=study.unbounded))
    if arms[0].digest == arms[1].digest:
        raise typer.BadParameter("both arms are the same: nothing differs")
    return arms


def _page(
    context: typer.Context,
    study: Study,
    found: "Comparison",
    divergences: "Sequence[Divergence]",
    flip: "tuple[Asked, Tornado] | None",
) -> "Page":
    from tvc.analysis.report.compared import compared

    baseline, candidate = named_without_folders((found.baseline, found.candidate))
    runs = f"{found.replications} replications"
    origin = origin_of(context, study.name, found.seed, found.measured_ms, runs)
    named = replace(found, baseline=baseline, candidate=candidate)
    return compared(named, divergences, origin, flip)


def _pretty(  # noqa: PLR0913 - the parts of the report
    study: Study,
    found: "Comparison",
    divergences: "Sequence[Divergence]",
    flips: list[str],
    written: list[str],
    warmup_ms: int,
) -> list[str]:
    from tvc.runs.arms import assumptions
    from tvc.studies.comparison_text import comparison_lines, divergence_lines

    assumed = assumptions((found.baseline, found.candidate))
    lines = [f"{study.name}: {found.baseline.name} -> {found.candidate.name}", ""]
    lines += comparison_lines(found, study.measured_ms(found.baseline, warmup_ms))
    lines += ["", *divergence_lines(divergences)]
    lines += ["", *written] if written else []
    lines += ["", *flips] if flips else []
    return [
        *lines,
        "",
        f"{len(assumed)} inputs are assumptions (`tvc simulate --inputs` lists them)",
    ]


def _json(study: Study, found: "Comparison", divergences: "Sequence[Divergence]") -> str:
    from tvc.runs.arms import assumptions
    from tvc.studies.divergence import DIFFERENCES

    rows = [
        {key: plain_number(value) if isinstance(value, float) else value for key, value in row}
        for row in (row.items() for row in found.frame().to_dict("records"))
    ]
    counts = {name: sum(of.counts[name] for of in divergences) for name in DIFFERENCES}
    arms = {"baseline": found.baseline, "candidate": found.candidate}
    report = {
        "schema": SCHEMA,
        "on": study.name,
        "seed": found.seed,
        "replications": found.replications,
        "arms": {side: {"name": arm.name, "digest": arm.digest} for side, arm in arms.items()},
        "metrics": rows,
        "differences": counts,
        "unpaired": [sum(of.unpaired[side] for of in divergences) for side in (0, 1)],
        "assumptions": assumptions(tuple(arms.values())),
    }
    return json.dumps(report, indent=2) + "\n"


def _example_file(folder: Path, difference: str) -> Path:
    return folder / f"{difference}.tvc.yaml"


def _note_examples(folder: Path | None) -> None:
    """Note the files that examples may replace: those of an earlier run."""
    from tvc.files.outputs import note_output
    from tvc.studies.divergence import DIFFERENCES

    if folder is None:
        return
    if folder.exists() and not folder.is_dir():
        raise typer.BadParameter(f"--example {folder}: that is a file, and a folder is expected")
    for difference in DIFFERENCES if folder.exists() else ():
        note_output(_example_file(folder, difference), f"--example {folder}")


def _write_examples(
    folder: Path, divergences: "Sequence[Divergence]", found: "Comparison"
) -> list[str]:
    from tvc.files.outputs import write_output
    from tvc.studies.divergence import DIFFERENCES
    from tvc.studies.examples import find_example

    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for difference in DIFFERENCES:
        example = find_example(divergences, (found.baseline, found.candidate), difference)
        if example is not None:
            path = _example_file(folder, difference)
            write_output(path, example.text)
            lines.append(f"example of {difference} in {path}: {example.person}")
        elif any(of.counts[difference] for of in divergences):
            lines.append(
                f"no example of {difference}: none of the shortest histories plays alike without "
                "the rest of the workload"
            )
    return lines
