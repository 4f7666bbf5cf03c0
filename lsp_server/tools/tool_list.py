"""A `ToolList` is what tools a run has: those that the model is shown, and those it can find."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from lsp_server.domain.errors import ToolError
from lsp_server.domain.ports import Tool
from lsp_server.domain.tasks import Mode
from lsp_server.domain.tools import LOOKING_KINDS, ToolSpec


@dataclass(frozen=True, slots=True)
class MoreTools:
    """`MoreTools` are the tools that come from elsewhere, as they are for one cycle.

    `unlisted` are not shown to the model until it finds them.
    """

    listed: tuple[Tool, ...] = ()
    unlisted: tuple[Tool, ...] = ()


LookForMore: TypeAlias = Callable[[], Awaitable[MoreTools]]
"""Asks anew which tools come from elsewhere."""

FoundTools: TypeAlias = Callable[[], Sequence[str]]
"""Gives the names of found tools that are listed by now, in the order in which they were found."""


class ToolList:
    """A `ToolList` has the run's own tools first, which stay, and `more` behind them.

    What comes from elsewhere changes in `refresh` alone, so that a cycle has one list. In
    `plan` mode there are only the tools that change nothing. `found` names unlisted tools
    that are listed by now; they stand at the end, in that order.
    """

    def __init__(
        self,
        own: Sequence[Tool],
        mode: Mode = "build",
        more: MoreTools = MoreTools(),
        look_for_more: LookForMore | None = None,
        found: FoundTools = tuple,
    ) -> None:
        self._mode = mode
        self._own = self._by_name(own)
        self._look_for_more = look_for_more
        self._found = found
        self._gone: set[str] = set()
        self._take(more)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """Returns what the model is shown, in the order in which the tools were given."""
        found = (self._unlisted[name] for name in self._found() if name in self._unlisted)
        shown = chain(self._own.values(), self._listed.values(), found)
        return tuple(tool.spec for tool in shown)

    @property
    def unlisted(self) -> tuple[ToolSpec, ...]:
        """Returns the tools that the model can call and is not shown unless it finds them."""
        return tuple(tool.spec for tool in self._unlisted.values())

    @property
    def schemas(self) -> dict[str, Mapping[str, object]]:
        """Returns the schema of the arguments of each tool that a call may name."""
        return {name: tool.spec.parameters for name, tool in self._all.items()}

    def get(self, name: str) -> Tool | None:
        """Returns the tool of that name, listed or not."""
        return self._all.get(name)

    def need(self, name: str) -> Tool:
        """Returns the tool of that name. Raises ToolError that says what there is instead."""
        if (tool := self.get(name)) is not None:
            return tool
        if name in self._gone:
            raise ToolError(f"the tool {name!r} is gone: its server withdrew it or does not answer")
        near = difflib.get_close_matches(name, self._all, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        known = ", ".join(spec.name for spec in self.specs)
        raise ToolError(f"there is no tool {name!r}; {hint}there are: {known}")

    async def refresh(self) -> None:
        """Asks which tools come from elsewhere now; call it where a cycle begins."""
        if self._look_for_more is None:
            return
        before = set(self._all)
        self._take(await self._look_for_more())
        self._gone = (self._gone | before) - set(self._all)

    def _take(self, more: MoreTools) -> None:
        self._listed = self._by_name(more.listed)
        self._unlisted = self._by_name(more.unlisted)
        self._all = {**self._unlisted, **self._listed, **self._own}

    def _by_name(self, tools: Sequence[Tool]) -> dict[str, Tool]:
        offered = (one for one in tools if self._mode == "build" or one.spec.kind in LOOKING_KINDS)
        return {tool.spec.name: tool for tool in offered}
