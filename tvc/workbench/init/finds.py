"""Finds: sketches for what no template thought of, from recipes and from hunts."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from tvc.authority.decide import LAW
from tvc.authority.policy import Policy
from tvc.domain.cases import Case
from tvc.files.documents import parse_document
from tvc.files.nodes import plain
from tvc.files.writing import describe_clock, describe_person, describe_step
from tvc.workbench.coverage.recipes import recipe_of
from tvc.workbench.coverage.units import units_of
from tvc.workbench.hunt.goals import Differs, Side
from tvc.workbench.hunt.search import find
from tvc.workbench.init.sketch import Plain, Sketch, entry_of
from tvc.workbench.mutation.mutants import Change, Mutant

#: The heading that they stand under.
TOPIC: Final = "What tells the policy from its neighbours"
_EVENTS: Final = 16
_NAMES: Final = ("by", "for", "given_to")


def recipe_sketches(policy: Policy) -> Iterator[Sketch]:
    """Yield the timelines that cover the units of the law, to be played under a policy."""
    for number, unit in enumerate(units_of()):
        document: Any = plain(parse_document(recipe_of(unit).as_file(), "recipe"))
        (scenario,) = document["scenarios"]
        steps = tuple(
            {key: value for key, value in step.items() if key != "expect"}
            for step in scenario["timeline"]
        )
        named = {step[key] for step in steps for key in _NAMES if key in step}
        people = {name: entry for name, entry in document["people"].items() if name in named}
        slug = "".join(char if char.isalnum() else "-" for char in unit.id).strip("-")
        sketch = Sketch(TOPIC, slug, unit.says, steps, clocks=document["clocks"])
        yield _with_people(sketch, people, policy, f"r{number + 1}")


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
    policy, law, changed = next(iter(mutant.sides()))
    sides = Side(LAW, policy, policy.name), Side(law, changed, f"{policy.name}-changed")
    found = find(Differs(*sides, audit=True), events=_EVENTS, seconds=seconds, seed=seed)
    if found is None:
        return None
    about = mutant.change.about.replace("_", "-").replace(".", "-")
    return _sketch_of(found.case, f"{about}-{number}", mutant.change, policy)


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
    return _with_people(sketch, people, policy, id_)


def _with_people(sketch: Sketch, people: dict[str, Plain], policy: Policy, mark: str) -> Sketch:
    """Give those a name of their own who are not as the cast has them."""
    names = {
        name: name if entry == entry_of(name, policy) else f"{name}-{mark}"
        for name, entry in people.items()
    }
    steps = tuple(
        {key: names.get(value, value) if key in _NAMES else value for key, value in step.items()}
        for step in sketch.steps
    )
    renamed = {}
    for name, entry in people.items():
        knows = [names.get(one, one) for one in entry.get("knows", ())]
        renamed[names[name]] = entry | ({"knows": knows} if knows else {})
    return replace(sketch, steps=steps, people=renamed)
