"""People who do not get in: spells without access, and devices that are back and refused."""

from tvc.trace.measures.histogram import Histogram
from tvc.trace.measures.levels import Level


class Lockouts:
    """Who is locked out, and who is stranded by a code although the device is back.

    A spell begins with a refused sign-in and ends with the next allowed one; a person is stranded
    from the first time that their own method, which they hold, is refused for a code, until it
    would be taken again.

    Parameters
    ----------
    start_ms, horizon_ms, bin_ms
        The window, and the width of its bins. What began within it counts, with its whole length.

    Attributes
    ----------
    level : Level
        People in a spell.
    time_to_access : Histogram
        Of spells; of those that last at the end, unfinished.
    stranded : dict of str to int
        Who is stranded, and since when.
    stranded_ms : int
        For how long people have been stranded, of those who are no longer.
    """

    def __init__(self, start_ms: int, horizon_ms: int, bin_ms: int) -> None:
        self._start_ms = start_ms
        self._horizon_ms = horizon_ms
        self.level = Level(start_ms, horizon_ms, bin_ms)
        self.time_to_access = Histogram()
        self.stranded: dict[str, int] = {}
        self.stranded_ms = 0
        self._spells: dict[str, int] = {}
        self._without_device: set[str] = set()

    def refused(self, person: str, at_ms: int) -> None:
        """Begin a spell, unless they are in one."""
        if person not in self._spells:
            self._spells[person] = at_ms
            self.level.set(at_ms, self.level.value + 1)

    def superseded(self, person: str, at_ms: int) -> None:
        """Refuse their own method for a code, which strands them if they hold the device."""
        self.refused(person, at_ms)
        if person not in self._without_device and person not in self.stranded:
            self.stranded[person] = at_ms

    def let_in(self, person: str, at_ms: int, *, by_code: bool) -> None:
        """End their spell, if they are in one; their own method strands them no more."""
        if not by_code:
            self.restored(person, at_ms)
        self._end_spell(person, at_ms)

    def left(self, person: str, at_ms: int) -> None:
        """End their spell, if they are in one, since they have left the company."""
        self._end_spell(person, at_ms)

    def _end_spell(self, person: str, at_ms: int) -> None:
        began_ms = self._spells.pop(person, None)
        if began_ms is not None:
            self.level.set(at_ms, self.level.value - 1)
            if self._start_ms <= began_ms < self._horizon_ms:
                self.time_to_access.add(at_ms - began_ms)

    def device_lost(self, person: str, at_ms: int) -> None:
        """Take their device, without which they are locked out, but not stranded."""
        self._without_device.add(person)
        self.restored(person, at_ms)

    def device_found(self, person: str) -> None:
        """Give them their device back."""
        self._without_device.discard(person)

    def restored(self, person: str, at_ms: int) -> None:
        """Let them be stranded no more, if they are: their own method would be taken again."""
        began_ms = self.stranded.pop(person, None)
        if began_ms is not None and self._start_ms <= began_ms < self._horizon_ms:
            self.stranded_ms += at_ms - began_ms

    def finish(self, at_ms: int) -> None:
        """Count what lasts at the end of the run as far as it came."""
        for began_ms in self._spells.values():
            if self._start_ms <= began_ms < self._horizon_ms:
                self.time_to_access.add_unfinished(at_ms - began_ms)
        for person in sorted(self.stranded):
            self.restored(person, at_ms)
