"""Policies as tables: what a policy says and where that comes from, and how two differ."""

from typing import NamedTuple

from tvc.authority.policy import Knob, Policy, find_knob
from tvc.domain.policies import RATES, MergedPolicy
from tvc.files.policy_documents import REMOVED


class KnobRow(NamedTuple):
    """One knob of a policy.

    Attributes
    ----------
    key
        Its dotted key.
    value
        As policy files write it.
    origin
        The file and line that gave it, or ``built in: salesforce``.
    source
        Why it is so: ``seed``, ``reading`` or ``assumption`` where it is the default of the
        reference implementation, ``policy`` where a policy file decided.
    meaning
        What the knob does.
    """

    key: str
    value: str
    origin: str
    source: str
    meaning: str


class DifferenceRow(NamedTuple):
    """One knob in which two policies differ; values as policy files write them."""

    key: str
    first: str
    second: str


def describe(merged: MergedPolicy) -> list[KnobRow]:
    """List every knob of a policy, in the order of the table of knobs, rate limits last.

    Examples
    --------
    >>> from tvc.files.policies import load_shipped
    >>> describe(load_shipped("salesforce"))[1][:4]
    ('lifetime.max', '24h', 'built in: salesforce', 'seed')
    """
    rows = []
    for key, (knob, text) in _write(merged.policy).items():
        origin = merged.origins[key]
        source = knob.source if origin.line is None else "policy"
        rows.append(KnobRow(key, text, str(origin), source, knob.meaning))
    return rows


def difference(first: Policy, second: Policy) -> list[DifferenceRow]:
    """List the knobs in which two policies differ.

    A rate limit that only one has is ``off`` in the other. Limits that both have in another
    order make a row ``rates``, since a refusal names the first that refuses.

    Examples
    --------
    >>> difference(Policy(), Policy().with_values({"lifetime.max": 14_400_000}))
    [DifferenceRow(key='lifetime.max', first='24h', second='4h')]
    """
    ours = {key: text for key, (_, text) in _write(first).items()}
    theirs = {key: text for key, (_, text) in _write(second).items()}
    rows = [
        DifferenceRow(key, ours.get(key, REMOVED), theirs.get(key, REMOVED))
        for key in dict.fromkeys((*ours, *theirs))
        if ours.get(key) != theirs.get(key)
    ]
    shared = {rate.name for rate in first.rates} & {rate.name for rate in second.rates}
    order = ", ".join(rate.name for rate in first.rates if rate.name in shared)
    other = ", ".join(rate.name for rate in second.rates if rate.name in shared)
    if order != other:
        rows.append(DifferenceRow(RATES, order, other))
    return rows


def _write(policy: Policy) -> dict[str, tuple[Knob, str]]:
    written = {}
    for key, value in policy.values().items():
        knob = find_knob(key)
        assert knob is not None  # the keys of `Policy.values` are those of the table
        written[key] = knob, knob.format(value)
    return written
