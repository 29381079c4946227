"""Guessing: how likely a code is guessed, by its length, its lifetime and the lock-out."""

from math import ceil, expm1, log1p
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.colors import LogNorm

from tvc.analysis.plots.scales import Floats, evenly, floats, in_words, need
from tvc.analysis.style import INK, PAGE, Picture, is_light, no_rows, picture, styled
from tvc.authority.durations import HOUR_MS

if TYPE_CHECKING:
    import pandas as pd

_MOST_PANELS: Final = 6
_PANELS_IN_ROW: Final = 3
_MOST_LENGTHS: Final = 8
#: By how many panels stand in a row.
_MOST_LIFETIMES: Final = {1: 9, 2: 6, 3: 4}
#: From the least chance that has a colour of its own.
_LEAST: Final = 1e-9
_TITLE: Final = "The chance that somebody guesses a code"


def guessing_chance(  # noqa: PLR0913, PLR0917 - a formula of six quantities
    alphabet_size: int,
    length: int,
    lifetime_ms: int,
    failures: int,
    lock_ms: int,
    codes_per_hour: float = 0.0,
) -> float:
    """Return the chance that one guesser finds a code within the lifetime of one.

    Parameters
    ----------
    alphabet_size, length
        Of a code: there are ``alphabet_size ** length`` of them, all equally likely.
    lifetime_ms
        How long a code lives, and how long somebody guesses.
    failures, lock_ms
        So many wrong tries lock the account for that long.
    codes_per_hour
        How often the desk generates a code anew in that time (ending the one before), because the
        guesser has it do so. At 0 there is one code.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If a quantity is not positive, or ``codes_per_hour`` is negative.

    Notes
    -----
    With N = alphabet_size ** length and a lifetime of T, there are c = max(1, ceil(rate T)) codes
    one after the other, each live for T / c. A generation lifts the lock and sets the counter to
    zero, and a lock ends by itself, so that each code meets

        m = min(N, failures * ceil(T / (c lock_ms)))

    tries. Tries at one code are different ones, so the chance is m / N for each code and

        1 - (1 - m / N) ** c

    for all. This is the most that a guesser can reach who knows the password, never pauses, and
    tries all that is allowed the moment it is. SOURCE: the ratio of tries to codes is that of
    RFC 4226, section 6.

    Examples
    --------
    Six digits, 24 hours, ten tries an hour: 240 tries at a million codes.

    >>> round(guessing_chance(10, 6, 24 * HOUR_MS, 10, HOUR_MS), 9)
    0.00024

    With six generations an hour, each allows ten tries: 1440 of them, each at its own code.

    >>> round(guessing_chance(10, 6, 24 * HOUR_MS, 10, HOUR_MS, codes_per_hour=6), 6)
    0.001439
    """
    quantities = {
        "alphabet_size": alphabet_size, "length": length, "lifetime_ms": lifetime_ms,
        "failures": failures, "lock_ms": lock_ms,
    }  # fmt: skip
    for name, quantity in quantities.items():
        if quantity <= 0:
            raise ValueError(f"{name} is {quantity}: it has to be above 0")
    if codes_per_hour < 0:
        raise ValueError(f"codes_per_hour is {codes_per_hour}: it cannot be below 0")
    codes = max(1, ceil(codes_per_hour * lifetime_ms / HOUR_MS))
    space = alphabet_size**length
    rounds = -(-lifetime_ms // (codes * lock_ms))
    tries = min(space, failures * rounds)
    if tries == space:
        return 1.0
    return -expm1(codes * log1p(-tries / space))


@styled
def guessing(frame: "pd.DataFrame") -> Picture:
    """Draw the chance of guessing a code as heat maps, one a lock-out.

    Parameters
    ----------
    frame
        Columns ``length`` (characters), ``lifetime_ms``, ``failures`` and ``lock_ms`` (so many
        wrong tries lock for that long) and ``chance`` (from 0 to 1). Rows of one cell are
        averaged; of more than six lock-outs six are shown, evenly chosen, and likewise eight
        lengths and as many lifetimes as there is room for.

    Returns
    -------
    Picture
        Lifetime on x, length on y; in each cell the chance as one in so many.
    """
    need(frame, "length", "lifetime_ms", "failures", "lock_ms", "chance")
    if not len(frame):
        return no_rows(_TITLE, "no combination of length, lifetime and lock-out")
    keys = ["failures", "lock_ms", "length", "lifetime_ms"]
    cells = frame.groupby(keys, sort=True)["chance"].mean().reset_index()
    locks = cells[["failures", "lock_ms"]].drop_duplicates().to_numpy()
    locks = locks[list(evenly(len(locks), _MOST_PANELS))]
    columns = min(len(locks), _PANELS_IN_ROW)
    lengths = _some(cells["length"], _MOST_LENGTHS)
    lifetimes = _some(cells["lifetime_ms"], _MOST_LIFETIMES[columns])
    rows = -(-len(locks) // columns)
    figure = picture(
        _title(cells, lengths),
        "One guesser who tries all that the lock-out allows; 1 in 4k is one chance in four "
        "thousand. One panel a lock-out: so many wrong tries lock for so long.",
        height_in=rows * (0.5 + max(0.36 * len(lengths), 1.2)) + 0.35,
    )
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    norm = LogNorm(_LEAST, 1)
    for place, (failures, lock_ms) in enumerate(locks):
        axes = grid[place // columns, place % columns]
        of_lock = cells[(cells["failures"] == failures) & (cells["lock_ms"] == lock_ms)]
        table = of_lock.pivot_table(index="length", columns="lifetime_ms", values="chance")
        chances = table.reindex(index=lengths, columns=lifetimes).to_numpy(dtype=np.float64)
        image = axes.imshow(
            np.clip(chances, _LEAST, 1), norm=norm, cmap="cividis", aspect="auto", origin="lower"
        )
        colours = image.to_rgba(np.clip(chances, _LEAST, 1))
        for (row, column), chance in np.ndenumerate(chances):
            axes.text(
                column, row, _one_in(float(chance)), ha="center", va="center",
                size=7 if len(lifetimes) * columns < 12 else 6.3,
                color=INK if is_light(colours[row, column, :3]) else PAGE,
            )  # fmt: skip
        axes.set_title(_lock(float(failures), float(lock_ms)), size=8.5)
        axes.set_xticks(range(len(lifetimes)), [in_words(float(ms)) for ms in lifetimes])
        axes.set_yticks(range(len(lengths)), [f"{length:g}" for length in lengths])
        axes.tick_params(length=0)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
    for axes in grid.flat[len(locks) :]:
        axes.set_visible(False)
    figure.supxlabel("lifetime of the code", size=9)
    figure.supylabel("length (characters)", size=9)
    return figure


def _some(values: "pd.Series", most: int) -> Floats:
    found = np.unique(floats(values))
    return found[list(evenly(len(found), most))]


def _title(cells: "pd.DataFrame", lengths: Floats) -> str:
    worst = float(cells.loc[cells["length"] == lengths[0], "chance"].max())
    return f"{lengths[0]:g} characters are guessed with a chance of up to {_one_in(worst)}"


def _lock(failures: float, lock_ms: float) -> str:
    return f"{failures:g} {'try' if failures == 1 else 'tries'}, then {in_words(lock_ms)}"


def _one_in(chance: float) -> str:
    """Return a chance as one in so many, to two digits."""
    if np.isnan(chance):
        return ""
    if chance <= 0:
        return "none"
    if chance > 0.095:
        return f"{chance:.0%}"
    many = float(f"{1 / chance:.2g}")
    for letter, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if many >= size:
            return f"1 in {many / size:g}{letter}" if many < 1e15 else "< 1 in 1000T"
    return f"1 in {many:g}"
