from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.harness.files import lay_out

REPOSITORY = {".git/HEAD": "ref: refs/heads/main\n", ".git/objects/info": "", ".git/refs/heads": ""}
"""What git knows a repository by."""


def check(root: Path, files: Mapping[str, str | bytes], expected: list[str]) -> None:
    """Walking and asking about each file agree, and rule files themselves count."""
    lay_out(root, files)
    ignore = Ignore(Workspace(root))
    walked = list(ignore.walk())
    counting = [path for path in walked if not path.endswith((".gitignore", ".holdfastignore"))]
    assert counting == expected
    for path in files:
        assert ignore.matches(root / path) == (path not in walked), path


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a": "", "b/c": ""}, ["a", "b/c"]),
        ({".gitignore": "*.log\n!keep.log\n", "a.log": "", "x/keep.log": ""}, ["x/keep.log"]),
        ({".gitignore": "/build\n", "build/a": "", "x/build/b": ""}, ["x/build/b"]),
        (
            {".gitignore": "*.txt", "x/.gitignore": "!a.txt", "x/a.txt": "", "b.txt": ""},
            ["x/a.txt"],
        ),
        ({".gitignore": "x/", "x/.gitignore": "!a", "x/a": ""}, []),
        ({".gitignore": "x/**\n!x/a\n", "x/a": "", "x/b": ""}, ["x/a"]),
        ({".gitignore": "x/*\n!x/a\n", "x/a": "", "x/b/c": ""}, ["x/a"]),
        ({".holdfastignore": "secret\n", "secret": "", "b": ""}, ["b"]),
        ({".gitignore": "a\n", ".holdfastignore": "!a\n", "a": ""}, ["a"]),
        ({".git/config": "", ".holdfast/goals.md": "", "a": ""}, ["a"]),
        ({"node_modules/x/i.js": "", "__pycache__/a.pyc": "", "a": ""}, ["a"]),
        ({".gitignore": "!node_modules/\n", "node_modules/x": ""}, ["node_modules/x"]),
        ({**REPOSITORY, ".git/info/exclude": "mine\n", "mine": "", "a": ""}, ["a"]),
        ({".gitignore": "*\n!keep\n", "x": "", "keep": "", "y/keep": ""}, ["keep"]),
        ({"venv/.gitignore": "*", "venv/lib/m.py": "", "a": ""}, ["a"]),
        ({"x/.gitignore": "**\n", "x/y": "", "a": ""}, ["a"]),
        (
            {
                ".gitignore": "l/**\n!l/**/\n!l/**/keep\n",
                "l/a/b/keep": "",
                "l/a/b/c": "",
                "l/d": "",
            },
            ["l/a/b/keep"],
        ),
        ({"private/.holdfastignore": "*", "private/a": "", "b": ""}, ["b"]),
        ({".holdfastignore": "*", "a": "", "b/c": ""}, []),
        ({".holdfastignore": "*\n!b/\n!*.md\n", "a": "", "b/c.md": "", "b/c": ""}, ["b/c.md"]),
        ({".holdfastignore": "a\n", "x/.gitignore": "!a\n", "x/a": "", "b": ""}, ["b"]),
        ({".gitignore": "x/\n", ".holdfastignore": "!x/\n", "x/a": "", "b": ""}, ["b", "x/a"]),
        (
            {
                ".gitignore": "q\t\n\\ \ns  \nt\\ \n[[:digit:]]\n",
                "q": "",
                "q\t": "",
                " ": "",
                "s": "",
                "t ": "",
                "t": "",
                "7": "",
            },
            ["q", "t"],
        ),
        ({".gitignore": "!\n[z-a]\na\\\n//\n*.x\n", "a": "", "b.x": ""}, ["a"]),
        ({".gitignore": b"\xff\xfe\n*.x\r\n", "b.x": "", "a": ""}, ["a"]),
        ({"emoji 👨‍👩‍👧.md": "", "ä": ""}, ["emoji 👨‍👩‍👧.md", "ä"]),
    ],
)
def test_rules(project: Path, files: Mapping[str, str | bytes], expected: list[str]) -> None:
    check(project, files, expected)


def test_rules_above_the_workspace_hold_up_to_the_repository(project: Path) -> None:
    lay_out(project, {**REPOSITORY, ".gitignore": "*.log\n/sub/deep/b\n", "sub/.gitignore": "c\n"})
    check(project / "sub/deep", {"a": "", "b": "", "c": "", "x.log": "", "y/b": ""}, ["a", "y/b"])


def test_an_ignored_workspace_is_still_one(project: Path) -> None:
    lay_out(project, {**REPOSITORY, ".gitignore": "out/\n"})
    check(project / "out", {"a": ""}, ["a"])


def test_links_are_neither_followed_nor_walked(project: Path) -> None:
    lay_out(project, {"a/f": ""})
    (project / "a/up").symlink_to(project)
    (project / "away").symlink_to("/etc")
    (project / "file").symlink_to("/etc/passwd")
    ignore = Ignore(Workspace(project))
    assert list(ignore.walk()) == ["a/f"]
    assert sorted(path for path, _ in ignore.scan()) == ["a/f", "a/up", "away", "file"]


def test_walking_a_folder_keeps_the_rules_above_it(project: Path) -> None:
    lay_out(project, {".gitignore": "*.x\nout\n", "a/b/f": "", "a/b/g.x": "", "out/f": ""})
    ignore = Ignore(Workspace(project))
    assert list(ignore.walk(project / "a")) == ["a/b/f"]
    assert list(ignore.walk(project / "out")) == []


def test_what_cannot_be_walked_is_named(project: Path) -> None:
    lay_out(project, {"a": "", "line\nbreak": ""})
    (project / os.fsdecode(b"\xff")).write_text("")
    skipped: list[str] = []
    ignore = Ignore(Workspace(project))
    assert list(ignore.walk(skipped=lambda path, _: skipped.append(path))) == ["a"]
    assert len(skipped) == 2


def test_a_deep_tree_is_walked(project: Path) -> None:
    depth = 300
    at = project
    for _ in range(3):
        at = at / "/".join("d" * 100)
        at.mkdir(parents=True)
    (at / "f").write_text("")
    (found,) = Ignore(Workspace(project)).walk()
    assert found.count("/") == depth


@pytest.mark.parametrize(
    ("rule", "name", "ignored"),
    [
        ("*a" * 20 + "*b", "a" * 200, False),
        ("*a" * 20 + "*b", "a" * 200 + "b", True),
        ("*a" * 20 + "*", "a" * 200, True),
        ("a*b*c*a", "aabbcca", True),
        ("a*b*c*a", "aabbcc", False),
        ("**/a/" * 10 + "b", "a/" * 100 + "c", False),
        ("**/a/" * 10 + "b", "a/" * 100 + "b", True),
        ("a/**/" * 10 + "b", "a/" * 100 + "c", False),
        ("**/*a*b/**/*c*d", "x/aab/x/y/ccd", True),
        ("**/*a*b/**/*c*d", "x/aab/x/y/cce", False),
        ("x" * 5000, "y", False),
        ("**********a", "bba", True),
    ],
)
def test_a_rule_with_many_stars_is_as_quick_as_others(
    project: Path, rule: str, name: str, ignored: bool
) -> None:
    check(
        project, {".gitignore": rule, name: "", "q": ""}, ["q"] if ignored else sorted([name, "q"])
    )


@pytest.mark.parametrize(
    ("files", "asked", "expected"),
    [
        ({".gitignore": "out/", "out/a": "", "out/b/c": ""}, "out", ["out/a", "out/b/c"]),
        ({".gitignore": "out/", "out/a": "", "out/b/c": ""}, "out/b", ["out/b/c"]),
        ({"venv/.gitignore": "*", "venv/a": ""}, "venv", ["venv/.gitignore", "venv/a"]),
        ({".venv/a": "", ".venv/__pycache__/b.pyc": ""}, ".venv", [".venv/a"]),
        ({".gitignore": "*.log", "a/b.log": "", "a/c": ""}, "a", ["a/c"]),
        ({".holdfastignore": "private/*", "private/a": ""}, "private", []),
        ({".gitignore": "a", ".holdfastignore": "*.key", "a/b.key": "", "a/c": ""}, "a", ["a/c"]),
        ({".gitignore": "*", "a": ""}, "", []),
    ],
)
def test_a_folder_that_is_asked_for_by_name_shows_what_git_ignores(
    project: Path, files: Mapping[str, str | bytes], asked: str, expected: list[str]
) -> None:
    lay_out(project, {**REPOSITORY, **files})
    ignore = Ignore(Workspace(project))
    assert list(ignore.walk_by_name(project / asked)) == expected
