"""Complete policies: the values that hold, and where each of them comes from."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tvc.authority.policy import KNOBS, RATE_KNOBS, Policy
from tvc.domain.words import show

#: The key that rate limits stand under.
RATES: Final = "rates"
#: What the names of policies and of rate limits look like.
NAME_PATTERN: Final = "[A-Za-z][A-Za-z0-9_-]*"
#: The keys of a policy document that are no knobs, and what they mean.
HEADER: Final[Mapping[str, str]] = {
    "policy": "name of the policy; in a scenario file the key it stands under",
    "extends": "the policy it differs from: a name, or a relative path of a policy file",
    "why": "one line on why it differs",
    "set": "knobs, as beside it",
}

_NAME: Final = re.compile(NAME_PATTERN, re.ASCII)


def is_name(text: str) -> bool:
    """Say whether a text can name a policy or a rate limit.

    Examples
    --------
    >>> is_name("two-person"), is_name("./strict.yaml")
    (True, False)
    """
    return _NAME.fullmatch(text) is not None


def explain_name(thing: str, text: str) -> str:
    """Say why a text cannot name a policy or a rate limit."""
    return f"{show(text)} cannot name a {thing}: a letter first, then letters, digits, '-' and '_'"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value, or a policy, comes from.

    Attributes
    ----------
    file
        A file as the user named it, or ``built in: NAME`` for a packaged policy.
    line
        Counted from 1; None for the values of ``salesforce``, which the reference
        implementation holds itself.
    policy
        The name of the policy that gave it.
    """

    file: str
    line: int | None
    policy: str

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True)
class MergedPolicy:
    """A complete policy, and where everything in it comes from.

    Attributes
    ----------
    policy
        What the authority works with.
    origins : mapping of str to Origin
        For every dotted key of ``policy.values()``. What a new rate limit leaves out comes from
        the base.
    lineage : tuple of Origin
        This policy, what it extends, and so on down to ``salesforce``.
    why
        Its own reason to differ from what it extends.
    """

    policy: Policy
    origins: Mapping[str, Origin]
    lineage: tuple[Origin, ...]
    why: str | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the merged values, in hexadecimal; see `digest_policy`."""
        return digest_policy(self.policy)


def digest_policy(policy: Policy) -> str:
    """Return a fingerprint of what a policy does, the same wherever it is computed.

    Names, formatting, comments, the order of keys and the order of lists play no part. The order
    of rate limits does, since a refusal names the first that refuses.

    Returns
    -------
    str
        SHA-256 in hexadecimal, 64 characters.
    """
    values = policy.values()
    knobs = {
        knob.key: sorted(values[knob.key]) if knob.kind == "list" else values[knob.key]
        for knob in KNOBS
    }
    rates = [
        [rate.name, {knob.key: values[f"{RATES}.{rate.name}.{knob.key}"] for knob in RATE_KNOBS}]
        for rate in policy.rates
    ]
    canonical = json.dumps({"knobs": knobs, RATES: rates}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
