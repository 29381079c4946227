"""Recipes for the moves of a code."""

from dataclasses import replace
from typing import Final

from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind
from tvc.authority.total import total
from tvc.workbench.coverage.edges import EDGES
from tvc.workbench.coverage.recipes.recipe import (
    BY_CODE,
    BY_METHOD,
    CODE,
    Recipe,
    ask,
    denied,
    generate,
    sign_in,
    timeline,
)
from tvc.workbench.coverage.recipes.thresholds import generate_again

_DEACTIVATE: Final = "{at: 1h, do: deactivate, by: sam, for: ana}"
_LATE_READ: Final = sign_in("1h", BY_CODE + denied(Reason.CODE_EXPIRED))
_OWN_CODE: Final = generate(by="kim", subject="sam", more=", save: c1")
_OWN_STEP_UP: Final = ask(Kind.STEP_UP, says=BY_CODE)
_PINNED: Final = {"sign_in__return": "on_expire_now"}


def edge_recipe(move: str, by: str) -> Recipe:
    """Return a timeline in which a code makes a move of its life."""
    return _EDGES[f"{move}:{by}"]


def _slow(recipe: Recipe) -> Recipe:
    """Let a node whose clock is behind read the code that another one read as past its end."""
    step = sign_in("1h", f"{BY_CODE}, node: slow")
    return replace(recipe, steps=(*recipe.steps, step), clocks={"slow": "{offset: -1m}"})


_LAPSE: Final = timeline(CODE, _LATE_READ)
_CLOSED: Final = {
    "generate": timeline(CODE, generate("1h")),
    "deactivate": timeline(CODE, _DEACTIVATE),
    "end": timeline(CODE, ask(Kind.USE, at="1h")),
}
_EDGES: Final[dict[str, Recipe]] = total(
    (edge.id for edge in EDGES),
    {
        "none->live:generate": timeline(CODE),
        "live->live:sign_in": timeline(CODE, sign_in("1m", BY_CODE)),
        "live->live:step_up": timeline(_OWN_CODE, _OWN_STEP_UP),
        "live->used_up:sign_in": timeline(CODE, sign_in("1m", BY_CODE), code__uses="1"),
        "live->used_up:step_up": timeline(_OWN_CODE, _OWN_STEP_UP, code__uses="1"),
        "live->replaced:generate": generate_again("1m"),
        "live->revoked:expire": timeline(CODE, ask(Kind.EXPIRE)),
        "live->revoked:deactivate": timeline(CODE, _DEACTIVATE.replace("1h", "1m")),
        "live->revoked:enroll": timeline(
            CODE,
            sign_in("1m", BY_CODE),
            ask(Kind.ENROLL, at="2m", by="ana"),
            code__ends_on="[enroll]",
        ),
        "live->revoked:sign_in": timeline(
            CODE,
            sign_in("1m", BY_METHOD),
            code__ends_on="[method_sign_in]",
            sign_in__precedence="either",
        ),
        "live->lapsed:clock": _LAPSE,
        "live->pinned:clock": _LAPSE.under(**_PINNED),
        "lapsed->live:clock": _slow(_LAPSE),
        "pinned->live:clock": _slow(_LAPSE.under(**_PINNED)),
        "lapsed->closed:expire": timeline(
            CODE,
            generate("1m"),
            ask(Kind.EXPIRE, at="1h"),
            code__per_user="2",
        ),
        "pinned->closed:expire": timeline(CODE, ask(Kind.EXPIRE, at="1h"), **_PINNED),
        **{f"lapsed->closed:{by}": recipe for by, recipe in _CLOSED.items()},
        **{f"pinned->closed:{by}": recipe.under(**_PINNED) for by, recipe in _CLOSED.items()},
    },
)
