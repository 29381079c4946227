"""What the model costs, in numbers that no machine changes."""

import json
import subprocess
import sys

from tvc.world.simulation import simulate

MONTH = {
    "users": 10_000, "horizon": "30d", "losses": {"per_user_per_year": 1.0}, "desk": {"admins": 4},
}  # fmt: skip
BUSY = MONTH | {
    "users": 2_000, "desk": {"admins": 2, "identity_check": "callback"},
    "attackers": {
        "callers": {"per_day": 5}, "guessers": {"per_code": 0.1}, "thieves": {"per_leak": 1},
        "malicious_issuer": {"per_year": 30},
    },
    "outages": [{"at": "3d", "share": 0.3}], "clocks": {"west": {"offset": "-30s"}},
}  # fmt: skip


def test_an_incident_takes_at_most_fifteen_kernel_events():
    run = simulate("salesforce", MONTH, 1, sampled=0.0)
    assert run.incidents > 700
    assert run.kernel_events <= 15 * run.incidents


def test_a_user_to_whom_nothing_happens_takes_no_event():
    quiet = MONTH | {"losses": {"per_user_per_year": 0}, "desk": {"admins": 0}}
    run = simulate("salesforce", quiet, 1)
    assert (run.kernel_events, run.incidents) == (0, 0)
    assert run.sign_ins["count"].sum() > 300_000


#: Collects once at the beginning, which finds what was there before, and once at the end.
CYCLES = """
import gc, json, sys
from tvc.world.simulation import simulate

found = []

def look(share):
    if not found or share >= 1:
        found.append(gc.collect())

run = simulate("two-person", json.loads(sys.argv[1]), 2, sampled=0.0, progress=look)
assert run.incidents > 100
print(found[1:])
"""


def test_a_run_makes_no_cycles_for_which_it_would_need_the_garbage_collector():
    # In a process of its own: other threads of this one may make some meanwhile.
    words = [sys.executable, "-c", CYCLES, json.dumps(BUSY)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == "[0]\n"


def test_all_users_stranded_at_once_are_back_when_the_outage_is_over():
    stranded = MONTH | {
        "users": 20_000, "horizon": "1d", "drain": "1d", "losses": {"per_user_per_year": 0},
        "outages": [{"at": "7h", "lasts": "4h"}], "desk": {"admins": 40},
        "leavers": {"per_user_per_year": 0},
    }  # fmt: skip
    run = simulate("salesforce", stranded, 1, sampled=0.0)
    assert run.incidents == 20_000
    rows = run.histograms[run.histograms.measure == "time_to_access"]
    assert rows["count"].sum() >= 20_000
    assert rows.high_ms.max() < float("inf")
