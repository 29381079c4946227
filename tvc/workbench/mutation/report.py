"""The report of a study: for people, survivors first, and for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tvc.domain.words import escape, number_of
from tvc.harness.formats.json_report import fault_rows, pick
from tvc.harness.formats.report import Paint, Report
from tvc.workbench.mutation.mutants import Change, Family
from tvc.workbench.mutation.scoring import Study
from tvc.workbench.mutation.trials import Status, Verdict

#: Offers are files; here they stand under the numbers of their survivors.
Offers = Mapping[int, str]


@dataclass(frozen=True)
class MutationReport(Report):
    """What came of a study.

    Attributes
    ----------
    study
        What came of it.
    offers
        The files of offered scenarios, by the number of the mutant among all.
    looked
        Whether scenarios were looked for.
    """

    schema: ClassVar[str] = "tvc.mutation/1"

    study: Study
    offers: Offers
    looked: bool = False

    def document(self) -> dict[str, Any]:
        """Return what ``workbench/mutation/mutation.schema.json`` describes."""
        study = self.study
        return {
            "score": None if study.score is None else _rounded(study.score, 100),
            "summary": study.counts,
            "cases": study.subjects,
            "left_out": [
                {"case": result.name, "outcome": str(result.outcome)} for result in study.left_out
            ],
            "mutants": [
                _mutant(verdict, self.offers.get(number))
                for number, verdict in enumerate(study.verdicts)
            ],
            "invalid": fault_rows(study.invalid),
        }

    def text(self, paint: Paint) -> Iterator[str]:  # noqa: ARG002 - it has no colour
        """Yield faults; or survivors, what made us fail, the killed, the equivalent, the score."""
        study = self.study
        if study.invalid:
            yield from (escape(str(fault)) for fault in study.invalid)
            return
        yield from _warnings(study)
        yield from _survivors(study, self.offers, self.looked)
        yield from _broken(study)
        yield from _killed(study)
        yield from _equivalent(study)
        yield _summary(study)


# For programs


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
        **pick(verdict, "killer", "met", "reason"),
        "offer": offer,
    }


def _rounded(score: float, parts: int) -> float:
    """Round down: 100 % is said of nothing less."""
    return int(score * parts) / parts


# For people


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
    return number_of(count, "case") if count else "no case"


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
