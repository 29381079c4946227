"""What a case meets while it is played and judged: rules, comparisons, knobs, records.

A mutant of something that a case never meets leaves everything in it as it was, so only cases
that meet it have to run. The notes are taken over the whole run, with the lapses at its end and
the invariants, and not step by step, since those compare and look at knobs, too.
"""

from dataclasses import dataclass, replace
from typing import cast

from tvc.authority.context import Context, Verdict
from tvc.authority.decide import LAW
from tvc.authority.policy import Policy
from tvc.authority.rates import Compare
from tvc.authority.requests import Kind
from tvc.authority.rules import Rule
from tvc.domain.cases import Case
from tvc.harness.examine import Watched
from tvc.harness.judge import run_case


@dataclass(frozen=True, slots=True)
class Meetings:
    """What one case meets under the law as it is.

    Attributes
    ----------
    rules
        Every rule met, by request.
    deciding
        Those of them that refused or allowed at once.
    comparisons, knobs
        Names of the comparisons made and dotted keys of the values read.
    records
        Types of its audit records.
    """

    rules: frozenset[tuple[Kind, str]]
    deciding: frozenset[tuple[Kind, str]]
    comparisons: frozenset[str]
    knobs: frozenset[str]
    records: frozenset[str]


def note_meetings(case: Case, seed: int = 0) -> Meetings:
    """Run a case under the law, taking notes."""
    rules: set[tuple[Kind, str]] = set()
    deciding: set[tuple[Kind, str]] = set()
    comparisons: set[str] = set()

    def wrap(rule: Rule) -> Rule:
        def check(c: Context) -> Verdict:
            rules.add((c.request.kind, rule.id))
            verdict = rule.check(c)
            if verdict is not None:
                deciding.add((c.request.kind, rule.id))
            return verdict

        return replace(rule, check=check)

    def note(name: str, compare: Compare) -> Compare:
        def noted(left: int, right: int) -> bool:
            comparisons.add(name)
            return compare(left, right)

        return noted

    law = LAW.observed(wrap, {name: note(name, LAW.comparisons[name]) for name in LAW.comparisons})
    watched = Watched(case.policy.policy)
    # The view answers whatever the policy answers.
    seen = replace(case, policy=replace(case.policy, policy=cast(Policy, watched)))
    run = run_case(seen, law, seed).run
    records = frozenset() if run is None else frozenset(one.type for one in run.trace.records)
    return Meetings(
        frozenset(rules),
        frozenset(deciding),
        frozenset(comparisons),
        frozenset(watched.seen),
        records,
    )
