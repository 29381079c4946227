"""A study: all mutants of a suite's policies, and of the law, judged by the suite."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from tvc.authority.policy import Policy
from tvc.domain.cases import Case
from tvc.domain.words import suggest
from tvc.files.faults import Fault
from tvc.harness.collect import Loading
from tvc.harness.outcomes import CaseResult, Outcome
from tvc.harness.runner import Plan, collect, run_guarded
from tvc.harness.selection import Selection
from tvc.workbench.mutation import law_mutants, policy_mutants
from tvc.workbench.mutation.meetings import note_meetings
from tvc.workbench.mutation.mutants import Group, Mutant, distinct
from tvc.workbench.mutation.trials import Status, Subject, Verdict, judge_group
from tvc.workers import share


class NoSuchPolicy(ValueError):
    """A policy that no case uses."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to study.

    Attributes
    ----------
    files, loading, selection, seed, processes
        As for a run of the suite; see `tvc.harness.runner.Plan`.
    policy
        The name or the file of the policy to mutate; None for every policy that the cases use.
    law
        Whether the law is mutated, too.
    offer_seconds
        How long to look for a scenario for each survivor; 0 for not at all.
    """

    files: tuple[Path, ...]
    loading: Loading
    selection: Selection
    seed: int = 0
    processes: int = 1
    policy: str | None = None
    law: bool = False
    offer_seconds: float = 0.0


@dataclass(frozen=True)
class Study:
    """What came of a study.

    Attributes
    ----------
    verdicts
        What came of each mutant, policies first, in the order of their knobs.
    subjects
        How many cases judged.
    left_out
        Cases that do not pass as they are, or are no timelines, with their outcome; they judge
        nothing.
    invalid
        Faults of files; where there are any, nothing ran.
    """

    verdicts: tuple[Verdict, ...] = ()
    subjects: int = 0
    left_out: tuple[CaseResult, ...] = ()
    invalid: tuple[Fault, ...] = ()

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many mutants came to each end, every end named."""
        found = Counter(verdict.status for verdict in self.verdicts)
        return {str(status): found[status] for status in Status}

    @property
    def score(self) -> float | None:
        """Percentage of killed mutants among those that could be; None where there is none."""
        killed = self.counts[Status.KILLED]
        judged = killed + self.counts[Status.SURVIVED]
        return 100 * killed / judged if judged else None

    def ended(self, status: Status) -> tuple[Verdict, ...]:
        """Return the mutants that came to one end."""
        return tuple(one for one in self.verdicts if one.status is status)


@dataclass(frozen=True)
class Bench:
    """All that judges and all that is judged; each process has its own.

    Attributes
    ----------
    subjects
        The cases.
    request
        What to study.
    """

    subjects: tuple[Subject, ...]
    request: Request

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The policies of the cases."""
        return distinct(subject.case.policy.policy for subject in self.subjects)

    @cached_property
    def groups(self) -> Sequence[Group]:
        """Everything to mutate, in groups that are made late."""
        cases = [subject.case for subject in self.subjects]
        groups = policy_mutants.find_groups(cases, self.request.policy)
        target = self.request.policy
        if target is not None and cases and not groups:
            names = tuple(dict.fromkeys(case.policy.policy.name for case in cases))
            raise NoSuchPolicy(f"no case uses a policy {target!r}{suggest(target, names)}")
        return (*groups, *(law_mutants.find_groups(self.policies) if self.request.law else ()))

    def judge(self, number: int) -> list[Verdict]:
        """Judge one group, and look for what the suite lacks where that is asked for."""
        request = self.request
        mutants = list(self.groups[number].mutants())
        verdicts = judge_group(mutants, self.subjects, request.seed)
        if request.offer_seconds:
            pairs = zip(mutants, verdicts, strict=True)
            return [self._offer(mutant, verdict) for mutant, verdict in pairs]
        return verdicts

    def _offer(self, mutant: Mutant, verdict: Verdict) -> Verdict:
        if verdict.status is not Status.SURVIVED:
            return verdict
        from tvc.workbench.mutation.offers import find_offer

        request = self.request
        offer = find_offer(mutant, self.subjects, request.offer_seconds, request.seed)
        return replace(verdict, offer=offer)


def prepare(cases: Sequence[Case], request: Request) -> tuple[Bench, tuple[CaseResult, ...]]:
    """Run cases as they are, and take notes of what those that pass meet.

    Returns
    -------
    bench
        The cases that pass, which can judge.
    left_out
        What came of the others.
    """
    subjects, left_out = [], []
    for case in cases:
        result = run_guarded(case, seed=request.seed)
        if result.outcome is Outcome.PASSED:
            subjects.append(Subject(case, note_meetings(case, request.seed)))
        else:
            left_out.append(result)
    return Bench(tuple(subjects), request), tuple(left_out)


def study(request: Request) -> Study:
    """Judge every mutant.

    Raises
    ------
    NoSuchPolicy
        If no case uses the policy that was asked for.
    BadExpression, NothingAnswers
        If the selection's words cannot be read, or name what no file has.
    """
    plan = Plan(request.files, request.loading, request.selection, request.seed)
    cases, suite = collect(plan)
    if suite.invalid:
        return Study(invalid=suite.invalid)
    bench, left_out = prepare(cases, request)
    return Study(_judge_all(bench), len(bench.subjects), left_out)


def _judge_all(bench: Bench) -> tuple[Verdict, ...]:
    numbers = range(len(bench.groups))
    if bench.request.processes == 1 or len(numbers) < 2:
        found = list(map(bench.judge, numbers))
    else:
        found = _judge_in_processes(bench, numbers)
    return tuple(verdict for verdicts in found for verdict in verdicts)


#: The bench of a worker process, which `_set_up` puts there.
_bench: Bench | None = None


def _judge_in_processes(bench: Bench, numbers: range) -> list[list[Verdict]]:
    processes = min(bench.request.processes, len(numbers))
    found: list[list[Verdict]] = []
    set_up = partial(_set_up, bench.subjects, bench.request)
    share(_judge_there, numbers, processes, found.append, set_up)
    return found


def _set_up(subjects: tuple[Subject, ...], request: Request) -> None:
    global _bench  # noqa: PLW0603 - a pool has no other place for what its workers share
    _bench = Bench(subjects, request)


def _judge_there(number: int) -> list[Verdict]:
    assert _bench is not None  # the pool set it up
    return _bench.judge(number)
