"""What a person changed, reviewed: by an editor and on a terminal, with a real repository."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.lsp_client import LspClient, started
from tests.harness.command_line import holdfast
from tests.harness.files import lay_out
from tests.harness.git import committed, git
from tests.harness.workshop import calls, finish, says

BEFORE = "def half(x):\n    return x / 2\n\n\ndef last(xs):\n    return xs[-1]\n"
AFTER = BEFORE.replace("x / 2", "x // 2")
TRUE = {
    "path": "math.py",
    "quote": "    return x // 2",
    "severity": "error",
    "title": "half drops the rest",
    "failure": "half(3) is 1 and no longer 1.5",
}
INVENTED = {**TRUE, "quote": "return xs[len(xs)]", "title": "off by one"}
UNTRACKED = {
    "path": "b/new.py",
    "quote": "+eval(input())",
    "title": "runs what is typed",
    "failure": "typing exit() ends it",
}
VAGUE = {**TRUE, "failure": " "}


def answer(*findings: Any) -> ScriptedTurn:
    return says(f"I looked.\n\n```json\n{json.dumps(findings)}\n```")


def environment_for(model: ScriptedServer) -> dict[str, str]:
    return {"HOLDFAST_MODEL__BASE_URL": model.base_url, "HOLDFAST_MODEL__NAME": "s"}


@pytest.fixture
def changed(project: Path) -> Path:
    """A repository with one file that was changed, and one that is new."""
    lay_out(project, {"math.py": BEFORE})
    committed(project)
    lay_out(project, {"math.py": AFTER, "b/new.py": "eval(input())\n"})
    return project


def shown(client: LspClient, path: Path) -> list[Any]:
    published = [
        message["params"]["diagnostics"]
        for message in client.received
        if message.get("method") == "textDocument/publishDiagnostics"
        and message["params"]["uri"] == path.as_uri()
    ]
    return published[-1] if published else []


async def test_findings_stand_at_the_lines_that_they_quote(changed: Path) -> None:
    turns = [
        calls(("read", {"path": "math.py"})),
        answer(TRUE, INVENTED, VAGUE, UNTRACKED, "nonsense"),
        answer(),
    ]
    async with (
        ScriptedServer(turns) as model,
        started(environment=environment_for(model)) as client,
    ):
        await client.initialize(changed, {"workspace": {"applyEdit": True}})
        reply = await client.command("holdfast.review.run")
        assert reply["state"] != "error", reply
        said = await client.wait_for(
            lambda m: "review:" in str(m.get("params", {}).get("message")), "the result"
        )
        assert said["params"]["message"] == (
            "Holdfast: review: 2 findings; 3 dropped, without a failure or a true quote"
        )
        await client.wait_for(lambda _: bool(shown(client, changed / "math.py")), "the finding")
        (finding,) = shown(client, changed / "math.py")
        assert (finding["code"], finding["source"]) == ("review-finding", "holdfast")
        assert finding["range"]["start"]["line"] == 1
        assert finding["message"] == "half drops the rest: half(3) is 1 and no longer 1.5"
        (new,) = shown(client, changed / "b" / "new.py")
        assert new["range"]["start"]["line"] == 0
        prompt = str(model.requests[0].body["messages"])
        assert "return x // 2" in prompt
        assert "eval(input())" in prompt

        buffer = client.open(changed / "math.py")
        client.change(buffer, "# above\n" + AFTER)
        actions = await client.request(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": buffer.uri},
                "range": finding["range"],
                "context": {"diagnostics": [finding]},
            },
        )
        assert any(one["title"].startswith("Fix with Holdfast: half drops") for one in actions)

        await client.command("holdfast.review.run", {"uri": buffer.uri})
        await client.wait_for(lambda m: "nothing was found" in str(m), "the second result")
        await client.wait_for(lambda _: not shown(client, changed / "math.py"), "no finding")
        second = str(model.requests[-1].body["messages"])
        assert "eval(input())" not in second, "it is about one file"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"base": "none"}, "git knows no commit 'none'"),
        ({"base": "--output=x"}, "git knows no commit"),
        ({"base": "$(touch x)"}, "git knows no commit"),
        ({"base": "HEAD; touch x"}, "git knows no commit"),
    ],
)
async def test_a_base_that_is_none_is_named(
    changed: Path, arguments: Mapping[str, str], said: str
) -> None:
    async with ScriptedServer([]) as model, started(environment=environment_for(model)) as client:
        await client.initialize(changed)
        await client.command("holdfast.review.run", arguments)
        await client.wait_for(lambda m: said in str(m), said)
        assert not (changed / "x").exists()


async def test_a_message_is_written_for_what_is_staged(changed: Path) -> None:
    git(changed, "add", "math.py")
    async with (
        ScriptedServer([says("Halve with whole numbers\n\nAs asked.")]) as model,
        started(environment=environment_for(model)) as client,
    ):
        await client.initialize(changed)
        reply = await client.command("holdfast.commit.message")
        assert reply["state"] != "error", reply
        await client.wait_for(lambda m: "Halve with whole numbers" in str(m), "the message")
        prompt = str(model.requests[0].body["messages"])
        assert "return x // 2" in prompt
        assert "eval(input())" not in prompt, "it is not staged"


async def test_on_a_terminal_findings_are_lines_and_an_exit_status(changed: Path) -> None:
    turns = [answer(TRUE, INVENTED), answer(), says("All fine!"), finish("[]"), answer(TRUE)]
    async with ScriptedServer(turns) as model:

        async def review(*arguments: str) -> Any:
            return await holdfast("review", *arguments, folder=changed, **environment_for(model))

        found = await review()
        assert found.status == 3, found.errors
        assert found.output == (
            "math.py:2: error: half drops the rest\n    half(3) is 1 and no longer 1.5\n"
        )
        assert "1 finding; 1 dropped" in found.errors
        none = await review("--base", "HEAD")
        assert (none.status, none.output) == (0, "")
        unread = await review()
        assert (unread.status, "no findings that could be read" in unread.errors) == (1, True)
        bare = await review("math.py")
        assert bare.status == 0, bare.errors
        machine = await review("--json")
        assert json.loads(machine.output)["line"] == 2


async def test_without_a_repository_or_a_change_it_is_said(project: Path) -> None:
    async with ScriptedServer([]) as model:
        lay_out(project, {"a.txt": "1\n"})
        outside = await holdfast("review", folder=project, **environment_for(model))
        assert (outside.status, "in no git repository" in outside.errors) == (1, True)
        committed(project)
        nothing = await holdfast("review", folder=project, **environment_for(model))
        assert (nothing.status, "nothing was changed" in nothing.errors) == (1, True)
