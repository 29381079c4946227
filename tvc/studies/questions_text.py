"""What people read of questions: what matters, where a choice flips, how many it takes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tvc.runs.replications import Asked
from tvc.studies.comparison import Estimate
from tvc.studies.comparison_text import columns, interval_text
from tvc.studies.questions import Bound, BreakEven, Solution
from tvc.studies.tornado import Bar, Tornado

_SIDES: Final = ("halved", "doubled")
_HOW: Final = (
    "Each assumption was halved and doubled by itself; probabilities are cut at 1, distributions "
    "are stretched in time. The intervals hold all together at 95 %."
)


def tornado_lines(tornado: Tornado, asked: Asked, measured_ms: int) -> list[str]:
    """Return how much each assumption matters to a metric, the one that matters most first.

    Parameters
    ----------
    tornado, asked
        What was found of which metric.
    measured_ms
        The time that a replication measures.
    """
    lines = [f"How {asked} changes with each assumption"]
    moving = [bar for bar in tornado.bars if bar.change_low.sign or bar.change_high.sign]
    if moving:
        base = interval_text(moving[0].base, asked, measured_ms)
        lines.append(f"  as it is: {base}")
        rows: list[tuple[str, ...]] = [("", "low", "halved", "high", "doubled")]
        rows += [_bar(bar, asked, measured_ms) for bar in moving]
        lines += [f"  {line}" for line in columns(rows)]
    rest = len(tornado.bars) - len(moving)
    lines.append(f"  {rest} others make no sure difference; {len(tornado.not_varied)} cannot")
    lines[-1] += " be halved or doubled, or are of no use here"
    return [*lines, f"  {_HOW}"]


def _bar(bar: Bar, asked: Asked, measured_ms: int) -> tuple[str, ...]:
    low, high = (
        interval_text(of, asked, measured_ms, signed=True)
        for of in (bar.change_low, bar.change_high)
    )
    return bar.key, one_line(bar.low), low, one_line(bar.high), high


def one_line(value: object) -> str:
    """Spell a value of an input on one line.

    Examples
    --------
    >>> one_line({"exponential": {"mean": "2h"}}), one_line(0.125)
    ('{exponential: {mean: 2h}}', '0.125')
    """
    if isinstance(value, dict):
        inside = ", ".join(f"{key}: {one_line(item)}" for key, item in value.items())
        return f"{{{inside}}}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def flip_lines(tornado: Tornado, asked: Asked, measured_ms: int) -> list[str]:
    """Return what would flip the choice between two arms by a metric.

    Parameters
    ----------
    tornado, asked
        Of the paired difference of two arms, in which metric.
    measured_ms
        The time that a replication measures.
    """
    if not tornado.bars:
        return [f"What would flip the choice by {asked}: no assumption can be varied."]
    base = tornado.bars[0].base
    told = interval_text(base, asked, measured_ms, signed=True)
    lines = [f"What would flip the choice by {asked}: the difference is {told}"]
    if not base.sign:
        lines.append("  Neither arm is surely better as it is; one surely is with:")
        found = list(_sided(tornado, asked, measured_ms, lambda of: bool(of.sign)))
    else:
        found = list(_sided(tornado, asked, measured_ms, lambda of: of.sign == -base.sign))
        if found:
            lines.append("  The other arm is surely better with:")
    lines += found or ["  Nothing, of what was tried."]
    if base.sign:
        unsure = list(_sided(tornado, asked, measured_ms, lambda of: not of.sign))
        if unsure:
            lines += ["  Neither arm is surely better with:", *unsure]
    count = len(tornado.bars)
    return [*lines, f"  {count} assumptions were tried. {_HOW}"]


def _sided(
    tornado: Tornado, asked: Asked, measured_ms: int, wanted: Callable[[Estimate], bool]
) -> Iterator[str]:
    for bar in tornado.bars:
        sides = ((bar.at_low, bar.low), (bar.at_high, bar.high))
        for side, (found, value) in zip(_SIDES, sides, strict=True):
            if wanted(found):
                told = interval_text(found, asked, measured_ms, signed=True)
                yield f"    {bar.key} {side} to {one_line(value)}: {told}"


def break_even_lines(
    found: BreakEven, key: str, asked: Asked, arms: tuple[str, str], measured_ms: int
) -> list[str]:
    """Return at which value of an input the better of two arms changes.

    Parameters
    ----------
    found, key, asked
        What was found of which input and metric.
    arms
        Names of baseline and candidate.
    measured_ms
        The time that a replication measures.
    """
    low, high = one_line(found.low), one_line(found.high)
    less = {1: arms[0], -1: arms[1]}
    if found.before is not None:
        first, other = less[found.at_low.sign], less[found.at_high.sign]
        lines = [
            f"{first} has less {asked} up to {key} = {one_line(found.before)}, "
            f"{other} from {one_line(found.after)} on"
        ]
        if found.before != found.after:
            lines[0] += "; in between neither surely"
    elif found.at_low.sign == found.at_high.sign != 0:
        lines = [
            f"None within the range: {less[found.at_low.sign]} has less {asked} at {key} = {low} "
            f"and at {high}"
        ]
    else:
        ends = ((low, found.at_low), (high, found.at_high))
        unsure = " and at ".join(value for value, of in ends if not of.sign)
        lines = [f"Undecided: at {key} = {unsure} neither arm surely has less {asked}"]
    rows = [
        (f"{key} = {one_line(value)}", interval_text(of, asked, measured_ms, signed=True))
        for value, of in found.probes
    ]
    return [*lines, "", f"Difference in {asked}, {arms[1]} less {arms[0]}", *_indented(rows)]


def solution_lines(found: Solution, key: str, bound: Bound, measured_ms: int) -> list[str]:
    """Return the smallest, or largest, value for which a bound holds.

    Parameters
    ----------
    found, key, bound
        What was found of which knob or input.
    measured_ms
        The time that a replication measures.
    """
    if found.answer is None:
        unsure = bool(found.undecided)
        lines = [
            f"No value within the range surely keeps {bound.text}"
            + ("; at some it is undecided" if unsure else "")
        ]
    else:
        end = "largest" if found.largest else "smallest"
        lines = [f"{key} = {one_line(found.answer)} is the {end} that surely keeps {bound.text}"]
        if found.fails is not None:
            lines[0] += f"; it surely fails at {one_line(found.fails)}"
    if found.undecided:
        values = ", ".join(map(one_line, found.undecided))
        lines.append(f"Undecided at {values}: more replications (-n) would tell")
    words = {True: "holds", False: "fails", None: "undecided"}
    rows = [
        (
            f"{key} = {one_line(value)}",
            words[bound.holds(of)],
            interval_text(of, bound.asked, measured_ms),
        )
        for value, of in found.probes
    ]
    lines += ["", f"{bound.asked}, with 95% intervals", *_indented(rows)]
    return [*lines, "Values between those tried were not run: the metric is taken to be monotone."]


def _indented(rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [f"  {line}" for line in columns(rows)]
