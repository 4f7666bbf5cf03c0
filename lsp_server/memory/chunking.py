"""A file's text, cut into chunks along its syntax.

The rule is cAST's (Zhang et al., 2025): a node that is too large is entered,
siblings that fit together are joined; size counts non-white characters, so that
indentation does not matter. What has no grammar is cut between lines. The
chunks of a text, put one after another, are the text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tree_sitter import Node, QueryCursor, Tree

from lsp_server.memory.languages import Language, load

CHUNKING_VERSION = 1
"""Moves when the same text would give other chunks; then all files are cut anew."""

CHARS_MAX = 800
"""Non-white characters of a chunk: about the 256 word pieces that the shipped embedder reads."""
LEAD_CHARS_MAX = 400
"""Of comments that stay with what follows them."""
CHARS_HARD_MAX = 1_000
"""What cutting between nodes left larger is cut between lines."""
DEPTH_MAX = 100
"""Deeper nodes are cut between lines."""
SYMBOL_CHARS_MAX = 200
RUBBLE_CHILDREN_MIN = 5_000

LEADS = frozenset(
    {"comment", "line_comment", "block_comment", "attribute_item", "decorator", "template_string"}
)
"""Nodes that speak of the next one and stay with it."""

NEWLINE = ord("\n")
_WHITE = b" \t\r\n\f\v"


@dataclass(frozen=True, slots=True)
class Chunk:
    """`symbol` is the definition it belongs to, `defines` the names of those that start in it."""

    text: str
    kind: str
    symbol: str
    defines: tuple[str, ...]
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Definition:
    """Bytes from `start` to `end` that define `path`, dotted from the outside."""

    start: int
    end: int
    kind: str
    name: str
    path: str


def chunks(text: str, language: Language | None) -> tuple[Chunk, ...]:
    """Empty for a text of white space alone."""
    source = text.encode("utf-8", "surrogatepass")
    if not source.strip(_WHITE):
        return ()
    if language is None:
        return _described(source, list(_line_cuts(source, 0, len(source))), ())
    grammar = load(language)
    tree = grammar.parser.parse(source)
    if _is_rubble(tree.root_node):
        return _described(source, list(_line_cuts(source, 0, len(source))), ())
    starts = _joined(source, list(_cuts(source, tree.root_node, 0)))
    return _described(source, starts, tuple(_definitions(tree, language)))


def _is_rubble(root: Node) -> bool:
    """Whether there is no syntax to speak of; queries take quadratic time on such trees."""
    broken = [root, *(child for child in root.children if child.is_error)]
    return root.has_error and any(node.child_count > RUBBLE_CHILDREN_MIN for node in broken)


def _size(source: bytes, start: int, end: int) -> int:
    """Non-white bytes; a character outside of ASCII counts as those that it takes."""
    return len(source[start:end].translate(None, _WHITE))


def _cuts(source: bytes, node: Node, depth: int) -> Iterator[int]:
    """Where chunks begin inside of a node, ascending, its own start left out."""
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
            filled = CHARS_MAX
        else:
            filled += size


def _units(source: bytes, node: Node) -> Iterator[tuple[int, int, Node]]:
    """The children with what leads to them: start, end, and the child itself."""
    start: int | None = None
    for child in node.children:
        start = child.start_byte if start is None else start
        leads = child.type in LEADS and child.next_sibling is not None
        if leads and _size(source, start, child.end_byte) <= LEAD_CHARS_MAX:
            continue
        yield start, child.end_byte, child
        start = None


def _line_start(source: bytes, at: int) -> int:
    """The start of the line when only white space stands before `at`, else `at`."""
    start = source.rfind(b"\n", 0, at) + 1
    return at if source[start:at].strip(_WHITE) else start


def _line_cuts(source: bytes, start: int, end: int) -> Iterator[int]:
    """Starts of stretches of whole lines that fit; lines that do not fit are cut anywhere."""
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


def _joined(source: bytes, cuts: Sequence[int]) -> list[int]:
    """Starts of chunks that fit: small neighbours joined, what is too large cut again."""
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
    """In the order of their starts, the outer before the inner."""
    grammar = load(language)
    if grammar.query is None:
        return
    found: set[tuple[int, int, str, str]] = set()
    for pattern, captures in QueryCursor(grammar.query).matches(tree.root_node):
        whole, name = captures["def"][0], captures["name"][0]
        label = " ".join((name.text or b"").decode("utf-8", "replace").split()).strip("\"'")
        found.add((whole.start_byte, -whole.end_byte, grammar.kinds[pattern], label))
    around: list[Definition] = []
    for start, negative_end, kind, label in sorted(found):
        while around and around[-1].end <= start:
            around.pop()
        path = f"{around[-1].path}.{label}" if around else label
        around.append(Definition(start, -negative_end, kind, label, path[-SYMBOL_CHARS_MAX:]))
        yield around[-1]


def _described(
    source: bytes, starts: Sequence[int], definitions: Sequence[Definition]
) -> tuple[Chunk, ...]:
    begins = [one.start for one in definitions]
    around: list[Definition] = []
    made: list[Chunk] = []
    line = 1
    for start, end in pairwise([*starts, len(source)]):
        inside = definitions[bisect_left(begins, start) : bisect_left(begins, end)]
        last = start + len(source[start:end].rstrip(_WHITE))
        around = [one for one in around if one.end >= last]
        of = _belongs_to(inside, around)
        lines = source.count(b"\n", start, end)
        made.append(
            Chunk(
                source[start:end].decode("utf-8", "surrogatepass"),
                of.kind if of else "text",
                of.path if of else "",
                tuple(dict.fromkeys(one.name for one in inside)),
                line,
                line + lines - (source[end - 1] == NEWLINE),
            )
        )
        line += lines
        around += [one for one in inside if one.end > end]
    return tuple(made)


def _belongs_to(inside: Sequence[Definition], around: Sequence[Definition]) -> Definition | None:
    """The one definition that a chunk shows, else the one that it is part of, else the first."""
    outermost: list[Definition] = []
    for one in inside:
        if not outermost or one.start >= outermost[-1].end:
            outermost.append(one)
    if len(outermost) == 1:
        return outermost[0]
    if around:
        return around[-1]
    return outermost[0] if outermost else None
