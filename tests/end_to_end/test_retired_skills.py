"""A skill that Holdfast made goes when a person agrees, and comes back; a person's own stays."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lsp_server.evolution.suggestion import suggestion
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.settings.folders import data_folder, workspace_folder
from tests.data.past_runs import write_journal
from tests.harness.command_line import Ended, holdfast
from tests.harness.workshop import finish

MADE, THEIRS = (f".holdfast/skills/{name}/SKILL.md" for name in ("made", "theirs"))
TEXT = "---\nname: NAME\ndescription: How invoices are made.\n---\n\n1. Run `make gone`.\n"


def text_of(path: str) -> str:
    return TEXT.replace("NAME", Path(path).parent.name)


@pytest.fixture
def kept(project: Path) -> Path:
    """A project with a skill that Holdfast made and a person accepted, and one of the person's."""
    (project / "Makefile").write_text("all:\n\t@true\n")
    for path in (MADE, THEIRS):
        (project / path).parent.mkdir(parents=True)
        (project / path).write_text(text_of(path))
    data = workspace_folder(data_folder(), project)
    accepted = replace(
        suggestion("keep_skill", text_of(MADE), "seen", target=MADE),
        state="accepted",
        applied=text_of(MADE),
        path=MADE,
    )
    (data / "evolution").mkdir(parents=True)
    (data / "evolution/inbox.jsonl").write_text(json.dumps(asdict(accepted)) + "\n")
    write_journal(data / "runs", 0, [("said", "Look around.", "")], project)
    return project


async def inbox(project: Path, *arguments: str) -> Ended:
    return await holdfast("inbox", *arguments, folder=project)


async def test_a_skill_that_names_what_is_gone_is_retired_and_brought_back(kept: Path) -> None:
    ended = await holdfast("dream", folder=kept)
    assert (ended.status, ended.errors) == (0, "")
    (one,) = (await inbox(kept, "--json")).events
    assert (one["kind"], one["path"]) == ("retire_skill", MADE)
    document = (kept / ".holdfast/inbox.md").read_text()
    assert "The Makefile has no target gone." in document
    assert "-1. Run `make gone`." in document, "what goes is shown as a difference"

    done = await inbox(kept, "accept", one["id"])
    assert (done.status, done.output) == (0, f"accepted: {MADE}\n")
    assert not (kept / MADE).exists()
    assert (kept / THEIRS).read_text() == text_of(THEIRS)
    back = await inbox(kept, "restore", one["id"])
    assert (back.status, (kept / MADE).read_text()) == (0, text_of(MADE))
    assert "no new suggestions" in (await holdfast("dream", folder=kept)).output
    table = (await holdfast("evolve", "status", folder=kept)).output
    assert "skill made" in table
    assert "skill theirs" in table


async def test_uses_of_a_command_are_counted_with_what_became_of_the_runs(kept: Path) -> None:
    command = kept / ".holdfast/commands/tidy.md"
    command.parent.mkdir()
    command.write_text("---\ndescription: Tidies.\n---\nTidy up.\n\n$ARGUMENTS\n")
    assert (await holdfast("trust", "--yes", folder=kept)).status == 0
    async with ScriptedServer([finish()] * 2) as model:
        named = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "scripted"}
        for task in ("/tidy the docs, please", "Look around."):
            await holdfast("run", task, "--sandboxed", folder=kept, **named)
    table = (await holdfast("evolve", "status", folder=kept)).output
    (row,) = [line.split() for line in table.splitlines() if "command tidy" in line]
    assert row == ["2", "1", "1", "command", "tidy"], "both runs could have begun with it"


async def test_a_skill_that_a_person_has_edited_is_theirs(kept: Path) -> None:
    await holdfast("dream", folder=kept)
    (one,) = (await inbox(kept, "--json")).events
    edited = f"{text_of(MADE)}\nMind the tax.\n"
    (kept / MADE).write_text(edited)
    refused = await inbox(kept, "accept", one["id"])
    assert (refused.status, "is not as Holdfast left it" in refused.errors) == (2, True)
    await holdfast("dream", folder=kept)
    assert (await inbox(kept, "--json")).events == []
    assert (kept / MADE).read_text() == edited
