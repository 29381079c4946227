"""Nothing is read aloud: of a file that was refused for where it lies, no report shows a word."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tvc.cli.main import _run
from tvc.files.documents import read_source
from tvc.files.faults import InvalidFile
from tvc.harness.formats import FORMATS
from tvc.harness.sources import lines_of

#: What must not be seen: a line of a file outside, of each kind that a fault could quote.
SECRET = "ghp_0123456789"
SECRETS = {
    "words": f"{SECRET}\n",
    "environment": f"TOKEN={SECRET}\0HOME=/root\0",
    "entries": f"{SECRET}: 1\n{SECRET}: 2\n",
    "passwd": f"root:x:0:0:{SECRET}:/root:/bin/bash\n",
}
HEAD = "tvc: 1\npeople: {sam: {role: admin}, ana: {}}\n"
STEP = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h}"
PASSING = f"{HEAD}scenarios:\n  - id: a\n    timeline: [{STEP}]\n"
SIMULATED = (
    "tvc: 1\nscenarios:\n  - id: a\n"
    "    workload: {{users: 9, horizon: 1d, work: {{lasts: {{empirical: {file}}}}}}}\n"
    "    expect: [{{metric: mean(calls), at_most: 1}}]\n"
)
EXTENDING = f"{HEAD}policies: {{mine: {{extends: ./base.yaml}}}}\n{PASSING[len(HEAD) :]}"


def make_home(base, content):
    """A folder beside a file of secrets, with links to it of every kind."""
    (base / "outside").mkdir()
    secret = base / "outside" / "secret.csv"
    secret.write_text(content)
    home = base / "home"
    home.mkdir()
    for name in ("x.tvc.yaml", "e.csv", "base.yaml"):
        (home / name).symlink_to(secret)
    (home / "there").symlink_to(secret.parent)
    (home / "csv.tvc.yaml").write_text(SIMULATED.format(file="e.csv"))
    (home / "sub.tvc.yaml").write_text(SIMULATED.format(file="there/secret.csv"))
    (home / "up.tvc.yaml").write_text(SIMULATED.format(file="../outside/secret.csv"))
    (home / "extending.tvc.yaml").write_text(EXTENDING)
    (home / "fine.tvc.yaml").write_text(PASSING)
    return home


@pytest.fixture(params=SECRETS)
def home(request, tmp_path, monkeypatch):
    folder = make_home(tmp_path, SECRETS[request.param])
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def call(capsys):
    def call(*words):
        capsys.readouterr()
        code = _run([str(word) for word in words])
        return code, *capsys.readouterr()

    return call


CALLS = [
    *(f"test {file} -f {fmt}" for fmt in FORMATS for file in ("x.tvc.yaml", "csv.tvc.yaml", ".")),
    *(f"lint {file} -f {fmt}" for fmt in FORMATS for file in ("x.tvc.yaml", ".")),
    "test sub.tvc.yaml", "test up.tvc.yaml", "test extending.tvc.yaml", "test . -p 2",
    "test csv.tvc.yaml --collect-only", "test fine.tvc.yaml --policy strict=base.yaml",
    "explain x.tvc.yaml::a", "simulate x.tvc.yaml", "simulate csv.tvc.yaml",
    "simulate sub.tvc.yaml", "compare base.yaml strict --on csv.tvc.yaml",
    "compare salesforce strict --on sub.tvc.yaml", "sweep csv.tvc.yaml --vary desk.admins=1,2",
    "policies show base.yaml", "policies diff base.yaml strict", "hunt --policy base.yaml",
    "mutate x.tvc.yaml", "mutate fine.tvc.yaml --policy base.yaml", "init base.yaml",
    "lint base.yaml", "lint fine.tvc.yaml --policy base.yaml", "fix x.tvc.yaml", "fix .",
    "simulate --rerun x.tvc.yaml",
]  # fmt: skip


def test_no_command_shows_a_word_of_a_file_that_a_link_leads_out_to(home, call):
    for words in CALLS:
        code, out, err = call(*words.split(), *(["-f", "junit:r.xml"] if "-f" in words else []))
        assert code == 4, (words, out, err)
        assert SECRET not in out + err, words
        if (home / "r.xml").exists():
            assert SECRET not in (home / "r.xml").read_text()
            (home / "r.xml").unlink()


def test_pytest_shows_no_word_of_it_either(tmp_path):
    home = make_home(tmp_path, SECRETS["entries"])
    unused = ("no:cacheprovider", "no:hypothesispytest", "no:nbmake", "no:xdist")
    words = [word for name in unused for word in ("-p", name)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "-vv", "."],
        cwd=home, capture_output=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 4
    assert "this link leads out of its folder" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_a_link_that_leads_out_is_a_fault_and_never_left_out(home, call):
    for file in home.iterdir():
        if file.name not in ("x.tvc.yaml", "fine.tvc.yaml"):
            file.unlink()
    code, out, _ = call("test", ".")
    assert code == 4
    assert "x.tvc.yaml:1:1: error: this link leads out of its folder" in out


def test_a_link_inside_the_folder_is_followed(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "a.tvc.yaml").write_text(PASSING)
    (tmp_path / "a.tvc.yaml").symlink_to("..data/a.tvc.yaml")
    assert call("test", "a.tvc.yaml")[0] == 0
    assert call("test", ".")[0] == 0


def test_a_folder_that_was_named_may_be_a_link_and_those_inside_are_not_followed(tmp_path, call):
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "real" / "a.tvc.yaml").write_text(PASSING)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.tvc.yaml").write_text(PASSING)
    (tmp_path / "named").symlink_to("real")
    (tmp_path / "real" / "deep" / "loop").symlink_to(tmp_path)
    code, out, _ = call("test", tmp_path / "named", "--collect-only")
    assert code == 0
    assert out.splitlines() == [f"{tmp_path}/named/a.tvc.yaml::a"]


LOOPS = [
    "test loop",
    "test fine.tvc.yaml --policy strict=loop",
    "test fine.tvc.yaml -f json:loop",
    "test fine.tvc.yaml --coverage=loop",
    "lint loop",
    "lint fine.tvc.yaml --policy loop",
    "mutate loop",
    "mutate fine.tvc.yaml --policy loop",
    "mutate fine.tvc.yaml --offer loop",
    "explain loop::a",
    "simulate loop",
    "simulate --rerun loop",
    "hunt --policy loop -o loop",
    "hunt -o loop",
    "init loop",
    "init strict -o loop",
    "fix loop",
    "policies show loop",
    "compare loop strict --on loop",
    "sweep loop --vary desk.admins=1,2 -o loop",
    "simulate load.tvc.yaml --results loop",
    "simulate load.tvc.yaml --html loop",
]


def test_a_link_that_leads_to_itself_is_refused_by_every_command(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    Path("fine.tvc.yaml").write_text(PASSING)
    Path("load.tvc.yaml").write_text("tvc: 1\nscenarios: [{id: a, workload: {users: 9}}]\n")
    for words in LOOPS:
        code, out, err = call(*words.split())
        assert code == 4, (words, out, err)
        assert "internal error" not in err
    assert Path("loop").is_symlink()


@pytest.mark.parametrize("file", ["/proc/self/environ", "/proc/self/cmdline"])
def test_what_is_no_text_has_no_lines_to_show(file):
    if not os.path.exists(file):  # noqa: PTH110 - where there is no /proc, there is nothing to see
        return
    assert lines_of(file) == ()


@pytest.mark.parametrize("content", [b"a: 1\n\0", b"\xff\xfe", b"\x7fELF\x02\x01\x01\0", b"\x80"])
def test_an_excerpt_shows_nothing_of_what_is_not_text(tmp_path, monkeypatch, call, content):
    monkeypatch.chdir(tmp_path)
    Path("a.tvc.yaml").write_bytes(b"# visible\n" + content)
    assert lines_of("a.tvc.yaml") == ()
    code, out, _ = call("test", "a.tvc.yaml")
    assert code == 4
    assert "visible" not in out


def test_a_link_that_leads_out_is_refused_before_it_is_opened(home, monkeypatch):
    def opened(*_words, **_named):
        raise AssertionError("this must not be opened")

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(InvalidFile) as caught:
        read_source(home / "x.tvc.yaml")
    assert [fault.unread for fault in caught.value.faults] == [True]
