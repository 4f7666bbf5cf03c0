"""This module takes HTML apart: texts and tags, without comments, scripts and styles.

It never fails: what is no tag is text. Nothing is looked at more than a bounded number of
times, so that no page can hold it up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from typing import TypeAlias

_QUOTED = "\"[^\"]{0,4000}+\"|'[^']{0,4000}+'"
_TAG = re.compile(
    r"<(?P<closes>/?)(?P<name>[A-Za-z][A-Za-z0-9:_-]{0,40}+)"
    rf"(?P<rest>(?:[^\"'<>]++|{_QUOTED}|[\"']){{0,200}}+)>"
)
_ATTRIBUTE = re.compile(
    r"([A-Za-z_:][\w:.-]{0,60}+)(?:\s{0,20}+=\s{0,20}+"
    r"(?:\"([^\"]{0,4000}+)\"|'([^']{0,4000}+)'|([^\s\"'>]{1,4000}+)))?"
)
_RAW = re.compile("script|style|xmp|noembed|noframes|plaintext", re.IGNORECASE)


# Without slots: `attributes` are kept in the instance's dictionary.
@dataclass(frozen=True)
class Tag:
    """A `Tag` starts an element or, with `closes`, ends one; `name` is in small letters."""

    name: str
    closes: bool
    rest: str

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """Returns the attributes by their names in small letters; the first of a name counts."""
        found: dict[str, str] = {}
        for match in _ATTRIBUTE.finditer(self.rest):
            value = next(filter(None, match.groups()[1:]), "")
            found.setdefault(match[1].lower(), unescape(value))
        return found


Token: TypeAlias = str | Tag


def tokens(html: str) -> Iterator[Token]:
    """Returns the texts, with their entities, and the tags, in their order.

    >>> [token if isinstance(token, str) else token.name for token in tokens("<p>1 < 2<!--x--></p>")]
    ['p', '1 ', '<', ' 2', 'p']
    """
    at = 0
    while (start := html.find("<", at)) >= 0:
        if start > at:
            yield html[at:start]
        if html.startswith(("<!", "<?"), start):
            at = _end_of_comment(html, start)
        elif (found := _TAG.match(html, start)) is None:
            yield "<"
            at = start + 1
        else:
            tag = Tag(found["name"].lower(), bool(found["closes"]), found["rest"])
            at = found.end()
            if not tag.closes and _RAW.fullmatch(tag.name):
                at = _end_of_raw(html, at, tag.name)
            else:
                yield tag
    if at < len(html):
        yield html[at:]


def _end_of_comment(html: str, start: int) -> int:
    """Where a comment or declaration ends; one that does not end is the rest of the page."""
    end = "-->" if html.startswith("<!--", start) else ">"
    # `<!-->` is a whole comment.
    found = html.find(end, start + 2)
    return len(html) if found < 0 else found + len(end)


def _end_of_raw(html: str, at: int, name: str) -> int:
    found = re.compile(rf"</{name}\b[^>]{{0,200}}+>", re.IGNORECASE).search(html, at)
    return len(html) if found is None else found.end()
