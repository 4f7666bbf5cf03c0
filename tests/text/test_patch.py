"""Patches, by the program that takes them: git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.evaluation.tree_changes import differences, read_tree
from lsp_server.text.patch import EXECUTABLE, LINK, FileVersion, git_patch

Tree = dict[str, FileVersion]


def lay(root: Path, tree: Tree) -> None:
    for path, version in tree.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if version.mode == LINK:
            place.symlink_to(os.fsdecode(version.content))
        else:
            place.write_bytes(version.content)
            place.chmod(0o755 if version.mode == EXECUTABLE else 0o644)


def check(root: Path, before: Tree, after: Tree) -> None:
    lay(root, before)
    patch = git_patch(differences(before, after))
    if before != after:
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            input=patch.encode("utf-8", "surrogateescape"),
            cwd=root,
            check=True,
            timeout=60,
            capture_output=True,
        )
    assert read_tree(root) == after


ROWS: list[tuple[Tree, Tree]] = [
    ({"a": FileVersion(b"1\n2\n3\n")}, {"a": FileVersion(b"1\n3\n4\n")}),
    ({"a": FileVersion(b"1")}, {"a": FileVersion(b"1\n")}),
    ({"a": FileVersion(b"1\n")}, {"a": FileVersion(b"1")}),
    ({"a": FileVersion(b"1\n2")}, {"a": FileVersion(b"0\n2")}),
    ({}, {"new/b": FileVersion(b"x\n")}),
    ({}, {"empty": FileVersion(b"")}),
    ({"a": FileVersion(b"")}, {"a": FileVersion(b"x")}),
    ({"a": FileVersion(b"x\n"), "b": FileVersion(b"y")}, {"b": FileVersion(b"y")}),
    ({"a": FileVersion(b"x\n")}, {"a": FileVersion(b"x\n", EXECUTABLE)}),
    ({"a": FileVersion(b"x\n")}, {"a": FileVersion(b"y\n", EXECUTABLE)}),
    ({}, {"l": FileVersion(b"a/b", LINK)}),
    ({"l": FileVersion(b"a", LINK)}, {"l": FileVersion(b"b", LINK)}),
    ({"l": FileVersion(b"a\n")}, {"l": FileVersion(b"b", LINK)}),
    ({"b": FileVersion(b"\0\1")}, {"b": FileVersion(bytes(range(256)) * 40)}),
    ({}, {"b": FileVersion(b"\xff\xfe\0")}),
    ({"b": FileVersion(b"\0")}, {}),
    ({"t": FileVersion(b"\xe4\n")}, {"t": FileVersion(b"\xf6\n")}),
    ({"a b c": FileVersion(b"1\n")}, {"a b c": FileVersion(b"2\n")}),
    ({}, {'q"uo\\te\ttab': FileVersion(b"1\n"), "\u00fcml\u00e4ut": FileVersion(b"2\n")}),
    ({"crlf": FileVersion(b"a\r\nb\r\n")}, {"crlf": FileVersion(b"a\r\nc\r\n")}),
    ({"odd": FileVersion("a\u2028b\x0c\x85\n".encode())}, {"odd": FileVersion(b"a\x0cb\x0b\n")}),
]


@pytest.mark.parametrize(("before", "after"), ROWS)
def test_git_applies_it(tmp_path: Path, before: Tree, after: Tree) -> None:
    check(tmp_path, before, after)


CONTENT = st.lists(st.sampled_from([b"a\n", b"b\n", b"\n", b"c", b"\r\n", b"-- \n"])).map(b"".join)
TREES = st.dictionaries(st.sampled_from(["a", "b", "c d"]), CONTENT.map(FileVersion))


@given(before=TREES, after=TREES)
def test_git_applies_any_change_of_texts(
    tmp_path_factory: pytest.TempPathFactory, before: Tree, after: Tree
) -> None:
    check(tmp_path_factory.mktemp("tree"), before, after)
