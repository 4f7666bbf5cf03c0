"""This module keeps a run from answers and steps that lead nowhere.

Each guard is a pure function: it takes what happened and how often it happened before, and
gives the new counts and what to do. Healthy long runs pass: a repeated call whose result
differs is progress (reading a file that changed), one that took its time is waiting
(polling), and every count starts over after a good step.
To add a guard: a count in `GuardCounts`, a function here, and its call in `loop.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from lsp_server.agent.announcement import only_announces
from lsp_server.agent.printed_calls import Schemas, is_printed_call
from lsp_server.agent.run_config import LENGTH_SETTING
from lsp_server.domain.messages import Choice
from lsp_server.domain.tools import ToolCall, ToolResult

LENGTH_CONTINUES_MAX = 3
EMPTY_ANSWERS_MAX = 2
PRINTED_CALLS_MAX = 2
MALFORMED_MAX = 2
CALLS_PER_STEP_MAX = 8
REPEATED_STEPS_REMINDER = 3
REPEATED_STEPS_REPLAN = 5
REPEATED_STEPS_STOP = 7
PERIOD_STEPS_MAX = 3
"""The same steps in turn, up to so many different ones, are a repetition too."""

WAITING_SECONDS = 2.0
"""A step that took so long waits for something: the model is reminded and never stopped."""

Signature: TypeAlias = tuple[tuple[str, str, str], ...]
"""A step to compare with others: name, arguments and result of each call, without durations."""

_NO_TOOLS: Schemas = MappingProxyType({})
_DURATION = re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|s|seconds?)\b")


@dataclass(frozen=True, slots=True)
class GuardCounts:
    """A `GuardCounts` says how often in a row each thing happened."""

    length: int = 0
    empty: int = 0
    printed: int = 0
    """Answers with a call printed as text, or with nothing but thinking."""
    malformed: int = 0
    recent: tuple[int, ...] = ()
    """Hashes of the last steps' signatures, the latest last."""


@dataclass(frozen=True, slots=True)
class Proceed:
    """Nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Remind:
    """The model has to read `text` before it goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Going on would waste the budget, so the run stops; `reason` is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fail:
    """The model cannot work at this endpoint, so the run fails; `reason` says what helps."""

    reason: str


Advice: TypeAlias = Proceed | Remind | Stop | Fail


def check_answer(
    counts: GuardCounts,
    choice: Choice,
    tools: Schemas = _NO_TOOLS,
    *,
    nothing_done: bool = True,
    length_setting: str = LENGTH_SETTING,
) -> tuple[GuardCounts, Advice]:
    """Looks at one answer: whether it was cut off by its length limit, or says nothing.

    Nothing is also what is only thought, announced or a call that is printed as text. `tools`
    are the schemas of those that such a call may name. `nothing_done` says that no call was
    carried out since the task or the person's last message; what is in doubt after one is an answer.
    `length_setting` is what a person raises for longer answers of this model.
    """
    if choice.stop_reason == "length":
        counts = replace(counts, length=counts.length + 1)
        if counts.length > LENGTH_CONTINUES_MAX:
            return counts, Stop(
                f"the model's answer was cut off by its length limit {counts.length} times "
                f"in a row; raise {length_setting}"
            )
        return counts, Remind(
            "Your answer was cut off by the length limit. Go on where it ended; "
            "write large files in several smaller edits."
        )
    if choice.message.tool_calls:
        return replace(counts, length=0, empty=0, printed=0), Proceed()
    if is_printed_call(choice.message.text, tools, nothing_done=nothing_done):
        return _printed(counts, _CALL_AS_TEXT, _NEEDS_TOOL_PARSER)
    if choice.message.reasoning.strip() and not choice.message.text.strip():
        return _printed(counts, _ONLY_THINKING, _NEEDS_REASONING_PARSER, length_setting)
    if not choice.message.text.strip():
        counts = replace(counts, empty=counts.empty + 1, length=0)
        if counts.empty > EMPTY_ANSWERS_MAX:
            return counts, Stop(f"the model gave {counts.empty} empty answers in a row")
        return counts, Remind("Your answer was empty. Call a tool, or call finish if you are done.")
    if only_announces(choice.message.text, nothing_done=nothing_done):
        return _printed(counts, _ONLY_ANNOUNCED, _CALLS_NOTHING)
    return replace(counts, length=0, empty=0, printed=0), Proceed()


_CALL_AS_TEXT = (
    "Your answer has a tool call written as text, so nothing was run. Call the tool in the way "
    "that tools are called here, not in the text of an answer; if you are done, call finish."
)
_ONLY_THINKING = (
    "Your answer was only thinking, and nothing of it was done or said. Call a tool, or call "
    "finish if you are done."
)
_ONLY_ANNOUNCED = (
    "Your answer says what you will do, and no tool was called, so nothing was done. Call the tool "
    "now; if you are done, call finish."
)
_CALLS_NOTHING = (
    "the model says what it will do and calls no tool, {times} times in a row; start its server "
    "with a tool call parser that fits the model, or take a model that calls tools"
)
_NEEDS_TOOL_PARSER = (
    "the model writes its tool calls as text, {times} times in a row, and its server does not read "
    "them; start the server with a tool call parser that fits the model (vLLM and SGLang: "
    "--tool-call-parser, vLLM with --enable-auto-tool-choice; llama.cpp: --jinja; Ollama and "
    "LM Studio: a model with tools), or take a model that calls tools"
)
_NEEDS_REASONING_PARSER = (
    "the model only thinks and neither calls a tool nor answers, {times} times in a row; raise "
    "{length_setting}, or start the server with a reasoning parser that fits the model"
)


def _printed(
    counts: GuardCounts, reminder: str, hint: str, length_setting: str = ""
) -> tuple[GuardCounts, Advice]:
    counts = replace(counts, printed=counts.printed + 1, length=0)
    if counts.printed > PRINTED_CALLS_MAX:
        return counts, Fail(hint.format(times=counts.printed, length_setting=length_setting))
    return counts, Remind(reminder)


def check_misbehaviour(counts: GuardCounts, what: str) -> tuple[GuardCounts, Advice]:
    """Counts an answer that could not be used at all; `what` says why."""
    counts = replace(counts, malformed=counts.malformed + 1)
    if counts.malformed > MALFORMED_MAX:
        return counts, Stop(f"the model's answers could not be used: {what}")
    return counts, Remind(f"Your last answer could not be used: {what}. Answer again, differently.")


def step_signature(results: Iterable[tuple[ToolCall, ToolResult]]) -> Signature:
    """Returns what a step did and what came of it, so that steps can be compared.

    Durations in results are left out, as they differ each time.
    """
    return tuple((call.name, call.arguments, _what_came(result)) for call, result in results)


def _what_came(result: ToolResult) -> str:
    return "".join((_DURATION.sub("", result.text), *(image.digest for image in result.images)))


def check_step(
    counts: GuardCounts, signature: Signature, malformed: bool, seconds: float = 0.0
) -> tuple[GuardCounts, Advice]:
    """Looks at a finished step: whether all its calls were malformed, or it repeats others.

    `malformed` says that no call could be read, `seconds` how long the slowest call took.
    A third repetition reminds the model, the fifth asks for a new plan, the seventh stops.

    >>> read = ToolCall("call-1", "read", '{"path": "a.py"}')
    >>> signature = step_signature([(read, ToolResult("the same text"))])
    >>> counts = GuardCounts()
    >>> for _ in range(REPEATED_STEPS_STOP):
    ...     counts, advice = check_step(counts, signature, malformed=False)
    >>> advice.reason
    'the same call gave the same result 7 times in a row'
    """
    if malformed:
        return check_misbehaviour(counts, "its tool calls were malformed")
    # Hashes are enough to compare, and results may be long.
    recent = (*counts.recent, hash(signature))[-PERIOD_STEPS_MAX * REPEATED_STEPS_STOP :]
    counts = replace(counts, malformed=0, recent=recent)
    repeated, period = _count_rounds(recent)
    if not signature or repeated < REPEATED_STEPS_REMINDER:
        return counts, Proceed()
    same = "The same call" if period == 1 else f"The same {period} steps in turn"
    if repeated >= REPEATED_STEPS_STOP and seconds < WAITING_SECONDS:
        return counts, Stop(f"{same.lower()} gave the same result {repeated} times in a row")
    # Of several steps in turn, only the last one of a round is the time to say it.
    if _count_rounds(recent[:-1])[0] >= repeated:
        return counts, Proceed()
    if repeated == REPEATED_STEPS_REMINDER:
        return counts, Remind(
            f"{same} gave the same result {repeated} times in a row. Do something else; "
            "if you wait for something, wait longer at a time."
        )
    if repeated == REPEATED_STEPS_REPLAN:
        return counts, Remind(
            "You are repeating yourself. Write a new plan with the plan tool that takes "
            "another way, or call finish and say what stands in the way."
        )
    return counts, Proceed()


def _count_rounds(recent: tuple[int, ...]) -> tuple[int, int]:
    """Returns how many times the last steps were done over, and how many steps a round has.

    Only whole rounds count; of several readings, the one with the most rounds is taken.
    """
    best, best_period = 1, 1
    for period in range(1, PERIOD_STEPS_MAX + 1):
        last, times = recent[-period:], 1
        while recent[-period * (times + 1) : -period * times] == last:
            times += 1
        if times > best:
            best, best_period = times, period
    return best, best_period


@dataclass(frozen=True, slots=True)
class Admitted:
    """An `Admitted` has the calls that may run, and by call id why each other one may not."""

    calls: tuple[ToolCall, ...]
    refused: dict[str, str]


def admit_calls(calls: tuple[ToolCall, ...], *, cut_off: bool) -> Admitted:
    """Decides which calls of an answer run.

    None of a cut-off answer does, of exact duplicates the first one, and at most
    CALLS_PER_STEP_MAX in all.
    """
    # The last call of a cut-off answer may be valid JSON and still not what was meant.
    if cut_off:
        why = (
            "not run: your answer was cut off by the length limit, so the arguments may be "
            "incomplete; send the call again, with less in it"
        )
        return Admitted((), {call.id: why for call in calls})
    admitted: list[ToolCall] = []
    refused: dict[str, str] = {}
    seen: dict[tuple[str, str], str] = {}
    for call in calls:
        key = (call.name, call.arguments)
        if key in seen:
            refused[call.id] = f"not run again: the same call as {seen[key]} of this step"
        elif len(admitted) == CALLS_PER_STEP_MAX:
            refused[call.id] = f"not run: at most {CALLS_PER_STEP_MAX} calls a step; send it again"
        else:
            seen[key] = call.id
            admitted.append(call)
    return Admitted(tuple(admitted), refused)
