"""The calendar carries out what is due before an instant, in order, and counts it."""

from tvc.world.kernel import Kernel, Rank, tie_key


def test_actions_are_carried_out_up_to_an_instant_and_not_at_it():
    kernel, done = Kernel(), []
    for at_ms in (11, 9, 5, 5, 1, 0):
        kernel.at(at_ms, tie_key(Rank.USER, at_ms), lambda due: done.append(due.at_ms))
    kernel.run_until(5)
    assert (done, kernel.events, kernel.pending, kernel.now_ms) == ([0, 1], 2, 4, 5)
    kernel.run_until(10)
    assert (done, kernel.events, kernel.pending) == ([0, 1, 5, 5, 9], 5, 1)
    kernel.run_until(20)
    assert (done[-1], kernel.events, kernel.pending, kernel.now_ms) == (11, 6, 0, 20)


def test_at_one_instant_clocks_come_before_admins_before_users_before_attackers():
    kernel, done = Kernel(), []
    for rank in (Rank.ATTACKER, Rank.USER, Rank.CLOCK, Rank.ADMIN):
        kernel.at(7, tie_key(rank, 0), lambda _due, rank=rank: done.append(rank))
    kernel.run_until(8)
    assert done == [Rank.CLOCK, Rank.ADMIN, Rank.USER, Rank.ATTACKER]


def test_an_action_may_make_another_one_for_the_same_instant():
    kernel, done = Kernel(), []
    kernel.at(3, 1, lambda due: kernel.at(due.at_ms, 0, lambda _due: done.append("later")))
    kernel.run_until(4)
    assert (done, kernel.events) == (["later"], 2)
