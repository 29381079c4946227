"""The page: a draft as a file, with a heading for each topic and a mark on each scenario."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tvc.authority.policy import Policy
from tvc.domain.cases import Case
from tvc.domain.policies import MergedPolicy, is_name
from tvc.domain.words import escape
from tvc.files.documents import parse_document
from tvc.files.policies import BASE, load_shipped, shipped_policies
from tvc.files.scenarios import read_scenarios
from tvc.files.writing import describe_policy, write_yaml
from tvc.workbench.recipes.sketch import PEOPLE_KEYS, Plain, Sketch, entry_of

_ORDER: Final = ("id", "policy", "why", "breaks", "cases", "timeline", "audit")
_LAST: Final = ("save", "node", "expect")


@dataclass(frozen=True, slots=True)
class Subject:
    """The policy of a draft, and how its file refers to it.

    Attributes
    ----------
    merged
        The policy.
    asked
        How the user names it: a shipped name, or a file.
    name
        Its name in the draft.
    entry
        What stands under ``policies:`` of the draft; None for a shipped one.
    """

    merged: MergedPolicy
    asked: str
    name: str
    entry: Plain | None

    @property
    def policy(self) -> Policy:
        """The policy itself."""
        return self.merged.policy

    @property
    def target(self) -> str:
        """What ``tvc mutate --policy`` calls it."""
        refers = self.entry is None or self.entry.get("extends", BASE) != BASE
        return self.asked if refers else self.name

    @classmethod
    def of(cls, asked: str, merged: MergedPolicy, folder: Path) -> "Subject":
        """Say how a file in a folder refers to a policy.

        A policy file at or below the folder is extended by its path, so that the draft fails
        where somebody changes it; scenario files may refer to no other, so that the values of
        one elsewhere are written out.
        """
        path = Path(asked)
        # A file may be called as a shipped policy is.
        if asked in shipped_policies() and merged is load_shipped(asked):
            return cls(merged, asked, asked, None)
        own = merged.policy.name
        free = is_name(own) and own not in shipped_policies()
        name = own if free else "own"
        try:
            relative = Path(os.path.realpath(path)).relative_to(os.path.realpath(folder)).as_posix()
            relative.encode()
        except ValueError:  # elsewhere, or named by bytes that no file can quote
            bare = Case("", "", "", 0, 0, merged, (), {}, ())
            _, entry = describe_policy(bare)
            return cls(merged, asked, name, entry or {"extends": own})
        return cls(merged, asked, name, {"extends": f"./{relative}"})


def write_page(
    subject: Subject,
    scenarios: Sequence[tuple[Sketch, Mapping[str, Any]]],
    comments: Iterable[str] = (),
) -> str:
    """Write a draft.

    Parameters
    ----------
    subject
        The policy.
    scenarios
        The sketches and what the file says of each, topic by topic.
    comments
        What stands at the top.
    """
    head: Plain = {"tvc": 1}
    if subject.entry is not None:
        head["policies"] = {subject.name: subject.entry}
    head["people"] = _people(subject.policy, [sketch for sketch, _ in scenarios])
    clocks = {name: entry for sketch, _ in scenarios for name, entry in sketch.clocks.items()}
    if clocks:
        head["clocks"] = clocks
    lines = [f"# {escape(comment)}".rstrip() for comment in comments]
    lines += [*write_yaml(head).splitlines(), "scenarios:"]
    mark = f"# REVIEW: drafted from what policy '{subject.name}' does, not from what it should do"
    topic = None
    for sketch, said in scenarios:
        if sketch.topic != topic:
            topic = sketch.topic
            lines += ["", f"  # {topic}"]
        lines += ["", f"  {mark}"]
        entry = {**said, "policy": subject.name}
        entry["timeline"] = [_in_order(step) for step in said["timeline"]]
        told: Plain = {key: entry[key] for key in _ORDER if key in entry}
        lines += [f"  {line}" for line in _items(told)]
    return "\n".join(lines) + "\n"


def cases_of(text: str, path: Path) -> tuple[Case, ...]:
    """Return the cases of a draft."""
    return read_scenarios(parse_document(text, str(path)), path).cases


def _items(told: Plain) -> list[str]:
    first, *rest = write_yaml(told).splitlines()
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _in_order(step: Plain) -> Plain:
    middle = [key for key in step if key not in _LAST]
    return {key: step[key] for key in (*middle, *_LAST) if key in step}


def _people(policy: Policy, sketches: Sequence[Sketch]) -> Plain:
    found: dict[str, Plain] = {}
    for sketch in sketches:
        for step in sketch.steps:
            for name in (step[key] for key in PEOPLE_KEYS if key in step):
                found[name] = sketch.people.get(name) or entry_of(name, policy)
        found |= sketch.people
    known = [name for entry in found.values() for name in entry.get("knows", ())]
    found |= {name: entry_of(name, policy) for name in known if name not in found}
    return found
