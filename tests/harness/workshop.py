"""A session on a small project with a scripted model behind real HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lsp_server.assemble.session import open_session
from lsp_server.domain.events import Event, RecordedEvent, RunEnded
from lsp_server.domain.permissions import Answer, Answered, Question
from lsp_server.domain.tasks import Budget, Outcome, Task
from lsp_server.models.scripted.scenario import Scenario, ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.session.notices import Notice, RunEvent
from lsp_server.session.session import Session
from lsp_server.settings.layers import load
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from tests.fakes.faults import FaultyTurn
from tests.fakes.faulty_server import FaultyServer

E = TypeVar("E", bound=Event)


def calls(*pairs: tuple[str, dict[str, Any] | str], text: str = "", **more: Any) -> FaultyTurn:
    """A turn of tool calls, each a name and arguments (or their raw text)."""
    listed = [{"name": name, "arguments": arguments} for name, arguments in pairs]
    return FaultyTurn.model_validate({"text": text, "tool_calls": listed, **more})


def says(text: str, **more: Any) -> FaultyTurn:
    """A turn without calls."""
    return FaultyTurn.model_validate({"text": text, **more})


def finish(summary: str = "done") -> FaultyTurn:
    return calls(("finish", {"summary": summary}))


def judges(verdict: str = "met", evidence: str = "change-1", missing: str = "") -> FaultyTurn:
    """What the judge of a task says whenever it is asked."""
    condition = {"id": "task", "verdict": verdict, "evidence": [evidence], "missing": missing}
    return says(json.dumps({"conditions": [condition]}), when="## Conditions to judge")


@dataclass
class Workshop:
    """The session, its model server and buffers, and all that it said so far."""

    session: Session
    server: ScriptedServer
    documents: Documents
    notices: list[Notice] = field(default_factory=list)
    recorded: list[RecordedEvent] = field(default_factory=list)
    on_event: Callable[[Event], None] = lambda _: None

    def notify(self, notice: Notice) -> None:
        self.notices.append(notice)
        if isinstance(notice, RunEvent):
            self.recorded.append(notice.recorded)
            self.on_event(notice.recorded.event)

    async def run(self, task: str | Task = "do it") -> Outcome:
        """Runs a task to its end."""
        budget = Budget(self.session.settings.run.steps_max)
        wanted = Task(task, budget=budget) if isinstance(task, str) else task
        return await self.session.runs.start(wanted).wait()

    def events(self, kind: type[E]) -> list[E]:
        return [r.event for r in self.recorded if isinstance(r.event, kind)]

    @property
    def ended(self) -> RunEnded:
        return self.events(RunEnded)[-1]

    def prompts(self) -> list[list[dict[str, Any]]]:
        """The messages of every request that the model got."""
        return [list(request.body["messages"]) for request in self.server.requests]


@asynccontextmanager
async def workshop(
    project: Path,
    turns: Sequence[ScriptedTurn] | Scenario | Callable[..., ScriptedTurn],
    *,
    answer: Callable[[Question], Answer | None] | None = None,
    **sections: dict[str, Any],
) -> AsyncIterator[Workshop]:
    """Permission mode is `full` and no task is judged, unless `sections` or `answer` say otherwise."""
    async with FaultyServer(turns) as server:
        settings = load(
            project,
            editor={
                "model": {"base_url": server.base_url, "name": "scripted"}
                | sections.pop("model", {}),
                "permissions": {"mode": "ask" if answer else "full"}
                | sections.pop("permissions", {}),
                "goal": {"judge_task": False} | sections.pop("goal", {}),
                **sections,
            },
        )
        assert not settings.problems, settings.problems

        async def confirm(question: Question) -> Answered | None:
            given = answer(question) if answer else None
            return Answered(given) if given is not None else None

        documents = Documents()
        shop: Workshop

        def notify(notice: Notice) -> None:
            shop.notify(notice)

        session = open_session(
            project, settings.settings, DiskEditor(documents, confirm), documents, notify
        )
        shop = Workshop(session, server, documents)
        try:
            yield shop
        finally:
            await session.close()
