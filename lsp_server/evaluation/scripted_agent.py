"""This module is a model that follows the solution of a task and errs by chance: a simulation.

It reads each file that the solution changes, writes them one after the other, and says that it
is done. Each file is written wrong with a probability, and a judge that it plays names what is
wrong with another one. So arms differ as they would for a model whose errors are independent;
what they reach says nothing of any real one. All chance follows from a seed.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from lsp_server.domain.errors import ConfigurationError
from lsp_server.models.scripted.scenario import ScriptedAnswer, ScriptedCall, ScriptedTurn
from lsp_server.session.attempts.strategies import STRATEGIES
from lsp_server.text.patch import LINK, FileDifference, FileVersion
from lsp_server.tools.finish import Finish
from lsp_server.tools.list import List
from lsp_server.tools.read import Read
from lsp_server.tools.write import Write

ERROR_RATE = 0.25
JUDGE_RATE = 0.9
WRONG_WAYS = 3
"""Wrong answers are of so many kinds, so that some of them agree."""
MARK = "scripted error"
_SLASHES = frozenset({".js", ".mjs", ".ts", ".go", ".c", ".css", ".json"})
_LABEL = re.compile(r"^## \w+ ([A-P])$", re.MULTILINE)
_RIGHT, _WRONG = 9, 4
"""Points of a judge."""

Body: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chances:
    """`Chances` are how often the scripted agent writes a file wrong, and how often it judges right.

    All follows from the `seed`.
    """

    error_rate: float = ERROR_RATE
    judge_rate: float = JUDGE_RATE
    seed: str = "0"

    def at(self, *place: object) -> random.Random:
        """Returns the chance at one place of a run, the same each time."""
        return random.Random(f"{self.seed}/{'/'.join(map(str, place))}")  # noqa: S311


class ScriptedAgent:
    """A `ScriptedAgent` answers the requests of one run; `turn` is what a ScriptedServer plays.

    `solution` are the texts that the solution of the task changes. Raises ConfigurationError
    for one that is more than texts.
    """

    def __init__(self, solution: Sequence[FileDifference], chances: Chances) -> None:
        self._changes = [_texts(each) for each in solution]
        self._chances = chances
        self._draws: Counter[tuple[int, int]] = Counter()

    def turn(self, body: Body) -> ScriptedTurn:
        """Answers one request."""
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema", {})
        prompt = _text(body["messages"][-1])
        if "conditions" in schema.get("properties", {}):
            return self._verdict(schema, prompt)
        if "winner" in schema.get("properties", {}):
            return self._choice(schema, prompt)
        step = sum(message["role"] == "assistant" for message in body["messages"])
        attempt, choices = _attempt(body), body.get("n") or 1
        first = self._draws[attempt, step]
        self._draws[attempt, step] += choices
        answers = [
            self._answer(step, self._chances.at(attempt, step, first + number))
            for number in range(choices)
        ]
        return ScriptedTurn(**answers[0].model_dump(), alternatives=tuple(answers[1:]))

    def _answer(self, step: int, chance: random.Random) -> ScriptedAnswer:
        reads = [path for path, before, _ in self._changes if before is not None]
        if step == 0:
            return _call("I look around.", List.spec.name, {})
        if step <= len(reads):
            return _call("I read what this is about.", Read.spec.name, {"path": reads[step - 1]})
        # Sent back by a judge it writes everything again.
        place = (step - 1 - len(reads)) % (len(self._changes) + 1)
        if place == len(self._changes):
            return _call("", Finish.spec.name, {"summary": "It is done."})
        path, before, after = self._changes[place]
        if chance.random() < self._chances.error_rate:
            after = _wrong(path, before or "", chance.randrange(WRONG_WAYS))
        return _call(f"I change {path}.", Write.spec.name, {"path": path, "text": after})

    def _verdict(self, schema: Mapping[str, Any], prompt: str) -> ScriptedTurn:
        item = schema["properties"]["conditions"]["items"]["properties"]
        ids, evidence = item["id"]["enum"], item["evidence"]["items"]["enum"]
        is_right = MARK not in prompt
        knows = self._chances.at("verdict", prompt.count("\n")).random() < self._chances.judge_rate
        is_met = is_right if knows else not is_right
        verdict = {
            "verdict": "met" if is_met else "unmet",
            "evidence": evidence if is_met else [],
            "missing": "" if is_met else "a file is not as it should be",
        }
        return ScriptedTurn(
            text=json.dumps({"conditions": [{"id": id_, **verdict} for id_ in ids]})
        )

    def _choice(self, schema: Mapping[str, Any], prompt: str) -> ScriptedTurn:
        labels = list(schema["properties"]["scores"]["properties"])
        shown = _LABEL.split(prompt)[1:]
        wrong = [label for label, text in zip(shown[::2], shown[1::2], strict=True) if MARK in text]
        right = [label for label in labels if label not in wrong]
        chance = self._chances.at("choice", prompt.count("\n"))
        knows = chance.random() < self._chances.judge_rate
        winner = chance.choice((right if knows else wrong) or labels)
        criteria = schema["properties"]["scores"]["properties"][winner]["properties"]
        scores = {
            label: dict.fromkeys(criteria, _RIGHT if label == winner else _WRONG)
            for label in labels
        }
        verdict = {"reason": "it looks complete", "scores": scores, "winner": winner}
        return ScriptedTurn(text=json.dumps(verdict))


def _texts(difference: FileDifference) -> tuple[str, str | None, str]:
    """The path, and the texts before and after."""
    before, after = difference.before, difference.after
    if after is None or (before is not None and before.mode != after.mode):
        raise ConfigurationError(
            f"the scripted agent only writes texts, and the solution does more to {difference.path}"
        )
    old = None if before is None else _decoded(difference.path, before)
    return difference.path, old, _decoded(difference.path, after)


def _decoded(path: str, version: FileVersion) -> str:
    try:
        if version.mode != LINK:
            return version.content.decode()
    except UnicodeDecodeError:
        pass
    raise ConfigurationError(f"the scripted agent only writes texts, and {path} is none")


def _wrong(path: str, before: str, way: int) -> str:
    """A file of which the change is forgotten, with a mark by which the judge knows it."""
    comment = "//" if PurePosixPath(path).suffix in _SLASHES else "#"
    return f"{comment} {MARK} {way + 1}\n{before}"


def _call(text: str, name: str, arguments: dict[str, Any]) -> ScriptedAnswer:
    return ScriptedAnswer(text=text, tool_calls=(ScriptedCall(name=name, arguments=arguments),))


def _attempt(body: Body) -> int:
    """The number of the attempt that a request is of, by the hint in its task."""
    asked = "\n".join(_text(one) for one in body["messages"] if one["role"] == "user")
    hinted = (number for number, one in enumerate(STRATEGIES, 1) if one.hint and one.hint in asked)
    return next(hinted, 1)


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content)
