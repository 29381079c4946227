"""The same files give the same bytes: whatever the hash seed, and however many processes."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HASH_SEEDS = ("0", "1", "12345")

#: Prints a digest of every row of every trace of the shipped scenarios.
TRACES = """
import hashlib, json
from pathlib import Path
from tvc.files.scenarios import load_scenarios
from tvc.timeline.driver import play
from tvc.trace.rows import row_of

digest = hashlib.sha256()
rows = 0
for path in sorted(Path("scenarios").glob("*.tvc.yaml")):
    for case in load_scenarios(path).cases:
        for record in play(case).trace.records:
            digest.update(json.dumps(row_of(record)).encode() + b"\\n")
            rows += 1
print(rows, digest.hexdigest())
"""


def run(words, hash_seed):
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT, env=environment, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def test_the_rows_of_every_trace_are_the_same_in_any_process():
    found = {run(["-c", TRACES], hash_seed).stdout.decode() for hash_seed in HASH_SEEDS}
    assert len(found) == 1
    assert int(found.pop().split()[0]) > 1_000


#: Workloads that take the longest, and do nothing that others do not do.
SLOW = ("calling_campaign", "drifting_clocks", "outage_monday", "renewal_day")
FILES = [
    str(path.relative_to(ROOT))
    for path in sorted(ROOT.glob("scenarios/*.tvc.yaml"))
    if path.name.partition(".")[0] not in SLOW
]


def report(hash_seed, processes):
    command = "from tvc.cli.main import main; main()"
    done = run(["-c", command, "test", *FILES, "-f", "json", "-p", processes], hash_seed)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.count(b'"outcome": "passed"') >= 100
    return hashlib.sha256(done.stdout).hexdigest()


@pytest.fixture(scope="module")
def report_here():
    """The report of one process under one hash seed."""
    return report("0", "1")


@pytest.mark.parametrize(
    ("hash_seed", "processes"), [("1", "1"), ("12345", "2")], ids=["alone", "shared by two"]
)
def test_the_bytes_of_the_report_are_the_same_in_any_process(report_here, hash_seed, processes):
    assert report(hash_seed, processes) == report_here
