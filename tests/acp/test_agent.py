"""`holdfast acp` as a client of the official SDK meets it: a process, its answers, what it shows."""

from __future__ import annotations

import asyncio
import base64
import sys
from pathlib import Path
from typing import Any

import pytest
from acp import helpers, schema
from acp.exceptions import RequestError

from lsp_server.acp.run_updates import READ_SOON
from tests.data.images import PNG
from tests.fakes.acp_client import READS_AND_WRITES, Desk, Panel, desk
from tests.fakes.cast import cast
from tests.fakes.faulty_server import FaultyServer
from tests.harness.mcp import free_port, listening
from tests.harness.workshop import calls, finish, judges, says

EDIT = calls(("edit", {"path": "a.txt", "old_text": "two", "new_text": "three"}), text="I edit.")
WRITE = calls(("write", {"path": "b.txt", "text": "b\n"}))
BOTH = calls(
    ("edit", {"path": "a.txt", "old_text": "two", "new_text": "three"}),
    # What is taken out looks like the head of another file's difference.
    ("edit", {"path": "c.txt", "old_text": "-- a/a.txt\n", "new_text": "++ b/a.txt\n"}),
)
SLEEP = calls(("shell", {"command": "sleep 60"}))


@pytest.fixture
def folder(project: Path) -> Path:
    (project / "a.txt").write_text("one\ntwo\n", "utf-8")
    return project


def statuses(panel: Panel) -> list[str | None]:
    """The status of each call when it began, then that of each as it was said last."""
    last = {one.tool_call_id: one.status for one in panel.of(schema.ToolCallProgress)}
    return [*(one.status for one in panel.of(schema.ToolCallStart)), *last.values()]


def diffs(panel: Panel) -> list[schema.FileEditToolCallContent]:
    return [
        content
        for update in panel.of(schema.ToolCallProgress)
        for content in update.content or []
        if isinstance(content, schema.FileEditToolCallContent)
    ]


async def test_several_edits_are_asked_about_at_once_each_with_its_file(folder: Path) -> None:
    (folder / "c.txt").write_text("-- a/a.txt\n")
    async with (
        FaultyServer([BOTH, finish("All done."), judges()]) as server,
        desk(folder, model=server) as here,
    ):
        await here.say(await here.new(), "do both")
        (call, _), *more = here.panel.questions
        assert not more
        assert [Path(place.path).name for place in call.locations] == ["a.txt", "c.txt"]
        assert [(Path(one.path).name, one.old_text, one.new_text) for one in call.content[:2]] == [
            ("a.txt", "one\ntwo\n", "one\nthree\n"),
            ("c.txt", "-- a/a.txt\n", "++ b/a.txt\n"),
        ]
    assert (folder / "c.txt").read_text() == "++ b/a.txt\n"


async def test_an_edit_is_asked_about_shown_and_made(folder: Path) -> None:
    async with (
        FaultyServer([EDIT, finish("All done."), judges()]) as server,
        desk(folder, model=server) as here,
    ):
        answer = await here.say(await here.new(), "make two three")
        assert answer.stop_reason == "end_turn"
        assert answer.usage is not None
        assert answer.usage.input_tokens > 0
        panel = here.panel
        assert panel.text == "I edit.\n\nAll done."
        assert statuses(panel) == ["in_progress", "completed"]
        (start,) = panel.of(schema.ToolCallStart)
        assert (start.kind, start.title) == ("edit", "edit a.txt")
        assert start.locations is not None
        assert start.locations[0].path == str(folder / "a.txt")
        assert start.raw_input is not None
        assert start.raw_input["new_text"] == "three"
        (diff,) = diffs(panel)
        assert (diff.old_text, diff.new_text) == ("one\ntwo\n", "one\nthree\n")
        (call, options), *_ = panel.questions
        assert call.tool_call_id == start.tool_call_id
        assert (call.content[0].old_text, call.content[0].new_text) == (
            "one\ntwo\n",
            "one\nthree\n",
        )
        assert [(one.option_id, one.kind) for one in options] == [
            ("once", "allow_once"),
            ("run", "allow_always"),
            ("always", "allow_always"),
            ("deny", "reject_once"),
        ]
        assert panel.of(schema.UsageUpdate)[-1].size > 0
        assert panel.of(schema.SessionInfoUpdate)[0].title == "make two three"
    assert (folder / "a.txt").read_text("utf-8") == "one\nthree\n"


@pytest.mark.parametrize(
    ("answers", "questions", "is_made"),
    [
        (["deny"], 2, False),
        ([""], 2, False),
        (["no such option"], 2, False),
        (["once"], 2, True),
        (["run"], 1, True),
        (["always"], 2, True),
    ],
)
async def test_only_what_was_plainly_allowed_is_done(
    folder: Path, answers: list[str], questions: int, is_made: bool
) -> None:
    again = calls(("edit", {"path": "a.txt", "old_text": "one", "new_text": "uno"}))
    elsewhere = WRITE if answers == ["always"] else again
    async with (
        FaultyServer([EDIT, elsewhere, finish(), judges()]) as server,
        desk(folder, Panel(answers=answers), model=server) as here,
    ):
        await here.say(await here.new(), "edit")
        assert len(here.panel.questions) == questions
    assert ("three" in (folder / "a.txt").read_text("utf-8")) == is_made


async def test_a_client_without_permission_questions_gets_a_denial(folder: Path) -> None:
    class Deaf(Panel):
        async def request_permission(self, *_: Any, **__: Any) -> Any:
            raise RequestError.method_not_found("session/request_permission")

    async with (
        FaultyServer([EDIT, finish("I could not.")]) as server,
        desk(folder, Deaf(), model=server) as here,
    ):
        await here.say(await here.new(), "edit")
        assert "failed" in statuses(here.panel)
    assert (folder / "a.txt").read_text("utf-8") == "one\ntwo\n"


@pytest.mark.parametrize("moment", ["question", "command"])
async def test_a_cancel_ends_the_prompt_within_a_second(folder: Path, moment: str) -> None:
    panel = Panel(hesitates=moment == "question")
    async with (
        FaultyServer([SLEEP, finish()]) as server,
        desk(folder, panel, model=server) as here,
    ):
        session = await here.new()
        prompt = asyncio.create_task(here.say(session, "wait"))
        await asyncio.wait_for(panel.asked.wait(), 30)
        if moment == "command":
            await panel.until(lambda shown: bool(shown.of(schema.ToolCallStart)))
        await here.agent.cancel(session_id=session)
        answer = await asyncio.wait_for(prompt, 10)
        assert answer.stop_reason == "cancelled"
        again = await here.say(session, "never mind, just end")
        assert again.stop_reason == "end_turn"


async def test_what_is_sent_while_a_prompt_runs_steers_it(folder: Path) -> None:
    panel = Panel(hesitates=True)
    both = calls(
        ("edit", {"path": "a.txt", "old_text": "two", "new_text": "three"}),
        ("write", {"path": "b.txt", "text": "b\n"}),
    )
    async with (
        FaultyServer([both, finish("Heard."), judges()]) as server,
        desk(folder, panel, model=server) as here,
    ):
        session = await here.new()
        first = asyncio.create_task(here.say(session, "edit and write"))
        await asyncio.wait_for(panel.asked.wait(), 30)
        second = asyncio.create_task(here.say(session, "no, do not write"))
        await panel.until(lambda shown: READ_SOON in shown.thoughts)
        panel.lets_answer.set()
        answers = await asyncio.gather(first, second)
        assert [one.stop_reason for one in answers] == ["end_turn", "end_turn"]
        assert "no, do not write" in str(server.requests[1].body["messages"])
        assert not (folder / "b.txt").exists()


async def test_a_session_is_loaded_by_another_process_with_all_of_its_past(folder: Path) -> None:
    turns = [EDIT, finish("All done."), judges(), says("You asked for an edit.")]
    async with FaultyServer(turns) as server:
        async with desk(folder, model=server) as before:
            session = await before.new()
            await before.say(session, "make two three")
        live = before.panel
        async with desk(folder, model=server) as here:
            listed = await here.agent.list_sessions(cwd=str(folder))
            assert [(one.session_id, one.title) for one in listed.sessions] == [
                (session, "make two three")
            ]
            assert (await here.agent.list_sessions()).sessions[0].cwd == str(folder)
            await here.agent.load_session(cwd=str(folder), session_id=session, mcp_servers=[])
            again = here.panel
            assert [one.content.text for one in again.of(schema.UserMessageChunk)] == [
                "make two three"
            ]
            assert again.text == live.text
            assert statuses(again) == statuses(live)
            assert diffs(again)[0].new_text == "one\nthree\n"
            await here.say(session, "what did I ask?")
            assert "You asked for an edit." in again.text


@pytest.mark.parametrize("way", ["load_session", "resume_session"])
async def test_a_session_that_was_never_prompted_is_there_for_another_process(
    folder: Path, way: str
) -> None:
    async with FaultyServer([says("Hello."), says("Again.")]) as server:
        async with desk(folder, model=server) as before:
            session = await before.new()
        for answer in ("Hello.", "Again."):
            async with desk(folder, model=server) as here:
                await getattr(here.agent, way)(cwd=str(folder), session_id=session, mcp_servers=[])
                assert (here.panel.text == "") is (answer == "Hello." or way == "resume_session")
                await here.say(session, "hello")
                assert answer in here.panel.text
        assert len(server.requests[1].body["messages"]) > len(server.requests[0].body["messages"])


async def test_a_fork_that_was_never_prompted_goes_on_from_its_origin_elsewhere(
    folder: Path,
) -> None:
    turns = [finish("First."), finish("Second."), says("Third.")]
    async with FaultyServer(turns) as server:
        async with desk(folder, model=server) as before:
            origin = await before.new()
            await before.say(origin, "one")
            forked = await before.agent.fork_session(cwd=str(folder), session_id=origin)
            await before.say(origin, "two")
        async with desk(folder, model=server) as here:
            await here.agent.load_session(
                cwd=str(folder), session_id=forked.session_id, mcp_servers=[]
            )
            assert "First." in here.panel.text
            assert "Second." not in here.panel.text
            await here.say(forked.session_id, "three")
            prompt = str(server.requests[-1].body["messages"])
            assert "First." in prompt
            assert "two" not in prompt


async def delete(here: Desk, session: str) -> Any:
    return await here.agent._conn.send_request("session/delete", {"sessionId": session})


async def test_a_deleted_session_is_gone_and_its_files_stay(folder: Path) -> None:
    turns = [EDIT, finish("All done."), judges(), says("Other.")]
    async with FaultyServer(turns) as server, desk(folder, model=server) as here:
        session, other, unprompted = [await here.new() for _ in range(3)]
        await here.say(session, "make two three")
        await here.say(other, "say other")
        for each in (
            session,
            session,
            unprompted,
            "20200101-000000-000000",
            "..",
            "",
            "/etc",
            "a/b",
        ):
            assert await delete(here, each) == {}
        assert "three" in (folder / "a.txt").read_text()
        listed = await here.agent.list_sessions(cwd=str(folder))
        assert [one.session_id for one in listed.sessions] == [other]
        for each in (session, unprompted):
            with pytest.raises(RequestError, match="there is no session"):
                await here.agent.load_session(cwd=str(folder), session_id=each, mcp_servers=[])


async def test_a_session_at_work_is_stopped_and_deleted_and_none_of_another_process(
    folder: Path,
) -> None:
    async with (
        FaultyServer([WRITE, WRITE]) as server,
        desk(folder, Panel(hesitates=True), model=server) as other,
    ):
        busy = await other.new()
        working = asyncio.create_task(other.say(busy, "wait"))
        await other.panel.asked.wait()
        async with desk(folder, Panel(hesitates=True), model=server) as here:
            with pytest.raises(RequestError, match=r"at work|another process"):
                await delete(here, busy)
            own = await here.new()
            answer = asyncio.create_task(here.say(own, "wait"))
            await here.panel.asked.wait()
            assert await delete(here, own) == {}
            assert (await answer).stop_reason == "cancelled"
        assert await delete(other, busy) == {}
        assert (await working).stop_reason == "cancelled"
        assert (await other.agent.list_sessions(cwd=str(folder))).sessions == []


async def test_a_session_is_resumed_without_its_past_and_forked_from_its_end(folder: Path) -> None:
    turns = [finish("First."), says("Second."), says("Third.")]
    async with FaultyServer(turns) as server, desk(folder, model=server) as here:
        session = await here.new()
        await here.say(session, "one")
        await here.agent.close_session(session_id=session)
        with pytest.raises(RequestError, match="is not open"):
            await here.say(session, "closed")
        here.panel.updates.clear()
        await here.agent.resume_session(cwd=str(folder), session_id=session)
        assert not here.panel.of(schema.UserMessageChunk)
        fork = await here.agent.fork_session(cwd=str(folder), session_id=session)
        assert fork.session_id != session
        await here.say(fork.session_id, "two")
        await here.say(session, "three")
        said = [message["content"] for message in server.requests[-1].body["messages"]]
        assert any("one" in str(text) for text in said)
        assert not any("two" in str(text) for text in said)


async def test_modes_and_the_model_are_chosen(folder: Path) -> None:
    plan = says("This is the plan.")
    async with FaultyServer([plan, plan]) as server, desk(folder, model=server) as here:
        opened = await here.agent.new_session(cwd=str(folder), mcp_servers=[])
        session = opened.session_id
        assert opened.modes is not None
        assert [one.id for one in opened.modes.available_modes] == ["build", "plan", "max"]
        assert opened.config_options is not None
        assert [(one.id, one.current_value) for one in opened.config_options] == [
            ("mode", "build"),
            ("model", "scripted"),
        ]
        await here.agent.set_session_mode(session_id=session, mode_id="plan")
        assert here.panel.of(schema.CurrentModeUpdate)[-1].current_mode_id == "plan"
        await here.say(session, "plan it")
        tools = {tool["function"]["name"] for tool in server.requests[-1].body["tools"]}
        assert "write" not in tools
        await here.agent.set_session_mode(session_id=session, mode_id="build")
        await here.say(session, "do it")
        tools = {tool["function"]["name"] for tool in server.requests[-1].body["tools"]}
        assert "write" in tools
        prompt = str(server.requests[-1].body["messages"])
        assert "You are in plan mode" not in prompt
        assert "This is the plan." in prompt
        with pytest.raises(RequestError, match="there is no mode"):
            await here.agent.set_session_mode(session_id=session, mode_id="yolo")
        with pytest.raises(RequestError, match="no option"):
            await here.agent.set_config_option(session_id=session, config_id="x", value="y")
        with pytest.raises(RequestError, match="no model"):
            await here.agent.set_config_option(session_id=session, config_id="model", value="y")
        other = await here.new()
        chosen = await here.agent.set_config_option(session_id=other, config_id="mode", value="max")
        assert chosen is not None
        assert chosen.config_options[0].current_value == "max"


async def test_without_a_model_the_error_says_what_to_do(folder: Path) -> None:
    nowhere = "http://127.0.0.1:9/v1"
    async with desk(folder, HOLDFAST_MODEL__BASE_URL="not an address") as here:
        answer = await here.initialize()
        assert answer.auth_methods
        assert "HOLDFAST_MODEL__BASE_URL" in (answer.auth_methods[0].description or "")
        await here.agent.authenticate(method_id=answer.auth_methods[0].id)
        with pytest.raises(RequestError, match=r"model\.base_url") as raised:
            await here.say(await here.new(), "hello")
        assert raised.value.code == -32000
    async with desk(folder, HOLDFAST_MODEL__BASE_URL=nowhere) as here:
        with pytest.raises(RequestError, match="start the server or correct model"):
            await here.say(await here.new(), "hello")


async def test_the_plan_and_the_goal_are_entries(folder: Path) -> None:
    (folder / ".holdfast").mkdir()
    (folder / ".holdfast" / "goals.md").write_text(
        "# Ready\n\n- [ ] a is there\n  - file: a.txt\n", "utf-8"
    )
    items = [{"text": "look", "status": "done"}, {"text": "write", "status": "in_progress"}]
    async with (
        FaultyServer([calls(("plan", {"items": items})), finish(), judges()]) as server,
        desk(folder, model=server) as here,
    ):
        await here.say(await here.new(), "")
        plan = here.panel.of(schema.AgentPlanUpdate)
        assert [(one.content, one.status) for one in plan[0].entries] == [
            ("look", "completed"),
            ("write", "in_progress"),
        ]
        assert plan[-1].entries[-1].content == "Goal: a is there"
        assert plan[-1].entries[-1].status == "completed"
        goal = here.panel.of(schema.SessionInfoUpdate)[-1].field_meta
        assert goal is not None
        assert goal["holdfast"]["goal"]["title"] == "Ready"


async def test_two_prompts_at_once_are_one_run(folder: Path) -> None:
    async with FaultyServer([says("Both.")]) as server, desk(folder, model=server) as here:
        session = await here.new()
        answers = await asyncio.gather(here.say(session, "one"), here.say(session, "two"))
        assert [one.stop_reason for one in answers] == ["end_turn", "end_turn"]
        said = str(server.requests[-1].body["messages"])
        assert "one" in said
        assert "two" in said


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("endings.txt", b"two\r\n", b"three\r\n"),
        ("latin.txt", b"two \xe9\n", b"three \xe9\n"),
        ("marked.txt", b"\xef\xbb\xbftwo\n", b"\xef\xbb\xbfthree\n"),
        ("new/folder/made.txt", None, b"made\n"),
    ],
)
async def test_a_file_keeps_what_the_protocol_does_not_carry(
    folder: Path, name: str, before: bytes | None, after: bytes
) -> None:
    turn = calls(("write", {"path": name, "text": "made\n"}))
    if before is not None:
        (folder / name).write_bytes(before)
        turn = calls(("edit", {"path": name, "old_text": "two", "new_text": "three"}))
    async with (
        FaultyServer([turn, finish(), judges()]) as server,
        desk(folder, None, READS_AND_WRITES, model=server) as here,
    ):
        await here.say(await here.new(), "edit")
    assert (folder / name).read_bytes() == after


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_client_that_has_files_is_read_and_written_through(
    folder: Path, keeps: bool
) -> None:
    unsaved = "zero\none\ntwo\n"
    panel = Panel(buffers={str(folder / "a.txt"): unsaved}, keeps=keeps)
    turns = [calls(("read", {"path": "a.txt"})), EDIT, WRITE, finish(), judges()]
    async with (
        FaultyServer(turns) as server,
        desk(folder, panel, READS_AND_WRITES, model=server) as here,
    ):
        await here.say(await here.new(), "edit")
        assert {Path(path).name for path in panel.writes} == {"a.txt", "b.txt"}
        read = panel.of(schema.ToolCallProgress)[0].raw_output
        assert read is not None
        assert "zero" in read["text"]
        assert diffs(panel)[0].new_text == "zero\none\nthree\n"
        if keeps:
            assert panel.buffers[str(folder / "a.txt")] == "zero\none\nthree\n"
            assert (folder / "a.txt").read_text("utf-8") == "one\ntwo\n"
        else:
            assert (folder / "a.txt").read_text("utf-8") == "zero\none\nthree\n"
            assert (folder / "b.txt").read_text("utf-8") == "b\n"


async def test_a_prompt_holds_files_and_pictures(folder: Path) -> None:
    image = base64.b64encode(PNG).decode()
    blocks = [
        "Look at ",
        helpers.resource_link_block("a.txt", (folder / "a.txt").as_uri()),
        helpers.resource_block(
            helpers.embedded_text_resource("file:///x/y.py", "secret = ```1```")
        ),
        helpers.image_block(image, "image/png"),
    ]
    async with (
        FaultyServer([says("Seen."), says("Again.")]) as server,
        desk(folder, model=server) as here,
    ):
        session = await here.new()
        for number in (1, 2):
            await here.say(session, *blocks, f" time {number}")
            content = server.requests[-1].body["messages"][-1]["content"]
            text = content[0]["text"] if isinstance(content, list) else content
            assert "Look at a.txt" in text
            assert "````\nsecret = ```1```\n````" in text
            assert isinstance(content, list)
            assert any(part["type"] == "image_url" for part in content)
        with pytest.raises(RequestError, match="sound"):
            await here.say(session, helpers.audio_block("AAAA", "audio/wav"))


async def test_custom_commands_and_skills_are_slash_commands(folder: Path) -> None:
    home = folder.parent / "home"
    command = home / ".claude" / "commands" / "greet.md"
    skill = home / ".agents" / "skills" / "tidy" / "SKILL.md"
    for path, text in (
        (command, "---\ndescription: greets\nargument-hint: NAME\n---\nGreet $1 warmly."),
        (skill, "---\nname: tidy\ndescription: how to tidy\n---\nTidy up."),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    async with (
        FaultyServer([says("Hello."), says("Tidy.")]) as server,
        desk(folder, model=server, HOME=str(home)) as here,
    ):
        session = await here.new()
        await here.panel.until(lambda panel: bool(panel.of(schema.AvailableCommandsUpdate)))
        known = here.panel.of(schema.AvailableCommandsUpdate)[-1].available_commands
        assert {one.name for one in known} == {"greet", "tidy"}
        for text, meant in (("/greet Ada", "Greet Ada warmly."), ("/tidy now", "skill `tidy`")):
            await here.say(session, text)
            assert meant in str(server.requests[-1].body["messages"])


async def test_a_workflow_is_in_the_plan_and_its_nodes_are_lines_of_their_call(
    folder: Path,
) -> None:
    nodes = [{"id": "alpha", "task": "Look."}, {"id": "beta", "task": "Look.", "needs": ["alpha"]}]
    turns = cast(parent=[calls(("workflow", {"nodes": nodes}))], alpha=[], beta=[])
    async with FaultyServer(turns) as server, desk(folder, model=server) as here:
        await here.say(await here.new(), "parent")
        panel = here.panel
        plans = [
            [(one.content, one.status) for one in plan.entries]
            for plan in panel.of(schema.AgentPlanUpdate)
        ]
        first, second = "alpha: Look.", "  beta: Look."
        assert plans[0] == [(first, "pending"), (second, "pending")]
        assert [(first, "completed"), (second, "in_progress")] in plans
        assert plans[-1] == [(first, "completed"), (second, "completed")]
        (start,) = panel.of(schema.ToolCallStart)
        assert {one.tool_call_id for one in panel.of(schema.ToolCallProgress)} == {
            start.tool_call_id
        }, "no client is told of a call that there is not"


FAKES = Path(__file__).parents[1] / "fakes"


async def test_servers_of_the_client_lend_their_tools_and_each_call_asks(folder: Path) -> None:
    told = schema.EnvVariable(name="TOLD", value="${HOME}")
    given = schema.McpServerStdio(
        name="My docs!",
        command=sys.executable,
        args=[str(FAKES / "mcp_server.py"), "none"],
        env=[told],
    )
    turns = [calls(("mcp__My-docs__echo", {"text": "hello"})), says("Echoed.")]
    async with FaultyServer(turns) as server, desk(folder, model=server) as here:
        await here.say(await here.new(mcp_servers=[given]), "echo hello")
        offered = {tool["function"]["name"] for tool in server.requests[0].body["tools"]}
        assert "mcp__My-docs__echo" in offered
        (call, _), *_ = here.panel.questions
        assert "echo" in call.title
        assert statuses(here.panel) == ["in_progress", "completed"]
        with pytest.raises(RequestError, match="not spoken"):
            await here.new(
                mcp_servers=[schema.SseMcpServer(type="sse", name="x", url="http://x", headers=[])]
            )


async def test_a_server_over_http_gets_its_headers(folder: Path) -> None:
    port = free_port()
    command = (sys.executable, str(FAKES / "mcp_http_server.py"), str(port), "a-key")
    header = schema.HttpHeader(name="Authorization", value="Bearer a-key")
    turns = [calls(("mcp__sums__add", {"a": 2, "b": 3})), says("Five.")]
    async with (
        listening(*command, port=port) as url,
        FaultyServer(turns) as server,
        desk(folder, model=server) as here,
    ):
        given = schema.HttpMcpServer(type="http", name="sums", url=url, headers=[header])
        await here.say(await here.new(mcp_servers=[given]), "add")
        result = here.panel.of(schema.ToolCallProgress)[-1].raw_output
        assert result is not None
        assert "5" in result["text"]


async def test_a_subagent_shows_in_the_call_that_began_it(folder: Path) -> None:
    part = calls(("task", {"description": "look around", "prompt": "Read a.txt.", "mode": "plan"}))
    child = says("It has two lines.", when=r"Read a\.txt\.")
    async with (
        FaultyServer([part, child, says("Two lines.")]) as server,
        desk(folder, model=server) as here,
    ):
        await here.say(await here.new(), "look")
        shown = [
            content.content.text
            for update in here.panel.of(schema.ToolCallProgress)
            for content in update.content or []
            if isinstance(content, schema.ContentToolCallContent)
        ]
        assert any("subagent 1 begins: look around" in text for text in shown)
        assert "Two lines." in here.panel.text
        assert "It has two lines." not in here.panel.text
