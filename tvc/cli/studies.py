"""What the commands that run many replications share: the workload they are on, and options."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tvc.cli.common import overrides_of
from tvc.cli.options import LARGEST_SEED, MOST_PROCESSES
from tvc.cli.printing import tell

if TYPE_CHECKING:
    from tvc.analysis.report.page import Page
    from tvc.runs.replications import Running
    from tvc.studies.subject import Subject

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
#: Parts of a question that are given otherwise than by an option of their name.
_ARGUMENTS = {"baseline": "BASELINE", "candidate": "CANDIDATE", "": ""}


def find_subject(
    text: str, overrides: list[str], unbounded: bool = False, of: str = ""
) -> "Subject":
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
        If there is no such file.
    CannotPlan
        If there is none, or it is a comparison or a timeline.
    InvalidFile
        If the file has faults.
    """
    from tvc.domain.words import escape
    from tvc.files.case_names import file_and_id
    from tvc.studies.subject import find_subject as find

    file, case_id = file_and_id(text)
    if not Path(file).is_file():
        missing = f"no such file: {escape(file)}"
        raise typer.BadParameter(f"{of}: {missing}" if of else missing)
    return find(file, case_id, overrides_of(overrides), unbounded)


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
def said_plainly(context: typer.Context | None = None) -> Iterator[None]:
    """Turn what a person asked wrongly into a usage error, with its sentence.

    Parameters
    ----------
    context
        Of the command; with one, an interrupted study says how to go on with it.

    Raises
    ------
    typer.BadParameter
        For a question, a folder or an engine that will not do.
    KeyboardInterrupt
        If it was interrupted; how to go on is told where something is kept.
    """
    from tvc.runs.engines import EngineRefused
    from tvc.runs.store import StoreFull, StoreRefused
    from tvc.studies.changes import UnknownArm
    from tvc.studies.subject import CannotPlan

    try:
        yield
    except KeyboardInterrupt:
        if context is not None:
            _tell_how_to_go_on(context)
        raise
    except CannotPlan as why:
        option = _ARGUMENTS.get(why.part, f"--{why.part.replace('_', '-')}")
        place = f"{option} {why.given}".strip()
        raise typer.BadParameter(f"{place}: {why}" if place else str(why)) from None
    except (UnknownArm, StoreRefused, EngineRefused, StoreFull) as why:
        raise typer.BadParameter(str(why)) from None


def _tell_how_to_go_on(context: typer.Context) -> None:
    from tvc.runs.store import MANIFEST

    results = context.params["results"]
    if results is None or not (results / MANIFEST).is_file():
        return
    words = ["tvc", *context.obj]
    if not context.params["resume"]:
        words.append("--resume")
    tell(f"tvc: what is finished is kept in {results}; to go on: {shlex.join(words)}")


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


def command_line(context: typer.Context) -> tuple[str, ...]:
    """Return the words that make the same report again, without folders of absolute paths."""
    from tvc.analysis.report.names import without_folders

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
