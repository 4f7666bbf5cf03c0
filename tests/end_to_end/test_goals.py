"""Goals through the editor protocol: a real server, real checks, what a client shows."""

from __future__ import annotations

import asyncio
import copy
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from lsp_server.goals.goals_document import parse_goals
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.data import clients
from tests.end_to_end.test_protocol import shows
from tests.fakes.lsp_client import LspClient, Message, started
from tests.harness.workshop import calls, finish

RICH = clients.snapshot("vscode")["initialize"]["capabilities"]

GOALS = """\
# 漢字 🙂

## Made 🙂
- [ ] 🙂🙂 the file 漢字 is made
  - check: `test -e made.txt`
- [ ] it is *nice* 🙂
- [] broken

## Clean
- [x] ticked by hand
  - check: `sh check.sh`
"""

SOURCE_PY = 'x = "🙂漢字"  # GOAL: 漢字 is kept 🙂\n'
SOURCE_TS = "const x = '🙂'; // GOAL: no `any` in `a.ts`\n"

Found = Callable[[dict[str, Any]], bool]


def capabilities(encoding: str) -> dict[str, Any]:
    changed: dict[str, Any] = copy.deepcopy(RICH)
    changed.setdefault("general", {})["positionEncodings"] = [encoding]
    return changed


@asynccontextmanager
async def editor(
    project: Path,
    turns: Sequence[ScriptedTurn] | Callable[[Any], ScriptedTurn],
    *,
    encoding: str = "utf-16",
    settings: dict[str, Any] | None = None,
) -> AsyncIterator[LspClient]:
    """A client that says yes once to whatever it is asked."""
    answers = {"window/showMessageRequest": lambda params: {"title": "Approve once"}}
    async with ScriptedServer(turns) as model:
        environment = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "s"}
        async with started(environment=environment, answers=answers) as client:
            await client.initialize(project, capabilities(encoding), settings)
            yield client


def published(client: LspClient, path: Path) -> list[dict[str, Any]]:
    """The diagnostics of a file as they are shown now."""
    shown: list[dict[str, Any]] = []
    for message in client.received:
        if message.get("method") == "textDocument/publishDiagnostics":
            params = message["params"]
            if params["uri"] == path.as_uri():
                shown = params["diagnostics"]
    return shown


async def until(
    client: LspClient, path: Path, found: Callable[[list[Any]], bool], what: str
) -> None:
    def holds(_: Message) -> bool:
        return found(published(client, path))

    await client.wait_for(holds, what)


def codes(diagnostics: list[dict[str, Any]]) -> dict[int, str]:
    return {d["range"]["start"]["line"]: d["code"] for d in diagnostics}


def texts(diagnostics: list[dict[str, Any]], text: str, encoding: str) -> list[str]:
    """What stands under each diagnostic, read as an editor with that encoding does."""
    codec, width = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[
        encoding
    ]
    lines = text.split("\n")
    found = []
    for diagnostic in diagnostics:
        start, end = diagnostic["range"]["start"], diagnostic["range"]["end"]
        data = lines[start["line"]].encode(codec)
        found.append(data[start["character"] * width : end["character"] * width].decode(codec))
    return found


@pytest.fixture
def goals_file(project: Path) -> Path:
    file = project / ".holdfast" / "goals.md"
    file.parent.mkdir()
    file.write_text(GOALS, "utf-8")
    (project / "check.sh").write_text("exit 3\n")
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_diagnostics_stand_under_the_words_they_are_about(
    project: Path, goals_file: Path, encoding: str
) -> None:
    (project / "a.py").write_text(SOURCE_PY, "utf-8")
    (project / "a.ts").write_text(SOURCE_TS, "utf-8")
    async with editor(project, [], encoding=encoding) as client:
        client.open(goals_file)
        await until(client, goals_file, lambda d: len(d) == 4, "the goals")
        shown = sorted(
            published(client, goals_file), key=lambda d: int(d["range"]["start"]["line"])
        )
        assert texts(shown, GOALS, encoding) == [
            "🙂🙂 the file 漢字 is made",
            "it is *nice* 🙂",
            "- [] broken",
            "ticked by hand",
        ]
        assert codes(shown)[6] == "goals-file-invalid"
        for file, text, words in (
            (project / "a.py", SOURCE_PY, "GOAL: 漢字 is kept 🙂"),
            (project / "a.ts", SOURCE_TS, "GOAL: no `any` in `a.ts`"),
        ):
            await until(client, file, lambda d: len(d) == 1, "the comment")
            assert texts(published(client, file), text, encoding) == [words]
            assert published(client, file)[0]["code"] == "goal-unverified"


async def test_a_goals_file_that_cannot_be_read_is_shown(project: Path) -> None:
    file = project / ".holdfast" / "goals.md"
    file.mkdir(parents=True)
    async with editor(project, []) as client:
        await until(client, file, lambda d: len(d) == 1, "what is wrong")
        (shown,) = published(client, file)
        assert shown["code"] == "goals-file-invalid"
        assert "cannot be read" in shown["message"]
        reply = await client.command("holdfast.run.start")
        assert (reply["state"], "cannot be read" in reply["message"]) == ("error", True)


async def test_check_now_then_met_then_stale(project: Path, goals_file: Path) -> None:
    (project / "made.txt").write_text("x")
    (project / "check.sh").write_text("echo check.sh:1: error: still wrong; exit 3\n")
    async with editor(project, []) as client:
        buffer = client.open(goals_file)
        await until(client, goals_file, lambda d: len(d) == 4, "the goals")
        actions = await actions_at(client, goals_file, 3)
        check = next(a for a in actions if "Check now" in a["title"])
        reply = await client.command(check["command"]["command"], *check["command"]["arguments"])
        assert reply["state"] == "running"
        await until(client, goals_file, lambda d: 3 not in codes(d), "met")
        await client.wait_for(lambda m: "2.1" not in str(m) and "evidence: exit 0" in buffer.text)
        assert (
            "- [x] 🙂🙂 the file 漢字 is made\n  - check: `test -e made.txt`\n  - evid"
            in buffer.text
        )
        await client.command("holdfast.goal.check", {})
        await until(client, goals_file, lambda d: "goal-unmet" in codes(d).values(), "unmet")
        unmet = next(d for d in published(client, goals_file) if d["code"] == "goal-unmet")
        assert "exit status 3" in unmet["message"]
        (related,) = unmet["relatedInformation"]
        assert related["location"]["uri"].endswith("check.sh")
        status = await client.command("holdfast.status")
        assert status["goals"] == {"met": 0, "unmet": 1, "blocked": 0, "total": 2}

        (project / "other.py").write_text("x = 1\n")
        source = client.open(project / "other.py")
        client.notify("textDocument/didSave", {"textDocument": {"uri": source.uri}})
        await until(client, goals_file, lambda d: codes(d).get(3) == "goal-stale", "stale")


async def actions_at(client: LspClient, path: Path, line: int) -> list[dict[str, Any]]:
    place = {"line": line, "character": 0}
    result: list[dict[str, Any]] = await client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": path.as_uri()},
            "range": {"start": place, "end": place},
            "context": {"diagnostics": published(client, path)},
        },
    )
    return result


async def test_a_goal_is_worked_on_from_an_action_until_it_is_met(
    project: Path, goals_file: Path
) -> None:
    goals_file.write_text("## Made\n- [ ] it is made\n  - check: `test -e made.txt`\n")
    turns = [finish("It is made."), calls(("write", {"path": "made.txt", "text": "x"})), finish()]
    async with editor(project, turns) as client:
        buffer = client.open(goals_file)
        await until(client, goals_file, lambda d: len(d) == 1, "the goal")
        actions = await actions_at(client, goals_file, 1)
        work = next(a for a in actions if "Work on this goal:" in a["title"])
        offered = [(a["command"]["command"], a["command"]["arguments"]) for a in actions]
        above = [lens["command"] for lens in await lenses(client, goals_file)]
        assert above
        assert all((each["command"], each["arguments"]) in offered for each in above)
        started_run = await client.command("holdfast.run.start", *work["command"]["arguments"])
        assert started_run["runId"]
        await client.wait_for(
            lambda m: (
                m.get("method") == "holdfast/event" and m["params"]["event"]["kind"] == "run_ended"
            ),
            "the end",
        )
        await until(client, goals_file, lambda d: d == [], "no diagnostics")
        await client.wait_for(lambda m: "- [x] it is made" in buffer.text, "the tick")
        listed = await client.command("holdfast.goal.list")
        assert [entry["verdict"] for entry in listed["goals"]] == ["met"]


async def lenses(client: LspClient, path: Path) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = await client.request(
        "textDocument/codeLens", {"textDocument": {"uri": path.as_uri()}}
    )
    return result


@pytest.mark.parametrize(
    ("command", "argument", "complaint"),
    [
        ("holdfast.goal.new", {"checks": [""]}, "a check is empty"),
        ("holdfast.goal.new", {"title": "x", "checks": ["true", " "]}, "a check is empty"),
        ("holdfast.goal.new", {"conditions": [""]}, "a condition is empty"),
        ("holdfast.goal.new", {"conditions": [{"text": " "}]}, "a condition is empty"),
        ("holdfast.goal.new", {"conditions": [{"checks": [" "]}]}, "a check is empty"),
        ("holdfast.goal.list", {"goalId": "none"}, "there is no goal with the id 'none'"),
        ("holdfast.run.list", {"runId": "none"}, "run none is unknown"),
    ],
)
async def test_what_is_empty_or_unknown_is_named(
    project: Path, command: str, argument: dict[str, Any], complaint: str
) -> None:
    async with editor(project, []) as client:
        reply = await client.command(command, argument)
        assert reply["state"] == "error"
        assert complaint in reply["message"]
    assert not (project / ".holdfast" / "goals.md").exists()


async def test_goals_are_added_listed_and_waived(project: Path) -> None:
    async with editor(project, []) as client:
        reply = await client.command(
            "holdfast.goal.new",
            {"title": "Fast", "conditions": ["it is quick"], "checks": ["true"]},
        )
        text = (project / ".holdfast" / "goals.md").read_text()
        assert text == "## Fast\n- [ ] it is quick\n  - check: `true`\n"
        assert reply["uri"].endswith("goals.md")
        source = client.open(_file(project / "a.py", "🙂 must be\n  sorted\n"))
        where = {"start": {"line": 0, "character": 3}, "end": {"line": 1, "character": 8}}
        await client.command("holdfast.goal.new", {"uri": source.uri, "range": where})
        listed = await client.command("holdfast.goal.list")
        assert [entry["condition"] for entry in listed["goals"]] == [
            "it is quick",
            "must be sorted (`a.py`, line 1)",
        ]
        wanted = listed["goals"][1]["conditionId"]
        reply = await client.command("holdfast.goal.waive")
        assert reply["state"] == "error", "which one is not said"
        await client.command("holdfast.goal.waive", {"condition": wanted})
        listed = await client.command("holdfast.goal.list", {"goalId": wanted})
        assert [entry["verdict"] for entry in listed["goals"]] == ["waived"]
        await client.command("holdfast.goal.check", {"goalId": "fast"})
        await client.wait_for(lambda m: "1 goal met" in str(m.get("params")), "the message")


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        (
            {"title": "Fast", "checks": ["true"]},
            "## Fast\n- [ ] `true` succeeds\n  - check: `true`\n",
        ),
        (
            {
                "title": "Fast",
                "conditions": [{"checks": ["true"]}, {"text": "It is small", "checks": ["test 1"]}],
            },
            (
                "## Fast\n- [ ] `true` succeeds\n  - check: `true`\n"
                "- [ ] It is small\n  - check: `test 1`\n"
            ),
        ),
        (
            {"conditions": [{"text": "It is small"}, "it is quick"], "checks": ["true"]},
            (
                "## it is quick\n- [ ] It is small\n- [ ] it is quick\n"
                "- [ ] `true` succeeds\n  - check: `true`\n"
            ),
        ),
    ],
)
async def test_a_goal_has_conditions_each_with_its_checks(
    project: Path, argument: dict[str, Any], text: str
) -> None:
    async with editor(project, []) as client:
        await client.command("holdfast.goal.new", argument)
        assert (project / ".holdfast" / "goals.md").read_text() == text


def _file(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


async def test_run_start_without_anything_works_on_the_first_open_goal(
    project: Path, goals_file: Path
) -> None:
    turns = [calls(("write", {"path": "made.txt", "text": "x"})), finish()]
    goals_file.write_text("## Made\n- [ ] it is made\n  - file: `made.txt`\n")
    async with editor(project, turns) as client:
        reply = await client.command("holdfast.run.start")
        assert reply["message"] == "started: Made"
        await until(client, goals_file, lambda d: d == [], "met")


async def test_quick_checks_run_again_on_save_where_that_is_set(
    project: Path, goals_file: Path
) -> None:
    goals_file.write_text("## Made\n- [ ] it is made\n  - check: `test -e made.txt`\n")
    settings = {"goal": {"check_on_save": True}}
    async with editor(project, [], settings=settings) as client:
        client.open(goals_file)
        await client.command("holdfast.goal.check")
        await until(client, goals_file, lambda d: "goal-unmet" in codes(d).values(), "unmet")
        saved = client.open(_file(project / "made.txt", "x"))
        client.notify("textDocument/didSave", {"textDocument": {"uri": saved.uri}})
        await until(client, goals_file, lambda d: d == [], "met by itself")


async def test_two_editors_on_one_goals_file_agree(project: Path, goals_file: Path) -> None:
    goals_file.write_text("## Made\n- [ ] it is made\n  - check: `test -e check.sh`\n")
    async with editor(project, []) as one, editor(project, []) as two:
        await one.command("holdfast.goal.check")
        await one.wait_for(lambda m: "1 goal met" in str(m.get("params")), "met")
        assert "- [x] it is made" in goals_file.read_text()
        two.notify(
            "workspace/didChangeWatchedFiles",
            {"changes": [{"uri": goals_file.as_uri(), "type": 2}]},
        )
        async with asyncio.timeout(10):
            while (await two.command("holdfast.goal.list"))["goals"][0]["verdict"] != "met":
                pass


async def test_a_person_who_types_is_not_disturbed(project: Path, goals_file: Path) -> None:
    """The condition being edited is another one by now; the other one gets its tick."""
    shutil.rmtree(goals_file.parent)
    goals_file.parent.mkdir()
    text = "## G\n- [ ] one\n  - check: `sleep 0.3`\n- [ ] two\n  - check: `sleep 0.3; true`\n"
    goals_file.write_text(text)
    async with editor(project, []) as client:
        buffer = client.open(goals_file)
        await client.command("holdfast.goal.check")
        await client.wait_for(
            lambda m: m.get("method") == "window/showMessageRequest", "the first question"
        )
        client.change(buffer, text.replace("one", "one and a ha"))
        await client.wait_for(lambda m: "- [x] two" in buffer.text, "the other tick")
        assert "- [ ] one and a ha\n" in buffer.text


BAD_CHECKS: dict[str, tuple[str, str]] = {
    "it hangs": ("sleep 99", "no end within 8 s, so it was stopped"),
    "it hangs in a child": ("(sleep 98 & wait)", "no end within 8 s, so it was stopped"),
    "it leaves a daemon": ("(sleep 97 &) ; exit 1", "exit status 1"),
    "it leaves a daemon with a session of its own": (
        "setsid nohup sleep 96 >/dev/null 2>&1 & exit 2",
        "exit status 2",
    ),
    "it prints a gigabyte": (
        "head -c 1000000000 /dev/zero; echo; echo a.py:1: error: at last; exit 1",
        "exit status 1 (a.py:1: at last)",
    ),
    "it reads its input": ("read answer || exit 4", "exit status 4"),
    "its program is missing": (
        "no-such-program-here --all",
        (
            "exit status 127: `no-such-program-here` is not on the PATH of commands; install it, or "
            "make an environment in the project that has it"
        ),
    ),
    "it cannot be executed": (
        "./a.py",
        "exit status 126: the program cannot be executed; see its permissions",
    ),
    "a signal ends it": ("kill -SEGV $$", "exit status 139 (as after SIGSEGV)"),
    "it is no shell": ("if then )", "exit status 2"),
    "it ran no test": ("echo 'Ran 0 tests in 0.0s'", "exit status 0, but it says that no test ran"),
}
"""What a check does, and what the person reads at its condition."""


@pytest.mark.slow
async def test_of_a_check_that_misbehaves_the_person_reads_how_it_ended(project: Path) -> None:
    file = project / ".holdfast" / "goals.md"
    file.parent.mkdir()
    (project / "a.py").write_text("x = 1\n")
    listed = "".join(f"- [ ] {what}\n  - check: `{how}`\n" for what, (how, _) in BAD_CHECKS.items())
    file.write_text(f"## Checks\n{listed}")
    settings = {"goal": {"check_timeout_seconds": 8}, "permissions": {"mode": "full"}}
    async with editor(project, [], settings=settings) as client:
        client.open(file)
        await until(client, file, lambda d: len(d) == len(BAD_CHECKS), "the goals")
        await client.command("holdfast.goal.check")
        await until(client, file, lambda d: set(codes(d).values()) == {"goal-unmet"}, "unmet")
        read = {d["range"]["start"]["line"]: d["message"] for d in published(client, file)}
        for number, (what, (how, ending)) in enumerate(BAD_CHECKS.items()):
            assert read[1 + 2 * number] == f"`{how}`: {ending}", what
        assert await client.shutdown() == 0
    left = {" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])}
    assert not left & {"sleep 99", "sleep 98", "sleep 97"}
    for each in psutil.process_iter(["cmdline"]):  # In a session of its own: nobody waits for it.
        if each.info["cmdline"] == ["sleep", "96"]:
            each.kill()


ASKS = (
    '{"conditions": [{"id": "%s", "verdict": "blocked", "evidence": [], "missing": "Which blue?"}]}'
)


async def test_a_blocked_goal_asks_in_the_editor_and_goes_on_with_the_answer(project: Path) -> None:
    file = project / ".holdfast" / "goals.md"
    file.parent.mkdir()
    file.write_text("## Colours\n- [ ] the right colour is used\n")
    (condition,) = parse_goals(file.read_text()).goals[0].conditions
    write = calls(("write", {"path": "colour.txt", "text": "navy"}))

    def turn(body: Any) -> ScriptedTurn:
        text = str(body["messages"][-1]["content"])
        if "tools" in body:
            told = any("Navy." in str(message["content"]) for message in body["messages"])
            wrote = body["messages"][-1]["role"] == "tool"
            return write if told and not wrote else finish("It is blue.")
        shown = re.search(r"^### (\S+): change of colour.txt", text, re.MULTILINE)
        if shown is None:
            return ScriptedTurn(text=ASKS % condition.id)
        verdict = {"id": condition.id, "verdict": "met", "evidence": [shown[1]], "missing": ""}
        return ScriptedTurn(text=json.dumps({"conditions": [verdict]}))

    (project / "readme.txt").write_text("x")
    settings = {"permissions": {"mode": "full"}}
    async with editor(project, turn, settings=settings) as client:
        client.open(file)
        await until(client, file, lambda d: len(d) == 1, "the goal")
        reply = await client.command("holdfast.run.start", {"goalId": "colours"})
        await client.wait_for(
            lambda m: shows(m, "Which blue?"),
            "the question",
        )
        await until(client, file, lambda d: codes(d) == {1: "goal-blocked"}, "blocked")
        assert published(client, file)[0]["message"] == "Which blue?"
        answer = {"runId": reply["runId"], "text": "Navy."}
        assert (await client.command("holdfast.run.send", answer))["runId"] == reply["runId"]
        await until(client, file, lambda d: d == [], "met")
        assert (project / "colour.txt").read_text() == "navy"
