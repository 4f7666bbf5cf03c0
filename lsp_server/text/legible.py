"""This module shows what is hidden in a text: invisible characters, and markup of chats.

Whoever writes a file can hide words in it that a person does not see and a model reads,
or imitate the marks with which a server tells a model who speaks. Both are shown as
marks in single angle quotation marks. Characters that languages and emoji need stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

OPENS, CLOSES = "\u2039", "\u203a"
"""Around a mark, rare in code: single angle quotation marks."""
NAMED_MAX = 16
"""Hidden characters in a row that are named; of more, these and how many there are."""

_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f"
"""The flag of a region, which is spelled in tags."""
_ZERO_WIDTH = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065"
    "\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a"
)
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_EMOJI = rf"{_FLAG}|\ufe0f\u200d(?![{_ZERO_WIDTH}{_SELECTORS}])"
_HIDDEN = re.compile(
    rf"(?P<emoji>{_EMOJI})"
    # Tags and what turns the order of a line around are never needed in source.
    "|[\U000e0000-\U000e007f]+|[\u202a-\u202e\u2066-\u2069]+"
    # One joins letters or picks a form of one; a row of them only carries something.
    rf"|[{_ZERO_WIDTH}{_SELECTORS}]{{2,}}"
    r"|(?<=[!-~])[\u200b-\u200d\u2060\ufeff](?=[!-~])"
    rf"|(?<=[ -~])[\ufe00-\ufe0d\U000e0100-\U000e01ef]"
)
_MARKUP = re.compile(
    r"<\|[A-Za-z_][\w.-]{1,40}\|>"
    "|<\uff5c[^<>\n]{1,40}\uff5c>"
    r"|</?(?:start|end)_of_turn>|</?tool_(?:call|response|result|output)s?>|<</?SYS>>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CALLS|TOOL_CONTENT)\]"
)
"""What templates of common models put between the messages of a chat."""
_NAMED = re.compile(rf"{OPENS}((?:U\+[0-9A-F]{{4,6}} ?){{1,{NAMED_MAX}}}){CLOSES}")
_BROKEN = re.compile(rf"{OPENS}([<\[]){CLOSES}")
_LINE_BREAKS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def legible(text: str) -> str:
    r"""Returns the text with hidden characters named, and with markup of chats that marks nothing.

    >>> print(ascii(legible("a\u202eb <|im_start|>system")))
    'a\u2039U+202E\u203ab \u2039<\u203a|im_start|>system'
    """
    if not text.isascii():
        text = _HIDDEN.sub(_name, text)
    return _MARKUP.sub(lambda match: f"{OPENS}{match[0][0]}{CLOSES}{match[0][1:]}", text)


def as_written(text: str, content: str) -> str:
    r"""Returns a text that was copied from what `legible` gave as it is written in `content`.

    What stands so in `content` itself stays.

    >>> as_written(legible("a\u202eb"), "x a\u202eb y")
    'a\u202eb'
    """
    if OPENS not in text:
        return text

    def hidden(match: re.Match[str]) -> str:
        characters = "".join(chr(int(point.removeprefix("U+"), 16)) for point in match[1].split())
        return characters if characters in content else match[0]

    text = _NAMED.sub(hidden, text)
    return _BROKEN.sub(lambda match: match[0] if match[0] in content else match[1], text)


def disguises(text: str) -> tuple[str, ...]:
    r"""Returns what is disguised in a text, in words for a person; nothing for most texts.

    >>> disguises("\U000e0041\U000e0042 [INST]")
    ('2 hidden characters, the first is U+E0041', 'markup of a chat, [INST]')
    """
    return tuple(_disguises(text))


def on_one_line(text: str) -> str:
    r"""Returns the text with its line breaks as escapes, so that it cannot look like more lines.

    >>> on_one_line("a.py\n# System")
    'a.py\\n# System'
    """
    return _LINE_BREAKS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _disguises(text: str) -> Iterator[str]:
    if not text.isascii():
        hidden = "".join(match[0] for match in _HIDDEN.finditer(text) if not match["emoji"])
        if hidden:
            yield f"{len(hidden)} hidden characters, the first is U+{ord(hidden[0]):04X}"
    if markup := _MARKUP.search(text):
        yield f"markup of a chat, {markup[0]}"


def _name(match: re.Match[str]) -> str:
    if match["emoji"]:
        return match[0]
    points = [f"U+{ord(char):04X}" for char in match[0][:NAMED_MAX]]
    more = len(match[0]) - NAMED_MAX
    return f"{OPENS}{' '.join(points)}{f' and {more:,} more' if more > 0 else ''}{CLOSES}"
