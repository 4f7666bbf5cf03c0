"""This module says what calls would do: edits are made on another Editor, and nothing runs."""

from __future__ import annotations

from lsp_server.domain.errors import ToolError
from lsp_server.domain.ports import CheckedTool, Editor, EditTool
from lsp_server.domain.tools import Malformed, NeedsPath, ToolCall, ToolSpec
from lsp_server.tools.approval import Ask, Deny
from lsp_server.tools.toolbox import Toolbox
from lsp_server.workspace.files.paths import Workspace


class ToolDryRun:
    """A `ToolDryRun` says what a call would do: nothing runs, and nobody is asked.

    It is what Max Mode knows of the tools (`max_mode.dry_runner.DryRunTools`). Only the
    Editor that `simulate` is given changes.
    """

    def __init__(self, workspace: Workspace, toolbox: Toolbox) -> None:
        self._workspace = workspace
        self._toolbox = toolbox

    def locate(self, path: str) -> str:
        """Returns the path's one name, relative to the workspace. Raises ToolError."""
        return self._workspace.relative(self._workspace.locate(path))

    @property
    def unlisted(self) -> tuple[ToolSpec, ...]:
        """Returns the tools that a call may name though the request does not list them."""
        return self._toolbox.tools.unlisted

    def title(self, call: ToolCall) -> str:
        """Shows the call in one line for people."""
        return self._toolbox.title(call)

    def read_only(self, call: ToolCall) -> bool:
        """Says whether the call is known to change nothing."""
        return self._toolbox.read_only(call)

    def only_looks(self, call: ToolCall) -> bool:
        """Says whether the call is known to change nothing and does not end the run."""
        return self._toolbox.only_looks(call)

    def refusal(self, call: ToolCall) -> str:
        """Says why rules or the border of the workspace are against the call, "" if they are not.

        That a person would be asked is no refusal. Raises ToolError when the call cannot be
        carried out at all.
        """
        match self._toolbox.decide(call):
            case Deny(reason):
                return reason
            case Ask(question, outside=True):
                return question.summary
            case _:
                return ""

    async def simulate(self, call: ToolCall, editor: Editor) -> str:
        """Makes a call's edit on `editor` and returns the diff; other calls are only checked.

        The diff is empty for calls that edit nothing. Raises ToolError when the call would
        fail.
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
        # A tool without a check of its own fails on a path that does not exist.
        match tool.needs(call.parsed):
            case NeedsPath(path) if not self._workspace.locate(path).exists():
                raise ToolError(f"{path} does not exist")
            case _:
                return ""
