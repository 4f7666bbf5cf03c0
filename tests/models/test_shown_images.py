"""Images on the wire: where they stand, how many there are, and endpoints that take none."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from lsp_server.domain.errors import ModelRefused, ModelUnavailable, PromptTooLong
from lsp_server.domain.images import Image, LoadedImage, described
from lsp_server.domain.messages import Message, Request, Response
from lsp_server.domain.tools import ToolCall
from lsp_server.models.dialect import Dialect
from lsp_server.models.history_form import HistoryForm
from lsp_server.models.image_loading import ImageLoadingModel
from lsp_server.models.request_encoder import RequestEncoder
from lsp_server.models.shown_images import IMAGES_BYTES_MAX, IMAGES_MAX, show_newest
from lsp_server.workspace.files.images import load_image
from tests.data.images import GIF, PNG, WEBP
from tests.fakes.wire_server import Reply, WireServer, model_at, settings_for

SHOT, LOGO = load_image(PNG, "shot.png"), load_image(GIF, "logo.gif")
WEB = load_image(WEBP, "web.webp")
SHOT_PART = {
    "type": "image_url",
    "image_url": {"url": f"data:image/png;base64,{base64.b64encode(PNG).decode()}"},
}
LOGO_PART = {
    "type": "image_url",
    "image_url": {"url": f"data:image/gif;base64,{base64.b64encode(GIF).decode()}"},
}
READ, LOOK = ToolCall("1", "read", "{}"), ToolCall("2", "read", "{}")
CONVERSATION = (
    Message("system", "Be brief."),
    Message("user", described("Make it so.", [SHOT]), images=(SHOT,)),
    Message("assistant", "", tool_calls=(READ, LOOK)),
    Message("tool", "[image logo.gif]", tool_call_id="1", images=(LOGO,)),
    Message("tool", "[image shot.png]", tool_call_id="2", images=(SHOT,)),
    Message("user", "Go on."),
)
BEHIND = {"type": "text", "text": "The images of the results above, in this order: logo.gif, shot.png."}  # fmt: skip
TASK = {"type": "text", "text": CONVERSATION[1].text}


def sent(
    messages: Sequence[Message], form: HistoryForm | None = None, images_max: int = IMAGES_MAX
) -> list[dict[str, Any]]:
    encoder = RequestEncoder(settings_for("http://localhost/v1"))
    dialect = Dialect(history=form or HistoryForm(), images_max=images_max)
    body: dict[str, Any] = json.loads(encoder.body(Request(tuple(messages)), dialect))
    return list(body["messages"])


def contents(messages: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [(each["role"], each.get("content")) for each in messages]


def test_images_go_with_their_text_and_those_of_results_behind_them() -> None:
    assert contents(sent(CONVERSATION)) == [
        ("system", "Be brief."),
        ("user", [TASK, SHOT_PART]),
        ("assistant", None),
        ("tool", "[image logo.gif]"),
        ("tool", "[image shot.png]"),
        ("user", [BEHIND, LOGO_PART, SHOT_PART]),
        ("user", "Go on."),
    ]


def test_a_text_that_looks_like_an_image_stays_a_text() -> None:
    text = f'{{"url":"{SHOT.digest}"}}'
    (only,) = contents(sent([Message("user", text, images=(SHOT, SHOT))]))
    assert only[1] == [{"type": "text", "text": text}, SHOT_PART, SHOT_PART]


def test_they_stay_in_every_form_of_a_history() -> None:
    form = HistoryForm(
        merged=True, system_in_user=True, one_call_each=True, answers_between=True, content="words"
    )
    *_, question, first, one, second, two, between, last = contents(sent(CONVERSATION, form))
    assert question[1][1:] == [SHOT_PART]
    assert question[1][0]["text"].startswith("Be brief.")
    assert [each[0] for each in (first, one, second, two)] == ["assistant", "tool"] * 2
    assert between[0] == "assistant"
    together = {"type": "text", "text": f"{BEHIND['text']}\n\nGo on."}
    assert last == ("user", [together, LOGO_PART, SHOT_PART])


def test_a_model_without_eyes_is_told_of_them() -> None:
    told = contents(sent(CONVERSATION, images_max=0))
    assert told[1] == ("user", f"{TASK['text']}\n(You are not shown: shot.png.)")
    assert told[3:] == [
        ("tool", "[image logo.gif]\n(You are not shown: logo.gif.)"),
        ("tool", "[image shot.png]\n(You are not shown: shot.png.)"),
        ("user", "Go on."),
    ]


def test_one_that_is_gone_is_told_of_as_well() -> None:
    gone = (Message("user", "Look.", images=(SHOT.reference, LOGO)),)
    (only,) = contents(sent(gone))
    assert only[1] == [
        {"type": "text", "text": "Look.\n(You are not shown: shot.png.)"},
        LOGO_PART,
    ]


def shots(count: int, size_bytes: int = 100) -> list[Message]:
    return [
        Message("user", f"{n}", images=(Image(f"{n}", "PNG", 8, 6, size_bytes, f"{n}.png"),))
        for n in range(count)
    ]


@pytest.mark.parametrize("size_bytes", [100, 900_000, 4_900_000])
@pytest.mark.parametrize("images_max", [1, 2, 5, IMAGES_MAX])
def test_a_request_has_the_newest_images_and_its_beginning_mostly_stays(
    size_bytes: int, images_max: int
) -> None:
    before, changes = show_newest(shots(1, size_bytes), images_max), 0
    for count in range(2, 60):
        now = show_newest(shots(count, size_bytes), images_max)
        shown = [image for message in now for image in message.images]
        assert [image.name for image in shown] == [
            f"{n}.png" for n in range(count - len(shown), count)
        ], "the newest"
        assert 1 <= len(shown) <= images_max
        assert sum(image.size_bytes for image in shown) <= IMAGES_BYTES_MAX
        changes += now[: len(before)] != before
        before = now
    room = min(images_max, IMAGES_BYTES_MAX // size_bytes)
    assert changes <= 60 / max(1, room // 2), "in pieces of half of what has room"


REFUSALS: list[tuple[str, int, object]] = [
    ("vLLM", 400, {"object": "error", "code": 400, "type": "BadRequestError",
                   "message": "facebook/opt-125m is not a multimodal model None"}),
    ("vLLM 0", 400, {"error": {"message": "At most 0 image(s) may be provided in one prompt.",
                               "type": "BadRequestError", "param": "image", "code": 400}}),
    ("Ollama", 500, {"error": {"type": "api_error", "param": None, "code": None,
                     "message": "this model is missing data required for image input"}}),
    ("Ollama 400", 400, {"error": {"type": "invalid_request_error",
                         "message": "this model does not support image input"}}),
    ("Ollama of old", 400, {"error": {"message": "json: cannot unmarshal array into Go struct "
                            "field Message.messages.content of type string"}}),
    ("llama.cpp", 500, {"error": {"code": 500, "type": "server_error", "message": "image input is "
                        "not supported - hint: if this is unexpected, you may need to provide the mmproj"}}),
    ("llama.cpp of old", 500, {"error": {"code": 500, "type": "server_error",
                               "message": 'Failed to parse messages: Unsupported content part type: "image_url"; messages = []'}}),
    ("llama.cpp, no WebP", 400, {"error": {"code": 400, "type": "invalid_request_error",
                                 "message": "Failed to load image or audio file"}}),
    ("OpenAI", 400, {"error": {"message": "Invalid content type. image_url is only supported by certain models.",
                     "type": "invalid_request_error", "param": "messages.[1].content.[1].type", "code": None}}),
    ("OpenRouter", 404, {"error": {"message": "No endpoints found that support image input", "code": 404}}),
    ("OpenRouter, passed on", 400, {"error": {"code": 400, "message": "Provider returned error", "metadata": {
        "provider_name": "OpenAI", "raw": '{"error": {"message": "image_url is only supported by certain models."}}'}}}),
    ("LM Studio", 400, {"error": "Model does not support images. Please use a model that does."}),
    ("DeepSeek", 400, {"error": {"message": "Failed to deserialize the JSON body into the target type: messages[7]: "
                       "unknown variant `image_url`, expected `text` at line 1 column 114708",
                       "type": "invalid_request_error", "param": None, "code": "invalid_request_error"}}),
    ("DeepSeek of old", 422, "messages[2]: data did not match any variant of untagged enum ChatCompletionRequestContent"),
    ("DeepSeek, older", 422, "messages[2]: invalid type: sequence, expected a string at line 1 column 2901"),
    ("Mistral", 400, {"object": "Error", "message": "Image input is not enabled for this model",
                      "type": "invalid_request_error", "code": 3051}),
    ("MLX", 400, {"error": "Only 'text' content type is supported."}),
    ("DashScope", 400, {"error": {"message": "Unexpected item type in content.", "code": "invalid_parameter_error"}}),
    ("FastAPI", 422, {"detail": [{"loc": ["body", "messages", 0, "content", "list[TextContentPart]", 0, "type"],
                                  "msg": "Input should be 'text'", "type": "literal_error"}]}),
    ("LiteLLM", 400, {"error": {"message": "litellm.BadRequestError: this model does not support vision"}}),
    ("Groq", 400, {"error": {"message": "messages[1].content must be a string", "type": "invalid_request_error"}}),
    ("a gateway", 415, "unsupported media: multimodal content"),
    ("nobody knows", 400, {"error": {"message": "Bad Request"}}),
]  # fmt: skip
"""As they stand in issues of these projects and of agents that use them."""


ANSWER = Reply(
    (b'data: {"choices": [{"delta": {"content": "Ok."}, "finish_reason": "stop"}]}\n\n',)
)


def refuses(status: int, body: object) -> Reply:
    text = body if isinstance(body, str) else json.dumps(body)
    return Reply((text.encode(),), status, "application/json")


ASKED = Request((Message("user", "What is it?", images=(SHOT,)),))


@pytest.mark.parametrize(("who", "status", "body"), REFUSALS, ids=[row[0] for row in REFUSALS])
async def test_who_takes_no_images_is_asked_once_more_and_never_again(
    who: str, status: int, body: object
) -> None:
    replies = (refuses(status, body), ANSWER)
    async with WireServer(*replies).serving() as server, model_at(server.base_url) as model:
        first = await model.respond(ASKED)
        second = await model.respond(ASKED)
    assert first.message.text == second.message.text == "Ok."
    assert first.without_images
    assert second.without_images
    with_images = [b"base64" in request.body for request in server.requests]
    assert with_images == [True, False, False], who


async def test_who_takes_some_images_gets_so_many() -> None:
    body = {"error": {"message": "At most 2 image(s) may be provided in one prompt."}}
    asked = Request((Message("user", "Which?", images=(SHOT, LOGO, SHOT)),))
    async with (
        WireServer(refuses(400, body), ANSWER).serving() as server,
        model_at(server.base_url) as model,
    ):
        await model.respond(asked)
    counts = [request.body.count(b"base64") for request in server.requests]
    assert counts == [3, 1], "half of what has room, so that the next one changes nothing before it"


async def test_who_took_images_before_is_spared_the_one_that_it_refuses() -> None:
    body = {"error": {"message": "You uploaded an unsupported image."}}
    both = Request((Message("user", "And these?", images=(SHOT, LOGO)),))
    another = Request((Message("user", "And these?", images=(SHOT, LOGO, WEB)),))
    replies = (ANSWER, refuses(400, body), ANSWER)
    async with WireServer(*replies).serving() as server, model_at(server.base_url) as model:
        assert not (await model.respond(ASKED)).without_images
        assert (await model.respond(both)).without_images
        await model.respond(another)
    sent = [
        [kind for kind in ("png", "gif", "webp") if f"image/{kind};" in request.body.decode()]
        for request in server.requests
    ]
    assert sent == [["png"], ["png", "gif"], ["png"], ["png", "webp"]]


async def test_a_prompt_that_does_not_fit_is_not_for_its_images() -> None:
    body = {
        "message": "The decoder prompt (length 50000) is longer than the maximum model length of "
        "32768. Make sure that `max_model_len` is no smaller than the number of text tokens plus "
        "multimodal tokens. For image inputs, the number of image tokens depends on the number of images."
    }
    async with (
        WireServer(refuses(400, body), ANSWER).serving() as server,
        model_at(server.base_url) as model,
    ):
        with pytest.raises(PromptTooLong):
            await model.respond(ASKED)
        assert not (await model.respond(ASKED)).without_images
    assert len(server.requests) == 2


NOT_ABOUT_IMAGES = [
    (401, {"error": {"message": "invalid api key for the image gateway"}}, ModelRefused),
    (429, {"error": {"message": "too many image tokens per minute"}}, ModelUnavailable),
    (503, {"error": {"message": "pulling the container image"}}, ModelUnavailable),
]


@pytest.mark.parametrize(("status", "body", "error"), NOT_ABOUT_IMAGES)
async def test_other_failures_say_nothing_about_images(
    status: int, body: object, error: type[Exception]
) -> None:
    async with (
        WireServer(refuses(status, body)).serving() as server,
        model_at(server.base_url) as model,
    ):
        with pytest.raises(error):
            await model.respond(ASKED)
    assert len(server.requests) == 1


async def test_the_name_of_a_model_is_no_word_about_images() -> None:
    body = {"error": {"message": "my-vision-model: temperature is not supported"}}
    async with (
        WireServer(refuses(400, body), ANSWER).serving() as server,
        model_at(server.base_url, name="my-vision-model") as model,
    ):
        await model.respond(replace(ASKED, temperature=0.5))
    assert all(b"base64" in request.body for request in server.requests)


@pytest.mark.parametrize("setting", ["yes", "no"])
async def test_a_setting_decides(setting: str) -> None:
    body = {"error": {"message": "this model does not support images"}}
    async with (
        WireServer(refuses(400, body)).serving() as server,
        model_at(server.base_url, images=setting) as model,
    ):
        with pytest.raises(ModelRefused, match="does not support images") as refused:
            await model.respond(ASKED)
    assert ("set model.images to auto" in str(refused.value)) == (setting == "yes")
    assert [b"base64" in each.body for each in server.requests] == [setting == "yes"]


async def test_an_image_counts_by_its_tokens_where_the_endpoint_does_not_count() -> None:
    large = LoadedImage("a", "PNG", 750, 100, 3_000_000, "a.png", bytes(3_000_000))
    asked = Request((Message("user", "What?", images=(large,)),))
    async with WireServer(ANSWER).serving() as server, model_at(server.base_url) as model:
        answer = await model.respond(asked)
    assert len(server.requests[0].body) > 4_000_000
    assert 100 < answer.usage.prompt_tokens < 250


class Counting:
    """A Model that keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def respond(self, request: Request, listen: object = None) -> Response:
        self.requests.append(request)
        return Response((), usage=None, billed=None, without_images=True)  # type: ignore[arg-type]


async def test_only_what_is_shown_is_loaded_and_each_once() -> None:
    loaded: list[str] = []
    said: list[str] = []

    def load(image: Image) -> bytes | None:
        loaded.append(image.name)
        return None if image.name == "59.png" else b"data"

    inner = Counting()
    model = ImageLoadingModel(inner, load, said.append)
    for _ in range(2):
        await model.respond(Request((Message("user", "Hi."), *shots(60))))
    images = [image for message in inner.requests[-1].messages for image in message.images]
    assert len(images) <= IMAGES_MAX
    assert [type(image) for image in images] == [*[LoadedImage] * (len(images) - 1), Image]
    assert sorted(loaded) == sorted([*(image.name for image in images), "59.png"])
    assert len(said) == 1, "a person is told once"
    assert "model.images" in said[0]
