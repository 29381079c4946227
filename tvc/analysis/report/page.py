"""A page as a value: sections of text, tables, pictures and commands, and how it is rendered."""

import base64
import re
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, ClassVar, Final

from tvc.domain.words import escape

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from tvc.analysis.style import Picture

_TEMPLATE: Final = "page.html.j2"
_BREAKS: Final = re.compile(r"(?<=[,.=_/])(?=\w)")


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; what introduces it stands before it."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, to be copied."""

    kind: ClassVar[str] = "command"
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    text
        What stands in it.
    small
        What stands below, in smaller print: an interval, or what a word means.
    note
        What stands below that.
    mark
        How it looks: ``assumption``, ``sourced``, ``choice``, ``number``, ``code`` or nothing. It
        says nothing that the text does not.
    """

    text: str
    small: str = ""
    note: str = field(default="", kw_only=True)
    mark: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, whose first column names the rows."""

    kind: ClassVar[str] = "table"
    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture.

    Attributes
    ----------
    source
        A ``data:`` address that holds all of it.
    alt
        What is seen, in a sentence, for those who do not see it.
    caption
        What it is of.
    width_px, height_px
        Its size at 100 %.
    """

    kind: ClassVar[str] = "figure"
    source: str
    alt: str
    caption: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Folded:
    """What most readers need not see: folded on a screen, open in print."""

    kind: ClassVar[str] = "folded"
    summary: str
    blocks: tuple["Block", ...]


Block = Text | Bullets | Command | Table | Figure | Folded


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page.

    Attributes
    ----------
    name
        Of its place in the page's address, such as ``inputs``.
    heading
        Above it.
    blocks
        In it.
    """

    name: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Attributes
    ----------
    title
        Of the window; what it is a report of.
    heading
        The finding, in a sentence.
    lead
        The finding in figures, and what it is of: a paragraph each.
    sections
        Below.
    """

    title: str
    heading: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]


def pictured(picture: "Picture", caption: str) -> Figure:
    """Return a picture as a figure of a page, as SVG.

    Its title and note are the text for those who do not see it.
    """
    import matplotlib as mpl

    from tvc.analysis.style import STYLE

    file = BytesIO()
    with mpl.rc_context(dict(STYLE)):
        picture.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    texts = [" ".join(text.get_text().split()) for text in picture.texts]
    width_px, height_px = (round(inches * picture.dpi) for inches in picture.get_size_inches())
    return Figure(
        f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode()}",
        ". ".join(text.rstrip(".") for text in texts if text) + ".",
        caption,
        width_px,
        height_px,
    )


def render(page: Page) -> str:
    """Render a page: whole in itself, with everything in it escaped."""
    return _environment().get_template(_TEMPLATE).render(page=page)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["breakable"] = _breakable
    return found


def _breakable(text: str) -> "Markup":
    """Let a long name be broken behind a comma, a dot or a sign, and nowhere else."""
    from markupsafe import Markup

    return Markup("<wbr>").join(_BREAKS.split(escape(text)))


def _printable(value: object) -> object:
    """Show what cannot be printed by its number; what is markup already is not touched."""
    return escape(value) if type(value) is str else value
