"""This module counts the places of a text that its grammar cannot read."""

from __future__ import annotations

from tree_sitter import Node

from lsp_server.memory.languages import PROSE, language_of, load

TEXT_CHARS_MAX = 200_000
"""Longer texts are not parsed: parsing holds the interpreter, about 10 ms for 100 KB."""
NODES_MAX = 1000


def broken_places(path: str, text: str) -> int | None:
    """The number of syntax errors in the text of a file; None without a grammar for it.

    Grammars lag behind their languages, so an error is a sign and no proof. A text
    longer than TEXT_CHARS_MAX counts as one without a grammar. Blocking.

    >>> broken_places("a.py", "def f(:\\n"), broken_places("notes.txt", "(")
    (1, None)
    """
    language = language_of(path)
    if language is None or language.name in PROSE or len(text) > TEXT_CHARS_MAX:
        return None
    tree = load(language).parser.parse(text.encode("utf-8", "surrogatepass"))
    found, waiting, seen = 0, [tree.root_node], 0
    while waiting and seen < NODES_MAX:
        node: Node = waiting.pop()
        seen += 1
        if node.is_error or node.is_missing:
            found += 1
        elif node.has_error:
            waiting += node.children
    return found
