"""The same files give the same bytes: whatever the hash seed, and however many processes."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tvc.files.scenarios import load_scenarios

ROOT = Path(__file__).parents[2]
HASH_SEEDS = ("0", "1", "12345")

#: Prints a digest of every row of every trace of the shipped scenarios.
TRACES = """
import hashlib, json
from pathlib import Path
from tvc.files.scenarios import load_scenarios
from tvc.timeline import play
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


#: A load and a comparison: as much of a simulation as the shipped ones show, and less work.
SIMULATED = """\
tvc: 1
scenarios:
  - id: load
    policy: salesforce
    workload:
      users: 60
      horizon: 3d
      drain: 2d
      desk: {admins: 2, handling: {lognormal: {median: 5m, p95: 20m}}}
      losses: {per_user_per_year: 30, profile: {mon-fri 7-22: 3, sat-sun 9-24: 2}}
      leavers: {per_user_per_year: 5, deactivated_after: {fixed: 1d}}
      attackers: {callers: {per_day: 3}}
    run: {replications: {min: 10, max: 60}, seed: 1}
    expect:
      - {metric: p95(time_to_access), at_most: 48h, margin: 1h}
      - {metric: share(repeat_calls / calls), at_most: 1, margin: 0.05}
  - id: another-identity-check
    compare:
      baseline: {policy: salesforce}
      candidate: {policy: strict, workload: {desk.identity_check: callback}}
      on: load
    run: {replications: {min: 10, max: 60}, seed: 1}
    expect:
      - {metric: delta(mean(exposure)), at_most: 0s, margin: 12h}
"""
PLAYED = [
    str(path.relative_to(ROOT))
    for path in sorted(ROOT.glob("scenarios/*.tvc.yaml"))
    if not any(case.stochastic for case in load_scenarios(path).cases)
]


def report(simulated, hash_seed, processes):
    command = "from tvc.cli.entry import main; main()"
    files = [*PLAYED, str(simulated)]
    done = run(["-c", command, "test", *files, "-f", "json", "-p", processes], hash_seed)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.count(b'"outcome": "passed"') >= 100
    assert b"another-identity-check" in done.stdout
    return hashlib.sha256(done.stdout).hexdigest()


def test_the_bytes_of_the_report_are_the_same_in_any_process(tmp_path):
    simulated = tmp_path / "simulated.tvc.yaml"
    simulated.write_text(SIMULATED, "utf-8")
    here, alone, shared_by_two = (
        report(simulated, hash_seed, processes)
        for hash_seed, processes in zip(HASH_SEEDS, ("1", "1", "2"), strict=True)
    )
    assert alone == here
    assert shared_by_two == here
