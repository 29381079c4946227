"""Finds: sketches for what no template thought of, from recipes and from hunts."""

from collections.abc import Iterator
from typing import Final

from tvc.authority.policy import Policy
from tvc.domain.cases import Case
from tvc.files.writing import describe_clock, describe_person, describe_step
from tvc.workbench.coverage.units import units_of
from tvc.workbench.mutation.mutants import Change, Mutant
from tvc.workbench.mutation.offers import tell_apart
from tvc.workbench.recipes import recipe_of
from tvc.workbench.recipes.sketch import Sketch, sketch_of

#: The heading that they stand under.
TOPIC: Final = "What tells the policy from its neighbours"


def recipe_sketches(policy: Policy) -> Iterator[Sketch]:
    """Yield the timelines that cover the units of the law, to be played under a policy."""
    for number, unit in enumerate(units_of()):
        slug = "".join(char if char.isalnum() else "-" for char in unit.id).strip("-")
        recipe = recipe_of(unit.id)
        yield sketch_of(recipe, TOPIC, slug, unit.says, policy, f"r{number + 1}")


def hunt_sketch(mutant: Mutant, number: int, seconds: float, seed: int) -> Sketch | None:
    """Hunt for a timeline that tells a policy from a mutant of it; None where none is found.

    Parameters
    ----------
    mutant
        A change of one policy.
    number
        Counts the hunts, to name what is found.
    seconds
        How long to look.
    seed
        Keys the search.
    """
    side = next(iter(mutant.sides()))
    found = tell_apart(side, seconds, seed)
    if found is None:
        return None
    about = mutant.change.about.replace("_", "-").replace(".", "-")
    return _sketch_of(found.case, f"{about}-{number}", mutant.change, side[0])


def _sketch_of(case: Case, id_: str, change: Change, policy: Policy) -> Sketch:
    steps = []
    for step in case.steps:
        said = describe_step(step)
        said.pop("expect", None)
        steps.append(said)
    people = {person.name: describe_person(person) for person in case.people}
    clocks = {name: describe_clock(clock) for name, clock in case.clocks.items()}
    why = f"{change.about} is not what it would be with {change.text}"
    audit = "" if case.audit is None else "exactly"
    sketch = Sketch(TOPIC, id_, why, tuple(steps), audit=audit, clocks=clocks)
    return sketch.among(people, policy, id_)
