"""Linting: files and policies in, findings and tables out."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tvc.domain.cases import Case
from tvc.domain.policies import MergedPolicy
from tvc.files.faults import Fault
from tvc.harness.formats.findings import Finding, Level, Place
from tvc.harness.judge import run_case
from tvc.harness.outcomes import Outcome
from tvc.timeline import Run
from tvc.workbench.lint import contradictions, idle_limits, nist, owasp, unreachable
from tvc.workbench.lint.controls import Judged, findings_of, judge_controls
from tvc.workbench.lint.guessing import Guessing, guessing
from tvc.workbench.lint.places import Places, is_own
from tvc.workbench.lint.reading import local_policies, read_all
from tvc.workbench.lint.remarks import Remark
from tvc.workbench.lint.scenario_rules import (
    SCENARIO_RULES,
    check_duplicates,
    check_scenarios,
)

#: Every control that a policy is judged by.
CONTROLS: Final = (*nist.CONTROLS, *owasp.CONTROLS)

#: What each rule of a policy is about, by id.
POLICY_RULES: Final[Mapping[str, str]] = {
    "policy.unreachable_reason": "A reason is never given under this policy.",
    "policy.cannot_bind": "A threshold never decides: something else always does first.",
    "policy.early_end_only": "A rate limit is only reached where codes are expired early.",
    "policy.lock_too_late": "A lock comes when all codes have been tried.",
    "policy.leeway_too_long": "The leeway is as long as a whole lifetime.",
    "policy.contradictory": "Two knobs contradict each other.",
    "policy.redundant": "A knob does what another does already.",
    "policy.no_effect": "A knob changes nothing.",
    "policy.nobody_can": "Nobody who signs in can do what the policy is about.",
    "policy.open_door": "Somebody gets in, or locks others out, who proves nothing.",
}

#: What every rule is about, by id: those of scenarios, of policies, and the controls.
RULES: Final[Mapping[str, str]] = {
    **SCENARIO_RULES,
    **POLICY_RULES,
    **{control.id: control.requirement for control in CONTROLS},
}


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """What there is to tell of a policy that lint was asked about.

    Attributes
    ----------
    name, digest, place
        The policy, the fingerprint of what it does, and where it stands.
    guessing
        What it allows who guesses.
    controls
        The controls, judged, with their evidence; None where they were not asked for.
    """

    name: str
    digest: str
    place: Place
    guessing: tuple[Guessing, ...]
    controls: tuple[Judged, ...] | None = None


@dataclass(frozen=True, slots=True)
class LintResult:
    """What came of a lint.

    Attributes
    ----------
    findings
        In the order of the files, within a file of their places.
    policies
        The policies that were asked about, in that order.
    files
        The scenario files that were looked at.
    cases
        How many cases they have.
    suite
        The fingerprint of all cases together; None where there are none.
    invalid
        Faults of files; where there are any, nothing was looked at.
    """

    findings: tuple[Finding, ...] = ()
    policies: tuple[PolicyReport, ...] = ()
    files: tuple[str, ...] = ()
    cases: int = 0
    suite: str | None = None
    invalid: tuple[Fault, ...] = ()

    @property
    def linted(self) -> int:
        """How many scenario files and policies were looked at."""
        return len(self.files) + len(self.policies)


def lint(
    paths: Iterable[str], policies: Iterable[str] = (), with_controls: bool = False
) -> LintResult:
    """Look at scenario files, the policies in them, and policies that are asked about.

    Parameters
    ----------
    paths
        Scenario files, folders of them, and policy files.
    policies
        Names of packaged policies, policy files, or names of policies of the scenario files.
    with_controls
        Whether the cases are played for evidence of the controls.

    Raises
    ------
    NoSuchPath
        If a path does not exist.
    NoSuchPolicy
        If no policy has such a name; the message says which was probably meant.
    """
    scenarios, asked, faults = read_all(paths, policies)
    if faults:
        return LintResult(invalid=tuple(sorted(set(faults))))
    cases = tuple(case for file in scenarios for case in file.cases)
    places = Places()
    findings = [finding for file in scenarios for finding in check_scenarios(file)]
    findings += check_duplicates(cases)
    asked_for = {merged.lineage[0] for merged in asked}
    for file in scenarios:
        for local in local_policies(file):
            if local.lineage[0] not in asked_for:
                findings += _check_local(local, places)
    reports = []
    for merged in asked:
        findings += [_finding(remark, merged, places) for remark in _remarks(merged)]
        runs = _runs_under(merged, cases) if with_controls else {}
        judged = judge_controls(merged.policy, CONTROLS, runs)
        findings += findings_of(merged, judged, places)
        reports.append(
            PolicyReport(
                merged.policy.name,
                merged.digest,
                places.of(merged, ()),
                guessing(merged.policy),
                judged if with_controls else None,
            )
        )
    files = tuple(file.file for file in scenarios)
    ordered = _in_order(findings, (*files, *(report.place.file for report in reports)))
    return LintResult(ordered, tuple(reports), files, len(cases), digest_suite(cases))


def digest_suite(cases: Sequence[Case]) -> str | None:
    """Return a fingerprint of a suite: of the ids and the contents of its cases, in any order.

    Where the files stand plays no part. None for no cases.
    """
    if not cases:
        return None
    lines = sorted(f"{case.digest} {case.id}\n" for case in cases)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


# Policies


def _remarks(merged: MergedPolicy) -> Iterator[Remark]:
    yield from contradictions.remark_contradictions(merged.policy)
    yield from idle_limits.remark_thresholds(merged.policy)
    yield from unreachable.remark_unreachable(merged.policy)


def _finding(remark: Remark, merged: MergedPolicy, places: Places) -> Finding:
    return Finding(
        remark.rule,
        remark.level,
        places.of(merged, remark.keys),
        remark.message,
        remark.hint,
        merged.policy.name,
    )


def _check_local(merged: MergedPolicy, places: Places) -> Iterator[Finding]:
    """Yield notes on what does not go together in a policy of a scenario file, by its own doing.

    Such policies are made to try something out, contradictions among it, so that nothing of them
    is a reason to fail; and that a reason cannot come under one is no news to who wrote it.
    """
    for remark in _remarks(merged):
        if remark.level is not Level.INFO and is_own(merged, remark.keys):
            yield _finding(remark._replace(level=Level.INFO), merged, places)


# Evidence


def _runs_under(merged: MergedPolicy, cases: Iterable[Case]) -> dict[str, Run]:
    """Play the cases of a suite that run under a policy; those that pass are evidence.

    One that passes because it fails, or because it breaks an invariant, is none.
    """
    found: dict[str, Run] = {}
    for case in cases:
        if case.policy.digest != merged.digest or case.xfail is not None or case.breaks:
            continue
        result = run_case(case)
        if result.outcome is Outcome.PASSED and result.run is not None:
            found[case.name] = result.run
    return found


def _in_order(findings: Iterable[Finding], files: Iterable[str]) -> tuple[Finding, ...]:
    order = {file: place for place, file in enumerate(dict.fromkeys(files))}

    def key(finding: Finding) -> tuple[int, str, int, int, int, str, str]:
        at = finding.place
        nth = order.get(at.file, len(order))
        level = list(Level).index(finding.level)
        return (nth, at.file, at.line, at.column, level, finding.rule, finding.message)

    return tuple(sorted(findings, key=key))
