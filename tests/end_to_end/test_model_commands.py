"""The choice of a model, as an editor meets it in a real server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lsp_server.models.model_choice import offered_models
from lsp_server.models.scripted.scenario import EndpointBehaviour
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.settings.sections import ModelSettings
from tests.data import clients
from tests.fakes.lsp_client import LspClient, started
from tests.fakes.wire_server import Reply, WireServer
from tests.harness.code_server import code_server, need
from tests.harness.workshop import finish, says

PLAIN = clients.snapshot("neovim")["initialize"]["capabilities"]
PICTURES = Path(__file__).parents[2] / "out" / "screenshots"
KEY = "sk-verysecret-0123456789"


def endpoint(*models: str) -> ScriptedServer:
    return ScriptedServer([says("ready"), finish()], behaviour=EndpointBehaviour(models=models))


@pytest.fixture
def user_file(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HOLDFAST_MODEL__BASE_URL")
    monkeypatch.setenv("HOLDFAST_API_KEY", KEY)
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "holdfast" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


async def choose(client: LspClient, **argument: Any) -> str:
    await client.command("holdfast.model.choose", argument)
    said = await client.wait_for(
        lambda message: (
            message.get("method") == "window/showMessage"
            and "tried" not in message["params"]["message"]
        )
    )
    return str(said["params"]["message"])


async def test_the_models_of_an_endpoint_are_listed_and_the_one_in_use_is_marked(
    project: Path, user_file: Path
) -> None:
    async with endpoint("qwen", "llama") as set_one, endpoint("other") as another:
        user_file.write_text(f'[model]\nbase_url = "{set_one.base_url}"\nname = "llama"\n')
        async with started() as client:
            await client.initialize(project, PLAIN)
            listed = await client.command("holdfast.model.list")
            here = [one for one in listed["models"] if one["baseUrl"] == set_one.base_url]
            assert [(one["name"], one["current"]) for one in here] == [
                ("qwen", False),
                ("llama", True),
            ]
            assert "runs use llama" in listed["message"]
            elsewhere = await client.command("holdfast.model.list", {"baseUrl": another.base_url})
            assert [one["name"] for one in elsewhere["models"]] == ["other"]
            wrong = await client.command("holdfast.model.list", {"baseUrl": "ftp://x"})
            assert wrong["state"] == "error"
            assert "the address is wrong" in wrong["message"]


async def test_a_chosen_model_is_tried_kept_and_used(project: Path, user_file: Path) -> None:
    async with endpoint("old") as set_one, endpoint("a", "b") as another:
        user_file.write_text(f'# mine\n[model]\nbase_url = "{set_one.base_url}"\nname = "old"\n')
        async with started() as client:
            await client.initialize(project, PLAIN)
            said = await choose(client, baseUrl=another.base_url, name="b")
            assert "runs use b now, which answered in" in said
            assert len(another.requests) == 1
            text = user_file.read_text()
            assert text.startswith("# mine\n")
            assert f'base_url = "{another.base_url}"\nname = "b"' in text
            await client.command("holdfast.run.start", {"prompt": "Do it."})
            await client.wait_for(lambda message: "Do it." in str(another.requests[-1].body))
            assert not set_one.requests


async def test_one_that_does_not_answer_is_not_kept(project: Path, user_file: Path) -> None:
    async with endpoint("old") as set_one:
        text = f'[model]\nbase_url = "{set_one.base_url}"\nname = "old"\n'
        user_file.write_text(text)
        async with started() as client:
            await client.initialize(project, PLAIN)
            said = await choose(client, baseUrl="http://127.0.0.1:9/v1", name="x")
            assert "cannot be reached" in said
            assert user_file.read_text() == text


async def test_a_setting_that_wins_is_named(project: Path, user_file: Path) -> None:
    async with endpoint("old") as set_one, endpoint("new") as another:
        user_file.write_text("")
        environment = {"HOLDFAST_MODEL__BASE_URL": set_one.base_url, "HOLDFAST_MODEL__NAME": "old"}
        async with started(environment=environment) as client:
            await client.initialize(project, PLAIN)
            said = await choose(client, baseUrl=another.base_url, name="new")
            assert f"runs use old at {set_one.base_url}" in said
            assert "HOLDFAST_MODEL__BASE_URL" in said


async def test_a_person_is_asked_where_nothing_is_named(project: Path, user_file: Path) -> None:
    asked: list[str] = []

    def pick(params: Any) -> Any:
        asked.extend(action["title"] for action in params["actions"])
        return next(action for action in params["actions"] if action["title"].startswith("b ("))

    async with endpoint("a", "b") as server:
        user_file.write_text(f'[model]\nbase_url = "{server.base_url}"\nname = "a"\n')
        async with started(answers={"window/showMessageRequest": pick}) as client:
            await client.initialize(project, PLAIN)
            assert "runs use b now" in await choose(client)
            assert f"a ({server.base_url})" in asked
            assert 'name = "b"' in user_file.read_text()


@pytest.mark.parametrize(
    ("is_set", "with_key", "is_sent"),
    [(True, False, True), (False, False, False), (False, True, True)],
)
async def test_the_key_goes_to_no_address_that_it_was_not_given_for(
    monkeypatch: pytest.MonkeyPatch, is_set: bool, with_key: bool, is_sent: bool
) -> None:
    monkeypatch.setenv("HOLDFAST_API_KEY", KEY)
    listing = Reply((b'{"data": [{"id": "a"}]}',), content_type="application/json")
    server = WireServer(listing)
    async with server.serving():
        now = server.base_url if is_set else "http://127.0.0.1:9/v1"
        settings = ModelSettings(base_url=now, name="a")
        (found,) = await offered_models(settings, server.base_url, with_key=with_key)
    assert found.name == "a"
    (request,) = server.requests
    assert (KEY in str(request)) is is_sent


@pytest.mark.vscode
async def test_vscode_takes_an_address_and_a_key(
    project: Path, user_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need()
    monkeypatch.delenv("HOLDFAST_API_KEY")
    (project / ".git").mkdir()
    async with endpoint("first", "second") as server:
        async with code_server(tmp_path / "code", project, environment={}) as code:
            seen = await code.play("model", PICTURES, ADDRESS=server.base_url, KEY=KEY)
        assert "error" not in seen, seen["error"]
        assert f'base_url = "{server.base_url}"\nname = "second"' in user_file.read_text()
        assert len(server.requests) == 1, "it was tried"
    assert KEY not in user_file.read_text()
