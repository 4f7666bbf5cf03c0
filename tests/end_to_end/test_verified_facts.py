"""With `evolution.apply_verified` what was shown again just now takes effect by itself, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.memories import Fact
from lsp_server.memory.made_facts import new_fact
from lsp_server.session.memory.fact_file import FactFile
from lsp_server.settings.folders import data_folder, workspace_folder
from tests.data.past_runs import write_journal
from tests.harness.command_line import HOLDS, Ended, holdfast

PASSES, FAILS = "make test", "make lint"
ADVICE = "Use pathlib instead of os.path."
SETTING = {"HOLDFAST_EVOLUTION__APPLY_VERIFIED": "true"}


def check(command: str) -> str:
    return f"`{command}` checks the work in this project."


GONE, THEIRS = (
    new_fact(check("make gone"), "runs", "runs: a"),
    new_fact(check("make old"), "person"),
)


def facts(project: Path) -> dict[str, Fact]:
    return {one.text: one for one in FactFile(workspace_folder(data_folder(), project)).facts()}


@pytest.fixture
def worked(project: Path) -> Path:
    """A project with a check that passes and one that does not any more, and two facts that are out of date."""
    (project / "Makefile").write_text("test:\n\t@true\nlint:\n\t@false\n")
    data = workspace_folder(data_folder(), project)
    for number in range(3):
        steps: list[Any] = [("said", ADVICE, "")]
        steps += [("shell", command, "") for command in (PASSES, FAILS)]
        write_journal(data / "runs", number, steps, project)
    for fact in (GONE, THEIRS):
        FactFile(data).add(fact)
    return project


async def dream(project: Path, **environment: str) -> Ended:
    return await holdfast("dream", folder=project, **environment)


async def waiting(project: Path) -> dict[str, str]:
    found = await holdfast("inbox", "--json", folder=project)
    return {one["text"]: one["kind"] for one in found.events}


@pytest.mark.skipif(not HOLDS, reason="a command is run again in a sandbox only")
async def test_what_is_verified_is_kept_and_what_is_out_of_date_goes_without_a_question(
    worked: Path,
) -> None:
    ended = await dream(worked, **SETTING)
    assert (ended.status, "2 took effect by themselves" in ended.output) == (0, True), ended
    told = {text for text, fact in facts(worked).items() if fact.trusted}
    assert told == {check(PASSES), THEIRS.text}
    # What does not succeed now, what a person said, and what is theirs, still needs them.
    assert await waiting(worked) == {
        check(FAILS): "keep_fact",
        ADVICE: "keep_fact",
        THEIRS.text: "review_fact",
    }
    again = await dream(worked, **SETTING)
    assert "no new suggestions" in again.output

    status = (await holdfast("evolve", "status", "--json", folder=worked)).events
    done = [one["id"] for one in status if one["state"] == "accepted"]
    assert (await holdfast("inbox", "restore", *done, folder=worked)).status == 0
    told = {text for text, fact in facts(worked).items() if fact.trusted}
    assert told == {GONE.text, THEIRS.text}, "both can be taken back"
    await dream(worked, **SETTING)
    assert told == {text for text, fact in facts(worked).items() if fact.trusted}


async def test_without_a_sandbox_nothing_is_verified(worked: Path) -> None:
    await dream(worked, **SETTING, HOLDFAST_SANDBOX__MODE="off")
    assert check(PASSES) not in facts(worked)
    assert (await waiting(worked))[check(PASSES)] == "keep_fact"


async def test_a_project_cannot_set_it(worked: Path) -> None:
    before = facts(worked)
    settings = worked / ".holdfast/config.toml"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text("[evolution]\napply_verified = true\n")
    await dream(worked)
    assert facts(worked) == before
