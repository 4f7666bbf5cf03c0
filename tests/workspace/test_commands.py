from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from lsp_server.domain.errors import ToolError
from lsp_server.domain.goals import CommandCheck
from lsp_server.goals.checks import CheckRunner
from lsp_server.tools.search import Search
from lsp_server.tools.shell import Shell
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints
from lsp_server.workspace.commands.background_commands import BackgroundCommands
from lsp_server.workspace.commands.command_output import HeadAndTail
from lsp_server.workspace.commands.commands import (
    CommandProfile,
    CommandResult,
    CommandRunner,
    HostCommandRunner,
    child_environment,
)
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.git_log import read_commits
from lsp_server.workspace.git.git_revision import Revisions
from lsp_server.workspace.git.ignore import Ignore
from tests.fakes.commands import LoggingCommandRunner
from tests.harness.files import lay_out


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def execute(
    command: str, cwd: Path, *, timeout_seconds: float = 20, bytes_max: int = 10_000
) -> CommandResult:
    descriptors = open_descriptors()
    try:
        return await HostCommandRunner().run(
            command, cwd, timeout_seconds=timeout_seconds, output_bytes_max=bytes_max
        )
    finally:
        assert open_descriptors() <= descriptors + 1  # the child watcher may keep one


def running(marker: str) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if marker in (process.info["cmdline"] or [])
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


@pytest.mark.parametrize(
    ("command", "ending", "output"),
    [
        ("true", "exit status 0", ""),
        ("echo out; echo err >&2; echo out", "exit status 0", "out\nerr\nout\n"),
        ("exit 3", "exit status 3", ""),
        ("no-such-program-at-all", "exit status 127", None),
        ("kill -SEGV $$", "exit status 139 (as after SIGSEGV)", ""),
        ("bash -c 'kill -KILL $$'; exit $?", "exit status 137 (as after SIGKILL)", None),
        # A program may end itself with any status.
        ("exit 130", "exit status 130 (as after SIGINT)", ""),
        ("exit 255", "exit status 255", ""),
        ("cat; tty", "exit status 1", "not a tty\n"),
        ("printf '\\xff\\xc3'", "exit status 0", "\ufffd\ufffd"),
        ("echo $TERM $PAGER", "exit status 0", "dumb cat\n"),
        ("pwd", "exit status 0", None),
    ],
)
async def test_how_it_ended_and_what_it_said(
    project: Path, command: str, ending: str, output: str | None
) -> None:
    completed = await execute(command, project)
    assert completed.ending == ending
    assert output is None or completed.output == output


async def test_running_out_of_time_ends_the_whole_group(project: Path) -> None:
    completed = await execute(
        "echo begun; sleep 4242.1 & sleep 4242.1", project, timeout_seconds=0.3
    )
    assert (completed.ending, completed.output, completed.exit_status) == (
        "timed out",
        "begun\n",
        None,
    )
    assert completed.timed_out
    assert completed.seconds < 5
    assert not running("4242.1")


async def test_a_command_that_ignores_sigterm_is_killed(project: Path) -> None:
    completed = await execute(
        "trap '' TERM; sleep 4242.2; sleep 4242.2", project, timeout_seconds=0.3
    )
    assert completed.timed_out
    assert not running("4242.2")


async def test_cancelling_ends_the_whole_group(project: Path) -> None:
    task = asyncio.create_task(execute("touch ready; sleep 4242.3 | cat", project))
    async with asyncio.timeout(10):
        while not running("4242.3"):  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.01)
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 1
    assert not running("4242.3")


async def test_background_processes_do_not_hold_the_run(project: Path) -> None:
    for command in ("sleep 4242.4 & echo done", "sleep 4242.4 >/dev/null 2>&1 & disown; echo done"):
        completed = await execute(command, project)
        assert completed.exit_status == 0
        assert completed.output.startswith("done\n")
        assert "left in the background were ended" in completed.output
        assert completed.seconds < 5
    assert not running("4242.4")


@pytest.mark.parametrize(
    "command",
    [
        "setsid sleep 4242.5 & echo done",
        "setsid -f sleep 4242.5; echo done",
        "nohup sleep 4242.5 >/dev/null 2>&1 & disown; echo done",
        "env -i setsid -f sleep 4242.5; echo done",
        "(setsid -f sh -c '(setsid -f sleep 4242.5) &' &); echo done",
        "setsid -f sh -c 'trap \"\" TERM HUP; while :; do sleep 4242.5; done'; echo done",
    ],
)
async def test_a_program_that_leaves_its_group_ends_with_the_command(
    project: Path, command: str
) -> None:
    completed = await execute(command, project)
    assert completed.output.startswith("done\n")
    assert "left in the background were ended" in completed.output
    assert completed.seconds < 10
    assert not running("4242.5")


async def test_a_flood_is_cut_in_the_middle(project: Path) -> None:
    completed = await execute(
        "echo first; head -c 200000000 /dev/zero; echo; echo last", project, bytes_max=1000
    )
    assert completed.output.startswith("first\n")
    assert completed.output.endswith("\nlast\n")
    assert completed.truncated_bytes == 200_000_012 - 1000
    assert f"{completed.truncated_bytes:,} bytes left out" in completed.output


@pytest.mark.parametrize("command", ["a\0b", "\ud800", "\0" + "x" * 3_000_000])
async def test_what_cannot_start_is_said(project: Path, command: str) -> None:
    with pytest.raises(ToolError, match="cannot be started"):
        await execute(command, project)


@pytest.mark.parametrize("length", [99_990, 100_000, 140_000, 3_000_000])
async def test_a_command_of_any_length_runs_as_a_short_one_does(project: Path, length: int) -> None:
    text = "é'" * (length // 3)
    command = f"cat; tty\ncat > written <<'END'\n{text}\nEND\nexit 3"
    completed = await execute(command, project)
    assert (completed.exit_status, completed.output) == (3, "not a tty\n")
    assert (project / "written").read_text() == text + "\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASH_ENV", "{}/start"),
        ("ENV", "{}/start"),
        ("SHELLOPTS", "errexit:nounset"),
        ("CDPATH", "{}/elsewhere"),
        ("SHELL", "/no/such/fish"),
        ("BASHOPTS", "failglob"),
        ("GLOBIGNORE", "*"),
    ],
)
async def test_what_a_command_means_is_no_matter_of_the_person_s_shell(
    project: Path, name: str, value: str
) -> None:
    lay_out(project, {"start": "set -e; echo started\n", "sub/x": "1", "elsewhere/sub/y": "1"})
    environment = {**os.environ, name: value.format(project)}
    completed = await HostCommandRunner().run(
        "false; echo $unset; cd sub; echo *; echo *.none",
        project,
        timeout_seconds=20,
        environment=environment,
    )
    assert completed.output == "\nx\n*.none\n"


async def test_a_person_who_came_by_ssh_gets_no_startup_file_into_their_commands(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / ".bashrc").write_text("echo started\n")
    environment = {
        **{name: value for name, value in os.environ.items() if name != "SHLVL"},
        "SSH_CLIENT": "192.0.2.1 50000 22",
        "SSH2_CLIENT": "192.0.2.1 50000 22",
        "HOME": str(tmp_path),
    }
    completed = await HostCommandRunner().run(
        "echo done", project, timeout_seconds=20, environment=environment
    )
    assert completed.output == "done\n"


async def test_a_missing_folder_is_said(project: Path) -> None:
    with pytest.raises(ToolError, match="No such file or directory"):
        await execute("true", project / "missing")


async def test_many_at_once_leave_nothing_behind(project: Path) -> None:
    done = await asyncio.gather(
        *(HostCommandRunner().run(f"echo {i}", project, timeout_seconds=20) for i in range(30))
    )
    assert [one.output for one in done] == [f"{i}\n" for i in range(30)]
    assert not [c for c in psutil.Process().children() if c.status() == psutil.STATUS_ZOMBIE]


def test_secrets_and_colours_stay_out_of_the_environment() -> None:
    environment = {
        "HOLDFAST_API_KEY": "k",
        "HOLDFAST_MODEL__BASE_URL": "u",
        "OPENAI_API_KEY": "k",
        "FORCE_COLOR": "1",
        "PAGER": "less",
        "PATH": "/bin",
    }
    child = child_environment(environment)
    assert child["PATH"] == "/bin"
    assert child["PAGER"] == "cat"
    assert not [name for name in child if "HOLDFAST" in name or "OPENAI" in name or "FORCE" in name]


@pytest.mark.parametrize("sizes", [[1] * 50, [7, 100, 3], [10], [5, 5, 5, 5], [1000]])
def test_head_and_tail_never_hold_more(sizes: list[int]) -> None:
    kept = HeadAndTail(20)
    data = b"".join(bytes([65 + i % 26]) * size for i, size in enumerate(sizes))
    at = 0
    for size in sizes:
        kept.add(data[at : at + size])
        at += size
    text = data.decode()
    assert kept.truncated_bytes == max(0, len(data) - 20)
    if kept.truncated_bytes:
        assert kept.text() == f"{text[:10]}\n[… {len(data) - 20:,} bytes left out …]\n{text[-10:]}"
    else:
        assert kept.text() == text


def test_a_character_is_not_cut_in_two() -> None:
    kept = HeadAndTail(10)
    kept.add("ééééééééé".encode())
    assert "\ufffd" not in kept.text()


async def permitted(command: str) -> str | None:
    return None


async def by_shell(project: Path, runner: CommandRunner) -> object:
    workspace = Workspace(project)
    checkpoints = Checkpoints(project.parent / "data", workspace, Ignore(workspace))
    background = BackgroundCommands(project.parent / "run", project, lambda _: None)
    return await Shell(workspace, checkpoints, lambda _: None, runner, runner, background).call(
        {"command": "true"}
    )


async def by_search(project: Path, runner: CommandRunner) -> object:
    workspace = Workspace(project)
    search = Search(workspace, Ignore(workspace), Documents(), commands=runner)
    return await search.call({"query": "x"})


async def by_check(project: Path, runner: CommandRunner) -> object:
    editor = DiskEditor(Documents())
    checks = CheckRunner(Workspace(project), editor, permitted, 20.0, commands=runner)
    return await checks.run(CommandCheck("true"), "tree")


async def by_revision(project: Path, runner: CommandRunner) -> object:
    return await Revisions(project, runner).of("tree")


async def by_log(project: Path, runner: CommandRunner) -> object:
    return await read_commits(project, 1, runner)


@pytest.mark.parametrize("use", [by_shell, by_search, by_check, by_revision, by_log])
async def test_all_that_runs_commands_uses_the_runner_it_is_given(
    project: Path, use: Callable[[Path, CommandRunner], Awaitable[object]]
) -> None:
    runner = LoggingCommandRunner()
    await use(project, runner)
    assert runner.commands


@pytest.mark.parametrize(
    ("command", "reads_only"),
    [
        ("ls", True),
        ("cat a.txt | head -1", True),
        ("touch a.txt", False),
        ("ls > a.txt", False),
        # A person allowed it, and a sandbox would hide some of what is outside.
        ("ls /", False),
    ],
)
async def test_only_free_commands_are_said_to_change_nothing(
    project: Path, command: str, reads_only: bool
) -> None:
    workspace, runner = Workspace(project), LoggingCommandRunner()
    checkpoints = Checkpoints(project.parent / "data", workspace, Ignore(workspace))
    background = BackgroundCommands(project.parent / "run", project, lambda _: None)
    shell = Shell(workspace, checkpoints, lambda _: None, runner, runner, background)
    await shell.call({"command": command})
    assert (runner.reading == runner.commands) == reads_only


async def test_checks_say_which_commands_change_nothing(project: Path) -> None:
    runner, editor = LoggingCommandRunner(), DiskEditor(Documents())
    checks = CheckRunner(
        Workspace(project),
        editor,
        permitted,
        20.0,
        runner,
        profile=lambda command: CommandProfile(reads_only=command == "ls"),
    )
    for command in ("ls", "true"):
        await checks.run(CommandCheck(command), "tree")
    assert [command.rpartition("\n")[2] for command in runner.reading] == ["ls"]
