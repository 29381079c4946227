"""Policies from files: documents laid on what they extend, down to the packaged ``salesforce``.

A document says only how it differs. It extends a packaged policy or, in a scenario file, another
policy of that file, by name; or a policy file by a path relative to its own folder, which must
stay under the folder of the file that a run began with. A document that does not say extends
``salesforce``, whose values are those of `tvc.authority.policy.Policy`: its file in the package
is for people to read, and no run has to.
"""

import os
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Final

from tvc.authority.policy import Policy
from tvc.domain.policies import MergedPolicy, Origin, explain_name, is_name
from tvc.domain.words import escape, list_choices, show, suggest
from tvc.files import documents, nodes
from tvc.files.documents import parse_document, read_document
from tvc.files.faults import Fault, InvalidFile
from tvc.files.nodes import Node, Scalar, plain
from tvc.files.policy_documents import PolicyDocument, read_policy
from tvc.files.policy_merging import LONGEST_LINEAGE, lay

#: The policy that a document extends when it does not say.
BASE: Final = Policy().name
_SUFFIX: Final = ".yaml"
#: Names that a guess is made from: comparing with all of a hostile file's would take hours.
_MOST_GUESSES: Final = 1_000


# Packaged policies


@cache
def shipped_policies() -> tuple[str, ...]:
    """Return the names of the policies in the package, in alphabetical order."""
    files = (resources.files("tvc") / "policies").iterdir()
    return tuple(
        sorted(file.name.removesuffix(_SUFFIX) for file in files if file.name.endswith(_SUFFIX))
    )


@cache
def load_shipped(name: str) -> MergedPolicy:
    """Load a policy of the package.

    Raises
    ------
    LookupError
        If there is none of that name; the message says which was probably meant.

    Examples
    --------
    >>> load_shipped("strict").policy.lifetime.max_ms
    14400000
    """
    known = shipped_policies()
    if name not in known:
        raise LookupError(_unknown_policy(name, known))
    file = f"built in: {name}"
    if name == BASE:
        origin = Origin(file, None, name)
        policy = Policy()
        return MergedPolicy(policy, dict.fromkeys(policy.values(), origin), (origin,))
    text = (resources.files("tvc") / "policies" / f"{name}{_SUFFIX}").read_text("utf-8")
    document = read_policy(parse_document(text, file), file)
    return _merge_file(document, Path())


# Files


def load_policy_file(path: Path) -> MergedPolicy:
    """Read a policy file, and the files that it extends.

    Parameters
    ----------
    path
        The file. What it extends must stay under its folder.

    Raises
    ------
    InvalidFile
        With every fault of the file and of those it extends.
    """
    return _merge_file(read_policy(read_document(path), str(path)), path.parent)


def _merge_file(document: PolicyDocument, folder: Path) -> MergedPolicy:
    merger = _Merger(folder, {})
    merged = merger.merge(document)
    if merged is None:
        raise InvalidFile(set(merger.faults))
    return merged


class PolicyResolver:
    """The policies that the names in a scenario file stand for.

    A name is looked up among the replacements first, then in the file's ``policies:``, then in
    the package; the policies of the file extend what the same look-up finds, so that replacing
    ``salesforce`` moves all that is built on it. A file that is extended, or that replaces a
    policy, stands alone: its names are those of the package.

    Parameters
    ----------
    policies
        What stands under ``policies:``; None when nothing does.
    path
        The scenario file. Policy files that it refers to must stay under its folder.
    replacements : mapping of str to Path
        Policy files to take in place of the policies of these names.

    Attributes
    ----------
    faults : tuple of Fault
        What is wrong with the policies of the file, used or not, with the files they extend and
        with the replacements.

    Examples
    --------
    >>> node = parse_document("short: {extends: strict, set: {lifetime.max: 2h}}", "a.tvc.yaml")
    >>> PolicyResolver(node, Path("a.tvc.yaml")).resolve("short").policy.lifetime.max_ms
    7200000
    """

    def __init__(
        self,
        policies: Node | None,
        path: Path,
        replacements: Mapping[str, Path] | None = None,
    ) -> None:
        faults: list[Fault] = []
        replaced: dict[str, MergedPolicy | None] = {}
        for name, file in (replacements or {}).items():
            try:
                replaced[name] = load_policy_file(file)
            except InvalidFile as error:
                faults += error.faults
                replaced[name] = None
        local = _read_inline(policies, str(path), faults)
        merger = _Merger(path.parent, {**local, **replaced})
        merged = {
            name: None if document is None else merger.merge(document)
            for name, document in local.items()
        }
        self._policies: Mapping[str, MergedPolicy | None] = merged | replaced
        self.faults: tuple[Fault, ...] = tuple(sorted({*faults, *merger.faults}))

    def names(self) -> tuple[str, ...]:
        """Return every name that can be resolved: the file's and the replacements', then others."""
        return tuple(dict.fromkeys((*self._policies, *shipped_policies())))

    def resolve(self, name: str) -> MergedPolicy:
        """Return the policy that a name stands for.

        Raises
        ------
        LookupError
            If it stands for none; the message says which was probably meant.
        InvalidFile
            If the policy, or one that it extends, has faults; with all faults of all policies.
        """
        if name not in self._policies:
            if name not in shipped_policies():
                raise LookupError(_unknown_policy(name, self.names()))
            return load_shipped(name)
        merged = self._policies[name]
        if merged is None:
            raise InvalidFile(self.faults)
        return merged


def _read_inline(
    policies: Node | None, file: str, faults: list[Fault]
) -> dict[str, PolicyDocument | None]:
    """Read the entries of ``policies:``; those with a name that cannot be used are left out.

    None stands for those that are not read any more, since there are faults enough.
    """
    found: dict[str, PolicyDocument | None] = {}
    if policies is None:
        return found
    if not isinstance(policies, nodes.Mapping):
        message = f"policies: expected a mapping of policies by name, not {show(plain(policies))}"
        faults.append(Fault(file, policies.line, policies.column, message))
        return found
    for key, node in policies.entries:
        document = None
        if len(faults) < documents.MAX_FAULTS:
            document = read_policy(node, file, key.text)
            faults += document.faults
        if not is_name(key.text):
            faults.append(Fault(file, key.line, key.column, explain_name("policy", key.text)))
        elif key.text == BASE:
            message = f"{BASE!r} is the policy that all others differ from: choose another name"
            faults.append(Fault(file, key.line, key.column, message))
        else:
            found[key.text] = document
    return found


# Merging


class _Merger:
    """Lays documents on what they extend; reads each file under one folder once.

    Parameters
    ----------
    folder
        Where the files stand that documents may refer to.
    scope
        What names stand for in inline documents, before those of the package; None is a policy
        whose faults are known already.
    """

    def __init__(
        self, folder: Path, scope: Mapping[str, PolicyDocument | MergedPolicy | None]
    ) -> None:
        self.faults: list[Fault] = []
        self._folder = folder
        self._scope = scope
        self._files: dict[Path, PolicyDocument | None] = {}
        self._merged: dict[PolicyDocument, MergedPolicy | None] = {}

    def merge(self, document: PolicyDocument) -> MergedPolicy | None:
        """Return the complete policy; None where something is wrong, which `faults` then tells.

        Once there are faults enough, nothing more is looked at.
        """
        if len(self.faults) >= documents.MAX_FAULTS:
            return None
        chain: dict[PolicyDocument, None] = {}
        below: PolicyDocument | MergedPolicy | None = document
        while isinstance(below, PolicyDocument) and below not in self._merged:
            if below in chain:
                self._refuse_cycle(list(chain), below)
                below = None
                break
            chain[below] = None
            below = self._find_parent(below)
        base = self._merged[below] if isinstance(below, PolicyDocument) else below
        for step in reversed(chain):
            base = self._lay(step, base)
            self._merged[step] = base
        return base

    def _fail(self, document: PolicyDocument, at: Scalar | PolicyDocument, message: str) -> None:
        self.faults.append(Fault(document.file, at.line, at.column, message))

    def _refuse_cycle(self, chain: list[PolicyDocument], again: PolicyDocument) -> None:
        labels = [escape(document.label) for document in (*chain[chain.index(again) :], again)]
        if len(labels) > LONGEST_LINEAGE:
            labels[LONGEST_LINEAGE - 2 : -1] = ["..."]
        last = chain[-1]
        self._fail(last, last.extends or last, f"policies extend each other: {' -> '.join(labels)}")

    def _find_parent(self, document: PolicyDocument) -> PolicyDocument | MergedPolicy | None:
        if "extends" in document.broken:
            return None
        name = BASE if document.extends is None else document.extends.text
        if document.extends is not None and not is_name(name):
            return self._open_parent(document, document.extends)
        scope = self._scope if document.inline else {}
        if name in scope:
            return scope[name]
        if name in shipped_policies():
            return load_shipped(name)
        message = _unknown_policy(name, (*scope, *shipped_policies()))
        self._fail(document, document.extends or document, message)
        return None

    def _open_parent(self, document: PolicyDocument, extends: Scalar) -> PolicyDocument | None:
        shown = show(extends.text)
        try:
            folder = os.path.realpath(self._folder)
            path = Path(os.path.realpath(Path(document.file).parent / extends.text))
            inside = path.is_relative_to(folder) and not Path(extends.text).is_absolute()
            present = inside and path.is_file()
        except (OSError, ValueError):  # too long, a NUL
            self._fail(document, extends, f"{shown} is no path of a file")
            return None
        if not inside:
            within = escape(str(self._folder))
            message = f"{shown} must be a relative path that stays under the folder {within}"
            self._fail(document, extends, message)
            return None
        if not present:
            self._fail(document, extends, f"there is no file {shown}")
            return None
        if path not in self._files:
            self._files[path] = self._read(self._folder / path.relative_to(folder))
        return self._files[path]

    def _read(self, path: Path) -> PolicyDocument | None:
        try:
            return read_policy(read_document(path), str(path))
        except InvalidFile as error:
            self.faults += error.faults
            return None

    def _lay(self, document: PolicyDocument, base: MergedPolicy | None) -> MergedPolicy | None:
        if base is None:
            self.faults += document.faults
            return None
        try:
            return lay(document, base)
        except InvalidFile as error:
            self.faults += error.faults
            return None


def _unknown_policy(name: str, known: Iterable[str]) -> str:
    names = tuple(islice(known, _MOST_GUESSES))
    return f"there is no policy {show(name)}{suggest(name, names)}, {list_choices(names)}"
