"""What Messages and Responses are asked with: the shape, what comes back in it, what is learned."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from lsp_server.agent.journal_format import decode_record, encode_record
from lsp_server.domain.errors import (
    ConfigurationError,
    ModelRefused,
    ModelUnavailable,
    PromptTooLong,
)
from lsp_server.domain.events import ModelAnswered, RecordedEvent
from lsp_server.domain.images import LoadedImage
from lsp_server.domain.messages import AnswerSchema, Message, Request, Response, Usage
from lsp_server.domain.tools import ToolSpec
from lsp_server.models.scripted.messages_form import signature
from lsp_server.models.scripted.responses_form import encrypted
from lsp_server.models.scripted.scenario import EndpointBehaviour, ScriptedCall, ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.models.scripted.wire_checks import MARKS_MAX, WIRE_VENDORS
from lsp_server.models.wrappers import RedactingModel
from lsp_server.redaction.redactor import Redactor
from lsp_server.redaction.secrets import Secrets
from tests.fakes.wire_server import Reply, WireServer, model_at
from tests.models.test_histories import SHAPES, begun
from tests.models.test_wire_answers import COMPLETED, CREATED, end, events, said, start, text

WIRES = ("messages", "responses")
TRIES_MAX = 6
TOOLS = tuple(ToolSpec(name, f"It does {name}.", {"type": "object"}) for name in ("read", "list"))
ASKED = (Message("system", "Be brief."), Message("user", "Do it."))
LOOKS = ScriptedTurn(
    text="I look.",
    reasoning="First I look at a file, then at the list.",
    tool_calls=(ScriptedCall(name="read", arguments={"path": "a"}), ScriptedCall(name="list")),
)
SCHEMA = AnswerSchema("verdict", {"type": "object", "properties": {"met": {"type": "boolean"}}})
VENDORS = [
    (path.rsplit("/", 1)[1], vendor) for path, all_ in WIRE_VENDORS.items() for vendor in all_
]


def results(response: Response) -> list[Message]:
    return [Message("tool", "x = 1", tool_call_id=call.id) for call in response.message.tool_calls]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("wire", "vendor"), VENDORS)
async def test_a_vendor_takes_each_history(wire: str, vendor: str, shape: str) -> None:
    behaviour = EndpointBehaviour(vendor=vendor)
    async with (
        ScriptedServer(
            [ScriptedTurn(text="A"), ScriptedTurn(text="B")], behaviour=behaviour
        ) as server,
        model_at(server.base_url, wire=wire) as model,
    ):
        assert (await model.respond(begun(shape))).message.text == "A"
        tries = len(server.requests)
        assert tries <= TRIES_MAX
        assert (await model.respond(begun(shape))).message.text == "B"
        assert len(server.requests) == tries + 1, "what was learned is kept"


@pytest.mark.parametrize(("wire", "vendor"), VENDORS)
async def test_thoughts_come_back_to_the_letter_from_a_journal_too(wire: str, vendor: str) -> None:
    """The first, second and third request of a run, and the third again after a restart."""
    turns = [LOOKS, LOOKS, ScriptedTurn(text="Done.")]
    thinking = {"thinking": {"type": "adaptive"}} if wire == "messages" else {}
    behaviour = EndpointBehaviour(vendor=vendor)
    async with (
        ScriptedServer(turns, behaviour=behaviour) as server,
        model_at(server.base_url, wire=wire, extra_body=thinking) as model,
    ):
        messages = [*ASKED]
        for _ in range(2):
            response = await model.respond(Request(tuple(messages), TOOLS))
            messages += [restored(response), *results(response)]
        assert (await model.respond(Request(tuple(messages), TOOLS))).message.text == "Done."
        last = server.requests[-1].raw.decode()
        reasoning = json.dumps(LOOKS.reasoning)[1:-1]
        assert last.count(reasoning) == 2
        if wire == "messages":
            assert last.count(signature(LOOKS.reasoning)) == 2
        elif vendor in ("openai", "openrouter"):
            assert last.count(encrypted(LOOKS.reasoning)) == 2


def restored(response: Response) -> Message:
    """The answer as a journal has it, read again."""
    event = ModelAnswered(1, response.message, "stop", response.usage, response.billed, 0.0)
    line = encode_record(RecordedEvent(0, "2026-01-01T00:00:00+00:00", event))
    read = decode_record(line).event
    assert isinstance(read, ModelAnswered)
    assert read.message == response.message
    return read.message


@pytest.mark.parametrize(("wire", "vendor"), [("messages", "anthropic"), ("responses", "openai")])
async def test_a_thought_with_a_secret_in_it_stays_here(wire: str, vendor: str) -> None:
    secret = "hunter2-hunter2-4711"
    turn = ScriptedTurn(**{**LOOKS.model_dump(), "reasoning": f"The password is {secret}."})
    redactor = Redactor(lambda: Secrets(values=(secret,)))
    extra = {"thinking": {"type": "enabled"}} if wire == "messages" else {}
    async with (
        ScriptedServer(
            [turn, ScriptedTurn(text="Done.")], behaviour=EndpointBehaviour(vendor=vendor)
        ) as server,
        model_at(server.base_url, wire=wire, extra_body=extra) as endpoint,
    ):
        model = RedactingModel(endpoint, redactor)
        response = await model.respond(Request(ASKED, TOOLS))
        kept = redactor.about(response.message)
        assert secret not in repr(kept)
        messages = (*ASKED, kept, *results(response))
        assert (await model.respond(Request(messages, TOOLS))).message.text == "Done."
        assert not any(secret in each.raw.decode() for each in server.requests)


@pytest.mark.parametrize(("wire", "vendor"), [("messages", "anthropic"), ("responses", "openai")])
async def test_a_thought_of_another_model_is_left_out_and_later_ones_are_not(
    wire: str, vendor: str
) -> None:
    extra = {"thinking": {"type": "enabled"}} if wire == "messages" else {}
    behaviour = EndpointBehaviour(vendor=vendor)
    async with (
        ScriptedServer([LOOKS, LOOKS, ScriptedTurn(text="A")], behaviour=behaviour) as server,
        model_at(server.base_url, wire=wire, extra_body=extra) as model,
    ):
        response = await model.respond(Request(ASKED, TOOLS))
        fields = response.message.vendor_fields
        foreign = fields.replace("sig_", "of-another-").replace("gAAA", "of-another-")
        answer = replace(response.message, vendor_fields=foreign)
        messages = [*ASKED, answer, *results(response)]
        response = await model.respond(Request(tuple(messages), TOOLS))
        tries = len(server.requests)
        assert tries <= 4
        # An endpoint that wants a thought before each call is not asked to think without one.
        assert "thinking" not in server.requests[-1].body
        messages += [response.message, *results(response)]
        assert (await model.respond(Request(tuple(messages), TOOLS))).message.text == "A"
        assert len(server.requests) == tries + 1
        last = server.requests[-1]
        assert b"another" not in last.raw
        own = signature if wire == "messages" else encrypted
        assert last.raw.decode().count(own(LOOKS.reasoning)) == 1
        assert last.body.get("thinking") == extra.get("thinking")


@pytest.mark.parametrize("to", ["chat", *WIRES])
@pytest.mark.parametrize("of", ["chat", *WIRES])
async def test_a_run_goes_on_over_another_wire(of: str, to: str) -> None:
    strict = {"chat": "groq", "messages": "anthropic", "responses": "openai"}
    async with ScriptedServer([LOOKS]) as first, model_at(first.base_url, wire=of) as model:
        response = await model.respond(Request(ASKED, TOOLS))
    request = Request((*ASKED, response.message, *results(response)), TOOLS)
    async with (
        ScriptedServer(
            [ScriptedTurn(text="A")], behaviour=EndpointBehaviour(vendor=strict[to])
        ) as second,
        model_at(second.base_url, wire=to) as model,
    ):
        assert (await model.respond(request)).message.text == "A"
        assert b"_digest" not in second.requests[-1].raw


def marks(body: dict[str, Any]) -> list[str]:
    blocks = [
        *body["system"],
        *(each for message in body["messages"] for each in message["content"]),
    ]
    return [each.get("text") or each.get("content") for each in blocks if "cache_control" in each]


async def test_what_a_step_writes_to_the_cache_the_next_one_reads() -> None:
    turns = [LOOKS] * 4
    async with (
        ScriptedServer(turns, behaviour=EndpointBehaviour(vendor="anthropic")) as server,
        model_at(server.base_url, wire="messages") as model,
    ):
        messages, usage = [*ASKED], Usage()
        for step in range(4):
            response = await model.respond(Request(tuple(messages), TOOLS))
            messages.append(response.message)
            messages += [replace(each, text=f"{each.text} of {step}") for each in results(response)]
            usage = response.usage
        assert [marks(each.body) for each in server.requests] == [
            ["Be brief.", "Do it."],
            ["Be brief.", "Do it.", "x = 1 of 0"],
            ["Be brief.", "Do it.", "x = 1 of 0", "x = 1 of 1"],
            ["Be brief.", "Do it.", "x = 1 of 1", "x = 1 of 2"],
        ]
        assert usage.cached_tokens > usage.cache_write_tokens > 0
        bodies = [_without_marks(each.raw) for each in server.requests]
        for before, after in pairwise(bodies):
            assert after.startswith(before.removesuffix(b"]}"))


def _without_marks(body: bytes) -> bytes:
    return body.replace(b',"cache_control":{"type":"ephemeral"}', b"")


@pytest.mark.parametrize(
    ("messages", "marked"),
    [
        (ASKED, ["Be brief."]),
        ((*ASKED, Message("assistant", "Hi."), Message("user", "Is it met?")),
         ["Be brief.", "Do it."]),
    ],
)  # fmt: skip
async def test_the_question_of_a_judge_is_not_kept(
    messages: tuple[Message, ...], marked: list[str]
) -> None:
    async with (
        ScriptedServer([ScriptedTurn(text='{"met": true}')]) as server,
        model_at(server.base_url, wire="messages") as model,
    ):
        await model.respond(Request(messages, TOOLS, answer=SCHEMA))
        assert marks(server.requests[0].body) == marked
        assert len(marked) <= MARKS_MAX


@pytest.mark.parametrize(
    ("wire", "vendor", "tools", "tries"),
    [
        ("chat", "vllm", (), 1),
        ("messages", "anthropic", (), 1),
        ("messages", "anthropic", TOOLS, 1),
        ("responses", "openai", (), 1),
        ("responses", "openai", TOOLS, 1),
        ("responses", "lm studio", (), 3),
    ],
)
async def test_a_verdict_comes_as_json(
    wire: str, vendor: str, tools: tuple[ToolSpec, ...], tries: int
) -> None:
    verdict = '{"met": true}'
    async with (
        ScriptedServer(
            [ScriptedTurn(text=verdict)], behaviour=EndpointBehaviour(vendor=vendor)
        ) as server,
        model_at(server.base_url, wire=wire) as model,
    ):
        response = await model.respond(Request(ASKED, tools, answer=SCHEMA, temperature=0.0))
        assert (response.message.text, response.stop_reason) == (verdict, "stop")
        assert response.message.tool_calls == ()
        assert len(server.requests) == tries
        body = server.requests[-1].body
        asked = [key for key in ("response_format", "tool_choice", "text") if key in body]
        assert len(asked) == (
            0 if vendor in ("ollama", "lm studio") or (wire == "messages" and tools) else 1
        )
        assert asked or '\\"met\\"' in server.requests[-1].raw.decode()


async def test_an_endpoint_that_ignores_the_choice_of_a_tool_gets_the_schema_in_words() -> None:
    async with (
        ScriptedServer(
            [ScriptedTurn(text="It is met, I think."), ScriptedTurn(text='{"met": true}')],
            behaviour=EndpointBehaviour(vendor="ollama"),
        ) as server,
        model_at(server.base_url, wire="messages") as model,
    ):
        request = Request(ASKED, answer=SCHEMA)
        assert (await model.respond(request)).message.text == "It is met, I think."
        assert (await model.respond(request)).message.text == '{"met": true}'
        first, second = server.requests
        assert ("tool_choice" in first.body, "tool_choice" in second.body) == (True, False)
        assert '\\"met\\"' in second.raw.decode()


@pytest.mark.parametrize("thinking", ["enabled", "adaptive"])
async def test_a_model_that_thinks_is_asked_for_json_in_words(thinking: str) -> None:
    async with (
        ScriptedServer(
            [ScriptedTurn(text="{}")], behaviour=EndpointBehaviour(vendor="anthropic")
        ) as server,
        model_at(
            server.base_url, wire="messages", extra_body={"thinking": {"type": thinking}}
        ) as model,
    ):
        await model.respond(Request(ASKED, answer=SCHEMA, temperature=0.0))
        assert "tool_choice" not in server.requests[-1].body
        assert len(server.requests) == 2, "a temperature is no choice of a model that thinks"


@pytest.mark.parametrize("wire", WIRES)
async def test_images_arrive(wire: str) -> None:
    image = LoadedImage("d1", "PNG", 2, 2, 4, "a.png", b"data")
    shown = (*ASKED, replace(Message("user", "This."), images=(image,)))
    async with (
        ScriptedServer([ScriptedTurn(text="A")]) as server,
        model_at(server.base_url, wire=wire) as model,
    ):
        response = await model.respond(Request(shown, TOOLS))
        assert not response.without_images
        raw = server.requests[0].raw.decode()
        assert {
            "messages": '{"type":"image","source":{"type":"base64","media_type":"image/png","data":"ZGF0YQ=="}',
            "responses": '{"type":"input_image","image_url":"data:image/png;base64,ZGF0YQ=="}',
        }[wire] in raw


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ("messages", "messages.0.content.1: Input tag 'image' found using 'type' does not match"),
        ("responses", "This model does not support image inputs."),
    ],
)
async def test_images_that_are_refused_are_told_of(wire: str, words: str) -> None:
    image = LoadedImage("d1", "PNG", 2, 2, 4, "a.png", b"data")
    refused = Reply((json.dumps({"error": {"message": words}}).encode(),), 400, "application/json")
    taken = {"messages": events(start(), *text(0, "A"), *end("end_turn")),
             "responses": events(CREATED, *said(0, "A"), COMPLETED)}[wire]  # fmt: skip
    request = Request((*ASKED, replace(Message("user", "This."), images=(image,))))
    async with (
        WireServer(refused, taken).serving() as server,
        model_at(server.base_url, wire=wire) as model,
    ):
        response = await model.respond(request)
        assert (response.message.text, response.without_images) == ("A", True)
        assert b"a.png" in server.requests[-1].body
        assert b"ZGF0YQ" not in server.requests[-1].body


async def test_a_key_goes_where_the_wire_has_it() -> None:
    for wire, name in (("messages", "x-api-key"), ("responses", "authorization")):
        taken = {"messages": events(start(), *text(0, "A"), *end("end_turn")),
                 "responses": events(CREATED, *said(0, "A"), COMPLETED)}[wire]  # fmt: skip
        async with (
            WireServer(taken).serving() as server,
            model_at(server.base_url, wire=wire, api_key="sk-1") as model,
        ):
            await model.respond(Request(ASKED))
            headers = server.requests[0].headers
            assert headers[name].endswith("sk-1")
            assert sum("sk-1" in each for each in headers.values()) == 1
            assert headers.get("anthropic-version") == (
                "2023-06-01" if wire == "messages" else None
            )


async def test_a_key_goes_where_others_have_it_once_it_is_refused() -> None:
    refused = Reply((b'{"error": {"message": "missing authorization"}}',), 401, "application/json")
    taken = events(start(), *text(0, "A"), *end("end_turn"))
    async with (
        WireServer(refused, taken).serving() as server,
        model_at(server.base_url, wire="messages", api_key="sk-1") as model,
    ):
        for _ in range(2):
            await model.respond(Request(ASKED))
        assert [each.headers.get("authorization") for each in server.requests] == [
            None, "Bearer sk-1", "Bearer sk-1",
        ]  # fmt: skip
    async with (
        WireServer(refused).serving() as server,
        model_at(server.base_url, wire="messages", api_key="sk-1") as model,
    ):
        with pytest.raises(ModelRefused, match="refused the API key"):
            await model.respond(Request(ASKED))
        assert len(server.requests) == 2


def anthropic(kind: str, words: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("wire", "status", "body", "kind", "says"),
    [
        ("messages", 400, anthropic("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
         PromptTooLong, "does not fit"),
        ("messages", 400, anthropic("invalid_request_error", "input length and `max_tokens` exceed context limit: "
         "190000 + 20000 > 200000, decrease input length or `max_tokens` and try again"),
         PromptTooLong, "does not fit"),
        ("messages", 413, anthropic("request_too_large", "Request exceeds the maximum size"), PromptTooLong, "413"),
        ("messages", 401, anthropic("authentication_error", "invalid x-api-key"), ModelRefused, "API key"),
        ("messages", 403, anthropic("permission_error", "not allowed"), ModelRefused, "API key"),
        ("messages", 404, anthropic("not_found_error", "model: claude-9"), ModelRefused, "no model"),
        ("messages", 429, anthropic("rate_limit_error", "too many"), ModelUnavailable, "429"),
        ("messages", 529, anthropic("overloaded_error", "Overloaded"), ModelUnavailable, "529"),
        ("messages", 500, anthropic("api_error", "Internal server error"), ModelUnavailable, "500"),
        ("messages", 400, anthropic("invalid_request_error", "Your credit balance is too low"),
         ModelRefused, "quota"),
        ("responses", 400, {"error": {"message": "Your input exceeds the context window of this model.",
         "code": "context_length_exceeded"}}, PromptTooLong, "does not fit"),
        ("responses", 404, {"error": {"message": "The model `gpt-9` does not exist", "code": "model_not_found"}},
         ModelRefused, "no model"),
        ("responses", 405, {"detail": "Method Not Allowed"}, ModelRefused, "no Responses endpoint"),
        ("responses", 429, {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}},
         ModelUnavailable, "429"),
        ("responses", 429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}},
         ModelRefused, "quota"),
    ],
)  # fmt: skip
async def test_a_refusal_is_told_by_who_can_mend_it(
    wire: str, status: int, body: dict[str, Any], kind: type[Exception], says: str
) -> None:
    headers = {"Retry-After": "7"} if kind is ModelUnavailable else {}
    reply = Reply((json.dumps(body).encode(),), status, "application/json", headers)
    async with WireServer(reply).serving() as server, model_at(server.base_url, wire=wire) as model:
        with pytest.raises(kind, match=says) as raised:
            await model.respond(Request(ASKED))
        assert type(raised.value) is kind
        if isinstance(raised.value, ModelUnavailable):
            assert raised.value.retry_after_seconds == 7.0


@pytest.mark.parametrize(
    ("wire", "words", "gone"),
    [
        (
            "messages",
            "messages.0.content.0.cache_control: Extra inputs are not permitted",
            "cache_control",
        ),
        ("messages", "system.0.cache_control: unknown field", "cache_control"),
        ("messages", "temperature: is deprecated for this model", '"temperature"'),
        ("messages", "tool_choice is not supported", "tool_choice"),
        ("messages", "streaming is not supported", '"stream":true'),
        ("responses", "Encrypted content is not supported with this model.", '"include"'),
        ("responses", "Unknown parameter: 'include'.", '"include"'),
        ("responses", "Unsupported parameter: 'store'", '"store"'),
        ("responses", "Unsupported parameter: 'text.format'", '"format"'),
        (
            "responses",
            "Unsupported parameter: 'temperature' is not supported with this model.",
            '"temperature"',
        ),
    ],
)
async def test_what_is_refused_is_learned(wire: str, words: str, gone: str) -> None:
    refused = Reply((json.dumps({"error": {"message": words}}).encode(),), 400, "application/json")
    taken = {
        "messages": events(start(), *text(0, "{}"), *end("end_turn")),
        "responses": events(CREATED, *said(0, "{}"), COMPLETED),
    }[wire]
    async with (
        WireServer(refused, taken).serving() as server,
        model_at(server.base_url, wire=wire) as model,
    ):
        request = Request(ASKED, answer=SCHEMA, temperature=0.5)
        for _ in range(2):
            assert (await model.respond(request)).message.text == "{}"
        sent = [gone in each.body.decode() for each in server.requests]
        assert sent == [True, False, False]


@pytest.mark.parametrize("wire", WIRES)
async def test_an_answer_that_is_too_long_is_asked_for_shorter(wire: str) -> None:
    words = "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens"
    refused = Reply((json.dumps({"error": {"message": words}}).encode(),), 400, "application/json")
    taken = {
        "messages": events(start(), *text(0, "A"), *end("end_turn")),
        "responses": events(CREATED, *said(0, "A"), COMPLETED),
    }[wire]
    async with (
        WireServer(refused, taken).serving() as server,
        model_at(server.base_url, wire=wire) as model,
    ):
        await model.respond(Request(ASKED))
        assert b'_tokens":4096' in server.requests[-1].body


@pytest.mark.parametrize("wire", WIRES)
async def test_two_requests_at_once_do_not_mix(wire: str) -> None:
    turns = [
        ScriptedTurn(text=name * 400, when=name, tokens_per_second=4000) for name in ("A", "B")
    ]
    async with ScriptedServer(turns) as server, model_at(server.base_url, wire=wire) as model:
        asked = [Request((Message("user", name),)) for name in ("A", "B")]
        answers = await asyncio.gather(*map(model.respond, asked))
        assert [set(each.message.text) for each in answers] == [{"A"}, {"B"}]


@pytest.mark.parametrize("wire", WIRES)
async def test_one_answer_comes_whatever_number_was_asked_for(wire: str) -> None:
    async with (
        ScriptedServer([ScriptedTurn(text="A")]) as server,
        model_at(server.base_url, wire=wire) as model,
    ):
        response = await model.respond(Request(ASKED, choices=5))
        assert len(response.choices) == 1
        assert "n" not in server.requests[0].body


@pytest.mark.parametrize(
    ("wire", "filled"),
    [("messages", "system"), ("responses", "input"), ("responses", "previous_response_id")],
)
async def test_what_holdfast_fills_is_no_setting(wire: str, filled: str) -> None:
    with pytest.raises(ConfigurationError, match=filled):
        async with model_at("http://127.0.0.1:1/v1", wire=wire, extra_body={filled: "x"}):
            pass


async def test_a_format_of_text_stands_beside_what_a_person_set() -> None:
    async with (
        ScriptedServer([ScriptedTurn(text="{}")] * 2) as server,
        model_at(
            server.base_url, wire="responses", extra_body={"text": {"verbosity": "low"}}
        ) as model,
    ):
        await model.respond(Request(ASKED, answer=SCHEMA))
        await model.respond(Request(ASKED))
        assert server.requests[0].body["text"]["verbosity"] == "low"
        assert server.requests[0].body["text"]["format"]["name"] == "verdict"
        assert server.requests[1].body["text"] == {"verbosity": "low"}
