"""Complete policies: a document laid on the policy it extends, each value with its origin."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Final

from tvc.authority.policy import KNOBS, RATE_KNOBS, Policy
from tvc.files.documents import MAX_FAULTS
from tvc.files.faults import Fault, InvalidFile, show, suggest
from tvc.files.nodes import Scalar
from tvc.files.policy_documents import RATES, PolicyDocument, Setting

#: Longest chain of policies that extend one another: far more than anybody can follow.
LONGEST_LINEAGE: Final = 20

#: Most rate limits of one policy.
MOST_LIMITS: Final = 100

#: What a limit cannot do without when there is none to inherit from.
_NEEDED: Final = ("limit", "per")


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


def lay(document: PolicyDocument, base: MergedPolicy) -> MergedPolicy:
    """Lay a document on the policy that it extends.

    Raises
    ------
    InvalidFile
        With what is wrong with the document, by itself or as a change of that policy.
    """
    values = {key: setting.value for key, setting in document.settings.items()}
    policy = base.policy.with_values(values, document.name)
    found = chain(
        document.faults,
        _check_size(document, base, policy),
        _check_limits(document, base.policy),
        _check_contradictions(document, policy),
    )
    faults = list(islice(found, MAX_FAULTS))
    if faults:
        raise InvalidFile(faults)
    given = {
        key: Origin(document.file, setting.line, document.name)
        for key, setting in document.settings.items()
    }
    origins = {**base.origins, **given}
    return MergedPolicy(
        policy,
        {key: origins.get(key, base.lineage[-1]) for key in policy.values()},
        (Origin(document.file, document.line, document.name), *base.lineage),
        document.why,
    )


def _fault(document: PolicyDocument, at: Scalar | Setting | PolicyDocument, message: str) -> Fault:
    return Fault(document.file, at.line, at.column, message)


def _check_size(document: PolicyDocument, base: MergedPolicy, policy: Policy) -> Iterator[Fault]:
    if len(base.lineage) >= LONGEST_LINEAGE:
        message = f"more than {LONGEST_LINEAGE} policies extend one another in a row"
        yield _fault(document, document.extends or document, message)
    if len(policy.rates) > MOST_LIMITS:
        yield _fault(document, document, f"more than {MOST_LIMITS} rate limits in a policy")


def _check_limits(document: PolicyDocument, base: Policy) -> Iterator[Fault]:
    inherited = [rate.name for rate in base.rates]
    given = {*document.settings, *document.broken}
    for name, key in document.limits.items():
        limit = f"{RATES}.{name}"
        if name in inherited or limit in document.broken:
            continue
        missing = [part for part in _NEEDED if f"{limit}.{part}" not in given]
        if limit in given:
            message = f"there is no rate limit {show(name)} to remove"
        elif missing:
            message = f"{limit} is a new limit and needs {' and '.join(missing)}"
        else:
            continue
        yield _fault(document, key, f"{message}{suggest(name, inherited)}")


def _check_contradictions(document: PolicyDocument, policy: Policy) -> Iterator[Fault]:
    for keys, message in policy.contradictions():
        if document.broken.isdisjoint(keys):
            causes = (document.settings[key] for key in keys if key in document.settings)
            yield _fault(document, next(causes, document), message)
