"""The benchmark of studies runs one study on every engine, and reckons what is not its model."""

from dataclasses import replace

import pytest

from tvc.workbench.benchmarks.studies import (
    EngineCost,
    ExperimentBenchmark,
    StudyCost,
    bench_experiment,
)

#: Twenty replications of 100 ms each: on one worker in 2.2 s, on two in 1.1 s.
ONE = StudyCost(20, 1, seconds=2.2, model_s=2.0, cpu_s=2.0, between_s=0.19)
TWO = StudyCost(20, 2, seconds=1.1, model_s=2.0, cpu_s=2.0, between_s=0.09)


def made(here=ONE, one=ONE, two=TWO, dask=TWO, identical=True, loads=(0.1, 2.0)):
    costs = [
        EngineCost(name, start_up_s=1.0, runs=(run,) * 3)
        for name, run in (("here", here), ("kept", here), ("one", one), ("two", two))
    ]
    on_dask = None if dask is None else EngineCost("dask", 1.0, (dask,) * 3)
    return ExperimentBenchmark(5_000, *costs, on_dask, identical, loads)


def told(benchmark, start):
    return [line for line in benchmark.lines() if line.startswith(start)]


def test_every_engine_runs_the_same_study_to_the_same_frame():
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    found = bench_experiment(users=1_000, replications=6, rounds=2)
    assert [engine.name for engine in found.engines] == [
        "in this process", "in this process, kept on disk", "1 process", "2 processes",
        "Dask, 2 workers",
    ]  # fmt: skip
    assert found.identical
    for engine in found.engines:
        assert len(engine.runs) == 2
        for run in engine.runs:
            assert run.replications == 6
            # The model runs within the study, and its gaps within what is not its own.
            assert 0 < run.model_s <= run.workers * run.seconds
            assert 0 <= run.between_s <= run.workers * run.seconds - run.model_s
    assert "frames: identical" in list(found.lines())


def test_what_is_not_the_models_counts_for_every_worker():
    assert ONE.rate == pytest.approx(20 / 2.2)
    assert ONE.beyond_ms == TWO.beyond_ms == pytest.approx(10)
    assert ONE.between_ms == pytest.approx(10)
    assert TWO.between_ms == pytest.approx(5)


def test_a_core_shared_with_others_does_not_count_as_slower_work():
    shared = replace(TWO, seconds=2.1, model_s=4.0)
    assert shared.rate < TWO.rate
    assert shared.unshared_rate == pytest.approx(TWO.unshared_rate)
    assert told(made(), "others used") == []
    (line,) = told(made(two=shared), "others used")
    assert line.endswith(" two")


@pytest.mark.parametrize(
    ("start", "slower"),
    [
        ("2 processes / 1", {"two": replace(TWO, seconds=1.4)}),
        ("Dask / 2", {"dask": replace(TWO, seconds=1.4)}),
        ("beyond the model", {"here": replace(ONE, seconds=2.5)}),
    ],
)
def test_a_goal_that_is_missed_is_said_to_be(start, slower):
    (line,) = told(made(), start)
    assert "misses" not in line
    (line,) = told(made(**slower), start)
    assert "which it misses here" in line


def test_frames_that_differ_are_not_passed_over():
    assert told(made(identical=False), "frames") == ["frames: THEY DIFFER"]


def test_without_dask_or_a_load_the_rest_is_told():
    lines = list(made(dask=None, loads=()).lines())
    assert "Dask: the extra `cluster` is not installed" in lines
    assert not any(line.startswith("load") for line in lines)
