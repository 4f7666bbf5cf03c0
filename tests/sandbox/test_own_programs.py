"""What Holdfast starts for itself can change nothing and reach nothing, whatever it meets."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from lsp_server.assemble.sandboxes import Sandboxes
from lsp_server.domain.permissions import PermissionMode
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.parsing import ReadRequest
from lsp_server.sandbox.choice import Mechanism, probed
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import PermissionSettings, Settings
from lsp_server.tools.search import Search
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.git_log import read_commits
from lsp_server.workspace.git.git_revision import Revisions
from lsp_server.workspace.git.ignore import Ignore
from tests.harness.files import lay_out

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["bubblewrap", "landlock", "seatbelt"])
def settings(request: pytest.FixtureRequest) -> Settings:
    mechanism: Mechanism = request.param
    if not probed(mechanism).holds:
        pytest.skip(f"{mechanism} does not hold here")
    return Settings.model_validate({"sandbox": {"mode": mechanism}})


@pytest.fixture
def sandboxes(project: Path) -> Sandboxes:
    return Sandboxes(project.resolve(), (project.parent / "own",), HostCommandRunner())


@pytest.fixture
def neighbour() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(("sleep", "60")) as process:
        yield process
        process.kill()


async def hostile(settings: Settings, sandboxes: Sandboxes, project: Path, what: str) -> str:
    """What a reader that was taken over says of its attempt."""
    lay_out(project, {what: "content"})
    start = partial(sandboxes.start_own, lambda: settings)
    readers = ParseWorkers(start, 1, module="tests.fakes.hostile_reader")
    try:
        (read,) = await readers.read_all(ReadRequest(str(project.resolve()), (what,), {}, 100))
    finally:
        await readers.close()
    assert read.path == what
    return read.skipped


@pytest.mark.parametrize("what", ["write", "write outside", "secret", "connect", "signal"])
async def test_a_parser_that_fell_to_a_file_does_nothing(
    settings: Settings,
    sandboxes: Sandboxes,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    neighbour: subprocess.Popen[bytes],
    what: str,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("NEIGHBOUR", str(neighbour.pid))
    lay_out(Path.home(), {".ssh/id": "key"})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("LISTENER_PORT", str(listener.getsockname()[1]))
        assert await hostile(settings, sandboxes, project, what)
    assert neighbour.poll() is None
    assert not list(project.parent.rglob("evil"))


async def test_without_a_sandbox_it_could(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    readers = ParseWorkers(start_unconfined, 1, module="tests.fakes.hostile_reader")
    await readers.read_all(ReadRequest(str(project.resolve()), ("write outside",), {}, 1))
    await readers.close()
    assert (project.parent / "evil").exists()


@pytest.mark.parametrize("what", ["pickle", "other", "rows", "odd", "deep", "endless"])
async def test_what_a_parser_answers_is_data_about_its_file(
    settings: Settings,
    sandboxes: Sandboxes,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(project)
    assert await hostile(settings, sandboxes, project, what) == "it cannot be parsed"
    assert not (project / "made-by-pickle").exists()


async def test_parsers_read_the_workspace(
    settings: Settings, sandboxes: Sandboxes, project: Path
) -> None:
    lay_out(project, {"src/a.py": "def first():\n    return 1\n"})
    readers = ParseWorkers(partial(sandboxes.start_own, lambda: settings), 1)
    try:
        request = ReadRequest(str(project.resolve()), ("src/a.py",), {}, 10**6)
        (first,) = await readers.read_all(request)
        # What is made later is read by the same process.
        lay_out(project, {"later/b.py": "def second():\n    return 2\n"})
        (second,) = await readers.read_all(request.part(("later/b.py",)))
    finally:
        await readers.close()
    assert [row["symbol"] for read in (first, second) for row in read.rows or ()] == [
        "first",
        "second",
    ]


async def test_programs_only_read_and_see_the_temporary_folder(
    settings: Settings, sandboxes: Sandboxes, project: Path, tmp_path: Path
) -> None:
    lay_out(project, {"a.txt": "inside"})
    lay_out(tmp_path, {"copy/b.txt": "beside"})
    own = sandboxes.own_programs(lambda: settings)
    done = await own.run(
        f"cat a.txt {tmp_path}/copy/b.txt; echo x > a.txt; touch {tmp_path}/copy/c new",
        project.resolve(),
        timeout_seconds=20,
        reads_only=True,
    )
    assert done.output.startswith("insidebeside")
    assert (project / "a.txt").read_text() == "inside"
    assert not (tmp_path / "copy" / "c").exists()
    assert not (project / "new").exists()


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    subprocess.run(("git", "-C", folder, *author, *arguments), check=True, capture_output=True)


@pytest.fixture
def worktree(project: Path, tmp_path: Path) -> Path:
    """A second working tree, of which the data is in the repository of another folder."""
    lay_out(project, {"a.txt": "content\n", "sub/b.txt": "content\n"})
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "first")
    git(project, "worktree", "add", "-q", str(tmp_path / "second"))
    return (tmp_path / "second").resolve()


@pytest.mark.parametrize("place", [".", "sub"])
async def test_git_works_where_its_data_is_elsewhere(
    settings: Settings, worktree: Path, place: str
) -> None:
    """Below /tmp too, of which a command may have one of its own."""
    folder = (worktree / place).resolve()
    (folder / "new").touch()
    sandboxes = Sandboxes(folder, (), HostCommandRunner())
    own = sandboxes.own_programs(lambda: settings)
    assert (await Revisions(folder, own).of("tree")).endswith(" with 1 change")
    assert [one.subject for one in await read_commits(folder, 9, own)] == ["first"]
    modes: tuple[PermissionMode, ...] = ("ask", "sandboxed")
    for mode in modes:
        permissions = PermissionSettings(mode=mode)
        update = {"permissions": permissions}
        commands = sandboxes.commands(partial(settings.model_copy, update=update))
        for reads_only in (True, False):
            done = await commands.run(
                "git status --short && git log --format=%s && git diff --stat",
                folder,
                timeout_seconds=20,
                reads_only=reads_only,
            )
            assert (done.exit_status, done.output) == (0, "?? new\nfirst\n"), done.output


async def test_a_link_to_a_hidden_repository_shows_nothing(
    settings: Settings, project: Path
) -> None:
    store = Path.home() / ".password-store"
    lay_out(store, {"bank.gpg": "12345678"})
    git(store, "init", "-q")
    lay_out(project, {".git": f"gitdir: {store}/.git\n"})
    commands = Sandboxes(project.resolve(), (), HostCommandRunner()).commands(lambda: settings)
    done = await commands.run(
        f"cat {store}/bank.gpg {store}/.git/HEAD",
        project.resolve(),
        timeout_seconds=20,
        reads_only=True,
    )
    assert done.exit_status != 0
    assert "12345678" not in done.output
    assert "refs" not in done.output


async def test_many_programs_at_once_find_the_mechanism_once(
    settings: Settings, sandboxes: Sandboxes, project: Path
) -> None:
    own = sandboxes.own_programs(lambda: settings)
    runs = (own.run("echo $0", project.resolve(), timeout_seconds=20) for _ in range(8))
    assert {done.exit_status for done in await asyncio.gather(*runs)} == {0}


async def test_a_search_outside_says_what_it_leaves_out(
    settings: Settings, sandboxes: Sandboxes, project: Path
) -> None:
    lay_out(Path.home(), {".ssh/id": "needle"})
    lay_out(project, {"a.txt": "needle"})
    workspace = Workspace(project.resolve())
    commands = sandboxes.own_programs(lambda: settings)
    search = Search(workspace, Ignore(workspace), Documents(), commands=commands)
    assert (await search.call({"query": "needle"})).text == "a.txt:1: needle"
    hidden = await search.call({"query": "needle", "path": str(Path.home() / ".ssh")})
    assert hidden.text.startswith("no match\n[outside of the workspace a search leaves out")
