"""Model servers on this machine are found, and nothing else is taken for one."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack

import pytest

from lsp_server.domain.errors import (
    ConfigurationError,
    ModelError,
    ModelMisbehaved,
    ModelRefused,
    ModelUnavailable,
)
from lsp_server.models.discovery import Endpoint, LocalServer, discover, models_at
from lsp_server.models.provider import ModelProvider
from lsp_server.models.scripted.scenario import EndpointBehaviour
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.settings.sections import ModelSettings, RoleSettings
from tests.fakes.wire_server import Reply, WireServer


def listing(body: object, status: int = 200) -> Reply:
    return Reply((json.dumps(body).encode(),), status=status, content_type="application/json")


TWO = listing({"object": "list", "data": [{"id": "qwen"}, {"id": "llama"}]})
NONE = listing({"object": "list", "data": None})
WEB_PAGE = Reply((b"<html>Jenkins</html>",), content_type="text/html")
NOT_MODELS = listing({"data": [{"name": "a web application's own list"}]})


async def found(*replies: Reply | None) -> Endpoint | None:
    """What is discovered with a server for each reply; None: nobody listens there."""
    async with AsyncExitStack() as stack:
        servers = []
        for number, reply in enumerate(replies):
            port = 9  # discard: nobody listens
            if reply is not None:
                server = await stack.enter_async_context(WireServer(reply).serving())
                port = int(server.base_url.split(":")[2].removesuffix("/v1"))
            servers.append(LocalServer(f"server {number}", port))
        return await discover(ModelSettings(), servers=servers)


@pytest.mark.parametrize(
    ("replies", "server", "models"),
    [
        ([TWO], "server 0", ("qwen", "llama")),
        ([None, TWO], "server 1", ("qwen", "llama")),
        ([TWO, TWO], "server 0", ("qwen", "llama")),
        ([WEB_PAGE, TWO], "server 1", ("qwen", "llama")),
        ([NOT_MODELS, TWO], "server 1", ("qwen", "llama")),
        ([listing({}, 404), TWO], "server 1", ("qwen", "llama")),
        ([Reply((), status=302, headers={"Location": "/login"}), TWO], "server 1", ("qwen", "llama")),
        ([NONE, TWO], "server 1", ("qwen", "llama")),
        ([NONE, None], "server 0", ()),
    ],
)  # fmt: skip
async def test_the_first_that_has_models_is_taken(
    replies: list[Reply | None], server: str, models: tuple[str, ...]
) -> None:
    endpoint = await found(*replies)
    assert endpoint is not None
    assert (endpoint.server, endpoint.models) == (server, models)


@pytest.mark.parametrize("replies", [[], [None], [WEB_PAGE], [NOT_MODELS], [listing([])]])
async def test_what_is_no_model_server_is_not_taken(replies: list[Reply | None]) -> None:
    assert await found(*replies) is None


async def test_a_configured_endpoint_is_asked_for_its_models() -> None:
    async with ScriptedServer(
        behaviour=EndpointBehaviour(models=("text-embed", "a", "b"))
    ) as server:
        endpoint = await discover(ModelSettings(base_url=server.base_url))
        assert endpoint is not None
        assert endpoint.models == ("text-embed", "a", "b")
        assert endpoint.complete(ModelSettings(temperature=0.5)) == ModelSettings(
            base_url=server.base_url, name="a", temperature=0.5
        )


async def test_a_configured_model_needs_no_question() -> None:
    settings = ModelSettings(base_url="http://127.0.0.1:9/v1", name="mine")
    endpoint = await discover(settings)
    assert endpoint is not None
    assert endpoint.complete(settings) == settings


def test_without_any_model_there_is_a_setting_to_make() -> None:
    with pytest.raises(ConfigurationError, match=r"model\.name") as raised:
        Endpoint("Ollama", "http://127.0.0.1:11434/v1", ("nomic-embed",)).complete(ModelSettings())
    assert raised.value.key == "model.name"


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (listing({"error": {"message": "who are you"}}, 401), ModelRefused, "HOLDFAST_API_KEY"),
        (listing({}, 404), ModelRefused, "model.base_url"),
        (listing({}, 503), ModelUnavailable, "503"),
        (WEB_PAGE, ModelMisbehaved, "model.base_url"),
        (NOT_MODELS, ModelMisbehaved, "does not list models"),
        (Reply((b'{"data": [',), ends=False), ModelUnavailable, "broke off"),
        (Reply((b"x" * 65536,) * 65), ModelMisbehaved, "does not list models"),
    ],
)
async def test_an_endpoint_that_cannot_tell_its_models(
    reply: Reply, error: type[ModelError], says: str
) -> None:
    async with WireServer(reply).serving() as server:
        with pytest.raises(error, match=says):
            await models_at(ModelSettings(base_url=server.base_url))


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        (ModelSettings(name="qwen"), "model.base_url"),
        (ModelSettings(api_key_command="pass show llm"), "model.base_url"),
        (ModelSettings(extra_body={"top_p": 0.9}), "model.base_url"),
        (RoleSettings(name="qwen").over(ModelSettings(), "judge"), "judge.base_url"),
        (RoleSettings(name="qwen").over(ModelSettings(), "cheap"), "cheap.base_url"),
    ],
)
async def test_where_anything_is_named_no_server_is_guessed(
    settings: ModelSettings, setting: str
) -> None:
    async with WireServer(TWO).serving() as server:
        local = LocalServer("x", int(server.base_url.split(":")[2].removesuffix("/v1")))
        with pytest.raises(ConfigurationError, match=f"{setting} is not set") as raised:
            await discover(settings, servers=[local])
        assert raised.value.key == setting
        assert server.requests == []


async def test_settings_that_cannot_be_obeyed_find_nothing() -> None:
    unusable = ModelSettings().unusable(ConfigurationError("no scheme", key="model.base_url"))
    provider = ModelProvider(unusable)
    with pytest.raises(ConfigurationError, match="no scheme"):
        await provider.wire()
    await provider.close()


async def test_what_no_setting_chose_is_said() -> None:
    async with ScriptedServer(behaviour=EndpointBehaviour(models=("a", "b"))) as server:
        provider = ModelProvider(ModelSettings(base_url=server.base_url))
        await provider.wire()
        assert "so a is used" in (provider.choice or "")
        provider.reconfigure(ModelSettings(base_url=server.base_url, name="b"))
        await provider.wire()
        assert provider.choice is None
        await provider.close()


async def test_the_key_goes_to_the_configured_endpoint_alone() -> None:
    async with WireServer(TWO).serving() as server:
        await discover(ModelSettings(base_url=server.base_url), api_key="sk-1")
        local = LocalServer("x", int(server.base_url.split(":")[2].removesuffix("/v1")))
        await discover(ModelSettings(), api_key="sk-1", servers=[local])
        keys = [request.headers.get("authorization") for request in server.requests]
        assert keys == ["Bearer sk-1", None]
