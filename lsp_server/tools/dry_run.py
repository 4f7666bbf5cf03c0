"""This module looks at what calls would do: edits are planned on another Editor, nothing runs."""

from __future__ import annotations

from lsp_server.domain.errors import ToolError
from lsp_server.domain.ports import CheckedTool, Editor, EditTool
from lsp_server.domain.tools import Malformed, NeedsPath, ToolCall
from lsp_server.tools.approval import Ask, Deny
from lsp_server.tools.toolbox import Toolbox
from lsp_server.workspace.paths import Workspace


class ToolDryRun:
    """What a call would do. Nothing runs, nobody is asked, and only the given Editor changes."""

    def __init__(self, workspace: Workspace, toolbox: Toolbox) -> None:
        self._workspace = workspace
        self._toolbox = toolbox

    def locate(self, path: str) -> str:
        """The path's one name, relative to the workspace. Raises ToolError."""
        return self._workspace.relative(self._workspace.locate(path))

    def title(self, call: ToolCall) -> str:
        """The call in one line for people."""
        return self._toolbox.title(call)

    def read_only(self, call: ToolCall) -> bool:
        """Whether the call is known to change nothing."""
        return self._toolbox.read_only(call)

    def only_looks(self, call: ToolCall) -> bool:
        """Whether the call is known to change nothing and does not end the run."""
        return self._toolbox.only_looks(call)

    def refusal(self, call: ToolCall) -> str:
        """Why rules or the workspace's border are against it; empty when they are not.

        Raises ToolError when the call cannot be carried out at all.
        """
        match self._toolbox.decide(call):
            case Deny(reason):
                return reason
            case Ask(question, outside=True):
                return question.summary
            case _:
                return ""

    async def play(self, call: ToolCall, editor: Editor) -> str:
        """Carries out a file operation on `editor` and gives its diff, empty for other calls.

        Raises ToolError when the call would fail.
        """
        tool = self._toolbox.tool(call)
        if isinstance(call.parsed, Malformed):
            raise ToolError(call.parsed.problem)
        if isinstance(tool, EditTool):
            planned = await tool.plan(call.parsed, editor)
            if planned.edits is not None:
                await editor.apply(planned.edits)
            return planned.diff
        if isinstance(tool, CheckedTool):
            await tool.check(call.parsed, editor)
            return ""
        match tool.needs(call.parsed):
            case NeedsPath(path) if not self._workspace.locate(path).exists():
                raise ToolError(f"{path} does not exist")
            case _:
                return ""
