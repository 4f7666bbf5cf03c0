"""A scripted model that answers each attempt by a script of its own, and the judge by another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.session.attempts.strategies import STRATEGIES
from tests.harness.stand import is_verdict, says_verdict
from tests.harness.workshop import calls, finish

Body = Mapping[str, Any]


def attempt_of(body: Body) -> int:
    """The number of the attempt that a request is of, by the hint in its task."""
    text = str([one["content"] for one in body["messages"] if one["role"] == "user"])
    hints = {
        number: one.hint
        for number, one in enumerate(STRATEGIES, 1)
        if one.hint in text and one.hint
    }
    return next(iter(hints), 1)


def attempts(
    *scripts: Sequence[ScriptedTurn],
    judge: Callable[[str], int] = lambda _: 0,
    seen: list[Body] | None = None,
) -> Callable[[Body], ScriptedTurn]:
    """Answers the nth step of each attempt by the nth turn of its script; the last one repeats.

    `judge` gives points to an attempt, from what is shown of it. `seen` gets what it is asked.
    """

    def answer(body: Body) -> ScriptedTurn:
        if is_verdict(body):
            if seen is not None:
                seen.append(body)
            return says_verdict(body, judge)
        script = scripts[attempt_of(body) - 1]
        step: int = sum(one["role"] == "assistant" for one in body["messages"])
        return script[min(step, len(script) - 1)]

    return answer


def writes(path: str, text: str, summary: str = "done") -> list[ScriptedTurn]:
    """A script that writes one file and finishes."""
    return [calls(("write", {"path": path, "text": text})), finish(summary)]
