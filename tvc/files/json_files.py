"""JSON that a results folder holds: read as what anybody may have put there."""

import json
from pathlib import Path
from typing import Any, Final, NoReturn

#: Deeper than anything that is written, and shallow enough for whatever goes through it.
_DEEPEST: Final = 100


class NotJson(ValueError):
    """A file that holds no JSON that is read; the message goes on after its name."""


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever JSON can say
    """Read a file of JSON.

    Raises
    ------
    NotJson
        If it cannot be read, is none, or lists and objects are nested too deep in it.
    """
    if path.exists() and not path.is_file():
        raise NotJson("is not a file")
    try:
        plain = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except OSError as why:
        raise NotJson(f"cannot be read: {why.strerror}") from None
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


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number in JSON")


def _too_deep() -> NotJson:
    return NotJson(f"is nested more than {_DEEPEST} levels deep")


def _parts(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
