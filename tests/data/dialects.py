"""What the servers of vendors take and refuse, and in which words: rows for `DialectServer`.

The wordings are those that users quote in the vendors' issue trackers.
"""

from __future__ import annotations

from typing import Any

from tests.fakes.dialect_server import ServedDialect


def said(message: str, code: int | str = 400, **more: Any) -> dict[str, Any]:
    """An error as OpenAI writes it."""
    return {"error": {"message": message, "type": "BadRequestError", "code": code, **more}}


def in_details(tokens: int) -> dict[str, Any]:
    """What of a prompt was cached, as OpenAI counts it."""
    return {"prompt_tokens_details": {"cached_tokens": tokens}}


VLLM = ServedDialect(
    model="Qwen/Qwen3-8B",
    listed={"owned_by": "vllm", "max_model_len": 8192},
    places={
        "messages": (400, said("[{'type': 'missing', 'loc': ('body', 'model'), 'msg': 'Field required'}]")),
        "responses": (400, said("[{'type': 'missing', 'loc': ('body', 'input'), 'msg': 'Field required'}]")),
    },
    reasoning={"reasoning": "Hm."},
    images=(400, said("Qwen/Qwen3-8B is not a multimodal model None")),
    window=8192,
    overflow=(400, said("This model's maximum context length is 8192 tokens. However, you requested 9238 "
                        "tokens (9222 in the messages, 16 in the completion). Please reduce the length of "
                        "the messages or completion.")),
    answer_tokens_max=8192,
    too_long_answer=(400, said(
        "'max_tokens' or 'max_completion_tokens' is too large: 10000000. This model's maximum context "
        "length is 8192 tokens and your request has 12 input tokens (10000000 > 8192 - 12).")),
)  # fmt: skip
"""Without --enable-prompt-tokens-details it says nothing of its cache."""

VLLM_WITHOUT_TOOLS = ServedDialect(
    model="Qwen/Qwen3-8B",
    listed={"max_model_len": 262_144},
    calls=(400, said('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set')),
)  # fmt: skip

FORGETFUL = ServedDialect(model="smollm2", listed={"max_model_len": 262_144}, calls=0)
"""A model that calls a tool only where one is demanded."""

OLLAMA = ServedDialect(
    model="llama3.2:3b",
    listed={"owned_by": "library"},
    places={"responses": (400, said("input is required")), "messages": (400, said("model is required"))},
    nowhere=(404, "404 page not found"),
    n="ignored",
    calls=1,
    tool_choice="ignored",
    images=(500, said("this model is missing data required for image input")),
    window=4096,
)  # fmt: skip
"""Its window is not listed, and a prompt that is longer loses its beginning."""

LM_STUDIO = ServedDialect(
    model="qwen2.5-coder-7b-instruct",
    listed={"owned_by": "organization_owner"},
    places={"responses": (400, {"error": "'input' is required"})},
    nowhere=(200, {"error": "Unexpected endpoint or method. (POST /v1/messages)"}),
    n="ignored",
    json_object=(400, {"error": "'response_format.type' must be 'json_schema' or 'text'"}),
    images=(400, {"error": "Model does not support images. Please use a model that does."}),
    window=4096,
    overflow=(400, {"error": "Trying to keep the first 12011 tokens when context the overflows. However, the "
                             "model is loaded with context length of only 4096 tokens, which is not enough."}),
)  # fmt: skip

OPENROUTER = ServedDialect(
    model="deepseek/deepseek-chat",
    listed={"context_length": 131_072, "top_provider": {"max_completion_tokens": 16_384}},
    places={
        "messages": (400, said("Invalid input: expected string, received undefined")),
        "responses": (400, said("Invalid Responses API request")),
    },
    nowhere=(404, said("Not Found", 404)),
    n="ignored",
    reasoning={"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
    images=(404, said("No endpoints found that support image input", 404)),
    cached=in_details,
    window=131_072,
    answer_tokens_max=131_072,
    too_long_answer=(400, said(
        "This endpoint's maximum context length is 131072 tokens. However, you requested about 10000012 "
        "tokens (12 of text input, 10000000 in the output). Please reduce the length of either one.")),
    headers={"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "17"},
)  # fmt: skip

MIMO = ServedDialect(
    model="mimo-v2.5-pro",
    n=(400, 'data:{"error":{"code":"400","message":"Param Incorrect","param":"`n` must be 1","type":""}}'),
    reasoning={"reasoning_content": "Hm."},
    json_schema=(400, said("Param Incorrect", "400", param="response_format type json_schema is not supported")),
    images=(404, said("No endpoints found that support image input", "404")),
    cached=in_details,
    window=262_144,
    answer_tokens_max=32_000,
    too_long_answer=(400, said("Param Incorrect", "400", param="max_tokens must be less than or equal to 32000")),
)  # fmt: skip
"""The reason stands in `param`, and an error may come as an event."""

OPENAI_REASONING = ServedDialect(
    model="gpt-5-mini",
    temperature=(400, said("Unsupported value: 'temperature' does not support 0 with this model. Only the "
                           "default (1) value is supported.", "unsupported_value", param="temperature")),
    cached=in_details,
    window=400_000,
    answer_tokens_max=128_000,
    too_long_answer=(400, said("max_tokens is too large: 10000000. This model supports at most 128000 "
                               "completion tokens, whereas you provided 10000000.", "invalid_value")),
    headers={"x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-tokens": "199000"},
)  # fmt: skip

ANTHROPIC = ServedDialect(
    model="claude-opus-5-5",
    wire="messages",
    listed={"type": "model", "display_name": "Claude Opus 5.5"},
    places={"chat/completions": (400, said("model: Field required"))},
    nowhere=(404, {"type": "error", "error": {"type": "not_found_error", "message": "Not found"}}),
    n="ignored",
    window=200_000,
    answer_tokens_max=64_000,
    too_long_answer=(400, {"type": "error", "error": {
        "type": "invalid_request_error",
        "message": "max_tokens: 10000000 > 64000, which is the maximum allowed number of output tokens for "
                   "claude-opus-5-5"}}),
    headers={"anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "49"},
)  # fmt: skip
"""Its listing says nothing of windows, and a prompt of 12,000 words fits."""

OPENAI_RESPONSES = ServedDialect(
    model="gpt-5.2",
    wire="responses",
    places={"chat/completions": (400, said("you must provide a model parameter"))},
    nowhere=(404, said("Invalid URL (POST /v1/messages)", 404)),
    n=(400, said("Unknown parameter: 'n'.", "unknown_parameter", param="n")),
    reasoning={"thought": "Hm."},
    temperature=(400, said("Unsupported parameter: 'temperature' is not supported with this model.", 400,
                           param="temperature")),
    window=400_000,
    answer_tokens_max=128_000,
    too_long_answer=(400, said(
        "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 128000, but got "
        "10000000 instead.", "integer_above_max_value", param="max_output_tokens")),
)  # fmt: skip
