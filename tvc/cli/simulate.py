"""``tvc simulate``: run the workload of a scenario once, and say what came of it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tvc.cli.common import close_quietly, overrides_of
from tvc.cli.options import LARGEST_SEED, Overrides, Unbounded
from tvc.cli.printing import say, tell
from tvc.cli.studies import (
    Html,
    StudySeed,
    check_html,
    command_line,
    said_plainly,
    write_html,
)

if TYPE_CHECKING:
    from tvc.studies.simulating import Simulated

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
    from tvc.files.case_names import file_and_id
    from tvc.harness.exits import Exit
    from tvc.runs.results import FolderRefused
    from tvc.studies.simulating import find_simulated, plan_simulating, run_simulating

    file, case_id = file_and_id(scenario)
    overrides = overrides_of(policy or [])
    with said_plainly():
        case = find_simulated(file, case_id, overrides, unbounded)
        kept = (results, trace or "sampled")
        planned = plan_simulating(case, overrides, seed, replication or 0, *kept)
    try:
        with _watching() as watch:
            answer = run_simulating(planned, watch.see)
    except FolderRefused as why:
        raise typer.BadParameter(f"--results: {why}") from None
    _tell(answer, watch, inputs)
    if results is not None:
        tell(f"tvc: results in {results}")
    if html is not None:
        _report(context, answer, html)
    return int(Exit.PASS if answer.run.complete else Exit.INTERRUPTED)


def _report(context: typer.Context, answer: "Simulated", html: Path) -> None:
    from tvc.analysis.report.pages import page_of_run

    if not answer.run.complete:
        tell("tvc: no report is written of an interrupted run")
        return
    write_html(page_of_run(answer, command_line(context)), html)


def _tell(answer: "Simulated", watch: "_Watch", list_inputs: bool) -> None:
    from tvc.studies.summary_text import simulated_lines

    try:
        say(*simulated_lines(answer, watch.share, list_inputs))
    except BrokenPipeError:
        # What came of the run stands, whoever stopped reading.
        close_quietly(sys.stdout)


def _run_again(path: Path, list_inputs: bool, unbounded: bool) -> int:
    from tvc.domain.excess import Excessive
    from tvc.harness.exits import Exit
    from tvc.studies.simulating import plan_again, run_again

    with said_plainly():
        recorded = plan_again(path)
    try:
        with _watching() as watch:
            answer = run_again(recorded, watch.see, unbounded)
    except Excessive as why:
        raise typer.BadParameter(f"--rerun: {path}: {why}") from None
    _tell(answer, watch, list_inputs)
    if not answer.run.complete:
        return int(Exit.INTERRUPTED)
    return int(Exit.PASS if answer.same else Exit.FAILED)


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
