"""The formulas agree with each other, with limits that are known, and with plain enumeration."""

from itertools import combinations
from math import factorial

import formulas
import numpy as np
import pytest

QUEUES = [(1, 0.2), (1, 0.9), (3, 2.0), (8, 7.5), (40, 36.0)]


@pytest.mark.parametrize(("servers", "load"), QUEUES)
def test_erlang_b_is_the_last_term_of_its_truncated_poisson_distribution(servers, load):
    terms = [load**k / factorial(k) for k in range(servers + 1)]
    assert formulas.erlang_b(servers, load) == pytest.approx(terms[-1] / sum(terms))


@pytest.mark.parametrize(("servers", "load"), QUEUES)
def test_erlang_c_is_the_stationary_chance_that_all_servers_are_busy(servers, load):
    weights = [1.0]
    for n in range(1, 4_000):
        weights.append(weights[-1] * load / min(n, servers))
    busy = sum(weights[servers:]) / sum(weights)
    assert formulas.erlang_c(servers, load) == pytest.approx(busy)


def test_one_server_waits_as_m_m_1_does():
    # rho / (mu - lambda), from any textbook.
    assert formulas.mmc_mean_wait(0.8, 1.0, 1) == pytest.approx(0.8 / 0.2)


@pytest.mark.parametrize(("servers", "load"), QUEUES)
def test_boundless_patience_makes_m_m_c_m_the_queue_m_m_c(servers, load):
    patient = formulas.mmcm(load, 1.0, servers, 1e-9)
    assert patient.abandoned == pytest.approx(0.0, abs=1e-6)
    assert patient.served_mean_wait == pytest.approx(
        formulas.mmc_mean_wait(load, 1.0, servers), rel=1e-4
    )
    assert patient.busy == pytest.approx(load / servers, rel=1e-6)


@pytest.mark.parametrize(("servers", "load"), [*QUEUES, (3, 6.0)])
def test_no_patience_makes_m_m_c_m_the_system_of_erlang_b(servers, load):
    assert formulas.mmcm(load, 1.0, servers, 1e9).abandoned == pytest.approx(
        formulas.erlang_b(servers, load), rel=1e-6
    )


@pytest.mark.parametrize("patience", [0.3, 1.0, 4.0])
@pytest.mark.parametrize(("servers", "load"), [(1, 0.9), (3, 2.0), (3, 6.0)])
def test_who_gives_up_in_m_m_c_m_is_who_waits_times_the_rate_of_giving_up(servers, load, patience):
    # The generator of the birth and death process, solved as linear equations.
    size = 120
    generator = np.zeros((size, size))
    for n in range(size - 1):
        generator[n, n + 1] = load
        generator[n + 1, n] = min(n + 1, servers) + max(n + 1 - servers, 0) * patience
    generator -= np.diag(generator.sum(axis=1))
    equations = np.vstack([generator.T, np.ones(size)])
    stationary = np.linalg.lstsq(equations, np.append(np.zeros(size), 1.0), rcond=None)[0]
    numbers = np.arange(size)
    waiting = (np.maximum(numbers - servers, 0) * stationary).sum()
    found = formulas.mmcm(load, 1.0, servers, patience)
    assert found.abandoned == pytest.approx(patience * waiting / load)
    assert found.busy == pytest.approx((np.minimum(numbers, servers) * stationary).sum() / servers)
    # Little: those who are served wait only a part of what all wait.
    assert found.served_mean_wait * (1 - found.abandoned) < waiting / load


def test_served_waits_of_m_m_1_m_add_up_stage_by_stage():
    # Patience as fast as service: n in the system is Poisson, and who finds n ahead, one of
    # them in service, is served with the chance 1 / (n + 1) after stages of rates 2, ..., n + 1.
    load = 1.3
    weight, served, waited = 1.0, 1.0, 0.0
    for n in range(1, 80):
        weight *= load / n
        served += weight / (n + 1)
        waited += weight / (n + 1) * sum(1 / rate for rate in range(2, n + 2))
    found = formulas.mmcm(load, 1.0, 1, 1.0)
    assert found.served_mean_wait == pytest.approx(waited / served)


def test_lock_outs_leave_a_batch_of_guesses_for_each_lock_that_begins_in_a_life():
    assert formulas.guesses_in_life(120, 10, 60, 1_000) == 20
    assert formulas.guesses_in_life(121, 10, 60, 1_000) == 30
    assert formulas.guesses_in_life(121, 10, 60, 25) == 25
    assert formulas.guesses_in_life(121, 10, 1_000, 1_000) == 10


def test_chances_of_guessing_are_those_of_counting_all_sets_of_guesses():
    space, guesses = 7, 3
    sets = list(combinations(range(space), guesses))
    hit = sum(4 in one for one in sets) / len(sets)
    assert formulas.guess_chance(space, guesses) == pytest.approx(hit)
    assert formulas.guess_chance(3, 10) == 1
    wrong = [right if right < guesses else guesses for right in range(space)]
    assert formulas.wrong_guesses(space, guesses) == pytest.approx(sum(wrong) / space)


def test_late_and_early_shares_are_those_of_a_fine_grid():
    offsets, spread = [0.0, -30.0, 45.0], 40.0
    instants = np.linspace(-spread, spread, 8_001)
    pairs = [(made, judged) for made in offsets for judged in offsets]
    late = [((instants > 0) & (instants < made - judged)).mean() for made, judged in pairs]
    early = [((instants < 0) & (instants >= made - judged)).mean() for made, judged in pairs]
    assert formulas.late_share(offsets, spread) == pytest.approx(sum(late) / 9, abs=1e-3)
    assert formulas.early_share(offsets, spread) == pytest.approx(sum(early) / 9, abs=1e-3)


def test_scores_count_standard_deviations():
    assert formulas.z_score([1.0, 2.0, 3.0], 2.0) == 0
    assert formulas.z_score([1.0, 2.0, 3.0], 1.0) == pytest.approx(3**0.5)
    assert formulas.z_share(60, 100, 0.5) == pytest.approx(2.0)
