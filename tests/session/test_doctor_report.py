"""What the doctor says of goals and of Max Mode."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from lsp_server.assemble.session import diagnose
from lsp_server.domain.tasks import Budget, Finished, Sampling, Task
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.sandbox.choice import probed
from tests.data.stops import DONE, FIX, PROJECT, UNIT
from tests.fakes.faults import FaultyTurn
from tests.harness.git import committed
from tests.harness.workshop import Workshop, calls, finish, workshop
from tests.session.test_mcp_servers import of_user

GOALS = f"""\
## The work
- [ ] tests pass
  - check: `{UNIT.command}`
- [ ] the note is there
  - file: `NOTES` contains `add`
- [] broken
"""


async def section(shop: Workshop, title: str) -> str:
    """The lines of one section of the report."""
    report = await diagnose(shop.session)
    return report.partition(f"\n## {title}\n\n")[2].partition("\n\n## ")[0]


async def test_the_doctor_knows_the_goals_and_what_was_shown(project: Path) -> None:
    for name, text in PROJECT.items():
        (project / name).write_text(text)
    goals = project / ".holdfast" / "goals.md"
    goals.parent.mkdir()
    goals.write_text(GOALS)
    commit = committed(project)
    async with workshop(
        project, [FIX, DONE], judge={"name": "wise"}, goal={"check_on_save": True}
    ) as shop:
        await shop.run(Task("x"))
        await shop.session.goals.checks.run(shop.session.goals.statuses.goals())
        said = await section(shop, "Goals")
        wrong = await section(shop, "What is wrong")
    assert wrong.startswith("- Goals: `.holdfast/goals.md`, line 7: ")
    assert "\n" not in wrong.strip()
    assert "- goals: 1 (0 met, 1 unmet, 0 blocked); conditions: 2" in said
    place = "tests pass (`.holdfast/goals.md`, line 2): met: "
    assert f"{place}{UNIT.command}: exit status 0 at {commit} with 1 change on 20" in said
    assert (
        "(`.holdfast/goals.md`, line 5): unmet: `NOTES contains add`: NOTES does not exist\n"
        in said
    )
    assert "**Problem:** `.holdfast/goals.md`, line 7:" in said
    assert "for 600 s at most, and quick ones again on save" in said
    assert "judged by wise at http://127.0.0.1:" in said
    assert "judging outside of runs since the start: 0 tokens in" in said
    assert "- commands approved as checks: 0" in said


async def test_the_doctor_says_where_there_are_no_goals(project: Path) -> None:
    async with workshop(project, []) as shop:
        said = await section(shop, "Goals")
        assert "there are none; write some into `.holdfast/goals.md`" in said
        assert "judged by the worker's model" in said


@pytest.mark.parametrize(
    ("problems", "said", "wrong"),
    [
        (["run.steps is unknown"], "- run.steps is unknown", "- Problems with the settings: run.steps is unknown"),
        ([], "none", "nothing that is looked at here"),
    ],
)  # fmt: skip
async def test_the_doctor_ends_with_what_is_wrong_with_the_settings(
    problems: list[str], said: str, wrong: str
) -> None:
    report = await diagnose(None, settings_problems=problems)
    ends = f"\n## Problems with the settings\n\n{said}\n\n## What is wrong\n\n{wrong}\n"
    assert report.endswith(ends)


async def test_the_doctor_knows_what_max_mode_learned_and_did(project: Path) -> None:
    ways = [calls(("shell", {"command": f"echo {way}"})) for way in range(4)]
    others = [{"text": way.text, "tool_calls": way.tool_calls} for way in ways[1:]]
    several = FaultyTurn.model_validate({**ways[0].model_dump(), "alternatives": others})
    task = Task("x", sampling=Sampling(True, 4), budget=Budget(9))
    verdicts = [ScriptedTurn(text="B"), ScriptedTurn(text="B")]
    async with workshop(project, [several, *verdicts, finish()]) as shop:
        before = await section(shop, "Max Mode")
        assert before == (
            "- off unless a run asks for it; 5 candidates, strategy auto, "
            "judged by the worker's model"
        )
        assert isinstance(await shop.run(task), Finished)
        said = await section(shop, "Max Mode")
    assert "scripted at http://127.0.0.1:" in said
    assert "gives several answers to one request" in said
    assert "; adaptive there" in said
    assert "an answer took" in said
    assert "steps chosen: 2 of 8 candidates (by first 1, agreement 1)" in said
    assert "steps that the judge did not decide: 1" in said
    assert re.search(r"tokens billed: [\d,]+, of which the chosen answers took [\d,]+", said)


async def test_the_doctor_names_a_rule_that_cannot_be_read(project: Path) -> None:
    for rules, said in (
        ({}, "0 allow and 0 deny rules"),
        ({"deny": ["shell(rm *)"]}, "1 deny rules"),
        ({"allow": ["shell(git"]}, "**Problem:**"),
    ):
        async with workshop(project, [], permissions=rules) as shop:
            assert said in await section(shop, "Permissions")


async def test_the_doctor_names_the_rules_that_were_granted_here_and_where_they_lie(
    project: Path,
) -> None:
    async with workshop(project, []) as shop:
        assert "allowed in this project" not in await section(shop, "Permissions")
        shop.session.granted_rules.add("shell(make *)")
        said = await section(shop, "Permissions")
    assert "allowed in this project: `shell(make *)` (in `" in said
    assert "permissions.toml" in said


async def test_the_doctor_knows_the_sandbox(project: Path) -> None:
    async with workshop(project, []) as shop:
        text = await section(shop, "Sandbox")
    assert text.startswith("- ")
    for mechanism in ("bubblewrap", "landlock") if sys.platform == "linux" else ():
        found = probed(mechanism)
        assert f"\n- {mechanism}: " in text
        assert all(f"not held: {one.description}" in text for one in found.failures)
    assert "what helps" in text or "holds" in text


async def test_the_doctor_says_that_there_is_no_sandbox_and_why(project: Path) -> None:
    async with workshop(project, [], sandbox={"mode": "off"}) as shop:
        text = await section(shop, "Sandbox")
        assert "without a sandbox, as it is switched off" in text
        assert "without a question runs only what reads by plain words" in text


async def test_the_doctor_says_of_a_server_when_it_is_connected(project: Path) -> None:
    async with workshop(project, [finish()], **of_user()) as shop:
        assert "(trusted, connected when a run needs it): " in await section(shop, "MCP servers")
        await shop.run()
        assert "(trusted, connected, " in await section(shop, "MCP servers")
