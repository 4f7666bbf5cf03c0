"""This module says what a lent tool is: its arguments, its answer, and what it does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from mcp_types import Tool, ToolAnnotations
from pydantic import TypeAdapter

from lsp_server.session.lending import Lending
from lsp_server.tools.arguments import ToolArguments, schema, validate

PROGRESS_SECONDS = 5.0
"""A client that hears nothing for long may give up waiting."""

T = TypeVar("T")


Report: TypeAlias = Callable[[float, float, str], Awaitable[None]]
"""Tells the caller what is done of how much; one that did not ask hears nothing."""


@dataclass(frozen=True, slots=True)
class LentTool:
    """A `LentTool` is offered to other agents.

    `arguments` and `answer` are the types that schemas are made of. `adds` says that it keeps
    something, `reaches_out` that what it starts may reach beyond the workspace. `work` raises
    HoldfastError with what the caller can do about it.
    """

    name: str
    title: str
    description: str
    arguments: type[ToolArguments]
    answer: type[Any]
    work: Callable[[Lending, Any, Report], Awaitable[object]]
    adds: bool = False
    reaches_out: bool = False

    def described(self) -> Tool:
        """Returns the tool as the protocol lists it."""
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema={"properties": {}, **schema(self.arguments)},
            output_schema=TypeAdapter(self.answer).json_schema(mode="serialization"),
            annotations=ToolAnnotations(
                read_only_hint=not self.adds,
                destructive_hint=False,
                idempotent_hint=True,
                open_world_hint=self.reaches_out,
            ),
        )

    async def call(
        self, lending: Lending, arguments: Mapping[str, object], report: Report
    ) -> Mapping[str, object]:
        """Returns the answer as plain JSON, without secrets. Raises HoldfastError."""
        answer = await self.work(lending, validate(self.arguments, arguments), report)
        clean = await asyncio.to_thread(lending.redactor.about, answer)
        shape: TypeAdapter[Any] = TypeAdapter(self.answer)
        plain: Mapping[str, object] = shape.dump_python(clean, mode="json", exclude_none=True)
        return plain


async def reported(
    work: Awaitable[T], report: Report, say: Callable[[], tuple[float, float, str]]
) -> T:
    """Waits for some work and reports about every PROGRESS_SECONDS what `say` returns.

    Work that is cancelled from outside is cancelled with this.
    """
    task = asyncio.ensure_future(work)
    try:
        while True:
            await asyncio.wait({task}, timeout=PROGRESS_SECONDS)
            if task.done():
                return task.result()
            await report(*say())
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
