"""The extension in real VS Code, in a real browser, with a model that plays a script."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from lsp_server import __version__
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.faults import FaultyTurn
from tests.harness.code_server import CLIENT, changed_since, code_server, need, need_index
from tests.harness.command_line import holdfast
from tests.harness.files import lay_out
from tests.harness.stand import acts, is_verdict, says_verdict
from tests.harness.workshop import calls, finish, says

needs_uv = pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed")
pytestmark = [pytest.mark.editor, pytest.mark.vscode, pytest.mark.timeout(400)]

ANSWER = '''"""The answer to everything."""

from functools import cache


def question():
    """Nobody knows it."""
    return "?"


@cache
def answer():
    """It takes seven and a half million years."""
    return 41  # 🙂
'''
BROKEN = '{\n  "name": "漢字 🙂",\n  "oops"\n}\n'
EDIT = {"path": "answer.py", "old_text": "return 41", "new_text": "return 42"}


KEY = "a-key-that-nobody-may-read"


def task_of(body: Mapping[str, Any]) -> str:
    return str(body["messages"][1]["content"])


def steps_of(body: Mapping[str, Any]) -> int:
    """How many answers the conversation has."""
    return sum(message["role"] == "assistant" for message in body["messages"])


def comment(number: int) -> ScriptedTurn:
    arguments = {**EDIT, "old_text": "42  # 🙂", "new_text": f"42  # number {number}"}
    return acts("edit", arguments, text=f"Number {number}.")


def day(body: Mapping[str, Any]) -> ScriptedTurn:
    """What the model says, by the task and how far it is."""
    if is_verdict(body):
        return says_verdict(body, lambda text: 9 - int(text.split("# number ")[1][0]))
    task, step = task_of(body), steps_of(body)
    if "Sleep." in task:
        return calls(("shell", {"command": "touch sleeping; sleep 60"}))
    if "broken.json" in task:
        look = calls(("diagnostics", {"path": "broken.json"}))
        return look if step == 0 else finish("broken.json is looked at.")
    if "Say what the answer is." in task:
        others = [comment(number) for number in range(1, body.get("n", 1))]
        more = [{"text": each.text, "tool_calls": each.tool_calls} for each in others]
        return FaultyTurn.model_validate({**comment(0).model_dump(), "alternatives": more})
    return (
        (calls(("read", {"path": "answer.py"}), text="I look first."), acts("edit", EDIT))[step]
        if step < 2
        else finish("The answer is 42.")
    )


@pytest.mark.shows(
    *("vscode", "fix", "permission", "progress", "stop", "goals", "meet", "status"),
    *("max_mode", "undo", "search"),
)
async def test_a_day_from_the_first_goal_to_a_cancelled_run(project: Path, tmp_path: Path) -> None:
    need()
    (project / ".git").mkdir()
    (project / "answer.py").write_text(ANSWER, "utf-8")
    (project / "broken.json").write_text(BROKEN, "utf-8")
    (project / ".vscode").mkdir()
    # A checkout may not let itself do everything.
    (project / ".vscode" / "settings.json").write_text('{"holdfast.permissions.mode": "full"}')
    async with (
        ScriptedServer(day) as model,
        code_server(tmp_path / "code", project, environment=remembering(model)) as code,
    ):
        seen = await code.play("day", pictures(), KEY=KEY)
        shown = psutil.Process(code.server_pids()[-1]).environ()
        assert KEY not in str(shown), "what other processes of the person's see of it"
        results = [each.body["messages"][-1]["content"] for each in model.requests]
    assert "error" not in seen, seen["error"]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name.startswith("server-") for path in files)
    assert not [path for path in files if KEY.encode() in path.read_bytes()]

    assert seen["counted"].endswith("0/1 goal")
    assert "step 2" in seen["waiting"]
    assert seen["warns"], "the status bar shows that a person is waited for"
    assert "edit answer.py" in seen["asked"]
    assert seen["answer"] == ANSWER.replace("41", "42")
    assert seen["met"].endswith("1/1 goal")

    assert "Fix with Holdfast" in seen["fix"]
    assert any("broken.json:4" in text and "Colon expected" in text for text in results), results

    assert len(seen["candidates"]) == 3
    assert sum("recommended" in row for row in seen["candidates"]) == 1
    assert seen["untouched"] == seen["answer"], "a proposal changes nothing"
    assert any("# number 1" in line for line in seen["accepted"])
    assert seen["undone"][13] == "    return 42  # 🙂"

    assert any("answer.py" in row for row in seen["hits"]), seen["hits"]

    assert seen["stopMilliseconds"] < 5000
    assert "/1 goal" in seen["end"]
    assert any("Work on a Task" in row for row in seen["menu"])


def asker(body: Mapping[str, Any]) -> ScriptedTurn:
    """Wants two changes, whatever becomes of them."""
    readme = {"path": "README.md", "text": "Read me.\n"}
    turns = (acts("edit", EDIT), acts("write", readme), finish("Asked twice."))
    return turns[steps_of(body)]


async def test_questions_are_answered_where_their_change_is_seen(
    project: Path, tmp_path: Path
) -> None:
    need()
    (project / ".git").mkdir()
    (project / "answer.py").write_text(ANSWER, "utf-8")
    async with (
        ScriptedServer(asker) as model,
        code_server(tmp_path / "code", project, environment=endpoint(model)) as code,
    ):
        seen = await code.play("questions", pictures())
    assert "error" not in seen, seen["error"]
    assert seen["beside"] == 0, "what is seen on its card is asked nowhere else"
    assert seen["asked"].startswith("Holdfast: “Ask twice.” asks: edit answer.py")
    assert "@@" not in seen["asked"], "a diff on one line is no diff"
    assert seen["kept"], "what the person has open stays open"
    assert (seen["before"], seen["after"]) == (ANSWER, ANSWER.replace("41", "42"))
    assert seen["late"] == seen["after"], "a notification that stays changes nothing"
    assert not (project / "README.md").exists()
    assert not [tab for tab in seen["tabs"] if "↔" in tab], "what is answered is closed"


def asks_back(body: Mapping[str, Any]) -> ScriptedTurn:
    """Asks before it begins, then does it, then is polite."""
    said = str(body["messages"])
    if "Thank you." in said:
        return says("You are welcome.")
    if "The first." not in said:
        look = calls(("shell", {"command": "sh -c true"}), first_token_seconds=1.0)
        return (
            says("There are two answers.\n\nWhich of them do you mean?") if steps_of(body) else look
        )
    return finish("It is 42 now.") if "return 42" in said else acts("edit", EDIT)


async def test_a_run_that_asks_is_answered_and_its_mode_switched(
    project: Path, tmp_path: Path
) -> None:
    need()
    (project / ".git").mkdir()
    (project / "answer.py").write_text(ANSWER, "utf-8")
    async with (
        ScriptedServer(asks_back) as model,
        code_server(tmp_path / "code", project, environment=endpoint(model)) as code,
    ):
        seen = await code.play("answers", pictures())
    assert "error" not in seen, seen["error"]
    asked = "“Correct one of them.” asks: Which of them do you mean?"
    assert seen["asked"] == asked
    assert seen["writes"], "what opens leaves the focus where the person writes"
    assert seen["open"] == "true", "what a run does is seen without a click"
    assert "blocked" in seen["row"]
    assert seen["beside"] == 0, "while it asks, its question is its one notification"
    assert (seen["before"], seen["after"]) == (ANSWER, ANSWER.replace("41", "42"))


def sleeper(body: Mapping[str, Any]) -> ScriptedTurn:
    """Two commands that would take a minute, unless the server is killed meanwhile."""
    said = str(body["messages"])
    name = "second" if "first" in said else "first"
    if "touch second" in said:
        return finish("Slept twice.")
    return calls(("shell", {"command": f"touch {name}; sleep 60"}))


@pytest.mark.shows("vscode", "restart")
async def test_a_killed_server_is_started_once_and_its_run_goes_on(
    project: Path, tmp_path: Path
) -> None:
    need()
    (project / ".git").mkdir()
    async with (
        ScriptedServer(sleeper) as model,
        code_server(tmp_path / "code", project, environment=endpoint(model)) as code,
    ):
        seen = await code.play("crash", pictures())
    assert "error" not in seen, seen["error"]
    assert "Sleep twice." in seen["offered"]
    assert seen["startsAfterOne"] == 2
    assert seen["startsAfterTwo"] == 2, "a loop is not fed"
    assert seen["messages"] == 1, "one message, no storm"
    assert seen["startsAtTheEnd"] == 3


def waiter(body: Mapping[str, Any]) -> ScriptedTurn:
    """Waits until it may go on, then says that it did."""
    if steps_of(body):
        return finish("It went on.")
    return calls(("shell", {"command": "touch begun; until test -e go; do sleep 0.1; done"}))


async def test_a_run_goes_on_while_its_window_is_made_anew(project: Path, tmp_path: Path) -> None:
    need()
    (project / ".git").mkdir()
    data = tmp_path / "data"
    environment = {"XDG_DATA_HOME": str(data), "HOLDFAST_GOAL__JUDGE_TASK": "false"}
    settings = {"holdfast.server.background": True}
    try:
        async with (
            ScriptedServer(waiter) as model,
            code_server(
                tmp_path / "code",
                project,
                environment={**endpoint(model), **environment},
                settings=settings,
            ) as code,
        ):
            seen = await code.play("background", pictures())
    finally:
        await holdfast("serve", "--stop", folder=project, **environment)
    assert "error" not in seen, seen["error"]
    assert seen["fronts"] == 2, "one for each window"
    assert "step 1" in seen["status"], "the new window knows the run"


def worker(body: Mapping[str, Any]) -> ScriptedTurn:
    """Sleeps, says hello, or makes a file until the goal is met."""
    task, step = task_of(body), steps_of(body)
    if "Sleep." in task:
        return calls(("shell", {"command": "touch sleeping; sleep 60"}))
    if "Say hello." in task:
        return finish("Hello.")
    return finish("Made.") if step else calls(("write", {"path": "made.txt", "text": "🙂\n"}))


async def test_windows_share_a_folder_and_folders_share_a_window(
    project: Path, tmp_path: Path
) -> None:
    need()
    (project / ".git").mkdir()
    for name in ("one", "two"):
        goals = project / name / ".holdfast" / "goals.md"
        goals.parent.mkdir(parents=True)
        goals.write_text(f"## In {name}\n- [ ] it is made\n  - file: `made.txt`\n")
    folders = {"folders": [{"path": "one"}, {"path": "two"}]}
    (project / "both.code-workspace").write_text(json.dumps(folders))
    async with (
        ScriptedServer(worker) as model,
        code_server(tmp_path / "code", project, environment=endpoint(model)) as code,
    ):
        seen = await code.play("windows", pictures())
    assert "error" not in seen, seen["error"]
    assert ["".join(row.split()) for row in seen["goals"]] == ["Inoneone·0/1", "Intwotwo·0/1"]
    assert seen["counted"].endswith("0/2 goals")
    assert "running" in seen["listed"]
    assert seen["offers"] == 0
    assert seen["made"] == [False, True]


def test_the_package_carries_the_server_and_nothing_that_is_not_used() -> None:
    need()
    with zipfile.ZipFile(CLIENT / "holdfast.vsix") as package:
        names = {name.removeprefix("extension/") for name in package.namelist()}
    assert {name for name in names if name.startswith("dist/")} == {
        "dist/conversation.js",
        "dist/extension.js",
        f"dist/server/holdfast-{__version__}-py3-none-any.whl",
    }
    rooms = {name.split("/")[0] for name in names if "/" in name}
    assert rooms == {"dist", "l10n", "media", "walkthrough"}


@pytest.mark.parametrize("source", ["src/client.ts", "page/conversation.ts", "package.json"])
def test_a_package_that_is_older_than_a_source_is_not_taken_for_it(
    source: str, tmp_path: Path
) -> None:
    package = tmp_path / "holdfast.vsix"
    lay_out(tmp_path, {"src/client.ts": "", "page/conversation.ts": "", "package.json": ""})
    package.touch()
    os.utime(package, (2e9, 2e9))
    assert changed_since(package, tmp_path) is None
    os.utime(tmp_path / source, (3e9, 3e9))
    assert changed_since(package, tmp_path) == source


@pytest.mark.parametrize(
    ("absent", "older", "offer"),
    [
        pytest.param(["holdfast", "uv"], [], "was not found on this machine", id="python"),
        pytest.param(["holdfast"], ["0.0.1", "0.0.2"], "was updated", id="uv", marks=needs_uv),
    ],
)
async def test_the_server_is_installed_on_a_yes(
    absent: list[str], older: list[str], offer: str, project: Path, tmp_path: Path
) -> None:
    need()
    need_index(tmp_path / "downloads")
    hide(absent, tmp_path / "bin")
    nowhere = {"holdfast.server.path": ""}
    installed = tmp_path / "code/data/User/globalStorage/holdfast.holdfast/server"
    async with code_server(tmp_path / "code", project, environment={}, settings=nowhere) as code:
        for age, version in enumerate(reversed(older)):
            (installed / version).mkdir(parents=True)
            os.utime(installed / version, (1e9 - age, 1e9 - age))
        places = {"INSTALLED": str(installed), "VERSION": __version__}
        code.play_seconds = 300.0  # All packages are fetched from an index.
        seen = await code.play("installation", pictures(), **places)
    assert "error" not in seen, seen["error"]
    assert offer in seen["offered"]
    assert __version__ not in seen["afterCancel"], "nothing of what was cancelled is left"
    assert re.search(r"\d+ MB", seen["fetched"]), "how much is fetched is said"
    assert f"Holdfast {__version__}" in "".join(seen["doctor"])
    made = (installed / __version__ / "pyvenv.cfg").read_text("utf-8")
    assert ("\nuv = " in made) == ("uv" not in absent)
    # The last one may still be at work in another window.
    assert {each.name for each in installed.iterdir()} == {__version__, *older[-1:]}
    assert code.server_pids() == [], "no other one was started"


async def test_the_walkthrough_opens_by_itself_once_and_leads_to_a_task(
    project: Path, tmp_path: Path
) -> None:
    need()
    as_it_comes = {"workbench.welcomePage.walkthroughs.openOnInstall": True}
    async with code_server(
        tmp_path / "code", project, environment={}, settings=as_it_comes
    ) as code:
        seen = await code.play("walkthrough", pictures())
    assert "error" not in seen, seen["error"]
    assert "Say what should be done" in seen["steps"]
    assert seen["again"] == 0


async def test_it_says_what_an_installation_needs(project: Path, tmp_path: Path) -> None:
    need()
    pythons = ["python3", *(f"python3.{minor}" for minor in range(11, 15))]
    hide(["holdfast", "uv", *pythons], tmp_path / "bin")
    nowhere = {"holdfast.server.path": ""}
    async with code_server(tmp_path / "code", project, environment={}, settings=nowhere) as code:
        seen = await code.play("means", pictures())
    assert "error" not in seen, seen["error"]
    assert "needs uv or Python 3.11" in seen["told"]


def hide(programs: list[str], folder: Path) -> None:
    """Leaves them without effect for all that VS Code starts, which asks a login shell for the path."""
    folder.mkdir()
    for name in programs:
        (folder / name).write_text("#!/bin/sh\nexit 127\n")
        (folder / name).chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    (Path.home() / ".profile").write_text(f"export PATH={shlex.quote(path)}\n")


async def test_in_a_folder_that_is_not_trusted_no_server_starts(
    project: Path, tmp_path: Path
) -> None:
    need()
    careful = {"security.workspace.trust.enabled": True}
    async with code_server(tmp_path / "code", project, environment={}, settings=careful) as code:
        seen = await code.play("trust", pictures())
    assert "error" not in seen, seen["error"]
    assert len(seen["welcomes"]) == 2, "both views say why"
    assert seen["startsBefore"] == ""
    assert seen["same"], "the window is not loaded anew"
    assert len(code.server_pids()) == 1


def speak(language: str, folder: Path) -> None:
    """What choosing a display language leaves in VS Code's data; of its own texts it has none."""
    texts = folder / "texts.json"
    texts.write_text(json.dumps({"version": "1.0.0", "contents": {}}))
    pack = {
        "hash": "1",
        "label": language,
        "extensions": [{"extensionIdentifier": {"id": "tests.language"}, "version": "1.0.0"}],
        "translations": {"vscode": str(texts)},
    }
    (folder / "languagepacks.json").write_text(json.dumps({language: pack}))
    (folder / "User" / "argv.json").write_text(json.dumps({"locale": language}))


async def test_it_speaks_german_where_the_editor_does(project: Path, tmp_path: Path) -> None:
    need()
    careful = {"security.workspace.trust.enabled": True}
    async with code_server(tmp_path / "code", project, environment={}, settings=careful) as code:
        speak("de", code.folder / "data")
        seen = await code.play("language", pictures())
    assert "error" not in seen, seen["error"]
    assert "eingeschränkt" in seen["status"]
    assert "wenn Sie diesem Ordner vertrauen" in seen["welcome"]
    assert [row.strip() for row in seen["menu"]] == [
        *("Den Server neu starten", "Einstellungen öffnen", "Protokoll zeigen")
    ]


def endpoint(model: ScriptedServer) -> dict[str, str]:
    return {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "scripted"}


def remembering(model: ScriptedServer) -> dict[str, str]:
    return {**endpoint(model), "HOLDFAST_MEMORY__ENABLED": "true"}


def pictures() -> Path:
    return Path(__file__).parents[2] / "out" / "screenshots"
