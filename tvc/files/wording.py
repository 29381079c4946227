"""What a typed model found wrong with a file, in the words of files.

pydantic says what is wrong in terms of Python and of its own unions. Here each of its errors
becomes a fault at a place of the file that says what was expected there, with a guess at what
was meant.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Set
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from tvc.domain.words import check_word, list_choices, show, suggest
from tvc.files.documents import MAX_FAULTS
from tvc.files.faults import Fault
from tvc.files.nodes import Node, locate

#: Where something is said to be wrong: keys and indices below a node.
Path = tuple[str | int, ...]
#: Says in words what an error is, given its details, its place and the type that was read.
Word = Callable[[ErrorDetails, Path, Any], str]
_KEY_MARK: Final = "[key]"
_MOST_SAID: Final = 1_000
#: Errors of a step that does not say what is asked.
_UNTAGGED: Final = ("union_tag_invalid", "union_tag_not_found")


class Report:
    """Collects what is wrong with a file; a fault that shows in several cases counts once.

    No more than `MAX_FAULTS` are kept: who has that many starts with the first. Nor does it
    listen to the same few for ever, as the cases of a large table would say them.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._faults: dict[Fault, None] = {}
        self._settled: set[tuple[int, int]] = set()
        self._said = 0

    @property
    def is_full(self) -> bool:
        """Whether no more faults are taken."""
        return len(self._faults) >= MAX_FAULTS or self._said >= _MOST_SAID

    @property
    def faults(self) -> Set[Fault]:
        """What was found."""
        return self._faults.keys()

    def add(self, node: Node, message: str, *path: str | int, key: bool = False) -> None:
        """Report something wrong at a node, or at a path below it."""
        if self.is_full:
            return
        self._said += 1
        line, column = locate(node, path, key)
        if (line, column) not in self._settled:
            self._faults[Fault(self.file, line, column, message)] = None

    def check(
        self, node: Node, what: str, word: str, known: Collection[str], *path: str | int
    ) -> bool:
        """Say whether a word is one of those known; report it, below a node, when it is not."""
        if word in known:
            return True
        # A guess among thousands of names takes its time: not where nobody will see it.
        if not self.is_full:
            self.add(node, str(check_word(what, word, known)), *path)
        return False

    def settle(self, node: Node, message: str) -> None:
        """Report what is wrong at a node, and let nothing more be said of that place."""
        self.add(node, message)
        self._settled.add((node.line, node.column))

    def extend(self, faults: Iterable[Fault]) -> None:
        """Take over faults that somebody else found."""
        self._faults.update(dict.fromkeys(faults))


def _word(details: ErrorDetails, location: Path, model: Any) -> str:  # noqa: ANN401 - any type that pydantic knows
    kind, value = details["type"], details["input"]
    if kind == "missing":
        return f"missing key {show(location[-1])}"
    if kind == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        key = str(location[-1])
        guess = suggest(key, known)
        return f"unknown key {show(key)}" + (guess or f": {list_choices(known)}")
    phrase = _PHRASES.get(kind)
    if phrase is None:
        return f"{show(value)} does not fit here"
    return phrase(value, details.get("ctx", {}))


def report_errors(
    report: Report,
    error: ValidationError,
    node: Node,
    model: Any,  # noqa: ANN401 - as above
    word: Word = _word,
) -> list[Path]:
    """Report what pydantic found wrong below a node.

    Parameters
    ----------
    report
        Where the faults go.
    error
        What pydantic raised.
    node
        What was read, with its places.
    model
        The type it was read as.
    word
        The words for it; those of scenario files by default.

    Returns
    -------
    list of tuple
        The paths of the wrong values, below the node.
    """
    paths = []
    for index, details in enumerate(error.errors(include_url=False)):
        location = details["loc"]
        path = tuple(
            part for part in location if not (isinstance(part, str) and part.startswith("#"))
        )
        at_key = details["type"] == "extra_forbidden" or path[-1:] == (_KEY_MARK,)
        if path[-1:] == (_KEY_MARK,):
            path = path[:-1]
        elif details["type"] in _UNTAGGED:
            path = (*path, "do")
        if index < MAX_FAULTS:
            report.add(node, word(details, location, model), *path, key=at_key)
        paths.append(path)
    return paths


def _no_text(value: object, _context: Mapping[str, Any]) -> str:
    quoted = isinstance(value, int | float)
    return f"expected a text, found {show(value)}" + (": write it in quotes" if quoted else "")


def _no_word(value: object, context: Mapping[str, Any]) -> str:
    what, words = context["what"], [str(word) for word in context["words"]]
    guess = suggest(value, words) if isinstance(value, str) else ""
    return f"unknown {what} {show(value)}{guess}: {list_choices(words)}"


def _no_name(value: object, context: Mapping[str, Any]) -> str:
    if context["pattern"] == r"\S":
        return "expected a text that says why, found an empty one"
    return f"{show(value)} is no name: expected letters, digits, _ . - without blanks"


def _own_words(_value: object, context: Mapping[str, Any]) -> str:
    return str(context["error"])


def _no_step(value: object, context: Mapping[str, Any]) -> str:
    if not isinstance(value, dict):
        return f"expected a step such as {{at: 0s, do: sign_in, by: ana}}, found {show(value)}"
    if "do" not in value:
        return "missing key 'do': what is asked"
    if not isinstance(value["do"], str):
        return f"expected a request such as sign_in, found {show(value['do'])}"
    words = [part.strip(" '#") for part in context["expected_tags"].split(",")]
    return f"unknown request {show(value['do'])}{suggest(value['do'], words)}"


def _expected(what: str) -> Callable[[object, Mapping[str, Any]], str]:
    return lambda value, _context: f"expected {what}, found {show(value)}"


_PHRASES: Final[dict[str, Callable[[object, Mapping[str, Any]], str]]] = {
    "word": _no_word,
    "string_type": _no_text,
    "string_pattern_mismatch": _no_name,
    "value_error": _own_words,
    **dict.fromkeys(_UNTAGGED, _no_step),
    "int_type": _expected("a whole number"),
    "bool_type": _expected("true or false"),
    "list_type": _expected("a list"),
    "dict_type": _expected("a mapping"),
    "model_type": _expected("a mapping"),
    "less_than_equal": lambda value, context: f"{value} is too large: at most {context['le']}",
    "greater_than_equal": lambda value, context: f"{value} is too small: at least {context['ge']}",
}


def _keys_at(model: Any, location: Path) -> list[str]:  # noqa: ANN401 - as above
    """Return the keys that the mapping at a place may have."""
    for part in location:
        model = _inside(_bare(model), part)
    model = _bare(model)
    return list(model.model_fields) if _is_model(model) else []


def _bare(hint: Any) -> Any:  # noqa: ANN401 - as above
    """Take off annotations, and the None of what may be left out."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType):
        given = [part for part in get_args(hint) if part is not type(None)]
        if len(given) == 1:
            return _bare(given[0])
    return hint


def _inside(hint: Any, part: str | int) -> Any:  # noqa: ANN401 - as above
    if _is_model(hint):
        return hint.model_fields[part].annotation
    if isinstance(part, str) and part.startswith("#"):
        return next(
            member for member in get_args(hint) if Tag(part) in getattr(member, "__metadata__", ())
        )
    return get_args(hint)[-1]


def _is_model(hint: Any) -> bool:  # noqa: ANN401 - as above
    return isinstance(hint, type) and issubclass(hint, BaseModel)
