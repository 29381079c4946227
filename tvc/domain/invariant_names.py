"""The names of the invariants, for files that ask for them or say that they break.

What each one checks is the business of `tvc.trace.invariants`, which lies above: a file can be
read, and a misspelt name reported, without it.
"""

from typing import Final

#: Invariants that a policy makes true: they apply to every trace unless a scenario says otherwise.
BY_POLICY: Final = (
    "no_use_after_expiry",
    "at_most_per_user_live",
    "rate_limit_holds",
    "code_outranks_methods",
    "no_generation_below_assurance",
    "inactive_users_get_nothing",
    "lockout_holds",
    "secrets_stay_secret",
    "every_code_ends_once",
    "every_change_is_audited",
)

#: Invariants that no policy alone makes true: they apply where a scenario asks for them.
ON_REQUEST: Final = ("outsiders_stay_out", "outsiders_issue_nothing", "expire_now_evicts")

#: Every invariant.
INVARIANT_NAMES: Final = BY_POLICY + ON_REQUEST
