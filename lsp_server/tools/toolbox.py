"""The tools of a run: what the model is told of them, and how its calls are carried out."""

from __future__ import annotations

import difflib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn, Protocol, TypeAlias, assert_never, runtime_checkable

from lsp_server.domain.errors import ToolError
from lsp_server.domain.messages import ToolCall, ToolResult, ToolSpec
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.ports import Tool
from lsp_server.tools.approval import Allow, Approval, Ask, Deny
from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.shell_syntax import parse

AskPerson: TypeAlias = Callable[[Question], Awaitable[Answer | None]]

TITLE_CHARS_MAX = 100
DETAIL_CHARS_MAX = 20_000


@runtime_checkable
class Previewing(Protocol):
    """A tool that can show what a call would change without changing it."""

    async def preview(self, arguments: Mapping[str, object]) -> str:
        """A diff. Raises ToolError when the call would fail."""
        ...


class Toolbox:
    """Dispatches calls. `ask` waits for a person; None from it means nobody agreed."""

    def __init__(self, tools: Sequence[Tool], approval: Approval, ask: AskPerson) -> None:
        self._tools = {tool.spec.name: tool for tool in tools}
        self._approval = approval
        self._ask = ask

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """In the order in which the tools were given: part of the prompt's cached start."""
        return tuple(tool.spec for tool in self._tools.values())

    async def dispatch(self, call: ToolCall) -> ToolResult:
        """Carries out a call; whatever the model can mend comes back as an error result."""
        try:
            tool = self._tool(call.name)
            arguments = parse_arguments(call.arguments)
            await self._permit(tool, arguments)
            return await tool.call(arguments)
        except ToolError as error:
            return ToolResult(str(error), is_error=True)

    async def preview(self, call: ToolCall) -> str | None:
        """What an edit would change, as a diff; None for other tools. Raises ToolError."""
        tool = self._tool(call.name)
        if not isinstance(tool, Previewing):
            return None
        return await tool.preview(parse_arguments(call.arguments))

    def read_only(self, call: ToolCall) -> bool:
        """Whether the call changes nothing, so that it may run beside others."""
        tool = self._tools.get(call.name)
        if tool is None:
            return False
        match _tolerated(call.arguments):
            case {"command": str(command)} if call.name == "shell":
                return is_read_only(parse(command))
            case _:
                return tool.spec.read_only

    def title(self, call: ToolCall) -> str:
        """One line for people, whatever the arguments look like."""
        line = " ".join(_title(call.name, _tolerated(call.arguments)).split())
        return line if len(line) <= TITLE_CHARS_MAX else f"{line[: TITLE_CHARS_MAX - 1]}…"

    def _tool(self, name: str) -> Tool:
        tool = self._tools.get(name)
        if tool is not None:
            return tool
        near = difflib.get_close_matches(name, self._tools, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ToolError(f"there is no tool {name!r}; {hint}there are: {', '.join(self._tools)}")

    async def _permit(self, tool: Tool, arguments: Mapping[str, object]) -> None:
        """Raises ToolError unless rules or a person allow it."""
        spec = tool.spec
        decision = self._approval.decide(spec.name, arguments, read_only=spec.read_only)
        match decision:
            case Allow():
                return
            case Deny(reason):
                raise ToolError(f"refused: {reason}")
            case Ask(question, previews):
                detail = question.detail
                if previews and isinstance(tool, Previewing):
                    # A person sees what would happen, and is not asked when it cannot.
                    detail = await tool.preview(arguments)
                elif not spec.read_only and spec.name != "shell":
                    detail = json.dumps(arguments, indent=2, ensure_ascii=False)[:DETAIL_CHARS_MAX]
                await self._wait_for(replace(question, detail=detail))
            case _:
                assert_never(decision)

    async def _wait_for(self, question: Question) -> None:
        answer = await self._ask(question)
        match answer:
            case "once":
                return
            case "always":
                if question.rule:
                    self._approval.allow(question.rule)
            case "deny" | None:
                raise ToolError(
                    f"refused: it was not allowed ({question.summary}); find another way, "
                    "or finish and say what you need"
                )
            case _:
                assert_never(answer)


def parse_arguments(text: str) -> dict[str, object]:
    """The arguments as they were written, never mended. Raises ToolError with the place."""
    if not text.strip():
        raise ToolError("the arguments are empty; send a JSON object, {} at least")
    try:
        arguments: Any = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        around = text[max(0, error.pos - 30) : error.pos + 10]
        raise ToolError(
            f"the arguments are not valid JSON: {error.msg} at line {error.lineno}, column "
            f"{error.colno}, near {around!r}; nothing was run, send the whole call again"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ToolError(f"the arguments cannot be read: {error}; nothing was run") from error
    if not isinstance(arguments, dict):
        raise ToolError(f"the arguments must be a JSON object, not {text[:40]!r}")
    return arguments


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ToolError(f"the arguments have {key!r} twice; nothing was run, send it once")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise ToolError(f"the arguments have {name}, which JSON does not know; nothing was run")


def _tolerated(text: str) -> Mapping[str, object]:
    try:
        return parse_arguments(text)
    except ToolError:
        return {}


def _title(name: str, arguments: Mapping[str, object]) -> str:
    match name, arguments:
        case "shell", {"command": str(command)}:
            return f"$ {command}"
        case "search", {"query": str(query)}:
            return f"search {query!r}"
        case "recall", {"query": str(what)} | {"id": str(what)}:
            return f"recall {what}"
        case "list", {"pattern": str(pattern)}:
            return f"list {pattern}"
        case "plan", {"items": [*items]}:
            return f"plan, {len(items)} items"
        case _, {"path": str(path)}:
            return f"{name} {path}"
        case _:
            return name
