"""Commands in a real sandbox, under each mechanism that holds on this machine."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lsp_server.domain.errors import ToolError
from lsp_server.sandbox.bubblewrap import Bubblewrap
from lsp_server.sandbox.choice import Mechanism, probed
from lsp_server.sandbox.policy import Policy, workspace_policy
from lsp_server.workspace.commands.commands import CommandResult
from lsp_server.workspace.commands.sandboxed_commands import (
    ConfiningCommandRunner,
    SandboxedCommandRunner,
)
from tests.fakes.commands import LoggingCommandRunner
from tests.fakes.failing_sandbox import FailingOnce
from tests.harness.expectation import until
from tests.harness.files import lay_out

Execute = Callable[..., Awaitable[CommandResult]]


@pytest.fixture(params=["bubblewrap", "landlock", "seatbelt"])
def runner(request: pytest.FixtureRequest, project: Path) -> SandboxedCommandRunner:
    mechanism: Mechanism = request.param
    found = probed(mechanism)
    if not found.holds:
        pytest.skip(found.missing or f"{mechanism} does not hold here")
    root = project.resolve()
    return SandboxedCommandRunner(
        found.sandbox, lambda scratch: workspace_policy(root, (project.parent / "own",), scratch)
    )


@pytest.fixture
def execute(runner: SandboxedCommandRunner, project: Path) -> Execute:
    async def run(command: str, timeout_seconds: float = 20, **more: object) -> CommandResult:
        return await runner.run(
            command, project.resolve(), timeout_seconds=timeout_seconds, **more  # type: ignore[arg-type]
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("command", "status", "output"),
    [
        ("echo a; echo b >&2; echo c", 0, "a\nb\nc\n"),
        ("exit 7", 7, ""),
        ("kill -SEGV $$", 139, ""),
        ("echo made > new; cat new", 0, "made\n"),
        ("echo x > $TMPDIR/t && cat $TMPDIR/t", 0, "x\n"),
    ],
)
async def test_a_command_ends_as_outside(
    execute: Execute, command: str, status: int, output: str
) -> None:
    result = await execute(command)
    assert (result.exit_status, result.output, result.timed_out) == (status, output, False)


async def test_output_is_bounded(execute: Execute) -> None:
    result = await execute("yes | head -c 50000", output_bytes_max=1000)
    assert result.truncated_bytes == 49_000
    assert "49,000 bytes left out" in result.output


async def test_nothing_outside_is_changed_and_the_output_says_why(
    execute: Execute, project: Path
) -> None:
    lay_out(project.parent, {"precious": "kept"})
    # Bubblewrap's /tmp has no such file; so there `rm` without `-f` fails as well.
    result = await execute("rm ../precious")
    assert (project.parent / "precious").read_text() == "kept"
    assert result.exit_status != 0
    if result.output.startswith("rm: cannot remove '../precious': P"):
        assert "the sandbox does not let commands use" in result.output.splitlines()[-1]


async def test_a_command_that_only_reads_changes_nothing(execute: Execute, project: Path) -> None:
    lay_out(project, {"a.txt": "kept"})
    result = await execute("cat a.txt; echo x > a.txt; rm -f a.txt; touch new", reads_only=True)
    assert result.output.startswith("kept")
    assert (project / "a.txt").read_text() == "kept"
    assert not (project / "new").exists()


async def test_protected_files_are_as_before(execute: Execute, project: Path) -> None:
    lay_out(project, {".git/config": "[core]\n", ".git/HEAD": "ref: refs/heads/main\n"})
    result = await execute("echo evil >> .git/config; echo evil > .envrc; echo done")
    assert (project / ".git" / "config").read_text() == "[core]\n"
    assert not (project / ".envrc").exists()
    assert "protected files are as before" in result.output


async def test_what_a_person_does_meanwhile_stays_where_the_command_could_not_do_it(
    runner: SandboxedCommandRunner, execute: Execute, project: Path
) -> None:
    if not runner.sandbox.holds_protected:
        pytest.skip("who changed it cannot be told here")
    lay_out(project, {".git/config": "[core]\n", ".git/HEAD": "ref: refs/heads/main\n"})
    running = asyncio.ensure_future(
        execute("touch begun; until test -e changed; do sleep 0.05; done")
    )
    await until((project / "begun").exists, "the command at work")
    person = {".git/config": "[user]\n", ".git/worktrees/mine/gitdir": "elsewhere\n"}
    lay_out(project, {**person, "changed": ""})
    result = await running
    assert result.exit_status == 0
    assert "protected files" not in result.output
    for path, text in person.items():
        assert (project / path).read_text() == text


async def test_there_is_no_network(execute: Execute) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert (await execute(f"exec 3<>/dev/tcp/127.0.0.1/{port}")).exit_status != 0


async def test_a_command_out_of_time_is_ended_with_all_it_started(execute: Execute) -> None:
    began = time.monotonic()
    result = await execute("echo early; setsid sleep 61 & sleep 62", 0.5)
    assert (result.timed_out, result.exit_status) == (True, None)
    assert "early" in result.output
    assert time.monotonic() - began < 10


async def test_what_is_left_in_the_background_is_ended(execute: Execute, project: Path) -> None:
    began = time.monotonic()
    result = await execute("(setsid sleep 63; touch late) & echo started")
    assert result.exit_status == 0
    assert time.monotonic() - began < 10
    assert not (project / "late").exists()


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.3])
async def test_cancelling_ends_the_command(execute: Execute, project: Path, seconds: float) -> None:
    task = asyncio.ensure_future(execute("while :; do date +%s%N > beat; sleep 0.05; done"))
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    beat = project / "beat"
    last = beat.read_text() if beat.exists() else ""
    await asyncio.sleep(0.2)
    assert (beat.read_text() if beat.exists() else "") == last


async def test_the_temporary_folder_is_removed(execute: Execute) -> None:
    result = await execute("echo $TMPDIR; touch $TMPDIR/x")
    folder = Path(result.output.strip())
    assert folder.parent == Path(tempfile.gettempdir()).resolve()
    assert not folder.exists()


async def test_a_folder_that_is_not_there_is_an_error(
    runner: SandboxedCommandRunner, project: Path
) -> None:
    with pytest.raises(ToolError, match="cannot be started"):
        await runner.run("true", project / "missing", timeout_seconds=5)
    with pytest.raises(ToolError, match="cannot be started"):
        await runner.run("a\0b", project, timeout_seconds=5)


@pytest.mark.parametrize(
    ("holds", "confines_all", "reads_only", "confined"),
    [
        (True, False, False, False),
        (True, False, True, True),
        (True, True, False, True),
        (True, True, True, True),
        (False, True, True, False),
    ],
)
async def test_where_a_command_runs(
    project: Path, holds: bool, confines_all: bool, reads_only: bool, confined: bool
) -> None:
    inside, host = LoggingCommandRunner(), LoggingCommandRunner()

    async def find() -> LoggingCommandRunner | None:
        return inside if holds else None

    runner = ConfiningCommandRunner(host, find, lambda: confines_all)
    await runner.run("true", project, timeout_seconds=20, reads_only=reads_only)
    assert (bool(inside.commands), bool(host.commands)) == (confined, not confined)


BROKEN = "bwrap: Can't mkdir parents for /x/socket: Read-only file system"


async def test_a_sandbox_that_did_not_start_by_chance_is_tried_again(project: Path) -> None:
    sandbox = FailingOnce(BROKEN)
    runner = SandboxedCommandRunner(sandbox, lambda _: Policy((project,)))
    result = await runner.run("echo it ran", project, timeout_seconds=20)
    assert (result.exit_status, result.output) == (0, "it ran\n")
    assert sandbox.starts == 2


@pytest.mark.skipif(not probed("bubblewrap").holds, reason="bubblewrap does not hold here")
async def test_a_place_that_is_gone_when_it_is_mounted_costs_one_more_start(
    project: Path, tmp_path: Path
) -> None:
    lay_out(project, {"kept.txt": "kept"})
    gone = project / "gone"
    program = tmp_path / "bwrap"
    # As something that goes between the making of the policy and the mounts.
    program.write_text(
        f'#!/bin/sh\nrmdir {gone} 2>/dev/null\necho x >> {tmp_path}/starts\nexec bwrap "$@"\n'
    )
    program.chmod(0o755)
    gone.mkdir()
    policies: list[Policy] = []

    def policy(scratch: Path) -> Policy:
        policies.append(Policy((project,), protected=(gone,), scratch=scratch))
        return policies[-1]

    runner = SandboxedCommandRunner(Bubblewrap(str(program)), policy)
    result = await runner.run("cat kept.txt", project, timeout_seconds=20)
    assert (result.exit_status, result.output) == (0, "kept")
    assert (tmp_path / "starts").read_text() == "x\nx\n"
    assert len(policies) > 2
