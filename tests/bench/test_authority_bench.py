"""Benchmarks measure what they say; times are reported and judge nothing."""

from tvc.harness import benchmarks


def test_the_benchmark_signs_in_with_live_codes_and_keeps_every_record(monkeypatch):
    monkeypatch.setattr(benchmarks, "_SIGN_INS", 2_000)
    monkeypatch.setattr(benchmarks, "_ROUNDS", 2)
    found = benchmarks.bench_authority()
    # Two for each sign-in: its own record, and the end of the session that it replaces.
    assert found.records >= 2_000
    assert found.sign_ins_per_s > 0
    assert found.collected_per_s > 0
    assert found.ratio == found.sign_ins_per_s / found.look_ups_per_s
    lines = list(found.lines())
    assert len(lines) == 5
    assert f"{found.ratio:.2f}" in lines[-1]
