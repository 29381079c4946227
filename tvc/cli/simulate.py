"""``tvc simulate``: run the workload of a scenario once, and say what came of it."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tvc.cli.common import close_quietly, file_and_id, one_case, overrides_of
from tvc.cli.options import LARGEST_SEED, Overrides, Unbounded
from tvc.cli.printing import say, tell
from tvc.cli.studies import Html, StudySeed, check_html, origin_of, write_html

if TYPE_CHECKING:
    from tvc.domain.cases import Case
    from tvc.runs.results import Recorded
    from tvc.world.simulation import Run

_REFRESHES_S = 0.2


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("simulate", help="Run a workload under a policy once, and summarise it.")(simulate)


def simulate(  # noqa: PLR0913 - the options of the command
    context: typer.Context,
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="[FILE[::id]]", help="A scenario with a workload; the file's only one, or id."
        ),
    ] = "",
    policy: Overrides = None,
    seed: StudySeed = None,
    replication: Annotated[
        int | None,
        typer.Option(
            "--replication",
            metavar="N",
            min=0,
            max=LARGEST_SEED,
            help="Which replication of that seed; 0 by default.",
        ),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results",
            metavar="DIR",
            help="Write run.json and the frames as Parquet files. Nothing is written by default.",
        ),
    ] = None,
    trace: Annotated[
        Literal["full", "sampled", "none"] | None,
        typer.Option(
            "--trace",
            help="Records among the results: all, those of sampled people (default), or none.",
        ),
    ] = None,
    rerun: Annotated[
        Path | None,
        typer.Option(
            "--rerun",
            metavar="RUN.JSON",
            help="Run a recorded run again instead; exit 1 where its digest differs.",
        ),
    ] = None,
    inputs: Annotated[
        bool, typer.Option("--inputs", help="List the inputs that are shipped defaults, too.")
    ] = False,
    unbounded: Unbounded = False,
    html: Html = None,
) -> int:
    """Run it once; the summary stands on standard output, its progress on standard error."""
    from tvc.harness.exits import Exit

    if rerun is not None:
        others = (scenario, policy, results, trace, html)
        if any(others) or seed is not None or replication is not None:
            raise typer.BadParameter(
                "--rerun takes all it runs from the file: only --inputs and --unbounded fit"
            )
        return _run_again(rerun, inputs, unbounded)
    if not scenario:
        raise typer.BadParameter("what to simulate? Expected FILE, FILE::id or --rerun RUN.JSON")
    if trace is not None and results is None:
        raise typer.BadParameter("--trace: records are written with --results DIR only")
    check_html(html)
    case = _find_case(scenario, policy or [], unbounded)
    _refuse_unanswered(case, policy or [])
    run = _run_case(case, seed, replication or 0, results, trace or "sampled", inputs)
    if html is not None:
        _report(context, case.name, run, html)
    return int(Exit.PASS if run.complete else Exit.INTERRUPTED)


def _find_case(text: str, overrides: list[str], unbounded: bool) -> "Case":
    """Load the case with a workload that FILE or FILE::id names."""
    from tvc.files.scenarios import load_scenarios

    file, case_id = file_and_id(text)
    if not case_id:
        cases = load_scenarios(Path(file), overrides_of(overrides), unbounded=unbounded).cases
        found = [case for case in cases if "workload" in case.study]
        if not found:
            raise typer.BadParameter(f"{file} has no scenario with a workload to simulate")
        if len(found) > 1:
            names = ", ".join(f"{file}::{case.id}" for case in found)
            raise typer.BadParameter(f"{file} has several workloads; name one of: {names}")
        return found[0]
    case = one_case(text, overrides, unbounded)
    if "compare" in case.study:
        on = f"{file}::{case.study['compare']['on']}"
        raise typer.BadParameter(f"{text} compares two arms; what they run is {on}")
    if not case.stochastic:
        raise typer.BadParameter(
            f"{text} is a timeline, in which nothing is random: `tvc test` plays it"
        )
    return case


def _refuse_unanswered(case: "Case", overrides: list[str]) -> None:
    lineage = {origin.file for origin in case.policy.lineage}
    for name, file in overrides_of(overrides).items():
        if str(Path(file)) not in lineage:
            raise typer.BadParameter(f"--policy {name}: {case.id} has no policy of that name")


def _run_case(  # noqa: PLR0913 - as the command takes them
    case: "Case",
    seed: int | None,
    replication: int,
    results: Path | None,
    trace: Literal["full", "sampled", "none"],
    list_inputs: bool,
) -> "Run":
    from tvc.domain.words import escape
    from tvc.files.empirical import with_measurements
    from tvc.files.stochastic import read_stochastic
    from tvc.runs.results import FolderRefused, claim_folder, write_results
    from tvc.world.simulation import simulate as run_once

    study = read_stochastic(case.study)
    if study.workload is None:
        raise AssertionError("a case that is found has a workload")
    workload = with_measurements(study.workload, Path(case.file).parent)
    warmup_ms = study.run.warmup if study.run.warmup != "auto" else 0
    with ExitStack() as stack:
        try:
            claimed = None if results is None else stack.enter_context(claim_folder(results))
        except FolderRefused as why:
            raise typer.BadParameter(f"--results: {why}") from None
        with _watching() as watch:
            run = run_once(
                case.policy.policy,
                workload,
                study.run.seed if seed is None else seed,
                replication=replication,
                warmup_ms=warmup_ms,
                trace=claimed.trace_part if claimed is not None and trace == "full" else None,
                progress=watch.see,
                unbounded=True,  # what takes too much was refused when the file was read
            )
        if claimed is not None:
            write_results(run, claimed, escape(case.name), trace)
    notes = _notes(expects=bool(study.expect), auto_warmup=study.run.warmup == "auto")
    _tell(case.name, run, watch, notes, list_inputs)
    if results is not None:
        tell(f"tvc: results in {results}")
    return run


def _report(context: typer.Context, name: str, run: "Run", html: Path) -> None:
    from tvc.analysis.report.simulated import simulated

    if not run.complete:
        tell("tvc: no report is written of an interrupted run")
        return
    window = run.window
    origin = origin_of(
        context,
        name,
        run.seed,
        window.horizon_ms - window.start_ms,
        f"replication {run.replication}",
    )
    write_html(simulated(run, origin), html)


def _notes(*, expects: bool, auto_warmup: bool) -> list[str]:
    notes = ["These figures are of one run, so that none has an interval."]
    if expects:
        notes.append("What the scenario expects is not judged here: `tvc test` judges it.")
    if auto_warmup:
        notes.append("`warmup: auto` takes several replications: this run is measured from 0s.")
    return notes


def _tell(name: str, run: "Run", watch: "_Watch", notes: list[str], list_inputs: bool) -> None:
    from tvc.studies.summary_text import inputs_lines, summary_lines

    reached_ms = int(watch.share * run.window.end_ms) - run.window.start_ms
    lines = [f"{name}, policy {run.policy.name}"]
    lines += summary_lines(run, max(reached_ms, 0))
    lines += ["", *inputs_lines(run, list_inputs), "", *notes]
    try:
        say(*lines)
    except BrokenPipeError:
        # What came of the run stands, whoever stopped reading.
        close_quietly(sys.stdout)


def _run_again(path: Path, list_inputs: bool, unbounded: bool) -> int:
    from tvc.domain.excess import Excessive
    from tvc.harness.exits import Exit
    from tvc.runs.results import NotARun, read_run
    from tvc.runs.results import rerun as repeat

    try:
        recorded = read_run(path)
    except NotARun as why:
        raise typer.BadParameter(f"--rerun: {why}") from None
    if not recorded.complete:
        raise typer.BadParameter(f"--rerun: {path} is of an interrupted run: nothing to compare")
    try:
        with _watching() as watch:
            run = repeat(recorded, watch.see, unbounded)
    except Excessive as why:
        raise typer.BadParameter(f"--rerun: {path}: {why}") from None
    notes = _notes(expects=False, auto_warmup=False)
    same = run.digest == recorded.digest
    if run.complete:
        notes.append(_verdict(recorded, run, same))
    _tell(recorded.scenario, run, watch, notes, list_inputs)
    if not run.complete:
        return int(Exit.INTERRUPTED)
    return int(Exit.PASS if same else Exit.FAILED)


def _verdict(recorded: "Recorded", run: "Run", same: bool) -> str:
    from tvc.runs.results import versions

    if same:
        return "Identical to the recorded run: every record is the same."
    here = versions()
    changed = [
        f"{name} {recorded.versions.get(name, 'unknown')} there and {number} here"
        for name, number in here.items()
        if recorded.versions.get(name) != number
    ]
    why = "; ".join(changed) or "by the same versions of everything"
    return (
        f"DIFFERENT from the recorded run, whose digest is {recorded.digest}; "
        f"this one's is {run.digest} ({why})."
    )


class _Watch:
    """Follows a run: shows how far it is.

    Attributes
    ----------
    share
        How much of the run is done, from 0 to 1.
    """

    def __init__(self) -> None:
        from tqdm import tqdm

        self.share = 0.0
        # `disable=None` shows nothing where nobody looks at a terminal.
        self._bar = tqdm(
            total=1.0,
            disable=None,
            leave=False,
            mininterval=_REFRESHES_S,
            bar_format="simulating {percentage:3.0f}% |{bar}| {remaining} left",
        )

    def see(self, share: float) -> None:
        """Take note of progress."""
        self._bar.update(share - self.share)
        self.share = share

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()


@contextmanager
def _watching() -> Iterator[_Watch]:
    watch = _Watch()
    try:
        yield watch
    finally:
        watch.close()
