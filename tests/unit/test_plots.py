"""Pictures show what frames hold: in the right place, unit and colour, and at any size."""

import functools
import io
import math
import sys
import time
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from tvc.analysis import plots, style

sys.path.append(str(Path(__file__).parent))

import plot_frames as made
from plot_frames import DAY_MS, HOUR_MS, MINUTE_MS

#: Every picture, by what it is drawn from.
DRAWN = {
    "lifelines": ("events", plots.lifelines),
    "live_codes": ("series", plots.live_codes),
    "rate_strip": ("events", lambda frame: plots.rate_strip(frame, 6, HOUR_MS)),
    "rate_strip of a bucket": (
        "events", lambda frame: plots.rate_strip(frame, 6, HOUR_MS, "bucket")),
    "ecdf": ("histograms", plots.ecdf),
    "desk": ("series", plots.desk),
    "exposure": ("codes", plots.exposure),
    "stranded": ("summary", plots.stranded),
    "outsider_access": ("takeovers", plots.outsider_access),
    "denials": ("series", plots.denials),
    "trade_off": ("arms", lambda frame: plots.trade_off(frame, "calls a day", "idle hours")),
    "heat_map": ("grid", lambda frame: plots.heat_map(
        frame, "lifetime.max", "desk.admins", "calls")),
    "tornado": ("tornado", plots.tornado),
    "paired_delta": ("pairs", plots.paired_delta),
    "along": ("along", lambda frame: plots.along(frame, "desk.admins", "calls a week")),
    "guessing": ("guessing", plots.guessing),
}  # fmt: skip

CODE_AND_SIGN_IN = made.code("u1#1", 0, HOUR_MS)

#: The smallest frame in which each has something to show.
ONE = {
    "lifelines": made.events(made.event(HOUR_MS, "lose_device")),
    "live_codes": made.series([3.0], "codes.live"),
    "rate_strip": made.events(made.event(HOUR_MS, "generate.allowed", by="a1", code="u1#1")),
    "rate_strip of a bucket": made.events(made.event(HOUR_MS, "generate.allowed", by="a1")),
    "ecdf": made.histograms([(0, 1000, 1)]),
    "desk": pd.concat([made.series([1.0], f"desk.{name}") for name in ("queue", "busy", "duty")]),
    "exposure": made.codes(CODE_AND_SIGN_IN),
    "stranded": made.summary(HOUR_MS),
    "outsider_access": made.takeovers(
        ("x:callers:1.1", "u1", "callers", 0, None, False, HOUR_MS, None, "")
    ),
    "denials": made.series([2.0], "sign_ins.denied", "wrong_code"),
    "trade_off": pd.DataFrame([(1, 0, 2, 3, 2, 4, "strict", True)], columns=made.COLUMNS["arms"]),
    "heat_map": pd.DataFrame([("1h", 3, 5.0)], columns=made.COLUMNS["grid"]),
    "tornado": pd.DataFrame([("a", 1, 2, 3.0, 5.0, 4.0)], columns=made.COLUMNS["tornado"]),
    "paired_delta": pd.DataFrame([(0, 4.0, 3.0)], columns=made.COLUMNS["pairs"]),
    "along": pd.DataFrame([("3", 5.0, 4.0, 6.0)], columns=made.COLUMNS["along"]),
    "guessing": pd.DataFrame([(6, HOUR_MS, 10, HOUR_MS, 1e-5)], columns=made.COLUMNS["guessing"]),
}


@functools.cache
def one(name):
    """The picture of one row, drawn."""
    figure = DRAWN[name][1](ONE[name])
    draw(figure)
    return figure


def title(figure):
    return figure.texts[0].get_text()


def words(figure):
    """All text of a figure."""
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
        found += [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
    return "\n".join(found)


def line(axes, label):
    """The data of the line of that name."""
    (found,) = [one for one in axes.get_lines() if one.get_label() == label]
    return np.asarray(found.get_xdata()), np.asarray(found.get_ydata())


def bars(axes, label):
    """The bars of that name."""
    return [bar for group in axes.containers if group.get_label() == label for bar in group]


def draw(figure):
    """The picture as it is saved."""
    page = io.BytesIO()
    figure.savefig(page, format="png", dpi=50)
    return page.getvalue()


# All of them


def test_every_picture_is_tested():
    tested = {name.partition(" ")[0] for name in DRAWN}
    # Two take more than one frame, and two are no pictures.
    elsewhere = {"clock_readings", "overstay", "guessing_chance", "Limit"}
    assert tested | elsewhere == set(plots.__all__)
    assert set(ONE) == set(DRAWN)


@pytest.mark.parametrize("name", DRAWN)
def test_a_frame_without_rows_gives_a_picture_that_says_so(name):
    kind, picture = DRAWN[name]
    figure = picture(made.empty(kind))
    assert "no rows: " in words(figure)
    draw(figure)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", DRAWN)
def test_one_row_is_drawn_without_a_warning(name):
    one.cache_clear()
    assert "no rows" not in words(one(name))


@pytest.mark.parametrize("name", DRAWN)
def test_a_frame_that_lacks_a_column_is_refused_by_name(name):
    with pytest.raises(ValueError, match=r"the frame has no column '.*'; its columns: nonsense"):
        DRAWN[name][1](pd.DataFrame({"nonsense": [1]}))


@pytest.mark.parametrize("name", DRAWN)
def test_every_picture_has_a_title_the_width_of_the_page_and_a_light_ground(name):
    figure = one(name)
    assert title(figure)
    assert to_hex(figure.get_facecolor()) == "#ffffff"
    assert figure.get_figwidth() == style.WIDTH_IN


@pytest.mark.parametrize("name", DRAWN)
def test_every_axis_with_numbers_says_what_they_are(name):
    figure = one(name)
    for axes in figure.axes:
        sides = (
            (axes.get_xticklabels(), axes.get_xlabel() or figure.get_supxlabel()),
            (axes.get_yticklabels(), axes.get_ylabel() or figure.get_supylabel()),
        )
        for ticks, named in sides:
            shown = [tick.get_text() for tick in ticks if tick.get_visible()]
            numbers = any(text[:1].isdigit() for text in shown)
            assert named or not numbers or axes.get_shared_y_axes().get_siblings(axes)[1:]


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_reaches_over_the_edge_of_the_page(name):
    figure = one(name)
    page = figure.bbox
    for text in [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]:
        if text.get_text():
            box = text.get_window_extent()
            assert box.x0 >= page.x0 - 1
            assert box.x1 <= page.x1 + 1


@pytest.fixture(scope="module")
def large():
    """Frames of a million rows, each made once."""
    frames = {}

    def get(kind):
        if kind not in frames:
            frames[kind] = made.many(kind)
        return frames[kind]

    return get


@pytest.mark.parametrize("name", DRAWN)
def test_a_million_rows_are_drawn_within_two_seconds_of_work(name, large):
    kind, picture = DRAWN[name]
    frame = large(kind)
    assert len(frame) >= 1_000_000
    begun = time.process_time()
    draw(picture(frame))
    assert time.process_time() - begun < 2


def test_a_million_codes_and_events_together_are_drawn_within_two_seconds_of_work(large):
    events, codes = large("events"), large("codes")
    for picture in (lambda: plots.lifelines(events, codes=codes),
                    lambda: plots.overstay(events, codes)):  # fmt: skip
        begun = time.process_time()
        draw(picture())
        assert time.process_time() - begun < 2


def test_drawing_leaves_the_settings_of_matplotlib_as_they_were():
    before = dict(mpl.rcParams)
    draw(plots.live_codes(ONE["live_codes"]))
    assert dict(mpl.rcParams) == before


def test_drawing_keeps_no_figure_alive_in_pyplot():
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    plots.live_codes(ONE["live_codes"])
    assert pyplot.get_fignums() == before


def test_a_notebook_shows_a_picture_sharp_and_at_its_own_width():
    png, size = plots.live_codes(ONE["live_codes"])._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size == {"width": 720}
    assert int.from_bytes(png[16:20], "big") == 1440


def test_the_same_frame_gives_the_same_bytes():
    def svg():
        page = io.BytesIO()
        with mpl.rc_context(dict(style.STYLE)):
            plots.exposure(ONE["exposure"]).savefig(page, format="svg", metadata={"Date": None})
        return page.getvalue()

    assert svg() == svg()


def test_frames_are_not_changed_by_being_drawn():
    frame = made.story()
    before = frame.copy(deep=True)
    plots.lifelines(frame)
    pd.testing.assert_frame_equal(frame, before)


# Colours


def test_every_colour_of_text_is_readable_on_the_page():
    for colour in (*style.ARMS, *style.KINDS, style.DEVICE, style.DESK):
        channels = [int(style.ink(colour)[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = np.dot(linear, (0.2126, 0.7152, 0.0722))
        assert 1.05 / (luminance + 0.05) >= 4.5


def test_labels_keep_their_distance_and_order():
    sizes = [0.1, 0.2, 0.1, 0.1]
    moved = style.spread([0.5, 0.5, 0.52, 1.0], sizes)
    gaps = np.diff(moved)
    wanted = [(a + b) / 2 for a, b in pairwise(sizes)]
    assert all(gap >= least - 1e-9 for gap, least in zip(gaps, wanted, strict=True))
    assert moved[-1] + sizes[-1] / 2 <= 1 + 1e-9


# Lifelines


def test_a_lane_shows_what_was_refused_above_what_was_allowed():
    (axes,) = plots.lifelines(made.story(), ["u1"]).axes
    refused = line(axes, "own method refused")
    assert list(refused[0]) == [2, 6]
    allowed = line(axes, "let in by code")
    assert list(np.round(allowed[0], 3)) == [3, 11]
    assert refused[1].min() > allowed[1].max()
    assert list(line(axes, "let in by own method")[0]) == [9]
    assert list(line(axes, "outsider let in")[0]) == [7]
    assert list(line(axes, "device lost")[0]) == [1]
    assert list(line(axes, "device back")[0]) == [5]
    assert axes.get_xlabel() == "hours since the start"


def test_a_refused_method_stands_on_the_bar_of_the_code_that_refuses_it():
    (axes,) = plots.lifelines(made.story(), ["u1"]).axes
    (bar,) = [c for c in axes.collections if c.get_label() == "code live"]
    paths = [path.vertices[:, 0] for path in bar.get_paths()]
    assert (paths[0].min(), paths[0].max()) == (3, 8)
    assert paths[0].min() < 6 < paths[0].max()


def test_without_the_codes_a_lapse_that_was_recorded_late_does_not_lengthen_the_bar():
    (axes,) = plots.lifelines(made.story(), ["u1"]).axes
    (sure,) = [c for c in axes.collections if c.get_label() == "code live"]
    ends = [path.vertices[:, 0].max() for path in sure.get_paths()]
    assert ends == [8, 11]


def test_with_the_codes_a_bar_ends_when_the_code_did():
    codes = made.codes(
        made.code("u1#1", 3 * HOUR_MS, 8 * HOUR_MS, "revoked"),
        made.code("u1#2", 10 * HOUR_MS, 14 * HOUR_MS),
    )
    (axes,) = plots.lifelines(made.story(), ["u1"], codes=codes).axes
    (bar,) = [c for c in axes.collections if c.get_label() == "code live"]
    assert [path.vertices[:, 0].max() for path in bar.get_paths()] == [8, 14]
    assert list(line(axes, "Expire Now")[0]) == [8]


def test_expire_now_is_shown_also_where_the_code_had_lapsed_before():
    frame = made.events(
        made.event(0, "generate.allowed", by="a1", code="u1#1"),
        made.event(3 * HOUR_MS, "expire.allowed", by="a1"),
        made.event(3 * HOUR_MS, "code.ended", by="a1", code="u1#1", cause="lapsed"),
    )
    codes = made.codes(made.code("u1#1", 0, 1 * HOUR_MS))
    (axes,) = plots.lifelines(frame, codes=codes).axes
    assert list(line(axes, "Expire Now")[0]) == [3]


def test_a_wrong_code_is_a_code_that_is_refused():
    frame = made.events(made.event(HOUR_MS, "sign_in.denied", reason="wrong_code"))
    (axes,) = plots.lifelines(frame).axes
    assert list(line(axes, "code refused")[0]) == [60]


def test_the_title_counts_how_often_a_live_code_refused_a_method():
    assert title(plots.lifelines(made.story())) == "A live code refused its user's own method once"


def test_lanes_end_where_they_are_asked_to():
    (axes,) = plots.lifelines(made.story(), ["u1"], 6 * HOUR_MS).axes
    assert list(line(axes, "own method refused")[0]) == [2, 6]
    assert not [one for one in axes.get_lines() if one.get_label() == "let in by own method"]
    assert axes.get_xlim()[1] == pytest.approx(6.0, abs=0.1)


def test_users_to_whom_most_kinds_of_things_happen_are_shown_first_by_default():
    frame = pd.concat([
        made.story(), *(made.events(made.event(HOUR_MS, "lose_device", subject=f"u{number}"))
                        for number in range(10, 30)),
    ])  # fmt: skip
    (axes,) = plots.lifelines(frame).axes
    lanes = [label.get_text() for label in axes.get_yticklabels()]
    assert len(lanes) == 6
    assert "u1" in lanes


# Codes


def test_live_codes_are_drawn_at_their_hours_with_their_mean_and_their_most():
    figure = plots.live_codes(made.series([1, 2, 6], "codes.live"))
    (axes,) = figure.axes
    x, y = line(axes, "live codes")
    assert list(x) == [0, 1, 1, 2, 2, 3]
    assert list(y) == [1, 1, 2, 2, 6, 6]
    assert axes.get_xlabel() == "hours since the start of measurement"
    assert "mean 3" in words(figure)
    assert "most 6" in words(figure)


def test_a_long_series_keeps_its_mean_when_bins_are_joined():
    values = np.random.default_rng(1).uniform(0, 9, 24 * 700)
    (axes,) = plots.live_codes(made.series(values, "codes.live")).axes
    _, y = line(axes, "live codes")
    assert len(y) < 2 * 750
    assert y.mean() == pytest.approx(values.mean(), rel=0.01)


def test_exposure_stacks_idle_hours_on_hours_in_use():
    codes = made.codes(
        made.code("u1#1", 0, 4 * HOUR_MS, idle_ms=HOUR_MS),
        made.code("u2#1", 0, 24 * HOUR_MS, "revoked", idle_ms=18 * HOUR_MS),
    )
    figure = plots.exposure(codes)
    left, right = figure.axes
    assert [bar.get_height() for bar in bars(left, "in use")] == [6, 3]
    assert [bar.get_height() for bar in bars(left, "idle")] == [18, 1]
    assert [bar.get_y() for bar in bars(left, "idle")] == [6, 3]
    assert left.get_ylabel() == "hours live"
    assert [label.get_text() for label in right.get_yticklabels()] == ["lapsed", "Expire Now"]
    assert title(figure).startswith("68%")
    assert "19 of 28 code-hours" in words(figure)


def test_grouped_codes_keep_their_hours():
    rng = np.random.default_rng(2)
    rows = [made.code(f"u{n}#1", 0, int(rng.integers(1, 24)) * HOUR_MS) for n in range(1_000)]
    figure = plots.exposure(made.codes(*rows))
    found = bars(figure.axes[0], "in use")
    assert len(found) <= 160
    hours = sum(bar.get_height() * bar.get_width() for bar in found)
    assert hours == pytest.approx(sum(row["exposed_ms"] for row in rows) / HOUR_MS, rel=0.02)


# Rates


def generations(*hours, refused=()):
    rows = [made.event(round(h * HOUR_MS), "generate.allowed", by="a1") for h in hours]
    rows += [
        made.event(round(h * HOUR_MS), "generate.denied", by="a1", reason="rate_limited")
        for h in refused
    ]
    return made.events(*sorted(rows, key=lambda row: row["at_ms"]))


def counted_at(figure, hours, unit_ms):
    (axes,) = figure.axes
    x, y = line(axes, "counted")
    places = np.searchsorted(x * unit_ms / HOUR_MS, np.asarray(hours) + 1e-9) - 1
    return [float(y[place]) for place in places]


def test_a_rolling_window_forgets_each_generation_after_its_time():
    figure = plots.rate_strip(generations(0, 0.5, 3), 6, HOUR_MS)
    assert counted_at(figure, [0, 0.5, 0.99, 1, 1.5, 3], HOUR_MS) == [1, 2, 2, 1, 0, 1]
    assert "limit 6\nin 1 h" in words(figure)


def test_a_clock_hour_forgets_all_at_once():
    figure = plots.rate_strip(generations(0.2, 0.9, 3), 6, HOUR_MS, "clock_hour")
    assert counted_at(figure, [0.2, 0.9, 1.0, 3], HOUR_MS) == [1, 2, 0, 1]


def test_a_bucket_is_made_up_for_bit_by_bit():
    figure = plots.rate_strip(generations(0, 0, 3), 2, 2 * HOUR_MS, "bucket")
    x, y = line(figure.axes[0], "counted")
    assert np.interp([0.5, 1.0, 1.5, 2.5], x, y) == pytest.approx([1.5, 1.0, 0.5, 0.0])


def test_what_the_limit_refuses_is_marked_and_told():
    figure = plots.rate_strip(generations(0, 1, 2, 4, refused=(1.5, 1.75)), 2, 2 * HOUR_MS)
    assert list(line(figure.axes[0], "refused")[0]) == [1.5, 1.75]
    assert title(figure) == "u1: refused by the limit 2 times"


def test_an_unknown_window_is_refused():
    with pytest.raises(ValueError, match="'sliding' is none of rolling, clock_hour, bucket"):
        plots.rate_strip(generations(0), 6, HOUR_MS, "sliding")


# Waiting


def test_a_curve_stands_at_the_share_of_spells_that_are_over():
    frame = made.histograms([(0, MINUTE_MS, 1), (MINUTE_MS, HOUR_MS, 2), (0, math.inf, 1)])
    figure = plots.ecdf({"strict": frame})
    x, y = line(figure.axes[0], "strict")
    assert list(x[1:3]) == [MINUTE_MS, HOUR_MS]
    assert list(y[1:3]) == [0.25, 0.75]
    assert y[-1] == 0.75
    assert "strict\nhalf by 1 h, 95% never\n25.0% unfinished" in words(figure)


def test_each_arm_has_a_curve_and_a_name_beside_it():
    frame = made.histograms([(0, MINUTE_MS, 1)])
    figure = plots.ecdf({"one": frame, "two": frame})
    colours = {one.get_label(): one.get_color() for one in figure.axes[0].get_lines()}
    assert colours["one"] != colours["two"]
    assert {text.get_text().partition("\n")[0] for text in figure.axes[0].texts} == {"one", "two"}


def test_percentiles_are_those_of_the_measure():
    bins = [(place * 1000, (place + 1) * 1000, 1) for place in range(100)]
    figure = plots.ecdf(made.histograms(bins))
    assert "half by 50 s, 95% by 1.6 min" in words(figure)


def test_spells_that_all_never_end_are_drawn_at_zero():
    figure = plots.ecdf(made.histograms([(0, math.inf, 3)]))
    draw(figure)
    assert "100.0% unfinished" in words(figure)


# The desk


def desk_series(queue, busy, duty):
    parts = [made.series(queue, "desk.queue"), made.series(busy, "desk.busy")]
    return pd.concat([*parts, made.series(duty, "desk.duty")], ignore_index=True)


def test_utilisation_is_busy_time_of_time_on_duty_by_the_hour_of_the_week():
    weeks = 2
    busy, duty = np.zeros(168 * weeks), np.zeros(168 * weeks)
    duty[[9, 168 + 9]] = 2
    busy[[9, 168 + 9]] = [1, 2]
    figure = plots.desk(desk_series(np.zeros(168 * weeks), busy, duty))
    x, y = line(figure.axes[3], "mean")
    at_nine = y[(x >= 9) & (x <= 10)]
    assert np.nanmax(at_nine) == 0.75
    assert np.isnan(y[x < 9]).all()
    assert title(figure) == "Admins are busy 75% of their time on duty"


def test_the_hour_of_the_week_starts_where_measurement_does():
    queue = np.zeros(168)
    queue[0] = 5
    figure = plots.desk(desk_series(queue, queue, np.ones(168)), first_hour=26)
    x, y = line(figure.axes[1], "mean")
    assert set(x[y == 5]) == {26, 27}


def test_less_than_a_week_is_not_drawn_by_the_hour_of_the_week():
    day, week = np.ones(24), np.ones(168)
    assert len(plots.desk(desk_series(day, day, day)).axes) == 2
    assert len(plots.desk(desk_series(week, week, week)).axes) == 4


def test_a_desk_that_is_never_on_duty_is_told_so():
    none = np.zeros(48)
    assert title(plots.desk(desk_series(none, none, none))) == "The desk is never on duty"


# Refusals


def test_refusals_are_stacked_by_the_day_with_the_most_frequent_at_the_bottom():
    hours = np.zeros(48)
    few, many = hours.copy(), hours.copy()
    few[[1, 30]] = 1
    many[[2, 3, 25]] = [4, 1, 2]
    frame = pd.concat([
        made.series(few, "sign_ins.denied", "wrong_code"),
        made.series(many, "sign_ins.denied", "superseded_by_code"),
    ])  # fmt: skip
    figure = plots.denials(frame)
    (axes,) = figure.axes
    assert [bar.get_height() for bar in bars(axes, "superseded_by_code")] == [5, 2]
    assert [bar.get_y() for bar in bars(axes, "wrong_code")] == [5, 2]
    assert axes.get_ylabel() == "refused a day"
    assert "superseded by code 7" in words(figure)


def test_rare_reasons_are_put_together_and_lose_nothing():
    frame = pd.concat(
        made.series([place + 1], "generate.denied", f"reason_{place}") for place in range(8)
    )
    figure = plots.denials(frame)
    total = sum(bar.get_height() for group in figure.axes[0].containers for bar in group)
    assert total == sum(range(1, 9))
    assert "other reasons 10" in words(figure)


def test_refused_sign_ins_and_generations_have_panels_of_their_own():
    frame = pd.concat([
        made.series([1], "generate.denied", "rate_limited"),
        made.series([1], "sign_ins.denied", "wrong_code"),
    ])  # fmt: skip
    titles = [axes.get_title(loc="left") for axes in plots.denials(frame).axes]
    assert titles == ["sign-ins of users refused", "codes refused to admins"]


def test_stranded_hours_are_the_mean_of_an_arm_s_replications():
    several = pd.concat([made.summary(2 * HOUR_MS), made.summary(4 * HOUR_MS)])
    figure = plots.stranded({"now": several, "strict": made.summary(HOUR_MS)})
    (axes,) = figure.axes
    assert [bars(axes, name)[0].get_width() for name in ("now", "strict")] == [3, 1]
    assert "user-hours" in axes.get_xlabel()


# Outsiders


def test_bars_of_access_reach_from_first_access_to_eviction_in_the_colour_of_what_evicts():
    figure = plots.outsider_access(made.takeovers(
        ("x:callers:1", "u1", "callers", 0, 0, False, DAY_MS, DAY_MS, "code_revoked"),
        ("x:thieves:2", "u2", "thieves", 2 * DAY_MS, None, True, 8 * DAY_MS, None, ""),
    ))  # fmt: skip
    lanes, totals = figure.axes
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in lanes.patches]
    assert spans == [(0, 1), (2, 10)]
    colours = [to_hex(bar.get_facecolor()) for bar in lanes.patches]
    assert colours == [style.CODE.lower(), style.ATTACKER.lower()]
    assert title(figure) == "1 of 2 outsiders are not evicted"
    assert bars(totals, "Expire Now")[0].get_width() == 24
    assert bars(totals, "not in the run")[0].get_width() == 192


def test_sessions_that_end_for_any_reason_are_one_bar():
    _, totals = plots.outsider_access(made.takeovers(
        ("x:callers:1", "u1", "callers", 0, 0, False, HOUR_MS, HOUR_MS, "session_frozen"),
        ("x:callers:2", "u2", "callers", 0, 0, False, HOUR_MS, HOUR_MS, "session_over"),
    )).axes  # fmt: skip
    assert [label.get_text() for label in totals.get_yticklabels()] == ["session ended"]
    assert bars(totals, "session ended")[0].get_width() == 2


def test_many_pairs_are_counted_in_full_though_few_are_drawn():
    rows = [(f"x:callers:{n}", "u1", "callers", n, None, False, HOUR_MS, n + HOUR_MS, "code_lapsed")
            for n in range(500)]  # fmt: skip
    lanes, totals = plots.outsider_access(made.takeovers(*rows)).axes
    assert len(lanes.patches) == 40
    assert bars(totals, "code lapsed")[0].get_width() == 500


# Choices


def test_the_front_is_joined_in_order_and_points_have_their_intervals():
    frame = pd.DataFrame(
        [
            (3, 2, 4, 1, 0, 2, "c", True),
            (1, 0, 2, 3, 2, 5, "a", True),
            (4, 3, 5, 4, 3, 5, "z", False),
        ],
        columns=made.COLUMNS["arms"],
    )  # fmt: skip
    figure = plots.trade_off(frame, "calls a day", "idle hours", "policy")
    (axes,) = figure.axes
    assert [list(part) for part in line(axes, "front")] == [[1, 3], [3, 1]]
    segments = [one for group in axes.collections for one in group.get_segments()]
    assert any(np.allclose(one, [(1, 2), (1, 5)]) for one in segments)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("calls a day", "idle hours")
    assert {"a", "c", "z"} <= {text.get_text() for text in axes.texts}


def test_names_of_points_never_cover_one_another():
    rng = np.random.default_rng(4)
    x = np.sort(rng.uniform(0, 1, 30))
    frame = pd.DataFrame({
        "x": x, "x_low": x, "x_high": x, "y": -x, "y_low": -x, "y_high": -x,
        "arm": [f"a policy with a long name {n}" for n in range(30)], "on_front": True,
    })  # fmt: skip
    figure = plots.trade_off(frame, "x", "y")
    draw(figure)
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert boxes
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])


def choices(*names):
    """Arms of those names, all of them on the front and far from one another."""
    x = np.arange(len(names))
    return pd.DataFrame({
        "x": x, "x_low": x, "x_high": x, "y": -x, "y_low": -x, "y_high": -x,
        "arm": names, "on_front": True,
    })  # fmt: skip


def named(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_long_names_of_points_are_told_apart_by_what_differs_and_say_once_what_all_have():
    arms = [f"salesforce,desk.admins=3,lifetime.max={life}" for life in ("1h", "4h", "24h")]
    figure = plots.trade_off(choices("salesforce,desk.admins=3", *arms), "x", "y")
    lives = ["lifetime.max=1h", "lifetime.max=4h", "lifetime.max=24h"]
    assert named(figure) == ["salesforce,desk.admins=3", *lives]
    assert "In all names: salesforce, desk.admins=3." in words(figure).replace("\n", " ")


def test_names_of_points_that_differ_in_several_keys_are_their_values():
    keys = ("lifetime.max", "desk.admins", "code.on_live")
    values = [("1h", 3, "refuse"), ("1h", 3, "replace"), ("4h", 3, "refuse"), ("4h", 9, "refuse")]
    arms = [", ".join(f"{k} = {v}" for k, v in zip(keys, of, strict=True)) for of in values]
    figure = plots.trade_off(choices(*arms), "x", "y")
    assert named(figure) == [", ".join(map(str, of)) for of in values]
    assert "Named by lifetime.max, desk.admins, code.on_live." in words(figure).replace("\n", " ")


def test_names_of_points_that_fit_are_written_in_full():
    arms = ["salesforce,lifetime.max=4h", "salesforce,lifetime.max=1h"]
    figure = plots.trade_off(choices(*arms), "x", "y")
    assert named(figure) == arms
    assert "In all names" not in words(figure)


def test_names_of_points_that_only_differ_at_their_ends_keep_these():
    arms = [f"what the people of the desk have called choice {n}" for n in "ab"]
    first, second = named(plots.trade_off(choices(*arms), "x", "y"))
    assert first != second
    assert first.startswith("what the people")
    assert first.endswith("choice a")
    (alone,) = named(plots.trade_off(choices(arms[0]), "x", "y"))
    assert alone.startswith("what the people of the desk")


def test_a_heat_map_puts_durations_in_order_and_averages_a_cell():
    frame = pd.DataFrame(
        [("24h", 2, 1.0), ("4h", 2, 3.0), ("4h", 2, 5.0), ("4h", 1, 7.0)],
        columns=["lifetime.max", "desk.admins", "calls"],
    )
    figure = plots.heat_map(frame, "desk.admins", "lifetime.max", "calls", unit="a day")
    axes, colours = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["4h", "24h"]
    cells = axes.images[0].get_array().filled(np.nan)
    assert np.array_equal(cells, [[7, 4], [np.nan, 1]], equal_nan=True)
    assert colours.get_ylabel() == "calls (a day)"


def test_a_cell_without_an_end_is_written_as_infinite_and_leaves_the_colours_of_others():
    frame = pd.DataFrame([("1h", 1, 5.0), ("1h", 2, 9.0), ("2h", 1, math.inf)],
                         columns=made.COLUMNS["grid"])  # fmt: skip
    figure = plots.heat_map(frame, "desk.admins", "lifetime.max", "calls")
    draw(figure)
    assert {"5", "9", "\N{INFINITY}"} == {text.get_text() for text in figure.axes[0].texts}
    assert figure.axes[0].images[0].get_clim() == (5, 9)


# What matters


def test_the_input_that_moves_most_is_on_top_with_its_values_at_the_ends():
    frame = pd.DataFrame(
        [("small", "1h", "2h", 4.9, 5.2, 5.0), ("large", 1, 9, 8.0, 1.0, 5.0)],
        columns=made.COLUMNS["tornado"],
    )
    figure = plots.tornado(frame, measured="calls a day")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["large", "small"]
    spans = {
        group.get_label(): (bar.get_x(), bar.get_x() + bar.get_width())
        for group in axes.containers
        for bar in group
    }
    assert spans["9"] == (5, 1)
    assert spans["1"] == (5, 8)
    assert axes.get_xlabel() == "calls a day"
    assert title(figure) == "large moves the result most"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"fixed": "4h"}, "4h"),
        ({"exponential": {"mean": "30m"}}, "mean 30m"),
        ({"lognormal": {"median": "24h", "p95": "3d12h"}}, "median 24h"),
        ({"uniform": {"low": "4h", "high": "5h"}}, "4h to 5h"),
    ],
)
def test_a_distribution_at_the_end_of_a_bar_is_written_in_words(value, written):
    frame = pd.DataFrame([("a", value, 9, 1.0, 3.0, 2.0)], columns=made.COLUMNS["tornado"])
    assert written in words(plots.tornado(frame))


def test_a_break_even_is_marked_where_the_difference_is_zero():
    columns = [*made.COLUMNS["tornado"], "break_even"]
    frame = pd.DataFrame(
        [("a", 1, 9, -2.0, 4.0, 1.0, "3h"), ("b", 1, 9, 0.5, 2.0, 1.0, None)], columns=columns
    )
    figure = plots.tornado(frame)
    marks = [one for one in figure.axes[0].get_lines() if one.get_marker() == "D"]
    assert [list(one.get_xdata()) for one in marks] == [[0]]
    assert "even at 3h" in words(figure)


def test_an_input_that_makes_the_result_infinite_is_on_top_and_says_so():
    frame = pd.DataFrame(
        [("a", 1, 9, 3.0, 6.0, 5.0), ("b", 2, 8, math.inf, 5.0, 5.0)],
        columns=made.COLUMNS["tornado"],
    )
    figure = plots.tornado(frame)
    draw(figure)
    assert title(figure) == "b moves the result most"
    assert "2: \N{INFINITY}" in words(figure)


def test_inputs_that_move_nothing_are_counted_and_have_no_bar():
    rows = [("moves", 1, 9, 3.0, 6.0, 5.0), *[(f"still {n}", 2, 8, 5.0, 5.0, 5.0) for n in "ab"]]
    figure = plots.tornado(pd.DataFrame(rows, columns=made.COLUMNS["tornado"]))
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["moves"]
    assert sum(len(group) for group in axes.containers) == 2
    assert "2 more do not move it at all" in words(figure)
    none = plots.tornado(pd.DataFrame(rows[1:], columns=made.COLUMNS["tornado"]))
    assert "none of 2 moves the result" in words(none)


def test_a_value_that_moves_nothing_is_written_across_the_base_from_the_one_that_does():
    frame = pd.DataFrame([("a", 1, 9, 5.0, 6.0, 5.0)], columns=made.COLUMNS["tornado"])
    figure = plots.tornado(frame)
    draw(figure)
    low, high = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text() in ("1", "9")]
    assert not low.overlaps(high)
    assert len([one for group in figure.axes[0].containers for one in group]) == 1


def test_two_values_on_one_side_of_the_base_are_not_written_in_one_spot():
    frame = pd.DataFrame([("a", 1, 9, 6.0, 6.01, 5.0)], columns=made.COLUMNS["tornado"])
    figure = plots.tornado(frame)
    draw(figure)
    low, high = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text() in ("1", "9")]
    assert not low.overlaps(high)


def test_pairs_are_candidate_less_baseline_with_student_s_interval():
    frame = pd.DataFrame({
        "replication": range(5), "baseline": [1.0, 1, 1, 1, math.nan],
        "candidate": [2.0, 3, 4, 5, 6],
    })  # fmt: skip
    figure = plots.paired_delta(frame, measured="calls")
    summary, pairs = figure.axes
    (dots,) = [one for one in pairs.collections if one.get_label() == "pairs"]
    assert [float(x) for x, _ in dots.get_offsets()] == [1, 2, 3, 4]
    low, high = summary.get_lines()[1].get_xdata()
    assert (low, high) == (pytest.approx(0.446, abs=1e-3), pytest.approx(4.554, abs=1e-3))
    assert title(figure) == "The candidate is lower in 0 of 4 pairs, higher in 4"
    assert "1 pairs have no difference" in words(figure)


# Clocks


def test_a_clock_is_drawn_by_how_far_it_is_ahead_of_true_time():
    figure = plots.clock_readings(
        {"west": lambda t: t - 90_000, "true": lambda t: t, "fast": lambda t: t + t // 1_000_000},
        10 * DAY_MS,
    )
    (axes,) = figure.axes
    x, y = line(axes, "west")
    assert (x[0], x[-1]) == (0, pytest.approx(10, abs=1e-3))
    assert set(y) == {-90}
    assert axes.get_ylabel() == "seconds ahead"
    assert title(figure) == "west is up to 1.5 min behind"


def test_no_nodes_and_no_horizon_are_told():
    assert "no rows: there are no nodes" in words(plots.clock_readings({}, DAY_MS))
    with pytest.raises(ValueError, match="horizon_ms is 0: it has to be above 0"):
        plots.clock_readings({"true": lambda t: t}, 0)


def test_overstay_counts_sign_ins_by_how_long_after_the_expiry_they_came():
    codes = made.codes(made.code("u1#1", 0, HOUR_MS))
    signed_in = [
        made.event(HOUR_MS + seconds * 1000, "sign_in.allowed", method="code", code="u1#1")
        for seconds in (-600, 10, 20, 90)
    ]
    figure = plots.overstay(made.events(*signed_in), codes)
    (axes,) = figure.axes
    assert sum(bar.get_height() for bar in axes.patches) == 3
    assert title(figure) == "3 of 4 sign-ins by code came after its expiry"
    assert axes.get_xlabel() == "seconds after the expiry of the code"


def test_no_late_sign_in_is_told():
    codes = made.codes(made.code("u1#1", 0, HOUR_MS))
    events = made.events(made.event(5, "sign_in.allowed", method="code", code="u1#1"))
    assert "none of 1 sign-ins by code was after its expiry" in words(plots.overstay(events, codes))
    assert "no rows" in words(plots.overstay(made.empty("events"), made.empty("codes")))


# Guessing


def tries_one_by_one(space, lifetime_ms, failures, lock_ms, codes):
    """Count the tries at each code by going through its life, lock by lock."""
    found = []
    for place in range(codes):
        now, until = place * lifetime_ms, (place + 1) * lifetime_ms  # in parts of 1 / codes
        tries = 0
        while now < until:
            tries += failures
            now += lock_ms * codes
        found.append(min(tries, space))
    return found


@pytest.mark.parametrize("codes_per_hour", [0, 1, 6])
@pytest.mark.parametrize(("failures", "lock_ms"), [(3, HOUR_MS), (10, 7 * MINUTE_MS), (1, DAY_MS)])
@pytest.mark.parametrize("hours", [1, 5, 24])
def test_the_chance_of_guessing_is_that_of_tries_counted_one_by_one(
    hours, failures, lock_ms, codes_per_hour
):
    space, lifetime_ms = 10**4, hours * HOUR_MS
    tries = tries_one_by_one(space, lifetime_ms, failures, lock_ms, max(1, codes_per_hour * hours))
    missed = math.prod(1 - one / space for one in tries)
    found = plots.guessing_chance(10, 4, lifetime_ms, failures, lock_ms, codes_per_hour)
    assert found == pytest.approx(1 - missed, rel=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_guessers_that_are_simulated_succeed_as_often_as_the_formula_says(seed):
    rng = np.random.default_rng(seed)
    space, failures, hours, games = 100, 3, 4, 20_000
    # A code lives 4 h and meets 3 tries an hour, none of them twice; 2 codes one after the other.
    tries = failures * hours // 2
    code = rng.integers(0, space, (games, 2))
    guesses = np.argsort(rng.random((games, 2, space)), axis=2)[:, :, :tries]
    share = (guesses == code[:, :, None]).any(axis=(1, 2)).mean()
    chance = plots.guessing_chance(10, 2, hours * HOUR_MS, failures, HOUR_MS, 0.5)
    assert abs(share - chance) / math.sqrt(chance * (1 - chance) / games) <= 4


def test_a_space_that_is_tried_through_is_guessed_for_certain():
    assert plots.guessing_chance(10, 1, HOUR_MS, 10, HOUR_MS) == 1


def test_a_tiny_chance_is_not_lost_to_rounding():
    chance = plots.guessing_chance(32, 20, HOUR_MS, 5, HOUR_MS, 3)
    assert chance == pytest.approx(15 / 32**20, rel=1e-9)


@pytest.mark.parametrize("name", ["alphabet_size", "length", "lifetime_ms", "failures", "lock_ms"])
def test_a_quantity_that_makes_no_sense_is_refused_by_name(name):
    good = {"alphabet_size": 10, "length": 6, "lifetime_ms": 1, "failures": 1, "lock_ms": 1}
    with pytest.raises(ValueError, match=f"{name} is 0: it has to be above 0"):
        plots.guessing_chance(**good | {name: 0})
    with pytest.raises(ValueError, match="codes_per_hour is -1: it cannot be below 0"):
        plots.guessing_chance(**good, codes_per_hour=-1)


def test_each_lock_out_has_a_map_with_its_chances():
    rows = [
        (length, hours * HOUR_MS, failures, HOUR_MS,
         plots.guessing_chance(10, length, hours * HOUR_MS, failures, HOUR_MS))
        for length in (4, 6) for hours in (1, 24) for failures in (5, 10)
    ]  # fmt: skip
    figure = plots.guessing(pd.DataFrame(rows, columns=made.COLUMNS["guessing"]))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["5 tries, then 1 h", "10 tries, then 1 h"]
    values = figure.axes[1].images[0].get_array()
    assert np.allclose(values, [[0.001, 0.024], [0.00001, 0.00024]], rtol=1e-6)
    assert [text.get_text() for text in figure.axes[1].texts] == [
        "1 in 1k", "1 in 42", "1 in 100k", "1 in 4.2k",
    ]  # fmt: skip
    assert figure.get_supxlabel() == "lifetime of the code"


def test_in_a_trade_off_an_interval_without_an_end_is_not_drawn_and_the_point_is():
    frame = pd.DataFrame(
        [(1, -math.inf, math.inf, 3, 2, 4, "few", True), (2, 1, 3, 2, 1, 3, "many", True)],
        columns=made.COLUMNS["arms"],
    )
    (axes,) = plots.trade_off(frame, "calls", "hours").axes
    ends = np.concatenate([
        segment for group in axes.collections for segment in group.get_segments()
    ])  # fmt: skip
    assert np.isfinite(ends).all()
    assert abs(ends).max() < 10
    assert axes.get_xlim()[1] < 10


# A result along the values of a knob


def intervals(axes):
    (found,) = [one for one in axes.collections if one.get_label() == "interval"]
    return [segment.tolist() for segment in found.get_segments()]


def test_a_result_along_values_has_its_means_its_intervals_and_the_limit():
    frame = pd.DataFrame(
        [("1", 1.0, 0.5, 1.5), ("2", math.inf, -math.inf, math.inf), ("3", 3.0, -math.inf, 9.0)],
        columns=made.COLUMNS["along"],
    )
    figure = plots.along(frame, "k", "m", title="t", limit=plots.Limit(2.0, "at most 2"))
    (axes,) = figure.axes
    places, heights = line(axes, "m")
    assert places.tolist() == [0, 1, 2]
    assert heights[[0, 2]].tolist() == [1.0, 3.0]
    assert math.isnan(heights[1])
    assert intervals(axes) == [[[0, 0.5], [0, 1.5]]]
    assert line(axes, "at most 2")[1].tolist() == [2.0, 2.0]
    assert title(figure) == "t"


def test_of_many_values_neighbours_are_joined_with_the_widest_of_their_intervals():
    count = 900
    value = np.arange(count, dtype=float)
    frame = pd.DataFrame({"at": value, "value": value, "low": value - 1, "high": value + 2})
    figure = plots.along(frame, "k", "m")
    (axes,) = figure.axes
    assert line(axes, "m")[1].tolist() == list(range(1, count, 3))
    assert intervals(axes)[0] == [[0, -1.0], [0, 4.0]]
    assert "900 values are joined to 300" in words(figure)
