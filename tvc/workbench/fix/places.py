"""Places: where in a file the expectation of a step of a case is said, or could be."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, product
from typing import Final

from tvc.domain.cases import Case, Step
from tvc.workbench.fix.layout import Layout, Span

_REFERENCE: Final = re.compile(r"\$\{([^{}]*)\}")


class Form(StrEnum):
    """What stands at a place: a whole expectation, a part of one, or a step without any."""

    WHOLE = "whole"
    PART = "part"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said.

    Attributes
    ----------
    form
        What stands there.
    span
        The value; the step, where it says nothing.
    key
        The key that the value stands behind; None for members of lists.
    """

    form: Form
    span: Span
    key: Span | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """How a step says what it expects.

    Attributes
    ----------
    whole
        The expectation.
    parts
        Its parts by name, where some of them come from a table; empty otherwise.
    """

    whole: Place
    parts: dict[str, Place]


Row = dict[str, tuple[Span | None, Span]]


class Places:
    """Finds the places of the cases of one file.

    Parameters
    ----------
    layout
        Where everything stands.
    cases
        All cases of the file, in its order.
    """

    def __init__(self, layout: Layout, cases: tuple[Case, ...]) -> None:
        self._layout = layout
        self._by_id: dict[int, Row] = {}
        for _, group in groupby(cases, lambda case: (case.line, case.column)):
            variants = list(group)
            scenario = layout.at(variants[0].line, variants[0].column)
            for case, row in zip(variants, self._table(scenario), strict=True):
                self._by_id[id(case)] = row

    def said(self, case: Case, step: Step) -> Said:
        """Return where a step of a case says what it expects."""
        span = self._layout.at(step.line, step.column)
        found = span.entry("expect")
        if found is None:
            return Said(Place(Form.MISSING, span), {})
        row = self._by_id[id(case)]
        whole = self._look_up(Form.WHOLE, *found, row)
        shown = self._layout.meant(whole.span)
        parts = {
            str(key.text): self._look_up(Form.PART, key, value, row) for key, value in shown.entries
        }
        values = [value for _, value in shown.entries]
        mixed = any(part.span not in values for part in parts.values())
        return Said(whole, parts if mixed else {})

    def _look_up(self, form: Form, key: Span, value: Span, row: Row) -> Place:
        match = _REFERENCE.fullmatch(value.text or "")
        if match is None:
            return Place(form, value, key)
        behind, cell = row[match[1]]
        return Place(form, cell, behind)

    def _table(self, scenario: Span) -> Iterator[Row]:
        """Yield the cells of each case by column, as `tvc.files.expansion` multiplies them out."""
        meant = self._layout.meant
        table, matrix = scenario.entry("cases"), scenario.entry("matrix")
        if table is not None:
            for item in meant(table[1]).items:
                yield {str(key.text): (key, value) for key, value in meant(item).entries}
        elif matrix is not None:
            axes = {str(key.text): meant(values).items for key, values in meant(matrix[1]).entries}
            for cells in product(*axes.values()):
                yield {name: (None, cell) for name, cell in zip(axes, cells, strict=True)}
        else:
            yield {}
