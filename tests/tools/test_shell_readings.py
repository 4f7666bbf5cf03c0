"""What is read of a command line against what shells and another reader make of it.

A command line that is free must mean to the shell what it means to us, so wherever
another reading differs the command line must not be free.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import tree_sitter_bash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tree_sitter import Language, Node, Parser

from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.shell_syntax import ShellScript, parse

READERS = ("cat", "head", "grep", "ls")
OTHERS = ("touch", "a", "x", "git")
SHELLS = ("bash", "dash")
SPECIAL = "ab \t\n$`\\(){}[]*?<>|&;#~=:!'\""

PIECES = st.one_of(
    st.text("ab-=:~/.#$!", min_size=1, max_size=3),
    st.text(SPECIAL.replace("'", ""), max_size=4).map(lambda text: f"'{text}'"),
    st.text(SPECIAL.replace('"', ""), max_size=4).map(lambda text: f'"{text}"'),
    st.sampled_from(SPECIAL).map(lambda char: f"\\{char}"),
    st.sampled_from(("\\\n", "$\\\n(touch x)", "{a,b}", "`touch x`", "$[0]", "&>a", "\r", "\xa0")),
)
WORDS = st.lists(PIECES, min_size=1, max_size=3).map("".join)
BLANKS = st.sampled_from((" ", "\t", " \\\n", "  "))
COMMANDS = st.lists(st.tuples(BLANKS, WORDS).map("".join), max_size=3).flatmap(
    lambda words: st.sampled_from(READERS).map(lambda program: program + "".join(words))
)
SEPARATORS = st.sampled_from(
    ("; ", "\n", " | ", "|", " |\n", " >/dev/null; ", " &>/dev/null ", ";")
)
SCRIPTS = st.lists(st.tuples(COMMANDS, SEPARATORS), min_size=1, max_size=3).flatmap(
    lambda pairs: st.sampled_from(("", "\\", "\n", " #x")).map(
        lambda end: "".join(part for pair in pairs for part in pair)[: -len(pairs[-1][1])] + end
    )
)


class Recorder:
    """Programs that write down how they were called, one file for each call."""

    def __init__(self, folder: Path) -> None:
        self._calls, self._programs, self.work = (
            folder / name for name in ("calls", "bin", "work")
        )
        for each in (self._calls, self._programs, self.work):
            each.mkdir()
        for name in (*READERS, *OTHERS):
            program = self._programs / name
            program.write_text(f'#!/bin/sh\nprintf \'%s\\000\' {name} "$@" > "$CALLS/$$"\n')
            program.chmod(0o755)

    def run(self, shell: str, text: str) -> Counter[tuple[str, ...]]:
        for call in self._calls.iterdir():
            call.unlink()
        subprocess.run(
            [shell, "-c", text],
            cwd=self.work,
            env={"PATH": str(self._programs), "CALLS": str(self._calls), "HOME": "/H"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )
        calls = (os.fsdecode(call.read_bytes()) for call in self._calls.iterdir())
        return Counter(tuple(call.split("\0")[:-1]) for call in calls)


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    return Recorder(tmp_path_factory.mktemp("recorded"))


def words(script: ShellScript) -> Counter[tuple[str, ...]]:
    return Counter(tuple(word.text for word in command.words) for command in script.commands)


@pytest.mark.parametrize("shell", SHELLS)
@given(text=SCRIPTS)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_shell_runs_what_was_read(recorder: Recorder, shell: str, text: str) -> None:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"needs {shell}")
    script = parse(text)
    literal = all(w.kind == "literal" for command in script.commands for w in command.words)
    if is_read_only(script) and literal:
        assert recorder.run(found, text) == words(script)
        assert not list(recorder.work.iterdir())


PROGRAM_NODES = ("command_substitution", "process_substitution", "variable_assignment")


def programs_seen_by_tree_sitter(text: str) -> Counter[str] | None:
    """None for what it cannot read."""
    root = Parser(Language(tree_sitter_bash.language())).parse(text.encode()).root_node
    return None if root.has_error else Counter(_programs(root))


def _programs(node: Node) -> Sequence[str]:
    found = [name for child in node.children for name in _programs(child)]
    name = node.child_by_field_name("name") if node.type == "command" else None
    if name is not None and name.text is not None:
        found += shlex.split(name.text.decode())
    return found + [node.type] * (node.type in PROGRAM_NODES)


@given(text=SCRIPTS.map(lambda text: text.replace("\\", "")))
@settings(max_examples=300, deadline=None)
def test_another_reader_sees_the_same_programs(text: str) -> None:
    script = parse(text)
    if is_read_only(script):
        ours = Counter(command.words[0].text for command in script.commands)
        assert programs_seen_by_tree_sitter(text) in (None, ours)
