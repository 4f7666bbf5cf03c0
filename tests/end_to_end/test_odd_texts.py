"""The server answers while a run works on texts that are slow to look through."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from lsp_server.models.scripted.scenario import ScriptedCall, ScriptedTurn
from tests.data.hostile import hostile
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.lsp_client import started

ANSWER_SECONDS = 2.0
"""A machine that is shared may take so long for an answer that takes milliseconds."""
CHARS = 1_000_000


def call(name: str, **arguments: object) -> ScriptedCall:
    return ScriptedCall(name=name, arguments=arguments)


def tokens_in_tokens() -> str:
    """Tokens that begin in one another, none twice, as an answer that repeats itself is cut."""
    return "".join(f"sk-{number}-" for number in range(6_000))


async def test_the_status_is_answered_during_every_step(project: Path) -> None:
    (project / "tokens.js").write_text(hostile("tokens that begin again and again", CHARS))
    (project / "names.js").write_text(hostile("names", CHARS) + "\nlast = 1\n")
    (project / "lines.txt").write_text("\n" * CHARS)
    steps = [
        call("read", path="tokens.js"),
        call("read", path="half.txt"),
        call("search", query="token"),
        call("search", query="(a|b)*c$", mode="regex"),
        call("shell", command="cat tokens.js lines.txt"),
        call("edit", path="names.js", old_text="last = 1", new_text="last = 2"),
        call("write", path="new.js", text=tokens_in_tokens()),
    ]
    turns = [ScriptedTurn(tool_calls=[each]) for each in steps]
    turns.append(ScriptedTurn(tool_calls=[call("finish", summary="All read.")]))
    async with FaultyServer(turns) as model:
        environment = {
            "HOLDFAST_MODEL__BASE_URL": model.base_url,
            "HOLDFAST_PERMISSIONS__MODE": "full",
        }
        async with started(environment=environment) as client:
            await client.initialize(project)
            await client.command("holdfast.status")
            client.open(project / "half.txt", "half \ud83d \x85\u2028 here\n")
            await client.command("holdfast.run.start", {"prompt": "Read all."})
            slowest, end, status = 0.0, time.monotonic() + 100, {"state": "starting"}
            while status["state"] != "idle":
                began = time.monotonic()
                status = await client.command("holdfast.status")
                slowest = max(slowest, time.monotonic() - began)
                assert time.monotonic() < end, status
            assert "All read" in status["message"]
            sys.stdout.write(f"slowest answer: {slowest * 1000:.0f} ms\n")
            assert slowest < ANSWER_SECONDS
    assert (project / "names.js").read_text().endswith("last = 2\n")
