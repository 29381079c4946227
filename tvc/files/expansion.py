"""Expansion: from a scenario with a table or a matrix to one scenario a case.

Substitution happens on the nodes of the file, before anything is typed: a scalar that is exactly
``${x}`` gives way to the node that the table has for ``x``, whatever that is, and the node keeps
its own place, so that a fault in it is reported where it was written. There are no expressions.
"""

import itertools
import json
import math
import operator
import re
import unicodedata
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from typing import Final

from tvc.domain.fields import NAME_PATTERN
from tvc.domain.words import check_word, show
from tvc.files.nodes import Mapping, Node, Scalar, Sequence
from tvc.files.wording import Report

#: The column that sets the policy, and the one that never names a case.
POLICY: Final = "policy"
WANT: Final = "want"
#: Most steps of all cases of a file: far more than anybody waits for.
MAX_STEPS: Final = 100_000

_REFERENCE: Final = re.compile(r"\$\{([^{}]*)\}")
_NAME: Final = re.compile(NAME_PATTERN.removesuffix("$"))
#: What stands in a word besides letters, their marks and numbers, by Unicode category.
_IN_WORDS: Final = frozenset("_.:+-")
_WORD_CATEGORIES: Final = frozenset("LMN")
#: Keys of a scenario in which nothing is substituted.
FIXED_KEYS: Final = frozenset({"id", "cases", "matrix"})

Row = dict[str, Node]


@dataclass(frozen=True, slots=True)
class Variant:
    """One case of a scenario, not typed yet.

    Attributes
    ----------
    node
        The scenario with every ``${x}`` replaced, without its table.
    values
        The nodes of the table, by column.
    label
        What follows the scenario's id: ``[policy=strict,life=4h]``, or nothing.
    """

    node: Mapping
    values: Row
    label: str


def count_steps(scenario: Mapping) -> int:
    """Return the number of steps of a scenario; a case without any counts for one."""
    timeline = scenario.get("timeline")
    return max(1, len(timeline.items)) if isinstance(timeline, Sequence) else 1


def expand(report: Report, scenario: Mapping, room: int = MAX_STEPS) -> list[Variant]:
    """Multiply a scenario out.

    Parameters
    ----------
    report
        Where faults of the table, and of what refers to it, go.
    scenario
        The scenario as the file has it.
    room
        How many steps its cases may have together.

    Returns
    -------
    list of Variant
        One for each row or combination; the scenario itself where it has no table. Empty when
        the table is so wrong that nothing can be said of its cases.
    """
    table, matrix = scenario.get("cases"), scenario.get("matrix")
    if table is not None and matrix is not None:
        report.add(scenario, "cases and matrix together: expected one of them", "matrix", key=True)
        return []
    rows: list[Row] | None = [{}]
    if table is not None:
        rows = _read_rows(report, scenario, table, room)
    elif matrix is not None:
        rows = _read_axes(report, scenario, matrix, room)
    if not rows:
        return []
    _check_policy_axis(report, scenario, rows[0])
    body = tuple(entry for entry in scenario.entries if entry[0].text not in ("cases", "matrix"))
    used: set[str] = set()
    variants = []
    for row in rows:
        entries = tuple(
            (key, value if key.text in FIXED_KEYS else _substitute(report, value, row, used))
            for key, value in body
        )
        policy = row.get(POLICY)
        if policy is not None and scenario.get(POLICY) is None:
            key = Scalar(POLICY, POLICY, policy.line, policy.column, True)
            entries = (*entries, (key, policy))
        variants.append(
            Variant(Mapping(entries, scenario.line, scenario.column), row, label_of(row))
        )
    _check_columns(report, scenario, rows[0], used)
    _check_labels(report, scenario, variants)
    return variants


def label_of(row: AnyMapping[str, Node]) -> str:
    """Name a row by its scalar columns, in their order, but never by ``want``."""
    parts = [
        f"{column}={_spell(node.text)}"
        for column, node in row.items()
        if isinstance(node, Scalar) and column != WANT
    ]
    return f"[{','.join(parts)}]" if parts else ""


def _spell(text: str) -> str:
    r"""Write a value as the file does: words as they are, other texts quoted.

    Only what cannot be printed is escaped, since nobody could type it to select the case.

    Examples
    --------
    >>> print(_spell("4h"), _spell("José"), _spell("a b"), _spell("zwei\nZeilen, größer"))
    4h José "a b" "zwei\nZeilen, größer"
    """
    if text and all(_is_in_words(char) for char in text):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in quoted)


def _is_in_words(char: str) -> bool:
    return char in _IN_WORDS or unicodedata.category(char)[0] in _WORD_CATEGORIES


# Tables


def _read_rows(report: Report, scenario: Mapping, table: Node, room: int) -> list[Row] | None:
    if not isinstance(table, Sequence) or not table.items:
        report.add(table, "expected a list of one or more rows such as {life: 4h, want: allow}")
        return None
    rows: list[Row] = []
    columns: tuple[str, ...] = ()
    sound = True
    for item in table.items:
        if not isinstance(item, Mapping) or not item.entries:
            report.add(item, "expected a row such as {life: 4h, want: allow}")
            sound = False
            continue
        keys = item.keys()
        columns = columns or keys
        if set(keys) != set(columns):
            report.add(item, f"this row has other columns than the first: {', '.join(columns)}")
            sound = False
            continue
        sound &= _check_entries(report, item)
        by_column = dict(zip(keys, (value for _, value in item.entries), strict=True))
        rows.append({column: by_column[column] for column in columns})
    return rows if sound and _check_room(report, scenario, len(rows), room) else None


def _read_axes(report: Report, scenario: Mapping, matrix: Node, room: int) -> list[Row] | None:
    if not isinstance(matrix, Mapping) or not matrix.entries:
        report.add(matrix, "expected axes such as {life: [1h, 4h]}")
        return None
    sound = _check_entries(report, matrix)
    axes: dict[str, tuple[Node, ...]] = {}
    for key, values in matrix.entries:
        if not isinstance(values, Sequence) or not values.items:
            report.add(values, f"expected a list of one or more values of {show(key.text)}")
            sound = False
            continue
        axes[key.text] = values.items
    count = math.prod(map(len, axes.values()))
    if not sound or not _check_room(report, scenario, count, room):
        return None
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def _check_room(report: Report, scenario: Mapping, cases: int, room: int) -> bool:
    fits = cases * count_steps(scenario) <= room
    if not fits:
        key = "matrix" if scenario.get("cases") is None else "cases"
        message = f"{cases} cases: a file may have {MAX_STEPS} steps in all its cases"
        report.add(scenario, message, key, key=True)
    return fits


def _check_entries(report: Report, row: Mapping) -> bool:
    sound = True
    for key, value in row.entries:
        if not _NAME.fullmatch(key.text):
            report.add(key, f"{show(key.text)} is no name of a column")
            sound = False
        for scalar in _scalars(value):
            if "${" in scalar.text:
                report.add(scalar, f"{show(scalar.text)}: a table holds values, not references")
                sound = False
    return sound


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _scalars(item)
    else:
        for _, value in node.entries:
            yield from _scalars(value)


# Substitution


def _substitute(report: Report, node: Node, row: Row, used: set[str]) -> Node:
    if isinstance(node, Scalar):
        return _look_up(report, node, row, used) if "${" in node.text else node
    old = node.items if isinstance(node, Sequence) else [value for _, value in node.entries]
    # Nearly all nodes are scalars that stay what they are: no call for those.
    new = [
        part
        if part.__class__ is Scalar and "${" not in part.text
        else _substitute(report, part, row, used)
        for part in old
    ]
    if all(map(operator.is_, new, old)):
        return node
    if isinstance(node, Sequence):
        return Sequence(tuple(new), node.line, node.column)
    keys = (key for key, _ in node.entries)
    return Mapping(tuple(zip(keys, new, strict=True)), node.line, node.column)


def _look_up(report: Report, scalar: Scalar, row: Row, used: set[str]) -> Node:
    whole = _REFERENCE.fullmatch(scalar.text)
    if whole is None:
        report.settle(
            scalar, f"{show(scalar.text)}: ${{...}} stands for a whole value, not for a part of one"
        )
        used.update(_REFERENCE.findall(scalar.text))
        return scalar
    name = whole[1]
    if not row:
        report.settle(scalar, f"{show(scalar.text)}: the scenario has no cases and no matrix")
    elif (wrong := check_word("column", name, row)) is not None:
        report.settle(scalar, wrong)
    used.add(name)
    return row.get(name, scalar)


# What the table must keep to


def _check_policy_axis(report: Report, scenario: Mapping, row: Row) -> None:
    policy = scenario.get(POLICY)
    if POLICY in row and isinstance(policy, Scalar) and policy.text != f"${{{POLICY}}}":
        report.add(scenario, "the table sets the policy already", POLICY, key=True)


def _check_columns(report: Report, scenario: Mapping, row: Row, used: set[str]) -> None:
    if not used <= row.keys():
        # A column that seems unused is most likely meant by a misspelt reference.
        return
    for column in row:
        if column in used or column == POLICY:
            continue
        message = f"column {show(column)} is used nowhere: expected '${{{column}}}' in the scenario"
        path = ("matrix", column) if scenario.get("cases") is None else ("cases", 0, column)
        report.add(scenario, message, *path, key=True)


def _check_labels(report: Report, scenario: Mapping, variants: list[Variant]) -> None:
    seen: set[str] = set()
    for index, variant in enumerate(variants):
        if variant.label in seen:
            name = variant.label or "of no scalar column"
            message = f"two cases {name}: expected a column that tells them apart"
            if scenario.get("cases") is None:
                report.add(scenario, message, "matrix", key=True)
            else:
                report.add(scenario, message, "cases", index)
        seen.add(variant.label)
