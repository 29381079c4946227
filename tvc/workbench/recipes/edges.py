"""The life of a code as a small machine: its states, and the timelines in which it moves.

``lapsed`` is a code past its end, by some reading, that nothing has closed yet; ``pinned`` is the
same where the policy keeps the methods away until somebody closes it. Neither is stored: another
node may still read the code as live. ``used_up``, ``replaced``, ``revoked`` and ``closed`` are
ends for good.
"""

from dataclasses import dataclass, replace
from typing import Final

from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind
from tvc.workbench.recipes.recipe import (
    BY_CODE,
    BY_METHOD,
    CODE,
    Recipe,
    allowed,
    ask,
    denied,
    generate,
    sign_in,
    timeline,
)
from tvc.workbench.recipes.thresholds import generate_again


@dataclass(frozen=True, slots=True)
class Edge:
    """A move of a code.

    Attributes
    ----------
    id
        ``origin->target:by``: the state it leaves, the one it comes to, and what moves it, which
        is a request, the ``clock``, or the ``end`` of the run.
    says
        The same in words.
    recipe
        A timeline in which a code makes the move.
    """

    id: str
    says: str
    recipe: Recipe


def _slow(recipe: Recipe) -> Recipe:
    """Let a node whose clock is behind read the code that another one read as past its end."""
    step = sign_in("1h", f"{BY_CODE}, node: slow")
    return replace(recipe.then(step), clocks={"slow": "{offset: -1m}"})


def _pinned(recipe: Recipe) -> Recipe:
    return recipe.under(sign_in__return="on_expire_now")


_OWN_STEP_UP: Final = timeline(
    generate(by="kim", subject="sam", more=", save: c1"), ask(Kind.STEP_UP, says=BY_CODE)
)
_USED: Final = timeline(CODE, sign_in("1m", BY_CODE))
_ENROLLED: Final = _USED.then(ask(Kind.ENROLL, at="2m", by="ana"))
_LAPSED: Final = timeline(CODE, sign_in("1h", BY_CODE + denied(Reason.CODE_EXPIRED)))
_GENERATED: Final = timeline(CODE, generate("1h"))
_EXPIRE: Final = ask(Kind.EXPIRE, at="1h")
_DEACTIVATE: Final = "{at: 1h, do: deactivate, by: sam, for: ana}"
_DEACTIVATED: Final = timeline(CODE, _DEACTIVATE)
_ENDED: Final = timeline(CODE, ask(Kind.USE, at="1h"))

#: Every move there is.
EDGES: Final = (
    Edge("none->live:generate", "a code is generated", timeline(CODE)),
    Edge("live->live:sign_in", "a sign-in uses the code, which stays live", _USED),
    Edge("live->live:step_up", "a step-up uses the code, which stays live", _OWN_STEP_UP),
    Edge("live->used_up:sign_in", "a sign-in is the last use of the code",
         _USED.under(code__uses="1")),
    Edge("live->used_up:step_up", "a step-up is the last use of the code",
         _OWN_STEP_UP.under(code__uses="1")),
    Edge("live->replaced:generate", "another generation replaces the code", generate_again("1m")),
    Edge("live->revoked:expire", "Expire Now ends the code", allowed(Kind.EXPIRE)),
    Edge("live->revoked:deactivate", "the account is deactivated under a live code",
         timeline(CODE, _DEACTIVATE.replace("1h", "1m"))),
    Edge("live->revoked:enroll", "an enrolment ends the code",
         _ENROLLED.under(code__ends_on="[enroll]")),
    Edge("live->revoked:sign_in", "a sign-in by a method ends the code",
         timeline(CODE, sign_in("1m", BY_METHOD), code__ends_on="[method_sign_in]",
                  sign_in__precedence="either")),
    Edge("live->lapsed:clock", "a request reads the code as past its end", _LAPSED),
    Edge("live->pinned:clock", "a request reads the code as past its end, which pins its user",
         _pinned(_LAPSED)),
    Edge("lapsed->live:clock", "after one node read it as past its end another reads it live",
         _slow(_LAPSED)),
    Edge("pinned->live:clock", "after it pinned its user on one node another reads it live",
         _slow(_pinned(_LAPSED))),
    Edge("lapsed->closed:generate", "a generation closes a lapsed code", _GENERATED),
    Edge("lapsed->closed:expire", "Expire Now closes a lapsed code beside a live one",
         timeline(CODE, generate("1m"), _EXPIRE, code__per_user="2")),
    Edge("lapsed->closed:deactivate", "the account is deactivated after its code lapsed",
         _DEACTIVATED),
    Edge("lapsed->closed:end", "the run ends after the code lapsed", _ENDED),
    Edge("pinned->closed:generate", "a generation closes the code that pins its user",
         _pinned(_GENERATED)),
    Edge("pinned->closed:expire", "Expire Now closes the code that pins its user",
         _pinned(timeline(CODE, _EXPIRE))),
    Edge("pinned->closed:deactivate", "the account of a pinned user is deactivated",
         _pinned(_DEACTIVATED)),
    Edge("pinned->closed:end", "the run ends with the user pinned", _pinned(_ENDED)),
)  # fmt: skip
