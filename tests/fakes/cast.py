"""A scripted model that answers several runs at once, each by a script of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.harness.workshop import calls, finish


def cast(**scripts: Sequence[ScriptedTurn]) -> Callable[[Mapping[str, Any]], ScriptedTurn]:
    """Answers each run by the script that its task begins with; the place in it is the prompt's.

    So a run that goes on after a kill goes on in its script. Behind its end a run finishes.
    """

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        messages = body["messages"]
        name = str(messages[1]["content"]).split()[0].strip(".:")
        answered = sum(message["role"] == "assistant" for message in messages)
        script = scripts[name]
        return script[answered] if answered < len(script) else finish(f"{name} is done")

    return turn


def delegates(*names: str, **more: Any) -> ScriptedTurn:
    """A turn in which the parent gives each of the named children its part."""
    return calls(
        *(("task", {"description": name, "prompt": f"Do {name}.", **more}) for name in names)
    )
