"""Templates: for each group of knobs, timelines at the thresholds that a policy gives them."""

from collections.abc import Iterator
from typing import Final

from tvc.authority.policy import Policy
from tvc.workbench.init.sketch import Sketch
from tvc.workbench.init.templates import codes, issuing, rates, sessions, sign_ins

__all__ = ["TOPICS", "sketches_of"]

#: The headings of a draft, in order.
TOPICS: Final = (
    "Lifetimes",
    "Codes",
    "Rate limits",
    "Who may issue",
    "Expire Now",
    "Signing in",
    "Lockout",
    "Sessions",
    "Notices",
)


def sketches_of(policy: Policy) -> Iterator[Sketch]:
    """Yield the timelines for a policy, topic by topic."""
    for template in (codes, rates, issuing, sign_ins, sessions):
        yield from template.sketches(policy)
