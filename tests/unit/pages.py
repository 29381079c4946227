"""Reading HTML in tests as a browser would: which tables there are, and whether all is closed."""

from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "link", "meta"}


class Page(HTMLParser):
    """What a piece of HTML holds.

    Attributes
    ----------
    tables
        Each as a caption and rows of cell texts, the heading among them.
    images
        The attributes of each.
    tags
        Every tag that was opened.
    headings
        The attributes of each ``th``.
    text
        All that is read.
    """

    def __init__(self, html):
        super().__init__()
        self.tables, self.images, self.tags, self.headings = [], [], [], []
        self.text = ""
        self._open = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append(["", []])
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][1][-1].append("")
        elif tag == "img":
            self.images.append(dict(attrs))
        if tag == "th":
            self.headings.append(dict(attrs))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if "caption" in self._open:
            self.tables[-1][0] += data
        elif self._open and self._open[-1] in ("td", "th"):
            self.tables[-1][1][-1][-1] += data

    def rows(self, place=0):
        """The rows of a table by the text of their first cell."""
        return {row[0]: row[1:] for row in self.tables[place][1]}
