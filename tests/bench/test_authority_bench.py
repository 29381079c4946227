"""Benchmarks measure what they say; times are reported and judge nothing."""

from tvc.workbench.benchmarks import authority as benchmarks


def test_the_benchmark_signs_in_with_live_codes_and_keeps_every_record(monkeypatch):
    monkeypatch.setattr(benchmarks, "_SIGN_INS", 2_000)
    monkeypatch.setattr(benchmarks, "_ROUNDS", 2)
    found = benchmarks.bench_authority()
    # Two for each sign-in: its own record, and the end of the session that it replaces. A code
    # that were not live would leave one only, and no session to replace.
    assert found.records == 2 * 2_000


def test_the_ratio_is_that_of_sign_ins_to_look_ups_and_says_when_it_misses_its_goal():
    found = benchmarks.AuthorityBenchmark(100.0, 60.0, 1_000.0, 0)
    assert found.ratio == 0.1
    assert "misses" in list(found.lines())[-1]
    assert "misses" not in list(benchmarks.AuthorityBenchmark(200.0, 60.0, 1_000.0, 0).lines())[-1]
