"""Holdfast at a real endpoint: llama.cpp with a small model, or the one of `--endpoint`.

What is shown is the wire and not skill. What another endpoint cannot do is skipped with what
it said; llama.cpp has to do it all.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import ValidationError

from lsp_server.domain.errors import HoldfastError, ModelError, PromptTooLong
from lsp_server.domain.messages import (
    AnswerSchema,
    Delta,
    Listener,
    Message,
    Request,
    Response,
    TextDelta,
    ignore_deltas,
)
from lsp_server.domain.ports import Model
from lsp_server.domain.tools import Malformed, ToolSpec
from lsp_server.models.discovery import LocalServer, discover
from lsp_server.models.provider import WIRES, open_wire
from lsp_server.models.retrying import Retrying
from lsp_server.probe.questions import FORCED_CALL
from lsp_server.settings.sections import ModelSettings
from tests.harness import llama_cpp
from tests.harness.command_line import YES, Ended, ended, started
from tests.harness.expectation import until

pytestmark = [pytest.mark.endpoint, pytest.mark.slow, pytest.mark.timeout(600)]

ANSWER_TOKENS_MAX = 64
"""Enough for a verdict; a small model seldom ends by itself."""
THOUGHT_TOKENS_MAX = 1024
"""What another model may need, which thinks before its first word."""
CANCEL_SECONDS_MAX = 5.0
RETRY_SECONDS_MAX = 30.0
COMMAND_SECONDS_MAX = 400.0
FAMILIAR_WINDOW_TOKENS = 32_768
"""A window is overrun up to this size: the prompt is paid for where it fits after all."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the tests ask; `is_ours` is the server that they started themselves."""

    base_url: str
    name: str
    api_key: str | None
    is_ours: bool

    def settings(self, **more: Any) -> ModelSettings:
        """Settings for it, with short answers."""
        tokens = ANSWER_TOKENS_MAX if self.is_ours else THOUGHT_TOKENS_MAX
        short = {"output_tokens_max": tokens, **more}
        return ModelSettings(base_url=self.base_url, name=self.name, **short)

    @asynccontextmanager
    async def model(self, **more: Any) -> AsyncIterator[Model]:
        """Its Model, which asks again for a little while, as a run's does for hours."""
        wire = open_wire(self.settings(**more), self.api_key)
        try:
            yield Retrying(wire, wall_seconds_max=RETRY_SECONDS_MAX)
        finally:
            await wire.close()

    def cannot(self, what: str) -> NoReturn:
        """Says what the endpoint does not do."""
        if self.is_ours:
            pytest.fail(what)
        pytest.skip(f"{self.name}: {what}")


@pytest.fixture(scope="module")
def endpoint(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """The endpoint of `--endpoint`, else llama.cpp."""
    if (url := request.config.getoption("endpoint")) is not None:
        key = os.environ.get("HOLDFAST_API_KEY")
        name = request.config.getoption("endpoint_model")
        try:
            settings = ModelSettings(base_url=url, name=name)
            found = asyncio.run(discover(settings, api_key=key))
            assert found is not None
            complete = found.complete(settings)
        except (HoldfastError, ValidationError) as error:
            pytest.fail(f"--endpoint {url}: {error}", pytrace=False)
        yield Endpoint(str(complete.base_url), str(complete.name), key, is_ours=False)
        return
    if not llama_cpp.is_installed():
        pytest.skip(f"needs {llama_cpp.INSTALL}, or --endpoint URL")
    with llama_cpp.serving() as url:
        yield Endpoint(url, llama_cpp.MODEL, None, is_ours=True)


def asking(text: str, **more: Any) -> Request:
    return Request((Message("user", text),), **more)


async def test_its_models_are_found(endpoint: Endpoint) -> None:
    found = await discover(ModelSettings(base_url=endpoint.base_url), api_key=endpoint.api_key)
    assert found is not None
    assert endpoint.name in found.models


async def test_it_is_found_without_a_setting(endpoint: Endpoint) -> None:
    if not endpoint.is_ours:
        pytest.skip("only what listens on this machine is looked for")
    server = LocalServer("llama.cpp", urlsplit(endpoint.base_url).port or 0)
    found = await discover(ModelSettings(), servers=[server])
    assert found is not None
    assert found.complete(ModelSettings()) == ModelSettings(
        base_url=server.base_url, name=llama_cpp.MODEL
    )


async def test_the_doctor_says_what_it_lists(endpoint: Endpoint, project: Path) -> None:
    report = await command(endpoint, project, "doctor")
    assert report.status == 0, report.errors
    assert f"{endpoint.name} at {endpoint.base_url}" in report.output
    assert "it answers and lists: " in report.output


FOUND = {
    "models": "yes",
    "wires": "yes",
    "answers": "yes",
    "streaming": "yes",
    "usage": "yes",
    "cached tokens": "yes",
    "n": "no",  # as many as there are slots, and the probe asks for three
    "tools": "partly",
    "tool_choice": "yes",
    "json_schema": "yes",
    "images": "no",
    "reasoning": "no",
    "cancel": "yes",
    "longest answer": "unknown",
    "context length": "yes",
    "rate limits": "no",
}
"""What a probe finds at llama.cpp with a model that calls no tool by itself and sees no image."""


async def test_a_probe_says_what_it_can_do(endpoint: Endpoint, project: Path) -> None:
    probed = await command(endpoint, project, "doctor", "--probe", "--json", output_tokens_max=48)
    (report,) = probed.events
    found = {each["ability"]: each for each in report["findings"]}
    assert all(each["evidence"] for each in report["findings"])
    assert endpoint.api_key is None or endpoint.api_key not in probed.output
    if endpoint.is_ours:
        assert {name: found[name]["answer"] for name in FOUND} == FOUND, report
        assert f"({llama_cpp.WINDOW_TOKENS} tokens)" in found["context length"]["evidence"]
    assert probed.status == (1 if report["missing"] else 0)
    if report["missing"]:
        endpoint.cannot(", ".join(report["missing"]))


@pytest.mark.parametrize("wire", WIRES)
async def test_an_answer_is_streamed_and_counted(endpoint: Endpoint, wire: str) -> None:
    heard: list[Delta] = []
    question = asking("Count from one to ten.")
    response = await answered(endpoint, question, heard.append, wire=wire)
    texts = [each.text for each in heard if isinstance(each, TextDelta)]
    assert "".join(texts) == response.message.text
    assert response.usage.prompt_tokens > 0
    assert response.usage.completion_tokens > 0
    if len(texts) < 2:
        endpoint.cannot("its answer came in one piece")


async def test_one_request_draws_several_answers(endpoint: Endpoint) -> None:
    async with endpoint.model() as model:
        response = await model.respond(asking("Name a colour.", choices=2, temperature=1.0))
    if len(response.choices) != 2:
        endpoint.cannot(f"it gave {len(response.choices)} answers to n = 2")
    assert all(choice.message.text for choice in response.choices)


async def test_what_was_sent_before_is_cached(endpoint: Endpoint) -> None:
    times = 30 if endpoint.is_ours else 130  # OpenAI caches nothing below 1,024 tokens
    question = asking("Say one word. " + "The quick brown fox jumps over the lazy dog. " * times)
    async with endpoint.model() as model:
        await model.respond(question)
        response = await model.respond(question)
    if not response.usage.cached_tokens:
        endpoint.cannot(f"it says of no token that it was cached: {response.usage}")
    assert response.usage.cached_tokens <= response.usage.prompt_tokens


VERDICT = AnswerSchema(
    "verdict",
    {
        "type": "object",
        "properties": {
            "id": {"type": "string", "enum": ["c1"]},
            "verdict": {"type": "string", "enum": ["met", "unmet", "blocked", "impossible"]},
        },
        "required": ["id", "verdict"],
        "additionalProperties": False,
    },
)
"""A verdict as it is asked for, without the texts, in which a small model finds no end."""


async def test_a_verdict_follows_its_schema(endpoint: Endpoint) -> None:
    question = asking("Do the tests of c1 pass? Exit status 0.", answer=VERDICT, temperature=0.0)
    async with endpoint.model() as model:
        response = await model.respond(question)
    try:
        verdict = json.loads(response.message.text)
    except ValueError:
        endpoint.cannot(f"its answer is no JSON: {response.message.text!r}")
    assert verdict["id"] == "c1"
    assert verdict["verdict"] in ("met", "unmet", "blocked", "impossible")


async def test_a_request_that_is_cancelled_ends_at_the_endpoint(endpoint: Endpoint) -> None:
    heard: list[Delta] = []
    question = asking("Tell a story of a thousand words.")
    async with endpoint.model(output_tokens_max=2000) as model:
        answer = asyncio.create_task(model.respond(question, heard.append))
        await until(lambda: heard or answer.done(), "a piece of the answer", seconds_max=120)
        if answer.done():
            endpoint.cannot("its answer came in one piece")
        answer.cancel()
        before = time.monotonic()
        await asyncio.wait([answer])
        assert time.monotonic() - before < CANCEL_SECONDS_MAX
        assert answer.cancelled()
        if endpoint.is_ours:
            await stopped(endpoint)
    async with endpoint.model() as model:
        assert (await model.respond(asking("Say one word."))).choices


async def stopped(endpoint: Endpoint) -> None:
    """Waits until llama.cpp works on nothing."""
    async with httpx.AsyncClient() as client, asyncio.timeout(CANCEL_SECONDS_MAX):
        while True:
            slots = (await client.get(endpoint.base_url.removesuffix("/v1") + "/slots")).json()
            if not any(slot["is_processing"] for slot in slots):
                return
            await asyncio.sleep(0.05)


async def test_a_prompt_that_does_not_fit_is_said_so(endpoint: Endpoint) -> None:
    window = llama_cpp.WINDOW_TOKENS if endpoint.is_ours else FAMILIAR_WINDOW_TOKENS
    async with endpoint.model() as model:
        try:
            response = await model.respond(asking("word " * (window + window // 8)))
        except PromptTooLong as error:
            raised = error
        else:
            endpoint.cannot(f"it took a prompt of {response.usage.prompt_tokens} tokens")
    if endpoint.is_ours:
        assert raised.prompt_tokens_max == window - ANSWER_TOKENS_MAX


async def test_two_requests_are_answered_at_once(endpoint: Endpoint) -> None:
    heard: list[str] = []
    questions = [asking("Name the months of the year."), asking("Name the days of the week.")]
    async with endpoint.model() as model:
        await asyncio.gather(
            model.respond(questions[0], lambda _: heard.append("months")),
            model.respond(questions[1], lambda _: heard.append("days")),
        )
    assert set(heard) == {"months", "days"}
    if sum(one != other for one, other in pairwise(heard)) < 2:
        endpoint.cannot("it answers one request after the other")


@pytest.mark.parametrize("wire", WIRES)
async def test_a_tool_call_can_be_required(endpoint: Endpoint, wire: str) -> None:
    tool = ToolSpec(
        "weather",
        "The weather of a city.",
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    )
    response = await answered(
        endpoint,
        asking("Hello.", tools=(tool,), temperature=0.0),
        wire=wire,
        output_tokens_max=200,
        extra_body={**FORCED_CALL[wire], "parallel_tool_calls": False},
    )
    if not response.message.tool_calls:
        endpoint.cannot(f"it answered in words: {response.message.text!r}")
    call = response.message.tool_calls[0]
    assert call.name == "weather"
    assert not isinstance(call.parsed, Malformed)


async def answered(
    endpoint: Endpoint, request: Request, listen: Listener = ignore_deltas, **more: Any
) -> Response:
    """The answer to a request that an endpoint may refuse."""
    async with endpoint.model(**more) as model:
        try:
            return await model.respond(request, listen)
        except ModelError as error:
            endpoint.cannot(str(error))


STATUSES = {"achieved": 0, "failed": 1, "unmet": 3, "blocked": 4, "finished": 5, "stopped": 130}
AGENT = """\
---
name: writer
description: Writes a file.
tools: Write
---
You write one file.
"""


async def test_a_run_ends_as_what_it_shows(endpoint: Endpoint, project: Path) -> None:
    config = Path(os.environ["XDG_CONFIG_HOME"]) / "holdfast"
    (config / "agents").mkdir(parents=True)
    (config / "agents" / "writer.md").write_text(AGENT)
    if endpoint.is_ours:
        (config / "config.toml").write_text(
            "[model]\ntemperature = 0.0\n[model.extra_body]\n"
            'tool_choice = "required"\nparallel_tool_calls = false\n'
        )
    run = await command(
        endpoint,
        project,
        "run",
        "Write the word hello into the file greeting.txt, then finish.",
        *("--agent", "writer", "--check", "grep -q hello greeting.txt", "--json", *YES),
    )
    assert run.events, run.errors
    last = run.events[-1]
    greeting = project / "greeting.txt"
    holds = greeting.exists() and "hello" in greeting.read_text()
    assert (last["outcome"] == "achieved") == holds
    assert run.status == STATUSES[last["outcome"]]
    assert last["steps"] > 0
    assert last["usage"]["input"] > 0
    if not any(each["kind"] == "tool_called" for each in run.events):
        endpoint.cannot(f"it called no tool, and the run ended as {last['outcome']}")


async def command(
    endpoint: Endpoint, project: Path, *arguments: str, output_tokens_max: int = 150
) -> Ended:
    """A command that asks the endpoint; a small model fills any length, ours `output_tokens_max`."""
    tokens_max = output_tokens_max if endpoint.is_ours else THOUGHT_TOKENS_MAX
    settings = {
        "HOLDFAST_MODEL__BASE_URL": endpoint.base_url,
        "HOLDFAST_MODEL__NAME": endpoint.name,
        "HOLDFAST_MODEL__OUTPUT_TOKENS_MAX": str(tokens_max),
        "HOLDFAST_RUN__STEPS_MAX": "2",
    }
    if endpoint.api_key:
        settings["HOLDFAST_API_KEY"] = endpoint.api_key
    if endpoint.is_ours:
        settings["HOLDFAST_MODEL__CONTEXT_TOKENS"] = str(llama_cpp.WINDOW_TOKENS)
    async with started(*arguments, folder=project, **settings) as process:
        try:
            return await ended(process, COMMAND_SECONDS_MAX)
        except TimeoutError:
            endpoint.cannot(f"{arguments[0]} took longer than {COMMAND_SECONDS_MAX:g} s")
