"""What a trace shows as tidy frames: those of a simulation, so that the same pictures take them."""

from typing import Final

from tvc.authority.durations import HOUR_MS
from tvc.trace.measures.frames import Frames
from tvc.trace.measures.recorder import Recorder, Window
from tvc.trace.trace import Trace

_BEYOND_MS: Final = HOUR_MS


def frames_of(trace: Trace, until_ms: int | None = None) -> Frames:
    """Record a trace as a simulation records its own.

    Parameters
    ----------
    trace
        Of a timeline, in true time from 0 on.
    until_ms
        Up to when codes are followed that nobody ended; by default an hour beyond the last
        record.

    Returns
    -------
    Frames
        `events`, `codes`, `series`, `summary` and the others, of everybody. A code ends by true
        time, also where the audit has its lapse later or not at all.

    Examples
    --------
    >>> from tvc.files.builder import Scenario
    >>> from tvc.timeline import play
    >>> scenario = (
    ...     Scenario("lapses").person("sam", role="admin").person("ana")
    ...     .at("0s").generate("sam", for_="ana", lifetime="1h").save("c1")
    ...     .at("2h").sign_in("ana", code="c1").expect_deny("code_expired")
    ... )
    >>> frames = frames_of(play(scenario.case()).trace)
    >>> frames.codes[["code", "cause", "ended_ms"]].values.tolist()
    [['ana#1', 'lapsed', 3600000]]
    >>> frames.events["type"].tolist()
    ['generate.allowed', 'sign_in.denied', 'code.ended']
    """
    records = trace.records
    last_ms = max((record.at.true_ms for record in records), default=0)
    end_ms = max(last_ms + _BEYOND_MS if until_ms is None else until_ms, last_ms)
    recorder = Recorder(trace.policy, Window(0, end_ms + 1, end_ms + 1))
    for person in {*trace.initial.accounts, *(record.subject or "" for record in records)}:
        recorder.watch(person)
    for record in records:
        recorder.sink(record)
    # Sessions and lost devices that a timeline is given have no record, so that nothing adds up.
    recorder.finish(end_ms, complete=False)
    return Frames(recorder)
