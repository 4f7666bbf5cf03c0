"""The tools of a run, looked at without effect: file operations are played on another Editor."""

from __future__ import annotations

from lsp_server.domain.errors import ToolError
from lsp_server.domain.messages import ToolCall
from lsp_server.domain.ports import Editor
from lsp_server.tools.approval import Approval, Ask, Deny
from lsp_server.tools.edit import Edit
from lsp_server.tools.read import Read
from lsp_server.tools.toolbox import Toolbox, parse_arguments
from lsp_server.tools.write import Write
from lsp_server.workspace.paths import Workspace


class ToolDryRun:
    """What a call would do. Nothing runs, nobody is asked, and only the given Editor changes."""

    def __init__(self, workspace: Workspace, toolbox: Toolbox, approval: Approval) -> None:
        self._workspace = workspace
        self._toolbox = toolbox
        self._approval = approval

    def locate(self, path: str) -> str:
        """The path's one name, relative to the workspace. Raises ToolError."""
        return self._workspace.relative(self._workspace.locate(path))

    def title(self, call: ToolCall) -> str:
        """One line for people."""
        return self._toolbox.title(call)

    def read_only(self, call: ToolCall) -> bool:
        """Whether the call is known to change nothing."""
        return self._toolbox.read_only(call)

    def refusal(self, call: ToolCall) -> str:
        """Why rules or the workspace's border stand against it; empty: nothing. Raises ToolError."""
        spec = next((spec for spec in self._toolbox.specs if spec.name == call.name), None)
        if spec is None:
            return f"there is no tool {call.name!r}"
        arguments = parse_arguments(call.arguments)
        match self._approval.decide(call.name, arguments, read_only=spec.read_only):
            case Deny(reason):
                return reason
            case Ask(question, previews=False):  # outside of the workspace
                return question.summary
            case _:
                return ""

    async def play(self, call: ToolCall, editor: Editor) -> str:
        """Plays a file operation on `editor`; its diff. Raises ToolError when the call would fail."""
        arguments = parse_arguments(call.arguments)
        match call.name, arguments:
            case "edit" | "write" as name, _:
                kind = Edit if name == "edit" else Write
                tool = kind(self._workspace, editor)
                diff = await tool.preview(arguments)
                await tool.call(arguments)
                return diff
            case "read", _:
                await Read(self._workspace, editor).call(arguments)
            case _, {"path": str(path)} if not self._workspace.locate(path).exists():
                raise ToolError(f"{path} does not exist")
            case _:
                pass
        return ""
