"""Commands see what runs wrote into buffers, and the model hears of what they did not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lsp_server.domain.tools import Needs, NeedsUnknown, ToolResult, ToolSpec
from lsp_server.tools.save_first import SaveFirst
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace


class Cat:
    """Says what the disk has."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec("cat", "", {}, "read")

    def describe(self, arguments: Mapping[str, object]) -> str:
        return f"cat {arguments}"

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        return NeedsUnknown()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        return ToolResult(self._path.read_text())


async def test_a_command_sees_what_the_run_wrote_into_the_buffer(project: Path) -> None:
    documents, path = Documents(), project / "a.txt"
    path.write_text("old\n")
    documents.open(path, "new\n")
    await documents.add_draft(path, "old\n", "new\n")
    tool = SaveFirst(Cat(path), Workspace(project), documents)
    assert (await tool.call({})).text == "new\n"


async def test_what_only_a_person_can_save_is_named(project: Path) -> None:
    documents, path = Documents(), project / "a.txt"
    path.write_text("old\n")
    documents.open(path, "typed\n")
    result = await SaveFirst(Cat(path), Workspace(project), documents).call({})
    assert result.text.startswith("old\n")
    assert "a.txt" in result.text
    assert "not saved" in result.text
