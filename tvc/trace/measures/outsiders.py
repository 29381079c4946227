"""What happens to outsiders' access: what gives it to them, and what takes it away."""

from collections.abc import Iterator

from tvc.authority.policy import Policy
from tvc.trace.measures.access import Access, AccessBook
from tvc.trace.measures.session_ends import SessionEnds


class Outsiders:
    """Keeps the book of outsiders' access, and the ends of their sessions.

    Parameters
    ----------
    policy
        Says how long sessions last, and whether they end with a code.
    book
        Of pairs of an outsider and an account.

    Attributes
    ----------
    ends : SessionEnds
        When their sessions are over by time alone.
    """

    def __init__(self, policy: Policy, book: AccessBook) -> None:
        self._session = policy.session
        self._book = book
        self.ends = SessionEnds(policy)

    def has_pairs(self, account: str) -> bool:
        """Whether any outsider ever had anything on an account."""
        return account in self._book.pairs

    def signed_in(self, at_ms: int, outsider: str, account: str, code: int | None) -> None:
        """Give an outsider a session, opened by a code or by other means."""

        def give(access: Access) -> None:
            access.session, access.via = True, code

        access = self._book.gain(at_ms, outsider, account, give)
        self._book.signed_in(at_ms, access)
        self.ends.opened(at_ms, outsider, account)

    def code_learnt(self, at_ms: int, outsider: str, account: str, code: int) -> None:
        """Let an outsider know a live code."""
        self._book.gain(at_ms, outsider, account, lambda access: access.codes.add(code))

    def method_enrolled(self, at_ms: int, outsider: str, account: str, method: str) -> None:
        """Give an outsider a method of their own on an account."""

        def give(access: Access) -> None:
            access.methods.add(method)
            access.enrolled = True

        self._book.gain(at_ms, outsider, account, give)

    def session_ended(self, at_ms: int, outsider: str, account: str, cause: str) -> None:
        """Take an outsider's session."""
        self._book.lose(at_ms, account, f"session_{cause}", _take_session, outsider)

    def sessions_over(self, at_ms: int) -> Iterator[int]:
        """Take the sessions that time has ended by an instant.

        Yields
        ------
        int
            When the next of them is over, before it is taken.
        """
        for over_ms, outsider, account in self.ends.due(at_ms):
            yield over_ms
            self.session_ended(over_ms, outsider, account, "over")

    def code_over(self, at_ms: int, account: str, code: int, cause: str, expires_ms: int) -> None:
        """Take a code from all who know it, and what the policy lets end with it."""

        def take(access: Access) -> None:
            access.codes.discard(code)
            if self._session.ends_with_code and access.session and access.via == code:
                # A code that is used up takes its session along when it would have expired.
                if cause == "used_up":
                    self.ends.end_at(expires_ms, access.outsider, account)
                else:
                    access.session = False

        self._book.lose(at_ms, account, f"code_{cause}", take)

    def method_removed(self, at_ms: int, account: str, method: str) -> None:
        """Take a method from all who enrolled it on an account."""
        self._book.lose(
            at_ms, account, "method_removed", lambda access: access.methods.discard(method)
        )

    def deactivated(self, at_ms: int, account: str) -> None:
        """Take all that anybody has on an account."""
        self._book.lose(at_ms, account, "deactivated", _take_all)


def _take_session(access: Access) -> None:
    access.session = False


def _take_all(access: Access) -> None:
    access.session = False
    access.codes.clear()
    access.methods.clear()
