"""Spells without access and stranded people, against their definitions read off the whole history.

The book keeps who is in a spell and forgets the rest; here every spell is looked up afterwards in
the list of all that happened to somebody.
"""

from hypothesis import given
from hypothesis import strategies as st

from tvc.trace.measures.lockouts import Lockouts

START_MS, HORIZON_MS, BIN_MS, END_MS = 100, 1_000, 90, 1_400

#: What happens to somebody, and the method of the book that is told.
HAPPENINGS = {
    "refused": lambda book, who, at_ms: book.refused(who, at_ms),
    "superseded": lambda book, who, at_ms: book.superseded(who, at_ms),
    "in by code": lambda book, who, at_ms: book.let_in(who, at_ms, by_code=True),
    "in by own method": lambda book, who, at_ms: book.let_in(who, at_ms, by_code=False),
    "lost": lambda book, who, at_ms: book.device_lost(who, at_ms),
    "found": lambda book, who, _at_ms: book.device_found(who),
    "restored": lambda book, who, at_ms: book.restored(who, at_ms),
    "left": lambda book, who, at_ms: book.left(who, at_ms),
}
OUT = {"refused", "superseded"}
IN = {"in by code", "in by own method", "left"}
USABLE = {"in by own method", "lost", "restored"}

happenings = st.lists(
    st.tuples(
        st.integers(0, END_MS - 1), st.sampled_from(["u1", "u2"]), st.sampled_from(list(HAPPENINGS))
    ),
    max_size=40,
).map(lambda told: sorted(told, key=lambda one: one[0]))


def stretches(history, begins, ends):
    """(start, end) from each that begins one to the next that ends it, or (start, None)."""
    found, start_ms = [], None
    for place, (at_ms, what) in enumerate(history):
        if start_ms is None and begins(history[: place + 1]):
            start_ms = at_ms
        elif start_ms is not None and what in ends:
            found.append((start_ms, at_ms))
            start_ms = None
    return found + ([] if start_ms is None else [(start_ms, None)])


def holds_device(history):
    told = [what for _, what in history if what in ("lost", "found")]
    return not told or told[-1] == "found"


@given(happenings)
def test_spells_and_stranded_time_are_those_of_the_definitions(told):
    book = Lockouts(START_MS, HORIZON_MS, BIN_MS)
    for at_ms, who, what in told:
        HAPPENINGS[what](book, who, at_ms)
    book.finish(END_MS)
    book.level.set(END_MS, book.level.value)

    spells, stranded = [], []
    for who in ("u1", "u2"):
        history = [(at_ms, what) for at_ms, person, what in told if person == who]
        spells += stretches(history, lambda past: past[-1][1] in OUT, IN)
        stranded += stretches(
            history, lambda past: past[-1][1] == "superseded" and holds_device(past), USABLE
        )
    counted = [spell for spell in spells if START_MS <= spell[0] < HORIZON_MS]
    lengths = [(END_MS if end is None else end) - start for start, end in counted]
    assert book.time_to_access.count == len(counted)
    assert book.time_to_access.unfinished == sum(end is None for _, end in counted)
    assert book.time_to_access.total_ms == sum(lengths)
    assert book.stranded_ms == sum(
        (END_MS if end is None else end) - start
        for start, end in stranded
        if START_MS <= start < HORIZON_MS
    )
    assert book.level.total_ms() == sum(
        max(0, min(END_MS if end is None else end, HORIZON_MS) - max(start, START_MS))
        for start, end in spells
    )
