"""What a probe finds at the servers of vendors, one table each."""

from __future__ import annotations

import pytest

from lsp_server.probe.asker import RETRY_SECONDS_MAX
from lsp_server.probe.endpoint_probe import probe_endpoint
from lsp_server.probe.finding import AbilityFinding, Answer, ProbeReport
from lsp_server.settings.sections import ModelSettings
from tests.data import dialects
from tests.fakes.dialect_server import DialectServer, ServedDialect


async def probed(dialect: ServedDialect, **more: object) -> ProbeReport:
    """What is found at a server of this dialect."""
    async with DialectServer(dialect).serving() as server:
        settings = ModelSettings.model_validate(
            {"base_url": server.base_url, "name": dialect.model, "wire": dialect.wire, **more}
        )
        return await probe_endpoint("worker", settings, None)


Row = tuple[str, Answer, str, str]
"""An ability, whether it is there, and a piece of the evidence and of the advice."""

ALL = ("models", "answers", "streaming", "usage")

VLLM: list[Row] = [
    ("wires", "yes", "chat, messages, responses (", ""),
    ("cached tokens", "no", "no field for it", "context.budget_tokens"),
    ("temperature", "yes", "the same answer twice at 0", ""),
    ("n", "yes", "3 answers to n = 3, 3 different", ""),
    ("tools", "yes", 'weather {"city": "Paris"}', ""),
    ("parallel tools", "yes", "2 calls", ""),
    ("tool_choice", "yes", '{"tool_choice": "required"}', "model.extra_body.tool_choice"),
    ("json_schema", "yes", '{"verdict": "met"}', ""),
    ("json_object", "yes", '{"colour": "white"}', ""),
    ("images", "no", "status 400: Qwen/Qwen3-8B is not a multimodal model", "model.images to no"),
    ("reasoning", "yes", "reasoning: “Hm.”", ""),
    ("cancel", "yes", "closed after 3 pieces", ""),
    ("longest answer", "yes", "too large: 10000000", ""),
    ("context length", "yes", "listed: 8,192 tokens", "model.context_tokens to 8192"),
    ("rate limits", "no", "no header", ""),
]
OLLAMA: list[Row] = [
    ("wires", "yes", "chat, messages, responses (", ""),
    ("n", "no", "1 answer to n = 3, nothing said", "Max Mode sends a request for each candidate"),
    ("tools", "yes", "weather", ""),
    ("parallel tools", "no", "1 of 2 calls", "more steps"),
    ("tool_choice", "no", "but words: “0.0", "does nothing here"),
    ("json_schema", "yes", "met", ""),
    ("images", "no", "status 500: this model is missing data", "model.images to no"),
    ("reasoning", "no", "no such field in", ""),
    ("longest answer", "unknown", "were asked for and not refused", ""),
    ("context length", "no", "counted 4,096 tokens and said nothing", "cuts prompts in silence"),
]
LM_STUDIO: list[Row] = [
    ("wires", "yes", "chat, responses (", ""),
    ("n", "no", "1 answer to n = 3", "Max Mode"),
    ("json_schema", "yes", "met", ""),
    ("json_object", "no", "status 400: 'response_format.type' must be", ""),
    ("images", "no", "status 400: Model does not support images", "model.images to no"),
    ("context length", "yes", "status 400: Trying to keep", "model.context_tokens to 4096"),
]
OPENROUTER: list[Row] = [
    ("wires", "yes", "chat, messages, responses (", ""),
    ("cached tokens", "yes", "at the second time", ""),
    ("n", "no", "1 answer to n = 3", "Max Mode"),
    ("images", "no", "status 404: No endpoints found", "model.images to no"),
    ("reasoning", "yes", "reasoning, reasoning_details: “Hm.”", ""),
    ("longest answer", "yes", "maximum context length is 131072", ""),
    ("context length", "yes", "listed: 131,072 tokens; a longer prompt was not tried", ""),
    ("rate limits", "yes", "x-ratelimit-limit: 20, x-ratelimit-remaining: 17", ""),
]
MIMO: list[Row] = [
    ("wires", "yes", "chat (", ""),
    ("cached tokens", "yes", "at the second time", ""),
    ("n", "no", "status 400: Param Incorrect: `n` must be 1", "Max Mode"),
    ("json_schema", "no", "json_schema is not supported", "their schema in words"),
    ("json_object", "yes", "white", ""),
    ("reasoning", "yes", "reasoning_content: “Hm.”", ""),
    ("longest answer", "yes", "less than or equal to 32000", ""),
    ("context length", "partly", "tokens, so it is at least that", ""),
]
OPENAI: list[Row] = [
    ("temperature", "no", "status 400: Unsupported value: 'temperature'", "own temperature"),
    ("cached tokens", "yes", "at the second time", ""),
    ("longest answer", "yes", "at most 128000 completion tokens", ""),
    ("rate limits", "yes", "x-ratelimit-limit-requests: 500", ""),
]
ANTHROPIC: list[Row] = [
    ("wires", "yes", "messages, chat (", ""),
    ("cached tokens", "yes", "at the second time", ""),
    ("n", "no", "1 answer to n = 3", "Max Mode"),
    ("parallel tools", "yes", "2 calls", ""),
    ("tool_choice", "yes", '{"tool_choice": {"type": "any"}}', "model.extra_body.tool_choice"),
    ("json_schema", "yes", "met", ""),
    ("json_object", "no", "the wire messages has nothing for it", ""),
    ("images", "yes", "a red square is said to be: “Red.”", ""),
    ("longest answer", "yes", "max_tokens: 10000000 > 64000", ""),
    ("context length", "partly", "tokens, so it is at least that", ""),
    ("rate limits", "yes", "anthropic-ratelimit-requests-limit: 50", ""),
]
RESPONSES: list[Row] = [
    ("wires", "yes", "responses, chat (", ""),
    ("temperature", "no", "'temperature' is not supported", "own temperature"),
    ("cached tokens", "yes", "at the second time", ""),
    ("n", "no", "1 answer to n = 3", "Max Mode"),
    ("tool_choice", "yes", '{"tool_choice": "required"}', "model.extra_body.tool_choice"),
    ("json_schema", "yes", "met", ""),
    ("json_object", "yes", "white", ""),
    ("reasoning", "yes", "encrypted_content", ""),
    ("longest answer", "yes", "Expected a value <= 128000", ""),
]
WITHOUT_TOOLS: list[Row] = [
    ("tools", "no", 'status 400: "auto" tool choice requires', "--enable-auto-tool-choice"),
    ("parallel tools", "no", "status 400", ""),
    ("tool_choice", "no", "status 400", ""),
]
FORGETFUL: list[Row] = [
    ("tools", "partly", "no call: “0.0", "model.extra_body.tool_choice"),
    ("parallel tools", "unknown", "0 of 2 calls", "more steps"),
    ("tool_choice", "yes", '{"tool_choice": "required"}', "model.extra_body.tool_choice"),
]


@pytest.mark.parametrize(
    ("dialect", "rows"),
    [
        pytest.param(dialects.VLLM, VLLM, id="vLLM"),
        pytest.param(dialects.OLLAMA, OLLAMA, id="Ollama"),
        pytest.param(dialects.LM_STUDIO, LM_STUDIO, id="LM Studio"),
        pytest.param(dialects.OPENROUTER, OPENROUTER, id="OpenRouter"),
        pytest.param(dialects.MIMO, MIMO, id="MiMo"),
        pytest.param(dialects.OPENAI_REASONING, OPENAI, id="OpenAI, a reasoning model"),
        pytest.param(dialects.ANTHROPIC, ANTHROPIC, id="Anthropic Messages"),
        pytest.param(dialects.OPENAI_RESPONSES, RESPONSES, id="OpenAI Responses"),
        pytest.param(dialects.VLLM_WITHOUT_TOOLS, WITHOUT_TOOLS, id="vLLM without a tool parser"),
        pytest.param(dialects.FORGETFUL, FORGETFUL, id="a model that forgets to call"),
    ],
)
async def test_what_is_found_at_a_vendors_server(dialect: ServedDialect, rows: list[Row]) -> None:
    report = await probed(dialect)
    found = {finding.ability: finding for finding in report.findings}
    assert len(found) == len(report.findings) == 19
    assert {found[ability].answer for ability in ALL} == {"yes"}
    for row in rows:
        check(found[row[0]], row)
    assert report.missing == (("tools",) if rows is WITHOUT_TOOLS else ())


def check(found: AbilityFinding, row: Row) -> None:
    """The finding is as in the row; no advice where the row has none."""
    ability, answer, evidence, advice = row
    assert (ability, found.answer) == (ability, answer), found
    assert evidence in found.evidence, found
    assert advice in found.advice, found
    assert bool(advice) == bool(found.advice), found


async def test_an_endpoint_that_goes_away_is_not_waited_for_each_time() -> None:
    server = DialectServer(dialects.VLLM, answers_max=3)
    async with server.serving():
        settings = ModelSettings(base_url=server.base_url, name=dialects.VLLM.model)
        report = await probe_endpoint("worker", settings, None)
    found = {finding.ability: finding for finding in report.findings}
    assert found["n"].answer == "yes"
    assert {found[name].answer for name in ("tools", "json_object", "images", "cancel")} == {
        "unknown"
    }
    assert "cannot be reached" in found["images"].evidence
    assert report.missing == ("tools",)
    assert report.seconds < 2 * RETRY_SECONDS_MAX


async def test_what_is_not_answered_in_time_is_unknown() -> None:
    async with DialectServer(dialects.VLLM).serving() as server:
        settings = ModelSettings(base_url=server.base_url, name=dialects.VLLM.model)
        report = await probe_endpoint("judge", settings, None, seconds_max=0.0)
    assert [finding.answer for finding in report.findings] == ["unknown", "unknown", "no"]
    assert report.missing == ("answers",)


async def test_a_wrong_wire_is_told_from_a_wrong_address() -> None:
    report = await probed(dialects.ANTHROPIC, wire="responses")
    (answers,) = [finding for finding in report.findings if finding.ability == "answers"]
    assert answers.answer == "no"
    assert "model.wire may have to be chat" in answers.advice


async def test_what_was_refused_once_is_not_asked_with_each_question() -> None:
    report = await probed(dialects.OPENAI_REASONING)
    assert report.requests <= 14 + 6  # once for each of the settings that questions have
