"""Small timelines, each of which reaches one thing that the law or a policy decides by.

`recipe_of` has one for each unit of the law that coverage counts; `tvc.workbench.recipes.knobs`
has those that notice a change of a knob, which drafts are made of.
"""

from collections.abc import Callable
from typing import Final

from tvc.workbench.recipes.edges import EDGES
from tvc.workbench.recipes.knobs import knob_recipe
from tvc.workbench.recipes.recipe import Recipe
from tvc.workbench.recipes.refusals import reason_recipe, rule_recipe
from tvc.workbench.recipes.thresholds import THRESHOLDS

__all__ = ["Recipe", "recipe_of"]

_EDGES: Final = {edge.id: edge.recipe for edge in EDGES}
_THRESHOLDS: Final = {threshold.name: threshold.recipes for threshold in THRESHOLDS}
_RECIPES: Final[dict[str, Callable[..., Recipe]]] = {
    "rule": rule_recipe,
    "reason": reason_recipe,
    "threshold": lambda name, side: _THRESHOLDS[name][side],
    "edge": lambda move, by: _EDGES[f"{move}:{by}"],
    "knob": knob_recipe,
}


def recipe_of(unit: str) -> Recipe:
    """Return a timeline that covers a unit of the law.

    Parameters
    ----------
    unit
        The id of one of `tvc.workbench.coverage.units.units_of`.

    Raises
    ------
    KeyError
        If there is none: the unit is new, or of another law.

    Examples
    --------
    >>> recipe_of("threshold:code.live:below").steps[-1]
    '{at: 59m59s999ms, do: sign_in, by: ana, code: c1}'
    """
    group, *name = unit.split(":")
    return _RECIPES[group](*name)
