"""Reading a page of a report: what stands in it, as those see it who have no browser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "img", "br", "wbr", "link", "input", "hr"}
_BREAKS = {"p", "li", "th", "td", "small", "caption", "h1", "h2", "figcaption", "summary"}


@dataclass
class Read(HTMLParser):
    """A page: its elements with their attributes, and the text of each kind of element."""

    html: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self._open = []
        self.feed(self.html)
        self.close()
        assert not [tag for tag, _ in self._open], "an element is not closed"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append([])
        if tag not in _VOID:
            self._open.append((tag, []))

    def handle_endtag(self, tag):
        opened, parts = self._open.pop()
        assert opened == tag, f"{opened} is closed by {tag}"
        text = " ".join("".join(parts).split())
        self.texts.setdefault(tag, []).append(text)
        if tag in ("td", "th"):
            self.rows[-1].append(text)
        if self._open:
            space = " " if tag in _BREAKS else ""
            self._open[-1][1].append(f"{space}{''.join(parts)}{space}")

    def handle_data(self, data):
        if self._open:
            self._open[-1][1].append(data)

    def text(self, tag="main"):
        """All the text of the first element of a kind."""
        return self.texts[tag][0]

    def all(self, tag):
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]

    def row(self, start):
        """The cells of the first row whose first cell starts so."""
        return next(row for row in self.rows if row and row[0].startswith(start))
