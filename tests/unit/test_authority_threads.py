"""One authority, many threads: others are refused, and a shared one judges one by one."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tvc.authority.authority import Authority, Instant
from tvc.authority.decide import LAW, decide
from tvc.authority.durations import HOUR_MS
from tvc.authority.policy import Policy
from tvc.authority.requests import request
from tvc.authority.state import Person, State, apply

THREADS = 8
TRIALS = 150
AT = Instant.of(0)
GENERATE = request("generate", "sam", subject="ana", lifetime_ms=HOUR_MS)
EXPIRE = request("expire", "sam", subject="ana")
SIGN_IN = request("sign_in", "ana", method="authenticator")
PEOPLE = [Person("sam", "admin"), Person("ana")]
POLICY = Policy().with_values({"rates.subject": None})


@pytest.fixture
def desk():
    return Authority(POLICY, State.of(PEOPLE))


@pytest.fixture
def often_switching():
    """Let threads take turns within a request, and not after several."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work):
    """Let eight threads work at the same time; return what each returned or raised."""
    start = threading.Barrier(THREADS)

    def run(number):
        start.wait()
        try:
            return work(number)
        except RuntimeError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def is_serial(records):
    """Whether records are those of their requests, judged one after another in that order."""
    state = State.of(PEOPLE)
    requests = [record for record in records if record.event is None]
    for record in requests:
        decision = decide(LAW, POLICY, state, record.request, record.at.reading_ms)
        if decision != record.decision:
            return False
        apply(state, decision.effects)
    told = [event for record in requests for event in record.decision.events]
    return told == [record.event for record in records if record.event is not None] and [
        record.seq for record in records
    ] == list(range(len(records)))


def test_a_request_of_another_thread_is_refused_by_name_and_changes_nothing(desk):
    assert desk.submit(GENERATE, AT).decision.allowed
    before = desk.state.copy()
    asks = [
        lambda: desk.submit(EXPIRE, AT),
        lambda: desk.judge(EXPIRE, AT),
        lambda: desk.finish(AT),
        lambda: desk.forget("ana", AT),
    ]
    refused = in_threads(lambda number: asks[number % len(asks)]())
    assert {str(error) for error in refused} == {
        "an authority is asked by the thread that made it, and by no other"
    }
    assert desk.state == before
    assert desk.submit(EXPIRE, AT).decision.allowed


@pytest.mark.usefixtures("often_switching")
def test_eight_threads_beside_the_owner_never_make_a_second_live_code():
    for _ in range(3):
        records = []
        desk = Authority(POLICY, State.of(PEOPLE), sink=records.append)
        stop = threading.Event()
        taken = []

        def hammer(desk=desk, stop=stop, taken=taken):
            while not stop.is_set():
                try:
                    taken.append(desk.submit(GENERATE, AT))
                except RuntimeError:
                    continue

        threads = [threading.Thread(target=hammer) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        answers = [desk.submit(ask, AT) for ask in [GENERATE, GENERATE, SIGN_IN, EXPIRE] * 3]
        stop.set()
        for thread in threads:
            thread.join()
        assert not taken
        assert [answer.decision.allowed for answer in answers] == [True, False, False, True] * 3
        assert is_serial(records)


@pytest.mark.usefixtures("often_switching")
def test_eight_threads_that_share_one_get_one_live_code_in_every_trial():
    """The way that the docstring shows: a thread of its own, which all others ask."""
    for _ in range(TRIALS):
        records = []
        with ThreadPoolExecutor(max_workers=1) as owner:
            desk = owner.submit(Authority, POLICY, State.of(PEOPLE), sink=records.append).result()
            answers = in_threads(
                lambda _, owner=owner, desk=desk: owner.submit(desk.submit, GENERATE, AT).result()
            )
        assert sum(answer.secret is not None for answer in answers) == 1
        assert sum(code.ended is None for code in desk.state.codes["ana"]) == 1
        assert is_serial(records)
        assert len(records) == THREADS


def test_the_check_of_a_serial_order_finds_two_codes_generated_at_once():
    states = [State.of(PEOPLE), State.of(PEOPLE)]
    records = []
    for state in states:
        desk = Authority(POLICY, state, sink=records.append)
        assert desk.submit(GENERATE, AT).decision.allowed
    raced = [record._replace(seq=seq) for seq, record in enumerate(records)]
    assert is_serial(raced[:1])
    assert not is_serial(raced)


@pytest.mark.parametrize("part", ["sink", "draw", "law"])
def test_what_the_authority_calls_cannot_ask_it_and_it_goes_on_afterwards(part):
    inner = []

    def ask_again(*_):
        if not inner:
            inner.append(None)
            with pytest.raises(RuntimeError, match="judging a request already") as caught:
                desk.submit(GENERATE, AT)
            inner[0] = caught.value
        return "123456"

    def wrap(rule):
        def check(c):
            ask_again()
            return rule.check(c)

        return type(rule)(rule.id, check, rule.refuses, rule.says)

    parts = {"law": LAW.observed(wrap, LAW.comparisons)} if part == "law" else {part: ask_again}
    desk = Authority(POLICY, State.of(PEOPLE), **parts)
    assert desk.submit(GENERATE, AT).secret is not None
    assert isinstance(inner[0], RuntimeError)
    assert desk.submit(EXPIRE, AT).decision.allowed


@pytest.mark.parametrize("way", ["submit", "judge", "finish", "forget"])
def test_a_sink_that_breaks_leaves_the_authority_ready_for_the_next_request(way):
    broken = []

    def sink(_record):
        if broken:
            raise OSError(broken.pop())

    desk = Authority(POLICY, State.of(PEOPLE), sink=sink)
    assert desk.submit(GENERATE, AT).decision.allowed
    late = Instant.of(2 * HOUR_MS)
    ways = {
        "submit": lambda: desk.submit(EXPIRE, AT),
        "judge": lambda: desk.judge(EXPIRE, AT),
        "finish": lambda: desk.finish(late),
        "forget": lambda: desk.forget("ana", late),
    }
    broken.append("the disk is full")
    with pytest.raises(OSError, match="disk is full"):
        ways[way]()
    assert desk.submit(request("use", "sam"), AT).decision.allowed
