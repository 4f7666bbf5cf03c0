"""What an earlier version left on disk opens, goes on, can be taken back and is found.

Only doors that a user has are used, so that nothing here changes when the code does.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.data import clients
from tests.fakes import lsp_client
from tests.fakes.lsp_client import LspClient
from tests.harness.command_line import Ended, holdfast
from tests.harness.recorded import ARCHIVES, Recorded, unpacked
from tests.harness.stand import is_verdict
from tests.harness.workshop import calls, finish, judges

CAPABILITIES = clients.snapshot("vscode")["initialize"]["capabilities"]

Script = Sequence[ScriptedTurn] | Callable[[Mapping[str, Any]], ScriptedTurn]


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.gz"))
def recorded(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Recorded:
    """A copy of its own, whose user this process and all that it starts become."""
    found = unpacked(request.param, tmp_path.resolve())
    monkeypatch.delenv("HOLDFAST_MEMORY__ENABLED")
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


async def command(
    recorded: Recorded, *arguments: str, status: int = 0, script: Script = ()
) -> Ended:
    """`holdfast` with a scripted model, to its end, which must be that."""
    async with ScriptedServer(script) as model:
        endpoint = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "s"}
        ended = await holdfast(*arguments, folder=recorded.project, **endpoint)
    assert ended.status == status, f"{arguments}: {ended.output[-3000:]}{ended.errors}"
    return ended


def answer_in_the_project(recorded: Recorded) -> None:
    """Grants here what "always" once granted everywhere: such rules hold in one project alone."""
    recorded.data.mkdir(parents=True, exist_ok=True)
    granted = '[permissions]\nallow = ["shell(sh check.sh)", "shell(touch asked.txt)"]\n'
    (recorded.data / "permissions.toml").write_text(granted)


@asynccontextmanager
async def editor(
    recorded: Recorded, script: Script = (), **settings: dict[str, Any]
) -> AsyncIterator[LspClient]:
    async with ScriptedServer(script) as model:
        endpoint = {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "s"}
        async with lsp_client.started(environment=endpoint) as client:
            await client.initialize(recorded.project, CAPABILITIES, settings)
            await client.command("holdfast.status")
            yield client


async def opened(client: LspClient) -> None:
    """Returns when memory is open."""
    async with asyncio.timeout(20):
        while (await client.command("holdfast.memory.status"))["phase"] != "open":
            pass


async def outcome_of(client: LspClient, run_id: str) -> dict[str, Any]:
    """How the run ends."""

    def is_end(message: lsp_client.Message) -> bool:
        return (
            message.get("method") == "holdfast/event"
            and message["params"]["runId"] == run_id
            and message["params"]["event"]["kind"] == "run_ended"
        )

    end = await client.wait_for(is_end, f"the end of {run_id}")
    outcome: dict[str, Any] = end["params"]["event"]["outcome"]
    return outcome


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and permissions by path; evidence is written into goals, and git is git's."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode)
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != ".holdfast" and ".git" not in path.parts
    }


async def test_goals_keep_their_verdicts_and_what_showed_them(recorded: Recorded) -> None:
    def told(goals: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        return [
            (
                *(goal[key] for key in ("goal_id", "condition_id", "condition", "line", "verdict")),
                [(shown["check"], shown["passed"], shown["at"]) for shown in goal["evidence"]],
            )
            for goal in goals
        ]

    now = await command(recorded, "goals", "--json", status=1)
    assert told(now.events) == told(recorded.goals)
    assert {goal["verdict"] for goal in now.events} == {"met", "unmet", "waived"}


@pytest.mark.slow
async def test_a_check_that_was_approved_runs_without_a_question(recorded: Recorded) -> None:
    (recorded.project / "convert.py").write_text("def kelvin(): ...\n# celsius * 9 / 5\n")
    answer_in_the_project(recorded)
    now = await command(recorded, "goals", "--check", "--json")
    assert [goal["verdict"] for goal in now.events] == ["met", "met", "met", "waived"], now.errors


SHOWN: dict[str, tuple[str, ...]] = {
    "achieved": ("Decision: the factor is 9 / 5", "NOTES.md contains 9 / 5", "Mend the conversion"),
    "undone": ("regret.txt",),
    "planned": ("How would kelvin be added?", "Add a function `kelvin`."),
    "denied": ("touch denied.txt",),
    "failed": ("refused the API key",),
    "unmet": ("It never holds", "attempt.txt"),
    "cycles": ("Lesson: port 48001 is free.", "I intend to go on counting."),
    "judged": ("way.txt", "candidates"),
    "blocked": ("Which blue?", "Navy."),
    "selected": ("Look at this.", "Nothing is wrong."),
    "steered": ("This needs a yes.", "Be quick.", "Max Mode on"),
    "stopped": ("stopped by the person",),
    "accepted": ("write accepted.txt", "candidates"),
    "proposed": ("The proposals are ready to be compared",),
    "interrupted": ("Lesson: count once, never twice.", "sleep 3"),
}
"""What the transcript of each run has to show."""


@pytest.mark.slow
async def test_all_runs_are_listed_and_shown(recorded: Recorded) -> None:
    keys = ("runId", "state", "step", "startedAt", "costUsd")
    async with editor(recorded) as client:
        listed = (await client.command("holdfast.run.list"))["runs"]
        then = recorded.said["listed"]
        assert [[run[key] for key in keys] for run in listed] == [
            [run[key] for key in keys] for run in then
        ]
        # Since then the goals of a run without a task are its title, not a sentence around them.
        own = [(run["title"], old["title"]) for run, old in zip(listed, then, strict=True)]
        assert not [titles for titles in own if len(set(titles)) > 1 and "until" not in titles[1]]
        for name, words in SHOWN.items():
            shown = await client.command("holdfast.run.show", {"runId": recorded.runs[name]})
            assert "uri" in shown, f"{name}: {shown['message']}"
            text = await client.text_of(shown["uri"])
            missing = [each for each in words if each not in text]
            assert not missing, f"the transcript of {name} does not show {missing}"


@pytest.mark.slow
async def test_every_run_goes_on_with_what_it_knew_when_it_is_spoken_to(
    recorded: Recorded,
) -> None:
    """All that its journal holds is read, and makes the prompt."""
    answer_in_the_project(recorded)
    told: list[str] = []

    def answer(body: Mapping[str, Any]) -> ScriptedTurn:
        told.append(json.dumps(body["messages"]))
        return finish("Gone on.")

    titles = {run["runId"]: run["title"].rstrip("…") for run in recorded.said["listed"]}
    async with editor(recorded, answer) as client:
        for name, run_id in recorded.runs.items():
            told.clear()
            words = {"runId": run_id, "text": "Go on, please."}
            reply = await client.command("holdfast.run.send", words)
            assert reply["state"] == "running", f"{name}: {reply['message']}"
            outcome = await outcome_of(client, run_id)
            assert outcome["outcome"] in ("achieved", "finished", "unmet", "blocked"), (
                f"{name}: {outcome}"
            )
            assert titles[run_id] in told[0], f"{name} has forgotten its task"
            assert "Go on, please." in told[0], f"{name} is not told what was said"


@pytest.mark.slow
async def test_an_interrupted_run_goes_on_and_does_nothing_twice(recorded: Recorded) -> None:
    """It looks up by its id what was cut, and edits around a secret that it must not see."""
    prompts: list[list[dict[str, Any]]] = []

    def results(words: str) -> list[str]:
        """What the calls whose arguments have these words gave, as the model is told."""
        ids = [
            call["id"]
            for message in prompts[-1]
            for call in message.get("tool_calls") or ()
            if words in call["function"]["arguments"]
        ]
        return [each["content"] for each in prompts[-1] if each.get("tool_call_id") in ids]

    def answer(body: Mapping[str, Any]) -> ScriptedTurn:
        if is_verdict(body):
            return judges()
        prompts.append(body["messages"])
        if len(prompts) > 1:
            return finish("Counted and measured.")
        (cut,), (config,) = results("measurement"), results("deploy.cfg")
        wanted = json.loads(re.findall(r"recall (\{.*?\})", cut)[0])
        token = re.findall(r"token = .*", config)[0]
        edit = {
            "path": "deploy.cfg",
            "old_text": f"{token}\nretries = 3",
            "new_text": f"{token}\nretries = 5",
        }
        return calls(("recall", wanted), ("edit", edit))

    config = recorded.project / "deploy.cfg"
    before = config.read_text()
    resumed = ("run", "--json", "--resume", recorded.runs["interrupted"])
    now = await command(recorded, *resumed, script=answer)

    (counted,), (killed,), (never,) = results("counter.txt"), results("half.txt"), results("later")
    assert counted.startswith("exit status 0"), "the call that had ended has its result"
    assert "interrupted" in killed, "of the call that was killed it is told"
    assert "not run" in never, "and of the one that had not begun"
    assert (recorded.project / "counter.txt").read_text() == "once\n", "nothing is done twice"
    assert not (recorded.project / "later.txt").exists()
    called = [event["call"]["name"] for event in now.events if event["kind"] == "tool_called"]
    assert called == ["recall", "edit", "finish"], "only what is new is called"
    assert "measurement 350\n" in results('"cursor"')[0], "the rest of what was cut"
    assert config.read_text() == before.replace("= 3", "= 5"), "the token is where it was"


@pytest.mark.slow
async def test_what_a_killed_command_had_done_can_be_taken_back(recorded: Recorded) -> None:
    assert (recorded.project / "half.txt").exists()
    undone = await command(recorded, "undo", recorded.runs["interrupted"])
    assert {"removed counter.txt", "removed half.txt"} <= set(undone.output.splitlines())
    assert not (recorded.project / "half.txt").exists()


async def test_an_achieved_run_is_taken_back_byte_for_byte(recorded: Recorded) -> None:
    before, after = files(recorded.root / "before"), files(recorded.project)
    changed = {path for path in before if before[path] != after.get(path)}
    assert changed == {"convert.py", "notes.txt", "old.txt", "hello.sh"}, "it did something"
    await command(recorded, "undo", recorded.runs["achieved"])
    now = files(recorded.project)
    differ = [path for path in before if before[path] != now.get(path)]
    assert differ == [], "these are not as they were"
    assert {"NOTES.md", "out/boiling"} <= after.keys() - now.keys(), "what was made is gone"


FOUND = [
    ("code", "fahrenheit celsius", "convert.py"),
    ("action", "echo 212 boiling", "out/boiling"),
    ("action", "achieved fahrenheit computed", "achieved: Fahrenheit is computed with 9 / 5."),
    ("action", "first commit", ": First"),
    ("fact", "kelvin station", "Sodankylä"),
    ("fact", "factor upside down", "`sh check.sh` fails"),
]
"""What is looked for, and what is among the hits."""


@pytest.mark.slow
async def test_what_was_remembered_is_found_on_the_command_line(recorded: Recorded) -> None:
    found = await command(recorded, "search", "fahrenheit factor", "--kind", "all")
    for words in (
        "convert.py:1-9",
        "achieved: Fahrenheit is computed",
        "`sh check.sh` fails while",
    ):
        assert words in found.output, f"{words}: {found.output}"


@pytest.mark.slow
async def test_the_tables_of_memory_are_read_and_not_made_anew(recorded: Recorded) -> None:
    """Of journals and files of facts there is nothing left to make them of."""
    recorded.lose_all_but("memory")
    off = {"index_on_start": False, "commits_max": 0}
    async with editor(recorded, memory=off) as client:
        await opened(client)
        for kind, query, words in FOUND:
            if kind == "code":
                continue  # It comes from the source, which may be cut in another way by now.
            wanted = {"query": query, "kind": kind, "limit": 100}
            hits = (await client.command("holdfast.memory.search", wanted))["hits"]
            assert words in json.dumps(hits, ensure_ascii=False), f"{kind}, {query}: {hits}"
        status = await client.command("holdfast.memory.status")
        assert status.get("problems", []) == [], "no table was put aside"


@pytest.mark.slow
async def test_code_is_found_however_an_earlier_version_cut_it(recorded: Recorded) -> None:
    recorded.lose_all_but("memory")
    await command(recorded, "index", "--words")
    found = await command(recorded, "search", "fahrenheit celsius", "--kind", "code")
    assert "convert.py" in found.output


@pytest.mark.slow
async def test_what_is_forgotten_leaves_every_file(recorded: Recorded) -> None:
    def holding() -> list[str]:
        return [path.name for path in recorded.files() if b"port 48003" in path.read_bytes()]

    assert {"journal.jsonl", "transcript.md"} <= set(holding())
    async with editor(recorded) as client:
        await opened(client)
        await client.command("holdfast.memory.forget", {"query": "port 48003"})
        assert holding() == []
        shown = await client.command("holdfast.run.show", {"runId": recorded.runs["cycles"]})
        text = await client.text_of(shown["uri"])
        assert "Lesson: port 48004 is free." in text, "the rest stays"


RULES: list[tuple[str, dict[str, str], str]] = [
    ("shell", {"command": "sh check.sh"}, "exit status 0"),
    ("shell", {"command": "touch asked.txt"}, "exit status 0"),
    ("write", {"path": "free.txt", "text": "x"}, "created free.txt"),
    ("shell", {"command": "git push origin"}, "shell(git push *)"),
    ("read", {"path": "private/diary.txt"}, "read(private/**)"),
    ("shell", {"command": "rm -rf out"}, "shell(rm -rf *)"),
    ("shell", {"command": "touch another.txt"}, "not allowed"),
]
"""Calls, and what is said of each under the rules of the user and the project. The second was
answered with “always” in an editor; the last one is asked about, and nobody answers."""


@pytest.mark.slow
async def test_the_rules_of_the_user_are_in_force(recorded: Recorded) -> None:
    answer_in_the_project(recorded)
    script = [*(calls((tool, arguments)) for tool, arguments, _ in RULES), finish()]
    now = await command(recorded, "run", "--json", "Try the rules", script=script, status=5)
    returned = [event for event in now.events if event["kind"] == "tool_returned"]
    for (_, arguments, ending), event in zip(RULES, returned, strict=False):
        assert ending in event["result"]["text"], f"{arguments}: {event['result']['text']}"
    asked = [event["question"]["detail"] for event in now.events if "question" in event]
    assert asked == ["touch another.txt"]


SETTINGS: dict[str, dict[str, Any]] = {
    "model": {"temperature": 0.25, "price_output": 4.0},
    "max_mode": {"samples": 3},
    "goal": {"re_entries_max": 1},
    "memory": {"embedder": "hashing"},
    "permissions": {"mode": "auto-edit"},
    "run": {"steps_max": 41},
}


@pytest.mark.slow
async def test_the_settings_of_the_user_and_the_project_are_in_force(recorded: Recorded) -> None:
    report = (await command(recorded, "doctor")).output
    block = report.partition("## Settings")[2].partition("```json")[2].partition("```")[0]
    now = json.loads(block)
    for section, values in SETTINGS.items():
        assert values.items() <= now[section].items(), section
    problems = report.partition("## Problems with the settings")[2].partition("\n## ")[0].strip()
    named = re.findall(
        r"^- (\S+\([^)]*\)) in .* does not hold: it names a file", problems, re.MULTILINE
    )
    assert named == ["shell(sh check.sh)", "shell(touch asked.txt)"], problems
    assert problems.count("\n- ") == 1, problems


@pytest.mark.slow
async def test_a_proposal_is_accepted(recorded: Recorded) -> None:
    path = recorded.project / "proposed.txt"
    assert not path.exists()
    run_id = recorded.runs["proposed"]
    async with editor(recorded, [finish()]) as client:
        reply = await client.command("holdfast.max.accept", {"proposalId": run_id})
        assert reply["state"] == "running", reply["message"]
        outcome = await outcome_of(client, run_id)
        assert outcome["outcome"] == "finished", outcome
    assert path.read_text() == "proposal III\n", "the winner was carried out"
