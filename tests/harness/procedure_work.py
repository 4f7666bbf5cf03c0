"""A project with a procedure that has to be found out, and a scripted agent that follows skills to the letter.

`dist.txt` is right once `make collect`, `make order` and `make dist` ran in this order. The agent that was
told nothing looks around and tries; one that has loaded a skill does what it says, right or wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.harness.workshop import calls, finish

Body = Mapping[str, Any]

MAKEFILE = """\
collect:
\t@cp src.txt collected.txt
order:
\t@sort collected.txt > ordered.txt
dist:
\t@cp ordered.txt dist.txt
check:
\t@sort src.txt | cmp - dist.txt
slow:
\t@true
wipe:
\t@rm -f Makefile
spill:
\t@date > spilled.txt
"""
TASK = "Make dist.txt anew from src.txt."
UNTOLD = (
    *("ls -l", "cat Makefile", "make check", "make dist", "make check"),
    *("make collect", "make order", "make dist", "make check"),
)
"""What an agent does that was told nothing."""

_STEP = re.compile(r"^\d+\. Run `([^`]+)`\.$", re.MULTILINE)
_FIRST = re.compile(r"First run `([^`]+)`")


def write_project(folder: Path) -> None:
    (folder / "Makefile").write_text(MAKEFILE)
    write_source(folder, 0)
    (folder / "dist.txt").write_text("nothing yet\n")


def write_source(folder: Path, number: int) -> None:
    """What a person writes before each task."""
    (folder / "src.txt").write_text(f"pear {number}\napple {number}\n")


def agent(
    number: int = 0, *, listed: Callable[[str], bool] = lambda _: True
) -> Callable[[Body], ScriptedTurn]:
    """Answers as the agent; with a `number` it also does something that no other run does.

    `listed` says of the names of skills in a prompt which it loads.
    """

    def answer(body: Body) -> ScriptedTurn:
        messages: Sequence[Mapping[str, Any]] = body["messages"]
        system, said = str(messages[0]["content"]), str(messages[1]["content"])
        done = [call for one in messages for call in one.get("tool_calls") or ()]
        loaded = [
            one for one in messages if one["role"] == "tool" and _STEP.search(str(one["content"]))
        ]
        names = [
            name for name in re.findall(r"^- ([\w-]+): ", system, re.MULTILINE) if listed(name)
        ]
        if names and not loaded and not done:
            return calls(("skill", {"name": names[0]}))
        text = str(loaded[0]["content"]) if loaded else said
        commands = list(_FIRST.findall(text)) + list(_STEP.findall(text)) or list(UNTOLD)
        commands += [f"touch mark{number}"] if number else []
        at = len(done) - len(loaded)
        if at < len(commands):
            return calls(("shell", {"command": commands[at]}))
        return finish()

    return answer
