"""The `.envrc` of a project, as direnv itself loads it for commands and checks after a person's trust."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.test_run import model
from tests.fakes.faulty_server import FaultyServer
from tests.harness.command_line import HOLDS, YES, Ended, holdfast
from tests.harness.workshop import calls, finish

pytestmark = pytest.mark.skipif(shutil.which("direnv") is None, reason="direnv is not installed")

TOKEN = "tk-9f3aQ7xLw2Zr8KcT"
ENVRC = f"""\
echo loading >&2
dotenv_if_exists
export GREETING=hello API_TOKEN={TOKEN}
unset NOT_WANTED
PATH_add tools
"""
SHOW = 'echo "[$GREETING|$NAME|$NOT_WANTED|$(shout)]" 2>/dev/null; echo "$API_TOKEN"'
FREE = ("--yes", "--sandbox", "off")
WAITS = ".envrc is not loaded, as nobody has trusted it"


@pytest.fixture
def envrc(project: Path) -> Path:
    """The `.envrc` of a project that has a program of its own."""
    (project / "tools").mkdir()
    (project / "tools" / "shout").write_text("#!/bin/sh\necho SHOUTED\n")
    (project / "tools" / "shout").chmod(0o755)
    file = project / ".envrc"
    file.write_text(ENVRC)
    return file


async def run(project: Path, *arguments: str, command: str = SHOW) -> Ended:
    turns = [calls(("shell", {"command": command})), finish()]
    async with FaultyServer(turns) as server:
        return await holdfast(
            "run", *arguments, "x", folder=project, **model(server), NOT_WANTED="there"
        )


async def test_it_is_loaded_after_trust_for_commands_and_checks(envrc: Path) -> None:
    project = envrc.parent
    before = await run(project, *FREE)
    assert "[||there|]" in before.output
    assert before.output.count(WAITS) == 1
    assert WAITS in (await holdfast("doctor", folder=project)).output
    shown = await holdfast("trust", folder=project)
    assert "export GREETING=hello" in shown.output
    assert (await holdfast("trust", "--yes", folder=project)).status == 0
    after = await run(project, *FREE, "--check", 'test "$GREETING" = hello')
    assert after.status == 0, after.errors
    assert "[hello|||SHOUTED]" in after.output
    assert ".envrc by direnv (API_TOKEN, GREETING, NOT_WANTED, PATH)" in after.output
    assert (
        "loaded by direnv before the first command"
        in (await holdfast("doctor", folder=project)).output
    )


async def test_its_secrets_are_in_no_record_and_no_prompt(envrc: Path) -> None:
    project = envrc.parent
    await holdfast("trust", "--yes", folder=project)
    command = 'test -n "$API_TOKEN" && echo "it is $API_TOKEN"'
    async with FaultyServer([calls(("shell", {"command": command})), finish()]) as server:
        done = await holdfast("run", *FREE, "--json", "x", folder=project, **model(server))
        sent = str([request.body for request in server.requests])
    assert "it is " in done.output
    assert TOKEN not in done.output + sent + (await holdfast("show", folder=project)).output


async def test_what_changed_since_is_asked_about_again_and_a_refusal_holds(envrc: Path) -> None:
    project = envrc.parent
    await holdfast("trust", "--yes", folder=project)
    (project / ".env").write_text("NAME=of-dotenv\n")
    assert "[hello|of-dotenv||SHOUTED]" in (await run(project, *FREE)).output
    envrc.write_text(ENVRC.replace("hello", "bye"))
    assert WAITS in (await run(project, *FREE)).output
    await holdfast("trust", "--no", folder=project)
    refused = await run(project, *FREE)
    assert "[||there|]" in refused.output
    assert ".envrc" not in refused.output
    assert "as you refused it" in (await holdfast("doctor", folder=project)).output


@pytest.mark.skipif(not HOLDS, reason="no sandbox holds here")
async def test_it_runs_in_the_sandbox_and_can_load_no_code_outside_of_it(envrc: Path) -> None:
    project, outside = envrc.parent, envrc.parent.parent / "outside"
    envrc.write_text(f"touch {outside} inside; export LD_PRELOAD=./x.so GREETING=hello\n")
    await holdfast("trust", "--yes", folder=project)
    done = await run(project, *YES, command='echo "[$GREETING|$LD_PRELOAD]"')
    assert "[hello|]" in done.output
    assert "LD_PRELOAD of .envrc is not set" in done.output
    assert ((project / "inside").exists(), outside.exists()) == (True, False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("exit 3", "could not be loaded"),
        ("strict_env; no-such-tool", "no-such-tool: command not found"),
    ],
)
async def test_one_that_fails_is_said_and_stops_no_command(
    envrc: Path, text: str, why: str
) -> None:
    envrc.write_text(f"{text}\n")
    await holdfast("trust", "--yes", folder=envrc.parent)
    done = await run(envrc.parent, *FREE)
    assert ".envrc could not be loaded: " in done.output
    assert why in done.output
    assert "[||there|]" in done.output
