"""For each unit of the law a timeline that covers it, in the words of scenario files.

A report that names what is missing also says what to write. The timelines are short, use one
small cast, and are run by the tests: each covers the unit that it stands for.
"""

from collections.abc import Callable
from typing import Final

from tvc.workbench.coverage.recipes.edges import edge_recipe
from tvc.workbench.coverage.recipes.knobs import knob_recipe
from tvc.workbench.coverage.recipes.recipe import Recipe
from tvc.workbench.coverage.recipes.rules import reason_recipe, rule_recipe
from tvc.workbench.coverage.recipes.thresholds import threshold_recipe
from tvc.workbench.coverage.units import Unit

__all__ = ["Recipe", "recipe_of"]

_RECIPES: Final[dict[str, Callable[..., Recipe]]] = {
    "rule": rule_recipe,
    "reason": reason_recipe,
    "threshold": threshold_recipe,
    "edge": edge_recipe,
    "knob": knob_recipe,
}


def recipe_of(unit: Unit) -> Recipe:
    """Return a timeline that covers a unit of the law.

    Raises
    ------
    KeyError
        If there is none: the unit is new, or of another law.

    Examples
    --------
    >>> from tvc.workbench.coverage.units import Group
    >>> recipe_of(Unit("threshold:code.live:below", Group.THRESHOLDS, "")).steps[-1]
    '{at: 59m59s999ms, do: sign_in, by: ana, code: c1}'
    """
    group, name, *rest = unit.id.split(":")
    return _RECIPES[group](name, *rest)
