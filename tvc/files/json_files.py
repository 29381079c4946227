"""JSON that a results folder holds: read as what anybody may have put there."""

import json
from pathlib import Path
from typing import Any, Final, NoReturn

#: More than a study of a million replications writes.
MOST_BYTES: Final = 256 << 20
#: Deeper than anything that is written, and shallow enough for whatever goes through it.
_DEEPEST: Final = 100


class NotJson(ValueError):
    """A file that holds no JSON that is read; the message goes on after its name."""


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever JSON can say
    """Read a file of JSON.

    Raises
    ------
    NotJson
        If it cannot be read, is none, is too large, or lists and objects are nested too deep in it.
    """
    content = _read_bytes(path)
    try:
        plain = json.loads(content.decode("utf-8"), parse_constant=_refuse)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise NotJson("is no JSON") from None
    level: list[Any] = [plain]
    for _ in range(_DEEPEST):
        level = [part for whole in level for part in _parts(whole)]
        if not level:
            return plain
    raise _too_deep()


def _read_bytes(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise NotJson("is not a file")
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as why:
        raise NotJson(f"cannot be read: {why.strerror}") from None
    if len(content) > MOST_BYTES:
        raise NotJson(f"is larger than the {MOST_BYTES >> 20} MiB that are read")
    return content


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number in JSON")


def _too_deep() -> NotJson:
    return NotJson(f"is nested more than {_DEEPEST} levels deep")


def _parts(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
