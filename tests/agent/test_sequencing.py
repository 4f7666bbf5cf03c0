"""What becomes of the other calls of a step once one with effects has failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.events import RunEnded, ToolCalled, ToolReturned
from lsp_server.domain.permissions import Question
from lsp_server.domain.tasks import Finished
from tests.harness.workshop import calls, finish, workshop

Call = tuple[str, dict[str, Any] | str]

READ: Call = ("read", {"path": "a.py"})
PART: Call = ("read", {"path": "a.py", "start_line": 1})
LOOK: Call = ("shell", {"command": "ls"})
PLAN: Call = ("plan", {"items": [{"text": "mend it", "status": "doing"}]})
NO_FILE: Call = ("read", {"path": "no.py"})
NO_MATCH: Call = ("edit", {"path": "a.py", "old_text": "not there", "new_text": "y"})
EDIT: Call = ("edit", {"path": "a.py", "old_text": "x = 1", "new_text": "x = 2"})
WRITE: Call = ("write", {"path": "b.py", "text": "y = 1\n"})
RUN: Call = ("shell", {"command": "touch ran"})
FAILING: Call = ("shell", {"command": "touch began; exit 3"})
FINISH: Call = ("finish", {"summary": "all is done"})


@dataclass(frozen=True)
class Step:
    """The calls of one step; `not_run` are the places of those that must not run, from 0."""

    name: str
    calls: tuple[Call, ...]
    not_run: tuple[int, ...] = ()
    names: str = ""
    """What the model is told that failed."""
    denied: tuple[str, ...] = field(default=())
    """What a person denies, by words of the question."""


STEPS = [
    Step("nothing fails", (EDIT, WRITE, RUN)),
    Step("an edit that matches nothing", (NO_MATCH, RUN), (1,), "edit a.py"),
    Step("all others, not only the next one", (NO_MATCH, WRITE, RUN), (1, 2), "edit a.py"),
    Step("what came before has run", (WRITE, NO_MATCH, RUN), (2,), "edit a.py"),
    Step("a command with a bad status", (FAILING, EDIT), (1,), "touch began"),
    Step("what reads runs before and after it", (READ, NO_MATCH, PART, LOOK, RUN), (4,), "edit"),
    Step("the plan changes nothing", (NO_MATCH, PLAN, RUN), (2,), "edit a.py"),
    Step("a failed read holds nothing up", (NO_FILE, EDIT, RUN)),
    Step("a search that finds nothing", (("shell", {"command": "grep nothing a.py"}), EDIT)),
    Step("the end of the run", (NO_MATCH, FINISH), (1,), "edit a.py"),
    Step("a call that cannot be read", (("edit", '{"path": "a.py'), RUN), (1,), "edit"),
    Step("a call of no tool", (("bash", {"command": "touch began"}), RUN), (1,), "bash"),
    Step("an end that cannot be read", (("finish", '{"summary'), WRITE)),
    Step("a denied edit", (EDIT, RUN), (1,), "edit a.py", ("a.py",)),
    Step("a denied command", (RUN, WRITE), (1,), "touch ran", ("touch ran",)),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
async def test_after_a_failed_effect_no_other_of_the_step_runs(project: Path, step: Step) -> None:
    (project / "a.py").write_text("x = 1\n")

    def answer(question: Question) -> Any:
        return "deny" if any(words in question.summary for words in step.denied) else "once"

    async with workshop(project, [calls(*step.calls), finish()], answer=answer) as shop:
        assert isinstance(await shop.run(), Finished)
        ids = [call["id"] for call in shop.prompts()[-1][2]["tool_calls"]]  # The model's own order.
        started = {event.call.id for event in shop.events(ToolCalled)}
        assert [n for n, one in enumerate(ids) if one not in started] == list(step.not_run)
        told = {event.call_id: event.result for event in shop.events(ToolReturned)}
        for number in step.not_run:
            assert told[ids[number]].is_error
            assert told[ids[number]].text.startswith("not run: ")
            assert step.names in told[ids[number]].text
        assert (project / "ran").exists() == any(
            call == RUN and number not in step.not_run and not step.denied
            for number, call in enumerate(step.calls)
        )


async def test_a_step_after_it_runs_as_ever(project: Path) -> None:
    async with workshop(project, [calls(NO_MATCH, RUN), calls(RUN), finish()]) as shop:
        await shop.run()
        assert (project / "ran").exists()
        assert shop.events(RunEnded)[-1].steps == 3
