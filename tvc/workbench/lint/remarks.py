"""Remarks: what there is to say about a policy, before it is known which file set which knob."""

from typing import NamedTuple

from tvc.authority.policy import Policy, find_knob
from tvc.harness.formats.findings import Level


class Remark(NamedTuple):
    """One thing to say about a policy.

    Attributes
    ----------
    rule
        The id of the finding.
    level
        How much it matters.
    keys
        The dotted keys of the knobs that bring it about, the first to blame first.
    message
        What is so, on one line.
    hint
        What to do about it, on one line.
    """

    rule: str
    level: Level
    keys: tuple[str, ...]
    message: str
    hint: str


def setting(policy: Policy, key: str) -> str:
    """Write a knob with its value: ``key (value)``, as policy files spell both.

    Examples
    --------
    >>> setting(Policy(), "lifetime.max")
    'lifetime.max (24h)'
    """
    knob = find_knob(key)
    if knob is None:
        raise KeyError(key)
    return f"{key} ({knob.format(policy.values()[key])})"
