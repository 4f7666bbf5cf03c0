"""The numbers in a refusal are taken where a person set none."""

from __future__ import annotations

import json

import pytest

from lsp_server.domain.errors import ModelRefused, PromptTooLong
from lsp_server.models.token_limits import TokenLimits, stated_limits
from tests.fakes.wire_server import QUESTION, Reply, WireServer, model_at


@pytest.mark.parametrize(
    ("refusal", "window", "answer"),
    [
        (("max_tokens is too large: 8192. This model supports at most 4096 completion tokens, whereas "
         "you provided 8192."), None, 4096),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 4096]", None, 4096),
        ("Range of max_tokens should be [1, 2000]", None, 2000),
        ("max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens", None, 4096),
        ("`max_tokens` must be less than or equal to `4096`, the maximum value for `max_tokens`",
         None, 4096),
        ("max_completion_tokens cannot exceed 2,048", None, 2048),
        ("max_output_tokens must be at most 4096", None, 4096),
        ("max_tokens must be at most 4k", None, 4000),
        ("max_tokens may not exceed 1.5K tokens", None, 1500),
        ("max_tokens must be at most 4096.", None, 4096),
        ("maximum context length is 8k tokens", 8000, None),
        ("max_tokens must be at most 4 kings", None, 4),
        (("`inputs` tokens + `max_new_tokens` must be <= 8192. Given: 1990 `inputs` tokens and 8192 "
          "`max_new_tokens`"), 8192, 8192),
        (("This model's maximum context length is 8192 tokens. However, you requested 9977 tokens (1785 "
         "in the messages, 8192 in the completion)."), 8192, None),
        (("'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context "
         "length is 8192 tokens and your request has 20 input tokens"), 8192, None),
        ("request (4390 tokens) exceeds the available context size (4096 tokens), try increasing it",
         4096, None),
        ("The input (9000 tokens) is longer than the model's context length (8192)", 8192, None),
        ("Requested tokens (2285) exceed context window of 2048", 2048, None),
        ("the model is loaded with context length of only 4096 tokens, which is not enough", 4096, None),
        ("Prompt too long: 5152 tokens exceeds max_seq_len 2048", 2048, None),
        ("Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
         32768, None),
        ("Invalid request: Your request exceeded model token limit: 8192", 8192, None),
        ("prompt is too long: 128466 tokens > 100000 maximum", 100000, None),
        ("This model's maximum prompt length is 131072 but the request contains 537812", 131072, None),
        ("Range of input length should be [1, 30720]", 30720, None),
        ("the request exceeds the available context size. try increasing the context size", None, None),
        ("Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 128000, but got 10000000 instead.", None, 128000),
        ("max_tokens is too large: 8192", None, None),
        ("the context of 3 messages is bad", None, None),
        ("no", None, None),
    ],
)  # fmt: skip
def test_limits_are_read_in_the_vendors_words(
    refusal: str, window: int | None, answer: int | None
) -> None:
    assert stated_limits(refusal) == TokenLimits(window, answer)


def refused(message: str) -> Reply:
    body = json.dumps({"error": {"message": message}}).encode()
    return Reply((body,), status=400, content_type="application/json")


TAKEN = Reply((b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n',))


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("This model's maximum context length is 8192 tokens. However, you requested 9977 tokens", 2048),
        ("max_tokens is too large: 8192. This model supports at most 4096 completion tokens", 4096),
    ],
)  # fmt: skip
async def test_a_small_window_takes_a_shorter_answer_from_then_on(message: str, asked: int) -> None:
    async with (
        WireServer(refused(message), TAKEN).serving() as server,
        model_at(server.base_url) as model,
    ):
        for _ in range(2):
            assert (await model.respond(QUESTION)).message.text == "Hi"
        lengths = [json.loads(request.body)["max_tokens"] for request in server.requests]
        assert lengths == [8192, asked, asked]


async def test_a_length_that_a_person_set_is_theirs_to_change() -> None:
    message = "max_tokens is too large: 8192. This model supports at most 4096 completion tokens"
    async with (
        WireServer(refused(message)).serving() as server,
        model_at(server.base_url, output_tokens_max=8192) as model,
    ):
        with pytest.raises(ModelRefused, match=r"lower model\.output_tokens_max \(8192\)"):
            await model.respond(QUESTION)
        assert len(server.requests) == 1


async def test_what_would_fit_is_known_to_whoever_shortens_the_prompt() -> None:
    message = "This model's maximum context length is 8192 tokens. Your prompt has 9000 tokens"
    async with WireServer(refused(message)).serving() as server, model_at(server.base_url) as model:
        with pytest.raises(PromptTooLong, match=r"model\.output_tokens_max") as raised:
            await model.respond(QUESTION)
        assert raised.value.prompt_tokens_max == 8192 - 2048
