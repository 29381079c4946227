"""Rules that are wrong in one way: a failure that is not counted, a code that outranks nothing.

A variant makes the rule from the one of the law: it edits what the original puts, or stands in
its place. Dropping and swapping rules needs no code of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from tvc.authority.context import Context, Refusal, Verdict, find_method
from tvc.authority.reasons import Reason
from tvc.authority.requests import Proof
from tvc.authority.rules import Rule
from tvc.authority.state import Code, CodeEnd, Put
from tvc.workbench.mutation.editing import Check, Edit, edit_since, without
from tvc.workbench.mutation.equivalence import (
    APPROVALS,
    CODE_FIRST,
    IDLE,
    PINS,
    PINS_METHODS,
    SEVERAL_CODES,
    SEVERAL_RATES,
    SEVERAL_USES,
    Condition,
)


@dataclass(frozen=True, slots=True)
class RuleVariant:
    """A rule that is wrong in one way.

    Attributes
    ----------
    about
        The rule's id, in every request that meets it.
    says
        What it does instead.
    make
        Makes its check from the law's.
    matters
        What a policy must say for the difference to show; None where it always may.
    """

    about: str
    says: str
    make: Callable[[Check], Check]
    matters: Condition | None = None

    def of(self, rule: Rule) -> Rule:
        """Return the rule, wrong."""
        return replace(rule, check=self.make(rule.check))


def _edited(edit: Edit, *, when_refused: bool | None = None) -> Callable[[Check], Check]:
    """Edit what a rule puts: where it refused, where it passed, or (None) always."""

    def make(original: Check) -> Check:
        def check(c: Context) -> Verdict:
            before = len(c.effects)
            verdict = original(c)
            if when_refused is None or when_refused == isinstance(verdict, Refusal):
                edit_since(c, before, edit)
            return verdict

        return check

    return make


def _instead(check: Check) -> Callable[[Check], Check]:
    return lambda _: check


def _keep_counting(c: Context, put: Put) -> Put:
    """Let the counter stand at its limit when the lock begins."""
    if put.table == "guards" and put.value is not None and put.value.locked_until_ms is not None:
        return put._replace(value=put.value._replace(failures=c.policy.lockout.failures))
    return put


def _forget_lock(_: Context, put: Put) -> Put:
    return put._replace(value=None) if put.table == "guards" else put


def _keep_use(_: Context, put: Put) -> Put | None:
    """Leave the uses of a code that stays live as they were."""
    if put.table == "codes" and all(code.ended is not CodeEnd.USED_UP for code in put.value):
        return None
    return put


def _counting(path: str, counts: Callable[[Context, Refusal], bool]) -> Callable[[Check], Check]:
    """Vary a rule so that some refusals which are no failures count as failures."""

    def vary(original: Check) -> Check:
        def check(c: Context) -> Verdict:
            verdict = original(c)
            if isinstance(verdict, Refusal) and counts(c, verdict):
                c.count_failure(path)
            return verdict

        return check

    return vary


def _stolen_counts_as_wrong(original: Check) -> Check:
    def check(c: Context) -> Verdict:
        if c.request.method is not None and c.request.proof is Proof.STOLEN:
            c.count_failure("methods")
            return Refusal(Reason.WRONG_PROOF)
        return original(c)

    return check


def _lost_device_only_when_right(original: Check) -> Check:
    """Judge a wrong proof before asking for the device."""

    def check(c: Context) -> Verdict:
        if c.request.method is not None and c.request.proof is Proof.WRONG:
            c.count_failure("methods")
            return Refusal(Reason.WRONG_PROOF)
        return original(c)

    return check


def _methods_rank_first(c: Context) -> Verdict:
    """Refuse the code, and not the method, while a code is live."""
    if (
        c.request.matched is not None
        and c.policy.sign_in.precedence == "code_first"
        and (c.live or c.pinned)
    ):
        return Refusal(Reason.SUPERSEDED_BY_CODE)
    return None


def _ranks_first_unless_pinned(original: Check) -> Check:
    return lambda c: original(c) if c.live else None


def _ask_for_last_method(original: Check) -> Check:
    def check(c: Context) -> Verdict:
        verdict = original(c)
        if isinstance(verdict, Refusal) and verdict.challenge == find_method(c.account):
            return verdict._replace(challenge=c.account.methods[-1][0])
        return verdict

    return check


def _recognised(choose: Callable[[list[Code]], list[Code]]) -> Callable[[Check], Check]:
    """Recognise other codes that are over than the newest one."""

    def make(original: Check) -> Check:
        def check(c: Context) -> Verdict:
            matched = c.request.matched
            over = [code for code in c.codes if code not in c.live]
            newest = {code.ordinal for code in over[-1:]}
            wanted = {code.ordinal for code in choose(over)}
            if matched is None or not (wanted ^ newest) & {*matched}:
                return original(c)
            request = c.request
            if newest & {*matched} - wanted:
                c.request = request.presenting(())
                return original(c)
            c.code = next(code for code in over if code.ordinal in matched)
            return Refusal(Reason.CODE_EXPIRED)

        return check

    return make


def _oldest_live_only(original: Check) -> Check:
    """Compare what is presented with the oldest live code alone."""

    def check(c: Context) -> Verdict:
        others = {code.ordinal for code in c.live[1:]}
        if c.request.matched is not None and others & {*c.request.matched}:
            c.request = c.request.presenting(())
        return original(c)

    return check


def _name_last_limit(original: Check) -> Check:
    def check(c: Context) -> Verdict:
        verdict = original(c)
        if isinstance(verdict, Refusal):
            names = [limit.name for limit in c.policy.rates]
            return verdict._replace(limit=names[-1])
        return verdict

    return check


def _count_own_approval(original: Check) -> Check:
    def check(c: Context) -> Verdict:
        acting, c.acting = c.acting, None
        verdict = original(c)
        c.acting = acting
        return verdict

    return check


def _needs_whole_permission(original: Check) -> Check:
    def check(c: Context) -> Verdict:
        if "manage_mfa_standard" in c.permissions and "manage_mfa" not in c.permissions:
            return Refusal(Reason.NOT_PERMITTED)
        return original(c)

    return check


def _ignores_pins(c: Context) -> Verdict:
    return None if c.live else Refusal(Reason.NO_LIVE_CODE)


_LATEST_KEPT = "leaves the latest request of the session as it was"
_SESSION_RULES: Final = tuple(
    f"{kind}.session"
    for kind in (
        "generate", "expire", "step_up", "use", "status", "enroll", "remove_method", "approve",
        "reset_password",
    )
)  # fmt: skip

#: Rules that are wrong in one way.
RULE_VARIANTS: Final = (
    *(
        RuleVariant(about, _LATEST_KEPT, _edited(without("sessions")), IDLE)
        for about in _SESSION_RULES
    ),
    RuleVariant(
        "generate.permission", "asks for the whole manage_mfa", _needs_whole_permission
    ),
    RuleVariant("expire.permission", "asks for the whole manage_mfa", _needs_whole_permission),
    RuleVariant("status.permission", "asks for the whole manage_mfa", _needs_whole_permission),
    RuleVariant("approve.permission", "asks for the whole manage_mfa", _needs_whole_permission),
    RuleVariant(
        "generate.approval", "counts the issuer's own approval", _count_own_approval, APPROVALS
    ),
    RuleVariant(
        "generate.rate", "names the last limit, not the first", _name_last_limit, SEVERAL_RATES
    ),
    RuleVariant("expire.live", "lets a pinned subject be", _instead(_ignores_pins), PINS),
    RuleVariant(
        "sign_in.verification", "asks for the last method enrolled", _ask_for_last_method
    ),
    RuleVariant(
        "sign_in.precedence", "refuses the code instead", _instead(_methods_rank_first), CODE_FIRST
    ),
    RuleVariant(
        "sign_in.precedence",
        "lets methods in while pinned",
        _ranks_first_unless_pinned,
        PINS_METHODS,
    ),
    RuleVariant(
        "sign_in.proof", "counts no failure", _edited(without("guards"), when_refused=True)
    ),
    RuleVariant(
        "sign_in.proof",
        "leaves the counter after a success",
        _edited(without("guards"), when_refused=False),
    ),
    RuleVariant(
        "sign_in.proof", "locks without starting the counter anew", _edited(_keep_counting)
    ),
    RuleVariant(
        "sign_in.proof",
        "forgets the lock after a success",
        _edited(_forget_lock, when_refused=False),
    ),
    RuleVariant(
        "sign_in.proof",
        "counts a lost device as a failure",
        _counting("methods", lambda _, no: no.reason is Reason.DEVICE_UNAVAILABLE),
    ),
    RuleVariant("sign_in.proof", "sees through a stolen proof", _stolen_counts_as_wrong),
    RuleVariant(
        "sign_in.proof", "judges a wrong proof before the device", _lost_device_only_when_right
    ),
    RuleVariant(
        "sign_in.code", "counts no failure", _edited(without("guards"), when_refused=True)
    ),
    RuleVariant(
        "sign_in.code",
        "leaves the counter after a success",
        _edited(without("guards"), when_refused=False),
    ),
    RuleVariant(
        "sign_in.code", "locks without starting the counter anew", _edited(_keep_counting)
    ),
    RuleVariant(
        "sign_in.code",
        "forgets the lock after a success",
        _edited(_forget_lock, when_refused=False),
    ),
    RuleVariant("sign_in.code", "counts no use", _edited(_keep_use), SEVERAL_USES),
    RuleVariant(
        "sign_in.code",
        "counts a guess without a code",
        _counting("code", lambda _, no: no.reason is Reason.NO_CODE),
    ),
    RuleVariant(
        "sign_in.code",
        "counts a code that is over",
        _counting("code", lambda c, _: c.code is not None),
    ),
    RuleVariant(
        "sign_in.code",
        "recognises the oldest code that is over",
        _recognised(lambda over: over[:1]),
    ),
    RuleVariant(
        "sign_in.code", "recognises every code that is over", _recognised(lambda over: over)
    ),
    RuleVariant("sign_in.code", "recognises no code that is over", _recognised(lambda _: [])),
    RuleVariant(
        "sign_in.code", "compares with the oldest live code alone", _oldest_live_only, SEVERAL_CODES
    ),
)  # fmt: skip
