"""Sweeps and questions: grids, fronts, what matters, where a choice flips, how many it takes."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tvc.authority.durations import parse_duration
from tvc.domain.distributions import parse_distribution, spell_distribution
from tvc.files.policies import load_shipped
from tvc.runs.arms import assumptions
from tvc.runs.replications import Asked, Plan, run_arms
from tvc.studies.changes import Ground, UnknownArm, changed_arm, make_arm, read_arm
from tvc.studies.comparison import Estimate, compare
from tvc.studies.questions import (
    Bound,
    break_even,
    difference_between,
    metric_of,
    read_bound,
    solve,
)
from tvc.studies.questions_text import (
    break_even_lines,
    flip_lines,
    solution_lines,
    tornado_lines,
)
from tvc.studies.sweeps import (
    Axis,
    Point,
    Sweep,
    front,
    grid,
    read_axis,
    read_range,
    sweep,
    values_between,
)
from tvc.studies.sweeps_text import front_lines, sweep_lines
from tvc.studies.tornado import Bar, Tornado, scale, tornado

WEEK_MS = 7 * 86_400_000
SMALL = {"users": 400, "horizon": "7d", "losses": {"per_user_per_year": 4.0}}
CALLS, EXPOSURE = Asked.read("mean(calls)"), Asked.read("mean(exposure)")


def ground(workload=SMALL, policy="salesforce"):
    return Ground(load_shipped(policy), workload, Path())


def sure(value, half=0.5):
    return Estimate(value, value - half, value + half, 20, 0)


# Axes


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("desk.admins=4..6", (4, 5, 6)),
        ("lifetime.max=1h,4h", ("1h", "4h")),
        ("desk.identity_check=none,video", ("none", "video")),
        ("desk.handling={fixed: 1m},{uniform: {low: 1m, high: 2m}}",
         ({"fixed": "1m"}, {"uniform": {"low": "1m", "high": "2m"}})),
        ("losses.per_user_per_year=0.1,0.2", (0.1, 0.2)),
    ],
)  # fmt: skip
def test_an_axis_lists_values_as_files_write_them(text, values):
    assert read_axis(text).values == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("desk.admin=1..3", "did you mean 'desk.admins'"),
        ("desk.admins=3..1", "low is below high"),
        ("desk.admins=1..9999", "more than"),
        ("lifetime.max=1h..4h", "list the values"),
        ("lifetime.max=1h,1h", "twice"),
        ("lifetime.max", "expected KEY=VALUES"),
        ("desk.admins=a..b", "no duration"),
    ],
)
def test_an_axis_that_cannot_be_is_refused_with_a_sentence(text, said):
    with pytest.raises(UnknownArm) as refused:
        read_axis(text)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["1..40", "0.1..0.9", "1h..9h", "90s..1h", "1..2.5"])
def test_a_range_rises_from_its_low_end_to_its_high_end(text):
    found = values_between(text)
    numbers = [parse_duration(v) if isinstance(v, str) else v for v in found]
    assert all(a < b for a, b in pairwise(numbers))
    low, high = text.split("..")
    ends = (parse_duration(low), parse_duration(high)) if "h" in text else (float(low), float(high))
    assert (numbers[0], numbers[-1]) == ends


def test_a_grid_has_every_combination_once_and_each_is_its_own_arm():
    axes = [read_axis("lifetime.max=1h,4h"), read_axis("desk.admins=1..3")]
    found = grid(ground(), axes)
    values = [(arm.policy.lifetime.max_ms, arm.workload.desk.admins) for _, arm in found]
    assert values == [(h * 3_600_000, n) for h in (1, 4) for n in (1, 2, 3)]
    assert len({arm.name for _, arm in found}) == 6


def test_a_grid_beyond_all_patience_is_refused():
    axes = [Axis(key, tuple(range(1, 101))) for key in ("desk.admins", "users")]
    with pytest.raises(UnknownArm, match="10,000 combinations"):
        grid(ground(), axes)
    with pytest.raises(UnknownArm, match="varied twice"):
        grid(ground(), [axes[0], axes[0]])


# Sweeps and fronts


def test_a_sweep_runs_every_combination_on_the_people_that_a_comparison_meets():
    axis = read_axis("lifetime.max=4h,24h")
    found = sweep(ground(), [axis], [CALLS, EXPOSURE], Plan(4, seed=5))
    arms = [read_arm(f"salesforce,lifetime.max={value}", SMALL, Path()) for value in axis.values]
    compared = compare(*arms, [CALLS, EXPOSURE], Plan(4, seed=5))
    for delta in compared.deltas:
        pair = [point.estimates[delta.asked].value for point in found.points]
        assert pair == [delta.baseline.value, delta.candidate.value]
    frame = found.frame()
    assert list(frame.columns) == [
        "lifetime.max", "metric", "unit", "value", "low", "high", "replications",
    ]  # fmt: skip
    assert len(frame) == 4
    assert "4h" in "\n".join(sweep_lines(found, WEEK_MS))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("more", [(False, False), (True, False), (True, True)])
def test_the_front_is_what_no_other_point_beats_in_both(seed, more):
    generator = np.random.default_rng(seed)
    pairs = generator.integers(0, 12, (30, 2)).astype(float)
    points = tuple(
        Point({"desk.admins": place}, {CALLS: sure(a), EXPOSURE: sure(b)})
        for place, (a, b) in enumerate(pairs)
    )
    swept = Sweep((Axis("desk.admins", tuple(range(30))),), (CALLS, EXPOSURE), points, (), 20, 1)
    kept = {point.values["desk.admins"] for point, *_ in
            front(swept, (CALLS, more[0]), (EXPOSURE, more[1]))}  # fmt: skip
    costs = pairs * [-1 if one else 1 for one in more]
    for place, cost in enumerate(costs):
        beaten = any((other <= cost).all() and (other < cost).any() for other in costs)
        assert (place in kept) == (not beaten)
    lines = front_lines(swept, (CALLS, more[0]), (EXPOSURE, more[1]), WEEK_MS)
    assert lines[0].startswith(f"Front: {len(kept)} of 30")


# What matters


@pytest.mark.parametrize(
    ("value", "unit", "doubled"),
    [
        (0.7, "probability", 1.0),
        (0.7, "share of users", 1.0),
        (0.7, "devices per user and year", 1.4),
        (5, "days per week", 7),
        (5, "people", 10),
        (True, "true or false", None),
        ("voice", "voice, chat, mail or paper", None),
        (None, "distribution of durations", None),
    ],
)
def test_a_number_is_doubled_as_far_as_it_can_be(value, unit, doubled):
    assert scale(value, 2.0, unit) == doubled


@pytest.mark.parametrize(
    ("plain", "doubled"),
    [
        ({"fixed": "5m"}, {"fixed": "10m"}),
        ({"exponential": {"mean": "1h"}}, {"exponential": {"mean": "2h"}}),
        ({"lognormal": {"median": "3m", "p95": "9m"}},
         {"lognormal": {"median": "6m", "p95": "18m"}}),
        ({"uniform": {"low": "1h", "high": "2h"}}, {"uniform": {"low": "2h", "high": "4h"}}),
        ({"choice": {"1m": 1, "5m": 3}}, {"choice": {"2m": 1, "10m": 3}}),
    ],
)  # fmt: skip
def test_a_distribution_is_stretched_in_time(plain, doubled):
    found = scale(parse_distribution(plain), 2.0, "distribution of durations")
    assert found == parse_distribution(doubled)
    assert spell_distribution(found)


@pytest.fixture(scope="module")
def bars():
    arm = make_arm("salesforce", ground())
    return arm, tornado([arm], CALLS, Plan(6, seed=1))


def test_a_tornado_tries_every_assumption_or_says_that_it_cannot(bars):
    arm, found = bars
    tried = [bar.key for bar in found.bars]
    assert sorted([*tried, *found.not_varied]) == sorted(assumptions([arm]))
    assert [bar.swing for bar in found.bars] == sorted((b.swing for b in found.bars), reverse=True)
    assert "desk.checks.video.time" in found.not_varied  # nobody is checked by video
    assert "attackers.knows_password" in found.not_varied  # nobody attacks


def test_a_bar_is_the_metric_with_that_input_alone_changed(bars):
    _, found = bars
    bar = next(bar for bar in found.bars if bar.key == "device.replaced_after")
    changed = make_arm("x", ground(), [("device.replaced_after", bar.high)])
    (rows,) = run_arms("x", [changed], [CALLS], Plan(6, seed=1))
    assert bar.at_high.value == pytest.approx(CALLS.values(rows).mean(), rel=1e-12)
    assert bar.change_high.value == pytest.approx(bar.at_high.value - bar.base.value, rel=1e-9)
    assert bar.change_high.value > 0  # who waits longer for a phone calls more often


def test_intervals_of_many_bars_are_wider_than_one_alone(bars):
    _, found = bars
    bar = next(bar for bar in found.bars if bar.key == "device.replaced_after")
    assert bar.at_high.high - bar.at_high.low > bar.base.high - bar.base.low


def test_what_matters_is_told_with_both_values(bars):
    _, found = bars
    text = "\n".join(tornado_lines(found, CALLS, WEEK_MS))
    assert "device.replaced_after" in text
    assert "{lognormal: {median: 4d, p95: 14d}}" in text


def bar(key, base, low, high):
    return Bar(key, 1, 4, base, low, high, sure(low.value - base.value), sure(high.value))


def test_what_flips_a_choice_is_told_apart_from_what_leaves_it_open():
    flips = bar("desk.admins", sure(-3), sure(2), sure(-4))
    opens = bar("users", sure(-3), sure(-1), sure(0))
    keeps = bar("work.lasts", sure(-3), sure(-2), sure(-4))
    text = flip_lines(Tornado((flips, opens, keeps), ()), CALLS, WEEK_MS)
    assert text[1:5] == [
        "  The other arm is surely better with:",
        "    desk.admins halved to 1: +2 a week (+1.5 to +2.5)",
        "  Neither arm is surely better with:",
        "    users doubled to 4: 0 a week (-0.5 to +0.5)",
    ]
    assert "work.lasts" not in "\n".join(text)
    assert flip_lines(Tornado((keeps,), ()), CALLS, WEEK_MS)[1] == "  Nothing, of what was tried."


def test_where_neither_arm_is_better_what_makes_one_better_is_told():
    found = bar("users", sure(0), sure(-1), sure(0))
    text = flip_lines(Tornado((found,), ()), CALLS, WEEK_MS)
    assert text[1].startswith("  Neither arm is surely better as it is")
    assert text[2] == "    users halved to 1: -1 a week (-1.5 to -0.5)"


# Where a choice flips


@pytest.mark.parametrize("place", [3.2, 9.9, 15.5])
def test_break_even_is_bracketed_by_the_last_and_the_first_sure_value(place):
    values = list(range(19))
    found = break_even(values, lambda x: sure(x - place, 1.0))
    assert found.before == max(x for x in values if x - place + 1 < 0)
    assert found.after == min(x for x in values if x - place - 1 > 0)
    assert len(found.probes) <= 12


def test_no_break_even_within_the_range_is_an_answer():
    found = break_even(range(9), lambda x: sure(x + 2))
    assert (found.before, found.after, len(found.probes)) == (None, None, 2)
    text = break_even_lines(found, "desk.admins", CALLS, ("A", "B"), WEEK_MS)[0]
    assert text.startswith("None within the range: A has less mean(calls)")


def test_an_end_that_is_open_leaves_break_even_undecided():
    found = break_even(range(9), lambda x: sure(x, 0.5))
    text = break_even_lines(found, "desk.admins", CALLS, ("A", "B"), WEEK_MS)[0]
    assert text == "Undecided: at desk.admins = 0 neither arm surely has less mean(calls)"


def test_break_even_is_told_with_both_arms_and_what_lies_between():
    found = break_even(range(19), lambda x: sure(9.5 - x, 1.0))
    text = break_even_lines(found, "desk.admins", CALLS, ("A", "B"), WEEK_MS)[0]
    assert text == (
        "A has less mean(calls) up to desk.admins = 8, B from 11 on; in between neither surely"
    )


def test_two_arms_at_a_value_differ_by_what_their_runs_say():
    plan = Plan(4, seed=1)

    def pair(value):
        first, second = (
            changed_arm(text, "work.session", value, SMALL, Path())
            for text in ("salesforce", "salesforce,lifetime.max=4h")
        )
        return first, second

    tell = difference_between(pair, CALLS, plan)
    direct = compare(*pair("2h"), [CALLS], plan).deltas[0].delta
    assert tell("2h") == direct
    with pytest.raises(UnknownArm, match="given twice"):
        changed_arm("salesforce,desk.admins=2", "desk.admins", 3, SMALL, Path())


# How many it takes


@pytest.mark.parametrize("threshold", [1, 2, 7, 20])
def test_the_smallest_value_that_holds_is_found_and_the_one_before_does_not(threshold):
    bound = Bound(CALLS, True, 10.0, "mean(calls) <= 10")
    values = list(range(1, 21))
    found = solve(values, lambda n: sure(9.0 if n >= threshold else 12.0), bound)
    assert (found.answer, found.largest) == (threshold, False)
    assert found.fails == (None if threshold == 1 else threshold - 1)
    assert len(found.probes) <= 8


def test_the_largest_value_is_found_where_it_fails_beyond():
    bound = Bound(CALLS, True, 10.0, "mean(calls) <= 10")
    found = solve(range(1, 21), lambda n: sure(float(n)), bound)
    assert (found.answer, found.largest, found.fails) == (9, True, 11)
    assert found.undecided == (10,)


def test_no_value_that_surely_holds_is_an_answer():
    bound = Bound(CALLS, True, 1.0, "mean(calls) <= 1")
    found = solve(range(1, 21), lambda _: sure(5.0), bound)
    assert (found.answer, found.undecided) == (None, ())
    open_ended = solve(range(1, 21), lambda _: sure(1.0), bound)
    assert (open_ended.answer, open_ended.undecided) == (None, (1, 20))
    text = "\n".join(solution_lines(open_ended, "desk.admins", bound, WEEK_MS))
    assert "No value within the range surely keeps" in text
    assert "more replications" in text


def test_a_percentile_that_is_not_over_keeps_no_upper_bound_and_any_lower_one():
    endless = Estimate(float("inf"), float("-inf"), float("inf"), 20, 0)
    upper, lower = (Bound(CALLS, at_most, 1.0, "") for at_most in (True, False))
    assert (upper.holds(endless), lower.holds(endless)) == (False, True)


def test_as_many_admins_as_it_takes_are_those_that_trying_each_number_finds():
    wanted = read_bound("mean(desk.wait) <= 2m")
    workload = SMALL | {"users": 1500, "losses": {"per_user_per_year": 8.0}}
    plan = Plan(3, seed=2)

    def arm(number):
        return make_arm(f"n={number}", ground(workload), [("desk.admins", number)])

    tell = metric_of(arm, wanted.asked, plan)
    values = list(range(1, 9))
    each = [wanted.holds(tell(number)) for number in values]
    found = solve(values, tell, wanted)
    assert found.answer == values[each.index(True)]
    assert each[0] is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mean(calls) < 3", "expected METRIC <= VALUE"),
        ("p95(desk.wait) <= 3", "is a time"),
        ("mean(cals) <= 3", "did you mean 'calls'"),
        ("p(takeover) <= 2", "from 0 to 1"),
        ("mean(calls) <= -1", "never negative"),
    ],
)
def test_a_bound_that_has_no_meaning_is_refused(text, said):
    with pytest.raises(ValueError, match=r".") as refused:
        read_bound(text)
    assert said in str(refused.value)


def test_a_range_needs_two_ends():
    with pytest.raises(UnknownArm, match="expected a range"):
        read_range("desk.admins=3")
