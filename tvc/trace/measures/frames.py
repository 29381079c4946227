"""What a run measured as tidy frames; pandas is loaded when the first one is asked for."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tvc.trace.measures.access import ACCESS_COLUMNS
from tvc.trace.measures.catalogue import MEASURES, Function, Shape
from tvc.trace.measures.codes import CODE_COLUMNS
from tvc.trace.measures.desk import CALL_COLUMNS
from tvc.trace.measures.lines import LINE
from tvc.trace.measures.metrics import Statistic

if TYPE_CHECKING:
    import pandas as pd

    from tvc.trace.measures.levels import Level
    from tvc.trace.measures.recorder import Recorder

_SHOWN_PERCENTILES: Final = (50, 95)
_SPELL_FUNCTIONS: Final = (Function.COUNT, Function.MEAN, Function.MAX)
_EVENT_COLUMNS: Final = (
    "at_ms", "reading_ms", "node", "type", "by", "subject", "reason", "rule", "method", "code",
    "cause",
)  # fmt: skip


class Frames:
    """The frames of a finished recorder.

    Parameters
    ----------
    recorder
        After its `finish`.
    """

    def __init__(self, recorder: "Recorder") -> None:
        self._recorder = recorder
        self._measured = recorder.measured

    @cached_property
    def codes(self) -> "pd.DataFrame":
        """One row a code of the sampled people."""
        frame = _frame(self._recorder.rows.codes, CODE_COLUMNS, "_ms")
        frame[["uses", "misuses"]] = frame[["uses", "misuses"]].astype("int64")
        return frame.sort_values(["generated_ms", "code"], ignore_index=True)

    @cached_property
    def calls(self) -> "pd.DataFrame":
        """One row a call of the sampled people."""
        frame = _frame(self._recorder.rows.calls, CALL_COLUMNS, "_ms")
        frame["number"] = frame["number"].astype("int64")
        return frame.sort_values(["placed_ms", "caller"], ignore_index=True)

    @cached_property
    def takeovers(self) -> "pd.DataFrame":
        """One row a pair of an outsider and an account they had access to."""
        frame = _frame(self._recorder.access.rows, ACCESS_COLUMNS, "_ms")
        frame["enrolled"] = frame["enrolled"].astype(bool)
        return frame.sort_values(["first_access_ms", "outsider"], ignore_index=True)

    @cached_property
    def sign_ins(self) -> "pd.DataFrame":
        """Sign-ins of everybody within the window, counted."""
        import pandas as pd

        rows = [(*key, number) for key, number in sorted(self._recorder.sign_ins().items())]
        return pd.DataFrame(rows, columns=["method", "outcome", "reason", "who", "count"])

    @cached_property
    def series(self) -> "pd.DataFrame":
        """What happened in each bin: start_ms, measure, label, value."""
        import pandas as pd

        recorder = self._recorder
        columns: dict[tuple[str, str], list[float]] = {}
        for (measure, *labels), bins in sorted(recorder.series.items()):
            for key in _plotted(measure, labels):
                known = columns.get(key, [0.0] * len(bins))
                columns[key] = [float(a + b) for a, b in zip(known, bins, strict=True)]
        # Measures that are levels themselves come first, then those that a level adds up to.
        declared = sorted(MEASURES.values(), key=lambda measure: measure.shape is not Shape.LEVEL)
        levels = {
            measure.name: measure.level(recorder)
            for measure in declared
            if measure.level is not None
        } | {
            "desk.queue": recorder.desk.queue,
            "desk.busy": recorder.desk.busy,
            "desk.duty": recorder.desk.duty,
        }
        columns |= {(name, ""): self._means(level) for name, level in levels.items()}
        starts = [place * recorder.bin_ms for place in range(len(recorder.lockouts.level.area))]
        parts = [
            pd.DataFrame({"start_ms": starts, "measure": measure, "label": label, "value": values})
            for (measure, label), values in columns.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def _means(self, level: "Level") -> list[float]:
        window, bin_ms = self._recorder.window, self._recorder.bin_ms
        length_ms = window.horizon_ms - window.start_ms
        return [
            area / min(bin_ms, length_ms - place * bin_ms) for place, area in enumerate(level.area)
        ]

    @cached_property
    def histograms(self) -> "pd.DataFrame":
        """How long spells lasted: measure, low_ms, high_ms, count."""
        import pandas as pd

        rows = [
            (name, *row)
            for name, histogram in self._measured.spells.items()
            for row in histogram.rows()
        ]
        frame = pd.DataFrame(rows, columns=["measure", "low_ms", "high_ms", "count"])
        return frame.astype({"low_ms": "int64", "high_ms": "float64", "count": "int64"})

    @cached_property
    def events(self) -> "pd.DataFrame":
        """The lives of the sampled people, one row a record or call, in order of time."""
        import pandas as pd

        recorder = self._recorder
        frame = _frame(recorder.rows.events, LINE, "true_ms")
        frame = frame.rename(columns={"true_ms": "at_ms"})
        frame["subject"] = frame["subject"].where(frame["subject"].notna(), frame["by"])
        known = frame["code"].notna()
        frame["code"] = frame["code"].astype(object)
        frame.loc[known, "code"] = [
            f"{subject}#{int(ordinal)}"
            for subject, ordinal in zip(
                frame.loc[known, "subject"], frame.loc[known, "code"], strict=True
            )
        ]
        ended = frame["type"].isin(["code.ended", "session.ended"])
        frame["cause"] = frame["reason"].where(ended, None)
        frame["reason"] = frame["reason"].where(~ended, None)
        for column in ("reason", "cause", "method"):
            frame[column] = pd.Series(
                [None if pd.isna(value) else str(value) for value in frame[column]], dtype="str"
            )
        frame["at_ms"] -= recorder.window.start_ms
        return frame[list(_EVENT_COLUMNS)].sort_values("at_ms", kind="stable", ignore_index=True)

    @cached_property
    def summary(self) -> "pd.DataFrame":
        """One row a metric: metric, where, value (times in ms), unit, meaning."""
        import pandas as pd

        rows: list[tuple[str, str, float, str, str]] = []
        measured = self._measured
        for measure in MEASURES.values():
            statistics: list[Statistic] = []
            match measure.shape:
                case Shape.SPELL:
                    statistics += [Statistic(function, measure) for function in _SPELL_FUNCTIONS]
                    statistics += [
                        Statistic(Function.PERCENTILE, measure, percent)
                        for percent in _SHOWN_PERCENTILES
                    ]
                case Shape.LEVEL:
                    statistics += [Statistic(Function.MEAN, measure)]
                    statistics += [Statistic(Function.MAX, measure)]
                case _:
                    statistics.append(Statistic(Function.MEAN, measure))
            rows += [
                (str(of), "", measured.value(of), of.unit.value, measure.meaning)
                for of in statistics
            ]
            rows += self._labelled(measure.name)
        return pd.DataFrame(rows, columns=["metric", "where", "value", "unit", "meaning"])

    def _labelled(self, name: str) -> list[tuple[str, str, float, str, str]]:
        measure = MEASURES[name]
        labels = [label for label, _ in measure.labels]
        return [
            (
                str(Statistic(Function.MEAN, measure)),
                ", ".join(
                    f"{label}={value}" for label, value in zip(labels, values, strict=True) if value
                ),
                number,
                measure.unit.value,
                measure.meaning,
            )
            for values, number in sorted(self._measured.counts.get(name, {}).items())
            if labels
        ]


def _plotted(measure: str, labels: list[str]) -> list[tuple[str, str]]:
    """Return under which (measure, label) a counted event is shown."""
    if measure != "sign_ins":
        return [(measure, str(labels[0]) if labels else "")]
    method, outcome, reason, who = labels
    if outcome == "allow":
        return [("sign_ins.allowed", str(method))]
    return [("sign_ins.denied", str(reason))] if who == "user" else []


def _frame(rows: list[tuple[Any, ...]], columns: tuple[str, ...], times: str) -> "pd.DataFrame":
    """Return rows as a frame whose times are whole numbers that may be missing."""
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(columns), dtype=object)
    for column in columns:
        if column.endswith(times):
            frame[column] = frame[column].astype("Int64")
    return frame
