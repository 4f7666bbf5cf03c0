"""Prompts of MCP servers, given as custom commands are."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.errors import HoldfastError
from lsp_server.mcp_client.prompts import TASK_CHARS_MAX
from lsp_server.session.skills import NotTrusted
from lsp_server.session.task_request import expand_command
from tests.harness.workshop import Workshop, workshop
from tests.session.test_mcp_servers import entry, of_user, trust_all, write_project_file

BEGIN = "(as your answer) I begin."


async def expanded(shop: Workshop, text: str) -> str:
    return (await expand_command(text, "build", shop.session))[0]


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("/mcp__faulty__review a.py", f"Review a.py for all.\n\n{BEGIN}"),
        ("/faulty:review a.py", f"Review a.py for all.\n\n{BEGIN}"),
        ("  /faulty:review   a.py  ", f"Review a.py for all.\n\n{BEGIN}"),
        ("/faulty:review 'a b.py' speed and size", f"Review a b.py for speed and size.\n\n{BEGIN}"),
        ("/faulty:review focus=speed file=a.py", f"Review a.py for speed.\n\n{BEGIN}"),
        ("/faulty:review a.py\nit's urgent", f"Review a.py for it's urgent.\n\n{BEGIN}"),
        ("/faulty:review other=1", f"Review other=1 for all.\n\n{BEGIN}"),
        ("/mcp__faulty__say_hello", "Hello!"),
        ("/faulty:say_hello", "Hello!"),
        ("/faulty: is broken", "/faulty: is broken"),
        ("faulty:review", "faulty:review"),
        ("/usr/bin:review", "/usr/bin:review"),
    ],
)
async def test_a_prompt_becomes_the_task(project: Path, text: str, task: str) -> None:
    async with workshop(project, [], **of_user("prompts")) as shop:
        assert await expanded(shop, text) == task


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/faulty:review", "the prompt review needs file: <file> \\[focus\\]"),
        ("/faulty:say_hello you", "the prompt say hello takes no arguments"),
        ("/faulty:nothing", "no such prompt; known: /mcp__faulty__review, /mcp__faulty__say_hello"),
        ("/nobody:review a.py", "there is no command /nobody:review"),
        ("/faulty", "there is no command /faulty;"),
        ("/faulty:empty", "gave no text"),
        ("/faulty:broken", "the server faulty could not give its prompt broken"),
    ],
)
async def test_what_cannot_be_given_is_said(project: Path, text: str, says: str) -> None:
    async with workshop(project, [], **of_user("prompts")) as shop:
        with pytest.raises(HoldfastError, match=says):
            await expanded(shop, text)


async def test_a_long_prompt_is_cut(project: Path) -> None:
    async with workshop(project, [], **of_user("prompts")) as shop:
        task = await expanded(shop, "/faulty:long")
        assert task.startswith("x" * TASK_CHARS_MAX + "\n[150,000 more characters]")


async def test_a_server_without_prompts_has_none(project: Path) -> None:
    async with workshop(project, [], **of_user()) as shop:
        with pytest.raises(HoldfastError, match="it has none"):
            await expanded(shop, "/faulty:review")


async def test_a_server_of_the_project_gives_none_before_trust(project: Path) -> None:
    started = project / "started"
    write_project_file(project, entry("prompts", str(started)))
    async with workshop(project, []) as shop:
        with pytest.raises(NotTrusted, match="holdfast trust"):
            await expanded(shop, "/faulty:say_hello")
        await trust_all(shop)
        assert await expanded(shop, "/faulty:say_hello") == "Hello!"


async def test_only_connected_servers_are_listed_with_their_prompts(project: Path) -> None:
    async with workshop(project, [], **of_user("prompts")) as shop:
        prompts = shop.session.server_prompts
        assert await prompts.known() == (), "nothing is started to be listed"
        await expanded(shop, "/faulty:say_hello")
        names = [one.name for one in await prompts.known()]
        assert names[:2] == ["mcp__faulty__review", "mcp__faulty__say_hello"]
        (review, *_) = await prompts.known()
        assert review.offered.description == "Review a file. With care."
