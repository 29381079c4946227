"""Secrets: drawing codes, digesting them, and a wrapper that never shows one by accident."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import ClassVar, Final, NoReturn

#: Draws a code of a length from an alphabet.
CodeSource = Callable[[int, str], str]

_KEY_BYTES: Final = 32


class NeverStored:
    """What holds a secret: it refuses to be copied, or pickled into a file or another process.

    Both the standard pickles and those that carry classes by value ask an object how to build it
    anew, so that one refusal serves them all.
    """

    __slots__ = ()

    #: What the refusal says.
    _WHY: ClassVar[str]

    def __getstate__(self) -> NoReturn:
        raise TypeError(self._WHY)

    def __reduce__(self) -> NoReturn:
        self.__getstate__()


class Secret(NeverStored):
    """A code on its way to the one person who is shown it.

    Nothing but `show` gives the text away: it prints and formats as a blank, and it is never
    stored.

    Examples
    --------
    >>> code = Secret("123456")
    >>> print(code, repr(code), f"{code:>8}")
    <code> <code> <code>
    >>> code.show()
    '123456'
    """

    __slots__ = ("_text",)

    _WHY = "a code is shown once and never stored"

    def __init__(self, text: str) -> None:
        self._text = text

    def show(self) -> str:
        """Return the code itself."""
        return self._text

    def __repr__(self) -> str:
        return "<code>"

    def __format__(self, _spec: str) -> str:
        return repr(self)


def draw_code(length: int, alphabet: str) -> str:
    """Draw a code from the operating system's cryptographic generator."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


class KeyedCodes(NeverStored):
    """Draws codes that depend on a key alone, for runs that shall come out the same.

    Not for a real desk: who knows the key knows the codes. No code is drawn twice before all
    others were drawn, so that a handle of a scenario stands for one code only. It holds its key
    and what it drew, and is never stored.

    Examples
    --------
    >>> KeyedCodes("seed 1")(6, "0123456789") == KeyedCodes("seed 1")(6, "0123456789")
    True
    """

    __slots__ = ("_count", "_fresh", "_key", "drawn")

    _WHY = "a source of codes holds the codes it drew and is never stored"

    def __init__(self, key: str) -> None:
        self._key = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        self._count = 0
        self._fresh: set[str] = set()
        self.drawn: set[str] = set()

    def __call__(self, length: int, alphabet: str) -> str:
        """Draw the next code of a length from an alphabet."""
        space = len(alphabet) ** length
        if len(self._fresh) >= space:
            self._fresh.clear()
        while True:
            self._count += 1
            block = hashlib.shake_256(self._key + self._count.to_bytes(8, "big"))
            number = int.from_bytes(block.digest(length + 16), "big") % space
            text = ""
            for _ in range(length):
                number, place = divmod(number, len(alphabet))
                text += alphabet[place]
            if text not in self._fresh:
                self._fresh.add(text)
                self.drawn.add(text)
                return text


def new_key() -> bytes:
    """Return a fresh key for the digests of one authority."""
    return secrets.token_bytes(_KEY_BYTES)


def digest(key: bytes, subject: str, text: str) -> bytes:
    """Digest what stands for a code in storage: keyed, and bound to its subject.

    The source of the construction is RFC 2104 (HMAC) with SHA-256.
    """
    return hmac.digest(key, f"{subject}\0{text}".encode("utf-8", "surrogatepass"), "sha256")


same: Final = hmac.compare_digest
