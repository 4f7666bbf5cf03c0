"""The tools over a folder on disk, as a composition root would make them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lsp_server.domain.events import Event
from lsp_server.domain.permissions import Answer, Answered, Granted, PermissionMode, Question
from lsp_server.domain.ports import Tool
from lsp_server.domain.tools import ToolCall, ToolResult
from lsp_server.settings.sections import PermissionSettings
from lsp_server.tools.approval import Approval
from lsp_server.tools.diagnostics import Diagnostics
from lsp_server.tools.edit import Edit
from lsp_server.tools.finish import Finish
from lsp_server.tools.list import List
from lsp_server.tools.plan import Plan
from lsp_server.tools.read import Read
from lsp_server.tools.recall import Recall, RecallHit
from lsp_server.tools.search import Search
from lsp_server.tools.shell import Shell
from lsp_server.tools.toolbox import Toolbox
from lsp_server.tools.write import Write
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints
from lsp_server.workspace.commands.background_commands import BackgroundCommands
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore


class ListedArchive:
    """An archive of what it is given."""

    def __init__(self, results: dict[str, str]) -> None:
        self._results = results

    async def get(self, entry_id: str) -> str | None:
        return self._results.get(entry_id)

    async def search(self, query: str, *, kind: str | None, limit: int) -> Sequence[RecallHit]:
        found = [(i, text) for i, text in self._results.items() if query in text]
        return [RecallHit(i, kind or "result", text[:40]) for i, text in found[:limit]]

    async def around(self, entry_id: str, steps: int) -> Sequence[RecallHit]:
        ids = list(self._results)
        at = ids.index(entry_id) if entry_id in ids else len(ids) + steps
        near = ids[max(0, at - steps) : at + steps + 1]
        return [RecallHit(i, "result", self._results[i]) for i in near]


class Bench:
    """A toolbox over `root`, with everything that it said and asked."""

    def __init__(
        self,
        root: Path,
        *,
        mode: PermissionMode = "full",
        deny: tuple[str, ...] = (),
        answers: Sequence[Answer | Answered | None] = (),
        ripgrep: str = "rg",
        allow: tuple[str, ...] = (),
        sandbox: str = "",
    ) -> None:
        """`sandbox` is what the model is told of one that holds; "": none does."""
        self.workspace = Workspace(root)
        self.documents = Documents()
        self.events: list[Event] = []
        self.questions: list[Question] = []
        self.archive: dict[str, str] = {}
        self.sandbox = sandbox
        self._answers = list(answers)
        ignore = Ignore(self.workspace)
        checkpoints = Checkpoints(root.parent / "data", self.workspace, ignore)
        editor = checkpoints.recording(DiskEditor(self.documents), self.events.append)
        self.granted = Granted()
        approval = Approval(
            PermissionSettings(mode=mode, allow=allow, deny=deny),
            self.workspace,
            sandbox_holds=lambda: bool(self.sandbox),
            granted=lambda: self.granted,
        )
        tools: list[Tool] = [
            Read(self.workspace, editor),
            List(self.workspace, ignore, visible=approval.visible),
            Search(
                self.workspace,
                ignore,
                self.documents,
                commands=HostCommandRunner(),
                visible=approval.visible,
                ripgrep=ripgrep,
            ),
            Edit(self.workspace, editor),
            Write(self.workspace, editor),
            Shell(
                self.workspace,
                checkpoints,
                self.events.append,
                HostCommandRunner(),
                HostCommandRunner(),
                BackgroundCommands(root.parent / "run", root, self.events.append),
            ),
            Diagnostics(self.workspace, editor),
            Plan(self.events.append),
            Recall(ListedArchive(self.archive)),
            Finish(),
        ]
        self.toolbox = Toolbox(tools, approval, self._ask, describe_sandbox=self._describe)

    async def call(self, name: str, **arguments: object) -> ToolResult:
        return await self.toolbox.dispatch(ToolCall("1", name, json.dumps(arguments)))

    async def _describe(self) -> str:
        return self.sandbox

    async def _ask(self, question: Question) -> Answered:
        self.questions.append(question)
        given = self._answers.pop(0) or "deny"
        answered = given if isinstance(given, Answered) else Answered(given)
        match answered.answer:
            case "run" if rule := answered.rule or question.run_rule:
                self.granted = replace(self.granted, rules=(*self.granted.rules, rule))
            case "sandboxed":
                self.granted = replace(self.granted, mode="sandboxed")
            case _:
                pass
        return answered
