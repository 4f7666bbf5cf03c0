"""Commands that run without a question start nothing that a project brought.

Each row is run twice: as a person would run it, to show that there is something to
start, and as a call of a model that nobody answers for.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.domain.tools import NeedsCommand
from lsp_server.settings.sections import PermissionSettings
from lsp_server.tools.approval import Allow, Approval
from lsp_server.tools.free import profile_of
from lsp_server.tools.shell import Shell
from lsp_server.workspace.files.paths import Workspace
from tests.harness.files import lay_out
from tests.harness.git import committed, git
from tests.harness.tools import Bench

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture(autouse=True)
def _programs_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", SYSTEM_PATH)


@pytest.fixture
def planted(project: Path) -> Path:
    """A program that writes down that it was started."""
    program = project.parent / "planted"
    program.write_text(f"#!/bin/sh\necho started >> {started(project)}\n")
    program.chmod(0o755)
    return program


def started(project: Path) -> Path:
    return project.parent / "started"


def run_as_a_person(project: Path, command: str) -> None:
    subprocess.run(command, shell=True, cwd=project, capture_output=True, check=False, timeout=20)


def is_free(project: Path, command: str) -> bool:
    approval = Approval(PermissionSettings(), Workspace(project))
    return approval.decide(Shell.spec, NeedsCommand(command)) == Allow()


def setting(*names: str) -> Callable[[Path, Path], None]:
    """A repository in which these settings of its own name the program."""

    def plant(project: Path, program: Path) -> None:
        lay_out(project, {"a.txt": "a\n", ".gitattributes": "*.txt diff=x filter=y\n"})
        committed(project)
        (project / "a.txt").write_text("b\n")
        for name in names:
            git(project, "config", name, str(program))

    return plant


def hook(folder: str) -> Callable[[Path, Path], None]:
    def plant(project: Path, program: Path) -> None:
        setting()(project, program)
        (project / folder).mkdir(exist_ok=True)
        (project / folder / "post-index-change").symlink_to(program)
        if folder == "hooks":
            git(project, "config", "core.hooksPath", folder)
        os.utime(project / ".gitattributes", (1, 1))

    return plant


def signed(*more: str) -> Callable[[Path, Path], None]:
    def plant(project: Path, program: Path) -> None:
        setting("gpg.program")(project, program)
        commit = git(project, "cat-file", "commit", "HEAD")
        head, _, message = commit.partition("\n\n")
        signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
        made = subprocess.run(
            ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
            input=f"{head}\n{signature}\n\n{message}\n",
            cwd=project, check=True, capture_output=True, text=True,
        )  # fmt: skip
        git(project, "reset", "-q", "--soft", made.stdout.strip())
        for name in more:
            git(project, "config", name, "true")

    return plant


def nested(project: Path, program: Path) -> None:
    """A repository in the place of a submodule, which nothing lists."""
    inner = lay_out(project / "inner", {"b.txt": "b\n"})
    committed(inner)
    committed(lay_out(project, {"a.txt": "a\n"}))
    git(inner, "config", "core.fsmonitor", str(program))
    (inner / "b.txt").write_text("c\n")


def nested_and_listed(project: Path, program: Path) -> None:
    nested(project, program)
    lay_out(
        project, {".gitmodules": '[submodule "inner"]\npath = inner\nurl = ./x\nignore = none\n'}
    )


def without_git_folder(project: Path, program: Path) -> None:
    lay_out(
        project,
        {
            "HEAD": "ref: refs/heads/main\n",
            "config": f"[core]\nrepositoryformatversion = 0\nworktree = .\nfsmonitor = {program}\n",
            "objects/k": "",
            "refs/k": "",
            "index": "",
        },
    )
    (project / "index").unlink()


def beside_a_broken_one(project: Path, program: Path) -> None:
    without_git_folder(project, program)
    lay_out(project, {".git/config": "[core]\nbare = false\n"})


def included(project: Path, program: Path) -> None:
    setting()(project, program)
    lay_out(project, {"more": f"[core]\nfsmonitor = {program}\n"})
    git(project, "config", "include.path", "../more")


def of_the_worktree(project: Path, program: Path) -> None:
    setting()(project, program)
    git(project, "config", "extensions.worktreeConfig", "true")
    git(project, "config", "--worktree", "core.fsmonitor", str(program))


def elsewhere(project: Path, program: Path) -> None:
    """`.git` is a file that leads into the project."""
    setting("core.fsmonitor")(project, program)
    (project / ".git").rename(project / "kept")
    (project / ".git").write_text("gitdir: kept\n")


def above(project: Path, program: Path) -> None:
    """The project is a folder of the repository."""
    setting("core.fsmonitor")(project.parent, program)


def lacking(project: Path, program: Path) -> None:
    """A partial clone whose other side is a command."""
    setting()(project, program)
    blob = git(project, "rev-parse", "HEAD:a.txt")
    (project / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    git(project, "config", "extensions.partialClone", "origin")
    git(project, "config", "core.repositoryFormatVersion", "1")
    git(project, "config", "remote.origin.promisor", "true")
    git(project, "config", "remote.origin.url", f"ext::{program}")
    git(project, "config", "--global", "protocol.allow", "always")


def borrowing(project: Path, program: Path) -> None:
    setting("core.alternateRefsCommand")(project, program)
    other = project.parent / "other"
    other.mkdir()
    committed(lay_out(other, {"x": ""}))
    lay_out(project, {".git/objects/info/alternates": f"{other}/.git/objects\n"})


@pytest.mark.parametrize(
    ("plant", "command", "free"),
    [
        (setting("core.fsmonitor"), "git status", False),
        (setting("core.fsmonitor"), "git diff", False),
        (setting("core.fsmonitor"), "git ls-files -m", False),
        (setting("diff.external"), "git diff", False),
        (setting("diff.x.command"), "git diff", False),
        (setting("diff.x.textconv"), "git diff", False),
        (setting("diff.x.textconv"), "git log -p", False),
        (setting("diff.x.textconv"), "git show", False),
        (setting("diff.x.textconv"), "git blame a.txt", False),
        (setting("filter.y.clean"), "git status", False),
        (setting("filter.y.process"), "git diff", False),
        (hook(".git/hooks"), "git status", True),
        (hook(".git/hooks"), "git diff", True),
        (hook("hooks"), "git status", True),
        (signed(), "git log --format=%G?", False),
        (signed("log.showSignature"), "git log", False),
        (signed("log.showSignature"), "git show", False),
        (nested, "git status", False),
        (nested, "git diff", False),
        (nested_and_listed, "git diff --submodule=diff", False),
        (nested_and_listed, "git status --short", False),
        (without_git_folder, "git status", False),
        (beside_a_broken_one, "git status", False),
        (included, "git status", False),
        (of_the_worktree, "git status", False),
        (elsewhere, "git status", False),
        (above, "git status", False),
        (lacking, "git show HEAD:a.txt", True),
        (borrowing, "git rev-list --all --alternate-refs", False),
    ],
)
async def test_a_repository_starts_nothing_of_its_own(
    project: Path,
    planted: Path,
    plant: Callable[[Path, Path], None],
    command: str,
    free: bool,
) -> None:
    plant(project, planted)
    run_as_a_person(project, command)
    assert started(project).exists(), "there was nothing to start"
    started(project).unlink()
    bench = Bench(project, mode="ask", answers=[None])
    await bench.call("shell", command=command)
    assert not started(project).exists()
    assert (not bench.questions) == free


@pytest.mark.parametrize(
    "plant",
    [
        setting(),
        setting("user.name", "branch.main.remote", "remote.origin.url", "commit.gpgsign"),
        hook("hooks"),
    ],
)
@pytest.mark.parametrize("command", ["git status", "git diff", "git log -p", "git ls-files -m"])
async def test_an_ordinary_repository_is_free(
    project: Path, planted: Path, plant: Callable[[Path, Path], None], command: str
) -> None:
    plant(project, planted)
    result = await Bench(project, mode="ask").call("shell", command=command)
    assert result.text.startswith("exit status 0")
    assert "a.txt" in result.text


async def test_what_a_person_allows_runs_as_they_set_it_up(project: Path, planted: Path) -> None:
    setting("core.fsmonitor")(project, planted)
    bench = Bench(project, mode="ask", answers=["once"])
    await bench.call("shell", command="git status")
    assert started(project).exists()


@pytest.mark.parametrize(
    ("path", "programs", "command", "free"),
    [
        (".:{system}", ("ls",), "ls", False),
        (":{system}", ("ls",), "ls", False),
        ("{system}:", ("ls",), "ls", True),
        ("bin:{system}", ("bin/ls",), "ls -l", False),
        ("{root}/bin:{system}", ("bin/ls",), "cat a | ls", False),
        ("{root}/bin:{system}", ("bin/ls",), "cat a", True),
        ("{root}/bin:{system}", ("bin/python",), "python --version", False),
        ("{root}/bin:{system}", ("bin/git",), "git status", False),
        ("{out}/link:{system}", ("bin/ls",), "ls", False),
        ("{out}/bin:{system}", ("ls",), "ls", False),
        ("{out}/shims:{system}", ("{out}/shims/ls",), "ls", False),
        ("{out}/other:{system}", ("{out}/other/ls",), "ls", True),
    ],
)
def test_a_program_of_the_project_is_not_free(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    programs: tuple[str, ...],
    command: str,
    free: bool,
) -> None:
    out = project.parent / "out"
    places = {"root": project, "out": out, "system": SYSTEM_PATH}
    for program in programs:
        file = project / program.format(**places)
        lay_out(file.parent, {file.name: "#!/bin/sh\n"})
        file.chmod(0o755)
    lay_out(out, {"bin/x": ""})
    (out / "link").symlink_to(project / "bin")
    (out / "bin" / "ls").symlink_to(project / "ls")
    lay_out(project, {"a": ""})
    monkeypatch.setenv("PATH", path.format(**places))
    assert is_free(project, command) == free
    assert (profile_of(command, Workspace(project)).environment is not os.environ) == free


async def test_what_a_free_command_starts_is_not_the_project_s(
    project: Path, planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shell, what a program starts by its name, and what shells read first."""
    lay_out(project, {"a.txt": "a\n", "start": f"{planted}\n"})
    for name in ("bash", "sh", "grep", "head", "rg", "env"):
        (project / name).symlink_to(planted)
    monkeypatch.setenv("PATH", f"/usr/bin:.:{project}:/bin")
    monkeypatch.setenv("BASH_ENV", "start")
    bench = Bench(project, mode="ask")
    await bench.call("shell", command="egrep a a.txt; cat a.txt | sort")
    monkeypatch.setenv("PATH", f".:{SYSTEM_PATH}")
    await bench.call("shell", command="cat a.txt")
    await Bench(project, mode="ask").call("search", query="a")
    assert not started(project).exists()


@pytest.mark.parametrize(
    "command",
    ["pytest", "yarn", "npm", "pnpm", "cargo", "rustc", "go", "mypy"],
)
def test_programs_that_look_at_the_project_first_are_asked_for_their_version(
    project: Path, command: str
) -> None:
    assert not is_free(project, f"{command} --version")
