"""This module turns what a person typed into the arguments of a server's prompt, and its answer into a task."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lsp_server.domain.errors import HoldfastError
from lsp_server.mcp_client.results import block_text
from lsp_server.mcp_client.server import OfferedPrompt
from lsp_server.text.terminal import terminal_text
from lsp_server.text.truncate import truncate_counting

if TYPE_CHECKING:
    from mcp_types import GetPromptResult

TASK_CHARS_MAX = 50_000
"""A longer text is cut, and the task says so."""


def prompt_arguments(prompt: OfferedPrompt, text: str) -> Mapping[str, str]:
    """Returns the arguments in a text: `name=value`, or values in the order of their names.

    Values are quoted as in a shell; the last argument takes the words that are left. Raises
    HoldfastError when one that is required is missing, or there is none for a word.

    >>> prompt = OfferedPrompt("review", "", ("file", "focus"), ("file",))
    >>> prompt_arguments(prompt, "focus=speed 'a file.py'")
    {'focus': 'speed', 'file': 'a file.py'}
    >>> prompt_arguments(prompt, "a.py all of it")
    {'file': 'a.py', 'focus': 'all of it'}
    """
    given: dict[str, str] = {}
    words: list[str] = []
    for word in _words(text):
        name, equals, value = word.partition("=")
        if equals and name in prompt.arguments:
            given[name] = value
        else:
            words.append(word)
    free = [name for name in prompt.arguments if name not in given]
    if words and not free:
        raise HoldfastError(f"the prompt {prompt.name} takes {prompt.hint or 'no arguments'}")
    given |= dict(zip(free[:-1], words, strict=False))
    if rest := words[max(0, len(free) - 1) :]:
        given[free[-1]] = " ".join(rest)
    if missing := [name for name in prompt.required if name not in given]:
        raise HoldfastError(f"the prompt {prompt.name} needs {', '.join(missing)}: {prompt.hint}")
    return given


def prompt_text(result: GetPromptResult) -> str:
    """Returns the messages of a prompt as the text of a task, at most TASK_CHARS_MAX long.

    Escape sequences are taken out. What the server has the model say is named as that.
    """
    parts = [
        f"{'(as your answer) ' if one.role == 'assistant' else ''}{block_text(one.content)}"
        for one in result.messages
    ]
    return truncate_counting(terminal_text("\n\n".join(parts)).strip(), TASK_CHARS_MAX)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # A quote without its end is an apostrophe.
        return text.split()
