"""This module turns HTML into Markdown, as far as a reader of the text needs it.

Any text is HTML to it. It takes time in proportion to its length, however the page is made,
and shows nothing that a person would not see: scripts, comments, hidden elements.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urljoin

from lsp_server.text.markdown import code_block, code_span
from lsp_server.text.truncate import one_line
from lsp_server.web.html_tokens import Tag, tokens

DEPTH_MAX = 24
"""Elements inside of each other that are shown as such; what is deeper is shown as text."""
CELL_CHARS_MAX = 1000

_BLOCKS = re.compile(
    "address|article|aside|body|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|form"
    "|header|hgroup|main|nav|noscript|option|p|search|section|summary"
)
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)} | {"title": "#"}
_FRAMES = re.compile(
    "a|b|blockquote|code|del|em|h[1-6]|i|kbd|li|ol|pre|samp|strong|table|td|th|title|tr|ul"
)
_UNSHOWN = re.compile("canvas|datalist|iframe|math|object|svg|template|textarea")
_EMPTY = re.compile("area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr")
_MARKS = {"b": "**", "strong": "**", "em": "*", "i": "*", "del": "~~"}
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(slots=True)
class _Frame:
    """An element that is open: what it holds so far becomes one text when it ends."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    items: int = 0


def markdown(html: str, base_url: str = "") -> str:
    """Returns the text of a page as Markdown; links are whole, from `base_url` on.

    >>> markdown("<h1>A</h1><p>See <a href=/b>b</a> <b>now</b>.<script>x</script>", "http://a.example")
    '# A\\n\\nSee [b](http://a.example/b) **now**.'
    """
    page = _Page(base_url)
    for token in tokens(html):
        if isinstance(token, str):
            page.text(unescape(token))
        elif token.closes:
            page.end(token.name)
        else:
            page.start(token)
    return page.whole()


class _Page:
    """The Markdown of a page, as far as it was read."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._frames = [_Frame("")]
        self._unshown = ""
        self._unshown_depth = 0

    def text(self, text: str) -> None:
        """Takes in characters."""
        if self._unshown:
            return
        if not self._is_open("pre"):
            text = _BLANKS.sub(" ", text)
            if self._ends_blank():
                text = text.lstrip(" ")
        self._add(text)

    def start(self, tag: Tag) -> None:
        """Takes in the start of an element."""
        name, attributes = tag.name, tag.attributes
        if self._unshown:
            self._unshown_depth += name == self._unshown
            return
        if not _EMPTY.fullmatch(name) and (_UNSHOWN.fullmatch(name) or _is_hidden(attributes)):
            self._unshown, self._unshown_depth = name, 1
            return
        if name in ("a", "li", "td", "th", "tr"):
            self._end_sibling(name)
        if _FRAMES.fullmatch(name) and len(self._frames) < DEPTH_MAX:
            self._frames.append(_Frame(name, attributes))
        elif name == "img" and (alt := attributes.get("alt", "").strip()):
            self._add(f"[image: {one_line(alt, CELL_CHARS_MAX)}]")
        else:
            self._add(_break(name))

    def end(self, name: str) -> None:
        """Takes in the end of an element; one that was not open ends nothing."""
        if self._unshown:
            self._unshown_depth -= name == self._unshown
            if not self._unshown_depth:
                self._unshown = ""
        elif self._is_open(name):
            while self._close() != name:
                pass
        else:
            self._add("" if _EMPTY.fullmatch(name) else _break(name))

    def whole(self) -> str:
        """Returns the text, with all elements ended."""
        while len(self._frames) > 1:
            self._close()
        lines = (line.rstrip() for line in "".join(self._frames[0].parts).split("\n"))
        return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()

    def _end_sibling(self, name: str) -> None:
        """Ends an element of the same kind that was left open, in the same list or table."""
        around = {"li": ("ul", "ol"), "td": ("tr",), "th": ("tr",), "tr": ("table",)}.get(name, ())
        same = ("td", "th") if name in ("td", "th") else (name,)
        for frame in reversed(self._frames):
            if frame.name in around:
                return
            if frame.name in same:
                self.end(frame.name)
                return

    def _is_open(self, name: str) -> bool:
        return any(frame.name == name for frame in self._frames[1:])

    def _ends_blank(self) -> bool:
        parts = self._frames[-1].parts
        return not parts or parts[-1].endswith((" ", "\n"))

    def _add(self, text: str) -> None:
        if text:
            self._frames[-1].parts.append(text)

    def _close(self) -> str:
        """Ends the innermost element and returns its name."""
        frame = self._frames.pop()
        self._add(self._shown(frame))
        return frame.name

    def _shown(self, frame: _Frame) -> str:
        text = "".join(frame.parts)
        bare = text.strip()
        match frame.name:
            case "a":
                return self._link(frame, bare) if bare else ""
            case "b" | "strong" | "em" | "i" | "del":
                return _marked(text, _MARKS[frame.name])
            case "code" | "kbd" | "samp":
                return code_span(bare) if bare and not self._is_open("pre") else text
            case "pre":
                return f"\n\n{code_block(text.strip(chr(10)))}\n\n" if bare else ""
            case "blockquote":
                return _block("\n".join(f"> {line}" for line in bare.split("\n"))) if bare else ""
            case "ol" | "ul":
                return f"\n{text.strip(chr(10))}\n" if self._is_open("li") else _block(text)
            case "li":
                return self._item(bare) if bare else ""
            case "td" | "th":
                self._frames[-1].items += frame.name == "th"
                return f" {one_line(bare, CELL_CHARS_MAX).replace('|', chr(92) + '|')} |"
            case "tr":
                return _row(frame) if bare else ""
            case "table":
                return _block(text)
            case heading:
                mark = _HEADINGS[heading]
                return _block(f"{mark} {one_line(bare, CELL_CHARS_MAX)}") if bare else ""

    def _link(self, frame: _Frame, text: str) -> str:
        try:
            target = urljoin(self._base_url, frame.attributes.get("href", "").strip())
        except ValueError:
            return text
        leads = target.startswith(("http://", "https://")) and not re.search(r"[\s()<>]", target)
        return f"[{text}]({target})" if leads and frame.attributes.get("href") else text

    def _item(self, text: str) -> str:
        lists = [frame for frame in self._frames if frame.name in ("ol", "ul")]
        if not lists or lists[-1].name == "ul":
            mark = "- "
        else:
            lists[-1].items += 1
            mark = f"{lists[-1].items}. "
        return f"\n{mark}" + text.replace("\n", "\n" + " " * len(mark))


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    return "hidden" in attributes or _INVISIBLE.search(attributes.get("style", "")) is not None


def _break(name: str) -> str:
    match name:
        case "br":
            return "\n"
        case "hr":
            return "\n\n---\n\n"
        case _:
            return "\n\n" if _BLOCKS.fullmatch(name) else ""


def _block(text: str) -> str:
    return f"\n\n{text}\n\n"


def _marked(text: str, mark: str) -> str:
    bare = text.strip()
    if not bare or "\n" in bare:
        return text
    # A blank inside of the marks would end them.
    before, after = (" " * text.startswith(" "), " " * text.endswith(" "))
    return f"{before}{mark}{bare}{mark}{after}"


def _row(frame: _Frame) -> str:
    cells = [part for part in frame.parts if part.endswith(" |")]
    line = f"\n|{''.join(cells)}"
    return f"{line}\n|{' --- |' * len(cells)}" if frame.items else line
