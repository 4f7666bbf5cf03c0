from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.events import ToolReturned
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tasks import Finished
from lsp_server.sandbox.choice import choose
from tests.data.everyday_task import FILES, STEPS, turns
from tests.harness.files import lay_out
from tests.harness.workshop import workshop


@pytest.mark.parametrize(
    ("mode", "preferred", "questions"),
    [
        ("ask", (), 14),
        ("ask", ("run",), 3),
        ("ask", ("sandboxed", "run"), 2),
        ("sandboxed", (), 0),
    ],
)
async def test_a_task_of_22_steps_asks_as_often_as_its_answers_let_it(
    project: Path, mode: str, preferred: tuple[Answer, ...], questions: int
) -> None:
    if (mode == "sandboxed" or "sandboxed" in preferred) and not choose().holds:
        pytest.skip("no sandbox holds here")
    lay_out(project, FILES)

    def answer(question: Question) -> Answer:
        return next((each for each in preferred if each in question.answers), "once")

    async with workshop(project, turns(), answer=answer, permissions={"mode": mode}) as shop:
        assert await shop.run() == Finished("done")
        results = [event.result for event in shop.events(ToolReturned)]
        assert len(results) == len(STEPS) + 1 == 22
        assert not [result.text for result in results if result.is_error]
        assert "OK" in results[-2].text
        assert len(shop.events(PermissionAsked)) == questions
