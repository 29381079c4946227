"""Words: how values that a file brought along, and words that are not known, are told.

Values are shortened and escaped before they reach a terminal or a CI log: a file must not be able
to forge lines of a report or to move somebody's cursor.
"""

import difflib
import os
import re
from collections.abc import Callable, Collection, Iterable
from typing import Final

_LONGEST_SHOWN: Final = 40
_MOST_CHOICES: Final = 12
_LONGEST_WORD: Final = 60
_SHORT_WORD: Final = 4
#: The mark that makes a line an order to a CI server, with what may stand before it: ``::error::``
#: at the beginning for GitHub, ``##[error]`` and ``##vso[...]`` anywhere for GitHub and Azure.
CI_COMMAND: Final = re.compile(r"^ *:(?=:)|#(?=#\w*\[)")
#: Among how many words a guess is looked for; a file may name any number of people.
_MOST_GUESSED: Final = 1_000


def escape(text: str) -> str:
    r"""Make a text safe to print: one line, no control, format or lone surrogate characters.

    Nor can it give orders to a CI server, which takes some lines of a log for its own. What is
    escaped already stays as it is.

    Examples
    --------
    >>> escape("a\nb\x1b[2J"), escape("::error::b")
    ('a\\nb\\x1b[2J', '\\x3a:error::b')
    """
    if not text.isprintable():
        text = "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
            for char in text
        )
    if "::" in text or "##" in text:
        text = CI_COMMAND.sub(lambda found: f"{found[0][:-1]}\\x{ord(found[0][-1]):02x}", text)
    return text


def show_path(path: str | os.PathLike[str]) -> str:
    r"""Make the name of a file safe to print, alone or inside a message.

    A name may hold any character but NUL, and bytes that are no text.

    Examples
    --------
    >>> show_path("a\n::error::b.yaml")
    'a\\n::error::b.yaml'
    """
    return escape(os.fspath(path))


def show(value: object) -> str:
    """Show a value of a file inside a message: short, on one line, spelt as in YAML.

    Examples
    --------
    >>> show("ana"), show(True), show(None), show(3), show({"a": 1})
    ("'ana'", 'true', 'null', '3', 'a mapping')
    >>> show("x" * 100)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'"
    """
    if isinstance(value, str):
        room = _LONGEST_SHOWN - len("''")
        # Cut first: a text of megabytes is not worth escaping to its end.
        text = escape(value[: room + 1])
        return f"'{text}'" if len(text) <= room else f"'{text[: room - 3]}...'"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return escape(str(value))[:_LONGEST_SHOWN]


def suggest(word: str, candidates: Iterable[str]) -> str:
    """Guess which known word was meant.

    Parameters
    ----------
    word
        What the file says.
    candidates
        What it could have said; dotted keys such as ``lifetime.max`` among them.

    Returns
    -------
    str
        `` (did you mean 'x'?)``, to be appended to a message; empty when nothing is close.

    Examples
    --------
    >>> suggest("lifetme.max", ["lifetime.max", "lifetime.min"])
    " (did you mean 'lifetime.max'?)"
    >>> suggest("max-lifetime", ["lifetime.max", "lifetime.min"])
    " (did you mean 'lifetime.max'?)"
    >>> suggest("xyz", ["lifetime.max", "lifetime.min"])
    ''
    """
    if not word or len(word) > _LONGEST_WORD:
        return ""
    known = [candidate for candidate in candidates if candidate != word]
    best = (
        _only(known, lambda other: _fold(other) == _fold(word))
        or _only(known, lambda other: sorted(_parts(other)) == sorted(_parts(word)))
        or _only(known, lambda other: other.lower().endswith("." + word.lower()))
        or _closest(word, known)
    )
    return f" (did you mean {show(best)}?)" if best else ""


def number_of(count: int, noun: str) -> str:
    """Say how many there are of something.

    Examples
    --------
    >>> number_of(1, "file"), number_of(0, "case"), number_of(2, "policy")
    ('1 file', '0 cases', '2 policies')
    """
    plural = noun.removesuffix("y") + "ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"


def list_choices(choices: Iterable[str]) -> str:
    """Say what could have stood there.

    Examples
    --------
    >>> list_choices(["allow", "deny"])
    'expected one of: allow, deny'
    >>> list_choices(["allow"])
    'expected allow'
    """
    known = [escape(choice) for choice in choices]
    if len(known) == 1:
        return f"expected {known[0]}"
    shown = ", ".join(known[:_MOST_CHOICES])
    rest = len(known) - _MOST_CHOICES
    return f"expected one of: {shown}" + (f" and {rest} more" if rest > 0 else "")


def _parts(word: str) -> list[str]:
    return [part for part in re.split(r"[._\-\s]+", word.lower()) if part]


def _fold(word: str) -> str:
    return "".join(_parts(word))


def _only(known: list[str], fits: Callable[[str], bool]) -> str | None:
    """Return the candidate that fits; none where several do, since a guess would mislead."""
    fitting = [candidate for candidate in known if fits(candidate)]
    return fitting[0] if len(fitting) == 1 else None


def _closest(word: str, known: list[str]) -> str | None:
    """Return the candidate that most characters are shared with, if enough of them are.

    Two letters swapped in a word of two to four leave little in common in order (``ta``, ``at``),
    so there the same letters in any order count as close.
    """
    folded = _fold(word)
    by_fold = {_fold(candidate): candidate for candidate in reversed(known)}
    if len(folded) <= _SHORT_WORD:
        for other, candidate in by_fold.items():
            if sorted(other) == sorted(folded):
                return candidate
    cutoff = 0.6 if len(folded) <= _SHORT_WORD else 0.7
    close = difflib.get_close_matches(folded, by_fold, 1, cutoff)
    return by_fold[close[0]] if close else None


def check_word(what: str, word: str, known: Collection[str]) -> str | None:
    """Say what is wrong with a word that should be one of those known; None when it is.

    Examples
    --------
    >>> check_word("node", "wset", ["east", "west"])
    "unknown node 'wset' (did you mean 'west'?): expected one of: east, west"
    """
    if word in known:
        return None
    words = list(known)
    guess = suggest(word, words[:_MOST_GUESSED])
    if not words:
        return f"unknown {what} {show(word)}: the file has none"
    return f"unknown {what} {show(word)}{guess}: {list_choices(words)}"
