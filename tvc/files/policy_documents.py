"""One policy document: what a policy file, or an entry of ``policies:``, says by itself.

What it says is complete only together with the policy it extends; `tvc.files.policies` lays one
on the other. Both forms of a document are read here: a file of its own, and an inline policy of
a scenario file. Knobs may be nested, dotted, or both, in the document itself or under ``set``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tvc.authority.policy import KNOBS, RATE_KNOBS, find_knob
from tvc.domain.policies import HEADER, RATES, explain_name, is_name
from tvc.domain.words import show, suggest
from tvc.files import nodes
from tvc.files.faults import Fault
from tvc.files.nodes import Node, Scalar, plain

if TYPE_CHECKING:
    from tvc.files.wording import Report

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
    # A run under the default policy reads none, and does not wait for the types of files.
    from tvc.files.wording import Report

    reading = _Reading(Report(file), name is not None)
    reading.read_document(node)
    return PolicyDocument(
        name=name or reading.header.get("policy", ""),
        inline=reading.inline,
        file=file,
        line=node.line,
        column=node.column,
        extends=reading.extends,
        why=reading.header.get("why"),
        settings=reading.settings,
        limits=reading.limits,
        broken=frozenset(reading.broken),
        faults=tuple(reading.report.faults),
    )


@dataclass(slots=True)
class _Reading:
    """A policy document half read."""

    report: "Report"
    inline: bool
    header: dict[str, str] = field(default_factory=dict)
    extends: Scalar | None = None
    settings: dict[str, Setting] = field(default_factory=dict)
    limits: dict[str, Scalar] = field(default_factory=dict)
    given: dict[str, Scalar] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def read_document(self, document: Node) -> None:
        if not isinstance(document, nodes.Mapping):
            found = show(plain(document))
            self.report.add(document, f"expected a policy, which is a mapping, not {found}")
            return
        if not self.inline and document.get("policy") is None:
            self.report.add(document, "a policy file needs a name: policy: NAME")
        for key, node in self.entries(document):
            if key.text == "set":
                self.read_group("", key, node)
            elif key.text in HEADER:
                self.read_header(key, node)
            else:
                self.read_entry("", key, node)
        self.check_removals()

    def entries(self, mapping: nodes.Mapping) -> Iterator[tuple[Scalar, Node]]:
        """List entries until there are faults enough; a value left out is missed at its key."""
        for key, node in mapping.entries:
            if self.report.is_full:
                return
            if isinstance(node, Scalar) and node.plain and not node.text:
                yield key, replace(node, line=key.line, column=key.column)
            else:
                yield key, node

    def read_header(self, key: Scalar, node: Node) -> None:
        if key.text == "policy" and self.inline:
            message = "an inline policy has the name it stands under: leave 'policy' out"
            self.report.add(key, message)
            return
        text = self.read_field(key.text, node)
        if text is not None:
            self.header[key.text] = text
            if key.text == "extends" and isinstance(node, Scalar):
                self.extends = node

    def read_group(self, group: str, key: Scalar, node: Node) -> None:
        """Read the entries of a group of knobs; of ``set``, where ``group`` is empty."""
        if isinstance(node, nodes.Mapping):
            for inner, value in self.entries(node):
                self.read_entry(group and f"{group}.", inner, value)
        else:
            self.broken.add(group)
            expected = f"expected {_members(group)}, not {show(plain(node))}"
            self.report.add(node, f"{group or key.text}: {expected}")

    def read_entry(self, prefix: str, key: Scalar, node: Node) -> None:
        """Read a knob, a group of knobs, or the removal of a rate limit."""
        dotted = prefix + key.text
        parts = dotted.split(".")
        limit = parts[1] if parts[0] == RATES and len(parts) > 1 else None
        if limit is not None:
            if not is_name(limit):
                self.report.add(key, explain_name("rate limit", limit))
                return
            self.limits.setdefault(limit, key)
        if find_knob(dotted) is not None:
            self.keep(dotted, key, self.read_field(dotted, node))
        elif dotted in GROUPS:
            self.read_group(dotted, key, node)
        elif limit is None or len(parts) > 2:
            known = [*_known_keys(limit), *(() if prefix else HEADER)]
            self.report.add(key, f"unknown key {show(dotted)}{suggest(dotted, known)}")
            if limit is not None:
                self.broken.add(f"{RATES}.{limit}")
        elif isinstance(node, Scalar) and node.value == REMOVED:
            self.keep(dotted, key, None)
        else:
            self.read_group(dotted, key, node)

    def read_field(self, dotted: str, node: Node) -> Any:  # noqa: ANN401 - the knob's type
        from tvc.files.policy_model import read_field

        value, right = read_field(self.report, dotted, node)
        if not right:
            self.broken.add(dotted)
        return value

    def keep(self, dotted: str, key: Scalar, value: Any) -> None:  # noqa: ANN401 - the knob's type
        earlier = self.given.setdefault(dotted, key)
        if earlier is not key:
            self.report.add(key, f"{dotted} is given twice: also on line {earlier.line}")
        elif dotted not in self.broken:
            self.settings[dotted] = Setting(value, key.line, key.column)

    def check_removals(self) -> None:
        for dotted, key in self.given.items():
            limit = dotted.rpartition(".")[0]
            removed = self.given.get(limit)
            if removed is not None:
                message = f"{dotted} is given, but {limit} is {REMOVED} on line {removed.line}"
                self.report.add(key, message)


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
