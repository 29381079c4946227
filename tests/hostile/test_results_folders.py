"""Whatever stands in a results folder, it is read or refused in words; nothing else happens.

Folders of finished runs and studies are cut, flipped, rewritten and robbed of files. A study that
goes on with one gives what an undisturbed one gives, or refuses the folder.
"""

import hashlib
import io
import json
import os
import random
import shutil
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tvc.cli.main import _run
from tvc.domain import excess
from tvc.domain.excess import Excessive
from tvc.files.json_files import MOST_BYTES
from tvc.files.outputs import RefusedOutput
from tvc.files.policies import load_shipped
from tvc.runs.replications import Asked, Plan, Running, run_arms
from tvc.runs.results import FolderRefused, NotARun, claim_folder, read_run, rerun
from tvc.runs.store import StoreRefused
from tvc.studies.changes import Ground
from tvc.studies.sweeps import grid, read_axis

WORKLOAD = {"users": 20, "horizon": "1d", "drain": "0s", "losses": {"per_user_per_year": 20}}
SCENARIO = {"tvc": 1, "scenarios": [{"id": "a", "workload": WORKLOAD}]}
ASKED = [Asked.read("mean(calls)"), Asked.read("mean(desk.utilisation)")]
#: What takes the place of a value of a manifest or a run.json.
VALUES = (
    None, True, False, -1, 0, 1.5, 1e308, 10**30, -(10**30), 2**63, "", "x", "\udcff", "9" * 5000,
    "::error::\n", [], {}, [[]], {"": None}, [None] * 50, "\u202e", 2**31, "1000000d", "0s",
)  # fmt: skip
FORGED = ("forge_numbers",)


def nested(depth):
    return "[" * depth + "]" * depth


# What is done to a folder


def cut(drawn, folder):
    path = drawn.choice(files_of(folder))
    data = path.read_bytes()
    path.write_bytes(data[: drawn.randrange(len(data) + 1)])


def flip(drawn, folder):
    path = drawn.choice(files_of(folder))
    data = bytearray(path.read_bytes())
    for _ in range(drawn.choice([1, 1, 2, 20])):
        place = drawn.randrange(len(data))
        data[place] ^= 1 << drawn.randrange(8)
    path.write_bytes(data)


def insert(drawn, folder):
    path = drawn.choice(files_of(folder))
    data = path.read_bytes()
    place = drawn.randrange(len(data) + 1)
    junk = drawn.choice([b"\0", b"[" * 3000, b"1" * 5000, b"NaN", b"1e999", b"\xff\xfe", b'"'])
    path.write_bytes(data[:place] + junk + data[place:])


def change_value(drawn, folder):
    path = described(folder)
    plain = json.loads(path.read_text("utf-8"))
    whole, key = drawn.choice(list(places_of(plain)))
    whole[key] = drawn.choice(VALUES)
    path.write_text(json.dumps(plain), "utf-8", errors="surrogatepass")


def remove_value(drawn, folder):
    path = described(folder)
    plain = json.loads(path.read_text("utf-8"))
    whole, key = drawn.choice(list(places_of(plain)))
    del whole[key]
    path.write_text(json.dumps(plain), "utf-8")


def nest(drawn, folder):
    path = described(folder)
    plain = json.loads(path.read_text("utf-8"))
    whole, key = drawn.choice(list(places_of(plain)))
    whole[key] = "HERE"
    deep = nested(drawn.choice([90, 150, 900, 5_000, 100_000]))
    path.write_text(json.dumps(plain).replace('"HERE"', deep), "utf-8")


def rob(drawn, folder):
    for path in drawn.sample(files_of(folder), drawn.choice([1, 1, 2])):
        path.unlink()


def replace_file(drawn, folder):
    path = drawn.choice(files_of(folder))
    path.unlink()
    kind = drawn.randrange(5)
    if kind == 4:
        with path.open("wb") as file:
            file.truncate(MOST_BYTES + 1)
    elif kind == 0:
        path.mkdir()
    elif kind == 1:
        path.symlink_to(path.name)
    elif kind == 2:
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/null")


def add_file(drawn, folder):
    name = drawn.choice(["thesis.doc", f"part-{'0' * 32}.parquet", ".manifest.json.part", "x\ny"])
    (folder / name).write_bytes(drawn.randbytes(20))


def other_columns(drawn, folder):
    """Write a part with other columns, under the name of its bytes."""
    path = drawn.choice([path for path in files_of(folder) if path.suffix == ".parquet"])
    table = parquet.read_table(path)
    names = table.column_names
    name = drawn.choice(names)
    place = names.index(name)
    others = ([None], ["x"], [b"x"], [[1]], [{"a": 1}], [10**30], [float("nan")], [True], [1.5])
    kind = drawn.randrange(5)
    if kind == 0:
        table = table.drop_columns([name])
    elif kind == 1:
        table = table.rename_columns(["other" if each == name else each for each in names])
    elif kind == 2:
        values = drawn.choice(others[:5] + others[6:]) * table.num_rows
        table = table.set_column(place, name, pa.array(values))
    elif kind == 3:
        table = table.append_column(drawn.choice(names), pa.array([1] * table.num_rows))
    else:
        table = table.slice(0, 0)
    written(path, table)


def forge_numbers(drawn, folder):
    """Change what was measured, under the name of the bytes: nobody can tell."""
    path = drawn.choice([path for path in files_of(folder) if path.suffix == ".parquet"])
    table = parquet.read_table(path)
    for place, name in enumerate(table.column_names):
        if pa.types.is_floating(table.column(name).type):
            table = table.set_column(place, name, pa.array([drawn.random()] * table.num_rows))
    written(path, table)


MUTATIONS = (
    cut, flip, insert, change_value, change_value, change_value, remove_value, nest, rob,
    replace_file, add_file, other_columns, other_columns, forge_numbers,
)  # fmt: skip


def files_of(folder):
    return sorted(path for path in folder.iterdir() if path.is_file() and path.stat().st_size)


def described(folder):
    return next(folder / name for name in ("run.json", "manifest.json") if (folder / name).exists())


def places_of(plain):
    for key in plain if isinstance(plain, dict) else range(len(plain)):
        yield plain, key
        if isinstance(plain[key], dict | list):
            yield from places_of(plain[key])


def written(path, table):
    content = io.BytesIO()
    parquet.write_table(table, content)
    path.unlink()
    digest = hashlib.sha256(content.getvalue()).hexdigest()[:32]
    name = path.name if path.name.startswith("summary") else f"part-{digest}.parquet"
    path.with_name(name).write_bytes(content.getvalue())


# What is read


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Results of a run, a comparison and a sweep, and what the studies came to."""
    home = tmp_path_factory.mktemp("finished")
    before = Path.cwd()
    os.chdir(home)
    try:
        Path("a.tvc.json").write_text(json.dumps(SCENARIO))
        assert _run(["simulate", "a.tvc.json", "--results", "run", "--trace", "none"]) == 0
    finally:
        os.chdir(before)
    rows = {name: study(name, home / name, resume=False) for name in AXES}
    return home, rows


#: The studies: a comparison varies one knob, a sweep two.
AXES = {"compare": ("lifetime.max=1h,24h",), "sweep": ("lifetime.max=1h,24h", "desk.admins=1,2")}


def study(name, folder, resume):
    ground = Ground(load_shipped("salesforce"), WORKLOAD, Path())
    arms = [arm for _, arm in grid(ground, [read_axis(axis) for axis in AXES[name]])]
    plan = Plan(2, seed=1, running=Running(results=folder, resume=resume))
    return [[dict(row) for row in of_arm] for of_arm in run_arms(name, arms, ASKED, plan)]


@contextmanager
def shortly_refused(told, *refusals):
    """Let something be refused in a sentence, whatever stood in the folder."""
    sentence = ""
    try:
        yield
    except refusals as why:
        sentence = str(why)
    assert len(sentence) < 1_000, told


def check_folder(number, finished, tmp_path):
    home, rows = finished
    drawn = random.Random(number)
    name = drawn.choice(["run", "compare", "sweep"])
    folder = tmp_path / str(number)
    shutil.copytree(home / name, folder)
    done = [drawn.choice(MUTATIONS) for _ in range(drawn.choice([1, 1, 1, 2]))]
    for mutation in done:
        if not files_of(folder) or not any(
            (folder / one).is_file() for one in ("run.json", "manifest.json")
        ):
            break
        of_parts = mutation in (other_columns, forge_numbers)
        if of_parts and name != "run" and not list(folder.glob("part-*")):
            continue
        does = change_value if of_parts and name == "run" else mutation
        try:
            does(drawn, folder)
        except (ValueError, RecursionError, pa.ArrowException, OSError):
            break  # what the one before it did leaves nothing to be done
    told = (number, name, [mutation.__name__ for mutation in done])
    if name == "run":
        check_run(folder, told)
        return
    with shortly_refused(told, StoreRefused):
        found = study(name, folder, resume=True)
        forged = forge_numbers in done or other_columns in done
        assert forged or found == rows[name], told


def check_run(folder, told):
    with shortly_refused(told, NotARun, Excessive):
        rerun(read_run(folder / "run.json"))
    with shortly_refused(told, FolderRefused, RefusedOutput), claim_folder(folder):
        pass


@pytest.fixture
def lowered(monkeypatch):
    monkeypatch.setattr(excess, "MOST_EVENTS", 10_000)


@pytest.mark.usefixtures("lowered")
@pytest.mark.parametrize("batch", range(4))
def test_a_damaged_folder_is_read_or_refused(batch, finished, tmp_path):
    for number in range(batch * 50, batch * 50 + 50):
        check_folder(number, finished, tmp_path)


@pytest.mark.nightly
@pytest.mark.usefixtures("lowered")
@pytest.mark.parametrize("batch", range(20))
def test_more_damaged_folders_are_read_or_refused(batch, finished, tmp_path):
    for number in range(1_000 + batch * 100, 1_000 + batch * 100 + 100):
        check_folder(number, finished, tmp_path)
