"""What the commands that run many replications share: the workload they are on, and options."""

import math
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tvc.cli.common import file_and_id, one_case, overrides_of
from tvc.cli.options import LARGEST_SEED, MOST_PROCESSES
from tvc.cli.printing import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tvc.analysis.report.evidence import Origin
    from tvc.analysis.report.page import Page
    from tvc.domain.policies import MergedPolicy
    from tvc.files.stochastic import RunModel
    from tvc.runs.arms import Arm
    from tvc.runs.replications import Asked, Running
    from tvc.studies.changes import Ground

Replications = Annotated[
    int,
    typer.Option("-n", metavar="N", min=2, max=100_000, help="Replications of each arm."),
]
StudySeed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        min=0,
        max=LARGEST_SEED,
        help="Instead of the scenario's own seed.",
    ),
]
EngineName = Annotated[
    Literal["serial", "processes", "dask"],
    typer.Option("--engine", help="Where replications run; the answer is the same everywhere."),
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        max=MOST_PROCESSES,
        help="Processes, with --engine processes.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Of Dask, with --engine dask."),
]
Results = Annotated[
    Path | None,
    typer.Option(
        "--results",
        metavar="DIR",
        help="Keep finished replications there as Parquet files; nothing is written by default.",
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with what --results DIR holds of the same study.")
]
Html = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE.html",
        help="Also write a report: one page that needs nothing else, to be printed or forwarded.",
    ),
]
#: Options that say where answers go and how fast they come; none changes a figure.
_NO_FIGURE = frozenset(
    ("html", "results", "resume", "trace", "inputs", "output", "example", "form",
     "max_newly_allowed", "engine", "workers", "scheduler")
)  # fmt: skip
_ABSOLUTE = re.compile(r"(?:^|(?<=[=,]))/[^,:]+")


@dataclass(frozen=True)
class Study:
    """The workload that a command is on.

    Attributes
    ----------
    name
        ``file::id``.
    policy
        That of the scenario.
    policies
        What names stand for in its file, before those of the package.
    workload
        In the plain form of the file.
    run
        How the scenario is run.
    folder
        Measured durations are read from below it.
    unbounded
        Whether a replication may take any number of events and any memory.
    """

    name: str
    policy: "MergedPolicy"
    policies: Mapping[str, "MergedPolicy"]
    workload: Mapping[str, Any]
    run: "RunModel"
    folder: Path
    unbounded: bool = False

    @property
    def ground(self) -> "Ground":
        """What arms of its own policy are made from."""
        from tvc.studies.changes import Ground

        return Ground(self.policy, self.workload, self.folder, self.unbounded)

    def warmup_ms(self, arms: "Sequence[Arm]", seed: int, replications: int) -> int:
        """Return the time at the start that is not measured; the arm that needs most decides.

        Raises
        ------
        typer.BadParameter
            If none is found.
        """
        from tvc.studies.expectations import NoSteadyState, find_warmup

        if self.run.warmup != "auto":
            return self.run.warmup
        try:
            return find_warmup(arms, min(replications, self.run.replications.min), seed)[0]
        except NoSteadyState as why:
            raise typer.BadParameter(str(why)) from None

    def measured_ms(self, arm: "Arm", warmup_ms: int) -> int:
        """Return how long a replication measures."""
        return arm.workload.horizon - warmup_ms


def find_study(text: str, overrides: list[str], unbounded: bool = False, of: str = "") -> Study:
    """Load the scenario with a workload that FILE or FILE::id names.

    Parameters
    ----------
    text
        What names it.
    overrides
        The ``--policy`` options.
    unbounded
        Whether a replication may take any number of events and any memory.
    of
        The option that gives the text; empty for an argument.

    Raises
    ------
    typer.BadParameter
        If there is none, or it is a comparison or a timeline.
    InvalidFile
        If the file has faults.
    """
    from tvc.domain.words import escape
    from tvc.files.documents import read_document
    from tvc.files.nodes import Mapping as Node
    from tvc.files.policies import PolicyResolver
    from tvc.files.scenarios import load_scenarios
    from tvc.files.stochastic import read_stochastic

    file, case_id = file_and_id(text)
    path = Path(file)
    if not path.is_file():
        missing = f"no such file: {escape(file)}"
        raise typer.BadParameter(f"{of}: {missing}" if of else missing)
    if case_id:
        case = one_case(text, overrides, unbounded)
    else:
        cases = load_scenarios(path, overrides_of(overrides), unbounded=unbounded).cases
        found = [case for case in cases if "workload" in case.study]
        if len(found) != 1:
            names = ", ".join(f"{file}::{case.id}" for case in found)
            raise typer.BadParameter(
                f"{file} has several workloads; name one of: {names}"
                if found
                else f"{file} has no scenario with a workload"
            )
        case = found[0]
    if "workload" not in case.study:
        on = case.study.get("compare", {}).get("on")
        raise typer.BadParameter(
            f"{text} compares two arms, which `tvc test` judges; its workload is {file}::{on}"
            if on
            else f"{text} is a timeline, in which nothing is random: `tvc test` plays it"
        )
    root = read_document(path)
    entries = root.entries if isinstance(root, Node) else ()
    node = next((value for key, value in entries if key.text == "policies"), None)
    replaced = {name: Path(file) for name, file in overrides_of(overrides).items()}
    resolver = PolicyResolver(node, path, replaced)
    return Study(
        escape(case.name),
        case.policy,
        {name: resolver.resolve(name) for name in resolver.names()},
        case.study["workload"],
        read_stochastic(case.study).run,
        path.parent,
        unbounded,
    )


def running_of(
    engine: Literal["serial", "processes", "dask"],
    workers: int,
    scheduler: str | None,
    results: Path | None,
    resume: bool,
) -> "Running":
    """Return how replications are run, from the options.

    Raises
    ------
    typer.BadParameter
        If they do not go together.
    """
    from tvc.runs.replications import Running

    if (engine == "dask") != (scheduler is not None):
        raise typer.BadParameter("--engine dask and --scheduler ADDRESS go together")
    if workers > 1 and engine != "processes":
        raise typer.BadParameter("--workers: more than one takes --engine processes")
    if resume and results is None:
        raise typer.BadParameter("--resume goes on with a folder: name it by --results DIR")
    return Running(engine, workers, scheduler, results, resume, progress=True)


@contextmanager
def said_plainly(of: str = "", context: typer.Context | None = None) -> Iterator[None]:
    """Turn what a person asked wrongly into a usage error, with its sentence.

    Parameters
    ----------
    of
        The option or argument that it is about; empty where the sentence says it.
    context
        Of the command; with one, an interrupted study says how to go on with it.

    Raises
    ------
    typer.BadParameter
        For an arm, a key, a folder or an engine that will not do.
    KeyboardInterrupt
        If it was interrupted; how to go on is told where something is kept.
    """
    from tvc.runs.engines import EngineRefused
    from tvc.runs.store import StoreFull, StoreRefused
    from tvc.studies.changes import UnknownArm

    try:
        yield
    except KeyboardInterrupt:
        if context is not None:
            _tell_how_to_go_on(context)
        raise
    except (UnknownArm, StoreRefused, EngineRefused, StoreFull) as why:
        raise typer.BadParameter(f"{of}: {why}" if of else str(why)) from None


def _tell_how_to_go_on(context: typer.Context) -> None:
    from tvc.runs.store import MANIFEST

    results = context.params["results"]
    if results is None or not (results / MANIFEST).is_file():
        return
    words = ["tvc", *context.obj]
    if not context.params["resume"]:
        words.append("--resume")
    tell(f"tvc: what is finished is kept in {results}; to go on: {shlex.join(words)}")


def plain_number(value: float) -> float | None:
    """Return a number as JSON can say it; what is infinite or missing is null."""
    return value if math.isfinite(value) else None


def read_asked(texts: "Sequence[str]", option: str = "--metric") -> "list[Asked]":
    """Read metrics of one arm, which an option gives.

    Raises
    ------
    typer.BadParameter
        If one is none.
    """
    from tvc.runs.replications import Asked

    try:
        return [Asked.read(text) for text in texts]
    except ValueError as wrong:
        raise typer.BadParameter(f"{option}: {wrong}") from None


def refuse_impossible(asked: "Sequence[Asked]", arms: "Sequence[Arm]") -> None:
    """Refuse metrics that can never be anything.

    Raises
    ------
    typer.BadParameter
        If only attackers bring it about, and no arm has any.
    """
    attacked = any(arm.workload.has_attackers for arm in arms)
    for one in asked:
        for measure in one.metric.measures:
            if measure.by_attackers and not attacked:
                raise typer.BadParameter(
                    f"{one}: {measure.name} can never happen: the workload has no attackers"
                )


# The report


def check_html(path: Path | None) -> None:
    """Refuse a file for the report that cannot be written, before anything is run for it.

    Raises
    ------
    typer.BadParameter
        If its name ends otherwise than in ``.html``, or the pictures in it cannot be drawn.
    RefusedOutput
        If the file will not do; see `tvc.files.outputs.note_output`.
    """
    from tvc.files.outputs import note_output

    if path is None:
        return
    if path.suffix.lower() != ".html":
        raise typer.BadParameter(f"--html {path}: expected a name that ends in .html")
    note_output(path, f"--html {path}")
    try:
        import matplotlib  # noqa: F401 - reads its settings, which are not ours
    except ValueError as why:
        raise typer.BadParameter(f"--html: matplotlib refuses its settings: {why}") from None


def write_html(page: "Page", path: Path) -> None:
    """Write the report, and say where it is.

    Raises
    ------
    OSError
        If it cannot be written; a report that stood there before is left as it was.
    """
    from tvc.analysis.report.page import render
    from tvc.files.outputs import write_output

    write_output(path, render(page))
    tell(f"tvc: report in {path}")


def origin_of(
    context: typer.Context, study: str, seed: int, measured_ms: int, runs: str
) -> "Origin":
    """Return how the figures of a report came about: the command line that was given, and on what.

    Absolute paths are told from the working folder on, or by the name of the file alone: where
    files lie on this machine is nobody's business who reads the report.
    """
    from tvc.analysis.report.evidence import Origin

    return Origin(without_folders(study), _command_line(context), seed, measured_ms, runs)


def _command_line(context: typer.Context) -> tuple[str, ...]:
    """Return the words that make the same report again."""
    words = ["tvc", str(context.info_name)]
    for known in context.command.params:
        name, value = str(known.name), context.params.get(str(known.name))
        if name in _NO_FIGURE or value is None or value in ((), [], False):
            continue
        many = value if isinstance(value, list) else [value]
        for one in many:
            values = [str(part) for part in one] if isinstance(one, tuple) else [str(one)]
            flag = [] if known.param_type_name == "argument" else [known.opts[0]]
            words += [*flag, *([] if one is True else map(without_folders, values))]
    html = context.params["html"]
    return (*words, *([] if html is None else ["--html", html.name]))


def named_without_folders(arms: "Sequence[Arm]") -> "list[Arm]":
    """Return arms whose names, which still differ, have no folders of absolute paths in them."""
    names = [without_folders(arm.name) for arm in arms]
    if len(set(names)) < len(names):
        names = [f"{name} ({place})" for place, name in enumerate(names, 1)]
    return [replace(arm, name=name) for arm, name in zip(arms, names, strict=True)]


def without_folders(text: str) -> str:
    """Return a text of a command line without the folders of the absolute paths in it."""
    return _ABSOLUTE.sub(lambda found: _nearby(Path(found[0])), text)


def _nearby(path: Path) -> str:
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name
