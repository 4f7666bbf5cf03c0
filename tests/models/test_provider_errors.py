"""What endpoints say when they refuse, and who is told to mend it."""

from __future__ import annotations

import json
from email.utils import formatdate
from typing import Any

import pytest

from lsp_server.domain.errors import ModelError, ModelRefused, ModelUnavailable, PromptTooLong
from lsp_server.models.error_body import SENTENCE_CHARS_MAX, read_provider_error
from lsp_server.models.provider_errors import error_for_status, retry_after_seconds, status_of
from lsp_server.settings.sections import RoleSettings
from tests.fakes.wire_server import settings_for

SETTINGS = settings_for("https://person:password@host.example/v1?key=hush")


def check(
    status: int, body: object, expected: type[ModelError], says: str, retry: float | None = None
) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = error_for_status(status, read_provider_error(data), SETTINGS, retry_after_seconds=retry)
    assert type(error) is expected, error
    assert says in str(error)
    assert "\n" not in str(error)
    assert "password" not in str(error)
    assert "hush" not in str(error)


def said(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, said("This model's maximum context length is 4097 tokens. However, your messages "
                   "resulted in 5000 tokens.", code="context_length_exceeded")),
        (400, said("Your input exceeds the context window of this model.")),
        (400, {"object": "error", "message": "This model's maximum context length is 262144 tokens. "
               "However, you requested 0 output tokens and your prompt contains at least 262145",
               "code": 400}),
        (400, said("'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum "
                   "context length is 8192 tokens and your request has 20 input tokens")),
        (400, said("The input (263000 tokens) is longer than the model's context length (262144)")),
        (400, said("Requested token count exceeds the model's maximum context length of 202752")),
        (400, said("Input length (265330) exceeds model's maximum context length (262144).")),
        (400, said("Input length 131393 exceeds the maximum allowed input length of 131040 tokens.")),
        (400, said("request (4390 tokens) exceeds the available context size (4096 tokens), try "
                   "increasing it", type="exceed_context_size_error")),
        (500, said("Context size has been exceeded.", code=500, type="server_error")),
        (500, said("the request exceeds the available context size. try increasing the context size "
                   "or enable context shift", type="exceed_context_size_error")),
        (400, said("Requested tokens (2285) exceed context window of 2048")),
        (400, said("The number of tokens to keep from the initial prompt is greater than the context "
                   "length.")),
        (400, said("prompt too long; exceeded max context length by 4 tokens")),
        (400, said("Prompt too long: 5152 tokens exceeds max_seq_len 2048")),
        (400, said("prompt is too long: 1284668 tokens > 1000000 maximum")),
        (400, said("Prompt contains 40000 tokens, too large for model with 32768 maximum context "
                   "length")),
        (400, said("Invalid request: Your request exceeded model token limit: 8192")),
        (400, said("This model's maximum prompt length is 131072 but the request contains 537812")),
        (400, said("The input token count (1196265) exceeds the maximum number of tokens allowed")),
        (400, said("Range of input length should be [1, 30720]")),
        (400, said("prompt token count of 90000 exceeds the limit of 64000", code="x")),
        (400, said("Please reduce the length of the messages or completion.")),
        (422, {"detail": [{"loc": ["body"], "msg": "input is too long for the requested model"}]}),
        (413, said("Request too large for model on tokens per minute (TPM): Limit 6000")),
        (413, b"<html><body><h1>413 Request Entity Too Large</h1></body></html>"),
    ],
)  # fmt: skip
def test_a_prompt_that_does_not_fit(status: int, body: object) -> None:
    check(status, body, PromptTooLong, "model.context_tokens (131072)")


@pytest.mark.parametrize(
    ("status", "body", "expected", "says"),
    [
        (401, said("Incorrect API key provided"), ModelRefused, "HOLDFAST_API_KEY"),
        (403, said("Country not supported"), ModelRefused, "model.api_key_command"),
        (404, said("model 'qwen' not found"), ModelRefused, "model.name"),
        (404, b"404 page not found", ModelRefused, "model.base_url"),
        (400, said("The model `x` does not exist"), ModelRefused, "model.name"),
        (400, said("no", code="model_not_found"), ModelRefused, "model.name"),
        (405, b"", ModelRefused, "model.base_url"),
        (302, b"", ModelRefused, "model.base_url"),
        (501, b"", ModelRefused, "model.base_url"),
        (400, said("x does not support tools"), ModelRefused, "x does not support tools"),
        (422, {"detail": [{"loc": ["body", "tools"], "msg": "Extra inputs are not permitted"}]},
         ModelRefused, "body.tools: Extra inputs"),
        (400, b"", ModelRefused, "without a reason"),
        (400, said("max_tokens is too large: 8192. This model supports at most 4096 completion tokens"),
         ModelRefused, "lower model.output_tokens_max (8192)"),
        (402, said("Insufficient Balance"), ModelRefused, "no quota left"),
        (429, said("You exceeded your current quota, please check your plan and billing details.",
                   type="insufficient_quota"), ModelRefused, "no quota left"),
        (403, said("Your credit balance is too low"), ModelRefused, "no quota left"),
        (429, said("You exceeded your current quota. Please retry in 22s."), ModelUnavailable, "429"),
        (429, said("Too many tokens, please wait before trying again."), ModelUnavailable, "429"),
        (408, b"", ModelUnavailable, "408"),
        (409, b"", ModelUnavailable, "409"),
        (500, said("boom"), ModelUnavailable, "500: boom"),
        (503, said("Loading model"), ModelUnavailable, "Loading model"),
        (503, said("Too many input tokens, please wait"), ModelUnavailable, "503"),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
         ModelUnavailable, "Overloaded"),
        (500, [said("a list")], ModelUnavailable, "a list"),
        (500, {"error": "text alone"}, ModelUnavailable, "text alone"),
        (500, {"detail": "of FastAPI"}, ModelUnavailable, "of FastAPI"),
        (502, b"<html><style>p {}</style><p>Bad\n Gateway</p>", ModelUnavailable, "502: Bad Gateway"),
        (500, {"error": {"message": "upstream", "metadata": {"raw": "the cause"}}},
         ModelUnavailable, "upstream: the cause"),
        (500, b"\xff\xfe\x00", ModelUnavailable, "500"),
        (500, b"[" * 50_000, ModelUnavailable, "500"),
        (500, b"null", ModelUnavailable, "500"),
    ],
)  # fmt: skip
def test_a_refusal_names_what_to_change(
    status: int, body: object, expected: type[ModelError], says: str
) -> None:
    check(status, body, expected, says)


LASTING = [
    "Value is not callable: null at row 58, column 31:\n{{ raise_exception('x') }}",
    "Conversation roles must alternate user/assistant/user/assistant/...",
    "Jinja Exception: Only user and assistant roles are supported!",
    "Failed to parse input at pos 12: <tool_call>",
    "error parsing tool call: raw='{\"path\":', err=unexpected end of JSON input",
    "[json.exception.parse_error.101] parse error at line 1, column 5",
    "Failed to apply chat template: 'None' has no element 0",
    'template: :3: function "x" not defined',
    "this model does not support tools",
    "'NoneType' object is not iterable",
    'TypeError: can only concatenate str (not "NoneType") to str',
    "JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    "invalid message format: tool message without call",
    "Unsupported param: tools",
    "json: cannot unmarshal string into Go value",
    "invalid grammar: unexpected token",
]


@pytest.mark.parametrize("sentence", LASTING)
def test_a_500_about_the_request_itself_is_not_waited_for(sentence: str) -> None:
    check(500, said(sentence), ModelRefused, sentence.split("\n", maxsplit=1)[0][:30])


@pytest.mark.parametrize(
    "sentence",
    ["Incorrect API key provided: sk-…", "invalid access token", "The api_key is not valid",
     "Authentication service failed, invalid auth token"],
)  # fmt: skip
def test_a_500_about_the_key_is_not_waited_for(sentence: str) -> None:
    check(500, said(sentence), ModelRefused, "HOLDFAST_API_KEY")


@pytest.mark.parametrize(
    "sentence",
    ["CUDA out of memory. Tried to allocate 2.00 GiB", "model requires more system memory (9.1 GiB)",
     "llama runner process has terminated: exit status 2", "failed to load model", "OOM",
     "CUDA error: an illegal memory access was encountered", "unable to allocate CUDA0 buffer"],
)  # fmt: skip
def test_memory_that_is_used_up_is_waited_for_less_than_a_minute(sentence: str) -> None:
    error = error_for_status(500, read_provider_error(said(sentence)), SETTINGS)
    assert isinstance(error, ModelUnavailable)
    assert error.patience_seconds is not None
    assert error.patience_seconds < 60
    assert sentence in str(error)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(500, "The server had an error while processing your request. Sorry about that!"),
     (500, "Internal server error"), (500, "Internal error encountered."), (500, "Overloaded"),
     (500, "upstream request timeout"), (500, "Internal Server Error (ref: 5f3a)"),
     (500, "An unexpected error occurred"), (500, "rate limit reached"), (500, "Model is loading"),
     (500, "rate_limit_error"), (500, "Something went wrong"), (500, "Provider returned error"),
     (500, "The engine is currently down"), (500, "service unavailable"), (500, "Loading model"),
     (504, "boom"), (524, "boom"), (529, "boom"),
     (500, "authentication service is down"), (500, "the template is busy, try again"), (500, ""),
     (502, "Failed to parse the answer of the backend"), (503, "model is not supported here now"),
     (429, "too many tool calls must wait")],
)  # fmt: skip
def test_what_passes_is_waited_for_as_long_as_it_takes(status: int, sentence: str) -> None:
    error = error_for_status(status, read_provider_error(said(sentence)), SETTINGS)
    assert isinstance(error, ModelUnavailable)
    assert error.patience_seconds is None


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(500, "boom"), (500, "no such file or directory: /models/x.gguf"), (500, "internal error: 42"),
     (500, "EngineCore encountered an issue. See stack trace"), (500, "list index out of range"),
     (500, "segmentation fault"), (500, "permission denied"), (511, "log in to the network"),
     (526, "the certificate is not valid"), (507, "the disk is full")],
)  # fmt: skip
def test_a_fault_that_nobody_knows_is_said_within_ten_minutes(status: int, sentence: str) -> None:
    error = error_for_status(
        status, read_provider_error(said(sentence)), SETTINGS, retry_after_seconds=7
    )
    assert isinstance(error, ModelUnavailable)
    assert error.patience_seconds == 600 == 5 * SETTINGS.silence_timeout_seconds
    assert error.retry_after_seconds == 7
    assert sentence in str(error)
    assert "A run asks again for 600 s (5 times model.silence_timeout_seconds)" in str(error)


@pytest.mark.parametrize("prefix", ["", "data:", "data: "])
def test_a_reason_in_the_parameter_is_quoted(prefix: str) -> None:
    body = said("Param Incorrect", code="400", type="", param="`text` is not set")
    read = read_provider_error(prefix + json.dumps(body))
    assert read.sentence == "Param Incorrect: `text` is not set"
    assert read_provider_error(said("Not that", param="n")).sentence == "Not that"


def test_a_redirect_says_where_it_points() -> None:
    where = "https://person:password@other.example/v1?key=hush"
    error = error_for_status(308, read_provider_error(b""), SETTINGS, location=where)
    assert "it points to https://other.example/v1" in str(error)
    assert "password" not in str(error)


@pytest.mark.parametrize("address", ["http://localhost:8000", "http://localhost:8000/"])
def test_an_address_without_its_version_is_told_with_it(address: str) -> None:
    error = error_for_status(404, read_provider_error(b""), settings_for(address))
    assert "as in http://localhost:8000/v1" in str(error)


def test_a_quota_with_a_waiting_time_comes_back() -> None:
    check(429, said("exceeded your current quota"), ModelUnavailable, "429", retry=5.0)


def test_long_sentences_are_cut() -> None:
    error = error_for_status(400, read_provider_error(said("long " * 500)), SETTINGS)
    assert len(str(error)) < SENTENCE_CHARS_MAX + 200


def test_the_key_is_not_quoted() -> None:
    complaint = read_provider_error(said("bad key sk-abc123", code="sk-abc123"), secret="sk-abc123")
    assert "sk-abc123" not in str(error_for_status(401, complaint, SETTINGS)) + complaint.codes


@pytest.mark.parametrize("key", ["x", "test"])
def test_a_word_that_stands_for_a_key_does_not_spoil_the_sentence(key: str) -> None:
    assert read_provider_error(said("expired test"), secret=key).sentence == "expired test"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"message": "x", "code": 502}, 502),
        ({"message": "x", "code": "429"}, 429),
        ({"message": "x", "type": "rate_limit_error"}, 429),
        ({"message": "x", "type": "insufficient_quota"}, 402),
        ({"message": "x", "type": "invalid_request_error"}, 400),
        ({"message": "x", "code": "invalid_api_key"}, 401),
        ({"message": "prompt is too long"}, 400),
        ({"message": "x", "type": "server_error"}, 500),
        ("plain words", 500),
        ({}, 500),
    ],
)
def test_an_error_inside_a_stream_gets_a_status(error: object, status: int) -> None:
    assert status_of(read_provider_error(error)) == status


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-7"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": formatdate(1_000_030, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(999_000, usegmt=True)}, 0.0),
        ({"retry-after": "Mon, 12 Jan 1970 13:47:10"}, 30.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, now=1_000_000) == seconds


@pytest.mark.parametrize(
    ("status", "sentence", "setting"),
    [
        (404, "model not found", "name"),
        (404, "model not found", "base_url"),
        (405, "", "wire"),
        (413, "", "context_tokens"),
        (400, "an odd field", "extra_body"),
        (500, "segmentation fault", "silence_timeout_seconds"),
    ],
)
@pytest.mark.parametrize("role", ["judge", "cheap"])
def test_what_an_endpoint_of_a_role_refuses_names_the_settings_of_the_role(
    status: int, sentence: str, setting: str, role: str
) -> None:
    whole = RoleSettings(name="small").over(SETTINGS, role)
    error = error_for_status(status, read_provider_error(said(sentence)), whole)
    assert f"{role}.{setting}" in str(error)
    assert "model." not in str(error)
