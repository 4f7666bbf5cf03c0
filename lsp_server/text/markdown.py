"""This module quotes texts in Markdown so that they cannot end what quotes them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_FENCE_CHARS_MIN = 3
_FENCE = re.compile(r"(`{3,})([^`\n]*)")
_TICKS = re.compile("`+")
_PAGE = r"https?://"
_DISGUISED = r"[^][()\s]{0,2000}[:&\\]"
"""A scheme, also one that is spelled with entities or escapes. No scheme has a bracket."""
_LINK = re.compile(rf"\]\((?=\s{{0,200}}<?(?!{_PAGE}){_DISGUISED})", re.IGNORECASE)
_REFERENCE = re.compile(
    rf"^([ >*-]{{0,20}}\[[^\]\n]{{1,999}}\]):(?=\s{{0,200}}<?(?!{_PAGE}){_DISGUISED})",
    re.IGNORECASE | re.MULTILINE,
)
_TAG = re.compile(
    rf"<(?=(?!{_PAGE}|mailto:)[a-z][a-z0-9+.-]{{1,31}}:"
    r"|(?:a|area|img|video|audio|source|iframe|object|embed|form|link|base|svg|meta)[\s/>])",
    re.IGNORECASE,
)


def code_block(text: str, language: str = "") -> str:
    r"""Returns a fenced code block whose fence is longer than any run of backticks in the text.

    >>> code_block("print()", "python")
    '```python\nprint()\n```'
    >>> code_block("```")
    '````\n```\n````'
    """
    fence = "`" * max(_FENCE_CHARS_MIN, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def code_blocks(text: str, languages: Collection[str]) -> Iterator[str]:
    r"""Yields what stands in the fenced code blocks of `languages`, "" for those that name none.

    A fence begins its line, and a block ends with a fence as long as its own.

    >>> list(code_blocks("Look:\n```json\n[]\n```\n```\nno JSON\n```", {"json"}))
    ['[]']
    """
    fence = language = ""
    block: list[str] = []
    for line in text.split("\n"):
        found = _FENCE.fullmatch(line)
        marks, words = (found[1], found[2].strip()) if found else ("", "")
        if not fence:
            fence, language, block = marks, words, []
        elif (marks, words) == (fence, ""):
            if language in languages:
                yield "\n".join(block)
            fence = ""
        else:
            block.append(line)


def code_span(text: str) -> str:
    """Returns a code span on one line, padded where CommonMark needs it.

    >>> code_span("a`b")
    '``a`b``'
    >>> code_span("`a`")
    '`` `a` ``'
    """
    ticks = "`" * (_longest_run(text) + 1)
    padding = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{ticks}{padding}{text}{padding}{ticks}"


def safe_markdown(text: str) -> str:
    """Returns Markdown that others wrote, without links that do more than open a page or a file.

    An editor runs what a link with `command:` names, and a name may be spelled in many
    ways, so every target with a scheme is broken but those of pages.

    >>> safe_markdown("[log](command:x) [docs](https://a.io) [file](src/a.py)")
    '[log] (command:x) [docs](https://a.io) [file](src/a.py)'
    """
    text = _LINK.sub("] (", text)
    text = _REFERENCE.sub(r"\1 :", text)
    return _TAG.sub("< ", text)


def _longest_run(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)
