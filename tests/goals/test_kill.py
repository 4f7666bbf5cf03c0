"""kill -9 while goals are checked, written back and judged: what is known after the restart."""

from __future__ import annotations

import json
import os
import random
import signal
from asyncio.subprocess import Process
from functools import partial
from pathlib import Path
from typing import Any

from lsp_server.agent.journal import replay
from lsp_server.domain.events import GoalChecked
from lsp_server.goals.goals_document import parse_goals
from lsp_server.models.scripted.server import ScriptedServer
from tests.data.stops import DOCUMENT, DOCUMENTED, PROJECT, SUM, Script, Stop, read_evidence
from tests.harness.command_line import YES, holdfast, started
from tests.harness.expectation import until
from tests.sampling import sampled

KILLS = sampled(5)
CONDITIONS = 12


def goals_file(project: Path, text: str) -> Path:
    path = project / ".holdfast" / "goals.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def reached(path: Path, ticks: int, process: Process) -> bool:
    return path.read_text().count("[x]") >= ticks or process.returncode is not None


async def listed(project: Path) -> list[dict[str, Any]]:
    result = await holdfast("goals", "--json", folder=project)
    return [json.loads(line) for line in result.output.splitlines()]


async def test_a_check_that_was_killed_shows_nothing(project: Path) -> None:
    goals_file(project, "## G\n- [ ] slow\n  - check: `touch began; sleep 3`\n")
    async with started("goals", "--check", *YES, folder=project) as process:
        await until((project / "began").exists, "the check")
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert [place["verdict"] for place in await listed(project)] == ["unverified"]
    goals_file(project, "## Renamed\n\n- [ ] slow\n  - check: `touch began; sleep 3`\n- [ ] x\n")
    assert [place["verdict"] for place in await listed(project)] == ["unverified"] * 2


async def test_killed_at_random_points_file_and_ledger_stay_whole(project: Path) -> None:
    chance = random.Random(5)
    text = "# Mine 🙂\n\n" + "".join(
        f"## Goal {n}\n- [ ] condition {n}\n  - check: `test -e made{n}`\n\nwords {n}\n"
        for n in range(CONDITIONS)
    )
    path = goals_file(project, text)
    for number in range(CONDITIONS):
        (project / f"made{number}").write_text("x")
    for _ in range(KILLS):
        ticks = path.read_text().count("[x]")
        goal = min(ticks + chance.randint(1, 3), CONDITIONS)
        async with started("goals", "--check", *YES, folder=project) as process:
            await until(partial(reached, path, goal, process), "some ticks", 30)
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        kept = path.read_text()
        assert [c for g in parse_goals(kept).goals for c in g.conditions] == [
            c for g in parse_goals(text).goals for c in g.conditions
        ]
        for number in range(CONDITIONS):
            assert f"\nwords {number}\n" in kept
        met = {p["condition"] for p in await listed(project) if p["verdict"] in ("met", "stale")}
        ticked = {entry.condition.text for entry in parse_goals(kept).entries if entry.ticked}
        assert ticked <= met, "a tick is never ahead of what is known"
    result = await holdfast("goals", "--check", *YES, folder=project)
    assert result.status == 0, result.output
    assert path.read_text().count("[x]") == CONDITIONS


async def test_a_run_that_was_killed_while_it_was_judged_is_judged_again(project: Path) -> None:
    stop = Stop("killed", "met", "achieved", DOCUMENTED, (DOCUMENT,), proof=SUM)
    for name, text in PROJECT.items():
        (project / name).write_text(text)
    script = Script(stop, read_evidence)
    slow = True

    def plays(body: Any) -> Any:
        turn = script(body)
        return turn.model_copy(update={"first_token_seconds": 60.0 * slow * ("tools" not in body)})

    async with ScriptedServer(plays) as server:
        environment = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "s"}
        order = ["run", *YES, "--json", "Document it.", "--goal", DOCUMENTED[0][0]]
        async with started(*order, folder=project, **environment) as process:
            assert process.stdout is not None
            run_id = json.loads(await process.stdout.readline())["run_id"]
            await until(lambda: script.judged == 1, "the judge", 30)
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        slow = False
        result = await holdfast(
            "run", *YES, "--json", "--resume", run_id, folder=project, **environment
        )
    assert result.status == 0, result.errors
    assert script.judged == 2
    (journal,) = Path(os.environ["XDG_DATA_HOME"]).rglob("journal.jsonl")
    reports = [r.event.report for r in replay(journal) if isinstance(r.event, GoalChecked)]
    assert [report.met for report in reports] == [True], "the first verdict never came"
    assert (project / "calc.py").read_text().count("The sum") == 1, "nothing was done twice"
