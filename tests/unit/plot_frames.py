"""Made-up frames in the shape of those of a run: small ones by hand, large ones drawn once."""

import numpy as np
import pandas as pd

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

EVENTS = (
    "at_ms", "reading_ms", "node", "type", "by", "subject", "reason", "rule", "method", "code",
    "cause",
)  # fmt: skip
CODES = (
    "code", "subject", "issuer", "generated_ms", "lifetime_ms", "expires_ms", "ended_ms", "cause",
    "uses", "misuses", "first_use_ms", "last_use_ms", "exposed_ms", "idle_ms",
)  # fmt: skip
TAKEOVERS = (
    "outsider", "account", "by", "first_access_ms", "signed_in_ms", "enrolled", "access_ms",
    "evicted_ms", "evicted_by",
)  # fmt: skip
COLUMNS = {
    "events": EVENTS,
    "codes": CODES,
    "takeovers": TAKEOVERS,
    "series": ("start_ms", "measure", "label", "value"),
    "histograms": ("measure", "low_ms", "high_ms", "count"),
    "summary": ("metric", "where", "value", "unit", "meaning"),
    "tornado": ("input", "low_value", "high_value", "at_low", "at_high", "base"),
    "pairs": ("replication", "baseline", "candidate"),
    "arms": ("x", "x_low", "x_high", "y", "y_low", "y_high", "arm", "on_front"),
    "grid": ("lifetime.max", "desk.admins", "calls"),
    "along": ("at", "value", "low", "high"),
    "guessing": ("length", "lifetime_ms", "failures", "lock_ms", "chance"),
}


def empty(name):
    """A frame of that name without rows."""
    frame = pd.DataFrame({column: [] for column in COLUMNS[name]}, dtype=object)
    return typed(frame)


def typed(frame):
    """Times as whole numbers that may be missing, as runs give them."""
    for column in frame.columns:
        if column.endswith("_ms") and column != "high_ms":
            frame[column] = frame[column].astype("Int64")
    return frame


def event(at_ms, kind, subject="u1", by=None, **rest):
    """A row of events."""
    row = dict.fromkeys(EVENTS) | {"at_ms": at_ms, "reading_ms": at_ms, "type": kind}
    return row | {"subject": subject, "by": subject if by is None else by} | rest


def events(*rows):
    """A frame of events."""
    return typed(pd.DataFrame(list(rows), columns=list(EVENTS)))


def story():
    """A user loses a device, has two codes, is refused the device that is back; an outsider."""
    return events(
        event(1 * HOUR_MS, "lose_device"),
        event(2 * HOUR_MS, "call.placed"),
        event(2 * HOUR_MS, "sign_in.denied", reason="device_unavailable", method="authenticator"),
        event(3 * HOUR_MS, "generate.allowed", by="a1", code="u1#1"),
        event(3 * HOUR_MS + 1, "sign_in.allowed", method="code", code="u1#1"),
        event(4 * HOUR_MS, "generate.denied", by="a1", reason="code_already_live"),
        event(5 * HOUR_MS, "find_device"),
        event(6 * HOUR_MS, "sign_in.denied", reason="superseded_by_code", method="authenticator"),
        event(7 * HOUR_MS, "sign_in.allowed", by="x:thieves:9.1", method="code", code="u1#1"),
        event(8 * HOUR_MS, "code.ended", by="a1", code="u1#1", cause="revoked"),
        event(9 * HOUR_MS, "sign_in.allowed", method="authenticator"),
        event(10 * HOUR_MS, "generate.allowed", by="a1", code="u1#2"),
        event(11 * HOUR_MS, "sign_in.allowed", method="code", code="u1#2"),
        event(20 * HOUR_MS, "sign_in.denied", reason="code_expired", method="code", code="u1#2"),
        event(40 * HOUR_MS, "code.ended", code="u1#2", cause="lapsed"),
        event(2 * HOUR_MS, "call.placed", subject="u2"),
    )


def code(name, generated_ms, ended_ms, cause="lapsed", idle_ms=0, lifetime_ms=None):
    """A row of codes."""
    subject, _, _ = name.partition("#")
    life_ms = ended_ms - generated_ms
    lifetime_ms = life_ms if lifetime_ms is None else lifetime_ms
    return dict(zip(CODES, (
        name, subject, "a1", generated_ms, lifetime_ms, generated_ms + lifetime_ms, ended_ms,
        cause, 1, 0, generated_ms, ended_ms - idle_ms, life_ms, idle_ms,
    ), strict=True))  # fmt: skip


def codes(*rows):
    """A frame of codes."""
    return typed(pd.DataFrame(list(rows), columns=list(CODES)))


def takeovers(*rows):
    """A frame of takeovers."""
    return typed(pd.DataFrame(list(rows), columns=list(TAKEOVERS)))


def series(values, measure, label="", bin_ms=HOUR_MS):
    """The rows of one measure of a series."""
    starts = [place * bin_ms for place in range(len(values))]
    return pd.DataFrame({"start_ms": starts, "measure": measure, "label": label, "value": values})


def histograms(bins, measure="time_to_access"):
    """A frame of histograms of one measure from (low_ms, high_ms, count)."""
    frame = pd.DataFrame(bins, columns=["low_ms", "high_ms", "count"])
    frame.insert(0, "measure", measure)
    return frame.astype({"high_ms": float})


def summary(stranded_ms):
    """A summary with one metric."""
    row = ("mean(stranded)", "", float(stranded_ms), "hours", "")
    return pd.DataFrame([row], columns=list(COLUMNS["summary"]))


# A million rows each


def many(name, count=1_000_000):
    """A frame of that name with so many rows."""
    return _MANY[name](np.random.default_rng(7), count)


def _many_events(rng, count):
    kinds = np.array(
        ["lose_device", "call.placed", "generate.allowed", "sign_in.allowed", "sign_in.denied",
         "generate.denied", "find_device", "code.ended"], dtype=object,
    )  # fmt: skip
    kind = kinds[rng.integers(0, len(kinds), count)]
    subject = rng.integers(1, 2_000, count)
    names = np.array([f"u{number}" for number in range(2_000)], dtype=object)
    code_names = np.array([f"u{number}#1" for number in range(2_000)], dtype=object)
    has_code = np.isin(kind, ["generate.allowed", "code.ended", "sign_in.allowed"])
    at_ms = np.sort(rng.integers(0, 28 * DAY_MS, count))
    frame = pd.DataFrame(
        {
            "at_ms": at_ms,
            "reading_ms": at_ms,
            "node": None,
            "type": kind,
            "by": names[subject],
            "subject": names[subject],
            "reason": np.select(
                [kind == "generate.denied", kind == "sign_in.denied"],
                [np.array("rate_limited", object), np.array("superseded_by_code", object)],
                np.array(None, object),
            ),
            "rule": None,
            "method": np.where(kind == "sign_in.denied", "authenticator", None),
            "code": np.where(has_code, code_names[subject], None),
            "cause": np.where(kind == "code.ended", "lapsed", None),
        }
    )
    return typed(frame)


def _many_codes(rng, count):
    subjects = np.array([f"u{number}" for number in range(2_000)], dtype=object)
    generated = rng.integers(0, 28 * DAY_MS, count)
    lifetime = rng.integers(1, 25, count) * HOUR_MS
    exposed = (lifetime * rng.uniform(0.2, 1, count)).astype(np.int64)
    causes = np.array(["lapsed", "revoked", "replaced", "used_up", "live"], dtype=object)
    frame = pd.DataFrame(
        {
            "code": [f"u{number % 2_000}#{number // 2_000}" for number in range(count)],
            "subject": subjects[np.arange(count) % len(subjects)],
            "issuer": "a1",
            "generated_ms": generated,
            "lifetime_ms": lifetime,
            "expires_ms": generated + lifetime,
            "ended_ms": generated + exposed,
            "cause": causes[rng.integers(0, len(causes), count)],
            "uses": 1,
            "misuses": 0,
            "first_use_ms": generated,
            "last_use_ms": generated,
            "exposed_ms": exposed,
            "idle_ms": (exposed * rng.uniform(0, 1, count)).astype(np.int64),
        }
    )
    return typed(frame)


def _many_takeovers(rng, count):
    first = rng.integers(0, 28 * DAY_MS, count)
    access = rng.integers(1, 9 * DAY_MS, count)
    causes = np.array(["", "code_revoked", "code_lapsed", "session_ended", "deactivated"], object)
    by = causes[rng.integers(0, len(causes), count)]
    frame = pd.DataFrame(
        {
            "outsider": "x:callers:1",
            "account": "u1",
            "by": "callers",
            "first_access_ms": first,
            "signed_in_ms": first,
            "enrolled": rng.integers(0, 2, count).astype(bool),
            "access_ms": access,
            "evicted_ms": pd.array(np.where(by == "", None, first + access), dtype="Int64"),
            "evicted_by": by,
        }
    )
    return typed(frame)


def _many_series(rng, count):
    measures = ("codes.live", "desk.queue", "desk.busy", "desk.duty")
    denied = ("code_expired", "superseded_by_code", "wrong_code", "locked_out", "no_code", "x", "y")
    size = count // (len(measures) + len(denied)) + 1
    parts = [series(rng.uniform(0, 9, size), measure) for measure in measures]
    parts += [series(rng.integers(0, 9, size), "sign_ins.denied", label) for label in denied]
    return pd.concat(parts, ignore_index=True)


def _many_histograms(rng, count):
    low = np.arange(count) * 1000
    return histograms({"low_ms": low, "high_ms": low + 1000, "count": rng.integers(1, 9, count)})


def _many_summaries(rng, count):
    return pd.DataFrame({
        "metric": "mean(stranded)", "where": "", "value": rng.uniform(0, 9 * HOUR_MS, count),
        "unit": "hours", "meaning": "",
    })  # fmt: skip


def _many_inputs(rng, count):
    low, high = rng.normal(5, 1, (2, count))
    return pd.DataFrame({
        "input": "losses.per_user_per_year", "low_value": 1, "high_value": 2,
        "at_low": low, "at_high": high, "base": 5.0,
    })  # fmt: skip


def _many_pairs(rng, count):
    baseline = rng.normal(100, 9, count)
    return pd.DataFrame({
        "replication": np.arange(count), "baseline": baseline,
        "candidate": baseline + rng.normal(-1, 3, count),
    })  # fmt: skip


def _many_arms(rng, count):
    x, y = rng.uniform(1, 9, (2, count))
    on_front = np.zeros(count, bool)
    on_front[np.argsort(x)[:3]] = True
    return pd.DataFrame({
        "x": x, "x_low": x - 1, "x_high": x + 1, "y": y, "y_low": y - 1, "y_high": y + 1,
        "arm": "arm", "on_front": on_front,
    })  # fmt: skip


def _many_cells(rng, count):
    return pd.DataFrame({
        "lifetime.max": rng.integers(1, 200, count), "desk.admins": rng.integers(1, 200, count),
        "calls": rng.uniform(0, 1, count),
    })  # fmt: skip


def _many_guesses(rng, count):
    return pd.DataFrame({
        "length": rng.integers(4, 40, count), "lifetime_ms": rng.integers(1, 25, count) * HOUR_MS,
        "failures": rng.integers(1, 9, count), "lock_ms": rng.integers(1, 9, count) * HOUR_MS,
        "chance": rng.uniform(0, 1, count),
    })  # fmt: skip


def _many_values(rng, count):
    value = rng.uniform(5, 9, count)
    return pd.DataFrame({
        "at": np.arange(count), "value": value, "low": value - 1, "high": value + 1,
    })  # fmt: skip


_MANY = {
    "along": _many_values,
    "events": _many_events,
    "codes": _many_codes,
    "takeovers": _many_takeovers,
    "series": _many_series,
    "histograms": _many_histograms,
    "summary": _many_summaries,
    "tornado": _many_inputs,
    "pairs": _many_pairs,
    "arms": _many_arms,
    "grid": _many_cells,
    "guessing": _many_guesses,
}
