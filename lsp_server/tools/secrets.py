"""Keeps known secrets out of what the model and the journal see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from lsp_server.domain.messages import ToolResult, ToolSpec
from lsp_server.domain.ports import Tool

SECRET_NAME = re.compile(
    r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(?:$|_)", re.IGNORECASE
)
SECRET_CHARS_MIN = 8
"""Shorter values are words that stand everywhere."""

MASK = "[secret]"


def secrets_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values of variables whose names say that they are secret, longest first."""
    values = {
        value
        for name, value in environment.items()
        if SECRET_NAME.search(name) and len(value) >= SECRET_CHARS_MIN and "/" not in value[:2]
    }
    return tuple(sorted(values, key=len, reverse=True))


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with each secret replaced by MASK."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


class Discreet:
    """A Tool holding a Tool: masks the secrets that `secrets` names at the time of a result."""

    def __init__(self, tool: Tool, secrets: Callable[[], Iterable[str]]) -> None:
        self._tool = tool
        self._secrets = secrets

    @property
    def spec(self) -> ToolSpec:
        return self._tool.spec

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        result = await self._tool.call(arguments)
        text = masked(result.text, self._secrets())
        return result if text == result.text else replace(result, text=text)
