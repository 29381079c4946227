"""Names of arms in a picture: where they are long, what tells them apart instead of all of them."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from tvc.analysis.plots.scales import short
from tvc.studies.changes import split_top

#: Letters of what a note says that all have.
_MOST_NOTED: Final = 150


class Names(NamedTuple):
    """Names as they are written.

    Attributes
    ----------
    written
        One for each name, in their order.
    note
        What is not written in them, in a sentence; empty where they are in full.
    """

    written: list[str]
    note: str


def tell_apart(names: Sequence[str], most: int) -> Names:
    """Shorten names by what they have in common, and cut only what is too long even then.

    Parameters
    ----------
    names
        Such as ``salesforce,lifetime.max=4h`` or ``lifetime.max = 4h, desk.admins = 3``.
    most
        Letters of a name; where all have no more, they stay as they are.

    Returns
    -------
    Names
        Without the parts that all have; of parts that set the same keys the values alone, if
        that is needed. Two names that would be cut to the same text lose their middle instead
        of their end.

    Examples
    --------
    >>> tell_apart(["desk.admins = 3, lifetime.max = 1h", "desk.admins = 3, lifetime.max = 4h"], 20)
    Names(written=['lifetime.max = 1h', 'lifetime.max = 4h'], note='In all names: desk.admins = 3.')
    >>> tell_apart(["desk.admins=3, lifetime.max=1h", "desk.admins=9, lifetime.max=4h"], 20)
    Names(written=['3, 1h', '9, 4h'], note='Named by desk.admins, lifetime.max.')
    """
    if len(set(names)) <= 1 or all(len(name) <= most for name in names):
        return Names([short(name, most) for name in names], "")
    parts = [split_top(name) for name in names]
    shared = [part for part in parts[0] if all(part in of for of in parts)]
    parts = [[part for part in of if part not in shared] for of in parts]
    notes = [f"In all names: {short(', '.join(shared), _MOST_NOTED)}."] if shared else []
    if any(len(", ".join(of)) > most for of in parts):
        keys = _keys_of_all(parts)
        if keys:
            parts = [[part.partition("=")[2].strip() for part in of] for of in parts]
            notes.append(f"Named by {short(', '.join(keys), _MOST_NOTED)}.")
    # What has nothing but what all have is called by that.
    told = [", ".join(of) or name for of, name in zip(parts, names, strict=True)]
    return Names(_cut(told, most), " ".join(notes))


def _keys_of_all(parts: Sequence[Sequence[str]]) -> list[str]:
    """Return the keys that every name sets, in its order; none where names differ in them."""
    keys = [[part.partition("=")[0].strip() for part in of] for of in parts]
    sets = all("=" in part for of in parts for part in of)
    return keys[0] if sets and all(of == keys[0] for of in keys) else []


def _cut(names: Sequence[str], most: int) -> list[str]:
    """Cut names at their end, or in their middle where another one would read the same."""
    cut = [short(name, most) for name in names]
    times = Counter(dict(zip(names, cut, strict=True)).values())
    half = most // 2
    return [
        text if times[text] == 1 else f"{name[:half]}…{name[half + 1 - most :]}"
        for name, text in zip(names, cut, strict=True)
    ]
