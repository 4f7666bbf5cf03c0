"""This module makes the marks that replace secrets: kind and digest, in angle quotation marks."""

from __future__ import annotations

import re

from lsp_server.text.legible import CLOSES, OPENS

MARK = re.compile(rf"{OPENS}redacted:[a-z0-9-]+:[0-9a-f]{{4,8}}{CLOSES}\n*")


def mark_of(kind: str, digest: str, line_breaks: int = 0) -> str:
    """Makes a mark with as many line breaks as the secret had, so that lines keep their numbers."""
    return f"{OPENS}redacted:{kind}:{digest}{CLOSES}" + "\n" * line_breaks
