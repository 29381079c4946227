"""Write again what is made from the code: schema, reference policy, README blocks, notebooks.

    .venv/bin/python .ci/regenerate.py [PART...]

Parts: ``schemas`` (the copy for editors); ``policies`` (the knobs of ``salesforce.yaml``);
``readme`` (the table of the law and what commands print); ``answer`` (the comparison in the
README, which takes minutes); ``notebooks`` (with the pictures that the README shows, at full
scale). Without a part, all of them in this order.
"""

import contextlib
import io
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Final

from tvc.authority.policy import KNOBS, RATE_KNOBS, Knob
from tvc.authority.rules import RULES
from tvc.cli.main import _run
from tvc.domain.words import suggest
from tvc.files.schema import scenario_schema

ROOT: Final = Path(__file__).resolve().parents[1]
README: Final = ROOT / "README.md"
SCHEMA: Final = ROOT / "tvc" / "files" / "tvc.schema.json"

SALESFORCE: Final = ROOT / "tvc" / "policies" / "salesforce.yaml"

_INDENT: Final = "  "
#: How much of a simulation's summary the README shows.
_SHOWN_LINES: Final = 24


def schema() -> str:
    """Return the text of the schema that ships with the package, for editors."""
    text = json.dumps(scenario_schema(), indent=1, sort_keys=True, ensure_ascii=False)
    return text + "\n"


def salesforce() -> str:
    """Return the reference policy: its head as it is, then every knob with its default."""
    head = SALESFORCE.read_text("utf-8").partition("\n\n")[0]
    lines: list[str] = [head]
    inside: tuple[str, ...] = ()
    for knob in _in_order():
        *groups, name = knob.key.split(".")
        if not groups or not inside or groups[0] != inside[0]:
            lines.append("")
        shared = len([1 for ours, theirs in zip(groups, inside, strict=False) if ours == theirs])
        lines += [f"{_INDENT * depth}{groups[depth]}:" for depth in range(shared, len(groups))]
        indent = _INDENT * len(groups)
        lines.append(f"{indent}# {knob.meaning} ({knob.source})")
        lines.append(f"{indent}{name}: {knob.format(knob.default)}")
        inside = tuple(groups)
    return "\n".join(lines) + "\n"


def _in_order() -> Iterable[Knob]:
    """Yield every knob in the order of the file, where the rate limit follows the code."""
    groups = groupby(KNOBS, lambda knob: knob.key.partition(".")[0])
    for group, knobs in groups:
        yield from knobs
        if group == "code":
            yield from (replace(knob, key=f"rates.subject.{knob.key}") for knob in RATE_KNOBS)


def fenced(text: str, mark: str) -> str:
    """Return what stands in the fenced block below a mark of the README."""
    return _block(mark).search(text)[2]  # type: ignore[index]


def law(text: str) -> str:
    """Return the README with the table of the law as it is."""
    rows = ["| request | rule | refuses with | stands for |", "|---|---|---|---|"]
    for kind, rules in RULES.items():
        for rule in rules:
            refuses = ", ".join(rule.refuses) or "allows at once"
            rows.append(f"| {kind} | `{rule.id}` | {refuses} | {rule.says} |")
    table = "\n".join(rows)
    marks = re.compile(r"(<!-- law -->\n).*?(<!-- /law -->)", re.DOTALL)
    return marks.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)


def simulate(text: str) -> str:
    """Return the README with what a simulation prints."""
    printed = _printed(["simulate", "scenarios/lost_phones.tvc.yaml"])
    return _put(text, "simulate", "".join(printed.splitlines(keepends=True)[:_SHOWN_LINES]))


def failure(text: str) -> str:
    """Return the README with how its scenario fails."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "ana.tvc.yaml").write_text(fenced(text, "scenario"), "utf-8")
        printed = _printed(["test", "ana.tvc.yaml"], Path(folder))
    failed = printed[printed.index("FAILED ") :]
    told = failed.index("\n", failed.index("  rerun: ")) + 1
    return _put(text, "failure", failed[:told])


def answer(text: str) -> str:
    """Return the README with what its comparison prints."""
    return _put(text, "answer", _printed(shlex.split(fenced(text, "answer-command"))[1:]))


def _block(mark: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {mark} -->\n```\w+\n)(.*?)(```)", re.DOTALL)


def _put(text: str, mark: str, shown: str) -> str:
    return _block(mark).sub(lambda found: f"{found[1]}{shown}{found[3]}", text)


def _printed(arguments: list[str], folder: Path = ROOT) -> str:
    """Return what a command writes to stdout."""
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as out:
        _run(arguments)
    return out.getvalue()


def _write_schemas() -> None:
    _write(SCHEMA, schema())


def _write_policies() -> None:
    _write(SALESFORCE, salesforce())


def _write_readme(*blocks: Callable[[str], str]) -> None:
    text = README.read_text("utf-8")
    for block in blocks:
        text = block(text)
    _write(README, text)


def _write_notebooks() -> None:
    subprocess.run([sys.executable, str(ROOT / "notebooks" / "regenerate.py")], check=True)


def _write(path: Path, text: str) -> None:
    changed = path.read_text("utf-8") != text
    if changed:
        path.write_text(text, "utf-8")
    print(f"{path.relative_to(ROOT)}: {'written' if changed else 'as it was'}", flush=True)


PARTS: Final[dict[str, Callable[[], None]]] = {
    "schemas": _write_schemas,
    "policies": _write_policies,
    "readme": lambda: _write_readme(law, simulate, failure),
    "answer": lambda: _write_readme(answer),
    "notebooks": _write_notebooks,
}


def main(names: Sequence[str]) -> None:
    """Write the parts that are named, or all."""
    for name in names:
        if name not in PARTS:
            raise SystemExit(f"there is no part {name!r}{suggest(name, PARTS)}; {_known(PARTS)}")
    for name in names or PARTS:
        PARTS[name]()


def _known(parts: Iterable[str]) -> str:
    return f"there are {', '.join(parts)}"


if __name__ == "__main__":
    main(sys.argv[1:])
