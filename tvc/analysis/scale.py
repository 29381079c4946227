"""The scale of a notebook: populations shrunk by ``TVC_SCALE``, so that all of them run in minutes.

A notebook is read at full scale and is tested at a small one; what it claims must hold at both.
"""

import math
import os
from typing import Final

VARIABLE: Final = "TVC_SCALE"


class BadScale(ValueError):
    """``TVC_SCALE`` is set to what is no scale."""


def scale() -> float:
    """Return the scale of this process: 1, or what ``TVC_SCALE`` says.

    Raises
    ------
    BadScale
        If ``TVC_SCALE`` is not a number above 0 and at most 1.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return 1.0
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        raise BadScale(
            f"{VARIABLE} is {text!r}; expected a number above 0 and at most 1, such as 0.02"
        )
    return value


def scaled(full: int, least: int = 200) -> int:
    """Return how many to take of what a notebook takes ``full`` of: users, replications, admins.

    Parameters
    ----------
    full
        How many at full scale.
    least
        Never fewer than these at a smaller scale, so that what is claimed can still be seen;
        where ``full`` is less, ``full`` are taken.

    Raises
    ------
    BadScale
        If ``TVC_SCALE`` is not a number above 0 and at most 1.

    Examples
    --------
    >>> scaled(150)  # at any scale, since a notebook takes 200 at least
    150
    """
    return min(full, max(least, round(full * scale())))
