"""What a run changed, reviewed by an editor through a real server: files, hunks, keep, take back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.lsp_client import LspClient, started
from tests.harness.files import lay_out
from tests.harness.workshop import calls, finish

SHOWS_EVENTS = {
    "experimental": {"holdfast": {"event": True, "status": True}},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
}
BEFORE = "".join(f"{number}\n" for number in range(20))
TURNS = [
    calls(("edit", {"path": "a.txt", "old_text": "\n3\n", "new_text": "\nthree\n"})),
    calls(("edit", {"path": "a.txt", "old_text": "\n12\n", "new_text": "\n12\n12b\n"})),
    calls(("write", {"path": "docs/new.md", "text": "# New\n"})),
    calls(
        ("shell", {"command": "rm gone.txt && mv old.txt moved.txt && printf '\\0x' > data.bin"})
    ),
    finish("done"),
]
FILES: dict[str, str | bytes] = {
    "a.txt": BEFORE,
    "gone.txt": "gone\n",
    "old.txt": "moves\n",
    "data.bin": b"\0y",
}


@asynccontextmanager
async def reviewing(
    project: Path, turns: Sequence[ScriptedTurn] = TURNS
) -> AsyncIterator[tuple[LspClient, str]]:
    """An editor in which a run has ended, and the id of that run."""
    lay_out(project, FILES)
    async with ScriptedServer(turns) as model:
        environment = {
            "HOLDFAST_MODEL__BASE_URL": model.base_url,
            "HOLDFAST_PERMISSIONS__MODE": "full",
            "HOLDFAST_GOAL__JUDGE_TASK": "false",
        }
        async with started(environment=environment) as client:
            await client.initialize(project, SHOWS_EVENTS)
            begun = await client.command("holdfast.run.start", {"prompt": "change"})
            await client.wait_for(
                lambda m: (
                    m.get("method") == "holdfast/event"
                    and m["params"]["event"]["kind"] == "run_ended"
                ),
                "the end",
            )
            yield client, begun["runId"]


async def changes(client: LspClient, run_id: str, path: str | None = None) -> dict[str, Any]:
    wanted = {"runId": run_id} | ({"path": path} if path else {})
    reply = await client.command("holdfast.run.changes", wanted)
    return {file["path"]: file for file in reply["files"]}


async def test_an_editor_sees_files_hunks_and_numbers(project: Path) -> None:
    async with reviewing(project) as (client, run_id):
        reply = await client.command("holdfast.run.changes")
        assert reply["runId"] == run_id
        files = {file["path"]: file for file in reply["files"]}
        assert {path: file["status"] for path, file in files.items()} == {
            "a.txt": "modified",
            "data.bin": "modified",
            "docs/new.md": "added",
            "gone.txt": "deleted",
            "moved.txt": "renamed",
        }
        assert reply["message"].startswith("5 files changed, +3 -2 lines\nmodified a.txt, +2 -1")
        assert (files["moved.txt"]["fromPath"], files["data.bin"]["binary"]) == ("old.txt", True)
        assert files["a.txt"]["uri"] == (project / "a.txt").as_uri()
        first, second = files["a.txt"]["hunks"]
        assert (lines(first["before"]), lines(first["after"])) == ((3, 4), (3, 4))
        assert (lines(second["before"]), lines(second["after"])) == ((13, 13), (13, 14))
        assert "text" not in files["a.txt"]
        (named,) = (await changes(client, run_id, (project / "a.txt").as_uri())).values()
        assert named["text"] == BEFORE
        assert "diff" not in second
        listed = await client.command("holdfast.run.changes", {"runId": run_id, "diffs": True})
        shown = {file["path"]: [hunk["diff"] for hunk in file["hunks"]] for file in listed["files"]}
        assert (shown["a.txt"], shown["gone.txt"]) == (["-3\n+three", "+12b"], [])


def lines(range_: Any) -> tuple[int, int]:
    return range_["start"]["line"], range_["end"]["line"]


async def test_a_hunk_in_an_unsaved_buffer_goes_back_and_own_words_stay(project: Path) -> None:
    async with reviewing(project) as (client, run_id):
        path = project / "a.txt"
        buffer = client.open(path)
        client.change(buffer, "mine\n" + buffer.text)
        first, second = (await changes(client, run_id))["a.txt"]["hunks"]
        assert lines(first["after"]) == (4, 5)
        part = {"runId": run_id, "path": "a.txt"}
        undone = await client.command("holdfast.run.undo", part | {"hunk": first["id"]})
        assert undone["state"] != "error", undone
        assert buffer.text == "mine\n" + BEFORE.replace("\n12\n", "\n12\n12b\n")
        client.change(buffer, buffer.text + "more of mine\n")
        await client.command("holdfast.run.keep", part | {"hunk": first["id"]})
        assert "\nthree\n" in buffer.text
        assert buffer.text.endswith("more of mine\n")
        states = [h["state"] for h in (await changes(client, run_id))["a.txt"]["hunks"]]
        assert states == ["kept", "open"]
        client.change(buffer, buffer.text.replace("12b", "12 of mine"))
        refused = await client.command("holdfast.run.undo", part | {"hunk": second["id"]})
        assert (refused["state"], "changed since" in refused["message"]) == ("error", True)
        assert "12 of mine" in buffer.text


async def test_all_of_it_goes_back_file_by_file_and_comes_again(project: Path) -> None:
    def content() -> dict[str, bytes]:
        files = (path for path in project.rglob("*") if path.is_file())
        return {path.relative_to(project).as_posix(): path.read_bytes() for path in files}

    lay_out(project, FILES)
    before = content()
    async with reviewing(project) as (client, run_id):
        after = content()
        for path in await changes(client, run_id):
            reply = await client.command("holdfast.run.undo", {"runId": run_id, "path": path})
            assert reply["message"] == f"taken back: {path}", reply
        assert content() == before
        assert not (project / "docs").exists()
        assert {f["state"] for f in (await changes(client, run_id)).values()} == {"undone"}
        reply = await client.command("holdfast.run.keep", {"runId": run_id})
        assert reply["message"] == "given back: 5 files"
        assert content() == after
        undone = await client.command("holdfast.run.undo", {"runId": run_id})
        assert undone["state"] != "error"
        assert content() == before
        await client.command("holdfast.run.keep", {"runId": run_id})
        assert content() == after


async def test_answers_that_come_at_once_are_taken_one_after_the_other(project: Path) -> None:
    async with reviewing(project) as (client, run_id):
        part = {"runId": run_id, "path": "a.txt"}
        hunks = [hunk["id"] for hunk in (await changes(client, run_id))["a.txt"]["hunks"]]
        asked = [
            client.ask(
                "workspace/executeCommand",
                {"command": f"holdfast.run.{name}", "arguments": [part | {"hunk": hunk}]},
            )
            for name in ("undo", "keep", "undo")
            for hunk in hunks
        ]
        replies = [await client.result(number) for number in asked]
        assert all(reply["state"] != "error" for reply in replies), replies
        async with asyncio.timeout(30):
            while (await changes(client, run_id))["a.txt"]["state"] != "undone":
                pass  # Each reply is awaited.
        await client.command("holdfast.run.keep", part)
        async with asyncio.timeout(30):
            while (await changes(client, run_id))["a.txt"]["state"] != "kept":
                pass  # Each reply is awaited.
        assert "12b" in (project / "a.txt").read_text()


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("undo", {"path": "none.txt"}, "did not change none.txt"),
        ("undo", {"path": "/etc/passwd"}, "did not change /etc/passwd"),
        ("undo", {"path": "a.txt", "hunk": "x"}, "has no hunk x in a.txt"),
        ("keep", {"hunk": "x"}, "pass the `path`"),
        ("undo", {"hunk": "x"}, "pass the `path`"),
        ("changes", {"path": "none.txt"}, "did not change none.txt"),
        ("changes", {"runId": "none"}, "is unknown"),
        ("undo", {"runId": "../..", "path": "a.txt"}, "is unknown"),
        *(
            (name, {"runId": run_id}, "is unknown")
            for run_id in ("a\0", "x" * 5000, "", ".", "a/../..", "\ud800")
            for name in ("changes", "delete")
        ),
    ],
)
async def test_what_is_not_there_is_said(
    project: Path, name: str, arguments: dict[str, str], said: str
) -> None:
    async with reviewing(project, [*TURNS[:1], finish("done")]) as (client, _):
        reply = await client.command(f"holdfast.run.{name}", arguments)
        assert (reply["state"], said in reply["message"]) == ("error", True), reply


async def test_an_editor_without_a_client_of_its_own_offers_it_on_the_lines(project: Path) -> None:
    async with reviewing(project) as (client, _):
        path = project / "a.txt"
        buffer = client.open(path)

        async def offered(line: int) -> dict[str, Any]:
            place = {"line": line, "character": 0}
            actions = await client.request(
                "textDocument/codeAction",
                {
                    "textDocument": {"uri": buffer.uri},
                    "range": {"start": place, "end": place},
                    "context": {"diagnostics": []},
                },
            )
            return {one["title"]: one["command"] for one in actions if " back" in one["title"]}

        hunk, file = "Holdfast: Take back this hunk", "Holdfast: Take back this file"
        async with asyncio.timeout(30):
            while not await offered(3):
                pass  # It looks at what changed in a moment; each reply is awaited.
        assert set(await offered(3)) == {hunk, file}
        assert not await offered(8)
        client.change(buffer, "mine\n" + buffer.text)
        assert not await offered(3)
        command = (await offered(4))[hunk]
        await client.command(command["command"], *command["arguments"])
        assert buffer.text == "mine\n" + BEFORE.replace("\n12\n", "\n12\n12b\n")
        back = await offered(4)
        assert set(back) == {"Holdfast: Give back what was taken back here", file}
        command = back["Holdfast: Give back what was taken back here"]
        await client.command(command["command"], *command["arguments"])
        assert "\nthree\n" in buffer.text
        command = (await offered(14))[file]
        await client.command(command["command"], *command["arguments"])
        assert buffer.text == "mine\n" + BEFORE
        made = client.open(project / "docs" / "new.md")
        buffer = made
        assert set(await offered(0)) == {file}
