"""Codex, an agent that nobody here wrote, searches our memory and has a goal checked through `holdfast mcp`.

Its model is a script on loopback, over the Responses wire.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.wire_server import Reply, WireServer
from tests.harness.command_line import YES
from tests.harness.lent import COMMAND, INSTALLED, environment

PROGRAMS = sorted(INSTALLED.glob("@openai/codex-*/vendor/*/bin/codex"))
NAMESPACE = "mcp__holdfast"
"""Under which Codex offers the tools of a server with this name."""

pytestmark = pytest.mark.skipif(
    not PROGRAMS, reason="tests/mcp_server/clients/install brings Codex"
)


def answers(*items: dict[str, Any]) -> Reply:
    """A streamed answer of the Responses wire."""
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    about = {"id": "r1", "object": "response", "output": list(items), "usage": usage}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**about, "output": []}},
        *(
            {"type": "response.output_item.done", "output_index": place, "item": item}
            for place, item in enumerate(items)
        ),
        {"type": "response.completed", "response": {**about, "status": "completed"}},
    ]
    return Reply(tuple(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events))


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {
        "type": "function_call",
        "call_id": f"call_{tool}",
        "namespace": NAMESPACE,
        "name": tool,
        "arguments": json.dumps(arguments),
    }


def config(base_url: str, project: Path) -> str:
    """Codex's settings: the scripted model, and our server as a user would name it."""
    command, *rest = COMMAND
    rest += ["--workspace", str(project)]
    rest += YES
    needed = {name: environment()[name] for name in sorted(environment()) if _is_ours(name)}
    variables = ", ".join(f"{name} = {json.dumps(value)}" for name, value in needed.items())
    return f"""
model = "scripted"
model_provider = "scripted"
approval_policy = "never"
[model_providers.scripted]
name = "scripted"
base_url = "{base_url}"
wire_api = "responses"
[mcp_servers.holdfast]
command = {json.dumps(command)}
args = {json.dumps(rest)}
env = {{ {variables} }}
required = true
startup_timeout_sec = 60
tool_timeout_sec = 60
"""


def _is_ours(name: str) -> bool:
    return name.startswith(("HOLDFAST_", "XDG_", "PYTHON")) or name == "HOME"


async def test_codex_searches_memory_and_checks_a_goal(project: Path, tmp_path: Path) -> None:
    (project / "calc.py").write_text(
        'def add(a, b):\n    """Adds two numbers."""\n    return a + b\n'
    )
    (project / ".holdfast").mkdir()
    (project / ".holdfast" / "goals.md").write_text(
        "## It adds\n- [ ] it adds\n  - check: `grep -q 'a + b' calc.py`\n"
    )
    home = tmp_path / "codex"
    home.mkdir()
    said = {"role": "assistant", "content": [{"type": "output_text", "text": "It holds."}]}
    script = (
        answers(call("search", query="adds two numbers")),
        answers(call("goal_check")),
        answers({"type": "message", "id": "m1", **said}),
    )
    async with WireServer(*script).serving() as model, asyncio.timeout(100):
        (home / "config.toml").write_text(config(model.base_url, project))
        process = await asyncio.create_subprocess_exec(
            *(str(PROGRAMS[0]), "exec", "--json", "--skip-git-repo-check"),
            *("--sandbox", "danger-full-access", "--cd", str(project), "Search and check."),
            env={"PATH": os.environ["PATH"], "HOME": str(home), "CODEX_HOME": str(home)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        output = (await process.communicate())[0].decode()
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    done = [line["item"] for line in lines if line["type"] == "item.completed"]
    called = {
        one["tool"]: one["result"]["structured_content"]
        for one in done
        if one["type"] == "mcp_tool_call"
    }
    assert called["search"]["found"][0]["path"] == "calc.py", output
    assert called["goal_check"]["all_met"], output
    condition = called["goal_check"]["goals"][0]["conditions"][0]
    assert condition["evidence"][0]["ending"] == "exit status 0"
    # What was found is what its model read next.
    last = json.loads(model.requests[-1].body)["input"]
    outputs = [one["output"] for one in last if one.get("type") == "function_call_output"]
    assert "calc.py" in json.dumps(outputs[0])
    assert "all_met" in json.dumps(outputs[1])
