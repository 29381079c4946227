"""``tvc test``: run scenario files."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tvc.harness.outcomes import SuiteResult
    from tvc.harness.runner import Plan

Paths = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Scenario files (*.tvc.yaml) or folders.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="NAME=FILE",
        help="Run with the policy file FILE wherever a scenario says NAME. Repeatable.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("test", help="Run scenario files and say whether every expectation holds.")(
        run_scenarios
    )


def run_scenarios(  # noqa: PLR0913 - the options of the command
    paths: Paths,
    words: Annotated[
        str, typer.Option("-k", metavar="EXPR", help="Only cases whose name satisfies EXPR.")
    ] = "",
    ids: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="FILE::id[case]", help="Only this case. Repeatable."),
    ] = None,
    tags: Annotated[
        list[str] | None, typer.Option("-t", metavar="TAG", help="Only cases with TAG. Repeatable.")
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "-f",
            metavar="FORMAT[:FILE]",
            help="pretty, json, junit, github or sarif, to stdout or to FILE. Repeatable.",
        ),
    ] = None,
    processes: Annotated[
        int, typer.Option("-p", metavar="N", min=1, help="Share the files among N processes.")
    ] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Keys everything that is drawn.")] = 0,
    stop: Annotated[bool, typer.Option("-x", help="Stop at the first failure.")] = False,
    policy: Overrides = None,
    collect_only: Annotated[
        bool, typer.Option("--collect-only", help="Check the files and list the cases; run none.")
    ] = False,
    require_expect: Annotated[
        bool,
        typer.Option("--require-expect", help="Refuse steps that do not say what they expect."),
    ] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Exit 0 when nothing ran.")
    ] = False,
) -> int:
    """Run scenario files and report; the exit code says what came of it."""
    from tvc.cli.common import close_quietly, overrides_of
    from tvc.harness.collect import Loading, NoSuchPath, find_files
    from tvc.harness.exits import exit_of
    from tvc.harness.formats import FORMATS
    from tvc.harness.runner import Plan, run
    from tvc.harness.selection import BadExpression, Selection
    from tvc.harness.writing import BadOutput, outputs_of, write_reports

    overrides = overrides_of(policy or [])
    try:
        outputs = outputs_of(formats or [], tuple(FORMATS))
        selection = Selection(words, tuple(ids or ()), tuple(tags or ()))
        selection.check()
        files = find_files(paths)
    except (BadExpression, BadOutput, NoSuchPath) as wrong:
        raise typer.BadParameter(str(wrong)) from None
    loading = Loading(overrides, require_expect)
    plan = Plan(files, loading, selection, seed, processes, stop)
    if collect_only:
        return _list_cases(plan, allow_empty)
    suite = run(plan)
    try:
        write_reports(suite, plan, outputs, sys.stdout, sys.stderr)
    except BrokenPipeError:
        # The verdict stands, whoever stopped reading.
        close_quietly(sys.stdout)
    return int(exit_of(suite, allow_empty))


def _list_cases(plan: "Plan", allow_empty: bool) -> int:
    from tvc.harness.exits import Exit
    from tvc.harness.runner import collect

    cases, suite = collect(plan)
    if suite.invalid:
        _print_faults(suite)
        return int(Exit.INVALID)
    for case in cases:
        print(case.name)
    left_out = f", {suite.deselected} left out" if suite.deselected else ""
    print(f"{len(cases)} cases in {len(plan.files)} files{left_out}", file=sys.stderr)
    return int(Exit.PASS if cases or allow_empty else Exit.NOTHING_RAN)


def _print_faults(suite: "SuiteResult") -> None:
    for fault in suite.invalid:
        print(fault, file=sys.stderr)
