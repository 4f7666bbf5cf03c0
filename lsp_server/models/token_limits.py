"""This module reads in a refusal how long a prompt or an answer may be.

Most endpoints say the number that would work beside the one that did not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

REFUSAL_CHARS_MAX = 4_000
"""A sentence about limits stands at the beginning; what follows may be the whole prompt again."""
WINDOW_TOKENS_MIN = 512
"""A smaller number beside the word context is no window."""
ANSWER_SHARE = 4
"""The answer gets a quarter of a small window, and the prompt the rest."""
ANSWER_TOKENS_MIN = 128


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """The `TokenLimits` are what an endpoint said of its limits, None where it did not.

    `window_tokens` is for prompt and answer together, `answer_tokens` for the answer alone.

    >>> stated_limits("max_tokens is too large: 8192. This model supports at most 4096 tokens")
    TokenLimits(window_tokens=None, answer_tokens=4096)
    """

    window_tokens: int | None = None
    answer_tokens: int | None = None

    def fitting_answer(self, asked_tokens: int) -> int | None:
        """Returns the answer to ask for in the place of `asked_tokens`; None where that fits."""
        limits = [asked_tokens]
        if self.answer_tokens is not None:
            limits.append(self.answer_tokens)
        if self.window_tokens is not None:
            limits.append(max(ANSWER_TOKENS_MIN, self.window_tokens // ANSWER_SHARE))
        return min(limits) if min(limits) < asked_tokens else None


def stated_limits(refusal: str) -> TokenLimits:
    """Returns the limits that a refusal states."""
    refusal = refusal[:REFUSAL_CHARS_MAX]
    window = _number(_WINDOW, refusal)
    if window is not None and window < WINDOW_TOKENS_MIN:
        window = None
    answer = _number(_ANSWER, refusal)
    return TokenLimits(window, answer or None)


def _number(patterns: tuple[re.Pattern[str], ...], text: str) -> int | None:
    for pattern in patterns:
        if found := pattern.search(text):
            number = float(re.sub(r"[,_]", "", found["tokens"]))
            # 4k may be 4,096, and 4,000 fits that too.
            return int(number * 1000 if found["kilo"] else number)
    return None


_NUMBER = r"(?P<tokens>\d[\d,_]*(?:\.\d+)?)(?: ?(?P<kilo>k)\b)?"
_ANSWER_NAME = r"max_(?:completion_|output_|new_)?tokens|maxOutputTokens"

_AT_MOST = (
    r"(?:<=|less than or equal to|at most|at maximum|no more than|up to"
    r"|(?:not|cannot) (?:exceed|be (?:greater|larger|more) than)"
    r"|max(?:imum)?(?: value)?(?: is| of|:)?|limit(?: is| of|:)?)"
)
_ANSWER = tuple(
    re.compile(pattern.format(name=f"(?:{_ANSWER_NAME})", n=_NUMBER), re.IGNORECASE)
    for pattern in (
        r"supports? (?:at most|up to|a maximum of) {n} (?:completion |output )?tokens",
        r"{name}\W{{1,3}}integer above maximum value\W+Expected a value <= ?{n}",
        r"range of \W?{name}\W? (?:is|should be) \W*\d+\W+{n}",
        r"{name}\W{{1,3}}\s*\d+ ?> ?{n}",
        r"{name}\b[^.;]{{0,60}}?" + _AT_MOST + r"\W{{0,4}}{n}",
        r"maximum (?:allowed )?(?:number of )?(?:output|completion) tokens\D{{0,20}}?{n}",
        r"(?:output|completion)(?: token)? limit\D{{0,20}}?{n}",
    )
)
"""OpenAI, DeepSeek, DashScope, Anthropic, Groq, Google and the servers that follow them."""

_WINDOW = tuple(
    re.compile(pattern.format(n=_NUMBER), re.IGNORECASE)
    for pattern in (
        r"max(?:imum)? (?:model )?context (?:length|window|size)\D{{0,20}}?{n}",
        r"context (?:length|window|size|limit)\W+(?:of |is |\w+ is )?(?:only )?\W{{0,3}}{n}",
        r"{n} (?:tokens? )?max(?:imum)? context",
        r"tokens \+ \W?max\w*_tokens\W{{0,2}}must be <= ?{n}",
        r"max_(?:seq_len|model_len|position_embeddings)\D{{0,20}}?{n}",
        r"n_ctx\W{{1,5}}{n}",
        r"token limit\W{{1,3}}(?:of |is )?{n}",
        r"\d+ tokens > {n} maximum",
        r"max(?:imum)? (?:allowed )?(?:prompt|input) length\D{{0,20}}?{n}",
        r"maximum number of tokens allowed \W?{n}",
        r"range of input length should be \W*\d+\W+{n}",
    )
)
"""vLLM, OpenAI, llama.cpp, Ollama, LM Studio, Mistral, Moonshot, xAI, Anthropic, DashScope, TGI."""
