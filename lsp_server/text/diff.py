"""Differences between two texts, for people and models."""

from __future__ import annotations

import difflib

from lsp_server.text.excerpt import split_lines

LINES_MAX = 5000
"""Longer texts are not compared line by line: it could take seconds."""
DIFF_CHARS_MAX = 20_000


def unified_diff(path: str, before: str, after: str) -> str:
    """A unified diff, cut at DIFF_CHARS_MAX; of very long texts, the new one."""
    old, new = split_lines(before), split_lines(after)
    if max(len(old), len(new)) > LINES_MAX:
        old = []
    lines = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
    text = "\n".join(lines)
    if len(text) <= DIFF_CHARS_MAX:
        return text
    return f"{text[:DIFF_CHARS_MAX]}\n[{len(text) - DIFF_CHARS_MAX} more characters]"


def diff_stat(before: str, after: str) -> str:
    """As in `+12 -3 lines`."""
    old, new = split_lines(before), split_lines(after)
    if max(len(old), len(new)) > LINES_MAX:
        return f"{len(old)} → {len(new)} lines"
    added = removed = 0
    for kind, a1, a2, b1, b2 in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if kind != "equal":
            removed += a2 - a1
            added += b2 - b1
    return f"+{added} -{removed} lines"
