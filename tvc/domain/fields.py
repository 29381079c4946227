"""Fields: the plain values that files are made of, as types that check and spell themselves."""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from tvc.authority.durations import format_duration, parse_duration
from tvc.domain.words import show

T = TypeVar("T")

NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
DURATION_PATTERN: Final = r"^(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"


class OneOf:
    """Annotates a text that must be one of some words.

    A `Literal` would check the same; this one keeps what the words are for the message that
    names the nearest of them.
    """

    def __init__(self, what: str, words: tuple[str | int, ...]) -> None:
        self.what = what
        self.words = words

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Build the check."""
        return core_schema.custom_error_schema(
            core_schema.literal_schema(list(self.words)),
            custom_error_type="word",
            custom_error_message=self.what,
            custom_error_context={"what": self.what, "words": self.words},
        )


class Given:
    """Annotates an optional key: it may be left out, but not be left empty."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema: Any = handler(source)
        return schema["schema"]  # type: ignore[no-any-return] # inside the nullable one


def spelt_by(spell: Callable[[Any], object]) -> PlainSerializer:
    """Write values as files spell them; an optional key that is not there stays None."""
    return PlainSerializer(lambda value: None if value is None else spell(value))


def _read_duration(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError(
            f"{show(value)} is no duration: write whole numbers with units, such as 0s, 90s, 1h30m"
        )
    return parse_duration(value)


def _read_wait(value: object) -> int:
    duration_ms = _read_duration(value)
    if duration_ms < 0:
        raise ValueError(f"{value} is negative: time does not go back")
    return duration_ms


Maybe = Annotated[T | None, Given()]
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
#: A duration that may be negative, in milliseconds.
Offset = Annotated[
    int,
    BeforeValidator(_read_duration),
    spelt_by(format_duration),
    WithJsonSchema({"type": "string", "pattern": "^-?" + DURATION_PATTERN[1:]}),
]
#: A duration in milliseconds.
Duration = Annotated[
    int,
    BeforeValidator(_read_wait),
    spelt_by(format_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
#: Free text that says something.
Text = Annotated[str, StringConstraints(pattern=r"\S")]


class Part(BaseModel):
    """A part of a file: no unknown keys, no conversions, no changes."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
