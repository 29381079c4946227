"""One policy document: what a policy file, or an entry of ``policies:``, says by itself.

What it says is complete only together with the policy it extends; `tvc.files.policies` lays one
on the other. Both forms of a document are read here: a file of its own, and an inline policy of
a scenario file. Knobs may be nested, dotted, or both, in the document itself or under ``set``.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tvc.authority.policy import KNOBS, RATE_KNOBS, Knob, find_knob
from tvc.domain.policies import RATES
from tvc.domain.words import show, suggest
from tvc.files import nodes
from tvc.files.documents import MAX_FAULTS
from tvc.files.faults import Fault, InvalidFile
from tvc.files.nodes import Node, Scalar
from tvc.files.policy_values import read_value, show_node

#: What the names of policies and of rate limits look like.
NAME_PATTERN: Final = "[A-Za-z][A-Za-z0-9_-]*"
#: The word that removes an inherited rate limit.
REMOVED: Final = "off"
#: Groups of knobs by dotted key: ``lifetime``, ``issuer``, ``issuer.approvals``, ...
GROUPS: Final = tuple(
    dict.fromkeys(
        key[: dot.start()]
        for key in (*(knob.key for knob in KNOBS), f"{RATES}.")
        for dot in re.finditer(r"\.", key)
    )
)
#: The keys of a document that are no knobs, and what they mean.
HEADER: Final[Mapping[str, str]] = {
    "policy": "name of the policy; in a scenario file the key it stands under",
    "extends": "the policy it differs from: a name, or a relative path of a policy file",
    "why": "one line on why it differs",
    "set": "knobs, as beside it",
}

_NAME = re.compile(NAME_PATTERN, re.ASCII)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a document gives one knob, or ``rates.NAME`` with None: the limit is removed.

    Attributes
    ----------
    value
        In the units of `tvc.authority.policy.Policy`.
    line, column
        Where its key stands, both counted from 1.
    """

    value: Any
    line: int
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class PolicyDocument:
    """A policy document as read; two are never equal, each is a place of its own.

    Attributes
    ----------
    name
        The policy's name; empty when a file fails to give one.
    inline
        Whether it stands in a scenario file.
    file, line, column
        Where it begins, both counted from 1.
    extends
        What names its parent; None where the document does not say.
    why
        Why it differs from its parent.
    settings : mapping of str to Setting
        By dotted key, in the order of the file.
    limits : mapping of str to Scalar
        The first key of each rate limit that it mentions, by the limit's name.
    broken : frozenset of str
        Keys of what could not be read, knobs and groups; what depends on it cannot be judged.
    faults : tuple of Fault
        What is wrong with the document by itself.
    """

    name: str
    inline: bool
    file: str
    line: int
    column: int
    extends: Scalar | None
    why: str | None
    settings: Mapping[str, Setting]
    limits: Mapping[str, Scalar]
    broken: frozenset[str]
    faults: tuple[Fault, ...]

    @property
    def label(self) -> str:
        """What a chain of policies calls it: a name in a scenario file, else the file."""
        return self.name if self.inline else self.file


def is_name(text: str) -> bool:
    """Say whether a text can name a policy or a rate limit.

    Examples
    --------
    >>> is_name("two-person"), is_name("./strict.yaml")
    (True, False)
    """
    return _NAME.fullmatch(text) is not None


def read_policy(node: Node, file: str, name: str | None = None) -> PolicyDocument:
    """Read one policy document; what is wrong with it is part of the result.

    Parameters
    ----------
    node
        The document: the root of a policy file, or the value of an entry of ``policies:``.
    file
        The name of the file, for messages.
    name
        The key that an inline policy stands under; None for a policy file, which names itself.
    """
    reading = _Reading(file, name)
    if isinstance(node, nodes.Mapping):
        with suppress(_EnoughError):
            reading.read_document(node)
    else:
        reading.fail(node, f"expected a policy, which is a mapping, not {show_node(node)}")
    return PolicyDocument(
        reading.name or "",
        name is not None,
        file,
        node.line,
        node.column,
        reading.extends,
        reading.why,
        reading.settings,
        reading.limits,
        frozenset(reading.broken),
        tuple(reading.faults),
    )


class _EnoughError(Exception):
    """So many faults are found that more would help nobody, and take time to explain."""


@dataclass(slots=True)
class _Reading:
    """A policy document half read."""

    file: str
    name: str | None
    extends: Scalar | None = None
    why: str | None = None
    settings: dict[str, Setting] = field(default_factory=dict)
    limits: dict[str, Scalar] = field(default_factory=dict)
    given: dict[str, Scalar] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def fail(self, at: Node, message: str) -> None:
        self.faults.append(Fault(self.file, at.line, at.column, message))
        if len(self.faults) >= MAX_FAULTS:
            raise _EnoughError

    def read_document(self, document: nodes.Mapping) -> None:
        if self.name is None and document.get("policy") is None:
            self.fail(document, "a policy file needs a name: policy: NAME")
        for key, node in _entries(document):
            if key.text == "set":
                self.read_group("", key, node)
            elif key.text in HEADER:
                self.read_header(key, node)
            else:
                self.read_entry("", key, node)
        self.check_removals()

    def read_header(self, key: Scalar, node: Node) -> None:
        text = node.value if isinstance(node, Scalar) else None
        if key.text == "policy" and self.name is not None:
            self.fail(key, "an inline policy has the name it stands under: leave 'policy' out")
        elif not isinstance(node, Scalar) or not isinstance(text, str) or not text:
            self.fail(node, f"{key.text}: expected a text, not {show_node(node)}")
            self.broken.add(key.text)
        elif key.text == "extends":
            self.extends = node
        elif key.text == "why":
            self.why = text.strip()
            if not self.why.isprintable():
                self.fail(node, "why: expected one line of printable characters")
        else:
            self.name = text
            if not is_name(text):
                self.fail(node, explain_name("policy", text))

    def read_group(self, group: str, key: Scalar, node: Node) -> None:
        """Read the entries of a group of knobs; of ``set``, where ``group`` is empty."""
        if isinstance(node, nodes.Mapping):
            for inner, value in _entries(node):
                self.read_entry(group and f"{group}.", inner, value)
        else:
            self.broken.add(group)
            expected = f"expected {_members(group)}, not {show_node(node)}"
            self.fail(node, f"{group or key.text}: {expected}")

    def read_entry(self, prefix: str, key: Scalar, node: Node) -> None:
        """Read a knob, a group of knobs, or the removal of a rate limit."""
        dotted = prefix + key.text
        parts = dotted.split(".")
        limit = parts[1] if parts[0] == RATES and len(parts) > 1 else None
        if limit is not None:
            if not is_name(limit):
                self.fail(key, explain_name("rate limit", limit))
                return
            self.limits.setdefault(limit, key)
        knob = find_knob(dotted)
        if knob is not None:
            self.read_knob(knob, dotted, key, node)
        elif dotted in GROUPS:
            self.read_group(dotted, key, node)
        elif limit is None or len(parts) > 2:
            known = [*_known_keys(limit), *(() if prefix else HEADER)]
            self.fail(key, f"unknown key {show(dotted)}{suggest(dotted, known)}")
            if limit is not None:
                self.broken.add(f"{RATES}.{limit}")
        elif isinstance(node, Scalar) and node.value == REMOVED:
            self.keep(dotted, key, None)
        else:
            self.read_group(dotted, key, node)

    def read_knob(self, knob: Knob, dotted: str, key: Scalar, node: Node) -> None:
        try:
            self.keep(dotted, key, read_value(knob, dotted, node, self.file))
        except InvalidFile as error:
            self.faults += error.faults
            self.broken.add(dotted)
            self.keep(dotted, key, None)

    def keep(self, dotted: str, key: Scalar, value: Any) -> None:  # noqa: ANN401 - the knob's type
        earlier = self.given.setdefault(dotted, key)
        if earlier is not key:
            self.fail(key, f"{dotted} is given twice: also on line {earlier.line}")
        elif dotted not in self.broken:
            self.settings[dotted] = Setting(value, key.line, key.column)

    def check_removals(self) -> None:
        for dotted, key in self.given.items():
            limit = dotted.rpartition(".")[0]
            removed = self.given.get(limit)
            if removed is not None:
                self.fail(
                    key, f"{dotted} is given, but {limit} is {REMOVED} on line {removed.line}"
                )


def explain_name(thing: str, text: str) -> str:
    """Say why a text cannot name a policy or a rate limit."""
    return f"{show(text)} cannot name a {thing}: a letter first, then letters, digits, '-' and '_'"


def _entries(mapping: nodes.Mapping) -> Iterator[tuple[Scalar, Node]]:
    """List the entries; a value that is left out stands at its key, where it is missed."""
    for key, node in mapping.entries:
        if isinstance(node, Scalar) and node.plain and not node.text:
            yield key, replace(node, line=key.line, column=key.column)
        else:
            yield key, node


def _known_keys(limit: str | None) -> Iterator[str]:
    yield from GROUPS
    yield from (knob.key for knob in KNOBS)
    if limit is not None:
        yield from (f"{RATES}.{limit}.{knob.key}" for knob in RATE_KNOBS)


def _members(group: str) -> str:
    if not group:
        return "a mapping of knobs"
    if group == RATES:
        return "a mapping of rate limits by name"
    if group.startswith(f"{RATES}."):
        return f"a mapping of {', '.join(knob.key for knob in RATE_KNOBS)}, or {REMOVED}"
    below = [knob.key for knob in KNOBS if knob.key.startswith(f"{group}.")]
    names = dict.fromkeys(key.removeprefix(f"{group}.").split(".")[0] for key in below)
    return f"a mapping of {', '.join(names)}"
