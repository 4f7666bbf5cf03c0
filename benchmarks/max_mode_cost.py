"""What Max Mode costs: sixty steps on a real repository, against one request a step.

A scripted endpoint on loopback answers over real HTTP, 200 ms to the first token and
100 tokens a second. At a share of the steps (`agreement`) all candidates propose the
same, at the others no two do. Without `n` each fifth request for a candidate is ten
times slower. The plain scheme sends five requests at once, waits for all and asks a
judge at every step. A prompt counts as cached as far as an earlier request shares it
whose first token was out by then. A cached token costs `cached at` of an uncached one, which
the judge's choice of its prompt knows too.

    python -m benchmarks.max_mode_cost [--steps 60] [--json FILE]
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks.step_overhead import MARKER, WINDOW_LINES, make_repository
from benchmarks.table import Row, arguments, show
from lsp_server.agent.context import Context
from lsp_server.domain.events import CycleStarted, Event, ModelAnswered, ToolReturned
from lsp_server.domain.messages import (
    Listener,
    Message,
    Prices,
    Request,
    Response,
    Usage,
    ignore_deltas,
)
from lsp_server.domain.permissions import Answered
from lsp_server.domain.ports import Model, Tool
from lsp_server.max_mode.candidate_judge import CandidateJudge, JudgeContext, StepContext
from lsp_server.max_mode.dry_runner import DryRunner
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.max_mode.max_mode import MaxMode, MaxModeContext
from lsp_server.models.chat_completions import ChatCompletions
from lsp_server.models.repetition import CutRepetition
from lsp_server.models.retrying import Retrying
from lsp_server.models.scripted.endpoint import LoggedRequest
from lsp_server.models.scripted.scenario import EndpointBehaviour, ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.settings.sections import MaxModeSettings, ModelSettings, PermissionSettings
from lsp_server.tools.approval import Approval
from lsp_server.tools.dry_run import ToolDryRun
from lsp_server.tools.edit import Edit
from lsp_server.tools.read import Read
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

SAMPLES = 5
FIRST_TOKEN_SECONDS = 0.2
TOKENS_PER_SECOND = 100.0
SLOWER = 10
SYSTEM_CHARS = 6000
"""A system prompt with a project's instructions."""
CELLS_AT_ONCE = 9
"""Cells mostly wait; more at once would get in each other's way."""
CACHED_PRICE, LOW_CACHED_PRICE, COMPLETION_PRICE = 0.1, 0.02, 5.0
"""For each uncached prompt token that is paid as 1."""
COLD_TOKENS = 64
"""A candidate's prompt with more uncached tokens than these was read cold."""

Scheme = Literal["single", "plain", "always", "adaptive", "gated", "auto"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One scheme under one condition."""

    scheme: Scheme
    n: bool
    agreement: float
    context: JudgeContext = "auto"
    cached_price: float = CACHED_PRICE


@dataclass(slots=True)
class Log:
    """What the endpoint saw: each request, when its first token came, and if it was a judge's."""

    requests: list[tuple[LoggedRequest, float, bool]] = field(default_factory=list)


@dataclass(slots=True)
class Spent:
    """A cell's sums over all steps."""

    requests: int = 0
    uncached: int = 0
    cached: int = 0
    completion: int = 0
    cold: int = 0
    judged: int = 0
    billed: Usage = Usage()
    seconds: list[float] = field(default_factory=list)

    @property
    def raw(self) -> float:
        return self.uncached + self.cached + self.completion

    def weighted(self, cached_price: float) -> float:
        return self.uncached + cached_price * self.cached + COMPLETION_PRICE * self.completion


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        rows = asyncio.run(measure(Path(temporary), options.steps))
    title = f"Max Mode, {SAMPLES} candidates, {options.steps} steps; sums per step, x: of single"
    show(title, rows, options.json)
    return 0


async def measure(folder: Path, steps: int) -> list[Row]:
    conditions = [(n, agreement) for n in (True, False) for agreement in (0.0, 0.5, 0.9)]
    schemes: tuple[Scheme, ...] = ("always", "adaptive", "gated", "auto")
    cells = [Cell("single", False, 0.0), *(Cell("plain", False, a) for a in (0.0, 0.5, 0.9))]
    cells += [Cell(scheme, n, a) for n, a in conditions for scheme in schemes]
    cells += [
        Cell(scheme, False, agreement, cached_price=LOW_CACHED_PRICE)
        for agreement in (0.0, 0.5, 0.9)
        for scheme in ("adaptive", "auto")
    ]
    cells += [Cell("always", True, 0.0, context) for context in ("shared", "compact")]
    gate = asyncio.Semaphore(CELLS_AT_ONCE)

    async def measured(number: int, cell: Cell) -> Spent:
        async with gate:
            return await play(folder / str(number), cell, steps)

    spent = await asyncio.gather(*(measured(*each) for each in enumerate(cells)))
    return [row(cell, each, spent[0]) for cell, each in zip(cells, spent, strict=True)]


async def play(folder: Path, cell: Cell, steps: int) -> Spent:
    """One run of all steps in a repository of its own."""
    repository = make_repository(folder)
    (repository / MARKER).write_text("start\n")
    script, log, spent = Scripted(repository, cell, steps), Log(), Spent()
    behaviour = EndpointBehaviour(n="honour" if cell.n else "ignore")
    async with ScriptedServer(
        lambda body: script.turn(body, server, log), behaviour=behaviour
    ) as server:
        wire = ChatCompletions(ModelSettings(base_url=server.base_url, name="scripted"))
        bench = Bench(repository, folder.with_suffix(".data"))
        model = bench.model(cell, Retrying(CutRepetition(wire)))
        for _ in range(steps):
            request = Request(bench.context.messages, bench.toolbox.specs)
            started = time.monotonic()
            response = await model.respond(request)
            spent.seconds.append(time.monotonic() - started)
            spent.billed += response.billed
            await bench.carry_out(response)
        await wire.close()
        account(log, spent)
    return spent


class Bench:
    """The tools on a repository, and the conversation so far."""

    def __init__(self, repository: Path, data: Path) -> None:
        workspace, documents = Workspace(repository), Documents()
        self.editor = DiskEditor(documents)
        self.approval = Approval(PermissionSettings(mode="full"), workspace)
        checkpoints = Checkpoints(data, workspace, Ignore(workspace))
        host = HostCommandRunner()
        background = BackgroundCommands(data, repository, lambda _: None)
        tools: list[Tool] = [
            Read(workspace, self.editor),
            Edit(workspace, self.editor),
            Write(workspace, self.editor),
            Shell(workspace, checkpoints, lambda _: None, host, host, background),
        ]

        async def nobody(_: object) -> Answered:
            return Answered("deny")

        self.toolbox = Toolbox(tools, self.approval, nobody)
        self.dry_run_tools = ToolDryRun(workspace, self.toolbox)
        self.context = Context(8000)
        instructions = "Follow the project's conventions. " * (SYSTEM_CHARS // 34)
        opening = "Find out how these packages parse their input, and keep notes."
        self._fold(CycleStarted(1, "start", instructions, opening))

    def model(self, cell: Cell, wire: Model) -> Model:
        if cell.scheme == "single":
            return wire
        if cell.scheme == "plain":
            return Plain(wire)

        async def nothing_known() -> str:
            return ""

        settings = MaxModeSettings(strategy=cell.scheme, samples=SAMPLES)
        around = MaxModeContext(StepContext, lambda *_: True, lambda _: None)
        prices = Prices(1.0, cell.cached_price, COMPLETION_PRICE)
        judge = CandidateJudge(wire, around.emit, context=cell.context, prices=prices)
        evidence = DryRunner(self.dry_run_tools, self.editor, nothing_known)
        return MaxMode(wire, judge, evidence, settings, EndpointStats(), around)

    async def carry_out(self, response: Response) -> None:
        usage, billed = response.usage, response.billed
        self._fold(ModelAnswered(0, response.message, response.stop_reason, usage, billed, 0.0))
        for call in response.message.tool_calls:
            result = await self.toolbox.dispatch(call)
            assert not result.is_error, result.text
            self._fold(ToolReturned(0, call.id, call.name, result, 0.0))

    def _fold(self, event: Event) -> None:
        self.context.fold(event)


class Plain:
    """The plain scheme: as many requests as candidates at once, then a judge who sees them alone."""

    def __init__(self, model: Model) -> None:
        self._model = model

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        del listen
        async with asyncio.TaskGroup() as tasks:
            drawn = [tasks.create_task(self._model.respond(request)) for _ in range(SAMPLES)]
        candidates = [task.result() for task in drawn]
        shown = "\n\n".join(
            f"Candidate {number}:\n{each.message.text}\n"
            + "\n".join(f"{call.name} {call.arguments}" for call in each.message.tool_calls)
            for number, each in enumerate(candidates)
        )
        system = f"{request.messages[0].text}\n\nYou are the judge now. Answer with a number."
        judged = await self._model.respond(
            Request((Message("system", system), Message("user", shown)))
        )
        chosen = candidates[int(judged.message.text)]
        billed = sum((each.billed for each in candidates), judged.billed)
        return Response(chosen.choices, chosen.usage, billed)


class Scripted:
    """What the endpoint says: two looks of about 3 KB, then a note is written; and so on."""

    def __init__(self, repository: Path, cell: Cell, steps: int) -> None:
        self._cell = cell
        chance = random.Random(7)
        agreeing = round(cell.agreement * steps)
        self._agrees = [True] * agreeing + [False] * (steps - agreeing)
        chance.shuffle(self._agrees)
        self._asked: Counter[int] = Counter()
        self._files = sorted(
            path.relative_to(repository).as_posix()
            for path in repository.rglob("*.py")
            if len(path.read_text("utf-8").splitlines()) > 8 * WINDOW_LINES
        )

    def turn(self, body: Mapping[str, Any], server: ScriptedServer, log: Log) -> ScriptedTurn:
        request = server.requests[-1]
        messages = body["messages"]
        is_judge = any("You are the judge now" in (m["content"] or "") for m in messages[::-1][:2])
        turn = self._verdict(messages) if is_judge else self._candidates(body)
        begun = request.at_seconds + turn.first_token_seconds
        log.requests.append((request, begun, is_judge))
        return turn

    def _candidates(self, body: Mapping[str, Any]) -> ScriptedTurn:
        step = sum(message["role"] == "assistant" for message in body["messages"])
        n = body.get("n", 1) if self._cell.n else 1
        number, self._asked[step] = self._asked[step], self._asked[step] + n
        answers = [self._answer(step, number + each) for each in range(n)]
        is_slow = self._cell.scheme != "single" and not self._cell.n
        slower = SLOWER if is_slow and (step + number) % SAMPLES == 0 else 1
        return ScriptedTurn.model_validate(
            {**answers[0], "alternatives": answers[1:], **timing(slower)}
        )

    def _answer(self, step: int, candidate: int) -> dict[str, Any]:
        way = 0 if self._agrees[step] else candidate
        file = self._files[(step * 5 + way) % len(self._files)]
        start = 1 + (step * 37 + way * 11) % (6 * WINDOW_LINES)
        end = start + WINDOW_LINES
        thought = (
            f"Next I look at {file} from line {start}, since it decides how it is parsed. " * 3
        )
        match step % 3:
            case 0:
                call = ("read", {"path": file, "start_line": start, "end_line": end})
            case 1:
                call = ("shell", {"command": f"sed -n {start},{end}p {file}"})
            case _:
                notes = f"step {step}, way {way}\n" + "- it parses by hand, line by line\n" * 12
                call = ("write", {"path": MARKER, "text": notes})
        return {"text": thought, "tool_calls": [{"name": call[0], "arguments": call[1]}]}

    def _verdict(self, messages: Sequence[Mapping[str, Any]]) -> ScriptedTurn:
        if self._cell.scheme == "plain":
            return ScriptedTurn.model_validate({"text": "0", **timing()})
        labels = [part[0] for part in messages[-1]["content"].split("## Proposal ")[1:]]
        criteria = ("correctness", "groundedness", "progress", "safety")
        scores = {label: dict.fromkeys(criteria, 9 - place) for place, label in enumerate(labels)}
        reason = "it looks at the place that decides, and rests on what was seen"
        verdict = {"reason": reason, "scores": scores, "winner": labels[0]}
        return ScriptedTurn.model_validate({"text": json.dumps(verdict), **timing()})


def timing(slower: int = 1) -> dict[str, float]:
    return {
        "first_token_seconds": FIRST_TOKEN_SECONDS * slower,
        "tokens_per_second": TOKENS_PER_SECOND / slower,
    }


def account(log: Log, spent: Spent) -> None:
    """Reads the endpoint's log; completion tokens are the client's, who counts the cut-off too."""
    spent.completion = spent.billed.completion_tokens
    for place, (request, _, is_judge) in enumerate(log.requests):
        tokens = len(request.raw) // 4
        warm = (
            common_bytes(request.raw, earlier.raw)
            for earlier, begun, _ in reversed(log.requests[:place])
            if begun <= request.at_seconds
        )
        cached = min(tokens, max(warm, default=0) // 4)
        spent.requests += 1
        spent.cached += cached
        spent.uncached += tokens - cached
        spent.judged += is_judge
        spent.cold += not is_judge and tokens - cached > COLD_TOKENS


def common_bytes(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        same = one[:middle] == other[:middle]
        low, high = (middle, high) if same else (low, middle - 1)
    return low


def row(cell: Cell, spent: Spent, single: Spent) -> Row:
    steps = len(spent.seconds)
    verdict_seconds = FIRST_TOKEN_SECONDS + VERDICT_TOKENS / TOKENS_PER_SECOND
    base = statistics.mean(single.seconds) + verdict_seconds
    return {
        "scheme": cell.scheme + ("" if cell.context == "auto" else f", {cell.context} judge"),
        "n": "yes" if cell.n else "no",
        "agree": cell.agreement,
        "cached at": cell.cached_price,
        "requests": spent.requests / steps,
        "judged": spent.judged / steps,
        "uncached": spent.uncached / steps,
        "cached": spent.cached / steps,
        "completion": spent.completion / steps,
        "billed": spent.billed.total_tokens / steps,
        "raw x": spent.raw / single.raw,
        "price x": spent.weighted(cell.cached_price) / single.weighted(cell.cached_price),
        "cold": spent.cold / steps,
        "seconds": statistics.mean(spent.seconds),
        "worst": max(spent.seconds),
        "of single+judge": statistics.mean(spent.seconds) / base,
    }


VERDICT_TOKENS = 130
"""A verdict on five proposals."""

if __name__ == "__main__":
    sys.exit(main())
