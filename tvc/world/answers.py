"""Answers to attacks: notices that are seen and reported, and what the desk does then."""

from functools import partial
from typing import Final

from tvc.authority.requests import Kind, Method, Request, plain_request
from tvc.world.draws import ATTACKS
from tvc.world.issuing import Admin, Setting
from tvc.world.kernel import Due, Rank, tie_key
from tvc.world.ports import Intrusion

_KEY: Final = tie_key(Rank.ADMIN, 0)
#: What a user who found the account in others' hands is keyed by, beside attacks.
_DISCOVERIES: Final = ATTACKS + (1 << 20)


class Answers:
    """What is done about attacks that come to light.

    Parameters
    ----------
    world
        Where.
    """

    __slots__ = ("_world",)

    def __init__(self, world: Setting) -> None:
        self._world = world

    def notify(self, attack: Intrusion, kind: Kind, now_ms: int) -> None:
        """Let the user see the notice of an attacker's allowed request, where one was sent."""
        world = self._world
        if kind not in world.policy.notify:
            return
        draws, entity, number = world.draws, attack.entity, attack.number
        notice = _NOTICES.index(kind)
        if draws.reported(entity, number, notice):
            wait_ms = draws.seen_after(entity, number, notice)
            self._answer(attack.subject, attack.victim, entity, number, now_ms + wait_ms)

    def suspect(self, subject: str, user: int, now_ms: int) -> None:
        """Let a user report what the desk has just told them: there was a code they knew not of."""
        if self._world.draws.reported(_DISCOVERIES + user, now_ms, 0):
            self._answer(subject, user, _DISCOVERIES + user, now_ms, now_ms)

    def _answer(self, subject: str, user: int, entity: int, number: int, at_ms: int) -> None:
        world = self._world
        world.people.hold(user, subject)
        at_ms += world.draws.answered_after(entity, number, 0)
        reviewed = world.draws.methods_reviewed(entity, number, 0)
        world.kernel.at(at_ms, _KEY, partial(self._evict, subject, user, reviewed))

    def _evict(self, subject: str, user: int, reviewed: bool, event: Due) -> None:
        """Expire the code, end all sessions, give the password back, remove foreign methods."""
        world = self._world
        now_ms = event.at_ms
        if world.workload.desk.admins:
            admin = Admin(world, 0)
            admin.ask(_plain(Kind.EXPIRE, admin.name, subject), now_ms, user)
            reset = _plain(Kind.RESET_PASSWORD, admin.name, subject)._replace(given_to=subject)
            admin.ask(reset, now_ms, user)
            world.ask(_plain(Kind.FREEZE, admin.name, subject), now_ms, user)
            world.ask(_plain(Kind.UNFREEZE, admin.name, subject), now_ms, user)
        if reviewed:
            self._review(subject, user, now_ms)
        world.people.release(subject, now_ms)

    def _review(self, subject: str, user: int, now_ms: int) -> None:
        """Let the user sign in and remove the methods that others hold."""
        world = self._world
        account = world.authority.state.accounts[subject]
        foreign = [method for method, holders in account.methods if holders != {subject}]
        if not foreign:
            return
        enter = _plain(Kind.SIGN_IN, subject, subject)._replace(method=Method.AUTHENTICATOR)
        if world.ask(enter, now_ms, user).allowed:
            for method in foreign:
                remove = _plain(Kind.REMOVE_METHOD, subject, None)._replace(method=method)
                world.ask(remove, now_ms, user)


#: The requests whose notices an attacker can cause.
_NOTICES: Final = (Kind.GENERATE, Kind.SIGN_IN, Kind.ENROLL, Kind.RESET_PASSWORD)


def _plain(kind: Kind, by: str, subject: str | None) -> Request:
    return plain_request(kind, by, subject)
