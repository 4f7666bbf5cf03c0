"""This module tells thinking from answer in a text in which a model marked its thinking itself.

That is what comes of a server without a parser for the reasoning of its model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["reasoning", "text"]

_PAIRS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<seed:think>": "</seed:think>",
    "<|channel|>analysis<|message|>": "<|end|>",
}
"""How thinking begins and ends: Qwen, DeepSeek, Mistral, Cohere, Kimi, Seed, gpt-oss."""
_FRAMES = ("<|start|>assistant", "<|channel|>final<|message|>")
"""What frames an answer of gpt-oss."""
_LATE_END = re.compile(r"(?:\A|\n)[ \t]*</think(?:ing)?>[ \t]*(?:\n|\Z)")
"""The end of a thought that the prompt had begun already."""


@dataclass(slots=True)
class ThinkingTags:
    """Takes a text in pieces and gives it in parts of one kind each.

    Thinking counts only at the beginning: further on, tags are what the text is about.

    >>> tags = ThinkingTags()
    >>> [*tags.take("<thi"), *tags.take("nk>Hm</think>\\nHi"), *tags.end()]
    [('reasoning', 'Hm'), ('text', 'Hi')]
    """

    _held: str = ""
    _closing: str = ""
    _had_thought: bool = False
    _is_answer: bool = False

    def take(self, piece: str) -> Iterator[tuple[Kind, str]]:
        """Yields what is certain by now."""
        self._held += piece
        while self._held and not self._is_answer:
            found = self._in_thought() if self._closing else self._before_answer()
            if found is None:
                return
            if found:
                yield ("reasoning", found)
        if self._held:
            yield ("text", self._held)
            self._held = ""

    def end(self) -> Iterator[tuple[Kind, str]]:
        """Yields the rest, once no more comes."""
        if not self._closing:
            self._drop_line_ends()
        if self._held:
            yield ("reasoning" if self._closing else "text", self._held)
        self._held = ""

    def _in_thought(self) -> str | None:
        """A part of the thought, which may be empty; None where more has to come first."""
        thought, closing, rest = self._held.partition(self._closing)
        if closing:
            self._held, self._closing, self._had_thought = rest, "", True
            return thought
        kept = _begun(self._held, self._closing)
        if kept == len(self._held):
            return None
        thought, self._held = self._held[: len(thought) - kept], self._held[len(thought) - kept :]
        return thought

    def _before_answer(self) -> str | None:
        """Empty once it is known how the text goes on; None where more has to come first."""
        text = self._held.lstrip()
        for opening in (*_PAIRS, *_FRAMES):
            if text.startswith(opening):
                self._held, self._closing = text[len(opening) :], _PAIRS.get(opening, "")
                return ""
        if any(opening.startswith(text) for opening in (*_PAIRS, *_FRAMES)):
            return None
        self._is_answer = True
        self._drop_line_ends()
        return ""

    def _drop_line_ends(self) -> None:
        """Drops what parts an answer from the thought before it."""
        if self._had_thought:
            self._held = self._held.lstrip("\n")


def without_late_thought(text: str) -> tuple[str, str]:
    """Returns the thought and the answer of a text in which only the end of a thought is marked."""
    found = _LATE_END.search(text)
    if found is None or "<think" in text[: found.start()]:
        return "", text
    return text[: found.start()], text[found.end() :]


def _begun(text: str, tag: str) -> int:
    """How many characters at the end of a text may be the beginning of a tag."""
    return next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)
