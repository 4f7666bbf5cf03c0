"""This module makes JSON of JSON with comments, as editors write it."""

from __future__ import annotations

import re

_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"?|//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?')
_STRING_OR_LAST_COMMA = re.compile(r'"(?:[^"\\\n]|\\.)*"?|,(?=\s*[}\]])')


def without_comments(text: str) -> str:
    """Returns the text with blanks where comments and commas behind a last entry were.

    So lines and columns stay. What is no JSON stays none.

    >>> without_comments('{"a": ["//", 1,], /**/}')
    '{"a": ["//", 1 ]      }'
    """
    return _STRING_OR_LAST_COMMA.sub(_blank, _STRING_OR_COMMENT.sub(_blank, text))


def _blank(match: re.Match[str]) -> str:
    found = match[0]
    return found if found.startswith('"') else re.sub(r"\S", " ", found)
