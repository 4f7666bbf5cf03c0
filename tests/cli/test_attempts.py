"""`holdfast run --attempts`: its exit status, and that a kill leaves no copy behind."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.settings.folders import data_folder, workspace_folder
from tests.fakes.faulty_server import FaultyServer
from tests.harness.attempts import attempts, writes
from tests.harness.command_line import YES, holdfast, started
from tests.harness.files import lay_out
from tests.harness.git import committed
from tests.harness.workshop import calls, finish

CHECK = ("--check", "grep -q good made.txt")


def model(server: FaultyServer) -> dict[str, str]:
    return {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "scripted"}


def copies(project: Path) -> list[str]:
    """What is left of copies, and what git knows of them."""
    places = (
        workspace_folder(data_folder(), project.resolve()) / "worktrees",
        project / ".git" / "worktrees",
    )
    return [path.name for place in places if place.exists() for path in place.iterdir()]


@pytest.mark.parametrize(
    ("texts", "arguments", "status", "made"),
    [
        (("bad\n", "good\n"), CHECK, 0, "good\n"),
        (("bad\n", "worse\n"), CHECK, 3, None),
        (("good\n", "nice\n"), (), 0, "good\n"),
    ],
)
async def test_the_exit_status_tells_what_became_of_the_attempts(
    project: Path, texts: tuple[str, ...], arguments: tuple[str, ...], status: int, made: str | None
) -> None:
    committed(lay_out(project, {"a.py": "a\n"}))
    scripts = [writes("made.txt", text) for text in texts]
    script = attempts(*scripts, judge=lambda shown: 9 * ("good" in shown))
    async with FaultyServer(script) as server:
        flags = (*YES, "--json", "--attempts", "2", *arguments)
        result = await holdfast("run", *flags, "make it", folder=project, **model(server))
        assert result.status == status, result.errors
        ended = [event for event in result.events if event["kind"] == "run_ended"]
        parents = [event.get("parent_id") for event in ended]
        run = result.events[0]["run_id"]
        assert parents == [run, run, None], "one run that people see, and it ends last"
        path = project / "made.txt"
        assert (path.read_text() if path.exists() else None) == made
        assert copies(project) == []
        undone = await holdfast("undo", folder=project)
        assert undone.status == 0 or made is None, undone.errors
        assert not path.exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--attempts", "9"), "less than or equal to 8"),
        (("--attempts", "0"), "greater than or equal to 1"),
        (("--attempts", "2", "--plan"), "plan mode changes none"),
        (("--attempts", "2", "--resume", "x"), "keeps its attempts"),
    ],
)
async def test_what_cannot_be_several_attempts_is_said(
    project: Path, flags: tuple[str, ...], said: str
) -> None:
    async with FaultyServer([finish()]) as server:
        result = await holdfast("run", *flags, "x", folder=project, **model(server))
    assert result.status in (1, 2)
    assert said in result.errors


async def test_after_a_kill_the_next_start_removes_the_copies_and_the_run_goes_on(
    project: Path,
) -> None:
    committed(lay_out(project, {"a.py": "a\n"}))
    slow: list[ScriptedTurn] = [
        calls(("write", {"path": "made.txt", "text": "bad\n"})),
        calls(("shell", {"command": "sleep 100"})),
        finish(),
    ]
    scripts = [writes("made.txt", "good\n"), slow]
    async with FaultyServer(attempts(*scripts)) as server:
        flags = (*YES, "--json", "--attempts", "2", *CHECK)
        async with started("run", *flags, "x", folder=project, **model(server)) as process:
            assert process.stdout is not None
            run_id = ""
            while True:
                event = json.loads(await process.stdout.readline())
                run_id = run_id or event["run_id"]
                if event["kind"] == "attempt_ended":
                    break
            assert len(copies(project)) == 4, "two copies, and git knows both"
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    scripts = [writes("made.txt", "never\n"), writes("made.txt", "bad\n")]
    async with FaultyServer(attempts(*scripts)) as server:
        flags = (*YES, "--json", "--resume", run_id)
        result = await holdfast("run", *flags, folder=project, **model(server))
    assert result.status == 0, result.errors
    begun = [event for event in result.events if event["kind"] == "attempt_started"]
    assert [event["number"] for event in begun] == [2], "the first had ended before"
    assert (project / "made.txt").read_text() == "good\n"
    assert copies(project) == []


async def test_without_a_model_it_fails_once_and_chooses_nothing(project: Path) -> None:
    async with FaultyServer(attempts()) as server:
        # Slow to say so, as a search for a server is.
        unusable = model(server) | {"HOLDFAST_MODEL__API_KEY_COMMAND": "sh -c 'sleep 1; false'"}
        ended = await holdfast("run", "--attempts", "2", "x", *YES, folder=project, **unusable)
    assert ended.status == 1
    assert "api_key_command" in ended.output + ended.errors
    assert "attempt 1" not in ended.output


async def test_what_each_attempt_does_is_said_behind_its_number(project: Path) -> None:
    (project / "a.py").write_text("a\n")
    script = attempts(*(writes("made.txt", f"{n}\n") for n in (1, 2)))
    async with FaultyServer(script) as server:
        flags = (*YES, "--attempts", "2")
        result = await holdfast("run", *flags, "make it", folder=project, **model(server))
        for number in (1, 2):
            assert f"  [{number}]   > write made.txt: ok" in result.output
            assert f"  attempt {number}: 1 file changed" in result.output
