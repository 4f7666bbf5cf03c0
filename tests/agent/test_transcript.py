from __future__ import annotations

import pytest

from lsp_server.agent.transcript import RESULT_LINES_MAX, render_event
from lsp_server.domain.events import Event, ModelAnswered, ToolReturned, Warned
from lsp_server.domain.messages import Message, Usage
from lsp_server.domain.tools import ToolResult
from tests.data.events import ONE_OF_EACH

PAGE = "".join(map(render_event, ONE_OF_EACH))


@pytest.mark.parametrize(
    "text",
    [
        "# Fix the parser.\n\nFix the parser.\nAll of it.\n\nRun `r1` in `/project` with m at http://x",
        "\n*The run goes on*\n",
        "\n*Cycle 2: the prompt is full*\n",
        "\n> brief: I go on with the tests.\n",
        "\n## Step 3\n",
        "by judge, 31 of 40 points*\n\nit is best\n\n1,000 tokens in",
        "\nI look.\nThen I edit.\n\n*1,000 tokens in (50 % cached), 20 out*\n",
        "\n**$ pytest -q**\n\nexit status 0, 0.2 s\n\n```\n4 passed\n```\n",
        "\n*Waits for permission: run `make`*\n",
        "\n*Approved once*\n",
        "\nPlan, 1 of 2 done: edit:\n\n- [x] look\n- [>] edit\n",
        "\n> person: Use tabs.\n> Everywhere.\n",
        "1 of 2 conditions met:\n\n- [x] the tests pass: met\n",
        "\n## Ended: achieved\n\nDone. (No goal was set, so nothing was checked.)\n\n3 steps,",
    ],
)
def test_a_run_reads_as_a_page(text: str) -> None:
    assert text in PAGE


@pytest.mark.parametrize("kind", ["streamed", "snapshot_taken", "step_finished"])
def test_what_a_reader_does_not_need_is_left_out(kind: str) -> None:
    (event,) = (event for event in ONE_OF_EACH if event.kind == kind)
    assert render_event(event) == ""


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            ModelAnswered(
                3, Message("assistant", ""), "tool_calls", Usage(9), Usage(9, 3, 2), 0.25
            ),
            "\n*9 tokens in (33 % cached), 2 out, $0.250*\n",
        ),
        (ModelAnswered(3, Message("assistant", ""), "tool_calls", Usage(), Usage(), 0.0), ""),
    ],
)
def test_each_answer_has_its_price_where_tokens_are_counted(event: Event, text: str) -> None:
    assert render_event(event) == text


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Warned("*all* of it"), r"*Warning: \*all\* of it*"),
        (ToolReturned(1, "t", "read", ToolResult("```\nx"), 0.1), "````\n```\nx\n````"),
        (
            ToolReturned(1, "t", "read", ToolResult("line\n" * (RESULT_LINES_MAX + 2)), 0.1),
            "\n… 2 more lines\n```",
        ),
    ],
)
def test_no_text_breaks_out_of_its_place(event: Event, text: str) -> None:
    assert text in render_event(event)
