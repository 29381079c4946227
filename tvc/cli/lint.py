"""``tvc lint``: look at scenarios and policies without judging a run."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tvc.cli.options import FlagOrFileCommand, Formats

if TYPE_CHECKING:
    from tvc.workbench.lint.report import LintReport


class _LintCommand(FlagOrFileCommand):
    flag = "--controls"


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(
        "lint",
        cls=_LintCommand,
        help="Say what is idle, contradictory or short of guidance in scenarios and policies.",
    )(lint)


def lint(  # noqa: PLR0913 - the options of the command
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH...", help="Scenario files (*.tvc.yaml), folders, or policy files."
        ),
    ] = None,
    policies: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            metavar="NAME",
            help="Also a policy: a shipped one, a policy file, or one of the scenario files. "
            "Repeatable.",
        ),
    ] = None,
    formats: Formats = None,
    fail_level: Annotated[
        str,
        typer.Option(
            "--fail-level",
            metavar="error|warning|never",
            help="Exit 1 when a finding is at this level or above.",
        ),
    ] = "error",
    controls: Annotated[
        bool,
        typer.Option(
            "--controls",
            help="Judge each policy by NIST, OWASP and CISA guidance and name the cases that show "
            "it; --controls=FILE writes that as .html, .csv, .md or .json. Repeatable.",
        ),
    ] = False,
    control_files: Annotated[
        list[str] | None, typer.Option("--controls-file", metavar="FILE", hidden=True)
    ] = None,
    controls_date: Annotated[
        str | None,
        typer.Option(
            "--controls-date", metavar="YYYY-MM-DD", help="A date that the controls shall bear."
        ),
    ] = None,
) -> int:
    """Look at files and policies and report; the exit code says whether anything failed."""
    from tvc.cli.common import hand_over_reports
    from tvc.harness.collect import NoSuchPath
    from tvc.harness.formats import FORMATS
    from tvc.harness.writing import BadOutput, outputs_of
    from tvc.workbench.lint.findings import FAIL_LEVELS, exit_of
    from tvc.workbench.lint.linting import lint as linted
    from tvc.workbench.lint.reading import NoSuchPolicy
    from tvc.workbench.lint.report import report_of

    if fail_level not in FAIL_LEVELS:
        raise typer.BadParameter(f"--fail-level {fail_level}: expected {', '.join(FAIL_LEVELS)}")
    if not paths and not policies:
        raise typer.BadParameter("nothing to lint: name a PATH or a --policy")
    _check_date(controls_date)
    try:
        outputs = outputs_of(formats or [], tuple(FORMATS))
        tables = _tables(control_files or [])
        result = linted(paths or [], policies or [], controls or bool(tables))
    except (BadOutput, NoSuchPath, NoSuchPolicy) as wrong:
        raise typer.BadParameter(str(wrong)) from None
    if (controls or tables) and not result.policies and not result.invalid:
        raise typer.BadParameter("--controls needs a policy: name a policy file, or a --policy")
    report = report_of(result, fail_level, controls_date)
    _write_tables(report, tables)
    hand_over_reports(report, outputs)
    return int(exit_of(result.findings, fail_level, result.linted, bool(result.invalid)))


def _check_date(text: str | None) -> None:
    try:
        if text is not None:
            date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"--controls-date {text}: expected YYYY-MM-DD") from None


def _tables(names: list[str]) -> tuple[Path, ...]:
    from tvc.files.outputs import note_output
    from tvc.workbench.lint.tables import TABLES

    for name in names:
        file = Path(name)
        if file.suffix not in TABLES:
            raise typer.BadParameter(f"--controls={name}: expected FILE{' or FILE'.join(TABLES)}")
        note_output(file, f"--controls={name}")
    return tuple(map(Path, names))


def _write_tables(report: "LintReport", tables: tuple[Path, ...]) -> None:
    from tvc.files.outputs import write_output
    from tvc.workbench.lint.tables import render_table

    for table in tables if not report.faults else ():
        write_output(table, render_table(table, report))
