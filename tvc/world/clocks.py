"""The clocks of nodes as pure functions of true time: no state, no events."""

from bisect import bisect_right

from tvc.domain.workload import NodeModel


class NodeClock:
    """The clock of a node.

    It reads true time, plus an offset, plus a drift, plus what it was set by since; a clock that
    is set right now and then loses all three at that instant, and drifts on from there.

    Parameters
    ----------
    model
        How it goes.
    name
        Of the node.

    Examples
    --------
    >>> west = NodeModel.model_validate({"offset": "-90s", "drift_ppm": 20})
    >>> NodeClock(west, "west").read(3_600_000)
    3510072
    """

    __slots__ = ("_drift_ppm", "_offset_ms", "_resync_ms", "_set_by", "_steps", "name")

    def __init__(self, model: NodeModel, name: str) -> None:
        self.name = name
        self._offset_ms = model.offset
        self._drift_ppm = model.drift_ppm
        self._resync_ms = model.resync_every
        steps = sorted(model.steps, key=lambda step: step.at)
        self._steps = [step.at for step in steps]
        self._set_by = [step.by for step in steps]

    def read(self, true_ms: int) -> int:
        """Return what the clock shows at an instant of true time."""
        every_ms = self._resync_ms
        right_ms = 0 if every_ms is None else true_ms - true_ms % every_ms
        reading_ms = true_ms + (true_ms - right_ms) * self._drift_ppm // 1_000_000
        if right_ms == 0:
            reading_ms += self._offset_ms
        if self._steps:
            steps = self._steps
            # A step at the very instant of a resync comes after it.
            first = bisect_right(steps, right_ms - 1)
            reading_ms += sum(self._set_by[first : bisect_right(steps, true_ms)])
        return reading_ms
