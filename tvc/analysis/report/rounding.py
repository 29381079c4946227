"""Figures rounded to what their interval supports: no digit is shown that nobody can know."""

from math import isfinite
from typing import Final, NamedTuple

#: A minus that is as wide as a plus.
MINUS: Final = "\N{MINUS SIGN}"
#: Of a number without an interval.
_SIGNIFICANT: Final = 3


class Rounded(NamedTuple):
    """An estimate as it is written: its value, and the ends of its interval."""

    value: str
    low: str
    high: str


def decimals_for(half_width: float) -> int:
    """Return after how many decimals a value is rounded, given how uncertain it is.

    Rounding is to the place of the first significant figure of the half-width, and of the second
    where the first is a 1 or a 2, since rounding 1.4 to 1 would change it by nearly a third.

    Parameters
    ----------
    half_width
        Of the interval, above 0.

    Returns
    -------
    int
        Negative where whole tens, hundreds and so on are shown.

    Notes
    -----
    SOURCE: JCGM 100:2008 (GUM), 7.2.6: an uncertainty is stated to at most two significant
    figures, and the estimate is rounded to be consistent with it. Which of one and two it is:
    Taylor (1997), "An Introduction to Error Analysis", section 2.2: one, and two where the first
    figure is a 1, perhaps also a 2.

    Examples
    --------
    >>> decimals_for(33), decimals_for(16), decimals_for(0.42), decimals_for(0.0137)
    (-1, 0, 1, 3)
    """
    figures, _, exponent = f"{half_width:.6e}".partition("e")
    return -int(exponent) + (figures[0] in "12")


def rounded(value: float, low: float, high: float, *, signed: bool = False) -> Rounded:
    """Round a value and its interval to what the interval supports; see `decimals_for`.

    An end of an interval that lies on one side of 0 is not rounded to 0: one figure of its own
    shows on which.

    Parameters
    ----------
    value, low, high
        Finite. An interval of no width leaves three significant figures, and whole numbers whole.
    signed
        Whether what is above 0 has a plus.

    Examples
    --------
    >>> rounded(1912.0, 1879.0, 1945.0)
    Rounded(value='1,910', low='1,880', high='1,940')
    >>> rounded(406.2, 390.4, 422.0, signed=True)
    Rounded(value='+406', low='+390', high='+422')
    >>> rounded(891.0, 2.3, 1780.0)
    Rounded(value='900', low='2', high='1,800')
    >>> rounded(20.0, 20.0, 20.0).value
    '20'
    """
    if not low < high:
        return Rounded(*(significant(number, signed=signed) for number in (value, low, high)))
    decimals = decimals_for((high - low) / 2)
    one_sided = low >= 0 or high <= 0

    def end(number: float) -> str:
        if one_sided and number and not round(number, decimals):
            return significant(number, 1, signed=signed)
        return _spelt(number, decimals, signed)

    return Rounded(_spelt(value, decimals, signed), end(low), end(high))


def significant(value: float, figures: int = _SIGNIFICANT, *, signed: bool = False) -> str:
    """Spell a number that has no interval with a few significant figures.

    Whole numbers below a million lose none of their digits.

    Examples
    --------
    >>> significant(1234.0), significant(1234.6), significant(0.012345), significant(0.0)
    ('1,234', '1,230', '0.0123', '0')
    >>> significant(1234.0, 2), significant(2.5, signed=True), significant(-2.5)[0] == MINUS
    ('1,200', '+2.5', True)
    """
    if not isfinite(value):
        raise ValueError("only a finite number is rounded")
    if figures == _SIGNIFICANT and value == int(value) and abs(value) < 1_000_000:
        return _spelt(value, 0, signed)
    _, _, exponent = f"{value:.{figures - 1}e}".partition("e")
    decimals = figures - 1 - int(exponent) if value else 0
    text = _spelt(value, decimals, signed)
    return text.rstrip("0").rstrip(".") if decimals > 0 else text


def _spelt(value: float, decimals: int, signed: bool) -> str:
    number = round(value, decimals)
    text = f"{abs(number):,.{max(decimals, 0)}f}"
    if not number:
        return text
    return f"{MINUS}{text}" if number < 0 else f"+{text}" if signed else text
