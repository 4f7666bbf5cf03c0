"""The marks that stand for secrets: their kind and a digest, in angle quotation marks."""

from __future__ import annotations

import re

OPENS, CLOSES = "\u2039", "\u203a"
"""Around a mark, rare in code: single angle quotation marks."""
MARK = re.compile(rf"{OPENS}redacted:[a-z0-9-]+:[0-9a-f]{{4,8}}{CLOSES}\n*")


def mark_of(kind: str, digest: str, line_breaks: int = 0) -> str:
    """With as many line breaks as the secret had, so that lines keep their numbers."""
    return f"{OPENS}redacted:{kind}:{digest}{CLOSES}" + "\n" * line_breaks
