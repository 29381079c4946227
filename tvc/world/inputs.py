"""The inputs of a workload as a table: each value beside where it comes from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tvc.domain.workload import ASSUMPTION, CHOICE, Input, WorkloadModel, inputs

if TYPE_CHECKING:
    import pandas as pd


def inputs_frame(workload: WorkloadModel) -> "pd.DataFrame":
    """Return one row an input.

    Parameters
    ----------
    workload
        Whose inputs.

    Returns
    -------
    pandas.DataFrame
        Columns ``input`` (dotted key), ``value`` (as files spell it), ``unit``, ``source`` (from
        the file's ``sources`` or the shipped default's; "assumption" where there is none),
        ``default`` (whether the file leaves it as shipped) and ``meaning``.
    """
    import pandas as pd

    rows = [
        (known.key, _one_line(value), known.unit, source, default, known.meaning)
        for known, value, source, default in _sourced(workload)
    ]
    columns = ["input", "value", "unit", "source", "default", "meaning"]
    return pd.DataFrame(rows, columns=columns)


def unsourced(workload: WorkloadModel) -> frozenset[str]:
    """Return the inputs, by dotted key, that are assumptions."""
    return frozenset(
        known.key for known, _, source, _ in _sourced(workload) if source == ASSUMPTION
    )


def _sourced(workload: WorkloadModel) -> Iterator[tuple[Input, Any, str, bool]]:
    """Yield each input with its value, its source, and whether it is the shipped default."""
    plain, shipped = workload.model_dump(), WorkloadModel.model_validate({}).model_dump()
    for known in inputs().values():
        value = _at(plain, known.key)
        default = value == _at(shipped, known.key)
        source = workload.sources.get(known.key)
        if source is None:
            source = known.source if default or known.source == CHOICE else ASSUMPTION
        yield known, value, source, default


def _at(plain: dict[str, Any], key: str) -> Any:  # noqa: ANN401 - whatever a file may say
    value: Any = plain
    for part in key.split("."):
        value = value[part]
    return value


def _one_line(value: object) -> str:
    """Spell a value on one line, as a file could."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_one_line(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_one_line, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)
