"""Common random numbers are worth what a comparison counts on."""

from tvc.workbench.benchmarks.pairs import LEAST_CUT, bench_crn


def test_pairs_cut_the_variance_and_never_show_the_wrong_sign(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    calls, locked_out, exposure = bench_crn(seeds=30).pairs
    assert calls.cut > 10 * LEAST_CUT
    assert locked_out.cut > 10 * LEAST_CUT
    # Of so few pairs the ratio is known to a factor of two.
    assert exposure.cut > LEAST_CUT / 2
    assert exposure.wrong_signs == 0
