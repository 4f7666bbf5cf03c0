"""This module tells a mistyped custom command from a task that begins with a path."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from lsp_server.domain.errors import HoldfastError
from lsp_server.session.session import Session
from lsp_server.skills.custom_command import CustomCommand, parse_invocation

NEAREST_MAX = 3
NAMED_MAX = 10


class UnknownCommand(HoldfastError):
    """A task begins with a slash and a name that no custom command and no prompt of a server has."""


async def known_commands(session: Session) -> list[str]:
    """Returns the names that can be typed behind a slash; servers are not connected for it."""
    found = [one.item for one in await session.skills.found()]
    prompts = await session.server_prompts.known()
    return [
        *(item.name for item in found if isinstance(item, CustomCommand)),
        *(one.written.name for one in await session.workflows.found()),
        *(prompt.name for prompt in prompts),
    ]


async def refuse_unknown_command(prompt: str, session: Session) -> None:
    """Raises UnknownCommand for a text that begins as a command does, and is none.

    `/etc is full` names a folder of the machine or the project, `/a/b fails` has a second
    slash, and `/16 is too wide` and `/users: add a test` are no names: such texts are tasks.
    """
    invocation = parse_invocation(prompt)
    if invocation is None:
        return
    name = invocation[0]
    is_name = any(map(str.isalpha, name)) and name[-1].isalnum()
    if is_name and not await asyncio.to_thread(_is_path, name, session.root):
        raise UnknownCommand(
            f"there is no command /{name}; {_instead(name, await known_commands(session))}; "
            f"if it is no command, write a word before it, as in: Task: /{name}"
        )


def _is_path(name: str, root: Path) -> bool:
    return (Path("/") / name).exists() or (root / name).exists()


def _instead(name: str, known: Sequence[str]) -> str:
    folded = {one.casefold(): one for one in known}
    if near := get_close_matches(name.casefold(), folded, n=NEAREST_MAX):
        return "the nearest: " + ", ".join(f"/{folded[one]}" for one in near)
    if not known:
        return f"there is none at all yet; write it in .agents/commands/{name}.md"
    more = ", …" if len(known) > NAMED_MAX else ""
    return "known: " + ", ".join(f"/{one}" for one in known[:NAMED_MAX]) + more
