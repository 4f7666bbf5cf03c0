"""`holdfast run` as a person or a program meets it: a process, its output, its exit status."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.fakes.faulty_server import FaultyServer
from tests.harness.command_line import HOLDS, YES, Ended, ended, holdfast, started
from tests.harness.workshop import calls, finish, judges, says

FIRST_TASK = Path(__file__).parents[2] / "docs" / "first-task.md"

WRITE = calls(("write", {"path": "made.txt", "text": "made\n"}))
NAMING_A_RUN = ("undo", "export", "changes", "keep", "show", "context")


def model(server: FaultyServer) -> dict[str, str]:
    return {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "scripted"}


async def run(
    project: Path, turns: Sequence[ScriptedTurn], *arguments: str, **environment: str
) -> Ended:
    async with FaultyServer(turns) as server:
        return await holdfast("run", *arguments, folder=project, **model(server), **environment)


@pytest.mark.parametrize(
    ("turns", "arguments", "status", "outcome"),
    [
        ([WRITE, finish(), judges()], [*YES, "make it"], 0, "achieved"),
        ([WRITE, finish()], [*YES, "make it"], 5, "finished"),
        ([finish("It makes it.")], [*YES, "What does it do?"], 5, "finished"),
        (
            [WRITE, *[finish()] * 3, judges("unmet", missing="nothing is made")],
            [*YES, "make it"],
            3,
            "unmet",
        ),
        ([WRITE, finish()], [*YES, "--check", "test -e made.txt"], 0, "achieved"),
        ([says("x", fault={"kind": "status", "status": 401})], [*YES, "x"], 1, "failed"),
        ([finish()] * 3, [*YES, "x", "--check", "false"], 4, "blocked"),
        ([finish()], [*YES, "x", "--goal", "all is nice"], 4, "blocked"),
        (
            [WRITE, finish(), WRITE, finish()],
            [*YES, "x", "--check", "false"],
            3,
            "unmet",
        ),
    ],
)
async def test_the_exit_status_tells_the_outcome(
    project: Path, turns: Sequence[ScriptedTurn], arguments: list[str], status: int, outcome: str
) -> None:
    entries = {"HOLDFAST_GOAL__RE_ENTRIES_MAX": "0"} if outcome == "unmet" else {}
    result = await run(project, turns, "--json", *arguments, **entries)
    assert result.status == status, result.errors
    last = result.events[-1]
    assert last["kind"] == "run_ended"
    assert last["outcome"] == outcome
    assert set(last) >= {"run_id", "steps", "usage", "goals"}


async def test_json_is_one_event_a_line_in_order(project: Path) -> None:
    result = await run(project, [WRITE, finish()], *YES, "--json", "make it")
    kinds = [event["kind"] for event in result.events]
    assert kinds[0] == "run_started"
    assert [event["seq"] for event in result.events] == list(range(len(kinds)))
    assert kinds.index("tool_called") < kinds.index("file_changed") < kinds.index("tool_returned")


async def test_piped_output_is_plain_lines(project: Path) -> None:
    result = await run(project, [WRITE, finish("It is made.")], *YES, "make it")
    assert "\x1b" not in result.output
    assert "> write made.txt: ok" in result.output
    assert "finished: It is made. (Not verified: the judge gave no usable verdict" in result.output
    assert result.errors == ""


async def test_where_nobody_can_be_asked_nothing_is_done_without_permission(project: Path) -> None:
    result = await run(project, [WRITE, finish()], "make it")
    assert not (project / "made.txt").exists()
    assert result.errors.count(*YES) == 1
    assert result.status == 4, "what was denied is not achieved"
    assert "- write made.txt: nobody could be asked; the rule `edit(./made.txt)`" in result.output
    assert "--yes on a terminal" in result.output
    assert "The agent says: done" in result.output


async def test_an_answer_is_one_where_what_was_denied_was_got_round(project: Path) -> None:
    turns = [calls(("shell", {"command": "make all"})), WRITE, finish()]
    rules = '["write(./made.txt)"]'
    result = await run(project, turns, "make it", HOLDFAST_PERMISSIONS__ALLOW=rules)
    assert (result.status, (project / "made.txt").exists()) == (5, True), result.errors


async def test_a_transcript_is_written(project: Path) -> None:
    result = await run(project, [WRITE, finish("It is made.")], *YES, "make it")
    path = result.output.rpartition("transcript: ")[2].strip()
    text = Path(path).read_text("utf-8")
    assert text.startswith("# make it")
    assert "**write made.txt**" in text
    assert "## Ended: finished" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_the_run_and_what_it_started(project: Path, number: int) -> None:
    turns = [calls(("shell", {"command": "echo $$ > pid; sleep 100"})), finish()]
    async with (
        FaultyServer(turns) as server,
        started("run", *YES, "--json", "x", folder=project, **model(server)) as process,
    ):
        assert process.stdout is not None
        while b'"tool_called"' not in await process.stdout.readline():
            pass
        process.send_signal(number)
        result = await ended(process)
    assert result.status == 130
    assert result.events[-1]["outcome"] == "stopped"


async def test_a_reader_that_goes_away_stops_the_run(project: Path) -> None:
    turns = [calls(("shell", {"command": f"echo {n}; sleep 0.05"})) for n in range(100)]
    async with FaultyServer(turns) as server:
        read_end, write_end = os.pipe()
        process = await asyncio.create_subprocess_exec(
            *("sh", "-c", f'exec "$0" -m lsp_server run {" ".join(YES)} --json x | head -n 3'),
            sys.executable,
            cwd=project,
            stdout=write_end,
            env={**os.environ, **model(server)},
        )
        os.close(write_end)
        async with asyncio.timeout(30):
            await process.wait()
        os.close(read_end)
        assert len(server.requests) < 50


async def test_a_run_that_was_killed_goes_on(project: Path) -> None:
    turns = [
        calls(("shell", {"command": "echo once >> log"})),
        calls(("shell", {"command": "echo started >> log; sleep 100"})),
        finish("gone on"),
    ]
    async with FaultyServer(turns) as server:
        async with started("run", *YES, "--json", "x", folder=project, **model(server)) as process:
            assert process.stdout is not None
            run_id = ""
            while True:
                line = (await process.stdout.readline()).decode()
                if '"run_started"' in line:
                    run_id = __import__("json").loads(line)["run_id"]
                if "sleep 100" in line and '"tool_called"' in line:
                    break
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        result = await holdfast(
            "run", *YES, "--json", "--resume", run_id, folder=project, **model(server)
        )
    assert result.status == 5, result.errors
    assert (project / "log").read_text().split().count("once") == 1
    interrupted = [e for e in result.events if e["kind"] == "tool_returned"]
    assert "interrupted" in interrupted[0]["result"]["text"]


async def test_undo_takes_back_what_the_run_changed_and_keeps_what_the_person_did(
    project: Path,
) -> None:
    (project / "a.txt").write_text("one\ntwo\nthree\nfour\nfive\n")
    turns = [
        calls(("edit", {"path": "a.txt", "old_text": "one", "new_text": "ONE"})),
        calls(("shell", {"command": "echo new > b.txt"})),
        finish(),
    ]
    await run(project, turns, *YES, "x")
    (project / "a.txt").write_text((project / "a.txt").read_text().replace("five", "FIVE"))
    result = await holdfast("undo", folder=project)
    assert result.status == 0, result.errors
    assert (project / "a.txt").read_text() == "one\ntwo\nthree\nfour\nFIVE\n"
    assert not (project / "b.txt").exists()
    assert (await holdfast("undo", folder=project)).output.startswith("nothing to take back")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "say what to do"),
        (["   "], "the task is empty"),
        (["x", "--workspace", "missing"], "--workspace missing is not a folder"),
        (["x", "--workspace", "file.txt"], "--workspace file.txt is not a folder"),
        (["x", "--frobnicate"], "No such option: --frobnicate"),
        (["--resume", "nonsense"], "run nonsense is unknown"),
        (["bad \udcff utf8"], r"the argument 'bad \udcff utf8' is not UTF-8"),
        (["x", "--check", "\udcff"], "is not UTF-8"),
        (["x", "--check", ""], "a check is empty"),
        (["x", "--check", "true", "--check", " "], "a check is empty"),
        (["x", "--goal", ""], "a condition is empty"),
        (["--resume", "../../etc"], "run ../../etc is unknown"),
    ],
)
async def test_bad_input_is_named_and_nothing_is_run(
    project: Path, arguments: list[str], complaint: str
) -> None:
    (project / "file.txt").write_text("x")
    result = await run(project, [], *arguments)
    assert result.status == 2
    assert complaint in result.errors
    assert result.output == ""


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ('[model]\nbase_url = "http://evil"', "model.base_url"),
        ('[model]\napi_key_command = "steal"', "model.api_key_command"),
        ('[permissions]\nallow = ["shell(*)"]', "permissions.allow"),
        ('[permissions]\nmode = "full"', "permissions.mode"),
        ("[run]\nsteps_max = 0", "run.steps_max"),
        ("[run]\nsteps_max = 1000000", "run.steps_max"),
        ("[permissions]\nanswer_timeout_seconds = 99999", "permissions.answer_timeout_seconds"),
        ("[run]\nstep_max = 5", "run.step_max"),
        ("[run", "cannot be read"),
        ("[unknown]\nx = 1", "unknown"),
    ],
)
async def test_a_project_file_may_only_narrow(project: Path, config: str, complaint: str) -> None:
    (project / ".holdfast").mkdir()
    (project / ".holdfast" / "config.toml").write_text(config)
    result = await run(project, [WRITE, finish()], "make it", "--json")
    assert result.status == 4
    assert complaint in result.errors
    assert "config.toml" in result.errors
    assert not (project / "made.txt").exists(), "and nothing more was allowed"


@pytest.mark.parametrize(
    "config", ['[permissions]\nmode = "readonly"', '[permissions\ndeny = ["*"]']
)
async def test_yes_does_not_free_what_unread_settings_may_forbid(
    project: Path, config: str
) -> None:
    (project / ".holdfast").mkdir()
    (project / ".holdfast" / "config.toml").write_text(config)
    result = await run(project, [WRITE, finish()], *YES, "make it")
    assert not (project / "made.txt").exists()
    assert "config.toml" in result.errors
    assert "edits and commands ask" in result.errors
    assert "even with --yes" in result.errors
    assert "pass --yes" not in result.errors


async def test_a_closed_standard_input_denies(project: Path) -> None:
    async with FaultyServer([WRITE, finish()]) as server:
        process = await asyncio.create_subprocess_exec(
            *("sh", "-c", 'exec "$0" -m lsp_server run x <&-', sys.executable),
            cwd=project,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **model(server)},
        )
        async with asyncio.timeout(30):
            assert await process.wait() == 4
    assert not (project / "made.txt").exists()


async def test_the_key_and_other_secrets_stay_out_of_everything(project: Path) -> None:
    secret = "sk-verysecret1234567890"
    turns = [
        calls(("shell", {"command": "env; echo $MY_TOKEN; cat leaked.txt"})),
        finish(),
    ]
    (project / "leaked.txt").write_text(f"key={secret}\n")
    environment = {"HOLDFAST_API_KEY": secret, "MY_TOKEN": "token-abcdefgh-98765"}
    async with FaultyServer(turns) as server:
        result = await holdfast(
            "run", *YES, "--json", "-vv", "x",
            folder=project, **model(server), **environment,
        )  # fmt: skip
        bodies = b"".join(request.raw for request in server.requests)
    kept = b"".join(
        path.read_bytes()
        for path in Path(os.environ["XDG_DATA_HOME"]).rglob("*")
        if path.is_file() and "checkpoints" not in path.parts
    )
    for text in (result.output.encode(), result.errors.encode(), bodies, kept):
        assert secret.encode() not in text
        assert b"token-abcdefgh-98765" not in text
    assert result.status == 5


async def test_a_dead_endpoint_is_waited_for_and_said(project: Path) -> None:
    async with started(
        "run", *YES, "x", folder=project, HOLDFAST_MODEL__NAME="scripted"
    ) as process:
        assert process.stdout is not None
        lines = b""
        async with asyncio.timeout(30):
            while b"waiting" not in lines:
                lines += await process.stdout.readline()
        assert b"cannot be reached" in lines
        process.send_signal(signal.SIGINT)
        assert (await ended(process)).status == 130


async def test_doctor_reports_without_a_single_secret(project: Path) -> None:
    async with FaultyServer([]) as server:
        result = await holdfast(
            "doctor",
            folder=project,
            **model(server),
            HOLDFAST_API_KEY="sk-verysecret1234567890",
            HOLDFAST_MODEL__EXTRA_BODY='{token = "abcdefgh"}',
        )
    assert result.status == 0, result.errors
    assert "it answers and lists: scripted" in result.output
    assert "verysecret" not in result.output
    assert "abcdefgh" not in result.output


@pytest.mark.parametrize("arguments", [("x",), ("--check", "true")])
async def test_a_data_folder_that_cannot_be_used_is_named_with_the_mend(
    project: Path, arguments: tuple[str, ...]
) -> None:
    (project / "data").write_text("a file in its place")
    data = str(project / "data")
    result = await run(project, [], *YES, *arguments, XDG_DATA_HOME=data)
    assert result.status == 2
    (line,) = result.errors.splitlines()
    assert f"runs cannot be kept in {data}/holdfast/" in line
    assert "set XDG_DATA_HOME to another folder" in line


async def test_what_cannot_be_done_with_a_run_names_what_a_terminal_has(project: Path) -> None:
    done = await run(project, [WRITE, finish()], *YES, "--json", "make it")
    run_id = done.events[-1]["run_id"]
    for arguments, said in (
        (("run", "--resume", run_id), f'holdfast run --resume {run_id} "'),
        (("run", "--resume", "x"), "run x is unknown; `holdfast runs`"),
        (("undo", "x"), "run x is unknown; `holdfast runs`"),
        (("run", "--resume", ""), "run '' is unknown; `holdfast runs`"),
        *(((name, ""), "run '' is unknown; `holdfast runs`") for name in NAMING_A_RUN),
    ):
        result = (
            await run(project, [], *arguments[1:])
            if arguments[0] == "run"
            else (await holdfast(*arguments, folder=project))
        )
        assert result.status != 0
        assert said in result.errors
        assert "holdfast.run" not in result.errors


async def test_undo_says_what_it_restored_and_what_it_removed(project: Path) -> None:
    (project / "old.txt").write_text("old\n")
    change = calls(("write", {"path": "old.txt", "text": "new\n"}))
    await run(project, [WRITE, change, finish()], *YES, "make it")
    result = await holdfast("undo", folder=project)
    assert sorted(result.output.splitlines()) == ["removed made.txt", "restored old.txt"]
    assert not (project / "made.txt").exists()


async def test_the_demo_shows_it_all(project: Path) -> None:
    result = await holdfast("demo", "--keep", "kept", folder=project)
    assert result.status == 0, result.errors
    assert "SCRIPTED" in result.output
    assert "not done yet" in result.output
    assert "+        return -(-len(self._items) // self._size)" in result.output
    undone = await holdfast("undo", "-w", "kept", folder=project)
    assert undone.output == "restored pages/paginator.py\n"
    excerpt = FIRST_TASK.read_text("utf-8").split("```text\n")[1].split("```")[0]
    shown = set(map(untimed, result.output.splitlines()))
    assert [
        line for line in excerpt.splitlines() if line != "…" and untimed(line) not in shown
    ] == []


def untimed(line: str) -> str:
    """The line without what differs from machine to machine."""
    return re.sub(r"\d+\.\d s|[\d,]+ tokens|\(\d+ % cached\)", "", line)


async def test_nothing_is_imported_from_the_project(project: Path) -> None:
    for name in ("httpx", "typer", "pydantic", "json"):
        (project / f"{name}.py").write_text("raise SystemExit('imported from the project')\n")
    result = await run(project, [finish()], *YES, "x")
    assert result.status == 5, result.errors


@pytest.mark.skipif(not HOLDS, reason="no sandbox holds on this machine")
async def test_sandboxed_asks_nothing_and_keeps_what_is_outside(project: Path) -> None:
    outside = project.parent / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept")
    turns = [
        calls(("shell", {"command": f"rm -rf {outside}; echo inside > by-command.txt"})),
        WRITE,
        finish(),
    ]
    check = "test -e made.txt && test -e by-command.txt"
    result = await run(project, turns, "--sandboxed", "--json", "make it", "--check", check)
    assert result.status == 0, result.errors
    assert not [event for event in result.events if event["kind"].startswith("permission")]
    assert (outside / "precious").read_text() == "kept"
    assert (project / "by-command.txt").read_text() == "inside\n"
    assert (project / "made.txt").read_text() == "made\n"


@pytest.mark.skipif(not HOLDS, reason="no sandbox holds on this machine")
async def test_what_a_run_left_for_a_check_runs_in_the_sandbox_too(project: Path) -> None:
    precious = project.parent / "precious"
    precious.write_text("kept")
    evil = calls(("write", {"path": "check.sh", "text": f"rm -f {precious}\n"}))
    await run(project, [evil, finish()], "--sandboxed", "x", "--check", "sh check.sh")
    assert precious.read_text() == "kept"


@pytest.mark.skipif(not HOLDS, reason="no sandbox holds on this machine")
async def test_a_person_opens_and_hides_folders_for_the_sandbox(project: Path) -> None:
    opened = project.parent / "opened"
    opened.mkdir()
    (project / "db").write_text("row 4711\n")
    command = f"echo kept > {opened}/a.txt; cat db; true"
    turns = [calls(("shell", {"command": command})), finish()]
    settings = {"HOLDFAST_SANDBOX__WRITE": f'["{opened}"]', "HOLDFAST_SANDBOX__HIDE": '["db"]'}
    result = await run(project, turns, "--sandboxed", "--json", "make it", **settings)
    assert (opened / "a.txt").read_text() == "kept\n"
    assert "4711" not in result.output


async def test_without_a_sandbox_sandboxed_asks_before_commands(project: Path) -> None:
    turns = [calls(("shell", {"command": "touch by-command.txt"})), WRITE, finish()]
    result = await run(project, turns, "--sandboxed", "make it", HOLDFAST_SANDBOX__MODE="off")
    assert not (project / "by-command.txt").exists()
    assert (project / "made.txt").exists()
    assert "touch by-command.txt" in result.errors + result.output
    assert "even with --sandboxed" in result.errors
    assert "--yes" not in result.errors


@pytest.mark.parametrize(
    ("flags", "mode", "advice"),
    [
        ((), "ask", "or pass --yes"),
        ((), "sandboxed", "even with permissions.mode sandboxed"),
        (("--sandboxed",), "ask", "even with --sandboxed"),
    ],
)
async def test_what_frees_already_is_not_the_advice(
    project: Path, flags: tuple[str, ...], mode: str, advice: str
) -> None:
    turns = [calls(("write", {"path": str(project.parent / "out.txt"), "text": "x"})), finish()]
    result = await run(project, turns, *flags, "make it", HOLDFAST_PERMISSIONS__MODE=mode)
    assert result.status == 4
    assert advice in result.errors
    assert ("--yes" in result.errors + result.output) == (advice == "or pass --yes")


@pytest.mark.skipif(sys.platform == "darwin", reason="it may hold there")
async def test_a_sandbox_that_was_asked_for_and_does_not_hold_is_an_error(project: Path) -> None:
    result = await run(
        project, [WRITE], "--sandboxed", "make it", HOLDFAST_SANDBOX__MODE="seatbelt"
    )
    assert result.status == 1
    assert "the sandbox seatbelt does not work on this machine" in result.errors + result.output
    assert not (project / "made.txt").exists()


@pytest.mark.skipif(not HOLDS, reason="no sandbox holds on this machine")
@pytest.mark.parametrize(
    ("flags", "mode", "gets_out"),
    [
        (("--yes",), "", False),
        (("--yes", "--sandboxed"), "", False),
        (("--yes",), "read-only", False),
        # Everything is free only where that was said in full.
        (("--yes", "--sandbox", "off"), "", True),
        (("--yes",), "full", True),
        (("--yes", "--sandbox", "auto"), "full", False),
    ],
)
async def test_yes_works_in_the_sandbox_unless_all_is_said_in_full(
    project: Path, flags: tuple[str, ...], mode: str, gets_out: bool
) -> None:
    outside = Path.home() / "made-outside"
    command = f"touch made-inside; touch {outside}"
    turns = [calls(("shell", {"command": command})), WRITE, finish()]
    given = {"HOLDFAST_PERMISSIONS__MODE": mode} if mode else {}
    result = await run(project, turns, *flags, "--json", "make it", **given)
    assert result.status == 5, result.errors
    assert outside.exists() == gets_out
    assert (project / "made-inside").exists()
    assert (project / "made.txt").exists()


@pytest.mark.parametrize(
    ("flags", "sandbox", "words"),
    [
        (("--yes",), "off", "`sandbox.mode` is off"),
        (("--sandboxed", "--sandbox", "off"), "", "give one of them"),
        (("--yes", "--sandboxed", "--sandbox", "off"), "", "give one of them"),
        (("--yes", "--sandbox", "none"), "", "'none' is not one of"),
    ],
)
async def test_yes_without_a_sandbox_is_refused_with_what_helps(
    project: Path, flags: tuple[str, ...], sandbox: str, words: str
) -> None:
    given = {"HOLDFAST_SANDBOX__MODE": sandbox} if sandbox else {}
    result = await run(project, [WRITE, finish()], *flags, "make it", **given)
    assert result.status == 2
    assert words in " ".join(result.errors.split())
    assert not (project / "made.txt").exists()
    if sandbox:
        assert "--yes --sandbox off" in result.errors


@pytest.mark.skipif(sys.platform == "darwin", reason="it may hold there")
async def test_yes_with_a_mechanism_that_does_not_hold_is_refused(project: Path) -> None:
    result = await run(project, [WRITE], "--yes", "--sandbox", "seatbelt", "make it")
    assert result.status == 2
    assert "the sandbox seatbelt does not work on this machine" in result.errors
    assert not (project / "made.txt").exists()


@pytest.mark.skipif(not HOLDS, reason="no sandbox holds on this machine")
async def test_what_wants_out_is_denied_where_nobody_can_be_asked(project: Path) -> None:
    command = {"command": "touch ../out", "outside": "the disk is there"}
    turns = [calls(("shell", command)), WRITE, finish()]
    result = await run(project, turns, "--yes", "--json", "make it")
    returned = [each for each in result.events if each["kind"] == "tool_returned"]
    assert returned[0]["result"]["text"] == (
        "refused: it was not allowed (run `touch ../out` outside of the sandbox): nobody can be "
        "asked here; find another way, or finish and say what you need"
    )
    assert "add rules to permissions.allow" in result.errors
    assert not (project.parent / "out").exists()
    allowed = {"HOLDFAST_PERMISSIONS__ALLOW": '["shell(touch ../out)"]'}
    await run(project, turns, "--yes", "--json", "make it", **allowed)
    assert (project.parent / "out").exists()


async def test_a_run_works_as_the_agent_that_is_named(project: Path) -> None:
    path = project / ".claude" / "agents" / "reviewer.md"
    path.parent.mkdir(parents=True)
    path.write_text("---\nname: reviewer\ndescription: Reviews.\ntools: Read\n---\nMind 4812.")
    waiting = await run(project, [], *YES, "look", "--agent", "reviewer")
    assert (waiting.status, "not trusted" in waiting.errors) == (2, True)
    unknown = await run(project, [], *YES, "look", "--agent", "nobody")
    assert (unknown.status, "there is no agent 'nobody'" in unknown.errors) == (2, True)
    both = await run(project, [], "--resume", "x", "--agent", "reviewer")
    assert (both.status, "keeps its agent" in both.errors) == (2, True)
    trusted = await holdfast("trust", "--yes", folder=project)
    assert trusted.status == 0, trusted.errors
    async with FaultyServer([WRITE, finish()]) as server:
        arguments = ("run", *YES, "look", "--agent", "reviewer")
        ended = await holdfast(*arguments, folder=project, **model(server))
        assert "there is no tool 'write'" in ended.output
        assert "Mind 4812." in server.requests[0].body["messages"][0]["content"]
