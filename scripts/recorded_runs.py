"""The project of a recording, its user's settings, and what the scripted model does in each run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.fakes.faults import FaultyTurn
from tests.harness.stand import is_verdict, says_verdict
from tests.harness.workshop import calls, finish, says

TOKEN = "q7Zt0Yx2Lr9Wv4Kd8Bn3Mh6P"
"""It opens nothing."""
FORMULA = "celsius * 9 / 5"
FACT = "The station in Sodankylä reports in kelvin."

PROJECT: Mapping[str, str] = {
    "convert.py": '''\
"""Temperatures."""


def fahrenheit(celsius: float) -> float:
    return celsius * 5 / 9 + 32


def celsius(fahrenheit: float) -> float:
    return (fahrenheit - 32) * 5 / 9
''',
    "notes.txt": "Windows wrote this.\r\nThe factor is 5 / 9.\r\nNo line feed ends it: 漢字 🙂",
    "old.txt": "kept for no reason\n",
    "hello.sh": "echo hello\n",
    "check.sh": f"grep -q '{FORMULA.replace('*', '[*]')}' convert.py\n",
    "kelvin.sh": "grep -q 'def kelvin' convert.py\n",
    "deploy.cfg": f"host = example.org\ntoken = {TOKEN}\nretries = 3\n",
    ".env": f"DEPLOY_TOKEN={TOKEN}\n",
    ".gitignore": ".env\n",
    ".holdfast/config.toml": '[permissions]\ndeny = ["shell(rm -rf *)"]\n\n[run]\nsteps_max = 41\n',
    ".holdfast/goals.md": """\
# What must hold

## The formula is right
- [ ] Celsius becomes Fahrenheit
  - check: `sh check.sh`
- [ ] The notes give the factor
  - file: `NOTES.md` contains `9 / 5`

## Kelvin
- [ ] There is a function for kelvin
  - check: `sh kelvin.sh`
- [ ] Rankine is converted as well
""",
}
"""Texts by path, written byte for byte."""

SETTINGS = """\
# Written by hand: this comment stays.
[model]
temperature = 0.25
price_input = 1.0
price_cached = 0.1
price_output = 4.0

[max_mode]
samples = 3

[goal]
re_entries_max = 1

[memory]
embedder = "hashing"

[permissions]
mode = "auto-edit"
allow = ["shell(sh check.sh)"]  # It only reads.
deny = ["shell(git push *)", "read(private/**)"]
"""
"""The user's own file."""

SMALL_PROMPT: Mapping[str, str] = {
    "HOLDFAST_CONTEXT__BUDGET_TOKENS": "9000",
    "HOLDFAST_CONTEXT__BRIEF": "true",
}
"""The environment of a run of several cycles."""

Script: TypeAlias = Sequence[ScriptedTurn] | Callable[[Mapping[str, Any]], ScriptedTurn]


def shell(command: str, **more: Any) -> ScriptedTurn:
    return calls(("shell", {"command": command}), **more)


def write(path: str, text: str) -> ScriptedTurn:
    return calls(("write", {"path": path, "text": text}))


def plan(*texts: str, status: str) -> tuple[str, dict[str, Any]]:
    """A call that writes a plan of one item with these parts."""
    parts = [{"text": text, "status": status} for text in texts]
    whole = {"text": "Mend the conversion", "status": status, "items": parts}
    return ("plan", {"items": [whole]})


ACHIEVED: Script = (
    calls(
        ("read", {"path": "convert.py"}),
        ("list", {}),
        ("search", {"query": "5 / 9"}),
        text="I look before I change.",
    ),
    # What memory has to tell comes late, since the model takes its time.
    calls(plan("the code", "the notes", status="pending"), first_token_seconds=1.5),
    calls(
        ("edit", {"path": "convert.py", "old_text": "celsius * 5 / 9", "new_text": FORMULA}),
        ("edit", {"path": "notes.txt", "old_text": "is 5 / 9", "new_text": "is 9 / 5"}),
        text="Decision: the factor is 9 / 5, as in 100 °C = 212 °F.",
        reasoning="Water boils at 212 degrees Fahrenheit.",
    ),
    write("NOTES.md", "The factor is 9 / 5.\n"),
    shell("rm old.txt && mkdir out && echo 212 > out/boiling && chmod +x hello.sh"),
    shell("sh check.sh"),
    calls(("remember", {"text": "`sh check.sh` fails while the factor is upside down."})),
    calls(
        ("recall", {"query": "factor"}),
        ("diagnostics", {}),
        ("search", {"query": "convert degrees", "mode": "semantic"}),
    ),
    calls(plan("the code", "the notes", status="done")),
    finish("Fahrenheit is computed with 9 / 5."),
)

UNDONE: Script = (write("regret.txt", "soon gone\n"), finish("Written."))

PLANNED: Script = (calls(("read", {"path": "convert.py"})), finish("Add a function `kelvin`."))

DENIED: Script = (shell("touch denied.txt"), finish("It may not be touched."))

FAILED: Script = (says("", fault={"kind": "status", "status": 401, "times": 9}),)

UNMET: Script = (finish("Done."), write("attempt.txt", "one\n"), finish("Done, really."))

CYCLE_STEPS = 16


def cycles() -> Script:
    """Long results fill a small prompt; the endpoint stumbles, and its first brief is refused."""
    brief = "Before the conversation so far is put away"
    steps = [
        shell(f"echo {n} >> counted.txt; seq {n} 900", text=f"Lesson: port {48_000 + n} is free.")
        for n in range(1, CYCLE_STEPS)
    ]
    unavailable = {"kind": "status", "status": 503, "times": 1, "retry_after": 0}
    refused = {"kind": "status", "status": 403, "times": 1}
    return (
        says("I intend to go on counting.", when=brief, fault=refused),
        says("", fault=unavailable),
        *steps,
        finish("Counted."),
    )


def judged() -> Script:
    """Three ways of a first step. The judge's first verdict is no use."""
    verdicts = 0

    def answer(body: Mapping[str, Any]) -> ScriptedTurn:
        nonlocal verdicts
        if is_verdict(body):
            verdicts += 1
            return says("I like all of them.") if verdicts == 1 else says_verdict(body)
        if any(message["role"] == "tool" for message in body["messages"]):
            return finish("Chosen.")
        ways = [write("way.txt", f"way {'I' * n}\n") for n in (1, 2, 3)]
        return several(ways, body)

    return answer


def proposed(path: str) -> Callable[[Mapping[str, Any]], ScriptedTurn]:
    """Three texts for one file; the longest scores best."""

    def answer(body: Mapping[str, Any]) -> ScriptedTurn:
        if is_verdict(body):
            return says_verdict(body, lambda text: text.count("I"))
        return several([write(path, f"proposal {'I' * n}\n") for n in (1, 2, 3)], body)

    return answer


def several(ways: Sequence[ScriptedTurn], body: Mapping[str, Any]) -> ScriptedTurn:
    """As many of the ways as a request asks for."""
    fields = {"text", "tool_calls"}
    others = [each.model_dump(include=fields) for each in ways[1 : body.get("n", 1)]]
    return FaultyTurn.model_validate({**ways[0].model_dump(include=fields), "alternatives": others})


def blocked(body: Mapping[str, Any]) -> ScriptedTurn:
    """The judge wants to know which blue; once the person said so, the file shows it."""
    said = json.dumps(body["messages"], ensure_ascii=False)
    if "tools" in body:
        answered = "Navy." in said and "colour.txt" not in said
        return write("colour.txt", "navy\n") if answered else finish("It is blue.")
    (condition,) = set(re.findall(r"c-[0-9a-f]{8}", said))
    shown = re.search(r"### (\S+): change of colour\.txt", said)
    opinion = {
        "id": condition,
        "verdict": "met" if shown else "blocked",
        "evidence": [shown[1]] if shown else [],
        "missing": "" if shown else "Which blue?",
    }
    return says(json.dumps({"conditions": [opinion]}))


SELECTED: Script = (calls(("read", {"path": "convert.py"})), says(""), finish("Nothing is wrong."))
"""An empty answer is told to be one."""

STEERED: Script = (
    shell("touch asked.txt", text="This needs a yes."),
    shell("touch asked.txt again.txt"),
    shell("touch never.txt"),
    finish("As you said."),
)

STOPPED: Script = (shell("touch waiting.txt"),)

INTERRUPTED: Script = (
    calls(("read", {"path": "deploy.cfg"}), ("read", {"path": "convert.py"})),
    shell("seq -f 'measurement %g' 1 700"),
    calls(
        ("shell", {"command": "echo once >> counter.txt"}),
        ("shell", {"command": "echo half > half.txt; sleep 3"}),
        ("write", {"path": "later.txt", "text": "later\n"}),
        text="Lesson: count once, never twice.",
    ),
)
"""It is killed while it sleeps."""
