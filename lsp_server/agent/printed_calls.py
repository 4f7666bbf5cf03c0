"""This module recognises a tool call that a model printed as text, which nothing carries out.

It happens where a server has no parser for the calls of its model. What is recognised is never
run: text may come from anywhere, and only the endpoint knows what was meant as a call. Prose
and code that mention such markup are no calls: a call stands at the beginning of an answer,
or names a tool and stands at its end, and not in a code block with other text around it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

READ_CHARS_MAX = 16_000
"""Of a longer text only the beginning and the end are looked at."""

_NAMES = r"tool_?calls?|tool_?use|tool_?code|function_?calls?|function|invoke|tool|action"
_BODY = r"\s*(?:[\[{(<]|[\w.:-]+\s*(?:[\[{(<\n]|\Z))"
"""How what a call says begins: an object, a list, further markup, or a name before one of them."""

_MARKUP = re.compile(
    rf"""
      <(?:[\w-]+:)?(?:{_NAMES})\b[^<>\n]*>{_BODY}                 # Hermes, Qwen, GLM, MiniMax, XML
    | <(?:function|invoke|tool)[=(:]\s*"?[\w.-]+[^<>\n]*>          # Llama, Qwen coder
    | <\|?(?:start_)?(?:function|tool)_call(?:_start)?\|?>{_BODY}  # Gemma, Phi, Granite
    | <[|\uff5c][^<>|\uff5c\n]{{0,40}}(?:tool|function|python_tag|action|plugin|call)[^<>|\uff5c\n]{{0,40}}[|\uff5c]>
    | <[|\uff5c]DSML[|\uff5c]\w+
    | \[/?(?:TOOL_CALLS?|FUNCTION_CALLS?|TOOL_REQUEST)\]{_BODY}    # Mistral, LM Studio
    | (?:<\|channel\|>)?(?:commentary|analysis)?[ ]?to=(?:functions\.)?\w+  # harmony
    | ✿FUNCTION✿ | >>>\s?\w+\n\s*\{{                              # Qwen-Agent, Functionary
    | ^(?:Action|Tool|Function)(?:[ ]?(?:call|name))?:\s*`?[\w.-]+`?[ ]*\n{{1,2}}
      [ ]*(?:Action[ ]Input|Input|Arguments?|Args|Parameters?):     # ReAct
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ ]?([^`\n]*)\Z")
_CALL_LANGUAGES = re.compile(
    r"(?:tool|function)(?:_?(?:code|call|use|request)s?)?\Z", re.IGNORECASE
)
_SPAN = re.compile(r"`[^`\n]+`|``[^\n]*?``")
_ENDS = tuple(">])}|`\"'")
"""How a text ends whose last words are a call."""

_LABELS = re.compile(
    r"""(?:[\W_]*(?<![^\W_])(?:await|print|return|call(?:ing)?|tools?|functions?|functools|default_api|api|use|
    using|invoke|execute|run|action|to|assistant|name|TOOL_?CALLS?|FUNCTION_?CALLS?)(?=[\W_]))*[\W_]*""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words that may stand before a call in a program or in the habits of a model."""
_CLOSERS = ")]}>`\"';. \n"

_NAME_KEYS = ("name", "tool", "tool_name", "function", "function_name", "action", "recipient_name")
_ARGUMENT_KEYS = (
    "arguments",
    "parameters",
    "args",
    "input",
    "action_input",
    "tool_input",
    "kwargs",
)


def is_printed_call(text: str, tools: Collection[str]) -> bool:
    """Returns whether a text is a call of a tool rather than an answer; `tools` are their names.

    >>> is_printed_call('<tool_call>{"name": "read", "arguments": {}}</tool_call>', ["read"])
    True
    >>> is_printed_call("The server printed <tool_call> where it should have called.", ["read"])
    False
    """
    text = _ends_of(text.strip())
    prose, blocks, ends_with_block = _parts(text)
    if ends_with_block:
        language, body = blocks[-1]
        alone = not prose.strip() and len(blocks) == 1
        if _CALL_LANGUAGES.match(language) or _is_call(body, tools, alone=alone):
            return True
        if alone and _is_marked(body, tools):
            return _names(body, tools)
    return _is_call(text, tools, alone=True) or _is_marked(_SPAN.sub(" ", prose), tools)


def _ends_of(text: str) -> str:
    """A text, or the beginning and the end of a long one."""
    if len(text) <= READ_CHARS_MAX:
        return text
    return f"{text[: READ_CHARS_MAX // 2]}\n{text[-READ_CHARS_MAX // 2 :]}"


def _parts(text: str) -> tuple[str, list[tuple[str, str]], bool]:
    """The prose of a text, its code blocks with their languages, and whether it ends with one."""
    prose: list[str] = []
    blocks: list[tuple[str, list[str]]] = []
    fence, in_block, ends_with_block = "", False, False
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if in_block and found and found[1].startswith(fence) and not found[2]:
            in_block, ends_with_block = False, True
        elif in_block:
            blocks[-1][1].append(line)
        elif found:
            fence, in_block = found[1], True
            blocks.append((found[2].strip(), []))
        else:
            prose.append(line)
            ends_with_block = ends_with_block and not line.strip()
    made = [(language, "\n".join(lines).strip()) for language, lines in blocks]
    return "\n".join(prose), made, in_block or ends_with_block


def _is_marked(text: str, tools: Collection[str]) -> bool:
    found = _MARKUP.search(text)
    if found is None:
        return False
    ends, names = text.rstrip().endswith(_ENDS), _names(text[found.start() :], tools)
    return ends or names if not text[: found.start()].strip() else ends and names


def _is_call(text: str, tools: Collection[str], *, alone: bool) -> bool:
    """Returns whether a text is a call without any markup: JSON, or as in a program.

    One that does not stand `alone` has to name a tool.
    """
    values = _json_values(text)
    if values:
        return all(_is_call_object(value, tools, alone=alone) for value in values)
    if not alone:
        return False
    if not text.endswith(_ENDS):
        return False
    labels = _LABELS.match(text)
    behind = text[labels.end() if labels else 0 :]
    # `read(path="a")`, `print(default_api.read(...))`, `await read({...})`, `functions.read: {...}`
    called = re.match(r"(?:\w+[.:](?!\d))?(\w+)(?::\d+)?[\s:>=-]*[({]", behind)
    if called is not None and called[1] in tools:
        return True
    return _is_element(text, tools) or _is_labelled(text, tools)


def _is_element(text: str, tools: Collection[str]) -> bool:
    """Returns whether a text ends with an element that has the name of a tool, as of Cline and Roo."""
    ended = re.search(r"</(\w+)>\Z", text)
    if ended is None or ended[1] not in tools:
        return False
    start = text.rfind(f"<{ended[1]}>")
    # In the middle of a line it is quoted.
    return start >= 0 and not text[text.rfind("\n", 0, start) + 1 : start].strip()


def _is_labelled(text: str, tools: Collection[str]) -> bool:
    """Returns whether words that go before calls are followed by the object of one."""
    start = min((at for at in (text.find("{"), text.find("[{")) if at >= 0), default=-1)
    labels = _LABELS.match(text)
    if start <= 0 or labels is None or labels.end() < start:
        return False
    end = text.rfind("}")
    values = _json_values(text[text.find("{") : end + 1])
    closed = not text[end + 1 :].strip(_CLOSERS)
    return (
        closed and bool(values) and all(_is_call_object(one, tools, alone=True) for one in values)
    )


def _json_values(text: str) -> list[object]:
    """The objects of a text that is nothing but JSON, one after the other; none if it is not."""
    decoder, values, at = json.JSONDecoder(), [], 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return []
        values += value if isinstance(value, list) else [value]
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,;"))
    return values


def _is_call_object(value: object, tools: Collection[str], *, alone: bool) -> bool:
    if not isinstance(value, dict):
        return False
    inner = value.get("function")
    if isinstance(inner, dict):
        return _is_call_object(inner, tools, alone=alone)
    name = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), None)
    if name is None:
        return len(value) == 1 and next(iter(value)) in tools
    has_arguments = any(key in value for key in _ARGUMENT_KEYS)
    return name.rpartition(".")[2] in tools or (alone and has_arguments)


def _names(text: str, tools: Collection[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(tool)}(?!\w)", text) for tool in tools)
