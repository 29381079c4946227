"""Cases by the names that people type: ``FILE::id[case]``."""

import re
from collections.abc import Mapping
from pathlib import Path

from tvc.domain.cases import Case
from tvc.domain.words import suggest
from tvc.files.scenarios import load_scenarios


class UnknownCase(LookupError):
    """A name that is of no case, or of several; the message says what was probably meant."""

    def __str__(self) -> str:
        return str(self.args[0])


def file_and_id(text: str) -> tuple[str, str]:
    """Split ``FILE::id[case]``, of which the id may be missing; the file's name may have a ``::``.

    Examples
    --------
    >>> file_and_id("a.tvc.yaml::life[life=1h]"), file_and_id("a.tvc.yaml")
    (('a.tvc.yaml', 'life[life=1h]'), ('a.tvc.yaml', ''))
    """
    places = [found.start() for found in re.finditer("::", text)]
    splits = [(text[:place], text[place + 2 :]) for place in places] + [(text, "")]
    return next((split for split in splits if Path(split[0]).is_file()), splits[0])


def find_case(
    file: str, case_id: str, overrides: Mapping[str, str], unbounded: bool = False
) -> Case:
    """Load the case of a file that has an id.

    Parameters
    ----------
    file, case_id
        Its name; of a table's rows, which go by ``id[case]``, the id is enough where there is one.
    overrides
        Policy files to take in place of the policies of these names.
    unbounded
        Whether a replication may take any number of events and any memory.

    Raises
    ------
    UnknownCase
        If there is no such case, or several have the name.
    InvalidFile
        If the file has faults.
    """
    cases = load_scenarios(Path(file), overrides, unbounded=unbounded).cases
    found = [case for case in cases if case.id == case_id]
    found = found or [case for case in cases if case.id.partition("[")[0] == case_id]
    if not found:
        ids = [case.id for case in cases]
        raise UnknownCase(f"{file} has no case {case_id!r}{suggest(case_id, ids)}")
    if len(found) > 1:
        names = ", ".join(case.id for case in found)
        raise UnknownCase(f"{case_id} has several cases; name one of: {names}")
    return found[0]


def find_workload(file: str, overrides: Mapping[str, str], unbounded: bool, use: str = "") -> Case:
    """Load the only case of a file that has a workload.

    Parameters
    ----------
    file, overrides, unbounded
        As for `find_case`.
    use
        What it is wanted for, for the message.

    Raises
    ------
    UnknownCase
        If there is none, or several.
    InvalidFile
        If the file has faults.
    """
    cases = load_scenarios(Path(file), overrides, unbounded=unbounded).cases
    found = [case for case in cases if "workload" in case.study]
    if not found:
        raise UnknownCase(f"{file} has no scenario with a workload{use}")
    if len(found) > 1:
        names = ", ".join(f"{file}::{case.id}" for case in found)
        raise UnknownCase(f"{file} has several workloads; name one of: {names}")
    return found[0]
