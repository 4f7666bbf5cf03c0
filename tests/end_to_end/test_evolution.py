"""Dreams and the inbox through real processes: the terminal, and a server with its editor."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from lsp_server.domain.memories import Fact
from lsp_server.evolution.inbox_document import EVIDENCE_SHOWN_MAX
from lsp_server.evolution.inbox_groups import SHOWN_MAX
from lsp_server.memory.made_facts import new_fact
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.session.memory.fact_file import FactFile
from lsp_server.settings.folders import data_folder, workspace_folder
from tests.data import clients
from tests.data.past_runs import ADVICE, CHECKS, FIXES, ORDER, SECRET, Planted, plant
from tests.fakes.lsp_client import started as server
from tests.harness.command_line import Ended, holdfast, started
from tests.harness.workshop import calls, finish

RICH = clients.snapshot("vscode")["initialize"]["capabilities"]
INBOX = ".holdfast/inbox.md"


def data_of(project: Path) -> Path:
    return workspace_folder(data_folder(), project)


@pytest.fixture
def planted(project: Path) -> Planted:
    """A project with sixty past runs, and the facts that are kept of it."""
    found = plant(project, data_of(project) / "runs", seed=4)
    file = FactFile(data_of(project))
    for fact in found.facts:
        file.add(fact)
    return found


async def call(project: Path, *arguments: str, **environment: str) -> Ended:
    return await holdfast(*arguments, folder=project, **environment)


async def suggestions(project: Path, *arguments: str) -> list[dict[str, Any]]:
    return (await call(project, *(arguments or ("inbox",)), "--json")).events


def own_words(facts: tuple[Fact, ...]) -> set[Fact]:
    return {fact for fact in facts if fact.source == "person"}


async def test_a_dream_learns_what_runs_show_and_nothing_that_they_were_told(
    project: Path, planted: Planted
) -> None:
    before = FactFile(data_of(project)).facts()
    ended = await call(project, "dream")
    assert (ended.status, ended.errors) == (0, "")
    assert "looked at" in ended.output
    found = await suggestions(project)
    kept = {one["text"] for one in found if one["kind"] == "keep_fact"}
    retired = {one["target"] for one in found if one["kind"] == "retire_fact"}
    assert (kept, retired) == (planted.learned, planted.retired)
    assert {one["target"] for one in found if one["kind"] == "review_fact"} == planted.reviewed
    assert all(one["evidence"] for one in found if one["kind"] == "keep_fact")

    document = (project / INBOX).read_text("utf-8")
    written = document + ended.output + (data_of(project) / "evolution/inbox.jsonl").read_text()
    assert not [text for text in (ORDER, SECRET, "steal", "archive server") if text in written]
    assert FactFile(data_of(project)).facts() == before, "nothing is kept unseen"


async def test_an_answer_takes_effect_once_and_for_good(project: Path, planted: Planted) -> None:
    await call(project, "dream")
    found = {one["text"]: one["id"] for one in await suggestions(project)}
    accepted, rejected = f"`{CHECKS[0]}` checks the work in this project.", ADVICE[0]
    retired = next(one for one in await suggestions(project) if one["kind"] == "retire_fact")
    own = own_words(FactFile(data_of(project)).facts())

    done = await call(project, "inbox", "accept", found[accepted], retired["id"])
    assert (done.status, done.output.splitlines()[0]) == (0, f"accepted: {accepted}")
    assert (await call(project, "inbox", "reject", found[rejected][:6])).status == 0
    facts = {fact.text: fact for fact in FactFile(data_of(project)).facts()}
    assert facts[accepted].trusted
    assert not facts[retired["text"]].trusted
    assert own_words(tuple(facts.values())) == own

    again = await call(project, "dream")
    left = {one["text"] for one in await suggestions(project)}
    assert "no new suggestions" in again.output
    assert left == found.keys() - {accepted, rejected, retired["text"]}
    assert rejected not in (project / INBOX).read_text("utf-8")
    table = (await call(project, "evolve", "status")).output
    assert table.split("facts")[1].split()[1:3] == ["1", "1"]


async def test_a_group_is_answered_at_once(project: Path, planted: Planted) -> None:
    await call(project, "dream")
    before = await suggestions(project)
    pairs = {one["text"] for one in before if one["lesson"] == "pair"}
    listed = (await call(project, "inbox")).output
    assert f"Files that change together ({len(pairs)})" in listed
    assert f"and {len(pairs) - SHOWN_MAX} more: `holdfast inbox --all pairs`" in listed
    whole = (await call(project, "inbox", "--all", "pairs")).output
    assert all(text in whole for text in pairs)

    done = await call(project, "inbox", "accept", "--all", "pairs")
    assert (done.status, len(done.output.splitlines())) == (0, len(pairs))
    assert pairs <= {fact.text for fact in FactFile(data_of(project)).facts() if fact.trusted}
    some = [one["id"] for one in before if one["lesson"] == "fix"][:2]
    wrong = await call(project, "inbox", "reject", *some, "ffffffff")
    assert wrong.status == 2, "nothing is answered where one of the ids is wrong"
    await call(project, "inbox", "reject", *some, some[0])
    left = {one["id"] for one in await suggestions(project)}
    assert left == {one["id"] for one in before if one["text"] not in pairs} - set(some)


async def test_each_suggestion_links_to_the_place_in_a_transcript_that_shows_it(
    project: Path, planted: Planted
) -> None:
    await call(project, "dream")
    document = (project / INBOX).read_text("utf-8")
    for one in await suggestions(project):
        _, is_shown, section = document.partition(f"### Keep: {one['id']}\n")
        if not is_shown:
            continue
        links = re.findall(r"\]\((.+?)#L(\d+)\)", section.partition("\n##")[0])
        assert len(links) == min(len(one["evidence"]), EVIDENCE_SHOWN_MAX)
        for address, line in links:
            lines = Path(unquote(urlsplit(address).path)).read_text("utf-8").splitlines()
            names = re.findall(r"`(.+?)`", one["text"]) or [one["text"]]
            assert any(name in lines[int(line) - 1] for name in names), (one, lines[int(line) - 1])


async def test_an_acceptance_can_be_taken_back(project: Path, planted: Planted) -> None:
    await call(project, "dream")
    found = await suggestions(project)
    kept = next(one for one in found if one["kind"] == "keep_fact")
    retired = next(one for one in found if one["kind"] == "retire_fact")
    before = {fact.id: fact.trusted for fact in FactFile(data_of(project)).facts()}
    await call(project, "inbox", "accept", kept["id"], retired["id"])
    ended = await call(project, "inbox", "restore", kept["id"], retired["id"])
    assert ended.output.splitlines()[0] == f"taken back: {kept['text']}"
    after = {fact.id: fact.trusted for fact in FactFile(data_of(project)).facts()}
    assert {key: after[key] for key in before} == before
    assert not any(after[key] for key in after.keys() - before.keys())
    await call(project, "dream")
    left = {one["id"] for one in await suggestions(project)}
    assert not left & {kept["id"], retired["id"]}


async def test_a_mistaken_rejection_is_taken_back_and_waits_again(
    project: Path, planted: Planted
) -> None:
    await call(project, "dream")
    one, other, *_ = await suggestions(project)
    rejected = await call(project, "inbox", "reject", one["id"], other["id"])
    assert "`holdfast inbox restore` takes the last answer back" in rejected.output
    last = await call(project, "inbox", "restore")
    first = await call(project, "inbox", "restore", one["id"][:6])
    assert last.output + first.output == (
        f"waits again: {other['text']}\nwaits again: {one['text']}\n"
    )
    await call(project, "dream")
    assert {one["id"], other["id"]} <= {each["id"] for each in await suggestions(project)}
    assert f": {one['id']}\n" in (project / INBOX).read_text("utf-8")
    await call(project, "inbox", "accept", one["id"])
    assert one["text"] in {fact.text for fact in FactFile(data_of(project)).facts()}


async def test_a_text_that_a_person_edited_is_kept_as_theirs(
    project: Path, planted: Planted
) -> None:
    await call(project, "dream")
    advice = next(one for one in await suggestions(project) if one["lesson"] == "person")
    document = project / INBOX
    edited = "Use pathlib, never os.path."
    document.write_text(document.read_text("utf-8").replace(advice["text"], edited), "utf-8")
    await call(project, "dream")
    assert edited in document.read_text("utf-8"), "a dream keeps what a person typed"
    await call(project, "inbox", "accept", advice["id"])
    (fact,) = [one for one in FactFile(data_of(project)).facts() if one.text == edited]
    assert fact.source == "person"


async def test_a_fact_that_a_person_wrote_stays_theirs_though_runs_show_the_same(
    project: Path, planted: Planted
) -> None:
    await call(project, "dream")
    same, edited = [one for one in await suggestions(project) if one["lesson"] == "person"][:2]
    for own in (same["text"], "Ann owns the parser."):
        FactFile(data_of(project)).add(new_fact(own, "person"))
    document = project / INBOX
    text = document.read_text("utf-8").replace(edited["text"], "Ann owns the parser.")
    document.write_text(text, "utf-8")
    before = FactFile(data_of(project)).facts()
    for answer in ("accept", "restore"):
        ended = await call(project, "inbox", answer, same["id"], edited["id"])
        after = FactFile(data_of(project)).facts()
        assert (ended.status, set(after) ^ set(before)) == (0, set()), answer


async def test_an_edit_that_cannot_be_read_is_not_taken_for_none(
    project: Path, planted: Planted
) -> None:
    await call(project, "dream")
    advice, other = [one for one in await suggestions(project) if one["lesson"] == "person"][:2]
    document = project / INBOX
    text = document.read_text("utf-8")
    block = f"```text\n{advice['text']}\n```"
    document.write_text(text.replace(block, "Use pathlib, never os.path."), "utf-8")
    refused = await call(project, "inbox", "accept", other["id"], advice["id"])
    assert (refused.status, advice["id"] in refused.errors) == (2, True), refused
    facts = {fact.text for fact in FactFile(data_of(project)).facts()}
    assert not {advice["text"], other["text"]} & facts, "none of them is kept"
    assert "Use pathlib, never os.path." in document.read_text("utf-8")

    document.write_text(text.replace(advice["text"], "No os.path.").replace("\n", "\r\n"), "utf-8")
    await call(project, "inbox", "accept", advice["id"])
    assert "No os.path." in {fact.text for fact in FactFile(data_of(project)).facts()}


async def test_what_is_accepted_is_told_to_the_next_run_and_what_is_retired_is_not(
    project: Path, planted: Planted
) -> None:
    memory = {"HOLDFAST_MEMORY__ENABLED": "true", "HOLDFAST_MEMORY__EMBEDDER": "hashing"}
    await call(project, "dream")
    for one in await suggestions(project):
        if one["text"].startswith(f"`{CHECKS[2]}`") or "order" in one["text"]:
            await call(project, "inbox", "accept", one["id"], **memory)
    told = f"earlier runs showed: `{CHECKS[2]}` checks the work"

    def until_told(body: Mapping[str, Any]) -> ScriptedTurn:
        """Looks around until memory is open and what it knows has come."""
        looks = sum(message["role"] == "assistant" for message in body["messages"])
        if told in str(body["messages"]) or looks > 40:
            return finish()
        return calls(("shell", {"command": f"ls {'.' * (looks % 2)} && date +%N"}))

    async with ScriptedServer(until_told) as model:
        named = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "scripted"}
        await call(project, "index", "--words", **memory)
        await call(project, "run", "Look around.", "--sandboxed", **memory, **named)
        prompt = str([request.body["messages"] for request in model.requests])
    assert told in prompt
    assert "parser of orders" not in prompt


async def test_a_renamed_file_makes_its_facts_stale_at_once(project: Path) -> None:
    (project / "src").mkdir()
    (project / "src/orders.py").write_text("orders = []\n")
    told = "Orders are parsed in `src/orders.py`."
    kept = [
        new_fact(told, "runs", "runs: a"),
        new_fact("I like `src/orders.py` most.", "person"),
    ]
    file = FactFile(data_of(project))
    for fact in kept:
        file.add(fact)
    memory = {"HOLDFAST_MEMORY__ENABLED": "true", "HOLDFAST_MEMORY__EMBEDDER": "hashing"}
    await call(project, "index", "--words", **memory)
    before = await told_to_a_run(project, memory)
    (project / "src/orders.py").rename(project / "src/order_list.py")
    after = await told_to_a_run(project, memory)
    assert (told in before, told in after) == (True, False)
    assert kept[1].text in after, "a person's own are told as they are"

    idle = {"HOLDFAST_EVOLUTION__IDLE_MINUTES": "0.002"}
    async with server(environment=idle, answers={}) as client:
        await client.initialize(project, RICH)
        await client.wait_for(
            lambda message: "past runs gave 2 suggestions" in json.dumps(message),
            "the suggestion to retire it, with no new run",
        )
    found = {one["target"]: one["kind"] for one in await suggestions(project)}
    assert found == {kept[0].id: "retire_fact", kept[1].id: "review_fact"}


async def told_to_a_run(project: Path, memory: Mapping[str, str]) -> str:
    """What a run was shown until memory had told it of a person's fact."""

    def until_told(body: Mapping[str, Any]) -> ScriptedTurn:
        looks = sum(message["role"] == "assistant" for message in body["messages"])
        if "I like `src/orders.py` most" in str(body["messages"]) or looks > 40:
            return finish()
        return calls(("shell", {"command": f"ls {'.' * (looks % 2)} && date +%N"}))

    async with ScriptedServer(until_told) as model:
        named = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "scripted"}
        await call(project, "run", "Look around.", "--sandboxed", **memory, **named)
        return str([request.body["messages"] for request in model.requests])


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("inbox", "accept"), 2, "say one of `inbox accept ID`"),
        (("inbox", "accept", "ffffffff"), 2, "none that waits has the id 'ffffffff'"),
        (("inbox", "eat", "1"), 2, "say one of `inbox accept ID`"),
        (("inbox", "restore", "1"), 2, "none that was answered has the id '1'"),
        (("inbox", "restore"), 2, "no suggestion was answered yet"),
        (("inbox", "restore", "--all", "pairs"), 2, "name what to restore by its id"),
        (("inbox", "reject", ""), 2, "none that waits has the id ''"),
        (("dream", "--workspace", "nowhere"), 2, "is not a folder"),
    ],
)
async def test_a_wrong_call_is_named(
    project: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    ended = await call(project, *arguments)
    assert (ended.status, says in ended.errors) == (status, True), ended.errors


async def test_without_runs_there_is_nothing_to_learn(project: Path) -> None:
    ended = await call(project, "dream")
    assert (ended.status, ended.output) == (0, "there are no past runs to learn from yet\n")
    assert not (project / ".holdfast").exists()


async def test_a_model_is_not_asked_about_a_single_run(project: Path) -> None:
    async with ScriptedServer([finish()]) as model:
        named = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "scripted"}
        await call(project, "run", "Look around.", "--sandboxed", **named)
        asked = len(model.requests)
        ended = await call(project, "dream", "--model", **named)
        assert len(model.requests) == asked
    few = "no model was asked: it compares 2 past runs or more, and there is only 1"
    assert ended.output.splitlines()[1] == few


async def test_killed_in_a_dream_nothing_is_lost_and_nothing_comes_twice(
    project: Path, planted: Planted
) -> None:
    for seconds in (0.4, 0.7, 0.9, 1.1, 1.3):
        async with started("dream", folder=project) as process:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await process.wait()  # It is killed on the way out.
    ended = await call(project, "dream")
    assert (ended.status, ended.errors) == (0, "")
    texts = [one["text"] for one in await suggestions(project) if one["kind"] == "keep_fact"]
    assert sorted(texts) == sorted(planted.learned)


async def test_two_dreams_at_once_give_one_inbox(project: Path, planted: Planted) -> None:
    both = await asyncio.gather(*(call(project, "dream") for _ in range(2)))
    assert {one.status for one in both} <= {0, 2}
    assert any(one.status == 0 for one in both)
    refused = [one.errors for one in both if one.status]
    assert all("another one learns from the runs" in each for each in refused), refused
    texts = [one["text"] for one in await suggestions(project) if one["kind"] == "keep_fact"]
    assert sorted(texts) == sorted(planted.learned)


async def test_what_is_forgotten_is_in_no_suggestion(project: Path, planted: Planted) -> None:
    await call(project, "dream")
    assert "pathlib" in (project / INBOX).read_text("utf-8")
    await call(project, "forget", "pathlib")
    kept = (data_of(project) / "evolution/inbox.jsonl").read_text("utf-8")
    assert "pathlib" not in kept + (project / INBOX).read_text("utf-8")


async def test_an_editor_answers_where_the_inbox_is_read(project: Path, planted: Planted) -> None:
    async with server(environment={}, answers={}) as client:
        await client.initialize(project, RICH)
        await client.command("holdfast.evolve.dream")
        await client.wait_for(
            lambda message: "past runs gave" in json.dumps(message), "the end of the dream"
        )
        listed = await client.command("holdfast.evolve.status")
        path = project / INBOX
        text = path.read_text("utf-8")
        client.open(path, text)
        document = {"textDocument": {"uri": path.as_uri()}}
        lenses = await client.request("textDocument/codeLens", document)
        answers = [one["command"] for one in lenses if "evolve" in one["command"]["command"]]
        groups = Counter(one["group"] for one in listed["suggestions"])
        shown = sum(min(count, SHOWN_MAX) for count in groups.values())
        assert len(answers) == 2 * (len(groups) + shown)
        wanted = next(one for one in listed["suggestions"] if one["text"] == ADVICE[3])
        await client.command("holdfast.evolve.accept", {"id": wanted["id"]})
        heading = next(n for n, line in enumerate(text.splitlines()) if "What helps" in line)
        place = {"line": heading, "character": 0}
        actions = await client.request(
            "textDocument/codeAction",
            {**document, "range": {"start": place, "end": place}, "context": {"diagnostics": []}},
        )
        (reject,) = [one for one in actions if "Reject All" in one["title"]]
        await client.command(reject["command"]["command"], *reject["command"]["arguments"])
        undone = await client.command("holdfast.evolve.restore", {"id": wanted["id"]})
        assert undone["message"] == f"taken back: {ADVICE[3]}"
        again = await client.command("holdfast.evolve.restore")
        assert again["message"] == f"waits again: {ADVICE[3]}"
        await client.command("holdfast.evolve.accept", {"id": wanted["id"]})
        left = await client.command("holdfast.evolve.status")
    (done,) = [one for one in left["suggestions"] if one["id"] == wanted["id"]]
    assert done["state"] == "accepted"
    fixes = Counter(one["state"] for one in left["suggestions"] if one["group"] == "fixes")
    assert fixes == {"rejected": SHOWN_MAX, "open": len(FIXES) - SHOWN_MAX}
    assert ADVICE[3] in {fact.text for fact in FactFile(data_of(project)).facts()}
