"""The law once more, written down sentence by sentence as a desk clerk would keep it.

Nothing here is shared with the implementation but the policy and the request. Everything that
ever happened is kept, nothing is pruned, and codes are compared as texts: slow, and plain enough
to be checked against the description by eye.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from tvc.authority.policy import Policy, RateLimit
from tvc.authority.requests import Kind, Method, Proof, Request
from tvc.authority.state import Person


class Verdict(NamedTuple):
    """What the clerk says."""

    rule: str | None
    reason: str | None
    challenge: str | None = None
    limit: str | None = None
    retry_after_ms: int | None = None
    level: str | None = None
    code: int | None = None
    live_until_ms: int | None = None


class DeniedError(Exception):
    """A rule refuses."""

    def __init__(self, rule: str, reason: str, **more: object) -> None:
        super().__init__(rule, reason)
        self.verdict = Verdict(rule, reason, **more)


@dataclass(eq=False)
class PaperCode:
    """A code on the clerk's list."""

    ordinal: int
    expires: int
    left: int | None
    text: str = ""
    end: str | None = None


@dataclass(eq=False)
class PaperSession:
    """A session on the clerk's list."""

    account: str
    level: str
    start: int
    latest: int
    code: PaperCode | None = None
    ended: bool = False


@dataclass
class PaperAccount:
    """An account on the clerk's list."""

    permissions: frozenset[str]
    tier: str
    mfa: bool
    active: bool
    frozen: bool
    methods: dict[Method, set[str]]
    knowers: set[str]
    codes: list[PaperCode] = field(default_factory=list)
    approvals: list[tuple[str, int]] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    locked: dict[str, int] = field(default_factory=dict)


class NaiveDesk:
    """Judges requests by the description alone.

    ``ended`` lists (account, ordinal, cause) of every code that ended, in order.
    """

    def __init__(self, policy: Policy, people: tuple[Person, ...]) -> None:
        self.policy = policy
        self.accounts: dict[str, PaperAccount] = {}
        self.sessions: dict[str, PaperSession] = {}
        self.lost = {person.name for person in people if person.device_lost}
        self.generations: list[tuple[int, str, str]] = []
        self.ended: list[tuple[str, int, str]] = []
        self.notices = 0
        for person in people:
            if person.role == "outsider":
                continue
            admin = person.role == "admin"
            permissions = person.permissions
            if permissions is None:
                permissions = frozenset({"manage_mfa", "reset_passwords"} if admin else ())
            methods = (Method.AUTHENTICATOR,) if person.methods is None else person.methods
            self.accounts[person.name] = PaperAccount(
                permissions,
                person.tier,
                person.mfa,
                person.active,
                person.frozen,
                {method: {person.name} for method in methods},
                {person.name} | {other.name for other in people if person.name in other.knows},
            )
            level = person.session or ("high" if admin else "none")
            if level != "none":
                over = person.frozen or not person.active
                self.sessions[person.name] = PaperSession(person.name, level, 0, 0, ended=over)

    # What is so

    def alive(self, code: PaperCode, now: int) -> bool:
        return code.end is None and now < code.expires + self.policy.clock.leeway_ms

    def live(self, name: str, now: int) -> list[PaperCode]:
        account = self.accounts.get(name)
        return [code for code in account.codes if self.alive(code, now)] if account else []

    def pinned(self, name: str, now: int) -> bool:
        return self.policy.sign_in.return_ == "on_expire_now" and any(
            code.end is None and not self.alive(code, now) for code in self.accounts[name].codes
        )

    def is_over(self, session: PaperSession, now: int) -> bool:
        rules = self.policy.session
        if session.ended:
            return True
        if rules.max_ms is not None and now >= session.start + rules.max_ms:
            return True
        if rules.idle_ms is not None and now >= session.latest + rules.idle_ms:
            return True
        if rules.ends_with_code and session.code is not None:
            if session.code.end in ("lapsed", "revoked", "replaced"):
                return True
            return now >= session.code.expires + self.policy.clock.leeway_ms
        return False

    def path(self, path: str) -> str:
        return "both" if self.policy.lockout.scope == "user" else path

    # What happens

    def end(self, name: str, code: PaperCode, cause: str) -> None:
        code.end = cause
        self.ended.append((name, code.ordinal, cause))

    def end_unended(self, name: str, now: int) -> None:
        for code in self.accounts[name].codes:
            if code.end is None:
                self.end(name, code, "revoked" if self.alive(code, now) else "lapsed")

    def revoke_live(self, name: str, now: int) -> None:
        for code in self.live(name, now):
            self.end(name, code, "revoked")

    def fail(self, name: str, path: str, now: int) -> None:
        account, key = self.accounts[name], self.path(path)
        account.failures[key] = account.failures.get(key, 0) + 1
        if account.failures[key] >= self.policy.lockout.failures:
            account.failures[key] = 0
            account.locked[key] = now + self.policy.lockout.for_ms

    def succeed(self, name: str, path: str) -> None:
        self.accounts[name].failures[self.path(path)] = 0

    # Requests

    def judge(self, asked: Request, typed: str | None, now: int) -> Verdict:
        """Judge a request and take note of what follows; ``asked.matched`` is not looked at."""
        try:
            verdict = getattr(self, f"_{asked.kind}")(asked, typed, now)
        except DeniedError as denied:
            return denied.verdict
        own = asked.kind in (Kind.STEP_UP, Kind.ENROLL, Kind.REMOVE_METHOD)
        if asked.kind in self.policy.notify and (own or asked.subject is not None):
            self.notices += 1
        return verdict or Verdict(None, None)

    def session_of(self, asked: Request, now: int) -> PaperSession:
        session = self.sessions.get(asked.by)
        if session is None:
            raise DeniedError(f"{asked.kind}.session", "not_signed_in")
        if self.is_over(session, now):
            raise DeniedError(f"{asked.kind}.session", "session_expired")
        session.latest = now
        return session

    def may_manage(self, asked: Request, session: PaperSession) -> None:
        held = self.accounts[session.account].permissions
        if not held & {"manage_mfa", "manage_mfa_standard"}:
            raise DeniedError(f"{asked.kind}.permission", "not_permitted")

    def known(self, asked: Request) -> PaperAccount:
        if asked.subject not in self.accounts:
            rule = "known" if asked.kind is Kind.SIGN_IN else "subject_known"
            raise DeniedError(f"{asked.kind}.{rule}", "no_such_user")
        return self.accounts[asked.subject]

    def in_scope(self, asked: Request, session: PaperSession, subject: PaperAccount) -> None:
        if subject.tier == "privileged" and (
            "manage_mfa" not in self.accounts[session.account].permissions
        ):
            raise DeniedError(f"{asked.kind}.scope", "out_of_scope")

    def _generate(self, asked: Request, _typed: str | None, now: int) -> Verdict:
        issuer = self.policy.issuer
        session = self.session_of(asked, now)
        self.may_manage(asked, session)
        if issuer.assurance == "high" and session.level != "high":
            raise DeniedError("generate.assurance", "step_up_required")
        subject = self.known(asked)
        self.may_have_code(asked, session, subject)
        self.may_be_issued(asked, session, subject, now)
        return self.issue(asked, session, subject, now)

    def may_have_code(self, asked: Request, session: PaperSession, subject: PaperAccount) -> None:
        """Apply generate rules 5 to 7."""
        if not subject.active:
            raise DeniedError("generate.subject_active", "user_inactive")
        if self.policy.subject.mfa == "required" and not subject.mfa:
            raise DeniedError("generate.subject_mfa", "mfa_not_enabled")
        self.in_scope(asked, session, subject)

    def may_be_issued(
        self, asked: Request, session: PaperSession, subject: PaperAccount, now: int
    ) -> None:
        """Apply generate rules 8 to 13."""
        issuer = self.policy.issuer
        if issuer.self_issue == "deny" and session.account == asked.subject:
            raise DeniedError("generate.self_issue", "self_issue")
        if issuer.ticket == "required" and not asked.ticket:
            raise DeniedError("generate.ticket", "ticket_missing")
        approvers = {
            account
            for account, reading in subject.approvals
            if account != session.account and reading > now - issuer.approval_valid_ms
        }
        if len(approvers) < getattr(issuer.approvals, subject.tier):
            raise DeniedError("generate.approval", "approval_required")
        self.check_lifetime(asked)
        live = self.live(asked.subject, now)
        if self.policy.code.on_live == "refuse" and len(live) >= self.policy.code.per_user:
            raise DeniedError("generate.one_code", "code_already_live")
        for limit in self.policy.rates:
            if self.is_full(limit, asked.subject, session.account, now):
                raise DeniedError("generate.rate", "rate_limited", limit=limit.name)

    def check_lifetime(self, asked: Request) -> None:
        life = self.policy.lifetime
        if asked.lifetime_ms < life.min_ms:
            raise DeniedError("generate.lifetime", "lifetime_too_short")
        if asked.lifetime_ms > life.max_ms:
            raise DeniedError("generate.lifetime", "lifetime_too_long")
        if asked.lifetime_ms % life.step_ms != 0:
            raise DeniedError("generate.lifetime", "lifetime_not_on_step")

    def issue(
        self, asked: Request, session: PaperSession, subject: PaperAccount, now: int
    ) -> Verdict:
        """Do what follows an allowed generation."""
        live = self.live(asked.subject, now)
        surplus = max(0, len(live) + 1 - self.policy.code.per_user)
        for code in list(subject.codes):
            if code.end is None and code not in live:
                self.end(asked.subject, code, "lapsed")
            elif code in live[:surplus]:
                self.end(asked.subject, code, "replaced")
        code = PaperCode(len(subject.codes) + 1, now + asked.lifetime_ms, self.policy.code.uses)
        subject.codes.append(code)
        subject.failures[self.path("code")] = 0
        subject.locked.pop(self.path("code"), None)
        subject.approvals.clear()
        self.generations.append((now, asked.subject, session.account))
        return Verdict(None, None, code=code.ordinal)

    def is_full(self, limit: RateLimit, subject: str, account: str, now: int) -> bool:
        mine = [
            reading
            for reading, for_whom, by_whom in self.generations
            if (limit.scope != "subject" or for_whom == subject)
            and (limit.scope != "issuer" or by_whom == account)
        ]
        return is_full(limit, mine, now)

    def _expire(self, asked: Request, _typed: str | None, now: int) -> None:
        session = self.session_of(asked, now)
        own = self.policy.expire.own and session.account == asked.subject
        if not own:
            self.may_manage(asked, session)
        if self.policy.expire.assurance == "high" and session.level != "high":
            raise DeniedError("expire.assurance", "step_up_required")
        subject = self.known(asked)
        if not own:
            self.in_scope(asked, session, subject)
        if not self.live(asked.subject, now) and not self.pinned(asked.subject, now):
            raise DeniedError("expire.live", "no_live_code")
        if self.policy.expire.ends_sessions:
            for other in self.sessions.values():
                if other.code in subject.codes and other.code.end is None:
                    other.ended = True
        self.end_unended(asked.subject, now)

    def _sign_in(self, asked: Request, typed: str | None, now: int) -> Verdict:
        account, levels = self.known(asked), self.policy.sign_in.assurance
        code = None
        if not account.active:
            raise DeniedError("sign_in.active", "user_inactive")
        if account.frozen:
            raise DeniedError("sign_in.frozen", "user_frozen")
        if asked.sso:
            level = levels.sso
        else:
            spared = self.policy.sign_in.password == "not_with_code" and typed is not None
            right = asked.password_right and asked.by in account.knowers
            if not spared and not right:
                raise DeniedError("sign_in.password", "wrong_password")
            if not account.mfa:
                level = levels.password
            elif typed is not None:
                code = self.verify(asked.subject, asked, typed, now)
                level = levels.code
            else:
                self.verify(asked.subject, asked, typed, now)
                level = getattr(levels, asked.method)
                if "method_sign_in" in self.policy.code.ends_on:
                    self.revoke_live(asked.subject, now)
        self.sessions[asked.by] = PaperSession(asked.subject, level, now, now, code)
        return Verdict(None, None, level=level, code=code.ordinal if code else None)

    def verify(self, name: str, asked: Request, typed: str | None, now: int) -> PaperCode | None:
        """Apply sign-in rules 5 to 10; return the code that was accepted."""
        account, order = self.accounts[name], self.policy.sign_in.precedence
        code_stands = bool(self.live(name, now)) or self.pinned(name, now)
        if typed is None and asked.method is None:
            first = next(iter(account.methods), None)
            if code_stands and not (order == "methods_first" and first):
                challenge = "code"
            else:
                challenge = first or "none"
            raise DeniedError("sign_in.verification", "verification_required", challenge=challenge)
        if asked.method is not None and code_stands and order == "code_first":
            raise DeniedError("sign_in.precedence", "superseded_by_code")
        path = "methods" if typed is None else "code"
        locked = account.locked.get(self.path(path))
        if locked is not None and now < locked:
            raise DeniedError("sign_in.lockout", "locked_out", retry_after_ms=locked - now)
        if typed is None:
            self.prove(name, asked, now)
            return None
        return self.compare(name, typed, now)

    def prove(self, name: str, asked: Request, now: int) -> None:
        holders = self.accounts[name].methods.get(asked.method)
        if not holders:
            raise DeniedError("sign_in.enrolled", "method_not_enrolled")
        if asked.proof is not Proof.STOLEN:
            if asked.by in holders and asked.by in self.lost:
                raise DeniedError("sign_in.proof", "device_unavailable")
            if asked.by not in holders or asked.proof is Proof.WRONG:
                self.fail(name, "methods", now)
                raise DeniedError("sign_in.proof", "wrong_proof")
        self.succeed(name, "methods")

    def compare(self, name: str, typed: str, now: int) -> PaperCode:
        codes = self.accounts[name].codes
        for code in self.live(name, now):
            if code.text == typed:
                self.succeed(name, "code")
                if code.left is not None:
                    code.left -= 1
                    if code.left <= 0:
                        self.end(name, code, "used_up")
                return code
        over = [code for code in codes if not self.alive(code, now)]
        if over and over[-1].text == typed:
            end = over[-1].end or "lapsed"
            reason = "code_expired" if end == "lapsed" else f"code_{end}"
            raise DeniedError("sign_in.code", reason, code=over[-1].ordinal)
        if self.live(name, now):
            self.fail(name, "code", now)
            raise DeniedError("sign_in.code", "wrong_code")
        raise DeniedError("sign_in.code", "no_code")

    def _step_up(self, asked: Request, typed: str | None, now: int) -> Verdict:
        session = self.session_of(asked, now)
        code = self.verify(session.account, asked, typed, now)
        levels = self.policy.sign_in.assurance
        level = levels.code if typed is not None else getattr(levels, asked.method)
        ordinal = code.ordinal if code else None
        if level != "high":
            raise DeniedError("step_up.assurance", "method_too_weak", code=ordinal)
        session.level = "high"
        return Verdict(None, None, code=ordinal)

    def _use(self, asked: Request, _typed: str | None, now: int) -> None:
        self.session_of(asked, now)

    def _status(self, asked: Request, _typed: str | None, now: int) -> Verdict:
        self.may_manage(asked, self.session_of(asked, now))
        self.known(asked)
        leeway = self.policy.clock.leeway_ms
        ends = [code.expires + leeway for code in self.live(asked.subject, now)]
        return Verdict(None, None, live_until_ms=max(ends, default=None))

    def _reveal(self, *_: object) -> None:
        raise DeniedError("reveal.never", "code_not_viewable")

    def _enroll(self, asked: Request, _typed: str | None, now: int) -> None:
        session = self.session_of(asked, now)
        if self.policy.enroll.assurance == "high" and session.level != "high":
            raise DeniedError(f"{asked.kind}.assurance", "step_up_required")
        methods = self.accounts[session.account].methods
        if asked.kind is Kind.REMOVE_METHOD:
            methods.pop(asked.method, None)
            return
        methods.setdefault(asked.method, set()).add(asked.by)
        if "enroll" in self.policy.code.ends_on:
            self.revoke_live(session.account, now)

    _remove_method = _enroll

    def _approve(self, asked: Request, _typed: str | None, now: int) -> None:
        session = self.session_of(asked, now)
        self.may_manage(asked, session)
        subject = self.known(asked)
        if session.account == asked.subject:
            raise DeniedError("approve.self", "self_approval")
        subject.approvals.append((session.account, now))

    def _reset_password(self, asked: Request, _typed: str | None, now: int) -> None:
        session = self.session_of(asked, now)
        if "reset_passwords" not in self.accounts[session.account].permissions:
            raise DeniedError("reset_password.permission", "not_permitted")
        self.known(asked).knowers = {asked.given_to or asked.subject}

    # Facts

    def _sign_out(self, asked: Request, *_: object) -> None:
        self.sessions.pop(asked.by, None)

    def _lose_device(self, asked: Request, *_: object) -> None:
        self.lost.add(asked.by)

    def _find_device(self, asked: Request, *_: object) -> None:
        self.lost.discard(asked.by)

    def _activate(self, asked: Request, *_: object) -> None:
        if asked.subject in self.accounts:
            self.accounts[asked.subject].active = True

    def _deactivate(self, asked: Request, _typed: str | None, now: int) -> None:
        if asked.subject in self.accounts:
            self.accounts[asked.subject].active = False
            self.end_unended(asked.subject, now)
            self._end_sessions(asked.subject)

    def _freeze(self, asked: Request, *_: object) -> None:
        if asked.subject in self.accounts:
            self.accounts[asked.subject].frozen = True
            self._end_sessions(asked.subject)

    def _end_sessions(self, name: str) -> None:
        for session in self.sessions.values():
            if session.account == name:
                session.ended = True

    def _unfreeze(self, asked: Request, *_: object) -> None:
        if asked.subject in self.accounts:
            self.accounts[asked.subject].frozen = False

    def _unlock(self, asked: Request, *_: object) -> None:
        if asked.subject in self.accounts:
            self.accounts[asked.subject].failures.clear()
            self.accounts[asked.subject].locked.clear()


def is_full(limit: RateLimit, readings: list[int], now: int) -> bool:
    """Say whether a limit refuses a generation now, from every reading that there ever was."""
    if limit.window == "rolling":
        return sum(reading > now - limit.per_ms for reading in readings) >= limit.limit
    if limit.window == "clock_hour":
        hour = now // limit.per_ms
        return sum(reading // limit.per_ms == hour for reading in readings) >= limit.limit
    tokens, newest = Fraction(limit.limit), None
    for reading in (*readings, None):
        at = now if reading is None else reading
        if newest is not None and at > newest:
            refilled = Fraction((at - newest) * limit.limit, limit.per_ms)
            tokens = min(Fraction(limit.limit), tokens + refilled)
        newest = at if newest is None else max(newest, at)
        if reading is not None:
            tokens -= 1
    return tokens < 1
