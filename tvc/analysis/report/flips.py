"""What would flip a choice, and what moves a result: assumptions halved and doubled on a page."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tvc.analysis import plots
from tvc.analysis.report.amounts import amount, scale_of
from tvc.analysis.report.headlines import measured_in, name_of
from tvc.analysis.report.page import (
    Block,
    Bullets,
    Cell,
    Command,
    Figure,
    Folded,
    Section,
    Table,
    Text,
    pictured,
)
from tvc.runs.replications import Asked
from tvc.studies.comparison import Estimate
from tvc.studies.questions_text import one_line
from tvc.studies.tornado import Bar, Tornado

if TYPE_CHECKING:
    import pandas as pd

HOW: Final = (
    "Each assumption was halved and doubled by itself; probabilities are cut at 1, distributions "
    "are stretched in time. The intervals hold all together at 95%."
)
_HEADING: Final = "What would flip the choice"
_SIDES: Final = ("halved", "doubled")
#: More values that leave the choice open are folded away.
_MOST_LISTED: Final = 8


def flip_section(found: Tornado, asked: Asked, measured_ms: int, runs: str) -> Section:
    """Return what would flip the choice between two arms by a metric.

    Parameters
    ----------
    found, asked
        Of the paired difference of two arms, in which metric.
    measured_ms
        The time that a replication measures.
    runs
        Which replications, in words.
    """
    if not found.bars:
        text = f"No assumption can be varied, so nothing is known of what flips {name_of(asked)}."
        return Section("flip", _HEADING, (Text(text),))
    base = found.bars[0].base
    told = amount(base, asked, measured_ms, difference=True).text
    blocks: list[Block] = [
        Text(f"In {name_of(asked)} the difference is {told}, candidate less baseline.")
    ]

    def listed(wanted: Callable[[Estimate], bool]) -> tuple[str, ...]:
        return tuple(_sided(found, asked, measured_ms, wanted))

    tried = f"{len(found.bars)} assumptions were tried"
    if base.sign:
        flips, unsure = listed(lambda of: of.sign == -base.sign), listed(lambda of: not of.sign)
        if flips:
            blocks += [Text(f"{tried}. The other arm is surely better with:"), Bullets(flips)]
        else:
            blocks.append(Text(f"{tried}, and none makes the other arm surely better."))
        if unsure:
            blocks += _unsure(unsure, 2 * len(found.bars))
    else:
        blocks.append(Text("Neither arm is surely better by it as things are."))
        sure = listed(lambda of: bool(of.sign))
        if sure:
            blocks += [Text(f"{tried}. One arm surely is better with:"), Bullets(sure)]
        else:
            blocks.append(Text(f"{tried}, and none makes one arm surely better."))
    blocks += [Text(HOW), tornado_figure(found, asked, measured_ms, runs, difference=True)]
    return Section("flip", _HEADING, tuple(blocks))


def _unsure(items: tuple[str, ...], tried: int) -> list[Block]:
    if len(items) <= _MOST_LISTED:
        return [Text("Neither arm is surely better with:"), Bullets(items)]
    text = (
        f"With {len(items)} of the {tried} values neither arm is surely better. These intervals "
        "are wider than those of the arms, since they hold all together; more replications (-n) "
        "narrow them."
    )
    return [Text(text), Folded(f"The {len(items)} values that leave it open", (Bullets(items),))]


def no_flip_section(command: str) -> Section:
    """Return that nobody asked what would flip the choice, and the command that does."""
    text = (
        "This was not asked. The following command halves and doubles each assumption, and says "
        "which of them change who is better:"
    )
    return Section("flip", _HEADING, (Text(text), Command(command)))


def _sided(
    found: Tornado, asked: Asked, measured_ms: int, wanted: Callable[[Estimate], bool]
) -> Iterator[str]:
    for bar in found.bars:
        sides = ((bar.at_low, bar.low), (bar.at_high, bar.high))
        for side, (of, value) in zip(_SIDES, sides, strict=True):
            if wanted(of):
                told = amount(of, asked, measured_ms, difference=True).text
                yield f"{bar.key} {side} to {one_line(value)}: {told}"


def tornado_figure(
    found: Tornado, asked: Asked, measured_ms: int, runs: str, *, difference: bool
) -> Figure:
    """Return the picture of how far each assumption moves a metric, or a difference in it."""
    base = found.bars[0].base.value if found.bars else 0.0
    scale = scale_of(asked, measured_ms, base, difference=difference)
    measured = measured_in(asked, scale.unit)
    if difference:
        measured = f"candidate less baseline: {measured}"
    moving = [bar for bar in found.bars if bar.swing]
    still = len(found.bars) - len(moving)
    rest = f" The other {still} do not move it at all." if still else ""
    return pictured(
        plots.tornado(_frame(moving, scale.size), measured=measured),
        f"How each assumption moves {name_of(asked)}; means of {runs}.{rest}",
    )


def _frame(bars: Sequence[Bar], size: float) -> "pd.DataFrame":
    import pandas as pd

    rows = [
        (
            bar.key,
            bar.low,
            bar.high,
            bar.at_low.value / size,
            bar.at_high.value / size,
            bar.base.value / size,
        )
        for bar in bars
    ]
    columns = ["input", "low_value", "high_value", "at_low", "at_high", "base"]
    return pd.DataFrame(rows, columns=columns)


def tornado_tables(found: Tornado, asked: Asked, measured_ms: int) -> tuple[Block, ...]:
    """Return how each assumption changes a metric: those that surely do, and the others folded."""
    moving = [bar for bar in found.bars if bar.change_low.sign or bar.change_high.sign]
    others = [bar for bar in found.bars if bar not in moving]
    name = name_of(asked)
    blocks: list[Block] = []
    if moving:
        blocks.append(_table(f"Assumptions that surely move {name}", moving, asked, measured_ms))
    if others:
        table = _table(f"Assumptions that do not surely move {name}", others, asked, measured_ms)
        blocks.append(Folded(f"{len(others)} assumptions make no sure difference", (table,)))
    if found.not_varied:
        blocks.append(
            Folded(
                f"{len(found.not_varied)} cannot be halved or doubled, or are of no use here",
                (Bullets(found.not_varied),),
            )
        )
    return tuple(blocks)


def _table(caption: str, bars: Sequence[Bar], asked: Asked, measured_ms: int) -> Table:
    def change(of: Estimate) -> Cell:
        told = amount(of, asked, measured_ms, difference=True)
        return Cell(told.with_unit, told.interval, mark="number")

    return Table(
        caption,
        ("assumption", "halved to", "changes it by", "doubled to", "changes it by"),
        tuple(
            (
                Cell(bar.key, mark="code"),
                Cell(one_line(bar.low), mark="code"),
                change(bar.change_low),
                Cell(one_line(bar.high), mark="code"),
                change(bar.change_high),
            )
            for bar in bars
        ),
    )
