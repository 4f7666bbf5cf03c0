"""The tool `diagnostics` shows what the editor's other language servers found."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from lsp_server.domain.goals import Finding
from lsp_server.domain.ports import Editor
from lsp_server.domain.tools import Needs, NeedsNothing, NeedsPath, ToolResult
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate
from lsp_server.workspace.files.paths import Workspace

FINDINGS_MAX = 100


class DiagnosticsArguments(ToolArguments):
    """These are the arguments of `diagnostics`."""

    path: str | None = Field(None, description="One file; all open files if left out.")


class Diagnostics:
    """A `Diagnostics` tool shows what language servers reported; it looks for nothing itself."""

    spec = spec(
        "diagnostics",
        DiagnosticsArguments,
        "Errors and warnings that the editor's language servers report.",
        kind="read",
        forms={"path": "path"},
    )

    def __init__(self, workspace: Workspace, editor: Editor) -> None:
        self._workspace = workspace
        self._editor = editor

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `diagnostics src/a.py`."""
        return describe(self.spec.name, arguments.get("path"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs to read the file; nothing when all open files are meant."""
        path = validate(DiagnosticsArguments, arguments).path
        return NeedsNothing() if path is None else NeedsPath(path, writes=False)

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Lists the findings, FINDINGS_MAX at most, or says that nobody reports any."""
        wanted = validate(DiagnosticsArguments, arguments)
        path = self._workspace.locate(wanted.path) if wanted.path else None
        findings = await self._editor.diagnostics(path)
        # That nobody looked is not the same as that nothing was found.
        if findings is None:
            return ToolResult(
                "no editor reports diagnostics here; run the project's own checker with `shell`"
            )
        if not findings:
            return ToolResult("no diagnostics")
        lines = [_line(finding) for finding in findings[:FINDINGS_MAX]]
        if len(findings) > FINDINGS_MAX:
            lines.append(f"[{len(findings) - FINDINGS_MAX} more; pass a path]")
        return ToolResult("\n".join(lines))


def _line(finding: Finding) -> str:
    place = finding.path or "(no file)"
    if finding.line is not None:
        place += f":{finding.line}"
    source = f" ({finding.source})" if finding.source else ""
    return f"{place}: {finding.severity}: {finding.message}{source}"
