"""A real server process and a client that behaves, misbehaves, or leaves.

Commands have to answer within 200 ms; since machines are shared the tests allow
ANSWER_SECONDS; `pytest -rP` shows the slowest figure.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedCall, ScriptedTurn
from lsp_server.server.protocol import ActionKind, CommandName, Method
from tests.data import clients
from tests.fakes.faults import FaultyTurn, HttpError
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.lsp_client import (
    REPOSITORY,
    LspClient,
    LspError,
    Message,
    silent,
    started,
    unknown,
)

ANSWER_SECONDS = 2.0
STOP_SECONDS = 1.0
SLACK_SECONDS = 1.0
"""What a shared machine may add to the second that stopping may take."""

INVALID_PARAMS = -32602
RICH = clients.snapshot("vscode")["initialize"]["capabilities"]
PLAIN = clients.snapshot("neovim")["initialize"]["capabilities"]


def call(name: str, **arguments: Any) -> ScriptedCall:
    return ScriptedCall(name=name, arguments=arguments)


def kind(message: Message, event: str) -> bool:
    return message.get("method") == "holdfast/event" and message["params"]["event"]["kind"] == event


def shows(message: Message, text: str) -> bool:
    """Says whether the person reads this: in a message, or where the editor shows ends itself."""
    if kind(message, "run_ended"):
        return text in str(message["params"]["view"])
    return message.get("method") == "window/showMessage" and text in message["params"]["message"]


def progress(message: Message, what: str) -> bool:
    return message.get("method") == "$/progress" and message["params"]["value"]["kind"] == what


def pending(message: Message) -> bool:
    return message.get("method") == "textDocument/publishDiagnostics" and any(
        diagnostic["code"] == "permission-pending"
        for diagnostic in message["params"]["diagnostics"]
    )


@asynccontextmanager
async def at_work(
    project: Path,
    turns: list[ScriptedTurn],
    greeting: Any = None,
    answers: Mapping[str, Callable[[Any], Any]] | None = None,
) -> AsyncIterator[LspClient]:
    """A client of a server whose model plays a script; files of the project are there already."""
    async with FaultyServer(turns) as model:
        environment = {"HOLDFAST_MODEL__BASE_URL": model.base_url}
        async with started(environment=environment, answers=answers) as client:
            await client.initialize(
                project,
                greeting["capabilities"] if greeting else RICH,
                greeting.get("initializationOptions") if greeting else None,
            )
            yield client


# Commands


@pytest.mark.parametrize("name", clients.NAMES)
async def test_every_editor_has_every_command_and_a_whole_run(project: Path, name: str) -> None:
    (project / "a.txt").write_text("the old text\n")
    snapshot = clients.snapshot(name)
    answers = {"window/showMessageRequest": lambda params: {"title": "Approve once"}}
    async with at_work(project, editing(), snapshot["initialize"], answers) as client:
        slowest = await slowest_command(client)
        buffer = client.open(project / "a.txt")
        await client.command("holdfast.run.start", {"prompt": "Make it new."})
        await client.wait_for(lambda m: shows(m, "It is done."), "the end of the run")
        edited_there = snapshot["expected"]["apply_edit"]
        text = buffer.text if edited_there else (project / "a.txt").read_text()
        assert text == "the new text\n"
        assert await client.shutdown() == 0
    sys.stdout.write(f"slowest command: {slowest * 1000:.0f} ms\n")
    assert slowest < ANSWER_SECONDS


async def slowest_command(client: LspClient) -> float:
    """The seconds that the slowest of all commands took, with arguments that say nothing."""
    await client.command(CommandName.STATUS)
    slowest = 0.0
    for command in CommandName:
        for arguments in ((), ({},), (None,), (False,), ({"runId": None},)):
            start = time.monotonic()
            reply: Any = {}
            with contextlib.suppress(LspError):
                reply = await client.command(command, *arguments)
            slowest = max(slowest, time.monotonic() - start)
            assert {"state", "message"} <= reply.keys() or arguments == ({"runId": None},)
    return slowest


WRONG_ARGUMENTS: list[tuple[str, list[Any], list[str]]] = [
    ("run.start", [{"promt": "x"}], ["`promt` is unknown", "prompt", "maxMode"]),
    ("run.start", [{"prompt": 3}], ["prompt", "string"]),
    ("run.start", [{"mode": "yolo"}], ["mode", "'build' or 'plan'"]),
    ("run.start", [{"samples": 17}], ["samples", "16"]),
    ("run.start", [{"uri": "untitled:Untitled-1"}], ["untitled:Untitled-1", "save"]),
    ("run.start", [{"uri": "vscode-remote://x/y"}], ["no file on this machine"]),
    ("run.start", [{"uri": "file:///etc/passwd"}], ["outside of the workspace folders"]),
    ("run.start", [{"range": {"start": 1}}], ["range"]),
    ("run.stop", [{"all": "yes"}], ["all", "boolean"]),
    ("run.send", [{"when": "now"}], ["when", "'steer' or 'queue'"]),
    ("permission.answer", [{"answer": "yes"}], ["answer", "once"]),
    ("permission.mode", [{"mode": "yolo"}], ["mode", "auto-edit"]),
    ("run.start", [{"permissions": "yolo"}], ["permissions", "auto-edit"]),
    ("status", [{"x": 1}], ["`x` is unknown", "no keys"]),
    ("run.stop", ["text"], ["JSON object"]),
    ("run.stop", [[1]], ["JSON object"]),
    ("run.stop", [{}, {}], ["one JSON object"]),
    ("no.such", [], ["unknown command", "holdfast.run.start"]),
]


async def test_wrong_arguments_are_named(project: Path) -> None:
    async with started() as client:
        await client.initialize(project, PLAIN)
        for command, arguments, words in WRONG_ARGUMENTS:
            with pytest.raises(LspError) as wrong:
                await client.command(f"holdfast.{command}", *arguments)
            assert wrong.value.code == INVALID_PARAMS
            assert wrong.value.data is None
            assert [word for word in words if word not in wrong.value.message] == []


async def test_an_unknown_run_is_a_reply_that_is_shown(project: Path) -> None:
    async with started() as client:
        await client.initialize(project, PLAIN)
        for command in (
            *("run.stop", "run.resume", "run.show", "run.undo", "run.rewind", "run.fork"),
            "run.send",
        ):
            arguments = {"runId": "no-such-run", **({"text": "hi"} if "send" in command else {})}
            reply = await client.command(f"holdfast.{command}", arguments)
            assert reply["state"] == "error"
            shown = reply["message"]
            await client.wait_for(lambda m, shown=shown: shows(m, shown))  # type: ignore[misc]


async def test_a_link_out_of_the_workspace_is_outside(project: Path) -> None:
    (project / "link").symlink_to("/etc")
    async with started() as client:
        await client.initialize(project, PLAIN)
        uri = (project / "link/passwd").as_uri()
        with pytest.raises(LspError, match="outside"):
            await client.command("holdfast.run.start", {"prompt": "x", "uri": uri})


async def test_a_data_folder_that_cannot_be_used_is_named_and_the_server_goes_on(
    project: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.write_text("a file in its place")
    async with FaultyServer([]) as model:
        environment = {
            "XDG_DATA_HOME": str(data),
            "HOLDFAST_MODEL__BASE_URL": model.base_url,
            "HOLDFAST_MODEL__NAME": "s",
        }
        async with started(environment=environment) as client:
            await client.initialize(project, PLAIN)
            for command in ("run.start", "max.propose"):
                reply = await client.command(f"holdfast.{command}", {"prompt": "x"})
                assert reply["state"] == "error"
                assert f"runs cannot be kept in {data}" in reply["message"]
            assert (await client.command("holdfast.status"))["state"] == "idle"


async def test_without_a_folder_commands_say_so() -> None:
    async with started() as client:
        await client.initialize(None)
        reply = await client.command("holdfast.run.start", {"prompt": "x"})
        assert "open a folder" in reply["message"]
        assert await client.shutdown() == 0


async def test_the_doctor_knows_the_editor(project: Path) -> None:
    async with started() as client:
        await client.initialize(project, RICH, clientInfo={"name": "Testing Editor"})
        reply = await client.command("holdfast.doctor")
        shown = await client.wait_for_method("window/showDocument")
        report = await client.text_of(shown["params"]["uri"])
        assert "Testing Editor" in report
        assert str(project) in report
        assert reply["message"]


# Runs


def editing(before: str = "old", after: str = "new") -> list[ScriptedTurn]:
    return [
        ScriptedTurn(tool_calls=(call("read", path="a.txt"),)),
        ScriptedTurn(tool_calls=(call("edit", path="a.txt", old_text=before, new_text=after),)),
        ScriptedTurn(tool_calls=(call("finish", summary="It is done."),)),
    ]


async def test_edits_of_one_step_are_one_question_that_is_seen_in_each_file(project: Path) -> None:
    (project / "a.txt").write_text("the old text\n")
    edits = (
        call("edit", path="a.txt", old_text="old", new_text="new"),
        call("write", path="b.txt", text="b\n"),
    )
    turns = [
        ScriptedTurn(tool_calls=edits),
        ScriptedTurn(tool_calls=(call("finish", summary="It is done."),)),
    ]
    async with at_work(project, turns, {"capabilities": PLAIN}) as client:
        await client.command("holdfast.run.start", {"prompt": "Do both."})
        asked = await client.wait_for_all(pending, 3, "the question in both files and the goals")
        assert {m["params"]["uri"].rpartition("/")[2] for m in asked} == {
            *("a.txt", "b.txt", "goals.md"),
        }
        for message in asked:
            (shown,) = message["params"]["diagnostics"]
            assert "2 edits of 2 files: a.txt, b.txt" in shown["message"]
            assert "+the new text" in shown["message"]
            assert "+b" in shown["message"]
        question = asked[0]["params"]["diagnostics"][0]["data"]["id"]
        given = {"id": question, "answer": "once"}
        await client.command("holdfast.permission.answer", given)
        await client.wait_for(lambda m: shows(m, "It is done."), "the end of the run")
        assert (project / "b.txt").read_text() == "b\n"


async def answer_by_command(client: LspClient) -> None:
    message = await client.wait_for(pending)
    data = message["params"]["diagnostics"][0]["data"]
    await client.command("holdfast.permission.answer", {"id": data["id"], "answer": "once"})


async def answer_by_code_action(client: LspClient) -> None:
    message = await client.wait_for(pending)
    diagnostics = message["params"]["diagnostics"]
    actions = await client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": message["params"]["uri"]},
            "range": diagnostics[0]["range"],
            "context": {"diagnostics": diagnostics},
        },
    )
    chosen = next(action for action in actions if "Approve once" in action["title"])
    await client.request("workspace/executeCommand", chosen["command"])


async def answer_by_code_lens(client: LspClient) -> None:
    message = await client.wait_for(lambda m: pending(m) and "goals.md" in m["params"]["uri"])
    document = {"textDocument": {"uri": message["params"]["uri"]}}
    lenses = await client.request("textDocument/codeLens", document)
    chosen = next(lens["command"] for lens in lenses if "Approve once" in lens["command"]["title"])
    await client.request("workspace/executeCommand", chosen)


async def answer_by_message(client: LspClient) -> None:
    """The client's `answers` do it."""


@pytest.mark.parametrize(
    ("answer", "prompt"),
    [
        (answer_by_command, silent),
        (answer_by_command, unknown),
        (answer_by_code_action, lambda params: None),
        (answer_by_code_lens, lambda params: {"title": ""}),
        (answer_by_message, lambda params: {"title": "Approve once"}),
    ],
)
async def test_a_run_from_prompt_to_edit_in_the_buffer(
    project: Path, answer: Any, prompt: Callable[[Any], Any]
) -> None:
    (project / "a.txt").write_text("the old text\n")
    answers = {"window/showMessageRequest": prompt}
    async with at_work(project, editing("old 😀", "new 😀"), answers=answers) as client:
        buffer = client.open(project / "a.txt", "😀 the old 😀 text, unsaved\r\n")
        reply = await client.command("holdfast.run.start", {"prompt": "Make it new."})
        assert reply["state"] == "running"
        token = f"holdfast/{reply['runId']}"
        begin = await client.wait_for(lambda m: progress(m, "begin"))
        assert begin["params"]["token"] == token
        assert begin["params"]["value"]["cancellable"] is True
        await answer(client)
        end = await client.wait_for(lambda m: progress(m, "end"), "the end of the progress")
        assert end["params"]["value"]["message"].startswith("finished: It is done. (Not verified: ")
        assert buffer.text == "😀 the new 😀 text, unsaved\r\n"
        assert (project / "a.txt").read_text() == "the old text\n"
        await client.wait_for(lambda m: shows(m, "It is done."))
        ended = await client.wait_for(lambda m: kind(m, "run_ended"))
        assert ended["params"]["event"]["outcome"]["outcome"] == "finished"
        await client.wait_for(
            lambda m: m.get("method") == "holdfast/status" and m["params"]["state"] == "idle"
        )
        published = [
            m for m in client.received if m.get("method") == "textDocument/publishDiagnostics"
        ]
        last = {m["params"]["uri"]: m["params"]["diagnostics"] for m in published}
        assert set(map(str, last.values())) == {"[]"}
        assert await client.shutdown() == 0


async def test_undo_reaches_the_disk_under_a_buffer_that_was_not_read_again(
    project: Path,
) -> None:
    (project / "a.txt").write_text("the old text\n")
    answers = {"window/showMessageRequest": lambda params: {"title": "Approve once"}}
    async with at_work(project, editing(), answers=answers) as client:
        await client.command("holdfast.run.start", {"prompt": "Make it new."})
        await client.wait_for(lambda m: progress(m, "end"), "the end of the progress")
        assert (project / "a.txt").read_text() == "the new text\n"
        client.open(project / "a.txt", "the old text\n")
        await client.command("holdfast.run.undo")
        await client.wait_for(lambda m: shows(m, "1 file is as it was"), "word of the undo")
    assert (project / "a.txt").read_text() == "the old text\n"


async def test_denied_is_denied(project: Path) -> None:
    (project / "a.txt").write_text("the old text\n")
    answers = {"window/showMessageRequest": lambda params: {"title": "Deny"}}
    async with at_work(project, editing(), answers=answers) as client:
        buffer = client.open(project / "a.txt")
        await client.command("holdfast.run.start", {"prompt": "Make it new."})
        await client.wait_for(lambda m: kind(m, "run_ended"))
        assert buffer.text == "the old text\n"


async def stop_by_progress(client: LspClient, run_id: str) -> None:
    client.notify("window/workDoneProgress/cancel", {"token": f"holdfast/{run_id}"})


async def stop_by_command(client: LspClient, run_id: str) -> None:
    assert (await client.command("holdfast.run.stop"))["state"] == "stopped"


async def stop_by_code_action(client: LspClient, run_id: str) -> None:
    uri = next(iter(client.buffers))
    nowhere = {"line": 0, "character": 0}
    actions = await client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": uri},
            "range": {"start": nowhere, "end": nowhere},
            "context": {"diagnostics": [], "only": ["holdfast"]},
        },
    )
    chosen = next(action for action in actions if "Stop" in action["title"])
    await client.request("workspace/executeCommand", chosen["command"])


@pytest.mark.parametrize(
    ("answer", "questions"),
    [
        ({"answer": "once"}, 2),
        ({"answer": "run"}, 1),
        ({"answer": "always", "scope": "run"}, 1),
        ({"answer": "always"}, 1),
        ({"answer": "always", "scope": "project"}, 1),
        ({"answer": "always", "scope": "everywhere"}, 1),
        ({"answer": "run", "rule": "shell(touch *)"}, 1),
        ({"answer": "always", "rule": "shell(touch *)"}, 1),
        ({"answer": "run", "rule": "shell(make)"}, 2),
        ({"answer": "deny", "reason": "use the mirror"}, 2),
    ],
)
async def test_an_answer_holds_as_far_as_it_says(
    project: Path, answer: dict[str, str], questions: int
) -> None:
    twice = [
        ScriptedTurn(tool_calls=(call("shell", command="touch made", timeout_seconds=seconds),))
        for seconds in (8, 9)
    ]
    turns = [*twice, ScriptedTurn(tool_calls=(call("finish", summary="It is done."),))]
    async with at_work(project, turns, answers={"window/showMessageRequest": silent}) as client:
        await client.command("holdfast.run.start", {"prompt": "Do it."})
        for number in range(1, questions + 1):
            asked = await client.wait_for_all(lambda m: kind(m, "permission_asked"), number)
            given = {"id": asked[-1]["params"]["event"]["question"]["id"], **answer}
            await client.command("holdfast.permission.answer", given)
        await client.wait_for(lambda m: kind(m, "run_ended"))
        events = [m["params"]["event"] for m in client.received if "event" in m.get("params", {})]
    results = [e["result"]["text"] for e in events if e["kind"] == "tool_returned"]
    assert sum(event["kind"] == "permission_asked" for event in events) == questions
    assert (project / "made").exists() == (answer["answer"] != "deny")
    assert ("use the mirror" in results[0]) == ("reason" in answer)


WRONG_RULES = (
    ("always", "touch anything", "which is no rule"),
    ("run", "shell(", "which is no rule"),
    ("always", "mcp__x__y", "which is no rule"),
    ("once", "edit", "keeps no rule"),
    ("deny", "edit", "keeps no rule"),
    ("everywhere", "edit(src/**)", "keeps no rule"),
)


async def test_a_rule_about_files_of_this_project_is_kept_for_no_other(project: Path) -> None:
    turns = [
        ScriptedTurn(tool_calls=(call("shell", command="touch made"),)),
        ScriptedTurn(tool_calls=(call("finish", summary="It is done."),)),
    ]
    async with at_work(project, turns, answers={"window/showMessageRequest": silent}) as client:
        reply = await client.command("holdfast.permission.mode", {"mode": "full"})
        assert "no run is active" in reply["message"]
        await client.command("holdfast.run.start", {"prompt": "Do it."})
        await client.wait_for(lambda m: kind(m, "permission_asked"))
        reply = await client.command("holdfast.permission.mode")
        assert "pass `mode`: one of read-only, ask" in reply["message"]
        wide = {"answer": "everywhere", "rule": "shell(./build.sh)"}
        reply = await client.command("holdfast.permission.answer", wide)
        assert "names a file of this project" in reply["message"]
        reply = await client.command("holdfast.permission.mode", {"mode": "read-only"})
        assert reply["state"] == "waiting", "what asks already still waits"
        await client.command("holdfast.permission.answer", {"answer": "deny"})
        await client.wait_for(lambda m: kind(m, "run_ended"))
    assert not (project / "made").exists()


@pytest.mark.parametrize("mode", ["full", "auto-edit"])
async def test_a_switch_of_the_mode_answers_what_it_frees(project: Path, mode: str) -> None:
    turns = [
        ScriptedTurn(tool_calls=(call("write", path="made", text="x"),)),
        ScriptedTurn(tool_calls=(call("finish", summary="It is done."),)),
    ]
    async with at_work(project, turns, answers={"window/showMessageRequest": silent}) as client:
        await client.command("holdfast.run.start", {"prompt": "Do it."})
        asked = await client.wait_for(lambda m: kind(m, "permission_asked"))
        question = asked["params"]["event"]["question"]
        assert mode in question["freedBy"]
        for answer, rule, said in WRONG_RULES:
            wrong = {"id": question["id"], "answer": answer, "rule": rule}
            reply = await client.command("holdfast.permission.answer", wrong)
            assert (reply["state"], said in reply["message"]) == ("error", True), reply
        reply = await client.command("holdfast.permission.mode", {"mode": mode})
        assert reply["message"].startswith(f"mode {mode} for this run")
        await client.wait_for(lambda m: kind(m, "run_ended"))
        events = [m["params"]["event"] for m in client.received if "event" in m.get("params", {})]
    assert (project / "made").exists()
    assert [e["mode"] for e in events if e["kind"] == "permissions_changed"] == [mode]


async def test_a_run_that_goes_on_has_a_progress_of_its_own_again(project: Path) -> None:
    turns = [
        ScriptedTurn(text="There are two. Which one?"),
        ScriptedTurn(tool_calls=(call("finish", summary="It is done."),)),
    ]
    async with at_work(project, turns) as client:
        begun = await client.command("holdfast.run.start", {"prompt": "Mend it."})
        ended = await client.wait_for(lambda m: kind(m, "run_ended"))
        assert ended["params"]["event"]["outcome"]["outcome"] == "blocked"
        assert ended["params"]["view"]["label"] == "blocked: There are two. Which one?"
        await client.command("holdfast.run.send", {"runId": begun["runId"], "text": "The first."})
        await client.wait_for_all(lambda m: kind(m, "run_ended"), 2)
        begins = await client.wait_for_all(lambda m: progress(m, "begin"), 2)
        tokens = [message["params"]["token"] for message in begins]
        assert tokens == [f"holdfast/{begun['runId']}", f"holdfast/{begun['runId']}/2"]
        said = [
            message["params"]["message"]
            for message in client.received
            if message.get("method") == "window/showMessage"
        ]
        assert not [text for text in said if "works on" in text]


async def stop_by_shutdown(client: LspClient, run_id: str) -> None:
    await client.request("shutdown")


@pytest.mark.parametrize(
    "stop", [stop_by_progress, stop_by_command, stop_by_code_action, stop_by_shutdown]
)
async def test_there_are_four_equal_ways_to_stop(project: Path, stop: Any) -> None:
    (project / "a.txt").write_text("the old text\n")
    turns = [ScriptedTurn(tool_calls=(call("shell", command="sleep 60 && touch made.txt"),))]
    answers = {"window/showMessageRequest": silent}
    async with at_work(project, [*turns, *editing()], answers=answers) as client:
        client.open(project / "a.txt")
        reply = await client.command("holdfast.run.start", {"prompt": "Wait."})
        await client.wait_for(pending, "the question")
        start = time.monotonic()
        await stop(client, reply["runId"])
        ended = await client.wait_for(lambda m: kind(m, "run_ended"), "the end of the run")
        seconds = time.monotonic() - start
        assert ended["params"]["event"]["outcome"]["outcome"] == "stopped"
        assert seconds < STOP_SECONDS + SLACK_SECONDS
        withdrawn = await client.wait_for(lambda m: kind(m, "permission_answered"))
        assert withdrawn["params"]["event"]["by"] == "stop"


async def test_a_running_command_is_killed_with_its_children(project: Path) -> None:
    script = "echo $$ > pid; sleep 60 & echo $! >> pid; wait"
    turns = [ScriptedTurn(tool_calls=(call("shell", command=script),))]
    answers = {"window/showMessageRequest": lambda params: {"title": "Approve once"}}
    async with at_work(project, turns, answers=answers) as client:
        await client.command("holdfast.run.start", {"prompt": "Wait."})
        await client.wait_for(lambda m: kind(m, "permission_answered"))
        pids = await written(project / "pid", lines=2)
        await client.command("holdfast.run.stop", {"all": True})
        await client.wait_for(lambda m: kind(m, "run_ended"))
        assert [pid for pid in pids if is_running(pid)] == []


async def written(path: Path, lines: int) -> list[int]:
    """The numbers that a command writes into a file."""
    async with asyncio.timeout(10):
        while not path.exists() or len(path.read_text().split()) < lines:  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.01)
    return [int(word) for word in path.read_text().split()]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_an_edit_of_a_buffer_that_moved_comes_back_to_the_model(project: Path) -> None:
    (project / "a.txt").write_text("the old text\n")
    turns = [*editing()[:2], ScriptedTurn(tool_calls=(call("finish", summary="Given up."),))]
    async with at_work(project, turns) as client:
        buffer = client.open(project / "a.txt")

        def type_then_approve(params: Any) -> Any:
            client.change(buffer, "a person typed\n")
            return {"title": "Approve once"}

        client.answers["window/showMessageRequest"] = type_then_approve
        await client.command("holdfast.run.start", {"prompt": "Make it new."})
        returned = await client.wait_for(
            lambda m: kind(m, "tool_returned") and m["params"]["event"]["tool"] == "edit"
        )
        assert returned["params"]["event"]["result"]["isError"] is True
        assert buffer.text == "a person typed\n"


async def test_an_editor_that_never_answers_hangs_nothing(project: Path) -> None:
    (project / "a.txt").write_text("the old text\n")
    answers = dict.fromkeys(
        (
            "window/workDoneProgress/create",
            "window/showMessageRequest",
            "window/showDocument",
            "client/registerCapability",
            "workspace/codeLens/refresh",
        ),
        silent,
    )
    async with at_work(project, editing(), answers=answers) as client:
        await client.command("holdfast.run.start", {"prompt": "Make it new."})
        await answer_by_command(client)
        await client.wait_for(lambda m: shows(m, "It is done."))
        assert (project / "a.txt").read_text() == "the new text\n"
        assert await client.shutdown() == 0


async def test_a_failed_run_is_shown_where_a_person_looks(project: Path) -> None:
    refused = FaultyTurn(fault=HttpError(status=401, times=99))
    async with at_work(project, [refused]) as client:
        await client.command("holdfast.run.start", {"prompt": "x"})
        failed = await client.wait_for(
            lambda m: (
                m.get("method") == "textDocument/publishDiagnostics"
                and any(d["code"] == "run-failed" for d in m["params"]["diagnostics"])
            )
        )
        assert failed["params"]["uri"] == (project / ".holdfast/goals.md").as_uri()
        assert failed["params"]["diagnostics"][0]["severity"] == 1
        end = await client.wait_for(lambda m: progress(m, "end"))
        assert end["params"]["value"]["message"].startswith("failed: ")


# Settings and folders


async def test_settings_problems_are_told_once(project: Path) -> None:
    options = {"holdfast": {"modell": {}, "run": {"steps_max": -1}}}
    async with started() as client:
        await client.initialize(project, PLAIN, options)
        await client.wait_for(lambda m: shows(m, "modell"))
        await client.wait_for(lambda m: shows(m, "run.steps_max"))
        for _ in range(3):
            client.notify("workspace/didChangeConfiguration", {"settings": {}})
        await client.command("holdfast.status")
        assert await client.shutdown() == 0
        assert len([m for m in client.received if shows(m, "modell")]) == 1


async def test_pulled_settings_win_over_initialization_options(project: Path) -> None:
    nowhere = "http://127.0.0.1:9/"
    asked: list[Any] = []

    def configure(params: Any) -> Any:
        asked.append(params)
        return [{"model": {"name": "pulled", "base_url": nowhere + "v2"}}]

    options = {"model": {"name": "greeted", "base_url": nowhere + "v1"}}
    async with started(answers={"workspace/configuration": configure}) as client:
        await client.initialize(project, PLAIN, options)
        status = await client.command("holdfast.status")
        assert asked[0]["items"] == [{"scopeUri": project.as_uri(), "section": "holdfast"}]
        assert status["endpoint"] == f"pulled at {nowhere}v2"


async def test_the_project_file_is_read_again_when_it_changes(project: Path) -> None:
    capabilities = clients.snapshot("helix")["initialize"]["capabilities"]
    async with started() as client:
        await client.initialize(project, capabilities)
        asked = await client.wait_for_method("client/registerCapability")
        options = asked["params"]["registrations"][0]["registerOptions"]
        patterns = [watcher["globPattern"] for watcher in options["watchers"]]
        assert patterns == ["**/.holdfast/config.toml", "**/.holdfast/goals.md"]
        path = project / ".holdfast/config.toml"
        path.parent.mkdir()
        for number, tell in enumerate(("workspace/didChangeWatchedFiles", "textDocument/didSave")):
            path.write_text(f"wrong{number} = 1\n")
            identifier = {"uri": path.as_uri()}
            saved = {"textDocument": identifier, "changes": [{**identifier, "type": 2}]}
            client.notify(tell, saved)
            await client.wait_for(lambda m, n=number: shows(m, f"wrong{n}"))  # type: ignore[misc]


async def test_folders_come_and_go(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other folder"
    other.mkdir()
    async with started() as client:
        await client.initialize(project, PLAIN)

        def change(**event: list[Path]) -> None:
            named = {
                key: [{"uri": path.as_uri(), "name": path.name} for path in event.get(key, [])]
                for key in ("added", "removed")
            }
            client.notify("workspace/didChangeWorkspaceFolders", {"event": named})

        uri = (other / "a.txt").as_uri()
        with pytest.raises(LspError, match="outside"):
            await client.command("holdfast.run.start", {"prompt": "x", "uri": uri})
        change(added=[other])
        await client.command("holdfast.run.start", {"prompt": "x", "uri": uri})
        change(removed=[project, other])
        reply = await client.command("holdfast.run.start", {"prompt": "x"})
        assert "open a folder" in reply["message"]
        assert await client.shutdown() == 0


# The wire and the end


@pytest.fixture
async def shared(project: Path) -> AsyncIterator[LspClient]:
    async with started() as client:
        await client.initialize(project, PLAIN)
        yield client
        assert await client.shutdown() == 0


async def test_bad_json_gets_an_answer_and_the_server_lives(shared: LspClient) -> None:
    shared.send_body(b'{"jsonrpc": "2.0", "id": 1, "method": "initia')
    shared.send_body(b"")
    shared.send_raw(b"noise that is no header\r\n")
    shared.send({"jsonrpc": "2.0", "method": "no/such"})
    errors = await shared.wait_for_all(lambda m: m.get("id", 0) is None, 2)
    assert [message["error"]["code"] for message in errors] == [-32700, -32700]
    assert (await shared.command("holdfast.status"))["state"]


async def test_frames_may_come_in_pieces(shared: LspClient) -> None:
    shared.received.clear()
    params = {"command": "holdfast.status"}
    body = json.dumps({"jsonrpc": "2.0", "id": "split", "method": "workspace/executeCommand",
                       "params": params}).encode()  # fmt: skip
    for byte in b"Content-Length: %d\r\n\r\n%b" % (len(body), body):
        shared.send_raw(bytes([byte]))
        await shared.writer.drain()
    await shared.wait_for(lambda m: m.get("id") == "split" and "result" in m)


async def test_a_huge_document_and_the_key_jsonrpc(project: Path) -> None:
    (project / "huge.txt").write_text("small")
    async with started() as client:
        await client.initialize(project, PLAIN)
        buffer = client.open(project / "huge.txt", '{"jsonrpc": "2.0"}\n' * 600_000)
        position = {"line": 599_999, "character": 1}
        client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": buffer.uri, "version": 2},
                "contentChanges": [{"range": {"start": position, "end": position}, "text": "x"}],
            },
        )
        reply = await client.command(
            "holdfast.run.send", {"text": json.dumps({"jsonrpc": "2.0", "id": 1}), "runId": "x"}
        )
        assert reply["state"] == "error"
        assert await client.shutdown() == 0


async def test_a_client_that_does_not_read_stalls_nothing(project: Path) -> None:
    (project / "a.txt").write_text("the old text\n")
    text = " ".join(map(str, range(20_000)))
    turns = [ScriptedTurn(text=text, tool_calls=(call("read", path="a.txt"),))] * 3
    finish = ScriptedTurn(tool_calls=(call("shell", command="touch done.txt"),))
    environment = {"HOLDFAST_PERMISSIONS__MODE": "full"}
    async with FaultyServer([*turns, finish]) as model:
        environment["HOLDFAST_MODEL__BASE_URL"] = model.base_url
        async with started(environment=environment) as client:
            await client.initialize(project, RICH)
            await client.command("holdfast.run.start", {"prompt": "Talk."})
            client.pause_reading()
            async with asyncio.timeout(60):
                while not (project / "done.txt").exists():  # noqa: ASYNC110 - a file tells
                    await asyncio.sleep(0.02)
            client.resume_reading()
            await client.wait_for(lambda m: kind(m, "run_ended"))
            assert await client.shutdown() == 0


TCP = """
import sys
from lsp_server.server.server import serve_tcp
sys.exit(serve_tcp("127.0.0.1", 0, "right"))
"""


async def test_over_tcp_the_token_opens_the_door(project: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", TCP, stderr=asyncio.subprocess.PIPE, cwd=REPOSITORY
    )
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(line.rsplit(":", 1)[1]))
    client = LspClient(reader, writer, process, io.BytesIO())
    listening = asyncio.create_task(client.listen())
    await client.initialize(project, PLAIN, {"token": "right", "run": {"steps_max": 3}})
    assert (await client.command("holdfast.status"))["state"] == "idle"
    assert not [m for m in client.received if shows(m, "token")]
    assert await client.shutdown() == 0
    await listening
    writer.close()


async def test_exit_without_shutdown_is_1(shared_free: LspClient) -> None:
    shared_free.notify("exit")
    assert await shared_free.exit_code() == 1


async def test_the_end_of_input_is_1(shared_free: LspClient) -> None:
    shared_free.writer.close()
    assert await shared_free.exit_code() == 1


async def test_the_end_of_input_after_shutdown_is_0(shared_free: LspClient) -> None:
    await shared_free.request("shutdown")
    shared_free.writer.close()
    assert await shared_free.exit_code() == 0


async def test_requests_after_shutdown_are_refused(shared_free: LspClient) -> None:
    await shared_free.request("shutdown")
    with pytest.raises(LspError) as refused:
        await shared_free.command("holdfast.status")
    assert refused.value.code == -32600
    shared_free.notify("exit")
    assert await shared_free.exit_code() == 0


async def test_initialize_says_what_there_is_and_is_answered_once(project: Path) -> None:
    async with started() as client:
        can = (await client.initialize(project, RICH))["capabilities"]
        assert set(can["executeCommandProvider"]["commands"]) == set(CommandName)
        assert can["experimental"] == {"holdfast": {"methods": list(Method)}}
        assert can["codeActionProvider"]["codeActionKinds"] == list(ActionKind)
        assert can["workspace"]["workspaceFolders"] == {
            "supported": True,
            "changeNotifications": True,
        }
        with pytest.raises(LspError, match="initialized already"):
            await client.request("initialize", {"capabilities": {}})
        assert await client.shutdown() == 0


async def test_requests_before_initialize_are_refused() -> None:
    async with started() as client:
        with pytest.raises(LspError) as refused:
            await client.command("holdfast.status")
        assert refused.value.code == -32002
        client.notify("exit")
        assert await client.exit_code() == 1


async def test_sigterm_ends_in_good_order(shared_free: LspClient) -> None:
    shared_free.process.send_signal(signal.SIGTERM)
    assert await shared_free.exit_code() == 1


async def test_the_death_of_the_editor_ends_the_server(project: Path) -> None:
    editor = await asyncio.create_subprocess_exec("sleep", "60")
    async with started() as client:
        await client.initialize(project, PLAIN, processId=editor.pid)
        await client.command("holdfast.status")
        editor.kill()
        await editor.wait()
        assert await client.exit_code() == 1


async def test_an_editor_in_another_container_ends_nothing(project: Path) -> None:
    async with started() as client:
        await client.initialize(project, PLAIN, processId=2**22 + os.getpid())
        await client.command("holdfast.status")
        assert await client.shutdown() == 0


@pytest.fixture
async def shared_free(project: Path) -> AsyncIterator[LspClient]:
    """A client of a server that the test itself ends."""
    async with started() as client:
        await client.initialize(project, PLAIN)
        yield client
