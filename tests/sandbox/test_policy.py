"""What a policy lets a process write and read, by path."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.sandbox.landlock import others_share_memory
from lsp_server.sandbox.policy import Policy, PolicyRules, reading_policy, workspace_policy


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "person"
    (folder / "project" / "packages" / "inner" / ".git").mkdir(parents=True)
    (folder / "project" / "node_modules" / "x" / ".git").mkdir(parents=True)
    return folder


def policy_of(home: Path, rules: PolicyRules = PolicyRules()) -> Policy:
    return workspace_policy(
        home / "project", (home / "own",), home.parent / "scratch", rules, home=home
    )


@pytest.mark.parametrize(
    ("path", "writes", "reads"),
    [
        ("project/src/a.py", True, True),
        ("project", True, True),
        ("project/.git", False, True),
        ("project/.git/hooks/post-commit", False, True),
        ("project/.github/workflows/a.yml", False, True),
        ("project/.vscode/tasks.json", False, True),
        ("project/.holdfast/goals.md", False, True),
        ("project/.envrc", False, True),
        ("project/.gitignore", True, True),
        ("project/packages/inner/.git/config", False, True),
        ("project/packages/inner/src/a.py", True, True),
        ("../scratch/x", True, True),
        ("other/a.py", False, True),
        (".bashrc", False, True),
        (".gitconfig", False, True),
        (".ssh/id_ed25519", False, False),
        (".aws/credentials", False, False),
        (".config/gh/hosts.yml", False, False),
        (".config/other/settings", False, True),
        (".netrc", False, False),
        ("own/runs/1/journal.jsonl", False, False),
        ("/etc/passwd", False, True),
        ("/etc/shadow", False, False),
        ("/run/docker.sock", False, False),
    ],
)
def test_each_place_has_its_rights(home: Path, path: str, writes: bool, reads: bool) -> None:
    policy = policy_of(home)
    place = Path(home / path).resolve()
    assert (policy.may_write(place), not policy.hides(place)) == (writes, reads)


def test_what_only_reads_writes_its_scratch_folder_alone(home: Path) -> None:
    policy = reading_policy(policy_of(home, PolicyRules(network="on")))
    assert policy.reads_only
    assert policy.network == "off"
    assert not policy.may_write(home / "project" / "a")
    assert policy.may_write(home.parent / "scratch" / "a")
    assert policy.hides(home / ".ssh")
    assert policy.readable == (home / "project",)


def test_a_workspace_below_a_hidden_folder_is_read_too(home: Path) -> None:
    workspace = home / ".config" / "Code" / "project"
    policy = reading_policy(workspace_policy(workspace, (), None, home=home))
    assert not policy.hides(workspace / "a")
    assert policy.hides(home / ".config" / "Code" / "tokens")


def test_a_workspace_below_a_hidden_folder_is_open_and_its_neighbours_are_not(home: Path) -> None:
    workspace = home / ".config" / "Code" / "project"
    policy = workspace_policy(workspace, (), None, home=home)
    assert policy.may_write(workspace / "a")
    assert policy.hides(home / ".config" / "Code" / "tokens")


def test_a_home_that_is_the_workspace_keeps_its_secrets_and_what_a_login_runs(home: Path) -> None:
    policy = workspace_policy(home, (), None, home=home)
    assert policy.may_write(home / "notes")
    for name in (".bashrc", ".config/fish/config.fish", ".local/bin/git", ".gitconfig"):
        assert not policy.may_write(home / name)
    assert policy.hides(home / ".ssh" / "id")
    assert home / ".ssh" in policy.hidden_in_writable


def test_a_person_may_open_and_close_places(home: Path) -> None:
    rules = PolicyRules(write=(home / "other",), hide=(home / "project" / ".env",), caches=("npm",))
    policy = policy_of(home, rules)
    assert policy.may_write(home / "other" / "a")
    assert not policy.may_write(home / "other" / ".git" / "config")
    assert policy.hides(home / "project" / ".env")
    assert not policy.may_write(home / "project" / ".env")
    assert policy.may_write(home / ".npm" / "_cacache")
    assert not policy.may_write(home / ".cache" / "pip")


def test_links_are_followed_to_what_is_hidden(home: Path) -> None:
    (home / "keys").mkdir()
    (home / ".ssh").symlink_to(home / "keys")
    assert policy_of(home).hides(home / "keys" / "id")


def test_shared_memory_is_given_where_nobody_else_has_some(tmp_path: Path) -> None:
    assert not others_share_memory(tmp_path)
    (tmp_path / "theirs").touch()
    assert others_share_memory(tmp_path)
    assert others_share_memory(tmp_path / "missing")
