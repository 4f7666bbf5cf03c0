"""What counts is what git tracks or does not ignore, whatever the rules are."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from lsp_server.workspace.git.patterns import Patterns
from tests.harness.files import lay_out
from tests.harness.git import AUTHOR, committed, git
from tests.sampling import sampled

NAMES = (
    "a",
    "b",
    "A",
    "ab",
    "aB",
    "aa",
    "x.y",
    "ä",
    "a b",
    " ",
    "-",
    "[",
    "]",
    "1",
    "#a",
    "!a",
    "*",
    "a ",
)
PIECES = (
    *("a", "b", "A", "ab", "*", "**", "***", "/", "?", "/**", "**/", "/**/", "*.y", "x.y"),
    *("[ab]", "[!a]", "[^b]", "[a-c]", "[A-C]", "[[:alpha:]]", "[[:upper:]]", "[[:digit:]b]"),
    *("[]a]", "[a", "[z-a]", "[[:foo:]]", "[[:a]", "[a-]", "[a\\-b]", "[\\]]", "[a-b-c]"),
    *("\\", "\\a", "\\A", "\\*", "\\[", "\\/", " ", "\\ ", "\t", "#", "!", "ä", "-"),
)  # fmt: skip
RULES = st.builds(
    lambda negated, start, pieces, end: negated + start + "".join(pieces) + end,
    st.sampled_from(["", "", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=5),
    st.sampled_from(["", "", "/", " ", "\r"]),
)
PLAIN_RULES = st.sampled_from(
    [
        *(
            "a",
            "b/",
            "/a",
            "*.y",
            "!a",
            "!*.y",
            "a/b",
            "**/b",
            "a/**",
            "!a/b",
            "a/*",
            "!b/",
            "/b/a",
        ),
        *("ab*", "*", "**", "/**", "**/*", "!*/", "!**/", "!a/**/", "!**/a", "A", "!b/a", "# a"),
    ]
)
FILES = st.lists(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join),
    min_size=1,
    max_size=12,
    unique=True,
)
MANY_PATHS = [
    f"{start}{middle}{end}"
    for start in ("", "a/", "A/ab/", "x.y/ /", "b/a/b/")
    for middle in ("", "ab/", "a b/")
    for end in NAMES
]
deterministic = settings(
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("rules").resolve()
    git(root, "init", "-q")
    return root


@settings(deterministic, max_examples=sampled(400))
@given(st.lists(st.one_of(RULES, PLAIN_RULES), min_size=1, max_size=6), st.booleans())
def test_a_list_of_rules_decides_as_git_does(
    repository: Path, rules: list[str], caseless: bool
) -> None:
    data = "\n".join(rules).encode()
    (repository / ".gitignore").write_bytes(data)
    lines = [line.removesuffix("\r") for line in data.decode("latin-1").split("\n")]
    patterns = Patterns(lines, caseless=caseless)
    found = dict(_asked(repository, MANY_PATHS, caseless))
    ours = {path: _decided(patterns, path) for path in MANY_PATHS}
    assert ours == {path: found[path] for path in MANY_PATHS}


def _asked(root: Path, paths: Sequence[str], caseless: bool) -> Iterator[tuple[str, bool]]:
    """Whether git ignores each path, in whose place nothing is."""
    case = f"core.ignorecase={'true' if caseless else 'false'}"
    command = ["git", "-c", case, "check-ignore", "--no-index", "-v", "-n", "-z", "--stdin"]
    asked = "".join(f"{path}\0" for path in paths).encode()
    done = subprocess.run(command, cwd=root, input=asked, capture_output=True, check=False)
    fields = done.stdout.decode().split("\0")
    for line, pattern, path in zip(fields[1::4], fields[2::4], fields[3::4], strict=True):
        yield path, bool(line) and not pattern.startswith("!")


def _decided(patterns: Patterns, path: str) -> bool:
    return bool(patterns.decide(path.encode().decode("latin-1")))


@dataclass(frozen=True)
class Tree:
    """Files, the rules by folder, and which of the files are added to the index."""

    files: list[str]
    rules: dict[str, list[str]]
    exclude: list[str]
    personal: list[str]
    tracked: list[int]
    caseless: bool


TREES = st.builds(
    Tree,
    FILES,
    st.dictionaries(
        st.sampled_from(["", "a", "b", "a/b", "ab", "a/a"]),
        st.lists(st.one_of(PLAIN_RULES, PLAIN_RULES, RULES), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    ),
    st.lists(PLAIN_RULES, max_size=2),
    st.lists(PLAIN_RULES, max_size=2),
    st.lists(st.integers(0, 11), max_size=4),
    st.booleans(),
)


def made(root: Path, tree: Tree) -> Path:
    """Writes what of the tree does not stand in each other's way."""
    root.mkdir()
    git(root, "init", "-q")
    git(root, "config", "core.ignorecase", str(tree.caseless).lower())
    written = [path for path in tree.files if _write(root / path, "")]
    chosen = {written[number % len(written)] for number in tree.tracked if written}
    if chosen:
        git(root, "--literal-pathspecs", "add", "-f", "--", *sorted(chosen))
    for folder, rules in tree.rules.items():
        _write(root / folder / ".gitignore", "\n".join(rules))
    _write(root / ".git/info/exclude", "\n".join(tree.exclude))
    _write(root.parent / "personal", "\n".join(tree.personal))
    git(root, "config", "core.excludesFile", str(root.parent / "personal"))
    return root


def _write(path: Path, text: str) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return False
    return True


def check(root: Path) -> None:
    """Walking gives what git lists; asking about each file says the same."""
    ignore = Ignore(Workspace(root))
    walked = sorted(ignore.walk())
    assert walked == sorted(listed(root))
    every = {
        p.relative_to(root).as_posix()
        for p in root.rglob("*")
        if p.is_file() and not p.is_symlink()
    }
    for path in every:
        if ".git" not in path.split("/"):
            assert ignore.matches(root / path) == (path not in walked), path


def listed(root: Path) -> Iterator[str]:
    """What git tracks or does not ignore, and the same of repositories within."""
    options = ("-z", "--cached", "--others", "--exclude-standard")
    command = ["git", *AUTHOR, "ls-files", *options]
    output = subprocess.run(command, cwd=root, check=True, capture_output=True).stdout.decode()
    for path in set(output.split("\0")) - {""}:
        if (root / path).is_dir():
            yield from (f"{path.removesuffix('/')}/{below}" for below in listed(root / path))
        elif (root / path).is_file() and not (root / path).is_symlink():
            yield path


@settings(deterministic, max_examples=sampled(160))
@given(TREES)
def test_a_tree_has_the_files_that_git_lists(
    tmp_path_factory: pytest.TempPathFactory, tree: Tree
) -> None:
    check(made((tmp_path_factory.mktemp("tree") / "root").resolve(), tree))


Build = Callable[[Path], Path]
"""Makes a project in the folder, and gives the workspace to look at."""


def tracked_although_ignored(root: Path) -> Path:
    lay_out(root, {"config.py": "", "dist/a/b.js": "", "dist/c.js": "", "x.lock": ""})
    git(root, "init", "-q")
    git(root, "add", ".")
    lay_out(root, {".gitignore": "dist/\n*.lock\nconfig.py\n", "dist/d.js": "", "y.lock": ""})
    return root


def tracked_and_deleted(root: Path) -> Path:
    tracked_although_ignored(root)
    (root / "dist/a/b.js").unlink()
    (root / "config.py").unlink()
    return root


def below_an_ignored_folder(root: Path) -> Path:
    return tracked_although_ignored(root) / "dist"


def below_the_repository(root: Path) -> Path:
    git(root, "init", "-q")
    lay_out(root, {".gitignore": "*.log\n/sub/b\nsub/c/\n!sub/keep.log\n", "sub/.gitignore": "d"})
    lay_out(root / "sub", dict.fromkeys(("a", "b", "c/e", "x.log", "keep.log", "d", "c.d/b"), ""))
    return root / "sub"


def worktree(root: Path) -> Path:
    lay_out(root / "main", {"a": "", "b/c": "", "b/keep.x": ""})
    committed(root / "main")
    lay_out(root / "main", {".git/info/exclude": "/ignoreme\n.cache/\n*.x\n"})
    git(root / "main", "worktree", "add", "-q", "../tree")
    lay_out(root / "tree", {"ignoreme": "", ".cache/d": "", "new": "", "new.x": ""})
    return root / "tree"


def submodule(root: Path) -> Path:
    lay_out(root / "lib", {"l": "", ".gitignore": "*.tmp\n"})
    committed(root / "lib")
    lay_out(root / "main", {"a": "", ".gitignore": "*.log\nbuild/\n"})
    committed(root / "main")
    git(
        root / "main", "-c", "protocol.file.allow=always", "submodule", "add", "-q", "../lib", "lib"
    )
    lay_out(root / "main/.git/modules/lib", {"info/exclude": "secret\n"})
    lay_out(root / "main", {"lib/x.log": "", "lib/build/b": "", "x.log": "", "lib/secret": ""})
    lay_out(root / "main", {"lib/a.tmp": "", "a.tmp": "", "secret": ""})
    return root / "main"


def submodule_in_an_ignored_folder(root: Path) -> Path:
    main = submodule(root)
    (main / ".gitignore").write_text("lib\n")
    return main


def repositories_within(root: Path) -> Path:
    lay_out(root, {".gitignore": "*.log\nvendor/\n", "a.log": ""})
    git(root, "init", "-q")
    for name in ("nested", "vendor/lib", "deep/er"):
        lay_out(root / name, {"x.log": "", "y": "", ".gitignore": "y\n", "z/x.log": ""})
        git(root / name, "init", "-q")
    lay_out(root, {"no/.git/config": "", "no/x.log": "", "no/y": "", "file/.git": "nonsense"})
    return lay_out(root, {"file/x.log": "", "file/y": ""})


def linked_rules(root: Path) -> Path:
    git(root, "init", "-q")
    lay_out(root, {"rules": "a\n", "a": "", "sub/a": ""})
    (root / ".gitignore").symlink_to("rules")
    return root


def odd_endings(root: Path) -> Path:
    git(root, "init", "-q")
    lay_out(root, {".gitignore": b"\xef\xbb\xbfa\r\nb/\r\n*.x \r\n\r\nq\\ \r\nlast\r"})
    return lay_out(root, dict.fromkeys(("a", "b/c", "d.x", "q ", "q", "last", "e", "f.x "), ""))


def settings_of_a_person(root: Path) -> Path:
    home = Path.home()
    lay_out(home, {".gitconfig": '[core]\n  excludesFile = ~/"my rules" # mine\n'})
    lay_out(home, {"my rules": "*.swp\n!b.swp\n"})
    lay_out(root, {".gitignore": "!c.swp\n", "a.swp": "", "b.swp": "", "c.swp": ""})
    git(root, "init", "-q")
    return root


def settings_that_include_others(root: Path) -> Path:
    home, git_folder = Path.home(), root / ".git/"
    text = (
        '[include] path = more\n[includeIf "gitdir:' + str(root) + '/"]\n path = ~/here\n'
        '[includeIf "gitdir:/elsewhere/"]\n path = there\n[alias "x"] y\n\tz = "a\\"b" ; c\\\n'
    )
    lay_out(home, {".gitconfig": text, "more": "[core]\nexcludesfile = ~/one", "here": ""})
    lay_out(home, {"here": "[core]\n\texcludesfile = ~/two\n", "there": "[core]\nexcludesfile=one"})
    lay_out(home, {"one": "a\n", "two": "b\n"})
    lay_out(root, {"a": "", "b": ""})
    git(root, "init", "-q", str(git_folder.parent))
    return root


def rules_of_a_person(root: Path) -> Path:
    lay_out(Path(os.environ["XDG_CONFIG_HOME"]), {"git/ignore": "*.swp\n"})
    lay_out(root, {"a.swp": "", "b": "", "sub/.git/HEAD": "", "sub/c.swp": ""})
    git(root, "init", "-q")
    return root


def another_index(*options: str) -> Build:
    def build(root: Path) -> Path:
        names = [f"{'long name ' * number}{number}" for number in range(9)]
        lay_out(root, {f"out/{name}/x": "" for name in names} | dict.fromkeys(names, ""))
        git(root, "init", "-q", *(option for option in options if option.startswith("--object")))
        git(root, "add", ".")
        git(root, "update-index", *(option for option in options if "object" not in option))
        lay_out(root, {".gitignore": "*\n", "out/new": "", "more": ""})
        git(root, "add", "-f", "more")
        return root

    return build


@pytest.mark.parametrize(
    "build",
    [
        tracked_although_ignored,
        tracked_and_deleted,
        below_the_repository,
        worktree,
        submodule,
        submodule_in_an_ignored_folder,
        repositories_within,
        linked_rules,
        odd_endings,
        settings_of_a_person,
        settings_that_include_others,
        rules_of_a_person,
        another_index("--index-version=2"),
        another_index("--index-version=4"),
        another_index("--split-index"),
        another_index("--object-format=sha256", "--index-version=4"),
    ],
)
def test_it_is_so_in_repositories_of_every_kind(project: Path, build: Build) -> None:
    check(build(project))


def test_a_tracked_file_whose_name_changed_its_case_is_still_tracked(project: Path) -> None:
    lay_out(project, {"A.txt": "", "Dir/b.txt": ""})
    git(project, "init", "-q")
    git(project, "add", ".")
    (project / "A.txt").rename(project / "a.TXT")
    lay_out(project, {".gitignore": "*.txt\nDIR\n", "Dir/c.txt": "", "d.TXT": "", "e": ""})
    for ignores_case, expected in (
        ("yes", [".gitignore", "Dir/b.txt", "a.TXT", "e"]),
        ("no", [".gitignore", "Dir/b.txt", "a.TXT", "d.TXT", "e"]),
    ):
        git(project, "config", "core.ignorecase", ignores_case)
        assert list(Ignore(Workspace(project)).walk()) == expected
