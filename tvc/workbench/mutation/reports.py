"""Reports of a study: for people, survivors first, and for programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tvc.domain.words import escape
from tvc.files.faults import Fault
from tvc.workbench.mutation.mutants import Change, Family
from tvc.workbench.mutation.scoring import Study
from tvc.workbench.mutation.trials import Status, Verdict

#: The version of the form of a report; a reader refuses others.
SCHEMA: Final = "tvc.mutation/1"

#: Offers are files; here they stand under the numbers of their survivors.
Offers = Mapping[int, str]


# For programs


def render_json(study: Study, offers: Offers) -> str:
    """Render a study as JSON: the same study gives the same bytes everywhere.

    Parameters
    ----------
    study
        What came of it.
    offers
        The files of offered scenarios, by the number of the mutant among all.
    """
    report = {
        "schema": SCHEMA,
        "score": None if study.score is None else _rounded(study.score, 100),
        "summary": study.counts,
        "cases": study.subjects,
        "left_out": [
            {"case": result.name, "outcome": str(result.outcome)} for result in study.left_out
        ],
        "mutants": [
            _mutant(verdict, offers.get(number)) for number, verdict in enumerate(study.verdicts)
        ],
        "invalid": [_fault(fault) for fault in study.invalid],
    }
    return json.dumps(report, indent=2) + "\n"


def _mutant(verdict: Verdict, offer: str | None) -> dict[str, Any]:
    change = verdict.change
    return {
        "id": change.id,
        "family": str(change.family),
        "about": change.about,
        "change": change.text,
        "policy": change.policy,
        "file": None if change.origin is None else change.origin.file,
        "line": None if change.origin is None else change.origin.line,
        "status": str(verdict.status),
        "killer": verdict.killer,
        "met": verdict.met,
        "reason": verdict.reason,
        "offer": offer,
    }


def _rounded(score: float, parts: int) -> float:
    """Round down: 100 % is said of nothing less."""
    return int(score * parts) / parts


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "message": fault.message,
    }


# For people


def render_pretty(study: Study, offers: Offers, looked: bool = False) -> str:
    """Render a study for people.

    Parameters
    ----------
    study
        What came of it.
    offers
        As for `render_json`.
    looked
        Whether scenarios were looked for.

    Returns
    -------
    str
        Faults or warnings; the survivors, each with what it changes and where; what made us
        fail; the killed by what they change; the equivalent with the reason; the score.
    """
    lines = [escape(str(fault)) for fault in study.invalid]
    if not study.invalid:
        lines += [*_warnings(study), *_survivors(study, offers, looked), *_broken(study)]
        lines += [*_killed(study), *_equivalent(study), _summary(study)]
    return "\n".join(lines) + "\n"


def _warnings(study: Study) -> Iterator[str]:
    if study.left_out:
        yield "warning: left out, since they do not pass as they are, or do not run:"
        for result in study.left_out:
            yield f"  {result.outcome:<12}  {escape(result.name)}"
        yield ""


def _survivors(study: Study, offers: Offers, looked: bool) -> Iterator[str]:
    survivors = [
        (number, verdict)
        for number, verdict in enumerate(study.verdicts)
        if verdict.status is Status.SURVIVED
    ]
    if not survivors:
        return
    yield f"{len(survivors)} survived: no case would notice"
    for where, group in _by_place(survivors):
        yield f"  {where}"
        width = max(len(verdict.change.about) for _, verdict in group)
        for number, verdict in group:
            change = verdict.change
            met = f"met by {_cases(verdict.met)}"
            yield f"    {change.about:<{width}}  {escape(change.text)}  ({met})"
            if looked:
                offer = offers.get(number)
                told = f"noticed by {escape(offer)}" if offer else "no scenario found in time"
                yield f"    {'':<{width}}  {told}"
    if not looked:
        yield "  (--offer DIR writes scenarios that notice them)"
    yield ""


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases" if count else "no case"


def _place(change: Change) -> str:
    if change.family is Family.LAW:
        return "the law"
    return f"policy {change.policy}, {escape(str(change.origin))}"


def _by_place(
    verdicts: Sequence[tuple[int, Verdict]],
) -> Iterator[tuple[str, list[tuple[int, Verdict]]]]:
    places: dict[str, list[tuple[int, Verdict]]] = {}
    for number, verdict in verdicts:
        places.setdefault(_place(verdict.change), []).append((number, verdict))
    yield from places.items()


def _broken(study: Study) -> Iterator[str]:
    broken = study.ended(Status.BROKEN)
    if broken:
        yield f"{len(broken)} made us fail; please report it"
        yield from (f"  {escape(one.change.id)}: {one.reason}" for one in broken)
        yield ""


def _killed(study: Study) -> Iterator[str]:
    """Count by knob and by part of the law: who killed what is in the JSON."""
    counts: dict[str, list[int]] = {}
    for verdict in study.verdicts:
        if verdict.status in (Status.KILLED, Status.SURVIVED):
            entry = counts.setdefault(verdict.change.about, [0, 0])
            entry[0] += verdict.status is Status.KILLED
            entry[1] += 1
    if counts:
        yield "killed"
        width = max(map(len, counts))
        yield from (f"  {head:<{width}}  {of[0]} of {of[1]}" for head, of in counts.items())
        yield ""


def _equivalent(study: Study) -> Iterator[str]:
    reasons: dict[str, list[Verdict]] = {}
    for verdict in study.ended(Status.EQUIVALENT):
        reasons.setdefault(str(verdict.reason), []).append(verdict)
    if reasons:
        yield "equivalent: no case could notice"
        for reason, verdicts in reasons.items():
            yield f"  {reason}"
            yield from (f"    {escape(verdict.change.id)}" for verdict in verdicts)
        yield ""


def _summary(study: Study) -> str:
    counts = study.counts
    said = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    if study.score is None:
        return f"no score: {said or 'no mutants'}; {_cases(study.subjects)}"
    return f"score {_rounded(study.score, 10):g} %: {said}; {_cases(study.subjects)}"
