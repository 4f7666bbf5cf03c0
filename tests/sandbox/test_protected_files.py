"""What a command changed in protected places is put back, and nothing outside is touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.sandbox.git_config import harmless_lines
from lsp_server.sandbox.policy import workspace_policy
from lsp_server.sandbox.protected_files import FILE_BYTES_MAX, FILES_MAX, ProtectedFiles
from lsp_server.sandbox.protected_tree import protected_files
from lsp_server.sandbox.real_files import remove_real

CONFIG = "[core]\n\tbare = false\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "work"
    for name in (".git/hooks", ".git/info", ".git/modules/sub", ".vscode", "sub/.git/hooks"):
        (folder / name).mkdir(parents=True)
    (folder / ".git/modules/libs/in").mkdir(parents=True)
    (folder / ".git/modules/libs/in/HEAD").write_text("ref: refs/heads/main\n")
    for name in (
        *(".git/config", ".git/modules/sub/config", ".git/modules/libs/in/config"),
        "sub/.git/config",
    ):
        (folder / name).write_text(CONFIG)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".git" / "hooks" / "pre-commit").write_text("true\n")
    (folder / ".vscode" / "tasks.json").write_text("{}\n")
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside" / "hooks").mkdir()
    (folder.parent / "outside" / "config").write_text("theirs\n")
    (folder.parent / "outside" / "hooks" / "pre-commit").write_text("theirs\n")
    return folder


def tree(folder: Path) -> dict[str, tuple[int, str]]:
    """All that is below the folder, by name: mode, and content or target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        text = str(path.readlink()) if path.is_symlink() else ""
        if path.is_file() and not path.is_symlink():
            text = path.read_text()
        found[str(path.relative_to(folder))] = (mode, text)
    return found


def put_back(root: Path, change: Callable[[Path], object]) -> dict[str, str]:
    """What was done about a change, by path."""
    policy = workspace_policy(root, (), None, home=root.parent / "home")
    before = ProtectedFiles(policy)
    change(root)
    now = workspace_policy(root, (), None, home=root.parent / "home")
    return {str(one.path.relative_to(root)): one.outcome for one in before.put_back(now.protected)}


def write(name: str, text: str = "evil") -> Callable[[Path], object]:
    def change(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return change


@pytest.mark.parametrize(
    ("change", "outcomes"),
    [
        (write(".git/config"), {".git/config": "put back"}),
        (write(".git/hooks/pre-commit"), {".git/hooks/pre-commit": "put back"}),
        (write(".git/modules/sub/config"), {".git/modules/sub/config": "put back"}),
        (write("sub/.git/config"), {"sub/.git/config": "put back"}),
        (write(".git/modules/libs/in/config"), {".git/modules/libs/in/config": "put back"}),
        (
            write(".git/modules/libs/in/hooks/post-checkout"),
            {".git/modules/libs/in/hooks/post-checkout": "taken away"},
        ),
        (
            write(".git/modules/libs/in/modules/deeper/more/config.worktree"),
            {".git/modules/libs/in/modules/deeper/more/config.worktree": "taken away"},
        ),
        (
            write(".git/modules/new/one/hooks/post-checkout"),
            {".git/modules/new/one/hooks/post-checkout": "taken away"},
        ),
        (
            lambda root: (root / ".git/modules/libs/link").symlink_to("../../../sub"),
            {".git/modules/libs/link": "taken away"},
        ),
        (write(".git/modules/libs/in/objects/config"), {}),
        (lambda root: (root / ".git/config").unlink(), {".git/config": "put back"}),
        (lambda root: (root / ".git/config").chmod(0o666), {".git/config": "put back"}),
        (lambda root: shutil.rmtree(root / ".vscode"), {".vscode/tasks.json": "put back"}),
        (write(".git/hooks/post-commit"), {".git/hooks/post-commit": "taken away"}),
        (write(".git/info/attributes"), {".git/info/attributes": "taken away"}),
        (write(".vscode/launch.json"), {".vscode/launch.json": "taken away"}),
        (write(".husky/pre-commit"), {".husky": "taken away"}),
        (write(".gitlab-ci.yml"), {".gitlab-ci.yml": "taken away"}),
        (write("deep/er/.vscode/tasks.json"), {"deep/er/.vscode": "taken away"}),
        (write("src/a.py"), {}),
        (write(".git/refs/heads/main"), {}),
        (lambda root: os.utime(root / ".git/config", (1, 1)), {}),
        (lambda root: (root / ".git/config").write_text(CONFIG), {}),
    ],
)
def test_a_change_is_undone_and_named(
    root: Path, change: Callable[[Path], object], outcomes: dict[str, str]
) -> None:
    before = tree(root)
    assert put_back(root, change) == outcomes
    if outcomes:
        kept = {name: state for name, state in tree(root).items() if name in before}
        assert kept == before
        assert put_back(root, lambda _: None) == {}


def link_away(name: str, target: str) -> Callable[[Path], object]:
    """Puts a link to something outside in the place of what is there."""

    def change(root: Path) -> None:
        path = root / name
        if path.is_dir():
            path.rename(root / "moved-away")
        else:
            path.unlink(missing_ok=True)
        path.symlink_to(root.parent / "outside" / target)

    return change


@pytest.mark.parametrize(
    ("name", "target"),
    [
        (".git/config", "config"),
        (".git/hooks", "hooks"),
        (".git/info", "hooks"),
        (".git", ""),
        (".vscode", "hooks"),
        ("sub", ""),
        ("sub/.git", ""),
        (".git/modules", ""),
        (".git/modules/sub", ""),
        (".idea", "hooks"),
        ("new", ""),
    ],
)
def test_no_link_leads_outside(root: Path, name: str, target: str) -> None:
    before = tree(root.parent / "outside")
    put_back(root, link_away(name, target))
    assert tree(root.parent / "outside") == before
    assert not (root / ".git" / "config").is_symlink()
    assert not (root / ".git" / "hooks").is_symlink()


def test_a_new_repository_stays_without_what_runs_code(root: Path) -> None:
    def change(root: Path) -> None:
        write("new/.git/config", f"{CONFIG}\tfsmonitor = ./evil\n[alias]\n\tst = !evil\n")(root)
        write("new/.git/hooks/post-commit")(root)
        write("new/.git/hooks/update.sample")(root)
        write("new/.git/HEAD", "ref: refs/heads/main\n")(root)

    assert put_back(root, change) == {
        "new/.git/config": "made harmless",
        "new/.git/hooks/post-commit": "taken away",
    }
    assert (root / "new" / ".git" / "config").read_text() == CONFIG
    assert (root / "new" / ".git" / "HEAD").exists()


def test_of_a_worktree_that_is_no_more_nothing_comes_back(root: Path) -> None:
    for name in ("gone", "there"):
        for file in ("commondir", "gitdir", "HEAD"):
            write(f".git/worktrees/{name}/{file}")(root)

    def change(root: Path) -> None:
        shutil.rmtree(root / ".git/worktrees/gone")
        (root / ".git/worktrees/there/gitdir").unlink()

    assert put_back(root, change) == {".git/worktrees/there/gitdir": "put back"}
    assert not (root / ".git/worktrees/gone").exists()


def test_what_cannot_be_put_back_is_said_to_be_lost(root: Path) -> None:
    (root / ".idea").mkdir()
    (root / ".idea" / "large").write_bytes(b"x" * (FILE_BYTES_MAX + 1))
    assert put_back(root, write(".idea/large")) == {".idea/large": "lost"}


def test_a_folder_that_is_gone_with_its_repository_is_not_made_again(root: Path) -> None:
    outcomes = put_back(root, lambda root: shutil.rmtree(root / "sub"))
    assert outcomes == {"sub/.git/config": "lost"}
    assert not (root / "sub").exists()


def test_what_did_not_change_is_not_read_again(root: Path) -> None:
    policy = workspace_policy(root, (), None, home=root.parent)
    first = ProtectedFiles(policy)
    second = ProtectedFiles(policy, first)
    path = root / ".git" / "config"
    assert second.files[path] is first.files[path]
    path.write_text("[core]")
    assert ProtectedFiles(policy, first).files[path] is not first.files[path]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("[core]\n\tbare = false\n\tfsmonitor = x", "[core]\n\tbare = false"),
        ('[remote "origin"]\n\turl = x\n\tuploadpack = evil', '[remote "origin"]\n\turl = x'),
        ('[branch "main"]\n\tremote = origin', '[branch "main"]\n\tremote = origin'),
        ("[alias]\n\tst = !evil", ""),
        ("[CORE]\n\tHooksPath = x\n\tBare = true", "[CORE]\n\tBare = true"),
        ("[core] fsmonitor = evil", ""),
        ("[core]\n\tbare = false \\\n\tfsmonitor = x\n\teol = lf", "[core]\n\teol = lf"),
        ('[filter "x"]\n\tclean = evil', ""),
        ("[include]\n\tpath = evil", ""),
        ('[submodule "s"]\n\turl = x\n\tupdate = !evil', '[submodule "s"]\n\turl = x'),
        ("bare = false", ""),
        ("[core]\n\teditor", "[core]"),
    ],
)
def test_of_a_new_repository_harmless_settings_are_kept(text: str, kept: str) -> None:
    assert harmless_lines(text) == kept


def flood(folder: Path, count: int = 3000) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"a{number}").touch()


def dig(folder: Path, depth: int = 2500) -> None:
    """Makes folders in each other, so deep that no path leads to the last one."""
    before = Path.cwd()
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    try:
        for _ in range(depth):
            Path("a").mkdir()
            os.chdir("a")
        Path("evil").touch()
    finally:
        os.chdir(before)


def take_rights(folder: Path, mode: int) -> None:
    """Puts a folder in the place of another, which nobody may look into or change."""
    made = folder.parent / "made"
    made.mkdir()
    (made / "evil").write_text("evil")
    shutil.rmtree(folder)
    made.rename(folder)
    folder.chmod(mode)


def contents(root: Path) -> dict[Path, bytes]:
    """What protected places have."""
    policy = workspace_policy(root, (), None, home=root.parent / "home")
    return {path: path.read_bytes() for _, path in protected_files(policy.protected)}


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (".git/hooks", flood),
        (".vscode", flood),
        (".idea", flood),
        (".vscode", dig),
        (".husky", dig),
        (".vscode", lambda folder: take_rights(folder, 0o555)),
        (".vscode", lambda folder: take_rights(folder, 0o111)),
        (".git/hooks", lambda folder: take_rights(folder, 0o000)),
    ],
)
def test_nothing_stays_however_it_is_hidden(
    root: Path, place: str, change: Callable[[Path], object]
) -> None:
    def do(root: Path) -> None:
        change(root / place)
        write(".git/hooks/post-commit")(root)
        write(".vscode/tasks.json")(root)

    before = contents(root)
    put_back(root, do)
    try:
        assert contents(root) == before
    finally:
        if (root / place).exists():
            remove_real(root / place, root)  # Nothing else removes folders that are so deep.


def test_what_is_too_much_to_know_is_not_taken_away(root: Path) -> None:
    flood(root / ".claude" / "many", FILES_MAX)
    outcomes = put_back(root, lambda root: (root / ".claude/many/a0").unlink())
    assert outcomes == {".claude/many/a0": "put back"}
    assert len(list((root / ".claude/many").iterdir())) == FILES_MAX
    outcomes = put_back(root, write(".claude/many/new"))
    assert outcomes == {".claude/many/new": "taken away"}, "its time says that it is new"
    outcomes = put_back(root, write(".vscode/tasks.json"))
    assert outcomes == {".vscode/tasks.json": "put back"}, "what is near the top is known first"
