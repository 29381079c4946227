"""Where an automatic warm-up ends, and when it is refused."""

from pathlib import Path

import numpy as np
import pytest

from tvc.studies import expectations as judging
from tvc.studies.changes import read_arm
from tvc.studies.expectations import NoSteadyState, find_warmup

DAY_MS = 86_400_000
#: Hours of a week in which people work.
AT_WORK = np.tile(np.r_[np.tile(np.r_[np.zeros(8), np.ones(10), np.zeros(6)], 5), np.zeros(48)], 20)


@pytest.fixture
def settling(monkeypatch):
    """Have the pilot measure made-up series, the same in every replication."""

    def measures(*series):
        monkeypatch.setattr(judging, "_settling", lambda _arm, _seed, _number: list(series))

    return measures


def arm():
    return read_arm("salesforce", {"users": 100}, Path())


def noisy(level, seed=7):
    return level + 0.05 * np.random.default_rng(seed).standard_normal(len(level))


def test_a_rhythm_of_the_week_alone_is_hardly_ever_taken_for_a_warm_up(settling):
    cuts_days, refused = [], 0
    for seed in range(30):
        steady = noisy(AT_WORK, seed)
        settling(steady, steady)
        try:
            cuts_days.append(find_warmup([arm()], 3, 1)[0] / DAY_MS)
        except NoSteadyState:
            refused += 1
    assert np.median(cuts_days) <= 10
    assert refused <= 6  # one in ten, by the spread of so few batches


def test_an_empty_start_is_cut_and_told_of(settling):
    days = np.arange(len(AT_WORK)) / 24
    fills = noisy(AT_WORK * (1 - np.exp(-days / 5)))
    settling(fills, fills)
    warmup_ms, told = find_warmup([arm()], 3, 1)
    assert 5 * DAY_MS <= warmup_ms <= 40 * DAY_MS
    assert told.startswith(f"warm-up: the first {warmup_ms // DAY_MS}d are cut, which codes.live")


def test_what_still_grows_at_the_end_is_refused(settling):
    grows = noisy(np.linspace(0, 10, len(AT_WORK)))
    settling(grows, grows)
    with pytest.raises(NoSteadyState, match="in the second half; run for longer"):
        find_warmup([arm()], 3, 1)


def test_fifty_days_are_needed_to_tell_a_warm_up_from_the_week(settling):
    short = noisy(AT_WORK)[: 24 * 49]
    settling(short, short)
    with pytest.raises(NoSteadyState, match="49 observations are too few"):
        find_warmup([arm()], 3, 1)


def test_an_ordinary_half_year_of_a_simulated_company_settles():
    company = read_arm("salesforce", {"users": 2_000, "horizon": "180d"}, Path())
    warmup_ms, _ = find_warmup([company], 3, 1)
    assert 0 < warmup_ms <= 30 * DAY_MS
