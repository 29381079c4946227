"""Whatever a slip of the hand makes of a scenario file, it runs or is refused in words."""

import contextlib
import io
import random
import re
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "scenarios"
CHUNKS = 20
MUTANTS = 2_000
SEED = 20_260_101

_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_ENTRY = re.compile(r"[^,{}\[\]]+")
_PUNCTUATION = re.compile(r"[\[\]{},:\"'#-]")
_SCALARS = [
    "null", "~", "true", "no", "0", "-1", "1.5", "1e9", "012", "0x1F", ".inf", "'1h'", '""', "[]",
    "{}", "[1h]", "{a: 1h}", "1h", "-5m", "99999d", "allow", "wrong", "${x}", "&a 1h", "*a",
    "!!str x", "ana", "sam", "|", "2026-01-01", "1_000",
]  # fmt: skip
_ODD = [
    "\t", "\r", "\n", "  ", "%", "\x00", "\x1b", "\x85", "\u2028", "\ufeff", "\u202e", "é", "💣",
    "\ud800",
]  # fmt: skip


@cache
def scenarios():
    """Every shipped scenario as a file of its own: with its people and policies."""
    found = []
    for file in sorted(FOLDER.glob("**/*.tvc.yaml")):
        head, _, body = file.read_text("utf-8").partition("\nscenarios:\n")
        head = "\n".join(line for line in head.splitlines() if not line.startswith("#"))
        for block in re.split(r"(?m)^(?=  - id:)", body)[1:]:
            # A simulation with ten times the people, say, would only take ten times as long.
            if re.search(r"(?m)^    (workload|compare):", block):
                continue
            # One that takes its steps from another scenario of its file does not stand alone.
            if set(re.findall(r": \*(\w+)", block)) <= set(re.findall(r": &(\w+)", block)):
                found.append(f"{head}\nscenarios:\n{block}")
    return found


# Each mutation takes a text and draws, and gives another text.


def _line(text, draw, change):
    lines = text.split("\n")
    place = draw.randrange(len(lines))
    lines[place : place + 1] = change(lines[place], lines)
    return "\n".join(lines)


def _part(text, draw, pattern, change):
    matches = list(pattern.finditer(text))
    if not matches:
        return text
    match = draw.choice(matches)
    return text[: match.start()] + change(match[0]) + text[match.end() :]


def drop_line(text, draw):
    return _line(text, draw, lambda _line, _all: [])


def drop_entry(text, draw):
    return _part(text, draw, re.compile(r"[^,{}\[\]\n]+, |, [^,{}\[\]\n]+"), lambda _: "")


def double_line(text, draw):
    return _line(text, draw, lambda line, _all: [line, line])


def double_entry(text, draw):
    return _part(text, draw, re.compile(r"[^,{}\[\]\n]+, "), lambda entry: entry * 2)


def swap_lines(text, draw):
    lines = text.split("\n")
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def swap_words(text, draw):
    other = draw.choice(_WORD.findall(text))
    return _part(text, draw, _WORD, lambda _: other)


def retype_scalar(text, draw):
    return _part(text, draw, re.compile(r"(?<=: )[^,{}\[\]\n]+"), lambda _: draw.choice(_SCALARS))


def truncate(text, draw):
    return text[: draw.randrange(len(text))]


def insert_odd(text, draw):
    place = draw.randrange(len(text) + 1)
    return text[:place] + draw.choice(_ODD) + text[place:]


def indent(text, draw):
    return _line(text, draw, lambda line, _all: [" " * draw.randrange(1, 5) + line])


def outdent(text, draw):
    return _line(text, draw, lambda line, _all: [line[draw.randrange(1, 4) :]])


def rename_key(text, draw):
    keys = re.findall(r"[a-z_.]+(?=:[ \n])", text)
    other = draw.choice([*keys, "lifetme", "unknown"])
    return _part(text, draw, re.compile(r"[a-z_.]+(?=:[ \n])"), lambda _: other)


def misspell(text, draw):
    def change(word):
        place = draw.randrange(len(word))
        return word[:place] + draw.choice("aeinorst_-1 ") + word[place + draw.randrange(2) :]

    return _part(text, draw, _WORD, change)


def drop_punctuation(text, draw):
    return _part(text, draw, _PUNCTUATION, lambda _: "")


def stretch_number(text, draw):
    digits = draw.choice(["0", "1", "7", "25", "999", "10000", "123456789012345678901"])
    return _part(text, draw, re.compile(r"\d+"), lambda _: digits)


MUTATIONS = (
    drop_line, drop_entry, double_line, double_entry, swap_lines, swap_words, retype_scalar,
    truncate, insert_odd, indent, outdent, rename_key, misspell, drop_punctuation, stretch_number,
)  # fmt: skip


def mutate(draw):
    text = draw.choice(scenarios())
    made = []
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        mutation = draw.choice(MUTATIONS)
        made.append(mutation.__name__)
        text = mutation(text, draw) or "\n"
    return text, made


def run(path, fmt):
    from tvc.cli.main import _run

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _run(["test", str(path), "-f", fmt])
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_mutated_scenario_runs_or_is_refused_and_nothing_else(chunk, tmp_path, record_property):
    draw = random.Random(SEED + chunk)
    path = tmp_path / "mutant.tvc.yaml"
    codes = dict.fromkeys((0, 1, 4, 5), 0)
    for number in range(MUTANTS // CHUNKS):
        text, made = mutate(draw)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        fmt = draw.choice(("pretty", "json", "junit", "github", "sarif"))
        code, out, err = run(path, fmt)
        story = f"mutant {number} of chunk {chunk} by {made} in {fmt}: exit {code}\n{err}\n{text}"
        assert code in codes, story
        assert "Traceback" not in err, story
        assert "please report it" not in out + err, story
        if code == 4:
            place = re.search(
                r"mutant\.tvc\.yaml:(\d+):(\d+): error: .", out if fmt == "pretty" else err
            )
            assert place, story
            assert 1 <= int(place[1]) <= text.count("\n") + 2, story
        codes[code] += 1
    record_property("codes", codes)
    # The control: mutations neither spare nor break everything.
    assert codes[0] >= 5
    assert codes[4] >= 20


def test_scenarios_cut_from_their_files_pass_as_they_are(tmp_path):
    """The control: what is mutated is right, so that a refusal is the mutation's doing."""
    path = tmp_path / "mutant.tvc.yaml"
    draw = random.Random(SEED)
    for text in draw.sample(scenarios(), 60):
        path.write_text(text, "utf-8")
        assert run(path, "json")[0] == 0, text
