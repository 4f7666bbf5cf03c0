"""This module has what a person may type behind `/`: custom commands, skills, prompts of servers."""

from __future__ import annotations

from acp import schema

from lsp_server.session.session import Session
from lsp_server.skills.custom_command import parse_invocation
from lsp_server.text.truncate import one_line

DESCRIPTION_CHARS_MAX = 200
USE_SKILL = "Load the skill `{name}` and work as it says."


async def available(session: Session) -> list[schema.AvailableCommand]:
    """Returns all that may be used now; commands come before skills of the same name."""
    usable = await session.skills.catalogue()
    found = [(one.name, one.description, one.hint) for one in usable.commands]
    found += [(one.name, one.description, "what it is for") for one in usable.skills]
    found += [
        (one.name, one.offered.description or "a prompt of an MCP server", "its arguments")
        for one in await session.server_prompts.known()
    ]
    unique = {name: (description, hint) for name, description, hint in reversed(found)}
    return [
        _command(name, description, hint) for name, (description, hint) in reversed(unique.items())
    ]


async def with_skill(text: str, session: Session) -> str:
    """Returns the task of a text that begins with `/skill`; any other text as it is."""
    invocation = parse_invocation(text)
    if invocation is None:
        return text
    name, arguments = invocation
    usable = await session.skills.catalogue()
    if usable.command(name) is not None or usable.skill(name) is None:
        return text
    return f"{USE_SKILL.format(name=name)}\n\n{arguments}".strip()


def _command(name: str, description: str, hint: str) -> schema.AvailableCommand:
    takes = schema.AvailableCommandInput(schema.UnstructuredCommandInput(hint=hint))
    return schema.AvailableCommand(
        name=name,
        description=one_line(description, DESCRIPTION_CHARS_MAX),
        input=takes if hint else None,
    )
