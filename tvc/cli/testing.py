"""``tvc test``: run scenario files."""

from typing import TYPE_CHECKING, Annotated

import typer

from tvc.cli.options import (
    MOST_PROCESSES,
    FlagOrFileCommand,
    Formats,
    Ids,
    Overrides,
    Paths,
    Seed,
    Tags,
    Unbounded,
    Words,
)
from tvc.cli.printing import say, show_aside, tell

if TYPE_CHECKING:
    from pathlib import Path

    from tvc.harness.exits import Exit
    from tvc.harness.outcomes import SuiteResult
    from tvc.harness.runner import Plan


class _TestCommand(FlagOrFileCommand):
    flag = "--coverage"


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(
        "test",
        cls=_TestCommand,
        help="Run scenario files and say whether every expectation holds.",
    )(run_scenarios)


def run_scenarios(  # noqa: PLR0913 - the options of the command
    paths: Paths,
    words: Words = "",
    ids: Ids = None,
    tags: Tags = None,
    formats: Formats = None,
    processes: Annotated[
        int,
        typer.Option(
            "-p",
            metavar="N",
            min=1,
            max=MOST_PROCESSES,
            help="Share the files among N processes, and the replications where files are fewer.",
        ),
    ] = 1,
    seed: Seed = 0,
    stop: Annotated[bool, typer.Option("-x", help="Stop at the first failure.")] = False,
    policy: Overrides = None,
    collect_only: Annotated[
        bool, typer.Option("--collect-only", help="Check the files and list the cases; run none.")
    ] = False,
    require_expect: Annotated[
        bool,
        typer.Option("--require-expect", help="Refuse steps that do not say what they expect."),
    ] = False,
    unbounded: Unbounded = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Exit 0 when nothing ran.")
    ] = False,
    coverage: Annotated[
        bool,
        typer.Option(
            "--coverage",
            help="Say what of the law the cases cover; --coverage=FILE.json or =FILE.html also "
            "writes it there. Repeatable.",
        ),
    ] = False,
    coverage_files: Annotated[
        list[str] | None, typer.Option("--coverage-file", metavar="FILE", hidden=True)
    ] = None,
    min_coverage: Annotated[
        float | None,
        typer.Option(
            "--min-coverage", metavar="N", min=0, max=100, help="Exit 7 below N percent of the law."
        ),
    ] = None,
) -> int:
    """Run scenario files and report; the exit code says what came of it."""
    from tvc.cli.common import hand_over_reports, overrides_of
    from tvc.harness.collect import Loading, NoSuchPath, find_files
    from tvc.harness.exits import exit_of, strongest
    from tvc.harness.formats import FORMATS
    from tvc.harness.runner import NothingAnswers, Plan, run
    from tvc.harness.selection import BadExpression, Selection
    from tvc.harness.sources import Sources
    from tvc.harness.suite_report import SuiteReport
    from tvc.harness.writing import BadOutput, outputs_of

    overrides = overrides_of(policy or [])
    try:
        outputs = outputs_of(formats or [], tuple(FORMATS))
        pages = _coverage_files(coverage_files or [])
        selection = Selection(words, tuple(ids or ()), tuple(tags or ()))
        selection.check()
        files = find_files(paths)
    except (BadExpression, BadOutput, NoSuchPath) as wrong:
        raise typer.BadParameter(str(wrong)) from None
    loading = Loading(overrides, require_expect, unbounded)
    plan = Plan(files, loading, selection, seed, processes, stop)
    measured = coverage or bool(pages) or min_coverage is not None
    if collect_only:
        if measured:
            raise typer.BadParameter("--collect-only runs no case, so that none covers anything")
        return _list_cases(plan, allow_empty)
    try:
        suite = run(plan)
    except NothingAnswers as wrong:
        raise typer.BadParameter(str(wrong)) from None
    place = Sources(tuple(map(str, files))).place
    hand_over_reports(SuiteReport(suite, seed, overrides, source=place), outputs)
    code = exit_of(suite, allow_empty)
    if measured and not suite.invalid:
        code = strongest([code, _report_coverage(suite, pages, min_coverage)])
    return int(code)


def _coverage_files(names: list[str]) -> "tuple[Path, ...]":
    if not names:
        return ()
    from tvc.workbench.coverage.report import check_files

    return check_files(names)


def _report_coverage(
    suite: "SuiteResult", pages: "tuple[Path, ...]", minimum: float | None
) -> "Exit":
    from tvc.files.outputs import write_output
    from tvc.harness.exits import Exit
    from tvc.harness.formats import FORMATS
    from tvc.workbench.coverage.measuring import measure
    from tvc.workbench.coverage.report import CoverageReport, render_for

    coverage = measure(suite)
    report = CoverageReport(coverage)
    for page in pages:
        write_output(page, render_for(page, report))
    show_aside(FORMATS["pretty"](report))
    if minimum is None or coverage.reaches(minimum):
        return Exit.PASS
    tell(f"tvc: coverage is below --min-coverage {minimum:g}")
    return Exit.GATE_MISSED


def _list_cases(plan: "Plan", allow_empty: bool) -> int:
    from tvc.harness.exits import Exit
    from tvc.harness.runner import NothingAnswers, collect

    try:
        cases, suite = collect(plan)
    except NothingAnswers as wrong:
        raise typer.BadParameter(str(wrong)) from None
    if suite.invalid:
        tell(*suite.invalid)
        return int(Exit.INVALID)
    say(*(case.name for case in cases))
    left_out = f", {suite.deselected} left out" if suite.deselected else ""
    tell(f"{len(cases)} cases in {len(plan.files)} files{left_out}")
    return int(Exit.PASS if cases or allow_empty else Exit.NOTHING_RAN)
