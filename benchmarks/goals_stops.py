"""The stopping situations, judged by evidence, without goals, and by a transcript alone.

Each situation plays four times on a real small project with real commands and a
scripted model over HTTP: with its goal and the stop policy of the product; without
a goal, so that the task itself is judged; and twice with a judge that reads only
the conversation, as in other agents (re-enters up to 12 times, a judge that fails
counts as yes). All judges are SIMULATED readers. Ours is convinced by evidence that
holds the proof; without a goal by a sign of each thing that the goal said, which for some
goals nothing gives: those end as finished or unmet, which is counted as false unmet.
Of transcripts there are two: a trusting one takes a closing claim that no later
failure contradicts, a wary one wants to see a success in a result of the last tool
calls, too. A situation that has no goal plays without one in all of them.

    python benchmarks/goals_stops.py [--json FILE]
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.table import Row, arguments, show
from lsp_server.agent.goal_check import Continue
from lsp_server.agent.state import State
from lsp_server.assemble import agent_factory
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.events import GoalChecked, Told
from lsp_server.domain.goals import Check, Condition, ConditionReport, FileCheck, Goal, GoalReport
from lsp_server.domain.messages import Message, Request
from lsp_server.domain.ports import Model
from lsp_server.domain.tasks import Achieved, Outcome, Task, Unmet
from lsp_server.models.provider import ModelProvider
from lsp_server.session.run_context import RunContext
from tests.data.stops import ALL, PLUS, STOPS, UNIT, Script, Stop, read_evidence, verdicts
from tests.data.task_stops import TASK_STOPS
from tests.harness.workshop import workshop

RE_ENTRIES_MAX = 12
CLAIM = re.compile(r"\b(?:done|pass|made|is|answer|holds|impossible|fine)\b", re.IGNORECASE)
SUCCESS = re.compile(r"exit status 0|\bOK\b|\bpassed\b|wrote|edited|changed|created")
FAILURE = re.compile(r"exit status [1-9]|FAILED|Traceback|timed out")


@dataclass(frozen=True, slots=True)
class Played:
    """How one situation ended under one judge."""

    outcome: str
    evidence: str
    re_entries: int
    tokens: int
    judge_tokens: int
    seconds: float


def main() -> int:
    parser = arguments(__doc__)
    options = parser.parse_args()
    rows = asyncio.run(measure())
    show("Stopping situations: what became of each", rows)
    show("Totals", totals(rows), options.json)
    return 0


async def measure() -> list[Row]:
    rows: list[Row] = []
    situations = (*STOPS, *TASK_STOPS)
    for number, stop in enumerate(situations, start=1):
        sys.stderr.write(f"\r\x1b[K{number} of {len(situations)}: {stop.name}")
        sys.stderr.flush()
        by_evidence = await play(stop, read_evidence)
        without = await play(without_goal(stop), read_task(stop)) if stop.goal else by_evidence
        trusting = await play(stop, trust)
        wary = await play(stop, doubt)
        rows.append(
            {
                "situation": stop.name,
                "truth": stop.truth,
                "by evidence": by_evidence.outcome,
                "evidence": by_evidence.evidence,
                "re-entries": by_evidence.re_entries,
                "tokens": by_evidence.tokens,
                "judge tokens": by_evidence.judge_tokens,
                "without a goal": without.outcome,
                "re-entries   ": without.re_entries,
                "tokens   ": without.tokens,
                "judge tokens   ": without.judge_tokens,
                "trusting": trusting.outcome,
                "tokens ": trusting.tokens,
                "judge tokens ": trusting.judge_tokens,
                "re-entries ": trusting.re_entries,
                "wary": wary.outcome,
                "tokens  ": wary.tokens,
                "judge tokens  ": wary.judge_tokens,
                "re-entries  ": wary.re_entries,
            }
        )
    sys.stderr.write("\r\x1b[K")
    return rows


async def play(stop: Stop, read: Callable[[str, Stop], str]) -> Played:
    # What a situation began may still write there when it is over.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        project = made(stop, Path(temporary))
        home = Path(temporary) / "home"
        os.environ["XDG_DATA_HOME"], os.environ["XDG_CONFIG_HOME"] = str(home), str(home)
        script = Script(stop, read)
        started = time.monotonic()
        putting_together: Any = agent_factory
        original = putting_together.run_stop_policy
        if read in (trust, doubt):
            putting_together.run_stop_policy = transcript_policy
        try:
            async with workshop(project, script, answer=stop.answers, **stop.sections) as shop:
                task = Task(stop.task or stop.name, stop.goal, budget=stop.budget)
                outcome = await shop.run(task)
        finally:
            putting_together.run_stop_policy = original
        ended = shop.ended
        return Played(
            outcome.outcome,
            evidence_of(outcome),
            sum(event.origin == "goal" for event in shop.events(Told)),
            ended.billed.total_tokens,
            ended.billed.total_tokens - ended.usage.total_tokens,
            time.monotonic() - started,
        )


def without_goal(stop: Stop) -> Stop:
    """The same with the goal's texts as the task."""
    texts = "; ".join(text for text, _ in stop.conditions)
    return replace(stop, conditions=(), task=texts, judge=())


def read_task(goal: Stop) -> Callable[[str, Stop], str]:
    """A reader who wants to see, of all that the goal said, what a person would want to see."""
    wanted = [want for _, checks in goal.conditions for want in map(_sign, checks)]
    wanted += [goal.proof or "nothing would show it" for _, checks in goal.conditions if not checks]

    def read(shown: str, _: Stop) -> str:
        evidence = shown.partition("## Evidence")[2].partition("## closing")[0]
        blocks = re.split(r"^### ", evidence, flags=re.MULTILINE)[1:]
        found = [[b for b in blocks if re.search(want, b)] for want in wanted]
        if not all(found):
            return verdicts(shown, lambda text: ("unmet", [], f"nothing shows that {text}"))
        names = [each[0].partition(":")[0] for each in found]
        return verdicts(shown, lambda _: ("met", names, ""))

    return read


def _sign(check: Check) -> str:
    """What convinces of a check that nobody ran, as a pattern for one piece of evidence."""
    match check:
        case FileCheck(path, contains):
            return rf"change of {re.escape(path)} [\s\S]*\+.*{re.escape(contains or '')}"
        case _ if check in (UNIT, ALL, PLUS):
            return r"change of calc\.py [\s\S]*\+    return a \+ b|unittest -q(?: test_calc)?\nexit status 0"
        case _:
            return "nothing would show it"


def made(stop: Stop, folder: Path) -> Path:
    """The situation's project."""
    project = folder.resolve() / "project"
    project.mkdir()
    stop.make(project)
    return project


def evidence_of(outcome: Outcome) -> str:
    """The first piece that a verdict rests on, in short."""
    report = getattr(outcome, "report", None)
    shown = [e for item in (report.conditions if report else ()) for e in item.evidence]
    return shown[-1].ending[:28] if shown else ""


def trust(shown: str, stop: Stop) -> str:
    """A reader of conversations: a claim counts unless the last result contradicts it."""
    del stop
    closing = shown.rpartition("## assistant")[2]
    return _verdict(bool(CLAIM.search(closing)) and not FAILURE.search(_last_result(shown)))


def doubt(shown: str, stop: Stop) -> str:
    """A reader that wants a success among the results, besides the claim."""
    closing = shown.rpartition("## assistant")[2]
    results = "".join(shown.split("## tool")[1:])
    seen = SUCCESS.search(results) or (stop.proof and re.search(stop.proof, results))
    holds = CLAIM.search(closing) and seen and not FAILURE.search(_last_result(shown))
    return _verdict(bool(holds))


def _last_result(shown: str) -> str:
    results = shown.split("## tool")
    return results[-1].partition("## assistant")[0] if len(results) > 1 else ""


def _verdict(holds: bool) -> str:
    return json.dumps({"ok": holds, "reason": "the conversation says so" if holds else "not shown"})


class TranscriptPolicy:
    """The reference's way: the judge sees the conversation and nothing else."""

    def __init__(self, run_context: RunContext, model: Model) -> None:
        self._run_context = run_context
        self._model = model

    async def decide(self, state: State, summary: str, *, may_go_on: bool) -> Outcome | Continue:
        goal = self._goal()
        verdict = await self._ask(summary)
        met = bool(verdict.get("ok"))
        given_up = bool(verdict.get("impossible"))
        report = GoalReport(
            goal,
            tuple(ConditionReport(c, "met" if met else "unmet") for c in goal.conditions),
            "",
        )
        if met or given_up:
            return Achieved(summary, report)
        if state.goal.re_entries >= RE_ENTRIES_MAX or not may_go_on:
            return Unmet(summary, report)
        return Continue(f"The goal is not met: {verdict.get('reason')}. Go on.", "goal")

    def _goal(self) -> Goal:
        task = self._run_context.task
        return task.goal or Goal("task", task.instruction, (Condition("task", task.instruction),))

    async def _ask(self, summary: str) -> Mapping[str, Any]:
        record = self._run_context.event_log
        lines = [f"## {m.role}\n{m.text}" for m in record.context.messages[1:]]
        text = "\n".join([*lines, f"## assistant\n{summary}"])
        request = Request((Message("system", "Judge."), Message("user", text)), temperature=0.0)
        try:
            response = await self._model.respond(request)
            record.emit(GoalChecked(GoalReport(self._goal(), (), ""), response.billed))
            answer = json.loads(response.message.text)
        except Exception:  # noqa: BLE001  whatever fails counts as yes there
            return {"ok": True}
        if "conditions" in answer:  # What the situation's judge says, in that judge's words.
            verdicts = {opinion["verdict"] for opinion in answer["conditions"]}
            return {
                "ok": verdicts == {"met"},
                "impossible": "impossible" in verdicts,
                "reason": "not met",
            }
        return dict(answer) if isinstance(answer, dict) else {"ok": True}


def transcript_policy(services: WorkspaceServices, *others: Any) -> Any:
    """Stands in the place of ours: the judges and goals of the session are not asked."""
    _, _, run_context, *_ = others
    return _Lazy(run_context, services.provider)


class _Lazy:
    def __init__(self, run_context: RunContext, worker: ModelProvider) -> None:
        self._run_context, self._worker = run_context, worker

    async def decide(self, state: State, summary: str, *, may_go_on: bool) -> Outcome | Continue:
        stop_policy = TranscriptPolicy(self._run_context, await self._worker.wire())
        return await stop_policy.decide(state, summary, may_go_on=may_go_on)


def totals(rows: list[Row]) -> list[Row]:
    """False verdicts and what they cost, by judge."""
    found: list[Row] = []
    kinds = (("by evidence", ""), ("without a goal", "   "), ("trusting", " "), ("wary", "  "))
    for outcome, blank in kinds:
        re_entries, tokens, judge = (
            f"{column}{blank}" for column in ("re-entries", "tokens", "judge tokens")
        )
        should = [row for row in rows if row["truth"] == "met"]
        others = [row for row in rows if row["truth"] != "met"]
        false_met = sum(row[outcome] == "achieved" for row in others)
        false_unmet = sum(row[outcome] != "achieved" for row in should)
        found.append(
            {
                "judge": f"by transcript, {outcome}"
                if outcome in ("trusting", "wary")
                else outcome,
                "situations": len(rows),
                "false met": false_met,
                "false met %": 100 * false_met / len(others),
                "false unmet": false_unmet,
                "false unmet %": 100 * false_unmet / len(should),
                "most re-entries": max(int(str(row[re_entries])) for row in rows),
                "tokens": sum(int(str(row[tokens])) for row in rows),
                "judge tokens": sum(int(str(row[judge])) for row in rows),
            }
        )
    return found


if __name__ == "__main__":
    sys.exit(main())
