"""Broken and malicious documents: each is read, or refused with faults; nothing else happens."""

import json
import os
import pickle
import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tvc.files import documents, nodes, yaml_events
from tvc.files.documents import parse_document
from tvc.files.faults import Fault, InvalidFile, list_choices, show, suggest
from tvc.files.nodes import Mapping, Scalar, Sequence, locate, plain

SCENARIO = """\
# yaml-language-server: $schema=./tvc.schema.json
tvc: 1
people:
  sam: {role: admin}
  mallory: {role: outsider, knows: [ana]}
clocks:
  west: {offset: -90s, drift_ppm: 20}
scenarios:
  - id: expires-on-the-dot
    policy: salesforce
    timeline:                              # a step without `expect` must be allowed
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 1h, do: sign_in, by: ana, code: c1, expect: {deny: code_expired, rule: sign_in.code}}
      - {at: 1h, do: generate, by: sam, for: ana, lifetime: "${life}", expect: '${want}'}
    breaks: []
    why: >
      folded
      text
"""


def faults_of(text: str | bytes) -> list[tuple[int, int, str]]:
    with pytest.raises(InvalidFile) as caught:
        parse_document(text, "f.yaml")
    assert all(fault.file == "f.yaml" for fault in caught.value.faults)
    return [(fault.line, fault.column, fault.message) for fault in caught.value.faults]


def only_fault(text: str | bytes) -> tuple[int, int, str]:
    (fault,) = faults_of(text)
    return fault


def value_of(text: str | bytes) -> object:
    return plain(parse_document(text, "f.yaml"))


# What is read


def test_the_main_form_means_what_ruamel_says():
    assert value_of(SCENARIO) == YAML(typ="safe", pure=True).load(SCENARIO)


def test_every_node_knows_its_place():
    root = parse_document(SCENARIO, "f.yaml")
    assert isinstance(root, Mapping)
    assert root.keys() == ("tvc", "people", "clocks", "scenarios")
    assert root.get("tvc") == Scalar(1, "1", 2, 6, True)
    assert root.get("absent") is None
    lines = SCENARIO.splitlines()
    step = ("scenarios", 0, "timeline", 1)
    for path, word in [
        ((*step,), "{at: 1h, do: sign_in"),
        ((*step, "expect"), "{deny: code_expired"),
        ((*step, "expect", "rule"), "sign_in.code}"),
        (("scenarios", 0, "timeline", 2, "lifetime"), '"${life}"'),
        (("scenarios", 0, "timeline", 2, "expect"), "'${want}'"),
        (("people", "mallory", "knows", 0), "ana]"),
        (("scenarios", 0), "id: expires"),
    ]:
        line, column = locate(root, path)
        assert lines[line - 1][column - 1 :].startswith(word)
    line, column = locate(root, (*step, "expect", "rule"), key=True)
    assert lines[line - 1][column - 1 :].startswith("rule: ")


def test_a_path_that_is_not_there_is_located_at_its_deepest_ancestor():
    root = parse_document("a:\n  b: [{c: 1}, 2]\n", "f.yaml")
    assert locate(root, ("a", "b", 1)) == (2, 15)
    assert locate(root, ("a", "b", 7)) == (2, 6)
    assert locate(root, ("a", "missing")) == (2, 3)
    assert locate(root, ("a", "missing"), key=True) == (1, 1)
    assert locate(root, ()) == (1, 1)
    assert locate(root, ("a", "b", 0, "tagged-union", "c")) == (2, 11)
    assert locate(root, ("a", "b", -1)) == (2, 6)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None), ("nULL", "nULL"),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("tRUE", "tRUE"),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"),
        ("0", 0), ("-0", 0), ("+5", 5), ("-12", -12), ("12:30", "12:30"), ("1_000", "1_000"),
        (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-1.5E-3", -0.0015), ("0.5", 0.5),
        (".", "."), ("-", "-"), ("+", "+"), ("1e", "1e"), ("0b11", "0b11"), ("1h30m", "1h30m"),
        ("2026-01-01", "2026-01-01"), ("-1m30s", "-1m30s"), ("\u0661", "\u0661"), ("<<", "<<"),
        ('"012"', "012"), ("'~'", "~"), ('""', ""), ("it's", "it's"), ("x#y", "x#y"),
    ],
)  # fmt: skip
def test_plain_scalars_follow_the_core_schema(text: str, value: object):
    if text not in {"-"}:
        assert value_of(f"a: {text}\n") == {"a": value}
    if text not in {"", "12:30"}:
        found = value_of(f"{{a: {text}}}")
        assert found == {"a": value}
        assert isinstance(found, dict)
        assert type(found["a"]) is type(value)


@pytest.mark.parametrize(
    "text",
    ["012345", "000123", "-012", "007.5", "0o17", "0x1F", ".inf", "-.INF", ".nan", "1e999",
     "12345678901234567890", "9" * 5000],
)  # fmt: skip
@pytest.mark.parametrize("form", ["a: {}", "{{b: 1, a: {}}}", "[{}]"])
def test_numbers_that_would_surprise_are_refused_and_told_to_be_quoted(text: str, form: str):
    _, column, message = only_fault(form.format(text))
    assert column == form.format(text).index(text) + 1
    assert "quotes" in message
    assert len(message) < 150
    assert value_of(form.format(f"'{text}'"))


def test_keys_are_texts_whatever_they_look_like():
    assert value_of("1: a\ntrue: b\n012: c\n~: d\n'': e") == {
        "1": "a", "true": "b", "012": "c", "~": "d", "": "e",
    }  # fmt: skip


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_lines_are_counted_by_any_line_break(line_break: str):
    text = line_break.join(["\ufeffa:", "  b: 1", "  b: 2", ""])
    assert only_fault(text) == (3, 3, "the key 'b' is on line 2 already")
    assert only_fault(text.encode()) == (3, 3, "the key 'b' is on line 2 already")


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"b":[true,null]}',
        '{"a":[{"b":[]},{},[[1]]],"c":-1.5e3,"d":"x"}',
        '["\\/ \\u00e9 \\ud83d\\ude00 \\n \\" \\\\ \\b\\f"]',
        '{"at": "0s"}',
        json.dumps({"a": [{"b": "é😀\n", "c": {"d": [1, 2.5, None, False]}}]}, indent=2),
        json.dumps({"a": [{"b": "é😀\n", "c": {"d": [1, 2.5, None, False]}}]}, indent="\t"),
        '"text"',
    ],
)
def test_json_is_accepted(text: str):
    assert value_of(text) == json.loads(text)


def test_json_places_are_those_of_the_file():
    root = parse_document('{"a":1,"b":[true,"\\u00e9"]}', "f.json")
    assert locate(root, ("b",), key=True) == (1, 8)
    assert locate(root, ("b", 1)) == (1, 18)


def test_aliases_stand_for_the_node_and_know_their_own_place():
    root = parse_document("a: &x {b: 1}\nc: *x\n", "f.yaml")
    assert plain(root) == {"a": {"b": 1}, "c": {"b": 1}}
    assert locate(root, ("c",)) == (2, 4)
    assert locate(root, ("c", "b")) == (1, 11)


# What is refused


def test_every_duplicate_key_is_named_with_the_line_of_the_first():
    assert faults_of("a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\n'a': 3\n") == [
        (2, 17, "the key 'c' is on line 2 already"),
        (3, 1, "the key 'a' is on line 1 already"),
        (4, 1, "the key 'a' is on line 1 already"),
    ]


def test_every_forbidden_tag_is_named():
    text = (
        "a: !!python/object:os.system x\nb: !foo [1]\nc: !<tag:x> 1\nd: &x !!str 1\ne: [!x, !y z]"
    )
    places = [(line, column) for line, column, message in faults_of(text) if "tag" in message]
    assert places == [(1, 4), (2, 4), (3, 4), (4, 7), (5, 5), (5, 9)]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("? [a]\n: b\n", 1, 3, "a key must be a text"),
        ("{{a: 1}: 2}", 1, 2, "a key must be a text"),
        ("? {a: 1}\n: b\n", 1, 3, "a key must be a text"),
        ("<<: {a: 1}", 1, 1, "merge keys"),
        ("{<<: {a: 1}}", 1, 2, "merge keys"),
        (": 1", 1, 1, "a key is missing"),
        ("{at:1s, do: use}", 1, 2, "no space behind ':'"),
        ("%YAML 1.1\n---\na: 1", 1, 1, "the only directive is '%YAML 1.2'"),
        ("%TAG ! tag:x,2000:\n---\na: 1", 1, 1, "the only directive"),
        ("%YAML 99999999999999999\n---\na: 1", 1, 1, "the only directive"),
        ("a: 1\n---\nb: 2", 2, 1, "a second document"),
        ("a: 1\n...\nb: 2", 3, 1, "a second document"),
        ("", 1, 1, "empty"),
        ("# only\n\n", 1, 1, "empty"),
        ("---\n...\n", 1, 1, "empty"),
        ("a: *x", 1, 4, "no anchor 'x'"),
        ("a: &a [*a]", 1, 8, "inside its own anchor"),
        ("a: &x 1\nb: &x 2", 2, 4, "the anchor 'x' is on line 1 already"),
        ("a: 1\n\tb: 2", 2, 1, "a tab is not allowed"),
        ("a:\n\t- b\n", 2, 1, "a tab is not allowed"),
        ("a: b: c", 1, 5, "a ': ' is not allowed here"),
        ("a: 1\n b: 2", 2, 3, "check the indentation"),
        ("a:\n  b: 1\n c: 2", 3, 2, "indentation since line 1"),
        ("a: 1\nfoo\n", 2, 1, "expected 'key: value'"),
        ("- a\nb: 1", 2, 1, "a key cannot stand here"),
        ("a: 'x\nb: 1\n", 1, 4, "never closed"),
        ("b:\n  a: {c: 1\n", 2, 6, "never closed by '}'"),
        ("a: [1, 2\nb: 3\n", 2, 2, "expected ',' or ']' to go on with what opens on line 1"),
        ("a: {b: ${x}}", 1, 9, 'needs quotes: "${...}"'),
        ("{a: 1} }", 1, 8, "expected '---' or the end of the document, found '}'"),
        ("[1,,2]", 1, 4, "expected a value, found ','"),
        ("a: @x", 1, 4, "a value cannot start with '@'"),
        ('a: "\\q"', 1, 6, "make no escape"),
        ('a: "\\x4"', 1, 7, "a hexadecimal digit is missing"),
        ('a: "\\UFFFFFFFF"', 1, 7, "stands for no character"),
        ('a: "\\U00110000"', 1, 7, "stands for no character"),
        ('a: "\\ud83d"', 1, 4, "lacks its other half"),
        ("a: |x\n  b\n", 1, 5, "nothing but a comment may follow"),
        ("a: &\n", 1, 4, "put a text that starts with them in quotes"),
        ("a: x\0y", 1, 5, "a NUL byte"),
        ("a: 1\nb: \x1b[2J", 2, 4, "U+001B"),
        ("a: \ud800", 1, 4, "U+D800"),
        ("a: b\u2028c: d", 1, 5, "U+2028"),
        ("a: b\ufeff", 1, 5, "U+FEFF"),
        (b"a: 1\nb: \xc3\xa9\xff", 2, 5, "byte 10 (0xff) is not UTF-8"),
        ("a: 1".encode("utf-16"), 1, 1, "UTF-16"),
        (b"\x7fELF\x00\x01", 1, 1, "U+007F"),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_refused_at_its_place(
    text: str | bytes, line: int, column: int, words: str
):
    found = [fault for fault in faults_of(text) if words in fault[2]]
    assert [fault[:2] for fault in found] == [(line, column)]


def test_a_syntax_fault_does_not_hide_what_was_found_before_it():
    assert [fault[:2] for fault in faults_of("a: 1\na: 012\nb: !t x\nc: [1\n")] == [
        (2, 1), (2, 4), (3, 4), (4, 4),
    ]  # fmt: skip


def test_a_yaml_1_2_directive_and_document_markers_are_accepted():
    assert value_of("%YAML 1.2 # as we do\n---\na: 1\n...\n") == {"a": 1}


# Limits


def test_aliases_that_explode_are_refused_at_once():
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [
        f"{b}: &{b} [{','.join(['*' + a] * 9)}]"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    started = time.process_time()
    _, _, message = only_fault("\n".join(lines))
    assert message == "more than 200000 values in a file, aliases written out"
    assert time.process_time() - started < 1


def test_aliases_are_limited_in_number_and_in_the_depth_they_reach():
    assert only_fault("- &a x\n" + "- *a\n" * 101)[2] == "more than 100 aliases in a file"
    assert value_of("- &a x\n" + "- *a\n" * 100)
    chain = "- &a0 [x]\n" + "".join(f"- &a{i + 1} [*a{i}]\n" for i in range(70))
    assert only_fault(chain)[2] == "more than 64 collections inside each other"


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "{a: ", "[{b: "])
def test_deep_nesting_is_refused_without_recursion(opening: str):
    (fault,) = faults_of(opening * 100_000)
    assert fault[2] == "more than 64 collections inside each other"
    line, column = fault[:2]
    assert line == 1
    assert 55 * len(opening) / 2 <= column <= 65 * len(opening) + 1


@pytest.mark.parametrize("inside", ["", "1, "])
def test_the_deepest_nesting_allowed_is_the_same_by_either_way_of_reading(inside: str):
    assert value_of("[" * 64 + inside.rstrip(", ") + "]" * 64)
    assert "64 collections" in only_fault("[" * 65 + inside.rstrip(", ") + "]" * 65)[2]


def test_many_faults_end_in_a_bounded_report():
    assert len(faults_of("[" + "!t x, " * 1000 + "]")) == documents.MAX_FAULTS


@pytest.mark.parametrize("separator", [", ", ",\n"])
def test_values_are_counted_alike_by_either_way_of_reading(
    monkeypatch: pytest.MonkeyPatch, separator: str
):
    monkeypatch.setattr(documents, "MAX_NODES", 1000)
    for count, read in [(333, True), (334, False)]:
        text = "[" + separator.join(["{a: [x]}"] * count) + "]"
        slow = "[" + separator.join(["{a: [x\n]}"] * count) + "]"
        assert (read_or_none(text) is not None) is read
        assert (read_or_none(slow) is not None) is read
    assert "1000 values" in only_fault("[" + separator.join("x" * 1000) + "]")[2]


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path: Path):
    path = tmp_path / "large.yaml"
    with path.open("wb") as stream:
        stream.truncate(50 * 1024 * 1024)
    started = time.process_time()
    with pytest.raises(InvalidFile, match=r"50\.0 MiB, more than the 8 MiB allowed"):
        documents.read_document(path)
    assert time.process_time() - started < 0.5


def test_only_regular_files_are_opened(tmp_path: Path):
    fifo = tmp_path / "fifo.yaml"
    os.mkfifo(fifo)
    for path, words in [
        (fifo, "a pipe or a device"),
        (Path("/dev/zero"), "a pipe or a device"),
        (tmp_path, "a directory"),
        (tmp_path / "absent.yaml", "cannot be read: No such file"),
        (tmp_path / "a\0b.yaml", "cannot be read"),
        (tmp_path / ("a" * 5000), "cannot be read"),
    ]:
        with pytest.raises(InvalidFile, match=words) as caught:
            documents.read_document(path)
        (fault,) = caught.value.faults
        assert (fault.line, fault.column) == (1, 1)
        assert "\0" not in str(fault)


def test_a_readable_file_is_read_with_its_name(tmp_path: Path):
    path = tmp_path / "a.tvc.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert plain(documents.read_document(str(path))) == {"a": 1}
    path.write_text("a: 1\na: 2\n")
    with pytest.raises(InvalidFile) as caught:
        documents.read_document(path)
    assert str(caught.value) == f"{path}:2:1: error: the key 'a' is on line 1 already"


# Whatever comes

PIECES = st.sampled_from(
    [*"{}[],:?-&*!|>'\"%@`#\\~<=. \n\t0", "a", "b c", ": ", "- ", "\n  ", "\n- ", "a: ", ", ",
     "{a: 1}", "[x, 1h]", "{deny: x, rule: y.z}", "'q'", '"q"', "&a ", "*a", "!t ", "012", "1e3",
     "\\u", "\\ud800", "---", "...", "%YAML 1.2", "é", "😀", "\ufeff", "\x85", "\0", "null", "<<"],
)  # fmt: skip


def assert_read_or_refused(text: str | bytes) -> None:
    try:
        node = parse_document(text, "f.yaml")
    except InvalidFile as invalid:
        for fault in invalid.faults:
            assert fault.line >= 1
            assert fault.column >= 1
            assert str(fault).isprintable()
            assert len(fault.message) < 200
    else:
        json.dumps(plain(node), allow_nan=False).encode()
        assert_placed(node, text)


def assert_placed(node: nodes.Node, text: str | bytes) -> None:
    decoded = text.decode() if isinstance(text, bytes) else text
    lines = re.split(r"\r\n?|\n", decoded.removeprefix("\ufeff"))
    stack = [node]
    while stack:
        node = stack.pop()
        assert 1 <= node.line <= len(lines)
        assert 1 <= node.column <= len(lines[node.line - 1]) + 1
        if isinstance(node, Sequence):
            stack.extend(node.items)
        elif isinstance(node, Mapping):
            assert len(set(node.keys())) == len(node.entries)
            stack.extend(part for entry in node.entries for part in entry)


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf")
def test_any_bytes_are_read_or_refused(data: bytes):
    assert_read_or_refused(data)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str):
    assert_read_or_refused(text)


@settings(max_examples=settings().max_examples * 5 // 2)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_mixture_of_syntax_is_read_or_refused(text: str):
    assert_read_or_refused(text)


@settings(max_examples=settings().max_examples * 3 // 2)
@given(st.data())
def test_any_damage_to_a_document_is_read_or_refused(data: st.DataObject):
    text = SCENARIO
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(PIECES) + text[end:]
    assert_read_or_refused(text)


def read_slowly(text: str) -> nodes.Node | None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_events.EventSource, "_fetch_whole", lambda _: False)
        return read_or_none(text)


def read_or_none(text: str) -> nodes.Node | None:
    try:
        return parse_document(text, "f.yaml")
    except InvalidFile:
        return None


FLOW_PIECES = st.sampled_from(
    [*"{}[],,::  -/%~?#\n\\", "{a: ", ", ", "b: ", "c.d: ", "'e': ", '"f":', "x", "1h30m", "-5",
     "- ", "12", "1.5", "true", "null", "''", '"g h"', "p95(x)", "a b", " #", "<<: ", "é", "012",
     "{}", "[]", "{a: 1}"],
)  # fmt: skip
BROKEN = st.lists(FLOW_PIECES, max_size=12).map(lambda pieces: "{a: " + "".join(pieces))
VALUES = st.recursive(
    st.sampled_from(
        ["x", "1h", "a b", "-5", "'q'", '"é q"', "true", "12", ".5", "p(x)", "''", "a/b"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(st.sampled_from(["a", "b_c", "d.e", "'f'", '"g"']), inner, max_size=4).map(
            lambda entries: "{" + ", ".join(f"{k}: {v}" for k, v in entries.items()) + "}"
        ),
    ),
    max_leaves=20,
)


@settings(max_examples=settings().max_examples * 5 // 2)
@given(
    st.sampled_from(["", "- ", "k: ", "[", "- - ", "k:\n  - ", "? ", "{z: ", "&n "]),
    st.one_of(VALUES, BROKEN),
    st.sampled_from(["", " # c", "#", "\n- x", "\nm: 1", "]", "}", ": 1", " : 1", "\n: 1", ", y]"]),
)  # fmt: skip
def test_the_quick_way_reads_as_the_scanner_does(before: str, value: str, after: str):
    text = before + value + after
    assert read_or_none(text) == read_slowly(text)


def test_the_main_form_takes_the_quick_way():
    # Counted rather than timed: the scanner is asked for a bracket only where a line is not whole.
    text = "\n".join(["timeline:"] + ["  - {at: 0s, do: sign_in, expect: {deny: no_code}}"] * 50)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml_events.Scanner, "fetch_flow_mapping_start")
        assert value_of(text)


# Faults


def test_a_fault_is_one_printable_line_and_sorts_by_place():
    late, early = Fault("f", 10, 1, "b"), Fault("f", 9, 3, "a")
    invalid = InvalidFile([late, early])
    assert str(invalid) == "f:9:3: error: a\nf:10:1: error: b"
    assert str(Fault("a\nb\x1b.yaml", 1, 1, "m")) == "a\\nb\\x1b.yaml:1:1: error: m"
    assert pickle.loads(pickle.dumps(invalid)).faults == invalid.faults
    with pytest.raises(ValueError, match="at least one"):
        InvalidFile([])


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, "\n\x1b[2J\u202e\ud800", "é" * 60, {"a": 1}, [1], None, True, 10**17, 1.5],
)  # fmt: skip
def test_values_of_a_file_are_shown_short_and_escaped(value: object):
    shown = show(value)
    assert shown.isprintable()
    assert len(shown) <= 40
    shown.encode()


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("lifetme.max", "lifetime.max"), ("lifetime.mx", "lifetime.max"),
        ("Lifetime.Max", "lifetime.max"), ("max_lifetime", "lifetime.max"),
        ("sign-in", "sign_in"), ("signin", "sign_in"), ("SIGN_IN", "sign_in"),
        ("ta", "at"), ("att", "at"), ("fro", "for"), ("wiht", "with"), ("lifetim", "lifetime"),
        ("per_user", "code.per_user"), ("code.peruser", "code.per_user"),
        ("retry-after", "retry_after"), ("xyz", None), ("", None), ("q" * 10**6, None),
        ("at", None), ("max", None),
    ],
)  # fmt: skip
def test_the_word_that_was_meant_is_suggested(word: str, meant: str | None):
    known = [
        "at", "by", "do", "for", "with", "sign_in", "lifetime", "lifetime.max", "lifetime.min",
        "session.max", "code.per_user", "retry_after", "session.idle",
    ]  # fmt: skip
    assert suggest(word, known) == (f" (did you mean '{meant}'?)" if meant else "")


def test_choices_are_listed_and_abbreviated_when_they_are_many():
    assert list_choices(["a", "b"]) == "expected one of: a, b"
    assert list_choices(["allow"]) == "expected allow"
    many = list_choices([f"choice{number}" for number in range(30)])
    assert many.endswith("choice11 and 18 more")
