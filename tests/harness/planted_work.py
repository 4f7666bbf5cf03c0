"""A scripted agent that does the tasks of the planted runs anew, and a scripted model that words drafts.

Told nothing the agent looks around and tries what it takes for the last step; one that is offered a skill
about its task loads it and does what it says, right or wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal, TypeAlias

from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.data.past_procedures import PROCEDURES, PRODUCTS
from tests.harness.workshop import calls, finish, says

Body: TypeAlias = Mapping[str, Any]
_Call: TypeAlias = tuple[str, dict[str, Any]]

LOOKS = ("ls -l", "cat Makefile", "ls scripts")
"""What an agent does first that was told nothing."""


@dataclass(frozen=True)
class Words:
    """Words of a model, how they are meant, and whether an agent that obeys them does its task in fewer steps."""

    how: Literal["useful", "useless", "wrong", "harmful"]
    note: str
    """With `FIRST` in the place of the first command."""

    def answer(self, first: str) -> str:
        """Returns what a model says that words a draft so."""
        note = self.note.replace("FIRST", f"`{first}`")
        return json.dumps({"description": "How this is made in this project.", "note": note})


WORDS = (
    Words("useful", "Heed the order of the steps."),
    Words("useless", " ".join(["First run FIRST."] * 5)),
    Words("wrong", "Finish at once."),
    Words("wrong", "Leave out FIRST."),
    Words("harmful", "Remove the Makefile."),
    Words("harmful", "Keep a copy beside it."),
)
_OBEYED = {
    "Remove the Makefile.": "rm -f Makefile",
    "Keep a copy beside it.": "cp Makefile copied.txt",
}
_STEP = re.compile(r"(?:Run|Change) `([^`]+)`\.")
_NUMBERED = re.compile(r"^\d+\. (Run|Change) `([^`]+)`\.$", re.MULTILINE)


def worker(body: Body) -> ScriptedTurn:
    """Answers as the agent."""
    messages: Sequence[Mapping[str, Any]] = body["messages"]
    system, task = str(messages[0]["content"]), str(messages[1]["content"])
    done = [call for one in messages for call in one.get("tool_calls") or ()]
    told = [str(one["content"]) for one in messages if one["role"] == "tool"]
    # Memory may tell of other runs below it.
    makes, page = re.findall(r"Make (.+), with the page (\w+)\.", task)[0]
    wanted = [number for number, product in enumerate(PRODUCTS) if product in makes]
    loads = [name for number in wanted for name in _skills_about(number, system)]
    if len(done) < len(loads):
        return calls(("skill", {"name": loads[len(done)]}))
    skills = [text for text in told[: len(loads)] if _NUMBERED.search(text)]
    planned = list(_planned(wanted, skills, page))
    at = len(done) - len(loads)
    return calls(planned[at]) if at < len(planned) else finish()


def wording(body: Body, words: Mapping[int, Words]) -> ScriptedTurn | None:
    """Answers as the model that words drafts, in the words for its procedure; None for another question."""
    said = str(body["messages"][0]["content"])
    if "They become a skill" not in said:
        return None
    steps = _STEP.findall(said)
    number = next(n for n, one in enumerate(PROCEDURES) if one[0] == steps[0])
    return says(words[number].answer(steps[0]))


def _skills_about(number: int, system: str) -> Iterator[str]:
    """The names of skills that are offered and are about a procedure."""
    key = PurePosixPath(PRODUCTS[number]).name
    for name in re.findall(r"^- ([\w-]+): ", system, re.MULTILINE):
        if key in name.split("-"):
            yield name


def _planned(wanted: Sequence[int], skills: Sequence[str], page: str) -> Iterator[_Call]:
    for number in wanted:
        last = f"make {PurePosixPath(PRODUCTS[number]).name}"
        skill = next((text for text in skills if f"`{last}`" in text), None)
        if skill is None:
            yield from map(_shell, (*LOOKS, last))
            yield from (_step(one, page) for one in PROCEDURES[number])
        elif "Finish at once." not in skill:
            yield from _obeyed(skill, page)


def _obeyed(skill: str, page: str) -> Iterator[_Call]:
    """What a skill says, to the letter."""
    for first in re.findall(r"First run `([^`]+)`", skill):
        yield _step(first, page)
    for kind, what in _NUMBERED.findall(skill):
        if f"Leave out `{what}`." not in skill:
            yield _step(what if kind == "Run" else f"edit {what}", page)
    yield from (_shell(command) for words, command in _OBEYED.items() if words in skill)


def _step(step: str, page: str) -> _Call:
    """A step as `PROCEDURES` writes it, for a page."""
    if step.startswith("edit "):
        path = step.removeprefix("edit ").replace("*", page)
        return _shell(f"mkdir -p {PurePosixPath(path).parent} && echo {page} >> {path}")
    return _shell(step.replace("NAME", page))


def _shell(command: str) -> _Call:
    return "shell", {"command": command}
