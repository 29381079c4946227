"""The lives of users: who lost what when, who called, what let them in and what refused them."""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tvc.analysis.plots.scales import Floats, TimeUnit, floats, need, time_axis
from tvc.analysis.style import (
    ATTACKER,
    CODE,
    DEVICE,
    GREY,
    INK,
    METHOD,
    PAGE,
    PALE,
    REFUSED,
    Picture,
    no_rows,
    picture,
    styled,
)
from tvc.authority.durations import DAY_MS

if TYPE_CHECKING:
    import pandas as pd

_TITLE: Final = "What happens to users who need a code"
_PEOPLE: Final = 6
_WEEK_MS: Final = 7 * DAY_MS
_BAR: Final = 0.4


class _Mark(NamedTuple):
    """How something that happens is shown: what it is called, and where in its lane."""

    name: str
    marker: str
    colour: str
    filled: bool
    height: float
    size: float = 6.0


#: In the order of the key. Shape is the method, colour and fill the outcome.
_MARKS: Final = {
    "lost": _Mark("device lost", "v", DEVICE, True, -0.37, 7),
    "back": _Mark("device back", "^", DEVICE, True, -0.37, 7),
    "call": _Mark("call to the desk", "o", GREY, True, 0.37, 4.5),
    "generate.denied": _Mark("code refused to admin", "D", REFUSED, False, 0.37, 5),
    "code.allow": _Mark("let in by code", "s", CODE, True, -0.1, 5.5),
    "code.deny": _Mark("code refused", "s", REFUSED, False, 0.1, 5.5),
    "method.allow": _Mark("let in by own method", "o", METHOD, True, -0.1),
    "method.deny": _Mark("own method refused", "o", REFUSED, False, 0.1),
    "outsider.allow": _Mark("outsider let in", "*", ATTACKER, True, -0.1, 13),
    "outsider.deny": _Mark("outsider refused", "*", ATTACKER, False, 0.1, 13),
    "expired": _Mark("Expire Now", "|", INK, True, 0, 17),
}


class _Life(NamedTuple):
    """A code's time: when it began and was over; between the two, until when it was surely live."""

    subject: str
    began_ms: float
    sure_ms: float
    over_ms: float
    cause: str


@styled
def lifelines(
    events: "pd.DataFrame",
    people: Sequence[str] | None = None,
    until_ms: int | None = None,
    *,
    codes: "pd.DataFrame | None" = None,
) -> Picture:
    """Draw a lane a user: device, calls, codes and sign-ins.

    Parameters
    ----------
    events
        `Run.events`.
    people
        Whose lanes, from the top down. By default six to whom the most different things happened
        within a week, and that week.
    until_ms
        Where the axis ends, in true time since the start of measurement.
    codes
        `Run.codes`. An audit trail records a lapse when somebody next looks; with this frame bars
        end when the code did. Without it what is not known to be live is drawn pale.

    Returns
    -------
    Picture
        Time since the start on x: of measurement, or of the timeline.
    """
    need(events, "at_ms", "type", "by", "subject", "reason", "method", "code", "cause")
    rows = events if until_ms is None else events[events["at_ms"] <= until_ms]
    latest_ms = inf
    if people is None:
        people, start_ms = _most_varied(rows)
        latest_ms = start_ms + _WEEK_MS
        rows = rows[rows["at_ms"].between(start_ms, latest_ms)]
    people = list(dict.fromkeys(people))
    rows = rows[rows["subject"].isin(people)]
    if not len(rows):
        return no_rows(_TITLE, "nothing happened to these people")
    lives = _lives(events, people) if codes is None else _known_lives(codes, people)
    low = float(floats(rows["at_ms"]).min())
    high = min(_end(rows, lives), latest_ms) if until_ms is None else float(until_ms)
    figure = picture(
        _title(rows),
        "One lane a user. Within a lane, what is refused stands above what is allowed; the bar is "
        "a live code, up to its lapse or Expire Now"
        + (" (pale: it may be over)" if codes is None else "")
        + "; the line below is a device that is away.",
        height_in=1.4 + 0.62 * len(people),
    )
    axes = figure.add_subplot()
    pad = (high - low) * 0.015
    unit = time_axis(axes, low - pad, high + pad, "since the start")
    lanes = {person: -place for place, person in enumerate(people)}
    pressed = _pressed(rows)
    _draw_lives(axes, lives, pressed, lanes, unit, high + pad)
    used = _draw_marks(axes, rows, lanes, unit)
    _draw_absences(axes, rows, lanes, unit, high + pad)
    if pressed or any(life.cause == "revoked" and low <= life.over_ms <= high for life in lives):
        used.add("expired")
    axes.set_ylim(-len(people) + 0.4, 0.6)
    axes.set_yticks(list(lanes.values()), list(lanes))
    axes.set_ylabel("user")
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    for lane in range(1, len(people)):
        axes.axhline(0.5 - lane, color=PALE, lw=0.6)
    bar = Patch(facecolor=CODE, alpha=0.3, label="code live")
    keys = [_key(mark) for kind, mark in _MARKS.items() if kind in used]
    figure.legend(
        handles=[bar, *keys], loc="outside lower left", ncols=4, handletextpad=0.5,
        columnspacing=1.6,
    )  # fmt: skip
    return figure


def _end(rows: "pd.DataFrame", lives: Sequence[_Life]) -> float:
    """Return when the last thing happened, or was surely live; records of an end come late."""
    times = floats(rows["at_ms"])
    told = times[~rows["type"].isin(["code.ended", "session.ended"]).to_numpy(dtype=bool)]
    latest_ms = float(told.max(initial=times.min()))
    ends = [life.sure_ms for life in lives if life.began_ms <= latest_ms and life.sure_ms < inf]
    return max([*ends, latest_ms])


def _title(rows: "pd.DataFrame") -> str:
    """Return what is to be seen of precedence, where there is something."""
    count = int((rows["reason"] == "superseded_by_code").sum())
    times = "once" if count == 1 else f"{count} times"
    return f"A live code refused its user's own method {times}" if count else _TITLE


def _key(mark: _Mark) -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker=mark.marker, color=mark.colour, label=mark.name,
        markerfacecolor=mark.colour if mark.filled else PAGE, markersize=min(mark.size, 9),
        markeredgewidth=1.4,
    )  # fmt: skip


# Whose lives


def _most_varied(events: "pd.DataFrame") -> tuple[list[str], float]:
    """Return people to whom many different things happened in one week, and its start."""
    told = events[events["subject"].notna() & events["type"].isin(_TOLD)]
    if not len(told):
        return [], 0.0
    leader = _by_variety(told)[0]
    start_ms = float(floats(told.loc[told["subject"] == leader, "at_ms"]).min())
    week = told[told["at_ms"].between(start_ms, start_ms + _WEEK_MS)]
    # Who came into the week with a story half told is left to other weeks.
    first = week.drop_duplicates("subject")
    begun = first.loc[first["type"].isin(_BEGINNINGS), "subject"]
    week = week[week["subject"].isin([leader, *begun])]
    candidates = _by_variety(week)[:_CANDIDATES]
    kinds: dict[str, set[tuple[str, ...]]] = {person: set() for person in candidates}
    rows = week[week["subject"].isin(candidates)][["subject", *_KIND]].drop_duplicates()
    for person, *kind in rows.itertuples(index=False, name=None):
        kinds[person].add(tuple(map(str, kind)))
    chosen: list[str] = []
    seen: set[tuple[str, ...]] = set()
    while candidates and len(chosen) < _PEOPLE:
        best = max(candidates, key=lambda person: len(kinds[person] - seen))
        candidates.remove(best)
        chosen.append(best)
        seen |= kinds[best]
    order = week.loc[week["subject"].isin(chosen), "subject"].drop_duplicates()
    return [str(person) for person in order], start_ms


def _by_variety(events: "pd.DataFrame") -> list[str]:
    kinds = events.drop_duplicates(["subject", *_KIND]).groupby("subject", sort=True).size()
    return list(kinds.sort_values(ascending=False, kind="stable").index)


_KIND: Final = ("type", "method", "reason")
_CANDIDATES: Final = 200
_BEGINNINGS: Final = ("lose_device", "call.placed", "generate.allowed")
_TOLD: Final = (
    "lose_device", "find_device", "call.placed", "generate.allowed", "generate.denied",
    "sign_in.allowed", "sign_in.denied", "enroll.allowed", "expire.allowed",
)  # fmt: skip


# Codes


def _known_lives(codes: "pd.DataFrame", people: Sequence[str]) -> list[_Life]:
    need(codes, "subject", "generated_ms", "ended_ms", "cause")
    rows = codes[codes["subject"].isin(list(people))]
    return [
        _Life(str(subject), began_ms, over_ms, over_ms, str(cause))
        for subject, began_ms, over_ms, cause in zip(
            rows["subject"], floats(rows["generated_ms"]),
            np.nan_to_num(floats(rows["ended_ms"]), nan=inf), rows["cause"], strict=True,
        )
    ]  # fmt: skip


def _lives(events: "pd.DataFrame", people: Sequence[str]) -> list[_Life]:
    """Return codes' times as far as an audit trail tells them."""
    rows = events[events["subject"].isin(list(people)) & events["code"].notna()]
    lives = []
    for _, of_code in rows.groupby("code", sort=True):
        times, types = floats(of_code["at_ms"]), of_code["type"]
        began = times[types == "generate.allowed"]
        ended = of_code["type"] == "code.ended"
        refused = (types == "sign_in.denied") & of_code["reason"].str.startswith("code_", na=False)
        over = times[ended | refused]
        proven = times[types.isin(["generate.allowed", "sign_in.allowed"])]
        cause = str(of_code.loc[ended, "cause"].iloc[0]) if ended.any() else ""
        over_ms = float(over.min()) if len(over) else inf
        sure_ms = over_ms if cause not in ("lapsed", "") else float(proven.max(initial=-inf))
        began_ms = float(began.min()) if len(began) else -inf
        subject = str(of_code["subject"].iloc[0])
        lives.append(_Life(subject, began_ms, min(sure_ms, over_ms), over_ms, cause))
    return lives


def _pressed(rows: "pd.DataFrame") -> dict[str, Floats]:
    """Return by person when Expire Now was pressed."""
    expired = rows[rows["type"] == "expire.allowed"]
    return {
        str(person): floats(of_person["at_ms"])
        for person, of_person in expired.groupby("subject", sort=True)
    }


def _draw_lives(  # noqa: PLR0913, PLR0917 - what is drawn, and where
    axes: Axes,
    lives: Sequence[_Life],
    pressed: dict[str, Floats],
    lanes: dict[str, int],
    unit: TimeUnit,
    high: float,
) -> None:
    low = axes.get_xlim()[0] * unit.ms
    for person, lane in lanes.items():
        own = [life for life in lives if life.subject == person]
        began, sure, over = np.array([life[1:4] for life in own]).reshape(-1, 3).T
        bottom = lane - _BAR / 2
        for starts, ends, alpha in ((began, sure, 0.3), (sure, over, 0.12)):
            left, right = np.clip(starts, low, high), np.clip(ends, low, high)
            seen = right > left
            bars = np.stack([left, right - left], axis=1)[seen] / unit.ms
            axes.broken_barh(
                [(start, length) for start, length in bars], (bottom, _BAR), color=CODE,
                alpha=alpha, lw=0, zorder=1.5, label="code live" if alpha == 0.3 else None,
            )  # fmt: skip
        # Codes may follow one another without a gap.
        starts = began[(began >= low) & (began <= high)] / unit.ms
        axes.vlines(starts, bottom, bottom + _BAR, color=CODE, lw=1.4)
        # A code that lapsed has to be expired all the same where only that brings methods back.
        expired = np.array([life.over_ms for life in own if life.cause == "revoked"])
        expired = np.union1d(expired, pressed.get(person, expired))
        expired = expired[(expired >= low) & (expired <= high)] / unit.ms
        if len(expired):
            mark = _MARKS["expired"]
            axes.plot(
                expired, np.full(len(expired), lane), linestyle="none", marker=mark.marker,
                color=mark.colour, ms=mark.size, mew=2.2, label=mark.name,
            )  # fmt: skip


# What happens


def _draw_marks(
    axes: Axes, rows: "pd.DataFrame", lanes: dict[str, int], unit: TimeUnit
) -> set[str]:
    """Draw what happens, and return which marks there are."""
    times = floats(rows["at_ms"]) / unit.ms
    heights = rows["subject"].map(lanes).to_numpy(dtype=np.float64)
    types = rows["type"]
    signed = types.isin(["sign_in.allowed", "sign_in.denied"])
    outsider = (rows["by"] != rows["subject"]) & rows["by"].notna()
    allowed = types == "sign_in.allowed"
    # A code that matches nothing has no method in the records, only a reason.
    by_code = (rows["method"] == "code") | rows["reason"].isin(["wrong_code", "no_code"])
    # Outsiders first: their stars are seen around what stands at the same instant.
    shown = {
        "outsider.deny": signed & ~allowed & outsider,
        "outsider.allow": signed & allowed & outsider,
        "lost": types == "lose_device",
        "back": (types == "find_device"),
        "call": (types == "call.placed") & ~outsider,
        "generate.denied": types == "generate.denied",
        "method.deny": signed & ~allowed & ~by_code & ~outsider,
        "code.deny": signed & ~allowed & by_code & ~outsider,
        "method.allow": signed & allowed & ~by_code & ~outsider,
        "code.allow": signed & allowed & by_code & ~outsider,
    }
    for kind, where in shown.items():
        mark, chosen = _MARKS[kind], where.to_numpy(dtype=bool)
        if chosen.any():
            axes.plot(
                times[chosen], heights[chosen] + mark.height, linestyle="none",
                marker=mark.marker, ms=mark.size, color=mark.colour, mew=1.3,
                mfc=mark.colour if mark.filled else PAGE, label=mark.name, zorder=3,
            )  # fmt: skip
    return {kind for kind, where in shown.items() if where.any()}


def _draw_absences(
    axes: Axes, rows: "pd.DataFrame", lanes: dict[str, int], unit: TimeUnit, high: float
) -> None:
    device = rows[rows["type"].isin(["lose_device", "find_device"])]
    for person, of_person in device.groupby("subject", sort=True):
        lost_ms: float | None = None
        for at_ms, kind in zip(floats(of_person["at_ms"]), of_person["type"], strict=True):
            if kind == "lose_device":
                lost_ms = at_ms if lost_ms is None else lost_ms
            else:
                low = axes.get_xlim()[0] * unit.ms
                _absence(axes, lanes[str(person)], low if lost_ms is None else lost_ms, at_ms, unit)
                lost_ms = None
        if lost_ms is not None:
            _absence(axes, lanes[str(person)], lost_ms, high, unit)


def _absence(axes: Axes, lane: int, from_ms: float, to_ms: float, unit: TimeUnit) -> None:
    axes.plot(
        [from_ms / unit.ms, to_ms / unit.ms], [lane + _MARKS["lost"].height] * 2,
        color=DEVICE, lw=2, solid_capstyle="butt", alpha=0.6, zorder=2,
    )  # fmt: skip
