"""Users as the authority knows them: accounts that cost nothing until something is done to them.

Every user has the account that users start with; it is made anew when somebody asks, and kept
only where it has come to differ. What else the authority knows of a user is dropped when it can
matter no more. Neither shows in any decision.
"""

from array import array
from collections import deque
from collections.abc import Container
from typing import Any, Final

from tvc.authority.authority import Authority, Instant
from tvc.authority.edges import is_live, memory_ms
from tvc.authority.policy import Policy
from tvc.authority.requests import Method
from tvc.authority.state import Account
from tvc.authority.tuples import builder
from tvc.trace.measures.recorder import Recorder

_account: Final = builder(Account)
_NO_PERMISSIONS: Final[frozenset[str]] = frozenset()
_METHOD: Final = Method.AUTHENTICATOR


def admin_name(index: int) -> str:
    """Return the name of an admin, counted from 0."""
    return f"a{index + 1}"


def user_name(index: int) -> str:
    """Return the name of a user, counted from 0."""
    return f"u{index + 1}"


def ordinary_account(name: str) -> Account:
    """Return the account that a user starts with."""
    itself = frozenset((name,))
    return _account((
        _NO_PERMISSIONS, "standard", True, True, False, ((_METHOD, itself),), itself,
    ))  # fmt: skip


class Accounts(dict[str, Account]):
    """Accounts by name, where those of users that are as at the start take no room."""

    def __contains__(self, name: object) -> bool:
        return (name is not None and str(name)[0] == "u") or super().__contains__(name)

    def __missing__(self, name: str) -> Account:
        if name[0] != "u":
            raise KeyError(name)
        return ordinary_account(name)

    def get(self, name: str | None, default: Any = None) -> Any:  # noqa: ANN401 - as dict has it
        """Return an account, or the default where nobody has that name."""
        found = super().get(name, default)  # type: ignore[arg-type] # None is nobody's name
        if found is default and name is not None and name[0] == "u":
            return ordinary_account(name)
        return found

    def __setitem__(self, name: str, account: Account) -> None:
        if name[0] == "u" and account == ordinary_account(name):
            self.pop(name, None)
        else:
            super().__setitem__(name, account)


class People:
    """What the authority knows of users, for as long as it may matter.

    Parameters
    ----------
    authority
        Whose state it is.
    recorder
        Told when somebody's part is over.
    policy
        How long its limits and locks remember.
    users
        How many users there are.
    in_trouble
        Who is never forgotten meanwhile.
    """

    __slots__ = (
        "_authority", "_done", "_held", "_in_trouble", "_issued", "_memory_ms", "_recorder",
    )  # fmt: skip

    def __init__(
        self,
        authority: Authority,
        recorder: Recorder,
        policy: Policy,
        users: int,
        in_trouble: Container[str],
    ) -> None:
        self._authority = authority
        self._recorder = recorder
        self._in_trouble = in_trouble
        # Codes are numbered for life; this is all that is kept of a user meanwhile.
        self._issued = array("H", bytes(2 * users))
        self._held: dict[str, int] = {}
        self._done: deque[tuple[int, str]] = deque()
        self._memory_ms = memory_ms(policy)

    def recall(self, user: int, name: str) -> None:
        """Number the codes of a user on from those that were forgotten."""
        if self._issued[user]:
            self._authority.state.issued.setdefault(name, self._issued[user])

    def hold(self, user: int, name: str) -> None:
        """Forget nothing of a user until as many calls of `release` have followed."""
        self.recall(user, name)
        self._held[name] = self._held.get(name, 0) + 1

    def release(self, name: str, at_ms: int) -> None:
        """Take back one `hold`."""
        left = self._held[name] - 1
        if left:
            self._held[name] = left
        else:
            del self._held[name]
            self.let_go(name, at_ms)

    def let_go(self, name: str, at_ms: int) -> None:
        """Forget a user who is out of trouble, once nothing about them can matter."""
        self._done.append((at_ms + self._memory_ms, name))

    def tidy(self, at_ms: int) -> None:
        """Forget who has been out of trouble for longer than anything is remembered."""
        done = self._done
        while done and done[0][0] <= at_ms:
            _, name = done.popleft()
            if name in self._in_trouble or name in self._held:
                continue  # let go again when that is over
            if self._matters(name, at_ms):
                self.let_go(name, at_ms)
                continue
            issued = self._authority.state.issued.get(name)
            if issued is not None:
                self._issued[int(name[1:]) - 1] = issued
            self._authority.forget(name, Instant.of(at_ms))
            self._recorder.forget(name)

    def _matters(self, name: str, at_ms: int) -> bool:
        """Whether a code is live by a slow clock, or others are at home on the account."""
        state = self._authority.state
        policy = self._authority.policy
        if any(is_live(code, policy, at_ms) for code in state.codes.get(name, ())):
            return True
        return name in state.guests or name in state.lost or dict.__contains__(state.accounts, name)
