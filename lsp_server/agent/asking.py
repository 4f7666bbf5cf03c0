"""This module tells texts that ask from those that do not: a person's task, and the agent's last words."""

from __future__ import annotations

import re

_ASKS_FOR_WORDS = re.compile(
    r"(?:what|why|how|where|which|who|when|explain|describe|summari[sz]e|tell|show|list|compare)\b",
    re.IGNORECASE,
)
_MARKS = ("?", "\uff1f", "\u061f", "\u037e")
"""The question marks: the Latin one, the full-width one, the Arabic and the Greek one."""
_BEHIND = " \t*_`~)]}\u3011\u300d\"'\u201d\u2019\u00bb\u203a"
"""What may stand behind the mark of a question: emphasis, brackets and quotes that close."""


def is_question(text: str) -> bool:
    """Says whether a task asks for words, and not for work.

    >>> is_question("What does f do?"), is_question("Explain the parser."), is_question("Fix it.")
    (True, True, False)
    """
    return text.rstrip().endswith(_MARKS) or _ASKS_FOR_WORDS.match(text.lstrip()) is not None


def ends_in_question(text: str) -> bool:
    """Says whether the last line of a text asks something.

    >>> ends_in_question("There are two.\\n\\n**Which of them do you mean?**")
    True
    >>> ends_in_question("Is it slow? No: it takes 2 ms.")
    False
    """
    return text.rstrip().rstrip(_BEHIND).endswith(_MARKS)
