"""The extension through VS Code's own interface: `editor-client/test/host` runs in its extension host."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.code_server import CLIENT, code_server, need
from tests.harness.stand import is_verdict
from tests.harness.workshop import calls, finish

pytestmark = [pytest.mark.editor, pytest.mark.vscode, pytest.mark.timeout(240)]

WAITS = "touch has-read; until [ -e goes-on ]; do sleep 0.02; done"
SAYS_42 = {"old_text": "answer = 41", "new_text": "answer = 42"}


def agent(body: Mapping[str, Any]) -> ScriptedTurn:
    """What the model says, by the task and how far it is."""
    task = str(body["messages"][1]["content"])
    step = sum(message["role"] == "assistant" for message in body["messages"])
    if "z is nowhere" in task:
        turns = [calls(("diagnostics", {"path": "found.py"}))]
    elif "Let typed.py say 42." in task:
        turns = [
            calls(("read", {"path": "typed.py"})),
            calls(("shell", {"command": WAITS})),
            calls(("edit", {"path": "typed.py", **SAYS_42})),
        ]
    elif "Let it say 42." in task:
        path = "a b#c 100% ä漢🙂/d;e+f&g=h.py"
        turns = [calls(("read", {"path": path})), calls(("edit", {"path": path, **SAYS_42}))]
    else:
        turns = []
    return turns[step] if step < len(turns) else finish("Done.")


def bundle() -> None:
    """Builds what runs in the host."""
    subprocess.run(["npm", "run", "--silent", "host"], cwd=CLIENT, check=True)


@pytest.mark.shows("vscode", "work", "fix", "unsaved", "undo")
async def test_the_behaviours_of_the_extension_host(project: Path, tmp_path: Path) -> None:
    need()
    bundle()
    (project / ".git").mkdir()
    settings = project / ".vscode" / "settings.json"
    settings.parent.mkdir()
    # What a checkout may set, and what it may not.
    chosen = {"model.temperature": 0.3, "model.base_url": "http://evil.test/v1"}
    settings.write_text(json.dumps({f"holdfast.{name}": value for name, value in chosen.items()}))
    results = tmp_path / "results.json"
    async with (
        ScriptedServer(agent) as model,
        code_server(
            tmp_path / "code",
            project,
            environment={
                "HOLDFAST_MODEL__BASE_URL": model.base_url,
                "HOLDFAST_MODEL__NAME": "scripted",
                "RESULTS": str(results),
            },
            settings={"holdfast.permissions.mode": "full"},
        ) as code,
    ):
        seen = await code.play(
            "host",
            Path("out/screenshots"),
            RESULTS=str(results),
            DEVELOPMENT=str(CLIENT / "test" / "host"),
            TESTS=str(CLIENT / "out" / "host" / "index.cjs"),
        )
    assert "error" not in seen, seen["error"]
    behaviours = json.loads(results.read_text("utf-8"))
    assert behaviours
    failed = [f"{each['name']}: {each['error']}" for each in behaviours if "error" in each]
    assert not failed, "\n\n".join(failed)

    asked = [each.body for each in model.requests if not is_verdict(each.body)]
    assert {body["temperature"] for body in asked} == {0.3}
    told = [str(body["messages"][-1]["content"]) for body in asked]
    (explained,) = {body["messages"][1]["content"] for body in asked if "selected.py" in str(body)}
    assert "answer = 41" in explained, "what is selected is shown to the model"
    (fixed,) = {body["messages"][1]["content"] for body in asked if "It says:" in str(body)}
    assert "assert 41 == 42" in fixed, "the failing test itself is shown to the model"
    assert any("found.py:1" in text and "z is nowhere" in text for text in told), told
