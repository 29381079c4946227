"""Merging: a policy document laid on the policy that it extends, each value with its origin."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from tvc.authority.policy import Policy
from tvc.domain.policies import RATES, MergedPolicy, Origin
from tvc.domain.words import show, suggest
from tvc.files.documents import MAX_FAULTS
from tvc.files.faults import Fault, InvalidFile
from tvc.files.nodes import Scalar
from tvc.files.policy_documents import PolicyDocument, Setting

#: Longest chain of policies that extend one another: far more than anybody can follow.
LONGEST_LINEAGE: Final = 20

#: Most rate limits of one policy.
MOST_LIMITS: Final = 100

#: What a limit cannot do without when there is none to inherit from.
_NEEDED: Final = ("limit", "per")


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
