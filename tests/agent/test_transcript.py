from __future__ import annotations

import pytest

from lsp_server.agent.transcript import RESULT_LINES_MAX, Transcript, render
from lsp_server.domain.events import (
    Event,
    FileChanged,
    ModelAnswered,
    ToolCalled,
    ToolReturned,
    Warned,
)
from lsp_server.domain.messages import Message, Usage
from lsp_server.domain.tools import ToolCall, ToolResult
from tests.data.events import ONE_OF_EACH

PAGE = render(ONE_OF_EACH)


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
    assert render([event]) == ""


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
    assert render([event]) == text


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
    assert text in render([event])


def called(name: str) -> Event:
    return ToolCalled(1, ToolCall(name, "read", "{}"), f"read {name}.py")


def returned(name: str) -> Event:
    return ToolReturned(1, name, "read", ToolResult(f"text of {name}"), 0.1)


@pytest.mark.parametrize(
    ("events", "headings"),
    [
        ([called("a"), returned("a"), called("b"), returned("b")], []),
        ([called("a"), FileChanged("a.py", "0", "1"), returned("a")], []),
        ([called("a"), called("b"), returned("b"), returned("a")], ["a"]),
        ([called("a"), called("b"), returned("a"), returned("b")], ["a", "b"]),
        ([returned("a")], []),
    ],
)
def test_a_result_names_its_call_where_others_stand_between_them(
    events: list[Event], headings: list[str]
) -> None:
    page = render(events)
    for name in ("a", "b"):
        heading = f"\nResult of **read {name}.py**:\n\n"
        below = page.partition(heading)[2].partition("```\n")[2]
        assert (heading in page) == (name in headings)
        assert below.startswith(f"text of {name}") == (name in headings)


def test_a_page_goes_on_where_it_was_left() -> None:
    past, now = [called("a"), called("b")], [returned("a"), returned("b")]
    page = Transcript(past)
    assert render(past) + "".join(map(page.add, now)) == render([*past, *now])
