"""Drafts of skills through real processes: found, answered, written, taken back."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lsp_server.evolution.inbox_groups import group_name
from lsp_server.evolution.suggestion import Suggestion
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.settings.folders import data_folder, workspace_folder
from tests.data import clients
from tests.data.past_procedures import PROCEDURES
from tests.data.past_runs import ORDER, SECRET, Step, plant, write_journal
from tests.fakes.lsp_client import started as server
from tests.harness.command_line import HOLDS, Ended, holdfast, started
from tests.harness.procedure_work import Body, agent
from tests.session.test_replays import past_of

RICH = clients.snapshot("vscode")["initialize"]["capabilities"]
RELEASE = "make-bump-notes-dist"
SKILL = f".holdfast/skills/{RELEASE}/SKILL.md"


def data_of(project: Path) -> Path:
    return workspace_folder(data_folder(), project)


@pytest.fixture
def planted(project: Path) -> Path:
    """A project with sixty past runs."""
    plant(project, data_of(project) / "runs", seed=4)
    return project


def texts_below(*folders: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }


async def call(project: Path, *arguments: str) -> Ended:
    return await holdfast(*arguments, folder=project)


async def drafts(project: Path) -> dict[str, dict[str, Any]]:
    """The drafts that wait, by their paths."""
    return {one["path"]: one for one in (await call(project, "inbox", "--json")).events}


async def test_without_a_model_drafts_are_made_and_it_says_what_one_would_add(
    planted: Path,
) -> None:
    ended = await call(planted, "distill")
    assert (ended.status, ended.errors) == (0, "")
    assert "5 procedures are worth a file, 5 drafts new" in ended.output
    assert "with a model, `holdfast distill --replay` does past tasks again" in ended.output
    found = await drafts(planted)
    assert len(found) == len(PROCEDURES)
    document = (planted / ".holdfast/inbox.md").read_text("utf-8")
    assert found[SKILL]["text"].strip() in document
    assert "A draft: no past task was done again with it" in document
    written = document + ended.output + (data_of(planted) / "evolution/inbox.jsonl").read_text()
    assert not [text for text in (ORDER, SECRET, "steal") if text in written]
    assert not (planted / ".holdfast/skills").exists(), "nothing is written unseen"
    listed = (await call(planted, "inbox")).output
    assert f"+++ b/{SKILL}" in listed, "a terminal shows what would be written, too"
    assert all(f"+{line}" in listed for line in found[SKILL]["text"].splitlines())
    assert "no new" in (await call(planted, "distill")).output
    assert await drafts(planted) == found


async def test_a_procedure_with_a_secret_in_it_is_neither_drafted_nor_counted(
    project: Path,
) -> None:
    (project / "Makefile").write_text("pack send tidy:\n\t@true\n")
    steps: list[Step] = [
        ("shell", f"make {one}", "") for one in ("pack", f"send TOKEN={SECRET}", "tidy")
    ]
    for number in range(3):
        write_journal(data_of(project) / "runs", number, steps, project)
    ended = await call(project, "distill")
    assert ended.output.strip() == "looked at 3 past runs: nothing recurs that is worth a skill"
    assert not await drafts(project)


async def test_drafts_and_facts_do_not_push_each_other_out(planted: Path) -> None:
    await call(planted, "distill")
    await call(planted, "dream")
    waiting = await drafts(planted)
    assert SKILL in waiting
    assert "" in waiting
    await call(planted, "distill")
    assert (await drafts(planted)).keys() == waiting.keys()


async def test_an_accepted_draft_is_a_skill_that_is_trusted_and_can_be_taken_back(
    planted: Path,
) -> None:
    await call(planted, "distill")
    draft = (await drafts(planted))[SKILL]
    done = await call(planted, "inbox", "accept", draft["id"])
    assert (done.status, done.output) == (0, f"accepted: {SKILL}\n")
    assert (planted / SKILL).read_text("utf-8") == draft["text"]
    assert "nothing in this project waits" in (await call(planted, "trust")).output
    assert "no new" in (await call(planted, "distill")).output

    back = await call(planted, "inbox", "restore", draft["id"])
    assert (back.status, (planted / SKILL).exists()) == (0, False)
    await call(planted, "distill")
    assert SKILL not in await drafts(planted), "it does not come back"


async def test_all_that_is_accepted_changes_facts_skills_and_commands_alone(planted: Path) -> None:
    homes = {"XDG_CONFIG_HOME": planted.parent / "config", "HOME": planted.parent / "home"}
    for home in homes.values():
        home.mkdir(exist_ok=True)
    before = texts_below(planted), texts_below(*homes.values())
    await call(planted, "distill")
    await call(planted, "dream")
    waiting = (await call(planted, "inbox", "--json")).events
    for name in {group_name(Suggestion(**one)) for one in waiting}:
        named = {key: str(home) for key, home in homes.items()}
        done = await holdfast("inbox", "accept", "--all", name, folder=planted, **named)
        assert done.status == 0, done
    after = texts_below(planted)
    written = {name for name in after if after[name] != before[0].get(name)}
    assert SKILL in written
    assert all(re.match(r"\.holdfast/(skills|commands)/", name) for name in written), written
    assert (before[0].keys() <= after.keys(), texts_below(*homes.values())) == (True, before[1])
    kept = {place.name for place in data_of(planted).iterdir()}
    assert kept <= {"evolution", "facts.jsonl", "memory", "runs", "trusted.json"}, kept


async def test_a_rejected_draft_does_not_come_back(planted: Path) -> None:
    await call(planted, "distill")
    draft = (await drafts(planted))[SKILL]
    await call(planted, "inbox", "reject", draft["id"])
    await call(planted, "distill")
    assert SKILL not in await drafts(planted)
    assert not (planted / SKILL).exists()


@pytest.mark.parametrize("edits", ["own", "beside", "link"])
async def test_a_file_of_a_persons_own_is_never_touched(planted: Path, edits: str) -> None:
    await call(planted, "distill")
    draft = (await drafts(planted))[SKILL]
    place, outside = planted / SKILL, planted.parent / "outside"
    outside.mkdir()
    if edits == "link":
        (planted / ".holdfast/skills").symlink_to(outside)
    else:
        place.parent.mkdir(parents=True)
        name = {"own": "SKILL.md", "beside": "run.sh"}[edits]
        (place.parent / name).write_text("mine")
    before = [(path, path.is_file() and path.read_text()) for path in place.parent.glob("*")]
    refused = await call(planted, "inbox", "accept", draft["id"])
    assert refused.status == 2
    assert SKILL in refused.errors
    assert before == [
        (path, path.is_file() and path.read_text()) for path in place.parent.glob("*")
    ]
    assert not list(outside.iterdir())


async def test_what_was_edited_after_it_was_accepted_stays(planted: Path) -> None:
    await call(planted, "distill")
    draft = (await drafts(planted))[SKILL]
    await call(planted, "inbox", "accept", draft["id"])
    (planted / SKILL).write_text(draft["text"] + "And call Ann.\n")
    refused = await call(planted, "inbox", "restore", draft["id"])
    assert (refused.status, "is not as Holdfast left it" in refused.errors) == (2, True)
    assert "call Ann" in (planted / SKILL).read_text()


async def test_a_text_that_a_person_edited_in_the_inbox_is_written_so(planted: Path) -> None:
    await call(planted, "distill")
    draft = (await drafts(planted))[SKILL]
    document = planted / ".holdfast/inbox.md"
    text = document.read_text("utf-8").replace("3. Run `make notes`.", "3. Run `make news`.")
    document.write_text(text, "utf-8")
    await call(planted, "distill")
    await call(planted, "inbox", "accept", draft["id"])
    written = (planted / SKILL).read_text("utf-8")
    assert written == draft["text"].replace("make notes`.", "make news`.")


@pytest.mark.parametrize("edit", ["name: ", "description: ", "---\n\nPast"])
async def test_an_edit_that_leaves_no_skill_is_not_written(planted: Path, edit: str) -> None:
    await call(planted, "distill")
    draft = (await drafts(planted))[SKILL]
    assert edit in draft["text"]
    document = planted / ".holdfast/inbox.md"
    broken = draft["text"].replace(edit, "x{")
    text = document.read_text("utf-8").replace(draft["text"].strip(), broken.strip())
    document.write_text(text, "utf-8")
    refused = await call(planted, "inbox", "accept", draft["id"])
    assert (refused.status, "would be no skill" in refused.errors) == (2, True), refused
    assert not (planted / SKILL).exists()
    assert SKILL in await drafts(planted), "it waits on"


async def test_killed_in_between_nothing_is_lost_and_nothing_comes_twice(planted: Path) -> None:
    for seconds in (0.4, 0.7, 0.9, 1.1, 1.3):
        async with started("distill", folder=planted) as process:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await process.wait()  # It is killed on the way out.
    ended = await call(planted, "distill")
    assert (ended.status, ended.errors) == (0, "")
    assert len((await call(planted, "inbox", "--json")).events) == len(PROCEDURES)


async def test_two_at_once_give_one_inbox(planted: Path) -> None:
    both = await asyncio.gather(*(call(planted, "distill") for _ in range(2)))
    assert {one.status for one in both} <= {0, 2}
    refused = [one.errors for one in both if one.status]
    assert all("procedures are being looked for already" in each for each in refused), refused
    assert len((await call(planted, "inbox", "--json")).events) == len(PROCEDURES)


async def test_without_runs_nothing_recurs(project: Path) -> None:
    ended = await call(project, "distill")
    assert (ended.status, ended.output) == (0, "there are no past runs to learn from yet\n")
    assert not (project / ".holdfast").exists()


@pytest.mark.skipif(not HOLDS, reason="past tasks are done again in a sandbox only")
async def test_killed_while_a_past_task_is_done_again_nothing_is_left_and_it_is_done_once_more(
    project: Path,
) -> None:
    async with past_of(project, runs=3):
        pass  # Its runs stay.
    asked = asyncio.Event()

    def answer(body: Body) -> ScriptedTurn:
        asked.set()
        return agent()(body)

    copies = data_of(project) / "evolution/copies"
    async with ScriptedServer(answer) as model:
        named = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "scripted"}
        wish = ("distill", "--replay", "--tokens", "9999999")
        async with started(*wish, folder=project, **named):
            await asked.wait()  # It is killed on the way out.
        assert list(copies.iterdir())
        ended = await holdfast(*wish, folder=project, **named)
        assert "past tasks were done again with 1 draft: 1 verified" in ended.output, ended
        assert not copies.exists()
        requests = len(model.requests)
        again = await holdfast(*wish, folder=project, **named)
        assert (again.status, len(model.requests)) == (0, requests)


async def test_without_an_endpoint_nothing_is_tried_and_it_says_why(planted: Path) -> None:
    ended = await call(planted, "distill", "--replay", "--reword")
    assert (ended.status, "drafts not tried: " in ended.output) == (0, True), ended
    found = await drafts(planted)
    assert found.keys() >= {SKILL}
    assert not [one for one in found.values() if one["shown"] or one["fixed"]]


async def test_an_editor_shows_drafts_and_accepts_one(planted: Path) -> None:
    async with server(environment={}, answers={}) as client:
        await client.initialize(planted, RICH)
        await client.command("holdfast.evolve.distill")
        await client.wait_for(
            lambda message: "past runs gave" in json.dumps(message), "the end of the look"
        )
        listed = await client.command("holdfast.evolve.status")
        (wanted,) = [one for one in listed["suggestions"] if one["path"] == SKILL]
        reply = await client.command("holdfast.evolve.accept", {"id": wanted["id"]})
    assert reply["message"] == f"accepted: {SKILL}"
    assert (planted / SKILL).read_text("utf-8") == wanted["text"]


async def test_a_server_in_idle_time_drafts_skills_and_asks_no_model(planted: Path) -> None:
    idle = {"HOLDFAST_EVOLUTION__IDLE_MINUTES": "0.002"}
    async with ScriptedServer([]) as model:
        named = {"HOLDFAST_MODEL__BASE_URL": model.base_url, **idle}
        async with server(environment=named, answers={}) as client:
            await client.initialize(planted, RICH)
            await client.wait_for(
                lambda message: "past runs gave 5 suggestions" in json.dumps(message),
                "the drafts",
            )
    assert not [one for one in model.requests if one.body]
    assert SKILL in await drafts(planted)
