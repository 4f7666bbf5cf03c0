"""Models that hold a Model: one sends no secret, one nothing hidden, one says what it cost."""

from __future__ import annotations

from lsp_server.domain.messages import Message, Prices, Request, Role
from lsp_server.domain.tools import ToolCall, ToolSpec
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.wrappers import LegibleModel, PricedModel, RedactingModel
from lsp_server.redaction.redactor import Redactor
from lsp_server.redaction.secrets import Secrets
from tests.fakes.scripted_model import ScriptedModel

SECRET = "correct-horse-battery"


async def test_no_message_of_a_request_holds_a_secret() -> None:
    model = ScriptedModel([ScriptedTurn(text="ok")])
    call = ToolCall("1", "shell", f'{{"command": "echo {SECRET}"}}')
    messages = (
        Message("system", "Be brief."),
        Message("assistant", f"It is {SECRET}.", f"Hm, {SECRET}", (call,)),
        Message("tool", f"{SECRET}\n", tool_call_id="1"),
    )
    redacting = RedactingModel(model, Redactor(lambda: Secrets((SECRET,))))
    await redacting.respond(Request(messages))
    (sent,) = model.requests
    assert SECRET not in str(sent)
    assert str(sent).count("redacted:known:") == 4
    assert sent.messages[0] is messages[0]


async def test_what_is_hidden_is_shown_in_all_but_the_model_s_own_words() -> None:
    model = ScriptedModel([ScriptedTurn(text="ok")])
    hidden = "a\U000e0041b <|im_start|>"
    roles: tuple[Role, ...] = ("system", "user", "assistant", "tool")
    tool = ToolSpec("fetch", hidden, {"properties": {"url": {"description": hidden}}})
    messages = tuple(Message(role, hidden) for role in roles)
    await LegibleModel(model).respond(Request(messages, (tool,)))
    (sent,) = model.requests
    shown = [message.role for message in sent.messages if hidden in message.text]
    assert shown == ["assistant"]
    assert hidden not in str(sent.tools)
    assert str(sent.tools).count("U+E0041") == 2


async def test_an_answer_says_what_all_of_it_cost() -> None:
    turn = ScriptedTurn(text="x" * 4000, alternatives=(ScriptedTurn(text="y" * 4000),))
    model = PricedModel(ScriptedModel([turn]), Prices(input_usd=1.0, output_usd=10.0))
    response = await model.respond(Request((Message("user", "z" * 4000),), choices=2))
    assert response.billed.completion_tokens == 2000
    assert response.cost_usd == (1000 * 1.0 + 2000 * 10.0) / 1e6
