"""`holdfast models`: which models there are, which one runs use, and the choice of one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lsp_server.models.scripted.scenario import EndpointBehaviour
from lsp_server.models.scripted.server import ScriptedServer
from tests.harness.command_line import holdfast
from tests.harness.workshop import says


def endpoint(*models: str) -> ScriptedServer:
    return ScriptedServer([says("ready")], behaviour=EndpointBehaviour(models=models))


@pytest.fixture
def user_file(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HOLDFAST_MODEL__BASE_URL")
    monkeypatch.delenv("HOLDFAST_MODEL__NAME", raising=False)
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "holdfast" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


def uses(server: ScriptedServer, name: str) -> str:
    return f'# mine\n[model]\nbase_url = "{server.base_url}"\nname = "{name}"\n'


async def test_models_are_listed_and_the_one_in_use_is_marked(
    project: Path, user_file: Path
) -> None:
    async with endpoint("qwen", "llama") as server, endpoint("other") as another:
        user_file.write_text(uses(server, "llama"))
        listed = await holdfast("models", folder=project)
        assert listed.status == 0, listed.errors
        assert f"  qwen   {server.base_url}\n* llama  {server.base_url}\n" in listed.output
        assert f"runs use llama at {server.base_url}\n" in listed.output
        rows = await holdfast("models", "--json", folder=project)
        found = [json.loads(line) for line in rows.output.splitlines()]
        here = [row for row in found if row["base_url"] == server.base_url]
        assert [(row["name"], row["current"]) for row in here] == [("qwen", False), ("llama", True)]
        elsewhere = await holdfast("models", another.base_url, folder=project)
        assert f"  other  {another.base_url}\n" in elsewhere.output
        assert not server.requests, "nothing is asked for an answer"


async def test_a_chosen_model_is_tried_and_kept(project: Path, user_file: Path) -> None:
    async with endpoint("old") as server, endpoint("a", "b") as another:
        user_file.write_text(uses(server, "old"))
        done = await holdfast("models", another.base_url, "--choose", "b", folder=project)
        assert done.status == 0, done.errors
        assert done.output.startswith(f"runs use b at {another.base_url} now, which answered in")
        assert len(another.requests) == 1
        text = user_file.read_text()
        assert text.startswith("# mine\n")
        assert f'base_url = "{another.base_url}"\nname = "b"' in text
        again = await holdfast("models", folder=project)
        assert f"* b  {another.base_url}" in again.output


async def test_what_cannot_be_used_is_named_and_not_kept(project: Path, user_file: Path) -> None:
    async with endpoint("old") as server:
        text = uses(server, "old")
        user_file.write_text(text)
        for arguments, said in (
            (("--choose", "nobody"), "nobody is not among the models that are found"),
            (("http://127.0.0.1:9/v1",), "cannot be reached"),
            (("http://127.0.0.1:9/v1", "--choose", "x"), "cannot be reached"),
            (("ftp://x",), "the address is wrong"),
            (("--choose", ""), "name the model to choose; `holdfast models` lists them"),
            ((server.base_url, "--choose", " "), "name the model to choose"),
        ):
            refused = await holdfast("models", *arguments, folder=project)
            assert refused.status == 1 + ("name the" in said), arguments
            assert said in refused.errors, refused.errors
        assert user_file.read_text() == text


async def test_a_setting_that_wins_over_the_choice_is_named(project: Path, user_file: Path) -> None:
    async with endpoint("old") as server, endpoint("new") as another:
        won = {"HOLDFAST_MODEL__BASE_URL": server.base_url, "HOLDFAST_MODEL__NAME": "old"}
        done = await holdfast("models", another.base_url, "--choose", "new", folder=project, **won)
        assert done.status == 1
        assert f"runs here use old at {server.base_url}" in done.errors
        assert 'name = "new"' in user_file.read_text()


async def test_where_no_endpoint_is_found_it_is_said_how_to_set_one(
    project: Path, user_file: Path
) -> None:
    user_file.write_text('[model]\nname = "x"\n')
    none = await holdfast("models", "--json", folder=project)
    assert "model.base_url is not set" in none.errors
