"""This module quotes texts in Markdown so that they cannot end what quotes them."""

from __future__ import annotations

import re

_FENCE_CHARS_MIN = 3
_TICKS = re.compile("`+")


def code_block(text: str, language: str = "") -> str:
    r"""Returns a fenced code block whose fence is longer than any run of backticks in the text.

    >>> code_block("print()", "python")
    '```python\nprint()\n```'
    >>> code_block("```")
    '````\n```\n````'
    """
    fence = "`" * max(_FENCE_CHARS_MIN, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


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


def _longest_run(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)
