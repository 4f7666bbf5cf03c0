"""Max Mode over a real HTTP endpoint that plays a script, and real tools on a folder."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.events import CandidatesJudged, Event, JudgeFellBack
from lsp_server.domain.messages import Message, Request, Response, Usage
from lsp_server.domain.permissions import PermissionMode
from lsp_server.max_mode.candidate_judge import CandidateJudge, JudgeContext, StepContext
from lsp_server.max_mode.dry_runner import DryRunner
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.max_mode.max_mode import MaxMode, MaxModeContext
from lsp_server.models.chat_completions import ChatCompletions
from lsp_server.models.repetition import CutRepetition
from lsp_server.models.retrying import Retrying
from lsp_server.models.scripted.scenario import EndpointBehaviour, ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.settings.sections import MaxModeSettings, ModelSettings
from lsp_server.tools.dry_run import ToolDryRun
from lsp_server.workspace.files.disk_editor import DiskEditor
from tests.fakes.faults import FaultyTurn
from tests.fakes.faulty_server import FaultyServer
from tests.harness.tools import Bench
from tests.harness.workshop import judges

E = TypeVar("E", bound=Event)

TASK = (Message("system", "You are an agent."), Message("user", "Set x to 2 in a.py."))


def acts(name: str, arguments: dict[str, Any] | str, text: str = "", **more: Any) -> FaultyTurn:
    """A turn of one tool call."""
    call = {"name": name, "arguments": arguments}
    return FaultyTurn.model_validate({"text": text, "tool_calls": [call], **more})


def is_verdict(body: Mapping[str, Any]) -> bool:
    """Whether a request asks for a verdict."""
    last = body["messages"][-1]["content"] or ""
    return "response_format" in body or "You are the judge now" in last


def proposals(body: Mapping[str, Any]) -> dict[str, str]:
    """The labels that a judge was shown, and what stands under each."""
    text = re.split(
        r"^## (?:Proposal|Attempt) ", body["messages"][-1]["content"], flags=re.MULTILINE
    )[1:]
    return {part[0]: part for part in text}


def verdict(
    body: Mapping[str, Any], points: Callable[[str], int], **changes: object
) -> dict[str, Any]:
    """A valid verdict that gives each proposal so many points a criterion, by its text."""
    scores = {
        label: dict.fromkeys(("correctness", "groundedness", "progress", "safety"), points(text))
        for label, text in proposals(body).items()
    }
    winner = max(scores, key=lambda label: scores[label]["safety"])
    return {"reason": "it is best", "scores": scores, "winner": winner} | changes


def says_verdict(
    body: Mapping[str, Any], points: Callable[[str], int] = len, **more: Any
) -> FaultyTurn:
    """What a judge says: of candidates by their points, and that a task is done."""
    if "## Conditions to judge" in body["messages"][-1]["content"]:
        return judges()
    return FaultyTurn(text=json.dumps(verdict(body, lambda text: points(text) % 11)), **more)


@dataclass
class Stand:
    """`ask` takes one step; `events` is all that was told."""

    max_mode: MaxMode
    server: ScriptedServer
    bench: Bench
    endpoint_stats: EndpointStats
    events: list[Event] = field(default_factory=list)

    async def ask(self, *more: Message) -> Response:
        return await self.max_mode.respond(Request((*TASK, *more), self.bench.toolbox.specs))

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def judged(self) -> CandidatesJudged:
        return self.of(CandidatesJudged)[-1]

    @property
    def winner(self) -> CandidateGroup:
        return self.judged.groups[self.judged.winner]

    @property
    def rungs(self) -> list[str]:
        return [event.rung for event in self.of(JudgeFellBack)]

    @property
    def draws(self) -> list[dict[str, Any]]:
        """The bodies of the requests that were no question to a judge."""
        return [each.body for each in self.server.requests if not is_verdict(each.body)]


@asynccontextmanager
async def stand(
    root: Path,
    turn: Callable[[Mapping[str, Any]], ScriptedTurn] | Sequence[ScriptedTurn],
    *,
    behaviour: EndpointBehaviour | None = None,
    step_context: StepContext | None = None,
    has_room: Callable[[Usage], bool] = lambda _: True,
    refutes_done: str = "",
    mode: PermissionMode = "full",
    deny: tuple[str, ...] = (),
    endpoint_stats: EndpointStats | None = None,
    judge_context: JudgeContext = "auto",
    silence_seconds: float = 5.0,
    **settings: Any,
) -> AsyncIterator[Stand]:
    """`settings` are those of Max Mode, adaptive by default. Nothing waits between retries."""

    async def at_once(seconds: float) -> None:
        del seconds
        await asyncio.sleep(0)

    async def refutes() -> str:
        return refutes_done

    bench = Bench(root, mode=mode, deny=deny)
    events: list[Event] = []
    endpoint_stats = endpoint_stats or EndpointStats()
    async with FaultyServer(turn, behaviour=behaviour or EndpointBehaviour(n="ignore")) as server:
        wire = ChatCompletions(
            ModelSettings(
                base_url=server.base_url, name="scripted", silence_timeout_seconds=silence_seconds
            )
        )
        model = Retrying(CutRepetition(wire), sleep=at_once, wall_seconds_max=5.0)
        max_mode = MaxMode(
            model,
            CandidateJudge(model, events.append, context=judge_context),
            DryRunner(
                ToolDryRun(bench.workspace, bench.toolbox),
                DiskEditor(bench.documents),
                refutes,
            ),
            MaxModeSettings(**{"strategy": "adaptive"} | settings),
            endpoint_stats,
            MaxModeContext(
                lambda: step_context or StepContext(), lambda more, _: has_room(more), events.append
            ),
        )
        try:
            yield Stand(max_mode, server, bench, endpoint_stats, events)
        finally:
            await wire.close()
