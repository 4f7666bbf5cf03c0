"""This module cuts a file's text into chunks along its syntax.

The rule is cAST's (Zhang et al., 2025): a node that is too large is entered, and
siblings that fit together are joined. Size counts non-white characters, so that
indentation does not matter. A text without a grammar is cut between lines.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tree_sitter import Node, Parser, QueryCursor, Tree

from lsp_server.domain.memories import CodeChunk
from lsp_server.memory.digest import digest
from lsp_server.memory.languages import Language, language_of, load

CHUNKING_VERSION = 2
"""Raise it when the same text gives other chunks; then all files are cut again."""

CHARS_MAX = 800
"""Non-white characters of a chunk: about 250 word pieces, of which the shipped embedder reads half."""
LEAD_CHARS_MAX = 400
"""Longer comments do not stay with the node after them."""
CHARS_HARD_MAX = 1_000
"""A chunk that is still larger after cutting between nodes is cut between lines."""
DEPTH_MAX = 100
"""Deeper nodes are cut between lines."""
SYMBOL_CHARS_MAX = 200
BROKEN_CHILDREN_MIN = 5_000
"""A tree with errors and so many siblings is no use: queries take quadratic time on it."""

PARSE_SECONDS_MAX = 2.0
"""Of processor time. Some texts take the square of their length; they are cut between lines."""
PARSED_BYTES = 2**16
"""The parser gets a text in such pieces, as only then can it be stopped."""

LEADS = frozenset(
    [
        "attribute_item",
        "block_comment",
        "comment",
        "decorator",
        "documentation_comment",
        "haddock",
        "line_comment",
        "multiline_comment",
        "template_string",
    ]
)
"""Nodes that describe the next node and stay with it."""

NEWLINE = ord("\n")
_WHITE = b" \t\r\n\f\v"


@dataclass(frozen=True, slots=True)
class Definition:
    """A `Definition` is the place of the definition of `name`, in the bytes from `start` to `end`.

    `path` is its name behind those of the definitions around it, as in `Store.load`.
    """

    start: int
    end: int
    kind: str
    name: str
    path: str


def chunks(path: str, text: str) -> tuple[CodeChunk, ...]:
    r"""Cuts a text into chunks, which put one after another are the text.

    The name of the file at `path`, workspace-relative, decides on the grammar. A
    chunk has up to CHARS_MAX non-white characters, in rare cases CHARS_HARD_MAX. A
    text of white space alone has no chunk. Blocking: about 100 ms a megabyte.

    >>> (chunk,) = chunks("store.py", "class Store:\n    def load(self):\n        return 1\n")
    >>> chunk.symbol, chunk.defines, chunk.start_line, chunk.end_line
    ('Store', ('Store', 'load'), 1, 3)
    """
    # Tree-sitter counts bytes. Odd file names and buffers may have halves of surrogate pairs.
    source = text.encode("utf-8", "surrogatepass")
    if not source.strip(_WHITE):
        return ()
    language = language_of(path)
    starts, definitions = _cut(source, language)
    name = language.name if language else "text"
    return tuple(_describe(path, name, source, starts, definitions))


def _cut(source: bytes, language: Language | None) -> tuple[Sequence[int], Sequence[Definition]]:
    """Returns the starts of the chunks, and the definitions in the text."""
    if language is not None:
        tree = _parse(source, load(language).parser)
        if tree is not None and not _is_broken(tree.root_node):
            starts = _join_small(source, list(_cuts(source, tree.root_node, 0)))
            return starts, tuple(_definitions(tree, language))
    return list(_line_cuts(source, 0, len(source))), ()


def _parse(source: bytes, parser: Parser) -> Tree | None:
    """Returns the tree of a text, None when it takes too long to make."""
    # Not of the clock: how busy the machine is must not say how a file is cut.
    end = time.thread_time() + PARSE_SECONDS_MAX
    try:
        return parser.parse(
            lambda at, _: source[at : at + PARSED_BYTES],
            progress_callback=lambda *_: time.thread_time() > end,
        )
    except ValueError:
        parser.reset()
        return None


def _is_broken(root: Node) -> bool:
    suspects = [root, *(child for child in root.children if child.is_error)]
    return root.has_error and any(node.child_count > BROKEN_CHILDREN_MIN for node in suspects)


def _size(source: bytes, start: int, end: int) -> int:
    """Counts the bytes of the text in UTF-8 that are not white space."""
    return len(source[start:end].translate(None, _WHITE))


def _cuts(source: bytes, node: Node, depth: int) -> Iterator[int]:
    """Places inside of a node where chunks begin, ascending, without its own start."""
    filled = 0
    for start, end, unit in _units(source, node):
        size = _size(source, start, end)
        if filled and filled + size > CHARS_MAX:
            yield _line_start(source, start)
            filled = 0
        if size > CHARS_MAX:
            if unit.child_count and depth < DEPTH_MAX:
                yield from _cuts(source, unit, depth + 1)
            else:
                yield from list(_line_cuts(source, start, end))[1:]
            filled = CHARS_MAX  # Its last part is not joined with the next sibling.
        else:
            filled += size


def _units(source: bytes, node: Node) -> Iterator[tuple[int, int, Node]]:
    """Returns the children with the comments that lead to them: start, end, and the child itself."""
    start: int | None = None
    for child in node.children:
        start = child.start_byte if start is None else start
        leads = child.type in LEADS and child.next_sibling is not None
        if leads and _size(source, start, child.end_byte) <= LEAD_CHARS_MAX:
            continue
        yield start, child.end_byte, child
        start = None


def _line_start(source: bytes, at: int) -> int:
    """Returns the start of the line if only white space is before `at` in it, else `at`."""
    start = source.rfind(b"\n", 0, at) + 1
    return at if source[start:at].strip(_WHITE) else start


def _line_cuts(source: bytes, start: int, end: int) -> Iterator[int]:
    """Starts of stretches of whole lines that fit; longer lines are cut anywhere."""
    yield start
    filled = 0
    at = start
    while at < end:
        newline = source.find(b"\n", at, end)
        line_end = end if newline < 0 else newline + 1
        size = _size(source, at, line_end)
        if filled and filled + size > CHARS_MAX:
            yield at
            filled = 0
        while size > CHARS_MAX:
            at = _character_start(source, at + CHARS_MAX)
            yield at
            size = _size(source, at, line_end)
        filled += size
        at = line_end


def _character_start(source: bytes, at: int) -> int:
    while source[at] & 0xC0 == 0x80:  # the inside of a UTF-8 sequence
        at -= 1
    return at


def _join_small(source: bytes, cuts: Sequence[int]) -> list[int]:
    """Starts of chunks that fit: small neighbours are joined, large ones cut again."""
    # Cuts of nested nodes may coincide where a definition begins a line.
    ascending = sorted({0, *cuts})
    kept = [0]
    for cut, following in pairwise([*ascending[1:], len(source)]):
        if _size(source, kept[-1], following) > CHARS_MAX:
            kept.append(cut)
    fitting: list[int] = []
    for start, end in pairwise([*kept, len(source)]):
        large = _size(source, start, end) > CHARS_HARD_MAX
        fitting += _line_cuts(source, start, end) if large else (start,)
    return fitting


def _definitions(tree: Tree, language: Language) -> Iterator[Definition]:
    """All definitions in the order of their starts, the outer before the inner."""
    grammar = load(language)
    if grammar.query is None:
        return
    found: set[tuple[int, int, str, str]] = set()
    for pattern, captures in QueryCursor(grammar.query).matches(tree.root_node):
        whole, name = captures["def"][0], captures["name"][0]
        label = " ".join((name.text or b"").decode("utf-8", "replace").split()).strip("\"'")
        # The end is negative so that of two with one start the outer comes first.
        found.add((whole.start_byte, -whole.end_byte, grammar.kinds[pattern], label))
    around: list[Definition] = []
    for start, negative_end, kind, label in sorted(found):
        while around and around[-1].end <= start:
            around.pop()
        path = f"{around[-1].path}.{label}" if around else label
        around.append(Definition(start, -negative_end, kind, label, path[-SYMBOL_CHARS_MAX:]))
        yield around[-1]


def _describe(
    path: str,
    language: str,
    source: bytes,
    starts: Sequence[int],
    definitions: Sequence[Definition],
) -> Iterator[CodeChunk]:
    begins = [one.start for one in definitions]
    around: list[Definition] = []
    repeats: Counter[tuple[str, str]] = Counter()
    line = 1
    for start, end in pairwise([*starts, len(source)]):
        inside = definitions[bisect_left(begins, start) : bisect_left(begins, end)]
        # Blank lines at the end do not count: a definition may end before them.
        last = start + len(source[start:end].rstrip(_WHITE))
        around = [one for one in around if one.end >= last]
        shown = _shown_definition(inside, around)
        symbol = shown.path if shown else ""
        text = source[start:end].decode("utf-8", "surrogatepass")
        lines = source.count(b"\n", start, end)
        # Lines are no part of the id: a chunk that only moves down keeps its row.
        repeat = repeats[symbol, text]
        repeats[symbol, text] += 1
        yield CodeChunk(
            id=digest(path, symbol, str(repeat), text),
            path=path,
            language=language,
            kind=shown.kind if shown else "text",
            symbol=symbol,
            start_line=line,
            end_line=line + lines - (source[end - 1] == NEWLINE),
            text=text,
            defines=tuple(dict.fromkeys(one.name for one in inside)),
        )
        line += lines
        around += [one for one in inside if one.end > end]


def _shown_definition(
    inside: Sequence[Definition], around: Sequence[Definition]
) -> Definition | None:
    """Returns the one definition that a chunk contains, else the one around it, else the first."""
    outermost: list[Definition] = []
    for one in inside:
        if not outermost or one.start >= outermost[-1].end:
            outermost.append(one)
    if len(outermost) == 1:
        return outermost[0]
    if around:
        return around[-1]
    return outermost[0] if outermost else None
