"""The digest of a run: one number for all its records, in bounded memory."""

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from typing import Final

_SEPARATOR: Final = "\x1f"


class Digest:
    """SHA-256 of texts and numbers, in the order in which they come.

    Texts and numbers are hashed apart, and both hashes together at the end. They come in blocks,
    since a call for each would cost more than the hashing; where a block ends changes nothing.

    Examples
    --------
    >>> whole, parts = Digest(), Digest()
    >>> whole.update(["sign_in", "ana"], [7])
    >>> parts.update(["sign_in"], [])
    >>> parts.update(["ana"], [7])
    >>> whole.hexdigest() == parts.hexdigest()
    True
    """

    __slots__ = ("_numbers", "_texts")

    def __init__(self) -> None:
        self._texts = hashlib.sha256()
        self._numbers = hashlib.sha256()

    def update(self, texts: Sequence[str], numbers: Iterable[int]) -> None:
        """Take a block of texts and one of numbers, each of 64 bits and a sign."""
        if texts:
            self._texts.update((_SEPARATOR.join(texts) + _SEPARATOR).encode())
        self._numbers.update(array("q", numbers).tobytes())

    def hexdigest(self) -> str:
        """Return the digest of all that came."""
        return hashlib.sha256(self._texts.digest() + self._numbers.digest()).hexdigest()
