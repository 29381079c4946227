"""One more of anything shifts nobody else's numbers; two policies meet the same people."""

from statistics import fmean, stdev

import pandas as pd
import pytest

from tvc.authority.durations import DAY_MS
from tvc.authority.policy import Policy
from tvc.trace.measures.metrics import parse_metric
from tvc.world.simulation import simulate

#: Nobody waits for anybody: so many admins, and the desk always open.
ROOMY = {"admins": 40, "shifts": ["mon-sun 0-24"], "losses_per_admin_per_year": 0}
BASE = {
    "users": 400, "horizon": "28d", "losses": {"per_user_per_year": 3.0}, "desk": ROOMY,
    "leavers": {"per_user_per_year": 0.2},
    "attackers": {"callers": {"per_day": 0.5}, "thieves": {"per_leak": 1.0}},
    "channel": {"voice": {"leak": 0.1}},
}  # fmt: skip
COLUMNS = ["at_ms", "type", "subject", "reason", "method", "code", "cause"]


def lives(policy="salesforce", seed=5, **changes):
    """Return what happens to each user, by name, without who helped them."""
    run = simulate(policy, BASE | changes, seed, sampled=1.0)
    events = run.events[COLUMNS].astype(object).where(run.events[COLUMNS].notna(), None)
    # A lapse is nobody's act; audit records it whenever somebody comes upon it.
    events = events[events.cause != "lapsed"]
    return {
        name: list(map(tuple, rows[COLUMNS].to_numpy())) for name, rows in events.groupby("subject")
    }


@pytest.fixture(scope="module")
def base():
    return lives()


def differing(one, other):
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def test_enough_happens_for_a_difference_to_show(base):
    assert sum(map(len, base.values())) > 1_000
    kinds = {row[1] for rows in base.values() for row in rows}
    assert {"lose_device", "sign_in.denied", "generate.allowed", "call.placed"} <= kinds


@pytest.mark.parametrize("more", [1, 50])
def test_more_users_change_nobody_else(more):
    # Callers pick somebody among all; those who now pick a new user leave an old one in peace.
    thieves = {"thieves": {"per_leak": 1.0}}
    found = differing(lives(attackers=thieves), lives(users=400 + more, attackers=thieves))
    assert found <= {f"u{401 + number}" for number in range(more)}
    assert found or more == 1


def test_more_users_draw_callers_off_the_old_ones_and_change_nothing_else(base):
    found = differing(base, lives(users=450))
    old = {name for name in found if int(name[1:]) <= 400}
    called = {
        name for name in old if any(row[1].startswith(("call.", "generate")) for row in base[name])
    }
    assert old == called
    assert len(old) < 10


def test_one_more_admin_changes_nobody(base):
    assert differing(base, lives(desk=ROOMY | {"admins": 41})) == set()


def test_more_attackers_change_only_their_victims(base):
    attackers = {"callers": {"per_day": 0.8}, "thieves": {"per_leak": 1.0}}
    more = lives(attackers=attackers)
    before = simulate("salesforce", BASE, 5, sampled=1.0).takeovers
    after = simulate("salesforce", BASE | {"attackers": attackers}, 5, sampled=1.0).takeovers
    assert set(before.outsider) < set(after.outsider)
    victims = set(after.account) - set(before.account)
    assert differing(base, more)
    # A victim may be attacked in vain; whoever was reached at all is in one of the two.
    attacked = {
        name for name, rows in more.items() if any(str(row[1]).startswith("call") for row in rows)
    }
    assert differing(base, more) <= victims | attacked


def test_a_recorded_row_more_or_less_changes_nothing(tmp_path):
    runs = [
        simulate("salesforce", BASE, 5, sampled=0.0),
        simulate("salesforce", BASE, 5, sampled=1.0, trace=tmp_path / "trace.parquet"),
    ]
    assert runs[0].digest == runs[1].digest
    assert len(pd.read_parquet(tmp_path / "trace.parquet")) > 1_000


def test_two_policies_under_one_seed_have_the_same_losses_at_the_same_times(base):
    def losses(found):
        return {
            (name, row[0])
            for name, rows in found.items()
            for row in rows
            if row[1] == "lose_device"
        }

    assert losses(base)
    assert losses(base) == losses(lives("strict"))


def test_a_longer_horizon_only_adds_to_what_happens_first(base):
    longer = lives(horizon="40d")
    for name, rows in base.items():
        early = [row for row in rows if row[0] < 20 * DAY_MS]
        assert [row for row in longer.get(name, []) if row[0] < 20 * DAY_MS] == early


def deltas(metric, one, other, seeds=12):
    parsed = parse_metric(metric)
    found = []
    for seed in range(seeds):
        values = [
            simulate(policy, workload, seed, sampled=0.0).measured.value(parsed)
            for policy, workload in (one, other)
        ]
        found.append(values[1] - values[0])
    return found


def assert_above_zero(found):
    assert fmean(found) / (stdev(found) / len(found) ** 0.5) > 4


CALM = {"users": 400, "horizon": "28d", "losses": {"per_user_per_year": 3.0}, "desk": ROOMY}


def test_shorter_lifetimes_raise_repeat_calls():
    short = Policy("short").with_values({"lifetime.max": DAY_MS // 6})
    assert_above_zero(deltas("count(repeat_calls)", ("salesforce", CALM), (short, CALM)))


def test_longer_sessions_lower_repeat_calls():
    short = Policy("short").with_values({"lifetime.max": DAY_MS // 6})
    long_sessions = CALM | {"work": {"session": "8h"}}
    brief_sessions = CALM | {"work": {"session": "2h"}}
    assert_above_zero(
        deltas("count(repeat_calls)", (short, long_sessions), (short, brief_sessions))
    )
