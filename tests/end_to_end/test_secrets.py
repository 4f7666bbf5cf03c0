"""Two hundred planted secrets, and every place where text is kept or sent."""

from __future__ import annotations

import base64
import html
import json
import logging
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from lsp_server.domain.memories import Query
from lsp_server.domain.tasks import Finished
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.data.planted import Planted, planted
from tests.harness.workshop import Workshop, calls, finish, workshop

BACKUPS = "checkpoints"
"""Whole files as a person had them, for undo; they are that person's own."""


OWN = "rose bud (2024)"
"""A password as people choose them: nothing but its place says that it is one."""


def shares(secrets: list[Planted], count: int) -> Iterator[list[Planted]]:
    size = len(secrets) // count
    return (secrets[at * size : (at + 1) * size] for at in range(count))


def turns(in_output: list[Planted], in_arguments: list[Planted]) -> list[ScriptedTurn]:
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


def prompts_of(shop: Workshop) -> str:
    """All texts that were sent, as they are meant."""
    return "\n".join(text for request in shop.server.requests for text in texts_in(request.body))


def texts_in(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from texts_in(item)
        case list():
            for item in value:
                yield from texts_in(item)
        case _:
            pass


def kept_of(shop: Workshop) -> dict[str, bytes]:
    """All files of the data folder but the backups, by name."""
    folder = shop.session.runs.store.folder.parent
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and BACKUPS not in path.parts
    }


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
        assert isinstance(outcome, Finished)
        memory_of = await shop.session.memory.ready()
        await shop.session.memory.search(Query("token"))
        await memory_of.settle()
        shop.session.transcript()
        prompts = prompts_of(shop)
        kept = kept_of(shop)
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


ODD = 'p@ss/w%rd "tangerine" & \\t'
LINES = "rose garden one\nporcupine garden two"
IN_ADDRESS = "wombat-in-the-woods"
OLD = "flamingo-of-last-year"
ENV = f"""\
ODD_SECRET={json.dumps(ODD)}
LINES_SECRET="{LINES}"
DATABASE_URL=postgres://admin:{IN_ADDRESS}@db/app
# OLD_SECRET={OLD}
"""
FORMS = [
    *(ODD, quote(ODD, safe=""), json.dumps(ODD)[1:-1], repr(ODD)[1:-1], html.escape(ODD)),
    base64.b64encode(ODD.encode()).decode().rstrip("="),
    *LINES.splitlines(),
    *(IN_ADDRESS, OLD),
]
"""What must be nowhere, however a program writes it."""


def committed(project: Path, subject: str) -> None:
    me = ["-c", "user.name=me", "-c", "user.email=me@here"]
    for command in (["init", "-q"], ["add", "notes.py"], ["commit", "-qm", subject]):
        subprocess.run(["git", *me, *command], cwd=project, check=True)


async def test_a_secret_is_known_however_it_is_written_and_wherever(project: Path) -> None:
    (project / ".env").write_text(ENV)
    spelled = "\n".join(FORMS)
    (project / "notes.py").write_text(f"# {'# '.join(spelled.splitlines(keepends=True))}\n")
    committed(project, f"Use {IN_ADDRESS}")
    careless = [
        calls(("read", {"path": ".env"}), ("read", {"path": "notes.py"})),
        calls(("shell", {"command": "cat .env notes.py; git log"})),
        calls(("search", {"query": "garden"}), ("remember", {"text": f"It is {OLD}."})),
        finish(spelled),
    ]
    memory = {"enabled": True, "embedder": "hashing"}
    async with workshop(project, careless, memory=memory) as shop:
        await shop.run(f"Log in with {IN_ADDRESS}")
        await shop.session.memory.facts.remember(f"The password is {IN_ADDRESS}.")
        await shop.session.memory.index()
        await shop.session.memory.settle()
        shop.session.transcript()
        prompts, kept = prompts_of(shop), kept_of(shop)
    seen = {form: [*(["prompts"] if form in prompts else [])] for form in FORMS}
    for form, places in seen.items():
        places += [name for name, data in kept.items() if form.encode() in data]
    assert {form: places for form, places in seen.items() if places} == {}
    assert "ODD_SECRET=" in prompts, "names stay"
