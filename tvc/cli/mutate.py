"""``tvc mutate``: say which changes of a policy, or of the law, a suite would not notice."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from tvc.cli.options import MOST_PROCESSES, Ids, Paths, Seed, Tags, Words


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(
        "mutate", help="Say which changes of a policy, or of the law, a suite would not notice."
    )(mutate)


def mutate(  # noqa: PLR0913 - the options of the command
    paths: Paths,
    policy: Annotated[
        str,
        typer.Option(
            "--policy",
            metavar="POLICY|NAME=FILE",
            help="Only this policy, by its name or file, but every knob of it. NAME=FILE runs with "
            "the policy file FILE wherever a scenario says NAME.",
        ),
    ] = "",
    law: Annotated[
        bool,
        typer.Option("--law", help="Change the law, too: drop a rule, take < for <=, and so on."),
    ] = False,
    min_score: Annotated[
        float | None,
        typer.Option(
            "--min-score",
            metavar="N",
            min=0,
            max=100,
            help="Exit 7 where less than N percent are noticed.",
        ),
    ] = None,
    words: Words = "",
    ids: Ids = None,
    tags: Tags = None,
    form: Annotated[
        Literal["pretty", "json"], typer.Option("-f", help="The report on standard output.")
    ] = "pretty",
    processes: Annotated[
        int,
        typer.Option(
            "-p",
            metavar="N",
            min=1,
            max=MOST_PROCESSES,
            help="Share the mutants among N processes.",
        ),
    ] = 1,
    seed: Seed = 0,
    offer: Annotated[
        Path | None,
        typer.Option(
            "--offer",
            metavar="DIR",
            help="Look for a scenario that notices each survivor, and write it into DIR.",
        ),
    ] = None,
    time: Annotated[
        str,
        typer.Option("--time", metavar="DURATION", help="How long to look for each survivor."),
    ] = "10s",
) -> int:
    """Change one thing at a time and report which changes no case notices."""
    from tvc.cli.common import hand_over_reports, overrides_of, seconds_of
    from tvc.harness.collect import Loading, NoSuchPath, find_files
    from tvc.harness.runner import NothingAnswers
    from tvc.harness.selection import BadExpression, Selection
    from tvc.harness.writing import Output
    from tvc.workbench.mutation.exits import exit_of
    from tvc.workbench.mutation.offered import write_offers
    from tvc.workbench.mutation.report import MutationReport
    from tvc.workbench.mutation.scoring import NoSuchPolicy, Request, study

    if offer is not None:
        _note_offers(offer)
    seconds = seconds_of(time)
    _, separator, file = policy.partition("=")
    overrides = overrides_of([policy] if separator else [])
    try:
        selection = Selection(words, tuple(ids or ()), tuple(tags or ()))
        selection.check()
        request = Request(
            find_files(paths),
            Loading(overrides),
            selection,
            seed,
            processes,
            file or policy or None,
            law,
            0.0 if offer is None else seconds,
        )
        found = study(request)
    except (BadExpression, NoSuchPath, NoSuchPolicy, NothingAnswers) as wrong:
        raise typer.BadParameter(str(wrong)) from None
    offers = {} if offer is None else write_offers(found, offer)
    report = MutationReport(found, offers, looked=offer is not None)
    hand_over_reports(report, [Output(form, None)])
    return int(exit_of(found, min_score))


def _note_offers(folder: Path) -> None:
    """Note the files that offers may replace: those of an earlier run, by the numbers they have."""
    from tvc.files.outputs import note_output
    from tvc.workbench.mutation.offered import offer_files

    if not folder.is_dir():
        raise typer.BadParameter(f"--offer: no such folder: {folder}")
    for path in offer_files(folder):
        note_output(path, f"--offer {folder}")
