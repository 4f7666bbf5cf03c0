"""This module recognises an answer that says what will be done and does nothing of it.

Weak models end a turn so, and often with the colon behind which their call should have
stood. What is recognised is the last sentence alone, in the first person, or a colon at the end.
"""

from __future__ import annotations

import re

READ_CHARS_MAX = 400
"""Only the end of an answer is looked at."""

_COLON_ENDS = (":", "\uff1a", ":**", "\uff1a**")
_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?\u2026])\s+|\n+|(?<=[\u3002\uff01])")
_START = r"(?:(?:ok(?:ay)?|now|next|first|then|so|alright|great|sure|jetzt|nun|zuerst|dann|gut)[,:]?\s+)*"
_ACTS = (
    r"read|look|check|open|run|start|begin|fix|edit|update|change|write|create|add|search|find|list|"
    r"inspect|examine|review|explore|test|verify|try|apply|implement|make|use|call|see|view|analy[sz]e"
)
_ENGLISH = rf"(?:i['\u2019]?ll|i\s+will|i\s+shall|i['\u2019]?m\s+going\s+to|i\s+am\s+going\s+to|let\s+me|let['\u2019]?s)(?:\s+(?!not\b)\w+)?\s+(?:{_ACTS})\b"
_GERMAN = (
    r"(?:ich\s+(?:werde|schaue|lese|pr\xfcfe|suche|\xf6ffne|\xe4ndere|korrigiere|starte|f\xfchre|beginne)\b"
    r"|lass(?:en\s+sie)?\s+mich\b|als\s+n\xe4chstes\s+(?:werde|lese|schaue|pr\xfcfe)\s+ich\b)"
)
_CHINESE = (
    r"(?:\u597d\u7684[,\uff0c]?)?(?:\u73b0\u5728|\u63a5\u4e0b\u6765|\u9996\u5148|\u7136\u540e)?[,\uff0c]?"
    r"(?:\u8ba9\u6211(?:\u4eec)?|\u6211(?:\u5c06|\u4f1a|\u6765|\u5148|\u73b0\u5728|\u51c6\u5907|\u8981))"
    r"(?:\u6765|\u5148|\u518d)?(?:\u770b|\u8bfb|\u67e5|\u68c0\u67e5|\u641c\u7d22|\u8fd0\u884c|\u4fee\u6539|\u4fee\u590d|\u6253\u5f00|\u6267\u884c)"
)
_ANNOUNCES = re.compile(rf"\s*{_START}(?:{_ENGLISH}|{_GERMAN}|{_CHINESE})", re.IGNORECASE)


def only_announces(text: str) -> bool:
    """Returns whether an answer ends with what will be done next.

    >>> only_announces("I'll now read a.py and fix it:")
    True
    >>> only_announces("The parser is fixed. Let me know if you need more.")
    False
    """
    end = text.rstrip()[-READ_CHARS_MAX:]
    if end.endswith(_COLON_ENDS):
        return True
    sentences = [one for one in _BETWEEN_SENTENCES.split(end) if one]
    return bool(sentences) and _ANNOUNCES.match(sentences[-1]) is not None
