"""Two hundred planted secrets, and every place where text is kept or sent."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.domain.memories import Query
from lsp_server.domain.tasks import Achieved
from lsp_server.models.scenario import Turn
from tests.fakes.planted import Planted, planted
from tests.fakes.workshop import calls, finish, workshop

BACKUPS = "checkpoints"
"""Whole files as a person had them, for undo; they are that person's own."""


OWN = "rose bud (2024)"
"""A password as people choose them: nothing but its place says that it is one."""


def shares(secrets: list[Planted], count: int) -> Iterator[list[Planted]]:
    size = len(secrets) // count
    return (secrets[at * size : (at + 1) * size] for at in range(count))


def turns(in_output: list[Planted], in_arguments: list[Planted]) -> list[Turn]:
    """A careless model: it reads, prints, writes and remembers secrets."""
    lines = [one.line for one in in_arguments]
    return [
        calls(("read", {"path": "settings.py"}), ("read", {"path": ".env"})),
        calls(
            ("shell", {"command": "cat output.txt .env services/api/.env"}),
            text="\n".join(lines[:5]),
        ),
        calls(("shell", {"command": "env"})),
        calls(("edit", {"path": ".env", "old_text": "V0=", "new_text": "V9=\nV0="})),
        calls(("search", {"query": "=", "limit": 500})),
        calls(("search", {"query": "connect with the token", "mode": "semantic"})),
        *(calls(("write", {"path": "made.py", "text": line}), text=line) for line in lines),
        *(calls(("shell", {"command": f": '{line}'"})) for line in lines),
        *(calls(("remember", {"text": f"Log in so: {line}"})) for line in lines[:20]),
        calls(("recall", {"query": "token password key"})),
        finish("\n".join(one.line for one in in_output[:10])),
    ]


async def test_no_planted_secret_is_kept_or_sent(
    project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = planted()
    in_files, in_output, in_arguments, in_environment = shares(secrets, 4)
    (project / "settings.py").write_text("\n".join(one.line for one in in_files))
    (project / ".env").write_text("\n".join(f"V{n}={one.text}" for n, one in enumerate(in_files)))
    (project / "services" / "api").mkdir(parents=True)
    (project / "services" / "api" / ".env").write_text(f"DB_PASSWORD={OWN}\n")
    (project / "output.txt").write_text("\n".join(one.line for one in in_output))
    for number, one in enumerate(in_environment):
        monkeypatch.setenv(f"SERVICE_{number}_TOKEN", one.text)
    caplog.set_level(logging.DEBUG)
    memory = {"enabled": True, "embedder": "hashing"}
    async with workshop(project, turns(in_output, in_arguments), memory=memory) as shop:
        await shop.session.memory.index()
        outcome = await shop.run("Log in with " + in_arguments[0].line)
        assert isinstance(outcome, Achieved)
        memory_of = await shop.session.memory.ready()
        await shop.session.memory.search(Query("token"))
        await memory_of.settled()
        shop.session.runs.transcript()
        prompts = json.dumps([request.body for request in shop.server.requests])
        folder = shop.session.runs.folder.parent
        kept = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and BACKUPS not in path.parts
        }
    assert {name.partition("/")[0] for name in kept} >= {"runs", "memory"}
    leaks = [
        (one.kind, place)
        for one in secrets
        for place, text in (("prompts", prompts), ("the log", caplog.text))
        if one.text in text
    ]
    leaks += [
        (one.kind, name)
        for one in secrets
        for name, data in kept.items()
        if one.text.encode() in data
    ]
    assert OWN not in prompts
    assert not [name for name, data in kept.items() if OWN.encode() in data]
    assert leaks == []
