from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.linear_patterns import linear
from lsp_server.workspace.paths import Workspace
from tests.harness.files import lay_out
from tests.sampling import sampled


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
        ({".git/info/exclude": "mine\n", "mine": "", "a": ""}, ["a"]),
        ({".gitignore": "!\n[z-a]\na\\\n//\n*.x\n", "a": "", "b.x": ""}, ["a"]),
        ({".gitignore": b"\xff\xfe\n*.x\r\n", "b.x": "", "a": ""}, ["a"]),
        ({"emoji 👨‍👩‍👧.md": "", "ä": ""}, ["emoji 👨‍👩‍👧.md", "ä"]),
    ],
)
def test_rules(project: Path, files: Mapping[str, str | bytes], expected: list[str]) -> None:
    check(project, files, expected)


def test_rules_above_the_workspace_hold_up_to_the_repository(project: Path) -> None:
    lay_out(
        project, {".git/HEAD": "", ".gitignore": "*.log\n/sub/deep/b\n", "sub/.gitignore": "c\n"}
    )
    check(project / "sub/deep", {"a": "", "b": "", "c": "", "x.log": "", "y/b": ""}, ["a", "y/b"])


def test_an_ignored_workspace_is_still_one(project: Path) -> None:
    lay_out(project, {".git/HEAD": "", ".gitignore": "out/\n"})
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


STARRED = st.lists(
    st.sampled_from(["a", "b", "*", "**", "/", "?", "[ab]", "**/", "/**"]), min_size=1, max_size=9
).map("".join)
PATHS = st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=5).map("/".join)


@given(STARRED, st.lists(PATHS, min_size=1, max_size=10))
def test_it_matches_what_it_did_when_it_was_slow(rule: str, paths: list[str]) -> None:
    for pattern in GitIgnoreSpec.from_lines([rule], backend="simple").patterns:
        if pattern.regex is not None:
            quick = linear(pattern.regex)
            for path in (*paths, *(f"{path}/" for path in paths)):
                assert bool(quick.fullmatch(path)) == bool(pattern.regex.fullmatch(path))
                assert bool(quick.match(path)) == bool(pattern.regex.match(path))


NAMES = st.sampled_from(["a", "b", "ab", "a.x", "b.y"])
LINES = st.lists(
    st.sampled_from(
        [
            "a",
            "b/",
            "/a",
            "*.x",
            "!a",
            "!*.x",
            "a/b",
            "**/b",
            "a/**",
            "!a/b",
            "a/*",
            "!b/",
            "/b/a",
            "ab*",
        ]
    ),
    max_size=5,
)


@settings(max_examples=sampled(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=8), LINES, LINES)
@example([["a", "b", "a"]], ["b/", "!a"], [])
def test_agrees_with_git(
    tmp_path_factory: pytest.TempPathFactory,
    paths: list[list[str]],
    outer: list[str],
    inner: list[str],
) -> None:
    root = tmp_path_factory.mktemp("repository").resolve()
    subprocess.run(["git", "init", "-q", root], check=True)
    (root / ".gitignore").write_text("\n".join(outer))
    for parts in paths:
        path = root.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
    if (root / "a").is_dir():
        (root / "a/.gitignore").write_text("\n".join(inner))
    command = [
        "git",
        "-C",
        str(root),
        "-c",
        "core.excludesFile=",
        "ls-files",
        "-co",
        "--exclude-standard",
    ]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert sorted(Ignore(Workspace(root)).walk()) == sorted(listed)
