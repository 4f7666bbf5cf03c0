"""A task that begins with a slash: a command, a path, or a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.session.command_names import UnknownCommand
from lsp_server.session.task_request import TaskRequest, make_task
from tests.harness.command_line import holdfast
from tests.harness.workshop import Workshop, workshop


def brings(project: Path, *names: str) -> None:
    folder = Path.home() / ".agents" / "commands"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.md").write_text("Look closely.")
    (project / "src").mkdir()
    (project / "notes.md").write_text("n")


async def instruction(shop: Workshop, prompt: str) -> str:
    task = await make_task(TaskRequest(prompt=prompt), shop.session, shop.documents)
    return task.instruction


TASKS = (
    "/etc/x is wrong",
    "/etc is full",
    "/src needs a test",
    "/notes.md: mend the words",
    "/a/b/c",
    "//TODO here",
    "/* what is this? */",
    "/",
    "/ is wrong",
    "/users: add a test",
    "/24 networks are read wrong",
    "and/or is written wrong",
    "see /nosuch",
    "Task: /nosuch",
    "s/a/b/",
)


@pytest.mark.parametrize("prompt", TASKS)
async def test_is_a_task(project: Path, prompt: str) -> None:
    brings(project, "review")
    async with workshop(project, []) as shop:
        assert await instruction(shop, prompt) == prompt


MISTAKES = (
    ("/reveiw src/a.py", "the nearest: /review;"),
    ("/Review", "the nearest: /review;"),
    ("/rev\nsrc", "the nearest: /review;"),
    ("/nosuch x", "known: /plan-day, /review;"),
    ("/nosuch:sub x", "known: /plan-day, /review;"),
    ("/mcp__docs__reveiw", "there is no command /mcp__docs__reveiw"),
)


@pytest.mark.parametrize(("prompt", "words"), MISTAKES)
async def test_is_a_mistake(project: Path, prompt: str, words: str) -> None:
    brings(project, "review", "plan-day")
    async with workshop(project, []) as shop:
        with pytest.raises(UnknownCommand) as refused:
            await instruction(shop, prompt)
        assert words in str(refused.value)
        assert "Task: /" in str(refused.value)
        assert not shop.server.requests


async def test_a_terminal_says_it_before_anything_runs(project: Path) -> None:
    ended = await holdfast(
        *("run", "/nosuch x"), folder=project, HOLDFAST_MODEL__BASE_URL="http://127.0.0.1:9/v1"
    )
    assert ended.status == 2, ended
    assert "there is no command /nosuch" in ended.errors
    assert ".agents/commands/nosuch.md" in ended.errors
