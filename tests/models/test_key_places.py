"""A key goes to the scheme, host and port that it was set for, and nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from lsp_server.assemble.embedder import embedder_of
from lsp_server.assemble.model_chain import answering_model
from lsp_server.assemble.role_models import RoleModels
from lsp_server.domain.errors import HoldfastError
from lsp_server.embedders.http import HttpEmbedder
from lsp_server.models.api_key import find_api_key
from lsp_server.models.discovery import models_at
from lsp_server.models.provider import ModelProvider, find_endpoint
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.probe.endpoint_probe import probe_endpoint
from lsp_server.redaction.redactor import Redactor
from lsp_server.redaction.secrets import redact
from lsp_server.settings.layers import load
from lsp_server.settings.sections import ModelSettings, Settings
from lsp_server.workspace.files.known_secrets import KnownSecrets
from tests.fakes.wire_server import QUESTION, Reply, WireServer, model_at

OWN, OTHER = "https://own.example/v1", "https://other.example/v1"
OPENAI, ANTHROPIC = "https://api.openai.com/v1", "https://api.anthropic.com/v1"
SAYS = {"api_key_command": "echo said"}
HOLDFAST = {"HOLDFAST_API_KEY": "ours"}
VENDORS = {"OPENAI_API_KEY": "openai", "ANTHROPIC_API_KEY": "anthropic"}


def loaded(
    folder: Path,
    environment: Mapping[str, str],
    user: Mapping[str, Any],
    editor: Mapping[str, Any] | None = None,
) -> Settings:
    file = folder / "user.toml"
    file.write_text(tomlkit.dumps(dict(user)))
    found = load(environment=environment, user_file=file, editor=editor)
    assert found.problems == ()
    return found.settings


def at(base_url: str, **more: Any) -> dict[str, Any]:
    return {"base_url": base_url, **more}


@pytest.mark.parametrize(
    ("environment", "user", "worker", "judge"),
    [
        (HOLDFAST, {"model": at(OWN)}, "ours", "ours"),
        (HOLDFAST, {"model": at(OWN), "judge": {"name": "wise"}}, "ours", "ours"),
        (HOLDFAST, {"model": at(OWN), "judge": at(OTHER)}, "ours", None),
        (HOLDFAST, {"model": at(OWN), "judge": at("https://own.example:443/v2")}, "ours", "ours"),
        (HOLDFAST, {"model": at(OWN), "judge": at("HTTPS://OWN.example/v1/")}, "ours", "ours"),
        (HOLDFAST, {"model": at(OWN), "judge": at("http://own.example/v1")}, "ours", None),
        (HOLDFAST, {"model": at(OWN), "judge": at("https://own.example:8443/v1")}, "ours", None),
        (HOLDFAST, {"model": at(OWN), "judge": at("https://own.example.org/v1")}, "ours", None),
        (HOLDFAST, {"model": at(OWN), "judge": at("https://a.own.example/v1")}, "ours", None),
        (HOLDFAST, {"model": at(OWN), "judge": at("https://own.example@b.example/v1")}, "ours", None),
        (HOLDFAST, {"model": at("http://localhost:1/v1"), "judge": at("localhost.:1/v1")}, "ours", "ours"),
        (HOLDFAST, {"model": at("http://localhost:1/v1"), "judge": at("localhost:2/v1")}, "ours", None),
        (HOLDFAST, {"judge": at(OTHER)}, "ours", None),
        (HOLDFAST, {"model": at(OWN, **SAYS), "judge": at(OTHER)}, "said", None),
        (HOLDFAST, {"model": at(OWN, **SAYS), "judge": {"name": "wise"}}, "said", "said"),
        (HOLDFAST, {"model": at(OWN), "judge": at(OTHER, **SAYS)}, "ours", "said"),
        (HOLDFAST, {"model": at(OWN), "judge": SAYS}, "ours", "said"),
        (VENDORS, {"model": at(OWN)}, "openai", "openai"),
        (VENDORS, {"model": at(OWN, wire="messages")}, "anthropic", "anthropic"),
        (VENDORS, {"model": at(OWN), "judge": at(OTHER)}, "openai", None),
        (VENDORS, {"model": at(OWN), "judge": at(OTHER, wire="messages")}, "openai", None),
        (VENDORS, {"model": at(OPENAI), "judge": at(ANTHROPIC, wire="messages")}, "openai", "anthropic"),
        (VENDORS, {"model": at(OPENAI), "judge": at(ANTHROPIC)}, "openai", None),
        (VENDORS, {"model": at(OWN, **SAYS), "judge": at(OPENAI, wire="responses")}, "said", "openai"),
        (HOLDFAST | VENDORS, {"model": at(OWN), "judge": at(OPENAI)}, "ours", "openai"),
        (VENDORS | {"OPENAI_BASE_URL": OTHER}, {"model": at(OWN), "judge": at(OTHER)}, None, "openai"),
        (VENDORS | {"OPENAI_BASE_URL": OTHER}, {"model": at(OPENAI)}, None, None),
        (VENDORS | {"OPENAI_BASE_URL": "nonsense"}, {"model": at(OWN)}, None, None),
        (VENDORS | {"OPENAI_BASE_URL": f" {OWN}/ "}, {"model": at(OWN)}, "openai", "openai"),
    ],
)  # fmt: skip
async def test_a_role_elsewhere_has_its_own_key_or_none(
    tmp_path: Path,
    environment: dict[str, str],
    user: dict[str, Any],
    worker: str | None,
    judge: str | None,
) -> None:
    settings = loaded(tmp_path, environment, user)
    cheap = loaded(
        tmp_path, environment, {"model": user.get("model", {}), "cheap": user.get("judge", {})}
    )
    assert await find_api_key(settings.model, environment=environment) == worker
    roles = (settings.judge.over(settings.model, "judge"), cheap.cheap.over(cheap.model, "cheap"))
    for role in roles:
        assert await find_api_key(role, environment=environment) == judge


@pytest.mark.parametrize(
    ("environment", "user", "editor", "worker", "judge"),
    [
        (HOLDFAST, {"model": at(OWN, **SAYS)}, {"model": at(OTHER)}, "ours", "ours"),
        ({}, {"model": at(OWN, **SAYS)}, {"model": at(OTHER)}, None, None),
        ({}, {"model": at(OWN, **SAYS)}, {"model": at(f"{OWN}/")}, "said", "said"),
        ({}, {"model": at(OWN, **SAYS)}, {"model": {"name": "m"}}, "said", "said"),
        ({}, {"model": at(OWN, **SAYS)}, {"model": at(OTHER, api_key_command="echo b")}, "b", "b"),
        ({}, {"model": SAYS}, {"model": at(OTHER)}, "said", "said"),
        ({}, {"model": at(OWN), "judge": SAYS}, {"model": at(OTHER)}, None, None),
        ({}, {"model": at(OWN), "judge": at(OTHER, **SAYS)}, {"model": at(OTHER)}, None, "said"),
        ({}, {"model": at(OWN), "judge": at(OTHER, **SAYS)}, {"judge": at(OPENAI)}, None, None),
        ({}, {"model": at(OWN), "judge": SAYS}, {"judge": at(OTHER)}, None, None),
        ({"HOLDFAST_MODEL__BASE_URL": OTHER}, {"model": at(OWN, **SAYS)}, {}, None, None),
        (HOLDFAST | {"HOLDFAST_MODEL__BASE_URL": OTHER}, {"model": at(OWN)}, {}, "ours", "ours"),
        (HOLDFAST | {"HOLDFAST_MODEL__BASE_URL": OWN}, {}, {"model": at(OTHER)}, None, None),
        (HOLDFAST | {"HOLDFAST_MODEL_BASE_URL": OWN}, {}, {"model": at(OTHER)}, None, None),
        (HOLDFAST | {"HOLDFAST_MODEL__BASE_URL": OWN}, {}, {"judge": at(OTHER)}, "ours", None),
        (VENDORS | {"HOLDFAST_MODEL__BASE_URL": OWN}, {}, {"model": at(OPENAI)}, "openai", "openai"),
        (VENDORS | {"HOLDFAST_MODEL__BASE_URL": OWN}, {}, {"model": at(OTHER)}, None, None),
    ],
)  # fmt: skip
async def test_who_names_another_address_leaves_the_key_behind(
    tmp_path: Path,
    environment: dict[str, str],
    user: dict[str, Any],
    editor: dict[str, Any],
    worker: str | None,
    judge: str | None,
) -> None:
    settings = loaded(tmp_path, environment, user, editor)
    assert await find_api_key(settings.model, environment=environment) == worker
    role = settings.judge.over(settings.model, "judge")
    assert await find_api_key(role, environment=environment) == judge


def test_what_goes_with_each_request_stays_as_well(tmp_path: Path) -> None:
    user = {"model": at(OWN, extra_body={"key": "hush"}), "judge": {}, "cheap": at(OTHER)}
    settings = loaded(tmp_path, {}, user)
    assert settings.judge.over(settings.model, "judge").extra_body == {"key": "hush"}
    assert settings.cheap.over(settings.model, "cheap").extra_body == {}


@pytest.mark.parametrize(
    ("named", "used", "expected"),
    [(None, True, "Bearer ours"), (True, True, "Bearer ours"), (False, True, None)],
)
async def test_the_key_for_embeddings_is_for_the_address_in_the_environment(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    named: bool | None,
    used: bool,
    expected: str | None,
) -> None:
    async with WireServer(Reply((b"{}",), 400)).serving() as server:
        places = {True: server.base_url, False: OTHER}
        name = "HOLDFAST_MEMORY__EMBEDDING_BASE_URL"
        monkeypatch.setenv("HOLDFAST_EMBEDDING_API_KEY", "ours")
        editor = {"embedder": "http", "embedding_model": "e", "embedding_base_url": places[used]}
        settings = loaded(
            tmp_path, {} if named is None else {name: places[named]}, {}, {"memory": editor}
        )
        embedder = embedder_of(settings.memory)
        assert isinstance(embedder, HttpEmbedder)
        async with embedder:
            with pytest.raises(HoldfastError):
                await embedder.embed(["a"])
        assert [each.headers.get("authorization") for each in server.requests] == [expected]


@pytest.mark.parametrize("status", [401, 403])
async def test_who_refuses_says_which_setting_to_fill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("HOLDFAST_API_KEY", "ours")
    async with WireServer(Reply((b"{}",), status)).serving() as server:
        settings = loaded(tmp_path, {}, {"model": at(OWN), "judge": at(server.base_url)})
        with pytest.raises(
            HoldfastError, match=r"refused the API key.*; set judge\.api_key_command$"
        ):
            await find_endpoint(settings.judge.over(settings.model, "judge"))
        assert [each.headers.get("authorization") for each in server.requests] == [None]


async def test_a_command_that_gives_no_key_is_named_by_its_role(tmp_path: Path) -> None:
    settings = loaded(tmp_path, {}, {"model": at(OWN), "cheap": at(OTHER, api_key_command="false")})
    with pytest.raises(HoldfastError, match=r"^cheap\.api_key_command ended with exit status 1"):
        await find_api_key(settings.cheap.over(settings.model, "cheap"))


async def test_the_keys_of_all_roles_are_kept_out_of_every_record(tmp_path: Path) -> None:
    async with ScriptedServer([]) as worker, ScriptedServer([]) as judge:
        keys = {"model": "wrk-Vk29xTqmR4", "judge": "jdg-Qm83hLzpW7"}
        places = {"model": worker.base_url, "judge": judge.base_url}
        user = {
            role: at(places[role], name="m", api_key_command=f"echo {key}")
            for role, key in keys.items()
        }
        settings = loaded(tmp_path, {}, user)
        provider = ModelProvider(settings.model)
        roles = RoleModels(provider, lambda wire, *more: answering_model(wire, Redactor(), *more))
        secrets = KnownSecrets(tmp_path, tmp_path / "data", lambda: roles.api_keys)
        try:
            await provider.wire()
            await roles.judge(settings, lambda _: None)
            text = redact(" ".join(keys.values()), secrets()).text
        finally:
            await roles.close()
            await provider.close()
    assert not any(key in text for key in keys.values())


async def asks(settings: ModelSettings) -> None:
    async with model_at(settings.base_url or "", wire=settings.wire, api_key="hush") as model:
        await model.respond(QUESTION)


async def lists(settings: ModelSettings) -> None:
    await models_at(settings, "hush")


async def probes(settings: ModelSettings) -> None:
    await probe_endpoint("worker", settings, "hush")
    raise HoldfastError("the report says it")


async def embeds(settings: ModelSettings) -> None:
    async with HttpEmbedder(settings.base_url or "", "e", api_key="hush") as embedder:
        await embedder.embed(["a"])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("use", [asks, lists, probes, embeds])
@pytest.mark.parametrize("wire", ["chat", "messages", "responses"])
async def test_no_redirect_is_followed(
    status: int, use: Callable[[ModelSettings], Awaitable[None]], wire: Any
) -> None:
    async with WireServer(Reply((b"{}",))).serving() as other:
        led = Reply((), status, headers={"Location": f"{other.base_url}/models"})
        async with WireServer(led).serving() as server:
            with pytest.raises(HoldfastError):
                await use(ModelSettings(base_url=server.base_url, name="m", wire=wire))
            assert server.requests
        assert other.requests == []
