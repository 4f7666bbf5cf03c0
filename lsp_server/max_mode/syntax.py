"""Does a text parse? For the few languages that Python brings a parser for."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from lsp_server.settings import toml

Parses: TypeAlias = Callable[[Path, str], int | None]
"""The number of syntax errors in the text of a file; None: nobody here knows the language."""

TEXT_CHARS_MAX = 1_000_000
"""Longer texts are not parsed."""


def syntax_errors(path: Path, text: str) -> int | None:
    """0 or 1 for Python, JSON and TOML, None for anything else. Call it off the event loop."""
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None or len(text) > TEXT_CHARS_MAX:
        return None
    try:
        parse(text)
    except (RecursionError, MemoryError, toml.TooDear):
        return None
    except (SyntaxError, ValueError):
        return 1
    return 0


def no_grammar(path: Path, text: str) -> int | None:
    """Of those who know no language."""
    del path, text
    return None


_PARSERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {".py": ast.parse, ".pyi": ast.parse, ".json": json.loads, ".toml": toml.loads}
)
