"""Mutants of policies: every knob moved by one step.

A knob is changed where its value *stands*: in the policy that says it. So a change of
``salesforce`` reaches every policy that extends it and does not set the knob itself, as it would
if somebody edited the file.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal

from tvc.authority.decide import LAW, Law
from tvc.authority.durations import DAY_MS, HOUR_MS
from tvc.authority.policy import Knob, Policy, RateLimit, find_knob
from tvc.domain.cases import Case
from tvc.domain.policies import RATES, MergedPolicy, Origin
from tvc.files.policies import BASE, load_shipped, shipped_policies
from tvc.files.policy_documents import REMOVED
from tvc.workbench.knob_moves import limit_text, limit_values, moves_of, with_policy
from tvc.workbench.mutation.equivalence import explain_policy
from tvc.workbench.mutation.meetings import Meetings
from tvc.workbench.mutation.mutants import (
    NOTHING,
    Change,
    Family,
    Mutant,
    Silenced,
    Variant,
    distinct,
)

#: Limits that may be laid beside those of a policy: one for long stretches, one for issuers.
_ADDED: Final = (
    RateLimit("added", limit=6, per_ms=DAY_MS, window="rolling", scope="subject"),
    RateLimit("added", limit=6, per_ms=HOUR_MS, window="rolling", scope="issuer"),
)
#: The knobs of ``salesforce``; those of other rate limits come with the limit.
_BASE_KEYS: Final = frozenset(Policy().values())


@dataclass(frozen=True, slots=True)
class Site:
    """A place at which policies may be changed.

    Attributes
    ----------
    key
        A dotted knob; ``rates.NAME`` for a limit as a whole, ``rates`` for one more.
    what
        Whether it is a knob, a limit as a whole, one that the policy has removed, or the place
        for one more.
    owner
        The policy that says the value.
    origin
        Where it says so.
    """

    key: str
    what: Literal["knob", "limit", "removed", "more"]
    owner: Origin
    origin: Origin


@dataclass(frozen=True)
class PolicyMutant:
    """A policy with other values at one site.

    Attributes
    ----------
    change
        What is changed.
    site
        Where.
    values
        The new values, for `Policy.with_values`.
    reached
        Where the policies stand that the change reaches.
    originals
        Those policies, without the ones that would contradict themselves.
    silenced
        No policy leaves records out.
    """

    change: Change
    site: Site
    values: Mapping[str, Any]
    reached: frozenset[Origin]
    originals: tuple[Policy, ...]
    silenced: Silenced = NOTHING

    @cached_property
    def equivalent(self) -> str | None:
        """Why no case could notice the change; None where one could."""
        # A limit that is added stands under its own name, not under that of its place.
        key = next(iter(self.values))
        reasons = {explain_policy(key, policy, self.apply(policy)) for policy in self.originals}
        return reasons.pop() if len(reasons) == 1 else None

    def apply(self, policy: Policy) -> Policy:
        """Return a policy after the change."""
        return policy.with_values(self.values)

    def meets(self, met: Meetings) -> bool:
        """Whether a case reads the knob; a limit as a whole is read wherever rates are judged."""
        if self.site.what == "knob":
            return self.site.key in met.knobs
        # A removed limit is read by none.
        return any(rule == "generate.rate" for _, rule in met.rules)

    def reaches(self, case: Case) -> bool:
        """Whether the change is one of the case's policy."""
        return case.policy.lineage[0] in self.reached

    def sides(self) -> Iterator[tuple[Policy, Law, Policy]]:
        """Yield each policy that is reached, with the law and what it becomes."""
        for policy in self.originals:
            yield policy, LAW, self.apply(policy)

    def enter(self, case: Case) -> Variant | None:
        """Return the case under the changed policy; None where that contradicts itself."""
        changed = self.apply(case.policy.policy)
        return None if changed.contradictions() else Variant(with_policy(case, changed))


def stands_at(merged: MergedPolicy, key: str) -> Origin:
    """Return where a policy's value stands; what a limit of a policy leaves out, with the limit."""
    origin = merged.origins[key]
    if key.startswith(f"{RATES}.") and origin.line is None and key not in _BASE_KEYS:
        return merged.origins[f"{key.rpartition('.')[0]}.limit"]
    return origin


def _owner_of(merged: MergedPolicy, origin: Origin) -> Origin:
    """Return the policy of a lineage that a value comes from."""
    mine = (one for one in merged.lineage if (one.file, one.policy) == (origin.file, origin.policy))
    return next(mine, merged.lineage[-1])


def reaches(site: Site, merged: MergedPolicy) -> bool:
    """Whether a change at a site changes a policy."""
    if site.what == "more":
        return site.owner in merged.lineage
    if site.what == "removed":
        return site.owner == merged.lineage[0]
    key = f"{site.key}.limit" if site.what == "limit" else site.key
    return key in merged.origins and stands_at(merged, key) == site.origin


@dataclass(frozen=True)
class PolicyGroup:
    """All mutants of one site.

    Attributes
    ----------
    site
        The site.
    used
        The policies of the suite that a change of it reaches.
    known
        All policies of the suite, for the values of parents.
    """

    site: Site
    used: tuple[MergedPolicy, ...]
    known: Mapping[Origin, MergedPolicy]

    def mutants(self) -> Iterator[Mutant]:
        """Make the mutants, without those that contradict themselves in every policy."""
        originals = distinct(merged.policy for merged in self.used)
        reached = frozenset(merged.lineage[0] for merged in self.used)
        for text, values in self._changes():
            kept = tuple(
                policy for policy in originals if not policy.with_values(values).contradictions()
            )
            if kept:
                site = self.site
                change = Change(Family.POLICY, site.key, text, site.owner.policy, site.origin)
                yield PolicyMutant(change, site, values, reached, kept)

    def _changes(self) -> Iterator[tuple[str, dict[str, Any]]]:
        key = self.site.key
        match self.site.what:
            case "knob":
                knob = find_knob(key)
                assert knob is not None  # sites are made from the table
                yield from self._moves(key, knob)
            case "limit":
                yield f"{limit_text(self._limit(self.used[0].policy))} -> {REMOVED}", {key: None}
            case "removed":
                limit = self._limit(Policy())
                yield f"{REMOVED} -> {limit_text(limit)} (as if not set)", limit_values(limit)
            case "more":
                yield from self._additions()

    def _moves(self, key: str, knob: Knob) -> Iterator[tuple[str, dict[str, Any]]]:
        value = self.used[0].policy.values()[key]
        parent = self._parent_value(key)
        for new in dict.fromkeys((*moves_of(knob, value), *parent)):
            if new != value:
                dropped = " (as if not set)" if new in parent else ""
                yield f"{knob.format(value)} -> {knob.format(new)}{dropped}", {key: new}

    def _parent_value(self, key: str) -> tuple[Any, ...]:
        """Return what the knob would be if its policy did not set it, as far as that is known."""
        lineage = self.used[0].lineage
        owner = self.site.owner
        below = lineage[lineage.index(owner) + 1 :] if owner in lineage else ()
        for origin in below:
            parent = self.known.get(origin) or _shipped(origin)
            if parent is not None:
                values = parent.policy.values()
                return (values[key],) if key in values else ()
        return ()

    def _limit(self, policy: Policy) -> RateLimit:
        name = self.site.key.removeprefix(f"{RATES}.")
        return next(limit for limit in policy.rates if limit.name == name)

    def _additions(self) -> Iterator[tuple[str, dict[str, Any]]]:
        taken = {limit.name for merged in self.used for limit in merged.policy.rates}
        for added in _ADDED:
            name = added.name
            while name in taken:
                name += "_"
            limit = replace(added, name=name)
            yield f"one more, {name}: {limit_text(limit)}", limit_values(limit)


def _shipped(origin: Origin) -> MergedPolicy | None:
    if origin.policy in shipped_policies():
        merged = load_shipped(origin.policy)
        return merged if merged.lineage[0] == origin else None
    return None


def find_groups(cases: Iterable[Case], target: str | None = None) -> Sequence[PolicyGroup]:
    """Find the sites of the policies that some cases use.

    Parameters
    ----------
    cases
        The cases.
    target
        The name or the file of a policy, every knob of which is a site, and whose mutants reach
        the policies that stand on it; None for all knobs of ``salesforce`` and, of every other
        policy, those that it sets itself.

    Returns
    -------
    sequence of PolicyGroup
        In the order in which the cases use the policies, ``salesforce`` first; none where no case
        uses the target.
    """
    used = tuple({case.policy.lineage[0]: case.policy for case in cases}.values())
    known = {merged.lineage[0]: merged for merged in used}
    sites: dict[Site, None] = {}
    concerned = []
    for merged in used:
        top = merged.lineage[-1] if target is None else find_target(merged, target)
        if top is not None:
            concerned.append(merged)
            sites |= dict.fromkeys(_sites(merged, top, whole=target is not None))
    return [
        PolicyGroup(site, tuple(merged for merged in concerned if reaches(site, merged)), known)
        for site in sorted(sites, key=lambda site: site.owner.policy != BASE)
    ]


def find_target(merged: MergedPolicy, target: str) -> Origin | None:
    """Find the policy of a name, or in a file, among those that a policy stands on, or is."""
    path = os.path.realpath(target)
    found = (
        one
        for one in merged.lineage
        if one.policy == target or (one.line is not None and os.path.realpath(one.file) == path)
    )
    return next(found, None)


def _sites(merged: MergedPolicy, top: Origin, whole: bool) -> Iterator[Site]:
    """Yield the sites of a policy: all, or (whole) those of a policy that it stands on."""
    mine = merged.lineage[0]
    below = merged.lineage[merged.lineage.index(top) :] if whole else merged.lineage
    for key in merged.policy.values():
        origin = stands_at(merged, key)
        owner = _owner_of(merged, origin)
        if owner in below:
            yield Site(key, "knob", owner, origin)
            if key.startswith(f"{RATES}.") and key.endswith(".limit"):
                yield Site(key.removesuffix(".limit"), "limit", owner, origin)
    kept = {limit.name for limit in merged.policy.rates}
    if mine in below:
        for limit in Policy().rates:
            if limit.name not in kept:
                yield Site(f"{RATES}.{limit.name}", "removed", mine, mine)
    yield Site(RATES, "more", top, top)
