"""Keyed randomness: each draw is a pure function of what it is for.

A draw depends on (seed, replication, stream name, entity, incident, attempt) and on nothing else,
so that one more user, admin, attacker or recorded column shifts nobody's numbers, and two
policies under one seed meet the same people on the same days (common random numbers).

Single draws come from BLAKE2b (RFC 7693): a keyed digest of seed, replication and name prefixes
messages that all have one length, which makes a pseudo-random function of any key without state,
at a third of a microsecond; a counter-based generator in pure Python costs more. Draws for the
whole population come from Philox (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
as 1, 2, 3", SC 2011), which numpy makes a million of in milliseconds: its key is such a digest,
and its counter the entity.
"""

import hashlib
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from tvc.domain.quantities import LARGEST_SEED

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")

_PACK: Final = struct.Struct("<QQQ").pack
_TO_INT: Final = int.from_bytes
_UNIT: Final = 2.0**-53


class Stream(Protocol):
    """Uniform numbers for one purpose, one at a time."""

    def __call__(self, entity: int, incident: int = 0, attempt: int = 0) -> float:
        """Return a number in [0, 1), of 53 bits.

        Parameters
        ----------
        entity, incident, attempt
            What it is for; each from 0 to 2**64 - 1.
        """
        ...


def _stream(prefix: bytes) -> Stream:
    # A closure: a simulated month makes millions of draws, and calls an object's method slower.
    fresh = hashlib.blake2b(prefix, digest_size=8).copy

    def draw(entity: int, incident: int = 0, attempt: int = 0) -> float:
        state = fresh()
        state.update(_PACK(entity, incident, attempt))
        return (_TO_INT(state.digest(), "little") >> 11) * _UNIT

    return draw


def _stream_through(prefix: bytes, inverse: Callable[[float], T]) -> Callable[[int, int, int], T]:
    # What is drawn most often, without a call of a call.
    fresh = hashlib.blake2b(prefix, digest_size=8).copy

    def draw(entity: int, incident: int, attempt: int) -> T:
        state = fresh()
        state.update(_PACK(entity, incident, attempt))
        return inverse((_TO_INT(state.digest(), "little") >> 11) * _UNIT)

    return draw


def _stream_below(prefix: bytes, limit: float) -> Callable[[int, int, int], bool]:
    fresh = hashlib.blake2b(prefix, digest_size=8).copy

    def draw(entity: int, incident: int, attempt: int) -> bool:
        state = fresh()
        state.update(_PACK(entity, incident, attempt))
        return (_TO_INT(state.digest(), "little") >> 11) * _UNIT < limit

    return draw


class Screen:
    """Uniform numbers for one purpose, for whole blocks of entities at once."""

    __slots__ = ("_prefix",)

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix

    def block(self, slab: int, first: int, count: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Return the numbers of consecutive entities; the same however blocks are cut.

        Parameters
        ----------
        slab
            What part of the run it is for.
        first, count
            Entities from ``first`` on.

        Returns
        -------
        numpy.ndarray
            Shape (count,), in [0, 1), of 53 bits each.
        """
        import numpy as np

        # Four words a counter value.
        skipped = first % 4
        bits = self._philox(slab, 0)
        bits.advance(first // 4)
        words = bits.random_raw(count + skipped)[skipped:]
        return (words >> np.uint64(11)).astype(np.float64) * _UNIT

    def at(self, slab: int, entity: int) -> float:
        """Return the number of one entity: the one that its block holds."""
        return float(self.block(slab, entity, 1)[0])

    def binomial(self, slab: int, purpose: int, trials: int, probability: float) -> int:
        """Return how many of some trials succeed.

        Parameters
        ----------
        slab, purpose
            What it is for; independent of the blocks of the slab.
        trials, probability
            Of the binomial distribution.
        """
        import numpy as np

        generator = np.random.Generator(self._philox(slab, 1 + purpose))
        return int(generator.binomial(trials, probability))

    def _philox(self, slab: int, purpose: int) -> "np.random.Philox":
        import numpy as np

        digest = hashlib.blake2b(self._prefix + _PACK(slab, purpose, 0), digest_size=16).digest()
        return np.random.Philox(key=np.frombuffer(digest, dtype=np.uint64))


class Streams:
    """All randomness of one run.

    Parameters
    ----------
    seed
        From 0 to 2**63 - 1.
    replication
        Which run under that seed.

    Raises
    ------
    ValueError
        If the seed or the replication is out of range.

    Examples
    --------
    >>> losses = Streams(seed=7).stream("losses")
    >>> losses(41) == Streams(seed=7).stream("losses")(41) != losses(42)
    True
    """

    __slots__ = ("_key", "_names")

    def __init__(self, seed: int, replication: int = 0) -> None:
        for what, number in (("seed", seed), ("replication", replication)):
            if not 0 <= number <= LARGEST_SEED:
                raise ValueError(f"a {what} is from 0 to 2**63 - 1, not {number}")
        self._key = _PACK(seed, replication, 0)
        self._names: set[str] = set()

    def stream(self, name: str) -> Stream:
        """Open a stream.

        Raises
        ------
        ValueError
            If the name was taken: two purposes under one name would get the same numbers.
        """
        return _stream(self._take(name))

    def through(self, name: str, inverse: Callable[[float], T]) -> Callable[[int, int, int], T]:
        """Open a stream whose uniform numbers go through a function, such as a quantile.

        Raises
        ------
        ValueError
            As `stream` does.
        """
        return _stream_through(self._take(name), inverse)

    def below(self, name: str, limit: float) -> Callable[[int, int, int], bool]:
        """Open a stream that tells whether its uniform numbers are below a limit.

        Raises
        ------
        ValueError
            As `stream` does.
        """
        return _stream_below(self._take(name), limit)

    def screen(self, name: str) -> Screen:
        """Open a stream for the whole population; its name is taken as by `stream`."""
        return Screen(self._take(name))

    def _take(self, name: str) -> bytes:
        if name in self._names:
            raise ValueError(f"the stream {name!r} is taken")
        self._names.add(name)
        return hashlib.blake2b(name.encode(), key=self._key, digest_size=32).digest()
