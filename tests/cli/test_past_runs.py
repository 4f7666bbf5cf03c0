"""What ran in a folder, as one lists it, reads it, speaks to it and goes on with it on a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from lsp_server.cli.past_runs import run_lines
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import RunId
from lsp_server.session.run_summary import RunSummary
from tests.cli.test_run import model
from tests.fakes.faulty_server import FaultyServer
from tests.harness.command_line import YES, Ended, ended, holdfast, started
from tests.harness.workshop import calls, finish

WRONG = {"HOLDFAST_MODEL__NMAE": "x"}
TASK = "Rename the parser.\nAll of it."


async def run_in_a_shell(line: str, folder: Path, **environment: str) -> Ended:
    """Runs a line in which `$0` is the command."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", line.replace("holdfast", f'"{sys.executable}" -m lsp_server')),
        cwd=folder,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await ended(process)


async def ids(folder: Path) -> list[str]:
    listed = await holdfast("runs", "--json", folder=folder)
    return [json.loads(line)["run_id"] for line in listed.output.splitlines()]


async def test_a_task_that_no_model_takes_is_kept_and_goes_on(project: Path) -> None:
    failed = await holdfast("run", TASK, folder=project, **WRONG)
    assert failed.status == 1
    assert "failed: model.nmae" in failed.output
    (run_id,) = await ids(project)
    assert f"go on: holdfast run --resume {run_id}" in failed.output
    async with FaultyServer([finish(), finish()]) as server:
        done = await holdfast("run", "--continue", folder=project, **model(server))
        assert done.status == 5, done.errors
        assert "All of it." in str(server.requests[0].body)
        over = await holdfast("run", "-c", folder=project, **model(server))
        assert f'--resume {run_id} "what else to do"' in over.errors
        more = await holdfast("run", "-c", "and its tests", folder=project, **model(server))
        assert more.status == 5, more.errors
        assert "and its tests" in str(server.requests[-1].body)
    assert await ids(project) == [run_id]


async def test_what_a_run_is_told_without_a_model_is_kept(project: Path) -> None:
    async with FaultyServer([finish()]) as server:
        await holdfast("run", TASK, folder=project, **model(server))
    (run_id,) = await ids(project)
    assert (await holdfast("send", run_id, "Use tabs.", folder=project, **WRONG)).status == 1
    async with FaultyServer([finish()]) as server:
        await holdfast("run", "-c", folder=project, **model(server))
        assert "Use tabs." in str(server.requests[0].body)


async def test_a_run_that_goes_on_says_with_which_model(project: Path) -> None:
    begun = await holdfast("run", "--json", TASK, folder=project, **WRONG)
    (started,) = [each for each in begun.events if each["kind"] == "run_started"]
    async with FaultyServer([finish()]) as server:
        over = await holdfast("run", "--json", "-c", folder=project, **model(server))
    (resumed,) = [each for each in over.events if each["kind"] == "run_resumed"]
    assert server.base_url in resumed["model"]
    assert started["model"] != resumed["model"]


async def test_a_folder_without_runs_says_how_to_begin(project: Path) -> None:
    listed = await holdfast("runs", folder=project)
    assert (listed.status, listed.output.count("holdfast run")) == (0, 1)
    shown = await holdfast("show", folder=project)
    assert (shown.status, shown.output) == (2, "")
    assert "there is no run to show" in shown.errors


@pytest.mark.parametrize(
    "command",
    ["run -c", "run --resume x", "send x hello", "fork x 1", "rewind x 1"]
    + [
        f"{name}{run}"
        for name in ("show", "context", "changes", "undo", "keep", "export")
        for run in ("", " x")
    ],
)
async def test_a_run_that_is_not_there_is_a_wrong_call(project: Path, command: str) -> None:
    refused = await holdfast(*command.split(), folder=project)
    assert (refused.status, refused.output) == (2, "")
    assert refused.errors.startswith("holdfast: ")
    assert "`holdfast runs` lists those of a folder" in refused.errors


async def test_a_command_typed_within_a_project_means_the_runs_of_the_project(
    project: Path,
) -> None:
    (project / ".git").mkdir()
    below, elsewhere = project / "src" / "deep", project / "vendored"
    below.mkdir(parents=True)
    (elsewhere / ".git").mkdir(parents=True)
    made = calls(("write", {"path": "src/deep/made.txt", "text": "made\n"}))
    async with FaultyServer([made, finish(), finish("More.")]) as server:
        await holdfast("run", *YES, "Make it.", folder=project, **model(server))
        shown = await holdfast("show", folder=below)
        assert shown.output.startswith("# Make it.")
        assert shown.errors == (
            f"holdfast: the runs of {project} are meant, as nothing ran in this folder\n"
        )
        for verb in ("undo", "keep"):
            done = await holdfast(verb, "--path", "made.txt", folder=below)
            assert done.status == 0, done.errors
            assert (below / "made.txt").exists() == (verb == "keep")
        (run_id,) = await ids(below)
        told = await holdfast("send", run_id, "More.", folder=below, **model(server))
        assert told.status == 5, told.errors
        assert told.errors.count("the runs of") == 1
    # What is named is meant, and another repository is another project.
    for arguments, folder in ((("--workspace", str(below)), project), ((), elsewhere)):
        assert (await holdfast("show", *arguments, folder=folder)).status == 2


async def test_the_prompt_of_a_run_is_shown_by_its_parts_with_a_forecast(project: Path) -> None:
    (project / "long.txt").write_text("a word of many\n" * 200)
    turns = [*[calls(("read", {"path": "long.txt"}))] * 3, finish()]
    priced = {"HOLDFAST_MODEL__PRICE_INPUT": "1", "HOLDFAST_RUN__STEPS_MAX": "60"}
    async with FaultyServer(turns) as server:
        await holdfast("run", *YES, TASK, folder=project, **model(server))
    shown = await holdfast("context", "--json", folder=project, **priced)
    (found,) = shown.events
    assert list(found["parts"]) == ["system", "tools", "task", "state", "recall", "tail"]
    assert sum(found["parts"].values()) == found["tokens"]
    assert found["parts"]["tail"] > found["parts"]["task"] > found["parts"]["recall"] == 0
    rates = [step["cache_hit_rate"] for step in found["steps"]]
    assert rates[0] == 0
    assert min(rates[1:]) > 0.5
    assert [one["steps"] for one in found["forecast"]] == [10, 50, 56]
    costs = [one["cost_usd"] for one in found["forecast"]]
    assert 0 < costs[0] < costs[1] < costs[2]
    page = (await holdfast("context", folder=project, **priced)).output
    assert "| tools |" in page
    assert f"From the endpoint's cache: {rates[-1]:.0%}".replace("%", " %") in page
    assert "- 56 more steps: " in page
    # A run without a prompt has none to show.
    await holdfast("run", "x", folder=project, **WRONG)
    assert "no prompt of its own yet" in (await holdfast("context", folder=project)).output


async def test_the_newest_run_is_shown_or_the_one_that_is_named(project: Path) -> None:
    async with FaultyServer([finish("First."), finish("Second.")]) as server:
        for task in ("Do one.", "Do two."):
            await holdfast("run", task, folder=project, **model(server))
    second, first = await ids(project)
    assert (await holdfast("show", folder=project)).output.startswith("# Do two.")
    assert (await holdfast("show", first, folder=project)).output.startswith("# Do one.")
    listed = (await holdfast("runs", "-n", "1", folder=project)).output.splitlines()
    assert len(listed) == 1
    assert listed[0].startswith(second)
    assert listed[0].endswith("Do two.")


async def test_a_run_at_work_elsewhere_reads_what_it_is_told(project: Path) -> None:
    turns = [calls(("shell", {"command": "until test -e go; do sleep 0.1; done"})), finish()]
    async with (
        FaultyServer(turns) as server,
        started("run", *YES, "--json", "x", folder=project, **model(server)) as process,
    ):
        assert process.stdout is not None
        while b'"tool_called"' not in await process.stdout.readline():
            pass
        (run_id,) = await ids(project)
        told = await holdfast("send", run_id, "Mind the tests.", folder=project)
        assert (told.status, told.output) == (0, "told: x\n"), told.errors
        (project / "go").touch()
        await ended(process)
        assert "Mind the tests." in str(server.requests[-1].body)


@pytest.mark.parametrize("variable", ["VISUAL", "EDITOR"])
async def test_a_task_is_written_in_an_editor(project: Path, variable: str) -> None:
    editor = project.parent / "editor"
    editor.write_text(
        '#!/bin/sh\nprintf "%s\\n\\n" "Mend it." "All." | cat - "$2" > t; mv t "$2"\n'
    )
    editor.chmod(0o755)
    async with FaultyServer([finish()]) as server:
        settings = {**model(server), variable: f"{editor} -w"}
        done = await holdfast("run", "--edit", folder=project, **settings)
        assert done.status == 5, done.errors
        assert "Mend it.\\n\\nAll." in str(server.requests[0].body)
        assert "<!--" not in str(server.requests[0].body["messages"][-1])


async def test_a_task_that_is_given_is_there_to_go_on_with(project: Path) -> None:
    async with FaultyServer([finish()]) as server:
        settings = {**model(server), "EDITOR": "sed -i 's/One/Two/'"}
        await holdfast("run", "-e", "One task.", folder=project, **settings)
        assert "Two task." in str(server.requests[0].body)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", ["runs", "show", "context", "goals", "doctor"])
async def test_an_output_that_cannot_be_written_is_a_sentence(project: Path, command: str) -> None:
    await holdfast("run", "x", folder=project, **WRONG)
    full = await run_in_a_shell(f"holdfast {command} > /dev/full", project)
    assert full.status != 0
    assert full.errors.count("\n") == 1
    assert "No space left on device" in full.errors
    unread = await run_in_a_shell(f"(sleep 2; holdfast {command}) | true", project)
    assert "Traceback" not in unread.errors


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ({}, "set VISUAL or EDITOR"),
        ({"EDITOR": "/nowhere/editor"}, "cannot be used"),
        ({"EDITOR": "false"}, "ended with 1"),
        ({"EDITOR": "true"}, "the task is empty"),
    ],
)
async def test_what_is_not_written_is_no_task(
    project: Path, variable: dict[str, str], said: str
) -> None:
    unset = {"VISUAL": "", "EDITOR": ""}
    refused = await holdfast("run", "-e", folder=project, **unset | variable)
    assert refused.status == 2
    assert said in refused.errors


async def test_a_task_comes_through_a_pipe(project: Path) -> None:
    async with FaultyServer([finish()]) as server:
        line = "printf 'Mend it.\\n\\nAll.' | holdfast run -"
        done = await run_in_a_shell(line, project, **model(server))
        assert done.status == 5, done.errors
        assert "Mend it.\\n\\nAll." in str(server.requests[0].body)
    empty = await run_in_a_shell("holdfast run - < /dev/null", project)
    assert (empty.status, empty.errors) == (2, "holdfast: the task is empty\n")
    odd = await run_in_a_shell("printf '\\377' | holdfast run -", project)
    assert odd.status == 2


async def test_a_shell_is_told_what_may_follow(project: Path) -> None:
    asked = {
        "_HOLDFAST_COMPLETE": "complete_bash",
        "COMP_WORDS": "holdfast sh",
        "COMP_CWORD": "1",
    }
    assert (await holdfast(folder=project, **asked)).output.split() == ["show"]
    shown = await holdfast("--show-completion", "bash", folder=project)
    assert "complete -o default -F" in shown.output


def summary(title: str) -> RunSummary:
    return RunSummary(
        RunId("20260101-120000-000000"), title, "achieved", 3, "2026-01-01T12:00:00+00:00",
        Usage(), 0.25, "done",
    )  # fmt: skip


@pytest.mark.parametrize("columns", [10, 40, 89, 90, 200])
def test_no_line_of_the_list_is_longer_than_the_terminal(columns: int) -> None:
    lines = list(run_lines([summary("a" * 300), summary("b")], columns))
    assert max(map(len, lines)) <= columns
    assert len(lines) == (2 if columns >= 90 else 4)
