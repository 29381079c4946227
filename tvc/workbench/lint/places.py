"""Where the knobs of a merged policy were set, to the column.

An origin names the file and the line of a value. Its document is read once more for the column,
and for the values of ``salesforce``, which the reference implementation holds itself: those are
shown where the packaged file states them.
"""

from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Final

from tvc.domain.policies import MergedPolicy, Origin
from tvc.files import nodes
from tvc.files.documents import parse_document, read_document
from tvc.files.faults import InvalidFile
from tvc.files.nodes import Node
from tvc.files.policy_documents import PolicyDocument, read_policy
from tvc.harness.formats.findings import Place

#: How the files of packaged policies are named in origins.
BUILT_IN: Final = "built in: "


def is_own(merged: MergedPolicy, keys: Iterable[str]) -> bool:
    """Say whether the policy itself, and not what it extends, sets one of some knobs."""
    own = merged.lineage[0]
    return any(_of_document(merged.origins[key], own) for key in keys if key in merged.origins)


class Places:
    """Finds the places of knobs; reads each file once."""

    def __init__(self) -> None:
        self._read: dict[str, dict[str, PolicyDocument]] = {}

    def of(self, merged: MergedPolicy, keys: Iterable[str]) -> Place:
        """Return the place to blame for what some knobs do together.

        That is where the policy itself sets the first of them, else where what it extends does,
        the nearest first. A policy that inherits all of them from ``salesforce`` has set none:
        then it is the beginning of the policy.

        Parameters
        ----------
        merged
            The policy.
        keys
            Dotted keys; those that the policy does not have are passed over.
        """
        own, base = merged.lineage[0], merged.lineage[-1]
        known = [(key, merged.origins[key]) for key in keys if key in merged.origins]
        for document in merged.lineage:
            if document == base != own:
                break
            for key, origin in known:
                if _of_document(origin, document):
                    return self._place(origin, key)
        return self._place(own, None)

    def _place(self, origin: Origin, key: str | None) -> Place:
        if origin.file not in self._read:
            self._read[origin.file] = _documents(origin.file)
        document = self._read[origin.file].get(origin.policy)
        if document is None:  # the file has changed since the policy was merged
            return Place(origin.file, origin.line or 1, 1)
        at = document if key is None else document.settings.get(key, document)
        return Place(origin.file, at.line, at.column)


def _of_document(origin: Origin, document: Origin) -> bool:
    return (origin.file, origin.policy) == (document.file, document.policy)


def _documents(file: str) -> dict[str, PolicyDocument]:
    """Return the policy documents of a file by name: of a policy file one, else the inline ones."""
    try:
        root = _root(file)
    except InvalidFile:
        return {}
    if not isinstance(root, nodes.Mapping) or root.get("tvc") is None:
        found = read_policy(root, file)
        return {found.name: found}
    inline = root.get("policies")
    entries = inline.entries if isinstance(inline, nodes.Mapping) else ()
    return {key.text: read_policy(node, file, key.text) for key, node in entries}


def _root(file: str) -> Node:
    if not file.startswith(BUILT_IN):
        return read_document(Path(file))
    name = file.removeprefix(BUILT_IN)
    text = (resources.files("tvc") / "policies" / f"{name}.yaml").read_text("utf-8")
    return parse_document(text, file)
