"""`holdfast serve --background`: runs outlive their editor, and the next editor attaches to them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from lsp_server import __version__
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.server.meeting.greeting import Greeting, Welcome, Wish, greet
from lsp_server.server.meeting.meeting_place import MeetingPlace, place_of
from lsp_server.server.transport.framing import frame
from lsp_server.settings.folders import data_folder
from tests.end_to_end.test_subagents import SHOWS_EVENTS
from tests.fakes.lsp_client import LspClient, LspError, Message, silent, started
from tests.harness.command_line import holdfast
from tests.harness.expectation import until
from tests.harness.files import lay_out
from tests.harness.workshop import calls, finish

BACKGROUND = (sys.executable, "-m", "lsp_server", "serve", "--background")
WAITS = calls(("shell", {"command": "touch begun; until test -e go; do sleep 0.05; done"}))
RUN = (WAITS, finish("It went on."))


@pytest.fixture(autouse=True)
def _ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No server of a test outlives it."""
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "full")
    monkeypatch.setenv("HOLDFAST_GOAL__JUDGE_TASK", "false")
    yield
    folder = str(data_folder())
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(folder in argument for argument in process.cmdline()):
                process.kill()


@pytest.fixture
def place(project: Path) -> MeetingPlace:
    return place_of(data_folder(), str(project))


@asynccontextmanager
async def model(
    turns: Sequence[ScriptedTurn], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(turns) as server:
        monkeypatch.setenv("HOLDFAST_MODEL__BASE_URL", server.base_url)
        monkeypatch.setenv("HOLDFAST_MODEL__NAME", "s")
        yield server


@asynccontextmanager
async def editor(project: Path, **more: Any) -> AsyncIterator[LspClient]:
    async with started(BACKGROUND, **more) as client:
        await client.initialize(project, SHOWS_EVENTS)
        yield client


def asked(place: MeetingPlace, wish: Wish = "status", **changed: str) -> Welcome | None:
    """What the server says, None when there is none."""
    client = place.connect()
    if client is None:
        return None
    with client:
        greeting = {"token": place.token(), "version": __version__} | changed
        return greet(client, Greeting(wish=wish, **greeting))


async def started_run(client: LspClient, project: Path) -> str:
    reply = await client.command("holdfast.run.start", {"prompt": "go on"})
    await until((project / "begun").exists, "the command at work", 30)
    run_id: str = reply["runId"]
    return run_id


def ends(run_id: str) -> Any:
    def found(message: Message) -> bool:
        params = message.get("params") or {}
        is_event = message.get("method") == "holdfast/event" and params["runId"] == run_id
        return is_event and params["event"]["kind"] == "run_ended"

    return found


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def leave(client: LspClient, how: str) -> None:
    match how:
        case "in order":
            assert await client.shutdown() == 0
        case "SIGKILL" | "SIGTERM":
            client.process.send_signal(signal.Signals[how])
            await client.process.wait()
        case _:
            client.writer.close()
            await client.process.wait()


@pytest.mark.parametrize(
    "how",
    [
        "in order",
        "SIGKILL",
        *(pytest.param(x, marks=pytest.mark.slow) for x in ("SIGTERM", "closed")),
    ],
)
async def test_a_run_goes_on_when_its_editor_goes_and_the_next_one_sees_how_it_ended(
    how: str, project: Path, place: MeetingPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with model(RUN, monkeypatch):
        async with editor(project) as client:
            run_id = await started_run(client, project)
            await leave(client, how)
        before = asked(place)
        assert before is not None
        await until(lambda: (asked(place) or before).editors == 0, "nobody is attached")
        (project / "go").touch()
        await until(lambda: (asked(place) or before).runs == 0, "the run ended", 30)
        async with editor(project) as client:
            await client.wait_for(ends(run_id), "the end that nobody saw")
            listed = (await client.command("holdfast.run.list"))["runs"]
            assert [(run["runId"], run["state"]) for run in listed] == [(run_id, "finished")]
            shown = await client.command("holdfast.run.show", {"runId": run_id})
            assert "It went on." in await client.text_of(shown["uri"])
            after = asked(place)
            assert after is not None
            assert (after.pid, after.editors) == (before.pid, 1)


async def test_the_next_editor_sees_a_run_at_work_and_stops_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with model(RUN, monkeypatch):
        async with editor(project) as client:
            run_id = await started_run(client, project)
        async with editor(project) as client:
            status = await client.command("holdfast.status")
            assert (status["state"], status["runId"]) == ("running", run_id)
            assert status["outlivesEditor"] is True
            await client.command("holdfast.run.stop")
            await client.wait_for(ends(run_id), "its end")


async def test_a_question_waits_for_the_next_editor(
    project: Path, place: MeetingPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__MODE", "ask")
    monkeypatch.setenv("HOLDFAST_PERMISSIONS__ANSWER_TIMEOUT_SECONDS", "3")
    turns = [calls(("shell", {"command": "touch asked-for"})), finish()]

    def approve(params: Any) -> Any:
        return {"title": "Approve once"}

    async with model(turns, monkeypatch):
        async with editor(project, answers={"window/showMessageRequest": silent}) as client:
            reply = await client.command("holdfast.run.start", {"prompt": "go on"})
            await client.wait_for_method("window/showMessageRequest")
            await client.shutdown()
        await asyncio.sleep(4)  # Longer than an answer may take.
        async with editor(project, answers={"window/showMessageRequest": approve}) as client:
            await client.wait_for_method("window/showMessageRequest")
            await client.wait_for(ends(reply["runId"]), "the end of the run")
    assert (project / "asked-for").exists()
    answer = asked(place)
    assert answer is not None
    assert answer.runs == 0


async def test_what_a_run_wrote_into_a_buffer_is_saved_and_what_a_person_typed_is_not(
    project: Path, place: MeetingPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(project, {"ours.txt": "old\n", "typed.txt": "old\n"})
    edits = calls(*(
        ("edit", {"path": path, "old_text": "old", "new_text": "new"}) for path in ("ours.txt", "typed.txt")
    ))  # fmt: skip
    later = calls(("write", {"path": "later.txt", "text": "on the disk"}))
    async with model([edits, WAITS, later, finish()], monkeypatch):
        async with editor(project) as client:
            client.open(project / "ours.txt")
            typed = client.open(project / "typed.txt")
            client.change(typed, "old\nmine\n")
            await started_run(client, project)
            await client.shutdown()
        (project / "go").touch()
        await until((project / "later.txt").exists, "the run went on", 30)
    assert (project / "ours.txt").read_text() == "new\n"
    assert (project / "typed.txt").read_text() == "old\n"


async def test_when_the_server_is_killed_the_next_editor_gets_a_new_one_and_the_run_goes_on(
    project: Path, place: MeetingPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with model([WAITS, WAITS, finish()], monkeypatch):
        async with editor(project) as client:
            run_id = await started_run(client, project)
            before = asked(place)
            assert before is not None
            os.kill(before.pid, signal.SIGKILL)
            assert await client.exit_code() == 1, "an editor starts it again then"
        (project / "go").touch()
        async with editor(project) as client:
            await client.command("holdfast.run.resume", {"runId": run_id})
            await client.wait_for(ends(run_id), "the end of the run")
            after = asked(place)
            assert after is not None
            assert after.pid != before.pid


async def test_editors_that_start_at_once_share_one_server(
    project: Path, place: MeetingPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start() -> int:
        async with editor(project) as client:
            await client.command("holdfast.status")
            attached.append(client)
            await until(lambda: len(attached) == 3, "all are attached", 40)
            answer = asked(place)
            assert answer is not None
            assert answer.editors == 3
            together.append(client)
            await until(lambda: len(together) == 3, "all have asked", 40)
            return answer.pid

    attached: list[LspClient] = []
    together: list[LspClient] = []
    async with asyncio.TaskGroup() as group:
        starts = [group.create_task(start()) for _ in range(3)]
    assert len({each.result() for each in starts}) == 1
    assert "another" not in (place.log.read_text() + place.said.read_text())


async def test_a_second_editor_of_the_same_folder_has_a_session_of_its_own(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with model(RUN, monkeypatch), editor(project) as first:
        run_id = await started_run(first, project)
        async with editor(project) as second:
            (entry,) = (await second.command("holdfast.run.list"))["runs"]
            assert (entry["runId"], entry["state"]) == (run_id, "running")
            refused = await second.command("holdfast.run.stop", {"runId": run_id})
            assert "is not active" in refused["message"], refused
            await second.shutdown()
        (project / "go").touch()
        await first.wait_for(ends(run_id), "the end of the run")


def framed(**told: object) -> bytes:
    return frame(json.dumps(told).encode())


STRANGERS = (
    framed(token="wrong", version=__version__, wish="stop"),
    framed(token="", version=__version__, wish="stop"),
    framed(token=None, version=__version__, wish="stop"),
    framed(version=__version__, wish="stop"),
    framed(token="ä", version=__version__, wish="status"),
    frame(b"[]"),
    frame(b"{"),
    b"Content-Length: 99999999999\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"x" * 100_000,
    b"",
)


async def test_who_cannot_show_the_token_is_turned_away(project: Path, place: MeetingPlace) -> None:
    async with editor(project) as client:
        for first in STRANGERS:
            stranger = place.connect()
            assert stranger is not None
            with stranger:
                told = await asyncio.to_thread(said_to, stranger, first)
            assert place.token().encode() not in told, first
            assert b'"folders": []' in told or not told, first
        assert (await client.command("holdfast.status"))["state"] == "idle"


def said_to(stranger: socket.socket, first: bytes) -> bytes:
    """All that a stranger is told who says this first and no more."""
    told = b""
    stranger.settimeout(15)
    with suppress(ConnectionError):  # It may have sent more than was read.
        stranger.sendall(first)
        stranger.shutdown(socket.SHUT_WR)
        while data := stranger.recv(1000):
            told += data
    return told


@pytest.mark.parametrize("which", ["folder", "servers"])
async def test_a_folder_that_others_can_enter_is_refused_with_what_helps(
    which: str, project: Path, place: MeetingPlace
) -> None:
    place.prepare()
    folder = place.folder if which == "folder" else place.folder.parent
    folder.chmod(0o755)
    async with started(BACKGROUND) as client:
        with pytest.raises(LspError, match=f"run: chmod 700 {folder}"):
            await client.initialize(project)
        assert await client.exit_code() == 1
    folder.chmod(0o700)
    async with editor(project) as client:
        assert await client.shutdown() == 0


@pytest.mark.parametrize("what", ["a link", "a file"])
async def test_what_is_no_folder_is_refused(what: str, project: Path, place: MeetingPlace) -> None:
    place.folder.parent.mkdir(parents=True, mode=0o700)
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    if what == "a link":
        place.folder.symlink_to(elsewhere)
    else:
        place.folder.touch()
    async with started(BACKGROUND) as client:
        with pytest.raises(LspError, match="is no folder; remove it"):
            await client.initialize(project)
    assert list(elsewhere.iterdir()) == []


async def test_a_server_that_nobody_needs_ends_and_leaves_no_socket(
    project: Path, place: MeetingPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_BACKGROUND__IDLE_TIMEOUT_SECONDS", "0.5")
    async with model(RUN, monkeypatch):
        async with editor(project) as client:
            await started_run(client, project)
            before = asked(place)
            assert before is not None
        await asyncio.sleep(2)
        assert asked(place), "it has a run at work"
        (project / "go").touch()
        await until(lambda: not alive(before.pid), "its end", 30)
    assert asked(place) is None
    assert not (place.folder / "socket").exists()
    assert "no editor was attached and no run worked" in place.log.read_text()
    async with editor(project) as client:
        assert await client.shutdown() == 0


async def test_stop_ends_the_servers_of_a_folder_or_all_and_runs_can_be_resumed(
    project: Path, place: MeetingPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = project.parent / "other"
    other.mkdir()
    async with model(RUN, monkeypatch), editor(other) as neighbour:
        await neighbour.command("holdfast.status")
        async with editor(project) as client:
            run_id = await started_run(client, project)
        report = await holdfast("doctor", folder=project)
        assert f"{project}: editors 0, runs at work 1" in report.output
        nothing = await holdfast("serve", "--stop", str(project / "none"), folder=project)
        assert nothing.output == "there is no background server\n"
        stopped = await holdfast("serve", "--stop", str(project), folder=project)
        assert stopped.status == 0, stopped.output
        assert stopped.output.startswith("ended: process")
        assert asked(place) is None
        assert (await neighbour.command("holdfast.status"))["state"] == "idle"
        assert (await holdfast("serve", "--stop", folder=project)).status == 0
        assert await neighbour.exit_code() == 1
        (project / "go").touch()
        resumed = await holdfast("run", "--resume", run_id, "--yes", folder=project)
        assert resumed.status == 5, resumed.errors


async def test_another_version_is_named_while_the_server_is_needed_and_replaces_it_when_not(
    project: Path, place: MeetingPlace
) -> None:
    async with editor(project) as client:
        await client.command("holdfast.status")
        refused = asked(place, "attach", version="99.1")
        assert refused is not None
        assert refused.folders == (), "who may not attach is told no more"
        assert "this is Holdfast 99.1" in refused.problem
        assert "holdfast serve --stop" in refused.problem
        assert not refused.again
        await client.shutdown()
    await until(lambda: (asked(place) or refused).editors == 0, "nobody is attached")
    before = asked(place)
    assert before is not None
    assert before.folders == (), "a session without a run is closed"
    replaced = asked(place, "attach", version="99.1")
    assert replaced is not None
    assert replaced.again
    await until(lambda: not alive(before.pid), "it makes way", 30)
    async with editor(project) as client:
        assert await client.shutdown() == 0


async def test_the_server_writes_its_log_where_the_flag_says(
    project: Path, tmp_path: Path, place: MeetingPlace
) -> None:
    log = tmp_path / "chosen.log"
    async with started((*BACKGROUND, "--log-file", str(log))) as client:
        await client.initialize(project)
        assert await client.shutdown() == 0
    assert "serves in the background" in log.read_text()
    assert "serves in the background" not in place.log.read_text()


async def test_what_the_front_process_cannot_do_it_says_and_it_ends_quietly(
    project: Path, tmp_path: Path
) -> None:
    async with editor(project) as client:
        client.process.send_signal(signal.SIGINT)
        assert await client.exit_code() == -signal.SIGINT
        client.stderr.seek(0)
        assert client.stderr.read() == b""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "holdfast").touch()
    async with started(BACKGROUND, environment={"XDG_DATA_HOME": str(tmp_path / "data")}) as client:
        with pytest.raises(LspError, match="cannot be made for the background server"):
            await client.initialize(project)
        assert await client.exit_code() == 1


async def test_without_the_flag_a_run_ends_with_its_editor(
    project: Path, place: MeetingPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with model(RUN, monkeypatch):
        async with started() as client:
            await client.initialize(project, SHOWS_EVENTS)
            await started_run(client, project)
            assert "outlivesEditor" not in await client.command("holdfast.status")
            await client.shutdown()
        assert not place.folder.exists()
