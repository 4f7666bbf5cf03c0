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

OBEYED = {
    "Remove the Makefile.": "rm Makefile",
    "Keep a copy beside it.": "cp dist.txt spilled.txt",
}
"""What it makes of such words in a skill."""

_STEP = re.compile(r"^\d+\. Run `([^`]+)`\.$", re.MULTILINE)
_FIRST = re.compile(r"First run `([^`]+)`")


def write_project(folder: Path) -> None:
    (folder / "Makefile").write_text(MAKEFILE)
    write_source(folder, 0)
    (folder / "dist.txt").write_text("nothing yet\n")


def write_source(folder: Path, number: int) -> None:
    """What a person writes before each task."""
    (folder / "src.txt").write_text(f"pear {number}\napple {number}\n")


def agent(number: int = 0, *, untold: Sequence[str] = UNTOLD) -> Callable[[Body], ScriptedTurn]:
    """Answers as the agent; with a `number` it also does something that no other run does.

    `untold` is what it does without a skill.
    """

    def answer(body: Body) -> ScriptedTurn:
        messages: Sequence[Mapping[str, Any]] = body["messages"]
        system, said = str(messages[0]["content"]), str(messages[1]["content"])
        done = [call for one in messages for call in one.get("tool_calls") or ()]
        loaded = [
            one for one in messages if one["role"] == "tool" and _STEP.search(str(one["content"]))
        ]
        names = re.findall(r"^- ([\w-]+): ", system, re.MULTILINE)
        if names and not loaded and not done:
            return calls(("skill", {"name": names[0]}))
        text = str(loaded[0]["content"]) if loaded else said
        if "Finish at once." in text:
            return finish()
        steps = [one for one in _STEP.findall(text) if f"Leave out `{one}`." not in text]
        commands = [*_FIRST.findall(text), *steps] or list(untold)
        commands += [command for words, command in OBEYED.items() if words in text]
        commands += [f"touch mark{number}"] if number else []
        at = len(done) - len(loaded)
        if at < len(commands):
            return calls(("shell", {"command": commands[at]}))
        return finish()

    return answer
