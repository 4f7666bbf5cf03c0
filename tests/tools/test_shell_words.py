"""What is read of a command line against the grammar of tree-sitter, which others wrote.

Where both read a line and differ about the words of its simple commands, the line must not be
free: one of the two is wrong, and a shell may agree with the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

import pytest
import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.shell_syntax import ShellScript, parse
from scripts.shell_fuzz.lines import make_line
from tests.sampling import sampled

LINES = 100_000
"""Lines drawn with `--thorough`, a quarter of them otherwise."""
CHUNKS = 10
_BARE = re.compile(r"[^\\'\"$`*?\[{~]*")
_LEFT_OUT = re.compile(r"\\|\$(?![\w{('\"])|[^\s|;&\d]\d+[<>]|[^\x00-\x7f]|\s[\[{}-]\s")
"""What the grammar reads otherwise than every shell: escapes, a lone `$`, `a2>x`, wide blanks, lone brackets, braces, `-`."""


def words_of(text: str) -> list[tuple[str | None, ...]] | None:
    """The words of each simple command, None for a word with an expansion; None for what cannot be read."""
    root = Parser(Language(tree_sitter_bash.language())).parse(text.encode()).root_node
    if root.has_error or len(root.text or b"") != len(text.encode().lstrip(b" \t\n")):
        return None
    commands = _simple_commands(root)
    words = {command.id: _named(command) for command in commands}
    for redirected in _of_type(root, "redirected_statement"):
        # Words behind a redirection: the grammar takes them for more targets of it.
        last = _simple_commands(redirected)[-1:]
        for redirection in redirected.named_children if last else ():
            words[last[0].id] += redirection.children_by_field_name("destination")[1:]
    return [tuple(map(_undone, words[command.id])) for command in commands]


def _named(command: Node) -> list[Node]:
    found = []
    for child in command.named_children:
        is_redirection = "redirect" in child.type
        found += child.children_by_field_name("destination")[1:] if is_redirection else [child]
    return found


def _simple_commands(node: Node) -> Sequence[Node]:
    return _of_type(node, "command")


def _of_type(node: Node, kind: str) -> Sequence[Node]:
    here = [node] if node.type == kind else []
    return here + [found for child in node.children for found in _of_type(child, kind)]


def _undone(node: Node) -> str | None:
    """A word without its quotes, None where the shell may expand something in it."""
    text = (node.text or b"").decode()
    if node.type == "raw_string":
        return text[1:-1]
    if node.type == "string":
        return text[1:-1] if not re.search(r"[\\$`]", text) else None
    if node.type in ("concatenation", "command_name"):
        parts = [_undone(child) for child in node.named_children]
        joined = "".join(part or "" for part in parts)
        is_whole = None not in parts and node.named_child_count == node.child_count
        return joined if is_whole else None
    return text if node.type in ("word", "number") and _BARE.fullmatch(text) else None


def agree(script: ShellScript, theirs: list[tuple[str | None, ...]]) -> bool:
    """Whether the words are the same, but for those that are expanded or escaped."""
    ours = [tuple(word.text for word in command.words) for command in script.commands]
    return len(ours) == len(theirs) and all(
        len(mine) == len(other)
        and all(word is None or word == mine[i] for i, word in enumerate(other))
        for mine, other in zip(ours, theirs, strict=True)
    )


@pytest.mark.parametrize("seed", range(CHUNKS))
def test_where_another_reader_differs_a_line_is_not_free(seed: int) -> None:
    chance, compared = Random(f"words {seed}"), 0
    for _ in range(sampled(LINES) // CHUNKS):
        line = make_line(chance)
        script = parse(line)
        # Lines are joined before anything else.
        joined = line if re.search("['#]", line) else line.replace("\\\n", "")
        if not is_read_only(script) or _LEFT_OUT.search(joined):
            continue
        theirs = words_of(joined)
        if theirs is None:
            continue
        compared += 1
        assert agree(script, theirs), (line, theirs)
    assert compared > 100
