"""A SIMULATION of Max Mode: the real code, with a model that is right by chance.

No language model takes part. Each candidate is right with probability p and otherwise
wrong in one of three ways, so that wrong ones sometimes agree; the judge names a right
proposal with probability q if there is one. A task has 20 steps. In the first table
each step decides: one wrong step loses the task. In the second two steps of three are
reads, and a wrong read costs another step, at most 40 in all, instead of the task.
Whether real candidates err independently is what a simulation cannot show. Requests
give several answers, but for `gated alone`: an endpoint that gives one answer each, where
gated draws fewer.

    python -m benchmarks.max_mode_simulation [--runs 200] [--json FILE] [--png FILE]
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from benchmarks.table import Row, arguments, show
from lsp_server.domain.messages import (
    Choice,
    Listener,
    Message,
    Request,
    Response,
    Usage,
    ignore_deltas,
)
from lsp_server.domain.ports import Editor
from lsp_server.domain.tools import ToolCall, ToolSpec
from lsp_server.evaluation.statistics import wilson
from lsp_server.max_mode.candidate_judge import CandidateJudge, StepContext
from lsp_server.max_mode.dry_runner import DryRunner
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.max_mode.max_mode import MaxMode, MaxModeContext
from lsp_server.settings.sections import MaxModeSettings
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents

STEPS = 20
STEPS_MAX = 40
SAMPLES = 5
WRONG_WAYS = 3
PROMPT_TOKENS, FRESH_TOKENS, ANSWER_TOKENS, VERDICT_TOKENS = 20_000, 800, 150, 130
"""A step in the middle of a run; fresh tokens are those since the step before."""
CACHED_PRICE, COMPLETION_PRICE = 0.1, 5.0
PARAMETER: Mapping[str, object] = {
    "type": "object",
    "properties": {"way": {"type": "string"}},
    "required": ["way"],
}
TOOLS = (
    ToolSpec("look", "Look at something.", PARAMETER, "read"),
    ToolSpec("change", "Change something.", PARAMETER, "edit"),
)

Scheme = Literal["single", "always", "adaptive", "gated", "gated alone"]
SCHEMES: tuple[Scheme, ...] = ("single", "always", "adaptive", "gated", "gated alone")
STRATEGIES: Mapping[Scheme, Literal["always", "adaptive", "gated"]] = {
    "always": "always",
    "adaptive": "adaptive",
    "gated": "gated",
    "gated alone": "gated",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One scheme under one condition; `reads` is the share of steps that only read."""

    scheme: Scheme
    p: float
    q: float
    reads: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one task ended, and what it cost in uncached prompt tokens."""

    succeeded: bool
    steps: int
    cost: float


class ChanceModel:
    """Right with p, as a judge with q; `kind` is the tool that the step takes."""

    def __init__(self, p: float, q: float, chance: random.Random) -> None:
        self._p = p
        self._q = q
        self._chance = chance
        self._is_fresh = True
        self.kind = "look"

    def step(self, kind: str) -> None:
        self.kind, self._is_fresh = kind, True

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        del listen
        if request.answer is not None:
            return self._judge(request)
        choices = tuple(self._candidate() for _ in range(request.choices))
        fresh = FRESH_TOKENS if self._is_fresh else 0
        self._is_fresh = False
        usage = Usage(PROMPT_TOKENS, PROMPT_TOKENS - fresh, ANSWER_TOKENS)
        return Response(
            choices, usage, replace(usage, completion_tokens=ANSWER_TOKENS * len(choices))
        )

    def _candidate(self) -> Choice:
        is_right = self._chance.random() < self._p
        way = "right" if is_right else f"wrong {self._chance.randrange(WRONG_WAYS)}"
        call = ToolCall("1", self.kind, json.dumps({"way": way}))
        return Choice(Message("assistant", "", tool_calls=(call,)), "tool_calls")

    def _judge(self, request: Request) -> Response:
        text = request.messages[-1].text
        shown = {part[0]: part for part in text.split("## Proposal ")[1:]}
        right = [label for label, part in shown.items() if '"right"' in part]
        wrong = [label for label in shown if label not in right]
        knows = self._chance.random() < self._q
        winner = self._chance.choice(right if right and (knows or not wrong) else wrong)
        criteria = ("correctness", "groundedness", "progress", "safety")
        scores = {label: dict.fromkeys(criteria, 9 if label == winner else 4) for label in shown}
        answer = json.dumps({"reason": "by chance", "scores": scores, "winner": winner})
        shared = bool(request.tools)
        size = len(text) // 4
        prompt = Usage(PROMPT_TOKENS + size, PROMPT_TOKENS) if shared else Usage(size)
        usage = prompt + Usage(completion_tokens=VERDICT_TOKENS)
        return Response((Choice(Message("assistant", answer), "stop"),), usage, usage)


class Looking:
    """What Max Mode may know of the two tools: which one only reads."""

    unlisted = ()

    def locate(self, path: str) -> str:
        return path

    def title(self, call: ToolCall) -> str:
        return f"{call.name} {call.arguments}"

    def only_looks(self, call: ToolCall) -> bool:
        return self.read_only(call)

    def read_only(self, call: ToolCall) -> bool:
        return call.name == "look"

    def refusal(self, call: ToolCall) -> str:
        del call
        return ""

    async def simulate(self, call: ToolCall, editor: Editor) -> str:
        del call, editor
        return ""


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the success rates there")
    options = parser.parse_args()
    rows: list[Row] = []
    for reads in (0.0, 2 / 3):
        cells = [
            Cell(scheme, p, q, reads)
            for q in (0.7, 0.9)
            for p in (0.8, 0.9, 0.95)
            for scheme in SCHEMES
        ]
        part = [asyncio.run(measure(cell, options.runs)) for cell in cells]
        every = "each step decides" if reads == 0 else "two steps of three only read"
        show(f"SIMULATION, {options.runs} tasks a cell, {STEPS} steps, {every}", with_ratio(part))
        rows += part
    if options.json is not None:
        options.json.write_text(json.dumps([dict(row) for row in rows]))
    if options.png is not None:
        draw(rows, options.png)
    return 0


async def measure(cell: Cell, runs: int) -> Row:
    outcomes = [await task(cell, seed) for seed in range(runs)]
    succeeded = sum(outcome.succeeded for outcome in outcomes)
    share = wilson(succeeded, runs)
    steps = sum(outcome.steps for outcome in outcomes)
    return {
        "scheme": cell.scheme,
        "p": cell.p,
        "q": cell.q,
        "reads": cell.reads,
        "success": succeeded / runs,
        "95 % from": share.low,
        "to": share.high,
        "steps": steps / runs,
        "cost a step": sum(outcome.cost for outcome in outcomes) / steps,
        "cost a task": sum(outcome.cost for outcome in outcomes) / runs,
    }


async def task(cell: Cell, seed: int) -> Outcome:
    """One task of 20 steps that have to go right."""
    chance = random.Random(f"{seed} {cell.p} {cell.q} {cell.reads}")
    model = ChanceModel(cell.p, cell.q, chance)
    asked = model if cell.scheme == "single" else in_max_mode(model, cell.scheme)
    messages = (Message("system", "s" * 2000), Message("user", "t" * 1000))
    request = Request((*messages, Message("user", "r" * 4 * PROMPT_TOKENS)), TOOLS)
    done = steps = 0
    cost = 0.0
    while done < STEPS and steps < STEPS_MAX:
        is_read = chance.random() < cell.reads
        model.step("look" if is_read else "change")
        response = await asked.respond(request)
        steps += 1
        cost += price(response.billed)
        if '"right"' in response.message.tool_calls[0].arguments:
            done += 1
        elif not is_read:
            return Outcome(False, steps, cost)
    return Outcome(done == STEPS, steps, cost)


def in_max_mode(model: ChanceModel, scheme: Scheme) -> MaxMode:
    async def nothing_known() -> str:
        return ""

    around = MaxModeContext(StepContext, lambda *_: True, lambda _: None)
    evidence = DryRunner(Looking(), DiskEditor(Documents()), nothing_known)
    settings = MaxModeSettings(strategy=STRATEGIES[scheme], samples=SAMPLES)
    endpoint_stats = EndpointStats(honours_choices=scheme != "gated alone")
    return MaxMode(
        model, CandidateJudge(model, around.emit), evidence, settings, endpoint_stats, around
    )


def price(usage: Usage) -> float:
    uncached = usage.prompt_tokens - usage.cached_tokens
    return (
        uncached + CACHED_PRICE * usage.cached_tokens + COMPLETION_PRICE * usage.completion_tokens
    )


def with_ratio(rows: Sequence[Row]) -> list[Row]:
    """The rows, each with its cost a step as a multiple of single sampling's beside it."""
    base = {(row["p"], row["q"]): row["cost a step"] for row in rows if row["scheme"] == "single"}
    return [
        {**row, "price x": float(row["cost a step"] or 0) / float(base[row["p"], row["q"]] or 1)}
        for row in rows
    ]


def draw(rows: Sequence[Row], file: Path) -> None:
    """Bars of success with their intervals, one picture a table and q. Needs matplotlib."""
    from matplotlib import use  # type: ignore[import-not-found,unused-ignore]

    use("Agg")
    from matplotlib import pyplot as plt  # type: ignore[import-not-found,unused-ignore]

    cells = sorted({(float(row["reads"] or 0), float(row["q"] or 0)) for row in rows})
    figure, places = plt.subplots(1, len(cells), figsize=(4 * len(cells), 4), sharey=True)
    for axes, (reads, q) in zip(places, cells, strict=True):
        for offset, scheme in enumerate(SCHEMES):
            bars = [r for r in rows if (r["reads"], r["q"], r["scheme"]) == (reads, q, scheme)]
            heights = [float(bar["success"] or 0) for bar in bars]
            below = [h - float(b["95 % from"] or 0) for h, b in zip(heights, bars, strict=True)]
            above = [float(b["to"] or 0) - h for h, b in zip(heights, bars, strict=True)]
            at = [place + offset / 6 for place in range(len(bars))]
            error = [[max(0.0, e) for e in below], [max(0.0, e) for e in above]]
            axes.bar(at, heights, 0.15, yerr=error, capsize=2, label=scheme)
        axes.set_xticks([place + 0.3 for place in range(3)], ["0.8", "0.9", "0.95"])
        axes.set_xlabel("p: a candidate is right")
        kind = "each step decides" if reads == 0 else "a third of the steps decide"
        axes.set_title(f"{kind}, judge right {q:g}", fontsize=9)
    places[0].set_ylabel("tasks of 20 steps that succeed")
    places[0].legend(fontsize=8)
    figure.suptitle("Simulation with a model that is right by chance, not a measurement")
    figure.tight_layout()
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    sys.exit(main())
