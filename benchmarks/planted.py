"""Facts that a long run meets early and needs late: what they are, where, and how one asks.

Four kinds of 25: what the person demands, what a tool put out, what was decided,
and how an error was mended. Each has a literal that nobody could guess.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.models.scripted.scenario import ScriptedTurn

Kind: TypeAlias = Literal["constraint", "tool output", "decision", "error and fix"]
KINDS: tuple[Kind, ...] = ("constraint", "tool output", "decision", "error and fix")

COMPONENTS = [
    "broker",
    "parser",
    "indexer",
    "scheduler",
    "gateway",
    "ledger",
    "mailer",
    "cache",
    "router",
    "uploader",
    "tokenizer",
    "renderer",
    "crawler",
    "planner",
    "monitor",
    "archiver",
    "notifier",
    "resolver",
    "validator",
    "importer",
    "exporter",
    "migrator",
    "sampler",
    "balancer",
    "throttle",
]

PROBE = "probe.sh"
"""Prints what a component answers, among lines that nobody needs. Also fails on request."""

PROBE_TEXT = """\
#!/bin/sh
# probe.sh COMPONENT VALUE [fail]
n=0
while [ $n -lt 40 ]; do echo "[$n] checking $1: queue empty, retry later, state nominal"; n=$((n+1)); done
if [ "$3" = fail ]; then echo "error: $1 cannot start: $2"; exit 1; fi
echo "$1 answers, its endpoint is $2"
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """`text` states it; `question` is how somebody asks who does not know the literal."""

    kind: Kind
    literal: str
    text: str
    question: str
    component: str
    sign: str = ""
    """What an error says of itself."""


def facts(seed: int = 7, of_each: int = len(COMPONENTS)) -> list[Fact]:
    """As many of each kind, the same for the same seed."""
    chance = random.Random(seed)
    made: list[Fact] = []
    for component in COMPONENTS[:of_each]:
        port, number = chance.randint(20_000, 65_000), chance.randint(10_000, 99_999)
        token = f"{chance.getrandbits(40):010x}"
        made += [
            Fact(
                "constraint",
                str(port),
                f"The {component} must never listen on port {port}.",
                f"Which port must the {component} never listen on?",
                component,
            ),
            Fact(
                "tool output",
                f"{component}-{token}.internal:{number % 9000 + 1000}",
                f"{component} answers",
                f"What endpoint does the {component} answer on?",
                component,
            ),
            Fact(
                "decision",
                f"/srv/{token[:5]}/{component}",
                f"keep the data of the {component} in /srv/{token[:5]}/{component}",
                f"Where did we decide to keep the data of the {component}?",
                component,
            ),
            Fact(
                "error and fix",
                f"--{component}-grace={number}",
                f"start it with --{component}-grace={number}",
                f"The {component} could not start; how was that fixed?",
                component,
                f"lease {token[5:]} is held",
            ),
        ]
    return made


def task(planted: Sequence[Fact]) -> str:
    """What the person writes: the work, and every constraint."""
    constraints = "\n".join(f"- {fact.text}" for fact in planted if fact.kind == "constraint")
    return f"Go through the sources step by step and keep count.\n{constraints}"


def planting(planted: Sequence[Fact]) -> Iterator[ScriptedTurn]:
    """The turns that bring the other kinds into the conversation, one a fact."""
    for number, fact in enumerate(planted):
        match fact.kind:
            case "tool output":
                yield _probe(f"sh {PROBE} {fact.component} {fact.literal}")
            case "decision":
                # A model that follows its instructions marks a decision; it does not always.
                said = f"Decision: {fact.text}." if number % 2 else f"I decided to {fact.text}."
                yield _probe(f"sh {PROBE} {fact.component} nothing", said)
            case "error and fix":
                yield _probe(f"sh {PROBE} {fact.component} '{fact.sign}' fail")
                yield _probe(
                    f"sh {PROBE} {fact.component} fine",
                    f"The {fact.component} did not start because of a lease; fixed: {fact.text}.",
                )
            case "constraint":
                pass


def _probe(command: str, text: str = "") -> ScriptedTurn:
    call = {"name": "shell", "arguments": {"command": command}}
    return ScriptedTurn.model_validate({"text": text, "tool_calls": [call]})
