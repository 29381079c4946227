"""Reading what shall be linted: scenario files, the policies in them, and policies by name."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tvc.domain.policies import MergedPolicy
from tvc.files import nodes
from tvc.files.documents import read_document
from tvc.files.faults import Fault, InvalidFile
from tvc.files.nodes import Node
from tvc.files.policies import PolicyResolver, load_policy_file, load_shipped, shipped_policies
from tvc.files.scenarios import read_scenarios
from tvc.harness.collect import find_files, is_scenario_file
from tvc.workbench.lint.scenario_rules import Scenarios


class NoSuchPolicy(ValueError):
    """A name that no policy has."""


def read_all(
    paths: Iterable[str], policies: Iterable[str]
) -> tuple[list[Scenarios], list[MergedPolicy], list[Fault]]:
    """Read scenario files, and the policies that are asked about, each once.

    Parameters
    ----------
    paths
        Scenario files, folders of them, and policy files.
    policies
        Names of packaged policies, policy files, or names of policies of the scenario files.

    Returns
    -------
    tuple
        The scenario files and the policies, in the order they are named, and what is wrong with
        those that could not be read.

    Raises
    ------
    NoSuchPath
        If a path does not exist.
    NoSuchPolicy
        If no policy has such a name; the message says which was probably meant.
    """
    scenarios: list[Scenarios] = []
    asked: list[MergedPolicy] = []
    faults: list[Fault] = []
    for path in find_files(paths):
        try:
            root = read_document(path)
            if _is_policy(path, root):
                asked.append(load_policy_file(path))
            else:
                scenarios.append(_read_scenarios(path, root))
        except InvalidFile as invalid:
            faults += invalid.faults
    for name in policies:
        try:
            asked += _find_policies(name, scenarios)
        except InvalidFile as invalid:
            faults += invalid.faults
        except NoSuchPolicy:
            # A file that has faults may have it.
            if not faults:
                raise
    by_place = {merged.lineage[0]: merged for merged in asked}
    return scenarios, list(by_place.values()), faults


def _is_policy(path: Path, root: Node) -> bool:
    """Tell a policy file from a scenario file by what it says; one that says neither, by name."""
    keys = root.keys() if isinstance(root, nodes.Mapping) else ()
    if "tvc" in keys or "scenarios" in keys:
        return False
    return "policy" in keys or not is_scenario_file(path)


def _read_scenarios(path: Path, root: Node) -> Scenarios:
    cases = read_scenarios(root, path).cases
    assert isinstance(root, nodes.Mapping)  # a file of another form has faults
    return Scenarios(str(path), root, cases)


def _find_policies(name: str, scenarios: Iterable[Scenarios]) -> list[MergedPolicy]:
    """Find a packaged policy, a policy file, or what files under lint have under that name."""
    if name in shipped_policies():
        return [load_shipped(name)]
    if Path(name).is_file():
        return [load_policy_file(Path(name))]
    found = [
        local for file in scenarios for local in local_policies(file) if local.policy.name == name
    ]
    if not found:
        try:
            return [load_shipped(name)]
        except LookupError as unknown:
            raise NoSuchPolicy(str(unknown.args[0])) from None
    return found


def local_policies(file: Scenarios) -> Iterator[MergedPolicy]:
    """Yield the policies that stand in a scenario file."""
    entries = file.root.get("policies")
    if not isinstance(entries, nodes.Mapping):
        return
    resolver = PolicyResolver(entries, Path(file.file))
    for name in entries.keys():  # noqa: SIM118 - of a node of the file
        yield resolver.resolve(name)
